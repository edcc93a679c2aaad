// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Trains teachers and binary-weight spiking students.

pub mod claims;
pub mod config;
pub mod data;
pub mod export;
pub mod loss;
pub mod nn;
pub mod rule;
pub mod train;

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Trains teachers and binary-weight spiking students for the synfire compiler.
//!
//! A run is a file: [`config`] reads it, and makes of a family's name the layers that
//! [`nn`] computes. [`data`] gives batches; [`rule`] makes gradients of a [`loss`] over time;
//! [`train`] goes through teacher and student, epoch by epoch, into a directory; [`export`]
//! writes the student for the compiler. [`claims`] are experiments made of runs.
//! docs/training.md has the equations and every key.

pub mod claims;
pub mod config;
pub mod data;
pub mod export;
pub mod loss;
pub mod nn;
pub mod rule;
pub mod train;

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Synfire compiles trained binary-weight spiking networks into verified hardware.

pub mod diag;
pub mod import;
pub mod ir;

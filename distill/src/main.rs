// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The training companion's command line.
fn main() {}

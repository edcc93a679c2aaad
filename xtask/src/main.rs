// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The project's own tasks.

fn main() {}

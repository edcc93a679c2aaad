// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The training companion's command line.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}

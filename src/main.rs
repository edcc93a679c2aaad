// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The `synfire` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(synfire::cli::run(std::env::args_os()))
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The `synfire` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    synfire::cli::main()
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Gets the tools. Nothing here is fatal: what cannot be had is named, and the rest goes on.

use std::time::Instant;

use crate::{Options, apt, python};

/// Installs what is missing. Runs again in no time when nothing is.
pub(crate) fn run(options: &Options) {
    let started = Instant::now();
    apt::install(apt::TOOLS, !options.no_apt);
    match python::install(&["xtask/requirements.txt"]) {
        Ok(()) => println!(
            "tools are set up ({:.1} s); `synfire doctor` lists them",
            started.elapsed().as_secs_f64()
        ),
        Err(why) => {
            println!("the tools from pip are not set up: {why}");
            println!(
                "  everything but synthesis, place and route, and Verilog simulation works; see docs/tools.md"
            );
        }
    }
}

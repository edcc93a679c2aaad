// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What `compile` has to say where Vivado places and routes.

use std::path::Path;

use super::{Args, Summary};
use crate::diag::{Diagnostic, Result, codes};
use crate::emit;
use crate::flow::vivado;
use crate::target::{Family, Target};

/// What is asked of nextpnr cannot be asked of Vivado, which has neither seeds nor another aim than
/// the clock.
pub(super) fn refuse(args: &Args, family: Family) -> Result<()> {
    let auto = args.clock.is_auto().then_some("--clock auto");
    let freq = args.freq.map(|_| "--freq");
    let seeds = (args.seed != 1 || args.seeds != 1).then_some("--seed and --seeds");
    match auto.or(freq).or(seeds).filter(|_| family == Family::Xc7) {
        Some(option) => {
            let message = format!("{option}: Vivado places and routes for this device");
            Err(Diagnostic::new(&codes::BAD_OPTION, message)
                .help("leave it out; --clock MHZ sets the clock that has to be reached"))
        }
        None => Ok(()),
    }
}

/// What leads to a bitstream, and that nobody has gone there.
pub(super) fn remark(s: &Summary<'_>, target: &Target) -> String {
    const TRIED: &str = "nobody has run the scripts for Vivado yet";
    let command =
        |dir: &Path, script: &str| format!("cd {} && {}", dir.display(), vivado::command(script));
    match (s.bitstream, &target.processors) {
        (Some(_), _) => format!("{TRIED}: bitstream and MHz are what this Vivado says\n"),
        (None, None) if s.as_core => String::new(),
        (None, None) => {
            format!("with Vivado: {}\n{TRIED}\n", command(s.out, emit::VIVADO_SCRIPT))
        }
        (None, Some(_)) => {
            let dir = s.out.join(emit::PYNQ_DIR);
            format!("with Vivado: {}\n{TRIED}\n", command(&dir, emit::OVERLAY_SCRIPT))
        }
    }
}

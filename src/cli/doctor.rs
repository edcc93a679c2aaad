// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire doctor`: which external tools are there.

use std::fmt::Write as _;

use super::ui::Ui;
use crate::diag::Result;
use crate::flow::{self, Toolbox};

/// Say which external tools are there, in which version, and what each is needed for.
///
/// Importing, simulating, verifying interp against sim, estimating energy and emitting
/// Verilog need none of them.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire doctor
  SYNFIRE_TOOLS=/opt/oss-cad-suite synfire doctor")]
pub(super) struct Args {}

pub(super) fn run(_: &Args, ui: Ui) -> Result<()> {
    let report = flow::report(&Toolbox::discover());
    ui.result(&report, || {
        let mut text = String::new();
        for tool in &report {
            let mark = if tool.path.is_some() { "ok     " } else { "missing" };
            let version = tool.version.as_deref().unwrap_or("-");
            let _ = writeln!(text, "{mark}  {:<24} {version:<12} {}", tool.name, tool.needed_to);
            if let Some(note) = &tool.note {
                let _ = writeln!(text, "         {note}");
            }
            match &tool.path {
                Some(path) => {
                    let _ = writeln!(text, "         {}", path.display());
                }
                None => {
                    let _ = writeln!(text, "         to get it: {}", tool.get);
                }
            }
        }
        let missing = report.iter().filter(|t| t.path.is_none() && !t.optional).count();
        let _ = match missing {
            0 => writeln!(text, "\nEverything that is needed is there."),
            n => writeln!(text, "\n{n} missing. `cargo xtask setup` installs what it can; without them,\nimport, simulate, energy, Verilog and verify (interp against sim) still work."),
        };
        text
    })
}

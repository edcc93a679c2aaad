// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire explain`: what a code means.

use std::fmt::Write as _;

use super::ui::Ui;
use crate::diag::{Diagnostic, Result, codes};

/// Explain a diagnostic's code; without a code, list all.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire explain SF0411
  synfire explain")]
pub(super) struct Args {
    /// The code, as printed with the diagnostic.
    code: Option<String>,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    match &args.code {
        Some(id) => {
            let code = codes::find(id).ok_or_else(|| {
                Diagnostic::new(&codes::BAD_OPTION, format!("no diagnostic has the code `{id}`"))
                    .help("`synfire explain` lists all codes")
            })?;
            ui.result(code, || format!("{}: {}\n\n{}\n", code.id, code.title, code.explain))
        }
        None => {
            let all: Vec<_> = codes::all().collect();
            ui.result(&all, || {
                all.iter().fold(String::new(), |mut text, c| {
                    let _ = writeln!(text, "{}  {}", c.id, c.title);
                    text
                })
            })
        }
    }
}

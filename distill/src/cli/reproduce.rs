// SPDX-License-Identifier: Apache-2.0 OR MIT
use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;
use synfire::diag::{Diagnostic, Result, codes, write_file};
use synfire_distill::claims::{self, Claim, Laboratory};

use super::place::Place;
use super::ui::Ui;

/// Trains the arms of a published claim over paired seeds, and writes a table.
///
/// Ends with an error if something does not hold that must.
#[derive(Debug, Args)]
pub(super) struct Reproduce {
    /// The claim; none: all of them
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(claims::all().iter().map(|c| c.name)))]
    claim: Vec<String>,
    /// Paired seeds; the claim's own number if not given
    #[arg(long)]
    seeds: Option<u64>,
    /// Where tables go
    #[arg(long, value_name = "DIR", default_value = "docs/results")]
    out: PathBuf,
    /// Where teachers are kept
    #[arg(long, value_name = "DIR", default_value = "runs/claims")]
    runs: PathBuf,
    #[command(flatten)]
    place: Place,
}

impl Reproduce {
    pub(super) fn run(self, ui: Ui) -> Result<()> {
        let wanted: Vec<&Claim> = match self.claim.is_empty() {
            true => claims::all().iter().collect(),
            false => self.claim.iter().filter_map(|n| claims::find(n)).collect(),
        };
        let laboratory = Laboratory { data: self.place.data.clone(), device: self.place.device()? };
        let mut failed = Vec::new();
        for claim in wanted {
            let seeds = self.seeds.unwrap_or(claim.seeds);
            let arms = (claim.arms)().len() as u64;
            let bar = ProgressBar::new(arms * seeds).with_message(claim.name);
            let measured =
                claims::reproduce(claim, seeds, &laboratory, &self.runs, &|arm, seed, values| {
                    let accuracy = values.get("accuracy").copied().unwrap_or(0.0);
                    bar.println(format!("{}: {arm}, seed {seed}: {accuracy:.2} %", claim.name));
                    bar.inc(1);
                })?;
            bar.finish_and_clear();
            let checks = (claim.checks)(&measured);
            let page = claims::table(claim, &measured, &checks, seeds);
            let path = self.out.join(format!("{}.md", claim.name));
            std::fs::create_dir_all(&self.out).map_err(|e| {
                Diagnostic::new(&codes::FILE_WRITE, format!("cannot create: {e}"))
                    .in_file(&self.out)
            })?;
            write_file(&path, &page)?;
            ui.result(&json!({ "claim": claim.name, "checks": checks, "table": path }), &page)?;
            failed.extend(
                checks.iter().filter(|c| !c.holds()).map(|c| format!("{}: {}", claim.name, c.what)),
            );
        }
        match failed.is_empty() {
            true => Ok(()),
            false => Err(Diagnostic::new(
                &codes::CLAIM_FAILED,
                format!("not as required: {}", failed.join("; ")),
            )),
        }
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire targets` and `synfire passes`.

use std::fmt::Write as _;

use serde::Serialize;

use super::ui::{Ui, table, thousands};
use crate::diag::Result;
use crate::target::Board;
use crate::{pass, target};

/// List the built-in targets.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire targets
  synfire targets --json")]
pub(super) struct TargetsArgs {}

/// List the passes in the order they run, with the reason for the order.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire passes
  synfire passes --json")]
pub(super) struct PassesArgs {}

pub(super) fn targets(_: &TargetsArgs, ui: Ui) -> Result<()> {
    let all = target::names().map(target::load).collect::<Result<Vec<_>>>()?;
    ui.result(&all, || {
        let head = ["target", "device", "LUTs", "RAM", "SPRAM", "multipliers", "board clock"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for t in &all {
            let clock = t.board.as_ref().map(Board::mhz);
            let clock = clock.or(t.processors.as_ref().map(|p| p.clock_mhz));
            let clock = clock.map_or_else(|| "-".into(), |mhz| format!("{mhz} MHz"));
            let have = t.device.resources;
            let count = |n: u32| thousands(u64::from(n));
            rows.push(vec![
                t.name.clone(),
                t.device.name.clone(),
                format!("{} {}", count(have.lut4), t.device.family.spec().table),
                format!("{} {}", count(have.ebr), t.device.family.spec().block_ram.name),
                count(have.spram),
                count(have.dsp),
                clock,
            ]);
        }
        table(&rows)
    })
}

#[derive(Serialize)]
struct PassInfo {
    name: &'static str,
    description: &'static str,
    requires: &'static str,
    ensures: &'static str,
    reason: &'static str,
}

pub(super) fn passes(_: &PassesArgs, ui: Ui) -> Result<()> {
    let info = |(name, reason): &(&'static str, &'static str)| {
        let pass = pass::PASSES.iter().find(|p| p.name() == *name)?;
        let (description, requires, ensures) =
            (pass.description(), pass.requires(), pass.ensures());
        Some(PassInfo { name, description, requires, ensures, reason })
    };
    let all: Vec<_> =
        [pass::CUTS, pass::TO_INTEGER, pass::CLEAN_UP].concat().iter().filter_map(info).collect();
    ui.result(&all, || {
        let mut text = String::new();
        for (i, p) in all.iter().enumerate() {
            let _ = writeln!(text, "{}. {}: {}", i + 1, p.name, p.description);
            let _ = writeln!(text, "   requires  {}", p.requires);
            let _ = writeln!(text, "   ensures   {}", p.ensures);
            let _ = writeln!(text, "   order     {}", p.reason);
        }
        text
    })
}

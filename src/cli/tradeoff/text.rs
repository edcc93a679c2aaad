// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The table as lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::rows::{Row, Table};
use crate::cli::ui::{table, thousands};
use crate::tune::Share;

/// Most rows that are all shown; of more, those on the front and the best of each size.
const SHOWN: usize = 16;

pub(super) fn text(t: &Table, out: Option<&Path>) -> String {
    let mut text = String::new();
    let s = t.samples;
    let _ = writeln!(
        text,
        "{} samples fit, {} choose, {} report (seed {}){}",
        thousands(s.fit as u64),
        thousands(s.choose as u64),
        thousands(s.report as u64),
        t.seed,
        match s.repeated {
            0 => String::new(),
            n => format!("; {n} left out, as they are among the others"),
        }
    );
    for note in &t.notes {
        let _ = writeln!(text, "{note}");
    }
    let shown = shown(&t.rows);
    let head =
        ["", "id", "accuracy", "against all", "in integers", "cycles", "energy (nJ)", "cells"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(shown.iter().map(|r| cells(r)));
    let _ = write!(text, "\n{}", table(&rows));
    if shown.len() < t.rows.len() {
        let _ = writeln!(text, "and {} rows more with --json", t.rows.len() - shown.len());
    }
    let _ = writeln!(
        text,
        "\n* nothing that costs less is as good on the samples that choose; → enough for a budget of {} points",
        t.budget
    );
    if let Some(reason) = &t.hardware_reason {
        let _ = writeln!(text, "no hardware, so no cost: {reason}");
    }
    if let Some(choice) = &t.choice {
        let _ = writeln!(
            text,
            "{}: {} points on the samples that choose",
            choice.id,
            points(choice.gain)
        );
        if let Some((id, samples)) = &choice.unclear {
            let _ = writeln!(
                text,
                "{id} costs less and may be enough, too; about {} samples to choose by would show it",
                thousands(*samples as u64)
            );
        }
        if let Some(dir) = out {
            let dir = dir.display();
            let _ = writeln!(
                text,
                "\nwritten to {dir}; synfire compile {dir} --point {} --target {} -o build/{}",
                choice.id, t.target, choice.id
            );
        }
    }
    text
}

/// The rows that are worth a line; samples that report have no say in it.
fn shown(rows: &[Row]) -> Vec<&Row> {
    let mut best: BTreeMap<(u32, usize), usize> = BTreeMap::new();
    for (i, row) in rows.iter().enumerate() {
        let at = best.entry((row.cut.timesteps, row.cut.members.len())).or_insert(i);
        if row.choosing > rows[*at].choosing {
            *at = i;
        }
    }
    let is_best = |i: usize| best.values().any(|b| *b == i);
    let worth =
        |i: usize, r: &Row| rows.len() <= SHOWN || i == 0 || r.front || r.chosen || is_best(i);
    rows.iter().enumerate().filter(|(i, r)| worth(*i, r)).map(|(_, r)| r).collect()
}

fn cells(r: &Row) -> Vec<String> {
    let percent = |v: f64| format!("{:.2} %", v * 100.0);
    let none = || "-".to_owned();
    vec![
        format!("{}{} {}", if r.chosen { "→" } else { " " }, if r.front { "*" } else { " " }, r.id),
        percent(r.accuracy.value),
        points(r.gain),
        r.accuracy_integer.map_or_else(none, |a| percent(a.value)),
        r.cycles.map_or_else(none, |c| thousands(c.round() as u64)),
        r.energy_nj.map_or_else(none, |e| format!("{:.0} ({:.0}–{:.0})", e.value, e.low, e.high)),
        r.cells.map_or_else(none, |c| thousands(c.into())),
    ]
}

/// `−0.42 (−0.80 to −0.04)`.
fn points(s: Share) -> String {
    let p = |v: f64| format!("{:+.2}", v * 100.0).replace('-', "−");
    format!("{} ({} to {})", p(s.value), p(s.low), p(s.high))
}

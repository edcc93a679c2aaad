// SPDX-License-Identifier: Apache-2.0 OR MIT
use std::fmt::Write as _;

use super::{Check, Claim, Measured, deviation, mean};

/// The measurements as a page of Markdown, with the command that makes it.
#[must_use]
pub fn table(claim: &Claim, measured: &Measured, checks: &[Check], seeds: u64) -> String {
    let mut page = String::new();
    let _ = writeln!(page, "<!-- SPDX-License-Identifier: Apache-2.0 OR MIT -->");
    let _ = writeln!(page, "# {}\n\n{}\n", claim.title, claim.expected);
    let _ = writeln!(
        page,
        "`synfire-distill reproduce {} --seeds {seeds}` writes this page. Seeds 1 to {seeds}, the same samples in the same order and the same initial weights in all arms; nothing was tuned on the test samples or selected. Accuracies in percent: mean (sample standard deviation).\n",
        claim.name
    );
    let names = columns(measured);
    let _ = writeln!(page, "| arm | {} |", names.join(" | "));
    let _ = writeln!(page, "|---|{}", "---|".repeat(names.len()));
    for arm in &measured.arms {
        let cells: Vec<String> = names.iter().map(|n| cell(&measured.of(arm, n), n)).collect();
        let _ = writeln!(page, "| {arm} | {} |", cells.join(" | "));
    }
    differences(measured, &names, &mut page);
    if !checks.is_empty() {
        let _ =
            writeln!(page, "\n## Required\n\n| what | measured | at least | |\n|---|---|---|---|");
        for check in checks {
            let verdict = if check.holds() { "holds" } else { "**does not hold**" };
            let _ = writeln!(
                page,
                "| {} | {:.2} | {:.2} | {verdict} |",
                check.what, check.value, check.least
            );
        }
    }
    page
}

/// Differences to the first arm, seed by seed.
fn differences(measured: &Measured, names: &[String], page: &mut String) {
    let Some((first, others)) = measured.arms.split_first() else { return };
    if others.is_empty() {
        return;
    }
    let _ = writeln!(page, "\nDifference to *{first}*, seed by seed:\n");
    let names: Vec<&String> = names.iter().filter(|n| is_accuracy(n)).collect();
    let header: Vec<&str> = names.iter().map(|n| n.as_str()).collect();
    let _ = writeln!(page, "| arm | {} |", header.join(" | "));
    let _ = writeln!(page, "|---|{}", "---|".repeat(names.len()));
    for arm in others {
        let cells: Vec<String> = names
            .iter()
            .map(|name| {
                let (own, base) = (measured.of(arm, name), measured.of(first, name));
                let each: Vec<String> =
                    own.iter().zip(&base).map(|(a, b)| format!("{:+.2}", a - b)).collect();
                each.join(", ")
            })
            .collect();
        let _ = writeln!(page, "| {arm} | {} |", cells.join(" | "));
    }
}

fn columns(measured: &Measured) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for values in measured.values.iter().flatten() {
        names.extend(values.keys().filter(|k| !names.contains(k)).cloned().collect::<Vec<_>>());
    }
    names
}

fn is_accuracy(name: &str) -> bool {
    !["operations", "likeness", "teacher"].iter().any(|other| name.starts_with(other))
}

fn cell(values: &[f64], name: &str) -> String {
    if values.is_empty() {
        return "–".to_owned();
    }
    let digits = if name.starts_with("operations") { 0 } else { 2 };
    format!("{:.digits$} ({:.digits$})", mean(values), deviation(values))
}

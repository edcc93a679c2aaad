// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The table as lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::rows::{Row, Table};
use crate::cli::ui::{table, thousands};
use crate::report::Unit;
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
        ["   id", "accuracy", "against all", "in integers", "cycles", "energy (nJ)", "cells"];
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
    if t.unit() == Unit::Cycles && t.hardware_reason.is_none() {
        let _ =
            writeln!(text, "nobody knows what {} consumes: cycles stand for the cost", t.target);
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tradeoff::rows::Chosen;
    use crate::energy::Band;
    use crate::tune::{Cut, Sizes};

    fn of(value: f64) -> Share {
        Share { value, low: value - 0.01, high: value + 0.02 }
    }

    fn row(timesteps: u32, members: &[usize], choosing: f64) -> Row {
        let cut =
            Cut { timesteps, members: members.to_vec(), norms_anew: false, head_fitted: false };
        Row {
            id: cut.id(),
            cut,
            accuracy: of(0.875),
            gain: of(-0.0125),
            choosing,
            accuracy_integer: None,
            cycles: Some(1234.4),
            energy_nj: Some(Band { value: 300.4, low: 100.2, high: 900.7 }),
            cells: Some(4321),
            front: false,
            chosen: false,
            hardware_reason: None,
        }
    }

    fn of_rows(rows: Vec<Row>) -> Table {
        Table {
            model: "m".into(),
            target: "icebreaker".into(),
            samples: Sizes { fit: 1000, choose: 1001, report: 2000, repeated: 0 },
            seed: 7,
            budget: 0.5,
            notes: vec!["a note".into()],
            rows,
            choice: None,
            hardware_reason: None,
        }
    }

    #[test]
    fn each_column_has_its_own_figure() {
        let mut rows = vec![row(2, &[], 0.9), row(1, &[], 0.8)];
        (rows[0].front, rows[0].accuracy_integer) = (true, Some(of(0.8625)));
        (rows[1].chosen, rows[1].cycles, rows[1].energy_nj, rows[1].cells) =
            (true, None, None, None);
        let mut table = of_rows(rows);
        let want = "\
1,000 samples fit, 1,001 choose, 2,000 report (seed 7)
a note

   id  accuracy             against all  in integers  cycles    energy (nJ)  cells
 * t2   87.50 %  −1.25 (−2.25 to +0.75)      86.25 %   1,234  300 (100–901)  4,321
→  t1   87.50 %  −1.25 (−2.25 to +0.75)            -       -              -      -

* nothing that costs less is as good on the samples that choose; → enough for a budget of 0.5 points
";
        assert_eq!(text(&table, None), want);
        table.samples.repeated = 3;
        table.choice = Some(Chosen {
            id: "t1".into(),
            gain: of(-0.003),
            unclear: Some(("t0".into(), 12_345)),
        });
        table.hardware_reason = Some("too large".into());
        let more = text(&table, Some(Path::new("knobs")));
        assert!(more.contains("(seed 7); 3 left out, as they are among the others\n"), "{more}");
        let end = "\
no hardware, so no cost: too large
t1: −0.30 (−1.30 to +1.70) points on the samples that choose
t0 costs less and may be enough, too; about 12,345 samples to choose by would show it

written to knobs; synfire compile knobs --point t1 --target icebreaker -o build/t1
";
        assert!(more.ends_with(end), "{more}");
        table.choice = table.choice.map(|c| Chosen { unclear: None, ..c });
        let less = text(&table, None);
        assert!(!less.contains("may be enough") && !less.contains("written to"), "{less}");
    }

    /// 17 rows: of three members at T = 2, 1 and 0 the best of each size by what chooses.
    #[test]
    fn of_many_rows_the_front_and_the_best_of_each_size_are_shown() {
        let masks = (1..8).rev().map(|m| (0..3).filter(|b| m >> b & 1 == 1).collect::<Vec<_>>());
        let masks: Vec<Vec<usize>> = masks.collect();
        // The best of two members are 0 and 2, of one it is 1; what comes later is as good.
        let worth = |m: &[usize]| match m {
            [0, _] | [0 | 1] => 0.6,
            _ => 0.5,
        };
        let with = |t: u32| masks.iter().map(move |m| row(t, m, worth(m)));
        let few: Vec<Row> = with(3).chain(with(2)).take(16).collect();
        let names =
            |rows: &[Row]| -> Vec<String> { shown(rows).iter().map(|r| r.id.clone()).collect() };
        assert_eq!(names(&few).len(), 14, "few rows are all shown");
        let mut many: Vec<Row> = with(3).chain(with(2)).chain(with(1)).take(17).collect();
        // Reported accuracy has no say.
        many[3].accuracy = of(0.99);
        many[6].front = true;
        many[8].chosen = true;
        let (front, chosen) = (many[6].id.clone(), many[8].id.clone());
        let shown = names(&many);
        let best = ["t3-m0.1.2", "t3-m0.2", "t3-m1", "t2-m0.1.2", "t2-m0.2", "t2-m1"];
        for id in best.into_iter().chain([&*front, &*chosen]) {
            assert!(shown.iter().any(|s| s == id), "{id} is not in {shown:?}");
        }
        for id in ["t3-m0.1", "t3-m1.2", "t3-m2", "t2-m0.1", "t2-m0"] {
            assert!(!shown.iter().any(|s| s == id), "{id} is in {shown:?}");
        }
        let text = text(&of_rows(many), None);
        assert!(text.contains(&format!("and {} rows more with --json\n", 17 - shown.len())));
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What each epoch gave, as lines of JSON and as a picture.

use std::path::Path;

use serde::{Deserialize, Serialize};
use synfire::diag::{Diagnostic, Result, read_file};
use synfire::report::{Curve, Panel, curves_svg};

use super::checkpoint::write_whole;
use super::phase::{Epoch, Start};
use super::run::Part;

/// A line of `metrics.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Who was trained.
    pub(super) part: Part,
    /// The epoch.
    #[serde(flatten)]
    pub(super) epoch: Epoch,
    /// Accuracy on the first 1,000 test samples after it.
    pub(super) accuracy: f64,
}

/// The lines of a run up to where a part is taken up.
pub(super) fn read(directory: &Path, part: Part, start: &Start) -> Result<Vec<Record>> {
    let path = directory.join("metrics.jsonl");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let bytes = read_file(&path)?;
    let before = |r: &Record| r.part != part || (r.epoch.phase, r.epoch.epoch) < (start.0, start.1);
    // Of a file that was cut off or damaged the whole lines in front are kept: what is missing
    // is a line of a curve, not of the training.
    let lines = String::from_utf8_lossy(&bytes).into_owned();
    let records = lines.lines().map_while(|l| serde_json::from_str(l).ok());
    Ok(records.filter(before).collect())
}

/// Seconds of all epochs of a run so far.
pub(super) fn seconds(directory: &Path) -> Result<f64> {
    let everything = (usize::MAX, usize::MAX, None);
    let records = read(directory, Part::Student, &everything)?;
    Ok(records.iter().map(|r| r.epoch.seconds).sum())
}

/// Writes `metrics.jsonl` and `curves.svg`.
pub(super) fn write(directory: &Path, records: &[Record]) -> Result<()> {
    let failed = |e: serde_json::Error| Diagnostic::internal("metrics", e.to_string());
    let mut lines = String::new();
    for record in records {
        lines.push_str(&serde_json::to_string(record).map_err(failed)?);
        lines.push('\n');
    }
    write_whole(&directory.join("metrics.jsonl"), lines.as_bytes())?;
    let name = directory.file_name().map_or_else(String::new, |n| n.to_string_lossy().into());
    write_whole(&directory.join("curves.svg"), draw(&name, records).as_bytes())
}

fn draw(name: &str, records: &[Record]) -> String {
    let panel = |title: &str, at_least, value: &dyn Fn(&Record) -> f64| {
        let curve = |part: Part| Curve {
            name: part.name().to_owned(),
            values: records.iter().filter(|r| r.part == part).map(value).collect(),
        };
        let curves = [Part::Student, Part::Teacher].map(curve);
        let curves = curves.into_iter().filter(|c| !c.values.is_empty()).collect();
        Panel { title: title.to_owned(), at_least, curves }
    };
    let loss = panel("loss", Some([0.0, 0.0]), &|r| r.epoch.loss);
    let right = panel("right of the first 1,000 test samples, %", None, &|r| 100.0 * r.accuracy);
    curves_svg(name, "epoch", &[loss, right])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two epochs of the student, at 25 and 75 %; one of a teacher at 100 %.
    #[test]
    fn each_part_has_its_curve_in_percent() {
        let record = |part: Part, epoch: usize, loss: f64, accuracy: f64| Record {
            part,
            epoch: Epoch { phase: 0, epoch, loss, seconds: 1.0, rate: 0.1 },
            accuracy,
        };
        let teacher = record(Part::Teacher, 0, 0.5, 1.0);
        let student = [record(Part::Student, 0, 2.0, 0.25), record(Part::Student, 1, 1.0, 0.75)];
        let all = [&[teacher][..], &student].concat();
        let picture = draw("run", &all);
        let axis = |n: &str| picture.matches(&format!(">{n}</text>")).count();
        // Percent from 20 to 100, losses from 0 to 2; the student's name stands before the teacher's.
        assert_eq!((axis("20"), axis("100"), axis("0.0"), axis("2.0")), (1, 1, 1, 1), "{picture}");
        assert!(picture.find(">student<") < picture.find(">teacher<"), "{picture}");
        // A line of two points in each panel for the student, a dot for the teacher.
        let lines = |colour: &str| {
            picture.matches(&format!(r#"fill="none" stroke="{colour}" stroke-width="2""#)).count()
        };
        assert_eq!((lines("#2f6fd0"), picture.matches("<circle").count()), (2, 2), "{picture}");
        assert!(!draw("run", &student).contains("teacher"));
    }
}

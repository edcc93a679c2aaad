// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What each epoch gave, as lines of JSON and as a picture.

use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;
use serde::{Deserialize, Serialize};
use synfire::diag::{Diagnostic, Result, read_file};

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
    let mut picture = String::new();
    draw(records, &mut picture).map_err(|e| Diagnostic::internal("curves", e.to_string()))?;
    write_whole(&directory.join("curves.svg"), picture.as_bytes())
}

type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

fn draw(records: &[Record], picture: &mut String) -> Drawn {
    let root = SVGBackend::with_string(picture, (860, 340)).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(430);
    let loss = records.iter().map(|r| r.epoch.loss).fold(0.0, f64::max);
    panel(&left, "loss", 0.0..loss.max(1e-6) * 1.05, records, |r| r.epoch.loss)?;
    let low = records.iter().map(|r| r.accuracy).fold(1.0, f64::min);
    let low = (low * 20.0).floor() / 20.0 - 0.01;
    panel(&right, "accuracy (first 1,000 test samples)", low..1.0, records, |r| r.accuracy)?;
    root.present()?;
    Ok(())
}

fn panel(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    title: &str,
    range: Range<f64>,
    records: &[Record],
    value: impl Fn(&Record) -> f64,
) -> Drawn {
    let epochs = |part: Part| records.iter().filter(move |r| r.part == part);
    let longest = epochs(Part::Teacher).count().max(epochs(Part::Student).count()).max(2);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .caption(title, ("sans-serif", 15))
        .x_label_area_size(34)
        .y_label_area_size(48)
        .build_cartesian_2d(1.0..longest as f64, range)?;
    chart.configure_mesh().light_line_style(TRANSPARENT).x_desc("epoch").draw()?;
    for (part, name, colour) in [
        (Part::Teacher, "teacher", RGBColor(140, 140, 140)),
        (Part::Student, "student", RGBColor(0, 95, 175)),
    ] {
        let points: Vec<(f64, f64)> =
            epochs(part).enumerate().map(|(i, r)| (i as f64 + 1.0, value(r))).collect();
        if points.is_empty() {
            continue;
        }
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    chart.configure_series_labels().border_style(TRANSPARENT).draw()?;
    Ok(())
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire tradeoff`: accuracy against cycles and energy.

mod cost;
mod rows;
mod text;

use std::path::{Path, PathBuf};

use clap::value_parser;

use self::rows::{Row, Table};
use super::inputs::DataArgs;
use super::model::ModelArgs;
use super::output::{FIRST, put, replace};
use super::simulate::processors;
use super::ui::Ui;
use crate::data::Samples;
use crate::diag::{Diagnostic, Result, codes};
use crate::tune::{self, Data, Found, Split, Work};
use crate::{ir, report, target};

/// The file that makes a directory one of ours.
pub(super) const TABLE: &str = "tradeoff.json";

/// Measure how few timesteps and members of an ensemble are enough, and what that saves.
///
/// The model runs once on every sample, over all timesteps; each smaller number of timesteps, and
/// each choice of members, follows from that. Half of the samples report accuracy; the others fit
/// (batch norms, heads) and choose, so that no figure is on samples that had a say in it. Cycles
/// and energy are those of the compiled hardware, simulated.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire tradeoff student.onnx --images images.gz --labels labels.gz
  synfire tradeoff student.onnx --images images.gz --labels labels.gz --accuracy-budget 1 -o knobs
  synfire tradeoff student.onnx --images test.gz --labels test-labels.gz \\
    --calibration train.gz --calibration-labels train-labels.gz
  synfire compile knobs --point t2-m0.3 --target icebreaker -o build/small")]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    data: DataArgs,
    /// Samples to fit and choose by, instead of half of --images.
    #[arg(long, value_name = "PATH", requires = "calibration_labels")]
    calibration: Option<PathBuf>,
    /// Their labels.
    #[arg(long, value_name = "PATH", requires = "calibration")]
    calibration_labels: Option<PathBuf>,
    /// Use only the first N of them.
    #[arg(long, value_name = "N", requires = "calibration")]
    calibration_count: Option<usize>,
    /// Most that may be lost, in points of accuracy: the cheapest row for which that is certain
    /// (the interval of 95 %, pair by pair) is marked.
    #[arg(long, value_name = "POINTS", default_value_t = 0.5)]
    accuracy_budget: f64,
    /// Target whose hardware is simulated.
    #[arg(long, default_value = "icebreaker")]
    target: String,
    /// Samples on which hardware is simulated, for cycles and energy.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = value_parser!(u32).range(1..))]
    activity: u32,
    /// Threads; the result does not depend on it.
    #[arg(long, default_value_t = processors(), value_parser = value_parser!(u16).range(1..=1024))]
    threads: u16,
    /// Directory for the table (JSON), a picture and a model file for each row, which `synfire
    /// compile --point` builds; an earlier result in it is replaced.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    if !(args.accuracy_budget >= 0.0 && args.accuracy_budget <= 100.0) {
        let message = format!("--accuracy-budget {}: 0 to 100 points", args.accuracy_budget);
        return Err(Diagnostic::new(&codes::BAD_OPTION, message));
    }
    let target = target::load(&args.target)?;
    let imported = args.model.import()?;
    let options = args.model.passes.options()?;
    let (report, calibration, split) = samples(args, &imported.graph)?;
    let data = Data {
        calibration: calibration.as_ref().unwrap_or(&report),
        report: &report,
        split: &split,
    };
    let bar = ui.spinner("run");
    let done = std::sync::atomic::AtomicU64::new(0);
    let tick = || {
        let n = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        if n.is_multiple_of(256) {
            bar.set_message(format!("run, {n} inferences"));
        }
    };
    let work = Work { threads: args.threads.into(), tick: &tick };
    let found = tune::explore(&imported.graph, &data, &work)?;
    bar.set_message("compile and simulate");
    let inputs = cost::inputs(args, &imported.graph, &split);
    let costs = cost::costs(
        &found,
        &options,
        &target,
        inputs.as_ref().map_err(|d| &**d),
        args.activity,
        &work,
    );
    let mut table = Table::new(args, &imported.graph, &found, &costs, &split);
    bar.set_message("integer models");
    table.integers(&found, &options, &data, &work)?;
    bar.finish_and_clear();
    if let Some(out) = &args.out {
        write(args, out, &imported.graph, &found, &table)?;
    }
    ui.result(&table, || text::text(&table, args.out.as_deref()))
}

/// The samples that report, those that choose if they are others, and what each does.
fn samples(args: &Args, graph: &ir::Graph) -> Result<(Samples, Option<Samples>, Split)> {
    if !args.data.are_given() {
        let message = "accuracy is a matter of samples: --images and --labels are missing";
        return Err(Diagnostic::new(&codes::NO_LABELS, message));
    }
    let count = |s: &Samples, most: Option<usize>| most.unwrap_or(usize::MAX).min(s.len());
    let report = args.data.samples(graph)?;
    let reported = count(&report, args.data.count);
    let Some(path) = &args.calibration else {
        let split = Split::of(&report, reported, args.data.seed)?;
        return Ok((report, None, split));
    };
    let labels = args.calibration_labels.as_deref();
    let calibration = args.data.of(path, labels, args.calibration_count).samples(graph)?;
    let chosen = count(&calibration, args.calibration_count);
    let split = Split::with(&calibration, chosen, &report, reported, args.data.seed)?;
    Ok((report, Some(calibration), split))
}

/// A directory with a model for each row.
fn write(args: &Args, out: &Path, whole: &ir::Graph, found: &Found, table: &Table) -> Result<()> {
    replace(out, TABLE, &[&*args.model.model], |dir| {
        put(dir, FIRST, ir::print(whole)?)?;
        for (point, row) in found.points.iter().zip(&table.rows) {
            put(dir, &format!("{}.sfir", row.id), ir::print(&point.graph)?)?;
        }
        let dots: Vec<report::Dot> = table.rows.iter().filter_map(Row::dot).collect();
        put(
            dir,
            "tradeoff.svg",
            report::tradeoff_svg(&table.model, &table.target, table.unit(), &dots),
        )?;
        let json = serde_json::to_string_pretty(table)
            .map_err(|e| Diagnostic::internal("tradeoff", e.to_string()))?;
        put(dir, TABLE, json + "\n")
    })
}

/// The model file of a row in a directory that `tradeoff` wrote.
pub(super) fn point(dir: &Path, id: &str) -> Result<PathBuf> {
    if !dir.join(TABLE).is_file() {
        let message =
            "--point takes a row of a directory that `synfire tradeoff -o` wrote, and this is none";
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .in_file(dir)
            .help("synfire tradeoff MODEL --images … --labels … -o DIR"));
    }
    let name = format!("{id}.sfir");
    let there = |f: &std::fs::DirEntry| f.file_name().to_str() == Some(&*name);
    let failed = |e: std::io::Error| Diagnostic::new(&codes::FILE_READ, e.to_string()).in_file(dir);
    let files =
        std::fs::read_dir(dir).map_err(failed)?.collect::<Result2<Vec<_>>>().map_err(failed)?;
    if name != FIRST && files.iter().any(there) {
        return Ok(dir.join(name));
    }
    let ids = files.iter().filter_map(|f| f.file_name().into_string().ok());
    let mut ids: Vec<String> = ids
        .filter_map(|f| Some(f.strip_suffix(".sfir")?.to_owned()))
        .filter(|f| format!("{f}.sfir") != FIRST)
        .collect();
    ids.sort();
    Err(Diagnostic::new(&codes::NO_POINT, format!("no row has the id `{id}`"))
        .in_file(dir)
        .help(format!("there are {}", ids.join(", "))))
}

type Result2<T> = std::io::Result<T>;

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire inspect`: what a model or a build is made of.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::build::{BitstreamReport, Build};
use super::hardware::{self, Hardware, Mapping};
use super::model::{MODEL_OR_BUILD, ModelArgs};
use super::objective::{self, ObjectiveArgs};
use super::ui::Ui;
use crate::diag::{Diagnostic, InFile, Result, codes, write_file};
use crate::hw::{self, Design, Estimate};
use crate::import::LiftReport;
use crate::ir::{self, Graph};
use crate::pass::{self, Note};
use crate::report::{self, Routed};
use crate::target::{self, Target};

/// Show a model or a build: as text, as Graphviz, as a picture.
#[derive(clap::Args)]
#[command(mut_arg("model", |a| a.help(MODEL_OR_BUILD)))]
#[command(after_help = "Examples:
  synfire inspect student.onnx
  synfire inspect student.onnx --lift
  synfire inspect student.onnx --hw --target icebreaker --mapping shared
  synfire inspect student.onnx --hw --foldings --target icebreaker
  synfire inspect student.onnx --format svg -o student.svg
  synfire inspect build/student --format svg -o hardware.svg
  synfire inspect build/student --format memory -o memory.svg")]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show the integer form instead of the model as imported (a build shows its hardware).
    #[arg(long)]
    integer: bool,
    /// Show which pattern of the importer took which operators of the file.
    #[arg(long)]
    lift: bool,
    /// Show the hardware in words: jobs or layers, maps, memories, and why it is so.
    #[arg(long)]
    hw: bool,
    /// With --hw: the target that a model is lowered for.
    #[arg(long, default_value = "icebreaker")]
    target: String,
    /// With --hw: how layers are mapped to engines.
    #[arg(long, value_enum, default_value_t = Mapping::Auto)]
    mapping: Mapping,
    /// With --hw: the foldings that none beats in both logic cells and cycles.
    #[arg(long, requires = "hw")]
    foldings: bool,
    #[command(flatten)]
    objective: ObjectiveArgs,
    /// Write to a file instead of standard output.
    #[arg(short, long)]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table.
    Text,
    /// The graph language, which parses back (docs/ir.md).
    Ir,
    /// Graphviz.
    Dot,
    /// A picture of the graph; of a build, of its hardware.
    Svg,
    /// A picture of a build's memories.
    Memory,
}

/// What is shown.
struct Subject {
    graph: Graph,
    lift: Option<LiftReport>,
    /// What passes left out that hardware can do without.
    notes: Vec<Note>,
    hardware: Option<(Design, Target, Option<Routed>)>,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    if args.foldings {
        let rows = foldings(args, ui)?;
        return show(args, ui, &rows, || objective::text(&rows));
    }
    if args.hw {
        let (design, estimate) = lowered(args, ui)?;
        let value = Hardware::new(&design, &estimate);
        return show(args, ui, &value, || hardware::text(&design, &estimate));
    }
    let subject = load(args)?;
    if args.lift {
        let report = subject.lift.as_ref().ok_or_else(|| {
            Diagnostic::new(&codes::BAD_OPTION, "--lift needs a model file, as it is imported")
        })?;
        return show(args, ui, report, || lift(report));
    }
    let text = render(&subject, args.format)?;
    match args.format {
        Format::Text => show(args, ui, &report::summary(&subject.graph)?, || text),
        _ => show(args, ui, &text, || text.clone()),
    }
}

/// Prints it, or writes it to the file that was asked for.
fn show(args: &Args, ui: Ui, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
    match &args.out {
        Some(path) => write_file(path, ui.render(value, text)?),
        None => ui.result(value, text),
    }
}

fn load(args: &Args) -> Result<Subject> {
    if args.model.model.is_dir() {
        args.model.cuts.none_for(&args.model.model)?;
        let build = Build::open(&args.model.model)?;
        let routed = build.manifest.bitstream.as_ref().map(BitstreamReport::routed);
        let hardware = Some((build.design, build.target, routed));
        let graph =
            if args.integer || args.format != Format::Ir { build.integer } else { build.real };
        return Ok(Subject { graph, lift: None, notes: Vec::new(), hardware });
    }
    if args.integer {
        let model = args.model.load()?;
        let cleans = |n: &Note| pass::CLEAN_UP.iter().any(|(name, _)| *name == n.pass);
        let notes = model.notes.into_iter().filter(cleans).collect();
        return Ok(Subject { graph: model.integer, lift: None, notes, hardware: None });
    }
    let imported = args.model.import()?;
    let lift = Some(imported.lift);
    Ok(Subject { graph: imported.graph, lift, notes: Vec::new(), hardware: None })
}

/// The design of a build, or what becomes of a model.
fn lowered(args: &Args, ui: Ui) -> Result<(Design, Estimate)> {
    if args.model.model.is_dir() {
        args.model.cuts.none_for(&args.model.model)?;
        let build = Build::open(&args.model.model)?;
        return Ok((build.design, build.estimate));
    }
    let options = hw::Options { mapping: args.mapping.into(), ..hw::Options::default() };
    let (model, target) = (args.model.load()?, target::load(&args.target)?);
    let folded = args.objective.fold(&model.integer, &target, options, ui);
    folded.map(|(_, design, estimate)| (design, estimate)).in_file(&args.model.model)
}

/// What else could become of a model.
fn foldings(args: &Args, ui: Ui) -> Result<Vec<objective::Row>> {
    if args.model.model.is_dir() {
        let message = "a build has one folding; a model has many";
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .in_file(&args.model.model)
            .help("name the model instead of the directory"));
    }
    let options = hw::Options { mapping: args.mapping.into(), ..hw::Options::default() };
    let (model, target) = (args.model.load()?, target::load(&args.target)?);
    args.objective.rows(&model.integer, &target, options, ui).in_file(&args.model.model)
}

fn render(subject: &Subject, format: Format) -> Result<String> {
    match (format, &subject.hardware) {
        (Format::Text, _) => {
            let notes = subject.notes.iter().map(|n| format!("{}: {}\n", n.pass, n.text));
            Ok(report::text(&subject.graph)? + &notes.collect::<String>())
        }
        (Format::Ir, _) => ir::print(&subject.graph),
        (Format::Dot, _) => report::dot(&subject.graph),
        (Format::Svg, hardware) => report::svg(&subject.graph, hardware.as_ref().map(|h| &h.0)),
        (Format::Memory, Some((design, target, routed))) => {
            Ok(report::memory_svg(design, target, routed.as_ref()))
        }
        (Format::Memory, None) => {
            Err(Diagnostic::new(&codes::BAD_OPTION, "only a build has memories")
                .help("compile first, then name the output directory"))
        }
    }
}

fn lift(report: &LiftReport) -> String {
    let mut text = String::new();
    for l in &report.lifted {
        let node = l.node.as_deref().map_or_else(String::new, |n| format!(" → {n}"));
        let _ = writeln!(text, "{}{node}", l.pattern);
        for source in &l.sources {
            let _ = writeln!(text, "    {source}");
        }
    }
    for note in &report.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

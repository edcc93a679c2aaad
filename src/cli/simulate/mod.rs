// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire simulate`: accuracy, agreement between the real and the integer model, cycles.

mod confusion;
mod outputs;
mod page;
mod real;
mod tally;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::value_parser;
use serde::Serialize;

use self::outputs::{Outputs, Plan};
use self::tally::Sums;
use crate::cli::build::Build;
use crate::cli::inputs::DataArgs;
use crate::cli::model::{MODEL_OR_BUILD, ModelArgs};
use crate::cli::timings::{Stopwatch, Taken, Timings};
use crate::cli::ui::{Ui, table, tenths, thousands};
use crate::data::{Samples, Slice};
use crate::diag::{Diagnostic, Result, codes, write_file};
use crate::hw::{self, Design};
use crate::interp::Interp;
use crate::ir::Graph;
use crate::pass;
use crate::sim::{NoProbe, Sim};
use crate::target;
use crate::tune::{self, After};

/// Run a model or a build on the host: accuracy, spikes, cycles.
///
/// The real-valued model, the integer model and, where the hardware takes the model, the
/// cycle-accurate simulation run on the same inputs and are compared. A model that has no
/// integer form runs in real numbers alone, and the reason is printed.
#[derive(clap::Args)]
#[command(mut_arg("model", |a| a.help(MODEL_OR_BUILD)))]
#[command(after_help = "Examples:
  synfire simulate build/student --images t10k-images-idx3-ubyte.gz --labels t10k-labels-idx1-ubyte.gz
  synfire simulate student.onnx --images images.gz --count 100 --json
  synfire simulate student.onnx --images images.gz --labels labels.gz --confusion=confusion.svg
  synfire simulate student.onnx --images inputs.npy --outputs outputs.npz --membranes
  synfire simulate build/student --images images.gz --count 10 --report report.html")]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    data: DataArgs,
    /// Target whose hardware is simulated, if a model file is named.
    #[arg(long, default_value = "icebreaker")]
    target: String,
    /// Threads; the result does not depend on it.
    #[arg(long, default_value_t = processors(), value_parser = value_parser!(u16).range(1..=1024))]
    threads: u16,
    /// Write what the real-valued model computes as an .npy array: [sample, class], or
    /// [sample, timestep, class] where every timestep is an output. Into an .npz file go logits
    /// and classes of both forms, and the spikes of every layer.
    #[arg(long, value_name = "FILE")]
    outputs: Option<PathBuf>,
    /// Leave out members of an ensemble that come after those by which the class is settled, of a
    /// build that can (compile --stop).
    #[arg(long)]
    stop_early: bool,
    /// With --outputs FILE.npz: also the membranes of every layer that fires, as they are compared
    /// with its threshold, of both forms.
    #[arg(long, requires = "outputs")]
    membranes: bool,
    /// Write a page (HTML) about the first inference on the simulated hardware: stages or jobs,
    /// their time, memories, spikes.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print how often which class was given for which label, by the integer model if there is
    /// one; with =FILE also as a picture (SVG).
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    confusion: Option<Option<PathBuf>>,
    /// Print what took how long.
    #[arg(long)]
    timings: bool,
}

impl Args {
    /// The name of the model or build.
    fn name(&self) -> String {
        let name = self.model.model.file_stem().unwrap_or(self.model.model.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

pub(super) fn processors() -> u16 {
    std::thread::available_parallelism().map_or(1, |n| n.get().min(1024) as u16)
}

/// What is printed.
#[derive(Serialize)]
struct Report {
    images: u64,
    accuracy_real: Option<f64>,
    accuracy_integer: Option<f64>,
    class_agreement: f64,
    spike_mismatch: f64,
    firing_rate: f64,
    /// With `--confusion`.
    confusion: Option<Vec<confusion::Pair>>,
    hardware: Option<Hardware>,
    hardware_reason: Option<String>,
    /// With `--timings`.
    timings: Option<Timings>,
}

#[derive(Serialize)]
struct Hardware {
    /// With `--stop-early`.
    early: Option<Early>,
    differences_to_interp: u64,
    mean_cycles_after_input: f64,
    worst_cycles_after_input: u64,
    mean_cycles_in_all: f64,
}

/// What leaving members out did, once the class was settled.
#[derive(Serialize)]
struct Early {
    /// Share of the inferences whose class is right; none without labels.
    accuracy: Option<f64>,
    /// Inferences whose class is another one than that of all members.
    classes_changed: u64,
    mean_members: f64,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    let watch = Stopwatch::start();
    let (mut header, mut stopping) = (Vec::new(), None);
    let (mut real, mut integer, lowered, target) = if args.model.model.is_dir() {
        watch.begin("load");
        let mut build = Build::open(&args.model.model)?;
        if let Some(kept) = args.model.cuts.kept(&build, args.stop_early)? {
            header = build.design.knobs.map(|knobs| knobs.header(&kept)).unwrap_or_default();
            args.model.cuts.apply(&mut build.real)?;
            let members = build.design.knobs.map_or(1, |k| k.members);
            if kept.may_stop {
                let (steps, runs) = (kept.timesteps, &kept.members);
                let graphs = tune::Early::new(&build.integer, steps, runs, members)?;
                let margins = build.design.readout().map(|r| &*r.margins).unwrap_or_default();
                let margins = runs.iter().map(|m| margins[*m as usize]).collect();
                stopping = Some(Stopping { graphs, margins });
            }
            build.integer = pass::left(&build.integer, kept.timesteps, &kept.members, members)?;
        }
        (build.real, build.whole.unwrap_or(build.integer), Ok(build.design), build.target)
    } else {
        let model = match args.model.load_timed(&watch) {
            Ok(model) => model,
            Err(d) if d.code.id == codes::PASS_UNSUPPORTED.id => {
                if args.report.is_some() {
                    return Err(no_page(&d.message));
                }
                watch.begin("import");
                return real::run(args, args.model.import()?.graph, &d, (ui, &watch));
            }
            Err(d) => return Err(d),
        };
        watch.begin("hardware");
        let target = target::load(&args.target)?;
        let lowered = hw::lower(&model.integer, &target, &hw::Options::default());
        (
            model.real,
            model.whole.unwrap_or(model.integer),
            lowered.map(|(design, _)| design),
            target,
        )
    };
    let mut plan = Plan::of(args.outputs.as_deref());
    if args.membranes {
        plan = plan.with_membranes(&mut real, Some(&mut integer))?;
    }
    let (design, reason) = match lowered {
        Ok(design) => (Some(design), None),
        Err(d) if args.report.is_some() => return Err(no_page(&d.message)),
        Err(d) => (None, Some(d.to_string())),
    };
    if let Some(design) = &design {
        header.resize(design.header_bytes(), 0);
    }
    watch.begin("inputs");
    let inputs = match &design {
        Some(_) => args.data.load(&real)?.into(),
        None => args.data.samples(&real)?,
    };
    confusion::refuse(args.confusion.is_some(), inputs.labels.is_some())?;
    let count = args.data.count.unwrap_or(usize::MAX).min(inputs.len());
    watch.begin("inferences");
    let bar = ui.bar("simulate", count);
    let chunk = count.div_ceil(args.threads.into()).max(1);
    let parts: Vec<Result<Part>> = std::thread::scope(|scope| {
        let part = |from: usize| {
            let (real, integer, inputs, plan, bar) = (&real, &integer, &inputs, &plan, &bar);
            let design = (design.as_ref(), &*header, stopping.as_ref());
            scope.spawn(move || {
                let range = from..(from + chunk).min(count);
                part(real, integer, design, inputs, range, plan, &|| bar.inc(1))
            })
        };
        let handles: Vec<_> = (0..count).step_by(chunk).map(part).collect();
        let died = |_| Err(Diagnostic::internal("simulate", "a thread died"));
        handles.into_iter().map(|h| h.join().unwrap_or_else(died)).collect()
    });
    bar.finish_and_clear();
    watch.begin("results");
    let (mut sums, mut outputs, mut threads) = Part::default();
    for part in parts {
        let (more, written, taken) = part?;
        sums.add(&more);
        outputs.append(written);
        threads.add(&taken);
    }
    if let Some(path) = &args.outputs {
        outputs.write(&real, Some(&integer), path)?;
    }
    if let (Some(path), Some(design)) = (&args.report, &design) {
        let Some(Slice::U8(first)) = inputs.get(0) else {
            return Err(no_page("it takes levels of up to 8 bits"));
        };
        write_file(path, page::page(design, &target, &[&header, first].concat())?)?;
    }
    confusion::picture(args.confusion.as_ref(), &sums.confusion, &args.name())?;
    let mut report = report(&sums, inputs.labels.is_some(), design.is_some(), reason);
    report.confusion = args.confusion.as_ref().map(|_| sums.confusion.pairs());
    report.timings = args.timings.then(|| Timings::new(&watch, &threads));
    ui.result(&args.data.with(&report), || {
        let confusion = args.confusion.as_ref().map_or_else(String::new, |_| sums.confusion.text());
        let timings = report.timings.as_ref().map_or_else(String::new, Timings::text);
        text(&report) + &confusion + &args.data.remark(inputs.len()) + &timings
    })
}

/// Why there is nothing for `--report` to show.
fn no_page(why: &str) -> Box<Diagnostic> {
    let message = format!("--report shows an inference on hardware, and there is none: {why}");
    Diagnostic::new(&codes::BAD_OPTION, message)
}

/// What is left out once the class is settled: the members so far, and after each its margin.
struct Stopping {
    graphs: tune::Early,
    margins: Vec<i64>,
}

/// What a thread found, and how long it took.
type Part = (Sums, Outputs, Taken);

fn part(
    real: &Graph,
    integer: &Graph,
    (design, header, stopping): (Option<&Design>, &[u8], Option<&Stopping>),
    inputs: &Samples,
    range: std::ops::Range<usize>,
    plan: &Plan<'_>,
    tick: &dyn Fn(),
) -> Result<Part> {
    let watch = Stopwatch::start();
    let graph = real;
    let (real, integer) = (Interp::new(real)?, Interp::new(integer)?);
    let sim = design.map(Sim::new);
    let early = stopping.map(|s| s.graphs.interps()).transpose()?.unwrap_or_default();
    let (mut sums, mut outputs) = (Sums::default(), plan.outputs());
    for i in range {
        watch.begin("real-valued model");
        let r = outputs.real(&real, (inputs, i), plan)?;
        watch.begin("integer model");
        let n = outputs.integer(&integer, (inputs, i), plan)?;
        watch.begin("simulator");
        let s = match (&sim, inputs.get(i)) {
            (Some(sim), Some(Slice::U8(input))) => {
                Some(sim.run(&[header, input].concat(), &[], &mut NoProbe)?)
            }
            _ => None,
        };
        watch.begin("comparison");
        outputs.add(graph, &r, Some(&n))?;
        let label = inputs.labels.as_ref().and_then(|l| l.get(i)).copied();
        let settled = stopping.map(|stopping| {
            let enough = |ran: usize, after: &After| after.lead > stopping.margins[ran - 1];
            tune::until(&early, inputs, i, enough)
        });
        sums.count(&r, &n, (s.as_ref(), settled.transpose()?.as_ref()), label);
        watch.end();
        tick();
    }
    Ok((sums, outputs, watch.taken()))
}

fn report(s: &Sums, labelled: bool, lowered: bool, reason: Option<String>) -> Report {
    let share = |n: u64, of: u64| n as f64 / of.max(1) as f64;
    Report {
        images: s.images,
        accuracy_real: labelled.then(|| share(s.real_right, s.images)),
        accuracy_integer: labelled.then(|| share(s.integer_right, s.images)),
        class_agreement: share(s.same_class, s.images),
        spike_mismatch: share(s.spikes_differ, s.spike_slots),
        firing_rate: share(s.spikes, s.spike_slots),
        confusion: None,
        hardware: lowered.then(|| Hardware {
            early: (s.members > 0).then(|| Early {
                accuracy: labelled.then(|| share(s.early_right, s.images)),
                classes_changed: s.early_differs,
                mean_members: share(s.members, s.images),
            }),
            differences_to_interp: s.sim_differs,
            mean_cycles_after_input: share(s.latency, s.images),
            worst_cycles_after_input: s.worst,
            mean_cycles_in_all: share(s.total, s.images),
        }),
        hardware_reason: reason,
        timings: None,
    }
}

fn text(r: &Report) -> String {
    let percent = |v: f64| format!("{:.2} %", v * 100.0);
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![row("inferences", thousands(r.images))];
    if let (Some(real), Some(integer)) = (r.accuracy_real, r.accuracy_integer) {
        rows.push(row("accuracy, real-valued model", percent(real)));
        rows.push(row("accuracy, integer model", percent(integer)));
    }
    rows.push(row("same class in both", percent(r.class_agreement)));
    rows.push(row("spikes that differ between both", format!("{:.5} %", r.spike_mismatch * 100.0)));
    rows.push(row("firing rate", percent(r.firing_rate)));
    if let Some(early) = r.hardware.as_ref().and_then(|h| h.early.as_ref()) {
        if let Some(accuracy) = early.accuracy {
            rows.push(row("accuracy, stopped early", percent(accuracy)));
        }
        rows.push(row("classes changed by stopping", thousands(early.classes_changed)));
        rows.push(row("members that ran, mean", format!("{:.2}", early.mean_members)));
    }
    if let Some(h) = &r.hardware {
        rows.push(row(
            "inferences where sim differs from interp",
            thousands(h.differences_to_interp),
        ));
        rows.push(row("core cycles after the last input, mean", tenths(h.mean_cycles_after_input)));
        rows.push(row(
            "core cycles after the last input, worst",
            thousands(h.worst_cycles_after_input),
        ));
        rows.push(row("core cycles from the first input, mean", tenths(h.mean_cycles_in_all)));
    }
    let mut text = table(&rows);
    if let Some(reason) = &r.hardware_reason {
        let _ = writeln!(text, "\nno hardware: {reason}");
    }
    text
}

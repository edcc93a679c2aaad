// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Models without an integer form: the real-valued graph alone, on any inputs.

use serde::Serialize;

use super::Args;
use super::outputs::Outputs;
use crate::cli::ui::{Ui, table, thousands};
use crate::data::{Samples, Slice};
use crate::diag::{Diagnostic, Result};
use crate::interp::{Interp, Record, Stimulus};
use crate::ir::Graph;

/// What is printed.
#[derive(Serialize)]
struct Report {
    images: u64,
    accuracy_real: Option<f64>,
    firing_rate: f64,
    /// How often each class won.
    classes: Vec<u64>,
    hardware_reason: String,
}

#[derive(Default)]
struct Sums {
    images: u64,
    right: u64,
    slots: u64,
    spikes: u64,
    classes: Vec<u64>,
    outputs: Outputs,
}

/// Runs the graph; `refusal` is why there is nothing to compare with.
pub(super) fn run(args: &Args, graph: &Graph, refusal: &Diagnostic, ui: Ui) -> Result<()> {
    let samples = args.data.samples(graph)?;
    let count = args.data.count.unwrap_or(usize::MAX).min(samples.len());
    let bar = ui.bar("simulate", count);
    let chunk = count.div_ceil(args.threads.into()).max(1);
    let parts: Vec<Result<Sums>> = std::thread::scope(|scope| {
        let part = |from: usize| {
            let (samples, bar) = (&samples, &bar);
            let range = from..(from + chunk).min(count);
            let wants_outputs = args.outputs.is_some();
            scope.spawn(move || part(graph, samples, range, wants_outputs, &|| bar.inc(1)))
        };
        let handles: Vec<_> = (0..count).step_by(chunk).map(part).collect();
        let died = |_| Err(Diagnostic::internal("simulate", "a thread died"));
        handles.into_iter().map(|h| h.join().unwrap_or_else(died)).collect()
    });
    bar.finish_and_clear();
    let mut sums = Sums::default();
    for part in parts {
        sums.add(part?);
    }
    if let Some(path) = &args.outputs {
        sums.outputs.write(graph, path)?;
    }
    let share = |n: u64, of: u64| n as f64 / of.max(1) as f64;
    let report = Report {
        images: sums.images,
        accuracy_real: samples.labels.as_ref().map(|_| share(sums.right, sums.images)),
        firing_rate: share(sums.spikes, sums.slots),
        classes: sums.classes,
        hardware_reason: refusal.to_string(),
    };
    ui.result(&report, || text(&report))
}

fn part(
    graph: &Graph,
    samples: &Samples,
    range: std::ops::Range<usize>,
    wants_outputs: bool,
    tick: &dyn Fn(),
) -> Result<Sums> {
    let interp = Interp::new(graph)?;
    let mut sums = Sums::default();
    for i in range {
        let record = infer(&interp, samples, i)?;
        let label = samples.labels.as_ref().and_then(|l| l.get(i));
        if wants_outputs {
            sums.outputs.add(graph, &record)?;
        }
        sums.images += 1;
        sums.right += u64::from(label.is_some_and(|l| record.class == *l as usize));
        for layer in &record.spikes {
            sums.slots += (layer.neurons * layer.fired.len()) as u64;
            sums.spikes += layer.count() as u64;
        }
        sums.won(record.class, 1);
        tick();
    }
    Ok(sums)
}

/// One inference on sample `i`.
fn infer(interp: &Interp<'_>, samples: &Samples, i: usize) -> Result<Record> {
    let missing = || Diagnostic::internal("simulate", "a sample is missing");
    let Some(timesteps) = samples.timesteps() else {
        return match samples.get(i).ok_or_else(missing)? {
            Slice::U8(v) => {
                let levels: Vec<u16> = v.iter().map(|v| u16::from(*v)).collect();
                interp.run_on(Stimulus::Levels(&levels))
            }
            Slice::U16(v) => interp.run_on(Stimulus::Levels(v)),
            Slice::Real(v) => interp.run_on(Stimulus::Reals(v)),
        };
    };
    let step = |t| samples.step(i, t).map(|s| s.to_reals()).ok_or_else(missing);
    let steps: Vec<Vec<f64>> = (0..timesteps).map(step).collect::<Result<_>>()?;
    interp.run_on(Stimulus::RealSteps(&steps))
}

impl Sums {
    fn won(&mut self, class: usize, times: u64) {
        if self.classes.len() <= class {
            self.classes.resize(class + 1, 0);
        }
        self.classes[class] += times;
    }

    fn add(&mut self, other: Self) {
        self.images += other.images;
        self.right += other.right;
        self.slots += other.slots;
        self.spikes += other.spikes;
        for (class, n) in other.classes.iter().enumerate() {
            self.won(class, *n);
        }
        self.outputs.append(other.outputs);
    }
}

fn text(r: &Report) -> String {
    let percent = |v: f64| format!("{:.2} %", v * 100.0);
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![row("inferences", thousands(r.images))];
    if let Some(accuracy) = r.accuracy_real {
        rows.push(row("accuracy, real-valued model", percent(accuracy)));
    }
    rows.push(row("firing rate", percent(r.firing_rate)));
    let classes: Vec<_> = r.classes.iter().map(u64::to_string).collect();
    rows.push(row("inferences by class", classes.join(" ")));
    format!("{}\nno integer form, no hardware: {}\n", table(&rows), r.hardware_reason)
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Models without an integer form: the real-valued graph alone, on any inputs.

use serde::Serialize;

use super::Args;
use super::confusion::{self, Confusion};
use super::outputs::{Outputs, Plan};
use crate::cli::timings::{Stopwatch, Taken, Timings};
use crate::cli::ui::{Ui, table, thousands};
use crate::data::Samples;
use crate::diag::{Diagnostic, Result};
use crate::interp::{Interp, Record};
use crate::ir::Graph;

/// What is printed.
#[derive(Serialize)]
struct Report {
    images: u64,
    accuracy_real: Option<f64>,
    firing_rate: f64,
    /// How often each class won.
    classes: Vec<u64>,
    /// With `--confusion`.
    confusion: Option<Vec<confusion::Pair>>,
    hardware_reason: String,
    /// With `--timings`.
    timings: Option<Timings>,
}

#[derive(Default)]
struct Sums {
    images: u64,
    right: u64,
    confusion: Confusion,
    slots: u64,
    spikes: u64,
    classes: Vec<u64>,
    outputs: Outputs,
}

/// Runs the graph; `refusal` is why there is nothing to compare with.
pub(super) fn run(
    args: &Args,
    mut graph: Graph,
    refusal: &Diagnostic,
    (ui, watch): (Ui, &Stopwatch),
) -> Result<()> {
    let mut plan = Plan::of(args.outputs.as_deref());
    if args.membranes {
        plan = plan.with_membranes(&mut graph, None)?;
    }
    let graph = &graph;
    watch.begin("inputs");
    let samples = args.data.samples(graph)?;
    confusion::refuse(args.confusion.is_some(), samples.labels.is_some())?;
    let count = args.data.count.unwrap_or(usize::MAX).min(samples.len());
    watch.begin("inferences");
    let bar = ui.bar("simulate", count);
    let chunk = count.div_ceil(args.threads.into()).max(1);
    let parts: Vec<Result<Sums>> = std::thread::scope(|scope| {
        let part = |from: usize| {
            let (samples, plan, bar) = (&samples, &plan, &bar);
            let range = from..(from + chunk).min(count);
            scope.spawn(move || part(graph, samples, range, plan, &|| bar.inc(1)))
        };
        let handles: Vec<_> = (0..count).step_by(chunk).map(part).collect();
        let died = |_| Err(Diagnostic::internal("simulate", "a thread died"));
        handles.into_iter().map(|h| h.join().unwrap_or_else(died)).collect()
    });
    bar.finish_and_clear();
    watch.begin("results");
    let mut sums = Sums::default();
    for part in parts {
        sums.add(part?);
    }
    if let Some(path) = &args.outputs {
        sums.outputs.write(graph, None, path)?;
    }
    confusion::picture(args.confusion.as_ref(), &sums.confusion, &args.name())?;
    let mut report = report(&sums, samples.labels.is_some(), refusal.to_string());
    report.confusion = args.confusion.as_ref().map(|_| sums.confusion.pairs());
    report.timings = args.timings.then(|| Timings::new(watch, &Taken::default()));
    ui.result(&args.data.with(&report), || {
        let confusion = args.confusion.as_ref().map_or_else(String::new, |_| sums.confusion.text());
        let timings = report.timings.as_ref().map_or_else(String::new, Timings::text);
        text(&report) + &confusion + &args.data.remark(samples.len()) + &timings
    })
}

fn report(sums: &Sums, labelled: bool, hardware_reason: String) -> Report {
    let share = |n: u64, of: u64| n as f64 / of.max(1) as f64;
    Report {
        images: sums.images,
        accuracy_real: labelled.then(|| share(sums.right, sums.images)),
        firing_rate: share(sums.spikes, sums.slots),
        classes: sums.classes.clone(),
        confusion: None,
        hardware_reason,
        timings: None,
    }
}

fn part(
    graph: &Graph,
    samples: &Samples,
    range: std::ops::Range<usize>,
    plan: &Plan<'_>,
    tick: &dyn Fn(),
) -> Result<Sums> {
    let interp = Interp::new(graph)?;
    let mut sums = Sums { outputs: plan.outputs(), ..Sums::default() };
    for i in range {
        let record = sums.outputs.real(&interp, (samples, i), plan)?;
        sums.outputs.add(graph, &record, None)?;
        sums.count(&record, samples.labels.as_ref().and_then(|l| l.get(i)).copied());
        tick();
    }
    Ok(sums)
}

impl Sums {
    /// Takes one sample in.
    fn count(&mut self, record: &Record, label: Option<u32>) {
        self.images += 1;
        self.right += u64::from(label.is_some_and(|l| record.class == l as usize));
        if let Some(label) = label {
            self.confusion.count(label as usize, record.class);
        }
        for layer in &record.spikes {
            self.slots += (layer.neurons * layer.fired.len()) as u64;
            self.spikes += layer.count() as u64;
        }
        self.won(record.class, 1);
    }

    fn won(&mut self, class: usize, times: u64) {
        if self.classes.len() <= class {
            self.classes.resize(class + 1, 0);
        }
        self.classes[class] += times;
    }

    fn add(&mut self, other: Self) {
        self.images += other.images;
        self.right += other.right;
        self.confusion.add(&other.confusion);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Values;
    use crate::interp::{Logits, Spikes};
    use crate::ir;

    /// A neuron for each of two real inputs; one fires whenever its input is at least 1, or if
    /// half of what was left of the timestep before makes it so.
    fn graph(is_static: bool) -> Graph {
        let stream = if is_static { " static" } else { "" };
        let text = format!(
            r#"synfire-ir 1
graph "g" timesteps 2
%in = input() : real[2]{stream} {{"shape":[2],"is_static":{is_static}}}
%n = lif(%in) : spikes[2] {{"leak":0.5,"gain":1.0,"bias":0.0,"threshold":1.0,"reset":"soft","compare":"at-least"}}
%y = readout(%n) : real[2] {{"kind":"sum","gain":1.0,"offset":0.0}}
output %y
"#
        );
        ir::parse(&text).unwrap()
    }

    fn counted(samples: &Samples, range: std::ops::Range<usize>, is_static: bool) -> Sums {
        part(&graph(is_static), samples, range, &Plan::default(), &|| {}).unwrap()
    }

    fn tally(s: &Sums) -> (u64, u64, u64, u64, &[u64]) {
        (s.images, s.right, s.slots, s.spikes, &s.classes)
    }

    /// Classes 0, 1, 0; spikes 2, 2, 4; labels 0, 1, 1.
    #[test]
    fn images_spikes_and_classes_are_counted() {
        let values = Values::Real(vec![1.0, 0.5, 0.0, 2.0, 1.0, 1.0]);
        let mut samples = Samples::new(vec![2], None, values).unwrap();
        samples.labels = Some(vec![0, 1, 1]);
        let all = counted(&samples, 0..3, true);
        assert_eq!(tally(&all), (3, 2, 12, 8, &[2, 1][..]));
        let mut sums = counted(&samples, 0..1, true);
        assert_eq!(tally(&sums), (1, 1, 4, 2, &[1][..]));
        sums.add(counted(&samples, 1..3, true));
        assert_eq!(tally(&sums), tally(&all));
        // The labels of the images beside them.
        for (labels, right) in [([1, 1, 0], 2), ([1, 0, 1], 0), ([0, 0, 1], 1)] {
            samples.labels = Some(labels.to_vec());
            assert_eq!(counted(&samples, 0..3, true).right, right, "{labels:?}");
        }
        samples.labels = None;
        assert_eq!(counted(&samples, 0..3, true).right, 0);
    }

    /// Samples of two timesteps. The first neuron fires at the second one; each of them once;
    /// none of them, though 0.95 after 0.5 would have been enough.
    #[test]
    fn a_sample_is_shown_timestep_by_timestep() {
        let values = [[0.0, 0.5, 1.0, 0.5], [1.0, 0.0, 0.0, 1.0], [0.95, 0.0, 0.5, 0.0]];
        let samples = Samples::new(vec![2], Some(2), Values::Real(values.concat())).unwrap();
        assert_eq!(tally(&counted(&samples, 0..1, false)), (1, 0, 4, 1, &[1][..]));
        assert_eq!(tally(&counted(&samples, 0..2, false)), (2, 0, 8, 3, &[2][..]));
        assert_eq!(tally(&counted(&samples, 0..3, false)), (3, 0, 12, 3, &[3][..]));
    }

    #[test]
    fn a_class_beyond_those_before_is_counted() {
        let spikes = Spikes { node: "n".into(), neurons: 1, fired: vec![vec![true]] };
        let record = |class| Record {
            spikes: vec![spikes.clone(), spikes.clone()],
            steps: Vec::new(),
            logits: Logits::Real(Vec::new()),
            class,
        };
        let mut sums = Sums::default();
        sums.count(&record(2), Some(2));
        sums.count(&record(0), Some(2));
        let mut more = Sums::default();
        more.count(&record(4), Some(4));
        sums.add(more);
        assert_eq!(tally(&sums), (3, 2, 6, 6, &[1, 0, 1, 0, 1][..]));
        let confusion = Confusion::of(&[(2, 2, 1), (2, 0, 1), (4, 4, 1)]);
        assert_eq!(sums.confusion, confusion);
    }

    #[test]
    fn each_line_has_its_own_figure() {
        let sums = Sums {
            images: 2000,
            right: 1800,
            confusion: Confusion::default(),
            slots: 10_000,
            spikes: 1234,
            classes: vec![1500, 500],
            outputs: Outputs::default(),
        };
        let want = "\
inferences                      2,000
accuracy, real-valued model   90.00 %
firing rate                   12.34 %
inferences by class          1500 500

no integer form, no hardware: why
";
        assert_eq!(text(&report(&sums, true, "why".into())), want);
        assert!(report(&sums, false, String::new()).accuracy_real.is_none());
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `--report`: one simulated inference as a page.

use crate::diag::Result;
use crate::hw::shared::{Shared, TrainMap};
use crate::hw::{Design, Stage};
use crate::report::{self, Layer, Run, Span};
use crate::sim::{Inference, Recorder, Sim};
use crate::target::Target;

/// The page of an inference on `input`.
pub(super) fn page(design: &Design, target: &Target, input: &[u8]) -> Result<String> {
    let mut log = Recorder::default();
    let result = Sim::new(design).run(input, &[], &mut log)?;
    log.sort();
    Ok(report::page(design, target, &run(design, &result, &log)))
}

/// What the simulator has seen.
fn run(design: &Design, result: &Inference, log: &Recorder) -> Run {
    let taken = result.last_input + 1;
    let input = Span {
        name: "input".to_owned(),
        to: taken,
        words: log.inputs.len() as u64,
        ..Span::default()
    };
    let (spans, layers): (Vec<Span>, Vec<Layer>) = match &design.shared {
        Some(shared) => (jobs(shared, result, log), fired(shared, log)),
        None => (stages(design, result, log), chained(design, log)),
    };
    Run {
        class: result.class,
        logits: result.logits.clone(),
        cycles: result.activity.cycles,
        spans: std::iter::once(input).chain(spans).collect(),
        layers,
    }
}

/// Rows of weights that a stage or job reads.
fn rows(log: &Recorder, stage: usize) -> Vec<u64> {
    log.events.iter().filter(|e| e.1 == stage).map(|e| e.0).collect()
}

/// A job lasts until it has ended, the last one until the result is sent.
fn jobs(shared: &Shared, result: &Inference, log: &Recorder) -> Vec<Span> {
    let counts = &result.activity.stages;
    let span = |(i, job): (usize, &crate::hw::shared::Job)| Span {
        name: job.name.clone(),
        from: counts[i].begin,
        to: counts[i].end,
        rows: rows(log, i),
        words: counts[i].words,
        additions: counts[i].additions,
        spikes: counts[i].spikes,
    };
    shared.jobs.iter().enumerate().map(span).collect()
}

/// A stage of a chain lasts from the first thing that it does to the last one.
fn stages(design: &Design, result: &Inference, log: &Recorder) -> Vec<Span> {
    let span = |(i, stage): (usize, &Stage)| {
        let name = match stage {
            Stage::Dense(d) => &d.name,
            Stage::Lif(l) => &l.name,
            Stage::Readout(r) => &r.name,
            Stage::Count(_) | Stage::Planes(_) => return None,
        };
        let steps = log.steps.iter().filter(|s| s.stage == i).map(|s| s.cycle);
        let sent = matches!(stage, Stage::Readout(_)).then_some(&log.outputs);
        let sent = sent.into_iter().flatten().map(|o| o.0);
        let all = || rows(log, i).into_iter().chain(steps.clone()).chain(sent.clone());
        let counts = &result.activity.stages[i];
        Some(Span {
            name: name.clone(),
            from: all().min().unwrap_or(0),
            to: all().max().map_or(0, |last| last + 1),
            rows: rows(log, i),
            words: counts.inputs,
            additions: counts.additions,
            spikes: counts.spikes,
        })
    };
    design.stages.iter().enumerate().filter_map(span).collect()
}

/// The trains of stage or job `i`.
fn layer(log: &Recorder, i: usize, name: &str, shape: [usize; 3]) -> Layer {
    let mut trains = vec![0; shape.iter().product()];
    for step in log.steps.iter().filter(|s| s.stage == i && s.fires) {
        trains[step.neuron as usize] |= 1 << step.timestep;
    }
    Layer { name: name.to_owned(), shape, trains }
}

fn fired(shared: &Shared, log: &Recorder) -> Vec<Layer> {
    let shape = |map: &TrainMap| map.shape.map(|n| n as usize);
    let of = |(i, job): (usize, &crate::hw::shared::Job)| {
        job.fires().map(|(n, map)| layer(log, i, &n.name, shape(&shared.trains[map])))
    };
    shared.jobs.iter().enumerate().filter_map(of).collect()
}

fn chained(design: &Design, log: &Recorder) -> Vec<Layer> {
    let of = |(i, stage): (usize, &Stage)| match stage {
        Stage::Lif(l) => Some(layer(log, i, &l.name, [l.neurons() as usize, 1, 1])),
        _ => None,
    };
    design.stages.iter().enumerate().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::tests::GRAPH;

    #[test]
    fn spans_and_trains_are_what_the_simulator_saw() {
        let graph = crate::ir::parse(GRAPH).unwrap();
        let target = crate::target::load("icebreaker").unwrap();
        let design = crate::hw::lower(&graph, &target, &crate::hw::Options::default()).unwrap().0;
        let mut log = Recorder::default();
        // Currents 13 + 5 and 13 − 5. Half of a membrane is kept: 18, 9 + 18, ⌊7/2⌋ + 18 against
        // 20; 8, 4 + 8, ⌊3/2⌋ + 8 against 9.
        let result = Sim::new(&design).run(&[13, 5], &[], &mut log).unwrap();
        log.sort();
        let run = run(&design, &result, &log);
        let [layer] = &run.layers[..] else { panic!("{:?}", run.layers) };
        assert_eq!((&*layer.name, &layer.trains), ("n", &vec![0b110, 0b110]));
        let names: Vec<_> = run.spans.iter().map(|s| &*s.name).collect();
        assert_eq!(names, ["input", "fc", "n", "y"]);
        let [input, fc, n, y] = &run.spans[..] else { panic!() };
        // Two inputs in consecutive cycles, of which the first is cycle 0.
        assert_eq!((input.from, input.to, input.words), (0, result.last_input + 1, 2));
        assert!(input.to >= 2, "{input:?}");
        // Only the dense layer reads weights; it begins with the input, the readout ends it all.
        assert_eq!(fc.rows.len(), 2, "{fc:?}");
        assert!(fc.rows.iter().all(|r| (fc.from..fc.to).contains(r)), "{fc:?}");
        assert!(n.rows.is_empty() && y.rows.is_empty());
        assert_eq!((n.spikes, run.cycles), (4, result.activity.cycles));
        assert!(fc.from <= n.from && n.from < n.to && n.to <= y.to && y.to <= run.cycles);
        let sent = log.outputs.iter().map(|o| o.0).max().unwrap();
        assert_eq!(y.to, sent + 1);
        let fires = log.steps.iter().filter(|s| s.fires).map(|s| s.cycle).max().unwrap();
        assert!(n.to > fires, "{n:?}");
    }

    #[test]
    fn a_job_lasts_until_the_next_one_begins() {
        let graph = crate::ir::parse(GRAPH).unwrap();
        let target = crate::target::load("icebreaker").unwrap();
        let options =
            crate::hw::Options { mapping: crate::hw::Mapping::Shared, ..Default::default() };
        let design = crate::hw::lower(&graph, &target, &options).unwrap().0;
        let mut log = Recorder::default();
        let result = Sim::new(&design).run(&[13, 5], &[], &mut log).unwrap();
        log.sort();
        let run = run(&design, &result, &log);
        let jobs = &run.spans[1..];
        assert_eq!(jobs.len(), design.shared.unwrap().jobs.len());
        assert!(jobs.len() > 1 && jobs.iter().all(|j| j.from < j.to), "{jobs:?}");
        assert!(jobs.windows(2).all(|pair| pair[0].to == pair[1].from), "{jobs:?}");
        assert_eq!(jobs.last().unwrap().to, run.cycles);
    }
}

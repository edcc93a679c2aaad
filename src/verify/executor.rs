// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What runs a network, and what it reports.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Result};
use crate::hw::shared::{Then, Work};
use crate::hw::{Design, ReadoutStage, Stage};
use crate::hw::{Kept, Train};
use crate::interp::{Interp, Logits, Stimulus, lead};
use crate::ir::{Graph, Op};
use crate::pass::left;
use crate::sim::{Recorder, Sim};

/// The names of the levels, with how they are run.
pub(super) const INTERP: &str = "interp";
pub(super) const SIM: &str = "sim";
pub(super) const RTL: &str = "RTL, with cycles";
pub(super) const RTL_GAPS: &str = "RTL, with cycles, inputs with gaps";
pub(super) const RTL_PAUSES: &str = "RTL, result taken with pauses";
pub(super) const HLS: &str = "C++, C simulation";
pub(super) const TOP: &str = "top, over the serial line";
pub(super) const ROUTED: &str = "post-route netlist, over the serial line";
pub(super) const NETLIST: &str = "netlist, over the serial line";
pub(super) const BITSTREAM: &str = "bitstream, over the serial line";
pub(super) const BOARD: &str = "board, over the serial line";

/// What one inference gave, in the terms every level has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `[layer][neuron]`: bit t is the spike of timestep t. Empty if the level cannot tell.
    pub trains: Vec<Vec<Train>>,
    /// Integer logits.
    pub logits: Vec<i64>,
    /// First class with the largest logit.
    pub class: usize,
    /// Members of an ensemble that ran, where they may be left out once the class is settled.
    pub ran: Option<u32>,
    /// What happened when, on levels that have cycles.
    pub timing: Option<Recorder>,
}

/// Something that runs inferences.
pub trait Executor {
    /// Name of the level, with how it is run.
    fn name(&self) -> &'static str;

    /// Runs a batch of inputs, `[input]` each, or `[timestep][input]` if they change over time:
    /// one outcome for each, in order.
    ///
    /// # Errors
    /// What the level cannot do with them.
    fn run(&mut self, inputs: &[&[u8]]) -> Result<Vec<Outcome>>;
}

/// The reference: [`Interp`] on the integer graph.
pub struct InterpExecutor<'g> {
    graph: &'g Graph,
    interp: Interp<'g>,
    /// The design whose requests say what they leave out.
    knobs: Option<&'g Design>,
    /// Values of a timestep, if the input changes.
    step: Option<usize>,
    /// Names of the layers whose spikes are told, in order; none: all of them.
    layers: Option<Vec<String>>,
}

impl<'g> InterpExecutor<'g> {
    /// Prepares an integer graph.
    ///
    /// # Errors
    /// If the graph is not well-formed.
    pub fn new(graph: &'g Graph) -> Result<Self> {
        let changing = |id| {
            let node = graph.node(id);
            (matches!(node.op, Op::Input(_)) && !node.stream.is_static).then(|| node.stream.len())
        };
        let step = graph.order()?.into_iter().find_map(changing);
        Ok(Self { graph, interp: Interp::new(graph)?, knobs: None, step, layers: None })
    }

    /// Tells the spikes of the layers that hardware has, in its order: a processor sorts layers
    /// by what they need, and what no result depends on is not built.
    #[must_use]
    pub fn like(mut self, design: &'g Design) -> Self {
        self.knobs = design.knobs.is_some().then_some(design);
        self.layers = Some(match &design.shared {
            Some(s) => s.fires().map(|(n, _)| n.name.clone()).collect(),
            None => design.lifs().map(|l| l.name.clone()).collect(),
        });
        self
    }
}

impl Executor for InterpExecutor<'_> {
    fn name(&self) -> &'static str {
        INTERP
    }

    fn run(&mut self, inputs: &[&[u8]]) -> Result<Vec<Outcome>> {
        match self.knobs {
            None => inputs.iter().map(|input| self.outcome(&self.interp, input)).collect(),
            Some(design) => self.with_knobs(design, inputs),
        }
    }
}

impl InterpExecutor<'_> {
    fn outcome(&self, interp: &Interp<'_>, input: &[u8]) -> Result<Outcome> {
        let levels: Vec<u16> = input.iter().map(|v| u16::from(*v)).collect();
        let record = match self.step {
            None => interp.run(&levels)?,
            Some(n) => {
                let steps: Vec<_> = levels.chunks(n.max(1)).map(<[u16]>::to_vec).collect();
                interp.run_on(Stimulus::LevelSteps(&steps))?
            }
        };
        let Logits::Integer(logits) = record.logits else {
            return Err(Diagnostic::internal("verify", "the graph is not in integer form"));
        };
        let train = |fired: &[Vec<bool>], n: usize| {
            fired.iter().enumerate().fold(0, |w, (t, s)| w | Train::from(s[n]) << t)
        };
        let told = match &self.layers {
            None => record.spikes.iter().collect::<Vec<_>>(),
            Some(names) => {
                let named = |n: &String| record.spikes.iter().find(|s| s.node == *n);
                names.iter().filter_map(named).collect()
            }
        };
        let trains = told
            .into_iter()
            .map(|s| (0..s.neurons).map(|n| train(&s.fired, n)).collect())
            .collect();
        Ok(Outcome { trains, logits, class: record.class, ran: None, timing: None })
    }

    /// Each input on the graph that is left of the whole one, by what the input's first bytes say.
    fn with_knobs(&self, design: &Design, inputs: &[&[u8]]) -> Result<Vec<Outcome>> {
        let mut alike: BTreeMap<Kept, Vec<usize>> = BTreeMap::new();
        for (i, input) in inputs.iter().enumerate() {
            alike.entry(design.kept(input)).or_default().push(i);
        }
        let members = design.knobs.map_or(1, |k| k.members);
        let mut outcomes = Vec::new();
        let margins = design.readout().map(|r| &*r.margins).unwrap_or_default();
        for (kept, which) in alike {
            // As many members as run before the class is settled: one, two, and so on.
            let mut open = which;
            let first = if kept.may_stop { 1 } else { kept.members.len() };
            for ran in first..=kept.members.len() {
                let now = Kept { members: kept.members[..ran].to_vec(), ..kept.clone() };
                let graph = left(self.graph, now.timesteps, &now.members, members)?;
                let interp = Interp::new(&graph)?;
                let mut later = Vec::new();
                for i in open {
                    let levels = inputs[i].get(design.header_bytes()..).unwrap_or_default();
                    let mut outcome = self.outcome(&interp, levels)?;
                    let ends = ran == kept.members.len()
                        || lead(&outcome.logits, outcome.class)
                            > margins[now.members[ran - 1] as usize];
                    if !ends {
                        later.push(i);
                        continue;
                    }
                    spread(&mut outcome, design, &now);
                    outcome.ran = design.can_stop().then_some(ran as u32);
                    outcomes.push((i, outcome));
                }
                open = later;
            }
        }
        outcomes.sort_by_key(|(i, _)| *i);
        Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }
}

/// The trains of members that ran, among those of all: neurons that do not run do not fire.
fn spread(outcome: &mut Outcome, design: &Design, kept: &Kept) {
    for (trains, layer) in outcome.trains.iter_mut().zip(design.lifs()) {
        let mut all = vec![0; layer.neurons() as usize];
        for (k, train) in trains.iter().enumerate() {
            all[layer.neuron(kept, k as u32) as usize] = *train;
        }
        *trains = all;
    }
}

/// [`Sim`] on the design.
pub struct SimExecutor<'d> {
    sim: Sim<'d>,
    design: &'d Design,
    /// Cycles to wait before each input, the same for every image.
    gaps: Vec<u8>,
}

impl<'d> SimExecutor<'d> {
    /// Prepares a design; `gaps` as in [`Sim::run`].
    #[must_use]
    pub fn new(design: &'d Design, gaps: Vec<u8>) -> Self {
        Self { sim: Sim::new(design), design, gaps }
    }
}

impl Executor for SimExecutor<'_> {
    fn name(&self) -> &'static str {
        SIM
    }

    fn run(&mut self, inputs: &[&[u8]]) -> Result<Vec<Outcome>> {
        inputs
            .iter()
            .map(|input| {
                let mut recorder = Recorder::default();
                let inference = self.sim.run(input, &self.gaps, &mut recorder)?;
                recorder.sort();
                Ok(Outcome {
                    trains: trains(self.design, &self.design.kept(input), &recorder, inference.ran),
                    logits: inference.logits.iter().map(|l| i64::from(*l)).collect(),
                    class: usize::from(inference.class),
                    ran: inference.ran,
                    timing: Some(recorder),
                })
            })
            .collect()
    }
}

/// Spike trains from the recorded timesteps; of an ensemble's members those that `ran`, if not all
/// that were to run did.
pub(super) fn trains(
    design: &Design,
    kept: &Kept,
    recorder: &Recorder,
    ran: Option<u32>,
) -> Vec<Vec<Train>> {
    let stages = lif_stages(design);
    let mut trains: Vec<Vec<Train>> = neurons(design).into_iter().map(|n| vec![0; n]).collect();
    for step in recorder.steps.iter().filter(|s| s.fires) {
        if let Some(layer) = stages.iter().position(|&s| s == step.stage)
            && let Some(train) = trains[layer].get_mut(step.neuron as usize)
        {
            *train |= 1 << step.timestep;
        }
    }
    if let Some(ran) = ran {
        for (layer, trains) in design.lifs().zip(&mut trains).filter(|(l, _)| l.members > 1) {
            let size = trains.len() / layer.members as usize;
            let done: Vec<u32> = kept.members.iter().copied().take(ran as usize).collect();
            for (n, train) in trains.iter_mut().enumerate() {
                if !done.contains(&((n / size.max(1)) as u32)) {
                    *train = 0;
                }
            }
        }
    }
    trains
}

/// Neurons of the layers that fire, in order.
pub(super) fn neurons(design: &Design) -> Vec<usize> {
    match &design.shared {
        Some(s) => {
            s.fires().map(|(_, m)| s.trains[m].shape.iter().product::<u32>() as usize).collect()
        }
        None => design.lifs().map(|l| l.neurons() as usize).collect(),
    }
}

/// The readout of a design.
///
/// # Errors
/// An internal one if it has none.
pub(super) fn readout(design: &Design) -> Result<&ReadoutStage> {
    match (&design.shared, design.stages.last()) {
        (Some(shared), _) => Ok(&shared.readout),
        (None, Some(Stage::Readout(readout))) => Ok(readout),
        _ => Err(Diagnostic::internal("verify", "the last stage is not a readout")),
    }
}

/// Indices of the stages or jobs that fire, in order; of a chain the numbers of their probes.
pub(super) fn lif_stages(design: &Design) -> Vec<usize> {
    let Some(shared) = &design.shared else {
        return stages(design, |s| matches!(s, Stage::Lif(_)));
    };
    let fires = |i: &usize| match &shared.jobs[*i].work {
        Work::Sum(sum) => matches!(sum.then, Then::Maps { fire: Some(_), .. }),
        Work::Or { .. } => false,
    };
    (0..shared.jobs.len()).filter(fires).collect()
}

/// Indices of the dense stages, in order: the numbers of their probes.
pub(super) fn dense_stages(design: &Design) -> Vec<usize> {
    stages(design, |s| matches!(s, Stage::Dense(_)))
}

fn stages(design: &Design, is: impl Fn(&Stage) -> bool) -> Vec<usize> {
    (0..design.stages.len()).filter(|&i| is(&design.stages[i])).collect()
}

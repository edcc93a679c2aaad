// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which networks, foldings and memories the RTL is tried with, and what they reach.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use synfire::hw::{self, DenseStage, Design, LifStage, Place, Stage, Stop};
use synfire::ir::{Compare, Graph, Op, Reset};
use synfire::pass::{self, FOR_KNOBS, Options, TO_INTEGER};

use super::common::net::{Net, Numbers, nets};
use super::common::rng::Rng;
use super::common::rounding::{KINDS, TIMESTEPS, network};
use super::common::{big_target, sees_input};

/// A network and how it is built.
pub(crate) struct Case {
    pub net: Net,
    pub graph: Graph,
    pub design: Design,
}

/// What one everyday case must have; everything else is drawn.
struct Corner {
    timesteps: u32,
    inputs: usize,
    bits: u32,
    /// Outputs and lanes of each layer that fires.
    layers: &'static [(usize, u32)],
    /// Outputs, lanes and bits of a weight of a last layer that does not.
    classes: Option<(usize, u32, u32)>,
    precision: u32,
    trace: bool,
    /// Members of an ensemble that a request may leave out, as it may timesteps; 1: none. 0: it
    /// leaves nothing out.
    members: u32,
    /// It may stop once the class is settled.
    stops: bool,
}

/// A corner whose requests leave something out.
const fn knobs(members: u32, corner: Corner) -> Corner {
    Corner { members, ..corner }
}

/// The same, and it may stop early.
const fn stops(members: u32, corner: Corner) -> Corner {
    Corner { members, stops: true, ..corner }
}

const fn corner(
    timesteps: u32,
    (inputs, bits): (usize, u32),
    layers: &'static [(usize, u32)],
    classes: Option<(usize, u32, u32)>,
    precision: u32,
    trace: bool,
) -> Corner {
    Corner { timesteps, inputs, bits, layers, classes, precision, trace, members: 0, stops: false }
}

/// The everyday cases.
const CORNERS: &[Corner] = &[
    // No replay, one of everything.
    corner(1, (1, 1), &[(1, 1)], Some((1, 1, 1)), 12, true),
    // Replay of fewer inputs than a word of the bitmap has, then exactly a word.
    corner(7, (5, 2), &[(16, 5), (8, 3)], Some((3, 2, 1)), 12, true),
    corner(8, (17, 3), &[(9, 4), (7, 7)], Some((20, 6, 1)), 12, true),
    corner(9, (32, 4), &[(17, 16)], None, 8, true),
    corner(16, (33, 5), &[(4, 1), (24, 7), (2, 1)], Some((12, 5, 1)), 12, true),
    corner(2, (64, 6), &[(20, 3)], None, 1, false),
    corner(3, (70, 7), &[(13, 6), (1, 1)], Some((9, 2, 1)), 4, false),
    corner(4, (16, 8), &[(11, 2), (12, 5)], Some((17, 16, 1)), 10, true),
    corner(5, (49, 8), &[(24, 24)], Some((10, 3, 1)), 12, true),
    corner(1, (20, 8), &[(6, 2), (18, 4)], None, 12, true),
    corner(16, (2, 8), &[(3, 2)], Some((2, 1, 1)), 2, true),
    corner(6, (40, 1), &[(1, 1), (5, 2), (10, 9)], None, 12, false),
    // Weights of several bits: groups that end within a class, one group, a lane, many classes.
    corner(4, (20, 3), &[(18, 5)], Some((3, 7, 8)), 12, true),
    corner(1, (6, 2), &[(9, 9)], Some((2, 4, 2)), 12, true),
    corner(3, (9, 4), &[(5, 2), (20, 7)], Some((2, 1, 3)), 8, false),
    corner(7, (12, 5), &[(33, 8)], Some((18, 30, 5)), 12, true),
    // Requests that leave something out. Timesteps alone, held and one by one.
    knobs(1, corner(7, (20, 3), &[(9, 4), (12, 5)], Some((5, 2, 1)), 12, true)),
    knobs(1, corner(1, (6, 2), &[(3, 2)], None, 12, false)),
    // A group a member, and planes; several, the last of them smaller; a neuron a member.
    stops(4, corner(4, (40, 6), &[(32, 8)], Some((10, 9, 8)), 12, true)),
    knobs(3, corner(5, (20, 4), &[(15, 2)], Some((4, 3, 1)), 12, true)),
    knobs(2, corner(2, (17, 3), &[(2, 1)], Some((2, 1, 3)), 12, true)),
    // When they stop, neurons are at work, and rows are read; results without pauses.
    stops(2, corner(16, (20, 4), &[(24, 12)], Some((2, 4, 2)), 12, true)),
    stops(2, corner(1, (150, 3), &[(4, 2)], Some((2, 2, 1)), 12, true)),
    knobs(3, corner(2, (9, 4), &[(6, 2)], Some((8, 8, 1)), 12, true)),
    // Members behind a trunk: trains come in; a mask of two bytes, trains of two; one class.
    stops(9, corner(9, (12, 4), &[(10, 3), (18, 2)], Some((3, 3, 1)), 12, true)),
    knobs(2, corner(3, (33, 5), &[(17, 16), (34, 6)], Some((1, 1, 1)), 12, true)),
];

/// The number of the everyday case whose spikes tell how the leak rounds: it follows [`CORNERS`].
pub(crate) const ROUNDING: usize = CORNERS.len();

/// The first everyday case whose requests leave something out.
pub(crate) const KNOBS: usize = 16;

/// Its leaks.
const LEAKS: [(u32, u32); 8] =
    [(1, 1), (3, 2), (230, 8), (1, 8), (255, 8), (5, 3), (115, 7), (11, 4)];

/// What the everyday cases reach together, see [`features`].
pub(crate) const REACHED: &[&str] = &[
    "T = 1",
    "T = 7",
    "T = 8",
    "T = 9",
    "T = 16",
    "one layer fires",
    "three layers fire",
    "trace",
    "no trace",
    "bits 1",
    "bits 2",
    "bits 3",
    "bits 4",
    "bits 5",
    "bits 6",
    "bits 7",
    "bits 8",
    "levels: one group",
    "levels: groups",
    "levels: last group incomplete",
    "levels: one input",
    "levels: replay within a word",
    "levels: replay of a whole word",
    "levels: replay of whole words",
    "levels: replay over words",
    "trains: one group",
    "trains: groups",
    "trains: last group incomplete",
    "trains: one input",
    "trains: one neuron",
    "trains: replay within a word",
    "trains: replay of a whole word",
    "trains: replay over words",
    "counts: groups",
    "planes of 2 bits",
    "planes of 3 bits",
    "planes of 5 bits",
    "planes of 8 bits",
    "planes: one group",
    "planes: groups",
    "planes: groups end within a class",
    "planes: one lane",
    "weights in block RAM",
    "weights in LUTs",
    "weights in SPRAM",
    "weights of several layers in SPRAM",
    "Soft AtLeast",
    "Soft Above",
    "SoftDelayed AtLeast",
    "SoftDelayed Above",
    "Hard AtLeast",
    "Hard Above",
    "None AtLeast",
    "None Above",
    "one input a neuron",
    "one input a timestep",
    "fraction bits",
    "no fraction bits",
    "leak 1",
    "leak 0",
    "leak 230/256",
    "leak 1/2",
    "parameters in block RAM",
    "parameters in LUTs",
    "spikes are read out",
    "counts are read out",
    "sums are read out",
    "sums of planes are read out",
    "one class",
    "more than 16 classes",
    "offsets",
    "stops early",
    "knobs: timesteps of 1 bytes",
    "knobs: members of 2 bytes",
    "knobs: members of 3 bytes",
];

/// The everyday cases, the same in every run.
pub(crate) fn corners() -> impl Iterator<Item = Case> {
    let mut draw = Draw::new(1);
    let mut layer = 0;
    let drawn = CORNERS.iter().map(move |corner| {
        let first = layer;
        layer += corner.layers.len();
        // A drawn network may have no integer form; the next one is taken then.
        std::iter::repeat_with(|| corner.case(draw.net(), first)).flatten().next().unwrap()
    });
    drawn.chain(std::iter::once_with(rounding))
}

/// A layer for each reset with each comparison.
fn rounding() -> Case {
    let net = Net { inputs: 1, bits: 1, timesteps: TIMESTEPS, ..Draw::new(3).net() };
    let kinds: Vec<_> =
        KINDS.iter().zip(LEAKS).map(|(&(reset, compare), (k, m))| (k, m, reset, compare)).collect();
    folded(net, network(&kinds), |i, _| [2, 3, 5, 4][i % 4], true, (0, false))
}

/// `count` cases with nothing prescribed, the same in every run.
pub(crate) fn drawn(count: usize) -> impl Iterator<Item = Case> {
    let mut draw = Draw::new(2);
    std::iter::repeat_with(move || anything(draw.net())).flatten().take(count)
}

/// Draws networks.
struct Draw(TestRunner);

impl Draw {
    fn new(seed: u64) -> Self {
        let config = Config {
            rng_seed: RngSeed::Fixed(seed),
            failure_persistence: None,
            ..Config::default()
        };
        Self(TestRunner::new(config))
    }

    fn net(&mut self) -> Net {
        nets(Numbers::Any).new_tree(&mut self.0).unwrap().current()
    }
}

impl Corner {
    /// `layer` counts the firing layers of all cases: it makes them differ.
    fn case(&self, mut net: Net, layer: usize) -> Option<Case> {
        let drawn = net.layers[0].clone();
        (net.timesteps, net.inputs, net.bits) = (self.timesteps, self.inputs, self.bits);
        net.classes = self.classes.map(|c| c.0);
        net.class_bits = self.classes.map_or(1, |c| c.2);
        net.layers = (layer..)
            .zip(self.layers)
            .map(|(i, &(outputs, _))| {
                let mut l = drawn.clone();
                l.outputs = outputs;
                l.reset = [Reset::Soft, Reset::SoftDelayed, Reset::Hard, Reset::None][i % 4];
                l.compare = [Compare::AtLeast, Compare::Above][i / 4 % 2];
                l.leak = [2, 1, 0, 4, 3, 5, 6, 7][i % 8];
                l
            })
            .collect();
        let options = Options { precision_bits: self.precision, ..Options::default() };
        let lanes = self.layers.iter().map(|l| l.1).chain(self.classes.map(|c| c.1));
        let lanes: Vec<u32> = lanes.collect();
        build(net, options, |i, _| lanes[i], self.trace, (self.members, self.stops))
    }
}

fn anything(net: Net) -> Option<Case> {
    let mut rng = Rng(net.seed ^ 0x1a7e5);
    let options = Options {
        precision_bits: rng.pick(&[1, 4, 8, 12]),
        leak_bits: rng.pick(&[1, 4, 8]),
        gain_bits: rng.pick(&[4, 9, 16]),
        ..Options::default()
    };
    let trace = !rng.one_in(4);
    let members = if rng.one_in(3) { members(&net, &mut rng) } else { 0 };
    let stops = rng.one_in(2);
    let lanes = |_, outputs| rng.below(outputs as usize) as u32 + 1;
    build(net, options, lanes, trace, (members, stops))
}

/// Members that the last neurons may be parts of; 1 if they can be no ensemble.
fn members(net: &Net, rng: &mut Rng) -> u32 {
    let neurons = net.layers.last().map_or(1, |l| l.outputs as u32);
    let parts: Vec<u32> = (1..=neurons.min(16)).filter(|n| neurons.is_multiple_of(*n)).collect();
    if net.classes.is_none() { 1 } else { rng.pick(&parts) }
}

fn build(
    net: Net,
    options: Options,
    lanes: impl FnMut(usize, u32) -> u32,
    trace: bool,
    (members, stops): (u32, bool),
) -> Option<Case> {
    let mut graph = net.graph();
    pass::run(&mut graph, TO_INTEGER, &options).ok()?;
    if members > 0 {
        pass::run(&mut graph, FOR_KNOBS, &options).ok()?;
    }
    if !sees_input(&graph) {
        return None;
    }
    Some(folded(net, graph, lanes, trace, (members, stops)))
}

fn folded(
    net: Net,
    graph: Graph,
    mut lanes: impl FnMut(usize, u32) -> u32,
    trace: bool,
    (members, stops): (u32, bool),
) -> Case {
    let (target, knobs) = (big_target(), (members > 0).then_some(members));
    let classes = graph.node(graph.output().unwrap()).stream.len();
    let stop = (stops && members > 1 && classes > 1).then(|| margins(&graph, members, net.seed));
    let plain = hw::Options { knobs, stop, ..hw::Options::default() };
    let (design, _) = hw::lower(&graph, &target, &plain).unwrap();
    let lanes =
        design.denses().enumerate().map(|(i, d)| (d.name.clone(), lanes(i, d.part()))).collect();
    let options = hw::Options { lanes, no_trace: !trace, ..plain };
    let (mut design, _) = hw::lower(&graph, &target, &options).unwrap();
    // Any kind of memory, whatever the cost model prefers.
    let mut rng = Rng(net.seed ^ 0xb10c);
    for stage in &mut design.stages {
        match stage {
            Stage::Dense(d) => d.place = rng.pick(&[Place::Luts, Place::BlockRam, Place::Spram]),
            Stage::Lif(l) => l.block = rng.one_in(2),
            Stage::Readout(r) => r.block = rng.one_in(2),
            Stage::Count(_) | Stage::Planes(_) => {}
        }
    }
    Case { net, graph, design }
}

/// Leads that settle the class after each member: any at all, or about as large as the logits.
fn margins(graph: &Graph, members: u32, seed: u64) -> Stop {
    let mut rng = Rng(seed ^ 0x57e9);
    let Op::FixedReadout(readout) = &graph.node(graph.output().unwrap()).op else {
        panic!("no readout")
    };
    let most = *readout.gain.iter().max().unwrap() as usize * 4 + 1;
    let mut margin = || if rng.one_in(2) { 0 } else { rng.below(most) as i64 };
    Stop::Margins((1..members).map(|_| margin()).collect())
}

/// What a design has that another may not have.
pub(crate) fn features(d: &Design) -> BTreeSet<String> {
    let layers = d.lifs().count();
    let mut all = BTreeSet::from([
        format!("T = {}", d.timesteps),
        format!("bits {}", d.input.bits),
        if d.trace { "trace" } else { "no trace" }.to_owned(),
        format!(
            "{} layer{}",
            ["no", "one", "two", "three"].get(layers).unwrap_or(&"more"),
            if layers == 1 { " fires" } else { "s fire" }
        ),
    ]);
    if let Some(k) = d.knobs {
        all.extend(k.stops.then(|| "stops early".to_owned()));
        all.insert(format!(
            "knobs: {} of {} bytes",
            if k.members > 1 { "members" } else { "timesteps" },
            k.bytes()
        ));
    }
    let loaded = d.denses().filter(|d| d.place == Place::Spram).count();
    all.extend((loaded > 1).then(|| "weights of several layers in SPRAM".to_owned()));
    for (i, stage) in d.stages.iter().enumerate() {
        let counted = i > 0 && matches!(d.stages[i - 1], Stage::Count(_));
        match stage {
            Stage::Dense(dense) => dense_features(dense, counted, &mut all),
            Stage::Lif(l) => lif_features(l, &mut all),
            Stage::Planes(p) => all.extend([format!("planes of {} bits", p.planes)]),
            Stage::Count(_) => {}
            Stage::Readout(r) => {
                let from = match d.stages[i - 1] {
                    Stage::Dense(_) => "sums",
                    Stage::Planes(_) => "sums of planes",
                    Stage::Count(_) => "counts",
                    _ => "spikes",
                };
                all.insert(format!("{from} are read out"));
                let n = r.classes();
                all.extend((n == 1).then(|| "one class".to_owned()));
                all.extend((n > 16).then(|| "more than 16 classes".to_owned()));
                all.extend(r.offset.iter().any(|o| *o != 0).then(|| "offsets".to_owned()));
            }
        }
    }
    all
}

fn dense_features(d: &DenseStage, counted: bool, all: &mut BTreeSet<String>) {
    let kind = match (counted, d.time_parallel) {
        _ if d.planes > 1 => "planes",
        (true, _) => "counts",
        (_, 1) => "levels",
        _ => "trains",
    };
    let mut note = |what: &str, holds: bool| {
        all.extend(holds.then(|| format!("{kind}: {what}")));
    };
    let replay = d.groups() > 1;
    note("groups", replay);
    note("one group", !replay);
    note("last group incomplete", replay && d.group_size(d.groups() - 1) < d.lanes);
    note("groups end within a class", replay && !d.lanes.is_multiple_of(d.planes));
    note("one lane", d.lanes == 1);
    note("one input", d.inputs() == 1);
    note("one neuron", d.outputs() == 1);
    note("replay within a word", replay && d.inputs() < 16);
    note("replay of a whole word", replay && d.inputs() == 16);
    note("replay of whole words", replay && d.inputs() > 16 && d.inputs().is_multiple_of(16));
    note("replay over words", replay && d.inputs() > 16 && !d.inputs().is_multiple_of(16));
    let place = match d.place {
        Place::Luts => "LUTs",
        Place::BlockRam => "block RAM",
        Place::Spram => "SPRAM",
    };
    all.insert(format!("weights in {place}"));
}

fn lif_features(l: &LifStage, all: &mut BTreeSet<String>) {
    all.insert(format!("{:?} {:?}", l.reset, l.compare));
    all.insert(format!("one input a {}", if l.hold { "neuron" } else { "timestep" }));
    all.insert(format!("{}fraction bits", if l.frac > 0 { "" } else { "no " }));
    let denominator = 1 << l.leak_shift;
    let leak = if denominator == 1 {
        format!("leak {}", l.leak_num)
    } else {
        format!("leak {}/{denominator}", l.leak_num)
    };
    all.insert(leak);
    all.insert(format!("parameters in {}", if l.block { "block RAM" } else { "LUTs" }));
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What must hold for every graph that a file gave: the rules of the language, printing and
//! reading back, running, writing in other formats, and the way to hardware.

use synfire::diag::Result;
use synfire::hw::{self, Design};
use synfire::import::{self, Options};
use synfire::interp::{Interp, Logits, Record, Stimulus};
use synfire::ir::{self, Graph, Kind, NodeId, Op, PerChannel, ReadoutKind, Reset};
use synfire::pass::{self, TO_INTEGER};
use synfire::sim::{NoProbe, Sim};
use synfire::{export, target};

use super::refused;

/// Multiplications in a timestep, and timesteps, up to which a graph is run.
const WORK: usize = 1 << 18;
const TIMESTEPS: u32 = 8;
/// Elements of all streams up to which a graph is written as a file: that states values
/// for each of them.
const ELEMENTS: usize = 1 << 14;

/// It verifies, reads back from its text to the same text, and runs.
pub fn check(graph: &Graph) {
    ir::verify(graph).unwrap();
    let text = ir::print(graph).unwrap();
    let back = ir::parse(&text).unwrap_or_else(|d| panic!("{d}\n{text}"));
    assert_eq!(ir::print(&back).unwrap(), text);
    // What does not reach the output has no counterpart.
    assert_eq!(ir::isomorphic(graph, &back), ir::isomorphic(graph, graph), "{text}");
    run(graph);
}

/// Runs a graph that is small on a pattern of inputs.
pub fn run(graph: &Graph) -> Option<Record> {
    let mut graph = graph.clone();
    graph.timesteps = graph.timesteps.min(TIMESTEPS);
    if work(&graph) > WORK {
        return None;
    }
    let steps = input(&graph)?;
    let stimulus = match &steps[..] {
        [one] => Stimulus::Reals(one),
        all => Stimulus::RealSteps(all),
    };
    match Interp::new(&graph).unwrap().run_on(stimulus) {
        Ok(record) => Some(record),
        // An output that is no readout has no logits.
        Err(d) => {
            assert_eq!(d.code.id, "SF0202", "{d}");
            None
        }
    }
}

/// The values of each timestep, or those of all.
fn input(graph: &Graph) -> Option<Vec<Vec<f64>>> {
    let order = graph.order().unwrap();
    let mut inputs =
        order.iter().map(|id| graph.node(*id)).filter(|n| matches!(n.op, Op::Input(_)));
    // All inputs are shown the same, so there can be one.
    let (node, None) = (inputs.next()?, inputs.next()) else { return None };
    let most = match node.stream.kind {
        Kind::Spikes => 1,
        Kind::Levels { bits } => (1 << bits.min(16)) - 1,
        Kind::Real | Kind::Current { .. } => 3,
    };
    let steps = if node.stream.is_static { 1 } else { graph.timesteps as usize };
    let value = |t: usize, e: usize| ((e * 7 + t * 5 + e / 3) % (most + 1)) as f64;
    Some((0..steps).map(|t| (0..node.stream.len()).map(|e| value(t, e)).collect()).collect())
}

/// About as many multiplications as a timestep takes.
fn work(graph: &Graph) -> usize {
    let node = |id: NodeId| {
        let node = graph.node(id);
        let window = |kernel: &[usize]| kernel.iter().product::<usize>();
        let each = match &node.op {
            Op::Linear(l) => l.weights.inputs(),
            Op::Conv(c) => c.weights.inputs(),
            Op::Pool(p) => window(&p.window.kernel),
            Op::Delay(d) => d.steps.iter().max().map_or(1, |d| *d as usize),
            _ => 1,
        };
        node.stream.len().saturating_mul(each.max(1))
    };
    let order = graph.order().unwrap();
    order.into_iter().map(node).fold(0, usize::saturating_add)
}

/// What is written as ONNX is read back: as the same graph, if it came from there. Import
/// reads less than can be written, and what it must refuse it refuses in words.
pub fn read_back_from_onnx(graph: &Graph, options: Option<&Options>) {
    if graph.timesteps as usize * graph.len() > 1 << 10 || elements(graph) > ELEMENTS {
        return;
    }
    let bytes = match export::onnx::write(graph) {
        Ok(bytes) => bytes,
        Err(d) => return refused(&d, &["SF0115"]),
    };
    let back = import::onnx::import(&bytes, &graph.name, options.unwrap_or(&Options::default()));
    match (back, options) {
        (Ok((back, _)), Some(_)) => {
            let same = ir::isomorphic(&summed(graph), &summed(&back));
            // Equal branches are read as one, integers of one magnitude as signs.
            assert!(same || compute_the_same(graph, &back), "{}\n{}", show(graph), show(&back));
        }
        (Ok((back, _)), None) => ir::verify(&back).unwrap(),
        (Err(d), Some(_)) => panic!("{} {d}\n{}", d.code.id, show(graph)),
        (Err(d), None) => refused(&d, &["SF01", "SF02", "SF0301"]),
    }
}

/// Logits are equal up to rounding, or one of the graphs is too large to be run.
fn compute_the_same(a: &Graph, b: &Graph) -> bool {
    let near = |(x, y): (&f64, &f64)| (x - y).abs() <= 1e-6 * (1.0 + x.abs().max(y.abs()));
    match (run(a).map(|r| r.logits), run(b).map(|r| r.logits)) {
        (Some(Logits::Real(a)), Some(Logits::Real(b))) => {
            a.len() == b.len() && a.iter().zip(&b).all(near)
        }
        (Some(_), Some(_)) => false,
        _ => true,
    }
}

/// With a sum in place of a mean over the timesteps, which a file cannot tell apart.
fn summed(graph: &Graph) -> Graph {
    let (mut graph, steps) = (graph.clone(), f64::from(graph.timesteps));
    for id in graph.order().unwrap() {
        if let Op::Readout(r) = graph.op_mut(id) {
            let share = if r.kind == ReadoutKind::Mean { steps } else { 1.0 };
            if r.kind == ReadoutKind::Mean {
                r.kind = ReadoutKind::Sum;
            }
            // Up to the rounding of the division.
            let round = |p: &mut PerChannel<f64>| match p {
                PerChannel::All(x) => *x = f64::from((*x / share) as f32),
                PerChannel::Each(v) => {
                    v.iter_mut().for_each(|x| *x = f64::from((*x / share) as f32))
                }
            };
            round(&mut r.gain);
            round(&mut r.offset);
        }
    }
    graph
}

/// Elements of all streams together.
fn elements(graph: &Graph) -> usize {
    let elements = |id: NodeId| graph.node(id).stream.len();
    graph.order().unwrap().into_iter().map(elements).fold(0, usize::saturating_add)
}

/// What is written as NIR is read back, if the whole graph has one kind of reset.
pub fn read_back_from_nir(graph: &Graph) {
    if elements(graph) > ELEMENTS {
        return;
    }
    let written = match export::nir::write(graph, 1e-4) {
        Ok(written) => written,
        Err(d) => return refused(&d, &["SF0140"]),
    };
    let mut resets = graph.order().unwrap().into_iter().filter_map(|id| match &graph.node(id).op {
        Op::Lif(l) => Some(l.reset),
        _ => None,
    });
    let reset = resets.next().unwrap_or(Reset::None);
    if resets.any(|r| r != reset) {
        return;
    }
    let options = Options {
        timesteps: Some(graph.timesteps),
        reset: Some(reset),
        dt: Some(1e-4),
        ..Options::default()
    };
    let (back, _) = import::nir::import(&written.bytes, &graph.name, &options)
        .unwrap_or_else(|d| panic!("{} {d}\n{}", d.code.id, show(graph)));
    ir::verify(&back).unwrap();
}

fn show(graph: &Graph) -> String {
    ir::print(graph).unwrap()
}

/// The passes and the hardware take the graph or say why not; what they take computes the
/// same in both executors.
pub fn passes(graph: &Graph) {
    let mut integer = graph.clone();
    if let Err(d) = pass::run(&mut integer, TO_INTEGER, &pass::Options::default()) {
        return refused(&d, &["SF02", "SF03", "SF04"]);
    }
    let text = show(&integer);
    assert_eq!(show(&ir::parse(&text).unwrap()), text);
    let Ok(design) = lower(&integer) else { return };
    if work(&integer) <= WORK {
        agree(&integer, &design);
    }
}

fn lower(integer: &Graph) -> Result<Design> {
    let lowered = hw::lower(integer, &target::load("icebreaker")?, &hw::Options::default());
    lowered.map(|(design, _)| design).inspect_err(|d| refused(d, &["SF04"]))
}

fn agree(integer: &Graph, design: &Design) {
    let Some(steps) = input(integer) else { return };
    let bytes: Vec<u8> = steps.iter().flatten().map(|v| *v as u8).collect();
    let levels = |step: &[u8]| step.iter().map(|b| u16::from(*b)).collect::<Vec<u16>>();
    let steps: Vec<_> = bytes.chunks(design.input.count as usize).map(levels).collect();
    let stimulus = match design.input.changes {
        true => Stimulus::LevelSteps(&steps),
        false => Stimulus::Levels(&steps[0]),
    };
    let want = Interp::new(integer).unwrap().run_on(stimulus).unwrap();
    let got = Sim::new(design).run(&bytes, &[], &mut NoProbe).unwrap();
    let Logits::Integer(logits) = want.logits else { panic!("{} has no integers", show(integer)) };
    let found: Vec<i64> = got.logits.iter().map(|v| i64::from(*v)).collect();
    assert_eq!((found, usize::from(got.class)), (logits, want.class), "{}", show(integer));
}

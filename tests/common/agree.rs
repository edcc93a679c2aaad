// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Imported graphs against what something else computed for the same inputs.
#![allow(dead_code, unreachable_pub, reason = "no test uses everything")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use synfire::data::random;
use synfire::import::{Options, load};
use synfire::interp::{Interp, Logits, Record, Spikes, Stimulus};
use synfire::ir::{Graph, Op, PerChannel, ReadoutKind};

/// What single and double precision may differ by, in logits and, relative to the
/// threshold, in membranes.
pub const BOUND: f64 = 1e-5;

/// A file of tests/models.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(name)
}

pub fn import(name: &str, options: &Options) -> Graph {
    load(&file(name), options).unwrap_or_else(|d| panic!("{name}: {} {d}", d.code.id))
}

/// Seeded random inputs; tests/models/levels.py generates the same.
pub fn levels(size: usize, bits: u32, count: usize, seed: u64) -> Vec<Vec<u16>> {
    let inputs = random(size, bits, count, seed);
    inputs.iter().map(|x| x.iter().map(|&v| v.into()).collect()).collect()
}

/// What a fixture's script recorded.
pub fn expected(folder: &str) -> serde_json::Map<String, Value> {
    serde_json::from_slice(&std::fs::read(file(folder).join("expected.json")).unwrap()).unwrap()
}

/// Shape and elements of an npy file in single precision.
pub fn array(name: &str) -> (Vec<usize>, Vec<f64>) {
    let bytes = std::fs::read(file(name)).unwrap();
    let npy = npyz::NpyFile::new(&bytes[..]).unwrap();
    let shape = npy.shape().iter().map(|&d| usize::try_from(d).unwrap()).collect();
    (shape, npy.into_vec::<f32>().unwrap().into_iter().map(f64::from).collect())
}

/// Recorded outputs by sample: `[timestep][class]` or `[class]`. In the file the sample is
/// the dimension before the class.
pub fn recorded(name: &str) -> Vec<Vec<f64>> {
    let (shape, values) = array(name);
    let [.., samples, classes] = shape[..] else { panic!("{shape:?}") };
    let row = |step: &[f64], i: usize| step[i * classes..][..classes].to_vec();
    let steps = || values.chunks(samples * classes);
    (0..samples).map(|i| steps().flat_map(|step| row(step, i)).collect()).collect()
}

/// Every number of nested arrays.
pub fn numbers(v: &Value) -> Vec<f64> {
    match v {
        Value::Array(all) => all.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

/// The largest difference.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |m, (x, y)| m.max((x - y).abs()))
}

/// Every sample of `inputs` gives the logits `want`.
pub fn agree(name: &str, graph: &Graph, inputs: &[Vec<u16>], want: &[Vec<f64>]) {
    assert_eq!(inputs.len(), want.len(), "{name}");
    let mut comparison = Comparison::new(name, graph);
    for (input, want) in inputs.iter().zip(want) {
        comparison.sample(Stimulus::Levels(input), want, |_| true);
    }
    comparison.finish();
}

/// Runs a graph beside a reference in single precision.
pub struct Comparison<'g> {
    name: &'g str,
    graph: &'g Graph,
    interp: Interp<'g>,
    samples: usize,
    /// Of the samples: how many have a membrane that rounding puts on the other side of its
    /// threshold.
    edges: usize,
    /// Per layer: spikes, and neurons times timesteps.
    fired: Vec<(usize, usize)>,
    /// The largest difference of a logit.
    worst: f64,
}

impl<'g> Comparison<'g> {
    pub fn new(name: &'g str, graph: &'g Graph) -> Self {
        let interp = Interp::new(graph).unwrap();
        Self { name, graph, interp, samples: 0, edges: 0, fired: Vec::new(), worst: 0.0 }
    }

    /// `want` is `[timestep][class]` if each timestep is an output, else `[class]`. Logits
    /// within the bound name the same class, unless two of them are equal up to the bound.
    pub fn sample(&mut self, x: Stimulus<'_>, want: &[f64], fires: impl Fn(&[Spikes]) -> bool) {
        let Self { name, samples, .. } = *self;
        let record = self.interp.run_on(x).unwrap();
        let got = logits(self.graph, &record);
        let off = distance(&got, want);
        let same = fires(&record.spikes);
        self.samples += 1;
        if (off > BOUND || !same) && self.is_on_the_edge(x, &record) {
            self.edges += 1;
            return;
        }
        assert!(off <= BOUND, "{name}: sample {samples} is off by {off}");
        assert!(same, "{name}: sample {samples} has other spikes");
        self.worst = self.worst.max(off);
        self.fired.resize(record.spikes.len(), (0, 0));
        for ((fired, all), s) in self.fired.iter_mut().zip(&record.spikes) {
            *fired += s.count();
            *all += s.neurons * s.fired.len();
        }
    }

    /// Would slightly other thresholds give other spikes?
    fn is_on_the_edge(&self, x: Stimulus<'_>, record: &Record) -> bool {
        [1.0 - BOUND, 1.0 + BOUND].iter().any(|&factor| {
            let graph = moved(self.graph, factor);
            Interp::new(&graph).unwrap().run_on(x).unwrap().spikes != record.spikes
        })
    }

    /// The largest difference.
    pub fn finish(self) -> f64 {
        let Self { name, samples, edges, .. } = self;
        assert!(edges * 50 <= samples, "{name}: {edges} of {samples} samples on the edge");
        // A layer that is silent or always fires would agree with anything.
        for (fired, all) in self.fired {
            assert!(fired * 100 > all && fired * 20 < all * 19, "{name}: {fired} of {all}");
        }
        self.worst
    }
}

fn logits(graph: &Graph, record: &Record) -> Vec<f64> {
    match (&graph.node(graph.output().unwrap()).op, &record.logits) {
        (Op::Readout(r), _) if r.kind == ReadoutKind::PerStep => record.steps.concat(),
        (_, Logits::Real(logits)) => logits.clone(),
        (_, Logits::Integer(_)) => panic!("integers"),
    }
}

/// The same graph with every threshold times `factor`.
fn moved(graph: &Graph, factor: f64) -> Graph {
    let mut graph = graph.clone();
    for id in graph.order().unwrap() {
        if let Op::Lif(l) = graph.op_mut(id) {
            match &mut l.threshold {
                PerChannel::All(v) => *v *= factor,
                PerChannel::Each(each) => each.iter_mut().for_each(|v| *v *= factor),
            }
        }
    }
    graph
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is refused, with its code and place.

use hdf5_writer::{DatasetBuilder, Hdf5Builder, WriteOptions};
use synfire::diag::Diagnostic;
use synfire::import::{self, Options, nir};
use synfire::ir::{Graph, Op, Reset};

use super::folder;

/// A parameter by its path below `node`.
pub(super) enum P<'a> {
    Text(&'a str, &'a str),
    Fixed(&'a str, &'a str),
    Edges(&'a [&'a str]),
    Shape(&'a str, &'a [i64]),
    Real(&'a str, &'a [u64], &'a [f64]),
}

pub(super) fn file(parts: &[P<'_>]) -> Vec<u8> {
    let path = |p: &str| format!("node/{p}");
    let mut builder = Hdf5Builder::new();
    for part in parts {
        let dataset = match part {
            P::Text(p, v) => DatasetBuilder::vlen_string_data(path(p), [], &[v]),
            P::Fixed(p, v) => DatasetBuilder::fixed_string_data(path(p), [], &[v]),
            P::Edges(e) => {
                DatasetBuilder::vlen_string_data(path("edges"), [e.len() as u64 / 2, 2], e)
            }
            P::Shape(p, v) => DatasetBuilder::typed_data(path(p), [v.len() as u64], v),
            P::Real(p, shape, v) => DatasetBuilder::typed_data(path(p), *shape, v),
        };
        builder = builder.dataset(dataset.unwrap());
    }
    builder.into_plan().unwrap().encode(WriteOptions::default()).unwrap()
}

/// Input and output of three elements, and what is between.
fn between(parts: Vec<P<'_>>, edges: &[&str]) -> Result<Graph, Box<Diagnostic>> {
    let mut all = vec![
        P::Text("type", "NIRGraph"),
        P::Edges(edges),
        P::Fixed("nodes/in/type", "Input"),
        P::Shape("nodes/in/shape", &[3]),
        P::Text("nodes/out/type", "Output"),
        P::Shape("nodes/out/shape", &[3]),
    ];
    all.extend(parts);
    read(&file(&all), &options())
}

fn read(bytes: &[u8], options: &Options) -> Result<Graph, Box<Diagnostic>> {
    nir::import(bytes, "test", options).map(|(graph, _)| graph)
}

fn options() -> Options {
    Options { dt: Some(0.01), reset: Some(Reset::Soft), timesteps: Some(2), ..Options::default() }
}

const CHAIN: &[&str] = &["in", "n", "n", "out"];

fn lif(tau: f64) -> Vec<P<'static>> {
    let tau: &'static [f64] = Box::leak(Box::new([tau]));
    vec![
        P::Text("nodes/n/type", "LIF"),
        P::Real("nodes/n/tau", &[], tau),
        P::Real("nodes/n/r", &[], &[1.0]),
        P::Real("nodes/n/v_leak", &[], &[0.0]),
        P::Real("nodes/n/v_threshold", &[3], &[1.0, 1.0, 2.0]),
    ]
}

#[track_caller]
fn refused(found: Result<Graph, Box<Diagnostic>>, code: &str, place: &str, text: &str) {
    let d = found.unwrap_err();
    assert_eq!(d.code.id, code, "{d}");
    assert_eq!(d.location.path.as_deref().unwrap_or(""), place, "{d}");
    assert!(d.message.contains(text), "{d}");
}

#[test]
fn numbers_are_spread_and_equal_ones_said_once() {
    let graph = between(lif(0.02), CHAIN).unwrap();
    let Op::Lif(l) = &graph.node(graph.find("n").unwrap()).op else { panic!() };
    assert_eq!(l.leak, synfire::ir::PerChannel::All(0.5));
    assert_eq!(l.threshold, synfire::ir::PerChannel::Each(vec![1.0, 1.0, 2.0]));
}

#[test]
fn edges() {
    let lost = between(lif(0.02), &["in", "n", "n", "gone"]);
    refused(lost, "SF0131", "n → gone", "`gone`, which does not exist");
    let twice = between(lif(0.02), &["in", "n", "in", "n", "n", "out"]);
    refused(twice, "SF0131", "in → n", "twice");
    refused(between(lif(0.02), &["in", "n", "n", "n"]), "SF0131", "out", "nothing leads");
    let loose = [lif(0.02), vec![P::Text("nodes/m/type", "Flatten")]].concat_parts();
    refused(between(loose, &["in", "n", "m", "n", "n", "out"]), "SF0131", "m", "no edge leads");
}

trait Concat<'a> {
    fn concat_parts(self) -> Vec<P<'a>>;
}

impl<'a, const N: usize> Concat<'a> for [Vec<P<'a>>; N] {
    fn concat_parts(self) -> Vec<P<'a>> {
        self.into_iter().flatten().collect()
    }
}

#[test]
fn ends() {
    let second = vec![P::Text("nodes/in2/type", "Input"), P::Shape("nodes/in2/shape", &[3])];
    let all = [lif(0.02), second].concat_parts();
    refused(
        between(all, &["in", "n", "in2", "n", "n", "out"]),
        "SF0110",
        "",
        "2 nodes of type Input",
    );
    let second = vec![P::Text("nodes/o/type", "Output"), P::Shape("nodes/o/shape", &[3])];
    let all = [lif(0.02), second].concat_parts();
    refused(
        between(all, &["in", "n", "n", "o", "n", "out"]),
        "SF0111",
        "",
        "2 nodes of type Output",
    );
    let none = file(&[
        P::Text("type", "NIRGraph"),
        P::Shape("nodes/x/shape", &[1]),
        P::Text("nodes/x/type", "Output"),
        P::Edges(&["x", "x"]),
    ]);
    refused(read(&none, &options()), "SF0110", "", "0 nodes of type Input");
}

#[test]
fn nodes_and_parameters() {
    let kind = |k| vec![P::Text("nodes/n/type", k)];
    refused(between(kind("Sigmoid"), CHAIN), "SF0132", "n", "`Sigmoid`");
    refused(between(kind("LIF"), CHAIN), "SF0133", "n", "`tau` is missing");
    refused(between(lif(0.0), CHAIN), "SF0133", "n", "must be above 0");
    refused(between(lif(0.001), CHAIN), "SF0136", "n", "overshoot");
    refused(between(lif(f64::NAN), CHAIN), "SF0301", "n", "`tau`[0] is NaN");
    refused(between(lif(f64::INFINITY), CHAIN), "SF0301", "n", "inf");
    let late = vec![P::Text("nodes/n/type", "Delay"), P::Real("nodes/n/delay", &[], &[0.015])];
    refused(between(late, CHAIN), "SF0136", "n", "1.5 timesteps");
    let wide = vec![P::Text("nodes/n/type", "Scale"), P::Real("nodes/n/scale", &[2], &[1.0, 2.0])];
    refused(between(wide, CHAIN), "SF0134", "n", "`scale` has the shape [2]");
    let matrix =
        vec![P::Text("nodes/n/type", "Linear"), P::Real("nodes/n/weight", &[1, 2], &[1.0, 2.0])];
    refused(between(matrix, CHAIN), "SF0134", "n", "takes [2]");
    let text = vec![P::Text("nodes/n/type", "Scale"), P::Text("nodes/n/scale", "two")];
    refused(between(text, CHAIN), "SF0133", "n", "is text");
    let reset = [lif(0.02), vec![P::Real("nodes/n/v_reset", &[], &[0.5])]].concat_parts();
    refused(between(reset, CHAIN), "SF0133", "n", "hard reset");
}

#[test]
fn cycles() {
    let scale = |n| match n {
        'a' => vec![P::Text("nodes/a/type", "Scale"), P::Real("nodes/a/scale", &[], &[0.5])],
        _ => vec![P::Text("nodes/b/type", "Scale"), P::Real("nodes/b/scale", &[], &[0.5])],
    };
    let both = || [scale('a'), scale('b')].concat_parts();
    let edges = &["in", "a", "a", "b", "b", "a", "b", "out"];
    refused(between(both(), edges), "SF0137", "a", "a → b");
    let delay = vec![P::Text("nodes/d/type", "Delay"), P::Real("nodes/d/delay", &[], &[0.02])];
    let through = [both(), delay].concat_parts();
    assert!(between(through, &["in", "a", "a", "b", "b", "d", "d", "a", "b", "out"]).is_ok());
}

#[test]
fn what_a_file_does_not_say_is_asked_for_at_once() {
    let path = folder().join("node_lif.nir");
    let d = import::load(&path, &Options::default()).unwrap_err();
    assert_eq!(d.code.id, "SF0135");
    for option in ["--dt", "--reset", "--timesteps"] {
        assert!(d.message.contains(option) && d.help.as_ref().unwrap().contains(option), "{d}");
    }
    let timesteps = Options { timesteps: Some(3), ..Options::default() };
    assert!(import::load(&folder().join("node_affine.nir"), &timesteps).is_ok());
}

/// A data set that claims more than its file can hold is refused before it is allocated.
#[test]
fn immense_shapes() {
    let chunked = DatasetBuilder::typed::<f64>("node/nodes/n/weight", [1 << 20, 1 << 20])
        .chunked([1 << 10, 1 << 10]);
    let bytes = Hdf5Builder::new()
        .dataset(DatasetBuilder::vlen_string_data("node/type", [], &["NIRGraph"]).unwrap())
        .dataset(chunked.raw_data(Vec::new()))
        .into_plan()
        .and_then(|plan| plan.encode(WriteOptions::default()));
    // The writer refuses to leave chunks out; the claim is then put into a file by hand.
    let bytes = bytes.unwrap_or_else(|_| {
        let mut bytes =
            file(&[P::Text("type", "NIRGraph"), P::Real("nodes/n/weight", &[3, 5], &[1.0; 15])]);
        let claim: Vec<u8> = [3u64, 5].iter().flat_map(|d| d.to_le_bytes()).collect();
        let at = bytes.windows(16).position(|w| w == claim).unwrap();
        bytes[at..at + 16].copy_from_slice(&[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
        bytes
    });
    assert_eq!(read(&bytes, &options()).unwrap_err().code.id, "SF0130");
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the host does all day: reading a model, running the reference, running `sim`.
#![allow(missing_docs, clippy::unwrap_used, reason = "the macros' functions")]

mod common;

use std::hint::black_box;

use common::Student;
use criterion::{Criterion, criterion_group, criterion_main};
use synfire::import;
use synfire::interp::Interp;
use synfire::ir::{
    BitMatrix, Compare, Conv, Graph, Input, Lif, Linear, NodeId, Op, PerChannel, Pool, PoolKind,
    Readout, ReadoutKind, Reset, Reshape, Weights, Window,
};
use synfire::sim::{NoProbe, Sim};

fn import_student(c: &mut Criterion) {
    for exporter in ["dynamo", "legacy"] {
        let path = common::file(&format!("student_{exporter}.onnx"));
        let load = || import::load(black_box(&path), &import::Options::default()).unwrap();
        c.bench_function(&format!("import {exporter}"), |b| b.iter(load));
    }
}

fn inference(c: &mut Criterion) {
    let student = Student::compile(None);
    let images: Vec<&[u8]> = student.images.first(64);
    let levels: Vec<Vec<u16>> =
        images.iter().map(|x| x.iter().map(|v| u16::from(*v)).collect()).collect();
    // Every iteration takes another image: the work depends on how many pixels are dark.
    let interp = Interp::new(&student.integer).unwrap();
    let mut next = (0..levels.len()).cycle();
    c.bench_function("interp, integer, one inference", |b| {
        b.iter(|| interp.run(black_box(&levels[next.next().unwrap()])).unwrap())
    });
    let sim = Sim::new(&student.design);
    c.bench_function("sim, one inference", |b| {
        b.iter(|| sim.run(black_box(images[next.next().unwrap()]), &[], &mut NoProbe).unwrap())
    });
}

/// A layer of plain ±1 weights: any fixed mixture of signs will do.
fn signs(rows: usize, cols: usize) -> Weights {
    let sign = |r: usize, c: usize| (r * 7919 + c * 104_729).count_ones().is_multiple_of(2);
    let scale = PerChannel::All(1.0);
    Weights::Binary { signs: BitMatrix::from_fn(rows, cols, sign), scale }
}

fn window(kernel: usize, stride: usize, padding: usize) -> Window {
    Window {
        kernel: vec![kernel; 2],
        stride: vec![stride; 2],
        padding: vec![[padding; 2]; 2],
        dilation: vec![1; 2],
    }
}

/// Convolution of 3 × 3, neurons, largest of 2 × 2.
fn block(g: &mut Graph, x: NodeId, from: usize, to: usize, gain: f64) -> NodeId {
    let (weights, window_3) = (signs(to, from * 9), window(3, 1, 1));
    let conv = Op::Conv(Conv { weights, bias: None, window: window_3, groups: 1 });
    let x = g.add(format!("conv{to}"), conv, &[x]).unwrap();
    let lif = Op::Lif(Lif {
        leak: PerChannel::All(0.5),
        gain: PerChannel::All(gain),
        bias: PerChannel::All(0.0),
        threshold: PerChannel::All(1.0),
        reset: Reset::SoftDelayed,
        compare: Compare::Above,
        reset_to: PerChannel::zero(),
        start: PerChannel::zero(),
    });
    let x = g.add(format!("lif{to}"), lif, &[x]).unwrap();
    let pool = Op::Pool(Pool { kind: PoolKind::Max, window: window(2, 2, 0) });
    g.add(format!("pool{to}"), pool, &[x]).unwrap()
}

/// 16C3-P2-32C3-P2-10 on 28 × 28, T = 4.
fn conv_student() -> Graph {
    let mut g = Graph::new("conv student", 4);
    let input = Input { shape: vec![1, 28, 28], bits: Some(8), is_static: true };
    let x = g.add("pixels", Op::Input(input), &[]).unwrap();
    let x = block(&mut g, x, 1, 16, 1.0 / 256.0);
    let x = block(&mut g, x, 16, 32, 1.0 / 4.0);
    let x = g.add("flat", Op::Reshape(Reshape { shape: vec![32 * 49] }), &[x]).unwrap();
    let linear = Op::Linear(Linear { weights: signs(10, 32 * 49), bias: None });
    let x = g.add("fc", linear, &[x]).unwrap();
    let (gain, offset) = (PerChannel::All(1.0), PerChannel::zero());
    let readout = Op::Readout(Readout { kind: ReadoutKind::Mean, gain, offset });
    let y = g.add("logits", readout, &[x]).unwrap();
    g.set_output(y);
    g
}

fn convolutions(c: &mut Criterion) {
    let graph = conv_student();
    let interp = Interp::new(&graph).unwrap();
    let image: Vec<u16> = (0..784).map(|i| ((i * 2_654_435_761_usize) >> 7) as u16 % 256).collect();
    c.bench_function("interp, convolutions, one inference", |b| {
        b.iter(|| interp.run(black_box(&image)).unwrap())
    });
}

criterion_group!(benches, import_student, inference, convolutions);
criterion_main!(benches);

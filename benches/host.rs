// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the host does all day: reading a model, running the reference, running `sim`.
#![allow(missing_docs, clippy::unwrap_used, reason = "the macros' functions")]

mod common;

use std::hint::black_box;

use common::Student;
use criterion::{Criterion, criterion_group, criterion_main};
use synfire::import;
use synfire::interp::Interp;
use synfire::sim::{NoProbe, Sim};

fn import_student(c: &mut Criterion) {
    for exporter in ["dynamo", "legacy"] {
        let path = common::file(&format!("student_{exporter}.onnx"));
        let load = || import::load(black_box(&path), &import::Options::default()).unwrap();
        c.bench_function(&format!("import {exporter}"), |b| b.iter(load));
    }
}

fn inference(c: &mut Criterion) {
    let student = Student::compile();
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

criterion_group!(benches, import_student, inference);
criterion_main!(benches);

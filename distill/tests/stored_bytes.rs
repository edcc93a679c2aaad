// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a rule keeps for the backward pass: bytes allocated and not freed when the loss is
//! asked for, which is the end of the forward pass with its graph alive. Not the memory of
//! the process, and not the peak inside a pass.
#![allow(clippy::unwrap_used, clippy::print_stdout, unsafe_code, reason = "a test")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

use burn::tensor::{Device, Tensor};
use serde_json::json;
use synfire_distill::loss::{Objective, Over, Target, Term};
use synfire_distill::nn::{Model, Signal, rng};
use synfire_distill::rule::{Batch, Rule, Trainee};

/// Counts what is alive.
struct Counting;

static ALIVE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: the system's allocator does all; only sizes are added up.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALIVE.fetch_add(layout.size() as isize, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALIVE.fetch_sub(layout.size() as isize, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const BATCH: usize = 16;
const STEPS: [usize; 4] = [1, 2, 4, 8];

fn network() -> Trainee {
    let norm = json!({ "layer": "norm" });
    let lif = json!({ "layer": "neuron", "neuron": "lif", "leak": 0.2, "detach_reset": true,
                      "surrogate": { "kind": "sigmoid", "slope": 4.0 } });
    let conv = |weights| json!({ "layer": "conv", "channels": 8, "kernel": 3, "padding": 1, "weights": weights });
    let mode = json!({ "layer": "residual", "body": [norm, lif, conv("binary-layer")] });
    let spec = json!({ "input": [1, 14, 14], "stages": [
        { "name": "modes", "layers": [conv("real"), mode, mode, mode] },
        { "name": "head", "layers": [norm, lif, { "layer": "average-pool", "window": 0 },
            { "layer": "linear", "outputs": 10, "weights": "real", "bias": true }] },
    ] });
    let spec = serde_json::from_value(spec).unwrap();
    let device = Device::flex().autodiff();
    Trainee { model: Model::new(&spec, &mut rng(1, 0), &device).unwrap(), extra: vec![] }
}

/// The most that any call of the loss finds alive beyond what was before the step.
fn stored(rule: Rule, steps: usize) -> f64 {
    let device = Device::flex().autodiff();
    let trainee = network();
    let input = Tensor::ones([BATCH, 1, 14, 14], &device).mul_scalar(0.7);
    let target = Target::labels(&[3; BATCH], 10, &device);
    let objective = Objective::of(Term::Label { over: Over::Steps, smoothing: 0.0 });
    let mut most = 0;
    // The first step makes what the library keeps for good.
    for _ in 0..2 {
        let before = ALIVE.load(Relaxed);
        most = 0;
        let input = Signal::held(input.clone());
        let rng = &mut rng(2, 0);
        let batch = Batch { input, steps, binary: true, active: None, rng };
        drop(rule.step(&trainee, batch, &mut |output, _, rng| {
            most = most.max(ALIVE.load(Relaxed) - before);
            objective.value(output, &target, rng)
        }));
    }
    most as f64
}

/// Slope, and the share of the variance that a line explains.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len() as f64;
    let mean = |f: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / n;
    let (mx, my) = (mean(&|p| p.0), mean(&|p| p.1));
    let (xx, yy) = (mean(&|p| (p.0 - mx).powi(2)), mean(&|p| (p.1 - my).powi(2)));
    let xy = mean(&|p| (p.0 - mx) * (p.1 - my));
    (xy / xx, xy * xy / (xx * yy))
}

#[test]
#[ignore = "it measures alone; part of the nightly run"]
fn only_backpropagation_through_time_stores_timesteps() {
    let measure = |rule| STEPS.map(|t| (t as f64, stored(rule, t)));
    let (bptt, sltt, rate) =
        (measure(Rule::Bptt), measure(Rule::Sltt { chosen: None }), measure(Rule::Rate));
    println!("KiB alive at the end of a forward pass, batch {BATCH}");
    println!("{:>5}{:>10}{:>10}{:>10}", "T", "BPTT", "SLTT", "rate");
    for i in 0..STEPS.len() {
        let kib = [bptt, sltt, rate].map(|r| r[i].1 / 1024.0);
        println!("{:>5}{:>10.1}{:>10.1}{:>10.1}", STEPS[i], kib[0], kib[1], kib[2]);
    }
    let (slope, fit) = line(&bptt);
    println!("BPTT: {:.1} KiB a timestep, r² {fit:.5}", slope / 1024.0);
    assert!(fit > 0.999, "r² {fit}");
    assert!(slope * 8.0 > 0.8 * bptt[3].1, "most of it is timesteps");
    for (name, points) in [("SLTT", sltt), ("rate", rate)] {
        // From the second timestep on, SLTT has membranes, held parts and gradients beside.
        let (low, high) = (points[1].1, points[3].1);
        assert!((high / low - 1.0).abs() < 0.01, "{name}: {low} to {high}");
        assert!(points[3].1 < 0.4 * bptt[3].1, "{name}");
    }
}

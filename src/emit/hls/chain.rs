// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A chain in C++: a function a stage, all at work at once.

use askama::Template;

use super::super::quoted;
use super::tables::{self, Table};
use crate::hw::{DenseStage, Design, LifStage, Stage};
use crate::ir::{Compare, Reset};

#[derive(Template)]
#[template(path = "hls/chain.cpp", escape = "none")]
pub(super) struct Top<'a> {
    model: &'a str,
    inputs: u32,
    input_bits: u32,
    nets: Vec<Net>,
    calls: Vec<Call>,
    /// The stream of all bytes of the result.
    last: String,
}

/// A stream between two functions.
struct Net {
    kind: &'static str,
    width: u32,
    name: String,
    /// What it has to hold before the other end reads; 2 if both are at work at once.
    depth: u32,
}

impl Net {
    fn new(kind: &'static str, width: u32, name: String) -> Self {
        Self { kind, width, name, depth: 2 }
    }
}

/// What is called for a stage.
struct Call {
    what: String,
    lines: Vec<String>,
}

/// The number of a reset, as the kernels have it.
pub(super) fn reset(reset: Reset) -> u32 {
    match reset {
        Reset::Soft => 0,
        Reset::SoftDelayed => 1,
        Reset::Hard => 2,
        Reset::None => 3,
        // No engine has it (`hw::stages`).
        Reset::HardDelayed => 4,
    }
}

/// The top function; `result` bytes of what it sends are logits and class.
pub(super) fn top<'a>(design: &Design, model: &'a str, result: u32) -> Top<'a> {
    let mut nets = vec![Net::new("ap_uint", design.input.bits, "d0".into())];
    let (mut calls, mut traced) = (Vec::new(), Vec::new());
    // Items that a stage hands on, a train or T sums each.
    let mut items = design.input.count;
    for (i, stage) in design.stages.iter().enumerate() {
        let (from, to) = (format!("d{i}"), format!("d{}", i + 1));
        let mut lines = Vec::new();
        let what = match stage {
            Stage::Dense(d) => {
                let (ni, no, aw) = (d.inputs(), d.outputs(), d.acc_bits);
                let (xw, tp, zeros) = (d.input_bits, d.time_parallel, d.planes > 1);
                items = no;
                nets.push(Net::new("ap_int", d.output_bits(), to.clone()));
                let params = format!("{ni}, {no}, {}, {xw}, {tp}, {aw}, {zeros}", d.lanes);
                lines.push(format!("sf_dense<{params}>({from}, {to}, weights_{i});"));
                &d.name
            }
            Stage::Planes(p) => {
                items /= p.planes;
                nets.push(Net::new("ap_int", p.sum_bits, to.clone()));
                lines.push(format!("sf_planes<{items}, {}>({from}, {to});", p.planes));
                &p.name
            }
            Stage::Lif(l) => {
                let params = lif_params(l);
                let fired = if design.trace { format!("{to}_fired") } else { to.clone() };
                let arrays = format!("bias_{i}, threshold_{i}");
                lines.push(format!("sf_lif<{params}>({from}, {fired}, {arrays});"));
                nets.push(Net::new("ap_uint", l.timesteps, fired.clone()));
                if design.trace {
                    nets.push(Net::new("ap_uint", l.timesteps, to.clone()));
                    let kept = format!("t{}", traced.len());
                    lines.push(format!("sf_tee<{}>({fired}, {to}, {kept});", l.neurons()));
                    let depth = l.neurons().max(2);
                    nets.push(Net { depth, ..Net::new("ap_uint", l.timesteps, kept) });
                    traced.push(l);
                }
                &l.name
            }
            Stage::Count(w) => {
                let width = u32::BITS - w.leading_zeros();
                nets.push(Net::new("ap_uint", width, to.clone()));
                lines.push(format!("sf_count_ones<{items}>({from}, {to});"));
                "count"
            }
            Stage::Readout(r) => {
                nets.push(Net::new("ap_uint", 8, "r0".into()));
                let params = format!("{}, {}", r.classes(), r.logit_bits);
                let arrays = "readout_gain, readout_offset";
                lines.push(format!("sf_readout<{params}>({from}, r0, {arrays});"));
                &r.name
            }
        };
        calls.push(Call { what: quoted(what), lines });
    }
    let mut bytes = result;
    let mut lines = Vec::new();
    for (k, l) in traced.iter().enumerate() {
        let (next, n) = (k + 1, l.neurons());
        lines.push(format!("sf_append<{bytes}, {n}>(r{k}, t{k}, r{next});"));
        nets.push(Net::new("ap_uint", 8, format!("r{next}")));
        bytes += n * l.timesteps.div_ceil(8);
    }
    if !lines.is_empty() {
        calls.push(Call { what: "the trains of the layers".into(), lines });
    }
    let (inputs, input_bits) = (design.input.count, design.input.bits);
    Top { model, inputs, input_bits, nets, calls, last: format!("r{}", traced.len()) }
}

fn lif_params(l: &LifStage) -> String {
    let strict = l.compare == Compare::Above;
    let neuron = [l.frac, l.leak_num, l.leak_shift, reset(l.reset)].map(|n| n.to_string());
    let neuron = neuron.join(", ");
    let (n, t, vw) = (l.neurons(), l.timesteps, l.membrane_bits);
    format!("{n}, {t}, {vw}, {neuron}, {strict}, {}", l.hold)
}

/// The constants of every stage that has some.
pub(super) fn tables(design: &Design) -> Vec<Table> {
    let mut tables = Vec::new();
    for (i, stage) in design.stages.iter().enumerate() {
        match stage {
            Stage::Dense(d) => {
                tables.push(Table::bits(format!("weights_{i}"), d.lanes, rows(d)));
            }
            Stage::Lif(l) => {
                let (bias, threshold) = (l.bias.iter().copied(), l.threshold.iter().copied());
                let kind = format!("ap_int<{}>", l.bias_bits);
                tables.push(Table::numbers(kind, format!("bias_{i}"), bias));
                let kind = format!("ap_uint<{}>", l.threshold_bits);
                tables.push(Table::numbers(kind, format!("threshold_{i}"), threshold));
            }
            Stage::Readout(r) => tables.extend(tables::readout(r)),
            Stage::Count(_) | Stage::Planes(_) => {}
        }
    }
    tables
}

/// Row g · inputs + i: the weights of input i in group g, lane by lane.
fn rows(d: &DenseStage) -> impl Iterator<Item = impl Iterator<Item = bool>> {
    let groups = (0..d.groups()).flat_map(move |g| (0..d.inputs()).map(move |i| (g, i)));
    groups.map(move |(g, i)| {
        let first = g * d.lanes;
        let outputs = first..first + d.group_size(g);
        outputs.map(move |o| d.weights.get(o as usize, i as usize))
    })
}

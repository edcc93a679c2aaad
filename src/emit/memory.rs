// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Contents of the read-only memories, for `$readmemh`: a word a line.

use super::{File, RTL_DIR};
use crate::hw::{DenseStage, Design, LifStage, ReadoutStage, Stage};

/// Name of the file with the contents of stage `index`.
pub(super) fn name(index: usize) -> String {
    format!("mem_{index}.hex")
}

/// The contents of every stage that has some.
pub(super) fn files(design: &Design) -> Vec<File> {
    let contents = |stage: &Stage| match stage {
        Stage::Dense(d) => Some(weights(d)),
        Stage::Lif(l) => Some(neurons(l)),
        Stage::Readout(r) => Some(gains(r)),
        Stage::Count(_) => None,
    };
    design
        .stages
        .iter()
        .enumerate()
        .filter_map(|(i, s)| Some(File::new(format!("{RTL_DIR}/{}", name(i)), contents(s)?)))
        .collect()
}

/// Word (g · words · 16 + i): bit l is the weight of neuron g · lanes + l for input i.
/// Rows between groups that no input has are zero.
fn weights(d: &DenseStage) -> String {
    let stride = d.words() * 16;
    let mut text = String::new();
    for row in 0..d.depth() {
        let (g, i) = if d.groups() > 1 { (row / stride, row % stride) } else { (0, row) };
        let bit = |lane: u32| {
            lane < d.group_size(g)
                && i < d.inputs()
                && d.weights.get((g * d.lanes + lane) as usize, i as usize)
        };
        text += &hex(d.lanes, bit);
    }
    text
}

/// {threshold, bias}.
fn neurons(l: &LifStage) -> String {
    let bit = |j: usize| {
        move |b: u32| {
            let (value, at) =
                if b < l.bias_bits { (l.bias[j], b) } else { (l.threshold[j], b - l.bias_bits) };
            value >> at & 1 == 1
        }
    };
    (0..l.threshold.len()).map(|j| hex(l.bias_bits + l.threshold_bits, bit(j))).collect()
}

/// {offset, gain}.
fn gains(r: &ReadoutStage) -> String {
    let bit = |c: usize| {
        move |b: u32| {
            let (value, at) =
                if b < r.gain_bits { (r.gain[c], b) } else { (r.offset[c], b - r.gain_bits) };
            value >> at & 1 == 1
        }
    };
    (0..r.gain.len()).map(|c| hex(r.gain_bits + r.offset_bits, bit(c))).collect()
}

/// A word of `width` bits as a line of hexadecimal digits, highest first.
fn hex(width: u32, bit: impl Fn(u32) -> bool) -> String {
    let digit = |d: u32| {
        let nibble = (0..4).fold(0, |n, k| n | u32::from(d * 4 + k < width && bit(d * 4 + k)) << k);
        char::from_digit(nibble, 16).unwrap_or('0')
    };
    (0..width.div_ceil(4)).rev().map(digit).chain(['\n']).collect()
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Contents of the memories: for `$readmemh` a word a line, for SPRAM the bytes to load.

use super::{File, RTL_DIR, WEIGHTS};
use crate::hw::{DenseStage, Design, LifStage, Place, ReadoutStage, Stage};

/// Name of the file with the contents of stage `index`.
pub(super) fn name(index: usize) -> String {
    format!("mem_{index}.hex")
}

/// The contents of every stage that has some; what is loaded is one file.
pub(super) fn files(design: &Design) -> Vec<File> {
    let contents = |stage: &Stage| match stage {
        Stage::Dense(d) if d.place == Place::Spram => None,
        Stage::Dense(d) => Some(weights(d)),
        Stage::Lif(l) => Some(neurons(l)),
        Stage::Readout(r) => Some(gains(r)),
        Stage::Count(_) => None,
    };
    let stages = design.stages.iter().enumerate();
    let named = |(i, s)| Some(File::new(format!("{RTL_DIR}/{}", name(i)), contents(s)?));
    let loaded = load_image(design);
    let loaded = (!loaded.is_empty()).then(|| File::new(WEIGHTS, loaded));
    stages.filter_map(named).chain(loaded).collect()
}

/// Bit `lane` of word (g · words · 16 + i): the weight of neuron g · lanes + lane for input i.
/// Rows between groups that no input has are zero.
fn weight(d: &DenseStage, row: u32, lane: u32) -> bool {
    let stride = d.words() * 16;
    let (g, i) = if d.groups() > 1 { (row / stride, row % stride) } else { (0, row) };
    lane < d.group_size(g)
        && i < d.inputs()
        && d.weights.get((g * d.lanes + lane) as usize, i as usize)
}

fn weights(d: &DenseStage) -> String {
    (0..d.depth()).map(|row| hex(d.lanes, |lane| weight(d, row, lane))).collect()
}

/// The weights that the host loads, in the order in which the memories take them; empty if the
/// bitstream holds all.
#[must_use]
pub fn load_image(design: &Design) -> Vec<u8> {
    design.denses().filter(|d| d.place == Place::Spram).flat_map(image).collect()
}

/// Row by row, the lowest lanes first, eight in a byte.
fn image(d: &DenseStage) -> impl Iterator<Item = u8> {
    let byte = move |row: u32, k: u32| {
        (0..8).fold(0, |b, bit| b | u8::from(weight(d, row, 8 * k + bit)) << bit)
    };
    (0..d.depth()).flat_map(move |row| (0..d.row_bytes()).map(move |k| byte(row, k)))
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

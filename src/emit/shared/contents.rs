// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Contents of the shared core's memories (docs/shared.md, "Weights").

use super::super::memory::hex;
use super::signed_bits;
use crate::hw::shared::{Job, Shared, Source, SumJob, Work};

/// Widths of the words of the two parameter memories.
pub(super) struct Widths {
    pub(super) gain: u32,
    pub(super) offset: u32,
    pub(super) bias: u32,
    pub(super) threshold: u32,
    /// Of a threshold at which currents reset; 0: none does.
    pub(super) theta: u32,
}

/// Sum jobs, in order.
pub(in super::super) fn sums(shared: &Shared) -> impl Iterator<Item = (&Job, &SumJob)> {
    shared.jobs.iter().filter_map(|job| match &job.work {
        Work::Sum(sum) => Some((job, &**sum)),
        Work::Or { .. } => None,
    })
}

/// The widths that every value fits in; one bit to spare where the hardware extends a sign.
pub(super) fn widths(shared: &Shared) -> Widths {
    let widest = |values: &mut dyn Iterator<Item = i64>| values.map(signed_bits).max().unwrap_or(1);
    Widths {
        gain: widest(&mut sums(shared).flat_map(|(_, s)| s.gain.iter().copied())),
        offset: widest(&mut sums(shared).flat_map(|(_, s)| s.offset.iter().copied())),
        bias: widest(&mut shared.fires().flat_map(|(n, _)| n.bias.iter().copied())),
        // Unsigned.
        threshold: widest(&mut shared.fires().flat_map(|(n, _)| n.threshold.iter().copied()))
            .max(2)
            - 1,
        theta: sums(shared)
            .flat_map(|(_, s)| &s.theta)
            .map(|t| signed_bits(*t) - 1)
            .max()
            .unwrap_or(0),
    }
}

/// {threshold of a reset, offset, gain} of every channel, job after job.
pub(super) fn gains(shared: &Shared) -> String {
    let w = widths(shared);
    let word = |(gain, offset): (i64, i64), theta: i64| {
        hex(w.gain + w.offset + w.theta, |b| {
            let (value, at) = match b.checked_sub(w.gain) {
                None => (gain, b),
                Some(b) if b < w.offset => (offset, b),
                Some(b) => (theta, b - w.offset),
            };
            value >> at & 1 == 1
        })
    };
    let of = |s: &SumJob| -> String {
        let scales = s.gain.iter().zip(&s.offset).enumerate();
        scales.map(|(c, (g, o))| word((*g, *o), s.theta.get(c).copied().unwrap_or(0))).collect()
    };
    sums(shared).map(|(_, s)| of(s)).collect()
}

/// {current is the bias alone, current is negated, threshold, bias} of every channel, layer
/// after layer.
pub(super) fn neurons(shared: &Shared) -> String {
    let w = widths(shared);
    let word = |sign: i8, bias: i64, threshold: i64| {
        hex(w.bias + w.threshold + 2, |b| {
            if b < w.bias {
                bias >> b & 1 == 1
            } else if b < w.bias + w.threshold {
                threshold >> (b - w.bias) & 1 == 1
            } else if b == w.bias + w.threshold {
                sign < 0
            } else {
                sign == 0
            }
        })
    };
    let layer = |n: &crate::hw::shared::Neurons| -> String {
        (0..n.threshold.len()).map(|c| word(n.sign[c], n.bias[c], n.threshold[c])).collect()
    };
    shared.fires().map(|(n, _)| layer(n)).collect()
}

/// The weight memory, a word a line.
pub(super) fn weights(shared: &Shared) -> String {
    words(shared).iter().map(|w| hex(shared.weight_bits(), |b| w[b as usize])).collect()
}

/// The weight memory as the host loads it: word by word, the lowest bits first.
pub(in super::super) fn load_image(shared: &Shared) -> Vec<u8> {
    let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    words(shared).iter().flat_map(|w| w.chunks(8).map(byte)).collect()
}

/// Words of the weight memory, the lowest bits first.
fn words(shared: &Shared) -> Vec<Vec<bool>> {
    let empty = vec![false; shared.weight_bits() as usize];
    let mut all = vec![empty; shared.weight_depth() as usize];
    let mut base = 0;
    for (job, length) in shared.jobs.iter().zip(shared.weight_words()) {
        if let Work::Sum(sum) = &job.work {
            for row in 0..shared.rows(job, sum) * shared.groups(job) {
                let lane0 = row % sum.slices * (shared.lanes / sum.slices);
                let word = &mut all[(base + row / sum.slices) as usize][lane0 as usize..];
                word.iter_mut().zip(row_of(shared, job, sum, row)).for_each(|(b, bit)| *b = bit);
            }
        }
        base += length;
    }
    all
}

/// The bits of a row, lane by lane; of whole weights each lane's, the lowest first.
pub(in super::super) fn row_of<'a>(
    shared: &'a Shared,
    job: &'a Job,
    sum: &'a SumJob,
    row: u32,
) -> impl Iterator<Item = bool> + 'a {
    let (words, elements) = shared.words(job.source);
    let [rows, columns] = sum.window;
    let channels = match job.source {
        Source::Input => shared.input.shape[0],
        Source::Trains(m) => shared.trains[m].shape[0],
        Source::Currents(m, _) => shared.currents[m].shape[0],
    };
    // Group, unit, plane, element: the last runs fastest.
    let (rest, element) = (row / elements, row % elements);
    let (rest, plane) = (rest / sum.passes(), rest % sum.passes());
    let units = rows * columns * words;
    let (group, unit) = (rest / units, rest % units);
    let (place, channel) = (unit / words, unit % words * elements + element);
    let width = rows * columns * channels;
    let planes = sum.planes / sum.passes();
    (0..shared.group_size(job, group) * planes).map(move |bit| {
        let (lane, plane) = (bit / planes, plane + bit % planes);
        let output = group * shared.lanes + lane;
        if channel >= channels {
            return false;
        }
        let weight = sum.weights[(output * width + place * channels + channel) as usize];
        if sum.planes == 1 { weight > 0 } else { weight >> plane & 1 == 1 }
    })
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Contents of the memories: for `$readmemh` a word a line, for SPRAM the bytes to load.

use super::{File, RTL_DIR, WEIGHTS};
use crate::hw::{DenseStage, Design, LifStage, Place, ReadoutStage, Split, Stage};

/// Name of the file with the contents of stage `index`, in [`RTL_DIR`].
#[must_use]
pub(super) fn name(index: usize) -> String {
    format!("mem_{index}.hex")
}

/// The file with the margins of a readout that stops early, in [`RTL_DIR`].
pub(super) const MARGINS: &str = "margins.hex";

/// The contents of every stage that has some; what is loaded is one file.
pub(super) fn files(design: &Design) -> Vec<File> {
    let contents = |stage: &Stage| match stage {
        Stage::Dense(d) if d.place == Place::Spram => None,
        Stage::Dense(d) => Some(weights(d)),
        Stage::Lif(l) => Some(neurons(l)),
        Stage::Readout(r) => Some(gains(r)),
        Stage::Count(_) | Stage::Planes(_) => None,
    };
    let stages = design.stages.iter().enumerate();
    let named = |(i, s)| Some(File::new(format!("{RTL_DIR}/{}", name(i)), contents(s)?));
    let margins = design
        .readout()
        .filter(|r| !r.margins.is_empty())
        .map(|r| File::new(format!("{RTL_DIR}/{MARGINS}"), margins(r)));
    let loaded = load_image(design);
    let loaded = (!loaded.is_empty()).then(|| File::new(WEIGHTS, loaded));
    stages.filter_map(named).chain(margins).chain(loaded).collect()
}

/// Bit `lane` of word (g · words · 16 + i): the weight of neuron g · lanes + lane for input i, of
/// the member's part whose groups g counts on. Rows between groups that no input has are zero.
fn weight(d: &DenseStage, row: u32, lane: u32) -> bool {
    let stride = d.words() * 16;
    let (slot, i) = if d.slots() > 1 { (row / stride, row % stride) } else { (0, row) };
    let (member, g) = (slot / d.groups(), slot % d.groups());
    let (outputs, inputs) = match d.split {
        Split::None => (0, 0),
        Split::Outputs(_) => (member * d.part(), 0),
        Split::Inputs(_) => (0, member * d.inputs()),
    };
    lane < d.group_size(g)
        && i < d.inputs()
        && d.weights.get((outputs + g * d.lanes + lane) as usize, (inputs + i) as usize)
}

fn weights(d: &DenseStage) -> String {
    (0..d.depth()).map(|row| hex(d.lanes, |lane| weight(d, row, lane))).collect()
}

/// The weights that the host loads, in the order in which the memories take them; empty if the
/// bitstream holds all.
#[must_use]
pub fn load_image(design: &Design) -> Vec<u8> {
    if let Some(shared) = &design.shared {
        return if shared.weights == Place::Spram {
            super::shared::load_image(shared)
        } else {
            Vec::new()
        };
    }
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
pub(super) fn gains(r: &ReadoutStage) -> String {
    let bit = |(offset, gain): (i64, i64)| {
        move |b: u32| {
            let (value, at) = if b < r.gain_bits { (gain, b) } else { (offset, b - r.gain_bits) };
            value >> at & 1 == 1
        }
    };
    r.words().into_iter().map(|word| hex(r.gain_bits + r.offset_bits, bit(word))).collect()
}

/// How far the largest logit has to be above the others, a word a member.
fn margins(r: &ReadoutStage) -> String {
    let word = |margin: &i64| hex(r.logit_bits, |b| margin >> b & 1 == 1);
    r.margins.iter().map(word).collect()
}

/// A word of `width` bits as a line of hexadecimal digits, highest first.
pub(super) fn hex(width: u32, bit: impl Fn(u32) -> bool) -> String {
    let digit = |d: u32| {
        let nibble = (0..4).fold(0, |n, k| n | u32::from(d * 4 + k < width && bit(d * 4 + k)) << k);
        char::from_digit(nibble, 16).unwrap_or('0')
    };
    (0..width.div_ceil(4)).rev().map(digit).chain(['\n']).collect()
}

/// The words of such a file, the lowest bits first; nothing if it is none.
#[must_use]
pub fn rows(text: &[u8]) -> Option<Vec<Vec<bool>>> {
    let row = |line: &str| {
        let digits = line.trim().chars().rev().map(|c| c.to_digit(16));
        let bits = |d: u32| (0..4).map(move |b| d >> b & 1 == 1);
        Some(digits.collect::<Option<Vec<_>>>()?.into_iter().flat_map(bits).collect())
    };
    std::str::from_utf8(text).ok()?.lines().map(row).collect()
}

/// Files in [`RTL_DIR`] whose contents lie in block RAM, with the layer or the purpose.
#[must_use]
pub fn in_blocks(design: &Design) -> Vec<(String, String)> {
    if let Some(shared) = &design.shared {
        return super::shared::in_blocks(shared, design.family);
    }
    let in_block = |s: &Stage| match s {
        Stage::Dense(d) => d.place == Place::BlockRam,
        Stage::Lif(l) => l.block,
        Stage::Readout(r) => r.block,
        Stage::Count(_) | Stage::Planes(_) => false,
    };
    let stages = design.stages.iter().enumerate().filter(|(_, s)| in_block(s));
    stages.map(|(i, _)| (name(i), format!("stage {i}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::Input;
    use crate::ir::{BitMatrix, Compare, Reset};

    /// Three neurons, two inputs, two lanes: neuron 0 has + −, neuron 1 + +, neuron 2 − +.
    fn dense(name: &str, place: Place) -> DenseStage {
        DenseStage {
            name: name.into(),
            weights: BitMatrix::from_fn(3, 2, |r, c| {
                [[true, false], [true, true], [false, true]][r][c]
            }),
            planes: 1,
            lanes: 2,
            input_bits: 1,
            time_parallel: 1,
            acc_bits: 2,
            place,
            split: crate::hw::Split::None,
        }
    }

    #[test]
    fn weights_lie_row_by_row_lane_by_lane() {
        // Input 0 goes to lanes 0 and 1, input 1 to lane 1; the next group begins at row 16, its
        // only neuron is lane 0. Rows that no input has are zero.
        let want = ["3", "2"].into_iter().chain(["0"; 14]).chain(["0", "1"]);
        assert_eq!(
            weights(&dense("d", Place::Luts)).lines().collect::<Vec<_>>(),
            want.collect::<Vec<_>>()
        );
        // Two digits: lane 4 is the lowest bit of the upper one.
        let wide = DenseStage {
            weights: BitMatrix::from_fn(6, 1, |r, _| r == 0 || r == 4),
            lanes: 6,
            ..dense("w", Place::Luts)
        };
        assert_eq!(weights(&wide), "11\n");
    }

    #[test]
    fn loaded_weights_are_bytes_the_lowest_lanes_first() {
        // 17 inputs: the second group begins at row 32. Ten lanes are two bytes.
        let d = DenseStage {
            weights: BitMatrix::from_fn(11, 17, |r, c| {
                (r, c) == (9, 0) || (r, c) == (0, 1) || r == 10
            }),
            lanes: 10,
            ..dense("d", Place::Spram)
        };
        let bytes: Vec<u8> = image(&d).collect();
        assert_eq!(bytes.len(), 2 * (32 + 17));
        let mut want = vec![0; bytes.len()];
        want[1] = 0b10; // input 0, lane 9
        want[2] = 1; // input 1, lane 0
        (0..17).for_each(|i| want[2 * (32 + i)] = 1);
        assert_eq!(bytes, want);
    }

    fn neuron_stage() -> LifStage {
        LifStage {
            name: "n".into(),
            timesteps: 1,
            hold: true,
            input_bits: 3,
            membrane_bits: 6,
            frac: 0,
            leak_num: 1,
            leak_shift: 0,
            reset: Reset::Soft,
            compare: Compare::AtLeast,
            bias: vec![-3, 4],
            threshold: vec![9, 17],
            bias_bits: 4,
            threshold_bits: 5,
            block: false,
            knobs: false,
            members: 1,
        }
    }

    #[test]
    fn parameters_have_the_bias_and_the_gain_in_the_low_bits() {
        // 01001 1101, 10001 0100
        assert_eq!(neurons(&neuron_stage()), "09d\n114\n");
        let readout = ReadoutStage {
            name: "y".into(),
            input_bits: 3,
            gain: vec![5, 0],
            offset: vec![-2, 3],
            gain_bits: 3,
            offset_bits: 4,
            logit_bits: 8,
            block: false,
            steps: 1,
            members: 1,
            margins: Vec::new(),
        };
        // 1110 101, 0011 000
        assert_eq!(gains(&readout), "75\n18\n");
    }

    #[test]
    fn each_stage_has_its_own_file() {
        let spram = |name| Stage::Dense(dense(name, Place::Spram));
        let design = Design {
            shared: None,
            family: crate::target::Family::Ice40,
            name: "d".into(),
            timesteps: 1,
            input: Input { count: 2, bits: 1, changes: false },
            stages: vec![
                Stage::Dense(dense("a", Place::BlockRam)),
                Stage::Lif(neuron_stage()),
                spram("b"),
                Stage::Count(1),
                spram("c"),
            ],
            trace: false,
            knobs: None,
        };
        let files = files(&design);
        let paths: Vec<_> = files.iter().map(|f| &*f.path).collect();
        assert_eq!(paths, ["rtl/mem_0.hex", "rtl/mem_1.hex", "weights.bin"]);
        let one = image(&dense("b", Place::Spram)).collect::<Vec<_>>();
        assert_eq!(one.len(), 18);
        assert_eq!(files[2].contents, [&one[..], &one[..]].concat());
        assert_eq!(load_image(&design).len(), design.load_bytes() as usize);
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a request may leave out of an inference: the last timesteps, and members of an ensemble.
//!
//! The first bytes of a request say it (`hdl/sf_knobs.v`): the number of timesteps, then a bit a
//! member. Every byte means something: what would leave nothing, or is more than there is, means
//! all.

use serde::{Deserialize, Serialize};

use super::{DenseStage, Design, Stage};
use crate::diag::{Diagnostic, Result, codes};

/// The mask's registers hold so many.
pub const MAX_MEMBERS: u32 = 16;

/// The bit of the first byte that lets members be left out.
const STOP: u8 = 0x80;

/// What a design can leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knobs {
    /// T.
    pub timesteps: u32,
    /// Members of an ensemble; 1: it is none.
    pub members: u32,
    /// Members that come later can be left out once the class is settled.
    pub stops: bool,
}

/// What one inference keeps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// The first so many timesteps, at least 1.
    pub timesteps: u32,
    /// Members, in order, at least one.
    pub members: Vec<u32>,
    /// Members that come later may be left out once the class is settled.
    pub may_stop: bool,
}

/// How an ensemble's members share a dense layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Split {
    /// Not at all.
    #[default]
    None,
    /// Each of so many members has as large a part of the outputs, in groups of its own.
    Outputs(u32),
    /// Each of so many members has as large a part of the inputs; the layer runs once for each.
    Inputs(u32),
}

impl Split {
    /// Members; 1 if there are none.
    #[must_use]
    pub fn members(self) -> u32 {
        match self {
            Self::None => 1,
            Self::Outputs(n) | Self::Inputs(n) => n,
        }
    }
}

impl Knobs {
    /// Bytes of a request before its inputs.
    #[must_use]
    pub fn bytes(self) -> usize {
        1 + if self.members > 1 { self.members.div_ceil(8) as usize } else { 0 }
    }

    /// Nothing left out.
    #[must_use]
    pub fn all(self) -> Kept {
        Kept { timesteps: self.timesteps, members: (0..self.members).collect(), may_stop: false }
    }

    /// What the first bytes of a request mean; those that are missing are 0.
    #[must_use]
    pub fn read(self, bytes: &[u8]) -> Kept {
        let byte = |k: usize| bytes.get(k).copied().unwrap_or(0);
        let (steps, all) = (u32::from(byte(0) & !STOP), self.all());
        let on = |m: &u32| byte(1 + *m as usize / 8) >> (m % 8) & 1 == 1;
        let members: Vec<u32> = (0..self.members).filter(on).collect();
        Kept {
            timesteps: if (1..=self.timesteps).contains(&steps) { steps } else { self.timesteps },
            members: if self.members == 1 || members.is_empty() { all.members } else { members },
            may_stop: self.stops && byte(0) & STOP != 0,
        }
    }

    /// The first bytes of a request that mean this.
    #[must_use]
    pub fn header(self, kept: &Kept) -> Vec<u8> {
        let mut bytes = vec![0; self.bytes()];
        if let Some(first) = bytes.first_mut() {
            *first = kept.timesteps as u8 | if kept.may_stop { STOP } else { 0 };
        }
        for m in kept.members.iter().filter(|_| self.members > 1) {
            if let Some(byte) = bytes.get_mut(1 + *m as usize / 8) {
                *byte |= 1 << (m % 8);
            }
        }
        bytes
    }
}

/// Gives a chain its knobs: timesteps, and these members, each an equal part of the last layer
/// that fires.
///
/// # Errors
/// SF0410 if the members are no equal parts of a layer with one behind it.
pub(super) fn give(design: &mut Design, members: u32) -> Result<()> {
    let refused = |message: String| {
        Err(Diagnostic::new(&codes::HW_UNSUPPORTED, message)
            .at(design.name.clone())
            .help("leave --knobs out; `--keep-members` leaves members out for good"))
    };
    if members > MAX_MEMBERS {
        return refused(format!("{members} members; a request tells up to {MAX_MEMBERS} apart"));
    }
    design.knobs = Some(Knobs { timesteps: design.timesteps, members, stops: false });
    let timesteps = design.timesteps;
    if let Some(Stage::Readout(readout)) = design.stages.last_mut() {
        readout.steps = timesteps;
        readout.members = members;
    }
    for stage in &mut design.stages {
        if let Stage::Lif(lif) = stage {
            lif.knobs = true;
        }
    }
    if members == 1 {
        return Ok(());
    }
    let is_lif = |s: &Stage| matches!(s, Stage::Lif(_));
    let Some(last) = design.stages.iter().rposition(is_lif) else {
        return refused("no layer fires".into());
    };
    let (before, behind) = design.stages.split_at_mut(last);
    let [Stage::Lif(lif), behind @ ..] = behind else { return Ok(()) };
    let parts = |n: u32| n.is_multiple_of(members);
    let head = behind.iter_mut().find_map(|s| if let Stage::Dense(d) = s { Some(d) } else { None });
    let (Some(Stage::Dense(layer)), Some(head)) = (before.last_mut(), head) else {
        return refused("the members' neurons are not between two dense layers".into());
    };
    if !parts(lif.neurons()) {
        let message = format!("{} neurons are no {members} members of one size", lif.neurons());
        return refused(message);
    }
    lif.members = members;
    layer.split = Split::Outputs(members);
    head.split = Split::Inputs(members);
    // A member's counts alone are added up at a time.
    let largest = u64::from(timesteps) * u64::from(head.inputs());
    head.acc_bits = super::stages::bits_for(largest);
    let (planes, width) = (head.planes, head.output_bits());
    if let Some(Stage::Planes(p)) = behind.iter_mut().find(|s| matches!(s, Stage::Planes(_))) {
        (p.input_bits, p.sum_bits) = (width, width - 1 + planes);
    }
    Ok(())
}

/// Lets members be left out that come after those by which the class is settled: `margins` after
/// each member, or where none are given those that no member can make up for.
///
/// # Errors
/// SF0410 if the model has no members, or one class.
pub(super) fn stop(design: &mut Design, margins: Option<&[i64]>) -> Result<()> {
    let (lossless, name) = (lossless(design), design.name.clone());
    let refused = |message: &str| {
        Err(Diagnostic::new(&codes::HW_UNSUPPORTED, message)
            .at(name)
            .help("leave --stop-early out"))
    };
    let Some(knobs) = design.knobs.as_mut().filter(|k| k.members > 1) else {
        return refused("the model has no members that could be left out");
    };
    let members = knobs.members as usize;
    let Some(Stage::Readout(readout)) = design.stages.last_mut().filter(|_| lossless.is_some())
    else {
        return refused("no layer weighs what the members give");
    };
    if readout.classes() < 2 {
        return refused("the model has one class: it is settled before anything runs");
    }
    knobs.stops = true;
    // The largest difference that there can be is never exceeded.
    let most = (1i64 << readout.logit_bits) - 1;
    let mut margins = margins.map_or_else(|| lossless.unwrap_or_default(), <[i64]>::to_vec);
    margins.resize(members, most);
    readout.margins = margins.iter().map(|m| (*m).clamp(0, most)).collect();
    Ok(())
}

/// After each member, the most by which those behind it can change the difference of two logits,
/// whichever run: for each neuron at most T spikes, for or against.
fn lossless(design: &Design) -> Option<Vec<i64>> {
    let head = design.denses().find(|d| matches!(d.split, Split::Inputs(_)))?;
    let gain = &design.readout()?.gain;
    let members = head.split.members();
    let spikes = i64::from(design.timesteps);
    let weighed: Vec<Vec<i64>> = (0..gain.len())
        .map(|c| (0..head.weights.cols()).map(|i| gain[c] * head.weight(c, i)).collect())
        .collect();
    let of_member = |m: u32| {
        let inputs = (m * head.inputs()) as usize..((m + 1) * head.inputs()) as usize;
        let gained = |one: &[i64], other: &[i64]| -> i64 {
            let pairs = one[inputs.clone()].iter().zip(&other[inputs.clone()]);
            pairs.map(|(a, b)| (a - b).max(0)).sum::<i64>() * spikes
        };
        let pairs = weighed.iter().flat_map(|a| weighed.iter().map(move |b| (a, b)));
        pairs.map(|(a, b)| gained(a, b)).max().unwrap_or(0)
    };
    let each: Vec<i64> = (0..members).map(of_member).collect();
    Some((1..=each.len()).map(|after| each[after..].iter().sum()).collect())
}

impl DenseStage {
    /// The weight of a neuron for an input, of all members.
    #[must_use]
    pub fn weight(&self, neuron: usize, input: usize) -> i64 {
        if self.planes == 1 {
            return if self.weights.get(neuron, input) { 1 } else { -1 };
        }
        let planes = self.planes as usize;
        let bit = |k: usize| i64::from(self.weights.get(neuron * planes + k, input));
        (1..planes).fold(-bit(0), |sum, k| 2 * sum + bit(k))
    }

    /// Outputs that one member has; all, if the members do not share them.
    #[must_use]
    pub fn part(&self) -> u32 {
        match self.split {
            Split::Outputs(n) => self.outputs() / n,
            _ => self.outputs(),
        }
    }

    /// Groups of all members.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.groups() * self.split.members()
    }

    /// Are inputs kept to go through them again?
    #[must_use]
    pub fn replays(&self) -> bool {
        self.groups() > 1 || matches!(self.split, Split::Outputs(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::tests::{NET, board, graph};
    use crate::hw::{Options, Stop, lower};

    fn kept(timesteps: u32, members: &[u32], may_stop: bool) -> Kept {
        Kept { timesteps, members: members.to_vec(), may_stop }
    }

    #[test]
    fn every_byte_means_something() {
        let knobs = Knobs { timesteps: 4, members: 9, stops: true };
        assert_eq!(knobs.bytes(), 3);
        let all: Vec<u32> = (0..9).collect();
        for (bytes, want) in [
            ([0, 0, 0], kept(4, &all, false)),
            ([3, 0b101, 1], kept(3, &[0, 2, 8], false)),
            // More timesteps than there are, members that there are not.
            ([5, 0, 0xfe], kept(4, &all, false)),
            ([0x81, 0x80, 2], kept(1, &[7], true)),
            ([0x80, 0, 0], kept(4, &all, true)),
        ] {
            assert_eq!(knobs.read(&bytes), want, "{bytes:?}");
            assert_eq!(knobs.read(&knobs.header(&want)), want);
        }
        assert_eq!(knobs.header(&kept(2, &[1, 8], true)), [0x82, 2, 1]);
        // Without members there is no mask, and who cannot stop does not.
        let alone = Knobs { timesteps: 16, members: 1, stops: false };
        assert_eq!((alone.bytes(), alone.header(&alone.all())), (1, vec![16]));
        assert_eq!(alone.read(&[0x83, 7]), kept(3, &[0], false));
        assert_eq!(alone.read(&[]), alone.all());
    }

    fn with(members: u32, stop: Option<Stop>) -> Result<Design> {
        let options = Options { knobs: Some(members), stop, ..Options::default() };
        Ok(lower(&graph(NET), &board(), &options)?.0)
    }

    #[test]
    fn members_are_equal_parts_of_the_last_neurons() {
        // Five neurons behind six.
        let design = with(5, None).unwrap();
        let splits: Vec<Split> = design.denses().map(|d| d.split).collect();
        assert_eq!(splits, [Split::None, Split::Outputs(5), Split::Inputs(5)]);
        let heads: Vec<(u32, u32)> = design.denses().map(|d| (d.part(), d.inputs())).collect();
        assert_eq!(heads, [(6, 20), (1, 6), (3, 1)]);
        // Counts up to 3 of one neuron at a time.
        assert_eq!(design.denses().last().unwrap().acc_bits, 2);
        assert_eq!((design.input_values(), design.input_bytes()), (22, 22));
        let why = |members| with(members, None).unwrap_err();
        assert!(why(2).message.contains("5 neurons are no 2 members of one size"));
        assert!(why(17).message.contains("up to 16"));
        assert_eq!(with(1, None).unwrap().input_bytes(), 21);
    }

    /// Three classes with gains 5, 7 and 0 and weights of −1 alone, three timesteps: of one neuron
    /// class 2 may gain 7 · 3 on class 1.
    #[test]
    fn margins_are_what_the_others_could_change() {
        let margins = |stop| with(5, Some(stop)).unwrap().readout().unwrap().margins.clone();
        assert_eq!(margins(Stop::Lossless), [84, 63, 42, 21, 0]);
        // 9 bits; the last one is not read.
        assert_eq!(margins(Stop::Margins(vec![1, 2, 3, 9999])), [1, 2, 3, 511, 511]);
        let why = with(1, Some(Stop::Lossless)).unwrap_err();
        assert!(why.message.contains("no members"), "{why}");
    }
}

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

/// What a design can leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knobs {
    /// T.
    pub timesteps: u32,
    /// Members of an ensemble; 1: it is none.
    pub members: u32,
}

/// What one inference keeps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// The first so many timesteps, at least 1.
    pub timesteps: u32,
    /// Members, in order, at least one.
    pub members: Vec<u32>,
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
        Kept { timesteps: self.timesteps, members: (0..self.members).collect() }
    }

    /// What the first bytes of a request mean; those that are missing are 0.
    #[must_use]
    pub fn read(self, bytes: &[u8]) -> Kept {
        let byte = |k: usize| bytes.get(k).copied().unwrap_or(0);
        let (steps, all) = (u32::from(byte(0)), self.all());
        let on = |m: &u32| byte(1 + *m as usize / 8) >> (m % 8) & 1 == 1;
        let members: Vec<u32> = (0..self.members).filter(on).collect();
        Kept {
            timesteps: if (1..=self.timesteps).contains(&steps) { steps } else { self.timesteps },
            members: if self.members == 1 || members.is_empty() { all.members } else { members },
        }
    }

    /// The first bytes of a request that mean this.
    #[must_use]
    pub fn header(self, kept: &Kept) -> Vec<u8> {
        let mut bytes = vec![0; self.bytes()];
        if let Some(first) = bytes.first_mut() {
            *first = kept.timesteps as u8;
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
    design.knobs = Some(Knobs { timesteps: design.timesteps, members });
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

impl DenseStage {
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

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Faults of the serial line, the same for the same seed.

use std::time::Duration;

use serde::Serialize;
use synfire_link::DELIMITER;

use crate::data::random_number;

/// What happens to the bytes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A byte is lost.
    Drop,
    /// A byte comes twice.
    Double,
    /// A byte becomes another one.
    Flip,
    /// The line is cut for the rest of the frame.
    Cut,
    /// The frame comes late; an answer, always.
    Stall,
}

/// Which frame is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// What the host sent.
    Request,
    /// What the board sends.
    Answer,
}

/// A fault that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Number of the frame that the host sent, from 1.
    pub frame: u64,
    /// Which of both frames.
    pub on: On,
    /// What happened.
    pub kind: Kind,
    /// At which byte of the frame, delimiter included.
    pub at: usize,
    /// Milliseconds that the answer comes late.
    pub late_ms: u64,
    /// Are the same frames read as without it? So with a delimiter that comes twice, and with all
    /// that is only late.
    pub is_harmless: bool,
}

/// Requests between two faults, at most.
const APART: u64 = 5;
/// Milliseconds of a stall: from what a host hardly sees to what it gives up on.
const STALL_MS: std::ops::Range<u64> = 20..400;

/// Faults to come.
#[derive(Debug, Clone)]
pub struct Faults {
    left: u64,
    seed: u64,
    /// Random numbers taken.
    taken: u64,
    /// Frames seen, and the one that the next fault hits.
    frame: u64,
    next: u64,
}

impl Faults {
    /// So many of them, 1 to 5 frames apart.
    #[must_use]
    pub fn new(count: u64, seed: u64) -> Self {
        let mut faults = Self { left: count, seed, taken: 0, frame: 0, next: 0 };
        faults.next = 1 + faults.below(APART);
        faults
    }

    fn below(&mut self, n: u64) -> u64 {
        self.taken += 1;
        random_number(self.seed, self.taken) % n.max(1)
    }

    /// Counts a frame of the host; which part of this exchange is hit, if any.
    pub(super) fn exchange(&mut self) -> Option<(On, Kind)> {
        self.frame += 1;
        if self.left == 0 || self.frame < self.next {
            return None;
        }
        self.left -= 1;
        self.next = self.frame + 1 + self.below(APART);
        let kind =
            [Kind::Drop, Kind::Double, Kind::Flip, Kind::Cut, Kind::Stall][self.below(5) as usize];
        let on = [On::Request, On::Answer][self.below(2) as usize];
        Some((if kind == Kind::Stall { On::Answer } else { on }, kind))
    }

    /// Damages a frame that ends in its delimiter.
    pub(super) fn damage(&mut self, frame: &mut Vec<u8>, on: On, kind: Kind) -> Fault {
        let at = self.below(frame.len() as u64) as usize;
        let (before, mut late_ms) = (frame.clone(), 0);
        match kind {
            Kind::Drop => drop(frame.remove(at)),
            Kind::Double => frame.insert(at, before[at]),
            Kind::Flip => frame[at] ^= 1 + self.below(255) as u8,
            Kind::Cut => frame.truncate(at),
            Kind::Stall => late_ms = STALL_MS.start + self.below(STALL_MS.end - STALL_MS.start),
        }
        let is_harmless = read(&before) == read(frame);
        Fault { frame: self.frame, on, kind, at, late_ms, is_harmless }
    }
}

impl Fault {
    /// How late the answer is.
    #[must_use]
    pub fn late(&self) -> Duration {
        Duration::from_millis(self.late_ms)
    }
}

/// The frames that a receiver sees, and what is left over.
fn read(line: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut frames: Vec<_> = line.split(|b| *b == DELIMITER).collect();
    let rest = frames.pop().unwrap_or_default();
    frames.retain(|f| !f.is_empty());
    (frames, rest)
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The memories of the processor, with the addresses of docs/shared.md: maps that lie where
//! they should not spoil each other here, too.

use crate::hw::Design;
use crate::hw::shared::{Bank, Shared, Source};

/// What the memories hold during one inference. They begin with zeros; hardware has what the
/// inference before left, which no job reads.
pub(super) struct Memory {
    /// Levels, or trains; one a word.
    pub(super) input: Vec<u32>,
    /// Trains, E to a word.
    pub(super) trains: Vec<u32>,
    /// Per word of `trains`: how many are not zero.
    pub(super) events: Vec<u32>,
    /// Both banks; a value a word.
    pub(super) currents: [Vec<i64>; 2],
    /// E.
    pack: usize,
}

impl Memory {
    pub(super) fn new(design: &Design, shared: &Shared) -> Self {
        let (words, pack) = (shared.train_depth() as usize, shared.pack as usize);
        let depth = |bank| {
            let maps = shared.currents.iter().filter(|m| m.bank == bank);
            vec![0; maps.map(|m| m.base + m.depth(design.timesteps)).max().unwrap_or(0) as usize]
        };
        Self {
            input: vec![0; shared.input.depth() as usize],
            trains: vec![0; words * pack],
            events: vec![0; words],
            currents: [depth(Bank::A), depth(Bank::B)],
            pack,
        }
    }

    /// Writes a train; `element` counts from the first element of word 0.
    pub(super) fn write_train(&mut self, element: usize, train: u32) {
        let events = &mut self.events[element >> self.pack.trailing_zeros()];
        let place = &mut self.trains[element];
        *events += u32::from(train != 0);
        *events -= u32::from(*place != 0);
        *place = train;
    }

    /// The trains of a word.
    pub(super) fn word(&self, word: usize) -> &[u32] {
        &self.trains[word * self.pack..][..self.pack]
    }
}

/// Where the words of a framed map lie.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Grid {
    /// The word of channel 0, row 0, column 0.
    first: usize,
    /// Words from one row to the next.
    row: usize,
    /// Words of a place.
    pub(super) place: usize,
}

impl Grid {
    /// The input map, or a map of trains; none for currents.
    pub(super) fn of(shared: &Shared, source: Source) -> Option<Self> {
        let (first, pitch, place) = match source {
            Source::Input => {
                let map = &shared.input;
                (map.first(), map.pitch(), map.shape[0])
            }
            Source::Trains(m) => {
                let map = &shared.trains[m];
                (map.base + map.first(shared.pack), map.pitch(), map.words(shared.pack))
            }
            Source::Currents(..) => return None,
        };
        let place = place as usize;
        Some(Self { first: first as usize, row: pitch as usize * place, place })
    }

    /// First word of a place; negative rows and columns lie in the frame.
    pub(super) fn at(&self, row: i64, column: i64) -> usize {
        (self.first as i64 + row * self.row as i64 + column * self.place as i64) as usize
    }
}

/// Where the values of a map of currents lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane {
    /// Which of [`Memory::currents`].
    pub(super) bank: usize,
    base: usize,
    shape: [usize; 3],
    timesteps: usize,
}

impl Plane {
    pub(super) fn of(design: &Design, shared: &Shared, map: usize) -> Self {
        let map = &shared.currents[map];
        Self {
            bank: usize::from(map.bank == Bank::B),
            base: map.base as usize,
            shape: map.shape.map(|n| n as usize),
            timesteps: design.timesteps as usize,
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.shape[0]
    }

    /// Address of timestep 0 of channel 0 at a place; T words further that of the next channel.
    pub(super) fn at(&self, row: usize, column: usize) -> usize {
        let [channels, _, columns] = self.shape;
        self.base + (row * columns + column) * channels * self.timesteps
    }
}

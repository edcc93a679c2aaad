// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The memories of the processor, with the addresses of docs/shared.md: maps that lie where
//! they should not spoil each other here, too.

use crate::hw::Design;
use crate::hw::shared::{Bank, Shared, Source};

/// What is kept from one chunk of timesteps to the next, in the order in which it is computed.
#[derive(Default)]
pub(super) struct States {
    /// Is there a chunk that follows?
    used: bool,
    kept: Vec<i64>,
    next: usize,
}

impl States {
    fn new(chunks: u32) -> Self {
        Self { used: chunks > 1, ..Self::default() }
    }

    /// A chunk begins.
    pub(super) fn rewind(&mut self) {
        self.next = 0;
    }

    /// What was kept of the next one; 0 in the first chunk.
    pub(super) fn before(&self) -> i64 {
        self.kept.get(self.next).copied().unwrap_or(0)
    }

    /// Keeps it for the chunk that follows.
    pub(super) fn keep(&mut self, value: i64) {
        if !self.used {
            return;
        }
        match self.kept.get_mut(self.next) {
            Some(place) => *place = value,
            None => self.kept.push(value),
        }
        self.next += 1;
    }
}

/// What the memories hold during one inference. They begin with zeros; hardware has what the
/// inference before left, which no job reads.
pub(super) struct Memory {
    /// Levels, or trains, chunk by chunk.
    pub(super) input: Vec<u32>,
    /// Inputs of a chunk, and the first one of the chunk that is computed.
    pub(super) input_chunk: usize,
    pub(super) input_base: usize,
    /// Membranes, and the sums of the readout.
    pub(super) membranes: States,
    pub(super) sums: States,
    /// Currents that leak.
    pub(super) integrators: States,
    /// Trains, E to a word.
    pub(super) trains: Vec<u32>,
    /// Per word of `trains`: which ones are not zero, a bit each, and how many.
    pub(super) lit: Vec<u64>,
    pub(super) events: Vec<u32>,
    /// Both banks; a value a word.
    pub(super) currents: [Vec<i64>; 2],
    /// E.
    pack: usize,
}

impl Memory {
    pub(super) fn new(design: &Design, shared: &Shared) -> Self {
        let (words, pack) = (shared.train_depth() as usize, shared.pack as usize);
        let depth = |bank| vec![0; shared.bank_depth(bank) as usize];
        Self {
            input: vec![0; (design.input_words() * shared.input.pack) as usize],
            input_chunk: if design.input.changes {
                (shared.input.depth() * shared.input.pack) as usize
            } else {
                0
            },
            input_base: 0,
            membranes: States::new(design.chunks()),
            sums: States::new(design.chunks()),
            integrators: States::new(design.chunks()),
            trains: vec![0; words * pack],
            lit: vec![0; words],
            events: vec![0; words],
            currents: [depth(Bank::A), depth(Bank::B)],
            pack,
        }
    }

    /// Chunk number `chunk` begins. Trains need no place of their own here: the hardware that
    /// keeps those of every chunk reads and writes the chunk's alone.
    pub(super) fn begin(&mut self, chunk: usize) {
        self.input_base = chunk * self.input_chunk;
        self.membranes.rewind();
        self.sums.rewind();
        self.integrators.rewind();
    }

    /// Writes a train; `element` counts from the first element of word 0.
    pub(super) fn write_train(&mut self, element: usize, train: u32) {
        let word = element >> self.pack.trailing_zeros();
        let bit = 1 << (element & (self.pack - 1));
        let lit = &mut self.lit[word];
        let was = *lit & bit != 0;
        *lit = if train != 0 { *lit | bit } else { *lit & !bit };
        self.events[word] += u32::from(train != 0);
        self.events[word] -= u32::from(was);
        self.trains[element] = train;
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
                (map.first(), map.pitch(), map.words())
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
    width: usize,
}

impl Plane {
    pub(super) fn of(shared: &Shared, map: usize) -> Self {
        let (width, map) = (shared.width as usize, &shared.currents[map]);
        Self {
            bank: usize::from(map.bank == Bank::B),
            base: map.base as usize,
            shape: map.shape.map(|n| n as usize),
            width,
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.shape[0]
    }

    /// Address of the first timestep of channel 0 at a place; C words further that of the next
    /// channel.
    pub(super) fn at(&self, row: usize, column: usize) -> usize {
        let [channels, _, columns] = self.shape;
        self.base + (row * columns + column) * channels * self.width
    }
}

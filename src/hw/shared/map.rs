// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Maps: `[channels, height, width]` in memory, row by row, place by place, channels innermost.
//!
//! A map that a padded window sees has a frame of zeros, which nothing ever writes: `halo` rows
//! above it, as many below, and `halo` columns left of each row; the columns right of a row are
//! those left of the next one. Behind the last row lie as many words as a row's frame.

/// Where the host's inputs go: a word an input, or E spike trains of a vector to a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputMap {
    /// Channels, rows, columns.
    pub shape: [u32; 3],
    /// Width of the frame of zeros, in places.
    pub halo: u32,
    /// Bits of an input: of a level, or of a chunk's part of a train.
    pub bits: u32,
    /// Inputs to a word: 1, or E as in a train map.
    pub pack: u32,
    /// True if inputs are spike trains, timestep 0 lowest: the input changes over time.
    pub trains: bool,
}

/// Spike trains: E channels to a word, C bits each, the first timestep lowest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainMap {
    /// Channels, rows, columns.
    pub shape: [u32; 3],
    /// Width of the frame of zeros, in places.
    pub halo: u32,
    /// First word of the region, frame included.
    pub base: u32,
}

/// One of the two memories of currents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bank {
    /// The first.
    A,
    /// The second.
    B,
}

/// Currents: C words an element, the first timestep first. No frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentMap {
    /// Channels, rows, columns.
    pub shape: [u32; 3],
    /// The memory; a job reads and writes in different ones.
    pub bank: Bank,
    /// First word.
    pub base: u32,
}

/// Places of a framed map: from one row to the next, before the first element, in all.
fn framed(shape: [u32; 3], halo: u32) -> (u32, u32, u32) {
    let pitch = shape[2] + halo;
    let first = halo * pitch + halo;
    (pitch, first, (shape[1] + 2 * halo) * pitch + halo)
}

impl InputMap {
    /// The largest value of an input at a timestep.
    #[must_use]
    pub fn largest(&self) -> u32 {
        if self.trains { 1 } else { (1 << self.bits) - 1 }
    }

    /// Words of a place.
    #[must_use]
    pub fn words(&self) -> u32 {
        self.shape[0].div_ceil(self.pack)
    }

    /// Bits of a word.
    #[must_use]
    pub fn word_bits(&self) -> u32 {
        self.bits * self.pack
    }

    /// Places from one row to the next.
    #[must_use]
    pub fn pitch(&self) -> u32 {
        framed(self.shape, self.halo).0
    }

    /// Words before that of channel 0, row 0, column 0.
    #[must_use]
    pub fn first(&self) -> u32 {
        framed(self.shape, self.halo).1 * self.words()
    }

    /// Words of the map; of trains those of one chunk.
    #[must_use]
    pub fn depth(&self) -> u32 {
        framed(self.shape, self.halo).2 * self.words()
    }
}

impl TrainMap {
    /// Words of a place, with `pack` channels to a word.
    #[must_use]
    pub fn words(&self, pack: u32) -> u32 {
        self.shape[0].div_ceil(pack)
    }

    /// Places from one row to the next.
    #[must_use]
    pub fn pitch(&self) -> u32 {
        framed(self.shape, self.halo).0
    }

    /// Words from the region's first to that of channel 0, row 0, column 0.
    #[must_use]
    pub fn first(&self, pack: u32) -> u32 {
        framed(self.shape, self.halo).1 * self.words(pack)
    }

    /// Words of the region.
    #[must_use]
    pub fn depth(&self, pack: u32) -> u32 {
        framed(self.shape, self.halo).2 * self.words(pack)
    }
}

impl CurrentMap {
    /// Words of the map.
    #[must_use]
    pub fn depth(&self, width: u32) -> u32 {
        self.shape.iter().product::<u32>() * width
    }
}

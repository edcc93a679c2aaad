// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Values of a stream at one timestep.

use crate::ir::{Kind, Stream};

/// One bit an element, 64 to a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    /// Lowest element in the lowest bit.
    pub words: Vec<u64>,
    /// Number of elements.
    pub len: usize,
}

impl Bitmap {
    /// Packs booleans.
    pub fn from_iter(bits: impl ExactSizeIterator<Item = bool>) -> Self {
        let len = bits.len();
        let mut words = vec![0; len.div_ceil(64)];
        for (i, bit) in bits.enumerate() {
            words[i / 64] |= u64::from(bit) << (i % 64);
        }
        Self { words, len }
    }

    /// Unpacks to booleans.
    #[must_use]
    pub fn to_bools(&self) -> Vec<bool> {
        (0..self.len).map(|i| self.words[i / 64] >> (i % 64) & 1 == 1).collect()
    }
}

/// Values of a stream at one timestep.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Real numbers.
    Real(Vec<f64>),
    /// 0 or 1.
    Spikes(Bitmap),
    /// Unsigned integers as bit planes, lowest first.
    Levels(Vec<Bitmap>),
    /// Signed integers.
    Integers(Vec<i64>),
}

impl Value {
    /// Packs levels of `bits` bits; one bit makes spikes.
    #[must_use]
    pub fn from_levels(levels: &[u16], bits: u32) -> Self {
        let plane = |b: u32| Bitmap::from_iter(levels.iter().map(|v| v >> b & 1 == 1));
        if bits == 1 {
            Self::Spikes(plane(0))
        } else {
            Self::Levels((0..bits).map(plane).collect())
        }
    }

    /// Integers in the form that a stream of this kind has.
    #[must_use]
    pub fn pack(kind: Kind, v: Vec<i64>) -> Self {
        let plane = |b: u32| Bitmap::from_iter(v.iter().map(|v| v >> b & 1 == 1));
        match kind {
            Kind::Spikes => Self::Spikes(plane(0)),
            Kind::Levels { bits } => Self::Levels((0..bits).map(plane).collect()),
            Kind::Current { .. } => Self::Integers(v),
            Kind::Real => Self::Real(v.into_iter().map(|v| v as f64).collect()),
        }
    }

    /// Nothing but zeros, as a stream has it before anything has arrived.
    #[must_use]
    pub fn zeros(stream: &Stream) -> Self {
        Self::pack(stream.kind, vec![0; stream.len()])
    }

    /// The elements at these places; zero where there is none.
    #[must_use]
    pub fn gather(&self, places: &[Option<usize>]) -> Self {
        let bits = |from: &Bitmap| {
            let bit =
                |p: &Option<usize>| p.is_some_and(|p| from.words[p / 64] >> (p % 64) & 1 == 1);
            Bitmap::from_iter(places.iter().map(bit))
        };
        match self {
            Self::Spikes(b) => Self::Spikes(bits(b)),
            Self::Levels(planes) => Self::Levels(planes.iter().map(bits).collect()),
            Self::Integers(v) => {
                Self::Integers(places.iter().map(|p| p.map_or(0, |p| v[p])).collect())
            }
            Self::Real(v) => Self::Real(places.iter().map(|p| p.map_or(0.0, |p| v[p])).collect()),
        }
    }

    /// As real numbers.
    #[must_use]
    pub fn to_reals(&self) -> Vec<f64> {
        match self {
            Self::Real(v) => v.clone(),
            other => other.to_integers().into_iter().map(|v| v as f64).collect(),
        }
    }

    /// As integers; real numbers have none and give an empty vector.
    #[must_use]
    pub fn to_integers(&self) -> Vec<i64> {
        match self {
            Self::Real(_) => Vec::new(),
            Self::Integers(v) => v.clone(),
            Self::Spikes(b) => b.to_bools().into_iter().map(i64::from).collect(),
            Self::Levels(planes) => {
                let len = planes.first().map_or(0, |p| p.len);
                let bit = |p: &Bitmap, i: usize| (p.words[i / 64] >> (i % 64) & 1) as i64;
                (0..len)
                    .map(|i| planes.iter().enumerate().map(|(b, p)| bit(p, i) << b).sum())
                    .collect()
            }
        }
    }
}

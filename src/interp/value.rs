// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Values of a stream at one timestep.

use super::planes;
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
    pub fn from_iter(mut bits: impl ExactSizeIterator<Item = bool>) -> Self {
        let len = bits.len();
        let next = |_| {
            let word = bits.by_ref().take(64).enumerate();
            word.fold(0, |word, (i, bit)| word | u64::from(bit) << i)
        };
        Self { words: (0..len.div_ceil(64)).map(next).collect(), len }
    }

    /// Unpacks to booleans.
    #[must_use]
    pub fn to_bools(&self) -> Vec<bool> {
        (0..self.len).map(|i| self.words[i / 64] >> (i % 64) & 1 == 1).collect()
    }

    /// `count` ≤ 64 bits from `at` on, the first in the lowest bit.
    #[inline]
    pub(super) fn get(&self, at: usize, count: usize) -> u64 {
        let (word, shift) = (at / 64, at % 64);
        let mut bits = self.words[word] >> shift;
        if shift + count > 64 {
            bits |= self.words[word + 1] << (64 - shift);
        }
        if count < 64 { bits & ((1 << count) - 1) } else { bits }
    }

    /// Sets `count` ≤ 64 bits that are 0, from `at` on.
    #[inline]
    pub(super) fn set(&mut self, at: usize, bits: u64, count: usize) {
        let (word, shift) = (at / 64, at % 64);
        self.words[word] |= bits << shift;
        if shift + count > 64 {
            self.words[word + 1] |= bits >> (64 - shift);
        }
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
        let mut planes = planes::of(levels, bits as usize);
        if bits == 1 { Self::Spikes(planes.remove(0)) } else { Self::Levels(planes) }
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

    /// `len` zeros of the same form.
    pub(super) fn blank(&self, len: usize) -> Self {
        let bits = || Bitmap { words: vec![0; len.div_ceil(64)], len };
        match self {
            Self::Real(_) => Self::Real(vec![0.0; len]),
            Self::Spikes(_) => Self::Spikes(bits()),
            Self::Levels(planes) => Self::Levels(planes.iter().map(|_| bits()).collect()),
            Self::Integers(_) => Self::Integers(vec![0; len]),
        }
    }

    /// The bit planes of spikes and levels, lowest first.
    pub(super) fn planes(&self) -> &[Bitmap] {
        match self {
            Self::Spikes(b) => std::slice::from_ref(b),
            Self::Levels(planes) => planes,
            Self::Real(_) | Self::Integers(_) => &[],
        }
    }

    /// The elements, if they are real numbers.
    pub(super) fn reals(&self) -> &[f64] {
        match self {
            Self::Real(v) => v,
            _ => &[],
        }
    }

    /// Element `i` as an integer; 0 if it is real.
    pub(super) fn integer(&self, i: usize) -> i64 {
        let bit = |p: &Bitmap| (p.words[i / 64] >> (i % 64) & 1) as i64;
        match self {
            Self::Real(_) => 0,
            Self::Integers(v) => v[i],
            packed => packed.planes().iter().enumerate().map(|(b, p)| bit(p) << b).sum(),
        }
    }

    /// As real numbers.
    #[must_use]
    pub fn to_reals(&self) -> Vec<f64> {
        match self {
            Self::Real(v) => v.clone(),
            Self::Levels(planes) => planes::levels(planes).into_iter().map(f64::from).collect(),
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
            Self::Levels(planes) => planes::levels(planes).into_iter().map(i64::from).collect(),
        }
    }
}

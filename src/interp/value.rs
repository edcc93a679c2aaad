// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Values of a stream at one timestep.

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

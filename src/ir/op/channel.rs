// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Parameters that are the same everywhere, or differ by channel or element.

use serde::{Deserialize, Serialize};

/// One value for all, one a channel (the outermost dimension), or one an element.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PerChannel<T> {
    /// The same for all.
    All(T),
    /// One entry a channel, or one an element.
    Each(Vec<T>),
}

impl<T: Copy> PerChannel<T> {
    /// The value for entry `c`; `c` must be below the length of [`PerChannel::Each`].
    #[must_use]
    pub fn at(&self, c: usize) -> T {
        match self {
            Self::All(v) => *v,
            Self::Each(v) => v[c],
        }
    }

    /// The value for element `i` of a stream of `elements` elements. The channel is the
    /// outermost dimension, so entries cover runs of equal length.
    #[must_use]
    pub fn of(&self, i: usize, elements: usize) -> T {
        match self {
            Self::All(v) => *v,
            Self::Each(v) => v[i * v.len() / elements],
        }
    }

    /// True if it can serve `channels` channels.
    #[must_use]
    pub fn fits(&self, channels: usize) -> bool {
        match self {
            Self::All(_) => true,
            Self::Each(v) => v.len() == channels,
        }
    }

    /// Every stored value.
    pub fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        match self {
            Self::All(v) => std::slice::from_ref(v).iter(),
            Self::Each(v) => v.iter(),
        }
    }
}

impl PerChannel<f64> {
    /// 0 for all: what most models have for what is rarely used.
    #[must_use]
    pub const fn zero() -> Self {
        Self::All(0.0)
    }

    /// True for [`PerChannel::zero`].
    #[must_use]
    pub fn is_zero(&self) -> bool {
        matches!(self, Self::All(v) if *v == 0.0)
    }
}

/// Entry for element `i` of `elements` of a list with one entry a channel or one an
/// element; `absent` if it is empty.
#[must_use]
pub fn entry<T: Copy>(list: &[T], i: usize, elements: usize, absent: T) -> T {
    if list.is_empty() { absent } else { list[i * list.len() / elements] }
}

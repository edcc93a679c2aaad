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

    /// The values of [`PerChannel::of`], element after element.
    pub fn each(&self, elements: usize) -> Entries<'_, T> {
        match self {
            Self::All(v) => Entries::new(&[], elements, *v),
            Self::Each(v) => Entries::new(v, elements, self.at(0)),
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

/// The entries of [`entry`], element after element, without a division for each.
pub struct Entries<'a, T> {
    list: &'a [T],
    elements: usize,
    value: T,
    /// Index of `value`, and how far the next one is on, in parts of `elements`.
    at: usize,
    part: usize,
}

impl<'a, T: Copy> Entries<'a, T> {
    /// Of `elements` elements; `absent` for all of them if the list is empty.
    pub fn new(list: &'a [T], elements: usize, absent: T) -> Self {
        let value = list.first().copied().unwrap_or(absent);
        Self { list, elements: elements.max(1), value, at: 0, part: 0 }
    }

    /// Do all elements have the same one?
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.list.len() <= 1
    }

    /// That of the next element, which stays the next one.
    #[must_use]
    pub fn peek(&self) -> T {
        self.value
    }

    /// That of the next element; behind the last one nothing changes any more.
    #[inline]
    pub fn take(&mut self) -> T {
        let value = self.value;
        self.part += self.list.len();
        while self.part >= self.elements {
            self.part -= self.elements;
            self.at += 1;
            self.value = self.list.get(self.at).copied().unwrap_or(value);
        }
        value
    }

    /// Those of the next elements, as [`Self::take`] would give them.
    #[inline]
    pub fn fill(&mut self, next: &mut [T]) {
        if self.list.len() == self.elements {
            // One an element: they lie as they are wanted.
            let left = self.list.get(self.at..).unwrap_or_default();
            let count = left.len().min(next.len());
            next[..count].copy_from_slice(&left[..count]);
            self.at += count;
            let last = next[..count].last().copied();
            self.value = self.list.get(self.at).copied().or(last).unwrap_or(self.value);
            next[count..].fill(self.value);
            return;
        }
        let mut filled = 0;
        while filled < next.len() {
            // Elements until there is another value.
            let run = (self.elements - self.part).div_ceil(self.list.len().max(1));
            let run = if self.list.is_empty() { next.len() } else { run }.min(next.len() - filled);
            next[filled..filled + run - 1].fill(self.value);
            self.part += (run - 1) * self.list.len();
            next[filled + run - 1] = self.take();
            filled += run;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_in_their_order() {
        // Of channels, of elements, one for all, none; more elements than whole runs, and fewer.
        for (length, elements) in [(3, 12), (12, 12), (1, 5), (0, 4), (3, 7), (5, 2), (1, 1)] {
            let list: Vec<usize> = (0..length).map(|k| 10 + k).collect();
            let mut each = Entries::new(&list, elements, 7);
            let found: Vec<usize> = (0..elements).map(|_| each.take()).collect();
            let want: Vec<usize> = (0..elements).map(|i| entry(&list, i, elements, 7)).collect();
            assert_eq!(found, want, "{length} {elements}");
            each.take();
            for size in 1..=elements + 1 {
                let (mut each, mut found) = (Entries::new(&list, elements, 7), vec![0; elements]);
                found.chunks_mut(size).for_each(|next| each.fill(next));
                assert_eq!(found, want, "{length} {elements} {size}");
                assert_eq!(each.take(), *want.last().unwrap(), "behind the last one");
            }
        }
        let mut all = PerChannel::All(2).each(3);
        assert_eq!([all.take(), all.take(), all.take()], [2; 3]);
        let two = PerChannel::Each(vec![1, 5]);
        let mut each = two.each(4);
        assert_eq!([each.take(), each.take(), each.take(), each.take()], [1, 1, 5, 5]);
    }
}

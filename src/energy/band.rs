// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A number and the interval it is believed to lie in.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul};

use serde::Serialize;

use crate::target::Coefficient;

/// A non-negative number with its interval; sums and products carry the interval along.
///
/// The ends add to the ends: every coefficient and every assumption at its worst at the
/// same time. That is wider than independent errors would make it, on purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Band {
    /// Best value.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Band {
    /// Nothing.
    pub const ZERO: Self = Self::exact(0.0);

    /// A number without uncertainty.
    #[must_use]
    pub const fn exact(value: f64) -> Self {
        Self { value, low: value, high: value }
    }

    /// A number and its interval; `0 ≤ low ≤ value ≤ high`.
    #[must_use]
    pub const fn new(value: f64, low: f64, high: f64) -> Self {
        Self { value, low, high }
    }

    /// What is left of `self` after `taken`, at least 0 at both ends.
    #[must_use]
    pub(super) fn less(self, taken: Self) -> Self {
        Self {
            value: (self.value - taken.value).max(0.0),
            low: (self.low - taken.high).max(0.0),
            high: (self.high - taken.low).max(0.0),
        }
    }
}

impl From<&Coefficient> for Band {
    fn from(c: &Coefficient) -> Self {
        Self::new(c.value, c.low, c.high)
    }
}

impl Add for Band {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self::new(self.value + o.value, self.low + o.low, self.high + o.high)
    }
}

impl AddAssign for Band {
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}

impl Mul for Band {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        Self::new(self.value * o.value, self.low * o.low, self.high * o.high)
    }
}

impl Mul<f64> for Band {
    type Output = Self;
    /// `factor` must not be negative.
    fn mul(self, factor: f64) -> Self {
        self * Self::exact(factor)
    }
}

impl Sum for Band {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Band {
    /// `value [low, high]`, with the formatter's precision (one digit if none is asked for).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let p = f.precision().unwrap_or(1);
        write!(f, "{:.p$} [{:.p$}, {:.p$}]", self.value, self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_add_and_multiply_end_by_end() {
        let (a, b) = (Band::new(2.0, 1.0, 4.0), Band::new(3.0, 2.0, 5.0));
        assert_eq!(a + b, Band::new(5.0, 3.0, 9.0));
        assert_eq!(a * b, Band::new(6.0, 2.0, 20.0));
        assert_eq!(a.less(b), Band::new(0.0, 0.0, 2.0));
        assert_eq!(b.less(a), Band::new(1.0, 0.0, 4.0));
        assert_eq!(Band::exact(9.0).less(a), Band::new(7.0, 5.0, 8.0));
        assert_eq!((a * b).to_string(), "6.0 [2.0, 20.0]");
    }
}

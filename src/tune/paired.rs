// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What counts on samples say about shares: intervals of 95 %.

use serde::Serialize;

/// The standard normal's 97.5 % quantile.
const Z: f64 = 1.959_963_984_540_054;

/// A share and the interval it lies in, with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// What was counted.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// `count` of `of`, with Wilson's score interval (J. Am. Stat. Assoc. 22, 1927).
#[must_use]
pub fn share(count: usize, of: usize) -> Share {
    if of == 0 {
        return Share { value: 0.0, low: 0.0, high: 1.0 };
    }
    let (n, p) = (of as f64, count as f64 / of as f64);
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    Share { value: p, low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
}

/// How much more often `new` is right than `old` on the same samples, with the interval of
/// Agresti and Min for matched pairs (Stat. Med. 24, 2005): half a sample more in each of the four
/// cells. Samples that both have right, or both wrong, say nothing about which is better.
#[must_use]
pub fn gain(old: &[bool], new: &[bool]) -> Share {
    let pairs = || old.iter().zip(new);
    let n = pairs().count() as f64;
    let won = pairs().filter(|(o, n)| !**o && **n).count() as f64;
    let lost = pairs().filter(|(o, n)| **o && !**n).count() as f64;
    let value = if n > 0.0 { (won - lost) / n } else { 0.0 };
    let (n, won, lost) = (n + 2.0, won + 0.5, lost + 0.5);
    let middle = (won - lost) / n;
    let half = Z * ((won + lost) - (won - lost).powi(2) / n).sqrt() / n;
    Share { value, low: (middle - half).max(-1.0), high: (middle + half).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-5
    }

    /// Figures of textbooks: 15 of 50 lie in 0.1910 to 0.4375; 0 of 10 in 0 to 0.2775.
    #[test]
    fn shares_have_wilsons_interval() {
        let s = share(15, 50);
        assert!(near(s.low, 0.1910) && near(s.high, 0.4375), "{s:?}");
        let s = share(0, 10);
        assert!(s.low == 0.0 && near(s.high, 0.2775), "{s:?}");
        let s = share(10, 10);
        assert!(near(s.low, 0.7225) && near(s.high, 1.0), "{s:?}");
        assert_eq!(share(0, 0), Share { value: 0.0, low: 0.0, high: 1.0 });
    }

    /// By hand: 8 samples, 3 won, 1 lost: (3.5 − 1.5) / 10 ± 1.96 · √(5 − 4/10) / 10.
    #[test]
    fn gains_count_the_samples_that_differ() {
        let old = [true, true, false, false, false, true, false, true];
        let new = [true, false, true, true, true, true, false, true];
        let g = gain(&old, &new);
        assert_eq!(g.value, 0.25);
        let half = 1.959_964 * 4.6f64.sqrt() / 10.0;
        assert!(near(g.low, 0.2 - half) && near(g.high, 0.2 + half), "{g:?}");
        let back = gain(&new, &old);
        assert!(near(back.low, -g.high) && near(back.high, -g.low));
        // Many samples on which both agree make the interval narrow.
        let same = gain(&[true; 10_000], &[true; 10_000]);
        assert!(same.value == 0.0 && same.high < 0.0002, "{same:?}");
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What flows along an edge.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The values of a stream, per element and timestep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Real numbers (before `quantise`).
    Real,
    /// 0 or 1.
    Spikes,
    /// Unsigned integers of `bits` bits: pixels, counted or added spikes.
    Levels {
        /// Width of one level.
        bits: u32,
    },
    /// Signed fixed-point numbers.
    Current {
        /// Total width, sign included.
        width: u32,
        /// Bits after the binary point.
        frac: i32,
    },
}

/// Type of an edge: what flows, in which shape, and whether it ever changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Extent of each dimension, outermost first; no batch dimension.
    pub shape: Vec<usize>,
    /// The element.
    pub kind: Kind,
    /// The same at every timestep: computed once and held.
    pub is_static: bool,
}

impl Stream {
    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// True if there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = self.shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
        match self.kind {
            Kind::Real => write!(f, "real[{shape}]")?,
            Kind::Spikes => write!(f, "spikes[{shape}]")?,
            Kind::Levels { bits } => write!(f, "levels[{shape}; {bits}]")?,
            Kind::Current { width, frac } => {
                write!(f, "current[{shape}; fixed({width}, {frac})]")?;
            }
        }
        if self.is_static { f.write_str(" static") } else { Ok(()) }
    }
}

impl FromStr for Stream {
    type Err = String;

    /// Reads what [`fmt::Display`] writes.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is no stream");
        let (text, is_static) = match text.strip_suffix(" static") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (kind, inside) =
            text.strip_suffix(']').and_then(|t| t.split_once('[')).ok_or_else(bad)?;
        let (shape, element) = match inside.split_once(';') {
            Some((shape, element)) => (shape, Some(element.trim())),
            None => (inside, None),
        };
        let shape: Vec<usize> =
            shape.split('x').map(|d| d.parse().map_err(|_| bad())).collect::<Result<_, _>>()?;
        let kind = match (kind, element) {
            ("real", None) => Kind::Real,
            ("spikes", None) => Kind::Spikes,
            ("levels", Some(bits)) => Kind::Levels { bits: bits.parse().map_err(|_| bad())? },
            ("current", Some(fixed)) => {
                let numbers = fixed.strip_prefix("fixed(").and_then(|f| f.strip_suffix(')'));
                let (width, frac) = numbers.and_then(|n| n.split_once(", ")).ok_or_else(bad)?;
                Kind::Current {
                    width: width.parse().map_err(|_| bad())?,
                    frac: frac.parse().map_err(|_| bad())?,
                }
            }
            _ => return Err(bad()),
        };
        Ok(Self { shape, kind, is_static })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_read_back() {
        let kinds = [
            Kind::Real,
            Kind::Spikes,
            Kind::Levels { bits: 8 },
            Kind::Current { width: 19, frac: -2 },
        ];
        for kind in kinds {
            for is_static in [false, true] {
                let stream = Stream { shape: vec![2, 28, 3], kind, is_static };
                assert_eq!(stream.to_string().parse(), Ok(stream));
            }
        }
        for bad in ["", "real", "real[", "real[]", "real[2x]", "levels[2]", "spikes[2; 3]", "x[2]"]
        {
            assert!(bad.parse::<Stream>().is_err(), "{bad}");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What flows along an edge.

use std::fmt;

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

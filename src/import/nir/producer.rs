// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The frameworks that write NIR, and what they mean where the file says nothing.

use crate::ir::{Compare, Reset};

/// Which framework wrote a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Producer {
    /// snnTorch 1.0.
    SnnTorch,
    /// norse 1.1.
    Norse,
    /// sinabs 3.1.
    Sinabs,
    /// SpikingJelly 2.0.
    SpikingJelly,
}

/// Where a membrane is before the first timestep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At 0.
    Zero,
    /// Where a spike takes it, `v_reset`.
    Reset,
    /// Where it rests, `v_leak`.
    Leak,
}

impl Producer {
    /// The length of a timestep. norse writes time constants in units of which it takes a
    /// thousandth in 1.1 and all in other versions: `shortest` of a file tells them apart.
    pub(super) fn dt(self, shortest: Option<f64>) -> f64 {
        match self {
            Self::SnnTorch | Self::SpikingJelly => 1e-4,
            Self::Norse if shortest.is_some_and(|tau| tau < 1e-3) => 1e-6,
            Self::Norse => 1e-3,
            Self::Sinabs => 1.0,
        }
    }

    /// What firing does, by default.
    pub(super) fn reset(self) -> Reset {
        match self {
            Self::SnnTorch => Reset::SoftDelayed,
            Self::Norse | Self::SpikingJelly => Reset::Hard,
            Self::Sinabs => Reset::Soft,
        }
    }

    /// Does a neuron fire that stands on its threshold?
    pub(super) fn compare(self) -> Compare {
        match self {
            Self::SnnTorch | Self::Norse => Compare::Above,
            Self::Sinabs | Self::SpikingJelly => Compare::AtLeast,
        }
    }

    /// Where a membrane starts.
    pub(super) fn start(self) -> Start {
        match self {
            Self::SnnTorch | Self::Sinabs => Start::Zero,
            Self::Norse => Start::Leak,
            Self::SpikingJelly => Start::Reset,
        }
    }
}

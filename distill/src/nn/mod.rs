// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Networks: a tree of layers over signals in time.
//!
//! Everything that flows is a [`Signal`]: maps `[step · batch, channels, height, width]`,
//! time outermost. A dense layer has maps of 1 × 1. One tree serves students and teachers,
//! every gradient rule and the export; what differs between passes is in the [`Walk`].

mod affine;
mod binary;
mod fire;
mod layer;
mod model;
mod norm;
mod rng;
mod shape;
mod signal;
pub mod spec;
mod surrogate;
mod walk;

pub use affine::{Affine, Window};
pub use binary::{Precision, effective, magnitude};
pub use fire::Neuron;
pub use layer::{Layer, Net};
pub use model::{Model, Output};
pub(crate) use norm::EPSILON;
pub use norm::Norm;
pub use rng::{Rng, rng};
pub use shape::Extent;
pub use signal::{Maps, Signal};
pub use surrogate::Surrogate;
pub use walk::{Operations, Pass, Walk};

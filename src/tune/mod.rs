// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a model can do without, measured: timesteps and members of an ensemble.
//!
//! [`explore()`] runs a model once on every sample, over all of its timesteps. That gives the class
//! after each of them, and what each member gives; from these follows what any smaller number of
//! timesteps and any choice of members would have done. Samples that fit or choose anything never
//! report an accuracy ([`Split`]).

mod early;
mod explore;
mod fit;
mod head;
mod infer;
mod norms;
mod paired;
mod pareto;
mod point;
mod rest;
mod split;
mod subsets;
#[cfg(test)]
mod tests;
mod trains;

pub use early::{After, Early, Margin, calibrate, until};
pub use explore::{Data, Found, explore};
pub use fit::{check, input};
pub use infer::{Work, infer, infer_watching, right_on};
pub use paired::{Share, gain, share};
pub use pareto::front;
pub use point::{Choice, Cut, Point, choose};
pub use split::{Place, Sizes, Split};

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! NIR graphs (Pedersen et al., Nature Communications 15, 8122, 2024; Python package
//! `nir` 0.1 to 1.0.8).
//!
//! ```text
//! bytes ─hdf5▶ store ─flat▶ nodes and edges ─shape, lower▶ operators ─build▶ ir::Graph
//! ```
//!
//! - `hdf5`, `store`: the file as a plain tree, bounded by the file's size;
//! - `flat`: nested graphs dissolved, every edge resolved;
//! - `guess`: which framework the file looks like, for a message;
//! - `lower`: the operators that a node becomes, one file a family;
//! - `shape`: the shape of every stream, from the input onwards;
//! - `build`: the graph, with registers where a cycle was cut (`ir::cuts`).
//!
//! NIR describes continuous time. It is discretised by forward Euler with the timestep dt,
//! which is what snnTorch, norse and SpikingJelly compute: with q = dt/τ,
//! `v[t] = (1 − q) v[t−1] + q R I[t] + q v_leak`. A current-based neuron's synapse is
//! stepped first and the membrane takes the new current, as those frameworks do. A neuron
//! fires if v > v_threshold, as the package's documentation of each node says, and all states
//! are 0 at first, unless the options or the framework they name say otherwise. docs/nir.md
//! has the table.

mod build;
mod flat;
mod guess;
mod hdf5;
mod lower;
mod node;
mod producer;
mod shape;
mod spread;
mod store;
mod unsaid;

pub use producer::{Producer, Start};

use super::{LiftReport, Options};
use crate::diag::Result;
use crate::ir::Graph;

/// Imports a NIR graph; `name` becomes the graph's name.
///
/// # Errors
/// SF01xx with the node or edge and what could be done.
pub fn import(bytes: &[u8], name: &str, options: &Options) -> Result<(Graph, LiftReport)> {
    let flat = flat::Flat::new(&hdf5::read(bytes)?, options)?;
    let time = unsaid::Time::new(&flat, options)?;
    let shaped = shape::Shaped::new(&flat, &time)?;
    build::build(&flat, &shaped, name, &time, options)
}

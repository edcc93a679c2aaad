// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The spiking dataflow graph.
//!
//! A [`Graph`] is a directed graph of named [`Node`]s; an edge carries a typed
//! [`Stream`]. It exists in two forms: the *real* form that import produces, whose
//! parameters are floating point, and the *integer* form after the pass `quantise`,
//! in which every number is an integer of a declared width. docs/ir.md is the
//! reference of the text form.

mod bits;
mod cuts;
mod edit;
mod graph;
mod infer;
pub mod interval;
mod iso;
mod membranes;
mod op;
mod parse;
mod print;
mod ranges;
mod stream;
mod verify;

pub use bits::BitMatrix;
pub use cuts::{Memory, cuts};
pub use graph::{Graph, Node, NodeId};
pub use infer::infer;
pub use iso::isomorphic;
pub use op::{
    BatchNorm, Compare, Concat, Conv, Delay, Entries, FixedLi, FixedLif, FixedReadout, FixedResets,
    FixedScale, Gives, Input, Inside, Li, Lif, Linear, Op, PerChannel, Pool, PoolKind, Readout,
    ReadoutKind, Reset, Resets, Reshape, Scale, Taken, Threshold, Weights, Window, entry, planes,
};
pub use parse::parse;
pub use print::print;
pub use ranges::{Ranges, runs};
pub use stream::{Kind, Stream};
pub use verify::verify;

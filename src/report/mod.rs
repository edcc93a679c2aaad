// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Views for people: a graph as a table, as Graphviz and as a picture, a design's memories.

mod card;
mod dot;
mod facts;
mod layers;
mod layout;
mod memory;
mod stages;
mod svg;
mod table;
#[cfg(test)]
mod tests;
mod xml;

pub use dot::dot;
pub use memory::memory_svg;
pub use svg::svg;
pub use table::{NodeSummary, Summary, summary, text};

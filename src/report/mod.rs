// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Views for people: a graph as a table, as Graphviz and as a picture, a design's memories, an
//! inference as a page.

mod card;
mod confusion;
mod curves;
mod dot;
mod facts;
mod jobs;
mod layers;
mod layout;
mod maps;
mod memory;
mod page;
mod raster;
mod run;
#[cfg(test)]
mod run_tests;
mod stages;
mod svg;
mod table;
#[cfg(test)]
mod tests;
mod timeline;
mod tradeoff;
mod xml;

pub use confusion::{CONFUSION_CLASSES, confusion_svg};
pub use curves::{Curve, Panel, curves_svg};
pub use dot::dot;
pub use jobs::{JobRow, current_map, jobs};
pub use memory::{Routed, memory_svg};
pub use page::page;
pub use run::{Layer, Run, Span};
pub use svg::svg;
pub use table::{NodeSummary, Summary, summary, text};
pub use tradeoff::{Dot, Unit, tradeoff_svg};

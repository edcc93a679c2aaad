// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What puts a core beside the processors of a PYNQ board: a script for Vivado and a notebook.

use askama::Template;

use super::{File, quoted};
use crate::diag::Result;
use crate::hw::Design;
use crate::target::{Processors, Target};

/// Where these files lie in a build directory.
pub const PYNQ_DIR: &str = "pynq";
/// Makes the bitstream of the core and the processors.
pub const OVERLAY_SCRIPT: &str = "overlay.tcl";

#[derive(Template)]
#[template(path = "pynq/overlay.tcl", escape = "none")]
struct Script<'a> {
    model: String,
    target: &'a str,
    version: &'a str,
    part: &'a str,
    mhz: f64,
    /// Verilog files and contents of memories, by name.
    sources: Vec<&'a str>,
    memories: Vec<&'a str>,
}

#[derive(Template)]
#[template(path = "pynq/synfire.ipynb", escape = "none")]
struct Notebook {
    /// The largest level of an input; 0 of one that changes.
    most: u32,
}

/// The files for a core of which these are the others.
///
/// # Errors
/// An internal error if a template cannot be rendered.
pub fn overlay(
    design: &Design,
    target: &Target,
    processors: &Processors,
    core: &[File],
) -> Result<Vec<File>> {
    let ending = |end| core.iter().filter_map(File::name).filter(move |n| n.ends_with(end));
    let script = Script {
        model: quoted(&design.name),
        target: &target.name,
        version: env!("CARGO_PKG_VERSION"),
        part: &processors.part,
        mhz: processors.clock_mhz,
        sources: ending(".v").collect(),
        memories: ending(".hex").collect(),
    };
    let most = if design.input.changes { 0 } else { (1 << design.input.bits) - 1 };
    Ok(vec![
        File::rendered(format!("{PYNQ_DIR}/{OVERLAY_SCRIPT}"), &script)?,
        File::rendered(format!("{PYNQ_DIR}/synfire.ipynb"), &Notebook { most })?,
    ])
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From emitted Verilog to a bitstream.

use std::path::{Path, PathBuf};

use super::build::BitstreamReport;
use crate::diag::{Diagnostic, Result, codes};
use crate::emit::{self, RTL_DIR};
use crate::flow::nextpnr::PnrJob;
use crate::flow::yosys::{self, SynthJob};
use crate::flow::{Toolbox, family, pack, seeds};
use crate::hw::Design;
use crate::target::{Family, Target};

/// What place and route is asked for.
pub(super) struct Aim {
    /// MHz.
    pub(super) freq: f64,
    /// Of the first placement.
    pub(super) seed: u32,
    /// Placements, of which the fastest counts.
    pub(super) seeds: u32,
    /// Less than this, or than `freq`, is an error: MHz; none if every speed will do.
    pub(super) enough: Option<f64>,
}

/// The tools for a bitstream. Asked for before the first step, as synthesis takes a minute.
pub(super) fn tools(family: Family) -> Result<Toolbox> {
    let toolbox = Toolbox::discover();
    for tool in family::to_bitstream(family) {
        toolbox.require(tool)?;
    }
    Ok(toolbox)
}

/// The files of a directory.
fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let unreadable =
        |e: std::io::Error| Diagnostic::new(&codes::FILE_READ, e.to_string()).in_file(dir);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        files.push(entry.map_err(unreadable)?.path());
    }
    files.sort();
    Ok(files)
}

/// Synthesises, places, routes and packs what was emitted into `dir`.
pub(super) fn make(
    dir: &Path,
    (design, target): (&Design, &Target),
    spram: bool,
    aim: &Aim,
    toolbox: &Toolbox,
    progress: &dyn Fn(&str),
) -> Result<BitstreamReport> {
    let (rtl, flow) = (dir.join(RTL_DIR), dir.join("flow"));
    crate::flow::process::create_dir(&flow)?;
    let (family, board) = (target.device.family, target.board.as_ref());
    let sources = emit::modules(design).iter().map(|name| rtl.join(name)).collect();
    progress("synthesis");
    let synthesis = yosys::synth(
        toolbox,
        &SynthJob {
            dir: flow.clone(),
            sources,
            includes: Vec::new(),
            defines: Vec::new(),
            top: "top".into(),
            family,
            device: target.device.tools.yosys_device.clone(),
            spram,
            reads: Some(files(&rtl)?),
        },
    )?;
    let job = PnrJob {
        dir: flow,
        json: synthesis.json,
        family,
        device: target.device.tools.nextpnr_device.clone(),
        package: board.map(|b| b.package.clone()).unwrap_or_default(),
        speed: board.and_then(|b| b.speed),
        constraints: Some(dir.join(family.spec().constraints)),
        freq_mhz: aim.freq,
        seed: aim.seed,
    };
    let (placed, seed) = seeds::place_route(toolbox, &job, aim.seeds, progress)?;
    if let Some(mhz) = aim.enough {
        placed.report.check_timing(mhz)?;
    }
    progress("pack");
    let bitstream = dir.join(family.spec().bitstream);
    pack::pack(toolbox, family, &placed.config, &bitstream)?;
    let cells = synthesis.cells;
    let bytes = bitstream.metadata().map_or(0, |m| m.len());
    Ok(BitstreamReport { seed, ..BitstreamReport::new(family, &cells, &placed.report, bytes) })
}

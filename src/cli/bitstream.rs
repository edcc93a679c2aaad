// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From emitted Verilog to a bitstream.

use std::path::{Path, PathBuf};

use super::build::BitstreamReport;
use crate::diag::{Diagnostic, Result, codes};
use crate::emit::{self, RTL_DIR};
use crate::flow::nextpnr::PnrJob;
use crate::flow::yosys::{self, SynthJob, Synthesis};
use crate::flow::{Tool, Toolbox, family, pack, seeds, vivado};
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

/// The tools for a bitstream, or for a netlist alone. Asked for before the first step, as synthesis
/// takes a minute. `out`: where the build will be.
pub(super) fn tools(family: Family, only_netlist: bool, out: &Path) -> Result<Toolbox> {
    let toolbox = Toolbox::discover();
    let needed = if only_netlist { vec![Tool::Yosys] } else { family::to_bitstream(family) };
    for tool in needed {
        toolbox.require(tool).map_err(|d| match tool {
            Tool::Vivado => elsewhere(d, out),
            _ => d,
        })?;
    }
    Ok(toolbox)
}

/// What leads to a bitstream where the tool is not there: it is mostly on another machine.
fn elsewhere(missing: Box<Diagnostic>, out: &Path) -> Box<Diagnostic> {
    let get = missing.help.clone().unwrap_or_default();
    let command = vivado::command(emit::VIVADO_SCRIPT);
    let help = format!(
        "{get}; or compile with --netlist in the place of --bitstream, for figures and a netlist that \
         `synfire verify` simulates, and type where Vivado is:\ncd {} && {command}",
        out.display()
    );
    missing.help(help)
}

/// Synthesises what was emitted into `dir`.
pub(super) fn synthesise(
    dir: &Path,
    design: &Design,
    target: &Target,
    spram: bool,
    toolbox: &Toolbox,
) -> Result<Synthesis> {
    let (rtl, flow) = (dir.join(RTL_DIR), dir.join("flow"));
    crate::flow::process::create_dir(&flow)?;
    let sources = emit::modules(design).iter().map(|name| rtl.join(name)).collect();
    yosys::synth(
        toolbox,
        &SynthJob {
            dir: flow,
            sources,
            includes: Vec::new(),
            defines: Vec::new(),
            top: "top".into(),
            family: target.device.family,
            device: target.device.tools.yosys_device.clone(),
            spram,
            reads: Some(files(&rtl)?),
        },
    )
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
    let flow = dir.join("flow");
    let (family, board) = (target.device.family, target.board.as_ref());
    progress("synthesis");
    let synthesis = synthesise(dir, design, target, spram, toolbox)?;
    if family == Family::Xc7 {
        return by_vivado(dir, &synthesis, toolbox, progress);
    }
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

/// Place, route and bitstream of a 7-series. Vivado synthesises the Verilog itself; the netlist
/// beside it is the one that is verified.
fn by_vivado(
    dir: &Path,
    synthesis: &Synthesis,
    toolbox: &Toolbox,
    progress: &dyn Fn(&str),
) -> Result<BitstreamReport> {
    progress("place and route");
    let bitstream = dir.join(Family::Xc7.spec().bitstream);
    let script = dir.join(emit::VIVADO_SCRIPT);
    let routed = vivado::build(toolbox, &script, &dir.join("flow"), &bitstream)?;
    let bytes = bitstream.metadata().map_or(0, |m| m.len());
    Ok(BitstreamReport::by_vivado(&synthesis.cells, &routed, bytes))
}

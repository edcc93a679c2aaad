// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The directory that `compile` writes and the other commands read.
//!
//! ```text
//! synfire.json   what was compiled, with which options, and what came out
//! target.json    the target it was compiled for
//! real.sfir      the model as imported
//! integer.sfir   the model the hardware computes
//! whole.sfir     the same with every neuron, if some were left out
//! base.sfir      the model that the hardware was made for (patch)
//! hardware.svg   the hardware as a picture
//! memory.svg     its memories
//! rtl/           Verilog and memory contents
//! build.tcl      the script that makes the bitstream of a 7-series with Vivado
//! pynq/          what puts a core beside the processors of a PYNQ board
//! hls/           C++ for high-level synthesis            (--hls)
//! weights.bin    weights that the host loads, if the bitstream cannot hold them
//! boot.bin       the same as the board's flash holds them      (--standalone)
//! README.md      a core: its ports, bytes and cycles (--as-core)
//! synfire.core   its description for FuseSoC       (--as-core)
//! tb/            its test bench                    (--as-core)
//! pins.pcf       pin constraints                        (pins.lpf for ECP5, pins.cst for Gowin, pins.xdc for 7-series)
//! flow/          netlist, placed design, logs          (--bitstream; --netlist: netlist alone)
//! top.bin        the bitstream                          (--bitstream; top.bit for ECP5 and 7-series, top.fs for Gowin)
//! flash.bin      bitstream and weights as the flash holds them (--standalone --bitstream)
//! SHA256SUMS     all of these but logs; what is not in it is the user's
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::output::put;
use super::sums;
use crate::diag::{Diagnostic, InFile, Result, codes, read_file};
use crate::emit::{self, BOOT, FLASH, RTL_DIR, WEIGHTS};
use crate::flow::nextpnr::PnrReport;
use crate::flow::vivado;
use crate::flow::yosys::CellReport;
use crate::hw::{self, Design, Estimate, PowerOn};
use crate::ir::{self, Graph};
use crate::report::Routed;
use crate::target::{Family, Target};

/// The manifest's file name: a directory with it is ours.
pub(super) const MANIFEST: &str = "synfire.json";
/// The file name of the model that a patched bitstream's hardware was made for.
pub(super) const BASE: &str = "base.sfir";
/// The file name of the integer model with every neuron, if some were left out.
pub(super) const WHOLE: &str = "whole.sfir";
/// The target's file name: a build says the same after the target's own file has changed.
pub(super) const TARGET: &str = "target.json";

/// What `compile` did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Version of the program.
    pub(super) synfire: String,
    /// Name of the model file, without the directory: the same model gives the same bytes.
    pub(super) model: String,
    /// Name of the target.
    pub(super) target: String,
    /// Lanes chosen by the user.
    pub(super) lanes: BTreeMap<String, u32>,
    /// Logic cells to keep to, where place and route found no room for more.
    #[serde(default)]
    pub(super) cells: Option<u32>,
    /// Built without the spike memory.
    pub(super) no_trace: bool,
    /// Timesteps of a chunk, if the user chose them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) chunk: Option<u32>,
    /// How layers were mapped to engines.
    #[serde(default)]
    pub(super) mapping: hw::Mapping,
    /// What the tools made of it.
    pub(super) bitstream: Option<BitstreamReport>,
    /// What synthesis made of it, where that is all (--netlist).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) netlist: Option<NetlistReport>,
    /// The hardware was made for another model of the same shape.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) patched: bool,
    /// A core for another design, without a board.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) as_core: bool,
    /// A request says what it leaves out; members of the ensemble, 1 without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) knobs: Option<u32>,
    /// When members that come later are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stop: Option<hw::Stop>,
    /// What the design reads from the board's flash at power-on, if it does.
    pub(super) standalone: Option<PowerOn>,
}

impl Manifest {
    /// What was asked of the hardware.
    pub(super) fn options(&self) -> hw::Options {
        hw::Options {
            lanes: self.lanes.clone(),
            no_trace: self.no_trace,
            mapping: self.mapping,
            chunk: self.chunk,
            cells: self.cells,
            boots: self.standalone.is_some(),
            knobs: self.knobs,
            stop: self.stop.clone(),
        }
    }

    /// Takes the bitstream of the build at `old` over into `new`, where it took minutes and would
    /// be the same: everything that it was made from is. Says whether it did.
    pub(super) fn keeps_bitstream(
        &mut self,
        old: &Path,
        new: &Path,
        target: &Target,
    ) -> Result<bool> {
        let family = target.device.family.spec();
        let Ok(before) = json::<Self>(old, MANIFEST) else { return Ok(false) };
        // The netlist of a patched one has other memories.
        let Some(report) = before.bitstream.filter(|_| !before.patched) else { return Ok(false) };
        let made_from =
            |name: &str| name.starts_with(RTL_DIR) || name == TARGET || name == family.constraints;
        let made = |name: &str| name.starts_with("flow/") || name == family.bitstream;
        // Of the old one what is ours: a user's files and what commands leave beside do not count.
        let Ok(listed) = sums::listed(old) else { return Ok(false) };
        let ours = |name: &str| made_from(name) && listed.contains_key(Path::new(name));
        if sums::of(old, ours)? != sums::of(new, made_from)? {
            return Ok(false);
        }
        for name in sums::of(old, made)?.keys() {
            if sums::is_log(name) {
                put(new, &name.to_string_lossy(), read_file(&old.join(name))?)?;
                continue;
            }
            let Ok(bytes) = sums::read(old, &name.to_string_lossy()) else { return Ok(false) };
            put(new, &name.to_string_lossy(), bytes)?;
        }
        self.bitstream = Some(report);
        Ok(true)
    }
}

/// What synthesis, place and route and packing reported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct BitstreamReport {
    /// Look-up tables after synthesis.
    pub(super) lut4: u64,
    /// Flip-flops after synthesis.
    pub(super) ff: u64,
    /// Block RAMs.
    pub(super) ebr: u64,
    /// Single-port RAMs.
    pub(super) spram: u64,
    /// Multipliers.
    pub(super) dsp: u64,
    /// Logic cells after packing (a LUT and a flip-flop each).
    pub(super) logic_cells: u64,
    /// What place and route reaches.
    pub(super) fmax_mhz: f64,
    /// Seed of the placement.
    #[serde(default)]
    pub(super) seed: u32,
    /// Size of the bitstream.
    pub(super) bytes: u64,
}

impl BitstreamReport {
    /// From synthesis, from place and route, and the size of the bitstream.
    pub(super) fn new(family: Family, cells: &CellReport, placed: &PnrReport, bytes: u64) -> Self {
        Self {
            lut4: cells.lut4,
            ff: cells.ff,
            ebr: cells.ebr,
            spram: cells.spram,
            dsp: cells.dsp,
            logic_cells: placed.logic_cells(family).used,
            fmax_mhz: placed.fmax_mhz().unwrap_or(0.0),
            seed: 0,
            bytes,
        }
    }

    /// From synthesis, and from Vivado, which begins at the Verilog again.
    pub(super) fn by_vivado(cells: &CellReport, routed: &vivado::Routed, bytes: u64) -> Self {
        let NetlistReport { lut4, ff, ebr, spram, dsp, .. } = NetlistReport::new(cells);
        let (logic_cells, fmax_mhz) = (routed.lut, routed.fmax_mhz());
        Self { lut4, ff, ebr, spram, dsp, logic_cells, fmax_mhz, seed: 0, bytes }
    }

    /// What a picture says of it.
    pub(super) fn routed(&self) -> Routed {
        Routed {
            lut4: self.lut4,
            cells: self.logic_cells,
            ebr: self.ebr,
            spram: self.spram,
            mhz: self.fmax_mhz,
        }
    }
}

/// What synthesis reported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct NetlistReport {
    /// Look-up tables.
    pub(super) lut4: u64,
    /// Flip-flops.
    pub(super) ff: u64,
    /// Carry cells.
    pub(super) carry: u64,
    /// Block RAMs.
    pub(super) ebr: u64,
    /// Single-port RAMs.
    pub(super) spram: u64,
    /// Multipliers.
    pub(super) dsp: u64,
}

impl NetlistReport {
    /// Of the cells that there are.
    pub(super) fn new(cells: &CellReport) -> Self {
        let CellReport { lut4, ff, carry, ebr, spram, dsp, .. } = *cells;
        Self { lut4, ff, carry, ebr, spram, dsp }
    }
}

/// A build directory, read back.
pub(super) struct Build {
    pub(super) dir: PathBuf,
    pub(super) manifest: Manifest,
    pub(super) real: Graph,
    pub(super) integer: Graph,
    /// The same with every neuron, if some were left out.
    pub(super) whole: Option<Graph>,
    /// The model that the hardware was made for, if that is another one.
    pub(super) base: Option<Graph>,
    pub(super) target: Target,
    pub(super) design: Design,
    /// What the design needs, and why it is as it is.
    pub(super) estimate: Estimate,
}

impl Build {
    /// Reads a directory that `compile` wrote.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        if dir.is_file() {
            let name = dir.display();
            let help = format!(
                "a model is compiled first: `synfire compile {name} --target icebreaker -o DIR`, then DIR is named here"
            );
            let message = "this is a file, not a directory that `synfire compile -o` wrote";
            return Err(Diagnostic::new(&codes::FILE_READ, message).in_file(dir).help(help));
        }
        if !dir.is_dir() {
            let message = "there is no such directory";
            return Err(Diagnostic::new(&codes::FILE_READ, message).in_file(dir).help(WANTED));
        }
        let manifest: Manifest = json(dir, MANIFEST)?;
        let path = dir.join(TARGET);
        let target: Target = json(dir, TARGET)?;
        if let Some(fault) = target.device.fault() {
            return Err(damaged(&path, fault));
        }
        let graph = |name: &str| {
            let (path, bytes) = (file(dir, name)?, sums::read(dir, name)?);
            ir::parse(&String::from_utf8_lossy(&bytes)).in_file(&path)
        };
        let (real, integer) = (graph("real.sfir")?, graph("integer.sfir")?);
        let is_whole = !sums::listed(dir)?.contains_key(Path::new(WHOLE));
        let whole = (!is_whole).then(|| graph(WHOLE)).transpose()?;
        let options = manifest.options();
        let base = manifest.patched.then(|| graph(BASE)).transpose()?;
        let lowered = match &base {
            None => hw::lower(&integer, &target, &options),
            Some(base) => hw::lower(base, &target, &options)
                .and_then(|(to, _)| hw::lower_like(&integer, &target, &options, &to)),
        };
        let (design, estimate) = lowered.in_file(dir)?;
        let dir = dir.to_path_buf();
        Ok(Self { dir, manifest, real, integer, whole, base, target, design, estimate })
    }

    /// Path of a file in the directory.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The weights that the host loads; empty if the bitstream holds all.
    pub(super) fn weights(&self) -> Result<Vec<u8>> {
        let wanted = self.design.load_bytes();
        if wanted == 0 {
            return Ok(Vec::new());
        }
        let path = self.file(WEIGHTS)?;
        let weights = read_file(&path)?;
        if weights.len() as u64 == u64::from(wanted) {
            return Ok(weights);
        }
        let message = format!("{} bytes of weights; this design takes {wanted}", weights.len());
        Err(damaged(&path, message))
    }

    /// What the board's flash holds, if weights are read from it: the file that is written there,
    /// or without a bitstream the weights alone at their place.
    pub(super) fn flash(&self) -> Result<Option<Vec<u8>>> {
        let Some(power_on) = self.manifest.standalone else { return Ok(None) };
        if self.manifest.bitstream.is_some() {
            return read_file(&self.file(FLASH)?).map(Some);
        }
        let boot = read_file(&self.file(BOOT)?)?;
        emit::flash_image(&[], power_on, &boot).map(Some)
    }

    /// Path of a file that `compile` wrote into the directory.
    pub(super) fn file(&self, name: &str) -> Result<PathBuf> {
        file(&self.dir, name)
    }
}

/// What a command that reads a build needs.
const WANTED: &str = "name a directory that `synfire compile -o` wrote";

fn damaged(path: &Path, message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::BUILD_DAMAGED, message).in_file(path).help("compile again")
}

/// A value as a file of the directory has it.
pub(super) fn json_text(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value);
    text.map(|t| t + "\n").map_err(|e| Diagnostic::internal("build", e.to_string()))
}

fn file(dir: &Path, name: &str) -> Result<PathBuf> {
    let path = dir.join(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(damaged(dir, format!("there is no {name} in it")).help(WANTED))
}

fn json<T: serde::de::DeserializeOwned>(dir: &Path, name: &str) -> Result<T> {
    let path = file(dir, name)?;
    serde_json::from_slice(&sums::read(dir, name)?).map_err(|e| damaged(&path, e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::{Place, Stage};
    use crate::target;
    use crate::verify::tests::GRAPH;

    /// A build whose weights lie where this says.
    fn build(dir: &Path, place: Place) -> Build {
        let (graph, target) = (ir::parse(GRAPH).unwrap(), target::load("icebreaker").unwrap());
        let (mut design, estimate) = hw::lower(&graph, &target, &hw::Options::default()).unwrap();
        for stage in &mut design.stages {
            if let Stage::Dense(d) = stage {
                d.place = place;
            }
        }
        let manifest = Manifest {
            synfire: String::new(),
            model: String::new(),
            target: target.name.clone(),
            lanes: BTreeMap::new(),
            cells: None,
            no_trace: false,
            chunk: None,
            mapping: hw::Mapping::Auto,
            bitstream: None,
            netlist: None,
            patched: false,
            as_core: false,
            knobs: None,
            stop: None,
            standalone: None,
        };
        let (real, integer, dir) = (graph.clone(), graph, dir.to_path_buf());
        Build { dir, manifest, real, integer, whole: None, base: None, target, design, estimate }
    }

    #[test]
    fn weights_are_those_of_the_file_and_as_many_as_are_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let loaded = build(dir.path(), Place::Spram);
        assert_eq!(loaded.design.load_bytes(), 2);
        let file = dir.path().join(WEIGHTS);
        let code = |b: &Build| b.weights().unwrap_err().code.id;
        assert_eq!(code(&loaded), "SF0004");
        std::fs::write(&file, [3, 1]).unwrap();
        assert_eq!(loaded.weights().unwrap(), [3, 1]);
        std::fs::write(&file, [3, 1, 0]).unwrap();
        assert_eq!(code(&loaded), "SF0004");
        // What the bitstream holds is not loaded.
        assert_eq!(build(dir.path(), Place::BlockRam).weights().unwrap(), [0; 0]);
    }

    /// A bitstream is that of the hardware, of its pins and of its target.
    #[test]
    fn a_bitstream_is_kept_while_it_would_be_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (dir.path().join("old"), dir.path().join("new"));
        let Build { manifest, target, .. } = build(&old, Place::Luts);
        let report = BitstreamReport {
            lut4: 7,
            ff: 0,
            ebr: 0,
            spram: 0,
            dsp: 0,
            logic_cells: 9,
            fmax_mhz: 20.0,
            seed: 1,
            bytes: 3,
        };
        let made = Manifest { bitstream: Some(report), ..manifest.clone() };
        let made_from = [("rtl/top.v", "module top;"), (TARGET, "{}"), ("pins.pcf", "a 1")];
        for (name, text) in made_from {
            put(&old, name, text).unwrap();
        }
        put(&old, "top.bin", "bit").unwrap();
        put(&old, "flow/pnr.asc", "asc").unwrap();
        put(&old, MANIFEST, json_text(&made).unwrap()).unwrap();
        sums::write(&old).unwrap();
        // Beside it what `verify` leaves, and what a user has put there.
        put(&old, "rtl/top.log", "8 cycles").unwrap();
        put(&old, "rtl/mine.v", "module mine;").unwrap();
        // The build that is to have it, with one file changed.
        let keeps = |changed: &str| {
            let _ = std::fs::remove_dir_all(&new);
            for (name, text) in made_from {
                put(&new, name, if name == changed { "other" } else { text }).unwrap();
            }
            let mut manifest = manifest.clone();
            let kept = manifest.keeps_bitstream(&old, &new, &target).unwrap();
            let files = ["top.bin", "flow/pnr.asc"].map(|f| new.join(f).is_file());
            let report = manifest.bitstream.map(|b| b.lut4);
            assert_eq!((files, report), ([kept; 2], kept.then_some(7)), "{changed}");
            kept
        };
        assert!(keeps(""));
        assert!(made_from.iter().all(|(name, _)| !keeps(name)));
        // The netlist of a patched one has other memories.
        let patched = Manifest { patched: true, ..made };
        put(&old, MANIFEST, json_text(&patched).unwrap()).unwrap();
        for beside in ["rtl/top.log", "rtl/mine.v"] {
            std::fs::remove_file(old.join(beside)).unwrap();
        }
        sums::write(&old).unwrap();
        assert!(!keeps(""));
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Writes a design as files: Verilog, memory contents, weights to load, pin constraints.
//!
//! Templates bind names and numbers, the modules in hdl/ compute. Nothing here is shared
//! with `sim`: if it were, their agreement would prove nothing.

mod boot;
mod core;
mod hls;
mod memory;
mod modules;
mod pynq;
mod shared;
mod stream;
mod top;
mod vivado;

use crate::diag::{Diagnostic, Result};
use crate::hw::{Design, PowerOn};
use crate::target::{Family, Target};
pub use boot::{BOOT, BOOT_TAG, FLASH, boot_image, flash_image};
pub use hls::{HLS_DIR, HLS_SHIM, hls};
pub use memory::{in_blocks as block_memories, load_image, rows as memory_rows};
use modules::used;
pub use pynq::{OVERLAY_SCRIPT, PYNQ_DIR, overlay};
pub use stream::{Sheet, VECTORS, package};
pub use vivado::VIVADO_SCRIPT;

/// A file to be written, its path relative to the output directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative path.
    pub path: String,
    /// Contents.
    pub contents: Vec<u8>,
}

impl File {
    fn new(path: impl Into<String>, contents: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), contents: contents.into() }
    }

    /// A rendered template; its last newline, which rendering drops, is put back.
    fn rendered(path: impl Into<String>, template: &impl askama::Template) -> Result<Self> {
        let text = template.render().map_err(|e| Diagnostic::internal("emit", e.to_string()))?;
        Ok(Self::new(path, text.trim_end().to_owned() + "\n"))
    }
}

/// A name as it can stand in a comment of one line, between quotes: without them a tool
/// could take what it says for an instruction (`// verilator lint_off`).
fn quoted(name: &str) -> String {
    let printable = |c: char| if c.is_control() { '?' } else { c };
    format!("`{}`", name.chars().map(printable).collect::<String>())
}

/// The hand-written modules, by file name.
pub static HDL: &[(&str, &str)] = &[
    ("sf_cobs_rx.v", include_str!("../../hdl/sf_cobs_rx.v")),
    ("sf_cobs_tx.v", include_str!("../../hdl/sf_cobs_tx.v")),
    ("sf_count_ones.v", include_str!("../../hdl/sf_count_ones.v")),
    ("sf_crc16.v", include_str!("../../hdl/sf_crc16.v")),
    ("sf_currents.v", include_str!("../../hdl/sf_currents.v")),
    ("sf_decide.v", include_str!("../../hdl/sf_decide.v")),
    ("sf_dense.v", include_str!("../../hdl/sf_dense.v")),
    ("sf_dense_replay.v", include_str!("../../hdl/sf_dense_replay.v")),
    ("sf_dump.v", include_str!("../../hdl/sf_dump.v")),
    ("sf_emit.v", include_str!("../../hdl/sf_emit.v")),
    ("sf_fetch.v", include_str!("../../hdl/sf_fetch.v")),
    ("sf_flash_boot.v", include_str!("../../hdl/sf_flash_boot.v")),
    ("sf_gather.v", include_str!("../../hdl/sf_gather.v")),
    ("sf_handed.v", include_str!("../../hdl/sf_handed.v")),
    ("sf_host_link.v", include_str!("../../hdl/sf_host_link.v")),
    ("sf_input_map.v", include_str!("../../hdl/sf_input_map.v")),
    ("sf_intake.v", include_str!("../../hdl/sf_intake.v")),
    ("sf_integrator.v", include_str!("../../hdl/sf_integrator.v")),
    ("sf_knobs.v", include_str!("../../hdl/sf_knobs.v")),
    ("sf_lanes.v", include_str!("../../hdl/sf_lanes.v")),
    ("sf_lif.v", include_str!("../../hdl/sf_lif.v")),
    ("sf_map.v", include_str!("../../hdl/sf_map.v")),
    ("sf_members.v", include_str!("../../hdl/sf_members.v")),
    ("sf_or.v", include_str!("../../hdl/sf_or.v")),
    ("sf_planes.v", include_str!("../../hdl/sf_planes.v")),
    ("sf_part.v", include_str!("../../hdl/sf_part.v")),
    ("sf_pll_ecp5.v", include_str!("../../hdl/sf_pll_ecp5.v")),
    ("sf_pll_ice40.v", include_str!("../../hdl/sf_pll_ice40.v")),
    ("sf_pll_xc7.v", include_str!("../../hdl/sf_pll_xc7.v")),
    ("sf_por.v", include_str!("../../hdl/sf_por.v")),
    ("sf_ram.v", include_str!("../../hdl/sf_ram.v")),
    ("sf_ram1p.v", include_str!("../../hdl/sf_ram1p.v")),
    ("sf_readout.v", include_str!("../../hdl/sf_readout.v")),
    ("sf_reset.v", include_str!("../../hdl/sf_reset.v")),
    ("sf_ring.v", include_str!("../../hdl/sf_ring.v")),
    ("sf_rom.v", include_str!("../../hdl/sf_rom.v")),
    ("sf_rows.v", include_str!("../../hdl/sf_rows.v")),
    ("sf_sequence.v", include_str!("../../hdl/sf_sequence.v")),
    ("sf_spram.v", include_str!("../../hdl/sf_spram.v")),
    ("sf_spi.v", include_str!("../../hdl/sf_spi.v")),
    ("sf_state.v", include_str!("../../hdl/sf_state.v")),
    ("sf_status.v", include_str!("../../hdl/sf_status.v")),
    ("sf_stream_seq.v", include_str!("../../hdl/sf_stream_seq.v")),
    ("sf_tail.v", include_str!("../../hdl/sf_tail.v")),
    ("sf_trace.v", include_str!("../../hdl/sf_trace.v")),
    ("sf_train_write.v", include_str!("../../hdl/sf_train_write.v")),
    ("sf_uart_rx.v", include_str!("../../hdl/sf_uart_rx.v")),
    ("sf_uart_tx.v", include_str!("../../hdl/sf_uart_tx.v")),
    ("sf_walk.v", include_str!("../../hdl/sf_walk.v")),
];

/// The Verilog files of a design with a board, in [`RTL_DIR`].
#[must_use]
pub fn modules(design: &Design) -> Vec<String> {
    let jobs = design.shared.iter().filter(|s| s.is_line()).flat_map(|s| 0..s.jobs.len());
    let own = jobs.map(|job| format!("sf_job_{job}.v"));
    let ends = ["sf_core.v", "top.v"].map(str::to_owned);
    HDL.iter().map(|(name, _)| (*name).to_owned()).chain(own).chain(ends).collect()
}

/// Directory of the Verilog files in the output.
pub const RTL_DIR: &str = "rtl";

/// The weights that the host loads, if a design has such: the payload of a load (docs/host-link.md).
pub const WEIGHTS: &str = "weights.bin";

/// Every file of a design; with a board also its top module and its pins.
///
/// # Errors
/// An internal error if a template cannot be rendered; a diagnostic if the board's clock
/// and serial line do not go together.
pub fn emit(design: &Design, target: &Target) -> Result<Vec<File>> {
    let mut files: Vec<File> =
        HDL.iter().map(|(name, text)| File::new(format!("{RTL_DIR}/{name}"), *text)).collect();
    files.extend(core_files(design)?);
    if let Some(board) = &target.board {
        files.extend(top::render(design, target, board)?);
        if target.device.family == Family::Xc7 {
            files.push(vivado::script(design, target, board, &files)?);
        }
        if let Some(power_on) = PowerOn::of(design, board) {
            files.push(File::new(BOOT, boot_image(&load_image(design), power_on)?));
        }
    }
    Ok(files)
}

/// The core, as `sf_core.v` and the contents of its memories.
fn core_files(design: &Design) -> Result<Vec<File>> {
    if let Some(shared) = &design.shared {
        return shared::files(design, shared);
    }
    let mut files = vec![core::render(design)?];
    files.extend(memory::files(design));
    Ok(files)
}

/// The probes of a core.
struct Probes {
    /// Of rows that are read.
    events: usize,
    /// Of timesteps.
    steps: usize,
    /// One processor: the job that it runs is a probe, too.
    job: bool,
}

impl Probes {
    fn of(design: &Design) -> Self {
        // A line has a probe a processor.
        let line = design.shared.as_ref().filter(|s| s.is_line()).map(|s| s.jobs.len());
        Self {
            events: line.unwrap_or(design.denses().count()).max(1),
            steps: line.unwrap_or(design.lifs().count()).max(1),
            job: design.shared.is_some() && line.is_none(),
        }
    }
}

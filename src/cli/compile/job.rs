// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Writes a build, and tries again where place and route finds no room or another clock.

use std::path::Path;

use super::Args;
use super::clock::Search;
use super::standalone;
use crate::cli::bitstream::{self, Aim};
use crate::cli::build::{BitstreamReport, NetlistReport, TARGET, WHOLE, json_text};
use crate::cli::model::Model;
use crate::cli::output::{FIRST, LOCK, put};
use crate::cli::timings::Stopwatch;
use crate::diag::{Diagnostic, Result, codes};
use crate::flow::Toolbox;
use crate::hw::{self, Design, Estimate, PowerOn};
use crate::target::{Board, Target};
use crate::{emit, ir, report};

/// Share of the logic cells that the next try keeps to, if there was no room.
const FEWER: f64 = 0.93;

/// A design on its target, and how it came to be.
pub(super) struct Job<'a> {
    pub(super) args: &'a Args,
    pub(super) as_core: bool,
    pub(super) model: &'a Model,
    pub(super) options: hw::Options,
    /// What place and route aims at, in MHz, if the clock is not higher.
    pub(super) freq: f64,
    pub(super) target: Target,
    pub(super) design: Design,
    pub(super) estimate: Estimate,
    /// What was tried before, in words.
    pub(super) tries: Vec<String>,
    pub(super) watch: &'a Stopwatch,
}

impl Job<'_> {
    /// Everything but the bitstream.
    pub(super) fn write(&self, dir: &Path) -> Result<()> {
        self.watch.begin("files");
        put(dir, FIRST, ir::print(&self.model.real)?)?;
        put(dir, "integer.sfir", ir::print(&self.model.integer)?)?;
        if let Some(whole) = &self.model.whole {
            put(dir, WHOLE, ir::print(whole)?)?;
        }
        put(dir, TARGET, json_text(&self.target)?)?;
        put(dir, "hardware.svg", report::svg(&self.model.integer, Some(&self.design))?)?;
        let cpp = if self.args.hls { emit::hls(&self.design)? } else { Vec::new() };
        let files = match self.as_core {
            true => super::core::files(self)?,
            false => emit::emit(&self.design, &self.target)?,
        };
        for file in files.into_iter().chain(cpp) {
            put(dir, &file.path, file.contents)?;
        }
        Ok(())
    }

    /// The netlist of what was written.
    pub(super) fn netlist(&self, dir: &Path, toolbox: &Toolbox) -> Result<NetlistReport> {
        let spram = self.estimate.spram > 0;
        let made = bitstream::synthesise(dir, &self.design, &self.target, spram, toolbox)?;
        Ok(NetlistReport::new(&made.cells))
    }

    /// Everything, with a folding and a clock that place and route has room for and reaches.
    pub(super) fn bitstream(
        &mut self,
        dir: &Path,
        toolbox: &Toolbox,
        progress: &dyn Fn(&str),
    ) -> Result<BitstreamReport> {
        let mut search = self.search()?;
        loop {
            self.write(dir)?;
            match self.route(dir, toolbox, progress) {
                Err(d) if *d.code == codes::PNR_NO_ROOM => {
                    self.fold_again(d)?;
                    search = self.search()?;
                }
                Err(d) => return Err(d),
                Ok(report) => {
                    let again = match &mut search {
                        Some(search) => self.clock_again(search, report.fmax_mhz)?,
                        None => false,
                    };
                    if !again {
                        return Ok(report);
                    }
                }
            }
            clear(dir)?;
        }
    }

    fn route(
        &self,
        dir: &Path,
        toolbox: &Toolbox,
        progress: &dyn Fn(&str),
    ) -> Result<BitstreamReport> {
        let board = self.target.board.as_ref();
        let clock = board.map_or(0.0, |b| b.mhz());
        let asked = board.map_or(0.0, |board| enough(board, self.args.freq));
        let aim = Aim {
            freq: self.freq.max(clock),
            seed: self.args.seed,
            seeds: self.args.seeds,
            enough: (!self.args.clock.is_auto()).then_some(asked),
        };
        bitstream::make(
            dir,
            (&self.design, &self.target),
            self.estimate.spram > 0,
            &aim,
            toolbox,
            progress,
        )
    }

    /// What the design reads from the flash, if it does.
    pub(super) fn power_on(&self) -> Option<PowerOn> {
        PowerOn::of(&self.design, self.target.board.as_ref()?)
    }

    /// Where the clock is to be found: the search, and its first guess for a board.
    fn search(&mut self) -> Result<Option<Search>> {
        let Some(board) = self.target.board.as_mut().filter(|_| self.args.clock.is_auto()) else {
            return Ok(None);
        };
        let (family, cycles) = (self.target.device.family, self.estimate.cycles);
        let search = self.args.clock.search(board, family, &self.design, cycles);
        *board = search.up_to(self.freq)?;
        Ok(Some(search))
    }

    /// Takes another clock, if there is a better one than what was routed.
    fn clock_again(&mut self, search: &mut Search, fmax: f64) -> Result<bool> {
        let Some(board) = &mut self.target.board else { return Ok(false) };
        let next = search.after(board, fmax)?;
        let (before, after) = (board.mhz(), next.mhz());
        if before == after {
            return Ok(false);
        }
        self.tries.push(format!("clock: {before} MHz reaches {fmax:.2}; routed again for {after}"));
        *board = next;
        Ok(true)
    }

    /// Folds into fewer logic cells: the estimate was too low, or the placer unlucky.
    fn fold_again(&mut self, full: Box<Diagnostic>) -> Result<()> {
        self.options.cells = Some((f64::from(self.estimate.cells) * FEWER) as u32);
        let Ok((design, less)) = hw::lower(&self.model.integer, &self.target, &self.options) else {
            return Err(full);
        };
        if less.cells >= self.estimate.cells {
            return Err(full);
        }
        self.tries.push(format!("fold: {}", retry(&self.design, &design, &less, &full)));
        (self.design, self.estimate) = (design, less);
        // With fewer cells weights may have to be loaded that were not before.
        standalone::set(self.args.standalone, &self.design, &mut self.target, &mut self.options)?;
        Ok(())
    }
}

/// Empties a directory before another try is written there.
fn clear(dir: &Path) -> Result<()> {
    let failed = |e: std::io::Error| {
        Diagnostic::new(&codes::FILE_WRITE, format!("cannot remove: {e}")).in_file(dir)
    };
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.ends_with(LOCK) {
            continue;
        }
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.map_err(failed)?;
    }
    Ok(())
}

/// Why there is another try, and with what.
fn retry(before: &Design, after: &Design, less: &Estimate, full: &Diagnostic) -> String {
    let lanes = before.denses().zip(after.denses()).filter(|(a, b)| a.lanes != b.lanes);
    let mut lanes: String =
        lanes.map(|(a, b)| format!(", lanes of {} {} → {}", a.name, a.lanes, b.lanes)).collect();
    if let (Some(a), Some(b)) = (&before.shared, &after.shared) {
        lanes = format!(", lanes {} → {}", a.lanes, b.lanes);
    }
    // Without other lanes it is memories that lie elsewhere.
    format!("{}; folded again{lanes}, into {} logic cells", full.message, less.cells)
}

/// What every clock has to reach, in MHz: what the user asked for, else what the design and its
/// line need.
fn enough(board: &Board, asked: Option<f64>) -> f64 {
    let needed = board.spi_mhz.filter(|_| !board.link.is_uart()).unwrap_or(0.0).max(board.mhz());
    asked.map_or(needed, |freq| freq.max(needed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{self, Link};

    #[test]
    fn the_design_and_its_line_are_enough() {
        let board = target::load("icebreaker").unwrap().board.unwrap();
        assert_eq!((board.mhz(), board.spi_mhz), (12.0, Some(15.0)));
        assert_eq!(enough(&board, None), 12.0);
        assert_eq!(enough(&board, Some(20.5)), 20.5);
        let spi = Board { link: Link::Spi, ..board };
        assert_eq!(enough(&spi, None), 15.0);
        assert_eq!(enough(&spi, Some(14.0)), 15.0);
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A fault in the netlist that synthesis wrote, where nothing behind it can be simulated.

use super::change::Kind;
use super::{Faulty, Mutator, Shown, block};
use crate::diag::{Result, read_file, write_file};
use crate::emit;
use crate::flow::process::create_dir;
use crate::flow::xc7;
use crate::verify::gate::Level;
use crate::verify::{GateExecutor, Scope};

impl Mutator<'_> {
    /// Flips the bit of a weight, threshold or gain that shows, where it lies in a block RAM of the
    /// netlist. Nothing if none is found there, or there is no netlist.
    pub(super) fn in_netlist(&self) -> Result<Option<Faulty<'_>>> {
        let (Some(path), Some(board)) = (&self.netlist, &self.target.board) else {
            return Ok(None);
        };
        let sound = String::from_utf8_lossy(&read_file(path)?).into_owned();
        let scope = Scope::line(self.design);
        for kind in [Kind::Weight, Kind::Threshold, Kind::Gain] {
            let Some(Shown { change, on }) = self.shown(kind, scope)? else { continue };
            let files = |design| emit::emit(design, self.target);
            let at = block::changed_at(&files(self.design)?, &files(&change.design)?);
            let Some(flipped) = at.and_then(|(rows, row, column)| {
                let bits: Option<Vec<bool>> = rows.iter().map(|r| r.get(column).copied()).collect();
                xc7::flip(&sound, &bits?, row)
            }) else {
                continue;
            };
            let (cell, word, bit) = (&flipped.cell, flipped.word, flipped.bit);
            let what = &change.fault;
            let fault = format!("netlist: {cell} word {word} bit {bit} flipped: {what}");
            let work = self.work.join("netlist");
            create_dir(&work)?;
            let changed = work.join("mutated.v");
            write_file(&changed, flipped.text)?;
            let level = Level::Netlist(&changed);
            let built = GateExecutor::build(self.toolbox, self.design, level, &work, board)?;
            let hardware = Box::new(built);
            return Ok(Some(Faulty { fault, hardware, design: Some(change.design), on, scope }));
        }
        Ok(None)
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Weights that are not in the bitstream: changed where they come from, and damaged in the flash.

use std::path::Path;

use super::{Faulty, Kind, Level, Mutation, MutationResult, Mutator, Shown};
use crate::diag::{Diagnostic, Result, codes, read_file};
use crate::emit;
use crate::flow::pack;
use crate::flow::process::create_dir;
use crate::hw::PowerOn;
use crate::target::Board;
use crate::verify::{Difference, Executor as _, GateExecutor, Scope, compare};

/// What a board does that notices damage in its flash.
const NOTICED: &str = "after power-on the board shows an error and refuses an inference; loaded by \
                       the host, it is right";

impl Mutator<'_> {
    /// Loads the weights with one of them changed into the sound bitstream's hardware.
    pub(super) fn loaded(&self, asc: &Path, pcf: &Path) -> Result<Faulty<'_>> {
        let Some(Shown { change, on }) = self.shown(Kind::Loaded, Scope::line(self.design))? else {
            return Err(Diagnostic::internal("mutate", "weights are loaded, and there are none"));
        };
        let work = self.work.join("load");
        create_dir(&work)?;
        let bin = work.join("sound.bin");
        pack::pack(self.toolbox, self.design.family, asc, &bin)?;
        let fault = format!("loaded: {}", change.fault);
        let weights = emit::load_image(&change.design);
        self.packed(fault, (&bin, pcf), weights, change.design, on)
    }

    /// The whole chip beside a flash with one bit changed in the middle of its weights: it has to
    /// notice, to refuse an inference, and to take the right weights from the host.
    pub(super) fn flash(&self) -> Result<Option<MutationResult>> {
        let board = self.target.board.as_ref();
        let Some((board, power_on)) = board.and_then(|b| Some((b, PowerOn::of(self.design, b)?)))
        else {
            return Ok(None);
        };
        let rtl = self.write(self.design, "flash")?.join(emit::RTL_DIR);
        let work = self.work.join("flash").join("sim");
        let weights = emit::load_image(self.design);
        let mut boot = emit::boot_image(&weights, power_on)?;
        let (middle, bit) = (boot.len() / 2, 1);
        boot[middle] ^= bit;
        let at = power_on.offset as usize + middle;
        let fault = format!("flash: the lowest bit of byte {at} flipped");
        let level = Level::Rtl(&rtl);
        let built = GateExecutor::build(self.toolbox, self.design, level, &work, board)?;
        let contents = emit::flash_image(&[], power_on, &boot)?;
        let mut hardware = built.with_flash(contents).with_weights(weights);
        let on = 0..self.inputs.len().min(1);
        // A board that takes what is damaged, or one that the host cannot load afterwards.
        let is_right = match hardware.run(&self.inputs[on.clone()]) {
            Ok(found) => {
                compare(on.len(), &self.expected[on], &found, Scope::line(self.design)).1.is_none()
            }
            Err(d) if *d.code == codes::LINK_DAMAGED => false,
            Err(d) => return Err(d),
        };
        let caught = is_right.then(|| Difference { image: 0, what: NOTICED.to_owned() });
        Ok(Some(MutationResult { mutation: Mutation::Flash, fault, caught, as_predicted: None }))
    }

    /// The hardware of the bitstream `bin` with these weights: from its flash, if it reads them there,
    /// else from the host.
    pub(super) fn with_weights<'d>(
        &self,
        built: GateExecutor<'d>,
        board: &Board,
        weights: Vec<u8>,
        bin: &Path,
    ) -> Result<GateExecutor<'d>> {
        let Some(power_on) = PowerOn::of(self.design, board) else {
            return Ok(built.with_weights(weights));
        };
        let boot = emit::boot_image(&weights, power_on)?;
        let contents = emit::flash_image(&read_file(bin)?, power_on, &boot)?;
        Ok(built.with_flash(contents))
    }
}

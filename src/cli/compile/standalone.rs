// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `compile --standalone`: weights in the board's flash, read at power-on without a host.

use std::path::Path;

use serde::Serialize;

use crate::cli::output::put;
use crate::cli::ui::thousands;
use crate::diag::{Diagnostic, Result, codes, read_file};
use crate::emit::{self, BOOT, FLASH};
use crate::hw::{Design, Options, PowerOn};
use crate::target::Target;

/// What is said of it.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Standalone {
    /// Where in the flash the weights lie, and how many bytes are read there.
    offset: u32,
    bytes: u32,
    /// From the end of configuration until the board says that it is ready.
    ready_cycles: u64,
    ready_ms: f64,
}

impl Standalone {
    /// Of a design at its clock of `mhz`.
    pub(super) fn new(power_on: PowerOn, mhz: f64) -> Self {
        let PowerOn { offset, bytes, .. } = power_on;
        let ready_cycles = power_on.ready_cycles();
        Self { offset, bytes, ready_cycles, ready_ms: ready_cycles as f64 / (mhz * 1e3) }
    }

    pub(super) fn text(&self, load_bytes: u32) -> String {
        format!(
            "\nweights, {} bytes, in the flash from byte {} on: ready {} cycles after configuration \
             ({:.1} ms), without a host",
            thousands(load_bytes.into()),
            thousands(self.offset.into()),
            thousands(self.ready_cycles),
            self.ready_ms
        )
    }
}

/// Is there a board at all?
pub(super) fn check(asked: bool, target: &Target) -> Result<()> {
    if asked && target.board.is_none() {
        let message = format!("--standalone: `{}` is a bare device without a flash", target.name);
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .help("name a board, see `synfire targets`"));
    }
    Ok(())
}

/// Sets that the weights of a design are read from the flash, if there are some to be read and that
/// is `asked` for. True if it was not set before: the design has to be folded anew, with fewer cells.
pub(super) fn set(
    asked: bool,
    design: &Design,
    target: &mut Target,
    options: &mut Options,
) -> Result<bool> {
    let Some(board) = target.board.as_mut().filter(|_| asked && design.load_bytes() > 0) else {
        return Ok(false);
    };
    board.check_boot()?;
    board.standalone = true;
    Ok(!std::mem::replace(&mut options.boots, true))
}

/// Writes what the flash gets, beside the bitstream.
pub(in crate::cli) fn write(dir: &Path, target: &Target, power_on: PowerOn) -> Result<()> {
    let bitstream = read_file(&dir.join(target.device.family.spec().bitstream))?;
    let image = emit::flash_image(&bitstream, power_on, &read_file(&dir.join(BOOT))?)?;
    put(dir, FLASH, image)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::{Place, Stage};
    use crate::target;

    #[test]
    fn the_time_is_that_of_the_clock() {
        let power_on = PowerOn { offset: 0x2_0000, bytes: 25_190, wait: 37, lock: 0 };
        let at = |mhz| Standalone::new(power_on, mhz);
        assert_eq!(at(12.0).ready_cycles, 404_187);
        assert!((at(12.0).ready_ms - 33.682_25).abs() < 1e-6);
        let want = "\nweights, 25,088 bytes, in the flash from byte 131,072 on: \
                    ready 404,187 cycles after configuration (16.8 ms), without a host";
        assert_eq!(at(24.0).text(25_088), want);
    }

    #[test]
    fn only_what_is_loaded_is_read_from_the_flash() {
        let mut design = crate::verify::tests::design();
        let set = |design: &Design, name: &str, asked| {
            let (mut target, mut options) = (target::load(name).unwrap(), Options::default());
            let first = set(asked, design, &mut target, &mut options);
            let again = first.is_ok().then(|| set(asked, design, &mut target, &mut options));
            assert!(again.is_none_or(|again| !again.unwrap()));
            let is_set = matches!(first, Ok(true));
            let standalone = target.board.is_some_and(|b| b.standalone);
            assert_eq!((standalone, options.boots), (is_set, is_set));
            first.map_err(|d| d.code.id)
        };
        assert_eq!(set(&design, "icebreaker", true), Ok(false));
        for stage in &mut design.stages {
            if let Stage::Dense(d) = stage {
                d.place = Place::Spram;
            }
        }
        assert_eq!(set(&design, "icebreaker", true), Ok(true));
        assert_eq!(set(&design, "icebreaker", false), Ok(false));
        assert_eq!(set(&design, "hx8k-breakout", true), Err("SF0003"));
        let check = |name| super::check(true, &target::load(name).unwrap()).is_ok();
        assert!(check("icebreaker") && !check("ice40up5k"));
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The flash from which a board configures itself: what a design needs to read it, too.

use serde::{Deserialize, Serialize};

use super::Board;
use crate::diag::{Diagnostic, Result, codes};

/// The top module's ports to the flash.
pub const FLASH_PINS: [&str; 4] = ["flash_cs_no", "flash_miso_i", "flash_mosi_o", "flash_sck_o"];
/// What can be addressed: three bytes.
const ADDRESSES: u32 = 1 << 24;
/// The design gives the flash half its own clock.
const CLOCKS: f64 = 2.0;
/// Cycles that `sf_flash_boot` can wait.
const MOST_WAIT: f64 = 1024.0;

/// What is known of a board's flash.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// Where weights lie: behind the bitstream, at the beginning of a block that is erased.
    pub offset: u32,
    /// Fastest clock of the command 03, in MHz.
    pub most_mhz: f64,
    /// Time from its release from power-down until it takes commands (tRES1), in µs.
    pub wake_us: f64,
}

impl Board {
    /// The flash, if weights are to be read from it.
    #[must_use]
    pub fn boots(&self) -> Option<Boot> {
        self.boot.filter(|_| self.standalone)
    }

    /// Cycles of the design's clock from the flash's release from power-down to the next command:
    /// one more than it takes.
    #[must_use]
    pub fn wake_cycles(&self, boot: Boot) -> u32 {
        (boot.wake_us * self.mhz()).ceil() as u32 + 1
    }

    /// Can a design on it read its weights from the flash?
    ///
    /// # Errors
    /// [`codes::BAD_OPTION`] if its flash or a pin of it is not known, if it is too slow for the
    /// clock, or if another line has its pins.
    pub fn check_boot(&self) -> Result<()> {
        let bad = |message: String, help: &str| {
            Err(Diagnostic::new(&codes::BAD_OPTION, format!("--standalone: {message}")).help(help))
        };
        let Some(boot) = self.boot else {
            return bad(
                "nothing is known of the board's flash".to_owned(),
                "leave it out: the host then loads weights.bin; or give the board's file [board.boot] and the flash's pins",
            );
        };
        if let Some(missing) = FLASH_PINS.into_iter().find(|p| !self.pins.contains_key(*p)) {
            let message = format!("the board's file does not say which pin is `{missing}`");
            return bad(message, "give the board's file all pins of the flash");
        }
        if !self.link.is_uart() {
            let message = "it says on the serial line when it is ready".to_owned();
            return bad(message, "choose --link uart, or leave --standalone out");
        }
        let flash = FLASH_PINS.map(|p| self.pins.get(p).map(String::as_str));
        let mut used = self.used_pins().filter(|(port, _)| !FLASH_PINS.contains(port));
        if let Some((port, pin)) = used.find(|(_, pin)| flash.contains(&Some(*pin))) {
            let message = format!("pin {pin} is the flash's, and `{port}` has it");
            return bad(message, "give the board's file another pin");
        }
        let sck = self.mhz() / CLOCKS;
        if sck > boot.most_mhz {
            let message = format!("{sck} MHz are too fast for the flash");
            return bad(message, "choose a slower --clock, or leave --standalone out");
        }
        Ok(())
    }

    /// What is wrong with the flash that the file describes, if anything.
    pub(super) fn boot_fault(&self) -> Option<(&'static str, String)> {
        let Some(boot) = self.boot else {
            let message = "it has to be known for `standalone`".to_owned();
            return self.standalone.then_some(("board.boot", message));
        };
        if boot.offset == 0 || boot.offset >= ADDRESSES {
            let message = format!("{}: behind the bitstream, below {ADDRESSES}", boot.offset);
            return Some(("board.boot.offset", message));
        }
        if !(boot.most_mhz > 0.0 && boot.most_mhz.is_finite()) {
            return Some(("board.boot.most_mhz", format!("a clock of {} MHz", boot.most_mhz)));
        }
        // At the fastest clock that the flash has, the design's is twice as fast.
        let cycles = boot.wake_us * boot.most_mhz * CLOCKS;
        if !(boot.wake_us >= 0.0 && cycles < MOST_WAIT - 1.0) {
            return Some(("board.boot.wake_us", format!("a wait of {} µs", boot.wake_us)));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{self, Link, Pll};

    fn board() -> Board {
        Board { standalone: true, ..target::load("icebreaker").unwrap().board.unwrap() }
    }

    #[test]
    fn the_flash_is_read_only_where_that_is_asked_for() {
        let board = board();
        assert_eq!(board.boots().map(|b| b.offset), Some(0x2_0000));
        assert_eq!(Board { standalone: false, ..board }.boots(), None);
    }

    /// 3 µs are 36 cycles at 12 MHz and 90 at 30; of 30.375 MHz 91.1.
    #[test]
    fn the_wait_is_longer_than_the_flash_takes() {
        let at = |feedback| {
            let pll_setting = Some(Pll { reference: 1, feedback, output: 32 });
            let board = Board { pll_setting, ..board() };
            board.wake_cycles(board.boot.unwrap())
        };
        assert_eq!((at(80), at(81)), (91, 93));
        assert_eq!(board().wake_cycles(board().boot.unwrap()), 37);
    }

    #[test]
    fn a_board_without_a_flash_of_its_own_cannot_boot() {
        let refused = |board: Board, words: &str| {
            let d = board.check_boot().unwrap_err();
            assert_eq!(d.code.id, "SF0003");
            assert!(d.message.contains(words), "{d}");
        };
        board().check_boot().unwrap();
        refused(Board { boot: None, ..board() }, "nothing is known");
        let mut pinless = board();
        pinless.pins.remove("flash_sck_o");
        refused(pinless, "`flash_sck_o`");
        refused(Board { link: Link::Spi, ..board() }, "the serial line");
        let mut shared = board();
        shared.pins.insert("led_busy_no".into(), "14".into());
        refused(shared, "pin 14 is the flash's, and `led_busy_no`");
        // 102 MHz, as nobody would; the flash gets half of it.
        let fast = |feedback| {
            let pll_setting = Some(Pll { reference: 1, feedback, output: 8 });
            Board { pll_setting, ..board() }
        };
        refused(fast(68), "51 MHz are too fast");
        Board { boot: board().boot, ..fast(66) }.check_boot().unwrap();
    }

    #[test]
    fn what_a_file_says_of_a_flash_has_to_make_sense() {
        let of = |change: fn(&mut Boot)| {
            let mut board = board();
            board.boot.as_mut().map(change);
            board.boot_fault().map(|(field, _)| field)
        };
        assert_eq!(of(|_| {}), None);
        assert_eq!(of(|b| b.offset = 0), Some("board.boot.offset"));
        assert_eq!(of(|b| b.offset = 1 << 24), Some("board.boot.offset"));
        assert_eq!(of(|b| b.offset = (1 << 24) - 1), None);
        assert_eq!(of(|b| b.most_mhz = 0.0), Some("board.boot.most_mhz"));
        assert_eq!(of(|b| b.most_mhz = f64::INFINITY), Some("board.boot.most_mhz"));
        assert_eq!(of(|b| b.wake_us = -1.0), Some("board.boot.wake_us"));
        assert_eq!(of(|b| b.wake_us = 10.22), None);
        assert_eq!(of(|b| b.wake_us = 10.24), Some("board.boot.wake_us"));
        assert_eq!(of(|b| b.wake_us = f64::NAN), Some("board.boot.wake_us"));
        let without = Board { boot: None, ..board() };
        assert_eq!(without.boot_fault().map(|(field, _)| field), Some("board.boot"));
        assert_eq!(Board { standalone: false, ..without }.boot_fault(), None);
    }
}

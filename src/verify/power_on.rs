// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A chip beside the flash that it reads its weights from: what is simulated, and what it says after
//! power-on.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use synfire_link::Status;

use super::link::decode_response;
use crate::diag::{Diagnostic, Result, codes, write_file};
use crate::emit::BOOT_TAG;
use crate::target::Board;

/// The module of both, and the flash.
pub(super) const MODULE: &str = "standalone";
const BOARD: &str = include_str!("../../templates/verify/standalone.v");
const FLASH: &str = include_str!("../../templates/verify/W25Q128JV.v");
/// What the bench is told with it.
pub(super) const DEFINE: &str = "#define FLASH\n";

/// What a chip said after power-on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Announcement {
    /// Clock cycles until the first bit; 0 if it said nothing.
    pub cycle: u64,
    /// The frames that it sent.
    pub bytes: Vec<u8>,
    /// Is its error LED lit?
    pub error_lit: bool,
    /// Was the flash used as its data sheet forbids?
    pub violated: bool,
}

/// When a chip was ready, beside when it should have been: clock cycles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// The level that was simulated.
    pub level: &'static str,
    /// What the cost model says.
    pub expected: u64,
    /// What was seen.
    pub found: u64,
}

impl Ready {
    /// What is wrong, in words.
    pub(super) fn difference(&self) -> Option<String> {
        let Self { level, expected, found } = self;
        (expected != found)
            .then(|| format!("{level}: ready after {found} cycles instead of {expected}"))
    }
}

/// Writes the modules beside the chip into `work`: the board, and its flash.
pub(super) fn write(board: &Board, work: &Path) -> Result<[PathBuf; 2]> {
    let high = board.pins.contains_key("led_busy_o");
    let (ending, lit) = if high { ("o", 1) } else { ("no", 0) };
    let names = format!(
        "`define LED_BUSY led_busy_{ending}\n`define LED_ERROR led_error_{ending}\n`define LIT 1'b{lit}\n"
    );
    let files = [("standalone.v", names + BOARD), ("W25Q128JV.v", FLASH.to_owned())];
    let mut paths = Vec::new();
    for (name, text) in files {
        let path = work.join(name);
        write_file(&path, text)?;
        paths.push(path);
    }
    <[PathBuf; 2]>::try_from(paths).map_err(|_| Diagnostic::internal("verify", "two files"))
}

impl Announcement {
    /// Reads what the bench printed.
    pub(super) fn parse(log: &str) -> Self {
        let mut found = Self::default();
        for line in log.lines() {
            if let Some((cycle, digits)) =
                line.strip_prefix("announced ").and_then(|rest| rest.split_once(' '))
            {
                let byte = |i| u8::from_str_radix(digits.get(i..i + 2)?, 16).ok();
                found.cycle = cycle.parse().unwrap_or_default();
                found.bytes = (0..digits.len()).step_by(2).map_while(byte).collect();
            }
            found.error_lit |= line == "error lit";
            found.violated |= line == "flash violated";
        }
        found
    }

    /// The status that the board told of its weights; nothing if it told none.
    pub(super) fn status(&self) -> Option<Status> {
        let frame = self.bytes.split_inclusive(|b| *b == 0).next()?;
        let response = decode_response(frame).ok()?;
        (response.tag == BOOT_TAG && response.body.is_empty()).then_some(response.status)
    }

    /// It has read all, has said so once, and shows no error.
    ///
    /// # Errors
    /// [`codes::LINK_DAMAGED`] with what it said instead.
    pub(super) fn is_ready(&self) -> Result<()> {
        let one = self.bytes.iter().filter(|b| **b == 0).count() == 1;
        let status = self.status().filter(|_| one);
        let mut words = match status {
            Some(Status::Ok) => String::new(),
            Some(status) => format!("; it said `{status}`"),
            None if self.bytes.is_empty() => "; it said nothing".to_owned(),
            None => format!("; it sent {} bytes that are no answer", self.bytes.len()),
        };
        if self.error_lit {
            let _ = write!(words, "; its error LED is lit");
        }
        if self.violated {
            let _ = write!(words, "; the flash was used as its data sheet forbids");
        }
        if words.is_empty() {
            return Ok(());
        }
        let message = format!("after power-on the board is not ready{words}");
        Err(Diagnostic::new(&codes::LINK_DAMAGED, message)
            .help("flash.bin, or boot.bin, is damaged, or the hardware does not read it"))
    }

    /// It has found that what it read is damaged, and shows it.
    pub(super) fn is_refused(&self) -> bool {
        self.status().is_none_or(|s| s != Status::Ok) && self.error_lit && !self.violated
    }
}

#[cfg(test)]
mod tests {
    use synfire_link::Response;

    use super::*;
    use crate::target;

    fn said(tag: u8, status: Status, body: &[u8]) -> Announcement {
        let mut bytes = vec![0; Response::encoded_max(body.len())];
        let len = Response { tag, status, body }.encode(&mut bytes).unwrap();
        bytes.truncate(len);
        Announcement { cycle: 9, bytes, ..Announcement::default() }
    }

    #[test]
    fn the_bench_tells_what_was_said() {
        let log = "announced 404187 02f001a20100\nerror lit\nflash violated\n17 cycles\n";
        let bytes = vec![2, 0xF0, 1, 0xA2, 1, 0];
        let want = Announcement { cycle: 404_187, bytes, error_lit: true, violated: true };
        assert_eq!(Announcement::parse(log), want);
        assert_eq!(Announcement::parse("announced 0 \n"), Announcement::default());
    }

    #[test]
    fn ready_is_one_good_answer_and_nothing_else() {
        let good = said(15, Status::Ok, &[]);
        good.is_ready().unwrap();
        assert!(!good.is_refused());
        let twice = Announcement { bytes: good.bytes.repeat(2), ..good.clone() };
        let lit = Announcement { error_lit: true, ..good.clone() };
        let violated = Announcement { violated: true, ..good.clone() };
        let silent = Announcement { bytes: Vec::new(), ..good.clone() };
        for (found, words) in [
            (said(15, Status::BadCrc, &[]), "it said `bad CRC`"),
            (said(14, Status::Ok, &[]), "bytes that are no answer"),
            (said(15, Status::Ok, &[1]), "bytes that are no answer"),
            (twice, "bytes that are no answer"),
            (silent.clone(), "it said nothing"),
            (lit, "its error LED is lit"),
            (violated, "as its data sheet forbids"),
        ] {
            let d = found.is_ready().unwrap_err();
            assert_eq!(d.code.id, "SF0602");
            assert!(d.message.contains(words), "{d}");
        }
        // What is refused is shown.
        let bad = said(15, Status::BadCrc, &[]);
        assert!(!bad.is_refused() && !silent.is_refused());
        let lit = |a: Announcement| Announcement { error_lit: true, ..a };
        assert!(lit(bad.clone()).is_refused() && lit(silent).is_refused());
        assert!(!lit(good).is_refused());
        assert!(!Announcement { violated: true, ..lit(bad) }.is_refused());
    }

    #[test]
    fn the_board_has_the_leds_of_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let text = |board: &Board| {
            let [path, flash] = write(board, dir.path()).unwrap();
            assert!(std::fs::read_to_string(flash).unwrap().contains("module W25Q128JV"));
            std::fs::read_to_string(path).unwrap()
        };
        let mut board = target::load("icebreaker").unwrap().board.unwrap();
        assert!(text(&board).starts_with("`define LED_BUSY led_busy_no\n"));
        assert!(text(&board).contains("`define LIT 1'b0\n"));
        board.pins.insert("led_busy_o".into(), "1".into());
        assert!(text(&board).contains("`define LED_ERROR led_error_o\n`define LIT 1'b1\n"));
    }

    #[test]
    fn another_time_is_a_difference() {
        let ready = |found| Ready { level: "top", expected: 1243, found }.difference();
        assert_eq!(ready(1243), None);
        assert_eq!(ready(1244).unwrap(), "top: ready after 1244 cycles instead of 1243");
    }
}

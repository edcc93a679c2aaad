// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The clock and the serial line of a board, as asked for on the command line.

use std::str::FromStr;

use serde::Serialize;

use crate::cli::ui::thousands;
use crate::diag::{Diagnostic, Result, codes};
use crate::energy::IoTiming;
use crate::hw::Design;
use crate::target::{Board, Family, Link, Pll, Target};

/// Something that is asked for, or left to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted<T> {
    Auto,
    Is(T),
}

impl<T: FromStr> FromStr for Wanted<T> {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.parse() {
            Ok(value) => Ok(Self::Is(value)),
            Err(_) if text == "auto" => Ok(Self::Auto),
            Err(_) => Err("expected a number or `auto`".into()),
        }
    }
}

#[derive(clap::Args, Clone, Default)]
pub(super) struct ClockArgs {
    /// Clock of the design, made by the board's PLL. `auto`: of the clocks that place and route
    /// reaches with a margin of 5 %, the one with the shortest inference.
    #[arg(long, value_name = "MHZ|auto")]
    clock: Option<Wanted<f64>>,
    /// Speed of the serial line in bits a second. `auto`: the fastest that the clock makes and
    /// the board's bridge has.
    #[arg(long, value_name = "N|auto")]
    baud: Option<Wanted<u32>>,
    /// How the host talks to the board, where there is a choice (`spi_mhz` in the board's file).
    #[arg(long, value_enum)]
    link: Option<Line>,
}

/// The clock and the serial line.
#[derive(Serialize)]
pub(super) struct Clock {
    pub(super) mhz: f64,
    /// At the board's pin.
    pub(super) pin_mhz: f64,
    pub(super) pll: Option<Pll>,
    /// Of the serial line, if that is the link.
    pub(super) baud: Option<u32>,
    /// Of the host over SPI, if that is.
    pub(super) spi_mhz: Option<f64>,
}

impl Clock {
    pub(super) fn of(board: &Board) -> Self {
        let (pin_mhz, pll) = (board.clock_mhz, board.pll_setting);
        let baud = board.link.is_uart().then_some(board.uart_baud);
        let spi_mhz = board.spi_mhz.filter(|_| !board.link.is_uart());
        Self { mhz: board.mhz(), pin_mhz, pll, baud, spi_mhz }
    }

    /// Nothing where all is as on a board without options.
    pub(super) fn text(&self) -> String {
        let line = match (self.baud, self.spi_mhz) {
            (_, Some(mhz)) => format!("SPI at {mhz} MHz"),
            (baud, None) => {
                format!("serial line {} baud", thousands(u64::from(baud.unwrap_or_default())))
            }
        };
        match self.pll {
            None if self.spi_mhz.is_none() => String::new(),
            None => format!("\nclock {} MHz, {line}", self.mhz),
            Some(Pll { reference, feedback, output }) => format!(
                "\nclock {} MHz ({} MHz / {reference} × {feedback} / {output}), {line}",
                self.mhz, self.pin_mhz
            ),
        }
    }
}

/// A link, as the command line calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Line {
    Uart,
    Spi,
}

/// Share of what place and route reaches that a clock of a PLL may have: below 100 MHz the data
/// sheets give its output up to 0.05 periods of jitter.
const MARGIN: f64 = 0.95;
/// Largest deviation from a clock or speed that is asked for.
const NEAR: f64 = 0.01;

impl ClockArgs {
    /// Is the clock to be found by routing?
    pub(super) fn is_auto(&self) -> bool {
        self.clock == Some(Wanted::Auto)
    }

    /// The first of these options that is given.
    pub(super) fn first(&self) -> Option<&'static str> {
        let link = self.link.map(|_| "--link");
        let baud = self.baud.map(|_| "--baud");
        link.or(baud).or(self.clock.map(|_| "--clock"))
    }

    /// Sets what is asked for in the target; with `--clock auto` its own clock stays.
    pub(super) fn set(&self, target: &mut Target) -> Result<()> {
        if self.clock.is_none() && self.baud.is_none() && self.link.is_none() {
            return Ok(());
        }
        let family = target.device.family;
        let Some(board) = &mut target.board else {
            return Err(bad(format!("`{}` is a bare device, without clock and line", target.name))
                .help("name a board, see `synfire targets`"));
        };
        if self.clock.is_some() && !board.pll {
            let message = format!("the clock's pin of `{}` feeds no PLL", target.name);
            return Err(bad(message)
                .help("leave --clock out, or set `pll = true` in the board's file if it does"));
        }
        if let Some(Wanted::Is(mhz)) = self.clock {
            board.pll_setting = setting(family, board.clock_mhz, mhz)?;
        }
        match self.link {
            Some(Line::Spi) if board.spi_mhz.is_none() => {
                return Err(bad(format!("`{}` has no SPI to the host", target.name))
                    .help("leave --link out, or give the board's file `spi_mhz` and its pins"));
            }
            Some(Line::Spi) => board.link = Link::Spi,
            Some(Line::Uart) => board.link = Link::Uart,
            None => {}
        }
        *board = self.with_line(board.clone())?;
        // A clock that is found has its own divider.
        if self.is_auto() { Ok(()) } else { board.pace().map(drop) }
    }

    /// The board with the serial line that is asked for.
    fn with_line(&self, mut board: Board) -> Result<Board> {
        match self.baud {
            None => {}
            Some(Wanted::Is(baud)) => {
                let near = board.nearest_line(baud);
                // What is asked for may be 0.
                if (f64::from(near) - f64::from(baud)).abs() > NEAR * f64::from(baud) {
                    let message = format!("the board's serial bridge has no {baud} baud");
                    return Err(bad(message).help(format!("the nearest that it has is {near}")));
                }
                board.uart_baud = baud;
            }
            Some(Wanted::Auto) => {
                board.uart_baud = board.fastest_line().ok_or_else(|| {
                    bad("the speeds of the board's serial bridge are not known".to_owned())
                        .help("give a speed, or `uart_base` in the board's file")
                })?;
            }
        }
        Ok(board)
    }

    /// The boards that differ in their clock alone, those with the shortest inference first.
    pub(super) fn search(
        &self,
        board: &Board,
        family: Family,
        design: &Design,
        cycles: u32,
    ) -> Search {
        let settings = Pll::settings(family, board.clock_mhz).into_iter().map(Some);
        let with = |pll_setting| self.with_line(Board { pll_setting, ..board.clone() }).ok();
        let mut boards: Vec<Board> = std::iter::once(None)
            .chain(settings)
            .filter_map(with)
            .filter(|b| b.pace().is_ok() && (!b.standalone || b.check_boot().is_ok()))
            .collect();
        boards.sort_by(|a, b| {
            let (x, y) = (seconds(a, design, cycles), seconds(b, design, cycles));
            x.total_cmp(&y).then(b.mhz().total_cmp(&a.mhz()))
        });
        Search { boards, good: None, is_over: false }
    }
}

/// One inference, its bytes on the line included, at the line's nominal speed.
fn seconds(board: &Board, design: &Design, cycles: u32) -> f64 {
    let io = IoTiming::on(design, board, board.mhz());
    let bytes = f64::from(io.request_bytes + io.response_bytes);
    bytes * board.byte_seconds() + f64::from(cycles) / (board.mhz() * 1e6)
}

/// The setting that comes nearest to a clock; nothing for the pin's own.
fn setting(family: Family, pin: f64, mhz: f64) -> Result<Option<Pll>> {
    if mhz == pin {
        return Ok(None);
    }
    let all = Pll::settings(family, pin);
    let off = |p: &&Pll| (p.mhz(pin) / mhz - 1.0).abs();
    let nearest = all.iter().min_by(|a, b| off(a).total_cmp(&off(b))).copied();
    if let Some(pll) = nearest.filter(|p| off(&p) <= NEAR) {
        return Ok(Some(pll));
    }
    let below = all.iter().rev().find(|p| p.mhz(pin) < mhz);
    let above = all.iter().find(|p| p.mhz(pin) > mhz);
    let near: Vec<_> =
        below.into_iter().chain(above).map(|p| format!("{} MHz", p.mhz(pin))).collect();
    let message = format!("no setting of the PLL makes {mhz} MHz from {pin} MHz");
    Err(bad(message).help(format!("the nearest: {}", near.join(", "))))
}

fn bad(message: String) -> Box<Diagnostic> {
    Diagnostic::new(&codes::BAD_OPTION, message)
}

/// The search for the best clock that place and route reaches.
#[derive(Debug)]
pub(super) struct Search {
    /// The best first.
    boards: Vec<Board>,
    /// The last clock that was reached.
    good: Option<f64>,
    /// A better one was tried, and was not.
    is_over: bool,
}

impl Search {
    /// The best board whose clock is not above this one.
    pub(super) fn up_to(&self, mhz: f64) -> Result<Board> {
        self.boards.iter().find(|b| b.mhz() <= mhz).cloned().ok_or_else(|| {
            let message = format!("the PLL makes no clock of {mhz:.2} MHz or less");
            Diagnostic::new(&codes::PNR_TOO_SLOW, message)
                .help("leave --clock out: the design then runs at the pin's clock")
        })
    }

    /// What to try after a board on which place and route reached `fmax`; the same one if it
    /// is good and none is better.
    pub(super) fn after(&mut self, board: &Board, fmax: f64) -> Result<Board> {
        if self.is_over {
            return Ok(board.clone());
        }
        let reached = fmax * MARGIN;
        if board.mhz() <= reached {
            self.good = Some(board.mhz());
            return self.up_to(reached);
        }
        // The placement of a faster one was worse: back to the one that was good.
        self.is_over = self.good.is_some();
        self.up_to(self.good.unwrap_or(reached))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target;

    fn args(clock: &str, baud: &str) -> ClockArgs {
        ClockArgs { clock: clock.parse().ok(), baud: baud.parse().ok(), link: None }
    }

    fn set(name: &str, clock: &str, baud: &str) -> Result<Board> {
        let mut target = target::load(name)?;
        args(clock, baud).set(&mut target)?;
        Ok(target.board.unwrap())
    }

    #[test]
    fn a_clock_is_made_or_its_neighbours_are_named() {
        let mhz = |clock| set("icebreaker", clock, "").unwrap().mhz();
        assert_eq!((mhz(""), mhz("12"), mhz("24"), mhz("30.1")), (12.0, 12.0, 24.0, 30.0));
        assert!(set("icebreaker", "12", "").unwrap().pll_setting.is_none());
        let error = set("icebreaker", "14", "").unwrap_err();
        assert_eq!(error.code.id, "SF0003", "{error}");
        assert_eq!(error.help.as_deref(), Some("the nearest: 16.125 MHz"));
        let error = set("ulx3s-25f", "45", "").unwrap_err();
        assert_eq!(error.help.as_deref(), Some("the nearest: 37.5 MHz, 50 MHz"));
        for clock in ["0", "-12", "NaN", "inf", "1e9"] {
            assert!(set("icebreaker", clock, "").is_err(), "{clock}");
        }
        assert_eq!(set("ice40up5k", "24", "").unwrap_err().code.id, "SF0003");
        let mut target = target::load("icebreaker").unwrap();
        target.board.as_mut().unwrap().pll = false;
        assert!(args("24", "").set(&mut target).unwrap_err().message.contains("no PLL"));
    }

    #[test]
    fn a_line_is_one_of_the_bridges() {
        let baud = |clock, baud| set("icebreaker", clock, baud).map(|b| b.uart_baud);
        assert_eq!(baud("", "").unwrap(), 1_000_000);
        assert_eq!(baud("", "auto").unwrap(), 3_000_000);
        assert_eq!(baud("30", "auto").unwrap(), 6_000_000);
        assert_eq!(baud("24", "115200").unwrap(), 115_200);
        // 32 / 4, which the bridge has not at 7, and the clock of 30 MHz not.
        assert_eq!(
            baud("24", "7000000").unwrap_err().help.as_deref(),
            Some("the nearest that it has is 8000000")
        );
        assert_eq!(baud("30", "8000000").unwrap_err().code.id, "SF0402");
        assert_eq!(baud("", "0").unwrap_err().code.id, "SF0003");
        assert_eq!(set("orangecrab-25f", "", "auto").unwrap_err().code.id, "SF0003");
    }

    /// A hundredth off is near enough: 202 kHz by two are 101 kbaud, by 2 1/8 are 95.
    #[test]
    fn a_line_may_be_a_hundredth_off() {
        let board = Board { uart_base: Some(202_000), ..set("icebreaker", "", "").unwrap() };
        let line = |baud: &str| args("", baud).with_line(board.clone()).map(|b| b.uart_baud);
        assert_eq!(line("100000").unwrap(), 100_000);
        assert_eq!(line("99999").unwrap_err().code.id, "SF0003");
    }

    #[test]
    fn a_link_is_one_that_the_board_has() {
        let set = |link, spi_mhz| {
            let mut target = target::load("icebreaker").unwrap();
            target.board.as_mut().unwrap().spi_mhz = spi_mhz;
            let args = ClockArgs { clock: None, baud: None, link: Some(link) };
            args.set(&mut target).map(|()| target.board.unwrap().link)
        };
        assert_eq!(set(Line::Spi, Some(15.0)).unwrap(), Link::Spi);
        assert_eq!(set(Line::Uart, None).unwrap(), Link::Uart);
        assert!(set(Line::Spi, None).unwrap_err().message.contains("no SPI to the host"));
    }

    /// A clock that is found has its own divider: 12 MHz by 4.8 Mbaud is none.
    #[test]
    fn a_clock_that_is_found_is_not_asked_for_its_divider() {
        let board = |clock| set("icebreaker", clock, "4800000").map(|b| b.uart_baud);
        assert_eq!(board("auto").unwrap(), 4_800_000);
        assert_eq!(board("").unwrap_err().code.id, "SF0402");
        assert!(args("auto", "").is_auto() && !args("24", "").is_auto());
    }

    /// 12,000 cycles at 12 MHz are 1 ms, 33 bytes at 1 Mbaud 0.33 ms.
    #[test]
    fn an_inference_is_its_bytes_and_its_cycles() {
        let board = set("icebreaker", "", "").unwrap();
        let design = crate::verify::tests::design();
        let found = seconds(&board, &design, 12_000);
        assert!((found - 1.33e-3).abs() < 1e-9, "{found}");
    }

    /// 784 inputs of a byte, 10 classes, an inference of 2,000 cycles.
    fn search(clock: &str, baud: &str) -> Search {
        let board = set("icebreaker", clock, baud).unwrap();
        let mut design = crate::verify::tests::design();
        design.input.count = 784;
        args(clock, baud).search(&board, Family::Ice40, &design, 2_000)
    }

    /// The flash of a board that reads it gets half the clock.
    #[test]
    fn a_clock_that_is_found_is_one_of_the_flash() {
        let mut board = set("icebreaker", "auto", "").unwrap();
        board.boot.as_mut().unwrap().most_mhz = 10.0;
        let fastest = |board: &Board| {
            let design = crate::verify::tests::design();
            let search = args("auto", "").search(board, Family::Ice40, &design, 2_000);
            search.up_to(31.0).unwrap().mhz()
        };
        assert_eq!(fastest(&board), 30.75);
        board.standalone = true;
        assert_eq!(fastest(&board), 19.875);
    }

    #[test]
    fn the_shortest_inference_wins() {
        let with = |baud, mhz| {
            let board = search("auto", baud).up_to(mhz).unwrap();
            (board.mhz(), board.uart_baud)
        };
        // The line is the same: the fastest clock.
        assert_eq!(with("", 31.0), (30.75, 1_000_000));
        assert_eq!(with("", 12.5), (12.0, 1_000_000));
        // 6 Mbaud is worth more than the last MHz, whose line is slower.
        assert_eq!(with("auto", 31.0), (30.0, 6_000_000));
        assert_eq!(with("auto", 29.9), (24.0, 6_000_000));
        assert_eq!(with("auto", 40.0).1, 8_000_000);
        assert_eq!(search("auto", "").up_to(11.0).unwrap_err().code.id, "SF0505");
    }

    /// Runs a search in which place and route reaches `fmax` of a clock; the clocks tried.
    fn tried(fmax: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut search = search("auto", "");
        let (mut board, mut tried) = (search.up_to(24.0).unwrap(), Vec::new());
        loop {
            tried.push(board.mhz());
            let next = search.after(&board, fmax(board.mhz())).unwrap();
            if next.mhz() == board.mhz() {
                return tried;
            }
            board = next;
        }
    }

    #[test]
    fn a_search_ends_at_a_clock_that_was_reached() {
        // Always 33 MHz: 0.95 of it is 31.35.
        assert_eq!(tried(|_| 33.0), [24.0, 31.125]);
        // The faster clock gets a worse placement: 0.95 · 32 is 30.4.
        assert_eq!(tried(|mhz| if mhz > 30.0 { 32.0 } else { 33.0 }), [24.0, 31.125, 24.0]);
        // Down from the first one.
        assert_eq!(tried(|_| 20.0), [24.0, 18.75]);
        // Only what was reached before is good.
        assert_eq!(tried(|mhz| if mhz > 24.0 { 10.0 } else { 26.0 }), [24.0, 24.375, 24.0]);
    }

    #[test]
    fn numbers_or_auto() {
        assert_eq!("auto".parse(), Ok(Wanted::<u32>::Auto));
        assert_eq!("24.5".parse(), Ok(Wanted::Is(24.5)));
        assert!("fast".parse::<Wanted<f64>>().is_err() && "1.5".parse::<Wanted<u32>>().is_err());
    }
}

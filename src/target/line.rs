// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The line between host and board: which speeds its clock makes, and which the host's side has.

use super::{Board, FLASH_PINS, Link};
use crate::diag::{Diagnostic, Result, codes};

/// Largest deviation of the serial line's speed that a receiver stands.
const TOLERANCE: f64 = 0.02;
/// The deviation of a line whose speed is chosen here: the host's clock has one of its own.
const CHOSEN: f64 = 0.01;
/// Clock cycles a bit: the receiver looks for the middle of one, and counts in 16 bits.
const DIVIDERS: std::ops::RangeInclusive<u32> = 4..=65_535;
/// Periods of the host's clock in one of the design's, at most (hdl/sf_spi.v).
const SPI_MOST: f64 = 2.0;

/// How fast bytes pass, as the design sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Clock cycles a bit of the serial line.
    Divider(u32),
    /// The host's clock of SPI, in MHz.
    Spi(f64),
}

impl Pace {
    /// Clock cycles that a byte takes at the design's clock of `mhz`: start bit, eight bits and
    /// stop bit of the serial line; eight bits of SPI.
    #[must_use]
    pub fn byte_cycles(self, mhz: f64) -> f64 {
        match self {
            Self::Divider(divider) => 10.0 * f64::from(divider),
            Self::Spi(sck) => 8.0 * mhz / sck,
        }
    }
}

impl Board {
    /// How fast bytes pass.
    ///
    /// # Errors
    /// [`codes::TARGET_FORMAT`] if the line does not go with the clock.
    pub fn pace(&self) -> Result<Pace> {
        if self.link.is_uart() {
            return self.divider().map(Pace::Divider);
        }
        let sck = self.spi_mhz.unwrap_or(0.0);
        if sck > 0.0 && sck <= SPI_MOST * self.mhz() {
            return Ok(Pace::Spi(sck));
        }
        let message = format!("SPI at {sck} MHz with a design at {} MHz", self.mhz());
        let help = format!("the host's clock is at most {SPI_MOST} times the design's");
        Err(Diagnostic::new(&codes::TARGET_FORMAT, message).at("board.spi_mhz").help(help))
    }

    /// Seconds that a byte takes on the line, at the speed that it is called by.
    #[must_use]
    pub fn byte_seconds(&self) -> f64 {
        match (self.link, self.spi_mhz) {
            (Link::Spi, Some(sck)) => 8.0 / (sck * 1e6),
            _ => 10.0 / f64::from(self.uart_baud.max(1)),
        }
    }

    /// Its pins: those of the other link are left out, and the flash's if it is not read.
    pub fn used_pins(&self) -> impl Iterator<Item = (&str, &str)> {
        let other = if self.link.is_uart() { "spi_" } else { "uart_" };
        let is_used = move |port: &str| {
            !port.starts_with(other) && (self.standalone || !FLASH_PINS.contains(&port))
        };
        let used = self.pins.iter().filter(move |(port, _)| is_used(port));
        used.map(|(port, pin)| (port.as_str(), pin.as_str()))
    }

    /// Clock cycles a bit of the serial line.
    ///
    /// # Errors
    /// [`codes::TARGET_FORMAT`] if no divider comes near enough.
    fn divider(&self) -> Result<u32> {
        let exact = self.mhz() * 1e6 / f64::from(self.uart_baud);
        // What is no number, and what is too large for one, is no divider either.
        let divider = exact.round() as u32;
        let deviation = (f64::from(divider) / exact - 1.0).abs();
        if DIVIDERS.contains(&divider) && deviation <= TOLERANCE {
            return Ok(divider);
        }
        let message = format!("{} baud cannot be made from {} MHz", self.uart_baud, self.mhz());
        let (least, most) = DIVIDERS.into_inner();
        let help = format!(
            "choose a speed that divides the clock by a whole number from {least} to {most}"
        );
        Err(Diagnostic::new(&codes::TARGET_FORMAT, message).at("board.uart_baud").help(help))
    }

    /// The fastest speed that the board's bridge has and the clock makes; nothing if the bridge's
    /// speeds are not known, or none is one of the clock's.
    #[must_use]
    pub fn fastest_line(&self) -> Option<u32> {
        let base = f64::from(self.uart_base?);
        let near = |divider: u32| {
            let made = self.mhz() * 1e6 / f64::from(divider);
            let rate = bridge(base, made);
            ((rate / made - 1.0).abs() <= CHOSEN).then(|| rate.round() as u32)
        };
        DIVIDERS.clone().find_map(near).filter(|baud| *baud > 0)
    }

    /// The bridge's speed that comes nearest to one, where its speeds are known: itself if it has
    /// it.
    #[must_use]
    pub fn nearest_line(&self, baud: u32) -> u32 {
        match self.uart_base {
            Some(base) => bridge(f64::from(base), f64::from(baud)).round() as u32,
            None => baud,
        }
    }
}

/// Of the speeds that a bridge has the nearest to one: FTDI's chips divide their base by 1, 1.5, or
/// from 2 on in eighths (FTDI AN232B-05).
fn bridge(base: f64, wanted: f64) -> f64 {
    let eighths = (base / wanted * 8.0).clamp(16.0, 131_064.0);
    let fine = [eighths.floor(), eighths.ceil()].map(|e| e / 8.0);
    let rates = fine.into_iter().chain([1.0, 1.5]).map(|d| base / d);
    let off = |rate: f64| (rate / wanted - 1.0).abs();
    rates.min_by(|a, b| off(*a).total_cmp(&off(*b))).unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{self, Pll};

    fn board(clock_mhz: f64, uart_baud: u32) -> Board {
        Board { clock_mhz, uart_baud, ..target::load("icebreaker").unwrap().board.unwrap() }
    }

    #[test]
    fn dividers_are_whole_and_near_enough() {
        for (clock, baud, cycles) in [
            (12.0, 1_000_000, 12),
            (12.0, 115_200, 104),
            (4.0, 1_000_000, 4),
            (10.2, 1_000_000, 10),
            (19.6605, 300, 65_535),
        ] {
            assert_eq!(board(clock, baud).divider().unwrap(), cycles, "{clock} MHz, {baud}");
        }
        for (clock, baud) in [
            (3.0, 1_000_000),
            (4.49, 1_000_000),
            (10.21, 1_000_000),
            (9.79, 1_000_000),
            (19.661, 300),
            (48.0, 300),
            (12.0, 0),
        ] {
            let error = board(clock, baud).divider().unwrap_err();
            assert_eq!(error.code.id, "SF0402", "{clock}, {baud}");
        }
    }

    #[test]
    fn spi_is_at_most_twice_as_fast_as_the_design() {
        let spi = |sck| Board { link: Link::Spi, spi_mhz: Some(sck), ..board(12.0, 1_000_000) };
        assert_eq!(spi(24.0).pace().unwrap(), Pace::Spi(24.0));
        assert_eq!(spi(24.0).pace().unwrap().byte_cycles(12.0), 4.0);
        assert_eq!(board(12.0, 1_000_000).pace().unwrap().byte_cycles(12.0), 120.0);
        for board in [spi(24.1), spi(0.0), spi(f64::NAN), Board { spi_mhz: None, ..spi(1.0) }] {
            assert_eq!(board.pace().unwrap_err().code.id, "SF0402");
        }
        let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
        near(spi(16.0).byte_seconds(), 0.5e-6);
        near(board(12.0, 1_000_000).byte_seconds(), 10e-6);
        let ports = |b: &Board| b.used_pins().map(|(port, _)| port.to_owned()).collect::<Vec<_>>();
        let common = ["clk_i", "led_busy_no", "led_error_no"];
        assert_eq!(
            ports(&spi(1.0)),
            [&common[..], &["spi_cs_ni", "spi_miso_o", "spi_mosi_i", "spi_sck_i"]].concat()
        );
        assert_eq!(ports(&board(12.0, 1)), [&common[..], &["uart_rx_i", "uart_tx_o"]].concat());
        let standalone = Board { standalone: true, ..board(12.0, 1) };
        let want = [&common[..1], &FLASH_PINS, &common[1..], &["uart_rx_i", "uart_tx_o"]].concat();
        assert_eq!(ports(&standalone), want);
    }

    /// A bridge of 12 Mbaud has 12, 8, 6, 12 / 2.125, 12 / 2.25, ... Mbaud.
    #[test]
    fn a_bridge_divides_its_base() {
        for (wanted, has) in [
            (20e6, 12e6),
            (11e6, 12e6),
            (9e6, 8e6),
            (6.9e6, 6e6),
            (6e6, 6e6),
            (5.65e6, 12e6 / 2.125),
            (1e6, 1e6),
            (115_200.0, 12e6 / 104.125),
            (10.0, 12e6 / 16_383.0),
        ] {
            let found = bridge(12e6, wanted);
            assert!((found - has).abs() < 1e-3, "{wanted}: {found}, not {has}");
        }
    }

    #[test]
    fn the_fastest_line_is_one_that_both_ends_make() {
        let fastest = |mhz| board(mhz, 1).fastest_line();
        // Four cycles a bit; 12 / 4 at the pin's own clock.
        assert_eq!(fastest(12.0), Some(3_000_000));
        assert_eq!(fastest(24.0), Some(6_000_000));
        // A quarter is 7.5 Mbaud, which no bridge has; a fifth is 6.
        assert_eq!(fastest(30.0), Some(6_000_000));
        assert_eq!(fastest(32.0), Some(8_000_000));
        // 30.75 / 7 is 0.7 % above 12 / 2.75.
        assert_eq!(fastest(30.75), Some(4_363_636));
        let none = Board { uart_base: None, ..board(12.0, 1) };
        assert_eq!((none.fastest_line(), none.nearest_line(999_999)), (None, 999_999));
        assert_eq!(board(12.0, 1).nearest_line(999_999), 1_000_000);
        // Of a chosen speed both ends make the same, or nearly.
        for pll in Pll::settings(target::Family::Ice40, 12.0) {
            let mut board = Board { pll_setting: Some(pll), ..board(12.0, 1) };
            board.uart_baud = board.fastest_line().unwrap();
            let divider = board.divider().unwrap();
            let made = board.mhz() * 1e6 / f64::from(divider);
            assert!((made / f64::from(board.uart_baud) - 1.0).abs() < 0.0101, "{pll:?}");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What passes between host and board for one inference.

use serde::Serialize;

use crate::hw::Design;
use crate::target::{Board, Link, Pace, Target};

/// Command, payload and checksum of a request beside the payload, the byte stuffing's first
/// code and the delimiter.
const REQUEST_OVERHEAD: u32 = 5;
/// Status and checksum of a response, beside the body.
const RESPONSE_OVERHEAD: u32 = 3;
/// Start bit, eight bits, stop bit.
const BITS_PER_BYTE: f64 = 10.0;
/// Bytes of SPI that pass at most between a response's being there and its first byte: what a byte
/// is, is decided a byte before.
const SPI_LATE: u32 = 2;

/// Clock, and the serial line beside it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct IoTiming {
    /// Clock of the core in MHz.
    pub clock_mhz: f64,
    /// Clock cycles that a byte occupies the line.
    pub cycles_per_byte: f64,
    /// Bytes to the device, framing included; without pauses of the host.
    pub request_bytes: u32,
    /// Bytes from the device at most, framing included; without spike trains.
    pub response_bytes: u32,
}

impl IoTiming {
    /// No serial line: inputs and result pass at the core's own speed.
    #[must_use]
    pub fn none(clock_mhz: f64) -> Self {
        Self { clock_mhz, cycles_per_byte: 0.0, request_bytes: 0, response_bytes: 0 }
    }

    /// The frames of docs/host-link.md at `baud` bits a second.
    #[must_use]
    pub fn serial(design: &Design, clock_mhz: f64, baud: u32) -> Self {
        let divider = (clock_mhz * 1e6 / f64::from(baud.max(1))).round();
        Self::framed(design, clock_mhz, divider * BITS_PER_BYTE, 0)
    }

    /// The same over SPI at `sck_mhz`.
    #[must_use]
    pub fn spi(design: &Design, clock_mhz: f64, sck_mhz: f64) -> Self {
        Self::framed(design, clock_mhz, Pace::Spi(sck_mhz).byte_cycles(clock_mhz), SPI_LATE)
    }

    fn framed(design: &Design, clock_mhz: f64, cycles_per_byte: f64, late: u32) -> Self {
        let payload = design.input_bytes();
        // Byte stuffing costs a byte in 254.
        let request = payload + REQUEST_OVERHEAD + payload / 254;
        let body = design.result_bytes();
        Self {
            clock_mhz,
            cycles_per_byte,
            request_bytes: request,
            // Stuffed zeros double every byte that is not zero; code and delimiter end it.
            response_bytes: 2 * (body + RESPONSE_OVERHEAD) + 2 + late,
        }
    }

    /// The board's line, with a clock of `clock_mhz`.
    #[must_use]
    pub fn on(design: &Design, board: &Board, clock_mhz: f64) -> Self {
        match (board.link, board.spi_mhz) {
            (Link::Spi, Some(sck)) => Self::spi(design, clock_mhz, sck),
            _ => Self::serial(design, clock_mhz, board.uart_baud),
        }
    }

    /// Clock and line of the target's board, if it has one.
    #[must_use]
    pub fn of(design: &Design, target: &Target) -> Option<Self> {
        target.board.as_ref().map(|b| Self::on(design, b, b.mhz()))
    }

    /// Cycles until the request has come.
    pub(super) fn request_cycles(&self) -> f64 {
        f64::from(self.request_bytes) * self.cycles_per_byte
    }

    /// Cycles until the response has gone.
    pub(super) fn response_cycles(&self) -> f64 {
        f64::from(self.response_bytes) * self.cycles_per_byte
    }
}

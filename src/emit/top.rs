// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The board's top module and its pins.

use askama::Template;

use super::{File, RTL_DIR, quoted};
use crate::diag::{Diagnostic, Result, codes};
use crate::hw::Design;
use crate::target::{Board, Family, Target};

#[derive(Template)]
#[template(path = "verilog/top.v", escape = "none")]
struct Top<'a> {
    model: String,
    target: &'a str,
    version: &'a str,
    baud: u32,
    divider: u32,
    inputs: u32,
    /// Bytes of weights that the host loads.
    load_bytes: u32,
    identity: String,
    dense_count: usize,
    lif_count: usize,
    /// One processor: the job that it runs is a probe, too.
    shared: bool,
    /// The LEDs light when driven high.
    lit_high: bool,
}

#[derive(Template)]
#[template(path = "verilog/pins.pcf", escape = "none")]
struct Pcf<'a> {
    target: &'a str,
    version: &'a str,
    pins: Pins<'a>,
}

#[derive(Template)]
#[template(path = "verilog/pins.lpf", escape = "none")]
struct Lpf<'a> {
    target: &'a str,
    version: &'a str,
    pins: Pins<'a>,
    /// Electrical standard of every pin.
    io: Option<&'a str>,
}

/// Ports and where they are.
type Pins<'a> = Vec<(&'a str, &'a str)>;

/// Largest deviation of the serial line's speed that a receiver stands.
const BAUD_TOLERANCE: f64 = 0.02;

/// Clock cycles a bit of the serial line.
///
/// # Errors
/// [`codes::TARGET_FORMAT`] if no divider comes near enough.
pub fn divider(board: &Board) -> Result<u32> {
    let exact = board.clock_mhz * 1e6 / f64::from(board.uart_baud);
    let divider = exact.round();
    // Also false for what is no number.
    let possible = divider >= 4.0 && (divider / exact - 1.0).abs() <= BAUD_TOLERANCE;
    if !possible {
        let message =
            format!("{} baud cannot be made from {} MHz", board.uart_baud, board.clock_mhz);
        return Err(Diagnostic::new(&codes::TARGET_FORMAT, message)
            .at("board.uart_baud")
            .help("choose a speed that divides the clock by a whole number of at least 4"));
    }
    Ok(divider as u32)
}

/// Top module and pin constraints.
pub(super) fn render(design: &Design, target: &Target, board: &Board) -> Result<Vec<File>> {
    let version = env!("CARGO_PKG_VERSION");
    let top = Top {
        model: quoted(&design.name),
        target: &target.name,
        version,
        baud: board.uart_baud,
        divider: divider(board)?,
        inputs: design.input_bytes(),
        load_bytes: design.load_bytes(),
        identity: identity(design),
        dense_count: design.denses().count().max(1),
        lif_count: design.lifs().count().max(1),
        shared: design.shared.is_some(),
        lit_high: board.pins.contains_key("led_busy_o"),
    };
    let pins = board.pins.iter().map(|(port, pin)| (port.as_str(), pin.as_str())).collect();
    let (family, target) = (target.device.family, &target.name);
    let name = family.spec().constraints;
    let io = board.io_standard.as_deref();
    let pins = match family {
        Family::Ice40 => File::rendered(name, &Pcf { target, version, pins })?,
        Family::Ecp5 => File::rendered(name, &Lpf { target, version, pins, io })?,
    };
    Ok(vec![File::rendered(format!("{RTL_DIR}/top.v"), &top)?, pins])
}

/// What the board answers to `identify`, as digits.
fn identity(design: &Design) -> String {
    design.identity().iter().map(|b| format!("{b:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::{Input, ReadoutStage, Stage};
    use crate::target;

    fn design(name: &str) -> Design {
        let readout = ReadoutStage {
            name: "y".into(),
            input_bits: 2,
            gain: vec![1; 10],
            offset: vec![0; 10],
            gain_bits: 1,
            offset_bits: 2,
            logit_bits: 3,
            block: false,
        };
        Design {
            shared: None,
            family: crate::target::Family::Ice40,
            name: name.into(),
            timesteps: 4,
            input: Input { count: 784, bits: 8, changes: false },
            stages: vec![Stage::Readout(readout)],
            trace: false,
        }
    }

    #[test]
    fn the_board_says_what_it_runs() {
        // SYNF, version 1, T = 4, 10 classes, 784 = 0x0310 inputs, "student".
        assert_eq!(identity(&design("student_large")), "53594E4601040A031073747564656E74");
        // A short name is followed by zeros.
        assert_eq!(identity(&design("ab")), "53594E4601040A031061620000000000");
    }

    #[test]
    fn dividers_are_whole_and_near_enough() {
        let board = |clock_mhz: f64, uart_baud: u32| Board {
            clock_mhz,
            uart_baud,
            ..target::load("icebreaker").unwrap().board.unwrap()
        };
        for (clock, baud, cycles) in [
            (12.0, 1_000_000, 12),
            (12.0, 115_200, 104),
            (4.0, 1_000_000, 4),
            (10.2, 1_000_000, 10),
        ] {
            assert_eq!(divider(&board(clock, baud)).unwrap(), cycles, "{clock} MHz, {baud}");
        }
        for (clock, baud) in
            [(3.0, 1_000_000), (4.49, 1_000_000), (10.21, 1_000_000), (9.79, 1_000_000), (12.0, 0)]
        {
            assert_eq!(
                divider(&board(clock, baud)).unwrap_err().code.id,
                "SF0402",
                "{clock}, {baud}"
            );
        }
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The board's top module and its pins.

use askama::Template;

use super::{File, RTL_DIR, quoted};
use crate::diag::{Diagnostic, Result, codes};
use crate::hw::Design;
use crate::target::{Board, Target};

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
}

#[derive(Template)]
#[template(path = "verilog/pins.pcf", escape = "none")]
struct Pins<'a> {
    target: &'a str,
    version: &'a str,
    pins: Vec<(&'a str, &'a str)>,
}

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
        inputs: design.input.count,
        load_bytes: design.load_bytes(),
        identity: identity(design),
        dense_count: design.denses().count(),
        lif_count: design.lifs().count(),
    };
    let pins = Pins {
        target: &target.name,
        version,
        pins: board.pins.iter().map(|(port, pin)| (port.as_str(), pin.as_str())).collect(),
    };
    Ok(vec![File::rendered(format!("{RTL_DIR}/top.v"), &top)?, File::rendered("pins.pcf", &pins)?])
}

/// What the board answers to `identify`, 16 bytes: "SYNF", version 1, timesteps, classes,
/// inputs (2 bytes), and the first 7 letters of the model's name.
fn identity(design: &Design) -> String {
    let classes = match design.stages.last() {
        Some(crate::hw::Stage::Readout(r)) => r.classes(),
        _ => 0,
    };
    let mut bytes = b"SYNF\x01".to_vec();
    bytes.push(design.timesteps as u8);
    bytes.push(classes as u8);
    bytes.extend((design.input.count as u16).to_be_bytes());
    bytes.extend(design.name.bytes().take(7));
    bytes.resize(16, 0);
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a target file may say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A device, and the board it is on if there is one.
#[derive(Debug, Clone, Serialize)]
pub struct Target {
    /// Name of board or device.
    pub name: String,
    /// In a line.
    pub description: String,
    /// The chip.
    pub device: Device,
    /// Needed for a bitstream.
    pub board: Option<Board>,
}

/// A chip.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its name.
    pub name: String,
    /// In a line.
    pub description: String,
    /// Family, as the tool flow knows it.
    pub family: String,
    /// What there is.
    pub resources: Resources,
    /// What the tools call it.
    pub tools: Tools,
    /// Energy coefficients.
    pub energy: Energy,
}

/// What a device has.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Four-input look-up tables, a flip-flop each.
    pub lut4: u32,
    /// Block RAMs of 4 kbit.
    pub ebr: u32,
}

/// What the tools call a device.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tools {
    /// `synth_ice40 -device`.
    pub yosys_device: String,
    /// `nextpnr-ice40 --…`.
    pub nextpnr_device: String,
}

/// Energy coefficients of a device.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Energy {
    /// Leakage and always-on circuits.
    pub static_power: Coefficient,
    /// Clock tree and base, per clock cycle.
    pub clock_cycle: Coefficient,
    /// One toggle of one fabric bit.
    pub bit_toggle: Coefficient,
    /// One flip-flop's clock input, per cycle.
    pub register_clock: Coefficient,
    /// One access to one block RAM.
    pub ram_access: Coefficient,
}

/// A number with its uncertainty and its source.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coefficient {
    /// pJ or µW.
    pub unit: String,
    /// Best value.
    pub value: f64,
    /// Lower end of the band.
    pub low: f64,
    /// Upper end of the band.
    pub high: f64,
    /// Where it comes from: measured or estimated, and how.
    pub source: String,
}

/// A board.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// Package of the chip, as the tools call it.
    pub package: String,
    /// Frequency at the clock pin.
    pub clock_mhz: f64,
    /// Host link speed in bits a second.
    pub uart_baud: u32,
    /// Port of the top module → pin.
    pub pins: BTreeMap<String, String>,
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a target file may say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Boot, Family, Pll};

/// A device, and the board it is on if there is one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Target {
    /// Name of board or device.
    pub name: String,
    /// In a line.
    pub description: String,
    /// The chip.
    pub device: Device,
    /// Needed for a bitstream.
    pub board: Option<Board>,
    /// Where the network is a core beside processors, which feed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processors: Option<Processors>,
}

/// A chip.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its name.
    pub name: String,
    /// In a line.
    pub description: String,
    /// Family: its block RAMs, its tools, its files.
    pub family: Family,
    /// What there is.
    pub resources: Resources,
    /// What the tools call it.
    pub tools: Tools,
    /// Energy coefficients; without them there is no device figure.
    pub energy: Option<Energy>,
}

impl Device {
    /// What is wrong with it, if anything: its energy table, RAMs that its family has not.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let spram = self.resources.spram > 0;
        if spram && self.family.spec().single_port.is_none() {
            return Some(format!("{} has no SPRAM", self.family.spec().name));
        }
        if self.family != Family::Ecp5 && self.tools.yosys_device.is_none() {
            return Some("tools.yosys_device is missing".to_owned());
        }
        if self.family != Family::Xc7 && self.tools.nextpnr_device.is_empty() {
            return Some("tools.nextpnr_device is missing".to_owned());
        }
        let energy = self.energy.as_ref()?;
        if spram && energy.spram_access.is_none() {
            return Some("it has SPRAM, and energy.spram_access is missing".to_owned());
        }
        energy.fault()
    }
}

/// What a device has.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Look-up tables: of four inputs, a flip-flop each; of 7-series of six inputs and two.
    #[serde(alias = "lut6")]
    pub lut4: u32,
    /// Block RAMs, of the family's kind.
    pub ebr: u32,
    /// Single-port RAMs of 256 kbit.
    #[serde(default)]
    pub spram: u32,
    /// Multipliers of 16 or 18 bits; of an iCE40 the hardware uses none.
    #[serde(default)]
    pub dsp: u32,
}

/// What the tools call a device.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tools {
    /// `synth_ice40 -device`, `synth_gowin -family`, `synth_xilinx -family`; ECP5 needs none.
    #[serde(default)]
    pub yosys_device: Option<String>,
    /// `nextpnr-… --…`; of a Gowin device the chip, which also its packer has to be told; nothing
    /// of a 7-series.
    #[serde(default)]
    pub nextpnr_device: String,
}

/// Energy coefficients of a device: pJ, the static power in µW; core supply only.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Energy {
    /// Leakage and always-on circuits.
    pub static_power: Coefficient,
    /// Clock tree and base, per clock cycle.
    pub clock_cycle: Coefficient,
    /// One flip-flop's clock input, per cycle.
    pub register_clock: Coefficient,
    /// One flip of one fabric bit.
    pub bit_toggle: Coefficient,
    /// One access to one block RAM.
    pub ram_access: Coefficient,
    /// One block RAM that is clocked and reads the same address again, per cycle.
    pub ram_idle: Coefficient,
    /// One access to one single-port RAM; a device with such RAMs must say it.
    pub spram_access: Option<Coefficient>,
    /// A PLL that runs; a device whose boards use it should say it.
    pub pll: Option<Coefficient>,
    /// What others have measured on this device.
    #[serde(default)]
    pub published: Vec<Published>,
}

impl Energy {
    /// Every coefficient, its name and the unit it must have.
    pub fn coefficients(&self) -> impl Iterator<Item = (&'static str, &Coefficient, Unit)> {
        let spram = self.spram_access.as_ref().map(|c| ("spram_access", c, Unit::Picojoule));
        let pll = self.pll.as_ref().map(|c| ("pll", c, Unit::Microwatt));
        [
            ("static_power", &self.static_power, Unit::Microwatt),
            ("clock_cycle", &self.clock_cycle, Unit::Picojoule),
            ("register_clock", &self.register_clock, Unit::Picojoule),
            ("bit_toggle", &self.bit_toggle, Unit::Picojoule),
            ("ram_access", &self.ram_access, Unit::Picojoule),
            ("ram_idle", &self.ram_idle, Unit::Picojoule),
        ]
        .into_iter()
        .chain(spram)
        .chain(pll)
    }

    /// The same coefficients in the same order, to be changed.
    pub fn coefficients_mut(&mut self) -> impl Iterator<Item = &mut Coefficient> {
        [
            &mut self.static_power,
            &mut self.clock_cycle,
            &mut self.register_clock,
            &mut self.bit_toggle,
            &mut self.ram_access,
            &mut self.ram_idle,
        ]
        .into_iter()
        .chain(&mut self.spram_access)
        .chain(&mut self.pll)
    }

    /// What is wrong with the table, if anything: a unit, a band, a source.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.coefficients().find_map(|(name, c, unit)| {
            let bad = |what: &str| Some(format!("energy.{name}: {what}"));
            if c.unit != unit {
                return bad(&format!("its unit is {unit:?}"));
            }
            if !(0.0 <= c.low && c.low <= c.value && c.value <= c.high && c.high.is_finite()) {
                return bad("0 <= low <= value <= high must hold");
            }
            if c.source.is_empty() { bad("says no source") } else { None }
        })
    }
}

/// Unit of a coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// 10⁻¹² J.
    #[serde(rename = "pJ")]
    Picojoule,
    /// 10⁻⁶ W.
    #[serde(rename = "uW")]
    Microwatt,
}

/// What a coefficient rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Follows from a measurement of this device.
    Measured,
    /// Does not.
    Estimate,
}

/// A number with its uncertainty and its source.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coefficient {
    /// pJ or µW.
    pub unit: Unit,
    /// Best value.
    pub value: f64,
    /// Lower end of the band.
    pub low: f64,
    /// Upper end of the band.
    pub high: f64,
    /// Measured or estimated.
    pub basis: Basis,
    /// Where it comes from, and how.
    pub source: String,
}

/// Average power that others have measured on the same device.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The design.
    pub name: String,
    /// Lowest published power in µW.
    pub low_uw: f64,
    /// Highest published power in µW.
    pub high_uw: f64,
    /// Where it was published.
    pub source: String,
}

/// How a host talks to a board.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// A serial line.
    #[default]
    Uart,
    /// SPI; the board is the device.
    Spi,
}

impl Link {
    /// What a file that says nothing means.
    #[must_use]
    pub fn is_uart(&self) -> bool {
        *self == Self::Uart
    }
}

/// A board.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// Package of the chip, as the tools call it; of a Gowin device and a 7-series the whole part
    /// number.
    pub package: String,
    /// Speed grade, where place and route has to be told.
    #[serde(default)]
    pub speed: Option<u8>,
    /// Electrical standard of the pins, where they have a choice: `LVCMOS33`.
    #[serde(default)]
    pub io_standard: Option<String>,
    /// Ports in banks of another voltage, and their standard.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub io_standards: BTreeMap<String, String>,
    /// Frequency at the clock pin.
    pub clock_mhz: f64,
    /// True if the clock's pin feeds a PLL.
    #[serde(default)]
    pub pll: bool,
    /// How that PLL is set; without it the design runs at the pin's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pll_setting: Option<Pll>,
    /// How the host talks to it.
    #[serde(default, skip_serializing_if = "Link::is_uart")]
    pub link: Link,
    /// Clock that the host gives over SPI, in MHz; without it there is no such link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spi_mhz: Option<f64>,
    /// Speed of the serial line in bits a second.
    pub uart_baud: u32,
    /// Base of the speeds that the board's serial bridge has: itself, two thirds of it, and
    /// what dividing it by 2 or more makes, in steps of an eighth. Without it none is known but
    /// `uart_baud`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uart_base: Option<u32>,
    /// The flash that the board configures itself from, if a design can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<Boot>,
    /// Weights that the bitstream does not hold are read from there, not loaded by a host.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standalone: bool,
    /// Port of the top module → pin; `uart_*` and `spi_*` are those of the two links, `flash_*`
    /// those of the flash. The LEDs are `led_busy_no` and `led_error_no` where they light when
    /// driven low, `led_busy_o` and `led_error_o` where they do when driven high.
    pub pins: BTreeMap<String, String>,
    /// What writes a bitstream into the board's memory, the best first: a tool's name and its
    /// options; the file comes behind them.
    #[serde(default)]
    pub flash: Vec<Vec<String>>,
}

/// Processors on the same chip, which feed the network through a DMA: it has no pins.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Processors {
    /// The part number, as Vivado calls it.
    pub part: String,
    /// The fabric's clock that they make, in MHz.
    pub clock_mhz: f64,
}

impl Processors {
    /// What is wrong with them on a device of this family, if anything: field and words.
    #[must_use]
    pub fn fault(&self, family: Family) -> Option<(&'static str, String)> {
        if family != Family::Xc7 {
            let message = format!("there is no {} beside processors", family.spec().name);
            return Some(("processors", message));
        }
        if let Some(fault) = part_fault(&self.part) {
            return Some(("processors.part", fault));
        }
        (!CLOCKS.contains(&self.clock_mhz)).then(|| {
            let message = format!("a clock of {} MHz for the fabric", self.clock_mhz);
            ("processors.clock_mhz", message)
        })
    }
}

/// Clocks of a Zynq's fabric in MHz (DS187, `FCLK_CLK`).
const CLOCKS: std::ops::RangeInclusive<f64> = 0.1..=250.0;

/// What is wrong with a part number: it stands in scripts, without quotes.
fn part_fault(part: &str) -> Option<String> {
    let known = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let good = part.starts_with("xc7") && part.chars().all(known);
    (!good).then(|| format!("`{part}` is no part number of a 7-series"))
}

impl Board {
    /// The design's clock in MHz.
    #[must_use]
    pub fn mhz(&self) -> f64 {
        self.pll_setting.map_or(self.clock_mhz, |pll| pll.mhz(self.clock_mhz))
    }

    /// What is wrong with it on a device of this family, if anything: field and words.
    #[must_use]
    pub fn fault(&self, family: Family) -> Option<(&'static str, String)> {
        if !(self.clock_mhz > 0.0 && self.clock_mhz.is_finite()) {
            let message = format!("a clock of {} MHz", self.clock_mhz);
            return Some(("board.clock_mhz", message));
        }
        if let Some(fault) = self.boot_fault() {
            return Some(fault);
        }
        if let Some(fault) = self.pins_fault() {
            return Some(fault);
        }
        if let Some(fault) = part_fault(&self.package).filter(|_| family == Family::Xc7) {
            return Some(("board.package", fault));
        }
        if family == Family::Xc7 && self.io_standard.is_none() {
            return Some(("board.io_standard", "the voltage of its pins is not known".to_owned()));
        }
        let setting = self.pll_setting?;
        if !self.pll {
            return Some(("board.pll_setting", "the clock's pin feeds no PLL (pll)".to_owned()));
        }
        let Pll { reference, feedback, output } = setting;
        (!setting.is_possible(family, self.clock_mhz)).then(|| {
            let message = format!(
                "no PLL of {} makes {} MHz / {reference} × {feedback} / {output}",
                family.spec().name,
                self.clock_mhz
            );
            ("board.pll_setting", message)
        })
    }
}

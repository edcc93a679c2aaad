// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The routed netlist that nextpnr writes as JSON, as Verilog that simulates. What its cells do
//! says each family; what has no model is refused, never left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

use serde::Deserialize;

use super::{ecp5, gowin};
use crate::diag::{Diagnostic, Result, codes};
use crate::target::{Family, Pll};

/// The model of what both families have alike.
const BLOCK_RAM: &str = include_str!("../../templates/flow/block_ram.v");

/// A routed netlist.
#[derive(Debug)]
pub struct Netlist {
    family: Family,
    modules: BTreeMap<String, Module>,
}

#[derive(Debug, Deserialize)]
struct File {
    modules: BTreeMap<String, Module>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Module {
    /// How place and route was called.
    #[serde(default)]
    settings: BTreeMap<String, String>,
    pub(super) ports: BTreeMap<String, Port>,
    pub(super) cells: BTreeMap<String, Cell>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Port {
    pub(super) direction: String,
    pub(super) bits: Vec<Bit>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Cell {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) parameters: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) connections: BTreeMap<String, Vec<Bit>>,
}

/// A net, or a constant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Bit {
    Net(u64),
    Constant(String),
}

/// A block RAM of a netlist, with the contents it starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRam {
    /// Name of the cell.
    pub name: String,
    /// The number by which the configuration knows it; on a Gowin device its place, row × 100 +
    /// column.
    pub id: u32,
    /// Bits of a word that is read.
    pub width: u32,
    /// 1,024 words of 18 bits.
    pub contents: Words,
}

/// Contents of a block RAM: 1,024 words of 18 bits.
pub type Words = Vec<u32>;

impl Netlist {
    /// Reads what `--write` wrote.
    ///
    /// # Errors
    /// [`codes::TOOL_REPORT`].
    pub fn parse(family: Family, json: &[u8]) -> Result<Self> {
        let file: File = serde_json::from_slice(json)
            .map_err(|e| Diagnostic::new(&codes::TOOL_REPORT, format!("routed netlist: {e}")))?;
        Ok(Self { family, modules: file.modules })
    }

    /// Its only module, which nextpnr calls `top`, whatever it was.
    fn module(&self) -> Result<&Module> {
        self.modules.values().next().ok_or_else(|| unknown("there is no module"))
    }

    /// Its cells, by name.
    pub(super) fn cells(&self) -> Result<impl Iterator<Item = (&String, &Cell)>> {
        Ok(self.module()?.cells.iter())
    }

    /// The chip that it was routed for, where the netlist says it.
    ///
    /// # Errors
    /// [`codes::NETLIST_CELL`] if it does not.
    pub fn chip(&self) -> Result<&str> {
        let chip = self.module()?.settings.get("packer.chipdb");
        chip.map(String::as_str).ok_or_else(|| unknown("it does not say which chip it is for"))
    }

    /// Its block RAMs, by name.
    ///
    /// # Errors
    /// [`codes::NETLIST_CELL`] if one has no number or place, or contents that are none.
    pub fn block_rams(&self) -> Result<Vec<BlockRam>> {
        let all = self.cells()?;
        let one = |(name, cell): (&String, &Cell)| match self.family {
            Family::Ice40 | Family::Xc7 => None,
            Family::Ecp5 => ecp5::netlist::block_ram(name, cell),
            Family::Gowin => gowin::netlist::block_ram(name, cell),
        };
        all.filter_map(one).collect()
    }

    /// What the PLL is set to, if there is one.
    ///
    /// # Errors
    /// [`codes::NETLIST_CELL`] for several of them, and for one that does something else than
    /// dividing and multiplying.
    pub fn pll(&self) -> Result<Option<Pll>> {
        match self.family {
            Family::Ecp5 => ecp5::pll::read(self),
            // A PLL of a Gowin device has no model: `to_verilog` refuses it.
            Family::Gowin | Family::Ice40 | Family::Xc7 => Ok(None),
        }
    }

    /// The module, called `top`, and the models of its cells as Verilog.
    ///
    /// # Errors
    /// [`codes::NETLIST_CELL`] for a cell, or a use of one, that has no model.
    pub fn to_verilog(&self, top: &str) -> Result<String> {
        let module = self.module()?;
        let models = match self.family {
            Family::Ecp5 => ecp5::netlist::CELLS,
            Family::Gowin => gowin::netlist::CELLS,
            Family::Ice40 => return Err(unknown("the bitstream of an iCE40 is simulated itself")),
            Family::Xc7 => return Err(unknown("nextpnr does not route for a 7-series")),
        };
        let constants = gowin::netlist::Constants::of(module);
        let mut body = String::new();
        for (index, (name, cell)) in module.cells.iter().enumerate() {
            let text = match self.family {
                Family::Gowin => gowin::netlist::instance(cell, index, &module.ports, constants),
                _ => ecp5::netlist::instance(cell, index, &module.ports),
            };
            body += &text.map_err(|d| d.at(name.clone()))?;
        }
        let ports: Vec<String> =
            module.ports.iter().map(|(n, p)| format!("{} wire {n}", p.direction)).collect();
        let mut text = format!("{models}\n{BLOCK_RAM}\nmodule {top} ({});\n", ports.join(", "));
        for net in module.nets() {
            let _ = writeln!(text, "wire n{net};");
        }
        for (name, port) in &module.ports {
            let [Bit::Net(net)] = port.bits[..] else {
                return Err(unknown(format!("the port {name} is not one net")));
            };
            let _ = match port.direction.as_str() {
                "input" => writeln!(text, "assign n{net} = {name};"),
                _ => writeln!(text, "assign {name} = n{net};"),
            };
        }
        Ok(text + &body + "endmodule\n")
    }
}

impl Module {
    fn nets(&self) -> BTreeSet<u64> {
        let pins = self.cells.values().flat_map(|c| c.connections.values().flatten());
        let bits = pins.chain(self.ports.values().flat_map(|p| &p.bits));
        bits.filter_map(|b| if let Bit::Net(n) = b { Some(*n) } else { None }).collect()
    }
}

impl Cell {
    /// A parameter's text. nextpnr marks text that looks like a number by a space after it.
    pub(super) fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", |p| p.trim_end())
    }

    pub(super) fn connected(&self, pin: &str) -> Option<&Bit> {
        self.connections.get(pin)?.first()
    }

    /// Where an output pin goes, if it goes anywhere.
    pub(super) fn output(&self, pin: &str) -> Option<String> {
        if let Some(Bit::Net(n)) = self.connected(pin) { Some(format!("n{n}")) } else { None }
    }

    pub(super) fn outputs(&self, pins: &[&str]) -> String {
        let to = |pin: &&str| format!(".{pin}({})", self.output(pin).unwrap_or_default());
        pins.iter().map(to).collect::<Vec<_>>().join(", ")
    }

    /// Output pins as one vector, the highest first; those that go nowhere get a wire, which
    /// `open` declares.
    pub(super) fn vector(
        &self,
        index: usize,
        pin: &str,
        which: Range<usize>,
        open: &mut String,
    ) -> String {
        let bit = |i: usize| {
            self.output(&format!("{pin}{i}")).unwrap_or_else(|| {
                let name = format!("open_{index}_{pin}_{i}");
                let _ = writeln!(open, "wire {name};");
                name
            })
        };
        let bits: Vec<_> = which.rev().map(bit).collect();
        format!("{{{}}}", bits.join(", "))
    }
}

/// The net of a bit, as the Verilog calls it.
pub(super) fn net(bit: &Bit) -> String {
    if let Bit::Net(n) = bit { format!("n{n}") } else { String::new() }
}

/// A number, which nextpnr writes in 32 binary digits.
pub(super) fn number(text: &str) -> Option<u32> {
    let text = text.trim_end();
    if text.len() == 32 { u32::from_str_radix(text, 2).ok() } else { text.parse().ok() }
}

/// Contents as a number of 18,432 bits, the last word first.
pub(super) fn digits(contents: &Words) -> String {
    // Two words are nine hexadecimal digits.
    contents.rchunks(2).fold(String::new(), |mut text, pair| {
        let _ = write!(text, "{:09x}", u64::from(pair[1]) << 18 | u64::from(pair[0]));
        text
    })
}

pub(super) fn unknown(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::NETLIST_CELL, message)
}

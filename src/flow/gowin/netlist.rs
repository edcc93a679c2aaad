// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The routed netlist that nextpnr-himbaechel-gowin writes as JSON, as Verilog that simulates.
//!
//! Constants are nets of their own there. A pin that is left open decides nothing: place and route
//! has put its constant into the look-up table. What has no model in templates/flow/gowin_cells.v
//! is refused, never left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use crate::diag::Result;
use crate::flow::routed::{Bit, BlockRam, Cell, Module, Port, Words, digits, net, number, unknown};

/// The models of the cells.
pub(in crate::flow) const CELLS: &str = include_str!("../../../templates/flow/gowin_cells.v");

/// Slices of initial contents of a block RAM, and their words.
const SLICES: usize = 64;
const SLICE_WORDS: usize = 16;

/// Flip-flops at the rising edge: type, pin of the set or reset, what that gives. The value after
/// configuration is the same.
const REGISTERS: &[(&str, Option<&str>, u8)] = &[
    ("DFF", None, 0),
    ("DFFE", None, 0),
    ("DFFR", Some("RESET"), 0),
    ("DFFRE", Some("RESET"), 0),
    ("DFFS", Some("SET"), 1),
    ("DFFSE", Some("SET"), 1),
];

/// The look-up table that is behind a mode of a carry cell: what the packer writes for it.
const CARRIES: &[(&str, u16)] =
    &[("C2L", 0), ("ONE2C", 0x000F), ("0", 0x30CC), ("1", 0x909A), ("2", 0x609A)];

/// Pins that select a block RAM of two ports.
const SELECTS: [&str; 6] = ["BLKSELA0", "BLKSELA1", "BLKSELA2", "BLKSELB0", "BLKSELB1", "BLKSELB2"];

/// The nets of both constants.
#[derive(Debug, Clone, Copy)]
pub(in crate::flow) struct Constants {
    zero: Option<u64>,
    one: Option<u64>,
}

impl Constants {
    pub(in crate::flow) fn of(module: &Module) -> Self {
        let driven = |kind: &str, pin: &str| {
            let cell = module.cells.values().find(|c| c.kind == kind)?;
            if let Some(Bit::Net(n)) = cell.connected(pin) { Some(*n) } else { None }
        };
        Self { zero: driven("GOWIN_GND", "G"), one: driven("GOWIN_VCC", "V") }
    }
}

/// A cell, and what it is connected to.
struct Gowin<'a> {
    cell: &'a Cell,
    ports: &'a BTreeMap<String, Port>,
    constants: Constants,
}

/// The block RAM that a cell is, if it is one.
pub(in crate::flow) fn block_ram(name: &str, cell: &Cell) -> Option<Result<BlockRam>> {
    let reads = match cell.kind.as_str() {
        "SP" => "BIT_WIDTH",
        "SDP" | "DP" => "BIT_WIDTH_1",
        _ => return None,
    };
    let ram = || {
        let id = cell.attributes.get("NEXTPNR_BEL").and_then(|bel| place(bel));
        let id = id.ok_or_else(|| unknown(format!("the block RAM `{name}` has no place")))?;
        let width = number(cell.parameter(reads)).unwrap_or(18);
        Ok(BlockRam { name: name.to_owned(), id, width, contents: contents(cell)? })
    };
    Some(ram())
}

/// Row × 100 + column of a place, `X3Y9/BSRAM0`.
fn place(bel: &str) -> Option<u32> {
    let (column, row) = bel.split('/').next()?.strip_prefix('X')?.split_once('Y')?;
    Some(row.parse::<u32>().ok()? * 100 + column.parse::<u32>().ok()?)
}

/// The contents that a block RAM starts with: in each of 64 slices 16 words, of bytes of nine bits
/// or of eight, which leave the ninth zero.
fn contents(cell: &Cell) -> Result<Words> {
    let wide = cell.attributes.get("BSRAM_SUBTYPE").is_some_and(|s| s.trim_end() == "X9");
    let byte = if wide { 9 } else { 8 };
    let mut words = Vec::with_capacity(SLICES * SLICE_WORDS);
    for slice in 0..SLICES {
        let name = format!("INIT_RAM_{slice:02X}");
        let bits = cell.parameter(&name).as_bytes();
        if let Some(bad) = bits.iter().find(|b| !matches!(b, b'0' | b'1')) {
            return Err(unknown(format!("{name} contains `{}`", char::from(*bad))));
        }
        let bit = |i: usize| bits.len().checked_sub(i + 1).is_some_and(|at| bits[at] == b'1');
        let half = |at: usize| (0..byte).fold(0, |v, i| v | u32::from(bit(at + i)) << i);
        let word = |w: usize| half(2 * byte * w) | half(2 * byte * w + byte) << 9;
        words.extend((0..SLICE_WORDS).map(word));
    }
    Ok(words)
}

/// A cell as Verilog.
pub(in crate::flow) fn instance(
    cell: &Cell,
    index: usize,
    ports: &BTreeMap<String, Port>,
    constants: Constants,
) -> Result<String> {
    let this = Gowin { cell, ports, constants };
    match cell.kind.as_str() {
        "LUT1" | "LUT2" | "LUT3" | "LUT4" => this.table(index),
        "MUX2_LUT5" | "MUX2_LUT6" | "MUX2_LUT7" | "MUX2_LUT8" => Ok(this.multiplexer(index)),
        "ALU" => this.carry(index),
        "SP" => this.single(index),
        "SDP" => this.simple_dual(index),
        "DP" => this.dual(index),
        "IBUF" | "OBUF" => this.pad(),
        // A buffer of the clock's network, always on.
        "BUFG" => Ok(this.driven("O", &this.input("I"))),
        "GOWIN_VCC" => Ok(this.driven("V", "1'b1")),
        "GOWIN_GND" => Ok(this.driven("G", "1'b0")),
        // They keep a place free, and have no pins.
        "BLOCKER_LUT" | "BLOCKER_FF" if cell.connections.is_empty() => Ok(String::new()),
        // The reset of all flip-flops after configuration.
        "GSR" if this.is_constant("GSRI", 1) => Ok(String::new()),
        kind => match REGISTERS.iter().find(|r| r.0 == kind) {
            Some(register) => Ok(this.register(index, *register)),
            None => Err(unknown(format!("there is no model of {kind}"))),
        },
    }
}

impl Gowin<'_> {
    /// What an input pin sees.
    fn input(&self, pin: &str) -> String {
        match self.cell.connected(pin) {
            Some(bit @ Bit::Net(_)) => net(bit),
            Some(Bit::Constant(c)) if c == "1" => "1'b1".to_owned(),
            _ => "1'b0".to_owned(),
        }
    }

    /// Several pins as one vector, the highest first.
    fn inputs(&self, pin: &str, which: Range<usize>) -> String {
        let pins: Vec<_> = which.rev().map(|i| self.input(&format!("{pin}{i}"))).collect();
        format!("{{{}}}", pins.join(", "))
    }

    /// Does a pin always see this?
    fn is_constant(&self, pin: &str, value: u8) -> bool {
        let net = if value == 1 { self.constants.one } else { self.constants.zero };
        match self.cell.connected(pin) {
            Some(Bit::Net(n)) => Some(*n) == net,
            Some(Bit::Constant(c)) => *c == value.to_string(),
            None => value == 0,
        }
    }

    /// A pin that always drives the same.
    fn driven(&self, pin: &str, value: &str) -> String {
        let to = self.cell.output(pin);
        to.map(|net| format!("assign {net} = {value};\n")).unwrap_or_default()
    }

    /// A look-up table; one of fewer inputs does not see the others. Those that place and route adds,
    /// to reach a flip-flop through them, have a number of 32 digits.
    fn table(&self, index: usize) -> Result<String> {
        let init = self.cell.parameter("INIT");
        let number = init.len() == 32 && init[..16].bytes().all(|b| b == b'0');
        let digits = if number { &init[16..] } else { init };
        let binary = digits.bytes().all(|b| matches!(b, b'0' | b'1'));
        if !binary || !matches!(digits.len(), 2 | 4 | 8 | 16) {
            return Err(unknown(format!("INIT is `{init}`")));
        }
        let inputs = digits.len().ilog2();
        let pins = self.inputs("I", 0..inputs as usize);
        let out = self.cell.outputs(&["F"]);
        let size = digits.len();
        Ok(format!(
            "GOWIN_LUT #(.INPUTS({inputs}), .INIT({size}'b{digits})) c{index} (.I({pins}), {out});\n"
        ))
    }

    fn multiplexer(&self, index: usize) -> String {
        let [a, b, select] = ["I0", "I1", "S0"].map(|pin| self.input(pin));
        let out = self.cell.outputs(&["O"]);
        format!("GOWIN_MUX c{index} (.I0({a}), .I1({b}), .S0({select}), {out});\n")
    }

    /// A bit of a carry chain, by the look-up table that the packer writes.
    fn carry(&self, index: usize) -> Result<String> {
        let raw = self.cell.parameter("RAW_ALU_LUT");
        let mode = self.cell.parameter("ALU_MODE");
        let of_mode = || {
            let number = number(mode).map_or_else(|| mode.to_owned(), |n| n.to_string());
            CARRIES.iter().find(|(name, _)| *name == number).map(|(_, table)| *table)
        };
        let table = if raw.is_empty() {
            of_mode().ok_or_else(|| unknown(format!("a carry in the mode `{mode}`")))?
        } else {
            let low = &raw[raw.len().saturating_sub(16)..];
            let table = u16::from_str_radix(low, 2).ok().filter(|_| raw.len() >= 16);
            table.ok_or_else(|| unknown(format!("RAW_ALU_LUT is `{raw}`")))?
        };
        if !self.cell.parameter("CIN_NETTYPE").is_empty() {
            return Err(unknown("a carry that begins in a multiplexer"));
        }
        let inputs = self.inputs("I", 0..4);
        let (carry, out) = (self.input("CIN"), self.cell.outputs(&["SUM", "COUT"]));
        Ok(format!(
            "GOWIN_ALU #(.INIT(16'h{table:04x})) c{index} (.I({inputs}), .CIN({carry}), {out});\n"
        ))
    }

    fn register(&self, index: usize, (_, pin, value): (&str, Option<&str>, u8)) -> String {
        let set = pin.map_or_else(|| "1'b0".to_owned(), |pin| self.input(pin));
        // Without the pin it is always enabled.
        let with = self.cell.kind.ends_with('E');
        let enable = if with { self.input("CE") } else { "1'b1".to_owned() };
        let (clock, data) = (self.input("CLK"), self.input("D"));
        let out = self.cell.outputs(&["Q"]);
        format!(
            "GOWIN_FF #(.VALUE(1'b{value})) c{index} (.CLK({clock}), .CE({enable}), .SET({set}), .D({data}), {out});\n"
        )
    }

    fn pad(&self) -> Result<String> {
        let (pad, other) = if self.cell.kind == "IBUF" { ("I", "O") } else { ("O", "I") };
        let outside = self.cell.connected(pad).ok_or_else(|| unknown("a pad without a port"))?;
        let port = self.ports.values().find(|p| p.bits.first() == Some(outside));
        match (port.map(|p| p.direction.as_str()), pad) {
            (Some("input"), "I") => Ok(self.driven(other, &net(outside))),
            (Some("output"), "O") => {
                // Where it can be switched off, it never is.
                let enabled = self.is_constant("OEN", 0);
                let to = format!("assign {} = {};\n", net(outside), self.input(other));
                enabled.then_some(to).ok_or_else(|| unknown("a pad that is not always driven"))
            }
            (direction, _) => {
                let direction = direction.unwrap_or("none");
                Err(unknown(format!("{} at a port of the direction {direction}", self.cell.kind)))
            }
        }
    }

    /// Neither output registers, nor selects, nor a reset at these ports.
    fn plain(&self, modes: &[&str], off: &[&str]) -> Result<()> {
        let zeros = |p: &&&str| self.cell.parameter(p).bytes().any(|b| b != b'0');
        if let Some(mode) = modes.iter().find(zeros) {
            return Err(unknown(format!("{mode} of a block RAM is not 0")));
        }
        let on = |pin: &&&str| !self.is_constant(pin, 0);
        match off.iter().find(on) {
            Some(pin) => Err(unknown(format!("{pin} of a block RAM is not off"))),
            None => Ok(()),
        }
    }

    fn width(&self, parameter: &str) -> Result<u32> {
        let width = number(self.cell.parameter(parameter));
        // Words of 16 and 32 bits leave pins out in their middle; nothing makes them.
        let known = width.filter(|w| [1, 2, 4, 9, 18, 36].contains(w));
        known.ok_or_else(|| unknown(format!("{parameter} is `{}`", self.cell.parameter(parameter))))
    }

    fn mode(&self, parameter: &str) -> Result<u32> {
        let mode = number(self.cell.parameter(parameter)).unwrap_or(0);
        if mode > 2 { Err(unknown(format!("{parameter} is {mode}"))) } else { Ok(mode) }
    }

    /// A block RAM with words of these widths; each port's clock, enable, write enable, address and
    /// data; the pins at which its output begins.
    fn ram(
        &self,
        index: usize,
        [width_a, width_b]: [u32; 2],
        [mode_a, mode_b]: [u32; 2],
        ports: [[String; 5]; 2],
        outputs: [(&str, usize); 2],
    ) -> Result<String> {
        let mut text = format!(
            "BLOCK_RAM #(.WIDTH_A({width_a}), .WIDTH_B({width_b}), .WRITE_A({mode_a}), .WRITE_B({mode_b}), .CONTENTS(18432'h{})) c{index} (",
            digits(&contents(self.cell)?)
        );
        for (port, pins) in ["A", "B"].into_iter().zip(ports) {
            for (pin, value) in ["CLK", "CE", "WE", "AD", "DI"].into_iter().zip(pins) {
                let _ = write!(text, ".{pin}{port}({value}), ");
            }
        }
        let mut open = String::new();
        let [a, b] =
            outputs.map(|(pin, from)| self.cell.vector(index, pin, from..from + 18, &mut open));
        Ok(format!("{open}{text}.DOA({a}), .DOB({b}));\n"))
    }

    /// One port. Words of 36 bits are two of 18 at two ports, which address them together.
    fn single(&self, index: usize) -> Result<String> {
        let (width, mode) = (self.width("BIT_WIDTH")?, self.mode("WRITE_MODE")?);
        self.plain(&["READ_MODE", "BLK_SEL"], &["RESET", "BLKSEL0", "BLKSEL1", "BLKSEL2"])?;
        let [clock, enable, write] = ["CLK", "CE", "WRE"].map(|pin| self.input(pin));
        let a = [clock, enable, write, self.inputs("AD", 0..14), self.inputs("DI", 0..18)];
        let (width, b) = if width == 36 {
            self.plain(&[], &["RESETB", "BLKSELB0", "BLKSELB1", "BLKSELB2"])?;
            let [clock, enable, write] = ["CLKB", "CEB", "WREB"].map(|pin| self.input(pin));
            let data = self.inputs("DI", 18..36);
            (18, [clock, enable, write, self.inputs("ADB", 0..14), data])
        } else {
            (width, ["1'b0", "1'b0", "1'b0", "14'd0", "18'd0"].map(str::to_owned))
        };
        self.ram(index, [width; 2], [mode; 2], [a, b], [("DO", 0), ("DO", 18)])
    }

    /// Port A writes, port B reads. Words of 36 bits come in and go out at the pins of both, others
    /// go out at the upper pins.
    fn simple_dual(&self, index: usize) -> Result<String> {
        let widths = [self.width("BIT_WIDTH_0")?, self.width("BIT_WIDTH_1")?];
        self.plain(&["READ_MODE", "BLK_SEL_0", "BLK_SEL_1"], &SELECTS)?;
        self.plain(&[], &["RESETA", "RESETB", "RESET"])?;
        if (widths[0] == 36) != (widths[1] == 36) {
            return Err(unknown("a block RAM that writes and reads words of 36 and of fewer bits"));
        }
        let [clock, enable, write] = ["CLKA", "CEA", "WREA"].map(|pin| self.input(pin));
        let a = [clock, enable, write, self.inputs("ADA", 0..14), self.inputs("DI", 0..18)];
        let [clock, enable] = ["CLKB", "CEB"].map(|pin| self.input(pin));
        let (address, data) = (self.inputs("ADB", 0..14), self.inputs("DI", 18..36));
        let b = [clock, enable, "1'b0".to_owned(), address, data];
        self.ram(index, widths, [0; 2], [a, b], [("DO", 0), ("DO", 18)])
    }

    /// Both ports write and read.
    fn dual(&self, index: usize) -> Result<String> {
        let widths = [self.width("BIT_WIDTH_0")?, self.width("BIT_WIDTH_1")?];
        let modes = [self.mode("WRITE_MODE0")?, self.mode("WRITE_MODE1")?];
        self.plain(&["READ_MODE0", "READ_MODE1", "BLK_SEL_0", "BLK_SEL_1"], &SELECTS)?;
        self.plain(&[], &["RESETA", "RESETB"])?;
        if widths.contains(&36) {
            return Err(unknown("a block RAM with two ports of 36 bits"));
        }
        let ports = ["A", "B"].map(|port| {
            let [clock, enable, write] =
                ["CLK", "CE", "WRE"].map(|pin| self.input(&format!("{pin}{port}")));
            let address = self.inputs(&format!("AD{port}"), 0..14);
            [clock, enable, write, address, self.inputs(&format!("DI{port}"), 0..18)]
        });
        self.ram(index, widths, modes, ports, [("DOA", 0), ("DOB", 0)])
    }
}

#[cfg(test)]
mod tests {
    use crate::flow::routed::Netlist;
    use crate::target::Family;

    /// A design of one cell beside the constants: nets 8 (0) and 9 (1), input a (2), output y (3).
    fn netlist(cell: &str) -> Netlist {
        let json = format!(
            r#"{{"modules":{{"top":{{"settings":{{"packer.chipdb":"GW1N-9C"}},"ports":{{"a":{{"direction":"input","bits":[2]}},"y":{{"direction":"output","bits":[3]}}}},
            "cells":{{"$gnd":{{"type":"GOWIN_GND","parameters":{{}},"connections":{{"G":[8]}}}},"$vcc":{{"type":"GOWIN_VCC","parameters":{{}},"connections":{{"V":[9]}}}},"x":{cell}}}}}}}}}"#
        );
        Netlist::parse(Family::Gowin, json.as_bytes()).unwrap()
    }

    fn body(cell: &str) -> String {
        let text = netlist(cell).to_verilog("top").unwrap();
        text[text.find("\nmodule top (").unwrap()..].to_owned()
    }

    fn refused(cell: &str) -> String {
        let d = netlist(cell).to_verilog("top").unwrap_err();
        assert_eq!((d.code.id, d.location.path.as_deref()), ("SF0509", Some("x")), "{d}");
        d.message
    }

    #[test]
    fn tables_have_as_many_inputs_as_their_contents_say() {
        let text = body(
            r#"{"type":"LUT3","parameters":{"INIT":"01101001 "},"connections":{"I0":[2],"I1":[],"I2":[9],"F":[3]}}"#,
        );
        let wanted = "GOWIN_LUT #(.INPUTS(3), .INIT(8'b01101001)) c2 (.I({n9, 1'b0, n2}), .F(n3));";
        assert!(text.contains(wanted), "{text}");
        assert!(text.contains("assign n8 = 1'b0;\nassign n9 = 1'b1;"), "{text}");
        assert!(text.contains("assign n2 = a;\nassign y = n3;"), "{text}");
        let number = format!("{}{}", "0".repeat(16), "1".repeat(8) + &"0".repeat(8));
        let text = body(&format!(
            r#"{{"type":"LUT4","parameters":{{"INIT":"{number}"}},"connections":{{"I3":[2],"F":[3]}}}}"#
        ));
        let wanted = "GOWIN_LUT #(.INPUTS(4), .INIT(16'b1111111100000000)) c2 \
            (.I({n2, 1'b0, 1'b0, 1'b0}), .F(n3));";
        assert!(text.contains(wanted), "{text}");
        for init in ["011", "0x", "", "1", "00000000000000010000000000000000"] {
            let cell =
                format!(r#"{{"type":"LUT4","parameters":{{"INIT":"{init}"}},"connections":{{}}}}"#);
            assert!(refused(&cell).contains("INIT is"), "{init}");
        }
    }

    #[test]
    fn carries_are_what_the_packer_writes_for_them() {
        let alu = |parameters: &str| {
            format!(
                r#"{{"type":"ALU","parameters":{{{parameters}}},"connections":{{"I0":[2],"I1":[2],"I2":[9],"I3":[8],"CIN":[2],"SUM":[3],"COUT":[]}}}}"#
            )
        };
        for (parameters, table) in [
            (r#""ALU_MODE":"00000000000000000000000000000010""#, "609a"),
            (r#""ALU_MODE":"2 ""#, "609a"),
            (r#""ALU_MODE":"1 ""#, "909a"),
            (r#""ALU_MODE":"0 ""#, "30cc"),
            (r#""ALU_MODE":"C2L""#, "0000"),
            (r#""ALU_MODE":"ONE2C""#, "000f"),
            (r#""ALU_MODE":"2 ","RAW_ALU_LUT":"00000000000000001010000010101010""#, "a0aa"),
        ] {
            let text = body(&alu(parameters));
            let wanted = format!(
                "GOWIN_ALU #(.INIT(16'h{table})) c2 (.I({{n8, n9, n2, n2}}), .CIN(n2), .SUM(n3), .COUT());"
            );
            assert!(text.contains(&wanted), "{text}");
        }
        for (parameters, words) in [
            (r#""ALU_MODE":"9 ""#, "in the mode `9`"),
            (r#""ALU_MODE":"2 ","RAW_ALU_LUT":"1010""#, "RAW_ALU_LUT"),
            (r#""ALU_MODE":"2 ","CIN_NETTYPE":"VCC""#, "begins in a multiplexer"),
        ] {
            assert!(refused(&alu(parameters)).contains(words));
        }
    }

    #[test]
    fn registers_are_set_or_reset_first() {
        let ff = |kind: &str| {
            body(&format!(
                r#"{{"type":"{kind}","parameters":{{}},"connections":{{"CLK":[2],"CE":[8],"SET":[9],"RESET":[2],"D":[2],"Q":[3]}}}}"#
            ))
        };
        for (kind, value, enable, set) in [
            ("DFF", 0, "1'b1", "1'b0"),
            ("DFFE", 0, "n8", "1'b0"),
            ("DFFR", 0, "1'b1", "n2"),
            ("DFFRE", 0, "n8", "n2"),
            ("DFFS", 1, "1'b1", "n9"),
            ("DFFSE", 1, "n8", "n9"),
        ] {
            let text = ff(kind);
            let wanted = format!(
                "GOWIN_FF #(.VALUE(1'b{value})) c2 (.CLK(n2), .CE({enable}), .SET({set}), .D(n2), .Q(n3));"
            );
            assert!(text.contains(&wanted), "{text}");
        }
    }

    #[test]
    fn pads_hand_on_what_they_get() {
        let pad = |kind: &str, pins: &str| {
            format!(r#"{{"type":"{kind}","parameters":{{}},"connections":{{{pins}}}}}"#)
        };
        assert!(body(&pad("IBUF", r#""I":[2],"O":[7]"#)).contains("assign n7 = n2;\nendmodule"));
        for pins in [r#""O":[3],"I":[7]"#, r#""O":[3],"I":[7],"OEN":[8]"#] {
            assert!(body(&pad("OBUF", pins)).contains("assign n3 = n7;\nendmodule"));
        }
        assert!(body(&pad("BUFG", r#""I":[2],"O":[7]"#)).contains("assign n7 = n2;\nendmodule"));
        for (kind, pins, words) in [
            ("OBUF", r#""O":[3],"I":[7],"OEN":[2]"#, "not always driven"),
            ("OBUF", r#""O":[2],"I":[7]"#, "OBUF at a port of the direction input"),
            ("IBUF", r#""I":[3],"O":[7]"#, "IBUF at a port of the direction output"),
            ("IBUF", r#""I":[7],"O":[6]"#, "IBUF at a port of the direction none"),
        ] {
            assert!(refused(&pad(kind, pins)).contains(words), "{kind} {pins}");
        }
    }

    /// A block RAM with these parameters and pins.
    fn ram(kind: &str, parameters: &str, pins: &str) -> String {
        // Words 0 and 1: 1 and 2.
        let bits = format!("{}10{}1", "0".repeat(269), "0".repeat(17));
        format!(
            r#"{{"type":"{kind}","parameters":{{{parameters},"INIT_RAM_00":"{bits}"}},"attributes":{{"BSRAM_SUBTYPE":"X9","NEXTPNR_BEL":"X4Y27/BSRAM0"}},"connections":{{{pins}}}}}"#
        )
    }

    #[test]
    fn wide_words_of_one_port_are_two_ports() {
        let cell = ram(
            "SP",
            r#""BIT_WIDTH":"00000000000000000000000000100100","WRITE_MODE":"00000000000000000000000000000010","READ_MODE":"0 ","BLK_SEL":"000""#,
            r#""CLK":[2],"CE":[9],"WRE":[8],"AD13":[2],"DI0":[2],"CLKB":[2],"CEB":[9],"WREB":[8],"ADB4":[9],"DI18":[2],"DO0":[3],"DO35":[7]"#,
        );
        let text = body(&cell);
        assert!(text.contains(".WIDTH_A(18), .WIDTH_B(18), .WRITE_A(2), .WRITE_B(2)"), "{text}");
        // The last digits: words 1 and 0, 18 bits each.
        assert!(text.contains(&format!("{:09x})) c2", 2 << 18 | 1)), "{text}");
        let zeros = |n| vec!["1'b0"; n].join(", ");
        assert!(text.contains(&format!(".ADA({{n2, {}}})", zeros(13))), "{text}");
        assert!(text.contains(&format!(".ADB({{{}, n9, {}}})", zeros(9), zeros(4))), "{text}");
        assert!(text.contains(&format!(".DIB({{{}, n2}})", zeros(17))), "{text}");
        assert!(text.contains("open_2_DO_1, n3}), .DOB({n7, open_2_DO_34, "), "{text}");
        let ram = &netlist(&cell).block_rams().unwrap()[0];
        assert_eq!((ram.id, ram.width, &ram.contents[..3]), (2704, 36, &[1, 2, 0][..]));
    }

    #[test]
    fn narrow_words_of_a_simple_dual_port_go_out_at_the_upper_pins() {
        let cell = ram(
            "SDP",
            r#""BIT_WIDTH_0":"9 ","BIT_WIDTH_1":"18 ""#,
            r#""CLKA":[2],"CEA":[2],"WREA":[9],"CLKB":[2],"CEB":[9],"DO18":[3]"#,
        );
        let text = body(&cell);
        assert!(text.contains(".WIDTH_A(9), .WIDTH_B(18), .WRITE_A(0), .WRITE_B(0)"), "{text}");
        assert!(text.contains(".CLKA(n2), .CEA(n2), .WEA(n9), "), "{text}");
        assert!(text.contains(".CLKB(n2), .CEB(n9), .WEB(1'b0), "), "{text}");
        assert!(text.contains("open_2_DO_19, n3}));"), "{text}");
        assert_eq!(netlist(&cell).block_rams().unwrap()[0].width, 18);
    }

    #[test]
    fn two_ports_write_and_read() {
        let cell = ram(
            "DP",
            r#""BIT_WIDTH_0":"4 ","BIT_WIDTH_1":"2 ","WRITE_MODE0":"1 ","WRITE_MODE1":"2 ""#,
            r#""CLKA":[2],"CEA":[9],"WREA":[2],"DIA1":[2],"CLKB":[2],"CEB":[2],"WREB":[8],"ADB0":[2],"DOB0":[3]"#,
        );
        let text = body(&cell);
        assert!(text.contains(".WIDTH_A(4), .WIDTH_B(2), .WRITE_A(1), .WRITE_B(2)"), "{text}");
        assert!(text.contains(".WEA(n2), ") && text.contains(".WEB(n8), "), "{text}");
        assert!(text.contains(", n2, 1'b0}), .CLKB(n2), .CEB(n2)"), "{text}");
        assert!(text.contains("open_2_DOB_1, n3}));"), "{text}");
    }

    #[test]
    fn bytes_of_eight_bits_leave_the_ninth() {
        let bits = format!("{}1{}1", "0".repeat(247), "0".repeat(7));
        let cell = format!(
            r#"{{"type":"SP","parameters":{{"BIT_WIDTH":"4 ","INIT_RAM_02":"{bits}"}},"attributes":{{"BSRAM_SUBTYPE":" ","NEXTPNR_BEL":"X1Y9/BSRAM0"}},"connections":{{}}}}"#
        );
        let ram = &netlist(&cell).block_rams().unwrap()[0];
        assert_eq!((ram.id, ram.width, ram.contents.len()), (901, 4, 1024));
        let used: Vec<_> = ram.contents.iter().enumerate().filter(|w| *w.1 != 0).collect();
        assert_eq!(used, [(32, &0x201)]);
    }

    #[test]
    fn what_has_no_model_is_refused() {
        let wide = r#""BIT_WIDTH_0":"36 ","BIT_WIDTH_1":"36 ""#;
        let mixed = r#""BIT_WIDTH_0":"36 ","BIT_WIDTH_1":"9 ""#;
        for (cell, words) in [
            (r#"{"type":"rPLL","parameters":{},"connections":{}}"#.to_owned(), "no model of rPLL"),
            (r#"{"type":"DFFC","parameters":{},"connections":{}}"#.to_owned(), "no model of DFFC"),
            (
                r#"{"type":"GSR","parameters":{},"connections":{"GSRI":[2]}}"#.to_owned(),
                "no model of GSR",
            ),
            (
                r#"{"type":"BLOCKER_LUT","parameters":{},"connections":{"F":[3]}}"#.to_owned(),
                "no model of BLOCKER_LUT",
            ),
            (ram("SP", r#""BIT_WIDTH":"16 ""#, ""), "BIT_WIDTH is `16`"),
            (ram("SP", r#""BIT_WIDTH":"9 ","READ_MODE":"1 ""#, ""), "READ_MODE"),
            (ram("SP", r#""BIT_WIDTH":"9 ","BLK_SEL":"010""#, ""), "BLK_SEL"),
            (ram("SP", r#""BIT_WIDTH":"9 ","WRITE_MODE":"3 ""#, ""), "WRITE_MODE is 3"),
            (ram("SP", r#""BIT_WIDTH":"9 ""#, r#""RESET":[2]"#), "RESET of a block RAM"),
            (ram("SP", r#""BIT_WIDTH":"36 ""#, r#""BLKSELB1":[9]"#), "BLKSELB1"),
            (ram("SDP", mixed, ""), "of 36 and of fewer bits"),
            (ram("SDP", wide, r#""RESETB":[9]"#), "RESETB"),
            (ram("DP", wide, ""), "two ports of 36 bits"),
            (
                ram("DP", r#""BIT_WIDTH_0":"9 ","BIT_WIDTH_1":"9 ""#, r#""BLKSELA2":[2]"#),
                "BLKSELA2",
            ),
        ] {
            assert!(refused(&cell).contains(words), "{cell}");
        }
        assert!(body(r#"{"type":"GSR","parameters":{},"connections":{"GSRI":[9]}}"#).len() > 10);
        let nowhere = ram("SP", r#""BIT_WIDTH":"9 ""#, "").replace("X4Y27", "R4");
        let d = netlist(&nowhere).block_rams().unwrap_err();
        assert!(d.message.contains("has no place"), "{d}");
        let undefined = ram("SP", r#""BIT_WIDTH":"9 ""#, "").replacen("000", "0x0", 1);
        assert!(netlist(&undefined).block_rams().unwrap_err().message.contains("contains `x`"));
        assert_eq!(
            netlist(
                "{}".replace("{}", r#"{"type":"GSR","parameters":{},"connections":{}}"#).as_str()
            )
            .chip()
            .unwrap(),
            "GW1N-9C"
        );
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The routed netlist that nextpnr-ecp5 writes as JSON, as Verilog that simulates.
//!
//! A pin that the netlist leaves open reads 1, unless a parameter `<pin>MUX` ties or inverts
//! it. What has no model in templates/flow/ecp5_cells.v is refused, never left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Deref;

use super::pll;
use crate::diag::Result;
use crate::flow::routed::{Bit, BlockRam, Cell, Port, Words, digits, net, number, unknown};

/// The models of the cells.
pub(in crate::flow) const CELLS: &str = include_str!("../../../templates/flow/ecp5_cells.v");

/// Slices of initial contents of a block RAM, and their words.
const SLICES: usize = 64;
const SLICE_WORDS: usize = 16;

/// A cell of an ECP5.
pub(super) struct Ecp5<'a>(pub(super) &'a Cell);

impl Deref for Ecp5<'_> {
    type Target = Cell;

    fn deref(&self) -> &Cell {
        self.0
    }
}

/// The block RAM that a cell is, if it is one.
pub(in crate::flow) fn block_ram(name: &str, cell: &Cell) -> Option<Result<BlockRam>> {
    (cell.kind == "DP16KD").then(|| {
        let id = cell.attributes.get("WID").and_then(|w| number(w));
        let id = id.ok_or_else(|| unknown(format!("the block RAM `{name}` has no number")))?;
        // A memory that is only read may use port A; then port B has no clock.
        let port = if cell.connected("CLKB").is_some() { "B" } else { "A" };
        let width = number(cell.parameter(&format!("DATA_WIDTH_{port}"))).unwrap_or(18);
        Ok(BlockRam { name: name.to_owned(), id, width, contents: Ecp5(cell).contents()? })
    })
}

/// A cell as Verilog.
pub(in crate::flow) fn instance(
    cell: &Cell,
    index: usize,
    ports: &BTreeMap<String, Port>,
) -> Result<String> {
    Ecp5(cell).instance(index, ports)
}

impl Ecp5<'_> {
    /// What an input pin sees.
    pub(super) fn input(&self, pin: &str) -> Result<String> {
        let raw = match self.connected(pin) {
            None => "1'b1".to_owned(),
            Some(Bit::Net(n)) => format!("n{n}"),
            Some(Bit::Constant(c)) => format!("1'b{}", if c == "1" { 1 } else { 0 }),
        };
        match self.parameter(&format!("{pin}MUX")) {
            "0" => Ok("1'b0".into()),
            "1" => Ok("1'b1".into()),
            "INV" if raw == "1'b1" => Ok("1'b0".into()),
            "INV" if raw == "1'b0" => Ok("1'b1".into()),
            "INV" => Ok(format!("~{raw}")),
            mux if mux.is_empty() || mux == pin => Ok(raw),
            mux => Err(unknown(format!("{pin}MUX is {mux}"))),
        }
    }

    /// Several pins as one vector, the highest first.
    fn inputs(&self, pin: &str, count: usize) -> Result<String> {
        let pins: Result<Vec<_>> =
            (0..count).rev().map(|i| self.input(&format!("{pin}{i}"))).collect();
        Ok(format!("{{{}}}", pins?.join(", ")))
    }

    fn instance(&self, index: usize, ports: &BTreeMap<String, Port>) -> Result<String> {
        match self.kind.as_str() {
            "TRELLIS_COMB" => self.comb(index),
            "TRELLIS_FF" => self.ff(index),
            "DP16KD" => self.ram(index),
            "MULT18X18D" => self.multiplier(index),
            "TRELLIS_IO" => self.io(ports),
            pll::CELL => self.pll_instance(),
            // A global buffer, which is always enabled if nothing says otherwise.
            "DCCA" if self.connected("CE").is_none() => {
                let to = self.output("CLKO").ok_or_else(|| unknown("DCCA without CLKO"))?;
                Ok(format!("assign {to} = {};\n", self.input("CLKI")?))
            }
            kind => Err(unknown(format!("there is no model of {kind}"))),
        }
    }

    fn comb(&self, index: usize) -> Result<String> {
        let carry = match self.parameter("MODE") {
            "" | "LOGIC" => 0,
            "CCU2" => 1,
            mode => return Err(unknown(format!("a look-up table in the mode {mode}"))),
        };
        let inject = u8::from(self.parameter("CCU2_INJECT1") == "YES");
        let wide = u8::from(self.connected("FXA").is_some() || self.connected("FXB").is_some());
        let init = self.parameter("INITVAL");
        if init.len() > 16 || init.bytes().any(|b| !matches!(b, b'0' | b'1')) {
            return Err(unknown(format!("INITVAL is `{init}`")));
        }
        let mut text = format!(
            "TRELLIS_COMB #(.INITVAL(16'b{}), .CARRY({carry}), .INJECT({inject}), .WIDE({wide})) c{index} (",
            if init.is_empty() { "0" } else { init }
        );
        for pin in ["A", "B", "C", "D", "M", "FCI", "F1", "FXA", "FXB"] {
            let _ = write!(text, ".{pin}({}), ", self.input(pin)?);
        }
        Ok(text + &self.outputs(&["F", "FCO", "OFX"]) + ");\n")
    }

    fn ff(&self, index: usize) -> Result<String> {
        let over = match self.parameter("SRMODE") {
            "" | "LSR_OVER_CE" => 1,
            "CE_OVER_LSR" => 0,
            mode => return Err(unknown(format!("a flip-flop in the mode {mode}"))),
        };
        let set = u8::from(self.parameter("REGSET") == "SET");
        // A reset that nothing drives is off.
        let reset = match self.connected("LSR") {
            Some(_) => self.input("LSR")?,
            None => "1'b0".into(),
        };
        let data = self.input(if self.parameter("SD") == "1" { "DI" } else { "M" })?;
        let (clock, enable) = (self.input("CLK")?, self.input("CE")?);
        let out = self.outputs(&["Q"]);
        Ok(format!(
            "TRELLIS_FF #(.SET({set}), .OVER({over})) c{index} (.CLK({clock}), .CE({enable}), .LSR({reset}), .D({data}), {out});\n"
        ))
    }

    fn io(&self, ports: &BTreeMap<String, Port>) -> Result<String> {
        let pad = self.connected("B").ok_or_else(|| unknown("a pad without a port"))?;
        let port = ports.values().find(|p| p.bits.first() == Some(pad));
        match (port.map(|p| p.direction.as_str()), self.parameter("DIR")) {
            (Some("input"), "INPUT") => {
                let to = self.output("O").map(|o| format!("assign {o} = {};\n", net(pad)));
                Ok(to.unwrap_or_default())
            }
            (Some("output"), "OUTPUT") => {
                Ok(format!("assign {} = {};\n", net(pad), self.input("I")?))
            }
            (_, direction) => Err(unknown(format!("a pad of the direction {direction}"))),
        }
    }

    fn ram(&self, index: usize) -> Result<String> {
        let width = |port: &str| number(self.parameter(&format!("DATA_WIDTH_{port}")));
        let (Some(a), Some(b)) = (width("A"), width("B")) else {
            return Err(unknown("a block RAM without widths"));
        };
        if b == 36 && a != 36 {
            return Err(unknown(
                "a block RAM that writes other words than 36 bits and reads those",
            ));
        }
        for port in ["A", "B"] {
            // Neither output registers, nor chip selects, nor a reset.
            let select = (0..3).map(|i| self.input(&format!("CS{port}{i}")));
            let select = select.collect::<Result<Vec<_>>>()?;
            let plain = self.parameter(&format!("REGMODE_{port}")) == "NOREG"
                && self.parameter(&format!("CSDECODE_{port}")) == "0b000"
                && select.iter().all(|s| s == "1'b0")
                && self.input(&format!("RST{port}"))? == "1'b0";
            if !plain {
                return Err(unknown(format!(
                    "port {port} of a block RAM has registers, selects or a reset"
                )));
            }
        }
        let write = |port: &str| match self.parameter(&format!("WRITEMODE_{port}")) {
            "" | "NORMAL" => Ok(0),
            "READBEFOREWRITE" => Ok(2),
            "WRITETHROUGH" => Ok(1),
            mode => Err(unknown(format!("a block RAM in the mode {mode}"))),
        };
        let mut text = format!(
            "BLOCK_RAM #(.WIDTH_A({a}), .WIDTH_B({b}), .WRITE_A({}), .WRITE_B({}), .CONTENTS(18432'h",
            write("A")?,
            write("B")?
        );
        let _ = write!(text, "{})) c{index} (", digits(&self.contents()?));
        for port in ["A", "B"] {
            for pin in ["CLK", "CE", "WE"] {
                let pin = format!("{pin}{port}");
                let _ = write!(text, ".{pin}({}), ", self.input(&pin)?);
            }
            let (address, data) = (format!("AD{port}"), format!("DI{port}"));
            let _ = write!(text, ".{address}({}), ", self.inputs(&address, 14)?);
            let _ = write!(text, ".{data}({}), ", self.inputs(&data, 18)?);
        }
        let mut open = String::new();
        let [a, b] = ["DOA", "DOB"].map(|pin| self.vector(index, pin, 0..18, &mut open));
        Ok(format!("{open}{text}.DOA({a}), .DOB({b}));\n"))
    }

    fn multiplier(&self, index: usize) -> Result<String> {
        let clocked = |(name, value): (&String, &String)| {
            name.starts_with("REG_") && name.ends_with("_CLK") && value.trim_end() != "NONE"
        };
        if self.parameters.iter().any(clocked) {
            return Err(unknown("a multiplier with registers"));
        }
        let mut text = format!("MULT18X18D c{index} (");
        for pin in ["A", "B"] {
            let _ = write!(text, ".{pin}({}), ", self.inputs(pin, 18)?);
        }
        for pin in ["SIGNEDA", "SIGNEDB", "SOURCEA", "SOURCEB"] {
            // What nothing drives is off.
            let off =
                self.connected(pin).is_none() && self.parameter(&format!("{pin}MUX")).is_empty();
            let value = if off { "1'b0".to_owned() } else { self.input(pin)? };
            let _ = write!(text, ".{pin}({value}), ");
        }
        let mut open = String::new();
        let product = self.vector(index, "P", 0..36, &mut open);
        Ok(format!("{open}{text}.P({product}));\n"))
    }

    /// The contents that a block RAM starts with: in each of 64 slices 16 words of 18 bits, one
    /// every 20 bits.
    fn contents(&self) -> Result<Words> {
        let mut words = Vec::with_capacity(SLICES * SLICE_WORDS);
        for slice in 0..SLICES {
            let name = format!("INITVAL_{slice:02X}");
            let bits = self.parameter(&name).as_bytes();
            if let Some(bad) = bits.iter().find(|b| !matches!(b, b'0' | b'1')) {
                return Err(unknown(format!("{name} contains `{}`", char::from(*bad))));
            }
            let bit = |i: usize| bits.len().checked_sub(i + 1).is_some_and(|at| bits[at] == b'1');
            let word = |w: usize| (0..18).fold(0, |v, i| v | u32::from(bit(20 * w + i)) << i);
            words.extend((0..SLICE_WORDS).map(word));
        }
        Ok(words)
    }
}

#[cfg(test)]
mod tests {
    use crate::flow::routed::Netlist;
    use crate::target::Family;

    fn netlist(cell: &str) -> Netlist {
        let json = format!(
            r#"{{"modules":{{"top":{{"ports":{{"a":{{"direction":"input","bits":[2]}},"y":{{"direction":"output","bits":[3]}}}},"cells":{{"x":{cell}}}}}}}}}"#
        );
        Netlist::parse(Family::Ecp5, json.as_bytes()).unwrap()
    }

    #[test]
    fn pins_are_tied_inverted_or_open() {
        let text = netlist(
            r#"{"type":"TRELLIS_COMB","parameters":{"INITVAL":"0110","MODE":"CCU2","CCU2_INJECT1":"YES","BMUX":"INV","CMUX":"0 "},"connections":{"A":[2],"B":[2],"C":[2],"D":[],"F":[3],"FCO":[]}}"#,
        )
        .to_verilog("top")
        .unwrap();
        let wanted = "TRELLIS_COMB #(.INITVAL(16'b0110), .CARRY(1), .INJECT(1), .WIDE(0)) c0 (.A(n2), .B(~n2), .C(1'b0), .D(1'b1), ";
        assert!(text.contains(wanted), "{text}");
        assert!(text.contains(".F(n3), .FCO(), .OFX());"), "{text}");
        assert!(text.contains("assign n2 = a;\nassign y = n3;"), "{text}");
    }

    #[test]
    fn an_inverted_constant_is_the_other_one() {
        let text = netlist(
            r#"{"type":"TRELLIS_COMB","parameters":{"AMUX":"INV","BMUX":"INV","CMUX":"INV"},"connections":{"B":["0"],"C":["1"],"FXA":[2],"F":[3]}}"#,
        );
        let text = text.to_verilog("top").unwrap();
        assert!(text.contains(".A(1'b0), .B(1'b1), .C(1'b0), .D(1'b1), "), "{text}");
        // Either input of a wide multiplexer makes one of it.
        assert!(text.contains(".WIDE(1)"), "{text}");
    }

    #[test]
    fn a_look_up_table_has_at_most_sixteen_bits() {
        let comb = |init: &str| {
            let cell = format!(
                r#"{{"type":"TRELLIS_COMB","parameters":{{"INITVAL":"{init}"}},"connections":{{"FXB":[2],"F":[3]}}}}"#
            );
            netlist(&cell).to_verilog("top")
        };
        let text = comb("1000000000000001").unwrap();
        assert!(text.contains("16'b1000000000000001), .CARRY(0), .INJECT(0), .WIDE(1)"), "{text}");
        for wrong in ["00000000000000001", "012"] {
            let d = comb(wrong).unwrap_err();
            assert!(d.code.id == "SF0509" && d.message.contains(wrong), "{d}");
        }
    }

    #[test]
    fn pads_and_buffers_hand_on_what_they_get() {
        let body = |cell: &str| netlist(cell).to_verilog("top");
        let pad = |direction: &str, pins: &str| {
            body(&format!(
                r#"{{"type":"TRELLIS_IO","parameters":{{"DIR":"{direction}"}},"connections":{{{pins}}}}}"#
            ))
        };
        let text = pad("INPUT", r#""B":[2],"O":[7]"#).unwrap();
        assert!(text.contains("assign n7 = n2;\nendmodule"), "{text}");
        let text = pad("OUTPUT", r#""B":[3],"I":[7]"#).unwrap();
        assert!(text.contains("assign n3 = n7;\nendmodule"), "{text}");
        for (direction, pins) in [("OUTPUT", r#""B":[2],"I":[7]"#), ("INPUT", r#""B":[3],"O":[7]"#)]
        {
            let d = pad(direction, pins).unwrap_err();
            assert!(d.message.contains(direction), "{d}");
        }
        let buffer = |pins: &str| {
            body(&format!(
                r#"{{"type":"DCCA","parameters":{{}},"connections":{{"CLKI":[2],"CLKO":[3]{pins}}}}}"#
            ))
        };
        let text = buffer("").unwrap();
        assert!(text.contains("assign n3 = n2;\nendmodule"), "{text}");
        let d = buffer(r#","CE":[2]"#).unwrap_err();
        assert!(d.message.contains("no model of DCCA"), "{d}");
    }

    #[test]
    fn flip_flops_are_set_or_reset_first() {
        let ff = |parameters: &str, pins: &str| {
            let cell = format!(
                r#"{{"type":"TRELLIS_FF","parameters":{{{parameters}}},"connections":{{"CLK":[2],"DI":[2],"M":[],{pins}"Q":[3]}}}}"#
            );
            netlist(&cell).to_verilog("top").unwrap()
        };
        let text = ff(r#""REGSET":"SET","SD":"1 ""#, r#""LSR":[2],"CE":[2],"#);
        let wanted = "#(.SET(1), .OVER(1)) c0 (.CLK(n2), .CE(n2), .LSR(n2), .D(n2), .Q(n3));";
        assert!(text.contains(wanted), "{text}");
        // Past the look-up table an open pin M; an open reset is off, an open enable is on.
        let text = ff(r#""REGSET":"RESET","SRMODE":"CE_OVER_LSR","SD":"0""#, "");
        let wanted = "#(.SET(0), .OVER(0)) c0 (.CLK(n2), .CE(1'b1), .LSR(1'b0), .D(1'b1), .Q(n3));";
        assert!(text.contains(wanted), "{text}");
    }

    #[test]
    fn block_rams_have_their_pins_highest_first_and_their_contents() {
        let ram = |more: &str| {
            let off = ["CSA0", "CSA1", "CSA2", "CSB0", "CSB1", "CSB2", "RSTA", "RSTB"];
            let off: Vec<_> = off.iter().map(|pin| format!(r#""{pin}":["0"]"#)).collect();
            let modes = r#""REGMODE_A":"NOREG","REGMODE_B":"NOREG","CSDECODE_A":"0b000","CSDECODE_B":"0b000""#;
            // Words 0 and 1: 1 and 2.
            let slice = format!("10{}1", "0".repeat(19));
            netlist(&format!(
                r#"{{"type":"DP16KD","parameters":{{{modes},{more},"INITVAL_00":"{slice}"}},"attributes":{{"WID":"5"}},"connections":{{"ADB13":[2],"CLKA":[2],"CLKB":[2],"DOB0":[3],{}}}}}"#,
                off.join(",")
            ))
        };
        let wide = ram(r#""DATA_WIDTH_A":"36","DATA_WIDTH_B":"9","WRITEMODE_B":"WRITETHROUGH""#);
        let text = wide.to_verilog("top").unwrap();
        let ones = vec!["1'b1"; 13].join(", ");
        assert!(text.contains(&format!(".ADB({{n2, {ones}}})")), "{text}");
        assert!(text.contains(".WIDTH_A(36), .WIDTH_B(9), .WRITE_A(0), .WRITE_B(1)"), "{text}");
        // The last digits: words 1 and 0, 18 bits each.
        assert!(text.contains(&format!("{:09x})) c0", 2 << 18 | 1)), "{text}");
        assert!(text.contains("open_0_DOB_1, n3})"), "{text}");
        // A clock at port B: it is the one that reads.
        assert_eq!(wide.block_rams().unwrap()[0].width, 9);
        let d = ram(r#""DATA_WIDTH_A":"9","DATA_WIDTH_B":"36""#).to_verilog("top").unwrap_err();
        assert!(d.message.contains("36 bits"), "{d}");
    }

    /// A block RAM without registers, selects and resets, or with one of them.
    #[test]
    fn a_block_ram_is_plain_at_both_ports() {
        let plain = [
            ("REGMODE_A", "NOREG"),
            ("REGMODE_B", "NOREG"),
            ("CSDECODE_A", "0b000"),
            ("CSDECODE_B", "0b000"),
            ("CSA0MUX", "INV"),
            ("CSA1MUX", "0"),
            ("CSA2MUX", "0"),
            ("CSB0MUX", "0"),
            ("CSB1MUX", "0"),
            ("CSB2MUX", "INV"),
            ("RSTAMUX", "0"),
            ("RSTBMUX", "INV"),
            ("DATA_WIDTH_A", "9"),
            ("DATA_WIDTH_B", "9"),
        ];
        let with = |name: &str, value: &str| {
            let one = |&(n, v): &(&str, &str)| {
                format!(r#""{n}":"{}""#, if n == name { value } else { v })
            };
            let all: Vec<_> = plain.iter().map(one).collect();
            netlist(&format!(
                r#"{{"type":"DP16KD","parameters":{{{}}},"connections":{{}}}}"#,
                all.join(",")
            ))
            .to_verilog("top")
        };
        // What is inverted is open, which is 1.
        assert!(with("", "").is_ok());
        for (name, value, port) in [
            ("REGMODE_A", "OUTREG", "port A"),
            ("CSDECODE_B", "0b001", "port B"),
            ("CSA2MUX", "1", "port A"),
            ("RSTBMUX", "1", "port B"),
        ] {
            let d = with(name, value).unwrap_err();
            assert!(d.message.contains(port), "{name}: {d}");
        }
    }

    #[test]
    fn multipliers_have_their_pins_highest_first() {
        let text = netlist(
            r#"{"type":"MULT18X18D","parameters":{"A0MUX":"0 ","REG_INPUTA_CLK":"NONE","REG_INPUTA_CE":"CE0"},"connections":{"A0":[],"A17":[2],"SIGNEDA":[2],"P35":[3]}}"#,
        )
        .to_verilog("top")
        .unwrap();
        let ones = vec!["1'b1"; 16].join(", ");
        assert!(text.contains(&format!(".A({{n2, {ones}, 1'b0}})")), "{text}");
        let signs = ".SIGNEDA(n2), .SIGNEDB(1'b0), .SOURCEA(1'b0), .SOURCEB(1'b0), ";
        assert!(text.contains(&format!("{signs}.P({{n3, open_0_P_34, ")), "{text}");
    }

    #[test]
    fn what_has_no_model_is_refused() {
        for (cell, words) in [
            (r#"{"type":"CLKDIVF","parameters":{},"connections":{}}"#, "no model of CLKDIVF"),
            (r#"{"type":"TRELLIS_COMB","parameters":{"MODE":"DPRAM"},"connections":{}}"#, "DPRAM"),
            (r#"{"type":"TRELLIS_FF","parameters":{"SRMODE":"ASYNC"},"connections":{}}"#, "ASYNC"),
            (r#"{"type":"TRELLIS_FF","parameters":{"CEMUX":"X"},"connections":{}}"#, "CEMUX is X"),
            (r#"{"type":"DP16KD","parameters":{},"connections":{}}"#, "without widths"),
            (
                r#"{"type":"MULT18X18D","parameters":{"REG_INPUTA_CLK":"CLK0"},"connections":{}}"#,
                "a multiplier with registers",
            ),
            (
                r#"{"type":"DP16KD","parameters":{"DATA_WIDTH_A":"9","DATA_WIDTH_B":"9","REGMODE_A":"OUTREG"},"connections":{}}"#,
                "port A",
            ),
        ] {
            let d = netlist(cell).to_verilog("top").unwrap_err();
            assert_eq!(d.code.id, "SF0509", "{d}");
            assert!(d.message.contains(words), "{d}");
            assert_eq!(d.location.path.as_deref(), Some("x"));
        }
        assert_eq!(Netlist::parse(Family::Ecp5, b"{}").unwrap_err().code.id, "SF0503");
    }

    #[test]
    fn contents_are_sixteen_words_a_slice() {
        let slice = format!("1{}{}", "0".repeat(19), "11");
        let cell = format!(
            r#"{{"type":"DP16KD","parameters":{{"INITVAL_02":"{slice}","DATA_WIDTH_A":"{:032b}"}},"attributes":{{"WID":"{:032b}"}},"connections":{{}}}}"#,
            9, 7
        );
        let rams = netlist(&cell).block_rams().unwrap();
        assert_eq!((rams[0].id, rams[0].width, rams[0].contents.len()), (7, 9, 1024));
        let used: Vec<_> = rams[0].contents.iter().enumerate().filter(|w| *w.1 != 0).collect();
        assert_eq!(used, [(32, &3), (33, &2)]);
    }
}

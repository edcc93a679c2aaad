// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Single-port RAMs of an iCE40 UltraPlus that was turned back into Verilog.
//!
//! `icebox_vlog` writes the nets that end at these RAMs but not the RAMs. Which of the four
//! are switched on says the configuration; where their pins are is a fact of the chip
//! (IceStorm's chipdb-5k.txt, `.extra_cell … SPRAM`; a test compares). They lie in pairs at
//! the lower ends of the first and the last column, in tiles that look like logic.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::diag::{Diagnostic, Result, codes};

/// Columns of the two pairs.
const COLUMNS: [u32; 2] = [0, 25];

/// Row of the tile that switches a pair on, and the two bits in it: line and column.
const SWITCHES: u32 = 1;
const SWITCH: [(usize, usize); 2] = [(1, 7), (0, 7)];

/// How a tile calls a pin.
#[derive(Clone, Copy)]
enum Pin {
    /// This input of a cell.
    In(u32),
    /// The output of a cell.
    Out,
    Clock,
}

/// Pins side by side: `bits` of a port from `first` on, in a cell each from `cell` on, all in
/// the tile of a row.
struct Run {
    port: &'static str,
    first: usize,
    bits: usize,
    row: u32,
    cell: usize,
    pin: Pin,
}

const fn run(
    port: &'static str,
    (first, bits): (usize, usize),
    row: u32,
    cell: usize,
    pin: Pin,
) -> Run {
    Run { port, first, bits, row, cell, pin }
}

/// The pins of the first and the second RAM of a pair, the same in both columns.
static PINS: [&[Run]; 2] = [
    &[
        run("ADDRESS", (0, 8), 2, 0, Pin::In(1)),
        run("ADDRESS", (8, 6), 2, 0, Pin::In(0)),
        run("DATAIN", (0, 8), 1, 0, Pin::In(3)),
        run("DATAIN", (8, 8), 1, 0, Pin::In(1)),
        run("MASKWREN", (0, 4), 3, 0, Pin::In(0)),
        run("WREN", (0, 1), 3, 4, Pin::In(1)),
        run("CHIPSELECT", (0, 1), 3, 6, Pin::In(1)),
        run("CLOCK", (0, 1), 1, 0, Pin::Clock),
        run("STANDBY", (0, 1), 4, 0, Pin::In(3)),
        run("SLEEP", (0, 1), 4, 2, Pin::In(3)),
        run("POWEROFF", (0, 1), 4, 4, Pin::In(3)),
        run("DATAOUT", (0, 8), 1, 0, Pin::Out),
        run("DATAOUT", (8, 8), 2, 0, Pin::Out),
    ],
    &[
        run("ADDRESS", (0, 2), 2, 6, Pin::In(0)),
        run("ADDRESS", (2, 8), 3, 0, Pin::In(3)),
        run("ADDRESS", (10, 4), 3, 0, Pin::In(1)),
        run("DATAIN", (0, 8), 1, 0, Pin::In(0)),
        run("DATAIN", (8, 8), 2, 0, Pin::In(3)),
        run("MASKWREN", (0, 4), 3, 4, Pin::In(0)),
        run("WREN", (0, 1), 3, 5, Pin::In(1)),
        run("CHIPSELECT", (0, 1), 3, 7, Pin::In(1)),
        run("CLOCK", (0, 1), 2, 0, Pin::Clock),
        run("STANDBY", (0, 1), 4, 1, Pin::In(3)),
        run("SLEEP", (0, 1), 4, 3, Pin::In(3)),
        run("POWEROFF", (0, 1), 4, 5, Pin::In(3)),
        run("DATAOUT", (0, 8), 3, 0, Pin::Out),
        run("DATAOUT", (8, 8), 4, 0, Pin::Out),
    ],
];

/// One of the RAMs: its column, and which of the pair.
pub type Ram = (u32, usize);

/// The pins of a RAM: port, bit, and the row and name by which the tile knows it.
pub fn pins((_, which): Ram) -> impl Iterator<Item = (&'static str, usize, u32, String)> {
    PINS[which].iter().flat_map(|r| {
        (0..r.bits).map(move |k| {
            let cell = r.cell + k;
            let name = match r.pin {
                Pin::In(input) => format!("lutff_{cell}/in_{input}"),
                Pin::Out => format!("slf_op_{cell}"),
                Pin::Clock => "clk".to_owned(),
            };
            (r.port, r.first + k, r.row, name)
        })
    })
}

/// The RAMs that a text configuration switches on.
#[must_use]
pub fn in_use(asc: &str) -> Vec<Ram> {
    let mut found = Vec::new();
    for column in COLUMNS {
        let tile = format!(".ipcon_tile {column} {SWITCHES}");
        let bits: Vec<&[u8]> =
            asc.lines().skip_while(|l| *l != tile).skip(1).take(2).map(str::as_bytes).collect();
        for (which, (line, at)) in SWITCH.iter().enumerate() {
            if bits.get(*line).and_then(|b| b.get(*at)) == Some(&b'1') {
                found.push((column, which));
            }
        }
    }
    found
}

/// Adds the RAMs to what `icebox_vlog` wrote with its comments, which say where a net ends.
///
/// # Errors
/// [`codes::ASC_FORMAT`] if a RAM that is switched on has no clock, or the text no end.
pub fn add(verilog: &str, rams: &[Ram]) -> Result<String> {
    let nets = nets(verilog);
    let (body, end) = verilog
        .rsplit_once("endmodule")
        .ok_or_else(|| Diagnostic::new(&codes::ASC_FORMAT, "the module has no end"))?;
    let mut text = body.to_owned();
    for &ram in rams {
        instance(&mut text, ram, &nets)?;
    }
    Ok(text + "endmodule" + end)
}

/// Where a net ends: column, row, name.
type Place<'a> = (u32, u32, &'a str);

/// Every named place and its net: below a net's declaration stands a comment for each.
fn nets(verilog: &str) -> HashMap<Place<'_>, &str> {
    let mut nets = HashMap::new();
    let mut net = None;
    for line in verilog.lines() {
        if let Some(place) = line.strip_prefix("// (") {
            if let (Some(net), Some(place)) = (net, place_of(place)) {
                nets.insert(place, net);
            }
            continue;
        }
        let declared = line.strip_prefix("wire ").or_else(|| line.strip_prefix("reg "));
        net = declared.map(|d| d.split([' ', ';']).next().unwrap_or(d));
    }
    nets
}

/// `0, 1, 'clk')`.
fn place_of(text: &str) -> Option<Place<'_>> {
    let mut parts = text.strip_suffix("')")?.splitn(3, ", ");
    let column = parts.next()?.parse().ok()?;
    let row = parts.next()?.parse().ok()?;
    Some((column, row, parts.next()?.strip_prefix('\'')?))
}

/// Writes one RAM. As in the chip, an input that nothing drives is 0.
fn instance(text: &mut String, ram: Ram, nets: &HashMap<Place<'_>, &str>) -> Result<()> {
    let (column, which) = ram;
    let name = format!("spram_{column}_{which}");
    let mut ports: Vec<(&str, Vec<String>)> = Vec::new();
    for (port, bit, row, place) in pins(ram) {
        let net = nets.get(&(column, row, &*place)).map(|n| (*n).to_owned());
        let net = match (port, net) {
            (_, Some(net)) => net,
            ("DATAOUT", None) => {
                let open = format!("{name}_open_{bit}");
                let _ = writeln!(text, "wire {open};");
                open
            }
            ("CLOCK", None) => {
                let message = format!("the SPRAM number {which} of column {column} has no clock");
                return Err(Diagnostic::new(&codes::ASC_FORMAT, message));
            }
            (_, None) => "1'b0".to_owned(),
        };
        match ports.last_mut().filter(|p| p.0 == port) {
            Some((_, bits)) => bits.push(net),
            None => ports.push((port, vec![net])),
        }
    }
    let connect = |(port, bits): &(&str, Vec<String>)| {
        let bits: Vec<&str> = bits.iter().rev().map(String::as_str).collect();
        format!("  .{port}({{{}}})", bits.join(", "))
    };
    let ports: Vec<String> = ports.iter().map(connect).collect();
    let _ = writeln!(text, "SB_SPRAM256KA {name} (\n{}\n);\n", ports.join(",\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_which_are_switched_on() {
        let tile = |first: &str, second: &str| format!("{first}\n{second}\n0000\n");
        let (off, on) = ("000000000", "000000010");
        let asc = format!(
            ".device 5k\n.ipcon_tile 0 1\n{}\n.ipcon_tile 0 2\n{}\n.ipcon_tile 25 1\n{}",
            tile(off, on),
            tile(on, on),
            tile(on, on)
        );
        assert_eq!(in_use(&asc), [(0, 0), (25, 0), (25, 1)]);
        assert!(in_use(".device 5k\n.ipcon_tile 0 1\n").is_empty());
        assert!(in_use("").is_empty());
    }

    #[test]
    fn connects_what_the_comments_say() {
        let verilog = "module top (input clk_i);\n\nwire clk_i;\n// (0, 1, 'clk')\n\nreg n2 = 0;\n\
            // (0, 2, 'lutff_1/in_1')\n// (0, 9, 'lutff_1/in_1')\n\nwire n3;\n// (0, 2, 'slf_op_7')\n\
            // (25, 2, 'slf_op_7')\n\nassign n3 = n2;\n// (0, 3, 'lutff_6/in_1')\n\nendmodule\n\n";
        let text = add(verilog, &[(0, 0)]).unwrap();
        for words in [
            "SB_SPRAM256KA spram_0_0 (",
            ".CLOCK({clk_i})",
            "1'b0, 1'b0, n2, 1'b0})",
            ".DATAOUT({n3, spram_0_0_open_14,",
            "wire spram_0_0_open_14;",
            // What follows something else than a declaration is no net's.
            ".CHIPSELECT({1'b0})",
            ");\n\nendmodule\n\n",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert_eq!(add(verilog, &[(25, 0)]).unwrap_err().code.id, "SF0507");
        assert_eq!(add("", &[]).unwrap_err().code.id, "SF0507");
    }

    #[test]
    fn every_pin_of_a_ram_is_listed_once() {
        let widths = [
            ("ADDRESS", 14),
            ("DATAIN", 16),
            ("MASKWREN", 4),
            ("WREN", 1),
            ("CHIPSELECT", 1),
            ("CLOCK", 1),
            ("STANDBY", 1),
            ("SLEEP", 1),
            ("POWEROFF", 1),
            ("DATAOUT", 16),
        ];
        for which in 0..2 {
            let mut places = std::collections::BTreeSet::new();
            let mut bits: HashMap<&str, Vec<usize>> = HashMap::new();
            for (port, bit, row, place) in pins((0, which)) {
                assert!(places.insert((row, place.clone())), "{row} {place} twice");
                bits.entry(port).or_default().push(bit);
            }
            assert_eq!(bits.len(), widths.len());
            for (port, width) in widths {
                assert_eq!(bits[port], (0..width).collect::<Vec<_>>(), "{port}");
            }
        }
        // Some by the chip database; tests/flow.rs compares all of them where it is there.
        let at = |ram, port, bit| {
            let pin = pins(ram).find(|p| (p.0, p.1) == (port, bit)).unwrap();
            (pin.2, pin.3)
        };
        assert_eq!(at((0, 0), "ADDRESS", 8), (2, "lutff_0/in_0".into()));
        assert_eq!(at((0, 0), "DATAIN", 15), (1, "lutff_7/in_1".into()));
        assert_eq!(at((0, 1), "ADDRESS", 1), (2, "lutff_7/in_0".into()));
        assert_eq!(at((0, 1), "DATAOUT", 8), (4, "slf_op_0".into()));
        assert_eq!(at((0, 1), "CLOCK", 0), (2, "clk".into()));
    }

    /// Both of a pair: each takes its own nets, a bus the highest bit first.
    #[test]
    fn each_ram_has_its_own_nets() {
        let verilog = "module top (input clk_i);\nwire clk_i;\n// (25, 1, 'clk')\n// (25, 2, 'clk')\n\
            wire one;\n// (25, 1, 'slf_op_0')\nwire two;\n// (25, 3, 'slf_op_0')\n\
            reg a0;\n// (25, 2, 'lutff_0/in_1')\nreg b13;\n// (25, 3, 'lutff_3/in_1')\nendmodule\n";
        let text = add(verilog, &[(25, 0), (25, 1)]).unwrap();
        let (first, second) = text.split_once("SB_SPRAM256KA spram_25_1 (").unwrap();
        assert!(first.contains("SB_SPRAM256KA spram_25_0 ("));
        assert!(first.contains(", one})") && !first.contains(", two})"), "{text}");
        assert!(second.contains(", two})") && !second.contains(", one})"), "{text}");
        assert!(first.contains("1'b0, a0})") && second.contains(".ADDRESS({b13, 1'b0,"), "{text}");
        assert_eq!(text.matches(".CLOCK({clk_i})").count(), 2);
    }
}

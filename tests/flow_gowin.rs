// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The way to a Gowin bitstream, on a design with a block RAM of every shape: the model of the
//! block RAM is compared with the Verilog that it stands for, the bitstream's contents with it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "common/tools.rs"]
mod common;
#[path = "common/rounds.rs"]
mod rounds;
#[path = "common/shapes.rs"]
mod shapes;

use std::path::Path;

use common::tools;
use rounds::rounds;
use shapes::{SHAPES, TOP, contents, here, netlist_says, run, synthesis};
use synfire::flow::nextpnr::{self, Placed, PnrJob};
use synfire::flow::routed::Netlist;
use synfire::flow::yosys;
use synfire::flow::{Tool, Toolbox, gowin, pack};
use synfire::target::{self, Family};

/// Its products would be thousands of look-up tables.
const DEFINES: [&str; 1] = ["NO_PRODUCTS"];

/// Pins of the Tang Nano 9K.
const PINS: &str = "IO_LOC \"clk_i\" 52;\nIO_LOC \"rst_i\" 18;\nIO_LOC \"sum_o\" 17;\n\
    IO_LOC \"valid_o\" 10;\nIO_PORT \"valid_o\" IO_TYPE=LVCMOS18;\n";

fn placed(toolbox: &Toolbox, dir: &Path) -> Placed {
    let target = target::load("tangnano9k").unwrap();
    let (board, names) = (target.board.unwrap(), target.device.tools);
    let series = names.yosys_device.as_deref();
    let made = yosys::synth(toolbox, &synthesis(dir, Family::Gowin, series, &DEFINES)).unwrap();
    assert_eq!(made.cells.ebr, 12, "{:?}", made.cells);
    assert!(made.cells.lut4 > 40 && made.cells.carry > 5 && made.cells.ff > 40);
    let pins = dir.join("pins.cst");
    std::fs::write(&pins, PINS).unwrap();
    let job = PnrJob {
        dir: dir.to_path_buf(),
        json: made.json,
        family: Family::Gowin,
        device: names.nextpnr_device,
        package: board.package,
        speed: None,
        constraints: Some(pins),
        freq_mhz: board.clock_mhz,
        seed: 1,
    };
    let placed = nextpnr::place_route(toolbox, &job, &|_| {}).unwrap();
    placed.report.check_timing(f64::INFINITY).unwrap();
    assert_eq!(placed.report.block_rams(Family::Gowin).used, 12);
    placed
}

#[test]
fn the_routed_netlist_does_what_the_verilog_does_with_block_rams_of_every_shape() {
    let needed = [Tool::Yosys, Tool::NextpnrGowin, Tool::GowinPack, Tool::Verilator, Tool::Cxx];
    let Some(toolbox) = tools(&needed) else { return };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    contents(dir);
    let said = run(&toolbox, &here("shapes.v"), dir, &DEFINES);
    assert!(said.starts_with("36 bits, "), "{said}");

    let placed = placed(&toolbox, dir);
    let json = std::fs::read(placed.netlist.unwrap()).unwrap();
    let netlist = Netlist::parse(Family::Gowin, &json).unwrap();
    let verilog = netlist.to_verilog(TOP).unwrap();
    assert_eq!(netlist_says(&toolbox, &verilog, &dir.join("sound")), said);
    let mut shapes: Vec<_> = netlist.block_rams().unwrap();
    shapes.retain(|ram| ram.name.starts_with("u_r"));
    shapes.sort_by_key(|ram| ram.width);
    let found: Vec<_> = shapes.iter().map(|ram| ram.width).collect();
    assert_eq!(found, SHAPES.map(|s| s.0));

    // A model that is wrong about one shape is noticed; about every one, at night.
    for (at, (from, to)) in [
        ("{2'b00, a[2:0]}", "{2'b00, a[2:1], 1'b0}"),
        ("(a[2] ? 5'd4 : 5'd0)", "(a[2] ? 5'd5 : 5'd0)"),
        ("{{9{a[1]}}, {9{a[0]}}}", "18'h1ffff"),
        ("high_b <= mem[{ADB[13:5], 1'b1}]", "high_b <= mem[{ADB[13:5], 1'b0}]"),
        ("if (ADA[2]) mem", "if (!ADA[2]) mem"),
        ("if (CEB) begin\n        out_b  <=", "begin\n        out_b  <="),
        ("COUT = pass ? CIN : made", "COUT = pass ? made : CIN"),
        ("O = S0 ? I1 : I0", "O = S0 ? I0 : I1"),
    ]
    .into_iter()
    .take(rounds(1))
    .enumerate()
    {
        assert_eq!(verilog.matches(from).count(), 1, "{from}");
        let wrong = verilog.replace(from, to);
        let found = netlist_says(&toolbox, &wrong, &dir.join(format!("wrong{at}")));
        assert_ne!(found, said, "{from}");
    }

    // The bitstream has the same contents, and is the same when it is packed again.
    let (first, again) = (dir.join("a.fs"), dir.join("b.fs"));
    pack::pack(&toolbox, Family::Gowin, &placed.config, &first).unwrap();
    pack::pack(&toolbox, Family::Gowin, &placed.config, &again).unwrap();
    let text = std::fs::read_to_string(&first).unwrap();
    assert!(text == std::fs::read_to_string(&again).unwrap());
    let found = gowin::block_rams(&text, netlist.chip().unwrap()).unwrap();
    let rams = netlist.block_rams().unwrap();
    for ram in &rams {
        assert!(found[&ram.id] == ram.contents, "{}", ram.name);
    }
    let others = found.iter().filter(|(id, _)| rams.iter().all(|ram| ram.id != **id));
    assert!(others.flat_map(|(_, words)| words).all(|word| *word == 0));
}

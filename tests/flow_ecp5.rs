// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The way to an ECP5 bitstream and back, on a design with a block RAM of every shape: the
//! model of the block RAM is compared with the Verilog that it stands for.
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
use synfire::flow::ecp5;
use synfire::flow::nextpnr::{self, Placed, PnrJob};
use synfire::flow::routed::Netlist;
use synfire::flow::yosys;
use synfire::flow::{Tool, Toolbox, pack};
use synfire::target::Family;

fn placed(toolbox: &Toolbox, dir: &Path) -> Placed {
    let job = synthesis(dir, Family::Ecp5, None, &[]);
    let made = yosys::synth(toolbox, &job).unwrap();
    assert_eq!(made.cells.ebr, 12, "{:?}", made.cells);
    assert!(made.cells.lut4 > 40 && made.cells.carry > 5 && made.cells.ff > 40);
    let job = PnrJob {
        dir: dir.to_path_buf(),
        json: made.json,
        family: Family::Ecp5,
        device: "25k".into(),
        package: "CABGA381".into(),
        speed: Some(6),
        constraints: None,
        freq_mhz: 25.0,
        seed: 1,
    };
    let placed = nextpnr::place_route(toolbox, &job, &|_| {}).unwrap();
    placed.report.check_timing(f64::INFINITY).unwrap();
    assert_eq!(placed.report.block_rams(Family::Ecp5).used, 12);
    placed
}

#[test]
fn the_routed_netlist_does_what_the_verilog_does_with_block_rams_of_every_shape() {
    let needed = [
        Tool::Yosys,
        Tool::NextpnrEcp5,
        Tool::Ecppack,
        Tool::Ecpunpack,
        Tool::Verilator,
        Tool::Cxx,
    ];
    let Some(toolbox) = tools(&needed) else { return };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    contents(dir);
    let said = run(&toolbox, &here("shapes.v"), dir, &[]);
    assert!(said.starts_with("36 bits, "), "{said}");

    let placed = placed(&toolbox, dir);
    let json = std::fs::read(placed.netlist.unwrap()).unwrap();
    let netlist = Netlist::parse(Family::Ecp5, &json).unwrap();
    let verilog = netlist.to_verilog(TOP).unwrap();
    assert_eq!(netlist_says(&toolbox, &verilog, &dir.join("sound")), said);
    let mut shapes: Vec<_> = netlist.block_rams().unwrap();
    shapes.retain(|ram| ram.name.starts_with("u_r"));
    shapes.sort_by_key(|ram| ram.width);
    let found: Vec<_> =
        shapes.iter().map(|ram| (ram.width, &ram.name[..ram.name.find('.').unwrap()])).collect();
    let names = ["u_r1", "u_r2", "u_r4", "u_r9", "u_r18", "u_r36"];
    assert_eq!(found, SHAPES.iter().map(|s| s.0).zip(names).collect::<Vec<_>>());

    // A model that is wrong about one shape is noticed; about every one, at night.
    for (at, (from, to)) in [
        ("{2'b00, a[2:0]}", "{2'b00, a[2:1], 1'b0}"),
        ("{{18{SIGNEDA & A[17]}}, A}", "{18'd0, A}"),
        ("{{18{SIGNEDB & B[17]}}, B}", "{18'd0, B}"),
        ("(a[2] ? 5'd4 : 5'd0)", "(a[2] ? 5'd5 : 5'd0)"),
        ("{{9{a[1]}}, {9{a[0]}}}", "18'h1ffff"),
        ("high_b <= mem[{ADB[13:5], 1'b1}]", "high_b <= mem[{ADB[13:5], 1'b0}]"),
        ("if (ADA[2]) mem", "if (!ADA[2]) mem"),
        ("if (CEB) begin\n        out_b  <=", "begin\n        out_b  <="),
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

    // The bitstream has the same contents, and packs again to the same bytes.
    let (bit, again, config) = (dir.join("a.bit"), dir.join("b.bit"), dir.join("back.config"));
    pack::pack(&toolbox, Family::Ecp5, &placed.config, &bit).unwrap();
    pack::unpack(&toolbox, Family::Ecp5, &bit, &config).unwrap();
    pack::pack(&toolbox, Family::Ecp5, &config, &again).unwrap();
    assert!(std::fs::read(&bit).unwrap() == std::fs::read(&again).unwrap());
    let found = ecp5::block_rams(&std::fs::read_to_string(&config).unwrap()).unwrap();
    assert_eq!(found.len(), 12);
    for ram in netlist.block_rams().unwrap() {
        assert!(found[&ram.id] == ram.contents, "{}", ram.name);
    }
}

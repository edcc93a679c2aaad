// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The way to an ECP5 bitstream and back, on a design with a block RAM of every shape: the
//! model of the block RAM is compared with the Verilog that it stands for.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "common/tools.rs"]
mod common;
#[path = "common/rounds.rs"]
mod rounds;

use std::path::{Path, PathBuf};

use common::tools;
use rounds::rounds;
use synfire::flow::ecp5::{self, Netlist};
use synfire::flow::nextpnr::{self, Placed, PnrJob};
use synfire::flow::verilator::{self, LintJob, VerilatorJob};
use synfire::flow::yosys::{self, SynthJob};
use synfire::flow::{Tool, Toolbox, pack};
use synfire::target::Family;

/// The design's top module.
const TOP: &str = "shapes";

/// Shapes of a block RAM: bits of a word, address bits.
const SHAPES: [(u32, u32); 6] = [(1, 14), (2, 13), (4, 12), (9, 11), (18, 10), (36, 9)];

fn here(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flow").join(file)
}

/// Writes the contents of the read-only memories.
fn contents(dir: &Path) {
    let mut state = 1u64;
    for (width, address_bits) in SHAPES {
        let mut word = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state >> (64 - width)
        };
        let text: String = (0..1 << address_bits).map(|_| format!("{:x}\n", word())).collect();
        std::fs::write(dir.join(format!("rom{width}.hex")), text).unwrap();
    }
}

fn placed(toolbox: &Toolbox, dir: &Path) -> Placed {
    let job = SynthJob {
        dir: dir.to_path_buf(),
        sources: vec![here("shapes.v")],
        includes: Vec::new(),
        defines: Vec::new(),
        top: TOP.into(),
        family: Family::Ecp5,
        device: None,
        spram: false,
        reads: None,
    };
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

/// What the design says when it runs in `dir`.
fn run(toolbox: &Toolbox, source: &Path, dir: &Path, netlist: bool) -> String {
    let design = LintJob {
        dir: dir.join("model"),
        sources: vec![source.to_path_buf()],
        top: TOP.into(),
        ..LintJob::default()
    };
    let testbench = vec![here("shapes.cpp")];
    let job = VerilatorJob { design, testbench, netlist, ..VerilatorJob::default() };
    let exe = verilator::build(toolbox, &job).unwrap();
    let out = std::process::Command::new(exe).current_dir(dir).output().unwrap();
    String::from_utf8(out.stdout).unwrap()
}

fn netlist_says(toolbox: &Toolbox, verilog: &str, dir: &Path) -> String {
    std::fs::create_dir(dir).unwrap();
    let file = dir.join("routed.v");
    std::fs::write(&file, verilog).unwrap();
    run(toolbox, &file, dir, true)
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
    let said = run(&toolbox, &here("shapes.v"), dir, true);
    assert!(said.starts_with("36 bits, "), "{said}");

    let placed = placed(&toolbox, dir);
    let netlist = Netlist::parse(&std::fs::read(placed.netlist.unwrap()).unwrap()).unwrap();
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

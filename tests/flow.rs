// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The external tools, end to end on a small design.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "common/tools.rs"]
mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use synfire::flow::formal::{self, Mode, ProofJob};
use synfire::flow::icestorm;
use synfire::flow::nextpnr::{self, PnrJob};
use synfire::flow::verilator::{self, Effort, LintJob, VerilatorJob};
use synfire::flow::yosys::{self, SynthJob};
use synfire::flow::{Tool, Toolbox, pack, report, spram};
use synfire::target::Family;

use common::tools;

/// The design's top module.
const TOP: &str = "ramsum";

fn here(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flow").join(file)
}

/// Writes the memory contents and returns their sum.
fn contents(dir: &Path) -> u16 {
    let words: Vec<u16> =
        (0..256u16).map(|i| i.wrapping_mul(40_503).rotate_left(5) ^ 0x5a5a).collect();
    let text: String = words.iter().map(|w| format!("{w:04x}\n")).collect();
    std::fs::write(dir.join("ramsum.hex"), text).unwrap();
    words.iter().fold(0, |a, w| a.wrapping_add(*w))
}

fn synth(toolbox: &Toolbox, dir: &Path) -> yosys::Synthesis {
    let job = SynthJob {
        dir: dir.to_path_buf(),
        sources: vec![here("ramsum.v")],
        includes: Vec::new(),
        defines: Vec::new(),
        top: TOP.into(),
        family: Family::Ice40,
        device: Some("u".into()),
        spram: false,
        reads: None,
    };
    yosys::synth(toolbox, &job).unwrap()
}

fn pnr_job(dir: &Path, json: PathBuf) -> PnrJob {
    let (device, package) = ("up5k".into(), "sg48".into());
    PnrJob {
        dir: dir.to_path_buf(),
        json,
        family: Family::Ice40,
        device,
        package,
        speed: None,
        constraints: Some(here("ramsum.pcf")),
        freq_mhz: 12.0,
        seed: 1,
    }
}

/// Builds a simulator of Verilog that a tool wrote and returns the sum it prints.
fn simulate_netlist(toolbox: &Toolbox, verilog: &Path, dir: &Path) -> String {
    let design = LintJob {
        dir: dir.to_path_buf(),
        sources: vec![verilog.to_path_buf(), yosys::ice40_cells(toolbox).unwrap()],
        defines: vec!["NO_ICE40_DEFAULT_ASSIGNMENTS".into()],
        top: TOP.into(),
        ..LintJob::default()
    };
    run(toolbox, &VerilatorJob { design, netlist: true, ..VerilatorJob::default() })
}

fn run(toolbox: &Toolbox, job: &VerilatorJob) -> String {
    let job = VerilatorJob { testbench: vec![here("ramsum.cpp")], ..job.clone() };
    let exe = verilator::build(toolbox, &job).unwrap();
    let out = std::process::Command::new(exe).current_dir(&job.design.dir).output().unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_string()
}

#[test]
fn report_names_every_tool_and_what_it_is_for() {
    let status = report(&Toolbox::discover());
    assert!(status.iter().all(|s| !s.get.is_empty() && !s.needed_to.is_empty()));
    for s in status.iter().filter(|s| s.path.is_some()) {
        eprintln!("{:14} {:?} {:?} {:?}", s.name, s.version, s.origin, s.path);
    }
}

#[test]
fn synthesis_counts_cells_and_reports_errors_with_the_log() {
    let Some(toolbox) = tools(&[Tool::Yosys]) else { return };
    let dir = tempfile::Builder::new().prefix("with space").tempdir().unwrap();
    contents(dir.path());
    let made = synth(&toolbox, dir.path());
    assert_eq!(made.cells.ebr, 1, "{:?}", made.cells);
    assert!(
        made.cells.lut4 > 10 && made.cells.ff > 20 && made.cells.carry > 10,
        "{:?}",
        made.cells
    );
    assert!(yosys::ice40_cells(&toolbox).unwrap().is_file());

    std::fs::write(dir.path().join("bad.v"), "module top; wrong").unwrap();
    let err =
        yosys::run_script(&toolbox, dir.path(), "bad", "read_verilog bad.v\n", &[]).unwrap_err();
    assert_eq!(err.code.id, "SF0502");
    assert!(err.message.contains("syntax error"), "{}", err.message);
}

#[test]
fn placement_is_the_same_for_the_same_seed() {
    let Some(toolbox) = tools(&[Tool::Yosys, Tool::NextpnrIce40]) else { return };
    let run = |below: &str| {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join(below);
        std::fs::create_dir_all(&dir).unwrap();
        contents(&dir);
        let json = synth(&toolbox, &dir).json;
        let placed = nextpnr::place_route(&toolbox, &pnr_job(&dir, json), &|_| {}).unwrap();
        (std::fs::read(placed.config).unwrap(), placed.report)
    };
    let (a, b) = (run("one"), run("two/levels"));
    assert_eq!(a.1, b.1);
    assert!(a.0 == b.0, "two runs in different directories differ");
    assert!(a.1.logic_cells(Family::Ice40).used > 10 && a.1.block_rams(Family::Ice40).used == 1);
    assert!(a.1.fmax_mhz().unwrap() > 12.0);
    a.1.check_timing(f64::INFINITY).unwrap();
}

#[test]
fn design_netlist_and_bitstream_agree_and_a_flipped_bit_does_not() {
    use Tool::{Cxx, IceboxVlog, Icepack, Iceunpack, NextpnrIce40, Verilator, Yosys};
    let needed = [Yosys, NextpnrIce40, Icepack, Iceunpack, IceboxVlog, Verilator, Cxx];
    let Some(toolbox) = tools(&needed) else { return };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let sum = contents(dir).to_string();

    let rtl = dir.join("rtl");
    std::fs::create_dir(&rtl).unwrap();
    contents(&rtl);
    let design = LintJob {
        dir: rtl,
        sources: vec![here("ramsum.v")],
        top: TOP.into(),
        ..LintJob::default()
    };
    verilator::lint_only(&toolbox, &design).unwrap();
    assert_eq!(run(&toolbox, &VerilatorJob { design, ..VerilatorJob::default() }), sum);

    let made = synth(&toolbox, dir);
    assert_eq!(simulate_netlist(&toolbox, &made.verilog, &dir.join("net")), sum);

    let placed = nextpnr::place_route(&toolbox, &pnr_job(dir, made.json), &|_| {}).unwrap();
    let bin = dir.join("top.bin");
    pack::pack(&toolbox, Family::Ice40, &placed.config, &bin).unwrap();
    let back =
        icestorm::read_back(&toolbox, &bin, &here("ramsum.pcf"), TOP, &dir.join("back")).unwrap();
    assert_eq!(simulate_netlist(&toolbox, &back.verilog, &dir.join("bit")), sum);

    let flipped = icestorm::flip_ram_bit(&std::fs::read_to_string(back.asc).unwrap(), 77).unwrap();
    let (asc, bin) = (dir.join("flipped.asc"), dir.join("flipped.bin"));
    std::fs::write(&asc, flipped.text).unwrap();
    pack::pack(&toolbox, Family::Ice40, &asc, &bin).unwrap();
    let back =
        icestorm::read_back(&toolbox, &bin, &here("ramsum.pcf"), TOP, &dir.join("back2")).unwrap();
    assert_ne!(simulate_netlist(&toolbox, &back.verilog, &dir.join("bit2")), sum);
}

/// IceStorm's description of the chip.
fn chip_database(toolbox: &Toolbox) -> Option<String> {
    let program = &toolbox.require(Tool::IceboxVlog).unwrap().program;
    let root = program.parent().and_then(Path::parent).unwrap();
    let path = root.join("share/fpga-icestorm/chipdb/chipdb-5k.txt");
    let text = std::fs::read_to_string(&path).ok();
    let required = std::env::var_os("SYNFIRE_REQUIRE_TOOLS").is_some();
    assert!(text.is_some() || !required, "missing: {}", path.display());
    text
}

#[test]
fn the_pins_of_the_sprams_are_those_of_the_chip_database() {
    let Some(toolbox) = tools(&[Tool::IceboxVlog]) else { return };
    let Some(text) = chip_database(&toolbox) else { return };
    let mut found = Vec::new();
    for section in text.split("\n.").filter(|s| s.starts_with("extra_cell ")) {
        let (head, pins) = section.split_once('\n').unwrap();
        let [_, column, _, _, "SPRAM"] = head.split(' ').collect::<Vec<_>>()[..] else { continue };
        let pins: BTreeSet<&str> = pins.lines().filter(|l| !l.is_empty()).collect();
        found.push((column.parse::<u32>().unwrap(), pins));
    }
    let rams = [(0, 0), (0, 1), (25, 0), (25, 1)];
    assert_eq!(found.len(), rams.len());
    for (ram, (column, expected)) in rams.into_iter().zip(found) {
        assert_eq!(ram.0, column);
        let line = |(port, bit, row, name): (&str, usize, u32, String)| {
            let bus = ["ADDRESS", "DATAIN", "DATAOUT", "MASKWREN"].contains(&port);
            let port = if bus { format!("{port}_{bit}") } else { port.to_owned() };
            format!("{port} {column} {row} {name}")
        };
        let switch = format!("SPRAM_EN {column} 1 CBIT_{}", ram.1);
        let ours: BTreeSet<String> = spram::pins(ram).map(line).chain([switch]).collect();
        assert_eq!(ours.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    }
    // The switches: the place of the two bits in their tile.
    let (_, bits) = text.split_once("\n.ipcon_tile_bits ").unwrap();
    let bit = |name: &str| bits.lines().find_map(|l| l.strip_prefix(name));
    assert_eq!((bit("IpConfig.CBIT_0 "), bit("IpConfig.CBIT_1 ")), (Some("B1[7]"), Some("B0[7]")));
}

#[test]
fn lint_shows_the_warning() {
    let Some(toolbox) = tools(&[Tool::Verilator]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("top.v");
    std::fs::write(
        &file,
        "module top(input wire [3:0] a_i, output wire [1:0] b_o);\nassign b_o = a_i;\nendmodule\n",
    )
    .unwrap();
    let job = LintJob {
        dir: dir.path().to_path_buf(),
        sources: vec![file],
        top: "top".into(),
        ..LintJob::default()
    };
    let err = verilator::lint_only(&toolbox, &job).unwrap_err();
    assert_eq!(err.code.id, "SF0502");
    assert!(err.message.contains("WIDTHTRUNC"), "{}", err.message);
}

#[test]
fn a_test_bench_that_does_not_compile_is_told_apart() {
    let Some(toolbox) = tools(&[Tool::Verilator, Tool::Cxx]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let (file, bench) = (dir.path().join("top.v"), dir.path().join("tb.cpp"));
    std::fs::write(
        &file,
        "module top(input wire a_i, output wire b_o);\nassign b_o = a_i;\nendmodule\n",
    )
    .unwrap();
    std::fs::write(&bench, "int main() { return wrong; }\n").unwrap();
    let design = LintJob {
        dir: dir.path().to_path_buf(),
        sources: vec![file],
        top: "top".into(),
        ..LintJob::default()
    };
    let job = VerilatorJob { design, testbench: vec![bench], ..VerilatorJob::default() };
    let err = verilator::build(&toolbox, &job).unwrap_err();
    assert_eq!(err.code.id, "SF0506");
    assert!(err.message.contains("wrong"), "{}", err.message);
    // What cannot be written is no fault of the test bench.
    std::fs::remove_file(dir.path().join("model.cpp")).unwrap();
    std::fs::create_dir(dir.path().join("model.cpp")).unwrap();
    assert_eq!(verilator::build(&toolbox, &job).unwrap_err().code.id, "SF0002");
}

/// One that was built before of the same bytes is taken, wherever it is wanted; whatever else is
/// read or told, another one is built.
#[test]
fn a_simulator_is_that_of_its_files() {
    let Some(toolbox) = tools(&[Tool::Verilator, Tool::Cxx]) else { return };
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    // Told apart from all earlier runs.
    let nobody = format!("// {:?}\n", root.path());
    let top = "`include \"word.vh\"\nmodule top #(parameter A = 1)(output wire [7:0] y_o);\n\
               reg [7:0] m[0:0];\ninitial $readmemh(\"m.hex\", m);\ninner u(.x_i(m[0] + A + `WORD), .y_o(y_o));\n\
               endmodule\n";
    let inner = "module inner(input wire [7:0] x_i, output wire [7:0] y_o);\nassign y_o = x_i;\nendmodule\n";
    let bench = "#include <cstdio>\n#include \"Vtop.h\"\nint main() {\n  VerilatedContext c;\n  \
                 Vtop t(&c);\n  t.eval();\n  std::printf(\"%d\", t.y_o);\n}\n";
    std::fs::create_dir(at("lib")).unwrap();
    let put = |name: &str, text: String| std::fs::write(at(name), text).unwrap();
    put("top.v", nobody + top);
    put("lib/inner.v", inner.into());
    put("lib/word.vh", "`define WORD 2\n".into());
    put("tb.cpp", bench.into());
    put("lib/m.hex", "0a".into());
    let build = |work: &str, parameters: &[&str], effort: Effort, random_start: bool| {
        let design = LintJob {
            dir: at(work),
            sources: vec![at("top.v")],
            includes: vec![at("lib")],
            parameters: parameters.iter().map(ToString::to_string).collect(),
            top: "top".into(),
            ..LintJob::default()
        };
        let netlist = true;
        let testbench = vec![at("tb.cpp")];
        let job = VerilatorJob { design, testbench, netlist, effort, random_start };
        let program = verilator::build(&toolbox, &job).unwrap();
        let log = std::fs::read(at(work).join("link.log")).is_ok();
        let out = std::process::Command::new(program).current_dir(at("lib")).output().unwrap();
        (String::from_utf8(out.stdout).unwrap(), log)
    };
    let said = |value: &str, is_new: bool| (value.to_owned(), is_new);
    assert_eq!(build("a", &[], Effort::Some, false), said("13", true));
    assert_eq!(build("b", &[], Effort::Some, false), said("13", false));
    // Contents of memories are read when it runs.
    put("lib/m.hex", "0b".into());
    // What a run leaves beside them is none of the files.
    put("lib/run.log", "14".into());
    assert_eq!(build("c", &[], Effort::Some, false), said("14", false));
    assert_eq!(build("d", &["A=3"], Effort::Some, false), said("16", true));
    assert_eq!(build("e", &[], Effort::Much, false), said("14", true));
    assert_eq!(build("f", &[], Effort::Some, true), said("14", true));
    put("lib/word.vh", "`define WORD 4\n".into());
    assert_eq!(build("g", &[], Effort::Some, false), said("16", true));
    put("lib/inner.v", inner.replace("= x_i", "= x_i + 1"));
    assert_eq!(build("h", &[], Effort::Some, false), said("17", true));
    put("tb.cpp", bench.replace("%d", "is %d"));
    assert_eq!(build("i", &[], Effort::Some, false), said("is 17", true));
    // In the place of another one, and of one that somebody changed.
    assert_eq!(build("a", &[], Effort::Some, false), said("is 17", true));
    std::fs::write(at("i/sim"), "nothing").unwrap();
    assert_eq!(build("j", &[], Effort::Some, false), said("is 17", true));
}

#[test]
fn a_true_property_is_proved_and_a_false_one_is_named() {
    let Some(toolbox) = tools(&[Tool::Yosys, Tool::Smtbmc, Tool::Yices]) else { return };
    let prove = |limit: i64, wrong: i64| {
        let dir = tempfile::tempdir().unwrap();
        let parameters = vec![("LIMIT".to_string(), limit), ("WRONG".to_string(), wrong)];
        let job = ProofJob {
            dir: dir.path().to_path_buf(),
            source: here("wrap.v"),
            inner: Vec::new(),
            parameters,
            top: "wrap".into(),
            depth: 12,
            mode: Mode::Induction,
            clocks: false,
        };
        formal::prove(&toolbox, &job)
    };
    prove(10, 0).unwrap();
    prove(200, 0).unwrap();
    let err = prove(8, 1).unwrap_err();
    assert_eq!(err.code.id, "SF0508", "{err}");
    assert!(err.message.contains("fails (base"), "{}", err.message);
    // The wrong count is out of reach in so few steps, so only the induction can object.
    let err = prove(200, 1).unwrap_err();
    assert!(err.message.contains("is not inductive"), "{}", err.message);
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A core beside processors: the overlay's script with stand-ins for Vivado's commands, the
//! notebook's cells with a stand-in for the board.

use std::process::Command;

use serde_json::Value;
use synfire::flow::Tool;

use crate::run::Place;
use crate::tools::tools;

/// In the place of PYNQ's package: the DMA answers as the simulator says, or with one bit changed.
const BOARD: &str = r#"
import json, os

with open('vectors.json') as file:
    vectors = json.load(file)
answers = {bytes.fromhex(v['input']): bytes.fromhex(v['result']) for v in vectors['inferences']}

class Buffer(bytearray):
    def __setitem__(self, key, value):
        assert key == slice(None) and len(value) == len(self)
        super().__setitem__(key, bytes(value))

def allocate(shape, dtype):
    assert dtype == 'u1'
    return Buffer(shape[0])

class Channel:
    def __init__(self, dma):
        self.dma, self.started, self.buffer = dma, False, None
    def transfer(self, buffer):
        assert not self.started
        self.started, self.buffer = True, buffer
        self.dma.transferred(self)
    def wait(self):
        assert self.started
        self.started = False

class Dma:
    def __init__(self):
        self.sendchannel, self.recvchannel = Channel(self), Channel(self)
    def transferred(self, channel):
        if channel is self.sendchannel:
            # The result would be lost.
            assert self.recvchannel.started
            answer = bytearray(answers.get(bytes(channel.buffer), bytes(len(self.recvchannel.buffer))))
            if os.environ.get('DAMAGED'):
                answer[-1] ^= 1
            self.recvchannel.buffer[:] = bytes(answer)

class Overlay:
    def __init__(self, name):
        assert name == 'synfire.bit'
        self.dma = Dma()
"#;

/// Runs the cells one after the other; with images, the first of the vectors and its class are them.
const RUNNER: &str = r#"
import gzip, json, sys
with open('synfire.ipynb') as file:
    book = json.load(file)
if len(sys.argv) > 1:
    with open('vectors.json') as file:
        first = json.load(file)['inferences'][0]
    image, label = bytes.fromhex(first['input']), bytes.fromhex(first['result'])[-1]
    with open('images.gz', 'wb') as file:
        file.write(gzip.compress(bytes(16) + image + image))
    with open('labels.gz', 'wb') as file:
        file.write(bytes(8) + bytes([label, label ^ 1]))
space = {}
for cell in book['cells']:
    if cell['cell_type'] == 'code':
        exec(''.join(cell['source']), space)
"#;

fn read(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.path(name)).unwrap()
}

#[test]
fn the_target_gives_a_core_and_says_so() {
    let place = Place::without_tools();
    let said = place.good("compile {small} --target pynq-z2 -o b");
    let command =
        "with Vivado: cd b/pynq && vivado -mode batch -nojournal -nolog -source overlay.tcl";
    assert!(said.contains(command), "{said}");
    assert!(said.contains("nobody has run the scripts for Vivado yet"), "{said}");
    let files = ["rtl/synfire_axis.v", "synfire.core", "pynq/overlay.tcl", "pynq/synfire.ipynb"];
    assert!(files.iter().all(|f| place.path("b").join(f).is_file()));
    assert_eq!(read(&place, "b/pynq/vectors.json"), read(&place, "b/tb/vectors.json"));
    assert!(read(&place, "b/pynq/overlay.tcl").contains("NOT RUN WITH VIVADO"));
    // The same as if it had been asked for a core.
    place.good("compile {small} --target pynq-z2 -o c --as-core");
    assert_eq!(read(&place, "b/SHA256SUMS"), read(&place, "c/SHA256SUMS"));
    let alone = place.good("compile {small} --target xc7a35t -o d --as-core");
    assert!(!place.path("d/pynq").exists() && !alone.contains("Vivado"), "{alone}");
    place.good("verify b --count 4");
    for option in ["--bitstream", "--netlist", "--standalone", "--clock 75", "--baud 9600"] {
        let line = format!("compile {{small}} --target pynq-z2 -o e {option}");
        place.refused(&line, 1, "SF0003", "gets a core beside its processors");
        place.refused(&line, 1, "SF0003", "pynq/overlay.tcl");
    }
}

/// The format's rules that every reader holds a notebook to (nbformat 4.5).
#[test]
fn the_notebook_is_one() {
    let place = Place::without_tools();
    place.good("compile {small} --target pynq-z2 -o b");
    let book: Value = serde_json::from_str(&read(&place, "b/pynq/synfire.ipynb")).unwrap();
    assert_eq!((book["nbformat"].as_u64(), book["nbformat_minor"].as_u64()), (Some(4), Some(5)));
    assert!(book["metadata"]["kernelspec"]["name"] == "python3");
    let cells = book["cells"].as_array().unwrap();
    let mut ids: Vec<_> = cells.iter().map(|c| c["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), cells.len()), (7, 7));
    for cell in cells {
        let lines = cell["source"].as_array().unwrap();
        let (last, rest) = lines.split_last().unwrap();
        assert!(rest.iter().all(|l| l.as_str().unwrap().ends_with('\n')), "{cell}");
        assert!(!last.as_str().unwrap().ends_with('\n') && cell["metadata"].is_object());
        if cell["cell_type"] == "code" {
            assert!(cell["outputs"].as_array().unwrap().is_empty());
            assert!(cell["execution_count"].is_null());
        }
    }
    assert!(cells[0]["source"].to_string().contains("Nobody has run this"));
}

#[test]
fn the_cells_talk_to_a_board() {
    let python = ["python3", "-c", "pass"];
    if Command::new(python[0]).args(&python[1..]).output().is_err() {
        eprintln!("not run, missing: python3");
        return;
    }
    let place = Place::without_tools();
    place.good("compile {small} --target pynq-z2 -o b");
    place.file("b/pynq/pynq.py", BOARD);
    place.file("b/pynq/run.py", RUNNER);
    let run = |args: &[&str], damaged: &str| {
        let out = Command::new("python3")
            .arg("run.py")
            .args(args)
            .current_dir(place.path("b/pynq"))
            .env("DAMAGED", damaged)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    assert_eq!(run(&[], ""), "8 inferences, 0 differences\n");
    let said = run(&[], "1");
    assert!(said.ends_with("8 inferences, 8 differences\n"), "{said}");
    // What is shown of an inference is what the simulator says, number by number.
    let vectors: Value = serde_json::from_str(&read(&place, "b/pynq/vectors.json")).unwrap();
    let digits = vectors["inferences"][0]["result"].as_str().unwrap();
    let bytes: Vec<u8> = (0..digits.len() / 2)
        .map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    let logits: Vec<_> = bytes
        .chunks_exact(4)
        .map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]).to_string())
        .collect();
    let (class, logits) = (bytes[bytes.len() - 1], logits.join(", "));
    let line = format!("inference 0: (({logits}), {}) instead of (({logits}), {class})", class ^ 1);
    assert!(said.starts_with(&line), "{line}\n{said}");
    let said = run(&["images"], "");
    assert!(said.contains("\n1 of 2 right, "), "{said}");
}

/// Commands of Vivado that note what they are called with.
const STAND_IN: &str = r#"
set calls [open $env(CALLS) w]
proc note {args} { puts $::calls $args }
foreach name {create_project set_property update_compile_order create_bd_design create_bd_cell
    apply_bd_automation connect_bd_intf_net connect_bd_net assign_bd_address validate_bd_design
    save_bd_design generate_target launch_runs wait_on_run} {
  proc $name {args} "note $name {*}\$args"
}
proc add_files {option file} { note add_files; if {[file extension $file] ne ".top"} { close [open $file] } }
foreach name {get_files get_bd_cells get_bd_pins get_bd_intf_pins get_runs} {
  proc $name {args} "return \[lindex \$args end\]"
}
proc current_fileset {} { return sources_1 }
proc make_wrapper {args} { return wrapper.top }
proc get_property {what run} {
  return [dict get {PROGRESS 100% STATS.WNS SLACK STATS.WHS 0.1} $what]
}
proc wait_on_run {run} {
  global work
  foreach name {overlay.runs/impl_1/overlay_wrapper.bit overlay.gen/sources_1/bd/overlay/hw_handoff/overlay.hwh} {
    file mkdir [file dirname [file join $work $name]]
    close [open [file join $work $name] w]
  }
}
source overlay.tcl
"#;

#[test]
fn the_overlays_script_runs_in_a_stand_in() {
    if tools(&[Tool::Tclsh]).is_none() {
        return;
    }
    let place = Place::new();
    place.good("compile {small} --target pynq-z2 -o b");
    let run = |slack: &str| {
        place.file("b/pynq/stand_in.tcl", STAND_IN.replace("SLACK", slack));
        let out = Command::new("tclsh")
            .arg("stand_in.tcl")
            .env("CALLS", "calls")
            .current_dir(place.path("b/pynq"))
            .output()
            .unwrap();
        (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    assert_eq!(run("2.5"), (true, String::new()));
    let calls = read(&place, "b/pynq/calls");
    let has = |words: &str| assert!(calls.contains(words), "{words}\n{calls}");
    has("-part xc7z020clg400-1");
    has("CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ 50");
    has("connect_bd_intf_net dma/M_AXIS_MM2S synfire/s_axis");
    has("connect_bd_intf_net synfire/m_axis dma/S_AXIS_S2MM");
    for clock in ["processors/FCLK_CLK0 synfire/aclk", "synfire/aresetn"] {
        has(clock);
    }
    // Every port of the core is connected: streams, clock and reset; `error_o` may stay open.
    let core = read(&place, "b/rtl/synfire_axis.v");
    let head = core.split("\nmodule ").nth(1).unwrap().split(");").next().unwrap();
    let ports = head.lines().filter(|l| l.trim_start().starts_with("input"));
    let ports: Vec<_> = ports.filter_map(|l| l.trim_end_matches(',').rsplit(' ').next()).collect();
    assert!(ports.iter().all(|p| ["aclk", "aresetn"].contains(p)
        || p.starts_with("s_axis_t")
        || p.starts_with("m_axis_t")));
    for made in ["synfire.bit", "synfire.hwh"] {
        assert!(place.path("b/pynq").join(made).is_file());
    }
    let (good, said) = run("-0.5");
    assert!(!good && said.contains("timing is not met"), "{said}");
    assert!(!place.path("b/pynq/synfire.bit").exists());
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A design with a block RAM of every shape (tests/flow/shapes.v), as Verilog and as the netlist
//! that became of it.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use synfire::flow::Toolbox;
use synfire::flow::verilator::{self, LintJob, VerilatorJob};
use synfire::flow::yosys::SynthJob;
use synfire::target::Family;

/// The design's top module.
pub(crate) const TOP: &str = "shapes";

/// Shapes of a block RAM: bits of a word, address bits.
pub(crate) const SHAPES: [(u32, u32); 6] = [(1, 14), (2, 13), (4, 12), (9, 11), (18, 10), (36, 9)];

pub(crate) fn here(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flow").join(file)
}

/// Writes the contents of the read-only memories.
pub(crate) fn contents(dir: &Path) {
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

/// Its synthesis in `dir`, with these macros.
pub(crate) fn synthesis(
    dir: &Path,
    family: Family,
    device: Option<&str>,
    defines: &[&str],
) -> SynthJob {
    SynthJob {
        dir: dir.to_path_buf(),
        sources: vec![here("shapes.v")],
        includes: Vec::new(),
        defines: defines.iter().map(|d| (*d).to_owned()).collect(),
        top: TOP.into(),
        family,
        device: device.map(str::to_owned),
        spram: false,
        reads: None,
    }
}

/// What the design says when it runs in `dir`.
pub(crate) fn run(toolbox: &Toolbox, source: &Path, dir: &Path, defines: &[&str]) -> String {
    let design = LintJob {
        dir: dir.join("model"),
        sources: vec![source.to_path_buf()],
        defines: defines.iter().map(|d| (*d).to_owned()).collect(),
        top: TOP.into(),
        ..LintJob::default()
    };
    let testbench = vec![here("shapes.cpp")];
    let job = VerilatorJob { design, testbench, netlist: true, ..VerilatorJob::default() };
    let exe = verilator::build(toolbox, &job).unwrap();
    let out = std::process::Command::new(exe).current_dir(dir).output().unwrap();
    String::from_utf8(out.stdout).unwrap()
}

/// What a netlist says, run in a new `dir`.
pub(crate) fn netlist_says(toolbox: &Toolbox, verilog: &str, dir: &Path) -> String {
    std::fs::create_dir(dir).unwrap();
    let file = dir.join("routed.v");
    std::fs::write(&file, verilog).unwrap();
    run(toolbox, &file, dir, &[])
}

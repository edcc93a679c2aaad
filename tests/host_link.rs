// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The host link against tests/rtl/link/link_bench.cpp, a host that reads docs/host-link.md
//! for itself, on a line that loses, damages and adds bytes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "common/tools.rs"]
mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use synfire::flow::verilator::{Effort, LintJob, VerilatorJob, build};
use synfire::flow::{Tool, Toolbox};
use tempfile::TempDir;

use common::tools;

/// Cycles a bit, bytes of an inference, and of the weights to load: the least of all, the numbers
/// of the examples in docs/host-link.md, frames of several COBS blocks.
const PARAMETERS: [(u32, u32, u32); 6] =
    [(4, 1, 0), (8, 4, 0), (8, 4, 3), (4, 8, 1), (8, 300, 0), (8, 300, 600)];

/// Batches of requests: enough for every status to be seen, which the bench checks.
const BATCHES: u32 = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The bench, built.
struct Bench {
    _dir: TempDir,
    program: PathBuf,
}

impl Bench {
    /// From the files that the bench lists, one of them changed if that is asked for.
    fn build(
        toolbox: &Toolbox,
        (div, n_in, n_load): (u32, u32, u32),
        fault: Option<&Fault>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let list = std::fs::read_to_string(root().join("tests/rtl/link/sources.f")).unwrap();
        let files = list.lines().map(|line| root().join(line));
        let (testbench, mut sources): (Vec<PathBuf>, Vec<PathBuf>) =
            files.partition(|f| f.extension().is_some_and(|e| e == "cpp"));
        if let Some(fault) = fault {
            let changed = |source: &mut PathBuf| {
                let text = std::fs::read_to_string(&*source).unwrap();
                assert_eq!(text.matches(fault.find).count(), 1, "{}", fault.find);
                *source = dir.path().join(fault.file);
                std::fs::write(source, text.replace(fault.find, fault.replace)).unwrap();
            };
            sources.iter_mut().filter(|s| s.ends_with(fault.file)).for_each(changed);
            assert!(sources.iter().any(|s| s.starts_with(dir.path())), "{}", fault.file);
        }
        let design = LintJob {
            dir: dir.path().join("model"),
            sources,
            parameters: vec![
                format!("DIV={div}"),
                format!("N_IN={n_in}"),
                format!("N_LOAD={n_load}"),
            ],
            top: "link_bench".into(),
            ..LintJob::default()
        };
        let job =
            VerilatorJob { design, testbench, effort: Effort::Much, ..VerilatorJob::default() };
        let program = build(toolbox, &job).unwrap_or_else(|d| panic!("{d}"));
        Self { _dir: dir, program }
    }

    /// What it said, if all answers were right; else the first fault.
    fn run(&self, seed: u32, batches: u32) -> Result<String, String> {
        let args = [seed.to_string(), batches.to_string()];
        let out = Command::new(&self.program).args(args).output().unwrap();
        let said = String::from_utf8(out.stdout).unwrap();
        if out.status.success() { Ok(said) } else { Err(said) }
    }
}

#[test]
fn every_answer_fits_the_protocol() {
    let Some(toolbox) = tools(&[Tool::Verilator, Tool::Cxx]) else { return };
    let mut examples = String::new();
    for parameters in PARAMETERS {
        let said = Bench::build(&toolbox, parameters, None).run(1, BATCHES);
        let said = said.unwrap_or_else(|fault| panic!("{parameters:?}: {fault}"));
        let counts = said.lines().last().unwrap();
        let (div, n_in, n_load) = parameters;
        assert!(counts.starts_with(&format!("DIV {div} N_IN {n_in} N_LOAD {n_load} ")), "{said}");
        eprintln!("{counts}");
        examples += &said;
    }
    check_examples(&examples);
}

#[test]
#[ignore = "minutes; part of the nightly run"]
fn every_answer_fits_the_protocol_in_many_batches() {
    let Some(toolbox) = tools(&[Tool::Verilator, Tool::Cxx]) else { return };
    for parameters in PARAMETERS {
        let bench = Bench::build(&toolbox, parameters, None);
        for seed in 2..5 {
            let said = bench.run(seed, 20 * BATCHES);
            eprintln!("{}", said.unwrap_or_else(|fault| panic!("{parameters:?}: {fault}")));
        }
    }
}

/// The bytes of a line, without what stands between them.
fn bytes(line: &str, start: &str) -> Option<String> {
    let digits = line.trim_start().strip_prefix(start)?.split_whitespace();
    Some(digits.collect::<Vec<_>>().concat().to_uppercase())
}

/// What goes over the line is printed in docs/host-link.md.
fn check_examples(said: &str) {
    let page = std::fs::read_to_string(root().join("docs/host-link.md")).unwrap();
    let of = |text: &str, start: &str| -> Vec<String> {
        text.lines().filter_map(|l| bytes(l, start)).collect()
    };
    let (sent, received) = (of(said, "sent "), of(said, "received "));
    assert_eq!((sent.len(), received.len()), (6, 6), "{said}");
    let (host, link) = (of(&page, "host "), of(&page, "link "));
    assert_eq!((host, link), (sent, received));
}

/// A change to a module that the bench has to notice.
struct Fault {
    file: &'static str,
    find: &'static str,
    replace: &'static str,
}

const FAULTS: [Fault; 6] = [
    // A damaged inference runs.
    Fault {
        file: "sf_host_link.v",
        find: "pos_q != PosDone       ? BadLength :\n                       rx_crc != 16'd0        ? BadCrc :",
        replace: "pos_q != PosDone       ? BadLength :",
    },
    // A second inference disturbs the first.
    Fault {
        file: "sf_host_link.v",
        find: "open_q <= is_infer && !run_q && loaded;",
        replace: "open_q <= is_infer && loaded;",
    },
    // An inference runs before the weights are there.
    Fault { file: "sf_host_link.v", find: "is_infer && !loaded;", replace: "1'b0;" },
    // A load overwrites the weights of a running inference.
    Fault {
        file: "sf_host_link.v",
        find: "assign load_start_o  = opening && is_load && !run_q;",
        replace: "assign load_start_o  = opening && is_load;",
    },
    // Damaged weights count as loaded.
    Fault {
        file: "sf_host_link.v",
        find: "else if (dec_end && fill_q && verdict == Ok) intact_q",
        replace: "else if (dec_end && fill_q) intact_q",
    },
    // Another polynomial.
    Fault { file: "sf_crc16.v", find: "{3'b0, x, 5'b0}", replace: "{4'b0, x, 4'b0}" },
];

#[test]
fn faults_are_noticed() {
    let Some(toolbox) = tools(&[Tool::Verilator, Tool::Cxx]) else { return };
    for fault in &FAULTS {
        let bench = Bench::build(&toolbox, (8, 4, 3), Some(fault));
        let said = bench.run(1, BATCHES).expect_err(fault.find);
        assert!(said.contains("seed 1 batch "), "{said}");
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `compile --as-core`: what does not go with it, and the files of the core with what its test
//! bench expects.

use std::fmt::Write as _;

use serde::Serialize;

use super::Args;
use super::job::Job;
use crate::cli::build::json_text;
use crate::cli::inputs::DataArgs;
use crate::diag::{Diagnostic, Result, codes};
use crate::emit::{self, File, Sheet, VECTORS};
use crate::hw::Design;
use crate::ir::Graph;
use crate::target::Target;
use crate::verify::{Executor as _, SimExecutor, result_bytes, result_length};

/// Inferences of the test bench.
const INFERENCES: usize = 8;

/// What `tb/vectors.json` says.
#[derive(Serialize)]
struct Vectors {
    /// Bytes of an inference, of its result and of the spike trains that may follow.
    input_bytes: u32,
    result_bytes: usize,
    trace_bytes: usize,
    /// Bytes of weights to load; 0: none.
    load_bytes: u32,
    inferences: Vec<Vector>,
}

/// One inference, its bytes as hexadecimal digits.
#[derive(Serialize)]
struct Vector {
    input: String,
    result: String,
    trains: String,
    /// From the last byte of the input to the last of the result, at the core.
    cycles: u64,
}

/// Options that need a board do not go with a core for somebody else's design.
pub(super) fn refuse(args: &Args, target: &Target) -> Result<()> {
    let pins = "a core has no pins to place and route";
    let bitstream = args.bitstream.then_some(("--bitstream", pins));
    let board = bitstream.or(args.netlist.then_some(("--netlist", pins)));
    let line = args.clock.first().map(|option| (option, "a core has neither clock nor host line"));
    let flash = args.standalone.then_some(("--standalone", "a core has no flash"));
    match board.or(line).or(flash) {
        Some((option, why)) if !args.as_core && target.processors.is_some() => {
            let name = &target.name;
            let message = format!(
                "`{name}` gets a core beside its processors, which does not go with {option}: {why}"
            );
            let script = format!("{}/{}", emit::PYNQ_DIR, emit::OVERLAY_SCRIPT);
            Err(Diagnostic::new(&codes::BAD_OPTION, message).help(format!(
                "leave {option} out; the bitstream is made of the core and the processors by {script}"
            )))
        }
        Some((option, why)) if args.as_core => {
            let message = format!("--as-core and {option} do not go together: {why}");
            Err(Diagnostic::new(&codes::BAD_OPTION, message).help(format!(
                "leave {option} out for a core with AXI4-Stream, or --as-core for a board"
            )))
        }
        _ => Ok(()),
    }
}

/// Every file of the core.
pub(super) fn files(job: &Job<'_>) -> Result<Vec<File>> {
    let design = &job.design;
    let vectors = vectors(&job.model.integer, design)?;
    let cycles = vectors.inferences.iter().map(|v| v.cycles);
    let sheet = Sheet {
        target: &job.target.name,
        estimate: &job.estimate,
        trace_bytes: vectors.trace_bytes,
        vectors: vectors.inferences.len(),
        cycles: (cycles.clone().min().unwrap_or(0), cycles.max().unwrap_or(0)),
    };
    let mut files = emit::package(design, &sheet)?;
    let vectors = json_text(&vectors)?.into_bytes();
    if let Some(processors) = &job.target.processors {
        let more = emit::overlay(design, &job.target, processors, &files)?;
        files.extend(more);
        // Beside the notebook, which is copied to the board.
        let path = format!("{}/vectors.json", emit::PYNQ_DIR);
        files.push(File { path, contents: vectors.clone() });
    }
    files.push(File { path: VECTORS.into(), contents: vectors });
    Ok(files)
}

/// Random inputs and what the simulator makes of them.
fn vectors(graph: &Graph, design: &Design) -> Result<Vectors> {
    // Whole inferences: requests that leave out nothing.
    let header = design.header_bytes();
    let inputs = DataArgs::first(None, INFERENCES).load(graph)?.behind(|_| vec![0; header]);
    let mut sim = SimExecutor::new(design, Vec::new());
    let result = result_length(design, false);
    let trace_bytes = if design.trace { result_length(design, true) - result } else { 0 };
    let mut inferences = Vec::new();
    for values in inputs.iter() {
        let missing = || Diagnostic::internal("compile", "the simulator tells no cycles");
        let outcome = sim.run(&[values])?.pop().ok_or_else(missing)?;
        let timing = outcome.timing.as_ref().ok_or_else(missing)?;
        let (first, last) = (timing.inputs.last(), timing.outputs.last());
        let (Some(first), Some((last, _))) = (first, last) else { return Err(missing()) };
        let bytes = result_bytes(design, &outcome, trace_bytes > 0);
        let (logits, trains) = bytes.split_at(result.min(bytes.len()));
        inferences.push(Vector {
            input: hex(&design.request(values)),
            result: hex(logits),
            trains: hex(trains),
            cycles: last - first,
        });
    }
    Ok(Vectors {
        input_bytes: design.input_bytes(),
        result_bytes: result,
        trace_bytes,
        load_bytes: design.load_bytes(),
        inferences,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir;
    use crate::verify::tests::{GRAPH, design};

    /// Two neurons at three timesteps: each train is a byte.
    #[test]
    fn what_is_expected_is_counted_and_the_same_each_time() {
        let graph = ir::parse(GRAPH).unwrap();
        let of = |trace| vectors(&graph, &Design { trace, ..design() }).unwrap();
        let (plain, traced) = (of(false), of(true));
        let classes = design().readout().map_or(0, |r| r.gain.len());
        let neurons: u32 = design().lifs().map(crate::hw::LifStage::neurons).sum();
        assert_eq!((plain.result_bytes, plain.trace_bytes), (4 * classes + 1, 0));
        assert_eq!(traced.trace_bytes as u32, neurons);
        assert_eq!((traced.load_bytes, traced.inferences.len()), (0, INFERENCES));
        for (a, b) in plain.inferences.iter().zip(&traced.inferences) {
            assert_eq!((&a.input, &a.result, a.cycles), (&b.input, &b.result, b.cycles));
            let lengths = [&b.input, &b.result, &b.trains].map(|t| t.len() / 2);
            let want = [plain.input_bytes as usize, plain.result_bytes, traced.trace_bytes];
            assert_eq!((lengths, &*a.trains), (want, ""));
        }
        assert_eq!(json_text(&of(true)).unwrap(), json_text(&traced).unwrap());
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}

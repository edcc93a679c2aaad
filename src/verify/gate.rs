// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The whole top module behind its pins: as RTL, as netlist, as unpacked bitstream.

use std::path::{Path, PathBuf};

use super::link::{NOT_LOADED, decode_response, encode_load, encode_request, parse_result};
use super::{Executor, Outcome};
use crate::diag::{Diagnostic, Result, codes, read_file, write_file};
use crate::flow::process::{Process, create_dir};
use crate::flow::verilator::{self, LintJob, VerilatorJob};
use crate::flow::{Toolbox, icestorm, yosys};
use crate::hw::Design;

/// The test bench.
const BENCH: &str = include_str!("../../templates/verify/tb_top.cpp");
/// The top module.
const TOP: &str = "top";

/// `top`, simulated; the host talks to it over the serial line.
pub struct GateExecutor<'d> {
    name: &'static str,
    design: &'d Design,
    program: PathBuf,
    /// Where the program runs: memory files are named relative to it.
    run_in: PathBuf,
    work: PathBuf,
    divider: u32,
    weights: Vec<u8>,
}

/// What a [`GateExecutor`] simulates.
#[derive(Debug, Clone, Copy)]
pub enum Level<'a> {
    /// The emitted Verilog, in this directory.
    Rtl(&'a Path),
    /// The netlist that synthesis wrote.
    Netlist(&'a Path),
    /// A bitstream, unpacked with these pin constraints.
    Bitstream {
        /// The packed file.
        bin: &'a Path,
        /// Pin constraints.
        pcf: &'a Path,
    },
}

impl<'d> GateExecutor<'d> {
    /// Builds a simulator in `work`; `divider` is the cycles a bit of the serial line.
    ///
    /// # Errors
    /// If a tool is missing or fails.
    pub fn build(
        toolbox: &Toolbox,
        design: &'d Design,
        level: Level<'_>,
        work: &Path,
        divider: u32,
    ) -> Result<Self> {
        create_dir(work)?;
        let bench = work.join("tb_top.cpp");
        write_file(&bench, BENCH)?;
        let (name, sources, includes) = match level {
            Level::Rtl(rtl) => ("top", vec![rtl.join("top.v")], vec![rtl.to_path_buf()]),
            Level::Netlist(netlist) => {
                ("netlist", vec![netlist.to_path_buf(), yosys::ice40_cells(toolbox)?], Vec::new())
            }
            Level::Bitstream { bin, pcf } => {
                let read = icestorm::read_back(toolbox, bin, pcf, TOP, work)?;
                ("bitstream", vec![read.verilog, yosys::ice40_cells(toolbox)?], Vec::new())
            }
        };
        let job = VerilatorJob {
            design: LintJob {
                dir: work.join("model"),
                sources,
                includes,
                // Debian's and Yosys' cell models otherwise need SystemVerilog defaults.
                defines: vec!["NO_ICE40_DEFAULT_ASSIGNMENTS".into()],
                top: TOP.into(),
                ..LintJob::default()
            },
            testbench: vec![bench],
            netlist: !matches!(level, Level::Rtl(_)),
            optimise: false,
            ..VerilatorJob::default()
        };
        let program = verilator::build(toolbox, &job)?;
        let run_in = if let Level::Rtl(rtl) = level { rtl } else { work }.to_path_buf();
        let (work, weights) = (work.to_path_buf(), Vec::new());
        Ok(Self { name, design, program, run_in, work, divider, weights })
    }

    /// Loads these weights before the first inference, and demands that an inference before
    /// them is refused.
    #[must_use]
    pub fn with_weights(mut self, weights: Vec<u8>) -> Self {
        self.weights = weights;
        self
    }

    /// What the host sends before the inferences, and the status that has to come back.
    fn preparation(&self, inputs: &[&[u8]]) -> Vec<(Vec<u8>, u8)> {
        if self.weights.is_empty() {
            return Vec::new();
        }
        let early = inputs.first().map(|i| (encode_request(i, false), NOT_LOADED));
        early.into_iter().chain([(encode_load(&self.weights), 0)]).collect()
    }
}

impl Executor for GateExecutor<'_> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&mut self, inputs: &[&[u8]]) -> Result<Vec<Outcome>> {
        let absolute = |p: PathBuf| std::path::absolute(&p).unwrap_or(p);
        let frames = absolute(self.work.join("frames.bin"));
        let responses = absolute(self.work.join("responses.bin"));
        let preparation = self.preparation(inputs);
        let requests = inputs.iter().map(|input| encode_request(input, self.design.trace));
        let mut bytes = Vec::new();
        for frame in preparation.iter().map(|p| p.0.clone()).chain(requests) {
            bytes.extend((frame.len() as u32).to_le_bytes());
            bytes.extend(frame);
        }
        write_file(&frames, bytes)?;
        Process::program(&self.program, self.name, &self.run_in)
            .arg(self.divider.to_string())
            .arg(&frames)
            .arg(&responses)
            .run()?;
        let received = read_file(&responses)?;
        let mut responses = received.split_inclusive(|b| *b == 0);
        for ((_, wanted), response) in preparation.iter().zip(responses.by_ref()) {
            let status = decode_response(response).map_err(|d| d.at(self.name))?.status;
            if status != *wanted {
                let message = format!("loading the weights: status {status} instead of {wanted}");
                return Err(Diagnostic::new(&codes::LINK_DAMAGED, message).at(self.name));
            }
        }
        let outcomes: Vec<Outcome> = responses
            .enumerate()
            .map(|(i, frame)| {
                self.outcome(frame).map_err(|d| d.at(format!("{}, image {i}", self.name)))
            })
            .collect::<Result<_>>()?;
        if outcomes.len() == inputs.len() {
            return Ok(outcomes);
        }
        let message = format!("{} responses to {} requests", outcomes.len(), inputs.len());
        Err(Diagnostic::new(&codes::LINK_DAMAGED, message).at(self.name))
    }
}

impl GateExecutor<'_> {
    fn outcome(&self, frame: &[u8]) -> Result<Outcome> {
        let response = decode_response(frame)?;
        if response.status == 0 {
            return parse_result(self.design, &response.body, self.design.trace);
        }
        let message = format!("the hardware answered with status {}", response.status);
        Err(Diagnostic::new(&codes::LINK_DAMAGED, message))
    }
}

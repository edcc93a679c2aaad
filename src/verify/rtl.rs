// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The emitted Verilog of the core, simulated by Verilator.

use std::path::{Path, PathBuf};

use super::executor::{dense_stages, lif_stages, trains};
use super::{Executor, Outcome};
use crate::diag::{Diagnostic, Result, codes, read_file, write_file};
use crate::flow::Toolbox;
use crate::flow::process::Process;
use crate::flow::verilator::{self, LintJob, VerilatorJob};
use crate::hw::{Design, Stage};
use crate::sim::{Recorder, Step};

/// The test bench.
const BENCH: &str = include_str!("../../templates/verify/tb_core.cpp");

/// Ask for the spike trains, and take the result with pauses.
const FLAG_TRACE: u32 = 1;
const FLAG_PAUSES: u32 = 2;

/// `sf_core`, simulated.
pub struct RtlExecutor<'d> {
    design: &'d Design,
    program: PathBuf,
    /// Where memory contents are read from.
    rtl: PathBuf,
    work: PathBuf,
    gaps: Vec<u8>,
    pauses: bool,
    trains: bool,
    weights: Vec<u8>,
}

impl<'d> RtlExecutor<'d> {
    /// Builds a simulator in `work` from the Verilog files in `rtl`. `gaps` as in
    /// [`crate::sim::Sim::run`].
    ///
    /// # Errors
    /// If a tool is missing or fails.
    pub fn build(
        toolbox: &Toolbox,
        design: &'d Design,
        rtl: &Path,
        work: &Path,
        gaps: Vec<u8>,
    ) -> Result<Self> {
        std::fs::create_dir_all(work)
            .map_err(|e| Diagnostic::new(&codes::FILE_WRITE, e.to_string()).in_file(work))?;
        let bench = work.join("tb_core.cpp");
        // The bench names the load port only where there is one.
        let load = if design.load_bytes() > 0 { "#define LOAD\n" } else { "" };
        write_file(&bench, load.to_owned() + BENCH)?;
        let job = VerilatorJob {
            design: LintJob {
                dir: work.join("model"),
                sources: vec![rtl.join("sf_core.v")],
                includes: vec![rtl.to_path_buf()],
                top: "sf_core".into(),
                ..LintJob::default()
            },
            testbench: vec![bench],
            optimise: true,
            ..VerilatorJob::default()
        };
        let program = verilator::build(toolbox, &job)?;
        Ok(Self {
            design,
            program,
            rtl: rtl.to_path_buf(),
            work: work.to_path_buf(),
            gaps,
            pauses: false,
            trains: true,
            weights: Vec::new(),
        })
    }

    /// The host takes result bytes with pauses: cycles are then not comparable with `sim`.
    #[must_use]
    pub fn with_pauses(mut self) -> Self {
        self.pauses = true;
        self
    }

    /// The host never asks for the spike trains: an inference then has the cycles that
    /// [`crate::sim::Sim`] counts.
    #[must_use]
    pub fn without_trains(mut self) -> Self {
        self.trains = false;
        self
    }

    /// Other cycles to wait before each input.
    #[must_use]
    pub fn with_gaps(mut self, gaps: Vec<u8>) -> Self {
        self.gaps = gaps;
        self
    }

    /// Reads memory contents from another directory.
    #[must_use]
    pub fn with_memories(mut self, rtl: &Path) -> Self {
        self.rtl = rtl.to_path_buf();
        self
    }

    /// Loads these weights before the first inference.
    #[must_use]
    pub fn with_weights(mut self, weights: Vec<u8>) -> Self {
        self.weights = weights;
        self
    }

    /// The simulator's program and its arguments' files, for benchmarks.
    ///
    /// # Errors
    /// If a file cannot be written, or the weights to load are not the design's.
    pub fn prepare(&self, inputs: &[&[u8]]) -> Result<(PathBuf, PathBuf, PathBuf)> {
        let (stimulus, trace) = (self.work.join("stimulus.bin"), self.work.join("trace.bin"));
        let (count, load) = (self.design.input.count, self.weights.len() as u32);
        if load != self.design.load_bytes() {
            let message = format!("{load} bytes of weights for {}", self.design.load_bytes());
            return Err(Diagnostic::internal("verify", message));
        }
        let mut bytes = Vec::new();
        bytes.extend(count.to_le_bytes());
        bytes.extend((inputs.len() as u32).to_le_bytes());
        bytes.extend(load.to_le_bytes());
        bytes.extend(&self.weights);
        for (i, input) in inputs.iter().enumerate() {
            let trace = if self.asks(i) { FLAG_TRACE } else { 0 };
            let flags = trace | if self.pauses { FLAG_PAUSES } else { 0 };
            bytes.extend(flags.to_le_bytes());
            bytes.extend(*input);
            bytes.extend((0..count as usize).map(|k| self.gaps.get(k).copied().unwrap_or(0)));
        }
        write_file(&stimulus, bytes)?;
        let absolute = |p: PathBuf| std::path::absolute(&p).unwrap_or(p);
        Ok((self.program.clone(), absolute(stimulus), absolute(trace)))
    }

    /// Does the host ask for the spike trains of this inference? For those of every other one:
    /// both ends of a response are exercised.
    fn asks(&self, inference: usize) -> bool {
        self.trains && self.design.trace && inference.is_multiple_of(2)
    }

    /// Where the simulator has to run: memory files are named relative to it.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.rtl
    }
}

impl Executor for RtlExecutor<'_> {
    fn name(&self) -> &'static str {
        "rtl"
    }

    fn run(&mut self, inputs: &[&[u8]]) -> Result<Vec<Outcome>> {
        let (program, stimulus, trace) = self.prepare(inputs)?;
        Process::program(&program, "rtl", &self.rtl).arg(&stimulus).arg(&trace).run()?;
        let images = parse(self.design, &read_file(&trace)?)?;
        let outcomes = images.into_iter().enumerate();
        let mut outcomes: Vec<Outcome> = outcomes
            .map(|(i, image)| outcome(self.design, image, self.asks(i)))
            .collect::<Result<_>>()?;
        if self.pauses {
            outcomes.iter_mut().for_each(|o| o.timing = None);
        }
        Ok(outcomes)
    }
}

/// Reads the records of the test bench.
fn parse(design: &Design, trace: &[u8]) -> Result<Vec<Recorder>> {
    let (denses, lifs) = (dense_stages(design), lif_stages(design));
    let bad =
        || Diagnostic::internal("verify", "the test bench wrote a record that makes no sense");
    let mut images: Vec<Recorder> = Vec::new();
    // Timesteps so far, per layer that fires: they come neuron by neuron.
    let mut steps = vec![0; lifs.len()];
    for record in trace.chunks_exact(8) {
        let [kind, index, data, _, c0, c1, c2, c3] = *record else { return Err(bad()) };
        let cycle = u64::from(u32::from_le_bytes([c0, c1, c2, c3]));
        if kind == 0 {
            images.push(Recorder::default());
            steps.fill(0);
            continue;
        }
        let image = images.last_mut().ok_or_else(bad)?;
        match kind {
            1 => image.inputs.push(cycle),
            2 => image.events.push((cycle, *denses.get(usize::from(index)).ok_or_else(bad)?)),
            3 => {
                let stage = *lifs.get(usize::from(index)).ok_or_else(bad)?;
                let before = &mut steps[usize::from(index)];
                let (neuron, timestep) = (*before / design.timesteps, *before % design.timesteps);
                *before += 1;
                image.steps.push(Step { cycle, stage, neuron, timestep, fires: data != 0 });
            }
            4 => image.outputs.push((cycle, data)),
            _ => return Err(bad()),
        }
    }
    Ok(images)
}

/// Logits, class and trains as the bytes say; they must agree with the probes.
fn outcome(design: &Design, mut recorder: Recorder, trace: bool) -> Result<Outcome> {
    let bytes: Vec<u8> = recorder.outputs.iter().map(|(_, b)| *b).collect();
    let Some(Stage::Readout(readout)) = design.stages.last() else {
        return Err(Diagnostic::internal("verify", "the last stage is not a readout"));
    };
    let result = super::link::parse_result(design, &bytes, trace)?;
    let probed = trains(design, &recorder);
    if !result.trains.is_empty() && result.trains != probed {
        let message = "the spike trains that the host reads are not those of the probes";
        return Err(Diagnostic::new(&codes::VERIFY_MISMATCH, message).at("rtl"));
    }
    recorder.outputs.truncate(readout.gain.len() * 4 + 1);
    recorder.sort();
    Ok(Outcome { trains: probed, timing: Some(recorder), ..result })
}

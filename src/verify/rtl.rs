// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The emitted Verilog of the core, simulated by Verilator.

use std::path::{Path, PathBuf};

use super::executor::{RTL, RTL_GAPS, RTL_PAUSES, dense_stages, lif_stages, trains};
use super::{Executor, Outcome};
use crate::diag::{Diagnostic, Result, codes, read_file, write_file};
use crate::flow::Toolbox;
use crate::flow::process::Process;
use crate::flow::verilator::{self, Effort, LintJob, VerilatorJob};
use crate::hw::shared::Shared;
use crate::hw::{Design, Kept, Stage};
use crate::sim::{Recorder, Step};

/// The test bench.
const BENCH: &str = include_str!("../../templates/verify/tb_core.cpp");

/// Ask for the spike trains, and take the result with pauses.
const FLAG_TRACE: u32 = 1;
const FLAG_PAUSES: u32 = 2;

/// `sf_core`, simulated.
#[derive(Clone)]
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
        Self::built(toolbox, design, (rtl, work), gaps, Effort::Much)
    }

    /// The same for a few inferences of a small design: it is there sooner, and slower.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn build_for_few(
        toolbox: &Toolbox,
        design: &'d Design,
        rtl: &Path,
        work: &Path,
        gaps: Vec<u8>,
    ) -> Result<Self> {
        Self::built(toolbox, design, (rtl, work), gaps, Effort::Little)
    }

    fn built(
        toolbox: &Toolbox,
        design: &'d Design,
        (rtl, work): (&Path, &Path),
        gaps: Vec<u8>,
        effort: Effort,
    ) -> Result<Self> {
        std::fs::create_dir_all(work)
            .map_err(|e| Diagnostic::new(&codes::FILE_WRITE, e.to_string()).in_file(work))?;
        let bench = work.join("tb_core.cpp");
        // The bench names the load port, and the probe of the job, only where there is one.
        let load = if design.load_bytes() > 0 { "#define LOAD\n" } else { "" };
        let one = design.shared.as_ref().is_some_and(|s| !s.is_line());
        let shared = if one { "#define SHARED\n" } else { "" };
        write_file(&bench, load.to_owned() + shared + BENCH)?;
        let job = VerilatorJob {
            design: LintJob {
                dir: work.join("model"),
                sources: vec![rtl.join("sf_core.v")],
                includes: vec![rtl.to_path_buf()],
                top: "sf_core".into(),
                ..LintJob::default()
            },
            testbench: vec![bench],
            effort,
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
        let (count, load) = (self.design.input_bytes(), self.weights.len() as u32);
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
            bytes.extend(&*self.design.request(input));
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
        match (self.pauses, self.gaps.is_empty()) {
            (true, _) => RTL_PAUSES,
            (false, false) => RTL_GAPS,
            (false, true) => RTL,
        }
    }

    fn run(&mut self, inputs: &[&[u8]]) -> Result<Vec<Outcome>> {
        let (program, stimulus, trace) = self.prepare(inputs)?;
        Process::program(&program, "rtl", &self.rtl).arg(&stimulus).arg(&trace).run()?;
        let images = parse(self.design, inputs, &read_file(&trace)?)?;
        let outcomes = images.into_iter().enumerate();
        let mut outcomes: Vec<Outcome> = outcomes
            .map(|(i, image)| {
                let kept = self.design.kept(inputs[i]);
                outcome(self.design, &kept, image, self.asks(i))
            })
            .collect::<Result<_>>()?;
        if self.pauses {
            outcomes.iter_mut().for_each(|o| o.timing = None);
        }
        Ok(outcomes)
    }
}

/// What the probes of a design stand for.
struct Probes<'d> {
    design: &'d Design,
    /// Stage by number of the probe; with the shared mapping a probe has the job's number.
    events: Vec<usize>,
    steps: Vec<usize>,
    /// Timesteps so far, per number: they come in the order of computation, chunk by chunk.
    seen: Vec<u32>,
    /// What this inference keeps.
    kept: Kept,
}

impl<'d> Probes<'d> {
    fn new(design: &'d Design) -> Self {
        let jobs = |s: &Shared| (0..s.jobs.len()).collect::<Vec<_>>();
        let (events, steps) = match &design.shared {
            Some(shared) => (jobs(shared), jobs(shared)),
            None => (dense_stages(design), lif_stages(design)),
        };
        let seen = vec![0; steps.len()];
        Self { design, events, steps, seen, kept: design.kept(&[]) }
    }

    /// The next timestep that a probe tells of, or None for a number that no probe has.
    fn step(&mut self, number: u8, cycle: u64, fires: bool) -> Option<Step> {
        let stage = *self.steps.get(usize::from(number))?;
        let before = self.seen.get_mut(usize::from(number))?;
        let width = self.design.knobs.map_or(self.design.width(), |_| self.kept.timesteps);
        let (mut neuron, mut timestep) = (*before / width, *before % width);
        *before += 1;
        if let Some(shared) = &self.design.shared {
            // Place by place, in each channel by channel (docs/shared.md, rule 6).
            let job = shared.jobs.get(stage)?;
            let neurons = job.out[0] * job.positions();
            timestep += neuron / neurons.max(1) * width;
            neuron %= neurons.max(1);
            let (place, channel) = (neuron / job.out[0], neuron % job.out[0]);
            neuron = channel * job.positions() + place;
        } else if let Some(Stage::Lif(layer)) = self.design.stages.get(stage) {
            neuron = layer.neuron(&self.kept, neuron);
        }
        Some(Step { cycle, stage, neuron, timestep, fires })
    }
}

/// Reads the records of the test bench.
pub(super) fn parse(design: &Design, inputs: &[&[u8]], trace: &[u8]) -> Result<Vec<Recorder>> {
    let mut probes = Probes::new(design);
    let bad =
        || Diagnostic::internal("verify", "the test bench wrote a record that makes no sense");
    let mut images: Vec<Recorder> = Vec::new();
    for record in trace.chunks_exact(8) {
        let [kind, index, data, _, c0, c1, c2, c3] = *record else { return Err(bad()) };
        let cycle = u64::from(u32::from_le_bytes([c0, c1, c2, c3]));
        if kind == 0 {
            probes.kept = design.kept(inputs.get(images.len()).copied().unwrap_or_default());
            images.push(Recorder::default());
            probes.seen.fill(0);
            continue;
        }
        let image = images.last_mut().ok_or_else(bad)?;
        match kind {
            1 => image.inputs.push(cycle),
            2 => {
                let stage = *probes.events.get(usize::from(index)).ok_or_else(bad)?;
                image.events.push((cycle, stage));
            }
            3 => image.steps.push(probes.step(index, cycle, data != 0).ok_or_else(bad)?),
            4 => image.outputs.push((cycle, data)),
            _ => return Err(bad()),
        }
    }
    Ok(images)
}

/// Logits, class and trains as the bytes say; they must agree with the probes.
pub(super) fn outcome(
    design: &Design,
    kept: &Kept,
    mut recorder: Recorder,
    trace: bool,
) -> Result<Outcome> {
    let bytes: Vec<u8> = recorder.outputs.iter().map(|(_, b)| *b).collect();
    let result = super::link::parse_result(design, &bytes, trace)?;
    let probed = trains(design, kept, &recorder, result.ran);
    if !result.trains.is_empty() && result.trains != probed {
        let message = "the spike trains that the host reads are not those of the probes";
        return Err(Diagnostic::new(&codes::VERIFY_MISMATCH, message).at("rtl"));
    }
    recorder.outputs.truncate(design.result_bytes() as usize);
    recorder.sort();
    Ok(Outcome { trains: probed, timing: Some(recorder), ..result })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::Input;
    use crate::verify::maps;
    use crate::verify::tests::design;

    #[test]
    fn records_of_the_shared_mapping_come_place_by_place() {
        // Three channels, one row of two places, T = 2.
        let (input, stages) = (Input { count: 2, bits: 1, changes: false }, Vec::new());
        let shared = |width| Some(Shared { width, ..maps::tests::shared() });
        let name = "design".to_owned();
        let family = crate::target::Family::default();
        let shared_2 = shared(2);
        let design = Design {
            name,
            timesteps: 2,
            input,
            stages,
            shared: shared_2,
            trace: true,
            family,
            knobs: None,
        };
        let record = |kind, job, data, cycle| [kind, job, data, 0, cycle, 0, 0, 0];
        let mut trace = record(0, 0, 0, 0).to_vec();
        trace.extend(record(2, 0, 0, 9));
        (0..12).for_each(|k| trace.extend(record(3, 0, k % 2, 20 + k)));
        let image = parse(&design, &[], &trace).unwrap().remove(0);
        assert_eq!(image.events, [(9, 0)]);
        let seen = image.steps.iter().map(|s| (s.cycle, s.neuron, s.timestep, s.fires));
        let neurons = [0, 0, 2, 2, 4, 4, 1, 1, 3, 3, 5, 5].into_iter().zip(0..);
        let want = neurons.map(|(n, k): (u32, u32)| (20 + u64::from(k), n, k % 2, k % 2 == 1));
        assert!(seen.eq(want), "{:?}", image.steps);
        assert_eq!(trains(&design, &design.kept(&[]), &image, None), [[0b10; 6]]);
        assert_eq!(crate::verify::Scope::spikes(&design).trains, Some(2));
        // The same timestep by timestep: those of the second chunk follow all of the first.
        let chunked = Design { shared: shared(1), ..design.clone() };
        let seen = parse(&chunked, &[], &trace).unwrap().remove(0);
        let at: Vec<_> = seen.steps.iter().map(|s| (s.neuron, s.timestep)).collect();
        let neurons = [0, 2, 4, 1, 3, 5];
        assert_eq!(at, [neurons.map(|n| (n, 0)), neurons.map(|n| (n, 1))].concat());
        // Two timesteps of each neuron, then the other two.
        let half = Design { timesteps: 4, shared: shared(2), ..design.clone() };
        let mut twice = trace.clone();
        (0..12).for_each(|k| twice.extend(record(3, 0, 0, 40 + k)));
        let seen = parse(&half, &[], &twice).unwrap().remove(0);
        let at: Vec<_> = seen.steps.iter().map(|s| (s.neuron, s.timestep)).collect();
        let chunk = |from: u32| neurons.map(|n| [(n, from), (n, from + 1)]);
        assert_eq!(at, [chunk(0), chunk(2)].as_flattened().as_flattened());
        // A job that there is not.
        trace.extend(record(2, 1, 0, 40));
        assert!(parse(&design, &[], &trace).is_err());
    }

    #[test]
    fn the_stimulus_says_how_the_core_is_run() {
        let (design, dir) = (design(), tempfile::tempdir().unwrap());
        let plain = || RtlExecutor {
            design: &design,
            program: PathBuf::new(),
            rtl: PathBuf::new(),
            work: dir.path().to_path_buf(),
            gaps: Vec::new(),
            pauses: false,
            trains: true,
            weights: Vec::new(),
        };
        let images: [&[u8]; 3] = [&[1, 2], &[3, 4], &[5, 6]];
        let stimulus =
            |rtl: &RtlExecutor<'_>| std::fs::read(rtl.prepare(&images).unwrap().1).unwrap();
        // Inputs, images, bytes to load; per image flags, levels, gaps.
        let bytes = |flags: [u8; 3], gaps: [u8; 2]| -> Vec<u8> {
            let image = |i: usize| [&[flags[i], 0, 0, 0], images[i], &gaps].concat();
            [&[2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0][..], &image(0), &image(1), &image(2)].concat()
        };
        // The trains of every other inference are asked for.
        assert_eq!(plain().name(), "RTL, with cycles");
        assert_eq!(stimulus(&plain()), bytes([1, 0, 1], [0, 0]));
        assert_eq!(stimulus(&plain().without_trains()), bytes([0, 0, 0], [0, 0]));
        let slow = plain().with_gaps(vec![0, 3]);
        assert_eq!(slow.name(), "RTL, with cycles, inputs with gaps");
        assert_eq!(stimulus(&slow), bytes([1, 0, 1], [0, 3]));
        let paused = slow.with_pauses();
        assert_eq!(paused.name(), "RTL, result taken with pauses");
        assert_eq!(stimulus(&paused), bytes([3, 2, 3], [0, 3]));
        // Weights that the design does not take are no stimulus.
        let error = plain().with_weights(vec![1]).prepare(&images).unwrap_err();
        assert_eq!(error.message, "1 bytes of weights for 0");
    }
}

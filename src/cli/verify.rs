// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire verify`: the same inputs through every level down to the bitstream.

use std::fmt::Write as _;
use std::path::PathBuf;

use indicatif::ProgressBar;
use serde::Serialize;

use super::build::Build;
use super::inputs::DataArgs;
use super::ui::{Ui, table, thousands};
use crate::data::Inputs;
use crate::diag::{Diagnostic, Result, codes};
use crate::emit::{self, RTL_DIR};
use crate::flow::process::create_dir;
use crate::flow::{Tool, Toolbox};
use crate::verify::{
    Difference, Executor, GateExecutor, InterpExecutor, Level, Mutation, MutationResult, Mutator,
    Outcome, RtlExecutor, SimExecutor, Tally, compare,
};

/// Check that interp = sim = RTL = netlist = unpacked bitstream, spike by spike.
///
/// Sim and RTL are also compared cycle by cycle. Levels whose tools are missing, or that
/// were not compiled, are left out, and said to be.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire verify build/student
  synfire verify build/student --images images.gz --rtl 200 --netlist 16 --on-bitstream 8
  synfire verify build/student --mutate")]
pub(super) struct Args {
    /// A directory that `synfire compile` wrote.
    build: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Inputs for the RTL.
    #[arg(long, default_value_t = 32)]
    rtl: usize,
    /// Inputs for the whole top module as RTL, through the serial line.
    #[arg(long, default_value_t = 2)]
    top: usize,
    /// Inputs for the netlist.
    #[arg(long, default_value_t = 4)]
    netlist: usize,
    /// Inputs for the unpacked bitstream.
    #[arg(long, default_value_t = 2)]
    on_bitstream: usize,
    /// Also break the hardware on purpose, and fail if that is not noticed.
    #[arg(long)]
    mutate: bool,
}

/// What is printed.
#[derive(Serialize)]
struct Report {
    comparisons: Vec<Comparison>,
    left_out: Vec<String>,
    mutations: Vec<MutationResult>,
}

#[derive(Serialize)]
struct Comparison {
    levels: String,
    tally: Tally,
    first: Option<Difference>,
}

/// Cycles between inputs in the second RTL run: 0 to 3, in an order without a short period.
fn gaps(inputs: usize) -> Vec<u8> {
    (0..inputs).map(|i| ((i * i + i / 7) % 4) as u8).collect()
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    let build = Build::open(&args.build)?;
    let inputs = args.data.load(&build.integer)?;
    let mut check = Check {
        build: &build,
        toolbox: Toolbox::discover(),
        work: build.path("verify"),
        inputs: &inputs,
        progress: ui.spinner("interp = sim"),
        report: Report { comparisons: Vec::new(), left_out: Vec::new(), mutations: Vec::new() },
    };
    create_dir(&check.work)?;
    let count = args.data.count.unwrap_or(usize::MAX).min(inputs.len());
    check.levels(args, count)?;
    if args.mutate {
        check.mutations()?;
    }
    check.progress.finish_and_clear();
    let report = check.report;
    ui.result(&report, || text(&report))?;
    let broken = report.comparisons.iter().find_map(|c| Some((c, c.first.as_ref()?)));
    if let Some((c, first)) = broken {
        let message = format!("{}: image {}: {}", c.levels, first.image, first.what);
        return Err(Diagnostic::new(&codes::VERIFY_MISMATCH, message).in_file(&args.build));
    }
    for m in &report.mutations {
        let message = match (&m.caught, m.as_predicted) {
            (None, _) => format!("{}: not noticed", m.fault),
            (Some(_), Some(false)) => {
                format!("{}: the faulty hardware differs from sim with the same fault", m.fault)
            }
            _ => continue,
        };
        return Err(Diagnostic::new(&codes::MUTATION_SURVIVED, message).in_file(&args.build));
    }
    Ok(())
}

struct Check<'a> {
    build: &'a Build,
    toolbox: Toolbox,
    work: PathBuf,
    inputs: &'a Inputs,
    progress: ProgressBar,
    report: Report,
}

/// Inferences between two comparisons: bounds memory, not results.
const BATCH: usize = 256;

impl Check<'_> {
    fn levels(&mut self, args: &Args, count: usize) -> Result<()> {
        let design = &self.build.design;
        let mut interp = InterpExecutor::new(&self.build.integer)?;
        let mut sim = SimExecutor::new(design, Vec::new());
        self.pair(&mut interp, &mut sim, count, "interp = sim")?;

        let simulator = [Tool::Verilator, Tool::Cxx];
        if !self.has("RTL, top, netlist, bitstream", &simulator) {
            return Ok(());
        }
        self.build.file(&format!("{RTL_DIR}/sf_core.v"))?;
        let rtl = self.build.path(RTL_DIR);
        let weights = self.build.weights()?;
        self.progress.set_message("building the RTL's simulator");
        let n = args.rtl.min(count);
        let core = |work: &str, gaps: Vec<u8>| {
            let built =
                RtlExecutor::build(&self.toolbox, design, &rtl, &self.work.join(work), gaps)?;
            Ok::<_, Box<Diagnostic>>(built.with_weights(weights.clone()))
        };
        let mut plain = core("rtl", Vec::new())?;
        self.pair(&mut sim, &mut plain, n, "sim = RTL, with cycles")?;
        let pattern = gaps(design.input.count as usize);
        let mut slow_sim = SimExecutor::new(design, pattern.clone());
        let mut slow = plain.with_gaps(pattern);
        self.pair(&mut slow_sim, &mut slow, n.min(8), "sim = RTL, with cycles, inputs with gaps")?;
        let mut paused = slow.with_pauses();
        self.pair(&mut sim, &mut paused, n.min(8), "sim = RTL, result taken with pauses")?;

        let Some(board) = &self.build.target.board else {
            self.report.left_out.push("top, netlist, bitstream: the target is no board".into());
            return Ok(());
        };
        let divider = emit::divider(board)?;
        self.build.file(&format!("{RTL_DIR}/top.v"))?;
        self.progress.set_message("building the top module's simulator");
        let level = Level::Rtl(&rtl);
        let mut top =
            GateExecutor::build(&self.toolbox, design, level, &self.work.join("top"), divider)?
                .with_weights(weights);
        self.pair(&mut sim, &mut top, args.top.min(count), "sim = top, over the serial line")?;
        if self.build.manifest.bitstream.is_none() {
            let message = "netlist, bitstream: compiled without --bitstream";
            self.report.left_out.push(message.into());
            return Ok(());
        }
        if !self.has("netlist, bitstream", &[Tool::Yosys, Tool::Iceunpack, Tool::IceboxVlog]) {
            return Ok(());
        }
        let netlist = self.build.file("flow/synth.v")?;
        self.gate(Level::Netlist(&netlist), "netlist", args.netlist.min(count), divider)?;
        let (bin, pcf) = (self.build.file("top.bin")?, self.build.file("pins.pcf")?);
        let level = Level::Bitstream { bin: &bin, pcf: &pcf };
        self.gate(level, "bitstream", args.on_bitstream.min(count), divider)
    }

    fn gate(&mut self, level: Level<'_>, name: &str, count: usize, divider: u32) -> Result<()> {
        self.progress.set_message(format!("building the {name}'s simulator"));
        let design = &self.build.design;
        let mut sim = SimExecutor::new(design, Vec::new());
        let mut found =
            GateExecutor::build(&self.toolbox, design, level, &self.work.join(name), divider)?
                .with_weights(self.build.weights()?);
        self.pair(&mut sim, &mut found, count, &format!("sim = {name}, over the serial line"))
    }

    /// Runs the first `count` inputs on two levels and compares.
    fn pair(
        &mut self,
        a: &mut dyn Executor,
        b: &mut dyn Executor,
        count: usize,
        levels: &str,
    ) -> Result<()> {
        if count == 0 {
            self.report.left_out.push(format!("{levels}: no inputs were asked for"));
            return Ok(());
        }
        let mut tally = Tally::default();
        let mut first = None;
        let inputs = self.inputs.first(count);
        for (k, batch) in inputs.chunks(BATCH).enumerate() {
            self.progress.set_message(format!("{levels}: {} of {count}", k * BATCH));
            let (t, mut d) = compare(&a.run(batch)?, &b.run(batch)?);
            tally.add(&t);
            if let Some(d) = &mut d {
                d.image += k * BATCH;
            }
            first = first.or(d);
        }
        self.report.comparisons.push(Comparison { levels: levels.to_owned(), tally, first });
        Ok(())
    }

    /// Are the tools for a level there? If not, the report says so.
    fn has(&mut self, level: &str, tools: &[Tool]) -> bool {
        let missing = self.toolbox.missing(tools);
        if !missing.is_empty() {
            self.report
                .left_out
                .push(format!("{level}: {} missing, see `synfire doctor`", missing.join(", ")));
        }
        missing.is_empty()
    }

    fn mutations(&mut self) -> Result<()> {
        if !self.has("mutations", &[Tool::Verilator, Tool::Cxx]) {
            return Ok(());
        }
        let bitstream = self.packed()?;
        let inputs = self.inputs.first(MUTATION_INPUTS);
        let expected: Vec<Outcome> =
            SimExecutor::new(&self.build.design, Vec::new()).run(&inputs)?;
        let work = self.work.join("mutations");
        create_dir(&work)?;
        let mutator = Mutator {
            toolbox: &self.toolbox,
            design: &self.build.design,
            target: &self.build.target,
            work,
            expected: &expected,
            inputs: &inputs,
        };
        for mutation in Mutation::ALL {
            self.progress.set_message(format!("deliberate fault: {mutation:?}"));
            let bitstream = bitstream.as_ref().map(|(asc, pcf, d)| (&**asc, &**pcf, *d));
            match mutator.run(mutation, bitstream)? {
                Some(result) => self.report.mutations.push(result),
                None if mutation == Mutation::Bitstream && bitstream.is_some() => {
                    let message =
                        "bitstream mutation: neither weights nor thresholds are in block RAM";
                    self.report.left_out.push(message.into());
                }
                None => {}
            }
        }
        Ok(())
    }

    /// What a fault in the bitstream needs: configuration, pins, divider. If something is
    /// missing, the report says so.
    fn packed(&mut self) -> Result<Option<(PathBuf, PathBuf, u32)>> {
        let tools = [Tool::Yosys, Tool::Icepack, Tool::Iceunpack, Tool::IceboxVlog];
        let build = self.build;
        let Some(board) =
            build.target.board.as_ref().filter(|_| build.manifest.bitstream.is_some())
        else {
            let message = "bitstream mutation: compiled without --bitstream";
            self.report.left_out.push(message.into());
            return Ok(None);
        };
        if !self.has("bitstream mutation", &tools) {
            return Ok(None);
        }
        let (asc, pcf) = (build.file("flow/pnr.asc")?, build.file("pins.pcf")?);
        Ok(Some((asc, pcf, emit::divider(board)?)))
    }
}

/// Inputs among which one has to show a deliberate fault.
const MUTATION_INPUTS: usize = 256;

fn text(r: &Report) -> String {
    let head = ["", "inferences", "spikes", "logits", "cycle numbers", "differences"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for c in &r.comparisons {
        let t = &c.tally;
        let counts = [t.images, t.spikes.0, t.logits.0, t.cycles.0, t.differences()];
        rows.push(std::iter::once(c.levels.clone()).chain(counts.map(thousands)).collect());
    }
    let mut text = table(&rows);
    for m in &r.mutations {
        let outcome = match &m.caught {
            Some(d) => format!("caught: image {}, {}", d.image, d.what),
            None => "NOT NOTICED".into(),
        };
        let _ = write!(text, "\nfault   {}\n        {outcome}\n", m.fault);
        match m.as_predicted {
            Some(true) => text.push_str("        the same as sim with this fault\n"),
            Some(false) => text.push_str("        NOT THE SAME as sim with this fault\n"),
            None => {}
        }
    }
    for left in &r.left_out {
        let _ = writeln!(text, "\nleft out  {left}");
    }
    text
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire verify`: the same inputs through every level down to the bitstream.

mod packed;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use indicatif::ProgressBar;

use super::build::{Build, Manifest};
use super::cut::CutArgs;
use super::inputs::DataArgs;
use super::sums;
use super::ui::{Ui, table, thousands};
use crate::data::{Inputs, random_number};
use crate::diag::{Diagnostic, InFile, Result, codes};
use crate::emit::{HLS_DIR, RTL_DIR};
use crate::flow::process::create_dir;
use crate::flow::{Tool, Toolbox, family};
use crate::hw::Kept;
use crate::target::{Board, Family};
use crate::verify::{
    Executor, GateExecutor, HlsExecutor, InterpExecutor, Level, LineTime, Mutation, Mutator, Pair,
    Ready, Report, RtlExecutor, Scope, SimExecutor,
};

/// Check that interp = sim = RTL = netlist = unpacked bitstream, spike by spike.
///
/// Sim and RTL are also compared cycle by cycle. Levels whose tools are missing, or that
/// were not compiled, are left out, and said to be.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire verify build/student
  synfire verify build/student --images images.gz --rtl 200 --netlist 16 --on-bitstream 8
  synfire verify build/student --hls 1000
  synfire verify build/student --mutate")]
pub(super) struct Args {
    /// A directory that `synfire compile` wrote.
    build: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    cuts: CutArgs,
    /// Leave out members of an ensemble that come after those by which the class is settled, of a
    /// build that can (compile --stop).
    #[arg(long)]
    stop_early: bool,
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
    /// Inputs for the C simulation of the C++, if the build has some (compile --hls): 32, if
    /// nothing else is said.
    #[arg(long, value_name = "N")]
    hls: Option<usize>,
    /// Also break the hardware on purpose, and fail if that is not noticed.
    #[arg(long)]
    mutate: bool,
}

/// Cycles between inputs in the second RTL run: 0 to 3, in an order without a short period.
fn gaps(inputs: usize) -> Vec<u8> {
    (0..inputs).map(|i| ((i * i + i / 7) % 4) as u8).collect()
}

/// The inputs behind what each leaves out: what is asked for, else the first one nothing, the
/// others whatever their number gives, bytes that mean nothing of their own among them.
fn knobs(build: &Build, asked: Option<Kept>, inputs: Inputs) -> Inputs {
    let Some(knobs) = build.design.knobs else { return inputs };
    inputs.behind(|i| match &asked {
        Some(kept) => knobs.header(kept),
        None if i == 0 => vec![0; knobs.bytes()],
        None => {
            let number = random_number(1, i as u64).to_le_bytes();
            let steps = (number[0] % (knobs.timesteps as u8 + 2)) | (number[3] & 0x80);
            [steps, number[1], number[2]][..knobs.bytes()].to_vec()
        }
    })
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    let build = Build::open(&args.build)?;
    if args.hls.is_some() && !build.path(HLS_DIR).is_dir() {
        let message = "this build has no C++, which `--hls` asks to run";
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .in_file(&build.dir)
            .help("compile with --hls"));
    }
    let inputs =
        knobs(&build, args.cuts.kept(&build, args.stop_early)?, args.data.load(&build.integer)?);
    let toolbox = Toolbox::discover();
    let mut check = Check {
        build: &build,
        toolbox: &toolbox,
        work: build.path(sums::WORK),
        inputs: &inputs,
        progress: ui.spinner("interp = sim"),
        report: Report::default(),
    };
    create_dir(&check.work)?;
    let count = args.data.count.unwrap_or(usize::MAX).min(inputs.len());
    check.levels(args, count)?;
    check.hls(args.hls, count)?;
    if args.mutate {
        check.mutations()?;
    }
    check.progress.finish_and_clear();
    let report = check.report;
    ui.result(&args.data.with(&report), || text(&report) + &args.data.remark(inputs.len()))?;
    report.verdict().in_file(&args.build)
}

/// Where a build has what is simulated.
struct Paths {
    rtl: PathBuf,
    netlist: PathBuf,
    routed: PathBuf,
    bin: PathBuf,
    pcf: PathBuf,
}

impl Paths {
    fn of(build: &Build) -> Self {
        Self {
            rtl: build.path(RTL_DIR),
            netlist: build.path("flow/synth.v"),
            routed: build.path("flow/pnr.json"),
            bin: build.path("top.bin"),
            pcf: build.path("pins.pcf"),
        }
    }
}

/// A whole chip behind its pins, on which so many inputs are to run.
struct Gate<'p> {
    levels: Pair,
    level: Level<'p>,
    count: usize,
    board: &'p Board,
}

impl Gate<'_> {
    fn simulator<'b>(
        &self,
        toolbox: &Toolbox,
        build: &'b Build,
        work: &Path,
    ) -> Result<GateExecutor<'b>> {
        let work = work.join(self.level.name());
        let built = GateExecutor::build(toolbox, &build.design, self.level, &work, self.board)?;
        Ok(match build.flash()? {
            Some(contents) => built.with_flash(contents),
            None => built.with_weights(build.weights()?),
        })
    }
}

struct Check<'a> {
    build: &'a Build,
    toolbox: &'a Toolbox,
    work: PathBuf,
    inputs: &'a Inputs,
    progress: ProgressBar,
    report: Report,
}

impl<'a> Check<'a> {
    fn levels(&mut self, args: &Args, count: usize) -> Result<()> {
        let build = self.build;
        let mut interp = InterpExecutor::new(&build.integer)?.like(&build.design);
        let mut sim = SimExecutor::new(&build.design, Vec::new());
        let scope = Scope::spikes(&build.design);
        self.pair(Pair::INTERP_SIM, &mut interp, &mut sim, count, scope)?;

        if !self.has("RTL, top, netlist, bitstream", &[Tool::Verilator, Tool::Cxx]) {
            return Ok(());
        }
        build.file(&format!("{RTL_DIR}/sf_core.v"))?;
        let alone = args.rtl.min(count);
        let core = self.asked(&[Pair::SIM_RTL, Pair::SIM_RTL_GAPS, Pair::SIM_RTL_PAUSES], alone);
        let paths = Paths::of(build);
        let gates = self.gates(args, count, &paths)?;
        // While one simulator runs, the next one is built.
        let (toolbox, work) = (self.toolbox, self.work.clone());
        let (send, built) = mpsc::sync_channel(gates.len());
        std::thread::scope(|scope| {
            let wanted = &gates;
            scope.spawn(move || {
                for gate in wanted {
                    let simulator = gate.simulator(toolbox, build, &work);
                    let go_on = simulator.is_ok();
                    // Nobody waits for the rest after an error.
                    if send.send(simulator).is_err() || !go_on {
                        return;
                    }
                }
            });
            if core {
                self.core(&paths.rtl, alone)?;
            }
            for gate in &gates {
                self.progress.set_message(format!("building a simulator for {}", gate.levels));
                let died = |_| Err(Diagnostic::internal("verify", "a thread died"));
                let simulator = built.recv().unwrap_or_else(died)?;
                self.gate(gate, simulator)?;
            }
            drop(built);
            Ok::<_, Box<Diagnostic>>(())
        })?;
        let is_packed = build.target.board.is_some() && build.manifest.bitstream.is_some();
        if is_packed && build.design.family.spec().routed.is_some() {
            self.unpacked(&paths.routed)?;
        }
        Ok(())
    }

    /// The whole chips that are to be simulated. What is left out is reported.
    fn gates<'p>(&mut self, args: &Args, count: usize, paths: &'p Paths) -> Result<Vec<Gate<'p>>>
    where
        'a: 'p,
    {
        let build = self.build;
        let mut gates = Vec::new();
        let Some(board) = &build.target.board else {
            let what =
                if build.manifest.as_core { "a core has none" } else { "the target is no board" };
            self.report.left_out.push(format!("top, netlist, bitstream: {what}"));
            return Ok(gates);
        };
        let mut add = |check: &mut Self, levels: Pair, level: Level<'p>, asked: usize| {
            let count = asked.min(count);
            if check.asked(&[levels], count) {
                gates.push(Gate { levels, level, count, board });
            }
        };
        build.file(&format!("{RTL_DIR}/top.v"))?;
        add(self, Pair::SIM_TOP, Level::Rtl(&paths.rtl), args.top);
        let (family, manifest) = (build.design.family, &build.manifest);
        if let Some(message) = without_bitstream(family, manifest) {
            self.report.left_out.push(message.into());
            if manifest.netlist.is_none() || family.spec().routed.is_some() {
                return Ok(gates);
            }
        }
        if family == Family::Xc7 || manifest.bitstream.is_none() {
            build.file("flow/synth.v")?;
            add(self, Pair::SIM_NETLIST, Level::Netlist(&paths.netlist), args.netlist);
            if manifest.bitstream.is_some() {
                let message = "bitstream: nothing turns that of a 7-series back into a netlist";
                self.report.left_out.push(message.into());
            }
            return Ok(gates);
        }
        if build.design.family.spec().routed.is_some() {
            build.file("flow/pnr.json")?;
            add(self, Pair::SIM_ROUTED, Level::Routed(&paths.routed), args.netlist);
            return Ok(gates);
        }
        if !self.has("netlist, bitstream", &family::to_read_back(build.design.family)) {
            return Ok(gates);
        }
        if build.manifest.patched {
            let message = "netlist: the bitstream was patched, and its netlist has other memories";
            self.report.left_out.push(message.into());
        } else {
            build.file("flow/synth.v")?;
            add(self, Pair::SIM_NETLIST, Level::Netlist(&paths.netlist), args.netlist);
        }
        build.file("top.bin")?;
        build.file("pins.pcf")?;
        let level = Level::Bitstream { bin: &paths.bin, pcf: &paths.pcf };
        add(self, Pair::SIM_BITSTREAM, level, args.on_bitstream);
        Ok(gates)
    }

    /// The C++ for high-level synthesis.
    fn hls(&mut self, asked: Option<usize>, count: usize) -> Result<()> {
        let hls = self.build.path(HLS_DIR);
        if !hls.is_dir() {
            return Ok(());
        }
        let count = asked.unwrap_or(HLS_INPUTS).min(count);
        if !self.asked(&[Pair::SIM_HLS], count) || !self.has("C++", &[Tool::Cxx]) {
            return Ok(());
        }
        self.progress.set_message("compiling the C++");
        let (design, work) = (&self.build.design, self.work.join(HLS_DIR));
        let mut found = HlsExecutor::build(self.toolbox, design, &hls, &work)?;
        let mut sim = SimExecutor::new(design, Vec::new());
        self.pair(Pair::SIM_HLS, &mut sim, &mut found, count, Scope::line(design))
    }

    /// The core alone: at its own pace, with gaps between the inputs, with pauses between the
    /// bytes of the result.
    fn core(&mut self, rtl: &Path, count: usize) -> Result<()> {
        let design = &self.build.design;
        self.progress.set_message("building the RTL's simulator");
        let (work, few) = (self.work.join("rtl"), count.min(8));
        let mut plain = RtlExecutor::build(self.toolbox, design, rtl, &work, Vec::new())?
            .with_weights(self.build.weights()?);
        let mut sim = SimExecutor::new(design, Vec::new());
        self.pair(Pair::SIM_RTL, &mut sim, &mut plain, count, Scope::cycles(design))?;
        let pattern = gaps(design.input_bytes() as usize);
        let mut slow_sim = SimExecutor::new(design, pattern.clone());
        let mut slow = plain.with_gaps(pattern);
        self.pair(Pair::SIM_RTL_GAPS, &mut slow_sim, &mut slow, few, Scope::cycles(design))?;
        let mut paused = slow.with_pauses();
        self.pair(Pair::SIM_RTL_PAUSES, &mut sim, &mut paused, few, Scope::spikes(design))
    }

    /// The whole chip behind its pins.
    fn gate(&mut self, gate: &Gate<'_>, mut found: GateExecutor<'_>) -> Result<()> {
        let design = &self.build.design;
        let mut sim = SimExecutor::new(design, Vec::new());
        self.pair(gate.levels, &mut sim, &mut found, gate.count, Scope::line(design))?;
        self.report.ready.extend(found.ready());
        if gate.levels == Pair::SIM_TOP {
            let cycles = found.line_cycles(&self.inputs.first(gate.count.min(TIMED)))?;
            self.report.line = LineTime::of(&cycles, gate.board.mhz());
        }
        Ok(())
    }

    /// Runs the first `count` inputs on two levels and compares.
    fn pair(
        &mut self,
        levels: Pair,
        expected: &mut dyn Executor,
        found: &mut dyn Executor,
        count: usize,
        scope: Scope,
    ) -> Result<()> {
        let inputs = self.inputs.first(count);
        let progress = |n| self.progress.set_message(format!("{levels}: {n} of {count}"));
        let comparison = levels.compare(expected, found, &inputs, scope, progress)?;
        self.report.comparisons.push(comparison);
        Ok(())
    }

    /// Are inputs asked for at these levels? If not, the report says so.
    fn asked(&mut self, levels: &[Pair], count: usize) -> bool {
        if count == 0 {
            let none = levels.iter().map(|l| format!("{l}: no inputs were asked for"));
            self.report.left_out.extend(none);
        }
        count > 0
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
        let (design, target) = (&self.build.design, &self.build.target);
        let work = self.work.join("mutations");
        let last = self.netlist()?;
        let netlist = last.is_some();
        let mutator = Mutator::new(self.toolbox, design, target, work, &inputs)?
            .with_hls(self.build.path(HLS_DIR).is_dir())
            .with_netlist(last);
        for mutation in Mutation::ALL {
            self.progress.set_message(format!("deliberate fault: {mutation:?}"));
            let bitstream = bitstream.as_ref().map(|(asc, pcf)| (&**asc, &**pcf));
            match mutator.run(mutation, bitstream)? {
                Some(result) => self.report.mutations.push(result),
                None => {
                    let last = if netlist { Mutation::Netlist } else { Mutation::Bitstream };
                    let there = netlist || bitstream.is_some();
                    let why = without_a_place(mutation, last, there);
                    self.report.left_out.extend(why.map(str::to_owned));
                }
            }
        }
        Ok(())
    }

    /// What a fault in the netlist needs: the one that is simulated where there is nothing behind it.
    fn netlist(&self) -> Result<Option<PathBuf>> {
        let manifest = &self.build.manifest;
        let there = manifest.netlist.is_some() || manifest.bitstream.is_some();
        let is_last = self.build.design.family == Family::Xc7;
        (there && is_last).then(|| self.build.file("flow/synth.v")).transpose()
    }

    /// What a fault in the bitstream needs: configuration and pins. If something is
    /// missing, the report says so.
    fn packed(&mut self) -> Result<Option<(PathBuf, PathBuf)>> {
        let build = self.build;
        let family = build.design.family;
        let tools = [family::to_read_back(family), family::to_bitstream(family)].concat();
        if build.target.board.is_none() || build.manifest.bitstream.is_none() {
            let message = "bitstream mutation: compiled without --bitstream";
            self.report.left_out.push(message.into());
            return Ok(None);
        }
        if !self.has("bitstream mutation", &tools) {
            return Ok(None);
        }
        if family == Family::Xc7 {
            return Ok(None);
        }
        if family.spec().routed.is_some() {
            self.packed_fault()?;
            return Ok(None);
        }
        let (asc, pcf) = (build.file("flow/pnr.asc")?, build.file("pins.pcf")?);
        Ok(Some((asc, pcf)))
    }
}

/// What is said of the levels behind the Verilog where there is no bitstream.
fn without_bitstream(family: Family, manifest: &Manifest) -> Option<&'static str> {
    match (&manifest.bitstream, &manifest.netlist) {
        (Some(_), _) => None,
        (None, None) => Some("netlist, bitstream: compiled without --bitstream"),
        (None, Some(_)) if family.spec().routed.is_some() => Some(
            "netlist, bitstream: compiled with --netlist, and of this family the routed one is simulated",
        ),
        (None, Some(_)) => Some("bitstream: compiled with --netlist"),
    }
}

/// What is said of a fault that there is no place for, where that is not the design's nature.
fn without_a_place(mutation: Mutation, last: Mutation, is_there: bool) -> Option<&'static str> {
    let why = match last {
        Mutation::Netlist => "netlist mutation: no number that shows is in block RAM",
        _ => "bitstream mutation: no number that shows is in block RAM",
    };
    (mutation == last && is_there).then_some(why)
}

/// Inputs that the C simulation gets, if nothing else is said.
const HLS_INPUTS: usize = 32;

/// Inferences that are timed with their line.
const TIMED: usize = 4;

/// Inputs among which one has to show a deliberate fault.
const MUTATION_INPUTS: usize = 256;

fn text(r: &Report) -> String {
    let head = ["", "inferences", "spikes", "logits", "cycle numbers", "differences"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for c in &r.comparisons {
        let t = &c.tally;
        let counts = [t.images, t.spikes.0, t.logits.0, t.cycles.0, t.differences()];
        rows.push(std::iter::once(c.levels.to_string()).chain(counts.map(thousands)).collect());
    }
    let mut text = table(&rows);
    if let Some(l) = r.line {
        let us = |cycles: f64| cycles / l.mhz;
        let _ = writeln!(
            text,
            "\none inference with its line, {} MHz: {} cycles, {:.1} µs; the longest of {} {:.1} µs",
            l.mhz,
            thousands(l.mean_cycles.round() as u64),
            us(l.mean_cycles),
            l.inferences,
            us(l.worst_cycles as f64)
        );
    }
    for (i, Ready { level, expected, found }) in r.ready.iter().enumerate() {
        let line = if i == 0 { "\n" } else { "" };
        let what = if found == expected { ", as predicted" } else { " INSTEAD OF " };
        let instead = if found == expected { String::new() } else { thousands(*expected) };
        let _ = writeln!(
            text,
            "{line}ready after power-on, {level}: {} cycles{what}{instead}",
            thousands(*found)
        );
    }
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
    text += &packed::text(&r.packed);
    for left in &r.left_out {
        let _ = writeln!(text, "\nleft out  {left}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1,200 cycles of 12 MHz are 100 µs.
    #[test]
    fn the_time_of_an_inference_is_its_cycles() {
        let line = LineTime { inferences: 4, mean_cycles: 1200.25, worst_cycles: 2400, mhz: 12.0 };
        let said = text(&Report { line: Some(line), ..Report::default() });
        let wanted = "\none inference with its line, 12 MHz: 1,200 cycles, 100.0 µs; \
                      the longest of 4 200.0 µs\n";
        assert!(said.contains(wanted), "{said}");
    }

    #[test]
    fn a_bitstream_without_a_place_for_a_fault_is_told() {
        use Mutation::{Bitstream, Load, Netlist};
        assert!(without_a_place(Bitstream, Bitstream, true).unwrap().starts_with("bitstream"));
        assert!(without_a_place(Netlist, Netlist, true).unwrap().starts_with("netlist"));
        assert_eq!(without_a_place(Bitstream, Bitstream, false), None);
        assert_eq!(without_a_place(Bitstream, Netlist, true), None);
        assert_eq!(without_a_place(Load, Bitstream, true), None);
    }

    #[test]
    fn gaps_are_of_every_length_and_in_no_short_period() {
        let gaps = super::gaps(64);
        assert_eq!(gaps[..9], [0, 1, 0, 1, 0, 1, 0, 2, 1]);
        assert!((0..4).all(|n| gaps.contains(&n)) && gaps.iter().all(|n| *n < 4), "{gaps:?}");
        assert!((1..16).all(|p| gaps[p..] != gaps[..64 - p]), "{gaps:?}");
    }
}

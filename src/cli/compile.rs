// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire compile`: from a model to Verilog, and on to a bitstream.

mod clock;
mod core;
mod job;
mod knobs;
mod resources;
pub(super) mod standalone;
mod vivado;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::bitstream;
use super::build::{BitstreamReport, MANIFEST, Manifest, NetlistReport, json_text};
use super::hardware::{self, Layer, Mapping};
use super::model::ModelArgs;
use super::objective::ObjectiveArgs;
use super::output::{put, replace};
use super::timings::{Stopwatch, Taken, Timings};
use super::tradeoff;
use super::ui::{Ui, thousands};
use crate::diag::{Diagnostic, Result, codes};
use crate::hw::{self, Estimate};
use crate::report;
use crate::target::{self, Board, Family, Target};
use clock::{Clock, ClockArgs};
use job::Job;
use knobs::KnobArgs;
use resources::resources;
use standalone::Standalone;

/// Compile a model to Verilog and, with --bitstream, to a bitstream.
#[derive(clap::Args, Clone)]
#[command(after_help = "Examples:
  synfire compile student.onnx --target icebreaker -o build/student
  synfire compile student.onnx --target icebreaker -o build/student --bitstream
  synfire compile student.onnx --target icebreaker -o build/student --bitstream \\
      --clock auto --baud auto --seeds 8
  synfire compile student.onnx --target ice40up5k -o build/student --lanes fc1=16
  synfire compile student.onnx --target icebreaker -o build/small --objective area \\
      --max-cycles 12000
  synfire compile student.onnx --target icebreaker -o build/alone --bitstream --standalone
  synfire compile student.onnx --target icebreaker -o build/core --as-core
  synfire compile student.onnx --target arty-a7-35t -o build/arty --netlist
  synfire compile student.onnx --target pynq-z2 -o build/pynq
  synfire compile ensemble.onnx --keep-members 0,2 --target icebreaker -o build/half")]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// The row of a table: MODEL is then the directory that `synfire tradeoff -o` wrote.
    #[arg(long, value_name = "ID")]
    point: Option<String>,
    /// A built-in target (`synfire targets` lists them) or a .toml file.
    #[arg(long)]
    target: String,
    /// Output directory; an earlier result in it is replaced.
    #[arg(short, long)]
    out: PathBuf,
    /// Also synthesise, place, route and pack.
    #[arg(long)]
    bitstream: bool,
    /// Also synthesise, and stop there: figures, and a netlist that `verify` simulates.
    #[arg(long, conflicts_with = "bitstream")]
    netlist: bool,
    /// A core with AXI4-Stream for a design of your own, with a test bench and a description for
    /// FuseSoC, in the place of a board's top module.
    #[arg(long)]
    as_core: bool,
    /// Read weights that the bitstream cannot hold from the board's flash at power-on: the board is
    /// ready without a host.
    #[arg(long)]
    standalone: bool,
    #[command(flatten)]
    knobs: KnobArgs,
    /// Also write C++ for high-level synthesis.
    #[arg(long)]
    hls: bool,
    /// How layers are mapped to engines.
    #[arg(long, value_enum, default_value_t = Mapping::Auto)]
    mapping: Mapping,
    #[command(flatten)]
    objective: ObjectiveArgs,
    /// Lanes of a dense layer, instead of what the cost model chooses; of the processor of
    /// the shared mapping: shared=N.
    #[arg(long, value_name = "LAYER=N", value_parser = lanes)]
    lanes: Vec<(String, u32)>,
    /// Timesteps that the processor of the shared mapping computes together, a divisor of all,
    /// instead of what the cost model chooses.
    #[arg(long, value_name = "N")]
    chunk: Option<u32>,
    /// Leave out the memory from which the host can read the spikes back.
    #[arg(long)]
    no_trace: bool,
    #[command(flatten)]
    clock: ClockArgs,
    /// Clock that place and route has to reach, in MHz. Without it, it aims at 24 or the design's
    /// clock if that is higher, and the design's is enough.
    #[arg(long)]
    freq: Option<f64>,
    /// Seed of the placement.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Placements to try, with this many seeds from --seed on; the fastest is kept.
    #[arg(long, value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=1000))]
    seeds: u32,
    /// Print what took how long.
    #[arg(long)]
    timings: bool,
}

/// What place and route aims at, in MHz, on slower boards.
const FREQ: f64 = 24.0;

fn lanes(text: &str) -> std::result::Result<(String, u32), String> {
    let (name, n) = text.split_once('=').ok_or("expected LAYER=N")?;
    match n.parse() {
        Ok(n) if n > 0 => Ok((name.to_owned(), n)),
        _ => Err(format!("`{n}` is not a number of lanes")),
    }
}

/// What is printed.
#[derive(Serialize)]
struct Summary<'a> {
    out: &'a Path,
    target: &'a str,
    notes: &'a [crate::pass::Note],
    /// Foldings that place and route found no room for, clocks that it did not reach or that
    /// were not its best, and what was done.
    retries: Vec<String>,
    clock: Option<Clock>,
    /// The bitstream is that of the build before: the hardware is the same.
    kept: bool,
    estimate: &'a Estimate,
    /// Timesteps that are computed together.
    chunk: u32,
    layers: Vec<Layer>,
    jobs: Vec<report::JobRow>,
    load_bytes: u32,
    /// How they get into the board without a host, if they do.
    standalone: Option<Standalone>,
    /// Was it asked for?
    #[serde(skip)]
    asked_standalone: bool,
    /// A core for another design.
    as_core: bool,
    bitstream: Option<&'a BitstreamReport>,
    /// Of a build that stops at the netlist.
    netlist: Option<&'a NetlistReport>,
    /// With `--timings`.
    timings: Option<Timings>,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    if let Some(id) = &args.point {
        let mut model = args.model.clone();
        model.model = tradeoff::point(&args.model.model, id)?;
        return build(&Args { model, point: None, ..args.clone() }, ui);
    }
    build(args, ui)
}

fn build(args: &Args, ui: Ui) -> Result<()> {
    let watch = Stopwatch::start();
    let progress = ui.spinner("import");
    let mut target = target::load(&args.target)?;
    // Beside processors there is nothing but a core.
    let as_core = args.as_core || target.processors.is_some();
    core::refuse(args, &target)?;
    args.clock.set(&mut target)?;
    standalone::check(args.standalone, &target)?;
    if args.clock.is_auto() && !args.bitstream {
        let message = "--clock auto needs --bitstream: only place and route knows what is reached";
        return Err(Diagnostic::new(&codes::BAD_OPTION, message));
    }
    if (args.bitstream || args.netlist) && target.board.is_none() {
        let message = format!("`{}` is a bare device; a top module needs pins", target.name);
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .help("name a board, see `synfire targets`"));
    }
    let freq = freq(args, &target)?;
    let family = target.device.family;
    vivado::refuse(args, family)?;
    let toolbox = (args.bitstream || args.netlist)
        .then(|| bitstream::tools(family, args.netlist, &args.out))
        .transpose()?;
    let (model, asked_knobs) =
        args.knobs.load(&args.model, args.hls, &args.objective, &watch, ui)?;
    progress.set_message("fold");
    watch.begin("hardware");
    let lanes: BTreeMap<_, _> = args.lanes.iter().cloned().collect();
    // C++ computes all timesteps at once.
    let whole = Some(model.integer.timesteps).filter(|t| args.hls && *t <= hw::shared::MOST_WIDTH);
    let asked = hw::Options {
        lanes,
        no_trace: args.no_trace,
        mapping: args.mapping.into(),
        chunk: args.chunk.or(whole),
        knobs: asked_knobs.members,
        stop: asked_knobs.stop,
        ..hw::Options::default()
    };
    let fold = |target: &Target, options| {
        let folded = args.objective.fold(&model.integer, target, options, ui);
        folded.map_err(|d| d.in_file(&args.model.model))
    };
    let (mut options, mut design, mut estimate) = fold(&target, asked.clone())?;
    if standalone::set(args.standalone, &design, &mut target, &mut options)? {
        (options, design, estimate) = fold(&target, hw::Options { boots: true, ..asked })?;
    }
    let mut manifest = Manifest {
        synfire: env!("CARGO_PKG_VERSION").into(),
        model: args.model.model.file_name().unwrap_or_default().to_string_lossy().into(),
        target: target.name.clone(),
        lanes: options.lanes.clone(),
        cells: None,
        no_trace: args.no_trace,
        chunk: options.chunk,
        mapping: options.mapping,
        bitstream: None,
        netlist: None,
        patched: false,
        as_core,
        knobs: options.knobs,
        stop: options.stop.clone(),
        standalone: None,
    };
    if as_core {
        // Around it is the user's own design.
        target.board = None;
    }
    let mut job = Job {
        args,
        as_core,
        model: &model,
        options,
        freq,
        target,
        design,
        estimate,
        tries: vec![],
        watch: &watch,
    };
    let mut kept = false;
    let inputs = [&*args.model.model, Path::new(&args.target)];
    replace(&args.out, MANIFEST, &inputs, |dir| {
        let said = |step: &str| {
            watch.begin(phase(step));
            progress.set_message(step.to_owned());
        };
        match &toolbox {
            Some(toolbox) if args.netlist => {
                job.write(dir)?;
                said("synthesis");
                manifest.netlist = Some(job.netlist(dir, toolbox)?);
            }
            Some(toolbox) => manifest.bitstream = Some(job.bitstream(dir, toolbox, &said)?),
            None => job.write(dir)?,
        }
        watch.begin("files");
        manifest.cells = job.options.cells;
        kept =
            !args.bitstream && !as_core && manifest.keeps_bitstream(&args.out, dir, &job.target)?;
        manifest.standalone = job.power_on();
        if let (Some(power_on), Some(_)) = (manifest.standalone, &manifest.bitstream) {
            standalone::write(dir, &job.target, power_on)?;
        }
        let routed = manifest.bitstream.as_ref().map(BitstreamReport::routed);
        put(dir, "memory.svg", report::memory_svg(&job.design, &job.target, routed.as_ref()))?;
        put(dir, MANIFEST, json_text(&manifest)?)
    })?;
    progress.finish_and_clear();
    let mhz = job.target.board.as_ref().map_or(0.0, Board::mhz);
    let standalone = job.power_on().map(|power_on| Standalone::new(power_on, mhz));
    let summary = Summary {
        out: &args.out,
        target: &job.target.name,
        notes: &model.notes,
        retries: job.tries,
        clock: job.target.board.as_ref().map(Clock::of),
        kept,
        estimate: &job.estimate,
        chunk: job.design.width(),
        layers: hardware::layers(&job.design),
        jobs: report::jobs(&job.design),
        load_bytes: job.design.load_bytes(),
        standalone,
        asked_standalone: args.standalone,
        as_core,
        bitstream: manifest.bitstream.as_ref(),
        netlist: manifest.netlist.as_ref(),
        timings: args.timings.then(|| Timings::new(&watch, &Taken::default())),
    };
    ui.result(&summary, || {
        let timings = summary.timings.as_ref().map_or_else(String::new, Timings::text);
        text(&summary, &job.target) + &timings
    })
}

/// The phase of a step towards a bitstream; place and route says also with how many seeds.
fn phase(step: &str) -> &'static str {
    match step {
        "synthesis" => "synthesis",
        "pack" => "pack",
        _ => "place and route",
    }
}

/// What place and route aims at, in MHz.
fn freq(args: &Args, target: &Target) -> Result<f64> {
    let clock = target.board.as_ref().map_or(0.0, Board::mhz);
    if args.freq.is_some_and(|f| !(f > 0.0 && f.is_finite())) {
        return Err(Diagnostic::new(&codes::BAD_OPTION, "--freq takes a frequency above 0 MHz"));
    }
    let freq = args.freq.unwrap_or_else(|| clock.max(FREQ));
    if freq < clock {
        let message = format!("--freq {freq}: the clock of `{}` has {clock} MHz", target.name);
        return Err(Diagnostic::new(&codes::BAD_OPTION, message));
    }
    Ok(freq)
}

fn text(s: &Summary<'_>, target: &Target) -> String {
    let mut text = String::new();
    for note in s.notes {
        let _ = writeln!(text, "{}: {}", note.pass, note.text);
    }
    for reason in &s.estimate.reasons {
        let _ = writeln!(text, "{reason}");
    }
    for retry in &s.retries {
        let _ = writeln!(text, "{retry}");
    }
    let _ = write!(text, "\n{}\n", hardware::engines(&s.layers, &s.jobs));
    let family = target.device.family.spec();
    text += &resources(s, target);
    if let Some(clock) = &s.clock {
        text += &clock.text();
    }
    if let Some(standalone) = &s.standalone {
        text += &standalone.text(s.load_bytes);
    } else if s.asked_standalone {
        text += "\nthe bitstream holds all weights: ready after configuration, without a host";
    } else if s.load_bytes > 0 {
        let bytes = thousands(u64::from(s.load_bytes));
        let when = if s.as_core { "each reset" } else { "power-on" };
        let _ = write!(text, "\nweights.bin, {bytes} bytes, has to be loaded after {when}");
        if let Some(board) = &target.board {
            let seconds = f64::from(s.load_bytes) * board.byte_seconds();
            let line = if board.link.is_uart() { "the serial line" } else { "SPI" };
            let _ = write!(text, " ({seconds:.2} s over {line})");
        }
    }
    let _ = write!(text, "\nwritten to {}", s.out.display());
    let _ = match s.bitstream {
        Some(b) => {
            let kept = if s.kept { ", kept: the hardware is that of the build before" } else { "" };
            let bytes = thousands(b.bytes);
            let flash = s.standalone.as_ref().map_or("", |_| "; flash.bin has both");
            writeln!(text, "; bitstream {}, {bytes} bytes{kept}{flash}", family.bitstream)
        }
        None if s.as_core => writeln!(text, "; README.md says how to simulate and to use it"),
        None => match s.netlist {
            Some(n) => {
                let (ff, carry) = (thousands(n.ff), thousands(n.carry));
                writeln!(text, "; netlist flow/synth.v, {ff} flip-flops, {carry} carries")
            }
            None => writeln!(text, "; add --bitstream for a bitstream"),
        },
    };
    if target.device.family == Family::Xc7 {
        text += &vivado::remark(s, target);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::hardware::layers;
    use crate::flow::nextpnr::PnrReport;
    use crate::flow::yosys::CellReport;
    use crate::hw::{Design, Place, Stage};
    use crate::ir;
    use crate::target::{Family, Link, Pll};

    /// Every number another one; the clock named first is the fastest.
    fn report() -> BitstreamReport {
        let cells = br#"{"design": {"num_cells_by_type": {"SB_LUT4": 3704, "SB_DFFSR": 1500, "SB_CARRY": 700,
            "SB_RAM40_4K": 11, "SB_SPRAM256KA": 4, "SB_MAC16": 2}}}"#;
        let placed = br#"{"fmax": {"a": {"achieved": 90.0, "constraint": 12.0}, "b": {"achieved": 33.25, "constraint": 24.0}},
            "utilization": {"ICESTORM_LC": {"used": 4030, "available": 5280}, "ICESTORM_RAM": {"used": 12, "available": 30}}}"#;
        let (cells, placed) =
            (CellReport::parse(cells, Family::Ice40).unwrap(), PnrReport::parse(placed).unwrap());
        BitstreamReport::new(Family::Ice40, &cells, &placed, 104_090)
    }

    #[test]
    fn the_report_takes_each_number_from_where_it_belongs() {
        let b = report();
        assert_eq!((b.lut4, b.ff, b.ebr, b.spram, b.dsp), (3704, 1500, 11, 4, 2));
        assert_eq!((b.logic_cells, b.fmax_mhz, b.bytes), (4030, 33.25, 104_090));
    }

    fn layer(name: &str, of: [u32; 5], weights_in: &'static str) -> Layer {
        let [inputs, neurons, lanes, groups, accumulator_bits] = of;
        Layer {
            name: name.into(),
            inputs,
            neurons,
            planes: 1,
            lanes,
            groups,
            accumulator_bits,
            weights_in,
        }
    }

    #[test]
    fn each_column_has_its_own_number() {
        let target = target::load("icebreaker").unwrap();
        let estimate = Estimate {
            lut4: 3835,
            ebr: 10,
            spram: 3,
            dsp: 0,
            cycles: 1,
            stage_cycles: Vec::new(),
            memories: Vec::new(),
            reasons: Vec::new(),
            cells: 4000,
        };
        let built = report();
        let mut summary = Summary {
            out: Path::new("build/demo"),
            target: "icebreaker",
            notes: &[],
            retries: Vec::new(),
            clock: None,
            kept: false,
            jobs: Vec::new(),
            estimate: &estimate,
            chunk: 4,
            layers: vec![
                layer("fc1", [784, 256, 64, 4, 18], "SPRAM"),
                layer("out", [256, 10, 9, 2, 11], "EBR"),
            ],
            load_bytes: 25_088,
            standalone: None,
            asked_standalone: false,
            as_core: false,
            bitstream: Some(&built),
            netlist: None,
            timings: None,
        };
        let want = "
layer  inputs  neurons  lanes  groups  acc bits  weights in
fc1       784      256     64       4        18       SPRAM
out       256       10      9       2        11         EBR

             estimate  result  device
LUT4            3,835   3,704   5,280
logic cells     4,000   4,030   5,280
EBR                10      11      30
SPRAM               3       4       4
MHz                 -    33.2       -

weights.bin, 25,088 bytes, has to be loaded after power-on (0.25 s over the serial line)
written to build/demo; bitstream top.bin, 104,090 bytes
";
        assert_eq!(text(&summary, &target), want);
        let pll = Pll { reference: 1, feedback: 80, output: 32 };
        summary.clock = Some(Clock {
            mhz: 30.0,
            pin_mhz: 12.0,
            pll: Some(pll),
            baud: Some(6_000_000),
            spi_mhz: None,
        });
        (summary.load_bytes, summary.bitstream) = (0, None);
        let multiplied = Estimate { spram: 0, dsp: 2, ..estimate.clone() };
        summary.estimate = &multiplied;
        let text = text(&summary, &target);
        let clock = "clock 30 MHz (12 MHz / 1 × 80 / 32), serial line 6,000,000 baud\n";
        assert!(text.contains(clock), "{text}");
        assert!(text.contains("\nLUT4            3,835       -   5,280\n"), "{text}");
        assert!(text.contains("\nMHz                 -       -       -\n"), "{text}");
        // What there is none of has no line.
        assert!(text.contains("\nmultipliers         2       -       8\n"), "{text}");
        assert!(!text.contains("SPRAM   ") && !text.contains("weights.bin"), "{text}");
        assert!(
            text.ends_with("written to build/demo; add --bitstream for a bitstream\n"),
            "{text}"
        );
        summary.as_core = true;
        let text = super::text(&summary, &target);
        let end = "written to build/demo; README.md says how to simulate and to use it\n";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn a_clock_says_over_which_line() {
        let mut board = target::load("icebreaker").unwrap().board.unwrap();
        let of = |board: &Board| {
            let clock = Clock::of(board);
            (clock.baud, clock.spi_mhz, clock.text())
        };
        assert_eq!(of(&board), (Some(1_000_000), None, String::new()));
        board.link = Link::Spi;
        let spi = "\nclock 12 MHz, SPI at 15 MHz".to_owned();
        assert_eq!(of(&board), (None, Some(15.0), spi));
    }

    #[test]
    fn layers_are_named_with_their_folding() {
        let dense = |name: &str, planes, lanes, place| {
            Stage::Dense(hw::DenseStage {
                name: name.into(),
                weights: ir::BitMatrix::new(10, 20),
                planes,
                lanes,
                input_bits: 4,
                time_parallel: 1,
                acc_bits: 9,
                place,
                split: crate::hw::Split::None,
            })
        };
        let design = Design {
            name: "d".into(),
            timesteps: 1,
            input: hw::Input { count: 20, bits: 4, changes: false },
            stages: vec![
                dense("a", 1, 4, Place::Luts),
                Stage::Count(1),
                dense("b", 1, 5, Place::BlockRam),
                dense("c", 5, 10, Place::Spram),
            ],
            trace: false,
            shared: None,
            family: Family::Ice40,
            knobs: None,
        };
        let of = |l: &Layer| {
            (
                l.name.clone(),
                [l.inputs, l.neurons, l.planes, l.lanes, l.groups, l.accumulator_bits],
                l.weights_in,
            )
        };
        let found: Vec<_> = layers(&design).iter().map(of).collect();
        let want = [
            ("a", [20, 10, 1, 4, 3, 9], "LUTs"),
            ("b", [20, 10, 1, 5, 2, 9], "EBR"),
            ("c", [20, 2, 5, 10, 1, 9], "SPRAM"),
        ];
        assert_eq!(found, want.map(|(name, numbers, r#in)| (name.to_owned(), numbers, r#in)));
        let table = super::super::hardware::engines(&layers(&design), &[]);
        let neurons: Vec<_> =
            table.lines().skip(1).filter_map(|l| l.split_whitespace().nth(2)).collect();
        assert_eq!(neurons, ["10", "10", "2×5"]);
    }

    #[test]
    fn steps_of_the_tools_are_phases() {
        let steps = ["synthesis", "place and route", "place and route, 8 seeds", "pack"];
        let want = ["synthesis", "place and route", "place and route", "pack"];
        assert_eq!(steps.map(phase), want);
    }

    #[test]
    fn lanes_are_a_layer_and_a_number() {
        assert_eq!(lanes("fc1=16"), Ok(("fc1".to_owned(), 16)));
        for text in ["fc1", "fc1=", "fc1=0", "fc1=-1", "fc1=x"] {
            assert!(lanes(text).is_err(), "{text}");
        }
    }
}

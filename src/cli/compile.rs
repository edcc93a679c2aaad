// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire compile`: from a model to Verilog, and on to a bitstream.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::build::{BitstreamReport, MANIFEST, Manifest, TARGET};
use super::model::{Model, ModelArgs};
use super::output::{FIRST, put, replace};
use super::ui::{Ui, table, thousands};
use crate::diag::{Diagnostic, Result, codes};
use crate::emit::{self, RTL_DIR};
use crate::flow::nextpnr::{self, PnrJob};
use crate::flow::yosys::{self, SynthJob};
use crate::flow::{Tool, Toolbox, icestorm};
use crate::hw::{self, Design, Estimate, Place, Stage};
use crate::target::{self, Target};
use crate::{ir, report};

/// Compile a model to Verilog and, with --bitstream, to a bitstream.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire compile student.onnx --target icebreaker -o build/student
  synfire compile student.onnx --target icebreaker -o build/student --bitstream
  synfire compile student.onnx --target ice40up5k -o build/student --lanes fc1=16")]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// A built-in target (`synfire targets` lists them) or a .toml file.
    #[arg(long)]
    target: String,
    /// Output directory; an earlier result in it is replaced.
    #[arg(short, long)]
    out: PathBuf,
    /// Also synthesise, place, route and pack.
    #[arg(long)]
    bitstream: bool,
    /// Lanes of a dense layer, instead of what the cost model chooses.
    #[arg(long, value_name = "LAYER=N", value_parser = lanes)]
    lanes: Vec<(String, u32)>,
    /// Leave out the memory from which the host can read the spikes back.
    #[arg(long)]
    no_trace: bool,
    /// Clock that place and route aims at, in MHz.
    #[arg(long, default_value_t = 24.0)]
    freq: f64,
    /// Seed of the placement.
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

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
    estimate: &'a Estimate,
    layers: Vec<Layer>,
    load_bytes: u32,
    bitstream: Option<&'a BitstreamReport>,
}

#[derive(Serialize)]
struct Layer {
    name: String,
    inputs: u32,
    neurons: u32,
    lanes: u32,
    groups: u32,
    accumulator_bits: u32,
    weights_in: &'static str,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    let progress = ui.spinner("import");
    let target = target::load(&args.target)?;
    if args.bitstream && target.board.is_none() {
        let message = format!("`{}` is a bare device; a bitstream needs pins", target.name);
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .help("name a board, see `synfire targets`"));
    }
    if !(args.freq > 0.0 && args.freq.is_finite()) {
        return Err(Diagnostic::new(&codes::BAD_OPTION, "--freq takes a frequency above 0 MHz"));
    }
    let toolbox = args.bitstream.then(tools).transpose()?;
    let model = args.model.load()?;
    progress.set_message("fold");
    let lanes: BTreeMap<_, _> = args.lanes.iter().cloned().collect();
    let options = hw::Options { lanes, no_trace: args.no_trace };
    let (design, estimate) =
        hw::lower(&model.integer, &target, &options).map_err(|d| d.in_file(&args.model.model))?;
    let mut manifest = Manifest {
        synfire: env!("CARGO_PKG_VERSION").into(),
        model: args.model.model.file_name().unwrap_or_default().to_string_lossy().into(),
        target: target.name.clone(),
        lanes: options.lanes,
        no_trace: args.no_trace,
        bitstream: None,
    };
    let inputs = [&*args.model.model, Path::new(&args.target)];
    replace(&args.out, &inputs, |dir| {
        write(dir, &model, &design, &target)?;
        if let Some(toolbox) = &toolbox {
            let progress = |step: &str| progress.set_message(step.to_owned());
            manifest.bitstream =
                Some(bitstream(dir, &target, &estimate, args, toolbox, &progress)?);
        }
        put(dir, MANIFEST, json(&manifest)?)
    })?;
    progress.finish_and_clear();
    let summary = Summary {
        out: &args.out,
        target: &target.name,
        notes: &model.notes,
        estimate: &estimate,
        layers: layers(&design),
        load_bytes: design.load_bytes(),
        bitstream: manifest.bitstream.as_ref(),
    };
    ui.result(&summary, || text(&summary, &target))
}

/// The tools for a bitstream. Asked for before the first step, as synthesis takes a minute.
fn tools() -> Result<Toolbox> {
    let toolbox = Toolbox::discover();
    for tool in [Tool::Yosys, Tool::NextpnrIce40, Tool::Icepack] {
        toolbox.require(tool)?;
    }
    Ok(toolbox)
}

fn json(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value);
    text.map(|t| t + "\n").map_err(|e| Diagnostic::internal("compile", e.to_string()))
}

fn write(dir: &Path, model: &Model, design: &Design, target: &Target) -> Result<()> {
    put(dir, FIRST, ir::print(&model.real)?)?;
    put(dir, "integer.sfir", ir::print(&model.integer)?)?;
    put(dir, TARGET, json(target)?)?;
    put(dir, "hardware.svg", report::svg(&model.integer, Some(design))?)?;
    put(dir, "memory.svg", report::memory_svg(design, target))?;
    for file in emit::emit(design, target)? {
        put(dir, &file.path, file.contents)?;
    }
    Ok(())
}

fn bitstream(
    dir: &Path,
    target: &Target,
    estimate: &Estimate,
    args: &Args,
    toolbox: &Toolbox,
    progress: &dyn Fn(&str),
) -> Result<BitstreamReport> {
    let (rtl, flow) = (dir.join(RTL_DIR), dir.join("flow"));
    crate::flow::process::create_dir(&flow)?;
    let package = target.board.as_ref().map(|b| b.package.clone()).unwrap_or_default();
    let mut sources: Vec<PathBuf> = emit::HDL.iter().map(|(name, _)| rtl.join(name)).collect();
    sources.extend([rtl.join("sf_core.v"), rtl.join("top.v")]);
    progress("synthesis");
    let synthesis = yosys::synth_ice40(
        toolbox,
        &SynthJob {
            dir: flow.clone(),
            sources,
            includes: Vec::new(),
            defines: Vec::new(),
            top: "top".into(),
            device: target.device.tools.yosys_device.clone(),
            spram: estimate.spram > 0,
        },
    )?;
    let job = PnrJob {
        dir: flow,
        json: synthesis.json,
        device: target.device.tools.nextpnr_device.clone(),
        package,
        pcf: Some(dir.join("pins.pcf")),
        freq_mhz: args.freq,
        seed: args.seed,
    };
    let placed = nextpnr::place_route(toolbox, &job, progress)?;
    placed.report.check_timing()?;
    progress("pack");
    let bin = dir.join("top.bin");
    icestorm::pack(toolbox, &placed.asc, &bin)?;
    let cells = synthesis.cells;
    Ok(BitstreamReport {
        lut4: cells.lut4,
        ff: cells.ff,
        ebr: cells.ebr,
        spram: cells.spram,
        dsp: cells.dsp,
        logic_cells: placed.report.logic_cells().used,
        fmax_mhz: placed.report.fmax_mhz().unwrap_or(0.0),
        bytes: bin.metadata().map_or(0, |m| m.len()),
    })
}

fn layers(design: &Design) -> Vec<Layer> {
    let layer = |d: &hw::DenseStage| Layer {
        name: d.name.clone(),
        inputs: d.inputs(),
        neurons: d.outputs(),
        lanes: d.lanes,
        groups: d.groups(),
        accumulator_bits: d.acc_bits,
        weights_in: match d.place {
            Place::Luts => "LUTs",
            Place::BlockRam => "EBR",
            Place::Spram => "SPRAM",
        },
    };
    design
        .stages
        .iter()
        .filter_map(|s| if let Stage::Dense(d) = s { Some(layer(d)) } else { None })
        .collect()
}

fn text(s: &Summary<'_>, target: &Target) -> String {
    let mut text = String::new();
    for note in s.notes {
        let _ = writeln!(text, "{}: {}", note.pass, note.text);
    }
    let head = ["layer", "inputs", "neurons", "lanes", "groups", "acc bits", "weights in"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for l in &s.layers {
        rows.push(vec![
            l.name.clone(),
            l.inputs.to_string(),
            l.neurons.to_string(),
            l.lanes.to_string(),
            l.groups.to_string(),
            l.accumulator_bits.to_string(),
            l.weights_in.to_owned(),
        ]);
    }
    let _ = write!(text, "\n{}\n", table(&rows));
    let have = target.device.resources;
    let mut rows = vec![["", "estimate", "result", "device"].map(str::to_owned).to_vec()];
    let result = |f: &dyn Fn(&BitstreamReport) -> String| s.bitstream.map_or_else(|| "-".into(), f);
    let count = |n: u32| thousands(u64::from(n));
    rows.push(vec![
        "LUT4".into(),
        count(s.estimate.lut4),
        result(&|b| thousands(b.lut4)),
        count(have.lut4),
    ]);
    rows.push(vec![
        "logic cells".into(),
        "-".into(),
        result(&|b| thousands(b.logic_cells)),
        count(have.lut4),
    ]);
    rows.push(vec![
        "EBR".into(),
        count(s.estimate.ebr),
        result(&|b| thousands(b.ebr)),
        count(have.ebr),
    ]);
    if s.estimate.spram > 0 {
        rows.push(vec![
            "SPRAM".into(),
            count(s.estimate.spram),
            result(&|b| thousands(b.spram)),
            count(have.spram),
        ]);
    }
    rows.push(vec![
        "MHz".into(),
        "-".into(),
        result(&|b| format!("{:.1}", b.fmax_mhz)),
        "-".into(),
    ]);
    text += &table(&rows);
    if s.load_bytes > 0 {
        let bytes = thousands(u64::from(s.load_bytes));
        let _ = write!(text, "\nweights.bin, {bytes} bytes, has to be loaded after power-on");
        if let Some(board) = &target.board {
            // A byte is ten bits on the line.
            let seconds = f64::from(s.load_bytes) * 10.0 / f64::from(board.uart_baud.max(1));
            let _ = write!(text, " ({seconds:.2} s over the serial line)");
        }
    }
    let _ = write!(text, "\nwritten to {}", s.out.display());
    let _ = match s.bitstream {
        Some(b) => writeln!(text, "; bitstream top.bin, {} bytes", thousands(b.bytes)),
        None => writeln!(text, "; add --bitstream for a bitstream"),
    };
    text
}

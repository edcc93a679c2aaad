// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire energy`: what one inference costs.

use std::path::PathBuf;

use serde::Serialize;

use super::build::Build;
use super::cut::CutArgs;
use super::inputs::DataArgs;
use super::ui::Ui;
use crate::diag::{Diagnostic, Result, codes};
use crate::energy::{self, IoTiming, Literature, Report, SpikeCounter};
use crate::hw::{self, Design, Kept};
use crate::ir::Graph;
use crate::pass;
use crate::sim::{MeanActivity, NoProbe, Sim};
use crate::target::Target;

/// Estimate the energy of one inference, from simulated activity.
///
/// Two figures that must not be mixed: the literature's (operations times 45 nm energies,
/// to compare with papers) and the device's (activity times the target's table, with its
/// uncertainty carried to the result).
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire energy build/student --images images.gz
  synfire energy build/student --images images.gz --count 100 --clock 24 --json")]
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
    /// Core clock in MHz, instead of the board's; at most what place and route reached.
    #[arg(long)]
    clock: Option<f64>,
}

/// What is printed.
#[derive(Serialize)]
struct Figures {
    literature: Literature,
    device: Report,
    /// What place and route reached; none for a build without a bitstream, of which nobody knows
    /// how fast it is.
    routed_mhz: Option<f64>,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    let build = Build::open(&args.build)?;
    let io = io(&build.design, &build.target, args.clock)?;
    let routed_mhz = build.manifest.bitstream.as_ref().map(|b| b.fmax_mhz);
    reached(io.clock_mhz, routed_mhz)?;
    let (inputs, kept) =
        args.cuts.behind(&build, args.stop_early, args.data.load(&build.integer)?)?;
    // Of an inference that may stop early nobody knows yet what is left of it.
    let fixed = kept.filter(|kept| !kept.may_stop);
    let left = fixed.map(|kept| left(&build, &kept)).transpose()?;
    let (graph, design) = left.as_ref().map_or((&build.integer, &build.design), |(g, d)| (g, d));
    let count = args.data.count.unwrap_or(usize::MAX).min(inputs.len());
    let bar = ui.bar("simulate", count);
    let sim = Sim::new(&build.design);
    let mut mean = MeanActivity::default();
    let mut spikes = SpikeCounter::new(graph, design)?;
    let alone = left.is_some().then(|| Sim::new(design));
    for input in inputs.first(count) {
        // The papers' figure is that of the network that is left.
        let levels = input.get(build.design.header_bytes()..).unwrap_or_default();
        mean.add(&match &alone {
            None => sim.run(input, &[], &mut spikes)?.activity,
            Some(alone) => {
                alone.run(levels, &[], &mut spikes)?;
                sim.run(input, &[], &mut NoProbe)?.activity
            }
        });
        spikes.end(levels);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let mut device = energy::device(&build.design, &build.target, &mean, io)?;
    device.likely = Some(energy::likely(&build.design, &build.target, &mean, io)?);
    let figures =
        Figures { literature: energy::literature(graph, &spikes.mean())?, device, routed_mhz };
    let unknown = args.clock.filter(|_| routed_mhz.is_none());
    ui.result(&args.data.with(&figures), || {
        let remark = args.data.remark(inputs.len());
        let device = marked(figures.device.to_string(), unknown);
        format!("{}\n{device}{remark}", figures.literature)
    })
}

/// The network that is left of a build with knobs, and hardware for it alone.
fn left(build: &Build, kept: &Kept) -> Result<(Graph, Design)> {
    let members = build.design.knobs.map_or(1, |k| k.members);
    let graph = pass::left(&build.integer, kept.timesteps, &kept.members, members)?;
    let (design, _) = hw::lower(&graph, &build.target, &hw::Options::default())?;
    Ok((graph, design))
}

/// The figures of a device; with a mark in every line if nobody knows whether it reaches the clock
/// that they are for.
fn marked(figures: String, unknown_mhz: Option<f64>) -> String {
    let Some(mhz) = unknown_mhz else { return figures };
    let lines: String = figures.lines().map(|line| format!("? {line}\n")).collect();
    lines
        + &format!(
            "\n? whether the hardware reaches {mhz} MHz is not known: it was not placed and routed (compile --bitstream)\n"
        )
}

/// Refuses a clock at which the hardware does not work.
fn reached(clock_mhz: f64, routed_mhz: Option<f64>) -> Result<()> {
    match routed_mhz {
        Some(most) if clock_mhz > most => {
            let message = format!(
                "--clock {clock_mhz}: place and route reached {most:.1} MHz, so there is no energy at that clock"
            );
            Err(Diagnostic::new(&codes::BAD_OPTION, message)
                .help("name a lower clock, or compile with a higher --freq"))
        }
        _ => Ok(()),
    }
}

/// Clock and serial line: the board's, or the core alone at `--clock`.
fn io(design: &Design, target: &Target, clock: Option<f64>) -> Result<IoTiming> {
    if clock.is_some_and(|mhz| !(mhz > 0.0 && mhz.is_finite())) {
        return Err(Diagnostic::new(&codes::BAD_OPTION, "--clock takes a frequency above 0 MHz"));
    }
    match (&target.board, clock) {
        (Some(board), mhz) => Ok(IoTiming::on(design, board, mhz.unwrap_or(board.mhz()))),
        (None, Some(mhz)) => Ok(IoTiming::none(mhz)),
        (None, None) => {
            let message = format!("`{}` is a bare device and has no clock of its own", target.name);
            Err(Diagnostic::new(&codes::BAD_OPTION, message).help("give --clock MHZ"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::{Input, ReadoutStage, Stage};
    use crate::target;

    fn design() -> Design {
        let readout = ReadoutStage {
            name: "out".into(),
            input_bits: 2,
            gain: vec![1; 10],
            offset: vec![0; 10],
            gain_bits: 1,
            offset_bits: 1,
            logit_bits: 3,
            block: false,
            steps: 1,
            members: 1,
            margins: Vec::new(),
        };
        Design {
            shared: None,
            family: crate::target::Family::Ice40,
            name: "d".into(),
            timesteps: 1,
            input: Input { count: 784, bits: 8, changes: false },
            stages: vec![Stage::Readout(readout)],
            trace: false,
            knobs: None,
        }
    }

    /// Clock, cycles a byte, bytes of request and response.
    fn line(target: &str, clock: Option<f64>) -> Result<(f64, f64, u32, u32)> {
        let io = io(&design(), &target::load(target)?, clock)?;
        Ok((io.clock_mhz, io.cycles_per_byte, io.request_bytes, io.response_bytes))
    }

    #[test]
    fn every_line_of_an_unknown_clock_has_a_mark() {
        let figures = "core 3\n  phases\n".to_owned();
        assert_eq!(marked(figures.clone(), None), figures);
        let text = marked(figures, Some(200.0));
        assert!(text.starts_with("? core 3\n?   phases\n\n? whether the hardware reaches 200 MHz"));
    }

    #[test]
    fn no_clock_is_above_what_was_reached() {
        assert!(reached(33.25, Some(33.25)).is_ok() && reached(200.0, None).is_ok());
        let refused = reached(33.3, Some(33.25)).unwrap_err();
        assert_eq!(refused.code.id, "SF0003");
        assert!(refused.message.contains("33.2"), "{refused}");
    }

    #[test]
    fn the_clock_asked_for_goes_before_the_boards() {
        // 784 + 5 + 784/254 bytes there, 2·(41 + 3) + 2 back.
        assert_eq!(line("icebreaker", None).unwrap(), (12.0, 120.0, 792, 90));
        assert_eq!(line("icebreaker", Some(24.0)).unwrap(), (24.0, 240.0, 792, 90));
        assert_eq!(line("ice40up5k", Some(24.0)).unwrap(), (24.0, 0.0, 0, 0));
        assert_eq!(line("ice40up5k", None).unwrap_err().code.id, "SF0003");
        for clock in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(line("icebreaker", Some(clock)).is_err(), "{clock}");
        }
    }
}

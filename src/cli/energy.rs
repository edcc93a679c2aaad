// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire energy`: what one inference costs.

use std::path::PathBuf;

use serde::Serialize;

use super::build::Build;
use super::inputs::DataArgs;
use super::ui::Ui;
use crate::diag::{Diagnostic, Result, codes};
use crate::energy::{self, IoTiming, Literature, Report, SpikeCounter};
use crate::hw::Design;
use crate::sim::{MeanActivity, Sim};
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
    /// Core clock in MHz, instead of the board's.
    #[arg(long)]
    clock: Option<f64>,
}

/// What is printed.
#[derive(Serialize)]
struct Figures {
    literature: Literature,
    device: Report,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    let build = Build::open(&args.build)?;
    let io = io(&build.design, &build.target, args.clock)?;
    let inputs = args.data.load(&build.integer)?;
    let count = args.data.count.unwrap_or(usize::MAX).min(inputs.len());
    let bar = ui.bar("simulate", count);
    let sim = Sim::new(&build.design);
    let mut mean = MeanActivity::default();
    let mut spikes = SpikeCounter::new(&build.integer, &build.design)?;
    for input in inputs.first(count) {
        mean.add(&sim.run(input, &[], &mut spikes)?.activity);
        spikes.end(input);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let figures = Figures {
        literature: energy::literature(&build.integer, &spikes.mean())?,
        device: energy::device(&build.design, &build.target, &mean, io)?,
    };
    ui.result(&figures, || format!("{}\n{}", figures.literature, figures.device))
}

/// Clock and serial line: the board's, or the core alone at `--clock`.
fn io(design: &Design, target: &Target, clock: Option<f64>) -> Result<IoTiming> {
    if clock.is_some_and(|mhz| !(mhz > 0.0 && mhz.is_finite())) {
        return Err(Diagnostic::new(&codes::BAD_OPTION, "--clock takes a frequency above 0 MHz"));
    }
    match (&target.board, clock) {
        (Some(board), mhz) => {
            Ok(IoTiming::serial(design, mhz.unwrap_or(board.clock_mhz), board.uart_baud))
        }
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
        };
        Design {
            shared: None,
            family: crate::target::Family::Ice40,
            name: "d".into(),
            timesteps: 1,
            input: Input { count: 784, bits: 8, changes: false },
            stages: vec![Stage::Readout(readout)],
            trace: false,
        }
    }

    /// Clock, cycles a byte, bytes of request and response.
    fn line(target: &str, clock: Option<f64>) -> Result<(f64, f64, u32, u32)> {
        let io = io(&design(), &target::load(target)?, clock)?;
        Ok((io.clock_mhz, io.cycles_per_byte, io.request_bytes, io.response_bytes))
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

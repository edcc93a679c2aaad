// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `compile --knobs`: what requests may leave out, and when the class is settled.

use std::path::{Path, PathBuf};

use crate::cli::inputs::DataArgs;
use crate::cli::model::{Model, ModelArgs};
use crate::cli::objective::ObjectiveArgs;
use crate::cli::simulate::processors;
use crate::cli::timings::Stopwatch;
use crate::cli::ui::Ui;
use crate::diag::{Diagnostic, Result, codes};
use crate::hw;
use crate::pass::{self, Note};
use crate::tune::{self, Early, Margin, Work};

/// Options about what requests may leave out.
#[derive(clap::Args, Clone, Default)]
pub(super) struct KnobArgs {
    /// Let a request leave out the last timesteps, and members of an ensemble: it says so in its
    /// first bytes. A chain of dense layers can.
    #[arg(long)]
    pub(super) knobs: bool,
    /// With --knobs: a request may also leave out members that come after those by which the class
    /// is settled. `lossless`: those that cannot change it; `calibrated`: with a margin that
    /// --calibration chooses; or margins, after each member but the last, in units of a logit.
    #[arg(long, value_name = "lossless|calibrated|N,…", requires = "knobs", value_parser = stop)]
    stop: Option<Stop>,
    /// Labels of the --calibration inputs, which choose a margin.
    #[arg(long, value_name = "PATH", requires = "calibration")]
    calibration_labels: Option<PathBuf>,
    /// Use the first N of them [default: all].
    #[arg(long, value_name = "N", requires = "calibration")]
    calibration_count: Option<usize>,
    /// Percentage points that `--stop calibrated` may lose.
    #[arg(long, value_name = "POINTS", default_value_t = 0.5)]
    accuracy_budget: f64,
}

#[derive(Clone, Debug)]
enum Stop {
    Lossless,
    Calibrated,
    Margins(Vec<i64>),
}

fn stop(text: &str) -> std::result::Result<Stop, String> {
    let margin = |m: &str| m.trim().parse().ok().filter(|m: &i64| *m >= 0);
    let wrong = || "`lossless`, `calibrated`, or numbers from 0 with , between".to_owned();
    match text {
        "lossless" => Ok(Stop::Lossless),
        "calibrated" => Ok(Stop::Calibrated),
        _ => {
            text.split(',').map(margin).collect::<Option<_>>().map(Stop::Margins).ok_or_else(wrong)
        }
    }
}

/// What a design's requests may leave out.
#[derive(Default)]
pub(super) struct Asked {
    /// Members of the ensemble, 1 without one; none: they leave out nothing.
    pub(super) members: Option<u32>,
    pub(super) stop: Option<hw::Stop>,
}

impl KnobArgs {
    /// The model as it is to be built, with a margin if one is to be chosen.
    pub(super) fn load(
        &self,
        model: &ModelArgs,
        hls: bool,
        objective: &ObjectiveArgs,
        watch: &Stopwatch,
        ui: Ui,
    ) -> Result<(Model, Asked)> {
        if !self.knobs {
            return Ok((model.load_timed(watch)?, Asked::default()));
        }
        if hls {
            let message = "--knobs: the C++ leaves nothing out at run time";
            return Err(
                Diagnostic::new(&codes::BAD_OPTION, message).help("leave --hls or --knobs out")
            );
        }
        // Members are of one size: no neuron goes.
        let mut model = model.clone().with_every_neuron().load_timed(watch)?;
        let notes = pass::run(&mut model.integer, pass::FOR_KNOBS, &pass::Options::default())?;
        model.notes.extend(notes);
        let members = pass::ensemble(&model.real)?.map_or(1, |e| e.ends.len() as u32);
        let stop = match &self.stop {
            None => None,
            Some(Stop::Lossless) => Some(hw::Stop::Lossless),
            Some(Stop::Margins(margins)) if margins.len() as u32 + 1 != members => {
                let message = format!("--stop: {} margins for {members} members", margins.len());
                return Err(Diagnostic::new(&codes::BAD_OPTION, message)
                    .help("one after each member but the last"));
            }
            Some(Stop::Margins(margins)) => Some(hw::Stop::Margins(margins.clone())),
            Some(Stop::Calibrated) => {
                let margin = self.calibrate(&model, members, objective.calibration(), ui)?;
                let text = note(&margin, members, self.accuracy_budget);
                model.notes.push(Note { pass: "stop", text });
                Some(hw::Stop::Margins(vec![margin.margin; members as usize - 1]))
            }
        };
        Ok((model, Asked { members: Some(members), stop }))
    }

    fn calibrate(
        &self,
        model: &Model,
        members: u32,
        calibration: Option<&Path>,
        ui: Ui,
    ) -> Result<Margin> {
        let refused = |message: &str, help: &str| {
            Err(Diagnostic::new(&codes::BAD_OPTION, message).help(help))
        };
        if members == 1 {
            return refused("--stop: the model has no members", "leave --stop out");
        }
        if !(0.0..=100.0).contains(&self.accuracy_budget) {
            return refused("--accuracy-budget takes 0 to 100 points", "0.5, say");
        }
        let (Some(images), Some(labels)) = (calibration, &self.calibration_labels) else {
            return refused(
                "--stop calibrated: nothing chooses the margin",
                "give --calibration IMAGES --calibration-labels LABELS: other ones than those whose accuracy is reported later",
            );
        };
        let data = DataArgs::first(None, 1).of(images, Some(labels), self.calibration_count);
        let samples = data.samples(&model.integer)?;
        let count = self.calibration_count.unwrap_or(usize::MAX).min(samples.len());
        let classes = model.integer.node(model.integer.output()?).stream.len();
        if count < 10 * classes {
            let message = format!("--stop calibrated: {count} inputs for {classes} classes");
            return refused(&message, "ten for each class are the least that say anything");
        }
        let all: Vec<u32> = (0..members).collect();
        let early = Early::new(&model.integer, model.integer.timesteps, &all, members)?;
        let bar = ui.bar("calibrate", count);
        let work = Work { threads: processors().into(), tick: &|| bar.inc(1) };
        let places: Vec<usize> = (0..count).collect();
        let budget = self.accuracy_budget / 100.0;
        let margin = tune::calibrate(&early, &samples, &places, budget, &work);
        bar.finish_and_clear();
        margin
    }
}

fn note(m: &Margin, members: u32, budget: f64) -> String {
    let points = |v: f64| format!("{:+.2}", 100.0 * v);
    format!(
        "a lead of more than {} settles the class: {:.2} of {members} members run on average, {} points ({} to {}, budget {budget}) on {} inputs that chose it",
        m.margin,
        m.members,
        points(m.gain.value),
        points(m.gain.low),
        points(m.gain.high),
        m.samples,
    )
}

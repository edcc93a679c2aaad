// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What of a configuration does not go together.

use synfire::diag::{Diagnostic, Result, codes};
use toml::{Table, Value};

use super::{Config, Members, Optimiser, Phase, Teacher};
use crate::loss::{Objective, Term};
use crate::nn::Extent;
use crate::rule::Rule;
use crate::train::members_of;

pub(super) fn check(config: &Config) -> Result<()> {
    let student = &config.student;
    if !(1..=1024).contains(&student.timesteps) {
        return Err(wrong("student.timesteps", "must be 1 to 1024"));
    }
    if student.phases.is_empty() {
        return Err(wrong("student.phases", "there is no phase of training"));
    }
    let network = student.network(NOTHING, 1);
    check_binary(&student.phases, network.has_binary(), "student.phases")?;
    check_members(&student.members, members_of(&network))?;
    for (i, phase) in student.phases.iter().enumerate() {
        let place = format!("student.phases[{i}]");
        check_phase(phase, &place)?;
        let asks = phase.objective.terms.iter().any(|w| w.term.needs_teacher());
        if asks && config.teacher.is_none() {
            return Err(wrong(&place, "a loss asks for a teacher, and there is none"));
        }
        if matches!(phase.rule, Rule::Sltt { .. })
            && phase.objective.terms.iter().any(|w| !w.term.is_per_step())
        {
            return Err(wrong(
                &place,
                "SLTT propagates every timestep back alone: each loss must be one of single timesteps (over = \"steps\")",
            ));
        }
    }
    if let Some(hybrid) = &student.hybrid {
        if config.teacher.is_none() {
            return Err(wrong("student.hybrid", "hybrids need a teacher"));
        }
        check_objective(&hybrid.objective, "student.hybrid.objective")?;
    }
    config.teacher.as_ref().map_or(Ok(()), check_teacher)
}

/// A network whose input does not matter has the layers of any input.
const NOTHING: Extent = Extent(1, 1, 1);

/// A network has one bit a weight at its end, or never.
fn check_binary(phases: &[Phase], has_binary: bool, place: &str) -> Result<()> {
    let ends_real = phases.last().is_some_and(|p| !p.binary);
    if has_binary && ends_real && phases.iter().any(|p| p.binary) {
        return Err(wrong(
            place,
            "an earlier phase computes with one bit, the last one with latent weights: which network is it? Let the last phase be binary, or none",
        ));
    }
    Ok(())
}

fn check_members(members: &Members, count: usize) -> Result<()> {
    let place = "student.members";
    match members {
        Members::All => Ok(()),
        _ if count == 0 => Err(wrong(place, "the student is no ensemble")),
        Members::Dropout => Ok(()),
        Members::Only(on) if on.is_empty() => Err(wrong(place, "no member is left")),
        Members::Only(on) => match on.iter().find(|m| **m >= count) {
            Some(m) => {
                Err(wrong(place, &format!("there is no member {m}: the student has {count}")))
            }
            None => Ok(()),
        },
    }
}

fn check_teacher(teacher: &Teacher) -> Result<()> {
    match (&teacher.run, &teacher.model) {
        (Some(_), Some(_)) => {
            return Err(wrong("teacher", "is either taken from a run or trained (model)"));
        }
        (None, None) => return Err(wrong("teacher", "needs a run or a model")),
        (None, Some(_)) if teacher.phases.is_empty() => {
            return Err(wrong("teacher.phases", "there is no phase of training"));
        }
        _ => {}
    }
    if !(1..=1024).contains(&teacher.timesteps) {
        return Err(wrong("teacher.timesteps", "must be 1 to 1024"));
    }
    let has_binary = teacher.network(NOTHING, 1).is_some_and(|n| n.has_binary());
    check_binary(&teacher.phases, has_binary, "teacher.phases")?;
    for (i, phase) in teacher.phases.iter().enumerate() {
        let place = format!("teacher.phases[{i}]");
        check_phase(phase, &place)?;
        if phase.objective.terms.iter().any(|w| w.term.needs_teacher()) {
            return Err(wrong(&place, "a teacher has no teacher"));
        }
    }
    Ok(())
}

fn check_phase(phase: &Phase, place: &str) -> Result<()> {
    if phase.batch < 2 {
        return Err(wrong(&format!("{place}.batch"), "must be at least 2 for batch statistics"));
    }
    let (rate, decay, momentum) = match phase.optimiser {
        Optimiser::Sgd { rate, momentum, decay } => (rate, decay, momentum),
        Optimiser::Adam { rate, decay } => (rate, decay, 0.0),
    };
    // Single precision does not hold what larger ones make of weights.
    if !(rate > 0.0 && rate <= 100.0) {
        return Err(wrong(&format!("{place}.optimiser.rate"), "must be above 0, and at most 100"));
    }
    if !((0.0..1.0).contains(&decay) && (0.0..1.0).contains(&momentum)) {
        return Err(wrong(
            &format!("{place}.optimiser"),
            "momentum and decay must be at least 0 and below 1",
        ));
    }
    check_objective(&phase.objective, &format!("{place}.objective"))
}

fn check_objective(objective: &Objective, place: &str) -> Result<()> {
    if objective.terms.is_empty() {
        return Err(wrong(place, "there is no loss"));
    }
    for (i, weighted) in objective.terms.iter().enumerate() {
        let (key, is_good) = match &weighted.term {
            _ if !weighted.weight.is_finite() => ("weight", false),
            Term::Label { smoothing, .. } => ("smoothing", (0.0..=1.0).contains(smoothing)),
            Term::Noisy { noise, .. } if !(0.0..=1.0).contains(noise) => ("noise", false),
            Term::Teacher { temperature, .. }
            | Term::Attention { temperature, .. }
            | Term::Noisy { temperature, .. }
            | Term::Entropy { temperature }
            | Term::OwnSteps { temperature } => {
                ("temperature", temperature.is_finite() && *temperature > 0.0)
            }
            Term::Level | Term::Feature | Term::Unlike { .. } => continue,
        };
        if !is_good {
            let what = match key {
                "temperature" => "must be above 0",
                "weight" => "must be a finite number",
                _ => "must be 0 to 1",
            };
            return Err(wrong(&format!("{place}[{i}].{key}"), what));
        }
    }
    Ok(())
}

/// Refuses layers of a teacher that do not say what their weights are: a student's would have
/// one bit.
pub(super) fn says_weights(text: &str) -> Result<()> {
    let read = text.parse::<Table>().map_err(|e| wrong("", e.message()))?;
    let stages = read.get("teacher").and_then(|t| t.get("model")?.get("stages"));
    stages.map_or(Ok(()), |stages| said(stages, "teacher.model.stages"))
}

fn said(value: &Value, place: &str) -> Result<()> {
    match value {
        Value::Array(all) => {
            all.iter().enumerate().try_for_each(|(i, v)| said(v, &format!("{place}[{i}]")))
        }
        Value::Table(table) => {
            let layer = table.get("layer").and_then(Value::as_str);
            if matches!(layer, Some("linear" | "conv")) && !table.contains_key("weights") {
                return Err(wrong(
                    &format!("{place}.weights"),
                    "a teacher's layer has to say it: \"real\", \"binary-layer\" or \"binary-channel\"",
                ));
            }
            table.iter().try_for_each(|(key, v)| said(v, &format!("{place}.{key}")))
        }
        _ => Ok(()),
    }
}

/// Refuses keys that a configuration has and nobody read: those that are not written
/// again. (serde cannot refuse them where a table is spread over its parent.)
pub(super) fn unknown(text: &str, known: &str) -> Result<()> {
    let read = |t: &str| t.parse::<Table>().map(Value::Table).map_err(|e| wrong("", e.message()));
    compare(&read(text)?, &read(known)?, "")
}

fn compare(given: &Value, known: &Value, place: &str) -> Result<()> {
    match (given, known) {
        (Value::Table(given), Value::Table(known)) => given.iter().try_for_each(|(key, value)| {
            let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            match known.get(key) {
                Some(same) => compare(value, same, &place),
                None => Err(wrong(&place, "there is no such key")),
            }
        }),
        (Value::Array(given), Value::Array(known)) => given
            .iter()
            .zip(known)
            .enumerate()
            .try_for_each(|(i, (a, b))| compare(a, b, &format!("{place}[{i}]"))),
        _ => Ok(()),
    }
}

fn wrong(place: &str, what: &str) -> Box<Diagnostic> {
    Diagnostic::new(&codes::TRAIN_CONFIG, what)
        .at(place)
        .help("docs/training.md lists every key; distill/recipes has examples")
}

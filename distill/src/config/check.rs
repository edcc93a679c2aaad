// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What of a configuration does not go together.

use synfire::diag::{Diagnostic, Result, codes};
use toml::{Table, Value};

use super::{Config, Phase, Teacher};
use crate::rule::Rule;

pub(super) fn check(config: &Config) -> Result<()> {
    let student = &config.student;
    if !(1..=1024).contains(&student.timesteps) {
        return Err(wrong("student.timesteps", "must be 1 to 1024"));
    }
    if student.phases.is_empty() {
        return Err(wrong("student.phases", "there is no phase of training"));
    }
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
    if student.hybrid.is_some() && config.teacher.is_none() {
        return Err(wrong("student.hybrid", "hybrids need a teacher"));
    }
    config.teacher.as_ref().map_or(Ok(()), check_teacher)
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
    let rate = phase.optimiser.rate();
    if !(rate.is_finite() && rate > 0.0) {
        return Err(wrong(&format!("{place}.optimiser.rate"), "must be above 0"));
    }
    if phase.objective.terms.is_empty() {
        return Err(wrong(&format!("{place}.objective"), "there is no loss"));
    }
    Ok(())
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

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Leaky integrate-and-fire neurons, unrolled over the timesteps.
//!
//! snnTorch writes, with the reset decided by the membrane of the step before,
//!
//! ```text
//! reset = (mem − thr > 0);  mem = clip(β,0,1)·mem + I − reset·thr;  spk = (mem − thr > 0)
//! ```
//!
//! which is reset by subtraction after the leak; with `(1 − reset)·mem` it resets to
//! zero. Others subtract before the leak. What tells them apart are the coefficients of
//! the update as a sum (see `recurrence`).

use super::affine::Atom;
use super::coeff::Coeff;
use super::recurrence::{self, Step};
use super::{Effect, Found, Hint, Lift as Lifting, Pattern, Stream};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{self, Op, Reset};

/// Comparisons of a leaking membrane with a threshold.
pub(super) struct Lif;

impl Pattern for Lif {
    fn name(&self) -> &'static str {
        "lif"
    }

    fn find(&self, lift: &Lifting<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        for chain in recurrence::chains(lift, stream) {
            let Some(last) = chain.last() else { continue };
            if !stream.is_static && chain.len() != stream.steps.len() {
                let message = format!(
                    "this neuron can be followed for {} of {} timesteps only",
                    chain.len(),
                    stream.steps.len()
                );
                return Err(unlike(lift, last, message));
            }
            found.push(Found {
                effect: neuron(lift, &chain)?,
                steps: chain.iter().map(|s| s.fires).collect(),
                is_static: false,
                taken: recurrence::taken(&chain),
            });
        }
        Ok(found)
    }
}

fn unlike(lift: &Lifting<'_>, step: &Step, message: impl Into<String>) -> Box<Diagnostic> {
    lift.error(step.fires, &codes::LIFT_NEURON, message).help(
        "supported is u[t] = λ u[t-1] + g x[t] + b with the reset by subtraction, to zero, or none, the same at every timestep",
    )
}

fn baked(lift: &Lifting<'_>, step: &Step) -> Box<Diagnostic> {
    lift.error(
        step.fires,
        &codes::LIFT_STATE,
        "the membrane does not start at zero: its first timestep contains a state from the export",
    )
    .help("do not use `init_hidden=True`; pass the membrane through `forward`, start it at zero, and export all timesteps")
}

/// One update, told apart: `u = leak·u' + gain·i + bias + reset`.
struct Update {
    leak: Coeff,
    gain: Coeff,
    bias: Coeff,
    reset: Reset,
}

fn neuron(lift: &Lifting<'_>, chain: &[Step]) -> Result<Effect> {
    let [first, later @ ..] = chain else {
        return Err(Diagnostic::internal("lif", "a neuron without timesteps"));
    };
    let gain = first.form.coeff(Atom::Value(first.current));
    let bias = first.form.constant.clone();
    let scale = size(&first.threshold);
    let mut known: Option<Update> = None;
    let mut before = first;
    for (t, step) in later.iter().enumerate() {
        if !step.threshold.is_near(&first.threshold, 0.0) {
            return Err(if t == 0 {
                baked(lift, first)
            } else {
                unlike(lift, step, format!("the threshold of timestep {} is another one", t + 2))
            });
        }
        let update = update(lift, step, before, &gain)?;
        let error = |what: &str, by: f64| {
            unlike(lift, step, format!("the {what} of timestep {} differs by {by:e}", t + 2))
        };
        if !update.gain.is_near(&gain, 0.0) {
            return Err(error("input gain", update.gain.distance(&gain)));
        }
        if !update.bias.is_near(&bias, scale) {
            return Err(baked(lift, first));
        }
        if step.compare != first.compare {
            return Err(unlike(lift, step, "the comparison changes between > and ≥"));
        }
        if let Some(k) = &known {
            if !update.leak.is_near(&k.leak, 1.0) {
                return Err(error("leak", update.leak.distance(&k.leak)));
            }
            if update.reset != k.reset {
                return Err(unlike(lift, step, "the way of resetting changes"));
            }
        }
        // The second step may hold the leak only as a sum with the gain; prefer later ones.
        known = Some(update);
        before = step;
    }
    if later.is_empty() && (first.shifts > 1 || !bias.is_zero()) {
        return Err(baked(lift, first));
    }
    // With one timestep neither leak nor reset has any effect.
    let (leak, reset) = known.map_or((Coeff::one(0.0), Reset::None), |k| (k.leak, k.reset));
    let Some(leak) = leak.uniform() else {
        return Err(unlike(lift, first, "the leak differs between channels"));
    };
    if first.threshold.all(|x| x.is_finite()) && !first.threshold.all(|x| x > 0.0) {
        return Err(unlike(lift, first, "the threshold is not above zero"));
    }
    Ok(Effect::Node(
        Hint::new("lif").scope(lift.node(first.fires)),
        Op::Lif(ir::Lif {
            leak,
            gain: gain.into_per_channel(),
            bias: bias.into_per_channel(),
            threshold: first.threshold.clone().into_per_channel(),
            reset,
            compare: first.compare,
        }),
    ))
}

fn size(c: &Coeff) -> f64 {
    c.distance(&Coeff::one(0.0))
}

fn update(lift: &Lifting<'_>, step: &Step, before: &Step, gain: &Coeff) -> Result<Update> {
    let channels = || unlike(lift, step, "the numbers of channels of its parameters differ");
    let mut leak = step.form.coeff(Atom::Value(before.membrane));
    let mut own = step.form.coeff(Atom::Value(step.current));
    if before.membrane == step.current {
        // A static current that is the first membrane itself: both stand in one term.
        leak = leak.zip(gain, |sum, g| sum - g).ok_or_else(channels)?;
        own = gain.clone();
    }
    let subtracted = step.form.coeff(Atom::Value(before.fires));
    let gated = step.form.coeff(Atom::product(before.membrane, before.fires));
    let scale = size(&step.threshold);
    let leaked = leak.zip(&step.threshold, |l, t| -l * t).ok_or_else(channels)?;
    let reset = if gated.is_zero() {
        if subtracted.is_zero() {
            Reset::None
        } else if subtracted.is_near(&step.threshold.map(|t| -t), scale) {
            Reset::SoftDelayed
        } else if subtracted.is_near(&leaked, scale) {
            Reset::Soft
        } else {
            return Err(unlike(
                lift,
                step,
                "the reset subtracts something else than the threshold",
            ));
        }
    } else if subtracted.is_zero() && gated.is_near(&leak.map(|l| -l), 1.0) {
        Reset::Hard
    } else {
        return Err(unlike(lift, step, "the reset leaves a potential other than zero"));
    };
    Ok(Update { leak, gain: own, bias: step.form.constant.clone(), reset })
}

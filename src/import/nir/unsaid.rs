// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a NIR file does not say: the timestep, the number of timesteps, the reset, whether a
//! neuron on its threshold fires, where membranes start.

use super::super::Options;
use super::flat::Flat;
use super::guess;
use super::node::Node;
use super::producer::{Producer, Start};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Compare, Reset};

/// A product or quotient of numbers that a file has in single precision is whole, or at
/// a limit, within this much.
pub(super) const ROUNDING: f64 = 1e-6;

/// By how much a product or quotient of three numbers in single precision may be off, relative
/// to itself: a rounding is half of 2⁻²³, and the length of a timestep is one of the numbers.
const SINGLE: f64 = 1.0 / (1 << 22) as f64;
/// Binary digits of the numbers that [`meant`] looks for: those of a leak k / 2⁸, and two more.
const DIGITS: i32 = 10;

/// Can `x` come from a number in single precision?
pub(super) fn is_single(x: f64) -> bool {
    f64::from(x as f32) == x
}

/// What `x` is meant to be, if a float went into it: the number of few binary digits that single
/// precision cannot tell from it, else `x`. snnTorch writes τ = dt/(1 − β) and R = τ/dt as
/// floats. Their product with dt/τ would make 1.0000000253 of an input of 1, and of a membrane
/// that stands on its threshold one that is above it.
pub(super) fn meant(x: f64, float: f64) -> f64 {
    if x == 0.0 || !x.is_finite() || !is_single(float) {
        return x;
    }
    let unit = 2f64.powi(x.abs().log2().floor() as i32 + 1 - DIGITS);
    let short = (x / unit).round() * unit;
    if (short - x).abs() <= SINGLE * x.abs() { short } else { x }
}

/// The answers, from the options.
#[derive(Debug, Clone)]
pub(super) struct Time {
    /// Length of a timestep, in the file's unit of time; 1 if nothing depends on it.
    pub(super) dt: f64,
    /// What firing does; anything if nothing fires.
    pub(super) reset: Reset,
    /// Does a neuron on its threshold fire?
    pub(super) compare: Compare,
    /// Where membranes are before the first timestep.
    pub(super) start: Start,
    /// Number of timesteps.
    pub(super) timesteps: u32,
    /// What was assumed and may be otherwise.
    pub(super) notes: Vec<String>,
}

/// The shortest time constant of a node.
fn shortest(node: &Node) -> Option<f64> {
    let values = |name: &&str| node.optional(name).ok().flatten().map(|t| t.values);
    ["tau", "tau_mem", "tau_syn"].iter().filter_map(values).flatten().min_by(f64::total_cmp)
}

/// What the options leave open and the frameworks see differently, and what a framework does
/// that its files do not say.
fn notes(flat: &Flat, options: &Options, fires: bool) -> Vec<String> {
    let has = |kinds: &[&str], parameter: &str| {
        let not_zero = |n: &Node| {
            n.optional(parameter).ok().flatten().is_some_and(|t| t.values.iter().any(|v| *v != 0.0))
        };
        flat.nodes.iter().any(|n| kinds.contains(&n.kind.as_str()) && not_zero(n))
    };
    let any = |kinds: &[&str]| flat.nodes.iter().any(|n| kinds.contains(&n.kind.as_str()));
    let moves = has(FIRING, "v_reset") || has(FIRING, "v_leak") || has(TIMED, "v_leak");
    let mut notes = Vec::new();
    let mut say = |is: bool, text: &str| notes.extend(is.then(|| text.to_owned()));
    let asked = options.from;
    say(
        fires && asked.is_none() && options.compare.is_none(),
        "a neuron that stands on its threshold does not fire, as NIR says; SpikingJelly and sinabs let it fire: --from, or --compare at-least",
    );
    say(
        moves && asked.is_none() && options.start.is_none(),
        "membranes start at 0; SpikingJelly starts at v_reset, norse at v_leak: --from, or --start",
    );
    // Only where something was assumed that the framework may mean otherwise.
    let is_open = (fires && options.compare.is_none()) || (moves && options.start.is_none());
    let guess = (is_open && asked.is_none()).then(|| guess::sentence(flat)).flatten();
    say(guess.is_some(), guess.as_deref().unwrap_or_default());
    say(
        fires && asked.is_none() && options.reset == Some(Reset::Soft) && !options.single_spike,
        "a neuron fires once in a timestep at most; sinabs, whose reset this is, lets it fire several times unless the model was made with spike_fn=SingleSpike, which --single-spike says",
    );
    say(
        asked == Some(Producer::SnnTorch)
            && options.reset == Some(Reset::Hard)
            && any(&["CubaLIF"]),
        "snnTorch's Synaptic and RSynaptic with reset_mechanism=\"zero\" lose the input of the timestep after a spike; here it is kept: NIR has no such reset, which --reset hard-delayed says",
    );
    say(
        asked == Some(Producer::Norse) && any(&["CubaLIF", "CubaLI"]),
        "norse's LIFCell adds its input to the current whole; NIR's equation, which is what runs here, adds dt/τ_syn of it",
    );
    say(
        asked == Some(Producer::Sinabs) && any(&["LIF", "LI", "CubaLIF", "CubaLI"]),
        "sinabs leaks by exp(−dt/τ), here it is 1 − dt/τ; and with norm_input=False it adds its input whole, which the file does not say",
    );
    notes
}

/// Types that fire.
pub(super) const FIRING: &[&str] = &["IF", "LIF", "CubaLIF"];
/// Types that change with time in another way.
const TIMED: &[&str] = &["I", "LI", "CubaLI", "Delay"];

impl Time {
    /// Takes from the options what the graph needs.
    ///
    /// # Errors
    /// [`codes::NIR_UNSAID`] with everything that is missing.
    pub(super) fn new(flat: &Flat, options: &Options) -> Result<Self> {
        let fires = flat.nodes.iter().any(|n| FIRING.contains(&n.kind.as_str()));
        let timed = fires || flat.nodes.iter().any(|n| TIMED.contains(&n.kind.as_str()));
        let mut missing = Vec::new();
        let mut help = Vec::new();
        let from = options.from;
        if timed && options.dt.is_none() && from.is_none() {
            missing.push("--dt (length of a timestep in the file's unit of time)");
            help.push("--dt: snnTorch and SpikingJelly write for 1e-4; norse for 1e-3 with time constants of about 10 ms (norse 1.1 writes them smaller by its dt: 1e-6); sinabs counts timesteps: 1");
        }
        if fires && options.reset.is_none() && from.is_none() {
            missing.push("--reset (what firing does to the membrane)");
            help.push("--reset: snnTorch's default (subtract) is soft-delayed, its `zero` is hard; norse and SpikingJelly are hard; sinabs is soft");
        }
        if options.timesteps.is_none() {
            missing.push("--timesteps (how long one inference is)");
            help.push("--timesteps: as many as one sample had in training");
        }
        if !missing.is_empty() {
            let message = format!("the file does not say: {}", missing.join(", "));
            if from.is_none() && timed {
                help.push(
                    "or --from snntorch, norse, sinabs or spikingjelly: what that framework means",
                );
            }
            let guess = guess::sentence(flat).filter(|_| from.is_none() && timed);
            help.extend(guess.as_deref());
            return Err(Diagnostic::new(&codes::NIR_UNSAID, message).help(help.join("\n")));
        }
        if fires && from == Some(Producer::Sinabs) && !options.single_spike {
            let message = "sinabs' neurons fire several times in a timestep unless they are told not to, and the file does not say which these do; a spike is one here";
            return Err(Diagnostic::new(&codes::NIR_UNSAID, message).help(
                "give --single-spike if the model was made with spike_fn=SingleSpike; else train it with that",
            ));
        }
        let shortest = flat.nodes.iter().filter_map(shortest).min_by(f64::total_cmp);
        Ok(Self {
            dt: options.dt.or_else(|| from.map(|p| p.dt(shortest))).unwrap_or(1.0),
            reset: options.reset.or(from.map(Producer::reset)).unwrap_or(Reset::None),
            compare: options.compare.or(from.map(Producer::compare)).unwrap_or(Compare::Above),
            start: options.start.or(from.map(Producer::start)).unwrap_or(Start::Zero),
            timesteps: options.timesteps.unwrap_or(1),
            notes: notes(flat, options, fires),
        })
    }

    /// q = dt / τ of every element, and 1 − q as it was [`meant`].
    ///
    /// # Errors
    /// [`codes::NIR_PARAMETER`] if a τ is not above 0, [`codes::NIR_TIME`] if q > 1.
    pub(super) fn rates(
        &self,
        node: &Node,
        name: &str,
        tau: &[f64],
    ) -> Result<(Vec<f64>, Vec<f64>)> {
        if let Some(bad) = tau.iter().find(|t| **t <= 0.0) {
            return Err(
                node.bad(format!("the time constant `{name}` is {bad}; it must be above 0"))
            );
        }
        let rates: Vec<f64> = tau.iter().map(|t| self.dt / t).collect();
        if let Some(i) = rates.iter().position(|q| *q > 1.0 + ROUNDING) {
            let message = format!(
                "the timestep {} is longer than the time constant `{name}` = {}; forward Euler would overshoot",
                self.dt, tau[i]
            );
            return Err(node.error(&codes::NIR_TIME, message).help(
                "give --dt in the unit of the file: snnTorch and SpikingJelly write for 1e-4, sinabs counts timesteps (--dt 1)",
            ));
        }
        let leak = |(q, tau): (&f64, &f64)| (1.0 - meant(*q, *tau)).max(0.0);
        let leaks = rates.iter().zip(tau).map(leak).collect();
        Ok((rates, leaks))
    }

    /// A time in timesteps.
    ///
    /// # Errors
    /// [`codes::NIR_TIME`] if it is not a whole number of them.
    pub(super) fn steps(&self, node: &Node, time: f64) -> Result<u32> {
        let steps = time / self.dt;
        let whole = steps.round();
        if (0.0..=65536.0).contains(&whole) && (steps - whole).abs() <= ROUNDING * whole.max(1.0) {
            return Ok(whole as u32);
        }
        let message = format!(
            "the delay {time} is {steps} timesteps of {}; 0 to 65536 whole ones are possible",
            self.dt
        );
        Err(node.error(&codes::NIR_TIME, message).help(
            "choose a --dt of which every delay is a multiple, or round the delays before the export",
        ))
    }
}

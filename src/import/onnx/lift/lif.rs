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
use super::raise::{self, Numbers};
use super::recurrence::{self, Step};
use super::{
    Effect, Flow, Found, Hint, Lift as Lifting, Pattern, Stream, alpha, feedback, membranes,
    synapse,
};
use crate::diag::{Diagnostic, Result, codes};
use crate::import::onnx::values::ValueId;
use crate::ir::{self, Op, Reset};

/// Comparisons of a leaking membrane with a threshold.
pub(super) struct Lif;

impl Pattern for Lif {
    fn name(&self) -> &'static str {
        "lif"
    }

    fn operators(&self) -> &'static [&'static str] {
        recurrence::OPERATORS
    }

    fn becomes(&self) -> &'static str {
        "`lif`: a membrane `u[t] = λ u[t-1] + g x[t] + b` that is compared with a threshold at every timestep, and its reset; with `li` where its current leaks as well, and `delay` where spikes come back; `li` with a reset where its membranes are read"
    }

    fn find(&self, lift: &Lifting<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let mut found = alpha::find(lift, stream);
        if !found.is_empty() {
            return Ok(found);
        }
        let mut search = recurrence::Search::new(lift, stream);
        let mut is_none = true;
        while let Some(chain) = search.next(lift) {
            is_none = false;
            // What is no current of neurons may be one of synapses before them; without a
            // stream of timesteps that shows only in how far neurons can be followed.
            let plain = neurons(lift, stream, &chain);
            let known = match &plain {
                Ok(_) if stream.is_static() && recurrence::goes_on(lift, &chain) => {
                    Some(chain.len())
                }
                Ok(_) => None,
                Err(_) => Some(chain.len() - 1),
            };
            let synapse = match known {
                Some(known) => synapse::find(lift, stream, &chain, known)?,
                None => None,
            };
            let neurons = synapse.map_or(plain, Ok)?;
            search.skip(neurons.steps.iter().copied());
            found.push(neurons);
        }
        if is_none && let Some(step) = recurrence::state_of_each_sample(lift, stream) {
            return Err(baked(lift, step));
        }
        Ok(found)
    }
}

/// The neurons of a chain on this stream.
fn neurons(lift: &Lifting<'_>, stream: &Stream, chain: &[Step]) -> Result<Found> {
    let Some(last) = chain.last() else {
        return Err(Diagnostic::internal("lif", "a neuron without timesteps"));
    };
    if let Some(read) = membranes::read(lift, stream, chain) {
        let (effect, flow) = (Effect::Nodes(read.neuron.layers), Flow::Steps);
        return Ok(Found { effect, steps: read.steps, flow, taken: read.taken });
    }
    let is_whole = chain.len() == stream.steps.len();
    if (stream.is_static() || !is_whole)
        && let Some(fires) = recurrence::gated(lift, stream, chain)
    {
        return Err(lift
            .error(fires, &codes::LIFT_NEURON, "its spikes take off more than its own membrane and current: synaptic currents are reset as well")
            .help("the resets of snnTorch's `Alpha` are of this kind: leave them out (`reset_mechanism=\"none\"`), or use `Synaptic`"));
    }
    if !stream.is_static() && !is_whole {
        // The last comparison is missing where only membranes are used.
        if chain.len() + 1 == stream.steps.len() {
            return Err(unlike(lift, last, "of its last timestep only the membrane is used, which can be read if spikes change nothing but their own membrane, by a reset, and thresholds are above 0")
                .help("return the spikes; or the membranes of a layer of `Leaky` or `Synaptic`"));
        }
        let message = format!(
            "this neuron can be followed for {} of {} timesteps only",
            chain.len(),
            stream.steps.len()
        );
        return Err(unlike(lift, last, message));
    }
    let encodes = stream.is_static() && chain.len() == 1;
    lift.compares_once.set(lift.compares_once.get() || encodes);
    let encodes = encodes && lift.encodes;
    let neuron = neuron(lift, stream, chain)?;
    let effect = match neuron.ways {
        ways if ways.is_empty() => Effect::Nodes(neuron.layers),
        ways => Effect::Recurrent(ways, neuron.layers),
    };
    Ok(Found {
        effect,
        steps: chain.iter().map(|s| s.fires).collect(),
        flow: if encodes { Flow::Static } else { Flow::Steps },
        taken: [recurrence::taken(chain), neuron.taken].concat(),
    })
}

fn unlike(lift: &Lifting<'_>, step: &Step, message: impl Into<String>) -> Box<Diagnostic> {
    lift.error(step.fires, &codes::LIFT_NEURON, message).help(
        "supported is u[t] = λ u[t-1] + g x[t] + b with the reset by subtraction, to a constant, or none, the same at every timestep (snnTorch: leave `reset_delay` at True), of a current that may leak itself, and that a layer of the spikes before may be added to",
    )
}

fn baked(lift: &Lifting<'_>, id: ValueId) -> Box<Diagnostic> {
    lift.error(
        id,
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
    /// What a hard reset leaves.
    reset_to: Coeff,
    /// What each neuron takes of its own spike beside the reset.
    own: Coeff,
}

/// A layer of neurons.
pub(super) struct Neuron {
    /// One after another.
    pub(super) layers: Vec<(Hint, Op)>,
    /// What its spikes come back through.
    pub(super) ways: Vec<Vec<(Hint, Op)>>,
    /// Values of these ways.
    pub(super) taken: Vec<ValueId>,
}

/// The neurons that a chain is.
///
/// # Errors
/// SF0123, SF0124 or SF0301 at the timestep that cannot be right.
pub(super) fn neuron(lift: &Lifting<'_>, stream: &Stream, chain: &[Step]) -> Result<Neuron> {
    let [first, later @ ..] = chain else {
        return Err(Diagnostic::internal("lif", "a neuron without timesteps"));
    };
    let numbers = |s: &Step| {
        s.form.terms.values().chain([&s.form.constant, &s.threshold]).all(|c| c.all(f64::is_finite))
    };
    if let Some(step) = chain.iter().find(|s| !numbers(s)) {
        return Err(lift
            .error(step.fires, &codes::NOT_FINITE, "leak, threshold or current of this neuron are not finite")
            .help("training has diverged or the file is damaged; export a checkpoint whose parameters are finite"));
    }
    let gain = first.form.coeff(Atom::Value(first.current));
    let (mut bias, mut start) = (first.form.constant.clone(), Coeff::one(0.0));
    let scale = size(&first.threshold);
    let fires = || chain.iter().take(later.len()).map(|s| s.fires).collect::<Vec<_>>();
    let back: Vec<_> = later.iter().filter_map(|s| s.back.clone()).collect();
    let differs =
        |step| unlike(lift, step, "what comes back of its spikes differs between timesteps");
    let mut ways = Vec::new();
    if let Some((_, step)) = back.first().zip(later.first()) {
        let way = feedback::way(lift, stream, fires(), &back, &gain)?;
        ways.push(way.ok_or_else(|| differs(step))?);
    }
    let added = ways.first().map_or(Coeff::one(0.0), |w| w.bias.clone());
    let mut known: Option<Update> = None;
    let mut before = first;
    for (t, step) in later.iter().enumerate() {
        if !step.threshold.is_near(&first.threshold, 0.0) {
            return Err(if t == 0 {
                baked(lift, first.fires)
            } else {
                unlike(lift, step, format!("the threshold of timestep {} is another one", t + 2))
            });
        }
        let mut update = update(lift, step, before, &gain)?;
        // The layer that spikes come back through adds its bias at the first timestep, too.
        update.bias = update.bias.zip(&added, |a, b| a + b).ok_or_else(|| differs(step))?;
        let error = |what: &str, by: f64| {
            unlike(lift, step, format!("the {what} of timestep {} differs by {by:e}", t + 2))
        };
        if !update.gain.is_near(&gain, 0.0) {
            return Err(error("input gain", update.gain.distance(&gain)));
        }
        if known.is_none() {
            let begun = begins(&update, first, scale);
            start = begun.ok_or_else(|| baked(lift, first.fires))?;
            bias = update.bias.clone();
        } else if !update.bias.is_near(&bias, scale) {
            return Err(error("constant current", update.bias.distance(&bias)));
        }
        if step.compare != first.compare {
            return Err(unlike(lift, step, "the comparison changes between > and ≥"));
        }
        if let Some(k) = &known {
            if !update.leak.is_near(&k.leak, 1.0) {
                return Err(error("leak", update.leak.distance(&k.leak)));
            }
            if update.reset != k.reset
                || !update.reset_to.is_near(&k.reset_to, scale)
                || !update.own.is_near(&k.own, scale)
            {
                return Err(unlike(lift, step, "the way of resetting changes"));
            }
        }
        // The second step may hold the leak only as a sum with the gain; prefer later ones.
        known = Some(update);
        before = step;
    }
    if later.is_empty() && (first.shifts > 1 || !bias.is_zero()) {
        return Err(baked(lift, first.fires));
    }
    // With one timestep neither leak nor reset has any effect.
    let zero = || Coeff::one(0.0);
    let (leak, reset, reset_to, own) = known
        .map_or((zero(), Reset::None, zero(), zero()), |k| (k.leak, k.reset, k.reset_to, k.own));
    if !leak.all(|l| (0.0..=1.0).contains(&l)) {
        return Err(unlike(lift, first, "its leak is not between 0 and 1"));
    }
    let hint = Hint::new("lif").scope(lift.node(first.fires));
    let threshold = first.threshold.clone();
    let encodes = lift.encodes && stream.is_static();
    if later.is_empty() && (encodes || !threshold.all(|x| x > 0.0)) {
        let threshold = threshold.into_per_channel();
        let op = Op::Threshold(ir::Threshold { threshold, compare: first.compare });
        let factor = ir::Scale::by(gain.clone().into_per_channel());
        let scale = (Hint::new("scale"), Op::Scale(factor));
        let layers = [(gain.uniform() != Some(1.0)).then_some(scale), Some((hint, op))];
        let layers = layers.into_iter().flatten().collect();
        return Ok(Neuron { layers, ways: Vec::new(), taken: Vec::new() });
    }
    let numbers = Numbers { leak, bias, threshold, reset, reset_to, start, own };
    let channels = || unlike(lift, first, "the numbers of channels of its parameters differ");
    let Numbers { leak, bias, threshold, reset, reset_to, start, own } =
        numbers.raised().ok_or_else(channels)?;
    if !own.is_zero() {
        let back: Vec<_> = fires().into_iter().map(|f| (f, own.clone())).collect();
        let way = feedback::way(lift, stream, fires(), &back, &gain)?;
        ways.push(way.ok_or_else(|| differs(first))?);
    }
    let op = Op::Lif(ir::Lif {
        leak: leak.into_per_channel(),
        gain: gain.into_per_channel(),
        bias: bias.into_per_channel(),
        threshold: threshold.into_per_channel(),
        reset,
        compare: first.compare,
        reset_to: reset_to.into_per_channel(),
        start: start.into_per_channel(),
    });
    let layers = vec![(hint, op)];
    let taken = ways.iter().flat_map(|w| w.taken.iter().copied()).collect();
    Ok(Neuron { layers, ways: ways.into_iter().map(|w| w.nodes).collect(), taken })
}

/// The potential before the first timestep: zero, what a hard reset leaves, or what a reset
/// makes of zero where that fires.
fn begins(update: &Update, step: &Step, scale: f64) -> Option<Coeff> {
    let first = &step.form.constant;
    if update.bias.is_near(first, scale) {
        return Some(Coeff::one(0.0));
    }
    let left = update.leak.zip(&update.reset_to, |l, r| l * r)?;
    let begun = update.bias.zip(&left, |b, l| b + l)?;
    if update.reset == Reset::Hard && begun.is_near(first, scale) {
        return Some(update.reset_to.clone());
    }
    let rest = raise::at_rest(update.reset, &update.leak, &step.threshold, step.compare)?;
    let begun = update.bias.zip(&rest, |b, r| b + r)?;
    let start = rest.zip(&update.leak, |r, l| if r == 0.0 { 0.0 } else { r / l })?;
    (begun.is_near(first, scale) && start.all(f64::is_finite)).then_some(start)
}

fn size(c: &Coeff) -> f64 {
    c.distance(&Coeff::one(0.0))
}

fn update(lift: &Lifting<'_>, step: &Step, before: &Step, gain: &Coeff) -> Result<Update> {
    let channels = || unlike(lift, step, "the numbers of channels of its parameters differ");
    let mut leak = step.form.coeff(Atom::Value(before.membrane));
    let mut current = step.form.coeff(Atom::Value(step.current));
    if before.membrane == step.current {
        // A static current that is the first membrane itself: both stand in one term.
        leak = leak.zip(gain, |sum, g| sum - g).ok_or_else(channels)?;
        current = gain.clone();
    }
    let subtracted = step.form.coeff(Atom::Value(before.fires));
    let gated = step.form.coeff(Atom::product(before.membrane, before.fires));
    let mut lost = step.form.coeff(Atom::product(step.current, before.fires));
    if before.membrane == step.current {
        // Their products with the spikes do, too.
        lost = gated.zip(&leak, |sum, l| sum + l).ok_or_else(channels)?;
    }
    let holds = !lost.is_zero() && lost.is_near(&current.map(|g| -g), 1.0);
    if step.back.is_some() && step.loses_back != holds {
        return Err(unlike(lift, step, "spikes take off either what comes back or the current"));
    }
    let scale = size(&step.threshold);
    let leaked = leak.zip(&step.threshold, |l, t| -l * t).ok_or_else(channels)?;
    let (mut reset_to, mut own) = (Coeff::one(0.0), Coeff::one(0.0));
    let reset = if holds {
        let all = leak.zip(&current, |l, g| -l - g).ok_or_else(channels)?;
        let of_both = before.membrane == step.current;
        if !gated.is_near(&if of_both { all } else { leak.map(|l| -l) }, 1.0) {
            return Err(unlike(lift, step, "spikes take off the current, but not the membrane"));
        }
        // s (r − b) + b: the constant current is lost, too.
        reset_to = subtracted.zip(&step.form.constant, |s, b| s + b).ok_or_else(channels)?;
        Reset::HardDelayed
    } else if step.form.terms.contains_key(&Atom::product(step.current, before.fires))
        && before.membrane != step.current
    {
        return Err(unlike(lift, step, "spikes take off a part of the current"));
    } else if gated.is_zero() {
        if subtracted.is_zero() {
            Reset::None
        } else if subtracted.is_near(&step.threshold.map(|t| -t), scale) {
            Reset::SoftDelayed
        } else if subtracted.is_near(&leaked, scale) {
            Reset::Soft
        } else {
            // Beside the reset each neuron sees its own spike.
            own = subtracted.zip(&step.threshold, |s, t| s + t).ok_or_else(channels)?;
            Reset::SoftDelayed
        }
    } else if gated.is_near(&leak.map(|l| -l), 1.0) {
        reset_to = subtracted
            .zip(&leak, |s, l| if s == 0.0 { 0.0 } else { s / l })
            .ok_or_else(channels)?;
        Reset::Hard
    } else {
        return Err(unlike(
            lift,
            step,
            "what the reset leaves depends on the potential before, but not by subtraction",
        ));
    };
    Ok(Update { leak, gain: current, bias: step.form.constant.clone(), reset, reset_to, own })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::testing::{import, neuron, op, refusal};
    use crate::ir::{Compare, PerChannel};

    const FIRST: &str = "m1 = Identity(i)";
    /// snnTorch, reset by subtraction.
    const SUBTRACT: &str =
        "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nr@ = Mul(s^, th)\nm@ = Sub(a@, r@)";

    fn lif(text: &str) -> ir::Lif {
        match op(text, "lif1") {
            Op::Lif(lif) => lif,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn snntorch_subtract() {
        let want = ir::Lif {
            leak: PerChannel::All(0.75),
            gain: PerChannel::All(1.0),
            bias: PerChannel::All(0.0),
            threshold: PerChannel::All(1.0),
            reset: Reset::SoftDelayed,
            compare: Compare::Above,
            reset_to: PerChannel::zero(),
            start: PerChannel::zero(),
        };
        assert_eq!(lif(&neuron(FIRST, SUBTRACT)), want);
        assert_eq!(import(&neuron(FIRST, SUBTRACT)).unwrap().0.timesteps, 3);
    }

    #[test]
    fn snntorch_zero() {
        let body = "o@ = Sub(one, s^)\nh@ = Mul(o@, m^)\nl@ = Mul(beta, h@)\nm@ = Add(l@, i)";
        let got = lif(&neuron(FIRST, body));
        assert_eq!((got.reset, got.leak), (Reset::Hard, PerChannel::All(0.75)));
    }

    /// snnTorch's neurons with synapses, reset to zero: the current is lost, too.
    #[test]
    fn a_reset_that_holds_the_membrane() {
        let body = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nq@ = Mul(a@, s^)\nm@ = Sub(a@, q@)";
        let got = lif(&neuron(FIRST, body));
        assert_eq!((got.reset, got.leak), (Reset::HardDelayed, PerChannel::All(0.75)));
        assert_eq!((got.gain, got.reset_to), (PerChannel::All(1.0), PerChannel::zero()));
        // With a constant current, which is lost as well; at a quarter.
        let first = "const more f32 2: 0.5 -1\nconst fourth f32 -: 0.25\nm1 = Add(i, more)";
        let body =
            "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nb@ = Add(a@, more)\nm@ = Where(f^, fourth, b@)";
        let got = lif(&neuron(first, body));
        assert_eq!((got.reset, got.reset_to), (Reset::HardDelayed, PerChannel::All(0.25)));
        assert_eq!(got.bias, PerChannel::Each(vec![0.5, -1.0]));
    }

    #[test]
    fn no_reset() {
        let got = lif(&neuron(FIRST, "l@ = Mul(beta, m^)\nm@ = Add(i, l@)"));
        assert_eq!((got.reset, got.leak), (Reset::None, PerChannel::All(0.75)));
    }

    #[test]
    fn reset_before_the_leak() {
        let body = "r@ = Mul(s^, th)\nv@ = Sub(m^, r@)\nl@ = Mul(v@, beta)\nm@ = Add(l@, i)";
        assert_eq!(lif(&neuron(FIRST, body)).reset, Reset::Soft);
    }

    #[test]
    fn reset_by_selection() {
        let body = "v@ = Where(f^, zero, m^)\nl@ = Mul(v@, beta)\nm@ = Add(l@, i)";
        assert_eq!(lif(&neuron(FIRST, body)).reset, Reset::Hard);
    }

    #[test]
    fn decaying_input() {
        let tau = "const tau f32 -: 4\nm1 = Div(i, tau)";
        let body = "o@ = Sub(one, s^)\nv@ = Mul(m^, o@)\ne@ = Sub(i, v@)\nq@ = Div(e@, tau)\nm@ = Add(v@, q@)";
        let got = lif(&neuron(tau, body));
        assert_eq!(
            (got.leak, got.gain, got.reset),
            (PerChannel::All(0.75), PerChannel::All(0.25), Reset::Hard)
        );
    }

    #[test]
    fn thresholds_per_channel() {
        let text = neuron(FIRST, SUBTRACT).replace("th f32 -: 1", "th f32 2: 1 2");
        assert_eq!(lif(&text).threshold, PerChannel::Each(vec![1.0, 2.0]));
        let text = text.replace("th f32 2: 1 2", "th f32 2: 1 0");
        // What counts from −1 fires from 1 on; nothing is subtracted where the threshold is 0.
        let raised = lif(&text);
        assert_eq!(raised.threshold, PerChannel::All(1.0));
        assert_eq!(raised.bias, PerChannel::Each(vec![0.0, 0.25]));
        assert_eq!(raised.start, PerChannel::Each(vec![0.0, 1.0]));
        assert_eq!(raised.reset, Reset::None);
        let (graph, _) = import(&text).unwrap();
        let Op::Scale(own) = &graph.node(graph.find("scale2").unwrap()).op else { panic!() };
        assert_eq!(own.factor, PerChannel::Each(vec![-1.0, 0.0]));
    }

    #[test]
    fn leaks_per_channel() {
        let text = neuron(FIRST, SUBTRACT).replace("beta f32 -: 0.75", "beta f32 2: 0.75 0.5");
        assert_eq!(lif(&text).leak, PerChannel::Each(vec![0.75, 0.5]));
    }

    #[test]
    fn a_threshold_that_adds_a_dimension_is_none() {
        let text = neuron(FIRST, SUBTRACT).replace("th f32 -: 1", "th f32 3x1: 1");
        assert!(refusal(&text).starts_with("SF0120"), "{}", refusal(&text));
    }

    #[test]
    fn other_comparisons() {
        let text = neuron(FIRST, SUBTRACT);
        let less = text.replace("Greater(d1, zero)", "LessOrEqual(zero, d1)");
        assert!(refusal(&less).contains("changes between"));
        let all = text.replace("Greater(", "GreaterOrEqual(");
        assert_eq!(lif(&all).compare, Compare::AtLeast);
    }

    #[test]
    fn what_is_subtracted_beside_the_threshold_comes_back() {
        let body = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";
        let text = neuron(FIRST, body).replace("th f32 -: 1", "th f32 -: 0.25");
        let (graph, _) = import(&text).unwrap();
        let id = graph.find("lif1").unwrap();
        let sum = graph.operands(id)[0];
        let [current, back] = graph.operands(sum)[..] else { panic!("{graph:?}") };
        assert_eq!(graph.node(current).name, "fc1");
        let Op::Scale(scale) = &graph.node(back).op else { panic!("{graph:?}") };
        assert_eq!(scale.factor, PerChannel::All(-0.75));
        assert_eq!(graph.operands(graph.operands(back)[0]), [id]);
    }

    #[test]
    fn steps_that_differ_are_refused() {
        for (body, want) in [
            (
                "l@ = Mul(beta, m^)\nq@ = Mul(l@, s^)\na@ = Add(l@, i)\nm@ = Add(a@, q@)",
                "what the reset leaves",
            ),
            // The current is lost, half of the membrane is not.
            (
                "l@ = Mul(beta, m^)\nh@ = Mul(l@, th)\na@ = Add(h@, i)\nq@ = Mul(a@, s^)\nb@ = Sum(l@, i, more)\nm@ = Sub(b@, q@)",
                "but not the membrane",
            ),
            (
                "l@ = Mul(beta, m^)\nh@ = Mul(i, th)\na@ = Add(l@, h@)\nq@ = Mul(a@, s^)\nb@ = Sum(l@, i, more)\nm@ = Sub(b@, q@)",
                "a part of the current",
            ),
        ] {
            let first = "const more f32 -: 0.25\nm1 = Add(i, more)";
            let text = neuron(if body.contains("more") { first } else { FIRST }, body)
                .replace("th f32 -: 1", "th f32 -: 0.5");
            assert!(refusal(&text).starts_with("SF0124"), "{}", refusal(&text));
            assert!(refusal(&text).contains(want), "{}", refusal(&text));
        }
        let text = neuron(FIRST, SUBTRACT).replace("Mul(beta, m2)", "Mul(th, m2)");
        assert!(refusal(&text).contains("leak of timestep 3"), "{}", refusal(&text));
    }

    /// snnTorch's Alpha, reset to zero: what its spikes clear are its two currents.
    #[test]
    fn currents_that_spikes_clear_are_refused() {
        let first = "const al f32 -: 0.5\nconst tau f32 -: 2\nc1 = Identity(i)\np1 = Neg(i)\nw1 = Add(c1, p1)\nm1 = Mul(w1, tau)";
        let body = "o@ = Sub(one, s^)\nh@ = Mul(al, c^)\ne@ = Add(h@, i)\nc@ = Mul(e@, o@)\nk@ = Mul(beta, p^)\nj@ = Sub(k@, i)\np@ = Mul(j@, o@)\nw@ = Add(c@, p@)\nm@ = Mul(w@, tau)";
        let got = refusal(&neuron(first, body));
        assert!(got.starts_with("SF0124") && got.contains("synaptic currents"), "{got}");
    }

    #[test]
    fn baked_states_are_refused() {
        for shape in ["-", "2", "1x2"] {
            let first = format!("const m0 f32 {shape}: 0.5 -0.25\nm1 = Add(i, m0)");
            assert!(refusal(&neuron(&first, SUBTRACT)).starts_with("SF0123"), "{shape}");
        }
        let text = neuron("const m0 f32 2x2: 1 2 3 4\nm1 = Add(i, m0)", SUBTRACT);
        assert!(refusal(&text.replace("x u8 batch", "x u8 2")).starts_with("SF0123"));
    }

    #[test]
    fn one_step_with_a_baked_state_is_refused() {
        let step = |shape| {
            crate::import::onnx::testing::net(&format!(
                "const m0 f32 {shape}: 0.5 -0.25\nm1 = Add(i, m0)\nd1 = Sub(m1, th)\nf1 = Greater(d1, zero)\ny = Cast(f1) to=1"
            ))
        };
        assert!(refusal(&step("1x2")).starts_with("SF0123"), "{}", refusal(&step("1x2")));
        // A vector is the bias of the layer before.
        assert_eq!(import(&step("2")).unwrap().0.timesteps, 1);
    }

    #[test]
    fn parameters_that_are_not_finite_are_refused() {
        for (from, to) in
            [("beta f32 -: 0.75", "beta f32 -: NaN"), ("th f32 -: 1", "th f32 -: inf")]
        {
            let text = neuron(FIRST, SUBTRACT).replace(from, to);
            assert!(refusal(&text).starts_with("SF0301"), "{}", refusal(&text));
        }
    }
}

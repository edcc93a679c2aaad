// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What has a membrane takes in what its operand stands for.
//!
//! Let the operand x stand for `a x + b`, and let `A = a g` and `B = b g + d` with the
//! neuron's gain g and constant current d. Dividing the membrane by |A| leaves ±x + B/|A|
//! as current and θ/|A| as threshold: exact in real numbers, for every reset. Where A < 0
//! the row of weights is negated if nothing else sees it, else the neuron negates its input.

use super::affine::{Affine, granularity, shortest};
use super::unsupported;
use crate::diag::Result;
use crate::ir::{Compare, Li, Lif, Op, PerChannel, Readout, Reset, Resets, Stream, Threshold};

/// A neuron layer in units of its operand.
pub(super) struct Absorbed {
    /// The operator.
    pub op: Op,
    /// What its result stands for.
    pub affine: Affine,
    /// Channels whose rows of weights are negated.
    pub negate: Vec<bool>,
    /// What a user should know.
    pub notes: Vec<String>,
}

/// `lif`, `li` or `threshold` on `x`, which stands for `affine`. `rows`: the channels are
/// rows of weights that may be negated. `reach`: no |x| is larger.
///
/// # Errors
/// [`codes::PASS_UNSUPPORTED`](crate::diag::codes::PASS_UNSUPPORTED) if a division overflows.
pub(super) fn membrane(
    op: &Op,
    x: &Stream,
    affine: &Affine,
    rows: bool,
    reach: Option<f64>,
    timesteps: u32,
) -> Result<Absorbed> {
    match op {
        Op::Lif(l) => lif(l, x, affine, rows, reach, timesteps),
        Op::Threshold(t) => lif(&compared(t), x, affine, rows, reach, timesteps),
        Op::Li(l) => integrator(l, x, affine, rows),
        _ => Err(crate::diag::Diagnostic::internal("absorb", "no membrane")),
    }
}

/// A comparison is a neuron that forgets at once.
fn compared(t: &Threshold) -> Lif {
    Lif {
        leak: PerChannel::zero(),
        gain: PerChannel::All(1.0),
        bias: PerChannel::zero(),
        threshold: t.threshold.clone(),
        reset: Reset::None,
        compare: t.compare,
        reset_to: PerChannel::zero(),
        start: PerChannel::zero(),
    }
}

/// Parameters of one neuron, its membrane divided by |A|.
#[derive(Clone, Copy)]
struct Neuron {
    sign: f64,
    bias: f64,
    threshold: f64,
    reset_to: f64,
    start: f64,
}

fn lif(
    l: &Lif,
    x: &Stream,
    affine: &Affine,
    rows: bool,
    reach: Option<f64>,
    timesteps: u32,
) -> Result<Absorbed> {
    let lists = [&l.leak, &l.gain, &l.bias, &l.threshold, &l.reset_to, &l.start];
    let lengths = lists.iter().map(|v| v.iter().count()).chain([affine.len()]);
    let n = granularity(x, lengths);
    let (mut neurons, mut silent, mut constant) = (Vec::new(), 0, Vec::new());
    for i in 0..n {
        let ((a, b), g) = (affine.of(i, n), l.gain.of(i, n));
        let (a, b) = (a * g, b * g + l.bias.of(i, n));
        let (theta, start, reset_to) =
            (l.threshold.of(i, n), l.start.of(i, n), l.reset_to.of(i, n));
        let fires =
            |theta, current, start| fires(l, l.leak.of(i, n), theta, current, start, timesteps);
        // A threshold that no sum over all timesteps can reach.
        let never = reach.map(|r| r * f64::from(timesteps) + 1.0);
        let (current, divided) = (b / a.abs(), theta / a.abs());
        // A gain near 0 would make all membranes of the layer wide for a neuron that does nothing.
        let dead = theta > 0.0
            && a != 0.0
            && reach.zip(never).is_some_and(|(reach, never)| {
                (divided > never || current.abs() > never)
                    && !fires(divided * (1.0 - 1e-9), current + reach, start / a.abs())
            });
        if let (true, Some(never)) =
            (dead || (a == 0.0 && theta > 0.0 && !fires(theta, b, start)), never)
        {
            silent += x.len() / n;
            let (bias, threshold) = (0.0, never);
            neurons.push(Neuron { sign: 1.0, bias, threshold, reset_to: 0.0, start: 0.0 });
            continue;
        }
        if a == 0.0 {
            constant.push(i);
            neurons.push(Neuron { sign: 0.0, bias: b, threshold: theta, reset_to, start });
            continue;
        }
        if !current.is_finite() || !divided.is_finite() || (divided == 0.0) != (theta == 0.0) {
            return Err(unsupported(format!(
                "channel {i}: threshold {theta:e} and current {b:e} cannot be divided by the gain {a:e}"
            )));
        }
        neurons.push(Neuron {
            sign: a.signum(),
            bias: current,
            threshold: divided,
            reset_to: reset_to / a.abs(),
            start: start / a.abs(),
        });
    }
    let typical = (0..n).filter(|i| !constant.contains(i)).map(|i| neurons[i].threshold.abs());
    let typical = typical.filter(|t| *t > 0.0).fold(f64::INFINITY, f64::min);
    for &i in &constant {
        rescale(&mut neurons[i], typical);
    }
    neurons.iter_mut().for_each(raise);
    let negate: Vec<bool> =
        neurons.iter().map(|m| rows && n == x.shape[0] && m.sign < 0.0).collect();
    let sign = neurons.iter().zip(&negate).map(|(m, row)| if *row { 1.0 } else { m.sign });
    let each = |of: fn(&Neuron) -> f64| PerChannel::Each(neurons.iter().map(of).collect());
    let unless_zero =
        |was: &PerChannel<f64>, of| if was.is_zero() { PerChannel::zero() } else { each(of) };
    let folded = Lif {
        leak: l.leak.clone(),
        gain: shortest(sign.collect()),
        bias: each(|m| m.bias),
        threshold: each(|m| m.threshold),
        reset: l.reset,
        compare: l.compare,
        reset_to: unless_zero(&l.reset_to, |m| m.reset_to),
        start: unless_zero(&l.start, |m| m.start),
    };
    let mut notes = Vec::new();
    if silent > 0 {
        notes.push(format!("{silent} neuron(s) with a gain of 0 or near it never fire"));
    }
    if !constant.is_empty() {
        let count = constant.len() * x.len() / n;
        notes.push(format!("{count} neuron(s) with a gain of 0 do not see their input"));
    }
    Ok(Absorbed { op: Op::Lif(folded), affine: Affine::unit(x), negate, notes })
}

/// A neuron that sees nothing may be divided by anything: by a power of two, so that its
/// threshold is as large as the smallest of the layer.
fn rescale(m: &mut Neuron, typical: f64) {
    if m.threshold == 0.0 || !typical.is_finite() {
        return;
    }
    let by = (typical / m.threshold.abs()).log2().ceil().clamp(-60.0, 60.0).exp2();
    for v in [&mut m.bias, &mut m.threshold, &mut m.reset_to, &mut m.start] {
        *v *= by;
    }
}

/// A comparison may have a threshold of 0 or below; the same current more on both sides
/// raises it.
fn raise(m: &mut Neuron) {
    if m.threshold <= 0.0 {
        let by = if m.threshold == 0.0 { 1.0 } else { -2.0 * m.threshold };
        m.bias += by;
        m.threshold += by;
    }
}

/// Does a neuron with a constant current ever fire? If not, it does not with any smaller
/// currents either: there is no reset before the first spike, and a membrane below 0 is
/// counted as 0.
fn fires(l: &Lif, leak: f64, threshold: f64, current: f64, start: f64, timesteps: u32) -> bool {
    let mut u = start;
    (0..timesteps).any(|_| {
        u = leak * f64::max(u, 0.0) + current;
        match l.compare {
            Compare::AtLeast => u >= threshold,
            Compare::Above => u > threshold,
        }
    })
}

fn integrator(l: &Li, x: &Stream, affine: &Affine, rows: bool) -> Result<Absorbed> {
    let own = l.resets.iter().flat_map(|r| [&r.threshold, &r.reset_to]);
    let lists = [&l.leak, &l.gain, &l.bias, &l.start].into_iter().chain(own);
    let n = granularity(x, lists.map(|v| v.iter().count()).chain([affine.len()]));
    let (mut sign, mut bias, mut start, mut entries) = (vec![], vec![], vec![], vec![]);
    let (mut threshold, mut reset_to) = (vec![], vec![]);
    for i in 0..n {
        let ((a, b), g) = (affine.of(i, n), l.gain.of(i, n));
        let (a, b) = (a * g, b * g + l.bias.of(i, n));
        let by = if a == 0.0 { 1.0 } else { a.abs() };
        sign.push(if a == 0.0 { 0.0 } else { a.signum() });
        bias.push(b / by);
        start.push(l.start.of(i, n) / by);
        entries.push((by, 0.0));
        let mut all = vec![bias[i], start[i]];
        if let Some(r) = &l.resets {
            threshold.push(r.threshold.of(i, n) / by);
            reset_to.push(r.reset_to.of(i, n) / by);
            all.extend([threshold[i], reset_to[i]]);
        }
        if !all.iter().all(|v| v.is_finite()) || threshold.get(i) == Some(&0.0) {
            let message = format!("channel {i}: current {b:e} cannot be divided by the gain {a:e}");
            return Err(unsupported(message));
        }
    }
    let negate: Vec<bool> = sign.iter().map(|s| rows && n == x.shape[0] && *s < 0.0).collect();
    sign.iter_mut().zip(&negate).filter(|(_, row)| **row).for_each(|(s, _)| *s = 1.0);
    let op = Op::Li(Li {
        leak: l.leak.clone(),
        gain: shortest(sign),
        bias: PerChannel::Each(bias),
        start: unless_zero(&l.start, start),
        resets: l.resets.as_ref().map(|r| Resets {
            threshold: PerChannel::Each(threshold),
            reset_to: unless_zero(&r.reset_to, reset_to),
            ..r.clone()
        }),
    });
    Ok(Absorbed { op, affine: Affine::new(entries), negate, notes: Vec::new() })
}

/// What a list has become, if it was not 0.
fn unless_zero(was: &PerChannel<f64>, is: Vec<f64>) -> PerChannel<f64> {
    if was.is_zero() { PerChannel::zero() } else { PerChannel::Each(is) }
}

/// A readout on what stands for `affine`, and where its input is negated.
///
/// # Errors
/// [`codes::PASS_UNSUPPORTED`](crate::diag::codes::PASS_UNSUPPORTED) if a product overflows.
pub(super) fn readout(r: &Readout, x: &Stream, affine: &Affine) -> Result<(Readout, Vec<bool>)> {
    let lists = [r.gain.iter().count(), r.offset.iter().count(), affine.len()];
    let n = granularity(x, lists);
    let scaled = |c: usize| {
        let ((a, b), g) = (affine.of(c, n), r.gain.of(c, n));
        (g * a, g * b + r.offset.of(c, n))
    };
    let (gain, offset): (Vec<f64>, Vec<f64>) = (0..n).map(scaled).unzip();
    if let Some(c) = (0..n).find(|&c| !(gain[c] + offset[c]).is_finite()) {
        let message = format!("class {c}: gain {:e} and offset {:e}", gain[c], offset[c]);
        return Err(unsupported(message)
            .help("weights, batch norm and readout together are too large for a number"));
    }
    let negative = gain.iter().map(|g| *g < 0.0).collect();
    let gain = PerChannel::Each(gain.iter().map(|g| g.abs()).collect());
    Ok((Readout { kind: r.kind, gain, offset: PerChannel::Each(offset) }, negative))
}

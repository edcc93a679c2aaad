// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The rules of the graph language.
//!
//! [`infer`] gives the stream a node produces, or says which rule its operands break;
//! [`verify`] checks a whole graph and runs after import and after every pass:
//!
//! 1. 1 to 65536 timesteps, one output, no cycle without a register, unique names;
//! 2. every operator has its number of operands and every stream is the inferred one; a
//!    readout's stream is nobody's operand;
//! 3. per-channel parameters have one entry a channel or an element; nothing is empty or
//!    immense;
//! 4. every real parameter is finite; leaks lie in 0..=1; scales and thresholds are > 0;
//! 5. every integer parameter fits its declared width, and whatever the inputs are, so do
//!    the membranes and logits that follow from them ([`super::interval`]).

use super::infer::{broken, infer};
use super::interval::{integrator, logit_width, membrane_width, range_width, scaled};
use super::ranges::{Ranges, runs};
use super::{
    FixedLi, FixedLif, FixedReadout, FixedScale, Gives, Graph, Li, Lif, NodeId, Op, PerChannel,
    Reset, Weights, entry,
};
use crate::diag::{Diagnostic, Result, codes};

/// Widest integer that any executor handles without overflow (products stay in i64).
const MAX_WIDTH: u32 = 40;
/// Most timesteps: sums over them stay in i64.
const MAX_TIMESTEPS: u32 = 1 << 16;

/// Checks every rule of the language.
///
/// # Errors
/// [`codes::IR_INVALID`] or [`codes::NOT_FINITE`] with the node and the rule.
pub fn verify(graph: &Graph) -> Result<()> {
    if graph.timesteps == 0 {
        return Err(broken("a graph runs for at least one timestep, not 0")
            .help("give the number of timesteps the model was trained with"));
    }
    if graph.timesteps > MAX_TIMESTEPS {
        return Err(broken(format!(
            "{} timesteps; a graph runs for at most {MAX_TIMESTEPS}",
            graph.timesteps
        ))
        .help("run the model for fewer timesteps"));
    }
    graph.output()?;
    let ranges = Ranges::new(graph)?;
    for id in graph.order()? {
        let node = graph.node(id);
        let operands = graph.operands(id);
        let streams: Vec<_> = operands.iter().map(|&o| &graph.node(o).stream).collect();
        let check = || {
            let inferred = infer(&node.op, &streams)?;
            if inferred != node.stream {
                return Err(broken(format!(
                    "declared as {}, but it produces {inferred}",
                    node.stream
                )));
            }
            if let Some(&o) = operands.iter().find(|&&o| graph.node(o).op.is_readout()) {
                let name = &graph.node(o).name;
                return Err(broken(format!("takes the logits of `{name}`; a readout is the end")));
            }
            parameters(&node.op)?;
            widths(graph, &ranges, id)
        };
        check().map_err(|d| d.at(node.name.clone()))?;
    }
    Ok(())
}

fn finite<'a>(name: &str, values: impl IntoIterator<Item = &'a f64>) -> Result<()> {
    for (i, v) in values.into_iter().enumerate() {
        if !v.is_finite() {
            return Err(Diagnostic::new(&codes::NOT_FINITE, format!("`{name}`[{i}] is {v}"))
                .help("training has diverged or the file is damaged; export a checkpoint whose parameters are finite"));
        }
    }
    Ok(())
}

fn all(name: &str, rule: &str, mut values: impl Iterator<Item = bool>) -> Result<()> {
    match values.position(|ok| !ok) {
        None => Ok(()),
        Some(i) => Err(broken(format!("`{name}`[{i}] must be {rule}"))),
    }
}

fn parameters(op: &Op) -> Result<()> {
    match op {
        Op::Input(_) | Op::Pool(_) | Op::Reshape(_) | Op::Add | Op::Concat(_) | Op::Relu => Ok(()),
        Op::Scale(s) => {
            finite("factor", s.factor.iter()).and_then(|()| finite("offset", s.offset.iter()))
        }
        Op::Linear(l) => weights(&l.weights, l.bias.as_deref()),
        Op::Conv(c) => weights(&c.weights, c.bias.as_deref()),
        Op::Threshold(t) => finite("threshold", t.threshold.iter()),
        Op::Delay(d) => all("steps", "at most 65536", d.steps.iter().map(|&d| d <= MAX_TIMESTEPS)),
        Op::Li(l) => li(l),
        Op::BatchNorm(b) => {
            for (name, v) in
                [("gamma", &b.gamma), ("beta", &b.beta), ("mean", &b.mean), ("var", &b.var)]
            {
                finite(name, v)?;
            }
            finite("eps", [&b.eps])?;
            all("var", "such that var + eps > 0", b.var.iter().map(|v| v + b.eps > 0.0))
        }
        Op::Lif(l) => lif(l),
        Op::FixedLif(l) => fixed_lif(l),
        Op::FixedLi(l) => fixed_li(l),
        Op::FixedScale(s) => fixed_scale(s),
        Op::Readout(r) => {
            finite("gain", r.gain.iter())?;
            finite("offset", r.offset.iter())
        }
        Op::FixedReadout(r) => fixed_readout(r),
    }
}

fn weights(weights: &Weights, bias: Option<&[f64]>) -> Result<()> {
    match weights {
        Weights::Binary { scale, .. } | Weights::Integer { scale, .. } => {
            finite("scale", scale.iter())?;
            all("scale", "> 0", scale.iter().map(|&s| s > 0.0))?;
        }
        Weights::Real { values, .. } => finite("values", values)?,
    }
    if let Weights::Integer { values, .. } = weights {
        all("values", "−127 to 127", values.iter().map(|v| *v != i8::MIN))?;
    }
    finite("bias", bias.into_iter().flatten())
}

fn membrane(
    leak: &PerChannel<f64>,
    gain: &PerChannel<f64>,
    bias: &PerChannel<f64>,
    start: &PerChannel<f64>,
) -> Result<()> {
    for (name, v) in [("leak", leak), ("gain", gain), ("bias", bias), ("start", start)] {
        finite(name, v.iter())?;
    }
    all("leak", "in 0..=1", leak.iter().map(|v| (0.0..=1.0).contains(v)))
}

fn li(l: &Li) -> Result<()> {
    membrane(&l.leak, &l.gain, &l.bias, &l.start)?;
    let Some(r) = &l.resets else { return Ok(()) };
    thresholds(&r.threshold, &r.reset_to)?;
    resets(r.reset, r.reset_to.is_zero())?;
    given(r.reset, r.gives)
}

fn lif(l: &Lif) -> Result<()> {
    membrane(&l.leak, &l.gain, &l.bias, &l.start)?;
    thresholds(&l.threshold, &l.reset_to)?;
    resets(l.reset, l.reset_to.is_zero())
}

fn thresholds(threshold: &PerChannel<f64>, reset_to: &PerChannel<f64>) -> Result<()> {
    finite("threshold", threshold.iter())?;
    finite("reset_to", reset_to.iter())?;
    all("threshold", "> 0", threshold.iter().map(|&t| t > 0.0))
}

/// Only a hard reset sets a membrane to a value.
fn resets(reset: Reset, is_to_zero: bool) -> Result<()> {
    if !reset.is_to_a_value() && !is_to_zero {
        return Err(broken("`reset_to` is for a hard reset"));
    }
    Ok(())
}

/// Has this reset a membrane to give?
fn given(reset: Reset, gives: Gives) -> Result<()> {
    match (reset, gives) {
        (Reset::None, _) => {
            Err(broken("`resets` without a reset").help("an integrator without `resets` has none"))
        }
        (reset, Gives::After) if reset.is_delayed() => Err(broken(
            "a delayed reset leaves no membrane of its timestep to give",
        )
        .help(
            "it comes after the leak: give the membrane before it, or reset with `soft` or `hard`",
        )),
        _ => Ok(()),
    }
}

/// Do membranes, logits and scaled streams fit, whatever the inputs are?
fn widths(graph: &Graph, ranges: &Ranges, id: NodeId) -> Result<()> {
    let node = graph.node(id);
    let &[x] = &graph.operands(id)[..] else { return Ok(()) };
    let seen = ranges.entries(x).len();
    let most = |lists: &[usize], needed: &dyn Fn(usize, usize) -> u32| {
        let n = runs(lists.iter().copied().chain([seen]), node.stream.len());
        (0..n).map(|i| needed(i, n)).max().unwrap_or(1)
    };
    let (what, needed, declared) = match &node.op {
        Op::FixedLif(l) => {
            let needed = |i, n| membrane_width(l, i, n, ranges.at(x, i, n), graph.timesteps);
            ("membrane", most(&l.lengths(), &needed), l.width)
        }
        Op::FixedLi(l) => {
            let lists = [&[l.leak_num.iter().count()], &l.lengths()[..]].concat();
            let needed =
                |i, n| range_width(integrator(l, i, n, ranges.at(x, i, n), graph.timesteps));
            ("membrane", most(&lists, &needed), l.width)
        }
        Op::FixedScale(s) => {
            let needed = |i, n| scaled(s, i, n, ranges.at(x, i, n)).map_or(u32::MAX, range_width);
            ("scaled stream", most(&[s.gain.len(), s.offset.len()], &needed), s.width)
        }
        Op::FixedReadout(r) => {
            let taken = r.kind.added(graph.timesteps);
            let needed = |i, n| {
                let (gain, offset) = (entry(&r.gain, i, n, 0), entry(&r.offset, i, n, 0));
                logit_width(gain, offset, ranges.at(x, i, n), taken)
            };
            ("logit", most(&[r.gain.len(), r.offset.len()], &needed), r.width)
        }
        _ => return Ok(()),
    };
    if needed > 64 {
        return Err(broken(format!("a {what} can need over 62 bits"))
            .help("smaller gains, or fewer bits before it, keep its sums in 62 bits"));
    }
    if needed > declared {
        let message = format!("a {what} can need {needed} bits, but {declared} are declared");
        return Err(broken(message).help("give `width` the larger number"));
    }
    Ok(())
}

fn signed_fits(value: i64, width: u32) -> bool {
    let limit = 1i64 << (width - 1);
    (-limit..limit).contains(&value)
}

fn width(name: &str, width: u32) -> Result<()> {
    if (1..=MAX_WIDTH).contains(&width) {
        return Ok(());
    }
    Err(broken(format!("`{name}` is {width} bits; 1 to {MAX_WIDTH} are possible")))
}

/// What neurons and integrators have in common.
fn fixed_membrane(
    leak_num: &PerChannel<u32>,
    leak_shift: u32,
    frac: u32,
    declared: u32,
    sign: &[i8],
) -> Result<()> {
    width("width", declared)?;
    all("leak_shift", "at most 16", std::iter::once(leak_shift <= 16))?;
    let most = 1 << leak_shift.min(16);
    all("leak_num", "at most 2^leak_shift", leak_num.iter().map(|&k| k <= most))?;
    all("frac", "below width", std::iter::once(frac < declared))?;
    all("sign", "−1, 0 or 1", sign.iter().map(|s| (-1..=1).contains(s)))
}

fn fixed_lif(l: &FixedLif) -> Result<()> {
    fixed_membrane(&l.leak_num, l.leak_shift, l.frac, l.width, &l.sign)?;
    all("threshold", "> 0", l.threshold.iter().map(|&t| t > 0))?;
    let fits = |list: &[i64]| list.iter().map(|&v| signed_fits(v, l.width)).collect::<Vec<_>>();
    let lists = [
        ("threshold", &l.threshold),
        ("bias", &l.bias),
        ("reset_to", &l.reset_to),
        ("start", &l.start),
    ];
    for (name, list) in lists {
        all(name, "within the membrane's width", fits(list).into_iter())?;
    }
    resets(l.reset, l.reset_to.is_empty())
}

fn fixed_li(l: &FixedLi) -> Result<()> {
    fixed_membrane(&l.leak_num, l.leak_shift, l.frac, l.width, &l.sign)?;
    for (name, list) in [("bias", &l.bias), ("start", &l.start)] {
        all(name, "within the membrane's width", list.iter().map(|&v| signed_fits(v, l.width)))?;
    }
    let Some(r) = &l.resets else { return Ok(()) };
    all("threshold", "> 0", r.threshold.iter().map(|&t| t > 0))?;
    for (name, list) in [("threshold", &r.threshold), ("reset_to", &r.reset_to)] {
        all(name, "within the membrane's width", list.iter().map(|&v| signed_fits(v, l.width)))?;
    }
    resets(r.reset, r.reset_to.is_empty())?;
    given(r.reset, r.gives)
}

fn fixed_scale(s: &FixedScale) -> Result<()> {
    width("width", s.width)?;
    all("shift", "at most 61", std::iter::once(s.shift <= 61))
}

fn fixed_readout(r: &FixedReadout) -> Result<()> {
    width("width", r.width)?;
    width("gain_width", r.gain_width)?;
    all(
        "gain",
        "unsigned and within its width",
        r.gain.iter().map(|&g| g >= 0 && g >> r.gain_width == 0),
    )?;
    all("offset", "within the logit's width", r.offset.iter().map(|&o| signed_fits(o, r.width)))
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The rules of the graph language.
//!
//! [`infer`] gives the stream a node produces, or says which rule its operands break;
//! [`verify`] checks a whole graph and runs after import and after every pass:
//!
//! 1. 1 to 65536 timesteps, one output, no cycle, unique names;
//! 2. every operator has its number of operands and every stream is the inferred one;
//! 3. per-channel parameters have one entry a channel; nothing is empty or immense;
//! 4. every real parameter is finite; leaks lie in 0..=1; scales and thresholds are > 0;
//! 5. every integer parameter fits its declared width, and whatever the inputs are, so do
//!    the membranes and logits that follow from them ([`super::interval`]).

use super::interval::{logit_width, membrane_width, operand_range};
use super::{
    FixedLif, FixedReadout, Graph, Kind, Lif, Linear, NodeId, Op, PerChannel, Stream, Weights,
};
use crate::diag::{Diagnostic, Result, codes};

/// Widest integer that any executor handles without overflow (products stay in i64).
const MAX_WIDTH: u32 = 40;
/// Most timesteps: sums over them stay in i64.
const MAX_TIMESTEPS: u32 = 1 << 16;
/// Most elements of an input: what a small text can make a reader allocate.
const MAX_ELEMENTS: usize = 1 << 24;

/// The stream that `op` produces from its operands' streams.
///
/// # Errors
/// [`codes::IR_INVALID`] with the rule that is broken; the caller adds the node's name.
pub fn infer(op: &Op, operands: &[&Stream]) -> Result<Stream> {
    if operands.len() != op.arity() {
        return Err(broken(format!(
            "`{}` takes {} operand(s), not {}",
            op.name(),
            op.arity(),
            operands.len()
        )));
    }
    match (op, operands) {
        (Op::Input(i), _) => {
            if i.shape.is_empty() || i.shape.contains(&0) {
                return Err(broken("an input needs at least one element"));
            }
            let elements = i.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
            if elements.is_none_or(|n| n > MAX_ELEMENTS) {
                return Err(broken(format!("an input has at most {MAX_ELEMENTS} elements")));
            }
            if !(1..=16).contains(&i.bits) {
                return Err(broken(format!("an input level has 1 to 16 bits, not {}", i.bits)));
            }
            let kind = if i.bits == 1 { Kind::Spikes } else { Kind::Levels { bits: i.bits } };
            Ok(Stream { shape: i.shape.clone(), kind, is_static: i.is_static })
        }
        (Op::Scale(_), [x]) => Ok(Stream { kind: Kind::Real, ..(*x).clone() }),
        (Op::Linear(l), [x]) => linear(l, x),
        (Op::BatchNorm(b), [x]) => {
            for (name, v) in
                [("gamma", &b.gamma), ("beta", &b.beta), ("mean", &b.mean), ("var", &b.var)]
            {
                channels(name, v.len(), x)?;
            }
            Ok(Stream { kind: Kind::Real, ..(*x).clone() })
        }
        (Op::Lif(l), [x]) => {
            for (name, v) in [("gain", &l.gain), ("bias", &l.bias), ("threshold", &l.threshold)] {
                per_channel(name, v, x)?;
            }
            Ok(Stream { shape: x.shape.clone(), kind: Kind::Spikes, is_static: false })
        }
        (Op::FixedLif(l), [x]) => {
            integer(x)?;
            channels("bias", l.bias.len(), x)?;
            channels("threshold", l.threshold.len(), x)?;
            Ok(Stream { shape: x.shape.clone(), kind: Kind::Spikes, is_static: false })
        }
        (Op::Readout(r), [x]) => {
            per_channel("gain", &r.gain, x)?;
            per_channel("offset", &r.offset, x)?;
            Ok(Stream { shape: x.shape.clone(), kind: Kind::Real, is_static: false })
        }
        (Op::FixedReadout(r), [x]) => {
            integer(x)?;
            channels("gain", r.gain.len(), x)?;
            channels("offset", r.offset.len(), x)?;
            let kind = Kind::Current { width: r.width, frac: r.frac };
            Ok(Stream { shape: x.shape.clone(), kind, is_static: false })
        }
        _ => Err(Diagnostic::internal("infer", "operand count was checked before")),
    }
}

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
        )));
    }
    graph.output()?;
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
            parameters(&node.op)?;
            widths(graph, &node.op, &operands)
        };
        check().map_err(|d| d.at(node.name.clone()))?;
    }
    Ok(())
}

fn broken(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::IR_INVALID, message)
}

fn channels(name: &str, len: usize, x: &Stream) -> Result<()> {
    // Every element is a channel of its own: nothing but vectors comes out of a layer yet.
    let want = x.len();
    if len == want {
        return Ok(());
    }
    Err(broken(format!("`{name}` has {len} entries for {want} channels")))
}

fn per_channel(name: &str, values: &PerChannel<f64>, x: &Stream) -> Result<()> {
    match values {
        PerChannel::All(_) => Ok(()),
        PerChannel::Each(v) => channels(name, v.len(), x),
    }
}

fn integer(x: &Stream) -> Result<()> {
    if x.kind == Kind::Real {
        Err(broken("takes integers, but its operand is real"))
    } else {
        Ok(())
    }
}

fn linear(l: &Linear, x: &Stream) -> Result<Stream> {
    let Weights::Binary { signs, scale } = &l.weights;
    if x.shape != [signs.cols()] {
        return Err(broken(format!("weights take [{}], but the operand is {x}", signs.cols())));
    }
    if !scale.fits(signs.rows()) || l.bias.as_ref().is_some_and(|b| b.len() != signs.rows()) {
        return Err(broken(format!("scale or bias does not have {} entries", signs.rows())));
    }
    if signs.rows() == 0 {
        return Err(broken("a layer needs at least one output"));
    }
    let plain = l.bias.is_none() && scale.iter().all(|&s| s == 1.0);
    let bits = match x.kind {
        Kind::Spikes => Some(1),
        Kind::Levels { bits } => Some(bits),
        Kind::Real | Kind::Current { .. } => None,
    };
    let kind = match bits {
        Some(bits) if plain => {
            let largest = signs.cols() as u64 * ((1u64 << bits) - 1);
            Kind::Current { width: u64::BITS - largest.leading_zeros() + 1, frac: 0 }
        }
        _ => Kind::Real,
    };
    Ok(Stream { shape: vec![signs.rows()], kind, is_static: x.is_static })
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
        Op::Input(_) => Ok(()),
        Op::Scale(s) => finite("factor", [&s.factor]),
        Op::Linear(l) => {
            let Weights::Binary { scale, .. } = &l.weights;
            finite("scale", scale.iter())?;
            all("scale", "> 0", scale.iter().map(|&s| s > 0.0))?;
            finite("bias", l.bias.iter().flatten())
        }
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
        Op::Readout(r) => {
            finite("gain", r.gain.iter())?;
            finite("offset", r.offset.iter())
        }
        Op::FixedReadout(r) => fixed_readout(r),
    }
}

fn lif(l: &Lif) -> Result<()> {
    finite("leak", [&l.leak])?;
    finite("gain", l.gain.iter())?;
    finite("bias", l.bias.iter())?;
    finite("threshold", l.threshold.iter())?;
    all("leak", "in 0..=1", std::iter::once((0.0..=1.0).contains(&l.leak)))?;
    all("threshold", "> 0", l.threshold.iter().map(|&t| t > 0.0))
}

/// Do membranes and logits fit, whatever the inputs are?
fn widths(graph: &Graph, op: &Op, operands: &[NodeId]) -> Result<()> {
    let &[x] = operands else { return Ok(()) };
    let (what, needed, declared) = match op {
        Op::FixedLif(l) => {
            let needed = |c| membrane_width(l, c, operand_range(graph, x, c), graph.timesteps);
            ("membrane", (0..l.threshold.len()).map(needed).max(), l.width)
        }
        Op::FixedReadout(r) => {
            let needed = |c: usize| {
                logit_width(r.gain[c], r.offset[c], operand_range(graph, x, c), graph.timesteps)
            };
            ("logit", (0..r.gain.len()).map(needed).max(), r.width)
        }
        _ => return Ok(()),
    };
    match needed {
        Some(needed) if needed > declared => {
            let message = format!("a {what} can need {needed} bits, but {declared} are declared");
            Err(broken(message).help("give `width` the larger number"))
        }
        _ => Ok(()),
    }
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

fn fixed_lif(l: &FixedLif) -> Result<()> {
    width("width", l.width)?;
    all("leak_shift", "at most 16", std::iter::once(l.leak_shift <= 16))?;
    all(
        "leak_num",
        "at most 2^leak_shift",
        std::iter::once(l.leak_num <= 1 << l.leak_shift.min(16)),
    )?;
    all("frac", "below width", std::iter::once(l.frac < l.width))?;
    all("threshold", "> 0", l.threshold.iter().map(|&t| t > 0))?;
    all(
        "threshold",
        "within the membrane's width",
        l.threshold.iter().map(|&t| signed_fits(t, l.width)),
    )?;
    all("bias", "within the membrane's width", l.bias.iter().map(|&b| signed_fits(b, l.width)))
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

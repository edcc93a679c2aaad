// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a node produces from what it takes.

use super::{BatchNorm, Concat, Conv, Delay, Input, Kind, Op, PerChannel, Pool, PoolKind};
use super::{Stream, Weights, Window};
use crate::diag::{Diagnostic, Result, codes};

/// Most elements of a stream: what a small text can make a reader allocate.
const MAX_ELEMENTS: usize = 1 << 24;
/// Widest level: sums of anything wider are no longer small integers.
const MAX_LEVEL_BITS: u32 = 32;
/// Widest current: its sum over the most timesteps there are stays in i64.
const MAX_CURRENT_BITS: u32 = 46;

/// A broken rule of the language.
pub(super) fn broken(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::IR_INVALID, message)
}

/// The stream that `op` produces from its operands' streams.
///
/// # Errors
/// [`codes::IR_INVALID`] with the rule that is broken; the caller adds the node's name.
pub fn infer(op: &Op, operands: &[&Stream]) -> Result<Stream> {
    let (least, most) = op.arity();
    if !(least..=most).contains(&operands.len()) {
        let wanted = if least == most { least.to_string() } else { format!("{least} or more") };
        let (name, given) = (op.name(), operands.len());
        return Err(broken(format!("`{name}` takes {wanted} operand(s), not {given}")));
    }
    let stream = match (op, operands) {
        (Op::Input(i), _) => input(i)?,
        (Op::Add, all) => add(all)?,
        (Op::Concat(c), all) => concat(c, all)?,
        (op, [x]) => one(op, x)?,
        _ => return Err(Diagnostic::internal("infer", "operand count was checked before")),
    };
    possible(&stream)?;
    counts(op, operands, &stream)?;
    Ok(stream)
}

/// What computes in real numbers takes an integer as the number that it is: a current whose
/// unit is not 1 would be taken for another number.
fn counts(op: &Op, operands: &[&Stream], to: &Stream) -> Result<()> {
    let compares = matches!(op, Op::Threshold(_) | Op::Lif(_));
    let scaled = |x: &&&Stream| matches!(x.kind, Kind::Current { frac, .. } if frac != 0);
    match operands.iter().find(scaled) {
        Some(x) if compares || to.kind == Kind::Real => {
            Err(broken(format!("takes real numbers or integers of unit 1, but an operand is {x}"))
                .help(
                    "streams of one unit can be added and joined; `fixed-scale` changes the unit",
                ))
        }
        _ => Ok(()),
    }
}

/// Is it a stream that an executor can hold, whoever declared it?
pub(super) fn possible(stream: &Stream) -> Result<()> {
    if stream.shape.is_empty() {
        return Err(broken("a stream has at least one dimension"));
    }
    let elements = stream.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    if !matches!(elements, Some(1..=MAX_ELEMENTS)) {
        return Err(broken(format!("a stream has 1 to {MAX_ELEMENTS} elements")));
    }
    match stream.kind {
        Kind::Levels { bits } if !(2..=MAX_LEVEL_BITS).contains(&bits) => {
            Err(broken(format!("levels of {bits} bits; 2 to {MAX_LEVEL_BITS} are possible")))
        }
        Kind::Current { width, .. } if !(1..=MAX_CURRENT_BITS).contains(&width) => {
            Err(broken(format!("a current of {width} bits; 1 to {MAX_CURRENT_BITS} are possible")))
        }
        _ => Ok(()),
    }
}

/// The operators that take one stream.
fn one(op: &Op, x: &Stream) -> Result<Stream> {
    let same = |kind, is_static| Stream { shape: x.shape.clone(), kind, is_static };
    match op {
        Op::Input(_) | Op::Add | Op::Concat(_) => {
            Err(Diagnostic::internal("infer", "this operator does not take one stream"))
        }
        Op::Scale(s) => {
            per_channel("factor", &s.factor, x)?;
            per_channel("offset", &s.offset, x)?;
            Ok(same(Kind::Real, x.is_static))
        }
        Op::Linear(l) => {
            if x.shape != [l.weights.inputs()] {
                let inputs = l.weights.inputs();
                return Err(broken(format!("weights take [{inputs}], but the operand is {x}")));
            }
            let kind = weighted(&l.weights, l.bias.as_deref(), x)?;
            Ok(Stream { shape: vec![l.weights.outputs()], kind, is_static: x.is_static })
        }
        Op::Conv(c) => conv(c, x),
        Op::BatchNorm(b) => batch_norm(b, x),
        Op::Pool(p) => pool(p, x),
        Op::Reshape(r) => {
            if r.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)) != Some(x.len()) {
                return Err(broken(format!("{:?} has not as many elements as {x}", r.shape)));
            }
            Ok(Stream { shape: r.shape.clone(), ..x.clone() })
        }
        // Nothing is below zero but real numbers and currents.
        Op::Relu => Ok(x.clone()),
        Op::Threshold(t) => {
            per_channel("threshold", &t.threshold, x)?;
            Ok(same(Kind::Spikes, x.is_static))
        }
        Op::Delay(Delay { steps }) => {
            per_channel("steps", steps, x)?;
            Ok(same(x.kind, false))
        }
        Op::Li(l) => {
            let all =
                [("leak", &l.leak), ("gain", &l.gain), ("bias", &l.bias), ("start", &l.start)];
            all.iter().try_for_each(|(name, v)| per_channel(name, v, x))?;
            if let Some(r) = &l.resets {
                per_channel("threshold", &r.threshold, x)?;
                per_channel("reset_to", &r.reset_to, x)?;
            }
            Ok(same(Kind::Real, false))
        }
        Op::Lif(l) => {
            let all =
                [("leak", &l.leak), ("gain", &l.gain), ("bias", &l.bias), ("start", &l.start)];
            all.iter().try_for_each(|(name, v)| per_channel(name, v, x))?;
            per_channel("threshold", &l.threshold, x)?;
            per_channel("reset_to", &l.reset_to, x)?;
            Ok(same(Kind::Spikes, false))
        }
        Op::FixedLif(l) => {
            integer(x)?;
            per_channel("leak_num", &l.leak_num, x)?;
            entries("bias", &l.bias, x)?;
            entries("threshold", &l.threshold, x)?;
            entries_or_none("sign", &l.sign, x)?;
            entries_or_none("reset_to", &l.reset_to, x)?;
            entries_or_none("start", &l.start, x)?;
            Ok(same(Kind::Spikes, false))
        }
        Op::FixedLi(l) => {
            per_channel("leak_num", &l.leak_num, x)?;
            entries("bias", &l.bias, x)?;
            entries_or_none("sign", &l.sign, x)?;
            entries_or_none("start", &l.start, x)?;
            if let Some(r) = &l.resets {
                entries("threshold", &r.threshold, x)?;
                entries_or_none("reset_to", &r.reset_to, x)?;
            }
            let shift = i32::try_from(l.frac).unwrap_or(i32::MAX);
            let frac = integer(x)?.saturating_add(shift);
            Ok(same(Kind::Current { width: l.width, frac }, false))
        }
        Op::FixedScale(s) => {
            integer(x)?;
            entries("gain", &s.gain, x)?;
            entries("offset", &s.offset, x)?;
            Ok(same(Kind::Current { width: s.width, frac: s.frac }, x.is_static))
        }
        Op::Readout(r) => {
            per_channel("gain", &r.gain, x)?;
            per_channel("offset", &r.offset, x)?;
            Ok(same(Kind::Real, false))
        }
        Op::FixedReadout(r) => {
            integer(x)?;
            entries("gain", &r.gain, x)?;
            entries("offset", &r.offset, x)?;
            Ok(same(Kind::Current { width: r.width, frac: r.frac }, false))
        }
    }
}

fn input(i: &Input) -> Result<Stream> {
    let kind = match i.bits {
        None => Kind::Real,
        Some(1) => Kind::Spikes,
        Some(bits @ 2..=16) => Kind::Levels { bits },
        Some(bits) => {
            return Err(broken(format!("an input level has 1 to 16 bits, not {bits}")));
        }
    };
    Ok(Stream { shape: i.shape.clone(), kind, is_static: i.is_static })
}

fn per_channel<T>(name: &str, values: &PerChannel<T>, x: &Stream) -> Result<()> {
    match values {
        PerChannel::All(_) => Ok(()),
        PerChannel::Each(v) => entries(name, v, x),
    }
}

/// A list with one entry a channel, or one an element.
fn entries<T>(name: &str, list: &[T], x: &Stream) -> Result<()> {
    let channels = x.shape.first().copied().unwrap_or(0);
    if list.len() == channels || list.len() == x.len() {
        return Ok(());
    }
    Err(broken(format!("`{name}` has {} entries for {channels} channels", list.len())))
}

fn entries_or_none<T>(name: &str, list: &[T], x: &Stream) -> Result<()> {
    if list.is_empty() { Ok(()) } else { entries(name, list, x) }
}

fn batch_norm(b: &BatchNorm, x: &Stream) -> Result<Stream> {
    let channels = x.shape.first().copied().unwrap_or(0);
    let all = [("gamma", &b.gamma), ("beta", &b.beta), ("mean", &b.mean), ("var", &b.var)];
    for (name, v) in all {
        if v.len() != channels {
            let message = format!("`{name}` has {} entries for {channels} channels", v.len());
            return Err(broken(message));
        }
    }
    Ok(Stream { kind: Kind::Real, ..x.clone() })
}

/// Bits after the binary point of a stream of integers.
fn integer(x: &Stream) -> Result<i32> {
    match x.kind {
        Kind::Real => Err(broken("takes integers, but its operand is real")),
        Kind::Current { frac, .. } => Ok(frac),
        Kind::Spikes | Kind::Levels { .. } => Ok(0),
    }
}

/// Width of a spike or a level.
fn level_bits(kind: Kind) -> Option<u32> {
    match kind {
        Kind::Spikes => Some(1),
        Kind::Levels { bits } => Some(bits),
        Kind::Real | Kind::Current { .. } => None,
    }
}

/// The levels that go up to `count` times the largest of `bits` bits.
fn levels(bits: u32, count: usize) -> Kind {
    let most = (u128::from(2u64.pow(bits.min(62))) - 1) * count as u128;
    let bits = u128::BITS - most.leading_zeros();
    if bits == 1 { Kind::Spikes } else { Kind::Levels { bits } }
}

/// The kind of a sum of `count` values of `kind`.
fn sum(kind: Kind, count: usize) -> Kind {
    match (kind, level_bits(kind)) {
        (_, Some(bits)) => levels(bits, count),
        (Kind::Current { width, frac }, _) => {
            let growth = usize::BITS - (count - 1).leading_zeros();
            Kind::Current { width: width + growth, frac }
        }
        _ => Kind::Real,
    }
}

/// What leaves weights: an integer sum if they and their inputs are plain integers.
fn weighted(weights: &Weights, bias: Option<&[f64]>, x: &Stream) -> Result<Kind> {
    let rows = weights.outputs();
    if rows == 0 || weights.inputs() == 0 {
        return Err(broken("a layer needs at least one input and one output"));
    }
    let scale = match weights {
        Weights::Binary { scale, .. } => Some(scale),
        Weights::Integer { values, scale, .. } if values.len() % rows == 0 => Some(scale),
        Weights::Real { values, .. } if values.len() % rows == 0 => None,
        _ => return Err(broken("the weights are no matrix")),
    };
    if !scale.is_none_or(|s| s.fits(rows)) || bias.is_some_and(|b| b.len() != rows) {
        return Err(broken(format!("scale or bias does not have {rows} entries")));
    }
    let plain = scale.is_some_and(|s| s.iter().all(|&s| s == 1.0)) && bias.is_none();
    let (largest, frac) = match x.kind {
        _ if !plain => return Ok(Kind::Real),
        Kind::Real => return Ok(Kind::Real),
        Kind::Spikes => (1, 0),
        Kind::Levels { bits } => (u128::from(2u64.pow(bits.min(62))) - 1, 0),
        Kind::Current { width, frac } => (1 << (width.clamp(1, 62) - 1), frac),
    };
    let sum = largest * row_magnitude(weights);
    let width = u128::BITS - sum.leading_zeros() + 1;
    // Real numbers do not wrap.
    Ok(if width > MAX_CURRENT_BITS { Kind::Real } else { Kind::Current { width, frac } })
}

/// Largest sum of magnitudes of a row, for plain integers; at least 1.
fn row_magnitude(weights: &Weights) -> u128 {
    let inputs = weights.inputs();
    match weights {
        Weights::Integer { values, .. } => {
            let sum = |row: &[i8]| row.iter().map(|w| u128::from(w.unsigned_abs())).sum();
            values.chunks(inputs).map(sum).max().unwrap_or(0).max(1)
        }
        Weights::Binary { .. } | Weights::Real { .. } => inputs as u128,
    }
}

/// Spatial extents of the windows over `x`, which is `[channels, …]`.
fn windows(window: &Window, x: &Stream) -> Result<Vec<usize>> {
    let dims = window.kernel.len();
    let lengths = [window.stride.len(), window.padding.len(), window.dilation.len()];
    if !(1..=2).contains(&dims) || lengths.iter().any(|&n| n != dims) {
        return Err(broken("a window has one or two dimensions, the same in each attribute"));
    }
    if x.shape.len() != dims + 1 {
        return Err(broken(format!("its window has {dims} dimension(s), but the operand is {x}")));
    }
    if window.stride.contains(&0) || window.dilation.contains(&0) || window.kernel.contains(&0) {
        return Err(broken("kernel, stride and dilation are at least 1"));
    }
    let steps = |d: usize| window.steps(d, x.shape[d + 1]);
    let extents: Option<Vec<usize>> = (0..dims).map(steps).collect();
    extents.ok_or_else(|| broken(format!("the window {:?} does not fit into {x}", window.kernel)))
}

fn conv(c: &Conv, x: &Stream) -> Result<Stream> {
    let extents = windows(&c.window, x)?;
    let (inputs, outputs) = (x.shape[0], c.weights.outputs());
    if c.groups == 0 || inputs % c.groups != 0 || outputs % c.groups != 0 {
        let message = format!("{inputs} channels and {outputs} do not make {} groups", c.groups);
        return Err(broken(message));
    }
    let area = c.window.kernel.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let columns = area.and_then(|a| a.checked_mul(inputs / c.groups));
    if columns != Some(c.weights.inputs()) {
        return Err(broken(format!(
            "weights have {} columns; {} channels in {} group(s) with a window of {:?} need others",
            c.weights.inputs(),
            inputs,
            c.groups,
            c.window.kernel
        )));
    }
    let kind = weighted(&c.weights, c.bias.as_deref(), x)?;
    let shape = [&[outputs][..], &extents[..]].concat();
    Ok(Stream { shape, kind, is_static: x.is_static })
}

fn pool(p: &Pool, x: &Stream) -> Result<Stream> {
    let extents = windows(&p.window, x)?;
    let shape = [&[x.shape[0]][..], &extents[..]].concat();
    let is_static = x.is_static;
    // Before a loop goes over the extents.
    possible(&Stream { shape: shape.clone(), kind: Kind::Real, is_static })?;
    for (d, &extent) in extents.iter().enumerate() {
        if (0..extent).any(|at| p.window.inside(d, at, x.shape[d + 1]).count == 0) {
            return Err(broken("a window sees nothing but padding"));
        }
    }
    let seen = p.window.kernel.iter().zip(&x.shape[1..]).map(|(k, size)| k.min(size)).product();
    let kind = match p.kind {
        PoolKind::Max => x.kind,
        PoolKind::Sum => sum(x.kind, seen),
        PoolKind::Average | PoolKind::AverageInside => Kind::Real,
    };
    Ok(Stream { shape, kind, is_static })
}

/// The kind that all streams have together, if they are integers of one unit. A spike and a
/// level count whole ones, as a current without bits after the point does.
fn common(all: &[&Stream]) -> Option<Kind> {
    let bits: Option<Vec<u32>> = all.iter().map(|x| level_bits(x.kind)).collect();
    if let Some(widest) = bits.and_then(|b| b.into_iter().max()) {
        return Some(if widest == 1 { Kind::Spikes } else { Kind::Levels { bits: widest } });
    }
    let signed = |x: &&Stream| match (x.kind, level_bits(x.kind)) {
        (_, Some(bits)) => Some((bits + 1, 0)),
        (Kind::Current { width, frac }, _) => Some((width, frac)),
        _ => None,
    };
    let currents: Vec<(u32, i32)> = all.iter().map(signed).collect::<Option<_>>()?;
    let (width, frac) = currents.iter().copied().max()?;
    currents.iter().all(|c| c.1 == frac).then_some(Kind::Current { width, frac })
}

fn add(all: &[&Stream]) -> Result<Stream> {
    let first = all[0];
    if let Some(other) = all.iter().find(|x| x.shape != first.shape) {
        return Err(broken(format!("{first} and {other} differ in shape")));
    }
    let kind = common(all).map_or(Kind::Real, |kind| sum(kind, all.len()));
    let is_static = all.iter().all(|x| x.is_static);
    Ok(Stream { shape: first.shape.clone(), kind, is_static })
}

fn concat(c: &Concat, all: &[&Stream]) -> Result<Stream> {
    let mut shape = all[0].shape.clone();
    if c.axis >= shape.len() {
        return Err(broken(format!("{} has no dimension {}", all[0], c.axis)));
    }
    shape[c.axis] = 0;
    for x in all {
        let fits = x.shape.len() == shape.len()
            && (0..shape.len()).all(|d| d == c.axis || x.shape[d] == shape[d]);
        if !fits {
            return Err(broken(format!("{} and {x} differ beside dimension {}", all[0], c.axis)));
        }
        shape[c.axis] = shape[c.axis].saturating_add(x.shape[c.axis]);
    }
    let is_static = all.iter().all(|x| x.is_static);
    Ok(Stream { shape, kind: common(all).unwrap_or(Kind::Real), is_static })
}

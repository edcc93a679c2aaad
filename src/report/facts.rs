// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is worth saying about a node.

use std::fmt::Display;

use super::layers;
use crate::ir::{Compare, Gives, Op, PerChannel, ReadoutKind, Reset, Stream, Taken};

/// Facts about one operator, ready to be shown; empty where there is nothing to say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts {
    /// Number of stored parameters.
    pub parameters: usize,
    /// Weights that are +1 and −1.
    pub signs: Option<(usize, usize)>,
    /// Thresholds, lowest to highest.
    pub threshold: String,
    /// Leak.
    pub leak: String,
    /// In a few lines, for a picture.
    pub lines: Vec<String>,
}

/// Collects them.
pub(super) fn of(op: &Op, stream: &Stream) -> Facts {
    match op {
        Op::Input(i) => {
            let shape = i.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ");
            let held = if i.is_static { ", the same at every timestep" } else { "" };
            let line = match i.bits {
                Some(bits) => format!("{shape} values of {bits} {}{held}", plural(bits, "bit")),
                None => format!("{shape} real values{held}"),
            };
            Facts { lines: vec![line], ..Facts::default() }
        }
        Op::Scale(s) => Facts {
            parameters: stored(&s.factor) + if s.offset.is_zero() { 0 } else { stored(&s.offset) },
            lines: [("×", &s.factor), ("+", &s.offset)]
                .into_iter()
                .filter(|(sign, by)| *sign == "×" || !by.is_zero())
                .map(|(sign, by)| format!("{sign} {}", range(by.iter().copied(), number)))
                .collect(),
            ..Facts::default()
        },
        Op::Linear(l) => layers::linear(l),
        Op::Conv(c) => layers::conv(c),
        Op::Pool(p) => layers::pool(p),
        Op::Reshape(_) | Op::Add | Op::Relu => Facts::default(),
        Op::Concat(c) => one_line(format!("along dimension {}", c.axis)),
        Op::Threshold(t) => Facts {
            parameters: stored(&t.threshold),
            threshold: range(t.threshold.iter().copied(), number),
            lines: vec![fires("x", t.compare, &range(t.threshold.iter().copied(), number))],
            ..Facts::default()
        },
        Op::Delay(d) => {
            let steps = range(d.steps.iter().copied(), |v| v.to_string());
            one_line(format!("{steps} {} ago", plural(u32::from(steps != "1") + 1, "timestep")))
        }
        Op::Li(l) => {
            let leak = range(l.leak.iter().copied(), number);
            let mut facts = Facts {
                parameters: [&l.leak, &l.gain, &l.bias].map(stored).iter().sum(),
                lines: vec![format!("{} integrators, leak {leak}", stream.len())],
                leak,
                ..Facts::default()
            };
            if let Some(r) = &l.resets {
                let threshold = range(r.threshold.iter().copied(), number);
                resets(&mut facts, stored(&r.threshold), threshold, (r.reset, r.compare, r.gives));
            }
            facts
        }
        Op::BatchNorm(b) => Facts {
            parameters: 4 * b.gamma.len(),
            lines: vec![format!("{} channels, ε {}", b.gamma.len(), number(b.eps))],
            ..Facts::default()
        },
        Op::Lif(l) => {
            let stored = [&l.gain, &l.bias, &l.threshold].map(stored).iter().sum::<usize>();
            let threshold = range(l.threshold.iter().copied(), number);
            let leak = range(l.leak.iter().copied(), number);
            neurons(stored, stream, threshold, leak, l.reset, l.compare)
        }
        Op::FixedLif(l) => {
            let threshold = range(l.threshold.iter().copied(), |v: i64| v.to_string());
            let leak = fixed_leak(&l.leak_num, l.leak_shift);
            let lists = [l.bias.len(), l.threshold.len(), l.reset_to.len(), l.start.len()];
            let stored = lists.iter().sum::<usize>() + l.sign.len();
            let mut facts = neurons(stored, stream, threshold, leak, l.reset, l.compare);
            facts.lines.push(format!("membrane {} bits, {} after the point", l.width, l.frac));
            facts
        }
        Op::FixedLi(l) => {
            let leak = fixed_leak(&l.leak_num, l.leak_shift);
            let mut facts = Facts {
                parameters: l.bias.len() + l.start.len() + l.sign.len(),
                lines: vec![
                    format!("{} integrators, leak {leak}", stream.len()),
                    format!("membrane {} bits, {} after the point", l.width, l.frac),
                ],
                leak,
                ..Facts::default()
            };
            if let Some(r) = &l.resets {
                let threshold = range(r.threshold.iter().copied(), |v: i64| v.to_string());
                let stored = r.threshold.len() + r.reset_to.len();
                resets(&mut facts, stored, threshold, (r.reset, r.compare, r.gives));
            }
            facts
        }
        Op::FixedScale(s) => Facts {
            parameters: s.gain.len() + s.offset.len(),
            lines: vec![
                format!("× {}", range(s.gain.iter().copied(), |v| v.to_string())),
                format!("+ {}", range(s.offset.iter().copied(), |v| v.to_string())),
                format!("/ 2^{}, {} bits, unit 2^{}", s.shift, s.width, -i64::from(s.frac)),
            ],
            ..Facts::default()
        },
        Op::Readout(r) => {
            let kind = match r.kind {
                ReadoutKind::Sum => "sum",
                ReadoutKind::Mean => "mean",
                ReadoutKind::Last => "last value",
                ReadoutKind::Max => "largest value",
                ReadoutKind::PerStep => "one output a step; class by the sum",
            };
            Facts {
                parameters: stored(&r.gain) + stored(&r.offset),
                lines: vec![format!("{} classes, {kind} over timesteps", stream.len())],
                ..Facts::default()
            }
        }
        Op::FixedReadout(r) => Facts {
            parameters: r.gain.len() + r.offset.len(),
            lines: vec![
                match r.kind {
                    Taken::Sum => format!("{} classes, sum over timesteps", stream.len()),
                    Taken::Last => format!("{} classes, last timestep", stream.len()),
                    Taken::Max => format!("{} classes, largest of the timesteps", stream.len()),
                },
                format!("gains {} bits, logits {} bits", r.gain_width, r.width),
            ],
            ..Facts::default()
        },
    }
}

fn neurons(
    parameters: usize,
    stream: &Stream,
    threshold: String,
    leak: String,
    reset: Reset,
    compare: Compare,
) -> Facts {
    let lines = vec![
        format!("{} neurons, leak {leak}, {}", stream.len(), said(reset)),
        fires("u", compare, &threshold),
    ];
    Facts { parameters, signs: None, threshold, leak, lines }
}

/// What is said of a reset that nothing but the membranes shows.
fn resets(
    facts: &mut Facts,
    parameters: usize,
    threshold: String,
    (reset, compare, gives): (Reset, Compare, Gives),
) {
    let which = if gives == Gives::After { "after it" } else { "before it" };
    facts.lines.push(format!("{}, membranes {which}", said(reset)));
    facts.lines.push(fires("u", compare, &threshold));
    facts.parameters += parameters;
    facts.threshold = threshold;
}

fn said(reset: Reset) -> &'static str {
    match reset {
        Reset::Soft => "soft reset",
        Reset::SoftDelayed => "soft reset, a step later",
        Reset::Hard => "hard reset",
        Reset::HardDelayed => "hard reset, a step later",
        Reset::None => "no reset",
    }
}

fn fixed_leak(leak_num: &PerChannel<u32>, shift: u32) -> String {
    format!("{}/{}", range(leak_num.iter().copied(), |v| v.to_string()), 1u64 << shift.min(63))
}

fn one_line(line: String) -> Facts {
    Facts { lines: vec![line], ..Facts::default() }
}

fn fires(what: &str, compare: Compare, threshold: &str) -> String {
    let sign = if compare == Compare::AtLeast { "≥" } else { ">" };
    format!("fires at {what} {sign} θ, θ = {threshold}")
}

pub(super) fn stored<T: Copy>(p: &PerChannel<T>) -> usize {
    p.iter().count()
}

/// `low … high`, or the one value.
pub(super) fn range<T: PartialOrd + Copy>(
    values: impl Iterator<Item = T>,
    show: impl Fn(T) -> String,
) -> String {
    let ends = values.fold(None, |ends: Option<(T, T)>, v| {
        let (low, high) = ends.unwrap_or((v, v));
        Some((if v < low { v } else { low }, if v > high { v } else { high }))
    });
    match ends {
        None => String::new(),
        Some((low, high)) if low == high => show(low),
        Some((low, high)) => format!("{} … {}", show(low), show(high)),
    }
}

/// Four significant digits.
pub(super) fn number(v: f64) -> String {
    if v == 0.0 || !v.is_finite() {
        return v.to_string();
    }
    let magnitude = v.abs().log10().floor();
    if !(-4.0..7.0).contains(&magnitude) {
        return format!("{v:.3e}");
    }
    let text = format!("{v:.*}", (3.0 - magnitude).max(0.0) as usize);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Thousands set apart by commas.
pub(super) fn grouped(n: impl Display) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

/// `bit` or `bits`.
pub(super) fn plural(n: u32, word: &str) -> String {
    if n == 1 { word.to_owned() } else { format!("{word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_digits() {
        for (v, text) in
            [(0.5, "0.5"), (1.0 / 255.0, "0.003922"), (1234.56, "1235"), (1e-9, "1.000e-9")]
        {
            assert_eq!(number(v), text);
        }
        assert_eq!(grouped(100_352), "100,352");
        assert_eq!(grouped(352), "352");
    }
}

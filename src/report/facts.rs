// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is worth saying about a node.

use std::fmt::Display;

use crate::ir::{Compare, Op, PerChannel, ReadoutKind, Reset, Stream, Weights};

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
            let line = format!("{shape} values of {} {}{held}", i.bits, plural(i.bits, "bit"));
            Facts { lines: vec![line], ..Facts::default() }
        }
        Op::Scale(s) => Facts {
            parameters: 1,
            lines: vec![format!("× {}", number(s.factor))],
            ..Facts::default()
        },
        Op::Linear(l) => linear(&l.weights, l.bias.as_deref()),
        Op::BatchNorm(b) => Facts {
            parameters: 4 * b.gamma.len(),
            lines: vec![format!("{} channels, ε {}", b.gamma.len(), number(b.eps))],
            ..Facts::default()
        },
        Op::Lif(l) => {
            let stored = [&l.gain, &l.bias, &l.threshold].map(stored).iter().sum::<usize>();
            let threshold = range(l.threshold.iter().copied(), number);
            neurons(stored, stream, threshold, number(l.leak), l.reset, l.compare)
        }
        Op::FixedLif(l) => {
            let threshold = range(l.threshold.iter().copied(), |v: i64| v.to_string());
            let leak = format!("{}/{}", l.leak_num, 1u64 << l.leak_shift.min(63));
            let stored = l.bias.len() + l.threshold.len();
            let mut facts = neurons(stored, stream, threshold, leak, l.reset, l.compare);
            facts.lines.push(format!("membrane {} bits, {} after the point", l.width, l.frac));
            facts
        }
        Op::Readout(r) => {
            let kind = match r.kind {
                ReadoutKind::Sum => "sum",
                ReadoutKind::Mean => "mean",
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
                format!("{} classes, sum over timesteps", stream.len()),
                format!("gains {} bits, logits {} bits", r.gain_width, r.width),
            ],
            ..Facts::default()
        },
    }
}

fn linear(weights: &Weights, bias: Option<&[f64]>) -> Facts {
    let Weights::Binary { signs, scale } = weights;
    let (outputs, inputs) = (signs.rows(), signs.cols());
    let plus = (0..outputs).flat_map(|r| signs.row(r)).map(|w| w.count_ones() as usize).sum();
    let all = outputs * inputs;
    let share = 100.0 * plus as f64 / all.max(1) as f64;
    let mut lines = vec![
        format!("{inputs} → {outputs}"),
        format!("{} weights ±1, {share:.1} % are +1", grouped(all)),
    ];
    let mut magnitudes = 0;
    if scale.iter().any(|&s| s != 1.0) {
        magnitudes = stored(scale);
        lines.push(format!("magnitude {}", range(scale.iter().copied(), number)));
    }
    if bias.is_some() {
        lines.push("with bias".to_owned());
    }
    Facts {
        parameters: all + magnitudes + bias.map_or(0, <[f64]>::len),
        signs: Some((plus, all - plus)),
        lines,
        ..Facts::default()
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
    let sign = if compare == Compare::AtLeast { "≥" } else { ">" };
    let reset = match reset {
        Reset::Soft => "soft reset",
        Reset::SoftDelayed => "soft reset, a step later",
        Reset::Hard => "hard reset",
        Reset::None => "no reset",
    };
    let lines = vec![
        format!("{} neurons, leak {leak}, {reset}", stream.len()),
        format!("fires at u {sign} θ, θ = {threshold}"),
    ];
    Facts { parameters, signs: None, threshold, leak, lines }
}

fn stored<T: Copy>(p: &PerChannel<T>) -> usize {
    p.iter().count()
}

/// `low … high`, or the one value.
fn range<T: PartialOrd + Copy>(
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
fn number(v: f64) -> String {
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

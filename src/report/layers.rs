// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What there is to say about layers with weights, and about windows.

use super::facts::{Facts, grouped, number, range, stored};
use crate::ir::{Conv, Linear, Pool, PoolKind, Weights, Window};

pub(super) fn linear(l: &Linear) -> Facts {
    weighted(
        &l.weights,
        l.bias.as_deref(),
        vec![format!("{} → {}", l.weights.inputs(), l.weights.outputs())],
    )
}

pub(super) fn conv(c: &Conv) -> Facts {
    let area: usize = c.window.kernel.iter().product();
    let inputs = c.weights.inputs() / area.max(1) * c.groups;
    let mut lines =
        vec![format!("{inputs} → {} channels, {}", c.weights.outputs(), window(&c.window))];
    if c.groups > 1 {
        lines.push(format!("{} groups", c.groups));
    }
    weighted(&c.weights, c.bias.as_deref(), lines)
}

pub(super) fn pool(p: &Pool) -> Facts {
    let kind = match p.kind {
        PoolKind::Sum => "sum",
        PoolKind::Average => "mean",
        PoolKind::AverageInside => "mean without padding",
        PoolKind::Max => "largest",
    };
    Facts { lines: vec![format!("{kind} of {}", window(&p.window))], ..Facts::default() }
}

fn window(w: &Window) -> String {
    let by = |v: &[usize]| v.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ");
    let mut text = by(&w.kernel);
    if w.stride.iter().any(|s| *s != 1) {
        text += &format!(", stride {}", by(&w.stride));
    }
    if w.padding.iter().flatten().any(|p| *p != 0) {
        let padding: Vec<_> = w.padding.iter().map(|[a, b]| format!("{a}+{b}")).collect();
        text += &format!(", padding {}", padding.join(" × "));
    }
    if w.dilation.iter().any(|d| *d != 1) {
        text += &format!(", dilation {}", by(&w.dilation));
    }
    text
}

fn weighted(weights: &Weights, bias: Option<&[f64]>, mut lines: Vec<String>) -> Facts {
    let all = weights.outputs() * weights.inputs();
    let (mut signs, mut magnitudes) = (None, 0);
    let mut magnitude = |scale| {
        magnitudes = stored(scale);
        format!("magnitude {}", range(scale.iter().copied(), number))
    };
    match weights {
        Weights::Binary { signs: matrix, scale } => {
            let words = (0..matrix.rows()).flat_map(|r| matrix.row(r));
            let plus: usize = words.map(|w| w.count_ones() as usize).sum();
            let share = 100.0 * plus as f64 / all.max(1) as f64;
            lines.push(format!("{} weights ±1, {share:.1} % are +1", grouped(all)));
            signs = Some((plus, all - plus));
            if scale.iter().any(|&s| s != 1.0) {
                lines.push(magnitude(scale));
            }
        }
        Weights::Integer { scale, .. } => {
            lines.push(format!("{} weights of 8 bits", grouped(all)));
            lines.push(magnitude(scale));
        }
        Weights::Real { .. } => lines.push(format!("{} real weights", grouped(all))),
    }
    if bias.is_some() {
        lines.push("with bias".to_owned());
    }
    let parameters = all + magnitudes + bias.map_or(0, <[f64]>::len);
    Facts { parameters, signs, lines, ..Facts::default() }
}

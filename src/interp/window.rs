// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Convolutions and pools: what each window sees.

use super::linear::weighted;
use super::value::Value;
use crate::ir::{Conv, Pool, PoolKind, Stream, Window};

/// Where the windows over an operand lie.
struct Layout<'a> {
    window: &'a Window,
    /// Extents of the operand and of the result, without channels; height 1 if there is one
    /// dimension.
    input: [usize; 2],
    output: [usize; 2],
}

impl<'a> Layout<'a> {
    fn new(window: &'a Window, x: &Stream, y: &Stream) -> Self {
        let extents = |s: &Stream| match s.shape[..] {
            [_, height, width] => [height, width],
            [_, width] => [1, width],
            _ => [1, 1],
        };
        Self { window, input: extents(x), output: extents(y) }
    }

    /// For each element of the window at `position`, row by row: its place within a channel
    /// of the operand; none where it is padding.
    fn places(&self, position: usize) -> Vec<Option<usize>> {
        let dims = self.window.kernel.len();
        let at = [position / self.output[1], position % self.output[1]];
        let axis = |d: usize| -> Vec<Option<usize>> {
            // Attribute of the window for dimension d of two.
            let Some(k) = (d + dims).checked_sub(2) else { return vec![Some(0)] };
            let (stride, dilation) = (self.window.stride[k], self.window.dilation[k]);
            let place = |j: usize| {
                let x = (at[d] * stride + j * dilation).checked_sub(self.window.padding[k][0])?;
                (x < self.input[d]).then_some(x)
            };
            (0..self.window.kernel[k]).map(place).collect()
        };
        let columns = axis(1);
        let row = |y: Option<usize>| {
            columns.iter().map(move |x| Some(y? * self.input[1] + (*x)?)).collect::<Vec<_>>()
        };
        axis(0).into_iter().flat_map(row).collect()
    }
}

/// Every output channel at every position.
pub(super) fn conv(c: &Conv, x: &Value, from: &Stream, to: &Stream) -> Value {
    let layout = Layout::new(&c.window, from, to);
    let area: usize = layout.input.iter().product();
    let positions: usize = layout.output.iter().product();
    let channels = from.shape[0] / c.groups;
    let rows = to.shape[0] / c.groups;
    // [position][output channel], turned over at the end.
    let mut found: Vec<Value> = Vec::with_capacity(positions * c.groups);
    for position in 0..positions {
        let places = layout.places(position);
        for group in 0..c.groups {
            let seen: Vec<Option<usize>> = (group * channels..(group + 1) * channels)
                .flat_map(|ch| places.iter().map(move |p| p.map(|p| ch * area + p)))
                .collect();
            let rows = group * rows..(group + 1) * rows;
            found.push(weighted(&c.weights, c.bias.as_deref(), rows, &x.gather(&seen)));
        }
    }
    let at = |channel: usize, position: usize| {
        (&found[position * c.groups + channel / rows], channel % rows)
    };
    let all = (0..to.shape[0]).flat_map(|ch| (0..positions).map(move |p| (ch, p)));
    if found.iter().all(|v| matches!(v, Value::Integers(_))) {
        let value = |(ch, p)| match at(ch, p) {
            (Value::Integers(v), row) => v[row],
            _ => 0,
        };
        return Value::Integers(all.map(value).collect());
    }
    let value = |(ch, p)| match at(ch, p) {
        (Value::Real(v), row) => v[row],
        (other, row) => other.to_reals()[row],
    };
    Value::Real(all.map(value).collect())
}

/// One value for each window of each channel.
pub(super) fn pool(p: &Pool, x: &Value, from: &Stream, to: &Stream) -> Value {
    let layout = Layout::new(&p.window, from, to);
    let area: usize = layout.input.iter().product();
    let positions: usize = layout.output.iter().product();
    let places: Vec<Vec<usize>> =
        (0..positions).map(|at| layout.places(at).into_iter().flatten().collect()).collect();
    let windows = (0..from.shape[0])
        .flat_map(|ch| places.iter().map(move |inside| inside.iter().map(move |p| ch * area + p)));
    let size: usize = p.window.kernel.iter().product();
    if let Value::Real(v) = x {
        let of = |window: &mut dyn Iterator<Item = usize>, inside: usize| match p.kind {
            PoolKind::Max => window.map(|i| v[i]).fold(f64::NEG_INFINITY, f64::max),
            PoolKind::Sum => window.map(|i| v[i]).sum(),
            PoolKind::Average => window.map(|i| v[i]).sum::<f64>() / size as f64,
            PoolKind::AverageInside => window.map(|i| v[i]).sum::<f64>() / inside as f64,
        };
        let count = |w: &dyn ExactSizeIterator<Item = usize>| w.len();
        return Value::Real(
            windows
                .map(|mut w| {
                    let n = count(&w);
                    of(&mut w, n)
                })
                .collect(),
        );
    }
    let v = x.to_integers();
    let sum = |w: &mut dyn Iterator<Item = usize>| w.map(|i| v[i]).sum::<i64>();
    match p.kind {
        PoolKind::Max => {
            let largest = windows.map(|w| w.map(|i| v[i]).max().unwrap_or(0)).collect();
            Value::pack(to.kind, largest)
        }
        PoolKind::Sum => Value::pack(to.kind, windows.map(|mut w| sum(&mut w)).collect()),
        PoolKind::Average => {
            Value::Real(windows.map(|mut w| sum(&mut w) as f64 / size as f64).collect())
        }
        PoolKind::AverageInside => Value::Real(
            windows
                .map(|mut w| {
                    let n = w.len();
                    sum(&mut w) as f64 / n as f64
                })
                .collect(),
        ),
    }
}

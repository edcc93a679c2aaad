// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Convolutions and pools: what each window sees.

use std::ops::Range;

use super::linear;
use super::ready::Ready;
use super::value::{Bitmap, Value};
use crate::ir::{Conv, Inside, Kind, Pool, PoolKind, Stream, Window};

/// Where the windows over an operand lie, in two dimensions; one dimension is a single row.
pub(super) struct Windows<'a> {
    window: &'a Window,
    /// Extents of the operand and of the result, without channels.
    pub(super) input: [usize; 2],
    pub(super) output: [usize; 2],
    /// Extents of the window.
    pub(super) kernel: [usize; 2],
}

/// One window: its rows and its columns.
pub(super) type Position = [Inside; 2];

impl<'a> Windows<'a> {
    pub(super) fn new(window: &'a Window, x: &Stream, y: &Stream) -> Self {
        let plane = |extents: &[usize]| match *extents {
            [height, width] => [height, width],
            [width] => [1, width],
            _ => [1, 1],
        };
        let (input, output) = (plane(&x.shape[1..]), plane(&y.shape[1..]));
        Self { window, input, output, kernel: plane(&window.kernel) }
    }

    /// Every window with its place in the result, row by row.
    pub(super) fn positions(&self) -> impl Iterator<Item = (usize, Position)> {
        let [height, width] = self.output;
        let dims = self.window.kernel.len();
        let inside = move |d: usize, at: usize| match (d + dims).checked_sub(2) {
            Some(k) => self.window.inside(k, at, self.input[d]),
            None => Inside { first: 0, place: 0, count: 1, step: 1 },
        };
        (0..height).flat_map(move |y| {
            let rows = inside(0, y);
            (0..width).map(move |x| (y * width + x, [rows, inside(1, x)]))
        })
    }

    /// The rows of what a window sees of a channel: (first element in the operand, first in
    /// the window); each goes on as the window's columns do.
    pub(super) fn rows(
        &self,
        channel: usize,
        [rows, columns]: Position,
    ) -> impl Iterator<Item = (usize, usize)> {
        let channel = channel * self.input[0];
        let (width, kernel) = (self.input[1], self.kernel[1]);
        (0..rows.count).map(move |k| {
            let from = (channel + rows.place + k * rows.step) * width + columns.place;
            (from, (rows.first + k) * kernel + columns.first)
        })
    }

    /// Copies what a window sees of some channels, channel after channel; padding is 0.
    fn gather(&self, x: &Value, channels: Range<usize>, at: Position, seen: &mut Value) {
        let area = self.kernel[0] * self.kernel[1];
        let Inside { count, step, .. } = at[1];
        let runs = channels
            .enumerate()
            .flat_map(|(i, ch)| self.rows(ch, at).map(move |(from, to)| (from, i * area + to)));
        match (x, seen) {
            (Value::Real(x), Value::Real(seen)) => gather_numbers(x, runs, count, step, seen),
            (Value::Integers(x), Value::Integers(seen)) => {
                gather_numbers(x, runs, count, step, seen)
            }
            (x, Value::Spikes(seen)) => {
                gather_bits(x.planes(), runs, count, step, std::slice::from_mut(seen))
            }
            (x, Value::Levels(seen)) => gather_bits(x.planes(), runs, count, step, seen),
            _ => {}
        }
    }
}

/// What windows see, number by number.
fn gather_numbers<T: Copy + Default>(
    x: &[T],
    runs: impl Iterator<Item = (usize, usize)>,
    count: usize,
    step: usize,
    seen: &mut [T],
) {
    seen.fill(T::default());
    for (from, to) in runs {
        (0..count).for_each(|k| seen[to + k] = x[from + k * step]);
    }
}

/// The same from bit planes to bit planes.
fn gather_bits(
    planes: &[Bitmap],
    runs: impl Iterator<Item = (usize, usize)>,
    count: usize,
    step: usize,
    seen: &mut [Bitmap],
) {
    seen.iter_mut().for_each(|s| s.words.fill(0));
    for (from, to) in runs {
        // Neighbours are copied by the word.
        let (length, runs) = if step == 1 { (64, count.div_ceil(64)) } else { (1, count) };
        for k in 0..runs {
            let (from, to) = (from + k * length * step, to + k * length);
            let bits = length.min(count - k * length);
            for (plane, seen) in planes.iter().zip(&mut *seen) {
                seen.set(to, plane.get(from, bits), bits);
            }
        }
    }
}

/// Every output channel at every position.
pub(super) fn conv(c: &Conv, weights: &Ready, x: &Value, from: &Stream, to: &Stream) -> Value {
    if let (Ready::Signs(signs), Value::Spikes(bits)) = (weights, x) {
        let sums = signs.sums(c, bits, from, to);
        let rows = c.weights.outputs();
        if matches!(to.kind, Kind::Current { .. }) {
            return Value::Integers(sums.into_iter().map(i64::from).collect());
        }
        let each = (sums.len() / rows.max(1)).max(1);
        let scaled = |(i, sum): (usize, &i16)| {
            linear::affine(&c.weights, c.bias.as_deref(), i / each, f64::from(*sum))
        };
        return Value::Real(sums.iter().enumerate().map(scaled).collect());
    }
    let x = linear::operand(&c.weights, x, to.kind);
    if matches!(to.kind, Kind::Current { .. }) {
        let sums = |rows, seen: &Value, found: &mut [i64]| {
            linear::integers(&c.weights, weights, rows, seen, found);
        };
        Value::Integers(each_window(c, &x, from, to, sums))
    } else {
        let sums = |rows, seen: &Value, found: &mut [f64]| {
            linear::reals(&c.weights, weights, c.bias.as_deref(), rows, seen, found);
        };
        Value::Real(each_window(c, &x, from, to, sums))
    }
}

/// What `sums` makes, for some rows of the weights, of what a window sees.
fn each_window<T: Copy + Default>(
    c: &Conv,
    x: &Value,
    from: &Stream,
    to: &Stream,
    sums: impl Fn(Range<usize>, &Value, &mut [T]),
) -> Vec<T> {
    let windows = Windows::new(&c.window, from, to);
    let positions: usize = windows.output.iter().product();
    let (channels, rows) = (from.shape[0] / c.groups, to.shape[0] / c.groups);
    let mut seen = x.blank(c.weights.inputs());
    let mut found = vec![T::default(); rows];
    let mut all = vec![T::default(); to.len()];
    for (position, at) in windows.positions() {
        for group in 0..c.groups {
            windows.gather(x, group * channels..(group + 1) * channels, at, &mut seen);
            let rows = group * rows..(group + 1) * rows;
            sums(rows.clone(), &seen, &mut found);
            rows.zip(&found).for_each(|(r, v)| all[r * positions + position] = *v);
        }
    }
    all
}

/// One value for each window of each channel.
pub(super) fn pool(p: &Pool, x: &Value, from: &Stream, to: &Stream) -> Value {
    if to.kind != Kind::Real {
        let of = |seen: &[i64]| match p.kind {
            PoolKind::Max => seen.iter().copied().max().unwrap_or(0),
            _ => seen.iter().sum(),
        };
        return Value::pack(to.kind, pool_each(p, &x.to_integers(), from, to, of));
    }
    let size: f64 = p.window.kernel.iter().map(|k| *k as f64).product();
    let of = |seen: &[f64]| match p.kind {
        PoolKind::Max => seen.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        PoolKind::Sum => seen.iter().sum(),
        PoolKind::Average => seen.iter().sum::<f64>() / size,
        PoolKind::AverageInside => seen.iter().sum::<f64>() / seen.len() as f64,
    };
    Value::Real(pool_each(p, &x.to_reals(), from, to, of))
}

/// What `of` makes of the elements of a window that are no padding.
fn pool_each<T: Copy + Default>(
    p: &Pool,
    x: &[T],
    from: &Stream,
    to: &Stream,
    of: impl Fn(&[T]) -> T,
) -> Vec<T> {
    let windows = Windows::new(&p.window, from, to);
    let positions: usize = windows.output.iter().product();
    let mut all = vec![T::default(); to.len()];
    let mut seen = Vec::new();
    for (position, at) in windows.positions() {
        let Inside { count, step, .. } = at[1];
        for channel in 0..from.shape[0] {
            seen.clear();
            for (from, _) in windows.rows(channel, at) {
                seen.extend((0..count).map(|k| x[from + k * step]));
            }
            all[channel * positions + position] = of(&seen);
        }
    }
    all
}

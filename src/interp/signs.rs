// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Spikes through convolutions with weights of ±1: the work is proportional to the spikes.

use super::value::Bitmap;
use super::window::{Position, Windows};
use crate::ir::{Conv, Kind, Node, Op, Stream};
use crate::vector::vectorised;

/// Output channels whose sums are added up side by side: they stay in registers.
const BLOCK: usize = 32;

/// The weights of a convolution, window element by window element.
pub(super) struct Signs {
    /// `[element][block of output channels]`, ±1; 0 where there is no channel.
    weights: Vec<[i16; BLOCK]>,
    /// Blocks of an element.
    blocks: usize,
}

/// The channels that fire at each place.
struct Fired {
    /// Where those of a place begin; one more than there are places.
    first: Vec<usize>,
    channels: Vec<u32>,
}

impl Fired {
    /// Of bits that lie channel by channel.
    fn of(bits: &Bitmap, places: usize) -> Self {
        let mut first = vec![0; places + 2];
        each(bits, |i| first[i % places + 2] += 1);
        (2..first.len()).for_each(|place| first[place] += first[place - 1]);
        let mut channels = vec![0; first[places + 1]];
        each(bits, |i| {
            let next = &mut first[i % places + 1];
            channels[*next] = (i / places) as u32;
            *next += 1;
        });
        Self { first, channels }
    }

    fn at(&self, place: usize) -> &[u32] {
        &self.channels[self.first[place]..self.first[place + 1]]
    }
}

/// Every bit that is one, the lowest first.
fn each(bits: &Bitmap, mut of: impl FnMut(usize)) {
    for (k, word) in bits.words.iter().enumerate() {
        let mut rest = *word;
        while rest != 0 {
            of(k * 64 + rest.trailing_zeros() as usize);
            rest &= rest - 1;
        }
    }
}

impl Signs {
    /// Of a node that sees spikes. None for other weights, for convolutions in groups, which have
    /// few channels each, and for windows whose sums do not fit into 16 bits.
    pub(super) fn of(node: &Node, operand: Option<Kind>) -> Option<Self> {
        let Op::Conv(c) = &node.op else { return None };
        let (outputs, elements) = (c.weights.outputs(), c.weights.inputs());
        let (signs, _) = c.weights.binary()?;
        let fits = i16::try_from(elements).is_ok();
        if operand != Some(Kind::Spikes) || c.groups != 1 || !fits {
            return None;
        }
        let blocks = outputs.div_ceil(BLOCK);
        let mut weights = vec![[0; BLOCK]; elements * blocks];
        for r in 0..outputs {
            for element in 0..elements {
                let block = &mut weights[element * blocks + r / BLOCK];
                block[r % BLOCK] = if signs.get(r, element) { 1 } else { -1 };
            }
        }
        Some(Self { weights, blocks })
    }

    /// `Σ ±x` of every output channel at every place.
    pub(super) fn sums(&self, c: &Conv, x: &Bitmap, from: &Stream, to: &Stream) -> Vec<i16> {
        let windows = Windows::new(&c.window, from, to);
        let (places, area) = (windows.input.iter().product(), windows.kernel.iter().product());
        let (fired, positions) = (Fired::of(x, places), windows.output.iter().product());
        let mut all = vec![0; to.len()];
        vectorised(
            #[inline(always)]
            || {
                for (position, at) in windows.positions() {
                    for (block, rows) in all.chunks_mut(BLOCK * positions).enumerate() {
                        let sums = self.window(&windows, at, &fired, (block, area));
                        let rows = rows.iter_mut().skip(position).step_by(positions);
                        rows.zip(sums).for_each(|(row, sum)| *row = sum);
                    }
                }
            },
        );
        all
    }

    /// A block of channels of one window, of so many elements a channel.
    #[inline(always)]
    fn window(
        &self,
        windows: &Windows<'_>,
        at: Position,
        fired: &Fired,
        (block, area): (usize, usize),
    ) -> [i16; BLOCK] {
        let mut sums = [0; BLOCK];
        for (row, first) in windows.rows(0, at) {
            for k in 0..at[1].count {
                for &channel in fired.at(row + k * at[1].step) {
                    let element = channel as usize * area + first + k;
                    let weights = &self.weights[element * self.blocks + block];
                    sums.iter_mut().zip(weights).for_each(|(sum, w)| *sum += w);
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interp::ready::Ready;
    use crate::interp::value::Value;
    use crate::interp::window::conv;
    use crate::ir::{BitMatrix, PerChannel, Weights, Window};

    fn stream(shape: [usize; 3], kind: Kind) -> Stream {
        Stream { shape: shape.to_vec(), kind, is_static: false }
    }

    fn node(weights: Weights, window: Window, to: &Stream) -> (Conv, Node) {
        let c = Conv { weights, bias: None, groups: 1, window };
        let node = Node { name: "conv".into(), op: Op::Conv(c.clone()), stream: to.clone() };
        (c, node)
    }

    fn binary(outputs: usize, inputs: usize) -> Weights {
        let sign = |r: usize, c: usize| !(r * 31 + c * 17 + r * c).is_multiple_of(3);
        let signs = BitMatrix::from_fn(outputs, inputs, sign);
        Weights::Binary { signs, scale: PerChannel::All(0.37) }
    }

    fn square(kernel: usize, stride: usize, padding: usize, dilation: usize) -> Window {
        Window {
            kernel: vec![kernel; 2],
            stride: vec![stride; 2],
            padding: vec![[padding; 2]; 2],
            dilation: vec![dilation; 2],
        }
    }

    /// A sum of 32,768 spikes is one too many.
    #[test]
    fn sums_do_not_wrap() {
        let of = |elements: usize| {
            let to = stream([1, 1, 1], Kind::Real);
            let (_, node) = node(binary(1, elements), square(1, 1, 0, 1), &to);
            Signs::of(&node, Some(Kind::Spikes)).is_some()
        };
        assert!(of(32_767) && !of(32_768));
    }

    /// Windows as they come: padding, strides, gaps; more channels than a block has.
    #[test]
    fn sums_are_those_of_the_plain_loop() {
        for (kernel, stride, padding, dilation, outputs) in
            [(3, 1, 1, 1, 70), (2, 2, 0, 1, 5), (3, 2, 2, 2, 33), (1, 1, 0, 1, 32)]
        {
            let (channels, extent) = (5, 7);
            let out = (extent + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
            let from = stream([channels, extent, extent], Kind::Spikes);
            let to = stream([outputs, out, out], Kind::Real);
            let bits = (0..channels * extent * extent).map(|i| (i * i + i / 3) % 4 == 1);
            let x = Bitmap::from_iter(bits);
            let weights = binary(outputs, channels * kernel * kernel);
            let (c, node) = node(weights, square(kernel, stride, padding, dilation), &to);
            let found = Signs::of(&node, Some(Kind::Spikes)).unwrap().sums(&c, &x, &from, &to);
            let Value::Real(want) = conv(&c, &Ready::Plain, &Value::Spikes(x), &from, &to) else {
                panic!("real numbers")
            };
            let found: Vec<f64> = found.iter().map(|s| 0.37 * f64::from(*s) + 0.0).collect();
            assert_eq!(found, want);
            assert!(Signs::of(&node, Some(Kind::Levels { bits: 2 })).is_none());
        }
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Bits through dense layers with weights of ±1, 64 inputs of many outputs at once.

use super::value::Bitmap;
use crate::ir::{Node, Op};
use crate::vector::vectorised;

/// The signs of a layer, `[word of the inputs][output]`; 1 is +1.
pub(super) struct Words {
    outputs: usize,
    words: Vec<u64>,
}

impl Words {
    /// None for another node.
    pub(super) fn of(node: &Node) -> Option<Self> {
        let Op::Linear(l) = &node.op else { return None };
        let (signs, _) = l.weights.binary()?;
        let (outputs, inputs) = (l.weights.outputs(), l.weights.inputs());
        let word = |k: usize| (0..outputs).map(move |r| signs.row(r)[k]);
        Some(Self { outputs, words: (0..inputs.div_ceil(64)).flat_map(word).collect() })
    }

    /// `Σ ±x = Σ_b 2^b (2 popcount(plane_b & w) − popcount(plane_b))` of every output.
    pub(super) fn sums(&self, planes: &[Bitmap]) -> Vec<i64> {
        let mut plus = vec![0u64; self.outputs];
        let mut total = 0;
        vectorised(
            #[inline(always)]
            || {
                for (b, plane) in planes.iter().enumerate() {
                    let columns = self.words.chunks(self.outputs.max(1));
                    for (x, column) in plane.words.iter().zip(columns).filter(|(x, _)| **x != 0) {
                        total += u64::from(x.count_ones()) << b;
                        let hits = |w: &u64| u64::from((w & x).count_ones()) << b;
                        plus.iter_mut().zip(column).for_each(|(sum, w)| *sum += hits(w));
                    }
                }
            },
        );
        plus.into_iter().map(|plus| 2 * plus as i64 - total as i64).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interp::linear;
    use crate::interp::ready::Ready;
    use crate::interp::value::Value;
    use crate::ir::{BitMatrix, Kind, Linear, PerChannel, Stream, Weights};

    #[test]
    fn sums_are_those_of_the_plain_loop() {
        for (outputs, inputs, bits) in [(3, 64, 1), (70, 130, 8), (1, 1, 3), (9, 200, 16)] {
            let sign = |r: usize, c: usize| !(r * 31 + c * 17 + r * c).is_multiple_of(3);
            let signs = BitMatrix::from_fn(outputs, inputs, sign);
            let weights = Weights::Binary { signs, scale: PerChannel::All(1.0) };
            let level = |i: usize| (i * 40_503 % (1 << bits)) as u16;
            let x = Value::from_levels(&(0..inputs).map(level).collect::<Vec<_>>(), bits);
            let mut want = vec![0; outputs];
            linear::integers(&weights, &Ready::Plain, 0..outputs, &x, &mut want);
            let kind = Kind::Current { width: 32, frac: 0 };
            let stream = Stream { shape: vec![outputs], kind, is_static: true };
            let op = Op::Linear(Linear { weights, bias: None });
            let node = Node { name: "n".into(), op, stream };
            assert_eq!(Words::of(&node).unwrap().sums(x.planes()), want, "{outputs} {inputs}");
        }
    }
}

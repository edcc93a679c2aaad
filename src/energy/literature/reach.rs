// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How many outputs each input of a layer reaches: its fan-out.

use crate::ir::{Conv, Graph, NodeId, Op, Stream, Weights, Window};

/// Fan-out of each element of a layer's operand; nothing of a node without weights.
pub(super) fn reach(graph: &Graph, id: NodeId) -> Option<Vec<f64>> {
    let operand = &graph.node(*graph.operands(id).first()?).stream;
    match &graph.node(id).op {
        Op::Linear(l) => Some(vec![l.weights.outputs() as f64; operand.len()]),
        Op::Conv(c) => Some(convolution(c, operand)),
        _ => None,
    }
}

/// An element reaches the output channels of its group in every window that sees it; at the
/// border those are fewer, and what is padded is nobody's input.
fn convolution(c: &Conv, operand: &Stream) -> Vec<f64> {
    let places = operand.shape[1..].iter().enumerate().fold(vec![1.0], |places, (d, &size)| {
        let seen = windows(&c.window, d, size);
        places.iter().flat_map(|p| seen.iter().map(move |s| p * s)).collect()
    });
    let channels = (c.weights.outputs() / c.groups.max(1)) as f64;
    let each: Vec<f64> = places.into_iter().map(|p| p * channels).collect();
    each.repeat(operand.shape[0])
}

/// Windows that see each of `size` elements in dimension `d`.
fn windows(window: &Window, d: usize, size: usize) -> Vec<f64> {
    let mut seen = vec![0.0; size];
    for at in 0..window.steps(d, size).unwrap_or(0) {
        let inside = window.inside(d, at, size);
        (0..inside.count).for_each(|k| seen[inside.place + k * inside.step] += 1.0);
    }
    seen
}

/// Additions that one operation takes in integers: one where the operand is a spike or the
/// weight ±1, else one a bit of the weight.
pub(super) fn additions(weights: &Weights, spikes: bool) -> f64 {
    match weights {
        Weights::Integer { values, .. } if !spikes && values.iter().any(|v| v.abs() != 1) => {
            let widest = values.iter().map(|v| (v ^ (v >> 7)).cast_unsigned().leading_zeros());
            f64::from(widest.min().map_or(1, |zeros| u8::BITS - zeros + 1))
        }
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::PerChannel;

    fn conv(window: Window, groups: usize) -> Conv {
        let taps: usize = window.kernel.iter().product();
        let values = vec![1; 6 * (4 / groups) * taps];
        let weights = Weights::Integer { rows: 6, values, scale: PerChannel::All(1.0) };
        Conv { weights, bias: None, window, groups }
    }

    fn fan_out(c: &Conv, shape: &[usize]) -> Vec<f64> {
        let (shape, kind) = (shape.to_vec(), crate::ir::Kind::Spikes);
        convolution(c, &Stream { shape, kind, is_static: false })
    }

    #[test]
    fn borders_strides_and_groups_count() {
        let (kernel, padding) = (vec![3, 3], vec![[1, 1]; 2]);
        let window = |stride: usize, dilation: usize| Window {
            kernel: kernel.clone(),
            stride: vec![stride; 2],
            padding: padding.clone(),
            dilation: vec![dilation; 2],
        };
        // 3 × 3 windows on 3 × 3 places: a corner is seen by 4, an edge by 6, the middle by 9.
        let all = fan_out(&conv(window(1, 1), 1), &[4, 3, 3]);
        assert_eq!(all[..9], [24.0, 36.0, 24.0, 36.0, 54.0, 36.0, 24.0, 36.0, 24.0]);
        assert_eq!((all.len(), &all[27..]), (36, &all[..9]));
        // Of 12 inputs in two groups an input reaches half of the channels.
        assert_eq!(fan_out(&conv(window(1, 1), 2), &[4, 3, 3])[4], 27.0);
        // Windows at 0 and 2: the middle is seen by all four, a corner by one.
        let wide = fan_out(&conv(window(2, 1), 1), &[4, 3, 3]);
        assert_eq!((wide[0], wide[1], wide[4]), (6.0, 12.0, 24.0));
        // Dilated by 2, windows begin one before the map: at 0, 1 for 4 places, seen 1 and 3 or 2.
        let window = Window { kernel: vec![2], stride: vec![1], ..window(1, 2) };
        let window = Window { padding: vec![[1, 0]], dilation: vec![2], ..window };
        assert_eq!(fan_out(&conv(window, 1), &[4, 4]).first_chunk(), Some(&[6.0, 12.0, 6.0, 6.0]));
    }

    #[test]
    fn levels_times_weights_of_several_bits_take_as_many_additions() {
        let integer = |values: Vec<i8>| {
            let scale = PerChannel::All(1.0);
            Weights::Integer { rows: 1, values, scale }
        };
        // −4 … 3 are three bits; 4 takes four.
        for (values, bits) in
            [(vec![-4, 3], 3.0), (vec![4], 4.0), (vec![-1, 2], 3.0), (vec![-1, 1], 1.0)]
        {
            assert_eq!(additions(&integer(values.clone()), false), bits);
            assert_eq!(additions(&integer(values), true), 1.0);
        }
    }
}

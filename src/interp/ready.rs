// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The weights of a node in the order in which they are added up fastest.

use super::columns::Columns;
use super::signs::Signs;
use super::words::Words;
use crate::ir::{Kind, Node, Op, Weights};

/// What is made of a node's weights before the first inference. The sums are the same to the last
/// bit.
pub(super) enum Ready {
    /// Nothing: they are taken as they are.
    Plain,
    /// Where real numbers are added up, and single precision holds all weights: they are read
    /// once an inference, from a memory that is slower than the additions.
    Single(Columns<f32>),
    /// Where real numbers are added up.
    Double(Columns<f64>),
    /// Where integers meet weights of several bits.
    Integers(Columns<i8>),
    /// Where spikes meet ±1 in a window.
    Signs(Signs),
    /// Where bits meet ±1 in a layer without windows.
    Words(Words),
}

impl Ready {
    /// For a node whose operand is of this kind.
    pub(super) fn of(node: &Node, operand: Option<Kind>) -> Self {
        let weights = match &node.op {
            Op::Linear(l) => &l.weights,
            Op::Conv(c) => &c.weights,
            _ => return Self::Plain,
        };
        let bits = matches!(operand, Some(Kind::Spikes | Kind::Levels { .. }));
        if weights.binary().is_some() && bits {
            return match (Signs::of(node, operand), Words::of(node)) {
                (Some(signs), _) => Self::Signs(signs),
                (None, Some(words)) => Self::Words(words),
                (None, None) => Self::Plain,
            };
        }
        match weights {
            Weights::Integer { .. } if node.stream.kind != Kind::Real => {
                Self::Integers(Columns::new(weights, |w| w as i8))
            }
            _ if node.stream.kind != Kind::Real => Self::Plain,
            Weights::Real { values, .. } if !values.iter().all(|v| is_single(*v)) => {
                Self::Double(Columns::new(weights, |w| w))
            }
            _ => Self::Single(Columns::new(weights, |w| w as f32)),
        }
    }
}

fn is_single(v: f64) -> bool {
    f64::from(v as f32).to_bits() == v.to_bits()
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The weights of a node in the order in which they are added up fastest.

use super::columns::{Columns, Sign};
use super::signs::Signs;
use super::words::Words;
use crate::ir::{Kind, Node, Op, Weights};

/// What is made of a node's weights before the first inference. The sums are the same to the last
/// bit.
pub(super) enum Ready {
    /// Nothing: they are taken as they are.
    Plain,
    /// Weights of up to 8 bits where numbers are added up. They are read once an inference, from a
    /// memory that is slower than the additions: in as few bytes as hold them.
    Bytes(Columns<i8>),
    /// Weights of ±1 where real numbers are added up.
    PlusMinus(Columns<Sign>),
    /// Real numbers that single precision holds.
    Single(Columns<f32>),
    /// Other real numbers.
    Double(Columns<f64>),
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
            Weights::Binary { .. } if node.stream.kind != Kind::Real => Self::Plain,
            Weights::Binary { .. } => Self::PlusMinus(Columns::new(weights, Sign::of)),
            Weights::Real { values, .. } if values.iter().all(|v| is_single(*v)) => {
                Self::Single(Columns::new(weights, |w| w as f32))
            }
            Weights::Real { .. } => Self::Double(Columns::new(weights, |w| w)),
            _ => Self::Bytes(Columns::new(weights, |w| w as i8)),
        }
    }
}

fn is_single(v: f64) -> bool {
    f64::from(v as f32).to_bits() == v.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Linear, Stream};

    /// 0.1 has no form in single precision, 0.5 has; a sum in single precision would be another.
    #[test]
    fn weights_lose_nothing() {
        let ready = |w: f64| {
            let weights = Weights::Real { rows: 1, values: vec![w, 0.25] };
            let op = Op::Linear(Linear { weights, bias: None });
            let stream = Stream { shape: vec![1], kind: Kind::Real, is_static: true };
            Ready::of(&Node { name: "n".into(), op, stream }, Some(Kind::Real))
        };
        assert!(matches!(ready(0.5), Ready::Single(_)));
        assert!(matches!(ready(0.1), Ready::Double(_)) && matches!(ready(1e300), Ready::Double(_)));
    }
}

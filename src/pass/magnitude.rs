// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How large can the numbers of a stream become?

use crate::ir::{Graph, Kind, NodeId, Op, PoolKind, Reset, Weights};

/// A bound of |x| for every element and timestep; nothing where none is known. Nodes that
/// the operands of `id` do not reach are not looked at.
pub(super) fn magnitude(graph: &Graph, id: NodeId) -> Option<f64> {
    let node = graph.node(id);
    match node.stream.kind {
        Kind::Spikes => return Some(1.0),
        Kind::Levels { bits } => return Some(f64::from(bits).exp2() - 1.0),
        Kind::Real | Kind::Current { .. } => {}
    }
    let operands = graph.operands(id);
    // A register on a cycle comes before its operand; its stream may grow.
    if matches!(node.op, Op::Delay(_)) && node.op.is_register() {
        return match (node.stream.kind, operands.first()) {
            (_, Some(&x)) if !reaches(graph, id, x) => magnitude(graph, x),
            (Kind::Current { width, .. }, _) => Some(f64::from(width - 1).exp2()),
            _ => None,
        };
    }
    let each: Option<Vec<f64>> = operands.iter().map(|&o| magnitude(graph, o)).collect();
    let each = each?;
    let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
    let x = most(&mut each.iter().copied());
    Some(match &node.op {
        Op::Linear(l) => x * row_magnitude(&l.weights) + largest(l.bias.as_deref()),
        Op::Conv(c) => x * row_magnitude(&c.weights) + largest(c.bias.as_deref()),
        Op::Scale(s) => {
            let by = most(&mut s.factor.iter().map(|f| f.abs()));
            x * by + most(&mut s.offset.iter().map(|o| o.abs()))
        }
        Op::Pool(p) if p.kind == PoolKind::Sum => {
            x * p.window.kernel.iter().map(|k| *k as f64).product::<f64>()
        }
        Op::Add => each.iter().sum(),
        Op::Pool(_) | Op::Relu | Op::Delay(_) | Op::Reshape(_) | Op::Concat(_) => x,
        Op::Li(l) => {
            let current = x * most(&mut l.gain.iter().map(|g| g.abs()))
                + most(&mut l.bias.iter().map(|b| b.abs()));
            // A reset brings a membrane nearer to 0, or to a value. One that comes after the leak
            // takes a threshold off what may be less by then.
            let own = l.resets.as_ref().map_or(0.0, |r| match r.reset {
                Reset::SoftDelayed => most(&mut r.threshold.iter().copied()),
                _ => most(&mut r.reset_to.iter().map(|v| v.abs())),
            });
            let current = current + own;
            let (leak, start) = (most(&mut l.leak.iter().copied()), &l.start);
            let start = most(&mut start.iter().map(|s| s.abs()));
            let mut u = start;
            for _ in 0..graph.timesteps.min(4096) {
                u = leak * u + current;
            }
            if leak < 1.0 {
                u.max(current / (1.0 - leak))
            } else {
                start + current * f64::from(graph.timesteps)
            }
        }
        _ => match node.stream.kind {
            Kind::Current { width, .. } => f64::from(width - 1).exp2(),
            _ => return None,
        },
    })
}

/// Does what `from` gives come to `to`?
fn reaches(graph: &Graph, from: NodeId, to: NodeId) -> bool {
    let (mut open, mut seen) = (vec![to], Vec::new());
    while let Some(id) = open.pop() {
        if id == from {
            return true;
        }
        if !seen.contains(&id) {
            seen.push(id);
            open.extend(graph.operands(id));
        }
    }
    false
}

fn largest(values: Option<&[f64]>) -> f64 {
    values.into_iter().flatten().fold(0.0, |m, v| m.max(v.abs()))
}

/// Largest sum of magnitudes of a row of weights.
fn row_magnitude(weights: &Weights) -> f64 {
    let (rows, columns) = (weights.outputs(), weights.inputs());
    match weights {
        Weights::Binary { scale, .. } => {
            largest(Some(&scale.iter().copied().collect::<Vec<_>>())) * columns as f64
        }
        _ => {
            let row = |r| (0..columns).map(|c| weights.value(r, c).abs()).sum::<f64>();
            (0..rows).map(row).fold(0.0, f64::max)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::parse;

    /// Levels up to 3; ±1/2 of three of them, and up to 2 more: 4.5 + 2.
    const GRAPH: &str = r#"synfire-ir 1
graph "net" timesteps 2
%in = input() : levels[3; 2] static {"shape":[3],"bits":2,"is_static":true}
%fc = linear(%in) : real[2] static {"weights":{"binary":{"signs":{"cols":3,"rows":["1","2"]},"scale":0.5}},"bias":[1.0,-2.0]}
%both = add(%fc, %fc) : real[2] static {}
%px = scale(%fc) : real[2] static {"factor":[-2.0,1.0],"offset":[0.5,-1.0]}
%half = li(%fc) : real[2] {"leak":0.5,"gain":1.0,"bias":0.5,"start":1.0}
%whole = li(%fc) : real[2] {"leak":1.0,"gain":2.0,"bias":0.0,"start":-1.0}
%all = concat(%both, %px, %half, %whole) : real[8] {"axis":0}
%y = readout(%all) : real[8] {"kind":"sum","gain":1.0,"offset":0.0}
output %y
"#;

    #[test]
    fn bounds_of_every_operator() {
        let graph = parse(GRAPH).unwrap_or_else(|d| panic!("{d}"));
        let of = |name: &str| magnitude(&graph, graph.find(name).unwrap()).unwrap();
        assert_eq!((of("in"), of("fc"), of("both")), (3.0, 6.5, 13.0));
        assert_eq!(of("px"), 2.0 * 6.5 + 1.0);
        // For ever: 7 + 7/2 + 7/4 + …; two timesteps of 13 after 1.
        assert_eq!((of("half"), of("whole")), (14.0, 1.0 + 2.0 * 13.0));
        assert_eq!(of("all"), 27.0);
    }
}

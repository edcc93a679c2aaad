// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The shape of every stream, and the operators that depend on it.

use super::flat::Flat;
use super::lower::{Lowered, lower};
use super::unsaid::Time;
use crate::diag::{Result, codes};
use crate::ir::{Kind, Stream, infer};

/// What each node becomes, and the shape of what leaves it.
pub(super) struct Shaped {
    pub(super) lowered: Vec<Lowered>,
    pub(super) shapes: Vec<Vec<usize>>,
}

impl Shaped {
    /// Follows the edges from the input. All streams into a node have one shape, so a cycle
    /// is entered at the first of them that is known.
    ///
    /// # Errors
    /// [`codes::NIR_SHAPE`] and what the nodes' parameters lead to.
    pub(super) fn new(flat: &Flat, time: &Time) -> Result<Self> {
        let count = flat.nodes.len();
        let mut taken: Vec<Option<(Vec<usize>, usize)>> = vec![None; count];
        let mut known: Vec<Option<(Lowered, Vec<usize>)>> = (0..count).map(|_| None).collect();
        taken[flat.input] = Some((flat.nodes[flat.input].shape()?, flat.input));
        let mut open = vec![flat.input];
        while let Some(at) = open.pop() {
            let node = &flat.nodes[at];
            let Some((shape, _)) = &taken[at] else { continue };
            let lowered = lower(node, shape, time)?;
            let mut stream = Stream { shape: shape.clone(), kind: Kind::Real, is_static: false };
            for (_, op) in &lowered {
                stream = infer(op, &[&stream]).map_err(|d| node.misfit(d.message))?;
            }
            for &(_, to) in flat.edges.range((at, 0)..=(at, usize::MAX)) {
                match &taken[to] {
                    None => {
                        taken[to] = Some((stream.shape.clone(), at));
                        open.push(to);
                    }
                    Some((other, from)) if *other != stream.shape => {
                        let message = format!(
                            "takes {other:?} from `{}`, but {:?} from `{}`",
                            flat.nodes[*from].path, stream.shape, node.path
                        );
                        return Err(flat.nodes[to]
                            .misfit(message)
                            .help("what edges into one node carry is added, so it has one shape"));
                    }
                    Some(_) => {}
                }
            }
            known[at] = Some((lowered, stream.shape));
        }
        let (mut all, mut shapes) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for (i, found) in known.into_iter().enumerate() {
            let Some((lowered, shape)) = found else {
                return Err(flat.nodes[i]
                    .error(&codes::NIR_GRAPH, "no path leads from the Input to this node"));
            };
            all.push(lowered);
            shapes.push(shape);
        }
        Ok(Self { lowered: all, shapes })
    }
}

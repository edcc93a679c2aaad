// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Is a dimension of the input time?
//!
//! `for t in range(x.shape[0]): … x[t]` becomes a `Gather` (or `Slice`, `Split`) for every
//! index of that dimension, at the input or behind what treats all timesteps alike. A
//! dimension of which every index is picked on its own is time: `[T, batch, …]` or
//! `[batch, T, …]`.

use std::collections::{BTreeSet, HashMap};

use super::Source;
use crate::diag::Result;
use crate::import::onnx::node::Node;
use crate::import::onnx::tensor::Tensor;

/// Timesteps beyond which a dimension is none.
const MAX_STEPS: usize = 1 << 16;

/// The nodes that an output depends on, operands first.
pub(super) struct Graph<'g, 'a> {
    pub(super) nodes: &'g [Node<'a>],
    pub(super) order: &'g [usize],
    pub(super) sources: &'g HashMap<&'a str, Source<'a>>,
}

impl Graph<'_, '_> {
    /// The dimension of the input `name` that is time, and its extent; `extents` holds none
    /// where the file names a symbol.
    pub(super) fn time(
        &self,
        name: &str,
        extents: &[Option<usize>],
    ) -> Result<Option<(usize, usize)>> {
        if extents.len() < 3 {
            return Ok(None);
        }
        let mut single = None;
        for axis in 0..2 {
            let Some(&Some(steps)) = extents.get(axis) else { continue };
            if steps <= MAX_STEPS && self.picks_all(name, axis, steps)? {
                // Of a batch of one, too, every index is picked.
                if steps > 1 {
                    return Ok(Some((axis, steps)));
                }
                single = single.or(Some((axis, steps)));
            }
        }
        Ok(single)
    }

    /// True if every index of a dimension is picked on its own.
    fn picks_all(&self, name: &str, axis: usize, steps: usize) -> Result<bool> {
        let mut along: HashMap<&str, usize> = HashMap::from([(name, axis)]);
        let mut picked = BTreeSet::new();
        for node in self.order.iter().filter_map(|&n| self.nodes.get(n)) {
            let mut operands = node.proto.input.iter().map(|o| along.get(o.as_str()).copied());
            let first = operands.clone().next().flatten();
            let Some(axis) = first.or_else(|| operands.find_map(|a| a)) else { continue };
            let result = match node.op() {
                _ if !node.is_standard() => None,
                "Add" | "Sub" | "Mul" | "Div" => Some(axis),
                _ if first.is_none() => None,
                "Cast" | "CastLike" | "Identity" | "Dropout" | "Neg" | "Relu"
                | "BatchNormalization" => Some(axis),
                "MatMul" | "Gemm" | "Conv" | "MaxPool" | "AveragePool" | "GlobalAveragePool"
                | "Reshape" | "Flatten"
                    if axis == 0 =>
                {
                    Some(axis)
                }
                "Transpose" => {
                    let place = |p: &[i64]| p.iter().position(|&d| usize::try_from(d) == Ok(axis));
                    node.ints("perm")?.and_then(place)
                }
                op => {
                    let indices = match op {
                        "Gather" => self.gathered(node, axis)?,
                        "Slice" => self.sliced(node, axis)?,
                        "Split" if node.int("axis")?.unwrap_or(0) == signed(axis) => {
                            (0..signed(node.proto.output.len())).collect()
                        }
                        _ => Vec::new(),
                    };
                    let count = signed(steps);
                    picked.extend(indices.iter().map(|i| if *i < 0 { i + count } else { *i }));
                    None
                }
            };
            if let (Some(axis), Some(output)) = (result, node.proto.output.first()) {
                along.insert(output, axis);
            }
        }
        Ok(picked.into_iter().eq(0..signed(steps)))
    }

    fn gathered(&self, node: &Node<'_>, axis: usize) -> Result<Vec<i64>> {
        let is_along = node.int("axis")?.unwrap_or(0) == signed(axis);
        let index = self.ints(node, 1)?.filter(|i| is_along && i.len() == 1);
        Ok(index.unwrap_or_default())
    }

    /// The index of a slice of one.
    fn sliced(&self, node: &Node<'_>, axis: usize) -> Result<Vec<i64>> {
        let list = |name: &str, i: usize| match node.ints(name)? {
            Some(list) => Ok(Some(list.to_vec())),
            None => self.ints(node, i),
        };
        let (start, end, axes) = (list("starts", 1)?, list("ends", 2)?, list("axes", 3)?);
        let (Some([start]), Some([end])) = (start.as_deref(), end.as_deref()) else {
            return Ok(Vec::new());
        };
        let is_along = axes.unwrap_or_else(|| vec![0]) == [signed(axis)];
        let is_one = is_along && (start.checked_add(1) == Some(*end) || (*start == -1 && *end > 0));
        Ok(if is_one { vec![*start] } else { Vec::new() })
    }

    /// Integers of a constant operand.
    fn ints(&self, node: &Node<'_>, operand: usize) -> Result<Option<Vec<i64>>> {
        let Some(name) = node.proto.input.get(operand) else { return Ok(None) };
        let tensor = match self.sources.get(name.as_str()) {
            Some(Source::Initializer(t)) if t.dims.iter().all(|d| *d <= 1) => {
                Some(Tensor::decode(t)?)
            }
            Some(&Source::Node(n)) => match self.nodes.get(n).filter(|n| n.op() == "Constant") {
                Some(node) => match (node.int("value_int")?, node.ints("value_ints")?) {
                    (Some(i), _) => return Ok(Some(vec![i])),
                    (_, Some(list)) => return Ok(Some(list.to_vec())),
                    _ => node.tensor("value")?,
                },
                None => None,
            },
            _ => None,
        };
        Ok(tensor.and_then(|t| t.ints().map(<[i64]>::to_vec)))
    }
}

fn signed(i: usize) -> i64 {
    i64::try_from(i).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use crate::import::Options;
    use crate::import::onnx::model::Model;
    use crate::import::onnx::testing;

    /// Axis and extent of time, and the shape of a timestep.
    fn time(text: &str) -> Option<(usize, usize, Vec<usize>)> {
        let proto = testing::model(text);
        let options = Options::default();
        let model = Model::new(&proto, &options).unwrap();
        model.time.map(|t| (t.axis, t.steps, model.input.1.shape.clone()))
    }

    const INDICES: &str = "const i0 i64 -: 0\nconst i1 i64 -: 1\nconst l i64 -: -1\n";
    const SUM: &str = "y = Add(a, b)\noutput y";

    #[test]
    fn a_dimension_of_which_every_index_is_picked_is_time() {
        let both = format!("{INDICES}a = Gather(c, i0)\nb = Gather(c, l)\n{SUM}");
        let text = |dims: &str| format!("input x f32 {dims}\nc = Neg(x)\n{both}");
        assert_eq!(time(&text("2 batch 5")), Some((0, 2, vec![1, 5])));
        assert_eq!(time(&text("2 1 5")), Some((0, 2, vec![1, 5])));
        // The third is not used, or there is nothing beside time and batch.
        assert_eq!(time(&text("3 1 5")), None);
        assert_eq!(time(&text("2 5")), None);
        let second = both.replace("i0)", "i0) axis=1").replace("l)", "l) axis=1");
        let text = |c: &str, dims: &str| format!("input x f32 {dims}\nc = {c}\n{second}");
        assert_eq!(time(&text("Neg(x)", "batch 2 5")), Some((1, 2, vec![1, 5])));
        let turned = text("Transpose(x) perm=[1,0,2]", "2 batch 5");
        assert_eq!(time(&turned), Some((0, 2, vec![1, 5])));
    }

    #[test]
    fn slices_and_splits_pick_too() {
        let slices = format!(
            "const i0 i64 1: 0\nconst i1 i64 1: 1\nconst i2 i64 1: 2\na = Slice(x, i0, i1, i0)\nb = Slice(x, i1, i2, i0)\n{SUM}"
        );
        assert_eq!(time(&format!("input x f32 2 1 5\n{slices}")), Some((0, 2, vec![1, 5])));
        let wide = slices.replace("Slice(x, i0, i1", "Slice(x, i0, i2");
        assert_eq!(time(&format!("input x f32 2 1 5\n{wide}")), None);
    }
}

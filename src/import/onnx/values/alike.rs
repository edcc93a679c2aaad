// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What does the same to every timestep of a tensor that holds all of them.

use std::collections::HashMap;

use super::build::Builder;
use super::time::Stack;
use super::{Kind, Value, ValueId};
use crate::diag::Result;
use crate::import::onnx::elem::Elem;
use crate::import::onnx::node::Node;
use crate::import::onnx::tensor::{Data, Info, Tensor, count};

impl<'a> Builder<'_, 'a> {
    /// The operator, timestep by timestep; none if it does not do the same to each. Its
    /// operands are tensors of all timesteps, and constants.
    pub(super) fn alike(
        &mut self,
        n: usize,
        node: &Node<'a>,
        operands: &[Option<ValueId>],
    ) -> Result<Option<Stack>> {
        let stacks = || operands.iter().flatten().filter_map(|o| self.stacks.get(o));
        let Some(first) = stacks().next().cloned() else { return Ok(None) };
        let same = |s: &Stack| {
            (s.steps.len(), s.axis, s.is_merged) == (first.steps.len(), first.axis, first.is_merged)
        };
        if !stacks().all(same) || !self.is_alike(node, operands, &first)? {
            return Ok(None);
        }
        let mut steps = Vec::with_capacity(first.steps.len());
        for t in 0..first.steps.len() {
            let own = |o: ValueId| self.stacks.get(&o).map_or(Some(o), |s| s.steps.get(t).copied());
            let own = operands.iter().map(|o| o.and_then(own)).collect();
            let (ids, _) = self.evaluate(n, node, own)?;
            steps.extend(ids.first());
        }
        let whole = steps.len() == first.steps.len();
        Ok(whole.then_some(Stack { steps, is_computed: true, ..first }))
    }

    fn is_alike(
        &self,
        node: &Node<'_>,
        operands: &[Option<ValueId>],
        stack: &Stack,
    ) -> Result<bool> {
        let is_stack = |o: &&ValueId| self.stacks.contains_key(*o);
        let count = operands.iter().flatten().filter(is_stack).count();
        let is_first = operands.first().copied().flatten().is_some_and(|o| is_stack(&&o));
        // Layers know of no time: they take it for a part of the batch.
        let is_layer = match node.op() {
            "Add" | "Sub" | "Mul" | "Div" => return Ok(self.constants_are_alike(operands, stack)),
            "Cast" | "Neg" | "Relu" => return Ok(count == 1),
            "MatMul" => true,
            "Gemm" | "BatchNormalization" | "Conv" | "MaxPool" | "AveragePool"
            | "GlobalAveragePool" | "GlobalMaxPool" => stack.is_merged,
            "ReduceMean" | "ReduceSum" | "ReduceMax" => {
                let rank = operands.first().copied().flatten().and_then(|x| self.rank(x));
                let inside = |a: &i64| *a != 0 && rank.is_some_and(|r| *a != -r);
                let axes = self.list(node, "axes", operands, 1)?;
                stack.is_merged && axes.is_some_and(|a| a.iter().all(inside))
            }
            _ => false,
        };
        let is_constant = |o: &ValueId| match self.values.get(*o).map(|v| &v.kind) {
            // A product with more matrices could have one for each timestep.
            Some(Kind::Const(t)) => node.op() != "MatMul" || t.info.shape.len() <= 2,
            _ => false,
        };
        let rest = operands.get(1..).unwrap_or_default();
        Ok(is_layer && is_first && count == 1 && rest.iter().flatten().all(is_constant))
    }

    fn rank(&self, id: ValueId) -> Option<i64> {
        let info = self.values.get(id)?.info.as_ref()?;
        i64::try_from(info.shape.len()).ok()
    }

    /// Constants that cannot differ between the timesteps, and that meet one timestep as
    /// they meet all.
    fn constants_are_alike(&self, operands: &[Option<ValueId>], stack: &Stack) -> bool {
        let shape = |o: ValueId| self.values.get(o)?.info.as_ref().map(|i| &i.shape[..]);
        let stacks = operands.iter().flatten().filter(|o| self.stacks.contains_key(*o));
        let Some(rank) = stacks.filter_map(|&o| shape(o)).map(<[_]>::len).max() else {
            return false;
        };
        operands.iter().flatten().all(|o| {
            if self.stacks.contains_key(o) {
                return shape(*o).is_some_and(|s| s.len() == rank);
            }
            let is_constant = matches!(self.values.get(*o).map(|v| &v.kind), Some(Kind::Const(_)));
            is_constant
                && shape(*o).is_some_and(|s| {
                    s.len() + stack.axis < rank
                        || (stack.is_merged && s.len() == rank && s.first() == Some(&1))
                })
        })
    }

    /// The tensor in another shape, which keeps time or joins it with the batch.
    /// `joins` says that the first extent is left to be computed.
    pub(super) fn reshaped(
        &mut self,
        n: usize,
        stack: &Stack,
        out: &[usize],
        joins: bool,
    ) -> Option<Stack> {
        let info = self.values.get(*stack.steps.first()?)?.info.clone()?;
        let (&batch, rest) = info.shape.split_first()?;
        let steps = stack.steps.len();
        let rows = batch.checked_mul(steps)?;
        let kept = |skip: usize| out.get(skip..).filter(|s| count(s) == count(rest));
        let apart = if stack.axis == 0 { [steps, batch] } else { [batch, steps] };
        let split = out.get(..2) == Some(&apart);
        let (split, merged) =
            (kept(2).filter(|_| split), kept(1).filter(|_| out.first() == Some(&rows)));
        // With a batch of 1 both may fit: what keeps the other dimensions is meant; else T is
        // a number, and T times the batch is none.
        let (is_merged, shape) = match (split, merged) {
            (Some(s), Some(m)) if s != rest && (m == rest || joins) => (true, m),
            (Some(s), _) => (false, s),
            (None, Some(m)) => (true, m),
            (None, None) => return None,
        };
        let made = self.each_reshaped(n, stack, &info, shape)?;
        Some(Stack { steps: made, is_merged, is_computed: true, axis: stack.axis })
    }

    /// Every timestep as `[batch, shape…]`.
    fn each_reshaped(
        &mut self,
        n: usize,
        stack: &Stack,
        info: &Info,
        shape: &[usize],
    ) -> Option<Vec<ValueId>> {
        let (batch, rest) = info.shape.split_first()?;
        if shape == rest {
            return Some(stack.steps.clone());
        }
        let own = Info { elem: info.elem, shape: [&[*batch], shape].concat() };
        let numbers = own.shape.iter().map(|&d| i64::try_from(d).ok()).collect::<Option<_>>()?;
        let extents = Info { elem: Elem::I64, shape: vec![own.shape.len()] };
        let extents = self.constant(Tensor { info: extents, data: Data::Int(numbers) }, None);
        // Timesteps that are the same stay so.
        let mut known: HashMap<ValueId, ValueId> = HashMap::new();
        let mut steps = Vec::with_capacity(stack.steps.len());
        for &step in &stack.steps {
            let id = match known.get(&step) {
                Some(&id) => id,
                None => {
                    let operands = vec![Some(step), Some(extents)];
                    let kind = Kind::Node { node: n, output: 0, op: Some("Reshape"), operands };
                    self.push(Value { kind, info: Some(own.clone()), origin: None })
                }
            };
            known.insert(step, id);
            steps.push(id);
        }
        Some(steps)
    }
}

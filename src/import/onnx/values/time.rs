// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Time as a dimension: SpikingJelly's multi-step networks pass all timesteps through a
//! layer as one tensor `[T, batch, …]`, and take it apart again for the neurons.
//!
//! Such a tensor is followed as the list of its timesteps, from where they are put
//! together (`Unsqueeze`, `Expand`, `Tile`, `Concat`) through what treats every timestep
//! alike (a product with weights, a sum with a constant) to where they are picked
//! (`Slice`, `Gather`, `Squeeze`) or reduced. What comes out is the network with its
//! timesteps written out. A `Reshape` to `[T·batch, …]` for a batch norm is followed, too.

use super::build::Builder;
use super::{Fate, Kind, Value, ValueId};
use crate::diag::{Result, codes};
use crate::import::onnx::node::Node;
use crate::import::onnx::tensor::Info;

/// Timesteps that a tensor is followed for.
pub(super) const MAX_STEPS: usize = 1 << 16;

/// A tensor as its timesteps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stack {
    pub(super) steps: Vec<ValueId>,
    /// The dimension that is time, 0 or 1.
    axis: usize,
    /// Time and batch are one dimension.
    is_merged: bool,
    /// Something was computed on it since it was put together.
    pub(super) is_computed: bool,
}

impl Stack {
    /// Timesteps that were just put together.
    pub(super) fn new(steps: Vec<ValueId>, axis: usize) -> Self {
        Self { steps, axis, is_merged: false, is_computed: false }
    }
}

/// What a node makes of timesteps.
enum Made {
    Stack(Stack),
    /// One of the timesteps, or all brought together.
    Value(ValueId),
}

impl<'a> Builder<'_, 'a> {
    /// Follows the timesteps through a node, whose result without that is `id`. Gives the
    /// value that stands for the result.
    pub(super) fn follow(
        &mut self,
        n: usize,
        node: &Node<'a>,
        operands: &[Option<ValueId>],
        id: ValueId,
    ) -> Result<ValueId> {
        if !node.is_standard() || node.proto.output.len() != 1 {
            return Ok(id);
        }
        match self.made(n, node, operands, id)? {
            Some(Made::Value(value)) => Ok(value),
            Some(Made::Stack(stack)) => {
                self.budget = self.budget.checked_sub(stack.steps.len()).ok_or_else(|| {
                    let message = "its timesteps are more than the file explains";
                    node.error(&codes::IMPORT_TOO_LARGE, message)
                })?;
                self.stacks.insert(id, stack);
                self.timed.insert(n);
                Ok(id)
            }
            None => Ok(id),
        }
    }

    /// Follows the timesteps through a `Split` into several values, which without that are
    /// `ids`.
    pub(super) fn divide(
        &mut self,
        n: usize,
        node: &Node<'a>,
        operands: &[Option<ValueId>],
        ids: &[ValueId],
    ) -> Result<()> {
        let stack = operands.first().copied().flatten().and_then(|x| self.stacks.get(&x)).cloned();
        let Some(stack) = stack.filter(|s| !s.is_merged) else { return Ok(()) };
        let shape =
            operands.first().copied().flatten().and_then(|x| self.values.get(x)?.info.clone());
        let (Some(info), true) = (shape, node.is_standard() && node.op() == "Split") else {
            return Ok(());
        };
        let axis = node.int("axis")?.unwrap_or(0);
        let rank = i64::try_from(info.shape.len()).unwrap_or(i64::MAX);
        if usize::try_from(if axis < 0 { axis + rank } else { axis }) != Ok(stack.axis) {
            return Ok(());
        }
        let sizes = match operands.get(1).copied().flatten() {
            Some(sizes) => self.ints(sizes),
            None => node.ints("split")?.map(<[i64]>::to_vec),
        };
        // Without sizes the parts are equal, but for the last.
        let each = stack.steps.len().div_ceil(ids.len().max(1));
        let mut rest = &stack.steps[..];
        for (i, &id) in ids.iter().enumerate() {
            let size = match &sizes {
                Some(sizes) => sizes.get(i).and_then(|s| usize::try_from(*s).ok()),
                None => Some(each.min(rest.len())),
            };
            let Some((part, more)) = size.filter(|s| *s > 0).and_then(|s| rest.split_at_checked(s))
            else {
                return Ok(());
            };
            rest = more;
            let mut info = info.clone();
            if let Some(extent) = info.shape.get_mut(stack.axis) {
                *extent = part.len();
            }
            if let Some(value) = self.values.get_mut(id) {
                value.info = Some(info);
            }
            self.stacks.insert(id, Stack { steps: part.to_vec(), ..stack.clone() });
        }
        self.timed.insert(n);
        Ok(())
    }

    /// The integers of a constant.
    fn ints(&self, id: ValueId) -> Option<Vec<i64>> {
        match &self.values.get(id)?.kind {
            Kind::Const(t) => t.ints().map(<[i64]>::to_vec),
            _ => None,
        }
    }

    fn made(
        &mut self,
        n: usize,
        node: &Node<'a>,
        operands: &[Option<ValueId>],
        id: ValueId,
    ) -> Result<Option<Made>> {
        let Some(&Some(x)) = operands.first() else { return Ok(None) };
        let ints = |i: usize| self.ints(operands.get(i).copied().flatten()?);
        let shape = |id: ValueId| self.values.get(id)?.info.as_ref().map(|i| i.shape.clone());
        let axes = || -> Result<Option<Vec<i64>>> {
            Ok(if operands.len() > 1 { ints(1) } else { node.ints("axes")?.map(<[i64]>::to_vec) })
        };
        let (Some(out), Some(before)) = (shape(id), shape(x)) else { return Ok(None) };
        if matches!(self.values.get(id).map(|v| &v.kind), Some(Kind::Const(_))) {
            return Ok(None);
        }
        let Some(stack) = self.stacks.get(&x).cloned() else {
            return Ok(match node.op() {
                "Unsqueeze" if axes()?.as_deref() == Some(&[0]) => {
                    Some(Made::Stack(Stack::new(vec![x], 0)))
                }
                _ => None,
            });
        };
        let count = stack.steps.len();
        let of = |steps: Vec<ValueId>| Some(Made::Stack(Stack { steps, ..stack.clone() }));
        // Axes may count from the end.
        let rank = i64::try_from(before.len()).unwrap_or(i64::MAX);
        let is_time = |axis: i64| {
            usize::try_from(if axis < 0 { axis + rank } else { axis }) == Ok(stack.axis)
        };
        let is_time_alone = |a: Option<Vec<i64>>| matches!(a.as_deref(), Some(&[a]) if is_time(a));
        let others = |shape: &[usize]| {
            shape
                .iter()
                .enumerate()
                .filter(|(d, _)| *d != stack.axis)
                .map(|(_, n)| *n)
                .collect::<Vec<_>>()
        };
        let keeps = others(&out) == others(&before) && !stack.is_merged;
        let is_first = stack.axis == 0;
        Ok(match node.op() {
            "Expand" | "Tile" if keeps && is_first && count > 0 => match out.first() {
                Some(&t) if t % count == 0 && t <= MAX_STEPS => {
                    of(stack.steps.iter().copied().cycle().take(t).collect())
                }
                _ => None,
            },
            "Concat" if is_first && node.int("axis")? == Some(0) => {
                let mut steps = Vec::new();
                let mut is_computed = false;
                for operand in operands.iter().flatten() {
                    let Some(part) = self.stacks.get(operand) else { return Ok(None) };
                    if part.is_merged || part.axis != 0 {
                        return Ok(None);
                    }
                    steps.extend(&part.steps);
                    is_computed |= part.is_computed;
                }
                Some(Made::Stack(Stack { is_computed, ..Stack::new(steps, 0) }))
            }
            "Slice" if keeps => {
                let (start, axes) = match ints(1) {
                    Some(start) => (Some(start), ints(3)),
                    None => (
                        node.ints("starts")?.map(<[i64]>::to_vec),
                        node.ints("axes")?.map(<[i64]>::to_vec),
                    ),
                };
                let is_plain = ints(4).is_none_or(|s| s == [1]) && is_time_alone(axes);
                let signed = i64::try_from(count).unwrap_or(i64::MAX);
                let start = start.and_then(|s| s.first().copied());
                let start = start
                    .map(|s| if s < 0 { s.saturating_add(signed) } else { s }.clamp(0, signed));
                let start = start.and_then(|s| usize::try_from(s).ok()).filter(|_| is_plain);
                let end = start.zip(out.get(stack.axis)).and_then(|(s, len)| s.checked_add(*len));
                let part = start.zip(end).and_then(|(s, e)| stack.steps.get(s..e));
                part.filter(|p| !p.is_empty()).map(<[_]>::to_vec).and_then(of)
            }
            "Squeeze" if count == 1 && is_time_alone(axes()?) && !stack.is_merged => {
                stack.steps.first().map(|&s| Made::Value(s))
            }
            "Gather" if is_time(node.int("axis")?.unwrap_or(0)) && !stack.is_merged => {
                let index = ints(1).filter(|i| i.len() == 1 && out.len() + 1 == before.len());
                let signed = i64::try_from(count).unwrap_or(i64::MAX);
                let index = index.and_then(|i| i.first().copied());
                let index = index.map(|i| if i < 0 { i.saturating_add(signed) } else { i });
                let step = index.and_then(|i| stack.steps.get(usize::try_from(i).ok()?).copied());
                step.map(Made::Value)
            }
            "Transpose" if !stack.is_merged => {
                // Time and batch change places.
                let swapped = [1, 0].into_iter().chain(2..rank);
                let swaps = node.ints("perm")?.is_some_and(|p| p.iter().copied().eq(swapped));
                swaps.then(|| Made::Stack(Stack { axis: 1 - stack.axis, ..stack.clone() }))
            }
            "Reshape" if is_first => self.reshape(n, &stack, &out).map(Made::Stack),
            "ReduceMean" | "ReduceSum" if stack.is_computed && !stack.is_merged => {
                if !is_time_alone(axes()?) || node.int("keepdims")?.unwrap_or(1) != 0 {
                    return Ok(None);
                }
                let op = if node.op() == "ReduceSum" { "Sum" } else { "Mean" };
                let operands = stack.steps.iter().copied().map(Some).collect();
                let kind = Kind::Node { node: n, output: 0, op: Some(op), operands };
                let info = self.values.get(id).and_then(|v| v.info.clone());
                Some(Made::Value(self.push(Value { kind, info, origin: None })))
            }
            _ if self.is_alike(node, operands, &stack, before.len()) => {
                let mut steps = Vec::with_capacity(count);
                for &step in &stack.steps {
                    let mut own = operands.to_vec();
                    if let Some(first) = own.first_mut() {
                        *first = Some(step);
                    }
                    let (ids, _) = self.evaluate(n, node, own)?;
                    steps.extend(ids.first());
                }
                let stack = Stack { steps, is_computed: true, ..stack };
                (stack.steps.len() == count).then_some(Made::Stack(stack))
            }
            _ => None,
        })
    }

    /// All timesteps in another shape: time and batch become one dimension, or two again,
    /// and the samples may change their shape.
    fn reshape(&mut self, n: usize, stack: &Stack, out: &[usize]) -> Option<Stack> {
        let step = self.values.get(*stack.steps.first()?)?.info.clone()?;
        let (&batch, own) = step.shape.split_first()?;
        let count = stack.steps.len();
        let split = out.strip_prefix(&[count, batch][..]);
        let merged = out.strip_prefix(&[batch.checked_mul(count)?][..]);
        // A batch of 1 may allow both. Then samples keep their shape, or dimensions change.
        let ways = [(false, split), (true, merged)].into_iter();
        let (is_merged, sample) = ways
            .filter_map(|(is_merged, s)| Some((is_merged, s.filter(|s| !s.is_empty())?)))
            .min_by_key(|(is_merged, s)| (*s != own, *is_merged == stack.is_merged))?;
        let mut steps = stack.steps.clone();
        if sample != own {
            let info = Info { elem: step.elem, shape: [&[batch], sample].concat() };
            for step in &mut steps {
                let operands = vec![Some(*step)];
                let kind = Kind::Node { node: n, output: 0, op: None, operands };
                *step = self.push(Value { kind, info: Some(info.clone()), origin: None });
            }
        }
        Some(Stack { steps, is_merged, is_computed: true, ..stack.clone() })
    }

    /// True if the operator does the same to every timestep, the first operand.
    fn is_alike(
        &self,
        node: &Node<'_>,
        operands: &[Option<ValueId>],
        stack: &Stack,
        rank: usize,
    ) -> bool {
        // A constant with as many dimensions could differ between the timesteps.
        let most = match node.op() {
            "MatMul" => 2,
            // What treats every sample of a batch alike, whatever the batch consists of.
            "Conv" | "MaxPool" | "AveragePool" | "GlobalAveragePool" | "GlobalMaxPool" | "Gemm"
            | "BatchNormalization"
                if stack.is_merged =>
            {
                rank
            }
            "Relu" => 0,
            "Add" | "Sub" | "Mul" | "Div" if stack.is_merged => 1,
            "Add" | "Sub" | "Mul" | "Div" => rank.saturating_sub(1 + stack.axis),
            "Cast" => 0,
            _ => return false,
        };
        operands.iter().skip(1).flatten().all(|&o| match self.values.get(o) {
            Some(Value { kind: Kind::Const(t), .. }) => t.info.shape.len() <= most,
            _ => false,
        })
    }

    /// Nodes of which nothing is left but their timesteps: each stands for a copy, or
    /// changes nothing.
    pub(super) fn settle(&mut self, live: &[bool]) {
        if self.timed.is_empty() {
            return;
        }
        let mut copies = vec![None; self.model.nodes.len()];
        for (id, value) in self.values.iter().enumerate() {
            if let Kind::Node { node, .. } = value.kind
                && live.get(id).copied().unwrap_or(false)
                && let Some(copy) = copies.get_mut(node)
            {
                *copy = copy.or(Some(id));
            }
        }
        let count = self.model.nodes.len().max(1);
        for (i, fate) in self.fates.iter_mut().enumerate() {
            let n = i % count;
            if *fate == Fate::Dead {
                match copies.get(n).copied().flatten() {
                    Some(id) => *fate = Fate::Value(id),
                    None if self.timed.contains(&n) => *fate = Fate::Identity,
                    None => {}
                }
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Time as a dimension: a network that is shown `[T, batch, …]`, and SpikingJelly's
//! multi-step networks, which pass all timesteps through a layer as one tensor and take it
//! apart again for the neurons.
//!
//! Such a tensor is followed as the list of its timesteps, from the input or where they are
//! put together (`gather`) through what treats every timestep alike (`alike`) to where they
//! are picked (`Slice`, `Gather`, `Split`, `Squeeze`) or reduced. What comes out is the
//! network with its timesteps written out. A `Reshape` or `Flatten` to `[T·batch, …]` or
//! `[batch·T, …]`, for layers that know of no time, is followed, too.

use super::build::Builder;
use super::{Fate, Kind, Value, ValueId};
use crate::diag::{Result, codes};
use crate::import::onnx::node::Node;

/// Timesteps that a tensor is followed for.
pub(super) const MAX_STEPS: usize = 1 << 16;

/// A tensor as its timesteps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stack {
    pub(super) steps: Vec<ValueId>,
    /// The dimension that is time: 0 or 1.
    pub(super) axis: usize,
    /// Time and batch are one dimension.
    pub(super) is_merged: bool,
    /// Something was computed on it since it was put together.
    pub(super) is_computed: bool,
}

impl Stack {
    /// What was put together along an axis, and nothing else yet.
    pub(super) fn together(steps: Vec<ValueId>, axis: usize, is_merged: bool) -> Self {
        Self { steps, axis, is_merged, is_computed: false }
    }

    /// An input of these timesteps.
    pub(super) fn of_input(steps: Vec<ValueId>, axis: usize) -> Self {
        Self { steps, axis, is_merged: false, is_computed: true }
    }

    fn of(&self, steps: Vec<ValueId>) -> Self {
        Self { steps, ..self.clone() }
    }

    /// Whether a dimension that an operator names is time.
    fn is_time(&self, axis: i64, rank: usize) -> bool {
        let axis = if axis < 0 { axis.saturating_add(signed(rank)) } else { axis };
        !self.is_merged && usize::try_from(axis) == Ok(self.axis)
    }

    /// The timestep that is these rows of one dimension of time and batch: `before` is the
    /// shape of the whole, `out` that of the part.
    fn rows(&self, start: i64, before: &[usize], out: &[usize]) -> Option<ValueId> {
        let batch = before.first()?.checked_div(self.steps.len())?;
        let start = usize::try_from(start).ok()?;
        // Behind the batch the rows of a timestep do not lie together.
        let is_one = self.is_merged && self.axis == 0 && out.first() == Some(&batch);
        let t = start.checked_div(batch).filter(|_| is_one && start.is_multiple_of(batch))?;
        self.steps.get(t).copied()
    }

    fn at(&self, index: i64) -> Option<ValueId> {
        let index = if index < 0 { index.saturating_add(signed(self.steps.len())) } else { index };
        self.steps.get(usize::try_from(index).ok()?).copied()
    }
}

/// What a node makes of timesteps.
enum Made {
    Stack(Stack),
    /// One of the timesteps, or all brought together.
    Value(ValueId),
}

/// How often a shape stands in another one along an axis; every other extent stays.
fn times(before: &[usize], out: &[usize], axis: usize) -> Option<usize> {
    let stays = |(d, (a, b)): (usize, (&usize, &usize))| d == axis || a == b;
    let alike = before.len() == out.len() && before.iter().zip(out).enumerate().all(stays);
    let (from, to) = (*before.get(axis)?, *out.get(axis)?);
    to.checked_div(from).filter(|times| alike && *times > 0 && times * from == to)
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

    fn made(
        &mut self,
        n: usize,
        node: &Node<'a>,
        operands: &[Option<ValueId>],
        id: ValueId,
    ) -> Result<Option<Made>> {
        let Some(&Some(x)) = operands.first() else { return Ok(None) };
        let shape = |id: ValueId| self.values.get(id)?.info.as_ref().map(|i| i.shape.clone());
        let (Some(out), Some(before)) = (shape(id), shape(x)) else { return Ok(None) };
        if matches!(self.values.get(id).map(|v| &v.kind), Some(Kind::Const(_))) {
            return Ok(None);
        }
        let axes = || self.list(node, "axes", operands, 1);
        let Some(stack) = self.stacks.get(&x).cloned() else {
            let begun = match self.begun(node, operands, &before, &out)? {
                Some(stack) => Some(stack),
                None => self.alike(n, node, operands)?,
            };
            return Ok(begun.map(Made::Stack));
        };
        let count = stack.steps.len();
        let is_time = |axes: Option<Vec<i64>>| {
            axes.is_some_and(|a| matches!(a[..], [a] if stack.is_time(a, before.len())))
        };
        Ok(match node.op() {
            "Expand" | "Tile" if !stack.is_merged => {
                let times = times(&before, &out, stack.axis);
                times
                    .filter(|times| times.saturating_mul(count) <= MAX_STEPS)
                    .map(|times| Made::Stack(stack.of(stack.steps.repeat(times))))
            }
            "Concat" if node.int("axis")?.is_some_and(|a| stack.is_time(a, before.len())) => {
                let (mut steps, mut is_computed) = (Vec::new(), false);
                for operand in operands.iter().flatten() {
                    let part = self.stacks.get(operand);
                    let Some(part) = part.filter(|p| !p.is_merged && p.axis == stack.axis) else {
                        return Ok(None);
                    };
                    steps.extend(&part.steps);
                    is_computed |= part.is_computed;
                }
                Some(Made::Stack(Stack { steps, is_computed, ..stack }))
            }
            "Slice" => {
                let start = self.list(node, "starts", operands, 1)?;
                let is_plain = self.ints(operands, 4).is_none_or(|s| s == [1]);
                let axes = self.list(node, "axes", operands, 3)?;
                let (Some(&[start]), true) = (start.as_deref(), is_plain) else { return Ok(None) };
                if stack.is_merged {
                    let along = axes.is_none_or(|a| a == [0]);
                    return Ok(stack.rows(start, &before, &out).filter(|_| along).map(Made::Value));
                }
                if !is_time(axes) {
                    return Ok(None);
                }
                let length = out.get(stack.axis).copied().unwrap_or(0);
                let start = if start < 0 { start.saturating_add(signed(count)) } else { start };
                let start = usize::try_from(start.max(0)).unwrap_or(count).min(count);
                let part = start.checked_add(length).and_then(|end| stack.steps.get(start..end));
                part.filter(|p| !p.is_empty()).map(|p| Made::Stack(stack.of(p.to_vec())))
            }
            "Squeeze" if count == 1 && is_time(axes()?) => {
                stack.steps.first().map(|&s| Made::Value(s))
            }
            "Gather" if is_time(Some(vec![node.int("axis")?.unwrap_or(0)])) => {
                let index = self.ints(operands, 1);
                let is_one = out.len() + 1 == before.len();
                match index.as_deref() {
                    Some(&[index]) if is_one => stack.at(index).map(Made::Value),
                    _ => None,
                }
            }
            "Transpose" if !stack.is_merged => {
                let swaps = |(i, p): (usize, &i64)| {
                    usize::try_from(*p) == Ok(if i < 2 { 1 - i } else { i })
                };
                let is_swap = node.ints("perm")?.is_some_and(|p| p.iter().enumerate().all(swaps));
                is_swap.then(|| Made::Stack(Stack { axis: 1 - stack.axis, ..stack }))
            }
            "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => {
                let extents = self.ints(operands, 1).filter(|_| node.op() == "Reshape");
                let joins = extents.is_some_and(|e| e.first() == Some(&-1));
                self.reshaped(n, &stack, &out, joins).map(Made::Stack)
            }
            "ReduceMean" | "ReduceSum" | "ReduceMax" if is_time(axes()?) => {
                if !stack.is_computed {
                    return Ok(None);
                }
                if node.int("keepdims")?.unwrap_or(1) != 0 {
                    return Ok(None);
                }
                let op = match node.op() {
                    "ReduceSum" => "Sum",
                    "ReduceMax" => "Max",
                    _ => "Mean",
                };
                let operands = stack.steps.iter().copied().map(Some).collect();
                let kind = Kind::Node { node: n, output: 0, op: Some(op), operands };
                let info = self.values.get(id).and_then(|v| v.info.clone());
                Some(Made::Value(self.push(Value { kind, info, origin: None })))
            }
            _ => self.alike(n, node, operands)?.map(Made::Stack),
        })
    }

    /// Timesteps that are put together here, of values that are none themselves: in a
    /// dimension of their own, before or behind the batch, or one after another in the batch.
    fn begun(
        &self,
        node: &Node<'_>,
        operands: &[Option<ValueId>],
        before: &[usize],
        out: &[usize],
    ) -> Result<Option<Stack>> {
        let Some(&Some(x)) = operands.first() else { return Ok(None) };
        let input = self.inputs.first().and_then(|&i| self.values.get(i)?.info.as_ref());
        let of_batch = input.is_some_and(|i| i.shape.first() == before.first());
        let repeated = |times: usize, is_merged| {
            let is_some = of_batch && times > 1 && times <= MAX_STEPS;
            is_some.then(|| Stack::together(vec![x; times], 0, is_merged))
        };
        Ok(match node.op() {
            "Unsqueeze" => match self.list(node, "axes", operands, 1)?.as_deref() {
                Some([axis @ (0 | 1)]) => {
                    usize::try_from(*axis).ok().map(|axis| Stack::together(vec![x], axis, false))
                }
                _ => None,
            },
            "Expand" if out.get(1..) == Some(before) => {
                out.first().and_then(|&times| repeated(times, false))
            }
            "Expand" | "Tile" => times(before, out, 0).and_then(|times| repeated(times, true)),
            "Concat" if node.int("axis")? == Some(0) && of_batch => {
                let alike = |o: &ValueId| {
                    let value = self.values.get(*o);
                    let shape = value.and_then(|v| v.info.as_ref()).map(|i| &i.shape[..]);
                    shape == Some(before) && !self.stacks.contains_key(o)
                };
                let steps: Option<Vec<_>> = operands.iter().copied().collect();
                let steps = steps.filter(|s| s.len() > 1 && s.iter().all(alike));
                steps.map(|steps| Stack::together(steps, 0, true))
            }
            _ => None,
        })
    }

    /// `Split` into timesteps, the only operator with several outputs that time goes through.
    pub(super) fn split(
        &mut self,
        n: usize,
        node: &Node<'a>,
        operands: &[Option<ValueId>],
        ids: &mut [ValueId],
    ) -> Result<()> {
        let Some(&Some(x)) = operands.first().filter(|_| node.is_standard()) else { return Ok(()) };
        let Some(stack) = self.stacks.get(&x).cloned() else { return Ok(()) };
        let Some(info) = self.values.get(x).and_then(|v| v.info.clone()) else { return Ok(()) };
        let parts = self.list(node, "split", operands, 1)?;
        let are = |extent: usize| {
            let extent = signed(extent);
            parts.as_ref().is_none_or(|parts| parts.iter().all(|p| *p == extent))
        };
        let axis = node.int("axis")?.unwrap_or(0);
        if node.op() != "Split" || ids.len() != stack.steps.len() {
            return Ok(());
        }
        if stack.is_merged {
            let batch = info.shape.first().and_then(|rows| rows.checked_div(ids.len()));
            if stack.axis == 0 && axis == 0 && batch.is_some_and(are) {
                ids.copy_from_slice(&stack.steps);
                self.timed.insert(n);
            }
            return Ok(());
        }
        if !stack.is_time(axis, info.shape.len()) || !are(1) {
            return Ok(());
        }
        for (&id, &step) in ids.iter().zip(&stack.steps) {
            let mut one = info.clone();
            if let (Some(extent), Some(value)) =
                (one.shape.get_mut(stack.axis), self.values.get_mut(id))
            {
                *extent = 1;
                value.info = Some(one);
            }
            self.stacks.insert(id, stack.of(vec![step]));
        }
        self.timed.insert(n);
        Ok(())
    }

    /// Integers of a constant operand.
    fn ints(&self, operands: &[Option<ValueId>], i: usize) -> Option<Vec<i64>> {
        match &self.values.get(operands.get(i).copied().flatten()?)?.kind {
            Kind::Const(t) => t.ints().map(<[i64]>::to_vec),
            _ => None,
        }
    }

    /// Integers of an operand, which older operator sets have as an attribute.
    pub(super) fn list(
        &self,
        node: &Node<'_>,
        attribute: &str,
        operands: &[Option<ValueId>],
        i: usize,
    ) -> Result<Option<Vec<i64>>> {
        Ok(match self.ints(operands, i) {
            Some(list) => Some(list),
            None => node.ints(attribute)?.map(<[i64]>::to_vec),
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

fn signed(i: usize) -> i64 {
    i64::try_from(i).unwrap_or(i64::MAX)
}

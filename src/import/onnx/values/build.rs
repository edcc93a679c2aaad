// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Folds and merges, node by node.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use prost::Message as _;

use super::identity::same;
use super::time::{MAX_STEPS, Stack};
use super::truth::Truth;
use super::{Fate, Kind, Value, ValueId, Values, WHOLE_INPUT};
use crate::diag::{Diagnostic, Result, codes};
use crate::import::onnx::dialect::DOMAIN;
use crate::import::onnx::model::{Model, Source, State};
use crate::import::onnx::node::Node;
use crate::import::onnx::ops::{self, Arg, Call, Operator};
use crate::import::onnx::tensor::{Data, Info, Tensor};

/// What makes two nodes compute the same: operator, attributes, operands.
#[derive(Hash, PartialEq, Eq)]
struct Key {
    op: String,
    attributes: Vec<Vec<u8>>,
    operands: Vec<Option<ValueId>>,
}

pub(super) struct Builder<'m, 'a> {
    pub(super) model: &'m Model<'a>,
    pub(super) values: Vec<Value>,
    pub(super) fates: Vec<Fate>,
    by_name: HashMap<&'a str, ValueId>,
    by_key: HashMap<Key, Vec<ValueId>>,
    by_content: HashMap<u64, Vec<ValueId>>,
    /// The input, or its timesteps so far.
    pub(super) inputs: Vec<ValueId>,
    input_changes: bool,
    /// Values that are all timesteps of others.
    pub(super) stacks: HashMap<ValueId, Stack>,
    /// Nodes that make such values.
    pub(super) timed: HashSet<usize>,
    /// Elements that may still be computed.
    pub(super) budget: usize,
}

impl<'m, 'a> Builder<'m, 'a> {
    pub(super) fn new(model: &'m Model<'a>, bytes: usize) -> Self {
        let (name, info) = &model.input;
        let input = Value { kind: Kind::Input, info: Some(info.clone()), origin: None };
        Self {
            model,
            values: vec![input],
            fates: vec![Fate::Dead; model.nodes.len() * model.steps],
            by_name: HashMap::from([(*name, 0)]),
            by_key: HashMap::new(),
            by_content: HashMap::new(),
            inputs: vec![WHOLE_INPUT],
            input_changes: model.input_changes,
            stacks: HashMap::new(),
            timed: HashSet::new(),
            // A weight takes part in about ten operators before it is what is used.
            budget: bytes.saturating_mul(16).saturating_add(1 << 20),
        }
    }

    /// Takes the input for a sequence of inputs along this axis.
    pub(super) fn over(mut self, axis: usize) -> Self {
        let (_, info) = &self.model.input;
        let mut shape = info.shape.clone();
        let steps = shape.remove(axis);
        let info = Some(Info { elem: info.elem, shape });
        let is_static = self.model.input_static;
        let count = if is_static { 1 } else { steps };
        let step = |_| self.push(Value { kind: Kind::Input, info: info.clone(), origin: None });
        let inputs: Vec<_> = (0..count).map(step).collect();
        let timesteps = inputs.iter().copied().cycle().take(steps).collect();
        self.stacks.insert(WHOLE_INPUT, Stack::of_input(timesteps, axis));
        self.inputs = inputs;
        self.input_changes = !is_static;
        self
    }

    /// A model of one timestep is run T times, each time with the states of the time
    /// before. What does not depend on a state is the same value every time.
    pub(super) fn build(mut self) -> Result<Values> {
        let mut outputs = Vec::with_capacity(self.model.steps);
        for t in 0..self.model.steps {
            let mut states = Vec::with_capacity(self.model.states.len());
            for state in &self.model.states {
                states.push(if t == 0 { self.zero(state)? } else { self.operand(state.output)? });
            }
            self.by_name.extend(self.model.states.iter().map(|s| s.input).zip(states));
            if t > 0 && self.model.input_changes {
                let (name, info) = &self.model.input;
                let info = Some(info.clone());
                let input = self.push(Value { kind: Kind::Input, info, origin: None });
                self.by_name.insert(name, input);
                self.inputs.push(input);
            }
            for &n in &self.model.order {
                let Some(node) = self.model.nodes.get(n) else { continue };
                let fate = self.node(n, node)?;
                if let Some(f) = self.fates.get_mut(t * self.model.nodes.len() + n) {
                    *f = fate;
                }
            }
            outputs.push(self.operand(self.model.output)?);
        }
        // An output that is all timesteps of a layer.
        if let [output] = outputs[..]
            && let Some(stack) = self.stacks.get(&output).filter(|s| s.is_computed)
        {
            outputs.clone_from(&stack.steps);
        }
        self.finish(outputs)
    }

    /// The state before the first timestep.
    fn zero(&mut self, state: &State<'_>) -> Result<ValueId> {
        let len = state.info.len().unwrap_or(usize::MAX);
        self.budget = self.budget.checked_sub(len).ok_or_else(|| {
            let message = format!("a state of shape {:?}", state.info.shape);
            Diagnostic::new(&codes::IMPORT_TOO_LARGE, message).at(format!("input {}", state.input))
        })?;
        let data = if state.info.elem.is_float() {
            Data::Real(vec![0.0; len])
        } else {
            Data::Int(vec![0; len])
        };
        Ok(self.constant(Tensor { info: state.info.clone(), data }, None))
    }

    /// Users, and which values the output still depends on.
    fn finish(mut self, outputs: Vec<ValueId>) -> Result<Values> {
        let mut users = vec![Vec::new(); self.values.len()];
        let mut live = vec![false; self.values.len()];
        for &output in &outputs {
            if let Some(l) = live.get_mut(output) {
                *l = true;
            }
        }
        for (id, value) in self.values.iter().enumerate().rev() {
            let Kind::Node { operands, .. } = &value.kind else { continue };
            if !live.get(id).copied().unwrap_or(false) {
                continue;
            }
            for &o in operands.iter().flatten() {
                if let (Some(l), Some(u)) = (live.get_mut(o), users.get_mut(o)) {
                    *l = true;
                    if u.last() != Some(&id) {
                        u.push(id);
                    }
                }
            }
        }
        users.iter_mut().for_each(|u| u.reverse());
        for fate in &mut self.fates {
            if let Fate::Value(id) = *fate
                && !live.get(id).copied().unwrap_or(false)
            {
                *fate = Fate::Dead;
            }
        }
        self.settle(&live);
        let Some(&output) = outputs.last() else {
            return Err(Diagnostic::internal("onnx values", "a model without timesteps"));
        };
        let Self { values, fates, inputs, input_changes, .. } = self;
        Ok(Values { values, users, fates, inputs, input_changes, output, outputs })
    }

    pub(super) fn push(&mut self, value: Value) -> ValueId {
        self.values.push(value);
        self.values.len() - 1
    }

    /// A constant; the same content is the same value.
    pub(super) fn constant(&mut self, tensor: Tensor, origin: Option<String>) -> ValueId {
        let hash = content(&tensor);
        let same = |id: &ValueId| match self.values.get(*id).map(|v| &v.kind) {
            Some(Kind::Const(t)) => *t == tensor,
            _ => false,
        };
        if let Some(&id) = self.by_content.get(&hash).and_then(|ids| ids.iter().find(|i| same(i))) {
            return id;
        }
        let info = Some(tensor.info.clone());
        let id = self.push(Value { kind: Kind::Const(tensor), info, origin });
        self.by_content.entry(hash).or_default().push(id);
        id
    }

    fn operand(&mut self, name: &'a str) -> Result<ValueId> {
        if let Some(&id) = self.by_name.get(name) {
            return Ok(id);
        }
        let Some(Source::Initializer(proto)) = self.model.source(name) else {
            return Err(Diagnostic::internal("onnx values", format!("`{name}` is not ordered")));
        };
        let id = self.constant(Tensor::decode(proto)?, Some(name.to_owned()));
        self.by_name.insert(name, id);
        Ok(id)
    }

    fn node(&mut self, n: usize, node: &Node<'a>) -> Result<Fate> {
        let mut operands = Vec::with_capacity(node.proto.input.len());
        for name in &node.proto.input {
            operands.push(if name.is_empty() { None } else { Some(self.operand(name)?) });
        }
        while operands.last() == Some(&None) {
            operands.pop();
        }
        let (mut ids, mut fate) = self.evaluate(n, node, operands.clone())?;
        self.split(n, node, &operands, &mut ids)?;
        if let Some(first) = ids.first_mut() {
            let id = self.follow(n, node, &operands, *first)?;
            if id != *first {
                *first = id;
                self.timed.insert(n);
                fate = match self.values.get(id).map(|v| &v.kind) {
                    Some(Kind::Node { node, .. }) if *node == n => Fate::Value(id),
                    _ => Fate::Identity,
                };
            }
        }
        for (name, id) in node.proto.output.iter().zip(ids) {
            self.by_name.insert(name, id);
        }
        Ok(fate)
    }

    /// The values of a node's outputs for these operands; the same ones for the same.
    pub(super) fn evaluate(
        &mut self,
        n: usize,
        node: &Node<'a>,
        operands: Vec<Option<ValueId>>,
    ) -> Result<(Vec<ValueId>, Fate)> {
        let key = Key { op: op_key(node), attributes: attributes(node), operands };
        Ok(if let Some(ids) = self.by_key.get(&key) {
            (ids.clone(), self.fate(ids.first().copied()))
        } else {
            let (ids, fate) = self.compute(n, node, &key.operands)?;
            self.by_key.insert(key, ids.clone());
            (ids, fate)
        })
    }

    /// The value of a standard operator of these operands, if the model has computed it.
    pub(super) fn known(&self, op: &str, operands: [ValueId; 2]) -> Option<ValueId> {
        let operands = operands.map(Some).to_vec();
        let key = Key { op: format!(":{op}:1"), attributes: Vec::new(), operands };
        self.by_key.get(&key)?.first().copied()
    }

    fn fate(&self, id: Option<ValueId>) -> Fate {
        let Some(id) = id else { return Fate::Dead };
        match self.values.get(id).map(|v| &v.kind) {
            Some(Kind::Const(_)) => Fate::Folded,
            Some(Kind::Node { .. }) => Fate::Value(id),
            _ => Fate::Identity,
        }
    }

    /// The values of a node's outputs.
    fn compute(
        &mut self,
        n: usize,
        node: &Node<'_>,
        operands: &[Option<ValueId>],
    ) -> Result<(Vec<ValueId>, Fate)> {
        let outputs = node.proto.output.len();
        let known = ops::of(node);
        let mut info = None;
        if let Some(operator) = known
            && let Some(call) = call(&self.values, node, operands)
        {
            info = (operator.infer)(&call)?;
            let is_const = call.args.iter().flatten().all(|a| a.value.is_some());
            if let Some(out) = &info {
                let len = out.len().ok_or_else(|| {
                    node.error(&codes::ONNX_SHAPE, format!("a shape of {:?}", out.shape))
                })?;
                if outputs == 1 && (is_const || operator.of_shapes) {
                    if let Some(tensor) = fold(operator, &call, out, len, &mut self.budget)? {
                        let origin = self.origin(operands);
                        return Ok((vec![self.constant(tensor, origin)], Fate::Folded));
                    }
                } else if let Some(id) = same(&call, operands, out) {
                    return Ok((vec![id; outputs.min(1)], Fate::Identity));
                }
            }
        }
        if outputs == 1
            && let Some(truth) = self.truth(node, operands, info.as_ref())
        {
            return Ok(match truth {
                Truth::Is(id) => (vec![id], Fate::Identity),
                Truth::Not(id) => {
                    let operands = vec![Some(id)];
                    let kind = Kind::Node { node: n, output: 0, op: Some("Not"), operands };
                    let id = self.push(Value { kind, info, origin: None });
                    (vec![id], Fate::Value(id))
                }
            });
        }
        if outputs == 1
            && let Some(kind) = self.comparison(n, node, operands, info.as_ref())
        {
            let id = self.push(Value { kind, info, origin: None });
            return Ok((vec![id], Fate::Value(id)));
        }
        let mut ids = Vec::with_capacity(outputs);
        // What is known of an operator is about its first output; those of Lif are alike.
        let alike = node.proto.domain() == DOMAIN;
        for output in 0..outputs {
            let info = info.clone().filter(|_| output == 0 || alike);
            let kind = Kind::Node { node: n, output, op: None, operands: operands.to_vec() };
            ids.push(self.push(Value { kind, info, origin: None }));
        }
        let fate = self.fate(ids.first().copied());
        Ok((ids, fate))
    }

    /// The initializer that the largest operand was made from.
    fn origin(&self, operands: &[Option<ValueId>]) -> Option<String> {
        let values = operands.iter().flatten().filter_map(|&id| self.values.get(id));
        let named = values.filter(|v| v.origin.is_some());
        let len = |v: &&Value| v.info.as_ref().and_then(Info::len).unwrap_or(0);
        // `max_by_key` takes the last of equals; the first operand is the better guess.
        named.rev().max_by_key(len).and_then(|v| v.origin.clone())
    }
}

/// Dimensions of the input that can be time.
pub(super) fn time_axes(model: &Model<'_>) -> Vec<usize> {
    let shape = &model.input.1.shape;
    let can_be = |axis: &usize| {
        model.batch != Some(*axis) && shape.get(*axis).is_some_and(|t| *t <= MAX_STEPS)
    };
    if shape.len() < 3 || !model.states.is_empty() {
        return Vec::new();
    }
    [0, 1].into_iter().filter(can_be).collect()
}

/// None if the type or shape of an operand is not known.
fn call<'c>(
    values: &'c [Value],
    node: &'c Node<'c>,
    operands: &[Option<ValueId>],
) -> Option<Call<'c>> {
    let mut args = Vec::with_capacity(operands.len());
    for operand in operands {
        args.push(match operand {
            None => None,
            Some(id) => {
                let value = values.get(*id)?;
                let tensor = match &value.kind {
                    Kind::Const(t) => Some(t),
                    _ => None,
                };
                Some(Arg { info: value.info.as_ref()?, value: tensor })
            }
        });
    }
    Some(Call { node, args })
}

fn fold(
    operator: &Operator,
    call: &Call<'_>,
    out: &Info,
    len: usize,
    budget: &mut usize,
) -> Result<Option<Tensor>> {
    let fold = match operator.fold {
        Some(fold) => fold,
        None if ops::weighs_zeros(call) => ops::of_zeros,
        None => return Ok(None),
    };
    *budget = budget.checked_sub(len.max(1)).ok_or_else(|| {
        let message =
            format!("a constant of shape {:?} is beyond what the file explains", out.shape);
        call.node.error(&codes::IMPORT_TOO_LARGE, message)
    })?;
    fold(call, out).map(Some)
}

fn op_key(node: &Node<'_>) -> String {
    let domain = if node.is_standard() { "" } else { node.proto.domain() };
    format!("{domain}:{}:{}", node.op(), node.proto.output.len())
}

/// The attributes in a form that is the same for the same attributes.
fn attributes(node: &Node<'_>) -> Vec<Vec<u8>> {
    let mut all: Vec<_> = node.proto.attribute.iter().map(|a| a.encode_to_vec()).collect();
    all.sort_unstable();
    all
}

fn content(tensor: &Tensor) -> u64 {
    let mut hasher = DefaultHasher::new();
    (tensor.info.elem, &tensor.info.shape).hash(&mut hasher);
    match &tensor.data {
        // -0.0 equals 0.0 and has to hash like it.
        Data::Real(v) => v.iter().for_each(|x| (x + 0.0).to_bits().hash(&mut hasher)),
        Data::Int(v) => v.hash(&mut hasher),
    }
    hasher.finish()
}

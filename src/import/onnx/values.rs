// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The model as values: constants folded, equal subexpressions one, identities gone.
//!
//! An unrolled network repeats what is the same at every timestep; here the copies are
//! one value, so that patterns see the structure that was written.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use prost::Message as _;

use super::model::{Model, Source};
use super::node::Node;
use super::ops::{self, Arg, Call, Operator};
use super::tensor::{Data, Info, Tensor};
use crate::diag::{Diagnostic, Result, codes};

/// Index of a value; operands have lower indices than users.
pub(super) type ValueId = usize;

/// How a value comes about.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// The model's input.
    Input,
    /// A constant.
    Const(Tensor),
    /// An output of a node of the model.
    Node {
        /// Index into [`Model::nodes`]; the first of equal ones.
        node: usize,
        operands: Vec<Option<ValueId>>,
    },
}

/// A value.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) kind: Kind,
    /// Type and shape, where they are known.
    pub(super) info: Option<Info>,
    /// The initializer a constant was made from.
    pub(super) origin: Option<String>,
}

/// What became of a node of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The output does not depend on it.
    Dead,
    /// It is constant.
    Folded,
    /// It changes nothing.
    Identity,
    /// It is this value.
    Value(ValueId),
}

/// All values of a model.
#[derive(Debug)]
pub(super) struct Values {
    values: Vec<Value>,
    users: Vec<Vec<ValueId>>,
    /// One entry a node, in the order of [`Model::nodes`].
    pub(super) fates: Vec<Fate>,
    pub(super) input: ValueId,
    pub(super) output: ValueId,
}

static UNKNOWN: Value = Value { kind: Kind::Input, info: None, origin: None };

impl Values {
    /// Folds and merges the live nodes of a model whose file has `bytes` bytes.
    ///
    /// # Errors
    /// What the operators say about their operands, or [`codes::IMPORT_TOO_LARGE`].
    pub(super) fn new(model: &Model<'_>, bytes: usize) -> Result<Self> {
        Builder::new(model, bytes).build()
    }

    /// The value of this index.
    pub(super) fn get(&self, id: ValueId) -> &Value {
        self.values.get(id).unwrap_or(&UNKNOWN)
    }

    /// The values that are computed from this one and reach the output, in order.
    pub(super) fn users(&self, id: ValueId) -> &[ValueId] {
        self.users.get(id).map_or(&[], Vec::as_slice)
    }

    /// The constant, if it is one.
    pub(super) fn constant(&self, id: ValueId) -> Option<&Tensor> {
        match &self.get(id).kind {
            Kind::Const(t) => Some(t),
            _ => None,
        }
    }

    /// Index of the node that computes this value.
    pub(super) fn node(&self, id: ValueId) -> Option<usize> {
        match self.get(id).kind {
            Kind::Node { node, .. } => Some(node),
            _ => None,
        }
    }

    /// Operands of the node that computes this value.
    pub(super) fn operands(&self, id: ValueId) -> &[Option<ValueId>] {
        match &self.get(id).kind {
            Kind::Node { operands, .. } => operands,
            _ => &[],
        }
    }

    /// An operand of the node that computes this value.
    pub(super) fn operand(&self, id: ValueId, i: usize) -> Option<ValueId> {
        self.operands(id).get(i).copied().flatten()
    }

    /// The extents of a value; none if they are not known.
    pub(super) fn shape(&self, id: ValueId) -> Option<&[usize]> {
        self.get(id).info.as_ref().map(|i| &i.shape[..])
    }
}

/// What makes two nodes compute the same: operator, attributes, operands.
#[derive(Hash, PartialEq, Eq)]
struct Key {
    op: String,
    attributes: Vec<Vec<u8>>,
    operands: Vec<Option<ValueId>>,
}

struct Builder<'m, 'a> {
    model: &'m Model<'a>,
    values: Vec<Value>,
    fates: Vec<Fate>,
    by_name: HashMap<&'a str, ValueId>,
    by_key: HashMap<Key, Vec<ValueId>>,
    by_content: HashMap<u64, Vec<ValueId>>,
    /// Elements that may still be computed.
    budget: usize,
}

impl<'m, 'a> Builder<'m, 'a> {
    fn new(model: &'m Model<'a>, bytes: usize) -> Self {
        let (name, info) = &model.input;
        let input = Value { kind: Kind::Input, info: Some(info.clone()), origin: None };
        Self {
            model,
            values: vec![input],
            fates: vec![Fate::Dead; model.nodes.len()],
            by_name: HashMap::from([(*name, 0)]),
            by_key: HashMap::new(),
            by_content: HashMap::new(),
            // A weight takes part in about ten operators before it is what is used.
            budget: bytes.saturating_mul(16).saturating_add(1 << 20),
        }
    }

    fn build(mut self) -> Result<Values> {
        for &n in &self.model.order {
            let Some(node) = self.model.nodes.get(n) else { continue };
            let fate = self.node(n, node)?;
            if let Some(f) = self.fates.get_mut(n) {
                *f = fate;
            }
        }
        let output = self.operand(self.model.output)?;
        Ok(self.finish(output))
    }

    /// Users, and which values the output still depends on.
    fn finish(mut self, output: ValueId) -> Values {
        let mut users = vec![Vec::new(); self.values.len()];
        let mut live = vec![false; self.values.len()];
        if let Some(l) = live.get_mut(output) {
            *l = true;
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
        Values { values: self.values, users, fates: self.fates, input: 0, output }
    }

    fn push(&mut self, value: Value) -> ValueId {
        self.values.push(value);
        self.values.len() - 1
    }

    /// A constant; the same content is the same value.
    fn constant(&mut self, tensor: Tensor, origin: Option<String>) -> ValueId {
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
        let key = Key { op: op_key(node), attributes: attributes(node), operands };
        let (ids, fate) = if let Some(ids) = self.by_key.get(&key) {
            (ids.clone(), self.fate(ids.first().copied()))
        } else {
            let (ids, fate) = self.compute(n, node, &key.operands)?;
            self.by_key.insert(key, ids.clone());
            (ids, fate)
        };
        for (name, id) in node.proto.output.iter().zip(ids) {
            self.by_name.insert(name, id);
        }
        Ok(fate)
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
        let known = node.is_standard().then(|| ops::find(node.op())).flatten();
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
        let mut ids = Vec::with_capacity(outputs);
        for _ in 0..outputs {
            let info = if ids.is_empty() { info.take() } else { None };
            let kind = Kind::Node { node: n, operands: operands.to_vec() };
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
    let Some(fold) = operator.fold else { return Ok(None) };
    *budget = budget.checked_sub(len.max(1)).ok_or_else(|| {
        let message =
            format!("a constant of shape {:?} is beyond what the file explains", out.shape);
        call.node.error(&codes::IMPORT_TOO_LARGE, message)
    })?;
    fold(call, out).map(Some)
}

/// The operand that the result equals, whatever its value.
fn same(call: &Call<'_>, operands: &[Option<ValueId>], out: &Info) -> Option<ValueId> {
    let args = &call.args;
    let is = |i: usize, x: f64| {
        args.get(i).copied().flatten().and_then(|a| a.value).and_then(Tensor::splat) == Some(x)
    };
    let which = match call.node.op() {
        "Identity" | "Dropout" | "Cast" | "CastLike" | "Reshape" | "Flatten" | "Squeeze"
        | "Unsqueeze" | "Expand" => 0,
        "Sum" | "Mean" | "Concat" if args.len() == 1 => 0,
        "Transpose" => match call.node.ints("perm") {
            Ok(Some(p)) if p.iter().enumerate().all(|(i, &p)| usize::try_from(p) == Ok(i)) => 0,
            _ => return None,
        },
        "Add" if is(0, 0.0) => 1,
        "Add" | "Sub" if is(1, 0.0) => 0,
        "Mul" if is(0, 1.0) => 1,
        "Mul" | "Div" if is(1, 1.0) => 0,
        "Where" if is(0, 1.0) => 1,
        "Where" if is(0, 0.0) => 2,
        _ => return None,
    };
    let info = args.get(which).copied().flatten()?.info;
    if info == out { operands.get(which).copied().flatten() } else { None }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Options;
    use crate::import::onnx::testing;

    fn values<T>(text: &str, f: impl FnOnce(&Values) -> T) -> T {
        let proto = testing::model(text);
        let options = Options::default();
        let model = Model::new(&proto, &options).unwrap();
        f(&Values::new(&model, 1000).unwrap())
    }

    #[test]
    fn copies_of_an_expression_are_one_value() {
        let text = "input x f32 1 2\nconst w f32 2x2: 1 2 3 4\nconst v f32 2x2: 1 2 3 4
            a = MatMul(x, w)\nb = MatMul(x, v)\nc = Sub(a, b)\noutput c";
        values(text, |v| {
            assert_eq!(v.operand(v.output, 0), v.operand(v.output, 1));
            assert_eq!(v.fates[0], v.fates[1]);
        });
    }

    #[test]
    fn identities_vanish_and_the_dead_stay_dead() {
        let text = "input x f32 1 2\nconst one f32 -: 1\nconst zero f32 1x2: 0
            a = Mul(x, one)\nb = Add(zero, a)\nc = Neg(b)\nd = Neg(c)\nv = Abs(one)\noutput c";
        values(text, |v| {
            assert_eq!(v.operand(v.output, 0), Some(v.input));
            assert_eq!(v.fates[..2], [Fate::Identity; 2]);
            assert_eq!(v.fates[3..], [Fate::Dead; 2]);
        });
    }

    #[test]
    fn a_sum_that_broadcasts_is_no_identity() {
        let text = "input x f32 1 2\nconst zero f32 3x2: 0\ny = Add(x, zero)\noutput y";
        values(text, |v| assert_ne!(v.output, v.input));
    }

    #[test]
    fn constants_remember_their_initializer() {
        let text = "input x f32 1 2\nconst fc.weight f32 2x2: 1\nconst s f32 -: 2
            w = Mul(s, fc.weight)\ny = MatMul(x, w)\noutput y";
        values(text, |v| {
            let w = v.operand(v.output, 1).unwrap();
            assert_eq!(v.get(w).origin.as_deref(), Some("fc.weight"));
        });
    }
}

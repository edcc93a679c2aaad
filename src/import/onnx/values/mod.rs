// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The model as values: constants folded, equal subexpressions one, identities gone.
//!
//! An unrolled network repeats what is the same at every timestep; here the copies are
//! one value, so that patterns see the structure that was written.

mod alike;
mod build;
mod compare;
mod identity;
mod time;
mod truth;

pub(super) use identity::OPERATORS as IDENTITIES;

use super::elem::Elem;
use super::model::Model;
use super::tensor::{Info, Tensor};
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
        /// Which of its outputs.
        output: usize,
        /// What it does with them, where that is not what the node says.
        op: Option<&'static str>,
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
    /// One entry a node, in the order of [`Model::nodes`]; so many for every timestep of a
    /// model that holds one.
    pub(super) fates: Vec<Fate>,
    /// The input, or its timesteps.
    pub(super) inputs: Vec<ValueId>,
    /// The input changes over time.
    pub(super) input_changes: bool,
    /// The output; the last timestep's, if there are several.
    pub(super) output: ValueId,
    /// The output of every timestep of a model that holds one; else the output alone.
    pub(super) outputs: Vec<ValueId>,
}

/// The input as the file has it.
const WHOLE_INPUT: ValueId = 0;

static UNKNOWN: Value = Value { kind: Kind::Input, info: None, origin: None };

impl Values {
    /// Folds and merges the live nodes of a model whose file has `bytes` bytes.
    ///
    /// # Errors
    /// What the operators say about their operands, or SF0112.
    pub(super) fn new(model: &Model<'_>, bytes: usize) -> Result<Self> {
        // An input is a sequence if the model takes every timestep out of it.
        let sequences = build::time_axes(model).into_iter();
        let mut sequences =
            sequences.filter_map(|axis| build::Builder::new(model, bytes).over(axis).build().ok());
        match sequences.find(Values::takes_steps) {
            Some(values) => Ok(values),
            None if model.input_static => Err(Diagnostic::new(
                &codes::BAD_OPTION,
                "the model does not take the timesteps out of its input one by one",
            )
            .at(format!("input {}", model.input.0))
            .help("leave --input-static out: without a dimension of time the input is static")),
            None => build::Builder::new(model, bytes).build(),
        }
    }

    /// True if nothing takes the input as a whole, and something one of its timesteps.
    fn takes_steps(&self) -> bool {
        self.users(WHOLE_INPUT).is_empty()
            && !self.outputs.contains(&WHOLE_INPUT)
            && self.inputs.iter().any(|i| !self.users(*i).is_empty())
    }

    /// The value of this index.
    pub(super) fn get(&self, id: ValueId) -> &Value {
        self.values.get(id).unwrap_or(&UNKNOWN)
    }

    /// The values that are computed from this one and reach the output, in order.
    pub(super) fn users(&self, id: ValueId) -> &[ValueId] {
        self.users.get(id).map_or(&[], Vec::as_slice)
    }

    /// True if some value that reaches the output is of half precision.
    pub(super) fn has_half_precision(&self) -> bool {
        self.values.iter().zip(&self.users).any(|(v, users)| {
            let half = |i: &Info| matches!(i.elem, Elem::F16 | Elem::Bf16);
            !users.is_empty() && v.info.as_ref().is_some_and(half)
        })
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

    /// What brings timesteps together that were one operand of the node.
    pub(super) fn joined(&self, id: ValueId) -> Option<&'static str> {
        match self.get(id).kind {
            Kind::Node { op, .. } => op,
            _ => None,
        }
    }

    /// Which output of its node this value is.
    pub(super) fn output_of(&self, id: ValueId) -> usize {
        match self.get(id).kind {
            Kind::Node { output, .. } => output,
            _ => 0,
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

    /// T, and the shape of one timestep, if the input is a sequence.
    fn time(text: &str) -> Option<(usize, Vec<usize>)> {
        values(text, |v| {
            let shape = v.shape(v.inputs[0]).unwrap().to_vec();
            v.input_changes.then_some((v.inputs.len(), shape))
        })
    }

    const INDICES: &str = "const i0 i64 -: 0\nconst l i64 -: -1\n";

    #[test]
    fn a_dimension_that_is_taken_apart_is_time() {
        let both = format!("{INDICES}a = Gather(c, i0)\nb = Gather(c, l)\ny = Add(a, b)\noutput y");
        let text = |dims: &str| format!("input x f32 {dims}\nc = Neg(x)\n{both}");
        assert_eq!(time(&text("2 batch 5")), Some((2, vec![1, 5])));
        assert_eq!(time(&text("2 1 5")), Some((2, vec![1, 5])));
        // There is nothing beside time and batch, or something takes all timesteps.
        assert_eq!(time(&text("2 5")), None);
        assert_eq!(
            time(&text("2 1 5").replace("y = Add(a, b)", "s = Abs(x)\ny = Add(s, b)")),
            None
        );
        let second = both.replace("i0)", "i0) axis=1").replace("l)", "l) axis=1");
        let text = |c: &str, dims: &str| format!("input x f32 {dims}\nc = {c}\n{second}");
        assert_eq!(time(&text("Neg(x)", "batch 2 5")), Some((2, vec![1, 5])));
        let turned = text("Transpose(x) perm=[1,0,2]", "2 batch 5");
        assert_eq!(time(&turned), Some((2, vec![1, 5])));
    }

    #[test]
    fn slices_take_apart_too() {
        let slices = "const i0 i64 1: 0\nconst i1 i64 1: 1\nconst i2 i64 1: 2\na = Slice(x, i0, i1, i0)\nb = Slice(x, i1, i2, i0)\ny = Add(a, b)\noutput y";
        assert_eq!(time(&format!("input x f32 2 1 5\n{slices}")), Some((2, vec![1, 5])));
        let wide = slices.replace("Slice(x, i0, i1", "Slice(x, i0, i2");
        assert_eq!(time(&format!("input x f32 2 1 5\n{wide}")), None);
    }

    #[test]
    fn identities_vanish_and_the_dead_stay_dead() {
        let text = "input x f32 1 2\nconst one f32 -: 1\nconst zero f32 1x2: 0
            a = Mul(x, one)\nb = Add(zero, a)\nc = Neg(b)\nd = Neg(c)\nv = Abs(one)\noutput c";
        values(text, |v| {
            assert_eq!(v.operand(v.output, 0), Some(v.inputs[0]));
            assert_eq!(v.fates[..2], [Fate::Identity; 2]);
            assert_eq!(v.fates[3..], [Fate::Dead; 2]);
        });
    }

    #[test]
    fn a_dropout_in_training_drops() {
        let text = |flag| {
            format!(
                "input x f32 1 2\nconst r f32 -: 0.5\nconst t bool -: {flag}\ny = Dropout(x, r, t)\noutput y"
            )
        };
        values(&text(0), |v| assert_eq!(v.output, v.inputs[0]));
        values(&text(1), |v| assert_ne!(v.output, v.inputs[0]));
    }

    #[test]
    fn a_sum_that_broadcasts_is_no_identity() {
        let text = "input x f32 1 2\nconst zero f32 3x2: 0\ny = Add(x, zero)\noutput y";
        values(text, |v| assert_ne!(v.output, v.inputs[0]));
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

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is known about operators: the shape they give, and their value on constants.
//!
//! One file a family; each has a `TABLE`. To add an operator, add a row. An operator
//! that is in no table has an unknown shape and no value; it is an error only if the
//! output depends on it.

mod broadcast;
mod cast;
mod compare;
mod create;
mod elementwise;
mod gather;
mod layer;
mod part;
pub(super) mod qonnx;
mod quantise;
mod reduce;
mod reshape;
pub(super) mod synfire;

pub(super) use broadcast::indices;
pub(super) use layer::{of_zeros, weighs_zeros};

use super::node::Node;
use super::tensor::{Info, Tensor};
use crate::diag::{Diagnostic, Result, codes};

/// One operand of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arg<'a> {
    pub(super) info: &'a Info,
    /// The value, if it is constant.
    pub(super) value: Option<&'a Tensor>,
}

/// A node with what is known about its operands; those left out are none.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) node: &'a Node<'a>,
    pub(super) args: Vec<Option<Arg<'a>>>,
}

/// Type and shape of the result; none where a shape depends on what is not constant.
type Infer = fn(&Call<'_>) -> Result<Option<Info>>;
/// The value of the result, whose type and shape are given.
type Fold = fn(&Call<'_>, &Info) -> Result<Tensor>;

/// A row of a table.
pub(super) struct Operator {
    pub(super) name: &'static str,
    pub(super) infer: Infer,
    /// None if the value is never needed.
    pub(super) fold: Option<Fold>,
    /// True if the value depends on the operands' shapes only.
    pub(super) of_shapes: bool,
}

/// A row for an operator that is folded when its operands are constant.
const fn row(name: &'static str, infer: Infer, fold: Fold) -> Operator {
    Operator { name, infer, fold: Some(fold), of_shapes: false }
}

const TABLES: [&[Operator]; 10] = [
    cast::TABLE,
    compare::TABLE,
    create::TABLE,
    elementwise::TABLE,
    gather::TABLE,
    layer::TABLE,
    part::TABLE,
    quantise::TABLE,
    reduce::TABLE,
    reshape::TABLE,
];

/// Every operator that something is known about.
pub(super) fn all() -> impl Iterator<Item = &'static Operator> {
    TABLES.into_iter().flatten()
}

/// What is known about a node's operator.
pub(super) fn of(node: &Node<'_>) -> Option<&'static Operator> {
    if node.is_standard() {
        return find(node.op());
    }
    if node.proto.domain() == super::dialect::DOMAIN {
        return self::synfire::TABLE.iter().find(|op| op.name == node.op());
    }
    let is_known = qonnx::DOMAINS.contains(&node.proto.domain());
    qonnx::TABLE.iter().find(|op| is_known && op.name == node.op())
}

/// The operator of this name in ONNX's own operator set.
fn find(name: &str) -> Option<&'static Operator> {
    all().find(|op| op.name == name)
}

impl<'a> Call<'a> {
    /// An operand that may be left out.
    fn optional(&self, i: usize) -> Option<Arg<'a>> {
        self.args.get(i).copied().flatten()
    }

    /// An operand that must be there.
    fn arg(&self, i: usize) -> Result<Arg<'a>> {
        self.optional(i).ok_or_else(|| self.unsupported(format!("operand {i} is missing")))
    }

    /// Every operand; none may be left out and there is at least one.
    fn all(&self) -> Result<Vec<Arg<'a>>> {
        self.arg(0)?;
        (0..self.args.len()).map(|i| self.arg(i)).collect()
    }

    /// The constant value of an operand; folding is only asked for where there is one.
    fn value(&self, i: usize) -> Result<&'a Tensor> {
        self.arg(i)?.value.ok_or_else(|| {
            Diagnostic::internal("onnx folding", format!("operand {i} is not constant"))
        })
    }

    /// The integers in an operand; none if it is not constant.
    fn ints(&self, i: usize) -> Result<Option<&'a [i64]>> {
        match self.arg(i)?.value {
            None => Ok(None),
            Some(t) => match t.ints() {
                Some(ints) => Ok(Some(ints)),
                None => Err(self.unsupported(format!("operand {i} is not integer"))),
            },
        }
    }

    /// An axis, counted from the end if negative.
    fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
        let signed = i64::try_from(rank).unwrap_or(i64::MAX);
        let index = if axis < 0 { axis.saturating_add(signed) } else { axis };
        usize::try_from(index)
            .ok()
            .filter(|&a| a < rank)
            .ok_or_else(|| self.shape(format!("axis {axis} of a value with {rank} dimension(s)")))
    }

    /// A variant that is not implemented, or an operand that may not be.
    fn unsupported(&self, message: impl Into<String>) -> Box<Diagnostic> {
        self.node.error(&codes::ONNX_ATTRIBUTE, message)
    }

    /// Shapes that do not agree.
    fn shape(&self, message: impl Into<String>) -> Box<Diagnostic> {
        self.node.error(&codes::ONNX_SHAPE, message)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_operator_is_listed_twice() {
        let mut names: Vec<_> = super::all().map(|o| o.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}

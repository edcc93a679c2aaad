// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The weights of a node in the order in which they are added up fastest.

use super::columns::Columns;
use super::signs::Signs;
use crate::ir::{Kind, Node};

/// What is made of a node's weights before the first inference. The sums are the same to the last
/// bit.
pub(super) enum Ready {
    /// Nothing: they are taken as they are.
    Plain,
    /// Where real numbers are added up.
    Columns(Columns),
    /// Where spikes meet ±1 in a window.
    Signs(Signs),
}

impl Ready {
    /// For a node whose operand is of this kind.
    pub(super) fn of(node: &Node, operand: Option<Kind>) -> Self {
        match (Columns::of(node, operand), Signs::of(node, operand)) {
            (Some(columns), _) => Self::Columns(columns),
            (None, Some(signs)) => Self::Signs(signs),
            (None, None) => Self::Plain,
        }
    }

    /// Those of real numbers.
    pub(super) fn columns(&self) -> Option<&Columns> {
        match self {
            Self::Columns(columns) => Some(columns),
            _ => None,
        }
    }
}

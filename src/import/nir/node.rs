// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A node of a NIR graph and its parameters.

use super::store::{Data, Group, Item, Values};
use crate::diag::{Code, Diagnostic, Result, codes};

/// A node, with the path by which messages and the graph name it.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Names of the graphs it lies in and its own, with dots.
    pub(super) path: String,
    /// Its type, as in the file.
    pub(super) kind: String,
    pub(super) parameters: Group,
}

/// A parameter that consists of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f64>,
}

impl Node {
    /// A diagnostic at this node.
    pub(super) fn error(&self, code: &'static Code, message: impl Into<String>) -> Box<Diagnostic> {
        Diagnostic::new(code, message).at(self.path.clone())
    }

    /// A parameter that cannot be used.
    pub(super) fn bad(&self, message: impl Into<String>) -> Box<Diagnostic> {
        self.error(&codes::NIR_PARAMETER, message)
    }

    /// Shapes that do not agree.
    pub(super) fn misfit(&self, message: impl Into<String>) -> Box<Diagnostic> {
        self.error(&codes::NIR_SHAPE, message).help("shapes count without batch, channels first; the Input's shape, the parameters and `input_shape` have to agree: write the file again from the network as it was trained")
    }

    fn data(&self, name: &str) -> Option<&Data> {
        match self.parameters.get(name) {
            Some(Item::Data(data)) => Some(data),
            _ => None,
        }
    }

    /// Finite numbers that may be absent.
    pub(super) fn optional(&self, name: &str) -> Result<Option<Tensor>> {
        let Some(data) = self.data(name) else { return Ok(None) };
        let values = match &data.values {
            Values::Numbers(v) => v.clone(),
            Values::Texts(_) => return Err(self.bad(format!("`{name}` is text, not numbers"))),
            Values::Unreadable(why) => {
                return Err(self.bad(format!("`{name}` cannot be read: {why}")));
            }
        };
        if values.is_empty() {
            return Err(self.bad(format!("`{name}` is empty")));
        }
        if let Some(i) = values.iter().position(|v| !v.is_finite()) {
            let message = format!("`{name}`[{i}] is {}", values[i]);
            return Err(self
                .error(&codes::NOT_FINITE, message)
                .help("an exporter writes infinite time constants for a leak of exactly 1 (snnTorch with beta = 1): use neurons without leak (IF) there, or a beta below 1"));
        }
        Ok(Some(Tensor { shape: data.shape.clone(), values }))
    }

    /// Finite numbers that the type needs.
    pub(super) fn reals(&self, name: &str) -> Result<Tensor> {
        self.optional(name)?.ok_or_else(|| {
            self.bad(format!("`{name}` is missing; a node of type {} needs it", self.kind))
        })
    }

    /// Whole numbers that the type needs, none below `least`.
    pub(super) fn whole(&self, name: &str, least: usize) -> Result<Vec<usize>> {
        let fits = |v: &f64| v.fract() == 0.0 && *v >= least as f64 && *v <= f64::from(u32::MAX);
        let values = self.reals(name)?.values;
        match values.iter().find(|v| !fits(v)) {
            None => Ok(values.iter().map(|v| *v as usize).collect()),
            Some(v) => {
                Err(self.bad(format!("`{name}` is {v}; it must be whole and at least {least}")))
            }
        }
    }

    /// A whole number that may be negative; `otherwise` if it is absent.
    pub(super) fn integer(&self, name: &str, otherwise: i64) -> Result<i64> {
        match self.optional(name)?.map(|t| t.values) {
            None => Ok(otherwise),
            Some(v) if v.len() == 1 && v[0].fract() == 0.0 && v[0].abs() < 1e9 => Ok(v[0] as i64),
            Some(v) => Err(self.bad(format!("`{name}` is {v:?}; it must be a whole number"))),
        }
    }

    /// A parameter that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.data(name).and_then(Data::text)
    }

    /// The extents in `shape`, without batch.
    pub(super) fn shape(&self) -> Result<Vec<usize>> {
        let shape = self.whole("shape", 1)?;
        let elements = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        match elements {
            Some(1..=0x0100_0000) => Ok(shape),
            _ => Err(self.misfit(format!("a stream of {shape:?} is too large"))),
        }
    }
}

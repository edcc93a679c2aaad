// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which operators of a file became what.

use serde::Serialize;

/// What one pattern took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lifted {
    /// Name of the pattern, or `constant-fold`, `identity`, `dead`.
    pub pattern: &'static str,
    /// The node of the graph it became; none where nothing is computed any more.
    pub node: Option<String>,
    /// The operators of the file, as `name (Operator)`, in the file's order.
    pub sources: Vec<String>,
}

/// Every operator of a file, each under what took it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LiftReport {
    /// In the order in which the patterns matched.
    pub lifted: Vec<Lifted>,
    /// What import decided that a reader should know.
    pub notes: Vec<String>,
}

impl LiftReport {
    /// Number of operators under `pattern`.
    #[must_use]
    pub fn count(&self, pattern: &str) -> usize {
        self.lifted.iter().filter(|l| l.pattern == pattern).map(|l| l.sources.len()).sum()
    }
}

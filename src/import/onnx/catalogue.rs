// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is supported, for the documentation.

use super::{dialect, lift, ops, values};

/// An operator that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The operator set it is of; empty: ONNX's own.
    pub domain: &'static str,
    /// Its name.
    pub name: &'static str,
    /// True if it is computed on constants.
    pub folds: bool,
    /// True if it vanishes where it changes nothing.
    pub vanishes: bool,
    /// The patterns that look for it.
    pub patterns: Vec<&'static str>,
}

/// A way in which operators form a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Its name in reports.
    pub name: &'static str,
    /// The operators it looks for; none: any.
    pub operators: &'static [&'static str],
    /// What it makes of them.
    pub becomes: &'static str,
}

/// Every operator that can be read, by name.
#[must_use]
pub fn operators() -> Vec<Operator> {
    let patterns = patterns();
    let taking = |name| patterns.iter().filter(move |p| p.operators.contains(&name));
    let standard = ops::all().map(|o| ("", o));
    let dialect = ops::synfire::TABLE.iter().map(|o| (dialect::DOMAIN, o));
    let quantisers = ops::qonnx::TABLE.iter().map(|o| (dialect::QONNX, o));
    let mut all: Vec<_> = standard
        .chain(dialect)
        .chain(quantisers)
        .map(|(domain, o)| Operator {
            domain,
            name: o.name,
            folds: o.fold.is_some(),
            vanishes: values::IDENTITIES.contains(&o.name),
            patterns: taking(o.name).map(|p| p.name).collect(),
        })
        .collect();
    all.sort_by_key(|o| (o.domain, o.name));
    all
}

/// Every pattern, in the order in which they look at a stream.
#[must_use]
pub fn patterns() -> Vec<Pattern> {
    let describe = |p: &&dyn lift::Pattern| Pattern {
        name: p.name(),
        operators: p.operators(),
        becomes: p.becomes(),
    };
    lift::PATTERNS.iter().map(describe).collect()
}

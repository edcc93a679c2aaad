// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Readable, unique node names.

use std::collections::{HashMap, HashSet};

use crate::import::onnx::node::Node;

/// What a node could be called, the best name first.
#[derive(Debug, Clone, Default)]
pub(super) struct Hint {
    candidates: Vec<String>,
    prefix: &'static str,
}

impl Hint {
    /// `prefix` and a number are used if no candidate is free.
    pub(super) fn new(prefix: &'static str) -> Self {
        Self { candidates: Vec::new(), prefix }
    }

    /// A whole name.
    pub(super) fn named(mut self, name: &str) -> Self {
        self.candidates.push(name.to_owned());
        self
    }

    /// The module that an initializer belongs to: `fc1` of `fc1.weight`.
    pub(super) fn owner(mut self, initializer: Option<&str>) -> Self {
        let module = initializer.and_then(|i| i.rsplit_once('.')).map(|(module, _)| module);
        self.candidates.extend(module.map(str::to_owned));
        self
    }

    /// The module in which an operator was traced.
    pub(super) fn scope(mut self, node: Option<&Node<'_>>) -> Self {
        // A fused operator carries the notes of only one of those it was made from.
        let node = node.filter(|n| n.note("pkg.onnxscript.rewriter.rule_name").is_none());
        self.candidates.extend(node.and_then(scope));
        self
    }

    /// The same of an operator that a later call of the module was traced in, which the legacy
    /// exporter numbers: `lif` of `/lif_1/Greater`.
    pub(super) fn scope_of_call(mut self, node: Option<&Node<'_>>) -> Self {
        let from = self.candidates.len();
        self = self.scope(node);
        let called = self.candidates.get(from).and_then(|name| {
            let (module, call) = name.rsplit_once('_')?;
            let is_number = !call.is_empty() && call.bytes().all(|b| b.is_ascii_digit());
            (is_number && !module.is_empty()).then(|| module.to_owned())
        });
        self.candidates.splice(from..from, called);
        self
    }
}

/// `lif1` of the node `/lif1/Greater` (legacy exporter), or of the scopes
/// `['', 'lif1', 'gt_1']` (dynamo exporter).
fn scope(node: &Node<'_>) -> Option<String> {
    if let Some(note) = node.note("pkg.torch.onnx.name_scopes") {
        let mut scopes = note.split(['\'', '"']).skip(1).step_by(2).collect::<Vec<_>>();
        scopes.pop();
        return scopes.pop().filter(|s| !s.is_empty()).map(str::to_owned);
    }
    let (path, _) = node.name().strip_prefix('/')?.rsplit_once('/')?;
    Some(path.replace('/', "."))
}

/// The names given so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    used: HashSet<String>,
    counts: HashMap<&'static str, usize>,
}

impl Names {
    /// A name that no other node has.
    pub(super) fn name(&mut self, hint: &Hint) -> String {
        let count = self.counts.entry(hint.prefix).or_default();
        *count += 1;
        let mut number = *count;
        for candidate in &hint.candidates {
            let name = readable(candidate);
            if !name.is_empty() && self.used.insert(name.clone()) {
                return name;
            }
        }
        loop {
            let name = format!("{}{number}", hint.prefix);
            if self.used.insert(name.clone()) {
                return name;
            }
            number += 1;
        }
    }
}

/// Letters, digits and a few signs that need no quotes in the text form.
fn readable(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '_' };
    name.trim_matches('/').chars().take(64).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::proto::NodeProto;

    #[test]
    fn names_are_unique_and_readable() {
        let mut names = Names::default();
        let fc = |w| Hint::new("fc").owner(w);
        assert_eq!(names.name(&fc(Some("fc1.weight"))), "fc1");
        assert_eq!(names.name(&fc(Some("mul_5"))), "fc2");
        assert_eq!(names.name(&fc(Some("fc1.weight"))), "fc3");
        assert_eq!(names.name(&Hint::new("x").named("onnx::α 1")), "onnx____1");
    }

    #[test]
    fn a_module_that_is_called_again_keeps_its_name() {
        let proto = |name: &str| NodeProto { name: Some(name.into()), ..NodeProto::default() };
        let mut names = Names::default();
        for (traced, name) in
            [("/lif_1/Greater", "lif"), ("/lif_1/Greater", "lif_1"), ("/lif/a_b/Sub", "lif.a_b")]
        {
            let proto = proto(traced);
            let hint = Hint::new("li").scope_of_call(Some(&Node { proto: &proto, opset: 17 }));
            assert_eq!(names.name(&hint), name);
        }
    }
}

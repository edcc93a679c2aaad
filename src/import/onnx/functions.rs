// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Functions of the model itself (onnx.proto, `FunctionProto`) are put in the place of
//! their calls. Operators that import knows by name stay calls, if the function that the
//! file brings for them is the documented one.

use std::collections::{HashMap, HashSet};

use prost::Message as _;

use super::dialect;
use super::node::is_standard;
use super::proto::{AttributeProto, FunctionProto, ModelProto, NodeProto};
use crate::diag::{Diagnostic, Result, codes};

/// Functions inside functions.
const MAX_DEPTH: usize = 32;
/// Operators after inlining.
const MAX_NODES: usize = 1 << 18;
/// Bytes that inlined operators may take whatever the size of the file; each of its bytes
/// adds 256.
const MEMORY: usize = 32 << 20;
/// An empty message takes two bytes of a file, and this many in memory (`decode`).
const EMPTY_MESSAGE: usize = 400;

/// Inlines every call; `bytes` is the size of the file.
///
/// # Errors
/// [`codes::ONNX_FUNCTION`] at the function or call.
pub(super) fn inline(model: &mut ModelProto, bytes: usize) -> Result<()> {
    if model.functions.is_empty() {
        return Ok(());
    }
    let functions = std::mem::take(&mut model.functions);
    let mut by_key: HashMap<Key, &FunctionProto> = HashMap::new();
    for f in &functions {
        let key = key(f.domain(), f.name(), f.overload());
        let place = format!("function {}.{}", f.domain(), f.name());
        if dialect::is_documented(f) {
            continue;
        }
        if f.domain() == dialect::DOMAIN {
            return Err(bad("its body is not the one that docs/onnx-dialect.md gives").at(place));
        }
        if is_standard(f.domain()) || by_key.insert(key, f).is_some() {
            return Err(bad("its name is already that of an operator").at(place));
        }
        for set in &f.opset_import {
            if model.opset_import.iter().all(|s| domain(s.domain()) != domain(set.domain())) {
                model.opset_import.push(set.clone());
            }
        }
    }
    let Some(graph) = &mut model.graph else { return Ok(()) };
    let budget = bytes.saturating_mul(256).saturating_add(MEMORY);
    let mut inliner = Inliner { functions: by_key, open: Vec::new(), out: Vec::new(), budget };
    for node in std::mem::take(&mut graph.node) {
        inliner.node(node)?;
    }
    graph.node = inliner.out;
    Ok(())
}

/// Domain, name and overload.
type Key = (String, String, String);

fn key(of: &str, name: &str, overload: &str) -> Key {
    (domain(of).to_owned(), name.to_owned(), overload.to_owned())
}

fn domain(name: &str) -> &str {
    if is_standard(name) { "" } else { name }
}

fn bad(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::ONNX_FUNCTION, message)
        .help("`onnx.inliner.inline_local_functions(model)` writes a file without functions")
}

struct Inliner<'f> {
    functions: HashMap<Key, &'f FunctionProto>,
    /// The functions that are being put in place, outermost first.
    open: Vec<Key>,
    out: Vec<NodeProto>,
    /// Bytes of memory that operators may still take.
    budget: usize,
}

impl Inliner<'_> {
    fn node(&mut self, node: NodeProto) -> Result<()> {
        let key = key(node.domain(), node.op_type(), node.overload());
        let place = || format!("call {} ({}.{})", name(&node), node.domain(), node.op_type());
        let Some(&function) = self.functions.get(&key) else {
            if self.out.len() >= MAX_NODES {
                return Err(unfolds().at(place()));
            }
            self.out.push(node);
            return Ok(());
        };
        if self.open.contains(&key) || self.open.len() >= MAX_DEPTH {
            return Err(bad("the function calls itself, or calls are too deep").at(place()));
        }
        let left = self.budget.checked_sub(size(&node, function));
        self.budget = left.ok_or_else(|| unfolds().at(place()))?;
        let body = expand(&node, function).map_err(|d| d.at(place()))?;
        self.open.push(key);
        for inner in body {
            self.node(inner)?;
        }
        self.open.pop();
        Ok(())
    }
}

fn unfolds() -> Box<Diagnostic> {
    Diagnostic::new(
        &codes::IMPORT_TOO_LARGE,
        "functions of the model unfold to more than its size explains",
    )
}

/// Memory that the body of a call takes, at most: every value may get the longest name.
fn size(call: &NodeProto, f: &FunctionProto) -> usize {
    let given = call.input.iter().chain(&call.output).map(String::len).max().unwrap_or(0);
    let prefix = call.name().len().max(given) + 1;
    let is_flat = |a: &AttributeProto| {
        let messages = a.tensors.len() + a.graphs.len() + a.sparse_tensors.len();
        let one = a.t.is_some() || a.g.is_some() || a.sparse_tensor.is_some() || a.tp.is_some();
        !one && messages + a.type_protos.len() + a.strings.len() == 0
    };
    let attribute = |a: &AttributeProto| match a.encoded_len() {
        size if is_flat(a) => EMPTY_MESSAGE + 8 * size,
        size => EMPTY_MESSAGE * (1 + size / 2),
    };
    let node = |n: &NodeProto| {
        let names = 1 + n.input.len() + n.output.len();
        let own =
            EMPTY_MESSAGE + n.encoded_len() + n.attribute.iter().map(attribute).sum::<usize>();
        names.saturating_mul(prefix + size_of::<String>()).saturating_add(own)
    };
    // What the call has for an attribute that refers to it.
    let handed = call.attribute.iter().chain(&f.attribute_proto).map(attribute).max().unwrap_or(0);
    let referring =
        f.node.iter().flat_map(|n| &n.attribute).filter(|a| !a.ref_attr_name().is_empty());
    let handed = handed.saturating_mul(referring.count());
    f.node.iter().map(node).fold(handed, usize::saturating_add)
}

fn name(node: &NodeProto) -> String {
    match node.name() {
        "" => node.output.iter().find(|o| !o.is_empty()).cloned().unwrap_or_default(),
        name => name.to_owned(),
    }
}

/// The operators of one call, under names of their own.
fn expand(call: &NodeProto, f: &FunctionProto) -> Result<Vec<NodeProto>> {
    if call.input.len() > f.input.len() || call.output.len() > f.output.len() {
        return Err(bad("it has more operands or results than the function"));
    }
    let prefix = name(call);
    let mut names: HashMap<&str, String> = HashMap::from([("", String::new())]);
    for (i, input) in f.input.iter().enumerate() {
        names.insert(input, call.input.get(i).cloned().unwrap_or_default());
    }
    let produced: HashSet<&str> =
        f.node.iter().flat_map(|n| n.output.iter().map(String::as_str)).collect();
    // Results keep the names that the caller gives; one that is an operand, or given
    // twice, is copied.
    let mut copies = Vec::new();
    for (output, wanted) in f.output.iter().zip(&call.output).filter(|(_, w)| !w.is_empty()) {
        if produced.contains(output.as_str()) && !names.contains_key(output.as_str()) {
            names.insert(output, wanted.clone());
        } else {
            copies.push((output.as_str(), wanted));
        }
    }
    for inner in produced {
        names.entry(inner).or_insert_with(|| format!("{prefix}/{inner}"));
    }
    let known = |inner: &str| {
        names
            .get(inner)
            .cloned()
            .ok_or_else(|| bad(format!("`{inner}` in the function comes from nowhere")))
    };
    let mut body = Vec::with_capacity(f.node.len() + copies.len());
    for node in &f.node {
        let mut node = node.clone();
        for value in node.input.iter_mut().chain(&mut node.output) {
            *value = known(value)?;
        }
        node.name = Some(format!("{prefix}/{}", node.name()));
        node.attribute = node.attribute.into_iter().filter_map(|a| attribute(a, call, f)).collect();
        body.push(node);
    }
    for (inner, wanted) in copies {
        body.push(NodeProto {
            op_type: Some("Identity".to_owned()),
            input: vec![known(inner)?],
            output: vec![wanted.clone()],
            name: Some(format!("{prefix}/{wanted}")),
            ..NodeProto::default()
        });
    }
    Ok(body)
}

/// An attribute that refers to one of the call: its value there, or the function's
/// default; none if neither has one.
fn attribute(a: AttributeProto, call: &NodeProto, f: &FunctionProto) -> Option<AttributeProto> {
    if a.ref_attr_name().is_empty() {
        return Some(a);
    }
    let given = call.attribute.iter().chain(&f.attribute_proto);
    let mut value = given.into_iter().find(|g| g.name() == a.ref_attr_name())?.clone();
    value.name = a.name;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Options;
    use crate::import::onnx::testing;
    use crate::ir::isomorphic;

    /// A function from lines as `testing` has them.
    fn function(name: &str, inputs: &[&str], outputs: &[&str], body: &str) -> FunctionProto {
        let graph = testing::model(body).graph.unwrap();
        let own = |v: &[&str]| v.iter().map(|s| (*s).to_owned()).collect();
        FunctionProto {
            domain: Some("my".to_owned()),
            name: Some(name.to_owned()),
            input: own(inputs),
            output: own(outputs),
            node: graph.node,
            ..FunctionProto::default()
        }
    }

    fn import(text: &str, functions: Vec<FunctionProto>) -> Result<crate::ir::Graph> {
        let mut model = testing::model(text);
        model.functions = functions;
        model.opset_import.push(crate::import::onnx::proto::OperatorSetIdProto {
            domain: Some("my".to_owned()),
            version: Some(1),
        });
        let bytes = model.encode_to_vec();
        crate::import::onnx::import(&bytes, "test", &Options::default()).map(|(g, _)| g)
    }

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    fn plain() -> String {
        testing::neuron("m1 = Identity(i)", BODY)
    }

    #[test]
    fn calls_become_their_bodies() {
        let update =
            function("Update", &["b", "m", "i", "s"], &["o", "m"], "o = my.Inner(b, m, i, s)");
        let inner = function(
            "Inner",
            &["b", "m", "i", "s"],
            &["o"],
            "l = Mul(b, m)\na = Add(l, i)\no = Sub(a, s)",
        );
        let text = testing::neuron("m1 = Identity(i)", "m@, q@ = my.Update(beta, m^, i, s^)");
        let graph = import(&text, vec![update, inner]).unwrap();
        assert!(isomorphic(&graph, &testing::import(&plain()).unwrap().0));
    }

    #[test]
    fn attributes_are_handed_on() {
        let mut cast = function("To", &["x"], &["y"], "y = Cast(x) to=1");
        let a = &mut cast.node[0].attribute[0];
        (a.ref_attr_name, a.i) = (Some("kind".to_owned()), None);
        cast.attribute = vec!["kind".to_owned()];
        let text = plain().replace("c = Cast(x) to=1", "c = my.To(x) kind=1");
        let graph = import(&text, vec![cast.clone()]).unwrap();
        assert!(isomorphic(&graph, &testing::import(&plain()).unwrap().0));
        // By default, and not at all.
        let text = plain().replace("c = Cast(x) to=1", "c = my.To(x)");
        assert!(import(&text, vec![cast.clone()]).is_err());
        let mut default = testing::model("y = Cast(x) kind=1").graph.unwrap().node.remove(0);
        cast.attribute_proto.append(&mut default.attribute);
        assert!(import(&text, vec![cast]).is_ok());
    }

    #[test]
    fn what_does_not_end_is_refused() {
        let code = |text: &str, f| import(text, f).unwrap_err().code.id;
        let a = function("A", &["x"], &["y"], "y = my.B(x)");
        let b = function("B", &["x"], &["y"], "y = my.A(x)");
        let text = plain().replace("c = Cast(x) to=1", "c = my.A(x)");
        assert_eq!(code(&text, vec![a.clone(), b]), "SF0114");
        // Each calls the next one twice.
        let mut tower = vec![a];
        let names: Vec<_> = ('B'..='Z').map(|c| c.to_string()).collect();
        for (i, n) in names.iter().enumerate() {
            let next = names.get(i + 1).map_or("Neg".to_owned(), |n| format!("my.{n}"));
            tower.push(function(n, &["x"], &["y"], &format!("z = {next}(x)\ny = {next}(z)")));
        }
        assert_eq!(code(&text, tower), "SF0112");
        let lost = function("A", &["x"], &["y"], "y = Add(x, q)");
        assert_eq!(code(&text, vec![lost.clone()]), "SF0114");
        assert_eq!(code(&text, vec![lost.clone(), lost]), "SF0114");
        // Every value in the body gets the call's name in front.
        let many: String = (0..2000).map(|i| format!("z{i} = Neg(x)\n")).collect();
        let long = format!("{}\n{} = my.A(x)", plain(), "q".repeat(1 << 20));
        assert_eq!(code(&long, vec![function("A", &["x"], &["z0"], &many)]), "SF0112");
        let more = plain().replace("c = Cast(x) to=1", "c = my.A(x, k)");
        assert_eq!(code(&more, vec![function("A", &["x"], &["y"], "y = Cast(x) to=1")]), "SF0114");
    }
}

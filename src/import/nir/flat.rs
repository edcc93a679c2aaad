// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Nested graphs dissolved into one list of nodes and edges.
//!
//! A nested graph's `Input` and `Output` stay as nodes that pass their stream on. An edge
//! that names a nested graph means its `Input` or `Output`; one that names a node inside,
//! with dots, means that node (how nirtorch names them).

use std::collections::{BTreeMap, BTreeSet};

use super::super::Options;
use super::node::Node;
use super::store::{Group, Item, Values};
use crate::diag::{Diagnostic, Result, codes};

/// Most nodes, and edges of a graph: the search for cycles takes their product.
const MOST_NODES: usize = 4096;
const MOST_EDGES: usize = 16_384;
/// Graphs within graphs.
const MOST_NESTED: usize = 16;

/// A graph without graphs in it.
#[derive(Debug)]
pub(super) struct Flat {
    /// By path.
    pub(super) nodes: Vec<Node>,
    /// From and to, in order, each once.
    pub(super) edges: BTreeSet<(usize, usize)>,
    pub(super) input: usize,
    pub(super) output: usize,
    /// What does not reach the output, as path and type.
    pub(super) dead: Vec<(String, String)>,
}

fn malformed(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::NIR_GRAPH, message)
}

impl Flat {
    /// Reads the tree of a file.
    ///
    /// # Errors
    /// [`codes::NIR_GRAPH`] with the edge or node, [`codes::IMPORT_INPUT`] or
    /// [`codes::IMPORT_OUTPUT`] if there is not one of each.
    pub(super) fn new(file: &Group, options: &Options) -> Result<Self> {
        let Some(Item::Group(root)) = file.get("node") else {
            return Err(Diagnostic::new(
                &codes::NIR_FILE,
                "an HDF5 file, but without the group `/node`",
            )
            .help("this is no NIR graph; `nir.write` makes one"));
        };
        let root = node(String::new(), root)?;
        let mut open = Open::default();
        open.graph(&root.0, root.1, 0)?;
        open.finish(options)
    }
}

/// A node from its group, and the members it has if it is a graph. These are not copied.
fn node(path: String, group: &Group) -> Result<(Node, Option<&Group>)> {
    let members = match group.get("nodes") {
        Some(Item::Group(members)) => Some(members),
        _ => None,
    };
    let parameters = group
        .iter()
        .filter(|(_, item)| matches!(item, Item::Data(_)))
        .map(|(name, item)| (name.clone(), item.clone()))
        .collect();
    let node = Node { path, kind: String::new(), parameters };
    match node.text("type").map(str::to_owned) {
        Some(kind) => Ok((Node { kind, ..node }, members)),
        None => Err(node
            .error(&codes::NIR_GRAPH, "a node without a `type`")
            .help("the file is damaged, or writing it was broken off; write it again")),
    }
}

/// What is known while nested graphs are read.
#[derive(Default)]
struct Open {
    nodes: BTreeMap<String, Node>,
    edges: BTreeSet<(String, String)>,
    /// `Input`s and `Output`s of each nested graph, by the graph's path.
    ends: BTreeMap<String, [Vec<String>; 2]>,
}

impl Open {
    /// Takes the nodes and edges of `graph`.
    fn graph(&mut self, graph: &Node, members: Option<&Group>, depth: usize) -> Result<()> {
        if graph.kind != "NIRGraph" {
            let message = format!("the root is a `{}`, not a NIRGraph", graph.kind);
            return Err(malformed(message).help("write a graph: `nir.NIRGraph.from_list(node)`"));
        }
        if depth > MOST_NESTED {
            return Err(
                graph.error(&codes::NIR_GRAPH, format!("graphs lie more than {MOST_NESTED} deep"))
            );
        }
        let Some(members) = members else {
            return Err(graph.error(&codes::NIR_GRAPH, "a graph without `nodes`"));
        };
        let mut ends = [Vec::new(), Vec::new()];
        for (name, member) in members {
            let path = join(&graph.path, name);
            let Item::Group(group) = member else {
                return Err(malformed("this node is no group").at(path));
            };
            let (node, inner) = node(path.clone(), group)?;
            if let Some(end) = ["Input", "Output"].iter().position(|k| *k == node.kind) {
                ends[end].push(path.clone());
            }
            if node.kind == "NIRGraph" {
                self.graph(&node, inner, depth + 1)?;
            } else if self.nodes.len() == MOST_NODES {
                return Err(malformed(format!("more than {MOST_NODES} nodes")));
            } else if self.nodes.insert(path.clone(), node).is_some() {
                return Err(malformed("two nodes have this path").at(path));
            }
        }
        self.ends.insert(graph.path.clone(), ends);
        for (from, to) in edges(graph)? {
            let edge = format!("{from} → {to}");
            let resolve = |name: &str, end| {
                self.resolve(&graph.path, name, end).map_err(|d| d.at(join(&graph.path, &edge)))
            };
            let pair = (resolve(&from, 1)?, resolve(&to, 0)?);
            if !self.edges.insert(pair) {
                return Err(malformed("this edge is there twice").at(join(&graph.path, &edge)));
            }
        }
        Ok(())
    }

    /// The node that an edge's end means; `end` is 0 where the edge leads, 1 where it starts.
    fn resolve(&self, graph: &str, name: &str, end: usize) -> Result<String> {
        let path = join(graph, name);
        if self.nodes.contains_key(&path) {
            return Ok(path);
        }
        let what = ["Input", "Output"][end];
        match self.ends.get(&path).map(|ends| &ends[end][..]) {
            Some([one]) => Ok(one.clone()),
            Some(ends) => Err(malformed(format!(
                "the graph `{name}` has {} nodes of type {what}; an edge needs one",
                ends.len()
            ))
            .help("name the node inside: `graph.node`")),
            None => {
                let inside = |p: &String| join_prefix(graph, p).map(str::to_owned);
                let there: Vec<String> = self.nodes.keys().filter_map(inside).take(12).collect();
                Err(malformed(format!("the edge names the node `{name}`, which does not exist"))
                    .help(format!("the nodes are: {}; write the file again with a newer exporter, or mend its edges", there.join(", "))))
            }
        }
    }

    fn finish(self, options: &Options) -> Result<Flat> {
        let [inputs, outputs] = self.ends.get("").cloned().unwrap_or_default();
        let [input] = &inputs[..] else {
            let message = format!("the graph has {} nodes of type Input", inputs.len());
            return Err(Diagnostic::new(&codes::IMPORT_INPUT, message)
                .help("export a graph with one input; several can be put behind one another"));
        };
        let output = match (&outputs[..], &options.output) {
            (all, Some(name)) if all.contains(name) => name,
            ([one], None) => one,
            (all, _) => {
                let message = match &options.output {
                    Some(name) => format!("no Output is called `{name}`"),
                    None => format!("the graph has {} nodes of type Output", all.len()),
                };
                return Err(Diagnostic::new(&codes::IMPORT_OUTPUT, message).help(format!(
                    "there are: {}; choose one with --output-name",
                    all.join(", ")
                )));
            }
        };
        let used = self.reaching(output);
        if !used.contains(input.as_str()) {
            return Err(malformed("nothing leads from the Input to this Output").at(output.clone()));
        }
        let (mut nodes, mut dead) = (Vec::new(), Vec::new());
        for (path, node) in &self.nodes {
            if used.contains(path.as_str()) {
                nodes.push(node.clone());
            } else {
                dead.push((path.clone(), node.kind.clone()));
            }
        }
        let place = |path: &str| nodes.binary_search_by(|n| n.path.as_str().cmp(path)).ok();
        let pair = |(from, to): &(String, String)| Some((place(from)?, place(to)?));
        let edges: BTreeSet<(usize, usize)> = self.edges.iter().filter_map(pair).collect();
        let (input, output) = (place(input).unwrap_or(0), place(output).unwrap_or(0));
        let led: BTreeSet<usize> = edges.iter().map(|e| e.1).collect();
        if let Some(i) = (0..nodes.len()).find(|i| *i != input && !led.contains(i)) {
            return Err(nodes[i].error(&codes::NIR_GRAPH, "no edge leads into this node"));
        }
        if led.contains(&input) {
            return Err(nodes[input].error(&codes::NIR_GRAPH, "an edge leads into the Input"));
        }
        Ok(Flat { nodes, edges, input, output, dead })
    }

    /// The nodes from which edges lead to `output`.
    fn reaching(&self, output: &str) -> BTreeSet<&str> {
        let mut into: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (from, to) in &self.edges {
            into.entry(to).or_default().push(from);
        }
        let Some((output, _)) = self.nodes.get_key_value(output) else { return BTreeSet::new() };
        let mut used = BTreeSet::from([output.as_str()]);
        let mut open = vec![output.as_str()];
        while let Some(at) = open.pop() {
            for &from in into.get(at).into_iter().flatten() {
                if used.insert(from) {
                    open.push(from);
                }
            }
        }
        used
    }
}

fn join(graph: &str, name: &str) -> String {
    if graph.is_empty() { name.to_owned() } else { format!("{graph}.{name}") }
}

/// `path` as seen from `graph`.
fn join_prefix<'a>(graph: &str, path: &'a str) -> Option<&'a str> {
    if graph.is_empty() { Some(path) } else { path.strip_prefix(graph)?.strip_prefix('.') }
}

/// The edges of a graph, as pairs of names.
fn edges(graph: &Node) -> Result<Vec<(String, String)>> {
    let broken = |message: String| graph.error(&codes::NIR_GRAPH, message);
    let data = match graph.parameters.get("edges") {
        Some(Item::Data(data)) => data,
        _ => return Err(broken("a graph without `edges`".to_owned())),
    };
    match &data.values {
        // numpy writes an empty list of pairs as an empty list of numbers.
        values if data.shape.contains(&0) && !matches!(values, Values::Unreadable(_)) => {
            Ok(Vec::new())
        }
        Values::Texts(names) if data.shape.get(1) == Some(&2) && data.shape.len() == 2 => {
            if names.len() > 2 * MOST_EDGES {
                return Err(broken(format!("more than {MOST_EDGES} edges")));
            }
            Ok(names.chunks_exact(2).map(|p| (p[0].clone(), p[1].clone())).collect())
        }
        Values::Unreadable(why) => Err(broken(format!("`edges` cannot be read: {why}"))),
        _ => Err(broken(format!(
            "`edges` has the shape {:?}; it must be pairs of names",
            data.shape
        ))),
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which node of the graph becomes which of the file.
//!
//! Some have none of their own: an `add` becomes several edges into one node, an integrator
//! before a neuron its synapse, a batch norm part of the layer before it, and the register
//! of a recurrent connection a plain edge, if who reads the file will cut the cycle there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::file::Whole;
use super::layer::{each, flatten, pool, weighted};
use super::neuron::{is_synapse, leaks, neuron, thresholds};
use super::{Out, Value, extents, unsupported};
use crate::diag::Result;
use crate::ir::{Compare, Graph, Kind, Memory, Node, NodeId, Op, PerChannel, ReadoutKind, cuts};

pub(super) struct Plan<'g> {
    graph: &'g Graph,
    dt: f64,
    names: HashMap<NodeId, String>,
    /// Registers that become plain edges.
    plain: BTreeSet<NodeId>,
    rounded: usize,
    folded: usize,
}

impl<'g> Plan<'g> {
    pub(super) fn new(graph: &'g Graph, dt: f64) -> Self {
        Self { graph, dt, names: HashMap::new(), plain: BTreeSet::new(), rounded: 0, folded: 0 }
    }

    /// The file's nodes and edges.
    pub(super) fn nodes(&mut self) -> Result<Whole> {
        let order = self.graph.order()?;
        let mut taken = BTreeSet::from(["output".to_owned()]);
        for &id in &order {
            // A slash would be a group of its own in HDF5.
            let mut name = self.graph.node(id).name.replace('/', "_");
            if Some(id) == self.graph.output().ok() && name == "output" {
                taken.remove("output");
            }
            while name.trim_matches('.').is_empty() || !taken.insert(name.clone()) {
                name.push('_');
            }
            self.names.insert(id, name);
        }
        // A layer keeps its name when the batch norm behind it is folded into it.
        let normed: Vec<NodeId> = order.iter().copied().filter(|&id| self.is_normed(id)).collect();
        for id in normed {
            if let (Some(name), [norm]) = (self.names.get(&id).cloned(), &self.graph.users(id)[..])
            {
                self.names.insert(*norm, name);
            }
        }
        let recurrent = |id: &NodeId| {
            let Op::Delay(d) = &self.graph.node(*id).op else { return false };
            let from = self.graph.operands(*id);
            d.steps == PerChannel::All(1)
                && from.first().is_some_and(|&f| {
                    matches!(self.graph.node(f).op, Op::Lif(_) | Op::Li(_)) && !self.is_fused(f)
                })
        };
        self.plain = order.iter().copied().filter(recurrent).collect();
        let (whole, cut) = self.write(&order)?;
        if read_back(&whole).is_some_and(|found| found == cut) {
            return Ok(whole);
        }
        self.plain.clear();
        (self.rounded, self.folded) = (0, 0);
        Ok(self.write(&order)?.0)
    }

    /// What reads back differently, or not at all.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut resets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let (mut notes, mut exact) = (Vec::new(), true);
        for id in self.graph.order().unwrap_or_default() {
            let node = self.graph.node(id);
            match &node.op {
                Op::Lif(l) => {
                    resets.entry(l.reset.name()).or_default().push(&node.name);
                    exact &= l.compare == Compare::Above;
                }
                Op::Threshold(t) => exact &= t.compare == Compare::Above,
                Op::Readout(r) if r.kind != ReadoutKind::PerStep => notes.push(format!(
                    "`{}`: the file has every timestep's output, not how they are brought together",
                    node.name
                )),
                Op::Input(i) if i.is_static || node.stream.kind != Kind::Real => {
                    notes.push(format!(
                        "`{}`: the file does not say that the input is {}",
                        node.name, node.stream
                    ));
                }
                _ => {}
            }
        }
        for (reset, layers) in resets {
            let layers = layers.join(", ");
            notes.push(format!(
                "the file does not say the reset of {layers}: read it with --reset {reset}"
            ));
        }
        if !exact {
            notes.push("thresholds that fire at u ≥ θ are written as the next smaller double: NIR fires at u > θ".to_owned());
        }
        if self.rounded > 0 {
            notes.push(format!(
                "{} node(s) have a number that reads back within 2^-50 of itself",
                self.rounded
            ));
        }
        if self.folded > 0 {
            notes.push(format!(
                "{} batch norm(s) are in the weights and biases before them",
                self.folded
            ));
        }
        notes
    }

    /// The only user of a node, if there is one.
    fn user(&self, id: NodeId) -> Option<&'g Node> {
        match self.graph.users(id)[..] {
            [one] if self.graph.output().ok() != Some(id) => Some(self.graph.node(one)),
            _ => None,
        }
    }

    /// Is it the synapse of the neuron behind it? In a chain of integrators every other one.
    fn is_fused(&self, id: NodeId) -> bool {
        let node = self.graph.node(id);
        let Op::Li(l) = &node.op else { return false };
        let before = self.graph.operands(id);
        is_synapse(l)
            && self.user(id).is_some_and(|u| leaks(&u.op))
            && !before.first().is_some_and(|&b| b != id && self.is_fused(b))
    }

    /// Is it the layer of the batch norm behind it?
    fn is_normed(&self, id: NodeId) -> bool {
        matches!(self.graph.node(id).op, Op::Linear(_) | Op::Conv(_))
            && self.user(id).is_some_and(|u| matches!(u.op, Op::BatchNorm(_)))
    }

    /// Is it an `add` whose operands can be edges into its user?
    fn is_edges(&self, id: NodeId) -> bool {
        let plain = |o: &NodeId| !matches!(self.graph.node(*o).op, Op::Add);
        matches!(self.graph.node(id).op, Op::Add)
            && self.user(id).is_some_and(|u| !matches!(u.op, Op::Add))
            && self.graph.operands(id).iter().all(plain)
    }

    /// The file's nodes whose sum a node's result is, and whether the edge is to be cut.
    fn carriers(&self, id: NodeId) -> Vec<(String, bool)> {
        if self.plain.contains(&id) {
            let from = self.graph.operands(id)[0];
            return vec![(self.names[&from].clone(), true)];
        }
        if self.is_edges(id) {
            return self.graph.operands(id).into_iter().flat_map(|o| self.carriers(o)).collect();
        }
        vec![(self.names[&id].clone(), false)]
    }

    /// All nodes and edges, and the edges that stand for registers.
    fn write(&mut self, order: &[NodeId]) -> Result<(Whole, BTreeSet<(String, String)>)> {
        let (mut whole, mut cut) = (Whole::default(), BTreeSet::new());
        for &id in order {
            if self.plain.contains(&id)
                || self.is_fused(id)
                || self.is_normed(id)
                || self.is_edges(id)
            {
                continue;
            }
            let before = self.graph.operands(id).first().copied();
            let inner = before.filter(|&b| self.is_fused(b) || self.is_normed(b));
            let sources = self.graph.operands(inner.unwrap_or(id));
            let shape = sources.first().map_or(&[][..], |&s| &self.graph.node(s).stream.shape);
            let mut name = self.names[&id].clone();
            let out = self.node(id, inner, shape)?;
            if let (Op::Readout(r), false) = (&self.graph.node(id).op, out.kind == "Output") {
                // Gains stand before the Output, under a name of their own.
                let output = name.clone();
                name.push_str(".gain");
                debug_assert!(r.offset.iter().all(|o| *o == 0.0));
                whole
                    .nodes
                    .insert(output.clone(), Out::new("Output", vec![("shape", extents(shape))]));
                whole.edges.insert((name.clone(), output));
            }
            for (carrier, is_cut) in sources.iter().flat_map(|&s| self.carriers(s)) {
                let mut edge = (carrier, name.clone());
                if whole.edges.contains(&edge) {
                    // NIR has no second edge between two nodes.
                    let copy = format!("{}.copy{}", edge.0, whole.nodes.len());
                    whole.nodes.insert(copy.clone(), ones(shape));
                    whole.edges.insert((edge.0, copy.clone()));
                    edge.0 = copy;
                }
                if is_cut {
                    cut.insert(edge.clone());
                }
                whole.edges.insert(edge);
            }
            whole.nodes.insert(name, out);
        }
        let output = self.graph.output()?;
        let node = self.graph.node(output);
        if !matches!(node.op, Op::Readout(_)) {
            whole.nodes.insert(
                "output".to_owned(),
                Out::new("Output", vec![("shape", extents(&node.stream.shape))]),
            );
            for (carrier, _) in self.carriers(output) {
                whole.edges.insert((carrier, "output".to_owned()));
            }
        }
        Ok((whole, cut))
    }

    /// One node of the file; `taken` is the shape of what it takes.
    fn node(&mut self, id: NodeId, inner: Option<NodeId>, taken: &[usize]) -> Result<Out> {
        let node = self.graph.node(id);
        let inner = inner.map(|i| self.graph.node(i));
        let reals = |v: Vec<f64>| Value::Reals(node.stream.shape.clone(), v);
        let shape = &node.stream.shape;
        Ok(match (&node.op, inner.map(|i| &i.op)) {
            (Op::Input(_), _) => Out::new("Input", vec![("shape", extents(shape))]),
            (Op::BatchNorm(b), Some(_)) => {
                self.folded += 1;
                weighted(inner.unwrap_or(node), taken, Some(b))?
            }
            (Op::Linear(_) | Op::Conv(_), _) => weighted(node, taken, None)?,
            (Op::Scale(s), _) if !s.offset.is_zero() => {
                return Err(unsupported(node, "NIR has no sum with a constant alone")
                    .help("put it into the bias of the layer that follows"));
            }
            (Op::Scale(s), _) => Out::new("Scale", vec![("scale", reals(each(&s.factor, shape)))]),
            (Op::Pool(p), _) => pool(node, p)?,
            (Op::Reshape(_), _) => flatten(node, taken)?,
            (Op::Add, _) => ones(shape),
            (Op::Threshold(t), _) => {
                let all = thresholds(&each(&t.threshold, shape), t.compare);
                Out::new("Threshold", vec![("threshold", reals(all))])
            }
            (Op::Delay(d), _) => {
                let times = each(&d.steps, shape).iter().map(|s| f64::from(*s) * self.dt).collect();
                Out::new("Delay", vec![("delay", reals(times))])
            }
            (Op::Li(_) | Op::Lif(_), synapse) => {
                let synapse = match synapse {
                    Some(Op::Li(l)) => Some(l),
                    _ => None,
                };
                let (out, exact) = neuron(node, synapse, self.dt)?;
                self.rounded += usize::from(!exact);
                out
            }
            (Op::Readout(_), _) if self.graph.output().ok() != Some(id) => {
                return Err(unsupported(
                    node,
                    "a readout beside the output; a NIR graph has one Output",
                )
                .help("let the readout be the output, or leave it out"));
            }
            (Op::Readout(r), _) => {
                if r.offset.iter().any(|o| *o != 0.0) {
                    return Err(unsupported(
                        node,
                        "a readout with an offset has no counterpart in NIR",
                    )
                    .help("put it into the bias of the layer before"));
                }
                if r.gain.iter().all(|g| *g == 1.0) {
                    Out::new("Output", vec![("shape", extents(shape))])
                } else {
                    Out::new("Scale", vec![("scale", reals(each(&r.gain, shape)))])
                }
            }
            (Op::BatchNorm(_), None) => {
                return Err(unsupported(node, "batch norm can be written behind a layer that nothing else uses, as part of it")
                    .help("fold it into its neighbours in the model"));
            }
            (Op::FixedLif(_) | Op::FixedLi(_) | Op::FixedScale(_) | Op::FixedReadout(_), _) => {
                return Err(unsupported(node, "NIR has real numbers, this is the integer form")
                    .help("write the real form, e.g. real.sfir of a build"));
            }
            (Op::Concat(_) | Op::Relu, _) => {
                return Err(unsupported(node, format!("NIR has no `{}`", node.op.name())));
            }
        })
    }
}

/// A node that passes its stream on.
fn ones(shape: &[usize]) -> Out {
    Out::new(
        "Scale",
        vec![("scale", Value::Reals(shape.to_vec(), vec![1.0; shape.iter().product()]))],
    )
}

/// The edges where a reader of the file will cut; nothing if it cannot.
fn read_back(whole: &Whole) -> Option<BTreeSet<(String, String)>> {
    let names: Vec<&String> = whole.nodes.keys().collect();
    let place = |name: &String| names.binary_search(&name).ok();
    let memory: Vec<Memory> = whole
        .nodes
        .values()
        .map(|n| match n.kind {
            "IF" | "LIF" | "CubaLIF" => Memory::Fires,
            "I" | "LI" | "CubaLI" => Memory::Integrates,
            "Delay"
                if n.parameters
                    .iter()
                    .all(|p| matches!(&p.1, Value::Reals(_, v) if v.iter().all(|v| *v > 0.0))) =>
            {
                Memory::Register
            }
            _ => Memory::None,
        })
        .collect();
    let edges: Option<BTreeSet<(usize, usize)>> =
        whole.edges.iter().map(|(a, b)| Some((place(a)?, place(b)?))).collect();
    let first = whole.nodes.values().position(|n| n.kind == "Input")?;
    let found = cuts(&memory, &edges?, first).ok()?;
    Some(found.into_iter().map(|(a, b)| (names[a].clone(), names[b].clone())).collect())
}

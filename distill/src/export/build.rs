// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The tree of layers as nodes.

use std::collections::HashSet;

use synfire::diag::{Diagnostic, Result, codes};
use synfire::ir::{
    Concat, Conv, Graph, Input, Linear, NodeId, Op, PerChannel, Readout, ReadoutKind, Reshape,
    Scale,
};

use super::InputCode;
use super::parameters::{average, batch_norm, bias, lif, single, weights, window};
use crate::nn::spec::{self, Layer as Spec};
use crate::nn::{Affine, Extent, Layer, Model, Net};

/// Adds nodes to a graph, layer by layer.
pub(super) struct Builder<'a> {
    graph: Graph,
    /// Members of an ensemble that stay; nothing: all.
    active: Option<&'a [bool]>,
    /// An ensemble was met.
    has_members: bool,
}

/// What flows out of a layer.
#[derive(Clone)]
struct Flow {
    node: NodeId,
    /// Of the model as it was trained.
    extent: Extent,
    /// Its channels that are there; nothing: all.
    kept: Option<Vec<usize>>,
}

impl Flow {
    fn whole(node: NodeId, extent: Extent) -> Self {
        Self { node, extent, kept: None }
    }

    fn channels(&self) -> Vec<usize> {
        self.kept.clone().unwrap_or_else(|| (0..self.extent.0).collect())
    }
}

impl<'a> Builder<'a> {
    pub(super) fn new(active: Option<&'a [bool]>, steps: u32) -> Self {
        Self { graph: Graph::new("model", steps), active, has_members: false }
    }

    /// From the input to the logits.
    pub(super) fn model(
        mut self,
        spec: &spec::Model,
        model: &Model,
        input: InputCode,
    ) -> Result<Graph> {
        if spec.stages.len() != model.stages.len() {
            return Err(mismatch("the number of stages differs"));
        }
        let mut flow = self.input(spec, input)?;
        let mut names = HashSet::new();
        for (stage, net) in spec.stages.iter().zip(&model.stages) {
            if !names.insert(&stage.name) {
                return Err(mismatch("two stages have this name")
                    .at(&stage.name)
                    .help("nodes are called after their stage; give each another name"));
            }
            flow = self.net(&stage.name, &stage.layers, net, flow)?;
        }
        if flow.kept.is_some() {
            return Err(stuck("the members give the logits, no linear layer sums them up"));
        }
        if self.active.is_some() && !self.has_members {
            return Err(stuck("the model has no members side by side"));
        }
        let readout = Readout {
            kind: ReadoutKind::Mean,
            gain: PerChannel::All(1.0),
            offset: PerChannel::zero(),
        };
        let classes = self.flat("logits", &flow)?;
        let logits = self.graph.add("logits", Op::Readout(readout), &[classes])?;
        self.graph.set_output(logits);
        Ok(self.graph)
    }

    fn input(&mut self, spec: &spec::Model, code: InputCode) -> Result<Flow> {
        let Extent(c, h, w) = spec.input;
        let layers: Vec<&Spec> = spec.stages.iter().flat_map(|s| &s.layers).collect();
        let shape = if are_linear(&layers) { vec![c * h * w] } else { vec![c, h, w] };
        let (bits, scale, is_static) = match code {
            InputCode::Levels { scale } => (Some(8), scale, true),
            InputCode::LevelSteps { scale } => (Some(8), scale, false),
            InputCode::Spikes => (Some(1), 1.0, false),
            InputCode::Reals => (None, 1.0, true),
            InputCode::RealSteps => (None, 1.0, false),
        };
        let mut node = self.graph.add("input", Op::Input(Input { shape, bits, is_static }), &[])?;
        if scale != 1.0 {
            let op = Op::Scale(Scale::by(PerChannel::All(single(scale))));
            node = self.graph.add("input.scale", op, &[node])?;
        }
        Ok(Flow::whole(node, spec.input))
    }

    fn net(&mut self, path: &str, specs: &[Spec], net: &Net, from: Flow) -> Result<Flow> {
        if specs.len() != net.layers.len() {
            return Err(mismatch("the number of layers differs").at(path));
        }
        specs.iter().zip(&net.layers).enumerate().try_fold(from, |flow, (i, (spec, layer))| {
            self.layer(&format!("{path}.{i}"), spec, layer, flow)
        })
    }

    fn layer(&mut self, path: &str, spec: &Spec, layer: &Layer, from: Flow) -> Result<Flow> {
        let extent = from.extent.through(spec).map_err(|d| d.at(path))?;
        // One node that leaves the channels what they are.
        let mut channels = |kind: &str, op: Op| {
            let node = self.graph.add(format!("{path}.{kind}"), op, &[from.node])?;
            Ok(Flow { node, extent, kept: from.kept.clone() })
        };
        match (spec, layer) {
            (Spec::Linear { .. } | Spec::Conv { .. }, Layer::Affine(a)) => {
                self.affine(path, a, &from, extent)
            }
            (Spec::Norm, Layer::Norm(_)) if from.kept.is_some() => {
                Err(stuck("a batch norm shifts what a removed member would give").at(path))
            }
            (Spec::Norm, Layer::Norm(n)) => channels("norm", Op::BatchNorm(batch_norm(n))),
            (Spec::Neuron(_), Layer::Neuron(n)) => match &n.neuron.spec {
                spec::Neuron::Relu => channels("relu", Op::Relu),
                spec::Neuron::Lif(l) => channels("lif", Op::Lif(lif(l))),
            },
            (Spec::AveragePool { .. }, Layer::Pool(p)) => {
                let maps = self.maps(path, &from)?;
                let op = Op::Pool(average(p.window));
                let node = self.graph.add(format!("{path}.pool"), op, &[maps])?;
                Ok(Flow { node, extent, ..from })
            }
            (Spec::Residual { body, shortcut }, Layer::Residual(r)) => {
                let long = self.net(&format!("{path}.body"), body, &r.body, from.clone())?;
                let short = self.net(&format!("{path}.shortcut"), shortcut, &r.shortcut, from)?;
                if long.kept.is_some() || short.kept.is_some() {
                    return Err(stuck("a residual sum needs every member").at(path));
                }
                let ways = self.alike(path, &[long, short])?;
                let node = self.graph.add(format!("{path}.add"), Op::Add, &ways)?;
                Ok(Flow::whole(node, extent))
            }
            (Spec::Parallel { members }, Layer::Parallel(p)) => {
                self.parallel(path, members, &p.members, &from)
            }
            _ => Err(mismatch("another layer than the description says").at(path)),
        }
    }

    fn affine(&mut self, path: &str, affine: &Affine, from: &Flow, to: Extent) -> Result<Flow> {
        let Extent(c, h, w) = from.extent;
        // Columns that belong to a channel.
        let run = affine.window.map_or(h * w, |w| w.kernel * w.kernel);
        if affine.weight.val().dims() != [to.0, c * run] {
            return Err(mismatch("the weights have another shape").at(path));
        }
        let columns: Vec<usize> =
            from.channels().into_iter().flat_map(|c| c * run..(c + 1) * run).collect();
        let weights = weights(affine, &columns).map_err(|d| d.at(path))?;
        let bias = bias(affine);
        let node = match affine.window {
            None => {
                let flat = self.flat(path, from)?;
                let op = Op::Linear(Linear { weights, bias });
                self.graph.add(format!("{path}.linear"), op, &[flat])?
            }
            Some(w) => {
                let maps = self.maps(path, from)?;
                let op = Op::Conv(Conv { weights, bias, window: window(w), groups: 1 });
                self.graph.add(format!("{path}.conv"), op, &[maps])?
            }
        };
        Ok(Flow::whole(node, to))
    }

    fn parallel(
        &mut self,
        path: &str,
        specs: &[Vec<Spec>],
        nets: &[Net],
        from: &Flow,
    ) -> Result<Flow> {
        if specs.len() != nets.len() {
            return Err(mismatch("the number of members differs").at(path));
        }
        self.has_members = true;
        let stays = self.active.map_or_else(|| vec![true; nets.len()], <[bool]>::to_vec);
        if stays.len() != nets.len() || !stays.contains(&true) {
            let message =
                format!("{} members; which of them stay is said of {stays:?}", nets.len());
            return Err(stuck(&message).at(path));
        }
        let (mut extent, mut kept, mut ends) = (Extent(0, 0, 0), Vec::new(), Vec::new());
        for (m, (spec, net)) in specs.iter().zip(nets).enumerate() {
            let Extent(c, h, w) = from.extent.through_all(spec)?;
            if stays[m] {
                let end = self.net(&format!("{path}.members.{m}"), spec, net, from.clone())?;
                if end.kept.is_some() {
                    return Err(stuck("members inside of members").at(path));
                }
                kept.extend(extent.0..extent.0 + c);
                ends.push(end);
            }
            extent = Extent(extent.0 + c, h, w);
        }
        let node = match &self.alike(path, &ends)?[..] {
            [one] => *one,
            all => self.graph.add(format!("{path}.concat"), Op::Concat(Concat { axis: 0 }), all)?,
        };
        let kept = stays.contains(&false).then_some(kept);
        Ok(Flow { node, extent, kept })
    }

    /// The nodes of flows of one extent, all as maps or all flat.
    fn alike(&mut self, path: &str, flows: &[Flow]) -> Result<Vec<NodeId>> {
        if flows.iter().all(|f| !self.is_flat(f.node)) {
            return Ok(flows.iter().map(|f| f.node).collect());
        }
        let flat = |(i, f)| self.flat(&format!("{path}.{i}"), f);
        flows.iter().enumerate().map(flat).collect()
    }

    /// The flow as `[elements]`.
    fn flat(&mut self, path: &str, flow: &Flow) -> Result<NodeId> {
        if self.is_flat(flow.node) {
            return Ok(flow.node);
        }
        let shape = vec![self.graph.node(flow.node).stream.len()];
        let op = Op::Reshape(Reshape { shape });
        self.graph.add(format!("{path}.flatten"), op, &[flow.node])
    }

    /// The flow as `[channels, height, width]`.
    fn maps(&mut self, path: &str, flow: &Flow) -> Result<NodeId> {
        if !self.is_flat(flow.node) {
            return Ok(flow.node);
        }
        let shape = vec![flow.channels().len(), flow.extent.1, flow.extent.2];
        let op = Op::Reshape(Reshape { shape });
        self.graph.add(format!("{path}.unflatten"), op, &[flow.node])
    }

    fn is_flat(&self, node: NodeId) -> bool {
        self.graph.node(node).stream.shape.len() == 1
    }
}

/// Do linear layers alone look at what these layers take?
fn are_linear(layers: &[&Spec]) -> bool {
    let way = |layers: &Vec<Spec>| are_linear(&layers.iter().collect::<Vec<_>>());
    match layers.first() {
        Some(Spec::Linear { .. }) => true,
        Some(Spec::Parallel { members }) => members.iter().all(way),
        Some(Spec::Residual { body, shortcut }) => way(body) && way(shortcut),
        _ => false,
    }
}

fn mismatch(message: &str) -> Box<Diagnostic> {
    Diagnostic::new(&codes::STUDENT_EXPORT, message)
        .help("export a checkpoint with the configuration that it was trained with")
}

fn stuck(message: &str) -> Box<Diagnostic> {
    Diagnostic::new(&codes::STUDENT_SUBSET, message).help("export all members")
}

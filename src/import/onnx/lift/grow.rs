// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What was found becomes nodes of the graph.

use super::names::Hint;
use super::{Effect, Flow, Found, Lift, MAX_NODES, Stream};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{self, Delay, Kind, Li, NodeId, Op, PerChannel, PoolKind, ReadoutKind};

impl Lift<'_> {
    pub(super) fn add(
        &mut self,
        pattern: &'static str,
        stream: &Stream,
        found: Found,
    ) -> Result<()> {
        let Found { effect, steps, mut flow, taken } = found;
        let (node, name) = match effect {
            Effect::Alias => (stream.node, None),
            Effect::Reshape(shape) => {
                if let Some(input) = self.input_of(stream.node)
                    && let Op::Input(input) = self.graph.op_mut(input)
                {
                    input.shape = shape;
                }
                self.graph.refresh()?;
                (stream.node, None)
            }
            Effect::Nodes(nodes) => self.nodes(stream.node, nodes, &mut flow)?,
            Effect::Recurrent(ways, nodes) => {
                let shape = self.graph.node(stream.node).stream.shape.clone();
                let spikes = ir::Stream { shape, kind: Kind::Spikes, is_static: false };
                let label = self.names.name(&Hint::new("before"));
                let delay = Op::Delay(Delay { steps: PerChannel::All(1) });
                let before = self.graph.add_register(label, delay, spikes)?;
                let mut operands = vec![stream.node];
                for way in ways {
                    operands.push(self.nodes(before, way, &mut flow)?.0);
                }
                let (sum, _) = self.layer(&Hint::new("add"), Op::Add, &operands, &mut flow)?;
                let (node, name) = self.nodes(sum, nodes, &mut flow)?;
                self.graph.connect(before, node)?;
                (node, name)
            }
            Effect::Join(hint, op, operands) => {
                let (node, name) = self.layer(&hint, op, &operands, &mut flow)?;
                (node, Some(name))
            }
            Effect::Difference(hint, whole, part) => {
                let op = Op::Scale(ir::Scale::by(PerChannel::All(-1.0)));
                let (negative, sign) = self.layer(&Hint::new("scale"), op, &[part], &mut flow)?;
                self.account.take(pattern, Some(sign), []);
                let (node, name) = self.layer(&hint, Op::Add, &[whole, negative], &mut flow)?;
                (node, Some(name))
            }
            Effect::Output(hint, op) => {
                if flow == Flow::Static {
                    self.agree(1, self.model.output)?;
                }
                let (node, name) = self.layer(&hint, op, &[stream.node], &mut flow)?;
                self.graph.set_output(node);
                self.account.take(pattern, Some(name), taken);
                return Ok(());
            }
        };
        if flow == Flow::Steps {
            self.agree(steps.len(), name.as_deref().unwrap_or(pattern))?;
        }
        self.account.take(pattern, name, taken);
        self.open.push_back(Stream { node, steps, flow });
        Ok(())
    }

    /// Adds nodes one after another, the first of which takes `node`: the last one.
    fn nodes(
        &mut self,
        mut node: NodeId,
        nodes: Vec<(Hint, Op)>,
        flow: &mut Flow,
    ) -> Result<(NodeId, Option<String>)> {
        let mut name = None;
        for (hint, op) in nodes {
            let (id, label) = self.layer(&hint, op, &[node], flow)?;
            (node, name) = (id, Some(label));
        }
        Ok((node, name))
    }

    /// Adds a node. The operands of [`Flow::End`] are held as what flows at every timestep;
    /// what is linear can be computed before the sum over time as well as after it.
    fn layer(
        &mut self,
        hint: &Hint,
        mut op: Op,
        operands: &[NodeId],
        flow: &mut Flow,
    ) -> Result<(NodeId, String)> {
        let name = self.names.name(hint);
        if self.graph.len() >= MAX_NODES {
            let message = format!("more than {MAX_NODES} layers");
            let place = format!("{} {name}", op.name());
            return Err(Diagnostic::new(&codes::IMPORT_TOO_LARGE, message).at(place));
        }
        let mut operands = operands.to_vec();
        let count = self.count();
        match *flow {
            Flow::End(kind @ (ReadoutKind::Sum | ReadoutKind::Mean)) if !is_affine(&op) => {
                // The sum itself is needed: integrate, and read the last timestep.
                let gain = if kind == ReadoutKind::Mean { 1.0 / count } else { 1.0 };
                for operand in &mut operands {
                    let name = self.names.name(&Hint::new("integrator"));
                    *operand = self.graph.add(name.clone(), integrator(gain), &[*operand])?;
                    self.account.take("sum-over-time", Some(name), []);
                }
                *flow = Flow::End(ReadoutKind::Last);
            }
            Flow::End(ReadoutKind::Sum) => divide_offset(&mut op, count),
            _ => {}
        }
        let node = self.graph.add(name.clone(), op, &operands)?;
        Ok((node, name))
    }

    /// A layer beside the way to the output was taken for something it is not.
    pub(super) fn all_reach_the_output(&self) -> Result<()> {
        let output = self.graph.output()?;
        for id in self.graph.order()? {
            if id != output && self.graph.users(id).is_empty() {
                let message = "what this layer computes does not reach the output in a way that was understood";
                return Err(Diagnostic::new(&codes::LIFT_UNSUPPORTED, message).at(self
                    .graph
                    .node(id)
                    .name
                    .clone()));
            }
        }
        Ok(())
    }

    /// T, or 1 as long as it is not known.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn count(&self) -> f64 {
        self.timesteps.as_ref().map_or(1, |(t, _)| *t) as f64
    }

    /// Every stream has the same number of timesteps.
    pub(super) fn agree(&mut self, steps: usize, name: &str) -> Result<()> {
        match &self.timesteps {
            None => self.timesteps = Some((steps, name.to_owned())),
            Some((known, first)) if *known != steps => {
                let message = format!("it has {steps} timestep(s), but `{first}` has {known}");
                return Err(Diagnostic::new(&codes::LIFT_TIMESTEPS, message)
                    .at(name)
                    .help("every layer must run at every timestep; export a `forward` whose loop runs all of them equally often"));
            }
            Some(_) => {}
        }
        Ok(())
    }
}

/// True if the mean over time may be taken after it as well as before it. A readout says
/// itself what becomes of the timesteps.
fn is_affine(op: &Op) -> bool {
    match op {
        Op::Scale(_)
        | Op::Linear(_)
        | Op::Conv(_)
        | Op::BatchNorm(_)
        | Op::Reshape(_)
        | Op::Add
        | Op::Concat(_)
        | Op::Readout(_) => true,
        Op::Pool(p) => p.kind != PoolKind::Max,
        _ => false,
    }
}

/// What is added once to a sum over time, as what is added at every timestep.
fn divide_offset(op: &mut Op, count: f64) {
    let divide = |v: &mut Vec<f64>| v.iter_mut().for_each(|x| *x /= count);
    match op {
        Op::Linear(l) => l.bias.iter_mut().for_each(divide),
        Op::Conv(c) => c.bias.iter_mut().for_each(divide),
        Op::BatchNorm(b) => [&mut b.mean, &mut b.beta].into_iter().for_each(divide),
        _ => {}
    }
}

fn integrator(gain: f64) -> Op {
    Op::Li(Li {
        leak: PerChannel::All(1.0),
        gain: PerChannel::All(gain),
        bias: PerChannel::zero(),
        start: PerChannel::zero(),
        resets: None,
    })
}

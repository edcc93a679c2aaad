// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `compose-linear`: linear layers without neurons between them become one.
//!
//! `W (f ∘ (V x + c) + o) + b = (W diag(f) V) x + W (f ∘ c + o) + b`, also where W takes
//! several such streams behind one another. The product has more weights than the factors
//! may have, and they are no longer ±1: it is multiplied out only where that makes fewer
//! products of bits (bits of a weight times bits of its operand, over all weights).

use super::{Options, Pass, unsupported};
use crate::diag::Result;
use crate::ir::{Concat, Graph, Kind, Linear, NodeId, Op, Weights};

/// See the module.
pub(super) struct ComposeLinear;

impl Pass for ComposeLinear {
    fn name(&self) -> &'static str {
        "compose-linear"
    }

    fn description(&self) -> &'static str {
        "multiplies out linear layers that follow one another without neurons, where that is less work"
    }

    fn requires(&self) -> &'static str {
        "nothing"
    }

    fn ensures(&self) -> &'static str {
        "a linear layer that directly follows another is there because the product would be more work"
    }

    fn run(&self, graph: &mut Graph, options: &Options) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        while let Some(found) = find(graph, options)? {
            notes.push(found.note(graph, options));
            found.apply(graph)?;
        }
        Ok(notes)
    }
}

/// A part of what a layer takes: `f ∘ x + o` of a source.
struct Part {
    /// What the new layer takes.
    source: NodeId,
    /// The layer that is multiplied in, if the part comes from one.
    layer: Option<NodeId>,
    factor: Vec<f64>,
    offset: Vec<f64>,
}

/// A layer and what it takes.
struct Product {
    layer: NodeId,
    parts: Vec<Part>,
}

/// Bits of an element of a stream, as the hardware will have it.
fn bits(graph: &Graph, mut id: NodeId, options: &Options) -> f64 {
    loop {
        let node = graph.node(id);
        return match (&node.op, node.stream.kind) {
            (_, Kind::Spikes) => 1.0,
            (_, Kind::Levels { bits }) => f64::from(bits),
            // A factor for all goes into the weights.
            (Op::Scale(s), _) if s.offset.is_zero() && s.factor.iter().count() == 1 => {
                let Some(&x) = graph.operands(id).first() else { return 1.0 };
                id = x;
                continue;
            }
            (_, Kind::Current { width, .. }) => f64::from(width),
            (_, Kind::Real) => f64::from(options.stream_bits),
        };
    }
}

fn weight_bits(l: &Linear, options: &Options) -> f64 {
    if l.weights.binary().is_some() { 1.0 } else { f64::from(options.weight_bits) }
}

fn linear(graph: &Graph, id: NodeId) -> Option<&Linear> {
    match &graph.node(id).op {
        Op::Linear(l) => Some(l),
        _ => None,
    }
}

fn find(graph: &Graph, options: &Options) -> Result<Option<Product>> {
    for layer in graph.order()? {
        if linear(graph, layer).is_none() {
            continue;
        }
        let Some(parts) = parts(graph, layer) else { continue };
        let product = Product { layer, parts };
        let (before, after) = product.work(graph, options);
        if product.parts.iter().any(|p| p.layer.is_some()) && after < before {
            return Ok(Some(product));
        }
    }
    Ok(None)
}

/// What a layer takes; nothing if there is nothing to multiply in.
fn parts(graph: &Graph, layer: NodeId) -> Option<Vec<Part>> {
    let &[x] = &graph.operands(layer)[..] else { return None };
    let (x, outer) = back(graph, x)?;
    let node = graph.node(x);
    let sources = match &node.op {
        Op::Concat(_) if node.stream.shape.len() == 1 && graph.users(x).len() == 1 => {
            graph.operands(x)
        }
        _ => vec![x],
    };
    let mut at = 0;
    let mut parts = Vec::new();
    for source in sources {
        let n = graph.node(source).stream.len();
        let (source, inner) = if source == x {
            (x, None)
        } else {
            let (source, inner) = back(graph, source)?;
            (source, Some(inner))
        };
        let entry = |i: usize| {
            let (f, o) = inner.as_ref().map_or((1.0, 0.0), |inner| inner[i]);
            let (g, p) = outer[at + i];
            (f * g, o * g + p)
        };
        let (factor, offset) = (0..n).map(entry).unzip();
        let single = graph.users(source).len() == 1 && graph.output().ok() != Some(source);
        let multiplied = linear(graph, source).is_some() && single;
        let operand = graph.operands(source).first().copied();
        parts.push(match (multiplied, operand) {
            (true, Some(operand)) => Part { source: operand, layer: Some(source), factor, offset },
            _ => Part { source, layer: None, factor, offset },
        });
        at += n;
    }
    Some(parts)
}

/// The node before scales, batch norms and reshapes that nothing else takes, and what they
/// do to each of its elements.
fn back(graph: &Graph, mut id: NodeId) -> Option<(NodeId, Vec<(f64, f64)>)> {
    let n = graph.node(id).stream.len();
    let mut by = vec![(1.0, 0.0); n];
    loop {
        let node = graph.node(id);
        let own: Vec<(f64, f64)> = match &node.op {
            _ if graph.users(id).len() != 1 => return Some((id, by)),
            Op::Scale(s) => (0..n).map(|i| (s.factor.of(i, n), s.offset.of(i, n))).collect(),
            Op::BatchNorm(b) => {
                let entry = |i: usize| {
                    let c = i * b.mean.len() / n;
                    let g = b.gamma[c] / (b.var[c] + b.eps).sqrt();
                    (g, b.beta[c] - b.mean[c] * g)
                };
                (0..n).map(entry).collect()
            }
            Op::Reshape(_) => vec![(1.0, 0.0); n],
            _ => return Some((id, by)),
        };
        // y = g (f x + o) + p
        for ((g, p), (f, o)) in by.iter_mut().zip(own) {
            *p += *g * o;
            *g *= f;
        }
        id = graph.operands(id).first().copied()?;
    }
}

impl Product {
    /// Products of bits, before and after.
    fn work(&self, graph: &Graph, options: &Options) -> (f64, f64) {
        let Some(own) = linear(graph, self.layer) else { return (0.0, 0.0) };
        let rows = own.weights.outputs() as f64;
        let mut before = 0.0;
        for part in &self.parts {
            let (n, inputs) = (part.factor.len() as f64, bits(graph, part.source, options));
            match part.layer.and_then(|id| linear(graph, id)) {
                Some(l) => {
                    let (k, width) = (l.weights.inputs() as f64, f64::from(options.stream_bits));
                    before += weight_bits(l, options) * inputs * k * n;
                    before += weight_bits(own, options) * width * n * rows;
                }
                None => before += weight_bits(own, options) * inputs * n * rows,
            }
        }
        let each = self.sources().into_iter().map(|source| {
            let inputs = graph.node(source).stream.len() as f64;
            f64::from(options.weight_bits) * bits(graph, source, options) * inputs * rows
        });
        let after = each.sum();
        (before, after)
    }

    fn note(&self, graph: &Graph, options: &Options) -> String {
        let names = self.parts.iter().filter_map(|p| p.layer);
        let names: Vec<_> = names.map(|id| graph.node(id).name.clone()).collect();
        let (before, after) = self.work(graph, options);
        format!(
            "{}: takes in {}; {after:.0} products of bits a timestep instead of {before:.0}",
            graph.node(self.layer).name,
            names.join(", ")
        )
    }

    /// Puts the product in the place of the layer.
    fn apply(&self, graph: &mut Graph) -> Result<()> {
        let Some(own) = linear(graph, self.layer) else { return Ok(()) };
        let rows = own.weights.outputs();
        let mut values = vec![Vec::new(); rows];
        let mut bias = own.bias.clone().unwrap_or_else(|| vec![0.0; rows]);
        let mut at = 0;
        for part in &self.parts {
            let n = part.factor.len();
            let inner = part.layer.and_then(|id| linear(graph, id));
            for (r, row) in values.iter_mut().enumerate() {
                let scaled: Vec<f64> =
                    (0..n).map(|i| own.weights.value(r, at + i) * part.factor[i]).collect();
                for i in 0..n {
                    bias[r] += own.weights.value(r, at + i) * part.offset[i];
                    bias[r] +=
                        scaled[i] * inner.and_then(|l| l.bias.as_ref()).map_or(0.0, |b| b[i]);
                }
                match inner {
                    Some(l) => {
                        row.extend((0..l.weights.inputs()).map(|c| {
                            (0..n).map(|i| scaled[i] * l.weights.value(i, c)).sum::<f64>()
                        }))
                    }
                    None => row.extend(scaled),
                }
            }
            at += n;
        }
        let values: Vec<f64> = values.iter().flat_map(|row| self.added_up(graph, row)).collect();
        if values.iter().chain(&bias).any(|v| !v.is_finite()) {
            let message = "its weights times those of the layers before it are too large";
            return Err(unsupported(message).at(graph.node(self.layer).name.clone()));
        }
        let bias = bias.iter().any(|b| *b != 0.0).then_some(bias);
        let op = Op::Linear(Linear { weights: Weights::Real { rows, values }, bias });
        self.rebuild(graph, op)
    }

    /// What the product takes, each once.
    fn sources(&self) -> Vec<NodeId> {
        let mut all: Vec<NodeId> = Vec::new();
        for part in &self.parts {
            if !all.contains(&part.source) {
                all.push(part.source);
            }
        }
        all
    }

    /// A row of weights, part by part, as one of sources.
    fn added_up(&self, graph: &Graph, row: &[f64]) -> Vec<f64> {
        let of = |source: NodeId| {
            let n = graph.node(source).stream.len();
            let (mut sum, mut at) = (vec![0.0; n], 0);
            for part in &self.parts {
                let length = graph.node(part.source).stream.len();
                if part.source == source {
                    sum.iter_mut().zip(&row[at..at + length]).for_each(|(s, w)| *s += w);
                }
                at += length;
            }
            sum
        };
        self.sources().into_iter().flat_map(of).collect()
    }

    fn rebuild(&self, graph: &mut Graph, op: Op) -> Result<()> {
        let mut sources = Vec::new();
        for source in self.sources() {
            sources.push(flat(graph, source)?);
        }
        let x = match sources[..] {
            [one] => one,
            _ => {
                let name = graph.unused(&format!("{}.inputs", graph.node(self.layer).name));
                graph.add(name, Op::Concat(Concat { axis: 0 }), &sources)?
            }
        };
        graph.replace(self.layer, op, &[x]);
        graph.prune()?;
        graph.refresh()
    }
}

/// The stream in one dimension.
fn flat(graph: &mut Graph, id: NodeId) -> Result<NodeId> {
    let stream = &graph.node(id).stream;
    if stream.shape.len() == 1 {
        return Ok(id);
    }
    let shape = vec![stream.len()];
    let name = graph.unused(&format!("{}.flat", graph.node(id).name));
    graph.add(name, Op::Reshape(crate::ir::Reshape { shape }), &[id])
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One operator of the graph after the other. A new operator gets its arm in
//! [`Writer::node`], and a pattern in `import/onnx/lift` that reads it back.

mod ends;
mod layers;
mod neurons;

use super::Writer;
use crate::diag::Result;
use crate::import::onnx::proto::AttributeProto;
use crate::import::onnx::proto::attribute_proto::AttributeType;
use crate::ir::{NodeId, Op, Reset};

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(kind.into()),
        ..AttributeProto::default()
    }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), ..attribute(name, AttributeType::Int) }
}

fn ints(name: &str, values: impl IntoIterator<Item = usize>) -> AttributeProto {
    let ints = values.into_iter().map(extent).collect();
    AttributeProto { ints, ..attribute(name, AttributeType::Ints) }
}

fn extent(d: usize) -> i64 {
    i64::try_from(d).unwrap_or(i64::MAX)
}

/// What a node takes and gives: one value if a stream is static, else one a timestep.
struct Io<'w> {
    name: &'w str,
    /// The shape of the first operand.
    taken: Vec<usize>,
    /// The values of each operand.
    operands: Vec<Vec<String>>,
    out: Vec<String>,
}

impl Io<'_> {
    /// The values of the first operand.
    fn x(&self) -> &[String] {
        self.operands.first().map_or(&[], Vec::as_slice)
    }
}

/// A value at a timestep, of a stream that may be static.
fn at(values: &[String], t: usize) -> Option<&String> {
    if let [one] = values { Some(one) } else { values.get(t) }
}

impl Writer<'_> {
    /// Writes a node and gives its values back.
    pub(super) fn node(&mut self, id: NodeId) -> Result<Vec<String>> {
        let graph = self.graph;
        let node = graph.node(id);
        let sources = graph.operands(id);
        let operands: Vec<_> = sources.iter().map(|&o| self.values_of(o)).collect();
        let count = operands.iter().map(Vec::len).max().unwrap_or(0);
        let label = |t: usize| match count {
            1 => node.name.clone(),
            _ => format!("{}/{}", node.name, t + 1),
        };
        let taken = sources.first().map(|&s| graph.node(s).stream.shape.clone());
        let io = Io {
            name: &node.name,
            taken: taken.unwrap_or_default(),
            operands,
            out: (0..count).map(label).collect(),
        };
        match &node.op {
            Op::Input(i) => return self.input(&node.name, i, &node.op),
            Op::Scale(s) => self.scale(&io, s),
            Op::Linear(l) => self.linear(&io, l)?,
            Op::Conv(c) => self.conv(&io, c)?,
            Op::BatchNorm(b) => self.batch_norm(&io, b)?,
            Op::Pool(p) => self.pool(&io, p)?,
            Op::Reshape(r) => {
                // 0 keeps the batch.
                let shape: Vec<_> =
                    std::iter::once(0).chain(r.shape.iter().copied().map(extent)).collect();
                let shape = self.integers(format!("{}.shape", node.name), &shape);
                self.each("Reshape", &io, &[&shape]);
            }
            Op::Add => {
                let op = if io.operands.len() == 2 { "Add" } else { "Sum" };
                self.join(op, &io);
            }
            Op::Concat(c) => {
                for n in self.join("Concat", &io) {
                    n.attribute.push(int("axis", extent(c.axis + 1)));
                }
            }
            Op::Relu => self.each("Relu", &io, &[]),
            Op::Threshold(t) => self.threshold(&io, t)?,
            Op::Li(l) if l.resets.is_some() => {
                return Err(self.unsupported(&node.op, ": none that resets is in the dialect"));
            }
            Op::Li(l) => return self.li(&io, l),
            Op::Lif(l) if l.reset == Reset::HardDelayed => {
                let why = ": the dialect's keeps one number a neuron, which does not say whether it is held";
                return Err(self.unsupported(&node.op, why));
            }
            Op::Lif(l) => return self.lif(&io, l),
            Op::Readout(r) => return self.readout(&io, r, &node.op),
            Op::Delay(_)
            | Op::FixedLif(_)
            | Op::FixedLi(_)
            | Op::FixedScale(_)
            | Op::FixedReadout(_) => {
                return Err(self.unsupported(&node.op, ""));
            }
        }
        Ok(io.out)
    }

    /// The same operator for every timestep.
    fn each(&mut self, op: &str, io: &Io<'_>, more: &[&str]) {
        self.map(op, io.name, io.x(), more, &io.out);
    }

    /// The same operator for each of these values.
    fn map(&mut self, op: &str, name: &str, x: &[String], more: &[&str], out: &[String]) {
        for (t, (x, y)) in x.iter().zip(out).enumerate() {
            let operands: Vec<_> =
                std::iter::once(x.as_str()).chain(more.iter().copied()).collect();
            self.op(name, &format!("_{}", t + 1), op, &operands, y);
        }
    }

    /// An operator of all operands at every timestep; gives the operators back.
    fn join(&mut self, op: &str, io: &Io<'_>) -> &mut [super::NodeProto] {
        let from = self.out.node.len();
        for (t, y) in io.out.iter().enumerate() {
            let operands: Vec<_> =
                io.operands.iter().filter_map(|o| at(o, t)).map(String::as_str).collect();
            self.op(io.name, &format!("_{}", t + 1), op, &operands, y);
        }
        self.out.node.get_mut(from..).unwrap_or_default()
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Layers without state.

use super::super::Writer;
use super::{Io, attribute, extent, int, ints};
use crate::diag::Result;
use crate::import::onnx::dialect;
use crate::import::onnx::proto::AttributeProto;
use crate::import::onnx::proto::attribute_proto::AttributeType;
use crate::ir::{BatchNorm, Conv, Linear, PerChannel, Pool, PoolKind, Scale, Weights, Window};

impl Writer<'_> {
    pub(super) fn scale(&mut self, io: &Io<'_>, s: &Scale) {
        let factor = self.per_channel(format!("{}.factor", io.name), &s.factor, &io.taken);
        if s.offset.is_zero() {
            return self.each("Mul", io, &[&factor]);
        }
        let offset = self.per_channel(format!("{}.offset", io.name), &s.offset, &io.taken);
        let products: Vec<_> = io.out.iter().map(|y| format!("{y}.product")).collect();
        self.map("Mul", io.name, io.x(), &[&factor], &products);
        self.map("Add", io.name, &products, &[&offset], &io.out);
    }

    /// `x · W + bias`, the weights as inputs by outputs.
    pub(super) fn linear(&mut self, io: &Io<'_>, l: &Linear) -> Result<()> {
        let (outputs, inputs) = (l.weights.outputs(), l.weights.inputs());
        let entries = (0..inputs).flat_map(|i| (0..outputs).map(move |o| (o, i)));
        let weight = self.weights(io.name, &l.weights, entries, &[inputs, outputs], &[outputs])?;
        let Some(bias) = &l.bias else {
            self.each("MatMul", io, &[&weight]);
            return Ok(());
        };
        let bias = self.tensor(format!("{}.bias", io.name), &[outputs], bias);
        let products: Vec<_> = io.out.iter().map(|y| format!("{y}.product")).collect();
        self.map("MatMul", io.name, io.x(), &[&weight], &products);
        self.map("Add", io.name, &products, &[&bias], &io.out);
        Ok(())
    }

    pub(super) fn conv(&mut self, io: &Io<'_>, c: &Conv) -> Result<()> {
        let (outputs, inputs) = (c.weights.outputs(), c.weights.inputs());
        let channels = inputs / c.window.kernel.iter().product::<usize>().max(1);
        let shape = [&[outputs, channels], &c.window.kernel[..]].concat();
        let mut scale = vec![1; shape.len()];
        if let Some(first) = scale.first_mut() {
            *first = outputs;
        }
        let entries = (0..outputs).flat_map(|o| (0..inputs).map(move |i| (o, i)));
        let weight = self.weights(io.name, &c.weights, entries, &shape, &scale)?;
        let bias = c.bias.as_ref().map(|b| self.tensor(format!("{}.bias", io.name), &[outputs], b));
        let more: Vec<_> = std::iter::once(&weight).chain(&bias).map(String::as_str).collect();
        let attributes = [window(&c.window), vec![int("group", extent(c.groups))]].concat();
        self.with("Conv", io, &more, &attributes);
        Ok(())
    }

    /// A sum is a convolution of each channel with ones: exact, as a mean times the number
    /// of elements is not.
    pub(super) fn pool(&mut self, io: &Io<'_>, p: &Pool) -> Result<()> {
        let mut attributes = window(&p.window);
        let is_inside = p.kind == PoolKind::AverageInside;
        match p.kind {
            PoolKind::Max => self.with("MaxPool", io, &[], &attributes),
            PoolKind::Average | PoolKind::AverageInside => {
                attributes.push(int("count_include_pad", i64::from(!is_inside)));
                self.with("AveragePool", io, &[], &attributes);
            }
            PoolKind::Sum => {
                let channels = io.taken.first().copied().unwrap_or(1);
                let shape = [&[channels, 1], &p.window.kernel[..]].concat();
                let ones = vec![1.0; shape.iter().product()];
                let weight = self.tensor(format!("{}.ones", io.name), &shape, &ones);
                attributes.push(int("group", extent(channels)));
                self.with("Conv", io, &[&weight], &attributes);
            }
        }
        Ok(())
    }

    pub(super) fn batch_norm(&mut self, io: &Io<'_>, b: &BatchNorm) -> Result<()> {
        // The attribute is of single precision; what it cannot hold goes to the variance.
        #[allow(clippy::cast_possible_truncation)]
        let eps = b.eps as f32;
        let rest = b.eps - f64::from(eps);
        let var: Vec<_> = b.var.iter().map(|v| v + rest).collect();
        let parameters =
            [("weight", &b.gamma), ("bias", &b.beta), ("mean", &b.mean), ("var", &var)];
        let names = parameters.map(|(n, v)| self.tensor(format!("{}.{n}", io.name), &[v.len()], v));
        let epsilon = AttributeProto { f: Some(eps), ..attribute("epsilon", AttributeType::Float) };
        self.with("BatchNormalization", io, &names.each_ref().map(String::as_str), &[epsilon]);
        Ok(())
    }

    /// The same operator with attributes for every timestep.
    fn with(&mut self, op: &str, io: &Io<'_>, more: &[&str], attributes: &[AttributeProto]) {
        let from = self.out.node.len();
        self.each(op, io, more);
        for node in self.out.node.get_mut(from..).unwrap_or_default() {
            node.attribute.extend_from_slice(attributes);
        }
    }

    /// The weights of `entries` (output, input) as a value of this shape; magnitudes of
    /// binary ones spread over it as `scale`.
    fn weights(
        &mut self,
        name: &str,
        weights: &Weights,
        entries: impl Iterator<Item = (usize, usize)>,
        shape: &[usize],
        scale: &[usize],
    ) -> Result<String> {
        let label = format!("{name}.weight");
        let Weights::Binary { signs, scale: magnitudes } = weights else {
            let values: Vec<_> = entries.map(|(o, i)| weights.value(o, i)).collect();
            return Ok(self.tensor(label, shape, &values));
        };
        let sign = |(o, i)| if signs.get(o, i) { 1.0 } else { -1.0 };
        let signs: Vec<_> = entries.map(sign).collect();
        let signs = self.tensor(label, shape, &signs);
        let magnitudes = match magnitudes {
            PerChannel::All(x) => self.tensor(format!("{name}.scale"), &[], &[*x]),
            PerChannel::Each(v) => self.tensor(format!("{name}.scale"), scale, v),
        };
        let binary = format!("{name}.binary");
        self.op(name, "", "BipolarQuant", &[&signs, &magnitudes], &binary);
        self.last()?.domain = Some(dialect::QONNX.to_owned());
        Ok(binary)
    }
}

fn window(w: &Window) -> Vec<AttributeProto> {
    let before = w.padding.iter().map(|p| p[0]);
    let after = w.padding.iter().map(|p| p[1]);
    vec![
        ints("kernel_shape", w.kernel.iter().copied()),
        ints("strides", w.stride.iter().copied()),
        ints("dilations", w.dilation.iter().copied()),
        ints("pads", before.chain(after)),
    ]
}

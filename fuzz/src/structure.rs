// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Changes to the structure of an ONNX model. Changed bytes are mostly no protobuf any more;
//! these stay models.
#![allow(unreachable_pub, clippy::unwrap_used, reason = "tests, in a module of several crates")]

use onnx_protobuf::{ModelProto, NodeProto};
use protobuf::Message as _;

/// xorshift64*: the same damage in every run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let x = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(x).unwrap() % n
    }
}

/// One change to the structure of a model, of the kinds that exporters and tools get wrong.
pub fn mutate(model: &mut ModelProto, random: &mut Random) {
    let graph = model.graph.mut_or_insert_default();
    if graph.node.is_empty() {
        return;
    }
    let n = random.below(graph.node.len());
    let other = random.below(graph.node.len());
    let names: Vec<String> = graph.node.iter().flat_map(|n| n.output.clone()).collect();
    let any = |random: &mut Random| match names.len() {
        0 => String::new(),
        len => names[random.below(len)].clone(),
    };
    let extents = [-1, 0, 1, 2, 7, 8, 12, i64::MAX, i64::MIN, 1 << 31];
    match random.below(12) {
        0 => {
            graph.node.remove(n);
        }
        1 => graph.node.swap(n, other),
        2 => {
            // May make a cycle.
            let name = any(random);
            let inputs = &mut graph.node[n].input;
            if !inputs.is_empty() {
                let i = random.below(inputs.len());
                inputs[i] = name;
            }
        }
        3 => {
            graph.node[n].input.pop();
        }
        4 => {
            let name = any(random);
            graph.node[n].input.push(name);
        }
        5 => graph.node[n].op_type = graph.node[other].op_type.clone(),
        6 => {
            let known = [
                "Gather",
                "Concat",
                "Transpose",
                "Where",
                "Loop",
                "Slice",
                "Expand",
                "Conv",
                "Add",
                "MaxPool",
                "AveragePool",
                "GlobalAveragePool",
                "ReduceMean",
                "Flatten",
                "Relu",
            ];
            graph.node[n].op_type = known[random.below(known.len())].into();
        }
        7 => graph.node[n].attribute = graph.node[other].attribute.clone(),
        8 => {
            for a in &mut graph.node[n].attribute {
                a.i = extents[random.below(extents.len())];
                for i in &mut a.ints {
                    *i = extents[random.below(extents.len())];
                }
            }
        }
        9 if !graph.initializer.is_empty() => {
            let i = random.below(graph.initializer.len());
            let t = &mut graph.initializer[i];
            match random.below(3) {
                0 => t.data_type = i32::try_from(random.below(30)).unwrap(),
                1 => t.dims.push(extents[random.below(extents.len())]),
                _ => {
                    let values = [f32::NAN, f32::INFINITY, 0.0, 1e30, -1.0];
                    let value = values[random.below(values.len())].to_le_bytes();
                    if t.raw_data.len() >= 4 {
                        t.raw_data[..4].copy_from_slice(&value);
                    }
                }
            }
        }
        10 => {
            let name = any(random);
            graph.node[n].output = vec![name];
        }
        _ => {
            let copy = graph.node[n].clone();
            graph.node.push(NodeProto { output: vec![format!("copy{n}")], ..copy });
        }
    }
}

/// A file with its byte of options, changed in place; its new size, or none if it is no
/// model or becomes too large.
pub fn mutate_file(file: &mut [u8], size: usize, seed: u32) -> Option<usize> {
    let (_, bytes) = file.get(..size)?.split_first()?;
    let mut model = ModelProto::parse_from_bytes(bytes).ok()?;
    let mut random = Random(u64::from(seed) | 1 << 32);
    for _ in 0..=random.below(3) {
        mutate(&mut model, &mut random);
    }
    let changed = model.write_to_bytes().ok()?;
    file.get_mut(1..=changed.len())?.copy_from_slice(&changed);
    Some(1 + changed.len())
}

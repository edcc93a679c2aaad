// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is synthesised: networks, mappings, lanes.

use synfire::hw::{self, Design, Estimate, Mapping};
use synfire::ir::{Graph, Op, PerChannel};
use synfire::pass::{self, TO_INTEGER};
use synfire::target::{Family, Target};

use super::common::dense::dense;
use super::networks::{events, residual, student, synapses, vgg};

/// A network, and how it becomes hardware.
pub(super) struct Fixture {
    pub(super) name: String,
    graph: Graph,
    mapping: Mapping,
    lanes: Vec<(String, u32)>,
}

impl Fixture {
    /// Sizes of dense layers, timesteps, lanes where they are not chosen.
    pub(super) fn chain(sizes: &[usize], timesteps: u32, lanes: &[(&str, u32)]) -> Self {
        let graph = dense(sizes, timesteps);
        let lanes = lanes.iter().map(|(layer, n)| ((*layer).to_owned(), *n)).collect();
        Self { name: graph.name.clone(), graph, mapping: Mapping::Pipeline, lanes }
    }

    /// The same with a leak of 3 / 4, which is no shift.
    fn leaking(mut self) -> Self {
        let ids: Vec<_> = self.graph.order().unwrap();
        for id in ids {
            if let Op::Lif(lif) = self.graph.op_mut(id) {
                lif.leak = PerChannel::All(0.75);
            }
        }
        self.name += ", leak 3/4";
        self
    }

    fn processor(name: &str, graph: Graph, lanes: u32) -> Self {
        let lanes = vec![("shared".to_owned(), lanes)];
        Self { name: name.to_owned(), graph, mapping: Mapping::Shared, lanes }
    }

    pub(super) fn lowered(&self, target: &Target) -> (Design, Estimate) {
        let mut graph = self.graph.clone();
        pass::run(&mut graph, TO_INTEGER, &pass::Options::default()).unwrap();
        let lanes = self.lanes.iter().cloned().collect();
        let options = hw::Options { lanes, mapping: self.mapping, ..hw::Options::default() };
        hw::lower(&graph, target, &options).unwrap()
    }
}

/// Lanes of the processor or of each layer.
pub(super) fn lanes(design: &Design) -> String {
    let chain = design.denses().map(|d| d.lanes);
    let all: Vec<_> = design.shared.iter().map(|s| s.lanes).chain(chain).collect();
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Chains of dense layers. For the iCEBreaker with the lanes that they get; for the others with
/// fewer where as many as there is room for take long to synthesise.
pub(super) fn chains(family: Family) -> Vec<Fixture> {
    let chain = Fixture::chain;
    let sizes: [&[usize]; 2] = [&[784, 64, 48, 32, 10], &[784, 512, 512, 10]];
    let mut all = match family {
        Family::Ice40 => vec![
            chain(sizes[0], 4, &[]),
            chain(sizes[1], 4, &[]),
            chain(&[784, 128, 10], 4, &[("fc0", 16)]),
            chain(&[196, 64, 32, 10], 8, &[]),
            chain(&[256, 48, 48, 10], 4, &[]),
        ],
        Family::Ecp5 | Family::Gowin | Family::Xc7 => vec![
            chain(sizes[0], 4, &[("fc0", 22), ("fc1", 12), ("fc2", 16)]),
            chain(sizes[1], 4, &[("fc0", 64), ("fc1", 24)]),
            chain(&[784, 128, 10], 4, &[]),
            chain(&[196, 64, 32, 10], 8, &[("fc0", 16), ("fc1", 16)]),
            chain(&[256, 48, 48, 10], 4, &[("fc0", 16)]),
        ],
    };
    all.extend([
        chain(&[784, 128, 10], 4, &[("fc0", 32)]),
        chain(&[64, 32, 10], 4, &[]),
        chain(&[20, 16, 4], 2, &[]),
        chain(&[784, 32, 10], 1, &[]),
        chain(&[100, 100, 20], 6, &[]),
        chain(&[100, 60, 10], 4, &[]).leaking(),
    ]);
    all
}

/// Networks on the processor, on all devices with lanes for which the smallest one has room;
/// there SPRAMs hold what is the larger ones' block RAMs.
pub(super) fn processors(family: Family) -> Vec<Fixture> {
    let of = Fixture::processor;
    // With more lanes the weights of the first take more block RAMs than there are; a Gowin has not
    // enough for its maps.
    let students = match family {
        Family::Ice40 => [("fashion_conv", 32), ("fashion_conv", 16)],
        Family::Ecp5 => [("fashion_conv", 22), ("fashion_conv", 11)],
        Family::Gowin => [("mnist_mlp", 16), ("fashion_ensemble", 32)],
        Family::Xc7 => [("fashion_conv", 22), ("fashion_conv", 11)],
    };
    let mut all: Vec<_> = students.map(|(name, lanes)| of(name, student(name), lanes)).into();
    all.extend([
        of("fashion_ensemble", student("fashion_ensemble"), 13),
        of("fashion_mlp", student("fashion_mlp"), 8),
        of("residual", residual(), 8),
        of("vgg", vgg(), 8),
        of("events", events(), 4),
        of("synapses", synapses(), 12),
        of("20-16-4", dense(&[20, 16, 4], 2), 4),
    ]);
    all
}

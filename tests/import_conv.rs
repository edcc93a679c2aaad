// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Convolutional, residual and ensemble networks (tests/models/conv).
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "common/agree.rs"]
mod agree;

use agree::{agree, file, levels, recorded};
use synfire::import::{LiftReport, Options, load_with_report};
use synfire::ir::{Graph, Op, PerChannel, PoolKind, ReadoutKind};

fn import(name: &str, exporter: &str) -> (Graph, LiftReport) {
    let path = file(&format!("conv/{name}_{exporter}.onnx"));
    load_with_report(&path, &Options::default()).unwrap_or_else(|d| panic!("{} {d}", d.code.id))
}

/// Every model, by its recorded outputs.
fn names() -> Vec<String> {
    let files = std::fs::read_dir(file("conv")).unwrap();
    let name = |f: std::io::Result<std::fs::DirEntry>| {
        f.unwrap().file_name().into_string().unwrap().strip_suffix(".npy").map(str::to_owned)
    };
    let mut names: Vec<_> = files.filter_map(name).collect();
    names.sort();
    names
}

#[test]
fn every_network_computes_what_onnxruntime_does() {
    let names = names();
    assert_eq!(names.len(), 32, "{names:?}");
    let inputs = levels(64, 8, 100, 11);
    for name in names {
        let want = recorded(&format!("conv/{name}.npy"));
        for exporter in ["legacy", "dynamo"] {
            agree(&format!("{name} {exporter}"), &import(&name, exporter).0, &inputs, &want);
        }
    }
}

fn operators(graph: &Graph) -> Vec<&'static str> {
    graph.order().unwrap().into_iter().map(|id| graph.node(id).op.name()).collect()
}

fn count(graph: &Graph, name: &str) -> usize {
    operators(graph).into_iter().filter(|o| *o == name).count()
}

fn kind(graph: &Graph) -> ReadoutKind {
    match &graph.node(graph.output().unwrap()).op {
        Op::Readout(r) => r.kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plain_network_is_its_layers() {
    let layers =
        ["input", "scale", "conv", "lif", "pool", "conv", "lif", "reshape", "linear", "readout"];
    for name in ["plain", "static", "average"] {
        for exporter in ["legacy", "dynamo"] {
            let (graph, _) = import(name, exporter);
            assert_eq!(operators(&graph), layers, "{name} {exporter}");
            // The first convolution is computed once, wherever the file has it.
            let streams = graph.order().unwrap().into_iter().map(|id| &graph.node(id).stream);
            assert_eq!(streams.filter(|s| s.is_static).count(), 3, "{name} {exporter}");
        }
    }
}

#[test]
fn batch_norm_is_kept_or_was_folded_by_the_exporter() {
    for (name, exporter, norms) in
        [("norm", "legacy", 2), ("norm", "dynamo", 0), ("residual-multi", "dynamo", 4)]
    {
        let (graph, _) = import(name, exporter);
        assert_eq!(count(&graph, "batch-norm"), norms, "{name} {exporter}");
    }
}

#[test]
fn every_operator_is_accounted_for() {
    for name in names() {
        for exporter in ["legacy", "dynamo"] {
            let (graph, report) = import(&name, exporter);
            let made: Vec<_> = report.lifted.iter().filter_map(|l| l.node.as_deref()).collect();
            for node in &made {
                assert!(graph.find(node).is_some(), "{name} {exporter}: {node}");
            }
            let named = report.lifted.iter().filter(|l| l.node.is_some());
            let made = |p: &str| matches!(p, "readout" | "sum-over-time");
            assert!(named.clone().all(|l| !l.sources.is_empty() || made(l.pattern)));
        }
    }
}

#[test]
fn readouts_and_pools_are_what_was_written() {
    for (name, want) in [
        ("integrator-mean", ReadoutKind::Mean),
        ("integrator-sum", ReadoutKind::Sum),
        ("integrator-last", ReadoutKind::Last),
        ("integrator-stack", ReadoutKind::PerStep),
        ("integrator-leaky", ReadoutKind::Mean),
        ("last", ReadoutKind::Last),
        // The mean over two students is a factor, which makes the mean over time a sum.
        ("ensemble-sum", ReadoutKind::Sum),
        ("ensemble-step", ReadoutKind::PerStep),
        ("ensemble-concat", ReadoutKind::Mean),
        ("ensemble-concat-sum", ReadoutKind::Sum),
        ("relu-tail", ReadoutKind::Last),
    ] {
        for exporter in ["legacy", "dynamo"] {
            let (graph, _) = import(name, exporter);
            assert_eq!(kind(&graph), want, "{name} {exporter}");
            assert_eq!(
                count(&graph, "li"),
                usize::from(name.starts_with("integ") || name == "relu-tail")
            );
        }
    }
    for (name, want) in [
        ("plain", PoolKind::Max),
        ("average", PoolKind::Average),
        ("average-inside", PoolKind::AverageInside),
        ("global", PoolKind::Average),
    ] {
        let (graph, _) = import(name, "dynamo");
        let pool = graph.order().unwrap().into_iter().find_map(|id| match &graph.node(id).op {
            Op::Pool(p) => Some(p.kind),
            _ => None,
        });
        assert_eq!(pool, Some(want), "{name}");
    }
}

#[test]
fn parameters_are_per_channel_and_per_element() {
    for exporter in ["legacy", "dynamo"] {
        let (graph, _) = import("per-channel", exporter);
        let lengths: Vec<_> = graph
            .order()
            .unwrap()
            .into_iter()
            .filter_map(|id| match &graph.node(id).op {
                Op::Lif(l) => Some([&l.leak, &l.threshold].map(|p| match p {
                    PerChannel::All(_) => 1,
                    PerChannel::Each(v) => v.len(),
                })),
                _ => None,
            })
            .collect();
        assert_eq!(lengths, [[2, 2], [16, 16]], "{exporter}");
    }
}

#[test]
fn residual_streams_are_shared() {
    for (name, adds) in [
        ("residual-identity", 1),
        ("residual-shortcut", 1),
        ("residual-spikes", 1),
        ("residual-multi", 3),
    ] {
        for exporter in ["legacy", "dynamo"] {
            let (graph, _) = import(name, exporter);
            assert_eq!(count(&graph, "add"), adds, "{name} {exporter}");
            let ids = graph.order().unwrap();
            let branches = ids.iter().filter(|&&id| graph.users(id).len() == 2).count();
            assert_eq!(branches, adds, "{name} {exporter}");
        }
    }
}

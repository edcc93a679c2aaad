// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Networks that get another input at every timestep (tests/models/sequence).
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "common/agree.rs"]
mod agree;

use agree::{Comparison, expected, file, import, numbers};
use synfire::import::{Options, load};
use synfire::interp::{Interp, Stimulus};
use synfire::ir::{Graph, Op};

fn input(graph: &Graph) -> &synfire::ir::Input {
    let mut nodes = graph.order().unwrap().into_iter().map(|id| &graph.node(id).op);
    nodes.find_map(|op| if let Op::Input(i) = op { Some(i) } else { None }).unwrap()
}

#[test]
fn sequences_are_taken_apart_as_the_model_does() {
    let mut compared = 0;
    for (variant, entry) in &expected("sequence") {
        for exporter in ["legacy", "dynamo"].into_iter().filter(|e| entry[*e].is_array()) {
            let name = format!("sequence/{variant}_{exporter}.onnx");
            let graph = import(&name, &Options::default());
            assert_eq!((graph.timesteps, input(&graph).is_static), (4, false), "{name}");
            let mut comparison = Comparison::new(&name, &graph);
            let samples = entry["input"].as_array().unwrap().iter();
            for (sample, want) in samples.zip(entry[exporter].as_array().unwrap()) {
                let steps: Vec<_> = sample.as_array().unwrap().iter().map(numbers).collect();
                comparison.sample(Stimulus::RealSteps(&steps), &numbers(want), |_| true);
            }
            comparison.finish();
            compared += 1;
        }
    }
    assert_eq!(compared, 26);
}

/// The models of one timestep that are run T times.
#[test]
fn one_timestep_may_get_another_input_each_time() {
    let options =
        |changes| Options { timesteps: Some(3), input_changes: changes, ..Options::default() };
    let path = file("one_step/subtract_legacy.onnx");
    let changing = load(&path, &options(true)).unwrap();
    let held = load(&path, &options(false)).unwrap();
    assert!(!input(&changing).is_static && input(&held).is_static);
    let levels: Vec<u16> = (0..12).map(|i| i * 7 % 16).collect();
    let same = Interp::new(&held).unwrap().run(&levels).unwrap();
    let repeated = vec![levels.clone(); 3];
    let again = Interp::new(&changing).unwrap().run_on(Stimulus::LevelSteps(&repeated)).unwrap();
    assert_eq!(same.steps, again.steps);
    let first = vec![levels, vec![0; 12], vec![0; 12]];
    let other = Interp::new(&changing).unwrap().run_on(Stimulus::LevelSteps(&first)).unwrap();
    assert_ne!(same.steps, other.steps);
    let refused = load(&file("dialects/plain_legacy.onnx"), &options(true)).unwrap_err();
    assert_eq!(refused.code.id, "SF0003");
}

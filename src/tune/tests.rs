// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Points against each of them made by the passes and run by itself.

use super::*;
use crate::data::{Samples, Values};
use crate::interp::{Interp, Logits, Record};
use crate::ir::{self, Graph, Op};
use crate::pass::{self, CUTS};

/// Three members of two neurons each on two pixels, put together and weighed; the pixels' levels
/// are such that more timesteps and more members know more.
fn ensemble(join: &str, head: &str) -> Graph {
    let member = |m: usize, w: [f64; 4]| {
        format!(
            "%w{m} = linear(%in) : real[2] static {{\"weights\":{{\"real\":{{\"rows\":2,\"values\":[{},{},{},{}]}}}},\"bias\":null}}\n\
             %m{m} = lif(%w{m}) : spikes[2] {{\"leak\":0.75,\"gain\":0.0625,\"bias\":0.0,\"threshold\":1.0,\"reset\":\"soft\",\"compare\":\"at-least\"}}\n",
            w[0], w[1], w[2], w[3]
        )
    };
    let members = member(0, [1.0, -0.5, -0.5, 1.0])
        + &member(1, [0.75, 0.25, 0.25, 0.75])
        + &member(2, [1.0, 0.0, -1.0, 0.5]);
    ir::parse(&format!(
        "synfire-ir 1\ngraph \"e\" timesteps 3\n\
         %in = input() : levels[2; 4] static {{\"shape\":[2],\"bits\":4,\"is_static\":true}}\n\
         {members}{join}\n{head}\
         %y = readout(%head) : real[3] {{\"kind\":\"mean\",\"gain\":1.0,\"offset\":0.0}}\noutput %y\n"
    ))
    .unwrap()
}

fn together() -> Graph {
    ensemble(
        "%all = concat(%m0, %m1, %m2) : spikes[6] {\"axis\":0}",
        "%head = linear(%all) : real[3] {\"weights\":{\"real\":{\"rows\":3,\"values\":[1.0,-1.0,0.5,-0.5,1.0,0.0,-1.0,1.0,-0.5,0.5,-1.0,0.5,0.25,0.25,0.5,0.5,-1.0,-1.0]}},\"bias\":[0.0,0.0,0.125]}\n",
    )
}

fn added() -> Graph {
    ensemble(
        "%all = add(%m0, %m1, %m2) : levels[2; 2] {}",
        "%head = linear(%all) : real[3] {\"weights\":{\"real\":{\"rows\":3,\"values\":[1.0,-1.0,-1.0,1.0,0.25,0.25]}},\"bias\":[0.0,0.0,0.25]}\n",
    )
}

/// All pairs of levels; class 0 if the first is larger by 3, 1 if the second is, else 2.
fn samples() -> Samples {
    let pairs = (0..16u8).flat_map(|a| (0..16u8).map(move |b| [a, b]));
    let levels: Vec<u8> = pairs.clone().flatten().collect();
    let class = |[a, b]: [u8; 2]| {
        if a >= b + 3 {
            0
        } else if b >= a + 3 {
            1
        } else {
            2
        }
    };
    let mut samples = Samples::new(vec![2], None, Values::U8(levels)).unwrap();
    samples.labels = Some(pairs.map(class).collect());
    samples
}

fn found(graph: &Graph, threads: usize) -> (Found, Split, Samples) {
    let samples = samples();
    let split = Split::of(&samples, 256, 3).unwrap();
    let data = Data { calibration: &samples, report: &samples, split: &split };
    let found = explore(graph, &data, &Work { threads, tick: &|| {} }).unwrap();
    (found, split, samples)
}

fn alone(graph: &Graph, samples: &Samples, places: &[Place]) -> Vec<bool> {
    let (interp, labels) = (Interp::new(graph).unwrap(), samples.labels.as_ref().unwrap());
    let right = |p: &Place| infer(&interp, samples, *p).unwrap().class == labels[*p] as usize;
    places.iter().map(right).collect()
}

/// Three timesteps, seven choices of members: each as the model of its own that it stands for,
/// and where nothing was fitted, that model is what the passes make of the whole.
#[test]
fn points_have_right_what_their_models_have_right() {
    for graph in [together(), added()] {
        let (found, split, samples) = found(&graph, 2);
        assert_eq!(found.points.len(), 21);
        let mut fitted = 0;
        for point in &found.points {
            let id = point.cut.id();
            assert_eq!(point.graph.timesteps, point.cut.timesteps, "{id}");
            assert_eq!(point.choose, alone(&point.graph, &samples, &split.choose), "{id}");
            assert_eq!(point.report, alone(&point.graph, &samples, &split.report), "{id}");
            fitted += usize::from(point.cut.head_fitted);
            let options = pass::Options {
                keep_timesteps: Some(point.cut.timesteps),
                keep_members: Some(point.cut.members.clone()),
                ..pass::Options::default()
            };
            let mut cut = graph.clone();
            pass::run(&mut cut, CUTS, &options).unwrap();
            if !point.cut.head_fitted {
                assert_eq!(ir::print(&point.graph).unwrap(), ir::print(&cut).unwrap(), "{id}");
                continue;
            }
            // A head is taken only where it has more of the samples that choose right.
            let count = |r: &[bool]| r.iter().filter(|r| **r).count();
            let before = alone(&cut, &samples, &split.choose);
            assert!(count(&point.choose) > count(&before), "{id}");
        }
        // The whole model stays as it is, and is not one that has all or nothing right.
        let whole = &found.points[0];
        assert_eq!(whole.cut.id(), "t3-m0.1.2");
        let right = whole.report.iter().filter(|r| **r).count();
        assert!((40..120).contains(&right), "{right} of {}", whole.report.len());
        assert!(fitted > 3, "{fitted} heads were fitted");
    }
}

#[test]
fn threads_change_nothing() {
    let (one, _, _) = found(&together(), 1);
    let (many, _, _) = found(&together(), 5);
    let points = |f: &Found| {
        let of = |p: &Point| (p.cut.id(), ir::print(&p.graph).unwrap(), p.report.clone());
        f.points.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(points(&one), points(&many));
}

/// A head of one bit a weight stays what it is.
#[test]
fn binary_heads_are_not_fitted() {
    let graph = ensemble(
        "%all = concat(%m0, %m1, %m2) : spikes[6] {\"axis\":0}",
        "%head = linear(%all) : real[3] {\"weights\":{\"binary\":{\"signs\":{\"cols\":6,\"rows\":[\"51\",\"a2\",\"f0\"]},\"scale\":0.5}},\"bias\":null}\n",
    );
    assert!(found(&graph, 2).0.points.iter().all(|p| !p.cut.head_fitted));
}

/// A layer whose batch norm sees spikes: 0 at the first timestep, whatever the pixel; later 1 for
/// large ones. Its statistics are those of later timesteps, so at T = 1 nothing gets through.
const NORMED: &str = r#"synfire-ir 1
graph "n" timesteps 4
%in = input() : levels[2; 4] static {"shape":[2],"bits":4,"is_static":true}
%first = lif(%in) : spikes[2] {"leak":1.0,"gain":0.0625,"bias":0.0,"threshold":0.25,"reset":"soft","compare":"at-least"}
%w = linear(%first) : real[3] {"weights":{"real":{"rows":3,"values":[1.0,-1.0,-1.0,1.0,0.25,0.25]}},"bias":[0.0,0.0,0.25]}
%norm = batch-norm(%w) : real[3] {"gamma":[1.0,1.0,1.0],"beta":[0.5,0.5,0.5],"mean":[3.0,3.0,0.25],"var":[1.0,1.0,1.0],"eps":0.25}
%lif = lif(%norm) : spikes[3] {"leak":0.5,"gain":1.0,"bias":0.0,"threshold":0.5,"reset":"soft","compare":"at-least"}
%y = readout(%lif) : real[3] {"kind":"mean","gain":1.0,"offset":0.0}
output %y
"#;

#[test]
fn norms_are_those_of_the_samples_that_fit() {
    let graph = ir::parse(NORMED).unwrap();
    let samples = samples();
    let places: Vec<Place> = (0..256).step_by(3).collect();
    let work = Work { threads: 3, tick: &|| {} };
    let anew = norms::anew(&graph, &samples, &places, &work).unwrap().unwrap();
    // The plain way: everything that the layer gave, in a list.
    let (interp, w) = (Interp::new(&graph).unwrap(), graph.find("w").unwrap());
    let mut given: Vec<Vec<f64>> = Vec::new();
    for &place in &places {
        super::infer::infer_watching(&interp, &samples, place, &mut |id, _, v| {
            if id == w {
                given.push(v.to_reals());
            }
        })
        .unwrap();
    }
    assert_eq!(given.len(), places.len() * 4);
    let Op::BatchNorm(norm) = &anew.node(anew.find("norm").unwrap()).op else { panic!("no norm") };
    for c in 0..3 {
        let n = given.len() as f64;
        let mean = given.iter().map(|v| v[c]).sum::<f64>() / n;
        let var = given.iter().map(|v| (v[c] - mean).powi(2)).sum::<f64>() / n;
        assert!((norm.mean[c] - mean).abs() < 1e-9 && (norm.var[c] - var).abs() < 1e-9);
        assert!(var > 0.0);
    }
    assert_eq!((norm.gamma[0], norm.beta[0], norm.eps), (1.0, 0.5, 0.25));
    // What stays the same at every timestep needs no other statistics.
    assert!(norms::anew(&together(), &samples, &places, &work).unwrap().is_none());
}

#[test]
fn norms_are_taken_where_they_help_beyond_doubt() {
    let (found, split, samples) = found(&ir::parse(NORMED).unwrap(), 2);
    assert_eq!(found.points.len(), 4);
    let taken: Vec<bool> = found.points.iter().map(|p| p.cut.norms_anew).collect();
    assert!(!taken[0] && taken[1..].iter().any(|t| *t), "{taken:?} {:?}", found.notes);
    assert_eq!(found.notes.len(), 3, "a note for each number of timesteps that was tried");
    for point in &found.points {
        assert_eq!(point.report, alone(&point.graph, &samples, &split.report));
    }
}

/// With the statistics of all timesteps, those of three are hardly others: what they change is
/// within noise, and left.
#[test]
fn norms_that_help_within_noise_are_left() {
    let samples = samples();
    let work = Work { threads: 2, tick: &|| {} };
    let places: Vec<Place> = (0..256).collect();
    let right =
        norms::anew(&ir::parse(NORMED).unwrap(), &samples, &places, &work).unwrap().unwrap();
    let (found, _, _) = found(&right, 2);
    let (three, note) = (&found.points[1], &found.notes[0]);
    assert!(note.starts_with("norms over 3 timesteps") && note.ends_with("not beyond doubt, left"));
    assert!(three.cut.timesteps == 3 && !three.cut.norms_anew, "{note}");
}

#[test]
fn labels_are_needed() {
    let mut samples = samples();
    samples.labels = None;
    let split = Split { fit: vec![0], choose: vec![1], report: vec![2], repeated: 0 };
    let data = Data { calibration: &samples, report: &samples, split: &split };
    let work = Work { threads: 1, tick: &|| {} };
    let refused = explore(&together(), &data, &work).unwrap_err();
    assert_eq!(refused.code.id, "SF0701");
}

/// The class of the first timesteps alone, by the kind of the readout.
#[test]
fn classes_of_the_first_timesteps() {
    let steps = vec![vec![1.0, 3.0], vec![2.0, 0.0], vec![5.0, 1.0], vec![-8.0, 4.0]];
    let record = Record { spikes: Vec::new(), logits: Logits::Real(Vec::new()), class: 0, steps };
    let of = |kind| {
        let text = format!(
            "synfire-ir 1\ngraph \"e\" timesteps 4\n%in = input() : real[2] {{\"shape\":[2],\"is_static\":false}}\n%y = readout(%in) : real[2] {{\"kind\":\"{kind}\",\"gain\":1.0,\"offset\":0.0}}\noutput %y\n"
        );
        super::infer::classes(&ir::parse(&text).unwrap(), &record).unwrap()
    };
    assert_eq!(of("max"), [1, 1, 0, 0]);
    assert_eq!((of("sum"), of("last")), (vec![1, 0, 0, 1], vec![1, 0, 0, 1]));
}

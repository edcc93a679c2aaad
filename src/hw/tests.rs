// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Stages, memories and folding of small networks, computed by hand from docs/hardware.md.

use super::*;
use crate::ir::{self, BitMatrix, Compare, Graph, Reset};
use crate::target::{self, Family, Target};

/// 20 levels of 4 bits → 6 neurons → 5 neurons → 3 classes, T = 3.
pub(super) const NET: &str = r#"synfire-ir 1
graph "net" timesteps 3
%in = input() : levels[20; 4] static {"shape":[20],"bits":4,"is_static":true}
%fc1 = linear(%in) : current[6; fixed(10, 0)] static {"weights":{"binary":{"signs":{"cols":20,"rows":["10000","00000","00000","00000","00000","00000"]},"scale":1.0}},"bias":null}
%n1 = fixed-lif(%fc1) : spikes[6] {"leak_num":3,"leak_shift":2,"frac":2,"width":14,"bias":[-5,4,0,0,0,0],"threshold":[8,7,1,1,1,1],"reset":"soft-delayed","compare":"above"}
%fc2 = linear(%n1) : current[5; fixed(4, 0)] {"weights":{"binary":{"signs":{"cols":6,"rows":["00","00","00","00","20"]},"scale":1.0}},"bias":null}
%n2 = fixed-lif(%fc2) : spikes[5] {"leak_num":1,"leak_shift":0,"frac":0,"width":6,"bias":[0,0,0,0,0],"threshold":[1,2,3,4,5],"reset":"hard","compare":"at-least"}
%out = linear(%n2) : current[3; fixed(4, 0)] {"weights":{"binary":{"signs":{"cols":5,"rows":["00","00","00"]},"scale":1.0}},"bias":null}
%y = fixed-readout(%out) : current[3; fixed(9, 2)] {"frac":2,"gain":[5,7,0],"offset":[-16,15,0],"gain_width":3,"width":9}
output %y
"#;

pub(super) fn graph(text: &str) -> Graph {
    ir::parse(text).unwrap_or_else(|d| panic!("{d}"))
}

pub(super) fn board() -> Target {
    target::load("icebreaker").unwrap()
}

pub(super) fn lowered(text: &str) -> Design {
    lower(&graph(text), &board(), &Options::default()).unwrap().0
}

fn dense(stage: &Stage) -> &DenseStage {
    match stage {
        Stage::Dense(d) => d,
        other => panic!("{other:?}"),
    }
}

fn lif(stage: &Stage) -> &LifStage {
    match stage {
        Stage::Lif(l) => l,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_width_of_a_chain() {
    let d = lowered(NET);
    assert_eq!((d.timesteps, d.input.count, d.input.bits, d.trace), (3, 20, 4, true));
    assert_eq!(d.stages.len(), 7);
    let widths = |i: usize| {
        let d = dense(&d.stages[i]);
        (d.input_bits, d.time_parallel, d.acc_bits, d.output_bits(), d.inputs(), d.outputs())
    };
    // Levels up to 15 of 20 inputs: 300 has 9 bits, a result one more.
    assert_eq!(widths(0), (4, 1, 9, 10, 20, 6));
    // Trains of 3 bits, of 6 neurons.
    assert_eq!(widths(2), (3, 3, 3, 4, 6, 5));
    // Counts up to 3, of 5 neurons: 15 has 4 bits.
    assert!(matches!(d.stages[4], Stage::Count(3)));
    assert_eq!(widths(5), (2, 1, 4, 5, 5, 3));
    let n1 = lif(&d.stages[1]);
    assert_eq!((n1.hold, n1.input_bits, n1.membrane_bits, n1.frac), (true, 10, 14, 2));
    // −5 has 4 bits with its sign, 8 has 4 without one.
    assert_eq!((n1.bias_bits, n1.threshold_bits, n1.neurons()), (4, 4, 6));
    assert_eq!((n1.leak_num, n1.leak_shift, n1.timesteps), (3, 2, 3));
    assert_eq!((n1.reset, n1.compare), (Reset::SoftDelayed, Compare::Above));
    assert_eq!((&n1.bias[..2], &n1.threshold[..2]), (&[-5, 4][..], &[8, 7][..]));
    let n2 = lif(&d.stages[3]);
    assert_eq!((n2.hold, n2.input_bits, n2.membrane_bits), (false, 4, 6));
    // No current is a 0 with its sign.
    assert_eq!((n2.bias_bits, n2.threshold_bits), (2, 3));
    assert_eq!((n2.reset, n2.compare), (Reset::Hard, Compare::AtLeast));
    let Stage::Readout(r) = &d.stages[6] else { panic!("{:?}", d.stages[6]) };
    // −16 and 15 have 5 bits with their sign.
    assert_eq!((r.input_bits, r.gain_bits, r.offset_bits, r.logit_bits), (5, 3, 5, 9));
    assert_eq!((r.classes(), &r.gain[..], &r.offset[..]), (3, &[5, 7, 0][..], &[-16, 15, 0][..]));
}

/// The network with a last layer of integers, whose results have so many bits.
fn with_head(values: &str, bits: u32) -> String {
    let head = r#"{"binary":{"signs":{"cols":5,"rows":["00","00","00"]},"scale":1.0}}"#;
    let integers = format!(r#"{{"integer":{{"rows":3,"values":[{values}],"scale":1.0}}}}"#);
    let head = format!("fixed(4, 0)] {{\"weights\":{head}");
    NET.replace(&head, &format!("fixed({bits}, 0)] {{\"weights\":{integers}"))
}

/// −4 and 3 need three bits: −4 = 100, −3 = 101, −2 = 110, −1 = 111, 3 = 011.
const HEAD: &str = "3,-4,0,1,-1, 0,0,0,0,0, 2,-2,1,-3,3";

#[test]
fn weights_of_several_bits_are_planes() {
    let d = lowered(&with_head(HEAD, 5));
    assert_eq!(d.stages.len(), 8);
    let head = dense(&d.stages[5]);
    assert_eq!((head.planes, head.outputs(), head.neurons(), head.inputs()), (3, 9, 3, 5));
    // Counts up to 3, of 5 neurons: 15 has 4 bits.
    assert_eq!((head.input_bits, head.time_parallel, head.acc_bits), (2, 1, 4));
    let row = |r: usize| (0..5).map(|i| u8::from(head.weights.get(r, i))).collect::<Vec<_>>();
    let want = [
        [0, 1, 0, 0, 1], // the bits of 4, which count −4
        [1, 0, 0, 0, 1],
        [1, 0, 0, 1, 1],
        [0; 5],
        [0; 5],
        [0; 5],
        [0, 1, 0, 1, 0],
        [1, 1, 0, 0, 1],
        [0, 0, 1, 1, 1],
    ];
    for (r, want) in want.iter().enumerate() {
        assert_eq!(row(r), want, "row {r}");
    }
    let Stage::Planes(p) = &d.stages[6] else { panic!("{:?}", d.stages[6]) };
    // −4 · 15 = −60 has 7 bits.
    assert_eq!((&*p.name, p.planes, p.input_bits, p.sum_bits), ("out", 3, 5, 7));
    let Stage::Readout(r) = &d.stages[7] else { panic!("{:?}", d.stages[7]) };
    assert_eq!((r.input_bits, r.logit_bits), (7, 9));
    assert!(d.denses().take(2).all(|d| d.planes == 1));
}

#[test]
fn numbers_of_one_and_minus_one_are_signs() {
    let d = lowered(&with_head("1,-1,1,1,-1, -1,-1,-1,-1,-1, 1,1,1,1,1", 4));
    let head = dense(&d.stages[5]);
    assert_eq!((head.planes, head.outputs()), (1, 3));
    let plus: Vec<bool> = (0..5).map(|i| head.weights.get(0, i)).collect();
    assert_eq!(plus, [true, false, true, true, false]);
    assert!(matches!(d.stages[6], Stage::Readout(_)));
}

#[test]
fn planes_take_lanes_and_cycles() {
    let with = |lanes: u32| {
        let options = Options { lanes: [("out".to_owned(), lanes)].into(), ..Options::default() };
        lower(&graph(&with_head(HEAD, 5)), &board(), &options).unwrap()
    };
    let (d, e) = with(4);
    let head = dense(&d.stages[5]);
    assert_eq!((head.groups(), head.group_size(2), head.depth()), (3, 1, 37));
    // 2 · (5/2 + 4) + 5; 3; a class of the last group, (3 + 3) + 5: those before have been read
    // out in 2 · (5/2 + 4).
    assert_eq!(e.stage_cycles[5..], [17, 3, 11]);
    // The last group is a plane of a class: 8 · (5/2 + 4) + 5.
    assert_eq!(with(1).1.stage_cycles[5..], [53, 3, 11]);
}

#[test]
fn only_the_last_layer_of_a_chain_has_several_bits() {
    let signs = r#"{"binary":{"signs":{"cols":6,"rows":["00","00","00","00","20"]},"scale":1.0}}"#;
    let values = vec!["2"; 30].join(",");
    let integers = format!(r#"{{"integer":{{"rows":5,"values":[{values}],"scale":1.0}}}}"#);
    let text = NET
        .replace(signs, &integers)
        .replace("fixed(4, 0)] {\"weights\":{\"integer", "fixed(5, 0)] {\"weights\":{\"integer")
        .replace("\"frac\":0,\"width\":6", "\"frac\":0,\"width\":8");
    let d = stages::build(&graph(&text)).unwrap_err();
    assert_eq!((d.code.id, d.location.path.as_deref()), ("SF0410", Some("fc2")));
    let message = "its weights have 3 bits; engines of a chain take such weights in the last \
        layer, in others ±1";
    assert_eq!(d.message, message);
    // A line of processors takes them.
    let options = Options { mapping: Mapping::Pipeline, ..Options::default() };
    let (design, _) = lower(&graph(&text), &board(), &options).unwrap();
    assert!(design.shared.is_some_and(|s| s.is_line()));
}

/// Half of the weights are +1: no sum is beyond ±150, which 9 bits hold, but the engine hands on
/// 10 bits, for its accumulators hold the sum of all inputs.
#[test]
fn a_membrane_is_as_wide_as_its_operands() {
    let rows = |row: &str| format!("[{}]", vec![format!("\"{row}\""); 6].join(","));
    let old = r#"["10000","00000","00000","00000","00000","00000"]"#;
    let text = NET.replace(old, &rows("ff300")).replace(
        r#""leak_num":3,"leak_shift":2,"frac":2,"width":14,"bias":[-5,4,0,0,0,0]"#,
        r#""leak_num":0,"leak_shift":0,"frac":0,"width":9,"bias":[0,0,0,0,0,0]"#,
    );
    let d = lowered(&text);
    let l = lif(&d.stages[1]);
    assert_eq!((l.input_bits, l.membrane_bits, l.bias_bits, l.threshold_bits), (10, 10, 2, 4));
}

#[test]
fn bits_of_numbers() {
    for (n, unsigned, signed) in
        [(0, 1, 2), (1, 1, 2), (2, 2, 3), (3, 2, 3), (4, 3, 4), (255, 8, 9), (256, 9, 10)]
    {
        assert_eq!((stages::bits_for(n), stages::signed_bits(n as i64)), (unsigned, signed), "{n}");
    }
    for (n, bits) in [(-1, 2), (-2, 2), (-3, 3), (-4, 3), (-5, 4), (-256, 9), (-257, 10)] {
        assert_eq!(stages::signed_bits(n), bits, "{n}");
    }
}

#[test]
fn one_timestep_needs_no_counts() {
    let text = NET.replace("timesteps 3", "timesteps 1");
    let d = lowered(&text);
    assert!(d.stages.iter().all(|s| !matches!(s, Stage::Count(_))));
    let out = dense(&d.stages[4]);
    // A spike is a count up to 1.
    assert_eq!((out.input_bits, out.time_parallel, out.acc_bits), (1, 1, 3));
    assert_eq!((dense(&d.stages[2]).input_bits, dense(&d.stages[2]).time_parallel), (1, 1));
}

/// The last neurons are read out themselves: counts up to T, with a sign bit.
#[test]
fn spikes_are_read_out_as_counts() {
    let (head, _) = NET.split_once("%out").unwrap();
    let readout = r#"%y = fixed-readout(%n2) : current[5; fixed(4, 0)] {"frac":0,"gain":[1,1,1,1,1],"offset":[0,0,0,0,0],"gain_width":1,"width":4}
output %y
"#;
    let d = lowered(&format!("{head}{readout}"));
    assert!(matches!(d.stages[4], Stage::Count(3)));
    let Stage::Readout(r) = &d.stages[5] else { panic!() };
    assert_eq!((r.input_bits, r.logit_bits, r.offset_bits), (3, 4, 2));
}

#[test]
fn what_no_engine_takes_is_refused() {
    let refused = |text: &str| {
        let d = lower(&graph(text), &board(), &Options::default()).unwrap_err();
        (d.code.id, d.message)
    };
    let (code, message) = refused(
        &NET.replace("timesteps 3", "timesteps 129")
            .replace("fixed(9, 2)", "fixed(18, 2)")
            .replace("\"width\":9", "\"width\":18")
            .replace("\"width\":6", "\"width\":11")
            .replace("\"width\":14", "\"width\":18"),
    );
    assert_eq!((code, &*message), ("SF0410", "129 timesteps; the hardware runs up to 128"));
    let level = |bits: u32, width: u32| {
        NET.replace("levels[20; 4]", &format!("levels[20; {bits}]"))
            .replace("\"bits\":4", &format!("\"bits\":{bits}"))
            .replace("fixed(10, 0)", &format!("fixed({width}, 0)"))
            .replace("\"width\":14", "\"width\":20")
    };
    assert_eq!(lowered(&level(8, 14)).input.bits, 8);
    assert_eq!(refused(&level(9, 15)).0, "SF0410");
}

fn engine(outputs: usize, inputs: usize, lanes: u32) -> DenseStage {
    DenseStage {
        name: "d".into(),
        weights: BitMatrix::new(outputs, inputs),
        planes: 1,
        lanes,
        input_bits: 4,
        time_parallel: 1,
        acc_bits: 9,
        place: Place::BlockRam,
        split: crate::hw::Split::None,
    }
}

#[test]
fn groups_words_and_rows() {
    // outputs, inputs, lanes: groups, last group, words, rows, bytes a row
    for ((outputs, inputs, lanes), want) in [
        ((6, 20, 4), (2, 2, 2, 52, 1)),
        ((6, 20, 3), (2, 3, 2, 52, 1)),
        ((6, 20, 6), (1, 6, 2, 20, 1)),
        ((6, 20, 1), (6, 1, 2, 180, 1)),
        ((17, 16, 8), (3, 1, 1, 48, 1)),
        ((17, 17, 9), (2, 8, 2, 49, 2)),
        ((1, 1, 1), (1, 1, 1, 1, 1)),
        ((65, 784, 64), (2, 1, 49, 1568, 8)),
    ] {
        let d = engine(outputs, inputs, lanes);
        let found = (d.groups(), d.group_size(d.groups() - 1), d.words(), d.depth(), d.row_bytes());
        assert_eq!(found, want, "{outputs} × {inputs}, {lanes} lanes");
        assert_eq!((0..d.groups()).map(|g| d.group_size(g)).sum::<u32>(), d.outputs());
        assert_eq!(d.depth_with(lanes), d.depth());
    }
}

#[test]
fn rams_and_luts_of_a_memory() {
    let memory = |depth, width| Memory {
        stage: 0,
        layer: "m".into(),
        kind: MemoryKind::Weights,
        depth,
        width,
        place: Place::Luts,
        family: Family::Ice40,
    };
    for ((depth, width), blocks) in [
        ((256, 16), 1),
        ((257, 16), 2),
        ((256, 17), 2),
        ((512, 8), 1),
        ((513, 8), 2),
        ((1024, 4), 1),
        ((1024, 5), 2),
        ((2048, 2), 1),
        ((2049, 2), 2),
        ((2048, 3), 2),
        ((1, 1), 1),
        // 6 banks of 256 × 16 with 10 bits each, side by side; 5 of 2,048 × 2 would be more.
        ((1400, 10), 4),
    ] {
        assert_eq!(memory(depth, width).ebr(), blocks, "{depth} × {width}");
    }
    // Weights of 33 lanes come in five bytes, those of 9 in two; banks of them lie side by side.
    for ((depth, width), rams) in [
        ((16_384, 16), 1),
        ((16_385, 16), 2),
        ((16_384, 17), 2),
        ((1, 64), 4),
        ((32_768, 33), 5),
        ((65_536, 9), 4),
    ] {
        assert_eq!(memory(depth, width).spram(), rams, "{depth} × {width}");
    }
    // A LUT holds 16 bits; two thirds of a LUT a row more select.
    for ((depth, width), luts) in
        [((16, 3), 3), ((17, 3), 6), ((48, 3), 12), ((52, 4), 24), ((1, 1), 1)]
    {
        assert_eq!(memory(depth, width).luts(), luts, "{depth} × {width}");
    }
    assert_eq!((memory(257, 16).ebr(), memory(16_385, 16).spram()), (2, 2));
}

fn folded(lanes: &[(&str, u32)], no_trace: bool) -> (Design, Estimate) {
    let lanes = lanes.iter().map(|&(name, n)| (name.to_owned(), n)).collect();
    lower(&graph(NET), &board(), &Options { lanes, no_trace, ..Options::default() }).unwrap()
}

/// Neither a chain nor the processor holds a membrane, of neurons or of what is read.
#[test]
fn a_reset_that_holds_membranes_is_refused() {
    let neurons = NET.replace("\"hard\"", "\"hard-delayed\"");
    let resets = r#","resets":{"threshold":[1,2,3,4,5],"reset":"hard-delayed","compare":"above"}"#;
    let read =
        NET.replace(r#"fixed-lif(%fc2) : spikes[5]"#, "fixed-li(%fc2) : current[5; fixed(6, 0)]");
    let read = read
        .replace(r#","threshold":[1,2,3,4,5],"reset":"hard","compare":"at-least""#, resets)
        .replace("current[3; fixed(4, 0)]", "current[3; fixed(9, 0)]")
        .replace("fixed(9, 2)", "fixed(20, 2)")
        .replace("\"width\":9", "\"width\":20");
    for text in [neurons, read] {
        for mapping in [Mapping::Auto, Mapping::Pipeline, Mapping::Shared] {
            let options = Options { mapping, ..Options::default() };
            let d = lower(&graph(&text), &board(), &options).unwrap_err();
            assert_eq!((d.code.id, d.location.path.as_deref()), ("SF0410", Some("n2")), "{d}");
            let help = d.help.clone().unwrap_or_default();
            assert!(
                d.message.contains("hard-delayed") && help.contains("subtraction"),
                "{mapping:?}: {d}"
            );
        }
    }
}

/// A threshold of 0 or below makes membranes begin at or above their thresholds: whoever meets
/// that is told what to train with, and so are those whose membranes begin or reset elsewhere.
#[test]
fn membranes_that_begin_elsewhere_are_refused_with_a_way_out() {
    let reset = r#""threshold":[1,2,3,4,5],"reset":"hard""#;
    for (list, message, way) in [
        (
            r#","start":[0,0,0,4,0]"#,
            "begin at or above their thresholds",
            "train with thresholds above 0",
        ),
        (r#","start":[0,0,0,3,0]"#, "begin at another value than 0", "begin at 0"),
        (r#","reset_to":[0,0,0,-3,0]"#, "reset to another value than 0", "by subtraction"),
    ] {
        let text = NET.replace(reset, &format!("{reset}{list}"));
        for mapping in [Mapping::Auto, Mapping::Pipeline, Mapping::Shared] {
            let options = Options { mapping, ..Options::default() };
            let d = lower(&graph(&text), &board(), &options).unwrap_err();
            assert_eq!((d.code.id, d.location.path.as_deref()), ("SF0410", Some("n2")), "{d}");
            let help = d.help.clone().unwrap_or_default();
            assert!(d.message.contains(message), "{mapping:?}: {d}");
            assert!(help.contains(way) && help.contains("synfire simulate"), "{mapping:?}: {help}");
        }
    }
}

/// Timesteps are added up, or the last one is read.
#[test]
fn a_readout_of_the_largest_is_refused() {
    let text = NET.replace("{\"frac\":2", "{\"kind\":\"max\",\"frac\":2");
    for mapping in [Mapping::Auto, Mapping::Pipeline, Mapping::Shared] {
        let options = Options { mapping, ..Options::default() };
        let d = lower(&graph(&text), &board(), &options).unwrap_err();
        assert_eq!((d.code.id, d.location.path.as_deref()), ("SF0410", Some("y")), "{d}");
        let help = d.help.clone().unwrap_or_default();
        assert!(d.message.contains("largest") && help.contains("mean"), "{mapping:?}: {d}");
    }
}

#[test]
fn every_memory_of_a_chain() {
    let (_, e) = folded(&[("fc1", 4), ("fc2", 5), ("out", 2)], false);
    let found: Vec<_> =
        e.memories.iter().map(|m| (m.stage, &*m.layer, m.kind, m.depth, m.width)).collect();
    use MemoryKind::{Bitmap, Parameters, Trace, Values, Weights};
    let want = [
        (0, "fc1", Weights, 52, 4),
        (0, "fc1", Values, 20, 4),
        (0, "fc1", Bitmap, 2, 16),
        (1, "n1", Parameters, 6, 8),
        (1, "n1", Trace, 6, 3),
        (2, "fc2", Weights, 6, 5),
        (3, "n2", Parameters, 5, 3),
        (3, "n2", Trace, 5, 3),
        (5, "out", Weights, 21, 2),
        (5, "out", Values, 5, 2),
        (5, "out", Bitmap, 1, 16),
        (6, "y", Parameters, 3, 8),
    ];
    assert_eq!(found, want);
    let traced = |e: &Estimate| e.memories.iter().filter(|m| m.kind == Trace).count();
    assert_eq!((traced(&e), traced(&folded(&[], true).1)), (2, 0));
    // What must be block RAM takes one each: two of a replay twice, two traces. Of the others
    // those with more than 16 LUTs lie there: the weights of fc1, 4 · (4 + 2).
    assert_eq!((e.ebr, e.spram), (7, 0));
    // (2 − 1)·(20/2 + 4) + 5; the last 2 sums · 3 + 2; 5; 5 · 3 + 2; 0; (5/2 + 4) + 5;
    // (3 + 3) + 5 for the class of the last group, and 2 · (3 + 3) for those before, of which
    // 5/2 + 4 have passed by then.
    assert_eq!(e.stage_cycles, [19, 8, 5, 17, 0, 11, 17]);
    assert_eq!(e.cycles, 77);
}

#[test]
fn lanes_are_those_that_were_asked_for() {
    let lanes = |d: &Design| d.denses().map(|d| d.lanes).collect::<Vec<_>>();
    // There is room for a lane a neuron.
    assert_eq!(lanes(&folded(&[], false).0), [6, 5, 3]);
    assert_eq!(lanes(&folded(&[("fc1", 4), ("out", 1)], false).0), [4, 5, 1]);
    assert_eq!(lanes(&folded(&[("fc1", 100)], false).0), [6, 5, 3]);
    let options = Options { lanes: [("fc".to_owned(), 1)].into(), ..Options::default() };
    let d = lower(&graph(NET), &board(), &options).unwrap_err();
    assert_eq!((d.code.id, &*d.message), ("SF0003", "--lanes names `fc`, which is no dense layer"));
    assert_eq!(d.help.as_deref(), Some("dense layers: fc1, fc2, out"));
}

/// A tenth of the LUTs is left to place and route.
#[test]
fn room_decides_about_lanes_and_places() {
    let with = |lut4: u32, ebr: u32, spram: u32| {
        let mut target = board();
        let have = &mut target.device.resources;
        (have.lut4, have.ebr, have.spram) = (lut4, ebr, spram);
        lower(&graph(NET), &target, &Options::default())
    };
    let summary = |(d, e): &(Design, Estimate)| {
        let of = |d: &DenseStage| (d.lanes, d.place);
        (d.denses().map(of).collect::<Vec<_>>(), e.ebr, e.spram)
    };
    let all = with(5280, 30, 0).unwrap();
    assert_eq!(summary(&all).0.iter().map(|l| l.0).collect::<Vec<_>>(), [6, 5, 3]);
    assert!(all.0.denses().all(|d| d.place != Place::Spram));
    // As many LUTs as are needed, a tenth more for place and route, and one too few.
    let need = all.1.cells;
    let enough = (need * 10).div_ceil(9);
    assert_eq!(with(enough, 30, 0).unwrap().1.cells, need);
    let d = with(enough - 2, 30, 0).unwrap_err();
    assert!(d.message.contains(" logic cells too many;"), "{}", d.message);
    assert!(d.help.unwrap().contains("`fc1` had 5 neurons instead of 6"));
    let d = with(500, 30, 0).unwrap_err();
    assert_eq!(d.code.id, "SF0411");
    assert!(d.message.contains("logic cells too many"), "{}", d.message);
    // Two traces are block RAM whatever the weights are.
    let d = with(5280, 1, 0).unwrap_err();
    assert!(d.message.contains("; 1 EBR too many"), "{}", d.message);
    assert_eq!(with(5280, 2, 4).unwrap().1.ebr, 2);
}

#[test]
fn bytes_to_load_are_those_of_spram() {
    let mut design = lowered(NET);
    assert_eq!(design.load_bytes(), 0);
    for (i, lanes) in [(0, 4), (2, 5), (5, 2)] {
        if let Stage::Dense(d) = &mut design.stages[i] {
            (d.place, d.lanes) = (if i == 2 { Place::Luts } else { Place::Spram }, lanes);
        }
    }
    // 52 and 21 rows of a byte.
    assert_eq!(design.load_bytes(), 73);
}

/// Three timesteps of twenty inputs, eight to a word, and in chunks of one: those of the first
/// timestep come first.
#[test]
fn spikes_of_a_chunk_come_together() {
    let text = NET
        .replace("levels[20; 4] static", "spikes[20]")
        .replace("\"bits\":4,\"is_static\":true", "\"bits\":1,\"is_static\":false")
        .replace("current[6; fixed(10, 0)] static", "current[6; fixed(6, 0)]");
    let options = |chunk| Options { mapping: Mapping::Shared, chunk, ..Options::default() };
    let lowered = |chunk| lower(&graph(&text), &board(), &options(chunk));
    let (whole, _) = lowered(None).unwrap();
    let (design, estimate) = lowered(Some(1)).unwrap();
    assert_eq!((whole.width(), whole.chunks(), whole.input_bytes()), (3, 1, 3 * 3));
    assert_eq!((design.width(), design.chunks(), design.input_bytes()), (1, 3, 3 * 3));
    // Input 0 fires in the first two timesteps, inputs 5 and 19 in the last one.
    let mut values = [0; 60];
    (values[0], values[20], values[45], values[59]) = (1, 1, 1, 1);
    assert_eq!(*whole.request(&values), [0b011, 0, 0b10, 0, 0, 0, 0, 0b1000, 0]);
    assert_eq!(*design.request(&values), [1, 0, 0, 1, 0, 0, 0b10_0000, 0, 0b1000]);
    for d in [&whole, &design] {
        assert_eq!(d.values(&d.request(&values)), values);
    }
    // The map has a part for each chunk, and so have the trains, as long as the host reads them.
    assert_eq!((whole.input_words(), design.input_words()), (3, 9));
    let words = design.shared.as_ref().unwrap().train_depth();
    assert_eq!(design.train_words(), 3 * words);
    assert_eq!(Design { trace: false, ..design.clone() }.train_words(), words);
    let states: Vec<_> = estimate
        .memories
        .iter()
        .filter(|m| m.kind == MemoryKind::States)
        .map(|m| (&*m.layer, m.depth))
        .collect();
    assert_eq!(states, [("membranes", 11), ("sums", 3)]);
    assert!(estimate.reasons.iter().any(|r| r.starts_with("3 chunks of 1 timesteps: ")));
    for chunk in [0, 2, 4] {
        let d = lowered(Some(chunk)).unwrap_err();
        let words = format!("--chunk {chunk}: 3 timesteps are divided into chunks of 1, 3");
        assert_eq!((d.code.id, d.message), ("SF0003", words));
    }
}

/// What is sent of spikes is read back, whatever the widths are.
#[test]
fn values_are_those_that_were_sent() {
    let options = Options { mapping: Mapping::Shared, ..Options::default() };
    let (mut design, _) = lower(&graph(NET), &board(), &options).unwrap();
    design.input = Input { count: 3, bits: 1, changes: true };
    let all = [(4, 4, 1), (20, 20, 1), (4, 1, 1), (20, 10, 1), (6, 3, 1), (6, 3, 4), (8, 8, 2)];
    for (timesteps, width, pack) in all {
        design.timesteps = timesteps;
        let shared = design.shared.as_mut().unwrap();
        (shared.width, shared.input.pack) = (width, pack);
        let values: Vec<u8> = (0..timesteps * 3).map(|k| u8::from(k * k % 7 < 3)).collect();
        let sent = design.request(&values).into_owned();
        assert_eq!(sent.len(), design.input_bytes() as usize);
        assert_eq!(design.values(&sent), values, "{timesteps} {width} {pack}");
    }
}

/// Ten timesteps of two inputs: the first one fires in 0, 7 and 9, the second one in 8.
#[test]
fn spikes_that_change_are_sent_as_trains() {
    let (mut design, _) = lower(&graph(NET), &board(), &Options::default()).unwrap();
    let sent = design.input_bytes();
    assert_eq!((sent, design.input_values()), (design.input.count, sent as usize));
    assert_eq!(*design.request(&[7, 0, 255]), [7, 0, 255]);
    design.timesteps = 10;
    design.input = Input { count: 2, bits: 1, changes: true };
    let mut values = [0; 20];
    for (input, timestep) in [(0, 0), (0, 7), (0, 9), (1, 8)] {
        values[timestep * 2 + input] = 1;
    }
    assert_eq!(*design.request(&values), [0b1000_0001, 0b10, 0, 1]);
    assert_eq!((design.input_bytes(), design.input_values()), (4, 20));
    design.timesteps = 8;
    assert_eq!((design.input_bytes(), design.input_values()), (2, 16));
}

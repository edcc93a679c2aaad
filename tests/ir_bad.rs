// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Wrong graph texts: every mistake has a code and a place, and nothing panics.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
#[path = "common/rounds.rs"]
mod rounds;

use common::net::{Numbers, inputs, nets};
use common::rng::Rng;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rounds::rounds;
use synfire::diag::Diagnostic;
use synfire::interp::Interp;
use synfire::ir::{Graph, Input, Lif, Op, PerChannel, Reset, parse, print, verify};
use synfire::pass::{self, Options, TO_INTEGER};
use synfire::{hw, sim};

const REAL: &str = r#"synfire-ir 1
graph "g" timesteps 4
%in = input() : levels[3; 8] static {"shape":[3],"bits":8,"is_static":true}
%px = scale(%in) : real[3] static {"factor":0.5}
%fc = linear(%px) : real[2] static {"weights":{"binary":{"signs":{"cols":3,"rows":["5","2"]},"scale":[1.0,2.0]}},"bias":[0.5,0.25]}
%bn = batch-norm(%fc) : real[2] static {"gamma":[1.0,1.0],"beta":[0.0,0.0],"mean":[0.0,0.0],"var":[1.0,1.0],"eps":0.5}
%n = lif(%bn) : spikes[2] {"leak":0.5,"gain":1.0,"bias":0.0,"threshold":[1.0,1.0],"reset":"soft","compare":"at-least"}
%y = readout(%n) : real[2] {"kind":"sum","gain":[1.0,1.0],"offset":0.0}
output %y
"#;

const INTEGER: &str = r#"synfire-ir 1
graph "g" timesteps 4
%in = input() : levels[3; 8] static {"shape":[3],"bits":8,"is_static":true}
%fc = linear(%in) : current[2; fixed(11, 0)] static {"weights":{"binary":{"signs":{"cols":3,"rows":["5","2"]},"scale":1.0}},"bias":null}
%n = fixed-lif(%fc) : spikes[2] {"leak_num":1,"leak_shift":1,"frac":4,"width":15,"bias":[0,7],"threshold":[4800,640],"reset":"soft","compare":"at-least"}
%y = fixed-readout(%n) : current[2; fixed(12, 3)] {"frac":3,"gain":[100,1],"offset":[0,-9],"gain_width":7,"width":12}
output %y
"#;

/// `text` with one replacement is refused with this code, at this place, in these words.
#[track_caller]
fn refused(text: &str, from: &str, to: &str, code: &str, place: &str, words: &str) {
    assert_eq!(text.matches(from).count(), 1, "`{from}` must occur once");
    let Err(d) = parse(&text.replace(from, to)) else { panic!("`{to}` is accepted") };
    expect(&d, code, place, words);
}

#[track_caller]
fn expect(d: &Diagnostic, code: &str, place: &str, words: &str) {
    let at = d.location.path.clone().unwrap_or_default();
    assert_eq!((d.code.id, at.as_str()), (code, place), "{d}");
    assert!(d.message.contains(words), "`{words}` is not in: {}", d.message);
}

#[test]
fn the_texts_are_right_before_they_are_made_wrong() {
    for text in [REAL, INTEGER] {
        assert_eq!(print(&parse(text).unwrap()).unwrap(), text);
        let loose = text.replace('\n', "\r\n\n# comment\n  ");
        assert_eq!(print(&parse(&loose).unwrap()).unwrap(), text);
    }
}

#[test]
fn syntax_errors_name_their_line() {
    let wrong = |from, to, line: &str, words| refused(REAL, from, to, "SF0201", line, words);
    wrong("synfire-ir 1", "verilog 1", "line 1", "expected `synfire-ir`, found `verilog 1`");
    wrong("synfire-ir 1", "synfire-ir one", "line 1", "`one` is not the version");
    wrong("synfire-ir 1", "synfire-ir 2", "line 1", "version 2 is not known");
    wrong("synfire-ir 1", "synfire-ir 1 beta", "line 1", "unexpected `beta`");
    wrong("graph \"g\"", "grape \"g\"", "line 2", "expected `graph`");
    wrong("graph \"g\"", "graph g", "line 2", "cannot read the graph's name");
    wrong("graph \"g\" timesteps 4", "graph", "line 2", "the line ends where the graph's name");
    wrong("timesteps 4", "steps 4", "line 2", "expected `timesteps`, found `steps 4`");
    wrong("timesteps 4", "timesteps -4", "line 2", "`-4` is not the number of timesteps");
    wrong("timesteps 4", "timesteps 4 5", "line 2", "unexpected `5`");
    wrong("%px =", "px =", "line 4", "expected `%`, found `px =");
    wrong("%px =", "% =", "line 4", "expected a name after `%`");
    wrong("%px =", "%\"\\p\" =", "line 4", "cannot read a quoted name");
    wrong("%px =", "%px", "line 4", "expected `=`");
    wrong("scale(%in)", "scale %in", "line 4", "expected an operator and `(`");
    wrong("scale(%in)", "scales(%in)", "line 4", "no operator is called `scales`");
    wrong("scale(%in)", "scale(%out)", "line 4", "no node is called `out`");
    wrong("scale(%in)", "scale(%in %in)", "line 4", "expected `,`");
    wrong("scale(%in)", "scale(%in,)", "line 4", "expected `%`");
    wrong("scale(%in) :", "scale(%in)", "line 4", "expected `:`");
    wrong("{\"factor\":0.5}", "0.5", "line 4", "expected a stream and `{`");
    wrong("{\"factor\":0.5}", "{\"factor\":0.5", "line 4", "cannot read the operator's attributes");
    wrong("{\"factor\":0.5}", "{\"factor\":\"a\"}", "line 4", "cannot read the operator's");
    wrong("{\"factor\":0.5}", "{\"factor\":1e999}", "line 4", "number out of range");
    wrong("{\"factor\":0.5}", "{\"factor\":NaN}", "line 4", "cannot read the operator's");
    wrong("{\"factor\":0.5}", "{}", "line 4", "missing field `factor`");
    wrong("{\"factor\":0.5}", "{\"factor\":0.5,\"of\":1}", "line 4", "unknown field `of`");
    wrong("{\"factor\":0.5}", "{\"factor\":0.5} 7", "line 4", "unexpected `7`");
    wrong(
        "real[3] static",
        "real[4] static",
        "line 4",
        "declared as `real[4] static`, but it produces",
    );
    wrong("\"bias\":[0.5,0.25]", "\"bais\":[0.5,0.25]", "line 5", "unknown field `bais`");
    wrong(
        "\"rows\":[\"5\",\"2\"]",
        "\"rows\":[\"5\",\"x\"]",
        "line 5",
        "'x' is no hexadecimal digit",
    );
    wrong(
        "\"rows\":[\"5\",\"2\"]",
        "\"rows\":[\"5\",\"8\"]",
        "line 5",
        "a bit beyond the last column",
    );
    wrong("\"rows\":[\"5\",\"2\"]", "\"rows\":[\"5\",\"22\"]", "line 5", "has the wrong length");
    wrong("\"soft\"", "\"gentle\"", "line 7", "unknown variant `gentle`");
    wrong("output %y", "output y", "line 9", "expected `%`");
    wrong("output %y", "output %z", "line 9", "no node is called `z`");
    wrong("output %y", "output %y\noutput %n", "line 10", "a second output");
    refused("synfire-ir 1", "synfire-ir 1", "", "SF0201", "", "the text ends where `synfire-ir`");
    refused("synfire-ir 1", "1", "1\n#", "SF0201", "", "the text ends where `graph`");
}

#[test]
fn broken_rules_name_their_node() {
    let wrong = |from, to, place: &str, words| refused(REAL, from, to, "SF0202", place, words);
    wrong("timesteps 4", "timesteps 0", "", "at least one timestep");
    wrong("timesteps 4", "timesteps 65537", "", "at most 65536");
    wrong("output %y", "", "", "no output");
    wrong("%bn = batch-norm(%fc)", "%fc = batch-norm(%fc)", "fc", "two nodes have this name");
    wrong("scale(%in)", "scale(%in, %in)", "px", "`scale` takes 1 operand(s), not 2");
    wrong("scale(%in)", "scale()", "px", "takes 1 operand(s), not 0");
    wrong("\"shape\":[3]", "\"shape\":[]", "in", "at least one dimension");
    wrong("\"shape\":[3]", "\"shape\":[3,0]", "in", "1 to 16777216 elements");
    wrong("\"shape\":[3]", "\"shape\":[4294967296,4294967296]", "in", "1 to 16777216 elements");
    wrong("\"bits\":8", "\"bits\":0", "in", "1 to 16 bits, not 0");
    wrong("\"bits\":8", "\"bits\":17", "in", "1 to 16 bits, not 17");
    wrong("\"cols\":3,", "\"cols\":4,", "fc", "weights take [4], but the operand is real[3]");
    wrong(
        "\"rows\":[\"5\",\"2\"]",
        "\"rows\":[]",
        "fc",
        "a layer needs at least one input and one output",
    );
    wrong("[1.0,2.0]", "[1.0]", "fc", "scale or bias does not have 2 entries");
    wrong("[0.5,0.25]", "[0.5]", "fc", "scale or bias does not have 2 entries");
    wrong("[1.0,2.0]", "[1.0,0.0]", "fc", "`scale`[1] must be > 0");
    wrong("\"beta\":[0.0,0.0]", "\"beta\":[0.0]", "bn", "`beta` has 1 entries for 2 channels");
    wrong(
        "\"var\":[1.0,1.0]",
        "\"var\":[1.0,-0.5]",
        "bn",
        "`var`[1] must be such that var + eps > 0",
    );
    wrong("\"leak\":0.5", "\"leak\":1.5", "n", "`leak`[0] must be in 0..=1");
    wrong("\"threshold\":[1.0,1.0]", "\"threshold\":[1.0,-1.0]", "n", "`threshold`[1] must be > 0");
    wrong("\"threshold\":[1.0,1.0]", "\"threshold\":[]", "n", "`threshold` has 0 entries");
    wrong(
        "\"kind\":\"sum\",\"gain\":[1.0,1.0]",
        "\"kind\":\"sum\",\"gain\":[1.0]",
        "y",
        "`gain` has 1",
    );
}

#[test]
fn broken_integers_name_their_node() {
    let wrong = |from, to, place: &str, words| refused(INTEGER, from, to, "SF0202", place, words);
    wrong("\"width\":15", "\"width\":0", "n", "`width` is 0 bits; 1 to 40");
    wrong("\"width\":15", "\"width\":41", "n", "`width` is 41 bits; 1 to 40");
    wrong("\"width\":15", "\"width\":14", "n", "a membrane can need 15 bits, but 14 are declared");
    wrong("\"leak_shift\":1", "\"leak_shift\":17", "n", "`leak_shift`[0] must be at most 16");
    wrong("\"leak_num\":1", "\"leak_num\":3", "n", "`leak_num`[0] must be at most 2^leak_shift");
    wrong("\"frac\":4", "\"frac\":15", "n", "`frac`[0] must be below width");
    wrong("[4800,640]", "[4800,0]", "n", "`threshold`[1] must be > 0");
    wrong("[4800,640]", "[4800,16384]", "n", "`threshold`[1] must be within the membrane's width");
    wrong("[4800,640]", "[4800]", "n", "`threshold` has 1 entries for 2 channels");
    wrong("[0,7]", "[0,-16385]", "n", "`bias`[1] must be within the membrane's width");
    wrong("[0,7]", "[0,7,7]", "n", "`bias` has 3 entries");
    wrong("\"gain\":[100,1]", "\"gain\":[100,-1]", "y", "`gain`[1] must be unsigned and within");
    wrong("\"gain\":[100,1]", "\"gain\":[128,1]", "y", "`gain`[0] must be unsigned and within");
    wrong("\"gain\":[100,1]", "\"gain\":[100]", "y", "`gain` has 1 entries");
    wrong("\"gain_width\":7", "\"gain_width\":0", "y", "`gain_width` is 0 bits");
    wrong("\"offset\":[0,-9]", "\"offset\":[0,-4096]", "y", "`offset`[1] must be within");
    wrong("\"offset\":[0,-9]", "\"offset\":[0]", "y", "`offset` has 1 entries");
    let narrow = INTEGER.replace("fixed(12, 3)", "fixed(9, 3)");
    refused(
        &narrow,
        "\"width\":12",
        "\"width\":9",
        "SF0202",
        "y",
        "a logit can need 10 bits, but 9",
    );
    let real = INTEGER.replace("current[2; fixed(11, 0)]", "real[2]");
    refused(&real, "\"scale\":1.0", "\"scale\":2.0", "SF0202", "n", "its operand is real");
    let none = INTEGER.replace("current[2; fixed(11, 0)]", "current[0; fixed(11, 0)]");
    let rows = "\"rows\":[\"5\",\"2\"]";
    refused(&none, rows, "\"rows\":[]", "SF0202", "fc", "at least one input and one output");
}

/// Membranes that reset, in both forms.
const RESETS: &str = r#"synfire-ir 1
graph "g" timesteps 2
%in = input() : levels[2; 2] {"shape":[2],"bits":2,"is_static":false}
%m = li(%in) : real[2] {"leak":0.5,"gain":1.0,"bias":0.0,"resets":{"threshold":[1.5,2.0],"reset":"hard","compare":"above","reset_to":0.25,"gives":"after"}}
%f = fixed-li(%in) : current[2; fixed(5, 1)] {"leak_num":1,"leak_shift":1,"frac":1,"width":5,"bias":[0,1],"resets":{"threshold":[3,14],"reset":"hard","compare":"at-least","reset_to":[0,4]}}
%y = fixed-readout(%f) : current[2; fixed(7, 0)] {"frac":0,"gain":[1,1],"offset":[0,0],"gain_width":1,"width":7}
output %y
"#;

#[test]
fn resets_of_membranes_keep_to_the_rules() {
    assert_eq!(print(&parse(RESETS).unwrap()).unwrap(), RESETS);
    let wrong = |from: &str, to: &str, place, words: &str| {
        refused(RESETS, from, to, "SF0202", place, words);
    };
    wrong("[1.5,2.0]", "[1.5,0.0]", "m", "`threshold`[1] must be > 0");
    wrong("[1.5,2.0]", "[1.5,2.0,1.0]", "m", "`threshold` has 3 entries");
    wrong("0.25,\"gives", "[0.5,0.5,1.0],\"gives", "m", "`reset_to` has 3 entries");
    wrong(
        "\"hard\",\"compare\":\"above\"",
        "\"soft\",\"compare\":\"above\"",
        "m",
        "is for a hard reset",
    );
    let none = "\"none\",\"compare\":\"above\",\"gives\"";
    wrong(
        "\"hard\",\"compare\":\"above\",\"reset_to\":0.25,\"gives\"",
        none,
        "m",
        "`resets` without a reset",
    );
    for late in ["soft-delayed", "hard-delayed"] {
        wrong(
            "\"hard\",\"compare\":\"above\",\"reset_to\":0.25,\"gives\"",
            &none.replace("none", late),
            "m",
            "a delayed reset leaves no membrane",
        );
    }
    wrong("[3,14]", "[3,0]", "f", "`threshold`[1] must be > 0");
    wrong("[3,14]", "[3]", "f", "`threshold` has 1 entries");
    wrong("[3,14]", "[3,16]", "f", "`threshold`[1] must be within the membrane's width");
    wrong("\"reset_to\":[0,4]", "\"reset_to\":[0,-17]", "f", "`reset_to`[1] must be within");
    wrong("\"reset_to\":[0,4]", "\"reset_to\":[1]", "f", "`reset_to` has 1 entries");
    // The second one comes to 14 before it is reset.
    let narrow = RESETS.replace("fixed(5, 1)", "fixed(4, 1)");
    refused(
        &narrow,
        "\"width\":5",
        "\"width\":4",
        "SF0202",
        "f",
        "must be within the membrane's width",
    );
    let low = narrow.replace("[3,14]", "[3,7]");
    refused(
        &low,
        "\"width\":5",
        "\"width\":4",
        "SF0202",
        "f",
        "a membrane can need 5 bits, but 4 are declared",
    );
    refused(
        RESETS,
        "\"gives\":\"after\"",
        "\"gives\":\"later\"",
        "SF0201",
        "line 4",
        "unknown variant",
    );
}

/// What the text form cannot say, the library can.
#[test]
fn numbers_that_are_none_are_found() {
    let mut g = Graph::new("g", 1);
    let input = Op::Input(Input { shape: vec![2], bits: Some(1), is_static: true });
    let x = g.add("in", input, &[]).unwrap();
    let good = Lif {
        leak: PerChannel::All(0.5),
        gain: PerChannel::All(1.0),
        bias: PerChannel::All(0.0),
        threshold: PerChannel::Each(vec![1.0, 2.0]),
        reset: Reset::Soft,
        compare: synfire::ir::Compare::Above,
        reset_to: PerChannel::zero(),
        start: PerChannel::zero(),
    };
    let n = g.add("n", Op::Lif(good.clone()), &[x]).unwrap();
    g.set_output(n);
    verify(&g).unwrap();
    let bad = [
        ("leak", Lif { leak: PerChannel::All(f64::NAN), ..good.clone() }),
        ("gain", Lif { gain: PerChannel::All(f64::INFINITY), ..good.clone() }),
        ("bias", Lif { bias: PerChannel::All(f64::NAN), ..good.clone() }),
        ("threshold", Lif { threshold: PerChannel::Each(vec![1.0, f64::NAN]), ..good }),
    ];
    for (name, lif) in bad {
        *g.op_mut(n) = Op::Lif(lif);
        expect(&verify(&g).unwrap_err(), "SF0301", "n", name);
    }
}

/// Runs as far as it goes; what is accepted must run without a panic.
fn all_the_way(text: &str, target: &synfire::target::Target) -> u32 {
    let Ok(graph) = parse(text) else { return 0 };
    let mut integer = graph.clone();
    let passed = pass::run(&mut integer, TO_INTEGER, &Options::default());
    for g in [&graph, &integer] {
        let count = g.order().unwrap().iter().map(|&id| g.node(id).stream.len()).max();
        if g.timesteps > 64 || count > Some(4096) {
            continue;
        }
        let input = |id| if let Op::Input(i) = &g.node(id).op { Some(i) } else { None };
        let Some(i) = g.order().unwrap().into_iter().find_map(input) else { continue };
        let x = vec![((1u32 << i.bits.unwrap()) - 1) as u16; i.shape.iter().product()];
        let _ = Interp::new(g).unwrap().run(&x);
    }
    if let Err(d) = passed {
        assert_ne!(d.code.id, "SF0000", "{d}\n{text}");
        return 1;
    }
    let Ok((design, _)) = hw::lower(&integer, target, &hw::Options::default()) else { return 2 };
    let x = vec![1; design.input.count as usize];
    sim::Sim::new(&design).run(&x, &[], &mut sim::NoProbe).unwrap();
    synfire::emit::emit(&design, target).unwrap();
    3
}

/// One random change: of a character, of a number, of a line.
fn damage(text: &str, rng: &mut Rng) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = rng.below(bytes.len());
    match rng.below(6) {
        0 => bytes[at] = b' ' + rng.below(95) as u8,
        1 => drop(bytes.drain(at..(at + 1 + rng.below(8)).min(text.len()))),
        2 => bytes.insert(at, rng.pick(b"0123456789.,-e[]{}\"%:#\n ")),
        3 => bytes.truncate(at),
        4 => {
            let mut lines: Vec<&str> = text.lines().collect();
            let (a, b) = (rng.below(lines.len()), rng.below(lines.len()));
            if rng.one_in(2) {
                lines.swap(a, b)
            } else {
                lines[a] = lines[b]
            }
            return lines.join("\n");
        }
        _ => {
            let digits: Vec<usize> =
                (0..bytes.len()).filter(|i| bytes[*i].is_ascii_digit()).collect();
            let at = rng.pick(&digits);
            let end = (at..bytes.len()).find(|i| !bytes[*i].is_ascii_digit()).unwrap_or(at + 1);
            let new = rng.pick(&[
                "0",
                "1",
                "2",
                "7",
                "16",
                "17",
                "40",
                "255",
                "256",
                "65535",
                "65536",
                "4294967295",
                "4294967296",
                "9223372036854775807",
                "18446744073709551616",
                "-1",
                "1e308",
                "1e-308",
            ]);
            bytes.splice(at..end, new.bytes());
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn damaged_texts_never_panic() {
    let target = common::big_target();
    let mut rng = Rng(7);
    let mut runner = TestRunner::deterministic();
    let mut texts = vec![REAL.to_owned(), INTEGER.to_owned()];
    for _ in 0..12 {
        let net = nets(Numbers::Any).new_tree(&mut runner).unwrap().current();
        assert!(!inputs(&net, 1).is_empty());
        let mut g = net.graph();
        texts.push(print(&g).unwrap());
        if pass::run(&mut g, TO_INTEGER, &Options::default()).is_ok() {
            texts.push(print(&g).unwrap());
        }
    }
    let mut reached = [0; 4];
    for _ in 0..rounds(10_000) {
        // The two short texts half of the time: a change hits something there.
        let which = if rng.one_in(2) { rng.below(2) } else { rng.below(texts.len()) };
        let mut text = damage(&texts[which], &mut rng);
        if rng.one_in(4) && !text.is_empty() {
            text = damage(&format!("{text}\n0"), &mut rng);
        }
        reached[all_the_way(&text, &target) as usize] += 1;
    }
    assert!(reached.iter().all(|n| *n > 0), "not every stage was reached: {reached:?}");
}

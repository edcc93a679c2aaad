// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Wrong texts of windows, registers and what takes several streams: a code, a place, no
//! panic and no allocation that follows a number of the text.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
#[path = "common/rounds.rs"]
mod rounds;

use common::graphs::graph;
use common::rng::Rng;
use rounds::rounds;
use synfire::interp::{Interp, Stimulus};
use synfire::ir::{Delay, Graph, Input, Kind, Op, PerChannel, Stream, parse, print};

const TEXT: &str = r#"synfire-ir 1
graph "g" timesteps 3
%in = input() : spikes[2x4x4] {"shape":[2,4,4],"bits":1,"is_static":false}
%conv = conv(%in) : current[2x4x4; fixed(5, 0)] {"weights":{"binary":{"signs":{"cols":9,"rows":["ff1","aa0"]},"scale":1.0}},"bias":null,"window":{"kernel":[3,3],"stride":[1,1],"padding":[[1,1],[1,1]],"dilation":[1,1]},"groups":2}
%pool = pool(%conv) : current[2x2x2; fixed(7, 0)] {"kind":"sum","window":{"kernel":[2,2],"stride":[2,2],"padding":[[0,0],[0,0]],"dilation":[1,1]}}
%flat = reshape(%pool) : current[8; fixed(7, 0)] {"shape":[8]}
%before = delay(%n) : spikes[8] {"steps":1}
%sum = add(%flat, %before) : current[8; fixed(8, 0)] {}
%n = lif(%sum) : spikes[8] {"leak":0.5,"gain":1.0,"bias":0.0,"threshold":1.0,"reset":"hard","compare":"above","reset_to":0.25,"start":[0.0,0.5,0.0,0.0,0.0,0.0,0.0,1.0]}
%all = concat(%n, %flat) : current[16; fixed(7, 0)] {"axis":0}
%y = readout(%all) : real[16] {"kind":"last","gain":1.0,"offset":0.0}
output %y
"#;

/// `text` with replacements is refused with this code, at this place, in these words.
#[track_caller]
fn refused(changes: &[(&str, &str)], code: &str, place: &str, words: &str) {
    let mut text = TEXT.to_owned();
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "`{from}` must occur once");
        text = text.replace(from, to);
    }
    let Err(d) = parse(&text) else { panic!("`{changes:?}` is accepted") };
    let at = d.location.path.clone().unwrap_or_default();
    assert_eq!((d.code.id, at.as_str()), (code, place), "{d}");
    assert!(d.message.contains(words), "`{words}` is not in: {}", d.message);
}

#[track_caller]
fn wrong(from: &str, to: &str, place: &str, words: &str) {
    refused(&[(from, to)], "SF0202", place, words);
}

#[test]
fn the_text_is_right_before_it_is_made_wrong() {
    let g = parse(TEXT).unwrap();
    let text = print(&g).unwrap();
    assert_eq!(print(&parse(&text).unwrap()).unwrap(), text);
    let mut lines: Vec<_> = text.lines().collect();
    let mut given: Vec<_> = TEXT.lines().collect();
    lines.sort_unstable();
    given.sort_unstable();
    assert_eq!(lines, given);
}

#[test]
fn registers() {
    let step = |s| format!("delay(%n) : spikes[8] {{\"steps\":{s}}}");
    let delay = step("1");
    refused(&[(&delay, &step("0"))], "SF0201", "line 7", "no node is called `n`");
    refused(&[(&delay, &step("[1,1,1,1,0,1,1,1]"))], "SF0201", "line 7", "no node is called `n`");
    wrong(&delay, &step("[1,2]"), "before", "`steps` has 2 entries for 8 channels");
    wrong(&delay, &step("[]"), "before", "`steps` has 0 entries");
    wrong(&delay, &step("65537"), "before", "`steps`[0] must be at most 65536");
    refused(&[(&delay, &step("-1"))], "SF0201", "line 7", "the operator's attributes");
    refused(&[("delay(%n)", "delay(%m)")], "SF0201", "line 7", "no node is called `m`");
    wrong("delay(%n)", "delay()", "before", "takes 1 operand(s), not 0");
    refused(&[("delay(%n)", "delay(%n, %n)")], "SF0201", "line 7", "no node is called `n`");
    wrong("delay(%n)", "delay(%flat, %flat)", "before", "takes 1 operand(s), not 2");
    let declared = |s| format!("delay(%n) : {s} {{");
    let spikes = declared("spikes[8]");
    // What follows it agrees with the declaration, but what it takes does not.
    wrong("delay(%n)", "delay(%in)", "before", "but it produces `spikes[2x4x4]`");
    wrong(&spikes, &declared("spikes[8] static"), "before", "but it produces `spikes[8]`");
    refused(&[(&spikes, &declared("spike[8]"))], "SF0201", "line 7", "is no stream");
    wrong(&spikes, &declared("spikes[0]"), "before", "1 to 16777216 elements");
    wrong(&spikes, &declared("real[4294967296x4294967296]"), "before", "1 to 16777216 elements");
    wrong(&spikes, &declared("levels[8; 1]"), "before", "levels of 1 bits; 2 to 32");
    wrong(&spikes, &declared("levels[8; 4294967295]"), "before", "levels of 4294967295 bits");
    wrong(&spikes, &declared("current[8; fixed(0, 0)]"), "before", "a current of 0 bits; 1 to 46");
    wrong(&spikes, &declared("current[8; fixed(4294967295, 0)]"), "before", "a current of 4294967");
    // A register that nothing but itself gives a kind.
    let alone = declared("levels[8; 200]").replace("%n", "%before");
    wrong(&spikes, &alone, "before", "levels of 200 bits");
}

#[test]
fn a_cycle_needs_a_register() {
    let mut g = Graph::new("g", 1);
    let stream = Stream { shape: vec![1], kind: Kind::Real, is_static: false };
    let delay = |d| Op::Delay(Delay { steps: PerChannel::All(d) });
    assert!(g.add_register("none", Op::Relu, stream.clone()).is_err());
    assert!(g.add_register("now", delay(0), stream.clone()).is_err());
    let r = g.add_register("r", delay(1), stream).unwrap();
    let x = g.add("x", Op::Relu, &[r]).unwrap();
    let input = Input { shape: vec![1], bits: None, is_static: false };
    let other = g.add("other", Op::Input(input), &[]).unwrap();
    g.set_output(x);
    assert!(synfire::ir::verify(&g).is_err(), "a register without operand");
    assert!(Interp::new(&g).unwrap().run_on(Stimulus::Reals(&[1.0])).is_err());
    g.connect(r, x).unwrap();
    assert!(g.connect(r, other).is_err(), "a second operand");
    assert!(g.connect(x, other).is_err(), "no register");
    synfire::ir::verify(&g).unwrap();
    // What was a register is one no longer.
    *g.op_mut(r) = delay(0);
    let d = g.order().unwrap_err();
    assert!(d.code.id == "SF0202" && d.message.contains("cycle"), "{d}");
    assert!(g.refresh().is_err() && synfire::ir::verify(&g).is_err());
}

#[test]
fn windows() {
    let conv = |from: &str, to: &str, words| {
        let whole = |v: &str| format!("{v},\"groups\":2");
        wrong(&whole(from), &whole(to), "conv", words);
    };
    let d = "\"dilation\":[1,1]}";
    conv(d, "\"dilation\":[0,1]}", "at least 1");
    conv(d, "\"dilation\":[1]}", "one or two dimensions, the same");
    conv(d, "\"dilation\":[18446744073709551615,1]}", "does not fit");
    conv(d, "\"dilation\":[4,1]}", "does not fit");
    wrong("\"groups\":2", "\"groups\":0", "conv", "do not make 0 groups");
    wrong("\"groups\":2", "\"groups\":3", "conv", "do not make 3 groups");
    wrong("\"groups\":2", "\"groups\":1", "conv", "weights have 9 columns");
    let pool = |from, to, words| wrong(from, to, "pool", words);
    pool("\"stride\":[2,2]", "\"stride\":[0,2]", "at least 1");
    pool("\"stride\":[2,2]", "\"stride\":[2,2,2]", "one or two dimensions");
    pool("\"kernel\":[2,2]", "\"kernel\":[0,2]", "at least 1");
    pool("\"kernel\":[2,2]", "\"kernel\":[2]", "one or two dimensions");
    pool("\"kernel\":[2,2]", "\"kernel\":[5,2]", "does not fit");
    pool("\"padding\":[[0,0],[0,0]]", "\"padding\":[[2,0],[0,0]]", "nothing but padding");
    pool("\"padding\":[[0,0],[0,0]]", "\"padding\":[[0,0],[0,3]]", "nothing but padding");
    let one = "{\"kind\":\"sum\",\"window\":{\"kernel\":[2],\"stride\":[2],\"padding\":[[0,0]],\"dilation\":[1]}}";
    let two = TEXT.lines().find(|l| l.starts_with("%pool")).unwrap();
    let two = &two[two.find('{').unwrap()..];
    pool(two, one, "has 1 dimension(s), but the operand is");
}

/// Numbers as large as they get: refused, or run in no time and no space.
#[test]
fn immense_windows() {
    let k = (1u64 << 40).to_string();
    let changed = |kernel: &str, stride: &str, padding: &str, dilation: &str| {
        let line = TEXT.lines().find(|l| l.starts_with("%pool")).unwrap();
        let window = format!(
            "{{\"kernel\":[2,{kernel}],\"stride\":[2,{stride}],\"padding\":[[0,0],[0,{padding}]],\"dilation\":[1,{dilation}]}}}}"
        );
        let at = line.find("{\"kernel\"").unwrap();
        TEXT.replace(line, &format!("{}{window}", &line[..at]))
    };
    let max = u64::MAX.to_string();
    for n in [&k, &max, &(u64::MAX / 2 + 1).to_string()] {
        for kernel in ["1", n] {
            for stride in ["1", n] {
                for padding in ["0", "1", n] {
                    for dilation in ["1", n] {
                        let text = changed(kernel, stride, padding, dilation);
                        assert!(parse(&text).is_err(), "{text}");
                        // Of another kind its stream has another shape, which the error says.
                        let message = parse(&text).unwrap_err().message;
                        let Some((_, right)) = message.split_once("it produces `") else {
                            continue;
                        };
                        let text = text
                            .replace("current[2x2x2; fixed(7, 0)]", right.trim_end_matches('`'));
                        let _ = parse(&text);
                    }
                }
            }
        }
    }
    // A window of 2^40 columns of which three at most are no padding.
    let wide = format!(
        r#"synfire-ir 1
graph "g" timesteps 1
%in = input() : spikes[1x3] static {{"shape":[1,3],"bits":1,"is_static":true}}
%sum = pool(%in) : levels[1x2; 2] static {{"kind":"sum","window":{{"kernel":[{k}],"stride":[1],"padding":[[{before},0]],"dilation":[1]}}}}
%mean = pool(%in) : real[1x2] static {{"kind":"average","window":{{"kernel":[{k}],"stride":[1],"padding":[[{before},0]],"dilation":[1]}}}}
%all = concat(%sum, %mean) : real[1x4] static {{"axis":1}}
%y = readout(%all) : real[1x4] {{"kind":"sum","gain":1.0,"offset":0.0}}
output %y
"#,
        before = (1u64 << 40) - 2
    );
    let g = parse(&wide).unwrap();
    let record = Interp::new(&g).unwrap().run(&[1, 1, 1]).unwrap();
    let size = (1u64 << 40) as f64;
    assert_eq!(record.steps, [[2.0, 3.0, 2.0 / size, 3.0 / size]]);
}

#[test]
fn streams_that_do_not_go_together() {
    let other = "add(%flat, %in)";
    wrong("add(%flat, %before)", other, "sum", "differ in shape");
    wrong("add(%flat, %before)", "add(%flat)", "sum", "takes 2 or more operand(s), not 1");
    wrong("concat(%n, %flat)", "concat(%n, %pool)", "all", "differ beside dimension 0");
    wrong("\"axis\":0", "\"axis\":1", "all", "has no dimension 1");
    wrong("{\"shape\":[8]}", "{\"shape\":[9]}", "flat", "has not as many elements");
    wrong("{\"shape\":[8]}", "{\"shape\":[]}", "flat", "has not as many elements");
    let immense = "{\"shape\":[18446744073709551615,18446744073709551615,8]}";
    wrong("{\"shape\":[8]}", immense, "flat", "has not as many elements");
    refused(
        &[(
            "%before) : current[8; fixed(8, 0)] {}",
            "%before) : current[8; fixed(8, 0)] {\"a\":1}",
        )],
        "SF0201",
        "line 8",
        "unknown field",
    );
    wrong("[0.0,0.5,0.0,0.0,0.0,0.0,0.0,1.0]", "[0.0,0.5]", "n", "`start` has 2 entries");
    wrong("\"hard\"", "\"soft\"", "n", "`reset_to` is for a hard reset");
    let end =
        "%y = readout(%all) : real[16] {\"kind\":\"last\",\"gain\":1.0,\"offset\":0.0}\noutput %y";
    let after =
        format!("{}\n%z = relu(%y) : real[16] {{}}\noutput %z", end.lines().next().unwrap());
    wrong(end, &after, "z", "takes the logits of `y`; a readout is the end");
}

/// Sums of sums would leave i64: the width of a current ends before.
#[test]
fn currents_do_not_grow_for_ever() {
    let mut lines = vec![
        "synfire-ir 1\ngraph \"g\" timesteps 1".to_owned(),
        "%x0 = input() : levels[2; 16] static {\"shape\":[2],\"bits\":16,\"is_static\":true}".to_owned(),
        "%x1 = linear(%x0) : current[2; fixed(18, 0)] static {\"weights\":{\"binary\":{\"signs\":{\"cols\":2,\"rows\":[\"3\",\"3\"]},\"scale\":1.0}},\"bias\":null}".to_owned(),
    ];
    let double = |k: u32| {
        format!("%x{k} = add(%x{0}, %x{0}) : current[2; fixed({1}, 0)] static {{}}", k - 1, 17 + k)
    };
    lines.extend((2..=29).map(double));
    let text = |lines: &[String], last: u32| {
        let readout = format!(
            "%y = readout(%x{last}) : real[2] {{\"kind\":\"sum\",\"gain\":1.0,\"offset\":0.0}}\noutput %y"
        );
        format!("{}\n{readout}\n", lines.join("\n"))
    };
    let g = parse(&text(&lines, 29)).unwrap();
    let record = Interp::new(&g).unwrap().run(&[65535, 65535]).unwrap();
    assert_eq!(record.steps, [[f64::from(131_070) * (1u64 << 28) as f64; 2]]);
    lines.push(double(30));
    let d = parse(&text(&lines, 30)).unwrap_err();
    assert_eq!(d.message, "a current of 47 bits; 1 to 46 are possible");
}

/// One random change of a text, which may be no text any more.
fn damage(text: &str, rng: &mut Rng) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = rng.below(bytes.len());
    if rng.one_in(3) {
        bytes[at] = b' ' + rng.below(95) as u8;
    } else {
        let digits: Vec<usize> = (0..bytes.len()).filter(|i| bytes[*i].is_ascii_digit()).collect();
        let at = rng.pick(&digits);
        let end = (at..bytes.len()).find(|i| !bytes[*i].is_ascii_digit()).unwrap_or(at + 1);
        let new = [
            "0",
            "1",
            "2",
            "3",
            "4",
            "7",
            "33",
            "46",
            "47",
            "65537",
            "16777216",
            "4294967296",
            "18446744073709551615",
        ];
        bytes.splice(at..end, rng.pick(&new).bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn damaged_graphs_never_panic() {
    let mut rng = Rng(11);
    let mut texts = vec![TEXT.to_owned()];
    texts.extend((0..200).map(|seed| print(&graph(seed, 8)).unwrap()));
    let (mut read, mut ran) = (0, 0);
    for _ in 0..rounds(7_000) {
        let which = rng.below(texts.len());
        let mut text = damage(&texts[which], &mut rng);
        if rng.one_in(3) {
            text = damage(&format!("{text}\n0"), &mut rng);
        }
        let Ok(g) = parse(&text) else { continue };
        read += 1;
        let order = g.order().unwrap();
        let count = order.iter().map(|&id| g.node(id).stream.len()).max();
        if g.timesteps > 64 || count > Some(4096) {
            continue;
        }
        let input = order.iter().find(|id| matches!(g.node(**id).op, Op::Input(_)));
        let n = input.map_or(0, |&id| g.node(id).stream.len());
        ran += u32::from(Interp::new(&g).unwrap().run(&vec![1; n]).is_ok());
    }
    assert!(read > 170 && ran > 100, "{read} {ran}");
}

// SPDX-License-Identifier: Apache-2.0 OR MIT

use super::card::Card;
use super::svg::draw;
use super::*;
use crate::hw::{self, Design};
use crate::ir::{
    self, BatchNorm, BitMatrix, Compare, Graph, Lif, Linear, Op, PerChannel, Readout, ReadoutKind,
    Reset, Weights,
};
use crate::pass;
use crate::target::{self, Target};

fn linear(rows: usize, cols: usize, seed: usize) -> Op {
    // Any fixed mixture of signs will do.
    let sign = |r: usize, c: usize| (r * 7919 + c * 104_729 + seed).count_ones().is_multiple_of(2);
    let signs = BitMatrix::from_fn(rows, cols, sign);
    let scale = PerChannel::Each((0..rows).map(|r| 0.02 + r as f64 * 1e-4).collect());
    Op::Linear(Linear { weights: Weights::Binary { signs, scale }, bias: None })
}

fn norm(n: usize) -> Op {
    let each = |v: f64| vec![v; n];
    let (gamma, beta, mean) = (each(1.2), each(0.1), each(0.05));
    Op::BatchNorm(BatchNorm { gamma, beta, mean, var: each(0.8), eps: 1e-5 })
}

/// 784-128-10 as the exporter writes it, real form.
pub(crate) fn student() -> Graph {
    let mut g = Graph::new("student", 4);
    let input = Op::Input(ir::Input { shape: vec![784], bits: Some(8), is_static: true });
    let x = g.add("pixels", input, &[]).unwrap();
    let x = g.add("/Div", Op::Scale(ir::Scale::by(PerChannel::All(1.0 / 255.0))), &[x]).unwrap();
    let x = g.add("/fc1/Gemm", linear(128, 784, 1), &[x]).unwrap();
    let x = g.add("/bn1/BatchNormalization", norm(128), &[x]).unwrap();
    let lif = Op::Lif(Lif {
        leak: PerChannel::All(0.5),
        gain: PerChannel::All(1.0),
        bias: PerChannel::All(0.0),
        threshold: PerChannel::All(1.0),
        reset: Reset::SoftDelayed,
        compare: Compare::Above,
        reset_to: PerChannel::zero(),
        start: PerChannel::zero(),
    });
    let x = g.add("/lif1", lif, &[x]).unwrap();
    let x = g.add("/fc2/Gemm", linear(10, 128, 2), &[x]).unwrap();
    let x = g.add("/bn2/BatchNormalization", norm(10), &[x]).unwrap();
    let readout = Op::Readout(Readout {
        kind: ReadoutKind::PerStep,
        gain: PerChannel::All(1.0),
        offset: PerChannel::All(0.0),
    });
    let y = g.add("logits", readout, &[x]).unwrap();
    g.set_output(y);
    g
}

/// The same as integers, and its hardware.
pub(crate) fn compiled() -> (Graph, Design, Target) {
    let mut g = student();
    pass::run(&mut g, pass::TO_INTEGER, &pass::Options::default()).unwrap();
    let target = target::load("icebreaker").unwrap();
    let (design, _) = hw::lower(&g, &target, &hw::Options::default()).unwrap();
    (g, design, target)
}

/// Two residual blocks and a fork.
fn branches() -> String {
    let card = |name: &str, class: &'static str, flow: &'static str| Card {
        name: name.to_owned(),
        badge: class.to_owned(),
        class,
        lines: vec!["something about it".to_owned()],
        stream: Some((format!("{flow}[64x8x8]"), flow)),
        hardware: Vec::new(),
    };
    let cards = [
        card("input", "input", "levels"),
        card("conv1", "linear", "current"),
        card("lif1", "neuron", "spikes"),
        card("conv2", "linear", "current"),
        card("shortcut", "linear", "current"),
        card("lif2", "neuron", "spikes"),
        card("pool", "affine", "levels"),
        card("add", "affine", "levels"),
        card("lif3", "neuron", "spikes"),
        card("head", "readout", "current"),
    ];
    let edges = [
        (0, 1),
        (1, 2),
        (2, 3),
        (2, 4),
        (3, 5),
        (2, 6),
        (5, 7),
        (4, 7),
        (6, 7),
        (7, 8),
        (0, 7),
        (8, 9),
        (2, 9),
    ];
    draw("residual", "a picture of branches", &cards, &edges)
}

/// Neurons that see their own spikes two layers up, a skip, and three streams side by side.
fn recurrent() -> Graph {
    let text = r#"synfire-ir 1
graph "recurrent" timesteps 4
%in = input() : spikes[2] {"shape":[2],"bits":1,"is_static":false}
%fc1 = linear(%in) : real[3] {"weights":{"real":{"rows":3,"values":[0.5,-0.25,1.0,0.75,0.5,-0.5]}},"bias":null}
%lif1 = lif(%fc1) : spikes[3] {"leak":0.5,"gain":1.0,"bias":0.0,"threshold":0.5,"reset":"soft","compare":"above"}
%before = delay(%lif2) : spikes[3] {"steps":1}
%rec = linear(%before) : real[3] {"weights":{"integer":{"rows":3,"values":[3,-2,-1,4,5,6,7,8,9],"scale":0.125}},"bias":null}
%sum = add(%lif1, %rec) : real[3] {}
%lif2 = lif(%sum) : spikes[3] {"leak":0.5,"gain":1.0,"bias":0.0,"threshold":0.5,"reset":"soft","compare":"above"}
%count = delay(%count) : levels[3; 2] {"steps":[1,2,3]}
%all = concat(%lif2, %lif1, %count) : levels[9; 2] {"axis":0}
%logits = readout(%all) : real[9] {"kind":"last","gain":1.0,"offset":0.0}
output %logits
"#;
    ir::parse(text).unwrap()
}

/// Tags are balanced and no attribute or text has a bare `&` or `<`.
pub(super) fn well_formed(svg: &str) {
    let mut open = Vec::new();
    let mut rest = svg;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(!text.contains('>') || open.last() == Some(&"style"), "{text}");
        let end = at + rest[at..].find('>').unwrap();
        let tag = &rest[at + 1..end];
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn pictures_are_well_formed() {
    let (g, design, target) = compiled();
    for picture in [
        svg(&student(), None).unwrap(),
        svg(&g, Some(&design)).unwrap(),
        memory_svg(&design, &target, None),
        branches(),
        svg(&recurrent(), None).unwrap(),
        confusion_svg("a<b>", &[vec![3, 1], vec![0, 0]]),
    ] {
        well_formed(&picture);
    }
}

/// Of a build with a bitstream; what is estimated stays what it is, a little lower.
#[test]
fn memories_say_what_was_routed() {
    let (_, design, target) = compiled();
    let without = memory_svg(&design, &target, None);
    assert!(!without.contains("routed"), "{without}");
    let routed = Routed { lut4: 3704, cells: 4030, ebr: 12, spram: 0, mhz: 33.26 };
    let of = |routed: &Routed| memory_svg(&design, &target, Some(routed));
    let picture = of(&routed);
    well_formed(&picture);
    let line = ">placed and routed: 3,704 LUT4, 4,030 logic cells, 12 EBR, 33.3 MHz<";
    assert_eq!(picture.matches(line).count(), 1, "{picture}");
    assert!(of(&Routed { spram: 4, ..routed }).contains(" 12 EBR, 4 SPRAM, 33.3 MHz<"));
    let texts = |picture: &str| picture.matches("<text").count();
    assert_eq!(texts(&picture), texts(&without) + 1);
    let height = |picture: &str| -> f64 {
        picture.split("height=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
    };
    assert_eq!(height(&picture), height(&without) + 22.0);
}

/// Three of four in the first line; nothing in the second.
#[test]
fn cells_are_as_full_as_their_share_of_a_line() {
    let picture = confusion_svg("m", &[vec![3, 1], vec![0, 0]]);
    for part in [
        r#"<rect class="parameters" fill-opacity="0.750" x="84.0" y="112.0""#,
        r#"<rect class="trace" fill-opacity="0.250" x="130.0" y="112.0""#,
        ">75.0 %<",
    ] {
        assert_eq!(picture.matches(part).count(), 1, "{part}: {picture}");
    }
    assert_eq!(picture.matches("fill-opacity=\"").count(), 2, "nothing else is filled");
    assert_eq!(picture.matches(" %<").count(), 1);
    // Of many classes cells alone.
    let many = confusion_svg("m", &vec![vec![1; 21]; 21]);
    well_formed(&many);
    assert_eq!((many.matches("fill-opacity=\"").count(), many.matches("<text").count()), (441, 2));
}

#[test]
fn names_are_escaped_everywhere() {
    let mut g = Graph::new("a<b>\"&", 1);
    let input = Op::Input(ir::Input { shape: vec![2], bits: Some(1), is_static: true });
    let x = g.add("x\"<y>&\\", input, &[]).unwrap();
    g.set_output(x);
    well_formed(&svg(&g, None).unwrap());
    let dot = dot(&g).unwrap();
    assert!(dot.contains(r#"label="x\"<y>&\\\n"#), "{dot}");
}

#[test]
fn what_fires_and_what_has_weights_has_its_colour() {
    let (g, ..) = compiled();
    let dot = dot(&g).unwrap();
    let colour = |operator: &str| {
        let is = |line: &&str| line.contains(&format!("\\n{operator}\\n"));
        let line = dot.lines().find(is).unwrap_or_else(|| panic!("{operator}: {dot}"));
        line.split_once("fillcolor=\"").map(|(_, rest)| rest[..7].to_owned())
    };
    let all = ["input", "linear", "fixed-lif", "fixed-readout"].map(colour);
    assert_eq!(all[0], all[3], "{dot}");
    assert!(all.iter().all(Option::is_some) && all[0] != all[1], "{dot}");
    assert!(all[2] != all[1] && all[2] != all[0], "{dot}");
}

#[test]
fn the_table_counts_parameters_and_signs() {
    let (g, ..) = compiled();
    let table = text(&g).unwrap();
    let fc1 = table.lines().find(|l| l.starts_with("/fc1/Gemm")).unwrap();
    assert!(fc1.contains("linear") && fc1.contains("current[128;"), "{fc1}");
    assert!(table.contains("/fc1/Gemm") && table.contains("output: logits"), "{table}");
}

#[test]
fn cycles_and_several_operands_are_shown() {
    let g = recurrent();
    let picture = svg(&g, None).unwrap();
    // One tip for each operand and for the output.
    assert_eq!(picture.matches("class=\"tip").count(), 13, "{picture}");
    assert!(picture.contains(">lif2, lif1, count<"), "{picture}");
    let table = text(&g).unwrap();
    let line = |name: &str| table.lines().find(|l| l.starts_with(name)).unwrap();
    assert!(line("before").contains("delay     lif2"), "{table}");
    assert!(line("all").contains("concat    lif2, lif1, count"), "{table}");
    assert!(table.find("\nbefore") < table.find("\nlif2"), "{table}");
    let dot = dot(&g).unwrap();
    let n = |name: &str| format!("n{}", g.find(name).unwrap().index());
    let edge = |from, to| {
        let start = format!("  {} -> {} [", n(from), n(to));
        dot.lines().find(|l| l.starts_with(&start)).unwrap()
    };
    for (from, to) in [("lif2", "before"), ("count", "count")] {
        assert!(edge(from, to).contains("constraint=false"), "{dot}");
    }
    assert!(edge("count", "all").contains("headlabel=\"3\""), "{dot}");
    assert_eq!(dot.matches("constraint=false").count(), 2, "{dot}");
}

/// Writes the pictures where SYNFIRE_PICTURES says, to look at them.
#[test]
fn pictures_can_be_looked_at() {
    let Some(dir) = std::env::var_os("SYNFIRE_PICTURES") else { return };
    let dir = std::path::Path::new(&dir);
    let (g, design, target) = compiled();
    for (name, text) in [
        ("real.svg", svg(&student(), None).unwrap()),
        ("design.svg", svg(&g, Some(&design)).unwrap()),
        ("memory.svg", memory_svg(&design, &target, None)),
        ("branches.svg", branches()),
        ("recurrent.svg", svg(&recurrent(), None).unwrap()),
        ("recurrent.dot", dot(&recurrent()).unwrap()),
        ("graph.dot", dot(&g).unwrap()),
        ("graph.txt", text(&g).unwrap()),
    ] {
        std::fs::write(dir.join(name), text).unwrap();
    }
}

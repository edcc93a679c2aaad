// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Pictures and tables of designs on a processor, and of what an inference did.

use super::raster::raster;
use super::timeline::timeline;
use super::*;
use crate::hw::shared::tests::Net;
use crate::hw::{self, Design, Mapping, Options, Place};
use crate::ir::{Graph, PoolKind};
use crate::report::tests::well_formed;
use crate::target::{self, Target};

/// Two convolutions, a maximum between them, and a head.
pub(crate) fn processor() -> (Graph, Design, Target) {
    let mut net = Net::new(2, &[1, 4, 4]);
    net.conv("c1", "in", (3, 3, 1), &[1, -1]);
    net.lif("n1", "c1", 5);
    net.pool("most", "n1", PoolKind::Max, 2);
    net.conv("c<2>", "most", (5, 1, 1), &[1, -2]);
    net.lif("n2", "c<2>", 9);
    net.flatten("flat", "n2");
    net.linear("head", "flat", 3, &[1, -1, -1]);
    net.read("head");
    let options = Options { mapping: Mapping::Shared, ..Options::default() };
    let target = target::load("icebreaker").unwrap();
    let (mut design, _) = hw::lower(&net.0, &target, &options).unwrap();
    design.shared.as_mut().unwrap().weights = Place::Spram;
    (net.0, design, target)
}

fn span(name: &str, from: u64, to: u64, rows: &[u64]) -> Span {
    let (name, rows) = (name.to_owned(), rows.to_vec());
    Span { name, from, to, rows, words: 1234, additions: 77, spikes: 5 }
}

/// 200 cycles.
fn run() -> Run {
    Run {
        class: 2,
        logits: vec![-4, 0, 9],
        cycles: 200,
        spans: vec![
            span("input", 0, 16, &[]),
            span("c1", 18, 118, &[20, 21, 22]),
            span("most", 120, 140, &[]),
            span("c<2>", 142, 150, &[150]),
            span("head", 152, 200, &[199, 500]),
        ],
        layers: vec![
            Layer {
                name: "n1".into(),
                shape: [2, 2, 3],
                trains: vec![3, 1, 0, 0, 2, 2, 0, 0, 0, 0, 0, 1],
            },
            Layer { name: "n2".into(), shape: [4, 1, 1], trains: vec![0, 1, 1, 0] },
        ],
    }
}

#[test]
fn a_page_says_what_each_job_did() {
    let (_, design, target) = processor();
    let page = page(&design, &target, &run());
    well_formed(&page.replace("<!doctype html>\n", "").replace("<meta charset=\"utf-8\">", ""));
    let row =
        |name: &str| page.lines().find(|l| l.starts_with(&format!("<tr><td>{name}"))).unwrap();
    // Reads, window, result, windows, groups, planes, adds, writes.
    let groups = 3u32.div_ceil(design.shared.as_ref().unwrap().lanes);
    let jobs = format!(
        "<td>input</td><td>3×3</td><td>3×4×4</td><td>16</td><td>{groups}</td><td>1</td><td></td><td>t0</td>"
    );
    assert!(row("c1").contains(&jobs), "{}", row("c1"));
    // Words, rows read, additions, spikes, cycles, share.
    let did = "<td>1,234</td><td>3</td><td>77</td><td>5</td><td>100</td><td>50.0 %</td></tr>";
    assert!(row("c1").ends_with(did), "{}", row("c1"));
    assert!(row("input").contains("<td></td><td></td>") && row("input").contains("<td>8.0 %</td>"));
    assert!(row("c&lt;2&gt;").contains("<td>5×2×2</td><td>4</td>"), "{}", row("c&lt;2&gt;"));
    for text in [
        "class 2, 200 cycles from",
        "<p>Logits: -4, 0, 9</p>",
        // 6 of 24 slots.
        "<p><b>n1</b>, 2×2×3: 6 spikes, 25.0 %</p>",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn bars_are_as_long_as_their_cycles() {
    let picture = timeline(&run());
    well_formed(&picture);
    // 700 pixels are 200 cycles: 3.5 a cycle. Names take at least 60.
    let left = super::memory::MARGIN + 60.0 + 14.0;
    let x = |cycle: f64| format!(r#"x="{:.2}""#, left + 3.5 * cycle);
    for (from, wide) in
        [(0.0, "56.00"), (18.0, "350.00"), (120.0, "70.00"), (142.0, "28.00"), (152.0, "168.00")]
    {
        let bar = format!(r#"{} y="#, x(from));
        let line =
            picture.lines().find(|l| l.contains(&bar)).unwrap_or_else(|| panic!("{bar} {picture}"));
        assert!(line.contains(&format!(r#"width="{wide}""#)), "{line}");
    }
    // One row a cycle fills the bar: three neighbours, one, and two in the last cycle.
    assert_eq!(picture.matches("v-22.0").count(), 5, "{picture}");
    assert_eq!(picture.matches(r#"class="busy""#).count(), 3);
    well_formed(&timeline(&Run::default()));
}

#[test]
fn each_run_of_spikes_is_a_line() {
    let [n1, n2] = &run().layers[..] else { panic!() };
    let picture = raster(n1, 2);
    well_formed(&picture);
    // Images of 3 columns, 4 pixels a neuron; 44 pixels at the left, the second image at 44 + 15.
    let paths: Vec<_> = picture.lines().filter(|l| l.contains("class=\"spike\"")).collect();
    assert_eq!(paths.len(), 2);
    assert!(paths[0].contains(r#"d="M44.0 8.0h8.0M67.0 12.0h4.0""#), "{}", paths[0]);
    // A timestep lower by 11 and 6: the first neuron, and two neighbours in the second row.
    assert!(paths[1].contains(r#"d="M44.0 25.0h4.0M48.0 29.0h8.0""#), "{}", paths[1]);
    // Neurons side by side, 10 pixels each; nothing fires at t = 1.
    let picture = raster(n2, 2);
    assert_eq!(picture.matches("class=\"spike\"").count(), 1);
    assert!(picture.contains(r#"d="M54.0 11.0h20.0""#), "{picture}");
}

#[test]
fn memories_show_what_lies_where() {
    let (_, design, target) = processor();
    let shared = design.shared.as_ref().unwrap();
    let picture = memory_svg(&design, &target, None);
    well_formed(&picture);
    let words = shared.weight_words();
    let at = |name: &str, words: u32, first: u32| {
        format!("<title>{name}: {words} words from {first}</title>")
    };
    assert!(picture.contains(&at("c1", words[0], 0)), "{picture}");
    assert!(picture.contains(&at("c&lt;2&gt;", words[2], words[0])), "{picture}");
    let t1 = &shared.trains[1];
    assert!(picture.contains(&at("t1", t1.depth(shared.pack), t1.base)), "{picture}");
    // 704 pixels are the words of a SPRAM.
    let wide = f64::from(words[0]) * 704.0 / 16_384.0 - 1.0;
    assert!(picture.contains(&format!(r#"width="{:.2}" height="16""#, wide.max(0.6))), "{picture}");
    assert!(picture.contains(&format!("{} of 16,384 words", shared.weight_depth())), "{picture}");
    // A chain has no maps.
    let (_, chain, target) = super::tests::compiled();
    assert!(!memory_svg(&chain, &target, None).contains("What lies where"));
}

#[test]
fn layers_have_their_jobs() {
    let (graph, design, _) = processor();
    let picture = svg(&graph, Some(&design)).unwrap();
    well_formed(&picture);
    let lanes = design.shared.as_ref().unwrap().lanes;
    for text in [
        "9 nodes, 4 jobs on one processor".to_owned(),
        format!("sf_lanes: job 0, {lanes} lanes × {} group", 3u32.div_ceil(lanes)),
        "sf_or: job 1, OR of 2×2 words".to_owned(),
        "reads t1, writes t2".to_owned(),
        "sf_tail: neurons in job 2".to_owned(),
        "sf_readout: behind the last job".to_owned(),
    ] {
        assert!(picture.contains(&text), "{text}\n{picture}");
    }
}

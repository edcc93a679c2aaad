// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The model with twice as many neurons: its weights do not fit the block RAMs, lie in SPRAM
//! and are loaded. The new neurons are the trained ones with some of their weights negated.

use serde_json::Value;
use synfire::flow::Tool;
use synfire::ir::print;
use synfire::target;

use crate::nightly::{synfire, text};
use crate::tools::tools;
use crate::{file, real};

/// Every thirteenth digit of a row of weights with another lowest bit.
fn negated(row: &str, seed: usize) -> String {
    let digit = |(k, c): (usize, char)| match c.to_digit(16) {
        Some(d) if (k * 5 + seed * 3).is_multiple_of(13) => char::from_digit(d ^ 1, 16).unwrap(),
        _ => c,
    };
    row.chars().enumerate().map(digit).collect()
}

/// Lists with an entry a neuron, twice as long.
fn double(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(double),
        Value::Array(list) if list.len() == 128 => {
            let again = list.iter().enumerate().map(|(i, v)| match v {
                Value::String(row) => Value::String(negated(row, i)),
                other => other.clone(),
            });
            list.extend(again.collect::<Vec<_>>());
        }
        _ => {}
    }
}

/// The model as text, 784-256-10.
fn grown() -> String {
    let mut out = String::new();
    for line in print(&real("dynamo")).unwrap().lines() {
        let Some((head, attributes)) = line.split_once(" {").filter(|(h, _)| h.starts_with('%'))
        else {
            out += &format!("{line}\n");
            continue;
        };
        let mut attributes: Value = serde_json::from_str(&format!("{{{attributes}")).unwrap();
        if head.starts_with("%fc2") {
            let signs = &mut attributes["weights"]["binary"]["signs"];
            signs["cols"] = 256.into();
            for (i, row) in signs["rows"].as_array_mut().unwrap().iter_mut().enumerate() {
                let old = row.as_str().unwrap();
                *row = format!("{old}{}", negated(old, i)).into();
            }
        } else {
            double(&mut attributes);
        }
        out += &format!("{} {attributes}\n", head.replace("[128]", "[256]"));
    }
    out
}

#[test]
fn twice_the_neurons_fit_with_spram() {
    let graph = synfire::ir::parse(&grown()).unwrap();
    let (design, estimate) = crate::hardware(&crate::integer(&graph));
    assert_eq!((estimate.spram, design.load_bytes()), (4, 784 * 256 / 8));
    let device = target::load("icebreaker").unwrap().device.resources;
    assert!(estimate.lut4 * 10 < device.lut4 * 8 && estimate.ebr < device.ebr, "{estimate:?}");
}

#[test]
#[ignore = "minutes; part of the nightly run"]
fn twice_the_neurons_down_to_the_bitstream() {
    let needed = [
        Tool::Yosys,
        Tool::NextpnrIce40,
        Tool::Icepack,
        Tool::Iceunpack,
        Tool::IceboxVlog,
        Tool::Verilator,
        Tool::Cxx,
    ];
    if tools(&needed).is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (model, out) = (dir.path().join("grown.sfir"), dir.path().join("b"));
    std::fs::write(&model, grown()).unwrap();
    let compile = ["compile", text(&model), "--target", "icebreaker", "--bitstream", "-o"];
    let built = synfire(&[&compile[..], &[text(&out)]].concat());
    let result = &built["bitstream"];
    eprintln!("{result}");
    assert!(result["fmax_mhz"].as_f64() >= Some(24.0), "{result}");
    assert_eq!((&result["spram"], &built["load_bytes"]), (&4.into(), &25_088.into()));

    let images = file("images-idx3-ubyte.gz");
    let counts = ["--rtl", "100", "--netlist", "4", "--on-bitstream", "4", "--mutate"];
    let report =
        synfire(&[&["verify", text(&out), "--images", text(&images)], &counts[..]].concat());
    let comparisons = report["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 7, "{report}");
    for c in comparisons {
        let tally = &c["tally"];
        assert!(c["first"].is_null(), "{c}");
        assert!(tally["spikes"][0].as_u64() > Some(0) && tally["spikes"][1] == 0, "{c}");
    }
    assert_eq!(report["left_out"], Value::Array(Vec::new()));
    let mutations = report["mutations"].as_array().unwrap();
    let kinds: Vec<_> = mutations.iter().map(|m| m["mutation"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["weight", "threshold", "gain", "transition", "bitstream", "load"]);
    for m in mutations {
        assert!(m["caught"]["what"].is_string(), "{m}");
        assert_eq!(m["as_predicted"].is_null(), m["mutation"] == "transition", "{m}");
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What follows from a report.

use super::stub::{SCOPE, Stub, inputs, outcome, slices};
use crate::verify::executor::{NETLIST, SIM};
use crate::verify::{
    Comparison, Difference, LineTime, Mutation, MutationResult, Packed, PackedFault, PackedReport,
    Pair, Ready, Report, Tally,
};

fn sound(levels: Pair) -> Comparison {
    let tally = Tally { images: 4, spikes: (80, 0), logits: (12, 0), classes: 0, cycles: (0, 0) };
    Comparison { levels, asked: 4, tally, first: None }
}

fn report() -> Report {
    let comparisons = vec![sound(Pair::INTERP_SIM), sound(Pair::SIM_TOP)];
    Report { comparisons, ..Report::default() }
}

fn noticed() -> MutationResult {
    let caught = Some(Difference { image: 3, what: "class 1 instead of 2".into() });
    let fault = "a weight".into();
    MutationResult { mutation: Mutation::Weight, fault, caught, as_predicted: Some(true) }
}

/// Code and words of the verdict; none: good.
fn verdict(report: &Report) -> Option<(&'static str, String)> {
    report.verdict().err().map(|d| (d.code.id, d.message))
}

#[test]
fn a_sound_report_is_good() {
    let mut report = report();
    assert_eq!(verdict(&report), None);
    report.left_out.push("netlist, bitstream: compiled without --bitstream".into());
    report.mutations = vec![noticed(), MutationResult { as_predicted: None, ..noticed() }];
    assert_eq!(verdict(&report), None);
}

#[test]
fn one_difference_of_any_kind_at_any_level_is_a_mismatch() {
    let kinds: [fn(&mut Tally); 4] =
        [|t| t.spikes.1 = 1, |t| t.logits.1 = 1, |t| t.classes = 1, |t| t.cycles.1 = 1];
    for level in 0..2 {
        for kind in kinds {
            let mut report = report();
            kind(&mut report.comparisons[level].tally);
            let (code, words) = verdict(&report).unwrap();
            assert_eq!(code, "SF0601");
            assert!(words.ends_with(": 1 differences"), "{words}");
        }
        let mut report = report();
        let what = "logit 0: 1 instead of none".into();
        report.comparisons[level].first = Some(Difference { image: 12, what });
        let (code, words) = verdict(&report).unwrap();
        let levels = ["interp = sim", "sim = top, over the serial line"][level];
        let want = format!("{levels}: image 12: logit 0: 1 instead of none");
        assert_eq!((code, words), ("SF0601", want));
    }
}

#[test]
fn nothing_compared_is_not_verified() {
    let nothing = Report { left_out: vec!["all: because".into()], ..Report::default() };
    assert_eq!(verdict(&nothing), Some(("SF0604", "no two levels were compared".into())));
    for (asked, images) in [(0, 0), (4, 0), (4, 3), (3, 4)] {
        let mut report = report();
        report.comparisons[1].asked = asked;
        report.comparisons[1].tally.images = images;
        let words =
            format!("sim = top, over the serial line: {images} of {asked} inferences compared");
        assert_eq!(verdict(&report), Some(("SF0604", words)));
    }
}

#[test]
fn a_fault_that_is_not_noticed_or_not_the_predicted_one_is_no_pass() {
    let survived = MutationResult { caught: None, ..noticed() };
    for as_predicted in [None, Some(true), Some(false)] {
        let mutations = vec![noticed(), MutationResult { as_predicted, ..survived.clone() }];
        let words = "a weight: not noticed".to_owned();
        assert_eq!(verdict(&Report { mutations, ..report() }), Some(("SF0603", words)));
    }
    let mutations = vec![MutationResult { as_predicted: Some(false), ..noticed() }, noticed()];
    let words = "a weight: the faulty hardware differs from sim with the same fault".to_owned();
    assert_eq!(verdict(&Report { mutations, ..report() }), Some(("SF0603", words)));
}

#[test]
fn a_difference_comes_before_what_faults_show() {
    let mutations = vec![MutationResult { caught: None, ..noticed() }];
    let mut report = Report { mutations, ..report() };
    report.comparisons[1].tally.classes = 1;
    assert_eq!(verdict(&report).unwrap().0, "SF0601");
}

#[test]
fn a_packed_bitstream_has_to_be_the_routed_one_and_its_fault_noticed() {
    let packed = |first: Option<&str>, caught: Option<&str>| {
        let compared = Packed { first: first.map(str::to_owned), ..Packed::default() };
        let fault = PackedFault { fault: "a bit".into(), caught: caught.map(str::to_owned) };
        let packed = PackedReport { compared: Some(compared), fault: Some(fault) };
        verdict(&Report { packed, ..report() })
    };
    assert_eq!(packed(None, Some("word 3")), None);
    let words = "packed bitstream: word 3".to_owned();
    assert_eq!(packed(Some("word 3"), Some("word 3")), Some(("SF0601", words)));
    assert_eq!(packed(None, None), Some(("SF0603", "a bit: not noticed".into())));
}

/// From executors to the verdict.
#[test]
fn what_executors_do_reaches_the_verdict() {
    let run = |change: &dyn Fn(&mut Stub), count: usize| {
        let (inputs, mut sim) = (inputs(count), Stub::new(SIM, vec![outcome(); count]));
        let mut netlist = Stub::new(NETLIST, vec![outcome(); count]);
        change(&mut netlist);
        let inputs = slices(&inputs);
        let pair = Pair::SIM_NETLIST;
        let compared = pair.compare(&mut sim, &mut netlist, &inputs, SCOPE, |_| ()).unwrap();
        verdict(&Report { comparisons: vec![compared], ..Report::default() })
    };
    assert_eq!(run(&|_| (), 300), None);
    let changes: [fn(&mut Stub); 8] = [
        |s| s.outcomes[299].trains[1][2] ^= 1,
        |s| s.outcomes[299].logits[2] ^= 1,
        |s| s.outcomes[299].class ^= 1,
        |s| s.outcomes[299].timing = None,
        |s| s.outcomes[0].trains.clear(),
        |s| s.outcomes[0].logits.clear(),
        |s| s.extra = -1,
        |s| s.extra = 1,
    ];
    for change in changes {
        let (code, words) = run(&change, 300).unwrap();
        assert_eq!(code, "SF0601");
        assert!(words.starts_with("sim = netlist, over the serial line: image "), "{words}");
    }
    assert_eq!(run(&|_| (), 0).unwrap().0, "SF0604");
}

/// What `--json` prints of it.
#[test]
fn the_report_is_written_as_documented() {
    let mut report = report();
    report.comparisons.truncate(1);
    report.mutations = vec![noticed()];
    report.line = LineTime::of(&[40, 42], 12.0);
    report.ready = vec![Ready { level: Pair::SIM_TOP.found, expected: 1243, found: 1243 }];
    let found = serde_json::to_value(&report).unwrap();
    let want = serde_json::json!({
        "comparisons": [{
            "levels": "interp = sim",
            "tally": {"images": 4, "spikes": [80, 0], "logits": [12, 0], "classes": 0, "cycles": [0, 0]},
            "first": null,
        }],
        "left_out": [],
        "mutations": [{
            "mutation": "weight",
            "fault": "a weight",
            "caught": {"image": 3, "what": "class 1 instead of 2"},
            "as_predicted": true,
        }],
        "packed": {"compared": null, "fault": null},
        "line": {"inferences": 2, "mean_cycles": 41.0, "worst_cycles": 42, "mhz": 12.0},
        "ready": [{"level": "top, over the serial line", "expected": 1243, "found": 1243}],
    });
    assert_eq!(found, want);
}

#[test]
fn the_time_with_the_line_is_a_mean_and_a_maximum() {
    assert_eq!(LineTime::of(&[], 12.0), None);
    let line = LineTime::of(&[1000, 1300, 1003], 12.0).unwrap();
    assert_eq!((line.inferences, line.mean_cycles, line.worst_cycles), (3, 1101.0, 1300));
}

#[test]
fn a_chip_that_is_ready_at_another_time_differs() {
    let ready = |found| Ready { level: Pair::SIM_TOP.found, expected: 1243, found };
    let of = |ready| verdict(&Report { ready, ..report() });
    assert_eq!(of(vec![ready(1243), ready(1243)]), None);
    let words = "top, over the serial line: ready after 1242 cycles instead of 1243";
    assert_eq!(of(vec![ready(1243), ready(1242)]).unwrap(), ("SF0601", words.to_owned()));
}

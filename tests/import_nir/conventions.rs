// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What frameworks mean where the file says nothing, on membranes that stand on their
//! thresholds: weights of ±0.5 and inputs of 0 and 1, as those of binary students. Expected
//! spikes come from the update rules in the frameworks' documentation, written out here.

use synfire::diag::codes;
use synfire::export;
use synfire::import::{Options, Producer, Start, nir};
use synfire::interp::{Interp, Stimulus};
use synfire::ir::{self, Compare, Reset};

const INPUTS: usize = 6;
const TIMESTEPS: u32 = 8;
const CASES: u32 = 200;

/// The weight of an input.
fn weight(i: usize) -> f64 {
    if i % 3 == 2 { -0.5 } else { 0.5 }
}

/// A file with one neuron, threshold 1, dt 1e-4.
fn file(reset_to: f64, leak: f64, bias: f64) -> Vec<u8> {
    let weights: Vec<_> = (0..INPUTS).map(|i| format!("{:?}", weight(i))).collect();
    let body = format!(
        "synfire-ir 1\ngraph \"ties\" timesteps {TIMESTEPS}\n\
         %in = input() : real[{INPUTS}] {{\"shape\":[{INPUTS}],\"is_static\":false}}\n\
         %sum = linear(%in) : real[1] {{\"weights\":{{\"real\":{{\"rows\":1,\"values\":[{}]}}}},\"bias\":null}}\n\
         %x = lif(%sum) : spikes[1] {{\"leak\":{leak:?},\"gain\":1.0,\"bias\":{bias:?},\"threshold\":1.0,\"reset\":\"hard\",\"compare\":\"above\",\"reset_to\":{reset_to:?}}}\n\
         %r = readout(%x) : real[1] {{\"kind\":\"per-step\",\"gain\":1.0,\"offset\":0.0}}\noutput %r\n",
        weights.join(",")
    );
    export::nir::write(&ir::parse(&body).unwrap(), 1e-4).unwrap().bytes
}

/// Inputs of a case: bits of a number that all cases share little of.
fn inputs(case: u32) -> Vec<Vec<f64>> {
    let bit = |t: u32, i: usize| {
        let n = (case * 6007 + t * 193 + i as u32 * 31).wrapping_mul(0x9E37_79B1);
        f64::from(n >> 29 & 1)
    };
    (0..TIMESTEPS).map(|t| (0..INPUTS).map(|i| bit(t, i)).collect()).collect()
}

/// The spikes of the file.
fn imported(file: &[u8], options: &Options) -> Vec<Vec<f64>> {
    let options = Options { timesteps: Some(TIMESTEPS), ..options.clone() };
    let (graph, _) = nir::import(file, "ties", &options).unwrap();
    let interp = Interp::new(&graph).unwrap();
    (0..CASES)
        .map(|case| {
            let record = interp.run_on(Stimulus::RealSteps(&inputs(case))).unwrap();
            record.steps.iter().map(|s| s[0]).collect()
        })
        .collect()
}

/// The spikes of a neuron whose membrane `step` moves, and how often one stood on its threshold.
fn expected(start: f64, step: impl Fn(&mut f64, f64) -> bool) -> (Vec<Vec<f64>>, usize) {
    let mut ties = 0;
    let spikes = (0..CASES)
        .map(|case| {
            let mut v = start;
            let sums = inputs(case)
                .into_iter()
                .map(|x| x.iter().enumerate().map(|(i, x)| weight(i) * x).sum::<f64>());
            sums.map(|x| {
                ties += usize::from(v + x == 1.0);
                f64::from(step(&mut v, x))
            })
            .collect()
        })
        .collect();
    (spikes, ties)
}

fn from(producer: Producer) -> Options {
    Options { from: Some(producer), ..Options::default() }
}

#[test]
fn spikingjelly_fires_on_the_threshold_and_starts_at_its_reset() {
    for reset_to in [0.0, -0.5] {
        // IFNode: charge, fire at v >= v_threshold, then v = v_reset.
        let (wanted, ties) = expected(reset_to, |v, x| {
            *v += x;
            let fires = *v >= 1.0;
            *v = if fires { reset_to } else { *v };
            fires
        });
        assert!(ties > 100, "{ties} ties");
        let file = file(reset_to, 1.0, 0.0);
        assert_eq!(imported(&file, &from(Producer::SpikingJelly)), wanted);
        let said = Options {
            dt: Some(1e-4),
            reset: Some(Reset::Hard),
            compare: Some(Compare::AtLeast),
            start: Some(Start::Reset),
            ..Options::default()
        };
        assert_eq!(imported(&file, &said), wanted);
        // What is said goes before what the framework means.
        let above = Options { compare: Some(Compare::Above), ..from(Producer::SpikingJelly) };
        assert_ne!(imported(&file, &above), wanted);
        if reset_to != 0.0 {
            let zero = Options { start: Some(Start::Zero), ..from(Producer::SpikingJelly) };
            assert_ne!(imported(&file, &zero), wanted);
        }
    }
}

#[test]
fn snntorch_subtracts_one_step_later_and_does_not_fire_on_the_threshold() {
    // Leaky: reset = H(mem − 1); mem = β mem + x − reset; spike = H(mem − 1), H(0) = 0.
    let (wanted, ties) = expected(0.0, |v, x| {
        let reset = f64::from(*v > 1.0);
        *v = *v + x - reset;
        *v > 1.0
    });
    assert!(ties > 100, "{ties} ties");
    assert_eq!(imported(&file(0.0, 1.0, 0.0), &from(Producer::SnnTorch)), wanted);
}

#[test]
fn sinabs_subtracts_at_once_and_has_to_be_told_of_single_spikes() {
    // SingleSpike: fires at v >= 1, then v −= 1.
    let (wanted, ties) = expected(0.0, |v, x| {
        *v += x;
        let fires = *v >= 1.0;
        *v -= f64::from(fires);
        fires
    });
    assert!(ties > 100, "{ties} ties");
    // sinabs counts timesteps: dt = 1.
    let file = file(0.0, 1.0, 0.0);
    let options = Options { dt: Some(1e-4), single_spike: true, ..from(Producer::Sinabs) };
    assert_eq!(imported(&file, &options), wanted);
    let options = Options { single_spike: false, timesteps: Some(1), ..options };
    let error = nir::import(&file, "ties", &options).unwrap_err();
    assert_eq!(error.code.id, codes::NIR_UNSAID.id);
    assert!(error.help.unwrap().contains("--single-spike"));
}

#[test]
fn norse_starts_where_its_membrane_rests() {
    // v[t] = v[t−1] / 2 + x + 1/4 rests at 1/2.
    let file = file(0.0, 0.5, 0.25);
    let start = |options: Options| {
        let options = Options { dt: Some(1e-4), timesteps: Some(4), ..options };
        let (graph, _) = nir::import(&file, "norse", &options).unwrap();
        graph.order().unwrap().into_iter().find_map(|id| match &graph.node(id).op {
            ir::Op::Lif(l) => Some((l.start.at(0), l.reset, l.compare)),
            _ => None,
        })
    };
    assert_eq!(start(from(Producer::Norse)), Some((0.5, Reset::Hard, Compare::Above)));
    let zero = Options { start: Some(Start::Zero), ..from(Producer::Norse) };
    assert_eq!(start(zero), Some((0.0, Reset::Hard, Compare::Above)));
}

#[test]
fn what_nobody_says_is_noted() {
    let notes = |reset_to: f64, options: Options| {
        let options = Options { timesteps: Some(1), ..options };
        nir::import(&file(reset_to, 1.0, 0.0), "ties", &options).unwrap().1.notes.join("\n")
    };
    let plain = Options { dt: Some(1e-4), reset: Some(Reset::Hard), ..Options::default() };
    let said = notes(-0.5, plain.clone());
    assert!(said.contains("--compare at-least") && said.contains("--start"), "{said}");
    assert!(!notes(0.0, plain.clone()).contains("--start"));
    let decided =
        Options { compare: Some(Compare::Above), start: Some(Start::Zero), ..plain.clone() };
    assert_eq!(notes(-0.5, decided), "");
    assert_eq!(notes(-0.5, from(Producer::SpikingJelly)), "");
    // The options of sinabs without its name: its neurons may fire several times.
    let soft = Options { reset: Some(Reset::Soft), compare: Some(Compare::AtLeast), ..plain };
    assert!(notes(0.0, soft.clone()).contains("--single-spike"));
    assert_eq!(notes(0.0, Options { single_spike: true, ..soft }), "");
}

/// Each framework's factors and resets that NIR has no word for, and files without them.
#[test]
fn what_nir_cannot_say_is_noted() {
    let notes = |file: &str, producer: Producer, reset: Option<Reset>| {
        let bytes = std::fs::read(super::folder().join(file)).unwrap();
        let options = Options {
            dt: Some(1e-4),
            reset,
            timesteps: Some(1),
            single_spike: true,
            ..from(producer)
        };
        nir::import(&bytes, "net", &options).unwrap().1.notes.join("\n")
    };
    let hard = Some(Reset::Hard);
    let said = notes("snntorch_synaptic.nir", Producer::SnnTorch, hard);
    assert!(said.contains("lose the input of the timestep after a spike"), "{said}");
    assert_eq!(notes("snntorch_synaptic.nir", Producer::SnnTorch, None), "");
    assert_eq!(notes("snntorch_zero.nir", Producer::SnnTorch, hard), "");
    let said = notes("snntorch_synaptic.nir", Producer::Norse, hard);
    assert!(said.contains("adds its input to the current whole"), "{said}");
    assert_eq!(notes("snntorch_leaky.nir", Producer::Norse, hard), "");
    let said = notes("snntorch_leaky.nir", Producer::Sinabs, None);
    assert!(said.contains("norm_input=False"), "{said}");
    assert_eq!(notes("sinabs_iaf.nir", Producer::Sinabs, None), "");
}

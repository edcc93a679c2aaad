// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The trained model in tests/models/student, from both exports down to its hardware: what
//! PyTorch and onnxruntime computed, what the integers lose, what the hardware costs.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod loaded;
mod nightly;
#[path = "../common/tools.rs"]
mod tools;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use synfire::data::{self, Inputs};
use synfire::hw::{self, Design, Estimate};
use synfire::import;
use synfire::interp::{Interp, Logits, Record};
use synfire::ir::{Graph, isomorphic};
use synfire::pass::{self, TO_INTEGER};
use synfire::sim::{NoProbe, Sim};
use synfire::target;
use synfire::verify::{Executor, InterpExecutor, Scope, SimExecutor, compare};

const EXPORTS: [&str; 2] = ["legacy", "dynamo"];

/// The most by which a logit of the real-valued model, computed in double precision, may
/// differ from one that was recorded in single precision. Logits are up to 17 in
/// magnitude, sums of 128 terms: some units of the last of 24 bits.
const FLOAT_BOUND: f64 = 2e-5;

/// Images on which single and double precision may disagree about a membrane that stands at
/// its threshold. All logits of such an image differ.
const IMAGES_ON_THE_EDGE: usize = 5;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/student").join(name)
}

fn real(export: &str) -> Graph {
    let path = file(&format!("student_{export}.onnx"));
    import::load(&path, &import::Options::default()).unwrap()
}

fn integer(real: &Graph) -> Graph {
    let mut graph = real.clone();
    pass::run(&mut graph, TO_INTEGER, &pass::Options::default()).unwrap();
    graph
}

fn hardware(integer: &Graph) -> (Design, Estimate) {
    let target = target::load("icebreaker").unwrap();
    hw::lower(integer, &target, &hw::Options::default()).unwrap()
}

/// The bundled images with their labels.
static INPUTS: LazyLock<Inputs> = LazyLock::new(|| {
    let inputs =
        data::load(&file("images-idx3-ubyte.gz"), Some(&file("labels-idx1-ubyte.gz"))).unwrap();
    assert_eq!((inputs.len(), inputs.size), (1000, 784));
    inputs
});

/// What a graph computes on all of them.
fn records(graph: &Graph) -> Vec<Record> {
    let interp = Interp::new(graph).unwrap();
    let run = |x: &[u8]| interp.run(&x.iter().map(|v| u16::from(*v)).collect::<Vec<_>>()).unwrap();
    INPUTS.iter().map(run).collect()
}

fn array<T: npyz::Deserialize>(name: &str) -> Vec<T> {
    let bytes = std::fs::read(file(name)).unwrap();
    npyz::NpyFile::new(&bytes[..]).unwrap().into_vec().unwrap()
}

/// The legacy export keeps the batch norm that the other one folded into weights of single
/// precision; in integers nothing is left of that.
#[test]
fn both_exports_become_the_same_network() {
    let [legacy, dynamo] = EXPORTS.map(real);
    assert_eq!((legacy.len(), dynamo.len()), (8, 7));
    let [legacy, dynamo] = [integer(&legacy), integer(&dynamo)];
    assert!(isomorphic(&legacy, &dynamo));
}

/// Did the hidden neurons of image `i` fire as PyTorch recorded it?
fn fires_as_recorded(record: &Record, spikes: &[u8], i: usize) -> bool {
    let bit = |t: usize, j: usize| {
        let byte = spikes[(t * INPUTS.len() + i) * 16 + j / 8];
        byte >> (7 - j % 8) & 1 == 1
    };
    let steps = record.spikes[0].fired.iter().enumerate();
    steps.flat_map(|(t, s)| s.iter().enumerate().map(move |(j, f)| *f == bit(t, j))).all(|x| x)
}

#[test]
fn the_real_valued_model_computes_what_the_frameworks_recorded() {
    let spikes: Vec<u8> = array("spikes_torch.npy");
    let recorded = ["torch", "ort_legacy", "ort_dynamo"];
    let recorded = recorded.map(|by| (by, array::<f32>(&format!("logits_{by}.npy"))));
    for export in EXPORTS {
        let records = records(&real(export));
        let sound: Vec<_> =
            records.iter().enumerate().filter(|(i, r)| fires_as_recorded(r, &spikes, *i)).collect();
        let edge = records.len() - sound.len();
        assert!(edge <= IMAGES_ON_THE_EDGE, "{export}: {edge} images");
        for (by, logits) in &recorded {
            let mut worst: f64 = 0.0;
            for (i, record) in &sound {
                let all = record.steps.iter().enumerate();
                for (t, c, x) in
                    all.flat_map(|(t, s)| s.iter().enumerate().map(move |(c, x)| (t, c, x)))
                {
                    let other = f64::from(logits[(t * INPUTS.len() + i) * 10 + c]);
                    worst = worst.max((x - other).abs());
                }
            }
            eprintln!(
                "{export} export, logits of {by}: off by {worst:.1e}, {edge} images on the edge"
            );
            assert!(worst <= FLOAT_BOUND, "{export}, {by}: {worst}");
        }
    }
}

/// Share of right classes.
fn accuracy(records: &[Record]) -> f64 {
    let labels = INPUTS.labels.as_ref().unwrap();
    let right = records.iter().zip(labels).filter(|(r, l)| r.class == usize::from(**l)).count();
    right as f64 / records.len() as f64
}

#[test]
fn the_integers_decide_as_the_real_numbers_do() {
    for export in EXPORTS {
        let real = real(export);
        let (float, fixed) = (records(&real), records(&integer(&real)));
        let same = float.iter().zip(&fixed).filter(|(a, b)| a.class == b.class).count();
        let (a, b) = (accuracy(&float), accuracy(&fixed));
        eprintln!("{export}: {same} of {} classes the same, accuracy {a} and {b}", float.len());
        assert!(same * 1000 >= float.len() * 999, "{export}: {same}");
        assert!((a - b).abs() <= 0.001, "{export}: {a} and {b}");
        assert!(float.iter().all(|r| matches!(r.logits, Logits::Real(_))));
        assert!(fixed.iter().all(|r| matches!(r.logits, Logits::Integer(_))));
    }
}

#[test]
fn the_accuracy_is_the_recorded_one() {
    let expected = std::fs::read_to_string(file("expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
    let found = accuracy(&records(&real("dynamo")));
    assert_eq!(Some(found), expected["accuracy_1000"].as_f64());
}

#[test]
fn simulated_hardware_does_exactly_what_the_integers_say() {
    let graph = integer(&real("dynamo"));
    let (design, _) = hardware(&graph);
    let inputs = INPUTS.first(INPUTS.len());
    let want = InterpExecutor::new(&graph).unwrap().run(&inputs).unwrap();
    let found = SimExecutor::new(&design, Vec::new()).run(&inputs).unwrap();
    let (tally, first) = compare(inputs.len(), &want, &found, Scope::spikes(&design));
    assert_eq!(first, None);
    assert_eq!((tally.images, tally.differences()), (1000, 0));
    assert_eq!((tally.spikes.0, tally.logits.0), (1000 * 128 * 4, 1000 * 10));
}

#[test]
fn an_inference_takes_few_cycles() {
    let (design, estimate) = hardware(&integer(&real("dynamo")));
    let sim = Sim::new(&design);
    let cycles: Vec<u64> =
        INPUTS.iter().map(|x| sim.run(x, &[], &mut NoProbe).unwrap().latency()).collect();
    let mean = cycles.iter().sum::<u64>() as f64 / cycles.len() as f64;
    let worst = cycles.iter().max().unwrap();
    eprintln!("core cycles: mean {mean:.1}, worst {worst}, estimate {}", estimate.cycles);
    assert!(mean <= 2000.0, "{mean}");
    // The estimate takes a typical activity; it need not be exact.
    let share = estimate.cycles as f64 / mean;
    assert!((0.75..1.25).contains(&share), "{share}");
}

#[test]
fn the_estimate_fits_the_chip() {
    for name in ["icebreaker", "ice40up5k"] {
        let target = target::load(name).unwrap();
        let graph = integer(&real("dynamo"));
        let (_, e) = hw::lower(&graph, &target, &hw::Options::default()).unwrap();
        let have = target.device.resources;
        assert!((have.lut4, have.ebr) == (5280, 30));
        assert!(e.lut4 <= have.lut4 && e.ebr <= have.ebr, "{name}: {} LUT4, {} EBR", e.lut4, e.ebr);
    }
}

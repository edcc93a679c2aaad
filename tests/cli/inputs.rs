// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Inputs in several formats and encodings: what the commands take and refuse.

use std::io::Read as _;
use std::path::Path;

use crate::models::expand;
use crate::run::Place;

/// What a gzipped idx file holds, without its header.
fn elements(path: &str, header: usize) -> Vec<u8> {
    let packed = std::fs::read(path).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    bytes.split_off(header)
}

/// An npy file.
fn npy(descr: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape})}}");
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), elements].concat()
}

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/files").join(name).display().to_string()
}

#[test]
fn arrays_of_numpy_give_the_same_as_idx() {
    let place = Place::without_tools();
    let (pixels, classes) = (elements(&expand("{images}"), 16), elements(&expand("{labels}"), 8));
    place.file("x.npy", npy("|u1", "1000, 1, 28, 28", &pixels));
    let words: Vec<u8> = classes.iter().flat_map(|c| i64::from(*c).to_le_bytes()).collect();
    place.file("y.npy", npy("<i8", "1000,", &words));
    let rest = "--count 20";
    let idx =
        place.json(&format!("simulate {{student}} --images {{images}} --labels {{labels}} {rest}"));
    let npy = place.json(&format!("simulate {{student}} --images x.npy --labels y.npy {rest}"));
    assert_eq!(idx, npy);
}

#[test]
fn what_the_hardware_cannot_take_is_said() {
    let place = Place::without_tools();
    let images = "simulate {student} --images {images}";
    for encoding in ["rate", "latency", "latency-log", "threshold --threshold 200:50"] {
        let line = format!("{images} --encoding {encoding}");
        place.refused(&line, 1, "SF0016", "change with time (4 timesteps)");
    }
    place.good(&format!("{images} --count 2 --encoding direct"));
    // A camera of 28 × 28 without polarities has as many places as the model has inputs.
    place.file("a.csv", "t,x,y\n1,0,0\n5,27,27\n");
    let line = "simulate {student} --images a.csv --sensor 28x28 --bins count --binary";
    place.refused(line, 1, "SF0016", "change with time (4 timesteps)");
    place.refused("simulate {student} --images a.csv", 1, "SF0010", "--sensor");
    let digits = fixture("digits");
    place.refused(&format!("simulate {{student}} --images {digits}"), 1, "SF0011", "2312 pixels");
}

#[test]
fn options_that_make_no_sense() {
    let place = Place::without_tools();
    let images = "simulate {student} --images {images}";
    place.refused(&format!("{images} --encoding threshold"), 1, "SF0003", "--threshold");
    place.refused(&format!("{images} --threshold 5"), 1, "SF0003", "--threshold");
    place.refused(&format!("{images} --encoding rate --full-scale 0"), 1, "SF0003", "full scale");
    place.refused(&format!("{images} --encoding rate --full-scale 9"), 1, "SF0012", "input 0");
    for wrong in
        ["--encoding x", "--bins 0", "--bins x", "--sensor 0", "--sensor 3x", "--time-axis 2"]
    {
        assert_eq!(place.run(&format!("{images} {wrong}")).code, Some(2), "{wrong}");
    }
}

/// A model that takes `[timestep, …]`, and what it computes as an array.
#[test]
fn sequences_are_shown_timestep_by_timestep() {
    let place = Place::without_tools();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/sequence");
    let expected = std::fs::read(models.join("expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    let numbers = |key: &str| -> Vec<f64> {
        let rows: Vec<Vec<Vec<f64>>> =
            serde_json::from_value(expected["levels"][key].clone()).unwrap();
        rows.into_iter().flatten().flatten().collect()
    };
    let levels: Vec<u8> = numbers("input").iter().map(|x| *x as u8).collect();
    place.file("x.npy", npy("|u1", "5, 4, 6", &levels));
    let model = models.join("levels_legacy.onnx").display().to_string();
    let line = format!("simulate {model} --images x.npy --outputs y.npy --threads 2");
    place.refused(&line, 1, "SF0011", "24 pixels");
    place.refused(&line, 1, "SF0011", "--time-axis 1 for [input, timestep, …]");
    place.good(&format!("{line} --time-axis 1"));
    let bytes = std::fs::read(place.path("y.npy")).unwrap();
    let outputs = npyz::NpyFile::new(&bytes[..]).unwrap();
    assert_eq!(outputs.shape(), [5, 4, 3]);
    let outputs: Vec<f64> = outputs.into_vec().unwrap();
    assert!(outputs.iter().zip(numbers("legacy")).all(|(a, b)| (a - b).abs() < 1e-5));
}

/// A model whose logits are of all timesteps together has a row of them for each input.
#[test]
fn outputs_of_a_classifier_are_its_logits() {
    let place = Place::without_tools();
    place.good("simulate {conv} --images {images} --count 3 --outputs y.npy --threads 2");
    let bytes = std::fs::read(place.path("y.npy")).unwrap();
    let outputs = npyz::NpyFile::new(&bytes[..]).unwrap();
    assert_eq!(outputs.shape(), [3, 10]);
    let logits: Vec<f64> = outputs.into_vec().unwrap();
    assert!(logits.iter().all(|l| l.is_finite()) && logits[..10] != logits[10..20], "{logits:?}");
}

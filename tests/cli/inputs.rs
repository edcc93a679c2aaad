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

/// Arrays of both forms: the real-valued model's are those of the plain array, the integer
/// model's classes those of its logits, and the spikes as many as the firing rate says.
/// Random inputs are called random, and a file that has fewer inputs than were asked for is told.
#[test]
fn results_say_what_their_inputs_were() {
    let place = Place::without_tools();
    place.good("compile {small} --target icebreaker -o b");
    let random = "\nthe inputs are random, seed 1 (--images FILE for real ones)\n";
    for line in ["simulate b --count 2", "energy b --count 2", "verify b --count 2"] {
        assert!(place.good(line).contains(random), "{line}");
    }
    let line = "simulate {student} --images {images} --count";
    let said = place.good(&format!("{line} 2"));
    assert!(!said.contains("random") && !said.contains("--count"), "{said}");
    let said = place.good(&format!("{line} 5000"));
    assert!(said.contains("\n--count 5,000: the file has "), "{said}");
}

type Archive<'a> = zip::ZipArchive<std::io::Cursor<&'a [u8]>>;

/// An array's shape and values.
fn array<T: npyz::Deserialize>(archive: &mut Archive<'_>, name: &str) -> (Vec<u64>, Vec<T>) {
    let file = archive.by_name(&format!("{name}.npy")).unwrap();
    let array = npyz::NpyFile::new(file).unwrap();
    (array.shape().to_vec(), array.into_vec().unwrap())
}

#[test]
fn outputs_may_be_everything() {
    let place = Place::without_tools();
    let line = "simulate {student} --images {images} --count 7";
    place.good(&format!("{line} --outputs y.npy"));
    let said = place.good(&format!("{line} --outputs y.npz --threads 2 --json"));
    let bytes = std::fs::read(place.path("y.npz")).unwrap();
    place.good(&format!("{line} --outputs again.npz --threads 1"));
    assert!(bytes == std::fs::read(place.path("again.npz")).unwrap());

    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&bytes[..])).unwrap();
    let (shape, logits) = array::<f64>(&mut archive, "logits_real");
    let plain = std::fs::read(place.path("y.npy")).unwrap();
    assert_eq!(shape, [7, 4, 10]);
    assert_eq!(logits, npyz::NpyFile::new(&plain[..]).unwrap().into_vec::<f64>().unwrap());
    let first_of_the_largest = |logits: &[i64]| {
        let most = logits.iter().max().unwrap();
        logits.iter().position(|l| l == most).unwrap() as i64
    };
    let (shape, integers) = array::<i64>(&mut archive, "logits");
    assert_eq!(shape, [7, 10]);
    let classes: Vec<i64> = integers.chunks(10).map(first_of_the_largest).collect();
    assert_eq!(array::<i64>(&mut archive, "classes"), (vec![7], classes));
    assert_eq!(array::<i64>(&mut archive, "classes_real").0, [7]);
    let names: Vec<String> = archive.file_names().map(|n| n.unwrap().into_owned()).collect();
    let layers: Vec<_> = names.iter().filter(|n| n.starts_with("spikes/")).collect();
    let (mut fired, mut slots) = (0.0, 0.0);
    for layer in layers {
        let (shape, spikes) = array::<u8>(&mut archive, layer.trim_end_matches(".npy"));
        assert_eq!((shape[0], shape[1], shape.len()), (7, 4, 3), "{layer}");
        fired += spikes.iter().map(|s| f64::from(*s)).sum::<f64>();
        slots += spikes.len() as f64;
    }
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(fired > 0.0);
    assert!((fired / slots - said["firing_rate"].as_f64().unwrap()).abs() < 1e-12);
}

/// What a neuron fires with is above what it does not fire with, and the rest of the file and of
/// the report is as without membranes.
#[test]
fn membranes_stand_beside_spikes() {
    let place = Place::without_tools();
    let line = "simulate {student} --images {images} --count 7 --json --threads";
    let plain = place.good(&format!("{line} 1 --outputs plain.npz"));
    assert_eq!(place.good(&format!("{line} 2 --outputs y.npz --membranes")), plain);
    let bytes = ["plain.npz", "y.npz"].map(|f| std::fs::read(place.path(f)).unwrap());
    let open = |bytes| zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let [mut plain, mut archive]: [Archive<'_>; 2] = [&bytes[0][..], &bytes[1][..]].map(open);
    let names: Vec<String> = plain.file_names().map(|n| n.unwrap().into_owned()).collect();
    assert_eq!(archive.len(), names.len() + 2);
    for layer in names.iter().filter_map(|n| n.strip_prefix("spikes/")?.strip_suffix(".npy")) {
        let spikes = array::<u8>(&mut archive, &format!("spikes/{layer}"));
        assert_eq!(spikes, array::<u8>(&mut plain, &format!("spikes/{layer}")));
        let (shape, membranes) = array::<i64>(&mut archive, &format!("membranes/{layer}"));
        assert_eq!(shape, spikes.0);
        let neurons = shape[2] as usize;
        for n in 0..neurons {
            let of = |s: u8| {
                let all = spikes.1.iter().zip(&membranes).skip(n).step_by(neurons);
                all.filter(move |(fired, _)| **fired == s).map(|(_, u)| *u)
            };
            let (most, least) = (of(0).max(), of(1).min());
            assert!(most.is_none() || least.is_none() || most < least, "{layer} {n}");
        }
        let (real_shape, reals) = array::<f64>(&mut archive, &format!("membranes_real/{layer}"));
        assert_eq!(real_shape, shape);
        // Both forms fire with the same ones, but for a few by rounding; θ is 1 in the real form.
        let pairs = reals.iter().zip(&spikes.1);
        let same = pairs.filter(|(u, fired)| (**u >= 1.0) == (**fired == 1)).count();
        assert!(same * 1000 > 998 * reals.len(), "{layer}: {same}");
    }
    let line = "simulate {student} --images {images} --membranes --outputs";
    place.refused(&format!("{line} y.npy"), 1, "SF0003", "--outputs FILE.npz");
}

#[test]
fn classes_stand_beside_their_labels() {
    let place = Place::without_tools();
    let line = "simulate {student} --images {images} --labels {labels} --count 50";
    let text = place.good(&format!("{line} --confusion=c.svg --threads 2"));
    let said = place.json(&format!("{line} --confusion"));
    let pairs = said["confusion"].as_array().unwrap();
    let sum = |of: &dyn Fn(&serde_json::Value) -> bool| {
        pairs.iter().filter(|p| of(p)).map(|p| p["count"].as_u64().unwrap()).sum::<u64>()
    };
    let right = said["accuracy_integer"].as_f64().unwrap() * 50.0;
    assert_eq!((sum(&|_| true), sum(&|p| p["label"] == p["class"])), (50, right.round() as u64));
    let first = text.lines().find(|l| l.starts_with("label")).unwrap();
    assert_eq!(first.split_whitespace().last(), Some("right"), "{text}");
    let picture = std::fs::read_to_string(place.path("c.svg")).unwrap();
    assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
    assert_eq!(place.json(line)["confusion"], serde_json::Value::Null);
    let without = "simulate {student} --images {images} --count 5 --confusion=d.svg";
    place.refused(without, 1, "SF0003", "there are none");
    assert!(!place.path("d.svg").exists());
}

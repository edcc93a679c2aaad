// SPDX-License-Identifier: Apache-2.0 OR MIT
//! npy, npz, idx.

use std::path::{Path, PathBuf};

use synfire::data::{self, Content, Options, TimeAxis, parse};

use crate::{expected, file, number, numbers, reals, text};

#[test]
fn numpy_and_idx2numpy_read_the_same() {
    for want in expected("arrays") {
        let name = text(&want["file"]);
        let bytes = std::fs::read(file(name)).unwrap();
        let found = parse(&bytes, Path::new(name), want["member"].as_str(), None);
        let Ok(Content::Array(array)) = found else { panic!("{name}: {found:?}") };
        let shape: Vec<usize> = want["shape"].as_array().unwrap().iter().map(number).collect();
        assert_eq!(array.shape, shape, "{name}");
        let (kind, values) = reals(array.values.get(0..array.values.len()).unwrap());
        assert_eq!(kind, text(&want["kind"]), "{name}");
        assert_eq!(values, numbers(&want["values"]), "{name}");
    }
}

#[test]
fn npyz_reads_the_same() {
    for name in ["le_f4_F.npy", "le_f4_C.npy"] {
        let bytes = std::fs::read(file(name)).unwrap();
        let Ok(Content::Array(ours)) = parse(&bytes, Path::new(name), None, None) else { panic!() };
        let npy = npyz::NpyFile::new(&bytes[..]).unwrap();
        let fortran = npy.order() == npyz::Order::Fortran;
        assert_eq!(fortran, name.contains("_F"));
        let theirs: Vec<f32> = npy.into_vec().unwrap();
        let place = |[i, j, k]: [usize; 3]| {
            if fortran { i + 3 * (j + 2 * k) } else { (i * 2 + j) * 4 + k }
        };
        let (_, values) = reals(ours.values.get(0..24).unwrap());
        for (n, value) in values.iter().enumerate() {
            assert_eq!(*value, f64::from(theirs[place([n / 8, n / 4 % 2, n % 4])]));
        }
    }
}

#[test]
fn images_and_labels_come_from_one_npz() {
    let member = |name: &str| PathBuf::from(format!("{}:{name}", file("stored.npz").display()));
    let samples = data::samples(&member("x"), Some(&member("y")), &Options::default()).unwrap();
    assert_eq!((samples.len(), samples.size(), samples.timesteps()), (5, 4, None));
    assert_eq!(samples.labels.as_ref().unwrap().len(), 5);
    let inputs = data::load(&member("x"), Some(&member("y"))).unwrap();
    assert_eq!((inputs.len(), inputs.size), (5, 4));
    let which = data::samples(&file("stored.npz"), None, &Options::default()).unwrap_err();
    assert!(which.help.unwrap().contains("x, y"));
    let missing = data::samples(&member("z"), None, &Options::default()).unwrap_err();
    assert_eq!((missing.code.id, missing.message.as_str()), ("SF0010", "there is no array `z`"));
}

#[test]
fn a_dimension_may_be_time() {
    let of = |time| {
        let options = Options { time: Some(time), ..Options::default() };
        data::samples(&file("le_u1_C.npy"), None, &options).unwrap()
    };
    let (first, second) = (of(TimeAxis::First), of(TimeAxis::Second));
    assert_eq!((first.len(), first.timesteps(), first.shape()), (2, Some(3), &[4][..]));
    assert_eq!((second.len(), second.timesteps(), second.shape()), (3, Some(2), &[4][..]));
    for (sample, timestep) in [(0, 0), (0, 2), (1, 1)] {
        let found = first.step(sample, timestep);
        assert!(found.is_some());
        assert_eq!(found, second.step(timestep, sample));
    }
}

#[test]
fn labels_have_to_belong_to_the_inputs() {
    let with = |labels: &str| {
        data::samples(&file("idx_08"), Some(&file(labels)), &Options::default()).unwrap_err()
    };
    let error = with("version2.npy");
    assert_eq!((error.code.id, error.location.file), ("SF0014", Some(file("version2.npy"))));
    assert_eq!(with("camera.csv").code.id, "SF0014");
    assert_eq!(with("idx_0e").code.id, "SF0014");
}

#[test]
fn the_hardware_takes_bytes_from_every_array_format() {
    for name in ["idx_08", "le_u1_C.npy", "version2.npy", "le_b1_C.npy", "one.npz"] {
        let inputs = data::load(&file(name), None).unwrap();
        assert!(!inputs.is_empty() && inputs.first(1)[0].len() == inputs.size, "{name}");
    }
    for name in ["idx_0d", "levels_i8.npy", "digits"] {
        let error = data::load(&file(name), None).unwrap_err();
        assert_eq!((error.code.id, error.location.file), ("SF0016", Some(file(name))), "{name}");
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Data sets of many files, and where their labels come from.

use std::fs;

use synfire::data::{self, Bins, Framing, Options, Samples, Sensor};
use synfire::diag::Result;

use crate::{expected, file, number};

fn options(sensor: Option<Sensor>) -> Options {
    let framing = Framing { timesteps: 2, bins: Bins::Count, binary: false };
    Options { sensor, framing, ..Options::default() }
}

fn spikes(samples: &Samples, i: usize) -> f64 {
    samples.get(i).unwrap().to_reals().iter().sum()
}

#[test]
fn directories_name_the_classes() {
    for (folder, sensor, shape) in
        [("digits", None, vec![2, 34, 34]), ("words", Some(Sensor::Channels(700)), vec![700])]
    {
        let samples = data::samples(&file(folder), None, &options(sensor)).unwrap();
        let want = expected("folders").into_iter().filter(|f| f["folder"] == folder);
        let want: Vec<u32> = want.map(|f| number(&f["label"]) as u32).collect();
        assert_eq!(samples.labels, Some(want.clone()));
        assert_eq!((samples.len(), samples.timesteps()), (want.len(), Some(2)));
        assert_eq!(samples.shape(), shape);
        assert_eq!(samples.events.unwrap().files, want.len());
        let first = Options { count: Some(1), ..options(sensor) };
        assert_eq!(data::samples(&file(folder), None, &first).unwrap().len(), 1);
    }
}

#[test]
fn trials_are_cut_out_of_recordings() {
    let gestures = file("gestures");
    let samples = data::samples(&gestures, Some(&gestures), &options(None)).unwrap();
    let want = expected("trials");
    assert_eq!(samples.len(), want.len());
    for (i, trial) in want.iter().enumerate() {
        assert_eq!(samples.labels.as_ref().unwrap()[i] as usize, number(&trial["label"]));
        assert_eq!(spikes(&samples, i) as usize, number(&trial["events"]));
    }
    // One recording with its table; and the one that the data set's list names.
    let of = |inputs: &str, labels: &str| {
        data::samples(&gestures.join(inputs), Some(&gestures.join(labels)), &options(None))
    };
    let one = of("user02_lab.aedat", "user02_lab_labels.csv").unwrap();
    let list = of("trials_to_test.txt", "").unwrap();
    assert_eq!((one.len(), one.labels.clone()), (3, Some(vec![1, 10, 0])));
    assert_eq!(one.values(), list.values());
    assert_eq!((0..3).map(|i| spikes(&one, i)).sum::<f64>(), 37.0 + 79.0 + 48.0);
    let counts = one.events.unwrap();
    assert_eq!((counts.events, counts.files), (200, 1));
}

#[test]
fn labels_may_be_an_array_in_the_order_of_names() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["b.bin", "a.bin", ".hidden"] {
        fs::copy(file("digits/0/00000.bin"), dir.path().join(name)).unwrap();
    }
    let labels = dir.path().with_extension("npy");
    fs::copy(file("levels_i8.npy"), &labels).unwrap();
    let error = data::samples(dir.path(), Some(&labels), &options(None)).unwrap_err();
    assert_eq!(error.code.id, "SF0014");
    fs::write(&labels, [&[0, 0, 8, 1, 0, 0, 0, 2][..], &[7, 9]].concat()).unwrap();
    let samples = data::samples(dir.path(), Some(&labels), &options(None)).unwrap();
    assert_eq!(samples.labels, Some(vec![7, 9]));
    fs::remove_file(labels).unwrap();
}

#[test]
fn what_does_not_fit_together_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let code = |r: Result<Samples>| {
        let d = r.unwrap_err();
        assert!(d.location.file.is_some(), "{d}");
        d.code.id
    };
    let root = dir.path();
    assert_eq!(code(data::samples(root, None, &options(None))), "SF0010");
    // A file beside the directories of classes.
    fs::create_dir(root.join("0")).unwrap();
    fs::write(root.join("readme"), "x").unwrap();
    assert_eq!(code(data::samples(root, None, &options(None))), "SF0010");
    fs::remove_file(root.join("readme")).unwrap();
    assert_eq!(code(data::samples(root, None, &options(None))), "SF0010");
    // An array among recordings; a recording without events; sensors that differ.
    fs::copy(file("idx_08"), root.join("0/a")).unwrap();
    assert_eq!(code(data::samples(root, None, &options(None))), "SF0010");
    fs::remove_file(root.join("0/a")).unwrap();
    fs::write(root.join("0/a.bin"), "").unwrap();
    assert_eq!(code(data::samples(root, None, &options(None))), "SF0010");
    fs::copy(file("digits/0/00000.bin"), root.join("0/a.bin")).unwrap();
    fs::copy(file("lz4.aedat4"), root.join("0/b.aedat4")).unwrap();
    assert_eq!(code(data::samples(root, None, &options(None))), "SF0011");
    // Labels twice; labels of trials that are not there; a span without events.
    assert_eq!(code(data::samples(root, Some(root), &options(None))), "SF0014");
    let recording = file("gestures/user01_led.aedat");
    assert_eq!(code(data::samples(&recording, Some(root), &options(None))), "SF0001");
    let table = root.join("0/labels.csv");
    fs::write(&table, "class,startTime_usec,endTime_usec\n1,5000000,6000000\n").unwrap();
    assert_eq!(code(data::samples(&recording, Some(&table), &options(None))), "SF0014");
    fs::write(&table, "class,startTime_usec,endTime_usec\n").unwrap();
    assert_eq!(code(data::samples(&recording, Some(&table), &options(None))), "SF0014");
}

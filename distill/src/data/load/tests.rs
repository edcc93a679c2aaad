// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Small files of every format, written here.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::*;
use crate::nn::Extent;

fn load(folder: &Path, split: Split, options: &Options) -> Result<Dataset> {
    Dataset::load(folder.to_str().unwrap(), split, options)
}

fn train(folder: &Path) -> Result<Dataset> {
    load(folder, Split::Train, &Options::default())
}

fn id(result: Result<Dataset>) -> &'static str {
    result.unwrap_err().code.id
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn idx(shape: &[u32], values: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, shape.len() as u8];
    shape.iter().for_each(|d| file.extend(d.to_be_bytes()));
    file.extend(values);
    file
}

/// Three images of 2 × 2, and one to test.
fn four_files(folder: &Path) {
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    let images: Vec<u8> = (0..12).collect();
    write("train-images-idx3-ubyte", &idx(&[3, 2, 2], &images));
    write("train-labels-idx1-ubyte", &idx(&[3], &[2, 0, 9]));
    write("t10k-images-idx3-ubyte.gz", &gzip(&idx(&[1, 2, 2], &[9, 8, 7, 6])));
    write("t10k-labels-idx1-ubyte.gz", &gzip(&idx(&[1], &[5])));
}

#[test]
fn images_in_idx_files_plain_or_gzipped() {
    let folder = tempfile::tempdir().unwrap();
    four_files(folder.path());
    let set = train(folder.path()).unwrap();
    assert_eq!((set.extent, set.steps, set.classes), (Extent(1, 2, 2), None, 10));
    assert_eq!((set.sample(1), set.labels()), (&[4, 5, 6, 7][..], &[2, 0, 9][..]));
    let test = load(folder.path(), Split::Test, &Options::default()).unwrap();
    assert_eq!((test.sample(0), test.labels()), (&[9, 8, 7, 6][..], &[5][..]));
    let two = Options { count: Some(2), ..Options::default() };
    let named = Options { folder: Some(folder.path().into()), ..two.clone() };
    let set = Dataset::load("mnist", Split::Train, &named).unwrap();
    assert_eq!((set.len(), set.classes), (2, 10));
    assert_eq!(id(load(folder.path(), Split::Train, &Options { count: Some(0), ..two })), "SF0821");
}

#[test]
fn damaged_idx_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let images = folder.join("train-images-idx3-ubyte");
    let labels = folder.join("train-labels-idx1-ubyte");
    for (images_are, labels_are, code) in [
        (&idx(&[3, 2, 2], &[0; 11])[..], &idx(&[3], &[0; 3])[..], "SF0010"),
        (&idx(&[u32::MAX, 28, 28], &[0; 12]), &idx(&[3], &[0; 3]), "SF0015"),
        (&idx(&[1 << 20, 28, 28], &[0; 12]), &idx(&[3], &[0; 3]), "SF0010"),
        (&[], &idx(&[3], &[0; 3]), "SF0010"),
        (&idx(&[3, 2, 2], &[0; 12]), &idx(&[2], &[0; 2]), "SF0014"),
        (&idx(&[3, 4], &[0; 12]), &idx(&[3], &[0; 3]), "SF0802"),
    ] {
        fs::write(&images, images_are).unwrap();
        fs::write(&labels, labels_are).unwrap();
        assert_eq!(id(train(folder)), code);
    }
    let whole = gzip(&idx(&[3, 2, 2], &[0; 12]));
    fs::write(&images, &whole[..whole.len() - 9]).unwrap();
    assert_eq!(id(train(folder)), "SF0010");
    four_files(folder);
    fs::write(&labels, idx(&[3], &[1, 2, 10])).unwrap();
    let named = Options { folder: Some(folder.into()), ..Options::default() };
    assert_eq!(id(Dataset::load("mnist", Split::Train, &named)), "SF0802");
    fs::remove_file(labels).unwrap();
    assert_eq!(id(train(folder)), "SF0820");
}

#[test]
fn digits_are_split_by_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("digits.csv.gz");
    let line = |i: usize| format!("{}{}\n", format!("{},", i % 17).repeat(64), i % 10);
    let text: String = (0..1797).map(line).collect();
    fs::write(&path, gzip(text.as_bytes())).unwrap();
    let set = train(folder.path()).unwrap();
    assert_eq!((set.len(), set.extent, set.classes), (1437, Extent(1, 8, 8), 10));
    assert_eq!((set.sample(16), set.labels()[16], set.scale), (&[16; 64][..], 6, 0.0625));
    let test = load(folder.path(), Split::Test, &Options::default()).unwrap();
    assert_eq!((test.len(), test.labels()[0]), (360, 7));
    let short: String = (0..100).map(line).collect();
    let bright = text.replacen("1,", "17,", 1);
    let narrow = text.replacen("1,", "", 1);
    for (text, code) in [(short, "SF0802"), (bright, "SF0010"), (narrow, "SF0010")] {
        fs::write(&path, gzip(text.as_bytes())).unwrap();
        assert_eq!(id(train(folder.path())), code);
    }
}

#[test]
fn records_of_cifar() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let ten = |label: u8| [vec![label], vec![label + 100; 3072]].concat();
    for i in 1..=5 {
        let records = [ten(i), ten(i + 1)].concat();
        fs::write(folder.join(format!("data_batch_{i}.bin")), records).unwrap();
    }
    fs::write(folder.join("test_batch.bin"), ten(9)).unwrap();
    let set = train(folder).unwrap();
    assert_eq!((set.extent, set.classes), (Extent(3, 32, 32), 10));
    assert_eq!(set.labels(), [1, 2, 2, 3, 3, 4, 4, 5, 5, 6]);
    assert_eq!(set.sample(9), [106; 3072]);
    assert_eq!(load(folder, Split::Test, &Options::default()).unwrap().labels(), [9]);
    fs::write(folder.join("data_batch_5.bin"), &ten(1)[1..]).unwrap();
    assert_eq!(id(train(folder)), "SF0010");
    let first = Options { count: Some(3), ..Options::default() };
    assert_eq!(load(folder, Split::Train, &first).unwrap().labels(), [1, 2, 2]);
    fs::write(folder.join("data_batch_1.bin"), ten(10)).unwrap();
    assert_eq!(id(load(folder, Split::Train, &first)), "SF0802");
    fs::remove_file(folder.join("data_batch_5.bin")).unwrap();
    assert_eq!(id(train(folder)), "SF0820");

    let hundred = tempfile::tempdir().unwrap();
    let record = [vec![3, 77], vec![1; 3072]].concat();
    fs::write(hundred.path().join("train.bin"), record.repeat(2)).unwrap();
    let set = train(hundred.path()).unwrap();
    assert_eq!((set.labels(), set.classes, set.sample(1)), (&[77, 77][..], 100, &[1; 3072][..]));
    fs::write(hundred.path().join("train.bin"), []).unwrap();
    assert_eq!(id(train(hundred.path())), "SF0010");
}

/// An event of N-MNIST, before 2^16 µs.
fn saccade(t: u16, x: u8, y: u8, on: bool) -> [u8; 5] {
    let [high, low] = t.to_be_bytes();
    [x, y, u8::from(on) << 7, high, low]
}

#[test]
fn recordings_of_digits() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for class in 0..10_u8 {
        let of = folder.join("Train").join(class.to_string());
        fs::create_dir_all(&of).unwrap();
        for name in ["00002.bin", "00001.bin"] {
            let events = [
                saccade(0, class, 0, false),
                saccade(1, class, 0, false),
                saccade(2, class ^ 1, 1, false),
                saccade(99, 33, 33, true),
            ];
            // The first one, in the order of names, has an event more.
            let more = if name == "00001.bin" { &saccade(99, 33, 0, true)[..] } else { &[] };
            fs::write(of.join(name), [events.as_flattened(), more].concat()).unwrap();
        }
    }
    let steps = |steps| Events { steps, ..Events::default() };
    let options = |count, events| Options { count, events, ..Options::default() };
    let set = load(folder, Split::Train, &options(Some(12), steps(2))).unwrap();
    assert_eq!((set.extent, set.steps, set.scale), (Extent(2, 34, 34), Some(2), 1.0));
    assert_eq!(set.labels(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    let (first, last) = (set.sample(0), set.sample(11));
    assert_eq!((last[1], last[34], last[2 * 2 * 34 * 34 - 1]), (2, 1, 1));
    let events = |sample: &[u8]| sample.iter().map(|c| u32::from(*c)).sum::<u32>();
    assert_eq!((events(first), events(last)), (5, 4));

    let pooled = |binary| Events { steps: 1, pool: 2, binary };
    let set = load(folder, Split::Train, &options(None, pooled(false))).unwrap();
    assert_eq!((set.len(), set.extent), (20, Extent(2, 17, 17)));
    assert_eq!((set.sample(0)[0], set.sample(5)[2], set.sample(0)[2 * 17 * 17 - 1]), (3, 3, 1));
    let set = load(folder, Split::Train, &options(None, pooled(true))).unwrap();
    assert_eq!(set.sample(0)[0], 1);

    let by_four = Events { pool: 4, ..Events::default() };
    assert_eq!(id(load(folder, Split::Train, &options(None, by_four))), "SF0821");
    let rate = Options { encoding: Encoding::Rate { steps: 2 }, ..Options::default() };
    assert_eq!(id(load(folder, Split::Train, &rate)), "SF0821");
    assert_eq!(id(load(folder, Split::Train, &options(None, steps(0)))), "SF0003");
    assert_eq!(id(load(folder, Split::Train, &options(None, steps(usize::MAX)))), "SF0015");
    assert_eq!(id(load(folder, Split::Test, &Options::default())), "SF0820");
    let cut = &saccade(0, 0, 0, true)[..4];
    fs::write(folder.join("Train/9/00001.bin"), cut).unwrap();
    assert_eq!(id(train(folder)), "SF0010");
}

/// A recording of a DVS128: one packet of polarity events `(t, x, y, on)`.
fn aedat(events: &[(u32, u32, u32, bool)]) -> Vec<u8> {
    let mut file = b"#!AER-DAT3.1\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n".to_vec();
    file.extend([1_u16, 1].iter().flat_map(|v| v.to_le_bytes()));
    let count = events.len() as u32;
    file.extend([8, 4, 0, count, count, count].iter().flat_map(|v: &u32| v.to_le_bytes()));
    for (t, x, y, on) in events {
        let word = x << 17 | y << 2 | u32::from(*on) << 1 | 1;
        file.extend([word, *t].iter().flat_map(|v| v.to_le_bytes()));
    }
    file
}

#[test]
fn trials_of_gestures() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let many = [vec![(20, 127, 127, true); 300], vec![(29, 0, 0, false)]].concat();
    let events = [vec![(10, 4, 0, true), (19, 5, 3, true)], many].concat();
    fs::write(folder.join("user01.aedat"), aedat(&events)).unwrap();
    let table = "class,startTime_usec,endTime_usec\n11,10,20\n1,20,30\n";
    fs::write(folder.join("user01_labels.csv"), table).unwrap();
    fs::write(folder.join("trials_to_train.txt"), "user01.aedat\n\n").unwrap();
    fs::write(folder.join("trials_to_test.txt"), "user02.aedat\n").unwrap();
    let events = Events { steps: 2, pool: 4, binary: false };
    let options = Options { events, ..Options::default() };
    let set = load(folder, Split::Train, &options).unwrap();
    assert_eq!((set.extent, set.steps, set.classes), (Extent(2, 32, 32), Some(2), 11));
    assert_eq!(set.labels(), [10, 0]);
    let lit = |i: usize| -> Vec<_> {
        let levels = set.sample(i).iter().enumerate();
        levels.filter(|(_, l)| **l > 0).map(|(place, l)| (place, *l)).collect()
    };
    assert_eq!(lit(0), [(1024 + 1, 1), (2048 + 1024 + 1, 1)]);
    assert_eq!(lit(1), [(2047, 255), (2048, 1)]);
    let one = Options { count: Some(1), ..options.clone() };
    assert_eq!(load(folder, Split::Train, &one).unwrap().labels(), [10]);
    assert_eq!(id(load(folder, Split::Test, &options)), "SF0001");
    fs::write(folder.join("trials_to_train.txt"), "\n").unwrap();
    assert_eq!(id(load(folder, Split::Train, &options)), "SF0802");
    fs::write(folder.join("user02.aedat"), &aedat(&[(1, 1, 1, true)])[..70]).unwrap();
    fs::write(folder.join("user02_labels.csv"), table).unwrap();
    assert_eq!(id(load(folder, Split::Test, &options)), "SF0010");
}

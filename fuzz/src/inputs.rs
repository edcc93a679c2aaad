// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Inputs: arrays have as many values as their shape says, recordings are in order and
//! inside their sensor, and what follows from both takes them or says why not.

use std::io::Read as _;
use std::path::Path;

use synfire::data::{
    self, Array, Bins, Content, Encoding, Framing, Latency, LatencyCode, MAX_BYTES, MEMORY_FACTOR,
    Rate, Recording, Sensor, Threshold, TimeAxis, Values,
};
use synfire::diag::Result;

use super::{memory, refused};

/// Errors of inputs.
const FAMILIES: &[&str] = &["SF001"];
/// For decoders (docs/inputs.md, "Limits").
const DECODERS: usize = 16 << 20;
/// Values up to which something is encoded or framed.
const SMALL: usize = 1 << 14;

pub fn npy(bytes: &[u8]) {
    read(bytes, bytes.len(), "a.npy", None, None);
}

pub fn npz(bytes: &[u8]) {
    for member in [None, Some("x")] {
        read(bytes, unpacked(bytes.len()), "a.npz", member, None);
    }
}

pub fn idx(bytes: &[u8]) {
    read(bytes, bytes.len(), "a-idx3-ubyte", None, None);
}

/// Any format behind gzip.
pub fn gzip(bytes: &[u8]) {
    let mut all = Vec::new();
    let unpack = flate2::read::MultiGzDecoder::new(bytes).take(1 << 20).read_to_end(&mut all);
    let len = if unpack.is_ok() && all.len() < 1 << 20 { all.len() } else { unpacked(bytes.len()) };
    read(bytes, len.max(bytes.len()), "a-ubyte.gz", None, None);
}

pub fn aedat3(bytes: &[u8]) {
    read(bytes, bytes.len(), "a.aedat", None, None);
}

pub fn aedat4(bytes: &[u8]) {
    read(bytes, unpacked(bytes.len()), "a.aedat4", None, None);
}

pub fn nmnist(bytes: &[u8]) {
    read(bytes, bytes.len(), "a.bin", None, None);
}

pub fn table(bytes: &[u8]) {
    for sensor in [None, Some("9x7"), Some("700"), Some("65535x65535")] {
        read(bytes, bytes.len(), "a.csv", None, sensor.map(|s| s.parse().unwrap()));
    }
}

/// The most that may be unpacked (docs/inputs.md, "Limits").
fn unpacked(packed: usize) -> usize {
    (packed * 1100 + (1 << 16)).min(MAX_BYTES)
}

fn read(bytes: &[u8], unpacked: usize, name: &str, member: Option<&str>, sensor: Option<Sensor>) {
    let parse = || data::parse(bytes, Path::new(name), member, sensor);
    match memory::bounded(unpacked, MEMORY_FACTOR, DECODERS, parse) {
        Ok(Content::Array(a)) => array(a),
        Ok(Content::Recording(r)) => recording(&r),
        Err(d) => {
            refused(&d, FAMILIES);
            assert!(d.location.file.is_some() && d.location.path.is_some(), "{d}");
        }
    }
}

fn array(array: Array) {
    assert_eq!(array.shape.iter().product::<usize>(), array.values.len());
    if let Values::Real(v) = &array.values {
        assert!(v.iter().all(|x| x.is_finite()));
    }
    for axis in [None, Some(TimeAxis::First), Some(TimeAxis::Second)] {
        let samples = match array.clone().into_samples(axis) {
            Ok(samples) => samples,
            Err(d) => {
                refused(&d, FAMILIES);
                continue;
            }
        };
        let each = samples.size() * samples.timesteps().unwrap_or(1);
        assert_eq!(samples.len() * each, array.values.len());
        assert!(samples.get(samples.len()).is_none());
        for encoding in encodings().into_iter().filter(|_| array.values.len() <= SMALL) {
            match encoding.apply(samples.clone(), 3) {
                Ok(encoded) => assert_eq!(encoded.len(), samples.len()),
                Err(d) => refused(&d, &["SF001", "SF0003"]),
            }
        }
        for timesteps in [None, Some(3)] {
            if let Err(d) = samples.clone().into_inputs(timesteps) {
                refused(&d, FAMILIES);
            }
        }
    }
}

fn encodings() -> [Encoding; 4] {
    [
        Encoding::Rate(Rate { seed: 1, full: 255.0 }),
        Encoding::Threshold(Threshold { first: 1.0, last: 100.0 }),
        Encoding::Latency(Latency::new(LatencyCode::Linear, 255.0)),
        Encoding::Latency(Latency::new(LatencyCode::Logarithmic, 255.0)),
    ]
}

fn recording(recording: &Recording) {
    let events = &recording.events;
    assert!(events.windows(2).all(|w| w[0].t <= w[1].t));
    let inside = |x: u16, y: u16| match recording.sensor {
        Sensor::Pixels { width, height } => x < width && y < height,
        Sensor::Channels(n) => x < n && y == 0,
    };
    assert!(events.iter().all(|e| inside(e.x, e.y)));
    if recording.shape().iter().product::<usize>() > SMALL {
        return;
    }
    for bins in [Bins::Time, Bins::Count, Bins::Window(1000)] {
        let framing = Framing { timesteps: 3, bins, binary: false };
        match framing.frames(recording, events) {
            Ok((frames, unused)) => {
                let counted: usize = frames.iter().map(|n| usize::from(*n)).sum();
                assert_eq!(counted + unused, events.len());
            }
            Err(d) => refused(&d, FAMILIES),
        }
    }
}

/// Labels in an array: the first byte says of how many inputs.
pub fn labels(bytes: &[u8]) {
    let Some((&count, file)) = bytes.split_first() else { return };
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (";
    let header = format!("{header}{count}, 1)}}");
    let inputs =
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes()];
    let inputs = [&inputs.concat()[..], &vec![0; usize::from(count)]].concat();
    let samples = labelled(("in.npy", &inputs), ("labels", file));
    if let Some(Ok(samples)) = samples {
        assert_eq!(samples.labels.map(|l| l.len()), Some(usize::from(count)));
    }
}

/// A table that cuts a recording into trials.
pub fn trials(bytes: &[u8]) {
    // Eight events, 10 ms apart.
    let events: Vec<u8> = (0..8u32).flat_map(|i| [1, 2, 0, (i * 40) as u8, 16]).collect();
    if let Some(Ok(samples)) = labelled(("in.bin", &events), ("labels.csv", bytes)) {
        assert_eq!(
            samples.labels.as_ref().map(Vec::len),
            Some(samples.values().len() / (34 * 34 * 8))
        );
    }
}

/// Loads inputs and labels from files.
fn labelled(inputs: (&str, &[u8]), labels: (&str, &[u8])) -> Option<Result<data::Samples>> {
    let folder = tempfile::tempdir().ok()?;
    let path = |(name, bytes): (&str, &[u8])| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).ok().map(|()| path)
    };
    let (from, beside) = (path(inputs)?, path(labels)?);
    // Trials may overlap, and each becomes frames.
    let options = data::Options { count: Some(16), ..data::Options::default() };
    let read = || data::samples(&from, Some(&beside), &options);
    let samples = memory::bounded(unpacked(labels.1.len()), MEMORY_FACTOR, DECODERS, read);
    if let Err(d) = &samples {
        refused(d, FAMILIES);
    }
    Some(samples)
}

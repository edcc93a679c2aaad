// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How much memory reading an input takes: at most `MEMORY_FACTOR` bytes for each byte of
//! the unpacked file and what a decoder needs, whatever a header claims.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../fuzz/src/memory.rs"]
mod memory;
#[path = "common/rounds.rs"]
mod rounds;

use std::path::{Path, PathBuf};

use rounds::rounds;
use synfire::data::{MEMORY_FACTOR, Sensor, parse};

/// For messages and decoders: LZ4 and Zstandard take up to 8 MiB for blocks of any size.
const DECODER: usize = 16 << 20;

#[track_caller]
fn bounded(bytes: &[u8], unpacked: usize, name: &str, sensor: Option<Sensor>) {
    let read = || parse(bytes, Path::new(name), None, sensor);
    let _ = memory::bounded(unpacked, MEMORY_FACTOR, DECODER, read);
}

fn npy(descr: &str, fortran: &str, elements: usize, byte: u8, size: usize) -> Vec<u8> {
    let header =
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': ({elements}, 1)}}");
    let mut bytes =
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes()]
            .concat();
    bytes.resize(bytes.len() + elements * size, byte);
    bytes
}

#[test]
fn memory_is_bounded_by_the_size_of_the_file() {
    const N: usize = 4 << 20;
    let channels = Some(Sensor::Channels(u16::MAX));
    for fortran in ["False", "True"] {
        bounded(&npy("|i1", fortran, N, 0xff, 1), N, "i1.npy", None);
        bounded(&npy("<f2", fortran, N / 2, 0, 2), N, "f2.npy", None);
        bounded(&npy("|u1", fortran, N, 9, 1), N, "u1.npy", None);
    }
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, &npy("|i1", "True", N, 0xff, 1)).unwrap();
    bounded(&gz.finish().unwrap(), N, "i1.npy.gz", None);
    bounded(&[0; N / 5 * 5], N, "zeros.bin", None);
    bounded("t,c\n".repeat(N / 4).as_bytes(), N, "bad.csv", channels);
    let rows = ["t,channel\n", &"0,0\n".repeat(N / 4)].concat();
    bounded(rows.as_bytes(), N, "short.csv", channels);
    // Backwards, so that all have to be sorted.
    let rows: String = (0..N as u32 / 8).rev().map(|t| format!("{},0\n", t % 10_000)).collect();
    let rows = ["t,channel\n", &rows].concat();
    bounded(rows.as_bytes(), rows.len(), "backwards.csv", channels);
    let lines = ["t,channel\n", &"\n".repeat(N)].concat();
    bounded(lines.as_bytes(), N, "empty.csv", channels);
    // The test's own files with every kind of damage to their claims.
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/files");
    for name in [
        "stored.npz",
        "deflated.npz",
        "idx_0b.gz",
        "mixed.aedat",
        "none.aedat4",
        "lz4.aedat4",
        "zstd.aedat4",
        "version2.npy",
        "idx_0e",
    ] {
        let whole = std::fs::read(folder.join(name)).unwrap();
        for at in (0..whole.len()).step_by(7usize.div_ceil(rounds(1))) {
            for value in [0x00, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at..(at + 4).min(whole.len())].fill(value);
                // What unpacks to more than this is refused.
                bounded(&changed, 1 << 16, name, None);
            }
        }
    }
}

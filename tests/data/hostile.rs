// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Damaged and hostile files: always a coded message with a file and a place, never a
//! panic.

use std::path::Path;

use proptest::prelude::*;
use synfire::data::{Content, Sensor, parse};
use synfire::diag::Result;

use crate::rounds::rounds;
use crate::{cases, file};

/// A file of each kind, with the sensor that has to be said for it.
const FILES: &[(&str, &str)] = &[
    ("le_f4_F.npy", ""),
    ("version2.npy", ""),
    ("stored.npz", ""),
    ("deflated.npz", ""),
    ("one.npz", ""),
    ("idx_08", ""),
    ("idx_0e", ""),
    ("idx_0b.gz", ""),
    ("digits/3/00000.bin", ""),
    ("mixed.aedat", ""),
    ("gestures/user01_led.aedat", ""),
    ("none.aedat4", ""),
    ("lz4.aedat4", ""),
    ("zstd.aedat4", ""),
    ("camera.csv", "9x7"),
    ("words/one/a.csv", "700"),
];

const NAMES: &[&str] =
    &["a.npy", "a.npz", "a-ubyte", "a.bin", "a.aedat", "a.aedat4", "a.csv", "a.gz", "a"];

/// How files begin.
const MARKS: &[&[u8]] = &[
    b"\x93NUMPY\x01\x00",
    b"\x93NUMPY\x01\x00\x40\x00{'descr': '<f4', ",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"#!AER-DAT3.1\r\n",
    b"#!AER-DAT3.1\r\n#Source 0: DVS128\r\n#!END-HEADER\r\n\x01\0\0\0\x08\0\0\0\x04\0\0\0",
    b"#!AER-DAT4.0\r\n",
    b"#!AER-DAT4.0\r\n\x40\0\0\0\x18\0\0\0IOHE",
    b"\x1f\x8b\x08",
    b"\0\0\x08\x01",
    b"\0\0\x0d\x03",
    b"t,x,y,p\n",
    b"t,channel\n",
];

fn check(bytes: &[u8], name: &str, sensor: Option<Sensor>) -> Result<Content> {
    let member = name.ends_with("stored.npz") || name.ends_with("deflated.npz");
    let result = parse(bytes, Path::new(name), member.then_some("x"), sensor);
    if let Err(d) = &result {
        assert!(("SF0010"..="SF0016").contains(&d.code.id), "{name}: {} {d}", d.code.id);
        assert!(d.location.file.is_some() && d.location.path.is_some(), "{name}: {d}");
    }
    result
}

fn sensor(text: &str) -> Option<Sensor> {
    text.parse().ok()
}

#[test]
fn a_truncated_file_is_refused_at_every_length() {
    for (name, of) in FILES {
        let whole = std::fs::read(file(name)).unwrap();
        let complete = check(&whole, name, sensor(of)).unwrap();
        for length in 0..whole.len() {
            let Ok(content) = check(&whole[..length], name, sensor(of)) else { continue };
            // Where a format does not say how long it is, a shorter file is a shorter
            // recording: at the end of an event, a packet or a line.
            let (Content::Recording(all), Content::Recording(found)) = (&complete, &content) else {
                panic!("{name} at {length} of {}", whole.len())
            };
            assert!(!name.ends_with("aedat4"), "{name} at {length} of {}", whole.len());
            let fewer = found.events.len() < all.events.len() || name.ends_with("csv");
            let boundary = match name.rsplit_once('.') {
                Some((_, "bin")) => length % 5 == 0,
                Some((_, "csv")) => true,
                _ => {
                    // The end of the header, or of a packet: nothing is left over.
                    let header = whole.windows(14).position(|w| w == b"#!END-HEADER\r\n");
                    ends_with_packet(&whole[header.unwrap() + 14..length])
                }
            };
            assert!(fewer && boundary, "{name} at {length} of {}", whole.len());
        }
    }
}

/// True if the bytes are whole packets of AEDAT 3.1.
fn ends_with_packet(mut bytes: &[u8]) -> bool {
    while bytes.len() >= 28 {
        let number = u32::from_le_bytes(bytes[20..24].try_into().unwrap()) as usize;
        let Some(rest) = bytes.get(28 + 8 * number..) else { return false };
        bytes = rest;
    }
    bytes.is_empty()
}

#[test]
fn a_changed_byte_never_panics() {
    for (name, of) in FILES {
        let whole = std::fs::read(file(name)).unwrap();
        for at in 0..whole.len() {
            for value in [0xff, whole[at] ^ 1, 0, 0x7f, 0x80].into_iter().take(rounds(2)) {
                let mut changed = whole.clone();
                changed[at] = value;
                let _ = check(&changed, name, sensor(of));
            }
        }
    }
}

#[test]
fn huge_claims_are_refused() {
    let npy = |header: &str| {
        [b"\x93NUMPY\x02\x00", &(header.len() as u32).to_le_bytes()[..], header.as_bytes()].concat()
    };
    let aedat3 = [
        &b"#!AER-DAT3.1\r\n#Source 0: DVS128\r\n#!END-HEADER\r\n\x01\0\x01\0"[..],
        &[8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 127, 255, 255, 255, 127, 0, 0, 0, 0],
    ]
    .concat();
    let cases: &[(&str, Vec<u8>)] = &[
        ("idx", [&[0, 0, 14, 255][..], &[255; 1020]].concat()),
        ("idx", [&[0, 0, 8, 1][..], &[255; 4]].concat()),
        ("npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{".to_vec()),
        ("npy", npy("{'descr': '<f8', 'fortran_order': True, 'shape': (1000000, 1000000)}")),
        (
            "npy",
            npy(&format!(
                "{{'descr': '|u1', 'fortran_order': False, 'shape': ({})}}",
                "18446744073709551615, ".repeat(40)
            )),
        ),
        ("npy", npy(&"{".repeat(1 << 16))),
        ("npz", [&b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff"[..], &[0; 10]].concat()),
        ("aedat3", aedat3),
        ("aedat4", b"#!AER-DAT4.0\r\n\xff\xff\xff\xff".to_vec()),
    ];
    for (name, bytes) in cases {
        assert!(check(bytes, name, None).is_err(), "{name}");
    }
}

#[test]
fn bombs_stop_at_the_limit() {
    use std::io::Write as _;
    // Zeros pack as well as anything can: the unpacked size stays below what 1,100 times
    // the packed one allows, so that this is a large file and no error of the limit.
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(&[0, 0, 8, 1, 0, 16, 0, 0]).unwrap();
    gz.write_all(&vec![0; 1 << 20]).unwrap();
    let gz = gz.finish().unwrap();
    assert!(gz.len() < 1100 && check(&gz, "zeros.gz", None).is_ok());
    // A Zstandard block says "this byte, 128 KiB times" in four bytes: 20,000 of them.
    let zstd = std::fs::read(file("zstd.aedat4")).unwrap();
    let start = zstd.windows(4).position(|w| w == [0x28, 0xb5, 0x2f, 0xfd]).unwrap();
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    (0..20_000).for_each(|_| frame.extend([0x02, 0x00, 0x10, 0x00]));
    frame.extend([0x01, 0, 0]);
    let length = u32::try_from(frame.len()).unwrap().to_le_bytes();
    let bomb = [&zstd[..start - 4], &length, &frame, &zstd[start..]].concat();
    // The table at the end is where it was not; without it the packets go to the end.
    let table = bomb.windows(8).position(|w| {
        i64::from_le_bytes(w.try_into().unwrap()) > 1000
            && i64::from_le_bytes(w.try_into().unwrap()) < 4000
    });
    let mut bomb = bomb;
    bomb[table.unwrap()..][..8].fill(0xff);
    let error = check(&bomb, "bomb.aedat4", None).unwrap_err();
    assert_eq!(error.code.id, "SF0015", "{error}");
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn random_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        name in prop::sample::select(NAMES),
        sensor in prop::sample::select(&["", "34x34", "65535x65535", "65535"][..]),
    ) {
        let _ = check(&bytes, name, sensor.parse().ok());
    }

    #[test]
    fn random_bytes_behind_a_mark_never_panic(
        mark in prop::sample::select(MARKS),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [mark, &bytes].concat();
        for name in ["a", "a.csv", "a.bin"] {
            let _ = check(&bytes, name, Some(Sensor::Pixels { width: 300, height: 300 }));
        }
    }

    #[test]
    fn random_text_never_panics(
        text in "[-0-9tpxyne+., \n]{0,200}",
        header in prop::sample::select(&["t,x,y,p\n", "t,channel\n", "t,x,y\n", ""][..]),
    ) {
        let text = format!("{header}{text}");
        let _ = check(text.as_bytes(), "a.csv", Some(Sensor::Pixels { width: 9, height: 9 }));
    }

    #[test]
    fn damage_in_several_places_never_panics(
        which in prop::sample::select(FILES),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let (name, of) = which;
        let mut bytes = std::fs::read(file(name)).unwrap();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = check(&bytes, name, sensor(of));
        let _ = check(&bytes[..cut.index(bytes.len())], name, sensor(of));
    }
}

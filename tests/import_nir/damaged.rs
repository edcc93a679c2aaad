// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Damaged files end in a diagnostic: no panic, no hang, no immense memory.

use synfire::diag::Diagnostic;
use synfire::import::{Options, nir};
use synfire::ir::Reset;

use super::folder;

fn options() -> Options {
    Options { dt: Some(0.01), reset: Some(Reset::Hard), timesteps: Some(2), ..Options::default() }
}

fn refused(bytes: &[u8]) -> Option<Box<Diagnostic>> {
    nir::import(bytes, "damaged", &options()).err()
}

/// A chunked and compressed file, and a contiguous one.
fn files() -> [Vec<u8>; 2] {
    ["node_lif.nir", "old_contiguous.nir"].map(|name| std::fs::read(folder().join(name)).unwrap())
}

#[test]
fn a_truncated_file_is_refused() {
    for bytes in files() {
        for length in (0..bytes.len()).step_by(61).chain(bytes.len() - 8..bytes.len()) {
            let d = refused(&bytes[..length]).unwrap_or_else(|| panic!("{length} bytes are read"));
            assert!(d.code.id.starts_with("SF01"), "{length}: {d}");
        }
    }
}

#[test]
fn garbage_is_refused() {
    let mut state = 1u64;
    for length in [0, 1, 7, 8, 9, 63, 512, 4096, 65_536] {
        let mut bytes: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        assert_eq!(refused(&bytes).unwrap().code.id, "SF0130");
        let magic = b"\x89HDF\r\n\x1a\n";
        if length >= 8 {
            bytes[..8].copy_from_slice(magic);
            assert_eq!(refused(&bytes).unwrap().code.id, "SF0130");
        }
    }
}

/// Bytes are overwritten one by one, in particular extents, addresses and lengths. What is
/// still read is a graph; what is not is refused with a code of the importer or of the rules.
#[test]
fn a_changed_byte_never_panics() {
    for bytes in files() {
        for place in (0..bytes.len()).step_by(29) {
            for value in [0x00, 0x7f, 0xff] {
                let mut changed = bytes.clone();
                changed[place] = value;
                if let Some(d) = refused(&changed) {
                    let known = ["SF01", "SF02", "SF0301"].iter().any(|c| d.code.id.starts_with(c));
                    assert!(known, "byte {place} = {value}: {} {d}", d.code.id);
                }
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The idx format of MNIST and Fashion-MNIST: two zero bytes, a type, the number of
//! dimensions, each dimension as a big-endian u32, then the elements.

use std::io::Read;

use flate2::read::GzDecoder;

use super::MAX_BYTES;
use crate::diag::{Diagnostic, Result, codes};

/// Unsigned bytes, the only type that levels and labels come in.
const TYPE_U8: u8 = 8;

/// An array of bytes.
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) bytes: Vec<u8>,
}

/// Reads an array, gzipped or not. Memory is bounded by what the data really contains.
pub(super) fn parse(data: &[u8]) -> Result<Array> {
    if data.starts_with(&[0x1f, 0x8b]) {
        read(&mut GzDecoder::new(data))
    } else {
        read(&mut &*data)
    }
}

fn bad(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::INPUT_FORMAT, message)
        .help("images and labels are expected as idx files (…-ubyte or …-ubyte.gz)")
}

fn read(from: &mut impl Read) -> Result<Array> {
    let mut head = [0; 4];
    from.read_exact(&mut head).map_err(|e| bad(format!("no idx header: {e}")))?;
    let [0, 0, kind, dimensions] = head else {
        return Err(bad("the first two bytes are not zero: not an idx file"));
    };
    if kind != TYPE_U8 {
        return Err(bad(format!(
            "elements of type {kind:#04x}; unsigned bytes (0x08) were expected"
        )));
    }
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        let mut word = [0; 4];
        from.read_exact(&mut word).map_err(|e| bad(format!("the header ends early: {e}")))?;
        shape.push(u32::from_be_bytes(word) as usize);
    }
    let length =
        shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).filter(|n| *n <= MAX_BYTES);
    let (Some(length), false) = (length, shape.is_empty()) else {
        return Err(bad(format!("a shape of {shape:?} makes no sense")));
    };
    let mut bytes = Vec::new();
    from.take(length as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| bad(format!("the data is damaged: {e}")))?;
    if bytes.len() != length {
        let found = if bytes.len() > length { "more".to_owned() } else { bytes.len().to_string() };
        return Err(bad(format!("{shape:?} needs {length} bytes, the file has {found}")));
    }
    Ok(Array { shape, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(shape: &[u32], bytes: usize) -> Vec<u8> {
        let mut data = vec![0, 0, 8, shape.len() as u8];
        shape.iter().for_each(|d| data.extend(d.to_be_bytes()));
        data.extend((0..bytes).map(|i| i as u8));
        data
    }

    #[test]
    fn reads_what_is_there() {
        let array = parse(&file(&[2, 3], 6)).unwrap();
        assert_eq!((array.shape, array.bytes), (vec![2, 3], vec![0, 1, 2, 3, 4, 5]));
    }

    #[test]
    fn refuses_every_truncation_and_a_huge_claim() {
        let whole = file(&[2, 3], 6);
        assert!((0..whole.len()).all(|n| parse(&whole[..n]).is_err()));
        assert!(parse(&file(&[u32::MAX, u32::MAX], 6)).is_err());
        assert!(parse(&file(&[1 << 29], 6)).is_err());
        assert!(parse(&file(&[2], 6)).is_err());
    }
}

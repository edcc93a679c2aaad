// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The idx format of MNIST and Fashion-MNIST: two zero bytes, an element type, the number
//! of dimensions, each dimension as a big-endian u32, then the elements, big-endian.
//! Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits",
//! section "The IDX file format".

use super::element::{Element, decode};
use super::{Array, elements};
use crate::data::read::{Cursor, bad};
use crate::diag::Result;

/// The element type of a header's third byte.
fn element(kind: u8) -> Option<Element> {
    Some(match kind {
        0x08 => Element::U8,
        0x09 => Element::I8,
        0x0b => Element::I16,
        0x0c => Element::I32,
        0x0d => Element::F32,
        0x0e => Element::F64,
        _ => return None,
    })
}

/// True if the first bytes can be those of an idx file.
pub(in crate::data) fn starts(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, kind, dimensions, ..] if *dimensions > 0 && element(*kind).is_some())
}

/// Reads an array from unpacked bytes.
pub(super) fn parse(data: &[u8]) -> Result<Array> {
    let mut cursor = Cursor::new(data);
    let [a, b, kind, dimensions] = cursor.array("the idx header")?;
    if (a, b) != (0, 0) {
        return Err(bad(0, "the first two bytes are not zero: not an idx file"));
    }
    let Some(element) = element(kind) else {
        let message = format!("elements of type {kind:#04x}; idx has 0x08, 0x09, 0x0b to 0x0e");
        return Err(bad(2, message));
    };
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        shape.push(u32::from_be_bytes(cursor.array("the idx header")?) as usize);
    }
    let bytes = elements(&mut cursor, &shape, element)?;
    Ok(Array { values: decode(bytes, element, true)?, shape })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Values;

    fn file(kind: u8, shape: &[u32], bytes: usize) -> Vec<u8> {
        let mut data = vec![0, 0, kind, shape.len() as u8];
        shape.iter().for_each(|d| data.extend(d.to_be_bytes()));
        data.extend((0..bytes).map(|i| i as u8));
        data
    }

    #[test]
    fn reads_what_is_there() {
        let array = parse(&file(8, &[2, 3], 6)).unwrap();
        assert_eq!((array.shape, array.values), (vec![2, 3], Values::U8(vec![0, 1, 2, 3, 4, 5])));
        let array = parse(&file(0x0b, &[2], 4)).unwrap();
        assert_eq!(array.values, Values::U16(vec![1, 0x203]));
    }

    #[test]
    fn refuses_every_truncation_and_a_huge_claim() {
        let whole = file(8, &[2, 3], 6);
        assert!((0..whole.len()).all(|n| parse(&whole[..n]).is_err()));
        for shape in [&[u32::MAX, u32::MAX][..], &[1 << 29], &[2], &[u32::MAX; 255]] {
            assert!(parse(&file(8, shape, 6)).is_err());
        }
        assert!(parse(&file(8, &[], 1)).is_err());
        assert!(parse(&file(0x0a, &[2], 2)).is_err());
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! NumPy's npy format: a magic string, a version, the length of a header, the header as
//! the text of a Python dictionary with `descr`, `fortran_order` and `shape`, then the
//! elements. Source: NumPy Enhancement Proposal 1 and `numpy.lib.format`.

use super::element::{Element, decode};
use super::{Array, elements, gather};
use crate::data::read::{Cursor, bad};
use crate::diag::Result;

/// First bytes of every npy file.
pub(in crate::data) const MAGIC: &[u8] = b"\x93NUMPY";
/// NumPy itself has no more than 64.
const MAX_DIMENSIONS: usize = 64;

/// Reads an array from unpacked bytes.
pub(super) fn parse(data: &[u8]) -> Result<Array> {
    let mut cursor = Cursor::new(data);
    if cursor.take(MAGIC.len(), "the npy header")? != MAGIC {
        return Err(bad(0, "no npy file: it does not begin with \\x93NUMPY"));
    }
    let [major, minor] = cursor.array("the npy header")?;
    let length = match major {
        1 => u16::from_le_bytes(cursor.array("the npy header")?) as usize,
        2 | 3 => u32::from_le_bytes(cursor.array("the npy header")?) as usize,
        _ => return Err(bad(6, format!("npy version {major}.{minor}; 1 to 3 are read"))),
    };
    let start = cursor.at();
    let text = cursor.take(length, "the npy header")?;
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(bad(start, "the npy header is not text"));
    };
    let header = Header::parse(&mut Text { all: text, rest: text, start })?;
    let bytes = elements(&mut cursor, &header.shape, header.element)?;
    let values = decode(bytes, header.element, header.big_endian)?;
    if !header.fortran {
        return Ok(Array { shape: header.shape, values });
    }
    // The first index is the one that moves fastest.
    let strides = header.shape.iter().scan(1, |next, extent| {
        let stride = *next;
        *next = stride * extent;
        Some(stride)
    });
    let strides: Vec<usize> = strides.collect();
    Ok(Array { values: gather(&values, &header.shape, &strides), shape: header.shape })
}

struct Header {
    element: Element,
    big_endian: bool,
    fortran: bool,
    shape: Vec<usize>,
}

impl Header {
    fn parse(text: &mut Text) -> Result<Self> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        text.expect("{")?;
        while !text.eat("}") {
            let at = text.at();
            let key = text.string()?;
            text.expect(":")?;
            match key {
                "descr" => descr = Some(text.descr()?),
                "fortran_order" => fortran = Some(text.truth()?),
                "shape" => shape = Some(text.shape()?),
                _ => return Err(bad(at, format!("the npy header has an unknown key `{key}`"))),
            }
            if !text.eat(",") {
                text.expect("}")?;
                break;
            }
        }
        match (descr, fortran, shape) {
            (Some((element, big_endian)), Some(fortran), Some(shape)) => {
                Ok(Self { element, big_endian, fortran, shape })
            }
            _ => Err(bad(text.start, "the npy header lacks descr, fortran_order or shape")),
        }
    }
}

/// The header as far as it has been read.
struct Text<'a> {
    all: &'a str,
    rest: &'a str,
    /// Offset of the text in the file.
    start: usize,
}

impl<'a> Text<'a> {
    fn at(&self) -> usize {
        self.start + self.all.len() - self.rest.len()
    }

    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        if self.eat(token) {
            return Ok(());
        }
        Err(bad(self.at(), format!("`{token}` was expected in the npy header")))
    }

    fn string(&mut self) -> Result<&'a str> {
        for quote in ["'", "\""] {
            if self.eat(quote)
                && let Some((text, rest)) = self.rest.split_once(quote)
            {
                self.rest = rest;
                return Ok(text);
            }
        }
        Err(bad(self.at(), "a quoted text was expected in the npy header"))
    }

    fn truth(&mut self) -> Result<bool> {
        let value = self.eat("True");
        if value || self.eat("False") {
            return Ok(value);
        }
        Err(bad(self.at(), "True or False was expected in the npy header"))
    }

    fn shape(&mut self) -> Result<Vec<usize>> {
        self.expect("(")?;
        let mut shape = Vec::new();
        while !self.eat(")") {
            let at = self.at();
            let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
            let (digits, rest) = self.rest.split_at(end);
            let dimension = digits.parse();
            let (Ok(dimension), true) = (dimension, shape.len() < MAX_DIMENSIONS) else {
                return Err(bad(at, "the shape in the npy header makes no sense"));
            };
            shape.push(dimension);
            self.rest = rest;
            // Python 2 wrote long numbers with an L.
            self.eat("L");
            if !self.eat(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(shape)
    }

    /// Element type, and whether it is big-endian.
    fn descr(&mut self) -> Result<(Element, bool)> {
        let at = self.at();
        if self.eat("[") {
            return Err(bad(at, "the array has named fields; one plain type is expected"));
        }
        let descr = self.string()?;
        let (order, kind) = descr.split_at_checked(1).unwrap_or_default();
        let element = match kind {
            "b1" => Element::Bool,
            "u1" => Element::U8,
            "i1" => Element::I8,
            "u2" => Element::U16,
            "i2" => Element::I16,
            "u4" => Element::U32,
            "i4" => Element::I32,
            "u8" => Element::U64,
            "i8" => Element::I64,
            "f2" => Element::F16,
            "f4" => Element::F32,
            "f8" => Element::F64,
            _ => {
                let message = format!("elements of type `{descr}`; numbers and bool are read");
                return Err(bad(at, message).help("convert with array.astype() and save again"));
            }
        };
        match order {
            "<" => Ok((element, false)),
            ">" => Ok((element, true)),
            "|" if element.size() == 1 => Ok((element, false)),
            _ => Err(bad(at, format!("the byte order of `{descr}` is not known"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Values;

    fn file(header: &str, bytes: &[u8]) -> Vec<u8> {
        [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), bytes].concat()
    }

    #[test]
    fn the_header_is_read_as_python_writes_it() {
        for header in [
            "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }  \n",
            "{\"shape\":(2L,3L),\"descr\":\"<u1\",\"fortran_order\":False}",
        ] {
            let array = parse(&file(header, &[1, 2, 3, 4, 5, 6])).unwrap();
            assert_eq!((array.shape, array.values.len()), (vec![2, 3], 6));
        }
        let fortran = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}";
        let array = parse(&file(fortran, &[1, 2, 3, 4, 5, 6])).unwrap();
        assert_eq!(array.values, Values::U8(vec![1, 3, 5, 2, 4, 6]));
    }

    #[test]
    fn a_bad_header_is_refused_with_its_place() {
        for (header, place) in [
            ("", "byte 10"),
            ("{'descr': '|O', 'fortran_order': False, 'shape': (6,)}", "byte 19"),
            ("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (6,)}", "byte 19"),
            ("{'descr': '=u2', 'fortran_order': False, 'shape': (3,)}", "byte 19"),
            ("{'descr': '|u1', 'fortran_order': 0, 'shape': (6,)}", "byte 44"),
            ("{'descr': '|u1', 'fortran_order': False, 'shape': (-6,)}", "byte 61"),
            ("{'descr': '|u1', 'fortran_order': False, 'shape': (6", "byte 62"),
            ("{'descr': '|u1', 'fortran_order': False}", "byte 10"),
            ("{'evil': 1}", "byte 11"),
            (
                "{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999, 9999999999)}",
                "shape",
            ),
        ] {
            let error = parse(&file(header, &[1, 2, 3, 4, 5, 6])).unwrap_err();
            assert_eq!(error.location.path.as_deref(), Some(place), "{header}: {error}");
        }
        let mut other = file("{}", &[]);
        other[6] = 9;
        assert!(parse(&other).is_err());
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Bytes with their offset, and the limits that hold for every format.

use std::io::Read;

use crate::diag::{Diagnostic, Result, codes};

/// More bytes or values than this are no input set (60,000 images of 28 × 28 are 47 MB).
pub const MAX_BYTES: usize = 1 << 30;
/// No more bytes than this are unpacked from one; deflate cannot do better than 1,032.
const RATIO: usize = 1100;
/// Unpacked from any file, however small.
const SLACK: usize = 1 << 16;

/// How much may come out of `packed` bytes.
pub(super) fn limit(packed: usize) -> usize {
    packed.saturating_mul(RATIO).saturating_add(SLACK).min(MAX_BYTES)
}

/// [`codes::INPUT_FORMAT`] at a byte.
pub(super) fn bad(at: usize, message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::INPUT_FORMAT, message).at(format!("byte {at}"))
}

/// [`codes::INPUT_TOO_LARGE`]; `what` would need more than `limit`.
pub(super) fn too_large(what: &str, limit: usize) -> Box<Diagnostic> {
    Diagnostic::new(&codes::INPUT_TOO_LARGE, format!("{what}: more than the limit of {limit}"))
}

/// Reads everything, at most `limit` bytes. Memory grows with what really comes.
pub(super) fn unpack(from: impl Read, limit: usize, what: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| bad(0, format!("{what} is damaged: {e}")))?;
    if bytes.len() > limit {
        return Err(too_large(&format!("bytes unpacked from {what}"), limit).at("byte 0"));
    }
    Ok(bytes)
}

/// A place in bytes, moved by reading.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// Offset of the next byte.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    /// The next `n` bytes; `what` says what they are.
    pub(super) fn take(&mut self, n: usize, what: &str) -> Result<&'a [u8]> {
        let Some(taken) = self.rest().get(..n) else {
            let message =
                format!("the file ends in {what}: {n} bytes needed, {} left", self.rest().len());
            return Err(bad(self.at, message));
        };
        self.at += n;
        Ok(taken)
    }

    /// The next `N` bytes as an array.
    pub(super) fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let at = self.at;
        let taken = self.take(N, what)?;
        taken.try_into().map_err(|_| bad(at, format!("{what} is too short")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_said_with_its_place() {
        let mut cursor = Cursor::new(&[1, 2, 3]);
        assert_eq!(cursor.array::<2>("a").unwrap(), [1, 2]);
        let error = cursor.take(5, "the header").unwrap_err();
        assert_eq!(
            error.to_string(),
            "byte 2: the file ends in the header: 5 bytes needed, 1 left"
        );
        assert_eq!((cursor.at(), cursor.rest()), (2, &[3][..]));
    }

    #[test]
    fn unpacking_stops_at_the_limit() {
        assert_eq!(unpack(&[1, 2][..], 2, "x").unwrap(), [1, 2]);
        let error = unpack(std::io::repeat(0), 1000, "x").unwrap_err();
        assert_eq!(error.code.id, "SF0015");
        assert!(limit(0) < 100_000 && limit(usize::MAX) == MAX_BYTES);
    }
}

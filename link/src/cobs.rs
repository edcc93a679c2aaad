// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Consistent overhead byte stuffing (Cheshire and Baker, doi 10.1109/90.769765).

use core::fmt;

/// The place for a frame is too small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the frame does not fit into the buffer")
    }
}

impl core::error::Error for Full {}

/// The code of a block of 254 bytes that no zero ends.
const FULL_BLOCK: u8 = 255;

/// Bytes that a frame of `len` bytes takes at most, delimiter included.
pub(crate) const fn encoded_max(len: usize) -> usize {
    len + len / 254 + 2
}

/// Writes a frame byte by byte.
pub(crate) struct Encoder<'o> {
    out: &'o mut [u8],
    /// Where the code of the block begun stands, and where the next byte goes.
    code_at: usize,
    at: usize,
}

impl<'o> Encoder<'o> {
    pub(crate) fn new(out: &'o mut [u8]) -> Self {
        Self { out, code_at: 0, at: 1 }
    }

    fn put(&mut self, at: usize, byte: u8) -> Result<(), Full> {
        *self.out.get_mut(at).ok_or(Full)? = byte;
        Ok(())
    }

    fn close(&mut self) -> Result<(), Full> {
        // At most 255: a block is closed as soon as it is full.
        self.put(self.code_at, (self.at - self.code_at) as u8)?;
        self.code_at = self.at;
        self.at += 1;
        Ok(())
    }

    pub(crate) fn push(&mut self, byte: u8) -> Result<(), Full> {
        if byte != 0 {
            self.put(self.at, byte)?;
            self.at += 1;
        }
        if byte == 0 || self.at - self.code_at == usize::from(FULL_BLOCK) {
            self.close()?;
        }
        Ok(())
    }

    /// The length of the frame with its delimiter.
    pub(crate) fn finish(mut self) -> Result<usize, Full> {
        self.close()?;
        self.put(self.code_at, super::DELIMITER)?;
        Ok(self.at)
    }
}

/// Writes `bytes` as a frame with its delimiter into `out`, and says how long it is.
///
/// # Errors
/// If `out` is too small: n bytes take up to n + n / 254 + 2.
pub fn encode(bytes: &[u8], out: &mut [u8]) -> Result<usize, Full> {
    let mut encoder = Encoder::new(out);
    bytes.iter().try_for_each(|byte| encoder.push(*byte))?;
    encoder.finish()
}

/// Decodes a frame without its delimiter where it lies, and says how many bytes it had. None if
/// it ends inside a block or has a zero in it; what `frame` then holds means nothing.
pub fn decode(frame: &mut [u8]) -> Option<usize> {
    let (mut from, mut to) = (0, 0);
    while let Some(&code) = frame.get(from) {
        let end = from + usize::from(code);
        if code == super::DELIMITER || end > frame.len() || frame[from + 1..end].contains(&0) {
            return None;
        }
        // What is written lies before what is yet to be read.
        frame.copy_within(from + 1..end, to);
        to += end - from - 1;
        if code != FULL_BLOCK && end < frame.len() {
            frame[to] = 0;
            to += 1;
        }
        from = end;
    }
    Some(to)
}

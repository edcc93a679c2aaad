// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Frames out of a stream of bytes.

use core::fmt;

/// A frame was longer than the buffer. It is dropped; the next one is whole again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a frame is longer than any that can come")
    }
}

impl core::error::Error for TooLong {}

/// Takes bytes as they come, and gives the frames between the delimiters.
#[derive(Debug)]
pub struct Collector<B> {
    buffer: B,
    /// Bytes since the last delimiter, those that did not fit included.
    len: usize,
}

impl<B: AsMut<[u8]>> Collector<B> {
    /// Collects into `buffer`, which holds a frame without its delimiter.
    pub fn new(buffer: B) -> Self {
        Self { buffer, len: 0 }
    }

    /// Forgets the frame that has begun.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// The next byte of the line. With a delimiter comes the frame that it ends, without it;
    /// delimiters with nothing between them mean nothing.
    pub fn push(&mut self, byte: u8) -> Option<Result<&mut [u8], TooLong>> {
        if byte == super::DELIMITER {
            let len = core::mem::take(&mut self.len);
            return (len > 0).then(|| self.buffer.as_mut().get_mut(..len).ok_or(TooLong));
        }
        if let Some(place) = self.buffer.as_mut().get_mut(self.len) {
            *place = byte;
        }
        self.len = self.len.saturating_add(1);
        None
    }
}

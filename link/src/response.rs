// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the board answers.

use core::fmt;

use super::DELIMITER;
use super::cobs::{self, Full};
use super::crc::{crc16, next};

/// How a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Done; the body follows.
    Ok = 0,
    /// The length is not what the command needs.
    BadLength = 1,
    /// The checksum is wrong.
    BadCrc = 2,
    /// An intact frame with an unknown command.
    BadCommand = 3,
    /// An inference runs, or the core could not take a byte.
    Overrun = 4,
    /// The delimiter came inside a block.
    BadFraming = 5,
    /// An inference came before the weights.
    NotLoaded = 6,
}

impl Status {
    /// From the lower half of a response's first byte.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        use Status::{BadCommand, BadCrc, BadFraming, BadLength, NotLoaded, Ok, Overrun};
        [Ok, BadLength, BadCrc, BadCommand, Overrun, BadFraming, NotLoaded]
            .into_iter()
            .find(|s| *s as u8 == code)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::BadLength => "bad length",
            Self::BadCrc => "bad CRC",
            Self::BadCommand => "bad command",
            Self::Overrun => "overrun",
            Self::BadFraming => "bad framing",
            Self::NotLoaded => "not loaded",
        })
    }
}

/// A response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response<'a> {
    /// The tag of the request; in an error, as it arrived.
    pub tag: u8,
    /// How it went.
    pub status: Status,
    /// The result, the 16 bytes of identify, or nothing.
    pub body: &'a [u8],
}

/// Why a frame is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// It ends inside a block.
    Framing,
    /// A byte that is not zero has no zero behind it.
    Stuffing,
    /// It has no room for status and checksum.
    Short,
    /// The checksum is wrong.
    Crc,
    /// It is intact, with a status that no board has.
    Status,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Framing => "the frame's structure is broken",
            Self::Stuffing => "a stuffed zero is missing",
            Self::Short => "the frame is too short",
            Self::Crc => "the checksum is wrong",
            Self::Status => "the status is unknown",
        })
    }
}

impl core::error::Error for Damage {}

/// Drops the zero that follows every other byte, and says how many bytes are left.
fn unstuff(bytes: &mut [u8]) -> Option<usize> {
    let (mut from, mut to) = (0, 0);
    while let Some(&byte) = bytes.get(from) {
        if byte != 0 && bytes.get(from + 1) != Some(&0) {
            return None;
        }
        bytes[to] = byte;
        to += 1;
        from += if byte == 0 { 1 } else { 2 };
    }
    Some(to)
}

impl<'a> Response<'a> {
    /// Bytes that a response with `body` bytes takes at most, delimiter included.
    #[must_use]
    pub const fn encoded_max(body: usize) -> usize {
        2 * (body + 3) + 2
    }

    /// Writes the response as the hardware sends it, in blocks of at most one byte, delimiter
    /// included, and says how long it is.
    ///
    /// # Errors
    /// If `out` is shorter than the frame; [`Self::encoded_max`] is always enough.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, Full> {
        let status = self.tag << 4 | self.status as u8;
        let message = || core::iter::once(status).chain(self.body.iter().copied());
        let crc = message().fold(0xFFFF, next).to_be_bytes();
        let mut at = 0;
        let mut put = |byte| {
            *out.get_mut(at).ok_or(Full)? = byte;
            at += 1;
            Ok(())
        };
        for byte in message().chain(crc) {
            if byte != 0 {
                put(2)?;
                put(byte)?;
            } else {
                put(1)?;
            }
        }
        put(1)?;
        put(DELIMITER)?;
        Ok(at)
    }

    /// Reads a response where it lies, without its delimiter.
    ///
    /// # Errors
    /// What is damaged; the frame then means nothing.
    pub fn decode(frame: &'a mut [u8]) -> Result<Self, Damage> {
        let stuffed = cobs::decode(frame).ok_or(Damage::Framing)?;
        let stuffed = frame.get_mut(..stuffed).ok_or(Damage::Framing)?;
        let len = unstuff(stuffed).ok_or(Damage::Stuffing)?;
        let message = stuffed.get(..len).unwrap_or_default();
        let (first, rest) = message.split_first().ok_or(Damage::Short)?;
        let (body, _) = rest.split_last_chunk::<2>().ok_or(Damage::Short)?;
        if crc16(message) != 0 {
            return Err(Damage::Crc);
        }
        let status = Status::from_code(first & 15).ok_or(Damage::Status)?;
        Ok(Self { tag: first >> 4, status, body })
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the host sends.

use super::cobs::{self, Encoder, Full};
use super::crc::{crc16, next};
use super::response::Status;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Run the network on the payload.
    Infer = 1,
    /// The same; the result has the spike trains, too.
    InferWithTrace = 2,
    /// Say which design this is.
    Identify = 3,
    /// Take the payload as the weights.
    Load = 4,
}

impl Command {
    /// From the lower half of a request's first byte.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Infer, Self::InferWithTrace, Self::Identify, Self::Load]
            .into_iter()
            .find(|c| *c as u8 == code)
    }
}

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// What the response will carry, 0 to 15; of a larger number the lower four bits.
    pub tag: u8,
    /// What is asked for.
    pub command: Command,
    /// The input or the weights; empty for identify.
    pub payload: &'a [u8],
}

/// Bytes of the payloads that a board takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// N_IN: of an inference.
    pub infer: usize,
    /// N_LOAD: of the weights; 0 if there are none to load, and then load is unknown.
    pub load: usize,
}

/// Why a board takes a frame for no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The first byte of the message, if one was decoded: tag and command as they arrived.
    pub first: Option<u8>,
    /// What the board answers.
    pub status: Status,
}

impl<'a> Request<'a> {
    /// Bytes that a request with `payload` bytes takes at most, delimiter included.
    #[must_use]
    pub const fn encoded_max(payload: usize) -> usize {
        cobs::encoded_max(payload + 3)
    }

    /// Writes the request as it goes over the line, delimiter included, and says how long it is.
    ///
    /// # Errors
    /// If `out` is shorter than the frame; [`Self::encoded_max`] is always enough.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, Full> {
        let mut encoder = Encoder::new(out);
        let command = self.tag << 4 | self.command as u8;
        let mut crc = 0xFFFF;
        for &byte in core::iter::once(&command).chain(self.payload) {
            crc = next(crc, byte);
            encoder.push(byte)?;
        }
        crc.to_be_bytes().into_iter().try_for_each(|byte| encoder.push(byte))?;
        encoder.finish()
    }

    /// Reads a request where it lies, without its delimiter, as a board does.
    ///
    /// # Errors
    /// The first that applies of bad framing, bad length, bad CRC, bad command; of an unknown
    /// command no length is known.
    pub fn decode(frame: &'a mut [u8], lengths: Lengths) -> Result<Self, Refusal> {
        let first = match *frame {
            // A block without bytes stands for a zero, if another one follows.
            [1, _, ..] => Some(0),
            [code, byte, ..] if code > 1 => Some(byte),
            _ => None,
        };
        let refuse = |status| Refusal { first, status };
        let len = cobs::decode(frame).ok_or(refuse(Status::BadFraming))?;
        let message = frame.get(..len).unwrap_or_default();
        let Some((&byte, rest)) = message.split_first() else {
            return Err(refuse(Status::BadLength));
        };
        let command = Command::from_code(byte & 15)
            .filter(|c| *c != Command::Load || lengths.load > 0)
            .map(|command| match command {
                Command::Infer | Command::InferWithTrace => (command, lengths.infer),
                Command::Identify => (command, 0),
                Command::Load => (command, lengths.load),
            });
        if command.is_some_and(|(_, payload)| rest.len() != payload + 2) {
            return Err(refuse(Status::BadLength));
        }
        if crc16(message) != 0 {
            return Err(refuse(Status::BadCrc));
        }
        let (command, payload) = command.ok_or(refuse(Status::BadCommand))?;
        Ok(Self { tag: byte >> 4, command, payload: rest.get(..payload).unwrap_or_default() })
    }
}

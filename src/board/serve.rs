// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A simulated board on a line with faults.

use synfire_link::{Collector, DELIMITER};

use super::faults::{Fault, Faults, On};
use super::simulated::SimulatedBoard;
use crate::diag::Result;

/// What goes back to the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Bytes of one answer or several; none if the board has nothing to say.
    pub bytes: Vec<u8>,
    /// What happened on the line: a stall is to be waited for before the bytes are sent.
    pub fault: Option<Fault>,
}

/// The board and the line before it.
pub struct Served<'d> {
    board: SimulatedBoard<'d>,
    faults: Faults,
    /// What the board has of a frame that has not ended.
    collector: Collector<Vec<u8>>,
    /// What the host has sent of one.
    sent: Vec<u8>,
}

impl<'d> Served<'d> {
    /// Puts the faults on the line.
    #[must_use]
    pub fn new(board: SimulatedBoard<'d>, faults: Faults) -> Self {
        // A frame that lost its end goes on in the next one.
        let collector = Collector::new(vec![0; 2 * board.longest_request()]);
        Self { board, faults, collector, sent: Vec::new() }
    }

    /// Takes bytes of the host; what goes back, one for each frame that ended.
    ///
    /// # Errors
    /// As [`SimulatedBoard::answer`].
    pub fn take(&mut self, bytes: &[u8]) -> Result<Vec<Reply>> {
        let mut replies = Vec::new();
        for &byte in bytes {
            // What never ends is no frame, and must not take all memory.
            if self.sent.len() < 2 * self.board.longest_request() || byte == DELIMITER {
                self.sent.push(byte);
            }
            if byte == DELIMITER {
                let sent = std::mem::take(&mut self.sent);
                replies.extend(self.frame(sent)?);
            }
        }
        Ok(replies)
    }

    /// Takes what ends in a delimiter.
    fn frame(&mut self, mut sent: Vec<u8>) -> Result<Option<Reply>> {
        // A delimiter alone is no request, but ends one that was cut.
        let hit = if sent.len() > 1 { self.faults.exchange() } else { None };
        let mut fault = None;
        if let Some((on @ On::Request, kind)) = hit {
            fault = Some(self.faults.damage(&mut sent, on, kind));
        }
        let mut bytes = Vec::new();
        for byte in sent {
            match self.collector.push(byte) {
                Some(Ok(frame)) => bytes.extend(self.board.answer(frame)?),
                // Longer than any request: the board finds that its length is wrong.
                Some(Err(_)) => bytes.extend(self.board.answer(&mut [1])?),
                None => {}
            }
        }
        if let Some((on @ On::Answer, kind)) = hit
            && !bytes.is_empty()
        {
            fault = Some(self.faults.damage(&mut bytes, on, kind));
        }
        Ok((fault.is_some() || !bytes.is_empty()).then_some(Reply { bytes, fault }))
    }
}

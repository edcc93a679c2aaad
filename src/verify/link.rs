// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The host's side of docs/host-link.md: frames and results.

use synfire_link::{Request, Status};

use super::{Outcome, executor, maps};
use crate::diag::{Diagnostic, Result, codes};
use crate::hw::Design;
use crate::hw::Train;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The tag of the request, 0 to 15.
    pub tag: u8,
    /// How it went.
    pub status: Status,
    /// The body, without status and checksum.
    pub body: Vec<u8>,
}

/// A request as it goes over the line, delimiter included.
#[must_use]
pub fn encode_request(request: &Request<'_>) -> Vec<u8> {
    let mut frame = vec![0; Request::encoded_max(request.payload.len())];
    // The longest frame fits.
    let len = request.encode(&mut frame).unwrap_or_default();
    frame.truncate(len);
    frame
}

/// Reads a response, with or without its delimiter.
///
/// # Errors
/// [`codes::LINK_DAMAGED`] if structure or checksum are wrong.
pub fn decode_response(frame: &[u8]) -> Result<Response> {
    let mut frame = frame.strip_suffix(&[synfire_link::DELIMITER]).unwrap_or(frame).to_vec();
    match synfire_link::Response::decode(&mut frame) {
        Ok(r) => Ok(Response { tag: r.tag, status: r.status, body: r.body.to_vec() }),
        Err(damage) => Err(Diagnostic::new(&codes::LINK_DAMAGED, damage.to_string())),
    }
}

/// Bytes of a train of a chain, or of a word of trains of the shared mapping.
fn train_size(design: &Design) -> usize {
    let chain = || design.timesteps.div_ceil(8) as usize;
    design.shared.as_ref().map_or_else(chain, maps::word_bytes)
}

/// Bytes of a result, with the trains or without.
#[must_use]
pub fn result_length(design: &Design, trace: bool) -> usize {
    let trains = match &design.shared {
        _ if !trace => 0,
        Some(_) => design.train_words() as usize,
        None => executor::neurons(design).iter().sum(),
    };
    design.result_bytes() as usize + trains * train_size(design)
}

/// The bytes of a result, as a board sends them; [`parse_result`] reads them.
#[must_use]
pub fn result_bytes(design: &Design, outcome: &Outcome, trace: bool) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        outcome.logits.iter().flat_map(|logit| (*logit as i32).to_le_bytes()).collect();
    bytes.push(outcome.class as u8);
    bytes.extend(outcome.ran.map(|ran| ran as u8));
    match &design.shared {
        _ if !trace => {}
        Some(shared) => bytes.extend(maps::bytes(design, shared, &outcome.trains)),
        None => {
            let size = train_size(design);
            let train = |t: &Train| t.to_le_bytes().into_iter().take(size);
            bytes.extend(outcome.trains.iter().flatten().flat_map(train));
        }
    }
    bytes
}

/// Reads the bytes of a result: logits, class, and the trains if they were asked for.
///
/// With a chain these are those of each layer that fires; with the shared mapping all words of
/// the train memory in their order, a word in ⌈E·C/8⌉ bytes, lowest first.
///
/// # Errors
/// [`codes::LINK_DAMAGED`] if there are more or fewer bytes than the design gives.
pub fn parse_result(design: &Design, bytes: &[u8], trace: bool) -> Result<Outcome> {
    let classes = executor::readout(design)?.gain.len();
    let size = train_size(design);
    let expected = result_length(design, trace);
    let short = || {
        let message = format!("this result has {expected} bytes, not {}", bytes.len());
        Diagnostic::new(&codes::LINK_DAMAGED, message)
    };
    if bytes.len() != expected {
        return Err(short());
    }
    let (logits, rest) = bytes.split_at(classes * 4);
    let (class, rest) = rest.split_first().ok_or_else(short)?;
    let (ran, rest) = match design.can_stop() {
        true => {
            rest.split_first().map(|(ran, rest)| (Some(u32::from(*ran)), rest)).ok_or_else(short)?
        }
        false => (None, rest),
    };
    let logits = logits
        .chunks_exact(4)
        .map(|b| i64::from(i32::from_le_bytes([b[0], b[1], b[2], b[3]])))
        .collect();
    let trains = match &design.shared {
        _ if !trace => Vec::new(),
        Some(shared) => maps::trains(design, shared, rest)?,
        None => {
            let train = |w: &[u8]| w.iter().rev().fold(0, |v, b| v << 8 | Train::from(*b));
            let mut words = rest.chunks_exact(size).map(train);
            let layer = |n| words.by_ref().take(n).collect();
            executor::neurons(design).into_iter().map(layer).collect()
        }
    };
    Ok(Outcome { trains, logits, class: usize::from(*class), ran, timing: None })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A response as the hardware sends it, delimiter included.
    pub(crate) fn response(status: Status, body: &[u8]) -> Vec<u8> {
        let response = synfire_link::Response { tag: 0, status, body };
        let mut frame = vec![0; synfire_link::Response::encoded_max(body.len())];
        let len = response.encode(&mut frame).unwrap();
        frame.truncate(len);
        frame
    }

    #[test]
    fn what_is_damaged_is_no_response() {
        let frame = response(Status::Ok, &[1, 2, 0, 3]);
        let good = Response { tag: 0, status: Status::Ok, body: vec![1, 2, 0, 3] };
        assert_eq!(decode_response(&frame).unwrap(), good);
        assert_eq!(decode_response(&frame[..frame.len() - 1]).unwrap(), good);
        for at in 0..frame.len() - 1 {
            let mut damaged = frame.clone();
            damaged[at] ^= 0x10;
            assert_eq!(decode_response(&damaged).unwrap_err().code.id, "SF0602", "byte {at}");
        }
    }

    #[test]
    fn trains_of_more_than_eight_timesteps_take_two_bytes() {
        let design = Design { timesteps: 12, ..crate::verify::tests::design() };
        let mut bytes = [7i32.to_le_bytes(), (-2i32).to_le_bytes()].concat();
        bytes.extend([1, 0x34, 0x0a, 0x01, 0x05]);
        let outcome = parse_result(&design, &bytes, true).unwrap();
        assert_eq!(outcome.trains, [[0xa34, 0x501]]);
        assert_eq!(result_bytes(&design, &outcome, true), bytes);
        assert_eq!(result_bytes(&design, &outcome, false), bytes[..9]);
        assert_eq!((outcome.logits, outcome.class), (vec![7, -2], 1));
    }

    /// A word of four trains of three timesteps takes two bytes.
    #[test]
    fn words_of_a_processor_take_whole_bytes() {
        let mut shared = crate::verify::maps::tests::words_of_four();
        shared.readout.gain = vec![1, 1];
        let design = Design { shared: Some(shared), ..crate::verify::tests::design() };
        let mut bytes = [7i32.to_le_bytes(), (-2i32).to_le_bytes()].concat();
        bytes.extend([0, 0b1010_0011, 0b0000_0001]);
        let outcome = parse_result(&design, &bytes, true).unwrap();
        assert_eq!(outcome.trains, [[0b011, 0b100, 0b110]]);
        assert_eq!(result_bytes(&design, &outcome, true), bytes);
        assert_eq!((outcome.logits, outcome.class), (vec![7, -2], 0));
        assert!(parse_result(&design, &bytes[..10], true).is_err());
    }
}

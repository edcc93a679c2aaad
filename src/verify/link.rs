// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The host's side of docs/host-link.md: frames, checksum, results.

use super::{Outcome, executor, maps};
use crate::diag::{Diagnostic, Result, codes};
use crate::hw::Design;

/// Commands of a request.
const INFER: u8 = 1;
const INFER_WITH_TRACE: u8 = 2;
const LOAD: u8 = 4;

/// Status of an inference that came before the weights.
pub const NOT_LOADED: u8 = 6;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 0 is good; docs/host-link.md lists the others.
    pub status: u8,
    /// The body, without status and checksum.
    pub body: Vec<u8>,
}

/// CRC-16/CCITT-FALSE.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).rev().fold(crc, |crc: u16, bit| {
            let out = crc >> 15 != u16::from(byte >> bit & 1);
            (crc << 1) ^ if out { 0x1021 } else { 0 }
        })
    })
}

/// COBS: every zero is replaced by the distance to the next one, then the delimiter.
fn cobs_encode(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0];
    let mut code_at = 0;
    for &byte in bytes {
        if byte != 0 {
            out.push(byte);
        }
        if byte == 0 || out.len() - code_at == 255 {
            out[code_at] = (out.len() - code_at) as u8;
            code_at = out.len();
            out.push(0);
        }
    }
    out[code_at] = (out.len() - code_at) as u8;
    out.push(0);
    out
}

fn cobs_decode(frame: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < frame.len() {
        let code = usize::from(frame[at]);
        let block = frame.get(at + 1..at + code)?;
        out.extend(block);
        at += code;
        if code != 255 && at < frame.len() {
            out.push(0);
        }
    }
    Some(out)
}

/// Drops the zero that follows every other byte: the sender has no memory to look ahead.
fn unstuff(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        out.push(byte);
        if byte != 0 && rest.next() != Some(&0) {
            return None;
        }
    }
    Some(out)
}

/// A request for one inference as it goes over the line, delimiter included.
#[must_use]
pub fn encode_request(input: &[u8], trace: bool) -> Vec<u8> {
    encode(if trace { INFER_WITH_TRACE } else { INFER }, input)
}

/// A request that loads the weights, as it goes over the line, delimiter included.
#[must_use]
pub fn encode_load(weights: &[u8]) -> Vec<u8> {
    encode(LOAD, weights)
}

fn encode(command: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![command];
    frame.extend(payload);
    frame.extend(crc16(&frame).to_be_bytes());
    cobs_encode(&frame)
}

/// Reads a response, with or without its delimiter.
///
/// # Errors
/// [`codes::LINK_DAMAGED`] if structure or checksum are wrong.
pub fn decode_response(frame: &[u8]) -> Result<Response> {
    let damaged = |what: &str| Diagnostic::new(&codes::LINK_DAMAGED, what.to_owned());
    let frame = frame.strip_suffix(&[0]).unwrap_or(frame);
    let stuffed = cobs_decode(frame).ok_or_else(|| damaged("the frame's structure is broken"))?;
    let bytes = unstuff(&stuffed).ok_or_else(|| damaged("a stuffed zero is missing"))?;
    let Some((content, crc)) = bytes.split_last_chunk::<2>() else {
        return Err(damaged("the frame is too short"));
    };
    if crc16(content) != u16::from_be_bytes(*crc) {
        return Err(damaged("the checksum is wrong"));
    }
    let Some((status, body)) = content.split_first() else {
        return Err(damaged("the frame is empty"));
    };
    Ok(Response { status: *status, body: body.to_vec() })
}

/// Reads the bytes of a result: logits, class, and the trains if they were asked for.
///
/// With a chain these are those of each layer that fires; with the shared mapping all words of
/// the train memory in their order, a word in ⌈E·T/8⌉ bytes, lowest first.
pub(super) fn parse_result(design: &Design, bytes: &[u8], trace: bool) -> Result<Outcome> {
    let classes = executor::readout(design)?.gain.len();
    let (items, width) = match &design.shared {
        Some(shared) => (shared.train_depth() as usize, shared.pack * design.timesteps),
        None => (executor::neurons(design).iter().sum(), design.timesteps),
    };
    let size = width.div_ceil(8) as usize;
    let expected = classes * 4 + 1 + if trace { items * size } else { 0 };
    let short = || {
        let message = format!("this result has {expected} bytes, not {}", bytes.len());
        Diagnostic::new(&codes::LINK_DAMAGED, message)
    };
    if bytes.len() != expected {
        return Err(short());
    }
    let (logits, rest) = bytes.split_at(classes * 4);
    let (class, rest) = rest.split_first().ok_or_else(short)?;
    let logits = logits
        .chunks_exact(4)
        .map(|b| i64::from(i32::from_le_bytes([b[0], b[1], b[2], b[3]])))
        .collect();
    let trains = match &design.shared {
        _ if !trace => Vec::new(),
        Some(shared) => maps::trains(shared, design.timesteps, rest)?,
        None => {
            let train = |w: &[u8]| w.iter().rev().fold(0, |v, b| v << 8 | u32::from(*b));
            let mut words = rest.chunks_exact(size).map(train);
            let layer = |n| words.by_ref().take(n).collect();
            executor::neurons(design).into_iter().map(layer).collect()
        }
    };
    Ok(Outcome { trains, logits, class: usize::from(*class), timing: None })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A response as the hardware sends it, delimiter included: a zero behind every other byte.
    pub(crate) fn response(status: u8, body: &[u8]) -> Vec<u8> {
        let mut content = [&[status], body].concat();
        content.extend(crc16(&content).to_be_bytes());
        let stuffed: Vec<u8> =
            content.iter().flat_map(|b| if *b == 0 { vec![0] } else { vec![*b, 0] }).collect();
        cobs_encode(&stuffed)
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
    }

    #[test]
    fn frames_have_no_zero_and_decode_back() {
        for len in [0, 1, 2, 253, 254, 255, 256, 300, 600] {
            for pattern in 1..5u8 {
                let bytes: Vec<u8> = (0..len).map(|i| (i as u8) % pattern * 7).collect();
                let frame = cobs_encode(&bytes);
                let (end, inner) = frame.split_last().unwrap();
                assert!(*end == 0 && !inner.contains(&0));
                assert_eq!(cobs_decode(inner).as_deref(), Some(&bytes[..]), "{len} {pattern}");
            }
        }
    }

    /// As in the paper's table: a block of 254 bytes without a zero has the code 255, wherever it
    /// begins.
    #[test]
    fn a_full_block_behind_a_zero() {
        let bytes = [vec![0], vec![1; 255]].concat();
        let frame = [vec![1, 255], vec![1; 254], vec![2, 1, 0]].concat();
        assert_eq!(cobs_encode(&bytes), frame);
    }

    #[test]
    fn a_lost_byte_is_noticed() {
        let frame = response(0, &[1, 2, 0, 3]);
        assert_eq!(decode_response(&frame).unwrap().body, [1, 2, 0, 3]);
        for lost in 0..frame.len() - 1 {
            let mut damaged = frame.clone();
            damaged.remove(lost);
            assert!(decode_response(&damaged).is_err(), "byte {lost}");
        }
    }

    #[test]
    fn trains_of_more_than_eight_timesteps_take_two_bytes() {
        let design = Design { timesteps: 12, ..crate::verify::tests::design() };
        let mut bytes = [7i32.to_le_bytes(), (-2i32).to_le_bytes()].concat();
        bytes.extend([1, 0x34, 0x0a, 0x01, 0x05]);
        let outcome = parse_result(&design, &bytes, true).unwrap();
        assert_eq!(outcome.trains, [[0xa34, 0x501]]);
        assert_eq!((outcome.logits, outcome.class), (vec![7, -2], 1));
    }

    /// A word of four trains of three timesteps takes two bytes.
    #[test]
    fn words_of_a_processor_take_whole_bytes() {
        let mut shared = crate::verify::maps::tests::words_of_four();
        shared.readout.gain = vec![1, 1];
        let design = Design { shared: Some(shared), ..crate::verify::tests::design() };
        let mut bytes = [7i32.to_le_bytes(), (-2i32).to_le_bytes()].concat();
        bytes.extend([0, 0b1101_0101, 0b0000_0001]);
        let outcome = parse_result(&design, &bytes, true).unwrap();
        assert_eq!(outcome.trains, [[0b101, 0b010, 0b111]]);
        assert_eq!((outcome.logits, outcome.class), (vec![7, -2], 0));
        assert!(parse_result(&design, &bytes[..10], true).is_err());
    }
}

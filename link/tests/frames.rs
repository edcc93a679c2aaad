// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Any message, any damage.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::collection::vec;
use proptest::prelude::*;
use synfire_link::{
    Collector, Command, Full, Lengths, Request, Response, Status, TooLong, cobs_decode, cobs_encode,
};

/// A board's answer to an inference: what damage must not get past.
const BODY: [u8; 9] = [1, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 1];

fn encoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0; bytes.len() + bytes.len() / 254 + 2];
    let len = cobs_encode(bytes, &mut out).unwrap();
    out.truncate(len);
    out
}

fn request(request: Request<'_>) -> Vec<u8> {
    let mut out = vec![0; Request::encoded_max(request.payload.len())];
    let len = request.encode(&mut out).unwrap();
    out.truncate(len);
    out
}

fn response(response: Response<'_>) -> Vec<u8> {
    let mut out = vec![0; Response::encoded_max(response.body.len())];
    let len = response.encode(&mut out).unwrap();
    out.truncate(len);
    out
}

fn commands() -> impl Strategy<Value = Command> {
    (1..5u8).prop_map(|code| Command::from_code(code).unwrap())
}

/// Bytes among which zeros and long runs without one are frequent.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..600), vec(0..3u8, 0..600), vec(1..3u8, 250..520)]
}

/// As in the paper's table: a block of 254 bytes without a zero has the code 255, wherever it
/// begins; whether an empty block ends a message that ends in one makes no difference.
#[test]
fn a_full_block_behind_a_zero() {
    let bytes = [vec![0], vec![1; 255]].concat();
    let frame = [vec![1, 255], vec![1; 254], vec![2, 1, 0]].concat();
    assert_eq!(encoded(&bytes), frame);
    for end in [&[][..], &[1]] {
        let mut frame = [&[255], &[7; 254][..], end].concat();
        assert_eq!(cobs_decode(&mut frame), Some(254));
        assert_eq!(frame[..254], [7; 254]);
    }
}

#[test]
fn a_lost_byte_of_a_response_is_noticed() {
    let frame = response(Response { tag: 9, status: Status::Ok, body: &BODY });
    for lost in 0..frame.len() - 1 {
        let mut damaged = frame[..frame.len() - 1].to_vec();
        damaged.remove(lost);
        assert!(Response::decode(&mut damaged).is_err(), "byte {lost}");
    }
}

#[test]
fn a_frame_that_is_too_long_is_dropped_and_the_next_is_whole() {
    let mut collector = Collector::new([0; 3]);
    let mut push = |byte| collector.push(byte).map(|f| f.map(|f| f.to_vec()));
    for byte in [0, 0, 1, 2, 3] {
        assert_eq!(push(byte), None);
    }
    assert_eq!(push(0), Some(Ok(vec![1, 2, 3])));
    for byte in [1, 2, 3, 4] {
        assert_eq!(push(byte), None);
    }
    assert_eq!(push(0), Some(Err(TooLong)));
    assert_eq!((push(0), push(5), push(0)), (None, None, Some(Ok(vec![5]))));
}

/// Bytes lost, doubled and changed, one to three of them: nothing but the same message comes
/// through with the length that the host waits for. The order is fixed, as once in 2^16 a checksum fits by chance.
#[test]
fn damage_is_noticed() {
    let mut state = 1u64;
    let mut below = |n: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let mut refused = 0;
    for round in 0..20_000 {
        let body: Vec<u8> = (0..below(60)).map(|_| (below(3) * below(128)) as u8).collect();
        let sent = Response { tag: 3, status: Status::Ok, body: &body };
        let mut line = response(sent);
        for _ in 0..1 + below(3) {
            let at = below(line.len());
            match below(3) {
                0 => drop(line.remove(at)),
                1 => line.insert(at, line[at]),
                _ => line[at] ^= 1 + below(255) as u8,
            }
        }
        line.push(0);
        let mut collector = Collector::new([0; 256]);
        for byte in line {
            let Some(Ok(found)) = collector.push(byte) else { continue };
            match Response::decode(found) {
                Ok(found) if found.body.len() == sent.body.len() => {
                    assert_eq!(found, sent, "round {round}");
                }
                // A zero behind the checksum leaves it right: the host knows the length.
                _ => refused += 1,
            }
        }
    }
    assert!(refused > 19_000, "{refused}");
}

proptest! {
    #[test]
    fn frames_have_no_zero_and_decode_back(bytes in bytes()) {
        let mut frame = encoded(&bytes);
        prop_assert_eq!(frame.pop(), Some(0));
        prop_assert!(!frame.contains(&0));
        let len = cobs_decode(&mut frame);
        prop_assert_eq!(len, Some(bytes.len()));
        prop_assert_eq!(&frame[..bytes.len()], &bytes[..]);
    }

    #[test]
    fn requests_come_back(tag in 0..16u8, command in commands(), payload in bytes()) {
        let payload = if command == Command::Identify { vec![] } else { payload };
        let sent = Request { tag, command, payload: &payload };
        let mut frame = request(sent);
        // Not a byte less is enough.
        let mut out = vec![0; frame.len() - 1];
        prop_assert_eq!(sent.encode(&mut out), Err(Full));
        frame.pop();
        let lengths = Lengths { infer: payload.len(), load: payload.len() };
        let is_known = command != Command::Load || !payload.is_empty();
        prop_assert_eq!(Request::decode(&mut frame, lengths).ok(), is_known.then_some(sent));
    }

    #[test]
    fn responses_come_back(tag in 0..16u8, code in 0..7u8, body in bytes()) {
        let status = Status::from_code(code).unwrap();
        let sent = Response { tag, status, body: &body };
        let mut frame = response(sent);
        let mut out = vec![0; frame.len() - 1];
        prop_assert_eq!(sent.encode(&mut out), Err(Full));
        frame.pop();
        // Of any COBS encoder, too.
        let message: Vec<u8> = [tag << 4 | code].iter().chain(&body).copied().collect();
        let message = [&message[..], &synfire_link::crc16(&message).to_be_bytes()].concat();
        let stuffed: Vec<u8> =
            message.iter().flat_map(|b| if *b == 0 { vec![0] } else { vec![*b, 0] }).collect();
        let mut other = encoded(&stuffed);
        other.pop();
        prop_assert_eq!(Response::decode(&mut frame), Ok(sent));
        prop_assert_eq!(Response::decode(&mut other), Ok(sent));
    }

    #[test]
    fn nothing_panics_and_nothing_grows(noise in bytes(), infer in 0..600usize, load in 0..600usize) {
        let mut place = noise.clone();
        if let Ok(response) = Response::decode(&mut place) {
            prop_assert!(response.body.len() < noise.len());
        }
        let mut place = noise.clone();
        if let Ok(request) = Request::decode(&mut place, Lengths { infer, load }) {
            prop_assert!(request.payload.len() < noise.len());
        }
        // After whatever noise, a frame behind a delimiter is whole.
        let sent = Response { tag: 7, status: Status::Ok, body: &BODY };
        let line = [&noise[..], &[0], &response(sent)].concat();
        let mut collector = Collector::new([0; 64]);
        let mut last = None;
        for byte in line {
            if let Some(frame) = collector.push(byte) {
                last = frame.ok().map(|f| f.to_vec());
            }
        }
        let mut last = last.unwrap();
        prop_assert_eq!(Response::decode(&mut last), Ok(sent));
    }
}

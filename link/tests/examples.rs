// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The exchanges of docs/host-link.md, byte for byte.
#![allow(clippy::unwrap_used, clippy::panic)]

use synfire_link::{Command, Lengths, Refusal, Request, Response, Status, crc16};

const INFER: Request<'_> =
    Request { tag: 5, command: Command::Infer, payload: &[0x10, 0x20, 0x00, 0x05] };

/// The frames of the page that begin with this word, without delimiter.
fn frames(who: &str) -> Vec<Vec<u8>> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/host-link.md");
    let page = std::fs::read_to_string(page).unwrap();
    let of = |line: &str| -> Option<Vec<u8>> {
        let digits = line.strip_prefix(who)?.strip_prefix(' ')?.split_whitespace();
        let mut frame: Vec<u8> = digits.map(|d| u8::from_str_radix(d, 16).unwrap()).collect();
        assert_eq!(frame.pop(), Some(0), "{line}");
        Some(frame)
    };
    page.lines().filter_map(of).collect()
}

#[test]
fn requests_are_those_of_the_page() {
    let lengths = Lengths { infer: 4, load: 3 };
    let identify = Request { tag: 0, command: Command::Identify, payload: &[] };
    let load = Request { tag: 6, command: Command::Load, payload: &[0xC0, 0x00, 0x07] };
    let cut = Err(Refusal { first: Some(0x51), status: Status::BadFraming });
    let wanted = [Ok(identify), Ok(INFER), cut, Ok(INFER), Ok(load), Ok(INFER)];
    let found = frames("host");
    assert_eq!(found.len(), wanted.len());
    for (frame, wanted) in found.into_iter().zip(wanted) {
        assert_eq!(Request::decode(&mut frame.clone(), lengths), wanted);
        if let Ok(request) = wanted {
            let mut out = vec![0xEE; frame.len() + 1];
            assert_eq!(request.encode(&mut out), Ok(out.len()));
            assert_eq!(out, [&frame[..], &[0]].concat());
        }
    }
}

#[test]
fn responses_are_those_of_the_page() {
    let ok = |tag, body| Response { tag, status: Status::Ok, body };
    let identity = *b"Synfire\0\x01\x02\x03\x00\x00\xFF\x80\x00";
    let wanted = [
        ok(0, &identity),
        ok(5, &[0x35, 0xA5]),
        Response { tag: 5, status: Status::BadFraming, body: &[] },
        Response { tag: 5, status: Status::NotLoaded, body: &[] },
        ok(6, &[]),
        ok(5, &[0xFC, 0x08]),
    ];
    let found = frames("link");
    assert_eq!(found.len(), wanted.len());
    for (frame, wanted) in found.into_iter().zip(wanted) {
        assert_eq!(Response::decode(&mut frame.clone()), Ok(wanted));
        let mut out = vec![0xEE; frame.len() + 1];
        assert_eq!(wanted.encode(&mut out), Ok(out.len()));
        assert_eq!(out, [&frame[..], &[0]].concat());
    }
}

#[test]
fn the_checksum_is_the_published_one() {
    assert_eq!(crc16(b"123456789"), 0x29B1);
    assert_eq!(crc16(b"123456789\x29\xB1"), 0);
}

/// As the page's table says: structure, length, checksum, command.
#[test]
fn the_first_objection_is_reported() {
    let lengths = Lengths { infer: 4, load: 0 };
    let framed = |message: &[u8]| {
        let mut frame = vec![0; message.len() + 3];
        let len = synfire_link::cobs_encode(message, &mut frame).unwrap();
        frame.truncate(len - 1);
        frame
    };
    let with_crc = |message: &[u8]| [message, &crc16(message).to_be_bytes()].concat();
    let refused = |mut frame: Vec<u8>| {
        let refusal = Request::decode(&mut frame, lengths).unwrap_err();
        (refusal.status, refusal.first)
    };
    assert_eq!(refused(vec![5]), (Status::BadFraming, None));
    assert_eq!(refused(vec![5, 0x51]), (Status::BadFraming, Some(0x51)));
    assert_eq!(refused(vec![1, 9]), (Status::BadFraming, Some(0)));
    assert_eq!(refused(vec![1]), (Status::BadLength, None));
    assert_eq!(refused(framed(&[0x51, 1, 2, 3, 0, 0])), (Status::BadLength, Some(0x51)));
    assert_eq!(refused(framed(&[0x33, 1, 2, 3])), (Status::BadLength, Some(0x33)));
    assert_eq!(refused(framed(&[0x51, 1, 2, 3, 4, 0, 0])), (Status::BadCrc, Some(0x51)));
    assert_eq!(refused(framed(&[0x7F, 1])), (Status::BadCrc, Some(0x7F)));
    assert_eq!(refused(framed(&with_crc(&[0x7F, 1]))), (Status::BadCommand, Some(0x7F)));
    // Without weights to load, a load is as unknown as any.
    assert_eq!(refused(framed(&with_crc(&[0x64, 1]))), (Status::BadCommand, Some(0x64)));
}

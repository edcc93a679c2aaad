// SPDX-License-Identifier: Apache-2.0 OR MIT
//! CRC-16/CCITT-FALSE.

/// The checksum of a message: polynomial 1021, from FFFF on, most significant bit first. Over a
/// message with its own checksum behind it, it is 0.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| next(crc, *byte))
}

/// The checksum after one more byte.
pub(crate) fn next(crc: u16, byte: u8) -> u16 {
    (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| {
        (crc << 1) ^ if crc & 0x8000 != 0 { 0x1021 } else { 0 }
    })
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Zip archives as far as npz needs them: the central directory with its zip64 fields,
//! members stored or deflated, checked by their CRC. Read here and not by a crate so that
//! a claimed number of members allocates nothing. Source: PKWARE's APPNOTE.TXT 6.3.10,
//! sections 4.3 and 4.5.3.

use std::io::Read;

use flate2::Crc;
use flate2::read::DeflateDecoder;

use crate::data::read::{Cursor, bad, limit, unpack};
use crate::diag::Result;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
/// The end record is this long and may be followed by a comment of 65,535 bytes.
const END_LENGTH: usize = 22;
const LOCATOR_LENGTH: usize = 20;
/// Extra field with the sizes that do not fit 32 bits.
const ZIP64: u16 = 1;
/// "See the extra field".
const ELSEWHERE: u64 = u32::MAX as u64;

/// True if the first bytes are those of a zip archive.
pub(in crate::data) fn starts(bytes: &[u8]) -> bool {
    bytes.starts_with(&LOCAL) || bytes.starts_with(&END)
}

/// A file in the archive.
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    method: u16,
    encrypted: bool,
    crc: u32,
    packed: u64,
    length: u64,
    offset: u64,
}

fn u16_of(cursor: &mut Cursor) -> Result<u16> {
    Ok(u16::from_le_bytes(cursor.array("a zip record")?))
}

fn u32_of(cursor: &mut Cursor) -> Result<u64> {
    Ok(u64::from(u32::from_le_bytes(cursor.array("a zip record")?)))
}

fn u64_of(cursor: &mut Cursor) -> Result<u64> {
    Ok(u64::from_le_bytes(cursor.array("a zip record")?))
}

/// A cursor behind the signature that stands at `at`.
fn record(data: &[u8], at: u64, signature: [u8; 4]) -> Result<Cursor<'_>> {
    let mut cursor = Cursor::new(data);
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    cursor.take(at, "the zip archive")?;
    if cursor.array("a zip record")? != signature {
        return Err(bad(at, "the zip archive is damaged: a record is not where it should be"));
    }
    Ok(cursor)
}

/// Offset of the central directory and number of members.
fn directory(data: &[u8]) -> Result<(u64, u64)> {
    let last = data.len().checked_sub(END_LENGTH);
    let end = last.and_then(|last| {
        let first = last.saturating_sub(usize::from(u16::MAX));
        (first..=last).rev().find(|&at| {
            // A comment may contain the signature: its length has to fit as well.
            let comment = data.get(at + 20..at + 22).map(|l| u16::from_le_bytes([l[0], l[1]]));
            data[at..].starts_with(&END)
                && comment.is_some_and(|c| at + END_LENGTH + usize::from(c) == data.len())
        })
    });
    let Some(end) = end else {
        return Err(bad(data.len(), "the zip archive has no end record: is the file complete?"));
    };
    let mut cursor = record(data, end as u64, END)?;
    cursor.take(6, "the end record")?;
    let count = u64::from(u16_of(&mut cursor)?);
    let (_size, offset) = (u32_of(&mut cursor)?, u32_of(&mut cursor)?);
    let locator = end.checked_sub(LOCATOR_LENGTH);
    match locator.map(|at| record(data, at as u64, LOCATOR_64)) {
        Some(Ok(mut cursor)) => {
            cursor.take(4, "the zip64 locator")?;
            let mut cursor = record(data, u64_of(&mut cursor)?, END_64)?;
            cursor.take(28, "the zip64 end record")?;
            let (count, _size) = (u64_of(&mut cursor)?, u64_of(&mut cursor)?);
            Ok((u64_of(&mut cursor)?, count))
        }
        _ => Ok((offset, count)),
    }
}

/// The members, in the order of the central directory.
pub(super) fn members(data: &[u8]) -> Result<Vec<Member<'_>>> {
    let (mut at, count) = directory(data)?;
    let mut members = Vec::new();
    for _ in 0..count {
        let mut cursor = record(data, at, CENTRAL)?;
        cursor.take(4, "a zip record")?;
        let (flags, method) = (u16_of(&mut cursor)?, u16_of(&mut cursor)?);
        cursor.take(4, "a zip record")?;
        let crc = u32_of(&mut cursor)? as u32;
        let (packed, length) = (u32_of(&mut cursor)?, u32_of(&mut cursor)?);
        let (name_length, extra) = (u16_of(&mut cursor)?, u16_of(&mut cursor)?);
        let comment = u16_of(&mut cursor)?;
        cursor.take(8, "a zip record")?;
        let offset = u32_of(&mut cursor)?;
        let name_at = cursor.at();
        let Ok(name) = std::str::from_utf8(cursor.take(name_length.into(), "a member's name")?)
        else {
            return Err(bad(name_at, "the name of a zip member is not text"));
        };
        let extra = cursor.take(extra.into(), "a zip record")?;
        let encrypted = flags & 1 != 0;
        let mut member = Member { name, method, encrypted, crc, packed, length, offset };
        member.widen(extra)?;
        cursor.take(comment.into(), "a zip record")?;
        at = cursor.at() as u64;
        members.push(member);
    }
    Ok(members)
}

impl Member<'_> {
    /// Takes the 64-bit values of those fields that say so.
    fn widen(&mut self, extra: &[u8]) -> Result<()> {
        let mut cursor = Cursor::new(extra);
        // Anything shorter than a field's head is padding.
        while cursor.rest().len() >= 4 {
            let (id, length) = (u16_of(&mut cursor)?, u16_of(&mut cursor)?);
            let mut field = Cursor::new(cursor.take(length.into(), "an extra field")?);
            if id == ZIP64 {
                for value in [&mut self.length, &mut self.packed, &mut self.offset] {
                    if *value == ELSEWHERE {
                        *value = u64_of(&mut field)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Unpacks the member.
    pub(super) fn read(&self, data: &[u8]) -> Result<Vec<u8>> {
        let mut cursor = record(data, self.offset, LOCAL)?;
        cursor.take(22, "a local header")?;
        let (name, extra) = (u16_of(&mut cursor)?, u16_of(&mut cursor)?);
        cursor.take(usize::from(name) + usize::from(extra), "a local header")?;
        let at = cursor.at();
        let packed = usize::try_from(self.packed).unwrap_or(usize::MAX);
        let packed = cursor.take(packed, "a zip member")?;
        let reader: &mut dyn Read = match (self.method, self.encrypted) {
            (_, true) => return Err(bad(at, format!("`{}` is encrypted", self.name))),
            (0, _) => &mut &*packed,
            (8, _) => &mut DeflateDecoder::new(packed),
            (other, _) => {
                let message = format!("`{}` is packed by method {other}", self.name);
                return Err(bad(at, message).help("npz files are stored or deflated"));
            }
        };
        let bytes = unpack(reader, limit(packed.len()), self.name)?;
        let mut crc = Crc::new();
        crc.update(&bytes);
        if (bytes.len() as u64, crc.sum()) != (self.length, self.crc) {
            return Err(bad(at, format!("`{}` is damaged: its checksum is wrong", self.name)));
        }
        Ok(bytes)
    }
}

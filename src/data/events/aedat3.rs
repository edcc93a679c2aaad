// SPDX-License-Identifier: Apache-2.0 OR MIT
//! AEDAT 3.1, the format of DVS Gesture: header lines, then packets of events of one type,
//! all little-endian. Sources: docs.inivation.com, "AEDAT 3.1"; research.ibm.com/dvsgesture,
//! "aedat format".
//!
//! A packet has a header of 28 bytes: type u16, source u16, then as u32 the size of an
//! event, the offset of the time in it, the overflows of the time, the capacity, the number
//! of events and how many of them are valid. A polarity event (type 1) is a word with the
//! validity in bit 0, the polarity in bit 1, y in bits 2 to 16, x in bits 17 to 31, and
//! the time in µs, which has 31 bits: `t = overflows · 2^31 + time`.

use super::{Event, Recording, Sensor, misplaced, no_sensor, outside};
use crate::data::read::{Cursor, bad};
use crate::diag::{Diagnostic, Result, codes};

const SPECIAL: u16 = 0;
const POLARITY: u16 = 1;
/// Special event in bits 1 to 7: the sensor's clock starts anew.
const TIMESTAMP_RESET: u32 = 1;
/// Bytes of a special or polarity event.
const SIZE: usize = 8;
const END: &str = "#!END-HEADER";

/// Sensors by the name in a `#Source` line.
const SENSORS: &[(&str, u16, u16)] = &[
    ("DVS128", 128, 128),
    ("DAVIS240", 240, 180),
    ("DAVIS346", 346, 260),
    ("DAVIS640", 640, 480),
    ("DAVIS128", 128, 128),
    ("DAVIS208", 208, 192),
];

pub(super) fn parse(data: &[u8], sensor: Option<Sensor>) -> Result<Recording> {
    let mut cursor = Cursor::new(data);
    let named = header(&mut cursor)?;
    let sensor = sensor.or(named).ok_or_else(|| no_sensor("header"))?;
    let mut events = Vec::new();
    let mut invalid = 0;
    while !cursor.rest().is_empty() {
        let start = cursor.at();
        let packet = Packet::read(&mut cursor)?;
        match packet.kind {
            SPECIAL => packet.check_special(!events.is_empty())?,
            POLARITY => invalid += packet.events(start, sensor, &mut events)?,
            _ => {}
        }
    }
    Ok(Recording::new(sensor, true, events, invalid))
}

/// Reads the lines up to the end of the header; the sensor, if one of them names it.
fn header(cursor: &mut Cursor) -> Result<Option<Sensor>> {
    let mut sensor = None;
    for number in 0.. {
        let at = cursor.at();
        let rest = cursor.rest();
        let end = rest.iter().position(|b| *b == b'\n');
        let Some(end) = end.filter(|_| rest.starts_with(b"#")) else {
            return Err(bad(at, format!("the header has no line `{END}`")));
        };
        let line = String::from_utf8_lossy(cursor.take(end + 1, "the header")?);
        let line = line.trim_end();
        if number == 0 && line != "#!AER-DAT3.1" {
            let line: String = line.chars().take(40).collect();
            let message = format!("the version is `{line}`; 3.1 and 4.0 are read");
            return Err(bad(at, message).help("DV and jAER convert between the versions"));
        }
        if line == END {
            break;
        }
        if let Some(format) = line.strip_prefix("#Format:")
            && format.trim() != "RAW"
        {
            return Err(bad(at, format!("packets in the form `{}`; RAW is read", format.trim())));
        }
        // `#-Source` names what was recorded before the file was written again.
        let source = line.strip_prefix("#Source").and_then(|l| l.split_once(':'));
        if let Some((_, name)) = source {
            let known = SENSORS.iter().find(|(known, ..)| name.trim().starts_with(known));
            let known = known.map(|&(_, width, height)| Sensor::Pixels { width, height });
            if sensor.is_some() && known.is_some() && sensor != known {
                return Err(no_sensor("header"));
            }
            sensor = sensor.or(known);
        }
    }
    Ok(sensor)
}

/// Events of one type.
struct Packet<'a> {
    kind: u16,
    overflows: u32,
    /// Offset of the first event.
    at: usize,
    bytes: &'a [u8],
}

impl<'a> Packet<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self> {
        let start = cursor.at();
        let what = "the header of a packet";
        let kind = u16::from_le_bytes(cursor.array(what)?);
        let _source: [u8; 2] = cursor.array(what)?;
        let mut words = [0; 6];
        for word in &mut words {
            *word = u32::from_le_bytes(cursor.array(what)?);
        }
        let [size, offset, overflows, capacity, number, valid] = words;
        if words.iter().any(|w| *w > i32::MAX as u32) || number > capacity || valid > number {
            return Err(bad(
                start,
                format!(
                    "a packet's header makes no sense: {number} events ({valid} valid) of {size} bytes, room for {capacity}"
                ),
            ));
        }
        if kind <= POLARITY && (size as usize, offset) != (SIZE, 4) {
            let message = format!(
                "a packet of type {kind} has events of {size} bytes with the time at {offset}; 8 and 4 were expected"
            );
            return Err(bad(start, message));
        }
        let at = cursor.at();
        let length = (size as usize).saturating_mul(number as usize);
        let bytes = cursor.take(length, "a packet of events")?;
        Ok(Self { kind, overflows, at, bytes })
    }

    /// Each event's word and time, with its offset.
    fn pairs(&self) -> impl Iterator<Item = (usize, u32, i64)> {
        let overflows = i64::from(self.overflows) << 31;
        self.bytes.as_chunks::<SIZE>().0.iter().enumerate().map(
            move |(i, &[a, b, c, d, e, f, g, h])| {
                let time = i32::from_le_bytes([e, f, g, h]);
                let time = if time < 0 { -1 } else { overflows | i64::from(time) };
                (self.at + i * SIZE, u32::from_le_bytes([a, b, c, d]), time)
            },
        )
    }

    /// A clock that starts anew in the middle would mix up what came before and after.
    /// One that does so before the first event is what every recording begins with.
    fn check_special(&self, begun: bool) -> Result<()> {
        for (at, word, _) in self.pairs() {
            if begun && word & 1 == 1 && (word >> 1) & 0x7f == TIMESTAMP_RESET {
                let message = "the sensor's clock was set back here, after the first events";
                return Err(Diagnostic::new(&codes::INPUT_EVENT, message)
                    .at(format!("byte {at}"))
                    .help("cut the recording there"));
            }
        }
        Ok(())
    }

    /// Adds the valid events; the number of invalid ones.
    fn events(&self, start: usize, sensor: Sensor, events: &mut Vec<Event>) -> Result<usize> {
        let mut invalid = 0;
        events.reserve(self.bytes.len() / SIZE);
        for (at, word, t) in self.pairs() {
            if word & 1 == 0 {
                invalid += 1;
                continue;
            }
            let place = || format!("byte {at}, packet at byte {start}");
            let (x, y) = ((word >> 17) as u16, ((word >> 2) & 0x7fff) as u16);
            if !sensor.holds(x, y) {
                return Err(outside(events.len(), &place(), (x.into(), y.into()), sensor));
            }
            if t < 0 {
                return Err(misplaced(events.len(), &place(), "the time is negative"));
            }
            events.push(Event { t, x, y, on: word >> 1 & 1 == 1 });
        }
        Ok(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        "#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#Start-Time: x\r\n#!END-HEADER\r\n";

    fn packet(kind: u16, overflows: u32, events: &[(u32, u32)]) -> Vec<u8> {
        let n = events.len() as u32;
        let mut bytes = [kind.to_le_bytes(), 1u16.to_le_bytes()].concat();
        for word in [8, 4, overflows, n, n, n] {
            bytes.extend(word.to_le_bytes());
        }
        events.iter().for_each(|(w, t)| bytes.extend([w.to_le_bytes(), t.to_le_bytes()].concat()));
        bytes
    }

    fn event(x: u32, y: u32, on: u32, valid: u32) -> u32 {
        x << 17 | y << 2 | on << 1 | valid
    }

    fn read(packets: &[Vec<u8>]) -> Result<Recording> {
        parse(&[HEADER.as_bytes(), &packets.concat()].concat(), None)
    }

    #[test]
    fn valid_events_of_polarity_packets_are_taken() {
        let r = read(&[
            packet(0, 0, &[(TIMESTAMP_RESET << 1 | 1, 0)]),
            packet(1, 0, &[(event(127, 3, 1, 1), 5), (event(1, 1, 1, 0), 6)]),
            packet(3, 0, &[(1, 2)]),
            packet(1, 2, &[(event(0, 127, 0, 1), 7)]),
        ])
        .unwrap();
        assert_eq!(
            r.events,
            [
                Event { t: 5, x: 127, y: 3, on: true },
                Event { t: (2 << 31) + 7, x: 0, y: 127, on: false },
            ]
        );
        assert_eq!((r.invalid, r.shape()), (1, vec![2, 128, 128]));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let polarity = |w, t| packet(1, 0, &[(w, t)]);
        let code = |packets: &[Vec<u8>]| read(packets).unwrap_err().code.id;
        assert_eq!(code(&[polarity(event(128, 0, 0, 1), 5)]), "SF0013");
        assert_eq!(code(&[polarity(event(0, 0, 0, 1), 1 << 31)]), "SF0013");
        let reset = packet(0, 0, &[(TIMESTAMP_RESET << 1 | 1, 0)]);
        assert_eq!(code(&[polarity(1, 0), reset]), "SF0013");
        let mut huge = polarity(1, 0);
        huge[16..24].fill(0x7f);
        assert_eq!(code(&[huge]), "SF0010");
        assert_eq!(parse(b"#!AER-DAT3.0\r\n", None).unwrap_err().code.id, "SF0010");
        assert_eq!(
            parse(HEADER.replace("RAW", "PNG").as_bytes(), None).unwrap_err().code.id,
            "SF0010"
        );
        let unknown = HEADER.replace("DVS128", "Camera");
        assert!(parse(unknown.as_bytes(), None).unwrap_err().help.unwrap().contains("--sensor"));
        assert!(parse(unknown.as_bytes(), Some(Sensor::Channels(1))).is_ok());
    }
}

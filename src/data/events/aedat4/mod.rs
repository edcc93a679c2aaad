// SPDX-License-Identifier: Apache-2.0 OR MIT
//! AEDAT 4: a version line, a FlatBuffer `IOHeader`, packets of streams, and at the end a
//! FlatBuffer `FileDataTable`. A packet is the number of its stream and its length, both
//! as i32, and a size-prefixed FlatBuffer, packed as one LZ4 or Zstandard frame if the
//! header says so. Source: docs.inivation.com, "AEDAT 4.0", with its schemas:
//!
//! ```text
//! table  IOHeader    { compression: int = 0; dataTablePosition: long = -1; infoNode: string; }
//! struct Event       { timestamp: long; x: short; y: short; polarity: bool; }
//! table  EventPacket { elements: [Event]; }
//! ```

mod flat;
mod packing;
mod streams;

use super::{Event, Recording, Sensor, misplaced, no_sensor, outside};
use crate::data::read::{Cursor, bad, limit};
use crate::diag::{Diagnostic, Result};
use packing::Packing;
use streams::Stream;

const VERSION: &[u8] = b"#!AER-DAT4.0\r\n";
/// Bytes of an `Event`, with what aligns the next one.
const SIZE: usize = 16;

pub(super) fn parse(data: &[u8], sensor: Option<Sensor>) -> Result<Recording> {
    let mut cursor = Cursor::new(data);
    if cursor.take(VERSION.len(), "the version line")? != VERSION {
        return Err(bad(0, "the version line is not `#!AER-DAT4.0`"));
    }
    let header = Header::read(&mut cursor)?;
    let sensor = sensor.or(header.sensor()).ok_or_else(|| no_sensor("infoNode"))?;
    let end = header.end(data, cursor.at())?;
    let mut budget = limit(data.len());
    let mut events = Vec::new();
    let packets = cursor.at();
    let mut cursor = Cursor::new(&data[..end]);
    cursor.take(packets, "the header")?;
    while !cursor.rest().is_empty() {
        let start = cursor.at();
        let stream = i32::from_le_bytes(cursor.array("a packet's header")?);
        let length = i32::from_le_bytes(cursor.array("a packet's header")?);
        let Ok(length) = usize::try_from(length) else {
            return Err(bad(start, format!("a packet has {length} bytes")));
        };
        let packed = cursor.take(length, "a packet")?;
        if stream == header.stream.id {
            let bytes = header.packing.unpack(packed, budget).map_err(|d| within(d, start))?;
            budget = budget.saturating_sub(bytes.len());
            packet(&bytes, start, sensor, &mut events)?;
        }
    }
    Ok(Recording::new(sensor, true, events, 0))
}

/// Says which packet a message is about.
fn within(mut d: Box<Diagnostic>, start: usize) -> Box<Diagnostic> {
    d.location.path = Some(format!("packet at byte {start}"));
    d
}

struct Header {
    packing: Packing,
    /// Where the `FileDataTable` is.
    table: Option<i64>,
    stream: Stream,
}

impl Header {
    fn read(cursor: &mut Cursor) -> Result<Self> {
        let at = cursor.at();
        let size = u32::from_le_bytes(Cursor::clone(cursor).array("the IOHeader")?) as usize;
        let bytes = cursor.take(size.saturating_add(4), "the IOHeader")?;
        let Some(table) = flat::root(bytes, b"IOHE") else {
            return Err(bad(at, "the IOHeader is damaged"));
        };
        let packing = match table.i32(0).unwrap_or(0) {
            0 => Packing::None,
            1 | 2 => Packing::Lz4,
            3 | 4 => Packing::Zstd,
            other => return Err(bad(at, format!("compression {other} is not known (0 to 4 are)"))),
        };
        let xml = table.vector(2, 1).and_then(|t| std::str::from_utf8(t).ok());
        let Some(xml) = xml else {
            return Err(bad(at, "the IOHeader has no readable infoNode"));
        };
        let streams = streams::events(xml)
            .map_err(|why| bad(at, format!("the infoNode is no well-formed XML: {why}")))?;
        match streams[..] {
            [stream] => Ok(Self { packing, table: table.i64(1).filter(|p| *p >= 0), stream }),
            [] => Err(bad(at, "the file has no stream of polarity events (EVTS)")),
            _ => {
                let ids: Vec<_> = streams.iter().map(|s| s.id.to_string()).collect();
                let message = format!("the file has streams of events {}", ids.join(", "));
                Err(bad(at, message).help("keep one camera a file"))
            }
        }
    }

    fn sensor(&self) -> Option<Sensor> {
        let (width, height) = self.stream.width.zip(self.stream.height)?;
        Some(Sensor::Pixels { width, height })
    }

    /// Where the packets end. A recording that was broken off has no table.
    fn end(&self, data: &[u8], packets: usize) -> Result<usize> {
        let Some(table) = self.table else { return Ok(data.len()) };
        let at = usize::try_from(table).ok().filter(|t| (packets..data.len()).contains(t));
        let Some(at) = at else {
            let message = format!(
                "the table of packets should be at byte {table}, the file has {}",
                data.len()
            );
            return Err(bad(data.len(), message));
        };
        let rest = &data[at..];
        let table = self.packing.unpack(rest, limit(rest.len())).map_err(|d| within(d, at))?;
        if flat::root(&table, b"FTAB").is_none() {
            return Err(bad(at, "the table of packets is damaged"));
        }
        Ok(at)
    }
}

/// Adds the events of an unpacked packet.
fn packet(bytes: &[u8], start: usize, sensor: Sensor, events: &mut Vec<Event>) -> Result<()> {
    let Some(table) = flat::root(bytes, b"EVTS") else {
        return Err(bad(start, "a packet of events is damaged"));
    };
    let elements = match table.vector(0, SIZE) {
        Some(elements) => elements,
        None if table.has(0) => return Err(bad(start, "a packet of events is damaged")),
        None => &[],
    };
    events.reserve(elements.len() / SIZE);
    for &[t0, t1, t2, t3, t4, t5, t6, t7, x0, x1, y0, y1, on, ..] in elements.as_chunks::<SIZE>().0
    {
        let t = i64::from_le_bytes([t0, t1, t2, t3, t4, t5, t6, t7]);
        let (x, y) = (i16::from_le_bytes([x0, x1]), i16::from_le_bytes([y0, y1]));
        let place = || format!("packet at byte {start}");
        match (u16::try_from(x), u16::try_from(y)) {
            (Ok(x), Ok(y)) if sensor.holds(x, y) => {
                if t < 0 {
                    return Err(misplaced(events.len(), &place(), "the time is negative"));
                }
                events.push(Event { t, x, y, on: on != 0 });
            }
            _ => return Err(outside(events.len(), &place(), (x.into(), y.into()), sensor)),
        }
    }
    Ok(())
}

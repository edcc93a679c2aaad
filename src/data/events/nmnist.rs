// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The files of N-MNIST and N-Caltech101: events of 40 bits, without a header, big-endian:
//! x 8 bits, y 8 bits, polarity 1 bit, time 23 bits in µs. An event with y = 240 is none:
//! it says that the sensor's 13-bit clock ran over, and that 2^13 µs are to be added to
//! all times after it. Sources: garrickorchard.com/datasets/n-mnist, "Each event occupies
//! 40 bits"; `Read_Ndataset` there for the overflow.

use super::{Event, Recording, Sensor, outside};
use crate::data::read::bad;
use crate::diag::Result;

const SIZE: usize = 5;
const OVERFLOW_ROW: u8 = 240;
const OVERFLOW: i64 = 1 << 13;
/// Of N-MNIST. N-Caltech101 is up to 240 × 180.
const SENSOR: Sensor = Sensor::Pixels { width: 34, height: 34 };

pub(super) fn parse(data: &[u8], sensor: Option<Sensor>) -> Result<Recording> {
    let sensor = sensor.unwrap_or(SENSOR);
    let (words, rest) = data.as_chunks::<SIZE>();
    if !rest.is_empty() {
        let message = format!("the file ends in an event: {} of {SIZE} bytes", rest.len());
        return Err(bad(data.len() - rest.len(), message));
    }
    let mut events = Vec::with_capacity(words.len());
    let mut base = 0;
    for (i, &[x, y, a, b, c]) in words.iter().enumerate() {
        if y == OVERFLOW_ROW {
            base += OVERFLOW;
            continue;
        }
        let (x, y, on) = (x.into(), y.into(), a >> 7 == 1);
        if !sensor.holds(x, y) {
            let place = format!("byte {}", i * SIZE);
            return Err(outside(events.len(), &place, (x.into(), y.into()), sensor));
        }
        let t = base + i64::from(u32::from_be_bytes([0, a & 0x7f, b, c]));
        events.push(Event { t, x, y, on });
    }
    Ok(Recording::new(sensor, true, events, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_overflows() {
        let data = [33, 2, 0x80, 1, 2, 0, 240, 0, 0, 0, 1, 0, 0x7f, 0xff, 0xff];
        let r = parse(&data, None).unwrap();
        assert_eq!(r.events[0], Event { t: 258, x: 33, y: 2, on: true });
        assert_eq!(r.events[1], Event { t: (1 << 23) - 1 + 8192, x: 1, y: 0, on: false });
        assert_eq!(r.shape(), [2, 34, 34]);
    }

    #[test]
    fn half_events_and_wild_ones_are_refused() {
        assert_eq!(parse(&[1, 2, 3], None).unwrap_err().location.path.unwrap(), "byte 0");
        let error = parse(&[1, 1, 0, 0, 0, 34, 0, 0, 0, 0], None).unwrap_err();
        assert_eq!(error.to_string(), "event 1 (byte 5): x 34, y 0 is outside the sensor of 34x34");
        let larger = Sensor::Pixels { width: 35, height: 34 };
        assert!(parse(&[34, 0, 0, 0, 0], Some(larger)).is_ok());
    }
}

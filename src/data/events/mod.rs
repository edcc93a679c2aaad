// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Recordings of events: AEDAT 3.1, AEDAT 4, N-MNIST, tables.

mod aedat3;
mod aedat4;
mod csv;
mod frames;
mod nmnist;
mod table;
mod trials;

use std::str::FromStr;

use super::Format;
use crate::diag::{Diagnostic, Result, codes};

pub use frames::{Bins, Framing};
pub(super) use trials::{Trial, trials};

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Microseconds, from whatever the recording starts to count at.
    pub t: i64,
    /// Column, or channel.
    pub x: u16,
    /// Row; 0 in a line of channels.
    pub y: u16,
    /// Polarity; true if the file has none.
    pub on: bool,
}

/// What events come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sensor {
    /// A camera.
    Pixels {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// Channels in a line, as of a cochlea.
    Channels(u16),
}

impl Sensor {
    fn holds(self, x: u16, y: u16) -> bool {
        match self {
            Self::Pixels { width, height } => x < width && y < height,
            Self::Channels(n) => x < n && y == 0,
        }
    }
}

impl std::fmt::Display for Sensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pixels { width, height } => write!(f, "{width}x{height}"),
            Self::Channels(n) => write!(f, "{n}"),
        }
    }
}

/// Reads `WIDTHxHEIGHT` or `CHANNELS`.
impl FromStr for Sensor {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let number = |t: &str| t.parse::<u16>().ok().filter(|n| *n > 0);
        let sensor = match text.split_once('x') {
            None => number(text).map(Self::Channels),
            Some((w, h)) => {
                number(w).zip(number(h)).map(|(width, height)| Self::Pixels { width, height })
            }
        };
        sensor.ok_or_else(|| format!("`{text}` is no sensor: 34x34 or 700, from 1 to 65535"))
    }
}

/// The events of one file, in the order of their times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Where the events are.
    pub sensor: Sensor,
    /// True if events are on or off.
    pub polarity: bool,
    /// Ordered by time; events of the same time as in the file.
    pub events: Vec<Event>,
    /// Events marked as invalid, which are not in `events`.
    pub invalid: usize,
    /// Events whose time was before that of the event ahead of them in the file.
    pub reordered: usize,
}

impl Recording {
    /// Orders the events. A sensor writes them in the order of their times; programs that
    /// merge or filter recordings do not always, and nothing is lost by sorting.
    fn new(sensor: Sensor, polarity: bool, mut events: Vec<Event>, invalid: usize) -> Self {
        let reordered = events.windows(2).filter(|w| w[1].t < w[0].t).count();
        if reordered > 0 {
            events.sort_by_key(|e| e.t);
        }
        Self { sensor, polarity, events, invalid, reordered }
    }

    /// The shape of one frame: `[polarity][row][column]`, or `[channel]`.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        match self.sensor {
            Sensor::Pixels { width, height } => {
                vec![1 + usize::from(self.polarity), height.into(), width.into()]
            }
            Sensor::Channels(n) => vec![n.into()],
        }
    }
}

/// Reads a recording from unpacked bytes. `sensor` is what the user said, and goes before
/// what the file says.
pub(super) fn parse(data: &[u8], format: Format, sensor: Option<Sensor>) -> Result<Recording> {
    match format {
        Format::Aedat3 => aedat3::parse(data, sensor),
        Format::Aedat4 => aedat4::parse(data, sensor),
        Format::Nmnist => nmnist::parse(data, sensor),
        _ => table::parse(data, sensor),
    }
}

/// [`codes::INPUT_EVENT`] at event `index` (counted from 0), which is at `place`.
fn misplaced(index: usize, place: &str, message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::INPUT_EVENT, message).at(format!("event {index} ({place})"))
}

/// An event that its sensor cannot have.
fn outside(index: usize, place: &str, (x, y): (i64, i64), sensor: Sensor) -> Box<Diagnostic> {
    let message = match sensor {
        Sensor::Pixels { .. } => format!("x {x}, y {y} is outside the sensor of {sensor}"),
        Sensor::Channels(_) => format!("channel {x} (y {y}) is outside the {sensor} channels"),
    };
    misplaced(index, place, message).help("if the sensor is larger, say so with --sensor")
}

/// The file does not tell the sensor's size.
fn no_sensor(place: &str) -> Box<Diagnostic> {
    Diagnostic::new(&codes::INPUT_FORMAT, "the file does not say how large the sensor is")
        .at(place)
        .help("say it: --sensor WIDTHxHEIGHT, or --sensor CHANNELS for events in a line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensors_are_read() {
        assert_eq!("34x20".parse(), Ok(Sensor::Pixels { width: 34, height: 20 }));
        assert_eq!("700".parse(), Ok(Sensor::Channels(700)));
        for bad in ["", "0", "34x", "x34", "34x0", "65536", "-1", "3x4x5"] {
            assert!(bad.parse::<Sensor>().is_err(), "{bad}");
        }
    }

    #[test]
    fn late_events_are_sorted_in_and_counted() {
        let event = |t, x| Event { t, x, y: 0, on: true };
        let events = vec![event(5, 0), event(9, 1), event(5, 2), event(7, 3), event(7, 4)];
        let r = Recording::new(Sensor::Channels(9), false, events, 0);
        assert_eq!(r.events.iter().map(|e| e.x).collect::<Vec<_>>(), [0, 2, 3, 4, 1]);
        assert_eq!((r.reordered, r.shape()), (1, vec![9]));
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From events to frames: the events of a recording are counted, or noted, in T timesteps.

use super::{Event, Recording, Sensor};
use crate::data::read::too_large;
use crate::data::samples::stride;
use crate::diag::{Diagnostic, Result, codes};

/// Values in the frames of one recording (a camera of 1280 × 720 in 36 timesteps). A header
/// may claim a sensor of any size.
const MAX_FRAMES: usize = 1 << 26;

/// Which timestep an event belongs to. `t₀` and `t₁` are the times of the first and the
/// last event, `k` is the number of an event among `N`, counted from 0 in order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bins {
    /// `⌊T · (t − t₀) / (t₁ − t₀ + 1)⌋`: T windows of the same length.
    Time,
    /// `⌊(t − t₀) / w⌋`: windows of `w` µs. Events after the last window are left out, and
    /// counted.
    Window(u64),
    /// `⌊T · k / N⌋`: the same number of events in each timestep, up to one.
    Count,
}

/// How events become frames `f[t][p][y][x]`, or `f[t][channel]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framing {
    /// T.
    pub timesteps: usize,
    /// Which events are in which timestep.
    pub bins: Bins,
    /// True: 1 where there is any event. False: how many there are.
    pub binary: bool,
}

impl Default for Framing {
    /// Four timesteps of the same length, with counts.
    fn default() -> Self {
        Self { timesteps: 4, bins: Bins::Time, binary: false }
    }
}

impl Framing {
    /// Frames of some events of a recording, and the number of events that are in none.
    /// `p` is 0 for off and 1 for on, if the recording has polarities.
    ///
    /// # Errors
    /// [`codes::BAD_OPTION`] for no timestep or a window of no length;
    /// [`codes::INPUT_FORMAT`] if there is no event; [`codes::INPUT_VALUE`] for more than
    /// 65,535 events in one place; [`codes::INPUT_TOO_LARGE`].
    pub fn frames(&self, recording: &Recording, events: &[Event]) -> Result<(Vec<u16>, usize)> {
        let empty = self.timesteps == 0 || self.bins == Bins::Window(0);
        if empty {
            let message = "events need at least one timestep, and windows of at least 1 µs";
            return Err(Diagnostic::new(&codes::BAD_OPTION, message).at("--bins"));
        }
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return Err(Diagnostic::new(&codes::INPUT_FORMAT, "there is no event").at("events"));
        };
        let size = stride(&recording.shape(), None)?;
        let all = size.checked_mul(self.timesteps).filter(|n| *n <= MAX_FRAMES);
        let Some(all) = all else {
            let what = format!("values in the frames of a sensor of {}", recording.sensor);
            return Err(too_large(&what, MAX_FRAMES).at("events"));
        };
        let mut frames = vec![0u16; all];
        let mut unused = 0;
        // Times span up to 2^64, T up to 2^30: nothing here exceeds 2^95.
        let steps = self.timesteps as u128;
        let span = since(last, first) + 1;
        for (k, event) in events.iter().enumerate() {
            let bin = match self.bins {
                Bins::Time => since(event, first) * steps / span,
                Bins::Window(width) => since(event, first) / u128::from(width),
                Bins::Count => k as u128 * steps / events.len() as u128,
            };
            let place = recording.place(event);
            let slot = usize::try_from(bin).ok().and_then(|b| b.checked_mul(size));
            let Some(slot) = slot.and_then(|s| frames.get_mut(s.checked_add(place)?)) else {
                unused += 1;
                continue;
            };
            *slot = match slot.checked_add(1) {
                _ if self.binary => 1,
                Some(count) => count,
                None => return Err(overflow(event)),
            };
        }
        Ok((frames, unused))
    }
}

/// µs from one event to a later one.
fn since(event: &Event, first: &Event) -> u128 {
    u128::from(event.t.abs_diff(first.t))
}

fn overflow(event: &Event) -> Box<Diagnostic> {
    let message =
        format!("more than 65,535 events at x {}, y {} in one timestep", event.x, event.y);
    Diagnostic::new(&codes::INPUT_VALUE, message)
        .at(format!("event at {} µs", event.t))
        .help("use more timesteps or shorter windows, or `--binary`")
}

impl Recording {
    /// Index of an event in a frame of [`Recording::shape`].
    fn place(&self, event: &Event) -> usize {
        let (x, y) = (usize::from(event.x), usize::from(event.y));
        match self.sensor {
            Sensor::Channels(_) => x,
            Sensor::Pixels { width, height } => {
                let plane = usize::from(self.polarity && event.on);
                (plane * usize::from(height) + y) * usize::from(width) + x
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(times: &[i64]) -> Recording {
        let event = |(i, t): (usize, &i64)| Event { t: *t, x: i as u16, y: 0, on: true };
        let events = times.iter().enumerate().map(event).collect();
        Recording::new(Sensor::Channels(8), false, events, 0)
    }

    /// The timestep of each event, or nothing.
    fn bins(times: &[i64], timesteps: usize, bins: Bins) -> Vec<Option<usize>> {
        let r = recording(times);
        let framing = Framing { timesteps, bins, binary: false };
        let (frames, unused) = framing.frames(&r, &r.events).unwrap();
        let of = |x| (0..timesteps).find(|t| frames[t * 8 + x] == 1);
        let found: Vec<_> = (0..times.len()).map(of).collect();
        assert_eq!(found.iter().filter(|b| b.is_none()).count(), unused);
        found
    }

    #[test]
    fn windows_have_the_same_length() {
        assert_eq!(bins(&[10, 11, 12, 13], 2, Bins::Time), [Some(0), Some(0), Some(1), Some(1)]);
        assert_eq!(bins(&[0, 33, 34, 99], 3, Bins::Time), [Some(0), Some(0), Some(1), Some(2)]);
        assert_eq!(bins(&[5], 4, Bins::Time), [Some(0)]);
        assert_eq!(bins(&[i64::MIN, i64::MAX], 2, Bins::Time), [Some(0), Some(1)]);
    }

    #[test]
    fn windows_of_a_given_length_leave_the_rest_out() {
        assert_eq!(bins(&[7, 16, 17, 27], 2, Bins::Window(10)), [Some(0), Some(0), Some(1), None]);
    }

    #[test]
    fn counts_are_equal_up_to_one() {
        let some = |v: &[usize]| v.iter().map(|b| Some(*b)).collect::<Vec<_>>();
        assert_eq!(bins(&[0, 0, 0, 1, 9], 2, Bins::Count), some(&[0, 0, 0, 1, 1]));
        assert_eq!(bins(&[0, 1], 4, Bins::Count), some(&[0, 2]));
    }

    #[test]
    fn polarities_are_planes_and_counts_may_be_clipped() {
        let event = |x, y, on| Event { t: 0, x, y, on };
        let events = vec![event(0, 1, true), event(0, 1, true), event(1, 0, false)];
        let r = Recording::new(Sensor::Pixels { width: 2, height: 2 }, true, events, 0);
        let mut framing = Framing { timesteps: 1, ..Framing::default() };
        assert_eq!(framing.frames(&r, &r.events).unwrap().0, [0, 1, 0, 0, 0, 0, 2, 0]);
        framing.binary = true;
        assert_eq!(framing.frames(&r, &r.events).unwrap().0, [0, 1, 0, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn limits_are_said() {
        let code = |r: &Recording, timesteps, bins, binary| {
            let framing = Framing { timesteps, bins, binary };
            framing.frames(r, &r.events).err().map(|d| d.code.id)
        };
        let r = recording(&[1]);
        assert_eq!(code(&r, 0, Bins::Time, false), Some("SF0003"));
        assert_eq!(code(&r, 1, Bins::Window(0), false), Some("SF0003"));
        assert_eq!(code(&recording(&[]), 1, Bins::Time, false), Some("SF0010"));
        assert_eq!(code(&r, usize::MAX, Bins::Time, false), Some("SF0015"));
        let many = Event { t: 0, x: 0, y: 0, on: true };
        let full = Recording::new(Sensor::Channels(1), false, vec![many; 65_536], 0);
        assert_eq!(code(&full, 1, Bins::Time, false), Some("SF0012"));
        assert_eq!(code(&full, 1, Bins::Time, true), None);
        assert_eq!(code(&full, 2, Bins::Count, false), None);
    }
}

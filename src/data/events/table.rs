// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Events as a table: columns `t`, `x`, `y` and, if there are polarities, `p`; or `t` and
//! `channel` for events in a line, as of a cochlea. The columns may stand in any order,
//! others are passed over. `t` is in µs, and may have a fraction, which is rounded;
//! `t_ms` and `t_s` are milliseconds and seconds. `p` is 1 or 0, or 1 or -1.

use super::csv::{Table, bad, whole};
use super::{Event, Recording, Sensor, misplaced, no_sensor, outside};
use crate::diag::Result;

/// Names of the column of times, with the µs of its unit.
const TIMES: &[(&[&str], f64)] =
    &[(&["t", "ts", "time", "timestamp", "t_us"], 1.0), (&["t_ms"], 1e3), (&["t_s"], 1e6)];
/// Whole numbers up to here are exact as `f64`: 285 years.
const LATEST: f64 = 9_007_199_254_740_992.0;

pub(super) fn parse(data: &[u8], sensor: Option<Sensor>) -> Result<Recording> {
    let table = Table::read(data)?;
    let time = TIMES.iter().find_map(|(names, unit)| Some((table.column(names)?, *unit)));
    let line = table.column(&["channel", "c", "unit", "neuron"]);
    let (x, y) = (table.column(&["x"]), table.column(&["y"]));
    let (Some((time, unit)), Some((x, y))) = (time, line.map(|c| (c, None)).or(x.zip(y.map(Some))))
    else {
        return Err(bad(1, "the header names neither t, x, y nor t, channel")
            .help("the first line is e.g. `t,x,y,p` or `t,channel`, in any order"));
    };
    let sensor = sensor.ok_or_else(|| no_sensor("line 1"))?;
    let polarity = table.column(&["p", "pol", "polarity", "on"]).filter(|_| y.is_some());
    let mut events = Vec::with_capacity(table.lines());
    // A column that is missing is read from another one, and not used.
    for row in table.rows([time, x, y.unwrap_or(x), polarity.unwrap_or(x)]) {
        let (line, [t_field, x_field, y_field, p_field]) = row?;
        let (column, row) = if y.is_some() {
            (whole::<i64>(x_field, "column", line)?, whole::<i64>(y_field, "row", line)?)
        } else {
            (whole::<i64>(x_field, "channel", line)?, 0)
        };
        let on = match (polarity, p_field) {
            (None, _) | (_, "1") => true,
            (_, "0" | "-1") => false,
            _ => return Err(bad(line, "a polarity is neither 1 nor 0 nor -1")),
        };
        let place = || format!("line {line}");
        let t = (whole::<f64>(t_field, "time", line)? * unit).round();
        if !(-LATEST..=LATEST).contains(&t) {
            return Err(misplaced(events.len(), &place(), "the time is no number of µs"));
        }
        match (u16::try_from(column), u16::try_from(row)) {
            (Ok(x), Ok(y)) if sensor.holds(x, y) => events.push(Event { t: t as i64, x, y, on }),
            _ => return Err(outside(events.len(), &place(), (column, row), sensor)),
        }
    }
    Ok(Recording::new(sensor, polarity.is_some(), events, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENSOR: Sensor = Sensor::Pixels { width: 4, height: 3 };

    fn read(text: &str, sensor: Sensor) -> Result<Recording> {
        parse(text.as_bytes(), Some(sensor))
    }

    #[test]
    fn columns_come_in_any_order() {
        let one = read("t,x,y,p\n10,3,2,1\n20,0,1,0\n", SENSOR).unwrap();
        let two =
            read("\u{feff}p, extra, Y, X, t_s\r\n1,?,2,3,0.00001\r\n\r\n-1,,1,0,2e-5", SENSOR);
        assert_eq!(one, two.unwrap());
        assert_eq!(one.events[0], Event { t: 10, x: 3, y: 2, on: true });
        assert_eq!(one.shape(), [2, 3, 4]);
        assert_eq!(read("x,y,t\n0,0,0.5", SENSOR).unwrap().shape(), [1, 3, 4]);
        let line = read("channel,t_ms\n699,1.5\n0,2", Sensor::Channels(700)).unwrap();
        assert_eq!(line.events[0], Event { t: 1500, x: 699, y: 0, on: true });
        assert_eq!(line.shape(), [700]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, id, place) in [
            ("", "SF0010", "line 1"),
            ("10,3,2,1\n", "SF0010", "line 1"),
            ("t,x\n1,1\n", "SF0010", "line 1"),
            ("t,x,y\n1,1,1\n1,1\n", "SF0010", "line 3"),
            ("t,x,y\n1,1,\n", "SF0010", "line 2"),
            ("t,x,y\n\n1,one,1\n", "SF0010", "line 3"),
            ("t,x,y,p\n1,1,1,2\n", "SF0010", "line 2"),
            ("t,x,y\n1,4,1\n", "SF0013", "event 0 (line 2)"),
            ("t,x,y\n1,1,1\n1,-1,1\n", "SF0013", "event 1 (line 3)"),
            ("t,x,y\nNaN,1,1\n", "SF0013", "event 0 (line 2)"),
            ("t,x,y\n1e300,1,1\n", "SF0013", "event 0 (line 2)"),
            ("t,channel\n1,1\n", "", ""),
        ] {
            let found = read(text, SENSOR).err();
            let found = found.map(|d| (d.code.id, d.location.path.unwrap()));
            let want = (!id.is_empty()).then(|| (id, place.to_owned()));
            assert_eq!(found, want, "{text}");
        }
        assert_eq!(
            parse(b"t,x,y\n\xff", Some(SENSOR)).unwrap_err().location.path.unwrap(),
            "line 2"
        );
        assert!(parse(b"t,x,y\n1,1,1", None).unwrap_err().help.unwrap().contains("--sensor"));
    }
}

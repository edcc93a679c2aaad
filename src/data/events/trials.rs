// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The labels of DVS Gesture: a table `class,startTime_usec,endTime_usec` that cuts a
//! recording into trials. Source: research.ibm.com/dvsgesture, "CSV format".

use super::csv::{Table, bad, whole};
use crate::diag::{Diagnostic, Result, codes};

/// Events with `start ≤ t < end` are of class `label`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trial {
    /// Counted from 0.
    pub(crate) label: u32,
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// Reads the table. Classes in it count from 1, as they do in DVS Gesture.
pub(crate) fn trials(data: &[u8]) -> Result<Vec<Trial>> {
    let table = Table::read(data)?;
    let column = |name: &str| {
        let missing = || bad(1, format!("the header does not name {name}"));
        table.column(&[name]).ok_or_else(missing)
    };
    let columns = [column("class")?, column("startTime_usec")?, column("endTime_usec")?];
    let mut trials = Vec::new();
    for row in table.rows(columns) {
        let (line, [class, start, end]) = row?;
        let class: u32 = whole(class, "class", line)?;
        let (start, end) = (whole(start, "time", line)?, whole(end, "time", line)?);
        let Some(label) = class.checked_sub(1) else {
            let message = "class 0: in such a table classes count from 1";
            return Err(Diagnostic::new(&codes::INPUT_LABELS, message).at(format!("line {line}")));
        };
        if start >= end {
            let message = format!("the trial ends at {end}, before it starts ({start})");
            return Err(Diagnostic::new(&codes::INPUT_LABELS, message).at(format!("line {line}")));
        }
        trials.push(Trial { label, start, end });
    }
    Ok(trials)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_trials() {
        let read = |text: &str| trials(text.as_bytes());
        let good = read("class,startTime_usec,endTime_usec\n1,10,20\n11,15,30\n").unwrap();
        assert_eq!(good[1], Trial { label: 10, start: 15, end: 30 });
        let header = "class,startTime_usec,endTime_usec\n";
        for (text, id) in [
            ("class,start,end\n1,2,3\n".to_owned(), "SF0010"),
            (format!("{header}1,2\n"), "SF0010"),
            (format!("{header}x,2,3\n"), "SF0010"),
            (format!("{header}0,2,3\n"), "SF0014"),
            (format!("{header}1,3,3\n"), "SF0014"),
        ] {
            let error = read(&text).unwrap_err();
            assert_eq!(error.code.id, id, "{text}");
            assert!(error.location.path.is_some());
        }
    }
}

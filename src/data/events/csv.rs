// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Tables as text: a line of names, then lines of numbers, separated by commas. Fields are
//! not quoted (RFC 4180 without quotes).

use crate::diag::{Diagnostic, Result, codes};

/// A table whose header has been read.
pub(super) struct Table<'a> {
    names: Vec<&'a str>,
    text: &'a str,
}

/// [`codes::INPUT_FORMAT`] at a line.
pub(super) fn bad(line: usize, message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::INPUT_FORMAT, message).at(format!("line {line}"))
}

impl<'a> Table<'a> {
    /// Reads the names in the first line.
    pub(super) fn read(data: &'a [u8]) -> Result<Self> {
        let text = match std::str::from_utf8(data) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(e) => {
                let valid = &data[..e.valid_up_to()];
                let line = 1 + valid.iter().filter(|b| **b == b'\n').count();
                return Err(bad(line, "the table is not text in UTF-8"));
            }
        };
        let (head, text) = text.split_once('\n').unwrap_or((text, ""));
        Ok(Self { names: head.split(',').map(str::trim).collect(), text })
    }

    /// The index of the column that has one of these names.
    pub(super) fn column(&self, names: &[&str]) -> Option<usize> {
        self.names.iter().position(|n| names.iter().any(|m| n.eq_ignore_ascii_case(m)))
    }

    /// How many lines there may be.
    pub(super) fn lines(&self) -> usize {
        self.text.bytes().filter(|b| *b == b'\n').count() + 1
    }

    /// The fields of these columns in each line, with its number. Empty lines are passed.
    pub(super) fn rows<const N: usize>(
        &self,
        columns: [usize; N],
    ) -> impl Iterator<Item = Result<(usize, [&'a str; N])>> {
        let expected = self.names.len();
        let lines = self.text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
        lines.map(move |(i, line)| {
            let mut fields = [""; N];
            let mut found = 0;
            for field in line.split(',') {
                for (wanted, slot) in columns.iter().zip(&mut fields) {
                    if *wanted == found {
                        *slot = field.trim();
                    }
                }
                found += 1;
            }
            if found == expected {
                return Ok((i + 2, fields));
            }
            Err(bad(i + 2, format!("{found} fields; the header has {expected}")))
        })
    }
}

/// A whole number of a field.
pub(super) fn whole<T: std::str::FromStr>(field: &str, name: &str, line: usize) -> Result<T> {
    let short: String = field.chars().take(30).collect();
    field.parse().map_err(|_| bad(line, format!("`{short}` is no {name}")))
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How results, progress and errors look.

use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::diag::{Diagnostic, Result, codes};

/// Output choices of one run.
#[derive(Clone, Copy)]
pub(super) struct Ui {
    pub(super) json: bool,
}

impl Ui {
    /// Prints a result: as JSON, or as the lines of `text`.
    pub(super) fn result(
        self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<()> {
        print(&self.render(value, text)?)
    }

    /// Prints one line of a result that goes on: JSON without line breaks, or the text.
    pub(super) fn line(self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        let line = if self.json {
            serde_json::to_string(value).map_err(|e| Diagnostic::internal("cli", e.to_string()))?
        } else {
            text()
        };
        print(&(line + "\n"))
    }

    /// A result as JSON, or as the lines of `text`.
    pub(super) fn render(
        self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<String> {
        if !self.json {
            return Ok(text());
        }
        let json = serde_json::to_string_pretty(value)
            .map_err(|e| Diagnostic::internal("cli", e.to_string()))?;
        Ok(json + "\n")
    }

    /// Prints a diagnostic to standard error.
    pub(super) fn error(self, d: &Diagnostic) {
        let text = if self.json {
            serde_json::json!({ "error": d }).to_string()
        } else {
            format!("{:?}", miette::Report::new(d.clone()))
        };
        // Where nobody listens, the exit code still says it.
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// A line of progress for something of unknown length, on standard error.
    pub(super) fn spinner(self, message: &str) -> ProgressBar {
        let bar = ProgressBar::new_spinner().with_message(message.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} [{elapsed}]") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    /// A bar for `length` inferences, on standard error.
    pub(super) fn bar(self, message: &str, length: usize) -> ProgressBar {
        let bar = ProgressBar::new(length as u64).with_message(message.to_owned());
        let template = "{msg:24} {wide_bar} {pos}/{len} [{elapsed} left {eta}]";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }
}

/// Writes to standard output.
fn print(shown: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(shown.as_bytes()).and_then(|()| out.flush()) {
        // A reader that has seen enough, like `head`, is no mistake.
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Diagnostic::new(&codes::FILE_WRITE, format!("cannot write: {e}"))
                .in_file(Path::new("standard output")))
        }
        _ => Ok(()),
    }
}

/// Lines up columns: the first to the left, the others to the right.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| {
        rows.iter().filter_map(|r| r.get(c)).map(|s| s.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (c, cell) in row.iter().enumerate() {
            line += &if c == 0 {
                format!("{cell:<w$}", w = widths[c])
            } else {
                format!("  {cell:>w$}", w = widths[c])
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// 12345678 as 12,345,678.
pub(super) fn thousands(n: u64) -> String {
    apart(&n.to_string())
}

/// 12345.67 as 12,345.7; of numbers that are not below 0.
pub(super) fn tenths(x: f64) -> String {
    let text = format!("{x:.1}");
    match text.split_once('.') {
        Some((whole, tenth)) => format!("{}.{tenth}", apart(whole)),
        None => text,
    }
}

fn apart(digits: &str) -> String {
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (10_001, "10,001"),
            (999_999, "999,999"),
            (1_000_000, "1,000,000"),
            (12_345_678, "12,345,678"),
        ] {
            assert_eq!(thousands(n), text);
        }
        for (x, text) in [
            (0.0, "0.0"),
            (999.94, "999.9"),
            (999.96, "1,000.0"),
            (5757.0, "5,757.0"),
            (1_234_567.89, "1,234,567.9"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(tenths(x), text);
        }
    }

    #[test]
    fn columns_are_lined_up() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        let rows = [row(&["a", "long", "x"]), row(&["longer", "µ", ""]), row(&["b"])];
        assert_eq!(table(&rows), "a       long  x\nlonger     µ\nb\n");
        assert_eq!(table(&[]), "");
    }
}

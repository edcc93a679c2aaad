// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How results, progress and errors look.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use burn::optim::ModuleOptimizer;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use synfire::diag::{Diagnostic, Result, codes};
use synfire_distill::rule::Trainee;
use synfire_distill::train::{Epoch, Observer};

/// Output choices of one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ui {
    pub(super) json: bool,
}

impl Ui {
    /// Prints a result: as JSON, or as text.
    pub(super) fn result(self, value: &impl Serialize, text: &str) -> Result<()> {
        let shown = match self.json {
            true => serde_json::to_string_pretty(value)
                .map_err(|e| Diagnostic::internal("cli", e.to_string()))?,
            false => text.trim_end().to_owned(),
        };
        match writeln!(std::io::stdout(), "{shown}") {
            // A reader that has seen enough, like `head`, is no mistake.
            Err(e) if e.kind() != ErrorKind::BrokenPipe => {
                Err(Diagnostic::new(&codes::FILE_WRITE, format!("cannot write: {e}"))
                    .in_file(Path::new("standard output")))
            }
            _ => Ok(()),
        }
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
}

/// A bar for the epochs of a training.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    name: String,
    seen: (f64, u32),
}

impl Bar {
    /// Of something named.
    pub(super) fn new(name: &str) -> Self {
        let bar = ProgressBar::new(0);
        let template = "{msg:34} {wide_bar} {pos}/{len} [{elapsed} left {eta}]";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, name: name.to_owned(), seen: (0.0, 0) }
    }
}

impl Observer for Bar {
    fn begins(&mut self, phase: usize, epoch: usize, batches: usize) {
        self.seen = (0.0, 0);
        self.bar.reset();
        self.bar.set_length(batches as u64);
        self.bar.set_message(format!("{} {}.{}", self.name, phase + 1, epoch + 1));
    }

    fn batch(&mut self, loss: f64) {
        self.seen = (self.seen.0 + loss, self.seen.1 + 1);
        self.bar.inc(1);
    }

    fn epoch(&mut self, e: Epoch, _: &Trainee, _: &ModuleOptimizer) -> Result<()> {
        self.bar.println(format!(
            "{} phase {} epoch {:>3}: loss {:.4}, {:.1} s",
            self.name,
            e.phase + 1,
            e.epoch + 1,
            e.loss,
            e.seconds
        ));
        Ok(())
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

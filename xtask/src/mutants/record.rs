// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which mutants were caught, by their names: a run that breaks off is gone on with.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

/// The file, one name a line.
pub(crate) struct Record {
    file: File,
    before: BTreeSet<String>,
}

impl Record {
    /// Begins anew, or goes on with what the file holds.
    pub(crate) fn open(path: &Path, resume: bool) -> Result<Self, String> {
        let wrong = |e: std::io::Error| format!("{}: {e}", path.display());
        let text = if resume { fs::read_to_string(path).map_err(wrong)? } else { String::new() };
        let file =
            if resume { File::options().append(true).open(path) } else { File::create(path) };
        let before = text.lines().map(str::to_owned).collect();
        Ok(Self { file: file.map_err(wrong)?, before })
    }

    /// Whether an earlier run saw it caught.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.before.contains(name)
    }

    pub(crate) fn add(&self, name: &str) -> Result<(), String> {
        writeln!(&self.file, "{name}").map_err(|e| format!("the record of the caught: {e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_gone_on_with() {
        let dir = std::env::temp_dir().join(format!("xtask-record-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join("caught.txt");
        assert!(Record::open(&path, true).is_err(), "there is nothing to go on with");
        Record::open(&path, false).unwrap().add("a: b").unwrap();
        Record::open(&path, true).unwrap().add("c").unwrap();
        let record = Record::open(&path, true).unwrap();
        assert!(record.has("a: b") && record.has("c") && !record.has("a"));
        assert!(!Record::open(&path, false).unwrap().has("c"));
        fs::remove_dir_all(&dir).unwrap();
    }
}

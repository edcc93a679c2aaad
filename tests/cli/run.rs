// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Runs the program, and says what it did.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// An empty directory to run in, and how to run there.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
    tools: bool,
}

/// How a run ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), tools: true }
    }

    /// A place where no external tool is found: the search starts at the nearest `.tools`,
    /// which here is empty, and ends with a search path without a directory.
    pub(crate) fn without_tools() -> Self {
        let place = Self { tools: false, ..Self::new() };
        std::fs::create_dir(place.path(".tools")).unwrap();
        place
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file into it.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// The program, about to run here.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_synfire"));
        command.args(args).current_dir(self.dir.path()).stdin(Stdio::null());
        command.env_remove("SYNFIRE_TOOLS").env("NO_COLOR", "1");
        if !self.tools {
            command.env("PATH", "");
        }
        command
    }

    /// Runs it with `line`, split at spaces; `{student}` and so on stand for files of
    /// tests/models/student.
    #[track_caller]
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.run_args(line.split_whitespace().map(crate::models::expand))
    }

    #[track_caller]
    pub(crate) fn run_args<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        let out = self.command(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran =
            Ran { code: out.status.code(), stdout: text(out.stdout), stderr: text(out.stderr) };
        assert!(!ran.stderr.contains("panicked") && ran.code.is_some(), "{}", ran.stderr);
        ran
    }

    /// As [`Self::run`], and it must succeed.
    #[track_caller]
    pub(crate) fn good(&self, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, Some(0), "{line}\n{}", ran.stderr);
        ran.stdout
    }

    /// As [`Self::good`], and it must print JSON.
    #[track_caller]
    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.good(&format!("{line} --json"))).unwrap()
    }

    /// Runs it; it must end with `exit` and an error of this code whose place, message and
    /// help together contain `words`.
    #[track_caller]
    pub(crate) fn refused(&self, line: &str, exit: i32, code: &str, words: &str) {
        let ran = self.run(&format!("{line} --json"));
        let said = format!("{line}\n{}", ran.stderr);
        assert_eq!(ran.code, Some(exit), "{said}");
        let error: Value =
            serde_json::from_str(&ran.stderr).unwrap_or_else(|e| panic!("{e}: {said}"));
        let error = &error["error"];
        assert_eq!(error["code"]["id"], code, "{said}");
        let place = &error["location"];
        let parts = [&place["file"], &place["path"], &error["message"], &error["help"]];
        let text: Vec<_> = parts.iter().filter_map(|p| p.as_str()).collect();
        assert!(text.join(": ").contains(words), "`{words}` is not in: {said}");
    }

    /// Every file and folder below, with the contents of the files.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut found = BTreeMap::new();
        collect(self.dir.path(), self.dir.path(), &mut found);
        found
    }
}

fn collect(root: &Path, dir: &Path, found: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_path_buf();
        if path.is_dir() {
            found.insert(name, None);
            collect(root, &path, found);
        } else {
            found.insert(name, Some(std::fs::read(&path).unwrap()));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What cargo-mutants would change, as it says by `cargo mutants --list --json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// The version whose list this reads.
const VERSION: &str = "25.3.1";
/// Where it is put: what a task needs is the project's to get.
const ROOT: &str = ".tools/cargo";

/// A change that cargo-mutants proposes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Mutant {
    pub(crate) file: String,
    pub(crate) function: Option<Function>,
    pub(crate) genre: Genre,
    pub(crate) replacement: String,
    pub(crate) span: Lines,
}

/// The function that it is in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Function {
    #[serde(rename = "function_name")]
    pub(crate) name: String,
    pub(crate) span: Lines,
}

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Genre {
    /// The body of a function becomes a value.
    FnValue,
    /// An operator becomes another; the span is the operator's.
    BinaryOperator,
    /// `!` or `-` goes.
    UnaryOperator,
    /// An arm goes.
    MatchArm,
    /// A guard becomes `true` or `false`.
    MatchArmGuard,
}

/// Lines and columns, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Lines {
    pub(crate) start: Point,
    pub(crate) end: Point,
}

/// One end of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Point {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Point {
    /// The offset in the file's text, if there is such a place.
    pub(crate) fn offset(self, text: &str) -> Option<usize> {
        let line = text.split_inclusive('\n').nth(self.line.checked_sub(1)?)?;
        let start = line.as_ptr() as usize - text.as_ptr() as usize;
        let column = self.column.checked_sub(1)?;
        let within = line.char_indices().map(|(i, _)| i).chain([line.len()]).nth(column)?;
        Some(start + within)
    }
}

impl Mutant {
    /// What it is called: where in the sources, but for the line, which any edit moves.
    pub(crate) fn name(&self, text: &str) -> String {
        let within = self.function.as_ref().map_or("", |f| &f.name);
        let old = || {
            let range = self.span.start.offset(text)?..self.span.end.offset(text)?;
            Some(text.get(range)?.split_whitespace().collect::<Vec<_>>().join(" "))
        };
        let old = old().unwrap_or_default();
        let what = match self.genre {
            Genre::FnValue => format!("returns {}", self.replacement),
            Genre::BinaryOperator => format!("{old} becomes {}", self.replacement),
            Genre::UnaryOperator => format!("without {old}"),
            Genre::MatchArm => {
                format!("without the arm {}", old.split(" => ").next().unwrap_or_default())
            }
            Genre::MatchArmGuard => format!("the guard {old} becomes {}", self.replacement),
        };
        format!("{} {within}: {what}", self.file)
    }
}

/// The same names, each of them once: where a function has several, the second is `… (2)`.
pub(crate) fn numbered(names: Vec<String>) -> Vec<String> {
    let mut times = BTreeMap::<String, usize>::new();
    let number = |name: String| {
        let n = times.entry(name.clone()).or_default();
        *n += 1;
        if *n == 1 { name } else { format!("{name} ({n})") }
    };
    names.into_iter().map(number).collect()
}

/// All mutants of the files below `rooms`, in the order of the files.
pub(crate) fn read(root: &Path, rooms: &[String]) -> Result<Vec<Mutant>, String> {
    let program = installed(root)?;
    let mut command = Command::new(program);
    command.args(["mutants", "--list", "--json"]).current_dir(root);
    for room in rooms {
        command.args(["-f", &format!("src/{room}/**"), "-f", &format!("src/{room}.rs")]);
    }
    let done = command.output().map_err(|e| format!("cargo-mutants: {e}"))?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into_owned());
    }
    serde_json::from_slice(&done.stdout).map_err(|e| format!("cargo mutants --list: {e}"))
}

/// The program; without it, it is built.
fn installed(root: &Path) -> Result<PathBuf, String> {
    let program = root.join(ROOT).join("bin/cargo-mutants");
    if !program.is_file() {
        println!("cargo install cargo-mutants {VERSION} into {ROOT}");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let args = ["install", "cargo-mutants", "--locked", "--version", VERSION, "--root", ROOT];
        let status = Command::new(cargo).args(args).current_dir(root).status();
        if !status.map_err(|e| format!("cargo: {e}"))?.success() {
            return Err("cargo-mutants cannot be installed".into());
        }
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_offsets() {
        let text = "ab\nµ= c\n";
        let at = |line, column| Point { line, column }.offset(text);
        assert_eq!((at(1, 1), at(2, 1), at(2, 2), at(2, 5)), (Some(0), Some(3), Some(5), Some(8)));
        assert_eq!((at(0, 1), at(4, 1), at(1, 9)), (None, None, None));
    }

    #[test]
    fn a_name_says_what_is_changed() {
        let text = "fn f() -> u8 {\n    1 + 2\n}\n";
        let json = r#"{"file": "src/a.rs", "function": {"function_name": "f",
                "span": {"start": {"line": 1, "column": 1}, "end": {"line": 3, "column": 2}}},
            "genre": "BinaryOperator", "replacement": "-",
            "span": {"start": {"line": 2, "column": 7}, "end": {"line": 2, "column": 8}}}"#;
        let mutant: Mutant = serde_json::from_str(json).unwrap();
        assert_eq!(mutant.name(text), "src/a.rs f: + becomes -");
    }

    #[test]
    fn no_two_mutants_have_one_name() {
        let names = ["f: + becomes -", "f: + becomes *", "f: + becomes -", "f: + becomes -"];
        assert_eq!(
            numbered(names.map(str::to_owned).to_vec()),
            ["f: + becomes -", "f: + becomes *", "f: + becomes - (2)", "f: + becomes - (3)"]
        );
    }
}

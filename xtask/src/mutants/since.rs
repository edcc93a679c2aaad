// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which mutants are in functions that differ from a revision.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

use super::list::Mutant;

/// Lines that differ, by the names of the files.
pub(crate) struct Since(BTreeMap<String, Vec<Range<usize>>>);

impl Since {
    /// What git says of the working tree.
    pub(crate) fn read(root: &Path, revision: &str) -> Result<Self, String> {
        let mut command = Command::new("git");
        let plain = ["-c", "core.quotePath=false", "diff", "--no-color", "--no-ext-diff"];
        command.args(plain).args(["--no-prefix", "--unified=0", revision, "--", "src"]);
        let done = command.current_dir(root).output().map_err(|e| format!("git: {e}"))?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned());
        }
        Ok(Self::parse(&String::from_utf8_lossy(&done.stdout)))
    }

    fn parse(diff: &str) -> Self {
        let mut files: BTreeMap<String, Vec<Range<usize>>> = BTreeMap::new();
        let mut file = "";
        for line in diff.lines() {
            if let Some(name) = line.strip_prefix("+++ ") {
                file = name;
            }
            // `@@ -3,2 +4 @@`: from line 4 on, one line.
            let new =
                line.strip_prefix("@@ -").and_then(|l| l.split(' ').nth(1)?.strip_prefix('+'));
            let Some(new) = new else { continue };
            let (from, count) = new.split_once(',').unwrap_or((new, "1"));
            let (from, count) = (from.parse().unwrap_or(0), count.parse().unwrap_or(1));
            // Where lines only went, those before and behind them.
            let lines = if count == 0 { from..from + 2 } else { from..from + count };
            files.entry(file.to_owned()).or_default().push(lines);
        }
        Self(files)
    }

    /// Whether the function that a mutant is in differs.
    pub(crate) fn has(&self, mutant: &Mutant) -> bool {
        let span = mutant.function.as_ref().map_or(mutant.span, |f| f.span);
        let meets = |r: &Range<usize>| r.start <= span.end.line && span.start.line < r.end;
        self.0.get(&mutant.file).is_some_and(|lines| lines.iter().any(meets))
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::{Function, Genre, Lines, Point};
    use super::*;

    #[test]
    fn functions_with_other_lines_are_found() {
        let since = Since::parse(
            "diff --git src/a.rs src/a.rs\n--- src/a.rs\n+++ src/a.rs\n@@ -3,2 +4 @@ fn f() {\n-x\n\
             -y\n+z\n@@ -19,2 +20,0 @@\n-+++ x\n@@ -30,0 +31,3 @@\n+a\n+b\n+c\n",
        );
        let has = |file: &str, function: Option<(usize, usize)>, line: usize| {
            let point = |line| Point { line, column: 1 };
            let span = |(start, end)| Lines { start: point(start), end: point(end) };
            let function = function.map(|f| Function { name: "f".into(), span: span(f) });
            let (genre, replacement) = (Genre::BinaryOperator, "-".into());
            let span = span((line, line));
            since.has(&Mutant { file: file.into(), function, genre, replacement, span })
        };
        assert!(has("src/a.rs", Some((2, 9)), 8) && !has("src/b.rs", Some((2, 9)), 8));
        assert!(has("src/a.rs", Some((4, 4)), 4) && !has("src/a.rs", Some((1, 3)), 2));
        assert!(!has("src/a.rs", Some((5, 19)), 6) && has("src/a.rs", Some((21, 22)), 22));
        assert!(has("src/a.rs", Some((33, 40)), 40) && !has("src/a.rs", Some((34, 40)), 40));
        assert!(has("src/a.rs", None, 4) && !has("src/a.rs", None, 5));
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The lists of deliberate faults: tests/faults/*.toml, and the same of the companion.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;

use super::build::COMPANION;

/// Where the lists are.
const LISTS: [&str; 2] = ["tests/faults", "distill/tests/faults"];

/// A fault, and the test that has to notice it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// In kebab-case.
    pub(crate) name: String,
    /// A tracked file.
    pub(crate) file: String,
    /// Text that occurs exactly once in the file, or in `within`.
    pub(crate) old: String,
    /// What it becomes.
    pub(crate) new: String,
    /// More of the file around `old`, that occurs exactly once, where `old` alone does not.
    pub(crate) within: Option<String>,
    /// `lib FILTER`, or the name of an integration test and a filter.
    pub(crate) test: String,
    /// How it is put in; without it, as the text allows.
    pub(crate) kind: Option<Kind>,
}

/// How a fault is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// As one of two branches of an `if` that has a value.
    Expression,
    /// As one of two branches of an `if` that has none.
    Statement,
    /// By a build of its own.
    Build,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    fault: Vec<Fault>,
}

impl Fault {
    /// Where `old` is in `text`, the file's contents.
    pub(crate) fn place(&self, text: &str) -> Result<Range<usize>, String> {
        let (from, around) = match &self.within {
            None => (0, text),
            Some(within) => (once(text, within).map_err(|n| self.wrong(n, "`within`"))?, &**within),
        };
        let at = from + once(around, &self.old).map_err(|n| self.wrong(n, "`old`"))?;
        Ok(at..at + self.old.len())
    }

    fn wrong(&self, times: usize, what: &str) -> String {
        format!("{}: {what} occurs {times} times in {}, not once", self.name, self.file)
    }

    /// The test binary, and which of its tests. A fault of the companion is noticed by the
    /// companion's tests.
    pub(crate) fn target(&self) -> (String, &str) {
        let (binary, filter) = self.test.split_once(' ').unwrap_or((&self.test, ""));
        let folder = if self.file.starts_with(COMPANION) { COMPANION } else { "" };
        (format!("{folder}{binary}"), filter)
    }
}

/// The offset of what occurs once; else, how often it occurs.
fn once(text: &str, part: &str) -> Result<usize, usize> {
    match text.match_indices(part).collect::<Vec<_>>()[..] {
        [(at, _)] if !part.is_empty() => Ok(at),
        ref all => Err(all.len()),
    }
}

/// Every fault of every list below `root`, in the order of the files' names.
pub(crate) fn read(root: &Path) -> Result<Vec<Fault>, String> {
    let mut paths = Vec::new();
    for dir in LISTS.map(|l| root.join(l)) {
        let entries = fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        paths.extend(entries.flatten().map(|e| e.path()));
    }
    paths.retain(|p| p.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    let mut faults = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let list: List = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        faults.extend(list.fault);
    }
    Ok(faults)
}

/// What is wrong with the list: names, files, texts, tests.
pub(crate) fn check(root: &Path, faults: &[Fault]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut names = BTreeSet::new();
    for f in faults {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if f.name.is_empty() || !f.name.chars().all(is_name) || !names.insert(&f.name) {
            wrong.push(format!("{}: a name is in kebab-case and occurs once", f.name));
        }
        if f.old == f.new {
            wrong.push(format!("{}: `old` and `new` are the same", f.name));
        }
        match fs::read_to_string(root.join(&f.file)) {
            Err(e) => wrong.push(format!("{}: {}: {e}", f.name, f.file)),
            Ok(text) => wrong.extend(f.place(&text).err()),
        }
        let (program, _) = f.target();
        let (folder, binary) = program.split_at(program.find('/').map_or(0, |at| at + 1));
        let tests = [".rs", "/main.rs"].map(|end| format!("{folder}tests/{binary}{end}"));
        if binary != "lib" && !tests.iter().any(|t| root.join(t).is_file()) {
            wrong.push(format!("{}: there is no test `{program}`", f.name));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(old: &str, within: Option<&str>) -> Fault {
        Fault {
            name: "f".into(),
            file: "src/lib.rs".into(),
            old: old.into(),
            new: "x".into(),
            within: within.map(str::to_owned),
            test: "lib a::b".into(),
            kind: None,
        }
    }

    #[test]
    fn text_is_found_where_it_occurs_once() {
        let text = "a = 0; b = 0;";
        assert_eq!(fault("b =", None).place(text), Ok(7..10));
        assert_eq!(fault("0", Some("b = 0;")).place(text), Ok(11..12));
        for (old, within) in
            [("0", None), ("c", None), ("", None), ("0", Some("= 0;")), ("= ", Some("0; b = 0"))]
        {
            let found = fault(old, within).place(text);
            assert_eq!(
                found.is_err(),
                (old, within) != ("= ", Some("0; b = 0")),
                "{old}, {within:?}"
            );
        }
    }

    /// Everyday: a change of the sources must not leave the list behind.
    #[test]
    fn the_list_fits_the_sources() {
        let root = crate::root();
        let faults = read(&root).unwrap();
        assert!(faults.len() >= 80, "{} faults", faults.len());
        let wrong = check(&root, &faults);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let root = crate::root();
        let of = |f: Fault| check(&root, &[f]).join("\n");
        assert!(of(fault("pub mod", None)).contains("times in src/lib.rs"));
        assert!(of(Fault { file: "src/none.rs".into(), ..fault("a", None) }).contains("none.rs"));
        let good = fault("pub mod sim;", None);
        assert_eq!(of(good.clone()), "");
        let file = || "distill/src/lib.rs".to_owned();
        let companion = |test: &str| {
            of(Fault { file: file(), test: test.into(), ..fault("pub mod nn;", None) })
        };
        assert_eq!(companion("maths losses"), "");
        assert!(companion("cli_of_both").contains("no test `distill/cli_of_both`"));
        assert!(of(Fault { test: "non lib".into(), ..good.clone() }).contains("no test `non`"));
        assert!(of(Fault { new: good.old.clone(), ..good.clone() }).contains("the same"));
        assert!(of(Fault { name: "A".into(), ..good.clone() }).contains("kebab-case"));
        assert_eq!(check(&root, &[good.clone(), good]).len(), 1);
    }
}

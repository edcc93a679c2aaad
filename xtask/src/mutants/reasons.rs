// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Mutants that may survive, each with its reason: tests/mutants.toml.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

/// Where the list is.
const LIST: &str = "tests/mutants.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Survivor {
    /// As `cargo xtask mutants` prints it.
    name: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    survivor: Vec<Survivor>,
}

/// Reasons by the names of the mutants.
pub(crate) fn read(root: &Path) -> Result<BTreeMap<String, String>, String> {
    let text = std::fs::read_to_string(root.join(LIST)).map_err(|e| format!("{LIST}: {e}"))?;
    let list: List = toml::from_str(&text).map_err(|e| format!("{LIST}: {e}"))?;
    Ok(list.survivor.into_iter().map(|s| (s.name, s.reason)).collect())
}

/// Reasons that no mutant has, of those in `rooms`: the source has changed since.
pub(crate) fn stale<'r>(
    reasons: &'r BTreeMap<String, String>,
    rooms: &[String],
    viable: &BTreeSet<&str>,
) -> Vec<&'r str> {
    let is_in = |name: &str| {
        let below = |room: &String| name.strip_prefix("src/")?.strip_prefix(&**room);
        rooms.iter().filter_map(below).any(|rest| rest.starts_with(['/', '.']))
    };
    let names = reasons.keys().map(String::as_str);
    names.filter(|name| is_in(name) && !viable.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_without_a_mutant_is_found() {
        let names =
            ["src/a/b.rs f: + becomes -", "src/a.rs f: without !", "src/ab.rs g: without !"];
        let reasons = names.map(|n| (n.to_owned(), String::new())).into();
        let found = |rooms: &[&str], viable: &[&str]| {
            let rooms: Vec<_> = rooms.iter().map(|&r| r.to_owned()).collect();
            stale(&reasons, &rooms, &viable.iter().copied().collect()).len()
        };
        assert_eq!(found(&["a"], &names), 0);
        assert_eq!(found(&["a"], &names[1..]), 1);
        assert_eq!(found(&["a"], &[]), 2, "that of `ab` is in another room");
        assert_eq!(found(&["a", "ab"], &[]), 3);
    }

    /// Everyday, as far as it is seen without the list of all mutants.
    #[test]
    fn reasons_are_of_functions_that_are_there() {
        let root = crate::root();
        for name in read(&root).unwrap().keys() {
            let (file, rest) = name.split_once(' ').unwrap();
            let text = std::fs::read_to_string(root.join(file)).expect(name);
            let function = rest.split(": ").next().unwrap().rsplit("::").next().unwrap();
            let there = |after| text.contains(&format!("fn {function}{after}"));
            assert!(there('(') || there('<'), "{name}: no such function");
        }
    }
}

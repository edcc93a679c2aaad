// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which rooms of the library a program can get to: those that its sources name, and all that
//! these may use. `tests/arrows` holds the library to that table in every run.

use std::collections::BTreeSet;

use super::paths::uses;
use super::rules::{ARROWS, MODULES};
use super::tree::File;

/// The program itself; ways to name rooms that `uses` does not follow.
const EVERYTHING: [&str; 4] = ["CARGO_BIN_EXE", "use synfire;", "synfire as ", "extern crate"];

/// The rooms that a program with these sources reaches.
pub(super) fn rooms(sources: &[File]) -> BTreeSet<&'static str> {
    let every = || MODULES.iter().copied().chain(["diag"]);
    if sources.iter().any(|f| EVERYTHING.iter().any(|word| f.text.contains(word))) {
        return every().collect();
    }
    let named: BTreeSet<String> = sources
        .iter()
        .flat_map(|f| uses(f, &BTreeSet::new()))
        .filter_map(|path| path.into_iter().next())
        .collect();
    let mut found: BTreeSet<_> = every().filter(|room| named.contains(*room)).collect();
    if found.contains("cli") || named.contains("*") {
        return every().collect();
    }
    loop {
        let next = ARROWS.iter().filter(|a| found.contains(a.from)).map(|a| a.to);
        let fresh: Vec<_> = next.chain(["diag"]).filter(|to| !found.contains(to)).collect();
        if fresh.is_empty() {
            return found;
        }
        found.extend(fresh);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> BTreeSet<&'static str> {
        rooms(&[File { path: "tests/a.rs".into(), text: text.into() }])
    }

    #[test]
    fn what_is_named_and_what_that_may_use_is_reached() {
        let sim = of("use synfire::sim::Sim;");
        assert_eq!(sim, ["diag", "hw", "ir", "sim", "target", "vector"].into());
        assert_eq!(of("use synfire::{interp::run, sim};"), &sim | &["interp"].into());
        assert_eq!(of("use synfire::ir::Graph; // synfire::energy"), ["diag", "ir"].into());
        // Through two arrows.
        assert!(of("fn f() { synfire::verify::compare() }").contains("target"));
        assert!(!of("use synfire::verify;").contains("energy"));
    }

    #[test]
    fn what_is_unclear_reaches_everything() {
        for text in [
            "use synfire::*;",
            "use synfire::{ir, *};",
            "use synfire as s;",
            "use synfire::cli;",
            "use synfire::{ir, cli};",
            "env!(\"CARGO_BIN_EXE_synfire\")",
        ] {
            assert_eq!(of(text).len(), MODULES.len() + 1, "{text}");
        }
    }
}

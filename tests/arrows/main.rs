// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The shape of the source tree: which module may use which, who prints, licence lines,
//! sizes. Each check is a function of a [`Tree`], so that the last tests here can show
//! on small wrong trees that it would notice.
#![allow(clippy::unwrap_used, clippy::panic)]

mod impls;
mod paths;
mod rules;
mod tree;

use impls::check_impls;
use paths::uses;
use rules::{ARROWS, Arrow, LARGE, PACKAGE, What};
use tree::Tree;

/// Arrows that are not in the table, entries nobody uses, modules without an entry.
fn check_arrows(tree: &Tree, table: &[Arrow]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut used: Vec<(String, String, String)> = Vec::new();
    for file in tree.rust("src/") {
        let Some(from) = file.module() else { continue };
        for path in uses(file, &tree.modules()) {
            let (to, item) = (path[0].clone(), path.get(1).cloned().unwrap_or_default());
            if to == from || to == "diag" || from == "cli" {
                continue;
            }
            let allowed = table.iter().any(|a| {
                (a.from, a.to) == (&from, &to)
                    && match a.what {
                        What::All => true,
                        What::Only(items) => items.contains(&item.as_str()),
                    }
            });
            if !allowed {
                wrong.push(format!("{}: `{from}` may not use `{}`", file.path, path.join("::")));
            }
            used.push((from.clone(), to, item));
        }
    }
    for a in table {
        let mut items = used.iter().filter(|(f, t, _)| (a.from, a.to) == (f, t)).map(|u| &u.2);
        match a.what {
            What::All if items.next().is_none() => {
                wrong.push(format!("the table allows {} → {}, which nobody uses", a.from, a.to));
            }
            What::Only(names) => {
                let seen: Vec<_> = items.collect();
                for name in names.iter().filter(|n| !seen.iter().any(|s| s == *n)) {
                    wrong.push(format!(
                        "the table allows {} → {}::{name}, which nobody uses",
                        a.from, a.to
                    ));
                }
            }
            What::All => {}
        }
    }
    for module in tree.modules() {
        if module != "diag" && !rules::MODULES.contains(&module.as_str()) {
            wrong.push(format!("module `{module}` is not in tests/arrows/rules.rs"));
        }
    }
    wrong
}

/// Modules and items of the library that the Python package may not use, entries it does not.
fn check_package(tree: &Tree, table: &[(&str, What)]) -> Vec<String> {
    let (mut wrong, mut used) = (Vec::new(), Vec::new());
    for file in tree.rust("python/src/") {
        for path in uses(file, &tree.modules()) {
            let (to, item) = (path[0].clone(), path.get(1).cloned().unwrap_or_default());
            if !tree.modules().contains(&to) {
                continue; // of its own
            }
            let allowed = table.iter().any(|(name, what)| {
                *name == to
                    && match what {
                        What::All => true,
                        What::Only(items) => items.contains(&item.as_str()),
                    }
            });
            if !allowed {
                let path = path.join("::");
                wrong.push(format!("{}: the package may not use `{path}`", file.path));
            }
            used.push((to, item));
        }
    }
    for (name, what) in table {
        let is_used = |item: Option<&str>| {
            used.iter().any(|(to, i)| to == name && item.is_none_or(|item| item == i))
        };
        let items: Vec<_> = match what {
            What::All => vec![None],
            What::Only(items) => items.iter().map(|i| Some(*i)).collect(),
        };
        for item in items.into_iter().filter(|i| !is_used(*i)) {
            let item = item.map_or(String::new(), |i| format!("::{i}"));
            wrong.push(format!("the package may use {name}{item} and does not"));
        }
    }
    wrong
}

/// `print!` and its like outside the command line.
fn check_prints(tree: &Tree) -> Vec<String> {
    let macros = ["print", "println", "eprint", "eprintln", "dbg"];
    let mut wrong = Vec::new();
    for file in tree
        .rust("src/")
        .filter(|f| f.module().is_none_or(|m| m != "cli") && f.path != "src/main.rs")
    {
        let code = paths::strip(&file.text);
        for (at, _) in code.match_indices('!') {
            let start = code[..at].rfind(|c: char| !(c.is_alphanumeric() || c == '_'));
            let word = &code[start.map_or(0, |s| s + 1)..at];
            if macros.contains(&word) {
                let line = code[..at].matches('\n').count() + 1;
                wrong.push(format!("{}:{line}: `{word}!` outside src/cli", file.path));
            }
        }
    }
    wrong
}

/// Files whose first line (second after `#!`) is not the licence.
fn check_licences(tree: &Tree) -> Vec<String> {
    let licensed = |text: &str| {
        text.lines()
            .find(|l| !l.starts_with("#!"))
            .is_some_and(|l| l.contains("SPDX-License-Identifier: Apache-2.0 OR MIT"))
    };
    let wrong = tree.files.iter().filter(|f| f.is_source() && !licensed(&f.text));
    wrong.map(|f| format!("{}: no SPDX line", f.path)).collect()
}

/// Files above 600 lines without a reason, reasons without such a file, a median above 200.
fn check_sizes(tree: &Tree, large: &[(&str, &str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut sizes: Vec<(usize, &str)> = tree
        .files
        .iter()
        .filter(|f| f.is_source())
        .map(|f| (f.text.lines().count(), f.path.as_str()))
        .collect();
    sizes.sort_unstable();
    for &(lines, path) in sizes.iter().filter(|s| s.0 > 600) {
        if !large.iter().any(|l| l.0 == path) {
            wrong.push(format!("{path} has {lines} lines; above 600 it needs a reason"));
        }
    }
    for (path, reason) in large {
        assert!(!reason.is_empty());
        if !sizes.iter().any(|s| s.0 > 600 && s.1 == *path) {
            wrong.push(format!("{path} has no more than 600 lines and needs no reason"));
        }
    }
    let median = sizes.get(sizes.len() / 2).map_or(0, |s| s.0);
    if median > 200 {
        wrong.push(format!("the median file has {median} lines; 200 are the limit"));
    }
    wrong
}

fn nothing(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn modules_use_only_what_the_table_allows() {
    nothing(&check_arrows(&Tree::read(), ARROWS));
}

#[test]
fn the_package_uses_only_what_the_table_allows() {
    nothing(&check_package(&Tree::read(), PACKAGE));
}

#[test]
fn modules_add_nothing_to_types_of_others() {
    nothing(&check_impls(&Tree::read()));
}

#[test]
fn nothing_prints_but_the_command_line() {
    nothing(&check_prints(&Tree::read()));
}

#[test]
fn every_source_names_its_licence() {
    nothing(&check_licences(&Tree::read()));
}

#[test]
fn files_stay_small() {
    nothing(&check_sizes(&Tree::read(), LARGE));
}

/// The only message of a check.
#[track_caller]
fn one(wrong: &[String], part: &str) {
    assert!(wrong.len() == 1 && wrong[0].contains(part), "{part}: {wrong:?}");
}

#[test]
fn a_wrong_arrow_is_noticed() {
    let arrow = [Arrow { from: "sim", to: "hw", what: What::All, reason: "x" }];
    let fine = ("src/sim/mod.rs", "use crate::hw::Design;");
    let with = |extra| {
        check_arrows(
            &Tree::of(&[fine, ("src/hw/mod.rs", ""), ("src/emit/mod.rs", ""), extra]),
            &arrow,
        )
    };
    nothing(&with(("src/sim/a.rs", "// crate::emit\nconst A: &str = \"crate::emit\";")));
    one(&with(("src/sim/a.rs", "use crate::emit::File;")), "`sim` may not use `emit::File`");
    one(&with(("src/sim/a.rs", "use crate::{diag::Result, emit as e};")), "use `emit`");
    one(&with(("src/sim/a.rs", "fn f() { super::super::emit::emit() }")), "`emit::emit`");
    one(&with(("src/hw/a.rs", "type S = crate :: sim::Sim;")), "`hw` may not use `sim::Sim`");
}

#[test]
fn an_arrow_for_some_items_holds_for_these_only() {
    let only = What::Only(&["Reset", "Compare"]);
    let arrow = [Arrow { from: "sim", to: "ir", what: only, reason: "x" }];
    let with =
        |text| check_arrows(&Tree::of(&[("src/sim/mod.rs", text), ("src/ir/mod.rs", "")]), &arrow);
    nothing(&with("use crate::ir::{Compare, Reset};"));
    one(&with("use crate::ir::{Compare, Reset, Graph};"), "`sim` may not use `ir::Graph`");
    one(&with("use crate::ir::Compare;"), "sim → ir::Reset, which nobody uses");
}

#[test]
fn an_unused_entry_and_an_unlisted_module_are_noticed() {
    let arrow = [Arrow { from: "sim", to: "hw", what: What::All, reason: "x" }];
    let tree = Tree::of(&[("src/sim/mod.rs", ""), ("src/hw/mod.rs", "")]);
    one(&check_arrows(&tree, &arrow), "sim → hw, which nobody uses");
    one(&check_arrows(&Tree::of(&[("src/magic/mod.rs", "")]), &[]), "module `magic` is not in");
}

#[test]
fn what_the_package_may_not_use_is_noticed() {
    let table = [("cli", What::Only(&["load"])), ("ir", What::All)];
    let with = |text| {
        let library = [("src/cli/mod.rs", ""), ("src/ir/mod.rs", ""), ("src/flow/mod.rs", "")];
        check_package(&Tree::of(&[&library[..], &[("python/src/a.rs", text)]].concat()), &table)
    };
    nothing(&with("use synfire::cli::load; use synfire::ir::Graph; use crate::own;"));
    one(&with("use synfire::{cli::{load, verify}, ir};"), "may not use `cli::verify`");
    one(&with("use synfire::{cli::load, flow, ir};"), "may not use `flow`");
    one(&with("use synfire::cli::load;"), "may use ir and does not");
    one(&with("use synfire::ir;"), "may use cli::load and does not");
}

#[test]
fn a_print_is_noticed() {
    let at = |path| {
        check_prints(&Tree::of(&[(path, "\n/* println!() */ fn f() { println!(\"dbg!\"); }")]))
    };
    one(&at("src/hw/mod.rs"), "src/hw/mod.rs:2: `println!`");
    nothing(&at("src/cli/mod.rs"));
    nothing(&at("src/main.rs"));
    nothing(&check_prints(&Tree::of(&[("src/hw/mod.rs", "writeln!(f, \"\")")])));
}

#[test]
fn a_missing_licence_and_a_long_file_are_noticed() {
    one(&check_licences(&Tree::of(&[("hdl/a.v", "module a; endmodule")])), "hdl/a.v");
    let long = "//\n".repeat(601);
    let tree = Tree::of(&[("src/a/mod.rs", ""), ("src/a/b.rs", ""), ("src/a/long.rs", &long)]);
    one(&check_sizes(&tree, &[]), "601 lines");
    nothing(&check_sizes(&tree, &[("src/a/long.rs", "a table")]));
    one(&check_sizes(&tree, &[("src/a/long.rs", "a"), ("src/a/b.rs", "b")]), "needs no reason");
    let middling = "//\n".repeat(201);
    one(&check_sizes(&Tree::of(&[("src/a/b.rs", &middling)]), &[]), "median");
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a module adds to another's types is used without a path that names the module: an arrow
//! that nobody would see.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::strip;
use super::tree::Tree;

/// `impl` blocks for a type of another module, in which nothing is of the module they are in.
pub(crate) fn check_impls(tree: &Tree) -> Vec<String> {
    let files = || tree.rust("src/").filter_map(|f| Some((f.module()?, f, strip(&f.text))));
    let mut defined: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, _, code) in files() {
        let words: Vec<_> = names(&code).collect();
        let types = words.windows(2).filter(|w| {
            ["struct", "enum", "union", "trait", "type"].contains(&w[0]) && is_type(w[1])
        });
        defined.entry(module).or_default().extend(types.map(|w| w[1].to_owned()));
    }
    let mut wrong = Vec::new();
    for (module, file, code) in files() {
        for header in headers(&code) {
            let mut types = names(header).filter(|n| is_type(n));
            let self_type = header.rsplit(" for ").next().unwrap_or(header);
            let self_type = self_type.split(" where ").next().unwrap_or(self_type);
            let other = defined
                .iter()
                .find(|(m, types)| **m != module && names(self_type).any(|n| types.contains(n)));
            let (Some((other, _)), false) = (other, types.any(|n| defined[&module].contains(n)))
            else {
                continue;
            };
            let header = header.trim();
            wrong.push(format!("{}: `impl {header}` adds to `{other}`", file.path));
        }
    }
    wrong
}

/// What stands between `impl` at the beginning of a line and its brace.
fn headers(code: &str) -> impl Iterator<Item = &str> {
    let starts = code.match_indices("impl").filter(|(at, _)| {
        let line = code[..*at].rsplit('\n').next().unwrap_or_default();
        let rest = &code[at + 4..];
        ["", "unsafe"].contains(&line.trim()) && rest.starts_with([' ', '<', '\n'])
    });
    starts.filter_map(|(at, _)| code[at + 4..].split('{').next())
}

fn names(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|n| !n.is_empty())
}

fn is_type(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

#[test]
fn what_is_added_to_anothers_type_is_noticed() {
    let check = |text: &str| {
        let other = ("src/ir/mod.rs", "pub struct Graph; pub trait Walk {}");
        check_impls(&Tree::of(&[other, ("src/sim/a.rs", text)]))
    };
    for wrong in [
        "impl Graph { fn f() {} }",
        "impl crate::ir::Graph {}",
        "impl Default for ir::Graph {}",
        "impl<T> From<Vec<T>>\n  for Graph {}",
        "impl Walk for Vec<Graph> {}",
    ] {
        assert_eq!(check(wrong).len(), 1, "{wrong}");
    }
    for fine in [
        "struct Sim; impl Walk for Sim {}",
        "trait Run {} impl Run for Graph {}",
        "trait Run {}\nimpl Run for Graph {}",
        "struct Sim;\nimpl From<Graph> for Sim {}\nimpl From<Sim> for Graph {}",
        "// impl Graph {}\nfn f(g: impl Walk) {}",
    ] {
        assert_eq!(check(fine), Vec::<String>::new(), "{fine}");
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which paths into other modules a Rust file has. Not a parser of Rust: it knows
//! comments, literals and `use` trees, which is all it takes.

use std::collections::BTreeSet;

use super::tree::File;

/// Every path from the crate's root, `[module, item, …]`.
pub(crate) fn uses(file: &File, modules: &BTreeSet<String>) -> Vec<Vec<String>> {
    let code = strip(&file.text);
    let mut found = Vec::new();
    for word in ["crate", "synfire"] {
        for rest in after(&code, word) {
            tree(rest, &mut Vec::new(), &mut found);
        }
    }
    // `super::super::emit` reaches the root as well.
    let depth = file.path.matches('/').count() - usize::from(file.path.ends_with("/mod.rs"));
    for rest in after(&code, "super") {
        let (mut rest, mut ups) = (rest, 1);
        while let Some(next) = rest.trim_start().strip_prefix("super") {
            let Some(next) = next.trim_start().strip_prefix("::") else { break };
            (rest, ups) = (next, ups + 1);
        }
        let mut paths = Vec::new();
        tree(rest, &mut Vec::new(), &mut paths);
        found.extend(paths.into_iter().filter(|p| ups >= depth && modules.contains(&p[0])));
    }
    found
}

/// What follows `word ::`, for every place where it starts a path.
fn after<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(word).filter_map(move |(at, _)| {
        let before = code[..at].trim_end();
        let glued = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if glued || before.ends_with("::") {
            return None;
        }
        code[at + word.len()..].trim_start().strip_prefix("::")
    })
}

/// Reads `a::b`, `a::{b, c::d}`, `a as b`; returns what follows.
fn tree<'a>(code: &'a str, base: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let code = code.trim_start();
    if let Some(mut rest) = code.strip_prefix('{') {
        loop {
            rest = rest.trim_start();
            if let Some(end) = rest.strip_prefix('}') {
                return end;
            }
            let before = rest.len();
            rest = tree(rest, base, found).trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest);
            if rest.len() == before {
                return rest;
            }
        }
    }
    let end = code.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(code.len());
    if end == 0 {
        if !base.is_empty() {
            found.push(base.clone());
        } else if code.starts_with('*') {
            found.push(vec!["*".to_owned()]);
        }
        return code.strip_prefix('*').unwrap_or(code);
    }
    base.push(code[..end].to_owned());
    let mut rest = code[end..].trim_start();
    if let Some(next) = rest.strip_prefix("::") {
        rest = tree(next, base, found);
    } else {
        found.push(base.clone());
        if let Some(renamed) = rest.strip_prefix("as ") {
            rest = renamed.trim_start_matches(|c: char| c.is_alphanumeric() || " _".contains(c));
        }
    }
    base.pop();
    rest
}

/// The text with comments and the contents of literals blanked; lines stay where they are.
pub(crate) fn strip(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if c == '"' {
            string(rest)
        } else if c == '\'' {
            character(rest)
        } else if c == 'r' && !out.ends_with(|p: char| p.is_alphanumeric() || p == '_') {
            raw_string(rest)
        } else {
            0
        };
        if len == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.push(' ');
            out.extend(rest[..len].chars().filter(|c| *c == '\n'));
            rest = &rest[len..];
        }
    }
    out
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == '"' && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

/// `'x'` or `'\n'`; a lifetime is none.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            text[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(0, |(i, _)| i + 3)
        }
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(i, _)| i + 1),
        None => 0,
    }
}

fn raw_string(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let body = 2 + hashes;
    text[body..].find(&end).map_or(text.len(), |i| body + i + end.len())
}

#[test]
fn literals_and_comments_are_blanked() {
    let code = strip("a /* /* x */ */ 'b' '\\'' \"q\\\"x\" r#\"x\"# &'life // x\nend");
    assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "&'life", "end"]);
}

#[test]
fn use_trees_are_followed() {
    let file =
        File { path: "src/a/b.rs".into(), text: "use crate::{ir::{A, B as C}, hw::*};".into() };
    let paths: Vec<_> = uses(&file, &BTreeSet::new()).iter().map(|p| p.join("::")).collect();
    assert_eq!(paths, ["ir::A", "ir::B", "hw"]);
    let all = File { path: "src/a/b.rs".into(), text: "use crate::{ir, *}; crate::*".into() };
    let paths: Vec<_> = uses(&all, &BTreeSet::new()).iter().map(|p| p.join("::")).collect();
    assert_eq!(paths, ["ir", "*", "*"]);
}

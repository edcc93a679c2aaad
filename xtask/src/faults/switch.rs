// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Faults as switches: the text with a fault in it beside the text without, and an `if` that
//! asks which of both is wanted. One build then serves all faults.

use std::collections::BTreeMap;
use std::ops::Range;

use super::list::{Fault, Kind};

/// Says which fault is switched on, by its place in the list.
pub(crate) const VARIABLE: &str = "SYNFIRE_FAULT";

/// Says where the switches that are passed leave their numbers, one a line.
pub(crate) const TRACE: &str = "SYNFIRE_FAULT_TRACE";

/// What the switches call; it is put at the end of a copied crate's root.
pub(crate) const HELPER: &str = r#"
/// True while the fault with this number is switched on.
#[doc(hidden)]
#[must_use]
pub fn injected(fault: usize) -> bool {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    static ON: std::sync::OnceLock<Option<usize>> = std::sync::OnceLock::new();
    static TRACE: std::sync::OnceLock<Option<std::ffi::OsString>> = std::sync::OnceLock::new();
    static PASSED: [AtomicBool; 1 << 13] = [const { AtomicBool::new(false) }; 1 << 13];
    if let Some(trace) = TRACE.get_or_init(|| std::env::var_os("SYNFIRE_FAULT_TRACE"))
        && !PASSED[fault].swap(true, Relaxed)
    {
        use std::io::Write as _;
        let file = std::fs::OpenOptions::new().create(true).append(true).open(trace);
        let _ = file.and_then(|mut f| f.write_all(format!("{fault}\n").as_bytes()));
    }
    *ON.get_or_init(|| std::env::var("SYNFIRE_FAULT").ok()?.parse().ok()) == Some(fault)
}
"#;

/// The crates that get it, by the files that they begin in.
pub(crate) const ROOTS: [&str; 3] = ["src/lib.rs", "distill/src/lib.rs", "distill/src/main.rs"];

/// A fault's place in its file, and how it is put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) range: Range<usize>,
    pub(crate) kind: Kind,
}

/// Where every fault is and how it is put in. Of faults whose texts overlap without being the
/// same, the first is a switch and the others are built.
pub(crate) fn places(
    faults: &[Fault],
    texts: &BTreeMap<String, String>,
) -> Result<Vec<Place>, String> {
    let mut places: Vec<Place> = Vec::new();
    for (i, f) in faults.iter().enumerate() {
        let text = texts.get(&f.file).ok_or_else(|| format!("{}: no {}", f.name, f.file))?;
        let range = f.place(text)?;
        let meets = |(g, p): (&Fault, &Place)| {
            g.file == f.file
                && p.kind != Kind::Build
                && p.range != range
                && p.range.start < range.end
                && range.start < p.range.end
        };
        let is_taken = faults[..i].iter().zip(&places).any(meets);
        let kind = if is_taken { Kind::Build } else { kind(f, text, &range) };
        places.push(Place { range, kind });
    }
    Ok(places)
}

fn kind(f: &Fault, text: &str, range: &Range<usize>) -> Kind {
    // The helper is reached from the modules of a crate that has it.
    let is_source = f.file.starts_with("src/") || f.file.starts_with("distill/src/");
    let is_library = is_source && f.file.ends_with(".rs");
    let old = f.old.trim();
    match f.kind {
        _ if !is_library || f.file == "src/main.rs" => Kind::Build,
        Some(kind) => kind,
        // What is declared in a branch is not seen outside of it.
        None if old.starts_with("let ") => Kind::Build,
        None if old.ends_with(';') => Kind::Statement,
        None if is_one(old) || stands_alone(&text[..range.start], &text[range.end..]) => {
            Kind::Expression
        }
        None => Kind::Build,
    }
}

/// Is it one operand, so that what is around it cannot tear it apart?
fn is_one(old: &str) -> bool {
    let mut depth = 0i32;
    old.chars().all(|c| {
        depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
        depth > 0 || c.is_alphanumeric() || "_:.?)]}".contains(c)
    })
}

/// Do both neighbours bind less than anything that can stand between them?
fn stands_alone(before: &str, after: &str) -> bool {
    let (before, after) = (before.trim_end(), after.trim_start());
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let assigns =
        before.ends_with('=') && !["==", "<=", ">=", "!="].iter().any(|o| before.ends_with(o));
    let begins = before.is_empty()
        || before.ends_with(['(', '[', '{', '}', ',', ';', '|'])
        || ["=>", "&&", ".."].iter().any(|o| before.ends_with(o))
        || assigns
        || (before.ends_with(':') && !before.ends_with("::"))
        || ["return", "if", "in", "match", "else", "while"].contains(&word);
    let ends = after.starts_with([')', ']', '}', ',', ';', '{'])
        || ["=>", "&&", "||", ".."].iter().any(|o| after.starts_with(o));
    begins && ends
}

/// A file with all its switches, and for each fault in it the lines that it takes.
pub(crate) fn switched(
    file: &str,
    text: &str,
    faults: &[Fault],
    places: &[Place],
) -> (String, Vec<(usize, Range<usize>)>) {
    let mut groups: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (i, (f, p)) in faults.iter().zip(places).enumerate() {
        if f.file == file && p.kind != Kind::Build {
            groups.entry((p.range.start, p.range.end)).or_default().push(i);
        }
    }
    let (mut out, mut lines, mut at) = (String::new(), Vec::new(), 0);
    for ((start, end), numbers) in groups {
        out.push_str(&text[at..start]);
        let first = out.matches('\n').count() + 1;
        let branches: Vec<_> = numbers
            .iter()
            .map(|&i| format!("if crate::injected({i}) {{ {} }}", faults[i].new))
            .collect();
        let switch = format!("{} else {{ {} }}", branches.join(" else "), &text[start..end]);
        let is_value = numbers.iter().any(|&i| places[i].kind == Kind::Expression);
        out.push_str(&if is_value { format!("({switch})") } else { switch });
        let last = out.matches('\n').count() + 1;
        lines.extend(numbers.into_iter().map(|i| (i, first..last + 1)));
        at = end;
    }
    out.push_str(&text[at..]);
    if ROOTS.contains(&file) {
        out.push_str(HELPER);
    }
    (out, lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "src/a.rs";

    fn fault(old: &str, new: &str) -> Fault {
        Fault {
            name: old.into(),
            file: FILE.into(),
            old: old.into(),
            new: new.into(),
            within: None,
            test: "lib".into(),
            kind: None,
        }
    }

    fn run(text: &str, faults: &[Fault]) -> (Vec<Kind>, String) {
        let texts = BTreeMap::from([(FILE.to_owned(), text.to_owned())]);
        let places = places(faults, &texts).unwrap();
        let kinds = places.iter().map(|p| p.kind).collect();
        (kinds, switched(FILE, text, faults, &places).0)
    }

    #[test]
    fn a_switch_has_both_texts() {
        let (kinds, text) = run("f(a + b);\ng();\n", &[fault("a + b", "a - b"), fault("g();", "")]);
        assert_eq!(kinds, [Kind::Expression, Kind::Statement]);
        assert_eq!(
            text,
            "f((if crate::injected(0) { a - b } else { a + b }));\nif crate::injected(1) {  } else { g(); }\n"
        );
    }

    #[test]
    fn what_neighbours_would_tear_apart_is_built() {
        for (text, old, kind) in [
            ("x * a + b;", "a + b", Kind::Build),
            ("x * a + b;", "a", Kind::Expression),
            ("if a < b && c {", "a < b", Kind::Expression),
            ("if a == b + c {", "b + c", Kind::Build),
            ("x = a + b;", "a + b", Kind::Expression),
            ("S { x: a + b }", "a + b", Kind::Expression),
            ("x => a + b,", "a + b", Kind::Expression),
            ("-a.max(b + c);", "a.max(b + c)", Kind::Expression),
            ("let a = 1;", "let a = 1;", Kind::Build),
            ("(a + b) as u8", "a + b", Kind::Expression),
            ("a + b as u8", "a + b", Kind::Build),
        ] {
            assert_eq!(run(text, &[fault(old, "0")]).0, [kind], "{old} in {text}");
        }
        let hardware = Fault { file: "hdl/a.v".into(), ..fault("a", "b") };
        let texts = BTreeMap::from([("hdl/a.v".to_owned(), "(a)".to_owned())]);
        assert_eq!(places(&[hardware], &texts).unwrap()[0].kind, Kind::Build);
    }

    #[test]
    fn faults_of_the_same_text_share_a_switch_and_others_are_built() {
        let (kinds, text) =
            run("f(a + b);", &[fault("a + b", "a"), fault("a", "c"), fault("a + b", "b")]);
        assert_eq!(kinds, [Kind::Expression, Kind::Build, Kind::Expression]);
        assert_eq!(
            text,
            "f((if crate::injected(0) { a } else if crate::injected(2) { b } else { a + b }));"
        );
    }

    #[test]
    fn the_lines_of_a_switch_are_known() {
        let texts = "one();\nf(\n  a,\n  b,\n);\n";
        let faults = [fault("a,\n  b", "c")];
        let places = [Place { range: 12..18, kind: Kind::Expression }];
        assert_eq!(switched(FILE, texts, &faults, &places).1, [(0, 3..5)]);
    }
}

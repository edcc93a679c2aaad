// SPDX-License-Identifier: Apache-2.0 OR MIT

use super::*;

/// A repository in which `tests/a.rs` names the simulator and a page.
fn tree() -> Files {
    [
        ("tests/a.rs", "mod common; use synfire::sim; \"docs/a.md\""),
        ("tests/common/mod.rs", ""),
        ("src/lib.rs", "pub mod sim;"),
        ("src/sim/mod.rs", "1"),
        ("src/hw.rs", "//! what hdl/ does"),
        ("src/emit/mod.rs", "include_str!(\"../../hdl/sf_a.v\")"),
        ("src/energy/mod.rs", "1"),
        ("hdl/sf_a.v", "1"),
        ("link/src/lib.rs", "1"),
        ("docs/a.md", "1"),
        ("docs/b.md", "1"),
        ("tests/faults/sim.toml", "1"),
        ("distill/src/nn.rs", "use synfire::energy;"),
        ("distill/tests/d.rs", "synfire_distill::nn"),
        ("tests/v.rs", "use synfire::emit;"),
        ("tests/h.rs", "root.join(\"hdl\")"),
        ("data/x.bin", "1"),
    ]
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .into()
}

fn key(files: Files, name: &str, sources: &[&str]) -> Option<u64> {
    let sources: Vec<_> = sources.iter().map(PathBuf::from).collect();
    Seen::of(files, &1).key(name, &sources)
}

/// The keys of both programs.
fn keys(files: Files) -> (Option<u64>, Option<u64>) {
    let a = key(files.clone(), "a", &["tests/a.rs", "tests/x/../common/mod.rs"]);
    (a, key(files, "d", &["distill/tests/d.rs"]))
}

#[test]
fn a_change_counts_where_it_is_seen() {
    let before = keys(tree());
    assert!(before.0.is_some() && before.1.is_some() && before == keys(tree()));
    for (file, of_a, of_d) in [
        ("tests/a.rs", true, false),
        ("tests/common/mod.rs", true, false),
        ("src/lib.rs", true, true),
        ("src/sim/mod.rs", true, true),
        ("src/hw.rs", true, true),
        ("src/energy/mod.rs", false, true),
        ("src/energy/new.rs", false, true),
        ("hdl/sf_a.v", false, false),
        ("data/x.bin", true, true),
        ("data/new.bin", true, true),
        ("link/src/lib.rs", true, true),
        ("docs/a.md", true, false),
        ("docs/b.md", false, false),
        ("tests/faults/sim.toml", false, false),
        ("distill/src/nn.rs", false, true),
        ("distill/tests/d.rs", false, true),
    ] {
        let mut files = tree();
        files.entry(file.into()).or_default().push(b' ');
        let after = keys(files);
        assert_eq!((before.0 != after.0, before.1 != after.1), (of_a, of_d), "{file}");
    }
}

#[test]
fn verilog_counts_where_it_is_put_in_or_read() {
    for file in ["hdl/sf_a.v", "hdl/sf_new.v"] {
        let mut files = tree();
        files.entry(file.into()).or_default().push(b' ');
        for (name, sees) in [("v", true), ("h", true), ("a", false)] {
            let sources = &[&*format!("tests/{name}.rs")];
            let changed = key(files.clone(), name, sources) != key(tree(), name, sources);
            assert_eq!(changed, sees, "{file} {name}");
        }
    }
}

#[test]
fn what_is_around_counts() {
    let of = |around: &str| Seen::of(tree(), &around).key("a", &["tests/a.rs".into()]);
    assert_eq!(of("Yosys 0.70"), of("Yosys 0.70"));
    assert_ne!(of("Yosys 0.70"), of("Yosys 0.71"));
}

#[test]
fn what_cannot_be_said_runs() {
    assert_eq!(key(tree(), "arrows", &["tests/a.rs"]), None);
    assert_eq!(key(tree(), "a", &[]), None);
    assert_eq!(key(tree(), "a", &["tests/none.rs"]), None);
    assert_eq!(key(tree(), "a", &["/elsewhere/a.rs"]), None);
}

#[test]
fn the_compiler_says_what_a_program_is_made_of() {
    let dir = std::env::temp_dir().join(format!("synfire-unchanged-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let program = dir.join("a-1");
    let text =
        format!("{0}.d: x.rs\n\n{0}: tests/a.rs tests/b\\ c.rs\n\nx.rs:\n", program.display());
    std::fs::write(dir.join("a-1.d"), text).unwrap();
    let found = sources(&program);
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(found, [PathBuf::from("tests/a.rs"), "tests/b c.rs".into()]);
    assert!(sources(&program).is_empty());
}

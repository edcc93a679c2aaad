// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Each pass on small graphs: tests/pass/<pass>/<case>.ir becomes <case>.out.ir, or is
//! refused as <case>.err says. `SYNFIRE_BLESS=1 cargo test --test pass` writes what is
//! missing; read it before it is committed. A line `# option keep-members 0,2` sets an option.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use synfire::ir::{Linear, Op, Weights, isomorphic, parse, print};
use synfire::pass::{self, Options, PASSES};

/// What the pass makes of a graph: the ending of the expected file, and its contents.
fn run(name: &str, text: &str) -> (&'static str, String) {
    let mut graph = parse(text).unwrap_or_else(|d| panic!("the input is wrong: {d}"));
    match pass::run(&mut graph, &[(name, "")], &options(text)) {
        Ok(notes) => {
            let mut out = String::from("# SPDX-License-Identifier: Apache-2.0 OR MIT\n");
            notes.iter().for_each(|n| writeln!(out, "# note: {}", n.text).unwrap());
            ("out.ir", out + &print(&graph).unwrap())
        }
        Err(d) => {
            let help = d.help.as_ref().map_or(String::new(), |h| format!("help: {h}\n"));
            ("err", format!("{} {d}\n{help}", d.code.id))
        }
    }
}

/// What the lines at the beginning of the file say.
fn options(text: &str) -> Options {
    let mut options = Options::default();
    for (name, value) in text.lines().filter_map(|l| l.strip_prefix("# option ")?.split_once(' ')) {
        match name {
            "keep-timesteps" => options.keep_timesteps = Some(value.parse().unwrap()),
            "keep-members" => {
                let members = value.split(',').filter(|m| *m != "none");
                options.keep_members = Some(members.map(|m| m.parse().unwrap()).collect());
            }
            _ => panic!("no option is called {name}"),
        }
    }
    options
}

fn notes(text: &str) -> Vec<&str> {
    text.lines().filter(|l| l.starts_with("# note:")).collect()
}

fn same(got: &str, want: &str, ending: &str) -> bool {
    if ending == "err" {
        return got == want;
    }
    let want_graph = parse(want).unwrap_or_else(|d| panic!("the expected graph is wrong: {d}"));
    isomorphic(&parse(got).unwrap(), &want_graph) && notes(got) == notes(want)
}

#[test]
fn passes_do_what_their_files_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pass");
    let bless = std::env::var_os("SYNFIRE_BLESS").is_some();
    let mut wrong = String::new();
    for pass in PASSES {
        let dir = root.join(pass.name());
        let mut cases = 0;
        for entry in fs::read_dir(&dir).unwrap_or_else(|_| panic!("{} has no cases", pass.name())) {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            let Some(case) = file.strip_suffix(".ir").filter(|c| !c.ends_with(".out")) else {
                continue;
            };
            cases += 1;
            let (ending, got) = run(pass.name(), &fs::read_to_string(&path).unwrap());
            let expected = dir.join(format!("{case}.{ending}"));
            match fs::read_to_string(&expected) {
                Ok(want) if same(&got, &want, ending) => {}
                Ok(want) => {
                    let diff = diff(&want, &got);
                    write!(wrong, "\n{}\n{diff}", expected.display()).unwrap();
                }
                Err(_) if bless => fs::write(&expected, got).unwrap(),
                Err(_) => write!(wrong, "\n{} is missing\n{got}", expected.display()).unwrap(),
            }
        }
        assert!(cases > 0, "{} has no cases", pass.name());
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Three bits for one layer: steps of 1.5 / 3. With eight, steps of 0.3 are fine enough.
#[test]
fn layers_may_have_bits_of_their_own() {
    let layer = |name: &str, x: &str| {
        format!(
            "%{name} = linear(%{x}) : real[2] {{\"weights\":{{\"real\":{{\"rows\":2,\"values\":[0.3,-1.5,0.0,1.5]}}}},\"bias\":null}}\n"
        )
    };
    let text = [
        "synfire-ir 1\ngraph \"bits\" timesteps 1\n",
        "%in = input() : spikes[2] {\"shape\":[2],\"bits\":1,\"is_static\":false}\n",
        &layer("a", "in"),
        &layer("b", "a"),
        "%y = readout(%b) : real[2] {\"kind\":\"sum\",\"gain\":1.0,\"offset\":0.0}\noutput %y\n",
    ];
    let mut graph = parse(&text.concat()).unwrap();
    let options = Options { layer_bits: vec![("a".to_owned(), 3)], ..Options::default() };
    pass::run(&mut graph, &[("round-weights", "")], &options).unwrap();
    let values = |name: &str| match &graph.node(graph.find(name).unwrap()).op {
        Op::Linear(Linear { weights: Weights::Integer { values, .. }, .. }) => values.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(values("a")[..2], [1, -3]);
    assert_eq!(values("b")[..2], [1, -5]);
}

/// Lines that only one of them has.
fn diff(want: &str, got: &str) -> String {
    let only = |a: &str, b: &str, mark: &str| {
        let lines = a.lines().filter(|l| !b.lines().any(|m| m == *l));
        lines.map(|l| format!("{mark} {l}\n")).collect::<String>()
    };
    only(want, got, "-") + &only(got, want, "+")
}

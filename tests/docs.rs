// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The documentation says what is so: its examples run, its links lead somewhere, and the
//! page of the diagnostics is the registry. `SYNFIRE_BLESS=1 cargo test --test docs` writes
//! what is generated: docs/diagnostics.md, docs/operators.md and the timing in
//! docs/hardware.md.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use synfire::diag::codes;
use synfire::hw::{self, Design, Stage};
use synfire::import::onnx;
use synfire::interp::Interp;
use synfire::ir::{Graph, Op, isomorphic, parse, print};
use synfire::pass::{self, PASSES, TO_INTEGER};
use synfire::sim::{Recorder, Sim};
use synfire::target;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Writes what is generated, if that was asked for.
fn bless(path: &str, text: &str) {
    if std::env::var_os("SYNFIRE_BLESS").is_some() {
        fs::write(root().join(path), text).unwrap();
    }
}

/// README.md, the other pages at the top, and every page below docs/.
fn pages() -> Vec<PathBuf> {
    let mut open = vec![root().join("docs")];
    let mut pages: Vec<PathBuf> =
        fs::read_dir(root()).unwrap().map(|e| e.unwrap().path()).collect();
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { pages.push(path) }
        }
    }
    pages.retain(|p| p.extension().is_some_and(|e| e == "md"));
    pages.sort();
    assert!(pages.len() > 5, "{pages:?}");
    pages
}

/// Contents of the fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let after = text.split(&fence).skip(1);
    after.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Lines outside fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// Targets of the links `[…](target)` and `![…](target)`.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        for (at, _) in line.match_indices("](") {
            let rest = &line[at + 2..];
            found.push(rest[..rest.find(')').unwrap_or(rest.len())].to_owned());
        }
    }
    found
}

/// What a heading is called in a link: lower case, words joined by hyphens.
fn anchors(text: &str) -> Vec<String> {
    let name = |heading: &str| -> String {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    let heading = |line: &str| line.starts_with('#').then(|| name(line.trim_matches(['#', ' '])));
    prose(text).filter_map(heading).collect()
}

/// The graphs of docs/ir.md.
fn examples() -> Vec<Graph> {
    let graph = |text: &String| parse(text).unwrap_or_else(|d| panic!("{d}"));
    blocks(&read("docs/ir.md"), "sfir").iter().map(graph).collect()
}

/// The first two: the real form and the integer form of one network.
fn example() -> (Graph, Graph) {
    let mut graphs = examples().into_iter();
    (graphs.next().unwrap(), graphs.next().unwrap())
}

#[test]
fn the_examples_run() {
    for graph in examples() {
        let order = graph.order().unwrap();
        let input = order.iter().find(|id| matches!(graph.node(**id).op, Op::Input(_))).unwrap();
        let ones = vec![1; graph.node(*input).stream.len()];
        Interp::new(&graph).unwrap().run(&ones).unwrap();
        assert!(isomorphic(&graph, &parse(&print(&graph).unwrap()).unwrap()));
    }
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = String::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target =
                if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let shown = page.strip_prefix(root()).unwrap().display();
            if !target.exists() {
                writeln!(wrong, "{shown}: {link}: no such file").unwrap();
            } else if !anchor.is_empty()
                && !anchors(&fs::read_to_string(&target).unwrap()).contains(&anchor.to_owned())
            {
                writeln!(wrong, "{shown}: {link}: no such heading").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_page_is_in_the_index() {
    let index = links(&read("docs/README.md"));
    for page in pages() {
        let Ok(name) = page.strip_prefix(root().join("docs")) else { continue };
        let name = name.to_string_lossy().replace('\\', "/");
        assert!(name == "README.md" || index.contains(&name), "docs/README.md misses {name}");
    }
}

#[test]
fn every_page_has_a_licence() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let licensed = first.contains("SPDX-License-Identifier: Apache-2.0 OR MIT");
        assert!(licensed, "{}", page.display());
    }
}

#[test]
fn the_passes_turn_the_real_example_into_the_integer_one() {
    let (mut real, integer) = example();
    pass::run(&mut real, TO_INTEGER, &pass::Options::default()).unwrap();
    assert!(isomorphic(&real, &integer), "{}", print(&real).unwrap());
}

#[test]
fn every_operator_and_every_pass_is_described() {
    let ir = anchors(&read("docs/ir.md"));
    let mut seen = std::collections::BTreeSet::new();
    for graph in examples() {
        for id in graph.order().unwrap() {
            let name = graph.node(id).op.name();
            assert!(ir.iter().any(|a| a == name), "docs/ir.md has no heading {name}");
            seen.insert(name);
        }
    }
    assert_eq!(seen.len(), 19, "an operator without an example: {seen:?}");
    let passes = anchors(&read("docs/passes.md"));
    for pass in PASSES {
        assert!(passes.iter().any(|a| a == pass.name()), "docs/passes.md misses {}", pass.name());
    }
}

#[test]
fn every_hdl_module_is_named() {
    let page = read("docs/hardware.md") + &read("docs/shared.md") + &read("docs/line.md");
    for (file, _) in synfire::emit::HDL {
        let module = file.trim_end_matches(".v");
        let family = module.rsplit_once('_').map_or(module, |(f, _)| f);
        let named = page.contains(module) || page.contains(&format!("`{family}_*`"));
        assert!(named, "no page of docs/{{hardware,shared,line}}.md names {module}");
    }
}

fn list(cycles: impl IntoIterator<Item = u64>) -> String {
    cycles.into_iter().map(|c| c.to_string()).collect::<Vec<_>>().join(" ")
}

/// What the simulator says about the worked example of docs/hardware.md.
fn timing(design: &Design) -> String {
    let mut input = [0u8; 20];
    for (i, v) in [(0, 15), (3, 9), (7, 4), (16, 12), (19, 1)] {
        input[i] = v;
    }
    let mut log = Recorder::default();
    let result = Sim::new(design).run(&input, &[], &mut log).unwrap();
    log.sort();
    let mut lines = vec![("inputs taken".to_owned(), list(log.inputs.iter().copied()))];
    for (i, stage) in design.stages.iter().enumerate() {
        match stage {
            Stage::Dense(d) => {
                let rows = log.events.iter().filter(|e| e.1 == i).map(|e| e.0);
                lines.push((format!("{} rows read", d.name), list(rows)));
            }
            Stage::Lif(l) => {
                let steps = log.steps.iter().filter(|s| s.stage == i).map(|s| s.cycle);
                lines.push((format!("{} timesteps", l.name), list(steps)));
            }
            _ => {}
        }
    }
    lines.push(("bytes sent".to_owned(), list(log.outputs.iter().map(|o| o.0))));
    lines.push(("done, latency".to_owned(), list([result.done, result.latency()])));
    lines.iter().fold(String::new(), |mut text, (what, cycles)| {
        writeln!(text, "{what:15}{cycles}").unwrap();
        text
    })
}

#[test]
fn the_worked_timing_is_the_simulators() {
    let mut options = hw::Options::default();
    options.lanes.insert("fc1".into(), 2);
    let target = target::load("icebreaker").unwrap();
    let (design, _) = hw::lower(&example().1, &target, &options).unwrap();
    let want = timing(&design);
    let page = read("docs/hardware.md");
    let found = blocks(&page, "timing");
    let [found] = &found[..] else { panic!("{} timing blocks", found.len()) };
    bless("docs/hardware.md", &page.replace(found.as_str(), &want));
    assert!(*found == want, "docs/hardware.md should say\n{want}");
}

#[test]
fn the_page_of_diagnostics_is_the_registry() {
    let mut want = String::from(
        "<!-- SPDX-License-Identifier: Apache-2.0 OR MIT -->\n\
         <!-- Generated from src/diag/codes by tests/docs.rs: SYNFIRE_BLESS=1 cargo test --test docs -->\n\
         # Diagnostics\n\n\
         Every message about something a user can change has a code that never changes its meaning. \
         `synfire explain CODE` prints what stands here.\n",
    );
    for c in codes::all() {
        write!(want, "\n## {}\n\n**{}.** {}\n", c.id, c.title, c.explain).unwrap();
    }
    bless("docs/diagnostics.md", &want);
    let page = root().join("docs/diagnostics.md");
    let found = fs::read_to_string(page).unwrap_or_default();
    assert!(
        found == want,
        "docs/diagnostics.md is out of date: SYNFIRE_BLESS=1 cargo test --test docs"
    );
}

#[test]
fn the_page_of_operators_is_the_registry() {
    let (operators, patterns) = (onnx::operators(), onnx::patterns());
    let mut want = String::from(
        "<!-- SPDX-License-Identifier: Apache-2.0 OR MIT -->\n\
         <!-- Generated from src/import/onnx by tests/docs.rs: SYNFIRE_BLESS=1 cargo test --test docs -->\n\
         # ONNX operators\n\n\
         What of an ONNX file can be read. `synfire inspect --lift` shows which pattern took which operators of a model; \
         what none takes is an error that names it.\n\n\
         ## Patterns\n\n\
         A pattern recognises a layer in the operators of all timesteps. They look at every stream in this order.\n\n\
         | pattern | looks for | becomes |\n|---|---|---|\n",
    );
    for p in &patterns {
        let names = if p.operators.is_empty() { "any".into() } else { p.operators.join(", ") };
        writeln!(want, "| `{}` | {names} | {} |", p.name, p.becomes).unwrap();
    }
    want.push_str(
        "\n## Operators\n\n\
         On constants an operator is computed while the file is read. Of those that depend on the input, \
         the ones that change nothing vanish; for the others a pattern has to be found. \
         What a layer makes of zeros, the spikes before the first timestep, is computed, too.\n\n\
         | operator | on constants | where it changes nothing | patterns |\n|---|---|---|---|\n",
    );
    for o in &operators {
        let mark = |is, text: &'static str| if is { text } else { "–" };
        let patterns = o.patterns.iter().map(|p| format!("`{p}`")).collect::<Vec<_>>().join(", ");
        let (folds, vanishes) = (mark(o.folds, "computed"), mark(o.vanishes, "vanishes"));
        let patterns = if patterns.is_empty() { "–" } else { &patterns };
        let name =
            if o.domain.is_empty() { o.name.into() } else { format!("{}.{}", o.domain, o.name) };
        writeln!(want, "| `{name}` | {folds} | {vanishes} | {patterns} |").unwrap();
    }
    for name in patterns.iter().flat_map(|p| p.operators) {
        assert!(operators.iter().any(|o| o.name == *name), "{name} is in no table of operators");
    }
    let found = fs::read_to_string(root().join("docs/operators.md")).unwrap_or_default();
    // What follows is written by hand.
    let idioms = found.find("\n## Idioms\n").map_or("", |at| &found[at..]);
    want.push_str(idioms);
    bless("docs/operators.md", &want);
    assert!(
        found == want,
        "docs/operators.md is out of date: SYNFIRE_BLESS=1 cargo test --test docs"
    );
}

#[test]
fn every_idiom_that_is_tested_is_on_the_page_of_operators() {
    let page = read("docs/operators.md");
    let idioms = page.split_once("\n## Idioms\n").unwrap().1;
    let models = fs::read(root().join("tests/models/idioms/expected.json")).unwrap();
    let models: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&models).unwrap();
    for name in models.keys() {
        assert!(idioms.contains(&format!("`{name}`")), "{name} is missing");
    }
}

/// What the runner of the tutorial does not run is no code, and a package that a later section
/// installs is the version that is tested elsewhere.
#[test]
fn every_block_of_the_tutorial_is_run() {
    let page = read("docs/tutorial.md");
    let opened = page.lines().filter(|l| l.starts_with("```")).step_by(2);
    let languages: Vec<_> = opened.map(|l| l.trim_start_matches('`')).collect();
    assert!(languages.len() > 10, "{languages:?}");
    assert!(languages.iter().all(|l| ["sh", "python"].contains(l)), "{languages:?}");
    let section = |name: &str| {
        let text = page.split_once(&format!("\n## {name}\n")).unwrap().1;
        blocks(text.split("\n## ").next().unwrap(), "python").concat()
    };
    let [jelly, brevitas] = ["SpikingJelly", "Brevitas"].map(section);
    // Each model is compiled, and has the classes of the framework.
    let check = jelly.split_once("def compare(").unwrap().1;
    for part in [
        ".argmax(1)",
        ".compile(",
        "assert (result.classes_real == own).all() and (result.classes == own).all()",
        "result.differences == 0",
    ] {
        assert!(check.contains(part), "{part}");
    }
    let compared = |code: &str| code.matches("\ncompare(").count();
    assert_eq!((compared(&jelly), compared(&brevitas)), (1, 2));
    let files = ["python/tests/requirements.txt", "tests/models/bnn/requirements.txt"];
    let known = files.map(read).join("\n");
    let commands = blocks(&page, "sh").concat();
    let pins: Vec<_> = commands.split_whitespace().filter(|w| w.contains("==")).collect();
    assert_eq!(pins.len(), 5, "{pins:?}");
    for pin in pins {
        assert!(known.lines().any(|l| l == pin), "{pin}");
    }
}

#[test]
fn wrong_links_and_blocks_would_be_seen() {
    let text = "# A `b-c` d\n[x](y.md#z) ![p](q.svg)\n```\n[no](where)\n```\n```sfir\nabc\n```\n";
    assert_eq!(links(text), ["y.md#z", "q.svg"]);
    assert_eq!(anchors(text), ["a-b-c-d"]);
    assert_eq!(blocks(text, "sfir"), ["abc\n"]);
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is written reads back: every graph that import makes, as the same graph.

use std::path::Path;

use synfire::export;
use synfire::import::{self, Options, nir};
use synfire::ir::{self, Graph, Reset};

use super::models;

fn options(graph: &Graph, dt: f64, reset: Reset) -> Options {
    Options {
        dt: Some(dt),
        reset: Some(reset),
        timesteps: Some(graph.timesteps),
        ..Options::default()
    }
}

#[test]
fn what_was_read_is_written_and_reads_back_the_same() {
    for model in models() {
        let graph = model.load();
        let written = export::nir::write(&graph, model.dt).unwrap();
        let options = options(&graph, model.dt, model.reset);
        let (back, _) = nir::import(&written.bytes, &graph.name, &options)
            .unwrap_or_else(|d| panic!("{}: {d}", model.name));
        assert!(
            ir::isomorphic(&graph, &back),
            "{}:\n{}\n{}",
            model.name,
            ir::print(&graph).unwrap(),
            ir::print(&back).unwrap()
        );
        assert!(!written.notes.iter().any(|n| n.contains("2^-50")), "{:?}", written.notes);
    }
}

/// For tests/models/nir/check.py: the files go where SYNFIRE_NIR_OUT says.
#[test]
#[ignore = "writes files: set SYNFIRE_NIR_OUT"]
fn files_for_the_python_package() {
    let Some(out) = std::env::var_os("SYNFIRE_NIR_OUT") else { return };
    for model in models() {
        let written = export::nir::write(&model.load(), model.dt).unwrap();
        std::fs::write(Path::new(&out).join(format!("{}.nir", model.name)), written.bytes).unwrap();
    }
}

fn text(body: &str) -> Graph {
    ir::parse(&format!("synfire-ir 1\ngraph \"g\" timesteps 3\n{body}")).unwrap()
}

const HEAD: &str = "%in = input() : real[2] {\"shape\":[2],\"is_static\":false}\n";
const TAIL: &str =
    "%r = readout(%x) : real[2] {\"kind\":\"per-step\",\"gain\":1.0,\"offset\":0.0}\noutput %r\n";

#[test]
fn what_nir_cannot_say_is_refused() {
    let cases = [
        ("%x = relu(%in) : real[2] {}", "no `relu`"),
        (
            "%x = li(%in) : real[2] {\"leak\":0.5,\"gain\":1.0,\"bias\":0.0,\"start\":1.0}",
            "start at 0",
        ),
        ("%x = li(%in) : real[2] {\"leak\":1.0,\"gain\":1.0,\"bias\":0.5}", "no constant current"),
        ("%x = li(%in) : real[2] {\"leak\":[1.0,0.5],\"gain\":1.0,\"bias\":0.0}", "some do not"),
        (
            "%x = batch-norm(%in) : real[2] {\"gamma\":[1.0,1.0],\"beta\":[0.0,0.0],\"mean\":[0.0,0.0],\"var\":[1.0,1.0],\"eps\":0.1}",
            "batch norm",
        ),
    ];
    let beside = format!(
        "{HEAD}%x = delay(%in) : real[2] {{\"steps\":1}}\n{}",
        TAIL.replace("output %r", "output %x")
    );
    let d = export::nir::write(&text(&beside), 1e-4).unwrap_err();
    assert_eq!((d.code.id, d.location.path.as_deref()), ("SF0140", Some("r")));
    for (node, why) in cases {
        let d = export::nir::write(&text(&format!("{HEAD}{node}\n{TAIL}")), 1e-4).unwrap_err();
        assert_eq!((d.code.id, d.location.path.as_deref()), ("SF0140", Some("x")));
        assert!(d.message.contains(why), "{d}");
    }
}

#[test]
fn sums_that_are_no_plain_edges_are_written_too() {
    let sums = "%a = add(%in, %in) : real[2] {}\n%b = add(%a, %in) : real[2] {}\n%x = add(%b, %a) : real[2] {}\n";
    let graph = text(&format!("{HEAD}{sums}{TAIL}"));
    let bytes = export::nir::write(&graph, 1.0).unwrap().bytes;
    let (back, _) = nir::import(&bytes, "g", &options(&graph, 1.0, Reset::None)).unwrap();
    let run = |graph: &Graph| {
        let steps = vec![vec![0.5, -2.0]; 3];
        let stimulus = synfire::interp::Stimulus::RealSteps(&steps);
        synfire::interp::Interp::new(graph).unwrap().run_on(stimulus).unwrap().steps
    };
    assert_eq!(run(&graph), run(&back));
}

/// `v_reset` is what membranes are reset to, also where they are held there.
#[test]
fn resets_to_a_value_are_written_with_it() {
    for (reset, name) in [(Reset::Hard, "hard"), (Reset::HardDelayed, "hard-delayed")] {
        let node = format!(
            "%x = lif(%in) : spikes[2] {{\"leak\":0.5,\"gain\":0.5,\"bias\":0.0,\"threshold\":1.0,\"reset\":\"{name}\",\"compare\":\"above\",\"reset_to\":[-0.5,0.25]}}\n"
        );
        let graph = text(&format!("{HEAD}{node}{TAIL}"));
        let written = export::nir::write(&graph, 1.0).unwrap();
        let says = format!("--reset {name}");
        assert!(written.notes.iter().any(|n| n.ends_with(&says)), "{:?}", written.notes);
        let (back, _) = nir::import(&written.bytes, "g", &options(&graph, 1.0, reset)).unwrap();
        assert!(ir::isomorphic(&graph, &back), "{}", ir::print(&back).unwrap());
    }
}

#[test]
fn a_trained_model_is_written_with_its_notes() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/student/student_dynamo.onnx");
    let graph = import::load(&path, &Options::default()).unwrap();
    let written = export::nir::write(&graph, 1e-4).unwrap();
    let says =
        |what: &str| assert!(written.notes.iter().any(|n| n.contains(what)), "{:?}", written.notes);
    says("--reset soft-delayed");
    says("batch norm");
    says("levels[784; 8] static");
    says("--timesteps 4");
    let options = options(&graph, 1e-4, Reset::SoftDelayed);
    let (back, _) = nir::import(&written.bytes, "student", &options).unwrap();
    assert!(back.find("fc1").is_some() && back.find("bn1").is_none());
}

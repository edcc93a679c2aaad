// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which framework a file looks like: said in a message, and nothing is decided by it.

use synfire::import::{self, Options, nir};
use synfire::ir::Reset;

use super::folder;
use super::refused::{P, file};

const BY: [&str; 4] = ["snntorch", "norse", "sinabs", "spikingjelly"];

/// What is said of a file of which nothing else is known.
pub(super) fn guess(bytes: &[u8]) -> Option<String> {
    let d = nir::import(bytes, "test", &Options::default()).unwrap_err();
    assert_eq!(d.code.id, "SF0135", "{d}");
    let help = d.help.clone().unwrap();
    let line = |l: &str| l.strip_prefix("the file looks like written by ").map(str::to_owned);
    help.lines().find_map(line)
}

#[test]
fn files_of_the_frameworks_are_told_apart() {
    let mut told = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "nir") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let of = name.strip_prefix("ties_").unwrap_or(name);
        let by = BY.into_iter().find(|by| of.starts_with(by));
        let said = guess(&std::fs::read(&path).unwrap());
        match by {
            // Linear layers and neurons without a leak.
            _ if name == "ties_sinabs" => {
                let said = said.unwrap();
                assert!(said.starts_with("norse or sinabs, "), "{said}");
            }
            Some(by) => {
                let said = said.unwrap_or_else(|| panic!("{name}"));
                assert!(said.starts_with(&format!("{by} (")), "{name}: {said}");
                assert!(said.ends_with(&format!("try --from {by}")), "{name}: {said}");
                told += 1;
            }
            // Made with the package itself.
            None => assert_eq!(said, None, "{name}"),
        }
    }
    assert_eq!(told, 18);
}

/// A LIF node, the name of the Input before it, and what else there is.
#[derive(Clone)]
struct Lif {
    input: &'static str,
    tau: f64,
    r: f64,
    v_leak: f64,
    v_reset: Option<f64>,
    more: Option<&'static str>,
}

impl Lif {
    fn guess(&self) -> Option<String> {
        let at = |end: &str| format!("nodes/{}/{end}", self.input);
        let (kind, shape) = (at("type"), at("shape"));
        let (tau, r, v_leak, v_reset) = ([self.tau], [self.r], [self.v_leak], self.v_reset);
        let edges = [self.input, "m", "m", "n", "n", "output"];
        let mut parts = vec![
            P::Text("type", "NIRGraph"),
            P::Edges(&edges),
            P::Text(&kind, "Input"),
            P::Shape(&shape, &[1]),
            P::Text("nodes/output/type", "Output"),
            P::Shape("nodes/output/shape", &[1]),
            P::Text("nodes/n/type", "LIF"),
            P::Real("nodes/n/tau", &[], &tau),
            P::Real("nodes/n/r", &[], &r),
            P::Real("nodes/n/v_leak", &[], &v_leak),
            P::Real("nodes/n/v_threshold", &[], &[1.0]),
            P::Text("nodes/m/type", self.more.unwrap_or("Affine")),
            P::Real("nodes/m/weight", &[1, 1], &[1.0]),
            P::Real("nodes/m/bias", &[1], &[0.0]),
        ];
        let reset = v_reset.map(|v| [v]);
        parts.extend(reset.as_ref().map(|v| P::Real("nodes/n/v_reset", &[], v)));
        guess(&file(&parts)).map(|said| said.split(' ').next().unwrap().to_owned())
    }
}

/// Each fact by itself: what no exporter writes is nobody's.
#[test]
fn every_fact_counts() {
    let input = "input";
    let lif = |input, tau, r| Lif { input, tau, r, v_leak: 0.0, v_reset: Some(0.0), more: None };
    let snntorch = lif(input, 2e-4, 2.0);
    let jelly = lif("x", 2e-4, 1.0);
    let norse = lif(input, f64::from(2.5e-6_f32), 1.0);
    let sinabs = lif(input, 20.0, 1.0);
    for (model, want) in [
        (snntorch.clone(), Some("snntorch")),
        (Lif { v_reset: None, ..snntorch.clone() }, Some("snntorch")),
        (Lif { more: Some("Linear"), ..snntorch.clone() }, Some("snntorch")),
        (Lif { r: 3.0, ..snntorch.clone() }, None),
        (Lif { tau: 5e-5, r: 0.5, ..snntorch.clone() }, None),
        (Lif { v_leak: 0.5, ..snntorch.clone() }, None),
        (Lif { v_reset: Some(-0.5), ..snntorch.clone() }, None),
        (Lif { input: "x", ..snntorch.clone() }, Some("spikingjelly")),
        (jelly.clone(), Some("spikingjelly")),
        (Lif { v_leak: -0.5, v_reset: Some(-0.5), ..jelly.clone() }, Some("spikingjelly")),
        (Lif { v_leak: -0.5, ..jelly.clone() }, None),
        (Lif { v_reset: None, ..jelly.clone() }, None),
        (Lif { tau: 5e-5, ..jelly.clone() }, None),
        (Lif { r: 3.0, ..jelly.clone() }, None),
        (Lif { input, ..jelly }, None),
        (norse.clone(), Some("norse")),
        (Lif { v_leak: 0.5, v_reset: None, ..norse.clone() }, Some("norse")),
        (Lif { tau: f64::from(2.5e-3_f32), ..norse.clone() }, Some("norse")),
        (Lif { tau: 2.5e-3, ..norse.clone() }, None),
        (Lif { more: Some("Linear"), ..norse.clone() }, None),
        (Lif { v_reset: Some(-0.5), ..norse }, None),
        (sinabs.clone(), Some("sinabs")),
        (Lif { v_leak: 0.5, ..sinabs.clone() }, None),
        (Lif { tau: 20.1, ..sinabs.clone() }, None),
        (Lif { more: Some("Linear"), ..sinabs }, None),
    ] {
        let Lif { input, tau, r, v_leak, v_reset, .. } = model;
        let case = format!("{input} {tau} {r} {v_leak} {v_reset:?} {:?}", model.more);
        assert_eq!(model.guess().as_deref(), want, "{case}");
    }
}

/// SpikingJelly writes the reset of neurons without a leak, too.
#[test]
fn a_reset_that_is_not_there_is_nobodys() {
    let parts = [
        P::Text("type", "NIRGraph"),
        P::Edges(&["x", "m", "m", "n", "n", "output"]),
        P::Text("nodes/x/type", "Input"),
        P::Shape("nodes/x/shape", &[1]),
        P::Text("nodes/output/type", "Output"),
        P::Shape("nodes/output/shape", &[1]),
        P::Text("nodes/m/type", "Linear"),
        P::Real("nodes/m/weight", &[1, 1], &[1.0]),
        P::Text("nodes/n/type", "IF"),
        P::Real("nodes/n/r", &[], &[1e4]),
        P::Real("nodes/n/v_threshold", &[], &[1.0]),
        P::Real("nodes/n/v_reset", &[], &[0.0]),
    ];
    let said = guess(&file(&parts)).unwrap();
    assert!(said.starts_with("spikingjelly ("), "{said}");
    assert_eq!(guess(&file(&parts[..parts.len() - 1])), None);
}

/// Where something was assumed that may be otherwise, the name is in a note, and a framework
/// that is named, or the answers themselves, are taken as they are.
#[test]
fn a_note_names_the_framework() {
    let notes = |options: Options| {
        let bytes = std::fs::read(folder().join("ties_spikingjelly_if.nir")).unwrap();
        let options =
            Options { dt: Some(1e-4), reset: Some(Reset::Hard), timesteps: Some(1), ..options };
        nir::import(&bytes, "net", &options).unwrap().1.notes.join("\n")
    };
    let said = notes(Options::default());
    assert!(said.contains("try --from spikingjelly"), "{said}");
    let compare = Some(synfire::ir::Compare::Above);
    assert_eq!(notes(Options { compare, ..Options::default() }), "");
    for from in [import::Producer::SnnTorch, import::Producer::SpikingJelly] {
        assert_eq!(notes(Options { from: Some(from), ..Options::default() }), "");
    }
}

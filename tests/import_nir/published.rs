// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The files published with the NIR paper, from the folder in SYNFIRE_NIR_MODELS (they are
//! not part of this repository). Without it there is nothing to test.

use std::path::{Path, PathBuf};

use synfire::diag::Diagnostic;
use synfire::import::{self, Options};
use synfire::interp::{Interp, Stimulus};
use synfire::ir::{Graph, Op, Reset};

use super::guessed::guess;

fn folder() -> Option<PathBuf> {
    std::env::var_os("SYNFIRE_NIR_MODELS").map(PathBuf::from)
}

fn load(folder: &Path, name: &str, dt: f64, reset: Reset) -> Result<Graph, Box<Diagnostic>> {
    let options =
        Options { dt: Some(dt), reset: Some(reset), timesteps: Some(20), ..Options::default() };
    import::load(&folder.join(name), &options)
}

#[test]
#[ignore = "needs the published files: set SYNFIRE_NIR_MODELS"]
fn published_files_are_read() {
    let Some(folder) = folder() else { return };
    let cases = [
        ("lif_norse.nir", 1e-4, Reset::Hard),
        ("two_lif.nir", 1e-4, Reset::Hard),
        ("braille_subtract.nir", 1e-4, Reset::SoftDelayed),
        ("braille_zero.nir", 1e-4, Reset::Hard),
    ];
    for (name, dt, reset) in cases {
        let graph = load(&folder, name, dt, reset).unwrap_or_else(|d| panic!("{d}"));
        let order = graph.order().unwrap();
        let input = order.into_iter().find(|&i| matches!(graph.node(i).op, Op::Input(_))).unwrap();
        let ones = vec![vec![1.5; graph.node(input).stream.len()]; 20];
        let record = Interp::new(&graph).unwrap().run_on(Stimulus::RealSteps(&ones)).unwrap();
        let spikes: usize = record.spikes.iter().map(|s| s.count()).sum();
        println!("{name}: {} nodes, {spikes} spikes", graph.len());
        assert!(spikes > 0 || name == "two_lif.nir", "{name}");
    }
}

#[test]
#[ignore = "needs the published files: set SYNFIRE_NIR_MODELS"]
fn published_files_look_like_who_wrote_them() {
    let Some(folder) = folder() else { return };
    for (name, want) in [
        ("lif_norse.nir", Some("norse")),
        ("two_lif.nir", None),
        ("braille_subtract.nir", Some("snntorch")),
        ("braille_zero.nir", Some("snntorch")),
    ] {
        let said = guess(&std::fs::read(folder.join(name)).unwrap());
        let by = said.as_deref().and_then(|said| said.split(' ').next());
        assert_eq!(by, want, "{name}: {said:?}");
    }
}

#[test]
#[ignore = "needs the published files: set SYNFIRE_NIR_MODELS"]
fn malformed_edges_are_refused() {
    let Some(folder) = folder() else { return };
    let d = load(&folder, "braille_zero_malformed_edges.nir", 1e-4, Reset::Hard).unwrap_err();
    assert_eq!(d.code.id, "SF0131");
    assert_eq!(d.location.path.as_deref(), Some("lif1.input → lif"));
    assert!(d.message.contains("`lif`, which does not exist"), "{}", d.message);
    assert!(d.help.as_ref().unwrap().contains("input, lif1, lin, output"), "{:?}", d.help);
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
use synfire::diag::{Diagnostic, Result, codes};
use synfire_distill::config::Config;
use synfire_distill::nn::Extent;
use synfire_distill::train::{Observer, Silent, load_model};

use super::{run, taught};

fn refused(config: &str) -> Box<Diagnostic> {
    match Config::parse(config) {
        Err(d) => d,
        Ok(_) => Diagnostic::internal("test", "was taken"),
    }
}

#[test]
fn configurations_that_make_no_sense() {
    let good = taught("", "{ loss = \"level\" }");
    assert!(Config::parse(&good).is_ok());
    for (from, to, place) in [
        ("timesteps = 3", "timesteps = 0", "student.timesteps"),
        ("timesteps = 3", "timesteps = 3\ntimestep = 4", "line 7"),
        ("hidden = [24]", "hidden = [24]\nhiden = [3]", "student.model.hiden"),
        (
            "loss = \"level\"",
            "loss = \"level\", wieght = 2",
            "student.phases[1].objective[1].wieght",
        ),
        ("rate = 1e-2", "rate = -1.0", "student.phases[0].optimiser.rate"),
        ("rate = 1e-2", "rate = 1e30", "student.phases[0].optimiser.rate"),
        ("rate = 1e-2", "rate = 1e-2, decay = 1.0", "student.phases[0].optimiser"),
        (
            "loss = \"level\"",
            "loss = \"entropy\", temperature = 0",
            "student.phases[1].objective[1].temperature",
        ),
        (
            "loss = \"level\"",
            "loss = \"noisy\", noise = 1.5",
            "student.phases[1].objective[1].noise",
        ),
        (
            "loss = \"level\"",
            "loss = \"level\", weight = inf",
            "student.phases[1].objective[1].weight",
        ),
        ("timesteps = 3", "timesteps = 3\nmembers = \"dropout\"", "student.members"),
        ("batch = 24", "batch = 1", "student.phases[0].batch"),
        ("binary = false", "rule = { rule = \"sltt\" }", "student.phases[0]"),
        ("[teacher.model]", "[teacher]\nrun = \"x\"\n[teacher.model]", "teacher"),
    ] {
        let config = good.replacen(from, to, 1);
        let config = match to {
            t if t.contains("sltt") => config.replacen("over = \"steps\"", "over = \"mean\"", 1),
            _ => config,
        };
        let d = refused(&config);
        assert_eq!(d.code, &codes::TRAIN_CONFIG, "{to}: {d}");
        assert_eq!(d.location.path.as_deref(), Some(place), "{to}: {d}");
    }
    // Which weights, those of the first phase or of the second?
    let phase = |text: &str| {
        good.match_indices("[[student.phases]]").map(|(i, _)| i).nth(usize::from(text == "second"))
    };
    let second = phase("second").unwrap_or_default();
    let (first, rest) = good.split_at(second);
    let first = first.replace("binary = false\n", "");
    let rest = rest.replacen("batch = 24", "batch = 24\nbinary = false", 1);
    let d = refused(&format!("{first}{rest}"));
    assert_eq!(d.location.path.as_deref(), Some("student.phases"), "{d}");
    let alone = good.split("[teacher.model]").next().unwrap_or_default();
    let alone = alone.replace("\"level\"", "\"teacher\"");
    assert_eq!(refused(&alone).location.path.as_deref(), Some("student.phases[1]"));
}

/// Members that are not there, or none.
#[test]
fn members_that_cannot_be_left() {
    let good = super::members::ENSEMBLE;
    for (members, is_good) in
        [("{ only = [2, 0] }", true), ("{ only = [9] }", false), ("{ only = [] }", false)]
    {
        let config = good.replace("members = \"dropout\"", &format!("members = {members}"));
        assert_eq!(Config::parse(&config).is_ok(), is_good, "{members}");
        if !is_good {
            assert_eq!(refused(&config).location.path.as_deref(), Some("student.members"));
        }
    }
}

/// A teacher has real weights unless it says otherwise; the layers of one that is written out
/// have to say it.
#[test]
fn teachers_are_real() -> Result<()> {
    let extent = Extent(1, 6, 6);
    let config = taught("", "{ loss = \"level\" }").replace("weights = \"real\"\n", "");
    let plain = config.replace("binary = false\n", "");
    for (config, weights, has_binary) in
        [(&config, "", false), (&plain, "", false), (&plain, "weights = \"binary-layer\"\n", true)]
    {
        let config =
            config.replace("hidden = [24]\nneuron", &format!("hidden = [24]\n{weights}neuron"));
        let teacher = Config::parse(&config)?.teacher.and_then(|t| t.network(extent, 3));
        assert_eq!(teacher.map(|t| t.has_binary()), Some(has_binary), "{weights}");
    }
    let written = r#"family = "custom"
stages = [
    { name = "hidden", layers = [{ layer = "linear", outputs = 24WEIGHTS }, { layer = "norm" }] },
    { name = "head", layers = [{ layer = "linear", outputs = 3, weights = "real" }] },
]
"#;
    let model = "family = \"mlp\"\nhidden = [24]\nneuron";
    assert!(config.contains(model), "{config}");
    let custom = |weights: &str| {
        config.replace(model, &format!("{}neuron", written.replace("WEIGHTS", weights)))
    };
    assert!(Config::parse(&custom(", weights = \"real\"")).is_ok());
    let d = refused(&custom(""));
    assert_eq!(
        d.location.path.as_deref(),
        Some("teacher.model.stages[0].layers[0].weights"),
        "{d}"
    );
    Ok(())
}

/// What depends on the extents of the data is found before the first batch.
#[test]
fn what_fits_no_data_is_refused_before_it_is_trained() -> Result<()> {
    let ensemble = super::members::ENSEMBLE;
    let mut told = Vec::new();
    for (from, to, place) in [
        ("blocks = 3", "blocks = 0", "teacher.phases[0].objective[1].blocks"),
        ("blocks = 3", "blocks = 1", "teacher.phases[0].objective[1].blocks"),
        ("blocks = 3", "blocks = 5", "teacher.phases[0].objective[1].blocks"),
        ("hidden = [24]", "hidden = [25]", "loss = \"feature\""),
        (
            "binary = false",
            "binary = false\naugment = { crop = 9 }",
            "teacher.phases[0].augment.crop",
        ),
        (
            "objective = [{ loss = \"label\" }, { loss = \"feature\"",
            "augment = { crop = 9 }\nobjective = [{ loss = \"label\" }, { loss = \"feature\"",
            "student.phases[0].augment.crop",
        ),
    ] {
        let config = ensemble.replacen(from, to, 1);
        assert_ne!(config, ensemble, "{from}");
        // With 25 features the teacher's own blocks do not fit, either.
        let config =
            if to.contains("25") { config.replace("blocks = 3", "blocks = 5") } else { config };
        let mut began = Began(false);
        let result = run(&config, None)?.execute(&mut began);
        let d = result.err().ok_or_else(|| Diagnostic::internal("test", "it was trained"))?;
        assert_eq!(d.location.path.as_deref(), Some(place), "{d}");
        told.push(began.0);
    }
    assert!(told.iter().all(|began| !began));
    Ok(())
}

/// Has a batch been asked for?
struct Began(bool);

impl Observer for Began {
    fn begins(&mut self, _: usize, _: usize, _: usize) {
        self.0 = true;
    }
}

#[test]
fn features_of_different_sizes() -> Result<()> {
    let config = taught("", "{ loss = \"feature\" }").replacen("hidden = [24]", "hidden = [25]", 1);
    let result = run(&config, None)?.execute(&mut Silent);
    let found = result.err().map(|d| d.code.id);
    assert_eq!(found, Some(codes::TRAIN_CONFIG.id));
    Ok(())
}

/// The loss grows beyond all numbers: training says where, and keeps the epochs before.
#[test]
fn divergence() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| Diagnostic::internal("test", e.to_string()))?;
    let config = taught("", "{ loss = \"level\", weight = 1e38 }");
    let stopped = run(&config, Some(folder.path().to_path_buf()))?.execute(&mut Silent);
    let d = stopped.err().ok_or_else(|| Diagnostic::internal("test", "it did not diverge"))?;
    assert_eq!(d.code, &codes::TRAIN_DIVERGED);
    assert!(d.location.path.is_some_and(|p| p.starts_with("phase 1, epoch 0, batch ")));
    let kept = std::fs::read_to_string(folder.path().join("checkpoint/place.json"));
    assert_eq!(kept.ok().as_deref(), Some(r#"{"part":"student","phase":0,"epochs":4}"#));
    Ok(())
}

#[test]
fn damaged_checkpoints_and_those_of_other_networks() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| Diagnostic::internal("test", e.to_string()))?;
    let path = folder.path().join("student.safetensors");
    let config = taught("", "{ loss = \"level\" }");
    run(&config, Some(folder.path().to_path_buf()))?.execute(&mut Silent)?;
    let bytes = synfire::diag::read_file(&path)?;
    let load = |config: &str, bytes: &[u8]| -> Result<Option<&'static str>> {
        synfire::diag::write_file(&path, bytes)?;
        let mut model = run(config, None)?.untrained(None)?.model;
        Ok(load_model(&mut model, &path).err().map(|d| d.code.id))
    };
    assert_eq!(load(&config, &bytes)?, None);
    let wrong = Some(codes::CHECKPOINT.id);
    assert_eq!(load(&config, &bytes[..bytes.len() / 2])?, wrong);
    assert_eq!(load(&config, b"no checkpoint")?, wrong);
    assert_eq!(load(&config.replace("[24]", "[23]"), &bytes)?, wrong);
    assert_eq!(load(&config.replace("[24]", "[24, 24]"), &bytes)?, wrong);
    Ok(())
}

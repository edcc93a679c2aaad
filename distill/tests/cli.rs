// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The command line, on runs of a few samples.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

#[path = "common/digits.rs"]
mod digits;

use std::path::PathBuf;
use std::process::Command;

use burn::tensor::Device;
use serde_json::Value;
use synfire::import::{self, WeightForm, onnx};
use synfire::interp::{Interp, Stimulus};
use synfire::ir::{Graph, Op};
use synfire_distill::config::Config;
use synfire_distill::data::Split;
use synfire_distill::loss::{Over, Term};
use synfire_distill::nn::Extent;
use synfire_distill::train::{Setting, evaluate, load_run};
use tempfile::TempDir;

const RUN: &str = r#"
[data]
set = "digits"
train = 48
test = 29

[student]
timesteps = 3

[student.model]
family = "mlp"
hidden = [10]

[[student.phases]]
epochs = 1
batch = 16
optimiser = { kind = "adam", rate = 1e-2 }
objective = [{ loss = "label" }]
"#;

/// An empty directory with the data set.
struct Place(TempDir);

impl Place {
    fn new(config: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        digits::digits(place.0.path()).unwrap();
        std::fs::write(place.path("run.toml"), config).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Whether a command succeeds, and what it prints as JSON.
    fn run(&self, line: &str) -> (bool, Value) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_synfire-distill"));
        command.args(line.split_whitespace()).args(["--data", ".", "--json"]);
        let out = command.current_dir(self.0.path()).output().unwrap();
        let said = if out.status.success() { &out.stdout } else { &out.stderr };
        let said = String::from_utf8_lossy(said).into_owned();
        // Progress comes before a diagnostic.
        let json = &said[said.find('{').unwrap_or(0)..];
        (out.status.success(), serde_json::from_str(json).unwrap_or(Value::String(said)))
    }

    fn good(&self, line: &str) -> Value {
        let (is_good, said) = self.run(line);
        assert!(is_good, "{line}: {said}");
        said
    }

    fn config(&self, run: &str) -> Config {
        Config::read(&self.path(run).join("config.toml")).unwrap()
    }

    fn graph(&self, file: &str) -> Graph {
        let bytes = std::fs::read(self.path(file)).unwrap();
        // Weights as they are, one bit or more.
        let options = import::Options { weights: WeightForm::Float, ..Default::default() };
        onnx::import(&bytes, "student", &options).unwrap().0
    }
}

#[test]
fn a_run_is_trained_evaluated_and_exported() {
    let place = Place::new(RUN);
    let trained = place.good("train run.toml --run r --seed 7");
    assert_eq!(place.config("r").seed, 7);
    assert_eq!(trained["student"]["accuracy"].as_array().unwrap().len(), 3);
    assert_eq!(place.graph("r/student.onnx").timesteps, 3);
    // The same command goes on, which here is nothing; another run does not go on in its place.
    assert_eq!(place.good("train run.toml --run r --seed 7")["student"], trained["student"]);
    let (is_good, said) = place.run("train run.toml --run r --seed 8");
    assert!(!is_good && said["error"]["message"].to_string().contains("another run"), "{said}");

    assert_eq!(place.good("evaluate r"), trained["student"]);
    let one = place.good("evaluate r --timesteps 1");
    assert_eq!(
        one["accuracy"].as_array().unwrap(),
        &trained["student"]["accuracy"].as_array().unwrap()[..1]
    );
    place.good("export r --timesteps 2 -o two.onnx");
    assert_eq!(place.graph("two.onnx").timesteps, 2);
}

/// The teacher is the student itself, over all its timesteps; the labels weigh what it does not.
#[test]
fn a_refined_run_starts_as_the_student_that_teaches_it() {
    let place = Place::new(RUN);
    place.good("train run.toml --run r");
    place.good("refine r --run s --timesteps 2 --epochs 1 --alpha 0.25 --entropy 0.5");
    let config = place.config("s");
    let (student, teacher) = (config.student, config.teacher.unwrap());
    assert_eq!((student.timesteps, teacher.timesteps), (2, 3));
    assert_eq!((student.start, teacher.run), (Some("r".into()), Some("r".into())));
    let terms = &student.phases[0].objective.terms;
    let (over, temperature) = (Over::Steps, 3.0);
    let want = [
        (0.25, Term::Teacher { over, temperature }),
        (0.75, Term::Label { over, smoothing: 0.0 }),
        (0.5, Term::Entropy { temperature }),
    ];
    let found: Vec<_> = terms.iter().map(|w| (w.weight, w.term.clone())).collect();
    assert_eq!(found, want);
}

#[test]
fn an_ensemble_is_exported_without_some_of_its_members() {
    let hidden = "family = \"mlp\"\nhidden = [10]";
    let ensemble = "family = \"ensemble\"\nmembers = 2\nfeatures = 4\nmember = { family = \"mlp\", hidden = [6] }";
    let place = Place::new(&RUN.replace(hidden, ensemble));
    place.good("train run.toml --run r");
    place.good("export r --members 1 -o one.onnx");
    let synapses = |graph: &Graph| {
        let layers = graph.order().unwrap().into_iter().map(|id| graph.node(id));
        layers.filter(|n| n.op.name() == "linear").count()
    };
    // Two layers a member, and the head.
    assert_eq!(
        (synapses(&place.graph("r/student.onnx")), synapses(&place.graph("one.onnx"))),
        (5, 3)
    );
    let operations = |line: &str| place.good(line)["operations"]["sops"].as_f64().unwrap();
    let all = operations("evaluate r");
    let (first, second) =
        (operations("evaluate r --members 0"), operations("evaluate r --members 1"));
    assert!(first < all && second < all && first != second, "{first} {second} {all}");
    // The first one is member 0.
    let device = Device::flex();
    let data = place.config("r").data.load(Split::Test, 3, Some(place.0.path())).unwrap();
    let (_, model) = load_run(&place.path("r"), data.extent, data.classes, &device).unwrap();
    let active = Some(vec![true, false]);
    let setting = Setting { timesteps: 3, active, ..Setting::default() };
    assert_eq!(evaluate(&model, &data, &setting, &device).unwrap().operations.sops, first);
    let (is_good, said) = place.run("export r --members 2 -o none.onnx");
    assert!(!is_good && said["error"]["message"].to_string().contains("no member 2"), "{said}");
}

/// Share of the test samples that the exported graph has right, in the compiler's interpreter.
fn exported_accuracy(place: &Place, run: &str) -> f64 {
    let graph = place.graph(&format!("{run}/student.onnx"));
    let data = place.config(run).data.load(Split::Test, 3, Some(place.0.path())).unwrap();
    let interp = Interp::new(&graph).unwrap();
    let is_right = |i: usize| {
        let levels: Vec<u16> = data.sample(i).iter().map(|l| u16::from(*l)).collect();
        interp.run_on(Stimulus::Levels(&levels)).unwrap().class == usize::from(data.labels()[i])
    };
    (0..data.len()).filter(|i| is_right(*i)).count() as f64 / data.len() as f64
}

/// Trained with latent weights throughout, or with one bit at the end: what training reports,
/// `evaluate` finds and the file computes is one network.
#[test]
fn the_student_is_one_network() {
    let binary = RUN.replace("epochs = 1", "epochs = 40");
    let real = binary.replace("batch = 16", "batch = 16\nbinary = false");
    let (phases, phase) = binary.split_at(binary.find("[[student.phases]]").unwrap());
    let both = format!("{phases}{}{phase}", phase.replace("= 16", "= 16\nbinary = false"));
    for (run, has_binary) in [(binary.as_str(), true), (&real, false), (&both, true)] {
        let place = Place::new(run);
        let trained = place.good("train run.toml --run r");
        assert_eq!(place.good("evaluate r"), trained["student"]);
        let last = trained["student"]["accuracy"].as_array().unwrap()[2].as_f64().unwrap();
        assert_eq!(exported_accuracy(&place, "r"), last, "{run}");
        assert!(last > 0.5, "{last}");
        let network = place.config("r").student.network(Extent(1, 8, 8), 10);
        assert_eq!(network.has_binary(), has_binary);
        // What is refined stays what it is.
        place.good("refine r --run s --epochs 1");
        let refined = place.config("s").student.network(Extent(1, 8, 8), 10);
        assert_eq!(refined.has_binary(), has_binary);
    }
}

/// Spikes that are drawn have as many timesteps as somebody asks for, and the file says that it
/// takes spikes.
#[test]
fn rates_stay_rates() {
    let place =
        Place::new(&RUN.replace("test = 29", "test = 29\nencoding = { rate = { steps = 1 } }"));
    place.good("train run.toml --run r");
    let graph = place.graph("r/student.onnx");
    let input = graph.node(graph.find("input").unwrap());
    assert!(!input.stream.is_static && graph.find("input.scale").is_none());
    assert!(matches!(&input.op, Op::Input(i) if i.bits == Some(1)), "{:?}", input.op);
    assert_eq!(place.good("evaluate r --timesteps 5")["accuracy"].as_array().unwrap().len(), 5);
    place.good("export r --timesteps 2 -o two.onnx");
    assert_eq!(place.graph("two.onnx").timesteps, 2);
    place.good("refine r --run s --epochs 1");
    let (is_good, said) = place.run("refine r --run t --timesteps 2");
    assert!(!is_good && said["error"]["location"]["path"] == "teacher.timesteps", "{said}");
}

/// A gate of an ensemble of which a member was left out chooses among those that are left.
#[test]
fn a_refined_ensemble_has_a_gate() {
    let hidden = "family = \"mlp\"\nhidden = [10]";
    let ensemble = "family = \"ensemble\"\nmembers = 3\nfeatures = 4\nmember = { family = \"mlp\", hidden = [6] }";
    let place = Place::new(&RUN.replace(hidden, ensemble));
    place.good("train run.toml --run r");
    let refined = place.good("refine r --run s --members 0,2 --epochs 1");
    // Two members have a layer of neurons each; the third is not there.
    assert_eq!(refined["student"]["firing"].as_array().unwrap().len(), 2);
    let gate = place.good("gate s --run g --hidden 4 --epochs 1");
    assert_eq!(gate["fixed"].as_array().unwrap().len(), 2);
    let evaluated = place.good("evaluate s --members 0,2");
    let all = evaluated["accuracy"].as_array().unwrap().last().unwrap().as_f64().unwrap();
    assert_eq!(gate["fixed"][1].as_f64().unwrap(), all);
    place.good("refine r --run one --members 1 --epochs 1");
    let (is_good, said) = place.run("gate one --run h");
    assert!(!is_good && said["error"]["message"].to_string().contains("two members"), "{said}");
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every ONNX file of the tests in rten, an inference engine that shares no code with
//! import and interp: the same logits and spikes for the same random inputs.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "common/agree.rs"]
mod agree;
#[path = "common/rounds.rs"]
mod rounds;

use std::path::Path;

use agree::{Comparison, file, levels};
use onnx_protobuf::ModelProto;
use protobuf::Message as _;
use rten::{DataType, Dimension, Model, ModelOptions, NodeId, Value, ValueType};
use synfire::import::{Options, WeightForm, ZeroSign, load};
use synfire::interp::{Spikes, Stimulus};
use synfire::ir::Graph;

/// Random inputs for each model.
const SAMPLES: usize = 20;
/// What rten does not run, by the beginning of the name, and what it says. These have
/// outputs of ONNX Runtime beside them (tests/import_forms.rs).
const NOT_RUN: [(&str, &str); 13] = [
    ("bnn/bipolar_", "qonnx.custom_op.general/"),
    ("containers/type_bfloat16_", "unsupported data type BFLOAT16"),
    ("containers/type_int16_", "unsupported data type INT16"),
    ("containers/type_int2_", "unsupported data type 26"),
    ("containers/type_int4_", "unsupported data type INT4"),
    ("containers/type_uint16_", "unsupported data type UINT16"),
    ("containers/type_uint2_", "unsupported data type 25"),
    ("containers/type_uint32_", "unsupported data type UINT32"),
    ("containers/type_uint4_", "unsupported data type UINT4"),
    ("containers/type_uint64_", "unsupported data type UINT64"),
    ("qonnx/brevitas", "onnx.brevitas/BipolarQuant operator not supported"),
    ("qonnx/", "qonnx.custom_op.general/"),
    ("synfire/", "qonnx.custom_op.general/BipolarQuant operator not supported"),
];

/// Names of all ONNX files below `folder`, relative to tests/models.
fn names(folder: &str) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(file(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = Path::new(folder).join(entry.file_name()).to_str().unwrap().to_owned();
        if entry.file_type().unwrap().is_dir() {
            names.extend(self::names(&name));
        } else if name.ends_with(".onnx") {
            names.push(name);
        }
    }
    names.sort();
    names
}

/// None if import refuses the file, whatever it is told.
fn import(name: &str) -> Option<Graph> {
    let zero = Options { sign_of_zero: Some(ZeroSign::Plus), ..Options::default() };
    let float = Options { weights: WeightForm::Float, ..Options::default() };
    let steps = Options { timesteps: Some(4), ..Options::default() };
    let tries = match name {
        // For rten the sign of 0 is 1; in ONNX it is 0.
        "dialects/ternary_legacy.onnx" => vec![zero],
        _ => vec![Options::default(), float, steps],
    };
    tries.iter().find_map(|options| load(&file(name), options).ok())
}

/// A file that rten runs.
struct Reference {
    model: Model,
    /// What is asked for: the outputs, then the results of all comparisons.
    asked: Vec<NodeId>,
}

/// What rten computes for one sample.
struct Run {
    /// `[timestep][class]` or `[class]`.
    logits: Vec<f64>,
    /// Results of all comparisons; those of membranes with thresholds are the spikes.
    comparisons: Vec<Vec<bool>>,
}

impl Reference {
    fn new(path: &Path) -> Result<Self, String> {
        // Optimised, a model has no names for what is inside.
        let mut options = ModelOptions::with_all_ops();
        let model =
            options.enable_optimization(false).load_file(path).map_err(|e| e.to_string())?;
        let file = ModelProto::parse_from_bytes(&std::fs::read(path).unwrap()).unwrap();
        let comparisons = ["Greater", "GreaterOrEqual", "Less", "LessOrEqual"];
        let nodes = file.graph.node.iter().filter(|n| comparisons.contains(&&*n.op_type));
        let results = nodes.map(|n| model.node_id(&n.output[0]).unwrap());
        let asked = model.output_ids().iter().copied().chain(results).collect();
        Ok(Self { model, asked })
    }

    /// Only the batch has a name.
    fn shape(&self, input: usize) -> Vec<usize> {
        let extent = |d| if let Dimension::Fixed(n) = d { n } else { 1 };
        self.model.input_shape(input).unwrap().into_iter().map(extent).collect()
    }

    /// Which output is called so; the first, if none is.
    fn output(&self, name: &str) -> usize {
        let is = |id: &NodeId| self.model.node_info(*id).unwrap().name() == Some(name);
        self.model.output_ids().iter().position(is).unwrap_or(0)
    }

    /// A batch of the same sample, `[timestep][element]` or `[element]`. The states of a
    /// file that holds one timestep follow the input and the logits, in the same order; of
    /// several outputs, `output` are the logits.
    fn run(&self, sample: &[u16], classes: usize, steps: u32, output: usize) -> Run {
        let batch = self.shape(0).iter().product::<usize>() / sample.len();
        let input = sample.repeat(batch);
        let is_real = self.model.node_info(self.model.input_ids()[0]).unwrap().dtype()
            == Some(ValueType::Tensor(DataType::Float));
        let input = if is_real {
            Value::from_shape(self.shape(0), input.into_iter().map(f32::from).collect()).unwrap()
        } else {
            let input = input.into_iter().map(|v| u8::try_from(v).unwrap()).collect();
            Value::from_shape(self.shape(0), input).unwrap()
        };
        let zeros = |i| {
            let shape = self.shape(i);
            Value::from_shape(&shape, vec![0f32; shape.iter().product()]).unwrap()
        };
        let (ids, outputs) = (self.model.input_ids(), self.model.output_ids().len());
        let mut states: Vec<Value> = (1..ids.len()).map(zeros).collect();
        let mut run = Run { logits: Vec::new(), comparisons: Vec::new() };
        for _ in 0..if states.is_empty() { 1 } else { steps } {
            let values = std::iter::once(&input).chain(&states);
            let inputs = ids.iter().copied().zip(values.map(Into::into)).collect();
            let mut values = self.model.run(inputs, &self.asked, None).unwrap();
            for value in values.split_off(outputs) {
                let Value::Int32Tensor(b) = value else { panic!("no truth values") };
                let mut fired: Vec<_> = b.into_data().into_iter().map(|b| b != 0).collect();
                fired.truncate(fired.len() / batch);
                run.comparisons.push(fired);
            }
            let Value::FloatTensor(y) = values.remove(output) else { panic!("no floats") };
            states = values;
            let rows = y.into_data();
            let sample = rows.chunks(classes).step_by(batch).flatten();
            run.logits.extend(sample.map(|&x| f64::from(x)));
        }
        run
    }
}

/// Most networks divide levels by 16, those of images by 255, those of sequences by 1.
fn bits(name: &str) -> u32 {
    match name.split_once('/').unwrap() {
        ("conv" | "student", _) => 8,
        ("sequence", variant) if !variant.starts_with("levels") => 2,
        // Of larger levels nearly all would fire at the first timestep.
        ("idioms", variant) if variant.starts_with("encoder") => 2,
        _ => 4,
    }
}

#[test]
fn every_file_computes_what_rten_does() {
    let (mut worst, mut compared, mut not_run, mut refused) = (0.0f64, 0, 0, 0);
    for name in names("") {
        let listed = NOT_RUN.iter().find(|(beginning, _)| name.starts_with(beginning));
        let reference = match (Reference::new(&file(&name)), listed) {
            (Ok(reference), None) => reference,
            (Ok(_), Some(_)) => panic!("{name} is run after all"),
            (Err(e), Some((_, reason))) if e.contains(reason) => {
                not_run += 1;
                continue;
            }
            (Err(e), _) => panic!("{name} is not run: {e}"),
        };
        let Some(graph) = import(&name) else {
            refused += 1;
            continue;
        };
        let input = &graph.node(graph.order().unwrap()[0]).stream;
        let classes = graph.node(graph.output().unwrap()).stream.len();
        let output = reference.output(&graph.node(graph.output().unwrap()).name);
        let steps = if input.is_static { 1 } else { graph.timesteps as usize };
        let mut comparison = Comparison::new(&name, &graph);
        for sample in levels(steps * input.len(), bits(&name), rounds::rounds(SAMPLES), 1) {
            let run = reference.run(&sample, classes, graph.timesteps, output);
            let fires = |layers: &[Spikes]| {
                // A neuron may be written with its comparison negated.
                let steps = layers.iter().flat_map(|l| &l.fired);
                let not = |step: &[bool]| step.iter().map(|s| !s).collect::<Vec<_>>();
                steps.into_iter().all(|step| {
                    run.comparisons.contains(step) || run.comparisons.contains(&not(step))
                })
            };
            let each: Vec<_> = sample.chunks(input.len()).map(<[u16]>::to_vec).collect();
            let stimulus = match input.is_static {
                true => Stimulus::Levels(&sample),
                false => Stimulus::LevelSteps(&each),
            };
            comparison.sample(stimulus, &run.logits, fires);
        }
        worst = worst.max(comparison.finish());
        compared += 1;
    }
    eprintln!("{compared} files compared, the largest difference is {worst:.1e}");
    assert_eq!((compared, not_run, refused), (439, 43, 5));
}

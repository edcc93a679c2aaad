// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A checked view of the decoded model.

mod ends;
mod order;
mod state;

use std::collections::{BTreeSet, HashMap};

use super::dialect::{BITS, DOMAIN};
use super::node::{Node, is_standard};
use super::ops::qonnx::DOMAINS;
use super::proto::{GraphProto, ModelProto, TensorProto};
use super::tensor::Info;
use crate::diag::{Diagnostic, Result, codes};
use crate::import::Options;

pub(super) use state::State;

/// Before 7, broadcasting was asked for by attributes.
const OLDEST_OPSET: i64 = 7;
/// The newest operator set in onnx.proto's package whose changes were read.
const NEWEST_OPSET: i64 = 28;

/// Where a value comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    /// The model's input.
    Input,
    /// A constant of the file.
    Initializer(&'a TensorProto),
    /// An output of the node of this index.
    Node(usize),
}

/// A model whose edges all lead somewhere.
#[derive(Debug)]
pub(super) struct Model<'a> {
    /// In the file's order.
    pub(super) nodes: Vec<Node<'a>>,
    /// Indices of the nodes that the output depends on, operands before users.
    pub(super) order: Vec<usize>,
    /// Name of the one input, its type and shape. The batch is the first extent, or the
    /// second after time.
    pub(super) input: (&'a str, Info),
    /// The dimension of the input that is symbolic in the file.
    pub(super) batch: Option<usize>,
    /// A model that holds one timestep gets another input at every timestep.
    pub(super) input_changes: bool,
    /// A model that takes the timesteps out of its input is shown the same at each of them.
    pub(super) input_static: bool,
    /// The file is of our own dialect (docs/onnx-dialect.md).
    pub(super) is_own: bool,
    /// Width of a level, if the file notes it.
    pub(super) input_bits: Option<u32>,
    /// Name of the output that becomes the logits.
    pub(super) output: &'a str,
    /// What a model of one timestep hands to the next.
    pub(super) states: Vec<State<'a>>,
    /// How many times the model is run for one inference: 1, or T if it has a state.
    pub(super) steps: usize,
    sources: HashMap<&'a str, Source<'a>>,
}

impl<'a> Model<'a> {
    /// Checks a decoded model.
    ///
    /// # Errors
    /// SF0103, SF0104, SF0107, SF0110, SF0111 with the node or value.
    pub(super) fn new(proto: &'a ModelProto, options: &'a Options) -> Result<Self> {
        let opsets = opsets(proto)?;
        let graph = proto.graph.as_ref().ok_or_else(|| broken("the file has no graph"))?;
        if !graph.sparse_initializer.is_empty() {
            return Err(broken("sparse initializers are not supported")
                .help("write the weights as dense tensors"));
        }
        let nodes = nodes(graph, &opsets)?;
        let sources = sources(graph, &nodes)?;
        let mut states = state::pair(graph, &nodes, &sources, options)?;
        let output = ends::output(graph, &sources, &states, options)?;
        let live = order::live(&nodes, &sources, &mut states, output)?;
        let order = order::order(&nodes, &sources, &live)?;
        let input = ends::input(graph, &nodes, &order, &sources, &states, output)?;
        let noted = graph.input.iter().find(|i| i.name() == input.0);
        let notes = noted.map_or(&[][..], |i| &i.metadata_props);
        let batch = noted.and_then(ends::batch);
        let bits = notes.iter().find(|n| n.key() == BITS).and_then(|n| n.value().parse().ok());
        let input_bits = bits.filter(|b| (1..=16).contains(b));
        let steps = state::steps(&states, order.len(), options)?;
        let input_changes = options.input_changes;
        if input_changes && states.is_empty() {
            return Err(Diagnostic::new(
                &codes::BAD_OPTION,
                "the file holds all timesteps, so it says itself whether its input changes",
            )
            .help("leave --input-changes out; it is for files that hold one timestep"));
        }
        Ok(Self {
            nodes,
            order,
            input,
            batch,
            input_changes,
            input_static: options.input_static,
            is_own: opsets.contains_key(DOMAIN),
            input_bits,
            output,
            states,
            steps,
            sources,
        })
    }

    /// Where the value of this name comes from; none is the internal error of a missing
    /// check.
    pub(super) fn source(&self, name: &str) -> Option<Source<'a>> {
        self.sources.get(name).copied()
    }
}

/// The outputs of a model that has one input, and so all timesteps.
pub(super) fn outputs(proto: &ModelProto) -> Option<Vec<&str>> {
    let graph = proto.graph.as_ref()?;
    let constants: BTreeSet<&str> = graph.initializer.iter().map(TensorProto::name).collect();
    let inputs = graph.input.iter().filter(|i| !constants.contains(i.name())).count();
    (inputs == 1).then(|| graph.output.iter().map(|o| o.name()).collect())
}

fn broken(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::ONNX_GRAPH, message)
        .help("`onnx.checker.check_model` shows what else is wrong; export the model again")
}

fn opsets(proto: &ModelProto) -> Result<HashMap<&str, i64>> {
    let mut opsets = HashMap::new();
    for set in &proto.opset_import {
        let domain = if is_standard(set.domain()) { "" } else { set.domain() };
        if opsets.insert(domain, set.version()).is_some_and(|v| v != set.version()) {
            return Err(broken(format!("operator set `{domain}` is imported in two versions")));
        }
    }
    match opsets.get("") {
        Some(OLDEST_OPSET..=NEWEST_OPSET) => Ok(opsets),
        Some(v) => Err(Diagnostic::new(
            &codes::ONNX_VERSION,
            format!("opset {v} is not supported; {OLDEST_OPSET} to {NEWEST_OPSET} are"),
        )
        .help("export with another opset, or convert with `onnx.version_converter`")),
        None => Err(Diagnostic::new(&codes::ONNX_VERSION, "the file does not say its opset")
            .help("the file is damaged, or no ONNX model at all; export it again")),
    }
}

fn nodes<'a>(graph: &'a GraphProto, opsets: &HashMap<&str, i64>) -> Result<Vec<Node<'a>>> {
    let mut nodes = Vec::with_capacity(graph.node.len());
    for proto in &graph.node {
        let domain = if is_standard(proto.domain()) { "" } else { proto.domain() };
        let node = Node { proto, opset: opsets.get(domain).copied().unwrap_or(0) };
        // Older versions of Brevitas do not name the operator set; what QONNX has in it means
        // the same in all versions.
        if !opsets.contains_key(domain) && !DOMAINS.contains(&domain) {
            let message = format!("operator set `{domain}` is not imported by the file");
            return Err(node.error(&codes::ONNX_VERSION, message).help(
                "the exporter must name every operator set that it uses, with its version; export again",
            ));
        }
        nodes.push(node);
    }
    Ok(nodes)
}

/// Every name that has a value, with its only source.
fn sources<'a>(graph: &'a GraphProto, nodes: &[Node<'a>]) -> Result<HashMap<&'a str, Source<'a>>> {
    let mut sources = HashMap::new();
    for t in &graph.initializer {
        if sources.insert(t.name(), Source::Initializer(t)).is_some() {
            return Err(broken("two initializers have this name").at(t.name()));
        }
    }
    let mut inputs = BTreeSet::new();
    for i in &graph.input {
        if !inputs.insert(i.name()) {
            return Err(broken("two inputs have this name").at(i.name()));
        }
        // Older files list every initializer as an input, too.
        sources.entry(i.name()).or_insert(Source::Input);
    }
    for (n, node) in nodes.iter().enumerate() {
        for name in node.proto.output.iter().filter(|name| !name.is_empty()) {
            if sources.insert(name, Source::Node(n)).is_some() {
                let message = format!("its output `{name}` already has a source");
                return Err(node.error(&codes::ONNX_GRAPH, message));
            }
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::testing;

    fn refusal(text: &str) -> String {
        let proto = testing::model(text);
        let error = Model::new(&proto, &Options::default()).unwrap_err();
        format!("{} {error}", error.code.id)
    }

    #[test]
    fn nodes_are_put_in_order() {
        let proto = testing::model("input x f32 1 2\nb = Neg(a)\na = Neg(x)\nc = Abs(x)\noutput b");
        let options = Options::default();
        let model = Model::new(&proto, &options).unwrap();
        assert_eq!(model.order, [1, 0]);
    }

    #[test]
    fn faults_are_named() {
        for (text, want) in [
            (
                "input x f32 1 2\na = Neg(b)\noutput a",
                "SF0104 node a (Neg, opset 18): its operand `b` has no source",
            ),
            (
                "input x f32 1 2\na = Add(x, b)\nb = Neg(a)\noutput a",
                "SF0104 node a (Add, opset 18): it is part of a cycle, or depends on one",
            ),
            (
                "input x f32 1 2\na = Neg(x)\na = Abs(x)\noutput a",
                "SF0104 node a (Abs, opset 18): its output `a` already has a source",
            ),
            ("input x f32 1 2\ninput x f32 1 2\noutput x", "SF0104 x: two inputs have this name"),
            (
                "const w f32 1: 1\nconst w f32 1: 1\noutput w",
                "SF0104 w: two initializers have this name",
            ),
            ("input x f32 1 2\noutput y", "SF0104 output y: nothing produces this output"),
            ("input x f32 1 2", "SF0104 the graph has no output"),
            (
                "input x f32 1 2\na = Neg(x)\noutput a\noutput x",
                "SF0111 the graph has 2 outputs: `a`, `x`",
            ),
            (
                "const w f32 1: 1\na = Neg(w)\noutput a",
                "SF0110 output a: it does not depend on any input",
            ),
            (
                "input x f32 1 2\ninput m f32 1 2\na = Add(x, m)\noutput a",
                "SF0110 the output depends on 2 inputs: `x`, `m`",
            ),
            (
                "input x f32 b n\na = Neg(x)\noutput a",
                "SF0107 input x: dimension 1 (`n`) is not fixed; only the batch, dimension 0, may be",
            ),
            (
                "input x f32 5\na = Neg(x)\noutput a",
                "SF0107 input x: it needs a batch dimension and at least one more",
            ),
            ("input x f32 1 -3\na = Neg(x)\noutput a", "SF0107 input x: dimension 1 is -3"),
        ] {
            assert_eq!(refusal(text), want, "{text}");
        }
    }

    #[test]
    fn versions_are_checked() {
        let mut proto = testing::model("input x f32 1 2\na = Neg(x)\noutput a");
        let mut code = |version| {
            proto.opset_import[0].version = version;
            Model::new(&proto, &Options::default()).err().map(|d| d.code.id)
        };
        assert_eq!(code(Some(7)), None);
        assert_eq!(code(Some(6)), Some("SF0103"));
        assert_eq!(code(Some(NEWEST_OPSET + 1)), Some("SF0103"));
        assert_eq!(code(None), Some("SF0103"));
    }

    #[test]
    fn an_initializer_may_also_be_an_input() {
        let proto = testing::model(
            "input x f32 b 2\ninput w f32 2\nconst w f32 2: 1\na = Add(x, w)\noutput a",
        );
        let options = Options::default();
        let model = Model::new(&proto, &options).unwrap();
        assert_eq!(model.input.0, "x");
        assert_eq!(model.input.1.shape, [1, 2]);
    }

    #[test]
    fn one_of_several_outputs_can_be_chosen() {
        let proto = testing::model("input x f32 1 2\na = Neg(x)\noutput a\noutput x");
        let options = |o: &str| Options { output: Some(o.into()), ..Options::default() };
        assert_eq!(Model::new(&proto, &options("a")).unwrap().output, "a");
        assert_eq!(Model::new(&proto, &options("q")).unwrap_err().code.id, "SF0111");
    }
}

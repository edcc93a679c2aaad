// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Models of one timestep: which output is the next value of which input.
//!
//! snnTorch's `forward(x, mem) -> spk, mem` is such a model. The state leaves under a
//! name that the exporter made up (`sub_1`, `onnx::Sub_32`), so pairs are found by
//!
//! 1. the user: `--state IN=OUT`;
//! 2. names: `mem` and `mem_out`, `past_v` and `present_v`;
//! 3. the flow of data: a membrane is carried on element by element, as `β·m + i` does.
//!    Spikes are no candidates, since they come from a comparison, nor is what comes out
//!    of a product with weights.
//!
//! Types and shapes must agree. What is left in doubt is an error that names both sides.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Source;
use super::ends;
use crate::diag::{Diagnostic, Result, codes};
use crate::import::Options;
use crate::import::onnx::dialect::DOMAIN;
use crate::import::onnx::node::Node;
use crate::import::onnx::proto::tensor_shape_proto::dimension::Value as Dim;
use crate::import::onnx::proto::type_proto::Value as Type;
use crate::import::onnx::proto::{GraphProto, ValueInfoProto};
use crate::import::onnx::tensor::Info;

/// Inputs or outputs beyond which pairs are not searched for.
const MAX_ENDS: usize = 1024;
/// Operators of all timesteps together.
const MAX_COPIES: usize = 1 << 20;

/// A value that one timestep hands to the next; zero at first.
#[derive(Debug)]
pub(in crate::import::onnx) struct State<'a> {
    pub(in crate::import::onnx) input: &'a str,
    pub(in crate::import::onnx) output: &'a str,
    pub(in crate::import::onnx) info: Info,
}

/// Every state of the model; none if it has one input.
///
/// # Errors
/// [`codes::BAD_OPTION`] for what the user paired, [`codes::IMPORT_STATE`] for what is in
/// doubt.
pub(super) fn pair<'a>(
    graph: &'a GraphProto,
    nodes: &[Node<'a>],
    sources: &HashMap<&'a str, Source<'a>>,
    options: &Options,
) -> Result<Vec<State<'a>>> {
    let inputs: Vec<_> = ends::free_inputs(graph, sources).collect();
    let mut pairs = asked(graph, &inputs, options)?;
    if inputs.len() + pairs.len() < 2 {
        return Ok(Vec::new());
    }
    if inputs.len().max(graph.output.len()) > MAX_ENDS {
        let message = format!("more than {MAX_ENDS} inputs or outputs");
        return Err(Diagnostic::new(&codes::IMPORT_STATE, message).help(ASK));
    }
    // A single output is the result.
    if graph.output.len() > 1 {
        by_name(graph, &inputs, &mut pairs);
        by_flow(graph, nodes, sources, &inputs, &mut pairs)?;
    }
    let mut states = Vec::with_capacity(pairs.len());
    // In the order of the inputs.
    for input in inputs {
        let Some(output) = pairs.get(input.name()) else { continue };
        let info = ends::state_info(input).map_err(|d| d.at(format!("input {}", input.name())))?;
        states.push(State { input: input.name(), output, info });
    }
    Ok(states)
}

const ASK: &str =
    "say which output is the next value of which input, once for each: --state IN=OUT";

type Pairs<'a> = BTreeMap<&'a str, &'a str>;

/// The pairs that the user names.
fn asked<'a>(
    graph: &'a GraphProto,
    inputs: &[&'a ValueInfoProto],
    options: &Options,
) -> Result<Pairs<'a>> {
    let mut pairs = Pairs::new();
    for (from, to) in &options.state {
        let error = |message: String| {
            let message = format!("--state {from}={to}: {message}");
            Err(Diagnostic::new(&codes::BAD_OPTION, message))
        };
        let Some(input) = inputs.iter().find(|i| i.name() == from) else {
            return error(format!("the model has no input `{from}`; there are {}", list(inputs)));
        };
        let outputs: Vec<_> = graph.output.iter().collect();
        let Some(output) = outputs.iter().find(|o| o.name() == to) else {
            return error(format!("the model has no output `{to}`; there are {}", list(&outputs)));
        };
        if !agree(input, output) {
            return error("their types or shapes differ".to_owned());
        }
        if pairs.values().any(|o| *o == output.name()) {
            return error(format!("`{to}` is already the next value of another input"));
        }
        if pairs.insert(input.name(), output.name()).is_some() {
            return error(format!("`{from}` already has a next value"));
        }
    }
    Ok(pairs)
}

fn list(values: &[&ValueInfoProto]) -> String {
    values.iter().map(|v| format!("`{}`", v.name())).collect::<Vec<_>>().join(", ")
}

/// What is left of a name without the words that say before and after.
fn stem(name: &str) -> String {
    const WORDS: &[&str] = &[
        "in", "out", "input", "output", "prev", "previous", "next", "new", "old", "past",
        "present", "init", "initial", "n", "t",
    ];
    let lower = name.to_ascii_lowercase();
    let words = lower.split(['_', '.', '/', ':', '-']).filter(|w| !w.is_empty());
    words.filter(|w| !WORDS.contains(w)).collect::<Vec<_>>().join("_")
}

/// Inputs and outputs whose names differ in before and after only, if that is clear.
fn by_name<'a>(graph: &'a GraphProto, inputs: &[&'a ValueInfoProto], pairs: &mut Pairs<'a>) {
    let taken: BTreeSet<_> = pairs.values().copied().collect();
    for input in inputs {
        let stem_in = stem(input.name());
        if stem_in.is_empty() || pairs.contains_key(input.name()) {
            continue;
        }
        let rivals = inputs.iter().filter(|i| stem(i.name()) == stem_in).count();
        let fits = |o: &&ValueInfoProto| {
            stem(o.name()) == stem_in && !taken.contains(o.name()) && agree(input, o)
        };
        let found: Vec<_> = graph.output.iter().filter(fits).collect();
        if let ([output], 1) = (&found[..], rivals) {
            pairs.insert(input.name(), output.name());
        }
    }
}

/// Pairs that the flow of data leaves no choice about.
fn by_flow<'a>(
    graph: &'a GraphProto,
    nodes: &[Node<'a>],
    sources: &HashMap<&'a str, Source<'a>>,
    inputs: &[&'a ValueInfoProto],
    pairs: &mut Pairs<'a>,
) -> Result<()> {
    let mut open: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for output in &graph.output {
        if pairs.values().any(|o| *o == output.name()) {
            continue;
        }
        let reached = carried(nodes, sources, output.name());
        for input in inputs {
            let is_new = !pairs.contains_key(input.name()) && output.name() != input.name();
            if is_new && reached.contains(input.name()) && agree(input, output) {
                open.entry(input.name()).or_default().insert(output.name());
            }
        }
    }
    while !open.is_empty() {
        let sure = open.iter().find_map(|(i, o)| match (o.len(), o.first()) {
            (1, Some(&output)) => Some((*i, output)),
            _ => None,
        });
        let Some((input, output)) = sure else { break };
        pairs.insert(input, output);
        open.remove(input);
        if let Some(rival) =
            open.iter_mut().find_map(|(i, o)| (o.remove(output) && o.is_empty()).then_some(*i))
        {
            let message =
                format!("`{output}` could be the next value of `{input}` or of `{rival}`");
            return Err(Diagnostic::new(&codes::IMPORT_STATE, message).help(ASK));
        }
    }
    if let Some((input, outputs)) = open.first_key_value() {
        let outputs: Vec<_> = outputs.iter().map(|o| format!("`{o}`")).collect();
        let message = format!("its next value could be {}", outputs.join(" or "));
        return Err(Diagnostic::new(&codes::IMPORT_STATE, message)
            .at(format!("input {input}"))
            .help(ASK));
    }
    Ok(())
}

/// Names from which this one comes element by element, as sums and products.
fn carried<'a>(
    nodes: &[Node<'a>],
    sources: &HashMap<&'a str, Source<'a>>,
    name: &'a str,
) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::from([name]);
    let mut open = vec![name];
    while let Some(name) = open.pop() {
        let Some(&Source::Node(n)) = sources.get(name) else { continue };
        let Some(node) = nodes.get(n) else { continue };
        let mut operands = &node.proto.input[..];
        // `s, next = Lif(x, state, …)`
        let is_next =
            node.proto.domain() == DOMAIN && node.proto.output.get(1).is_some_and(|o| o == name);
        if is_next {
            operands = operands.get(1..2).unwrap_or_default();
        }
        let carries = match node.op() {
            "Add" | "Sub" | "Mul" | "Div" | "Neg" | "Sum" | "Mean" | "Cast" | "Clip" | "Min"
            | "Max" | "Where" | "Identity" | "Reshape" => node.is_standard(),
            _ => is_next,
        };
        if carries {
            open.extend(operands.iter().map(String::as_str).filter(|o| seen.insert(o)));
        }
    }
    seen
}

/// Could both be the same value? A symbolic extent agrees with any.
fn agree(input: &ValueInfoProto, output: &ValueInfoProto) -> bool {
    let tensor = |v: &'_ ValueInfoProto| match v.r#type.as_ref().and_then(|t| t.value.clone()) {
        Some(Type::TensorType(t)) => Some(t),
        _ => None,
    };
    let (Some(a), Some(b)) = (tensor(input), tensor(output)) else { return false };
    if a.elem_type() != b.elem_type() {
        return false;
    }
    let (Some(a), Some(b)) = (a.shape, b.shape) else { return true };
    let differ = |pair: (&_, &_)| {
        let number = |d: &crate::import::onnx::proto::tensor_shape_proto::Dimension| match d.value {
            Some(Dim::DimValue(v)) => Some(v),
            _ => None,
        };
        matches!((number(pair.0), number(pair.1)), (Some(x), Some(y)) if x != y)
    };
    a.dim.len() == b.dim.len() && !a.dim.iter().zip(&b.dim).any(differ)
}

/// How many times the model is run for one inference.
///
/// # Errors
/// [`codes::IMPORT_STATE`] if it has a state and nobody says how often,
/// [`codes::IMPORT_TOO_LARGE`] if that is too often for `nodes` operators.
pub(super) fn steps(states: &[State<'_>], nodes: usize, options: &Options) -> Result<usize> {
    if states.is_empty() {
        return Ok(1);
    }
    let pairs: Vec<_> = states.iter().map(|s| format!("`{}` → `{}`", s.input, s.output)).collect();
    let pairs = pairs.join(", ");
    let Some(steps) = options.timesteps else {
        let message = format!("the file holds one timestep; its state is {pairs}");
        return Err(Diagnostic::new(&codes::IMPORT_STATE, message)
            .help("say how many timesteps one inference takes, e.g. --timesteps 4; the state is zero before the first"));
    };
    let steps = usize::try_from(steps).unwrap_or(usize::MAX);
    if steps.saturating_mul(nodes) > MAX_COPIES {
        let message = format!("{steps} timesteps of {nodes} operators are too many");
        return Err(Diagnostic::new(&codes::IMPORT_TOO_LARGE, message)
            .at(format!("state {pairs}"))
            .help("ask for fewer --timesteps"));
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use crate::import::Options;
    use crate::import::onnx::testing::{import_with, unroll};
    use crate::ir::{Graph, isomorphic};

    /// One timestep as snnTorch writes it; the membrane leaves as `OUT`.
    const STEP: &str = "input x u8 batch 4
        input m0 f32 batch 2
        const fc1.weight f32 4x2: 0.5 -0.5 -0.5 -0.5 0.5 0.5 -0.5 0.5
        const fc2.weight f32 2x3: 1 -1 1 1 1 -1
        const th f32 -: 1
        const beta f32 -: 0.75
        const zero f32 -: 0
        c = Cast(x) to=1
        i = MatMul(c, fc1.weight)
        d0 = Sub(m0, th)
        f0 = Greater(d0, zero)
        s0 = Cast(f0) to=1
        l1 = Mul(beta, m0)
        a1 = Add(l1, i)
        m1 = Sub(a1, s0)
        d1 = Sub(m1, th)
        f1 = Greater(d1, zero)
        s1 = Cast(f1) to=1
        y = MatMul(s1, fc2.weight)";

    fn import(text: &str, timesteps: u32, state: &[(&str, &str)]) -> Result<Graph, String> {
        let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        let options = Options {
            timesteps: Some(timesteps).filter(|t| *t > 0),
            state: state.iter().map(own).collect(),
            ..Options::default()
        };
        match import_with(text, &options) {
            Ok((graph, _)) => Ok(graph),
            Err(d) => Err(format!("{} {d}", d.code.id)),
        }
    }

    /// The same network with its timesteps written out, stacked.
    fn unrolled(steps: usize) -> Graph {
        let neuron = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";
        let fires = "d@ = Sub(m@, th)\nf@ = Greater(d@, zero)\ns@ = Cast(f@) to=1\nw@ = MatMul(s@, fc2.weight)\nu@ = Unsqueeze(w@, axis)";
        let head = STEP.split("d0 =").next().unwrap().replace("input m0 f32 batch 2", "");
        let stack: Vec<_> = (1..=steps).map(|t| format!("u{t}")).collect();
        let text = format!(
            "{head}\nconst axis i64 1: 0\nm1 = Identity(i)\n{}\n{}\ny = Concat({}) axis=0\noutput y",
            unroll(1, 1, fires),
            unroll(2, steps, &format!("{neuron}\n{fires}")),
            stack.join(", ")
        );
        import_with(&text, &Options::default()).unwrap().0
    }

    #[test]
    fn one_timestep_becomes_as_many_as_are_asked_for() {
        for t in [2, 3, 7] {
            let graph = import(&format!("{STEP}\noutput y\noutput m1"), t, &[]).unwrap();
            assert_eq!(graph.timesteps, t);
            assert!(isomorphic(&graph, &unrolled(usize::try_from(t).unwrap())));
        }
        let one = import(&format!("{STEP}\noutput y\noutput m1"), 1, &[]).unwrap();
        assert_eq!(one.timesteps, 1);
    }

    #[test]
    fn the_number_of_timesteps_has_to_be_said() {
        let error = import(&format!("{STEP}\noutput y\noutput m1"), 0, &[]).unwrap_err();
        assert_eq!(error, "SF0113 the file holds one timestep; its state is `m0` → `m1`");
        let error = import(&format!("{STEP}\noutput y\noutput m1"), u32::MAX, &[]).unwrap_err();
        assert!(error.starts_with("SF0112"), "{error}");
    }

    #[test]
    fn a_state_that_does_not_leave_is_refused_as_before() {
        let error = import(&format!("{STEP}\noutput y"), 3, &[]).unwrap_err();
        assert!(error.starts_with("SF0110 the output depends on 2 inputs"), "{error}");
    }

    #[test]
    fn doubt_names_the_candidates() {
        // Both the membrane and twice of it are carried on.
        let text = format!("{STEP}\nz = Add(m1, m1)\noutput y\noutput m1\noutput z");
        let error = import(&text, 3, &[]).unwrap_err();
        assert_eq!(error, "SF0113 input m0: its next value could be `m1` or `z`");
        let chosen = import(&text, 3, &[("m0", "m1")]).unwrap_err();
        assert_eq!(chosen, "SF0111 the graph has 2 outputs: `y`, `z`");
        let named = text.replace("m0", "mem_in").replace("m1", "mem_out");
        assert!(import(&named, 3, &[]).unwrap_err().starts_with("SF0111"));
        // Two inputs, one output.
        let two = STEP
            .replace("input m0 f32 batch 2", "input m0 f32 batch 2\ninput k f32 batch 2")
            .replace("m1 = Sub(a1, s0)", "b1 = Sub(a1, s0)\nm1 = Add(b1, k)");
        let error = import(&format!("{two}\noutput y\noutput m1"), 3, &[]).unwrap_err();
        assert_eq!(error, "SF0113 `m1` could be the next value of `k` or of `m0`");
    }

    #[test]
    fn pairs_that_cannot_be_are_refused() {
        let text = format!("{STEP}\noutput y\noutput m1");
        for (pairs, want) in [
            (&[("q", "m1")][..], "SF0003 --state q=m1: the model has no input `q`"),
            (&[("m0", "q")], "SF0003 --state m0=q: the model has no output `q`"),
            (&[("x", "m1")], "SF0003 --state x=m1: their types or shapes differ"),
            (&[("m0", "m1"), ("m0", "y")], "SF0003 --state m0=y: `m0` already has a next value"),
        ] {
            let error = import(&text, 3, pairs).unwrap_err();
            assert!(error.starts_with(want), "{error}");
        }
    }

    #[test]
    fn a_large_state_of_a_small_file_is_refused() {
        let text = STEP.replace("input m0 f32 batch 2", "input m0 f32 100000 100000");
        let error =
            import(&format!("{text}\noutput y\noutput m1"), 3, &[("m0", "m1")]).unwrap_err();
        assert!(error.starts_with("SF0112 input m0"), "{error}");
    }

    #[test]
    fn an_output_may_be_scaled_and_shifted() {
        let text = format!(
            "{STEP}\nconst b f32 3: 1 2 3\nconst g f32 3: 2 4 2\nh = Mul(y, g)\nz = Add(b, h)\noutput z\noutput m1"
        );
        let graph = import(&text, 3, &[]).unwrap();
        let crate::ir::Op::Readout(r) = &graph.node(graph.output().unwrap()).op else { panic!() };
        assert_eq!(r.kind, crate::ir::ReadoutKind::PerStep);
        assert_eq!(r.gain, crate::ir::PerChannel::Each(vec![2.0, 4.0, 2.0]));
        assert_eq!(r.offset, crate::ir::PerChannel::Each(vec![1.0, 2.0, 3.0]));
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every operator of the file is accounted for, or is an error.

use std::collections::HashMap;

use crate::diag::{Diagnostic, Result, codes};
use crate::import::onnx::model::Model;
use crate::import::onnx::node::Node;
use crate::import::onnx::values::{Fate, ValueId, Values};
use crate::import::{LiftReport, Lifted};

/// Which match took which value.
#[derive(Debug, Default)]
pub(super) struct Account {
    matches: Vec<Lifted>,
    taken: HashMap<ValueId, usize>,
}

impl Account {
    /// Notes a match; a value that was taken before stays where it is.
    pub(super) fn take(
        &mut self,
        pattern: &'static str,
        node: Option<String>,
        values: impl IntoIterator<Item = ValueId>,
    ) {
        for value in values {
            self.taken.entry(value).or_insert(self.matches.len());
        }
        self.matches.push(Lifted { pattern, node, sources: Vec::new() });
    }

    /// True if a match took this value.
    pub(super) fn has(&self, value: ValueId) -> bool {
        self.taken.contains_key(&value)
    }

    /// The report, or the first operator that nothing accounts for.
    pub(super) fn close(self, model: &Model<'_>, values: &Values) -> Result<LiftReport> {
        let mut lifted = self.matches;
        let matches = lifted.len();
        let made: Vec<_> = lifted.iter().filter_map(|l| l.node.clone()).collect();
        for pattern in ["constant-fold", "identity", "dead"] {
            lifted.push(Lifted { pattern, node: None, sources: Vec::new() });
        }
        let count = model.nodes.len().max(1);
        for (n, node) in model.nodes.iter().enumerate() {
            let mut best: Option<usize> = None;
            for fate in values.fates.iter().skip(n).step_by(count) {
                let index = match fate {
                    Fate::Folded => Some(matches),
                    Fate::Identity => Some(matches + 1),
                    Fate::Dead => Some(matches + 2),
                    Fate::Value(id) => self.taken.get(id).copied(),
                };
                let Some(index) = index else {
                    let cause = beyond_all(model, values);
                    return Err(
                        cause.unwrap_or_else(|| unaccounted(model, node, *fate, values, &made))
                    );
                };
                // The first timestep folds, the last one hands on a state that nobody takes:
                // the operator belongs to the pattern that takes it in between.
                best = Some(best.map_or(index, |b| b.min(index)));
            }
            if let Some(entry) = best.and_then(|i| lifted.get_mut(i)) {
                entry.sources.push(format!("{} ({})", node.name(), node.op()));
            }
        }
        lifted.retain(|l| l.node.is_some() || !l.sources.is_empty());
        Ok(LiftReport { lifted, notes: Vec::new() })
    }
}

/// The first operator that no pattern is looked for at: whatever else is not understood may
/// follow from it.
pub(super) fn beyond_all(model: &Model<'_>, values: &Values) -> Option<Box<Diagnostic>> {
    let count = model.nodes.len().max(1);
    let fates = values.fates.iter().enumerate();
    let found = fates.filter_map(|(i, fate)| match fate {
        Fate::Value(id) => Some((i % count, *fate, *id)),
        _ => None,
    });
    let listed = |op: &str| super::PATTERNS.iter().any(|p| p.operators().contains(&op));
    let is_beyond = |&(n, _, id): &(usize, Fate, ValueId)| {
        let node = model.nodes.get(n).filter(|node| node.is_standard());
        let is_own = values.node(id) == Some(n) && values.joined(id).is_none();
        node.is_some_and(|node| is_own && !listed(node.op()))
    };
    let (n, fate, _) = found.filter(is_beyond).min_by_key(|(n, ..)| *n)?;
    Some(unaccounted(model, model.nodes.get(n)?, fate, values, &[]))
}

fn unaccounted(
    model: &Model<'_>,
    node: &Node<'_>,
    fate: Fate,
    values: &Values,
    made: &[String],
) -> Box<Diagnostic> {
    let error = |message: &str| node.error(&codes::LIFT_UNSUPPORTED, message);
    let is_const = |id: &ValueId| values.constant(*id).is_some();
    let folds = match fate {
        Fate::Value(id) => values.operands(id).iter().flatten().all(is_const),
        _ => false,
    };
    if folds && matches!(node.op(), "Conv" | "MatMul" | "Gemm") {
        return error("a layer that takes constants alone, such as a state or spikes of the timestep before the first")
            .help("states and spikes are zeros before the first timestep; compute anything else before the export");
    }
    if folds {
        return error("this operator cannot be computed on constants yet")
            .help("fold it before the export, or with a tool such as onnxsim");
    }
    // Timesteps are put together for what takes their largest.
    if let Fate::Value(id) = fate
        && let Some((taker, largest)) = largest(model, values, id)
    {
        let is_class = is_class(model, values, taker, largest);
        return largest
            .error(&codes::LIFT_UNSUPPORTED, "no pattern takes this operator")
            .help(if is_class { CLASS } else { LARGEST });
    }
    // What follows may say better what was meant.
    let next = match fate {
        Fate::Value(id) => values.users(id),
        _ => &[],
    };
    let next = next.iter().filter_map(|&u| Some((u, model.nodes.get(values.node(u)?)?)));
    let advice = |(id, node): (ValueId, &Node<'_>)| {
        let is_layer = matches!(node.op(), "Conv" | "MatMul" | "Gemm");
        let is_fixed = values.operand(id, 1).is_some_and(|w| is_const(&w));
        if is_layer && is_fixed { Some(NO_STREAM) } else { help(node) }
    };
    let is_product = match fate {
        Fate::Value(id) => {
            node.op() == "Mul" && !values.operands(id).iter().flatten().any(is_const)
        }
        _ => false,
    };
    let wraps = match fate {
        Fate::Value(id) => values.get(id).info.as_ref().is_some_and(|i| i.elem.wraps()),
        _ => false,
    };
    let own = match fate {
        Fate::Value(id) => advice((id, node)),
        _ => help(node),
    };
    let said = match own {
        _ if wraps && matches!(node.op(), "Add" | "Sub" | "Mul" | "Neg" | "Sum" | "Div") => Some(
            "integers of this type wrap around where a result is too large or negative; let the model convert its input first, e.g. `x.float()`",
        ),
        None if is_product => Some(PRODUCT),
        None => next.filter(|(_, n)| n.is_standard()).find_map(advice),
        known => known,
    };
    let found = match made {
        [] => String::new(),
        [.., last] => format!(" (layers found: {}, the last `{last}`)", made.len()),
    };
    error("no pattern takes this operator").help(match said {
        Some(said) => said.to_owned(),
        None => format!("rewrite this part{found} with what docs/operators.md lists, or report it with the model; membranes of neurons can be an output, as one stack of all timesteps, their sum, their mean or the last one"),
    })
}

/// The operator that takes the largest of values that are stacked here, or their softmax.
fn largest<'m>(
    model: &'m Model<'m>,
    values: &Values,
    id: ValueId,
) -> Option<(ValueId, &'m Node<'m>)> {
    let mut id = id;
    for _ in 0..4 {
        let node = model.nodes.get(values.node(id)?).filter(|n| n.is_standard())?;
        match node.op() {
            "ReduceMax" | "ReduceMin" | "TopK" | "ArgMax" | "Softmax" | "LogSoftmax" => {
                return Some((id, node));
            }
            "Unsqueeze" | "Concat" => id = values.users(id).first().copied()?,
            _ => return None,
        }
    }
    None
}

/// True if what takes the largest takes it of the classes, not of the timesteps: along the last
/// dimension alone, unless that is the one in which timesteps are stacked.
fn is_class(model: &Model<'_>, values: &Values, id: ValueId, node: &Node<'_>) -> bool {
    let rank = values.operand(id, 0).and_then(|x| values.shape(x)).map(<[usize]>::len);
    let is_last = |axis: i64| {
        axis == -1 || rank.is_some_and(|r| usize::try_from(axis).is_ok_and(|a| a + 1 == r))
    };
    let axis = match node.op() {
        "ArgMax" => Some(node.int("axis").ok().flatten().unwrap_or(0)),
        "TopK" | "Softmax" | "LogSoftmax" => Some(node.int("axis").ok().flatten().unwrap_or(-1)),
        _ => {
            let operand = values.operand(id, 1).and_then(|a| values.constant(a)?.ints());
            match operand.or(node.ints("axes").ok().flatten()) {
                Some([axis]) => Some(*axis),
                _ => None,
            }
        }
    };
    axis.is_some_and(is_last) && !is_stacked_last(model, values, id)
}

/// True if an operator takes timesteps that are stacked in the last dimension.
fn is_stacked_last(model: &Model<'_>, values: &Values, id: ValueId) -> bool {
    let node = |id: ValueId| values.node(id).and_then(|n| model.nodes.get(n));
    let stack = values.operand(id, 0).and_then(|x| Some((x, node(x)?)));
    let Some((x, stack)) = stack.filter(|(_, n)| n.op() == "Concat") else { return false };
    let rank = values.shape(x).map_or(0, <[usize]>::len);
    let axis = stack.int("axis").ok().flatten().unwrap_or(-1);
    let is_last = axis == -1 || usize::try_from(axis).is_ok_and(|a| a + 1 == rank);
    // Put together in a dimension of their own, not as an ensemble's classes are.
    let part = values.operand(x, 0).and_then(node);
    is_last && part.is_some_and(|n| n.op() == "Unsqueeze")
}

/// Of a largest value over time.
const LARGEST: &str = "over time only the output can be the largest, of all timesteps of one layer: `torch.stack(out).amax(0)`; the smallest is not read, and what layers follow is every timestep, the sum, the mean or the last one";

/// Of a largest value over the classes.
const CLASS: &str = "leave it out of the exported model: the logits are the output, and Synfire takes the largest of them as the class; neurons of which the strongest alone fires (snnTorch: `inhibition=True`) are not supported";

/// Of what a layer takes.
const NO_STREAM: &str = "its weights are constant, but what it takes was not understood: spikes are two constants, `(u >= threshold).float()` or `2 * s - 1`; time is taken out of a tensor by `x[t]`, `unbind`, `chunk` or `view(T, batch, …)`";

/// Of two streams.
const PRODUCT: &str = "streams can be added, subtracted and put together, not multiplied (SpikingJelly: `connect_f=\"ADD\"`); a neuron resets by subtraction, to a constant, or not at all";

/// What can be done about an operator that nothing takes.
fn help(node: &Node<'_>) -> Option<&'static str> {
    Some(match node.op() {
        _ if !node.is_standard() => {
            "operators of other domains than ONNX's own are not read yet; export with standard operators"
        }
        "Loop" | "Scan" | "If" => {
            "control flow is not read; export with a Python loop over the timesteps, which is unrolled (SpikingJelly: version 2, dynamo exporter)"
        }
        "ScatterND" | "ScatterElements" => {
            "a tensor that timesteps are written into (`out[t] = spk`) is not followed; collect them in a list and `torch.stack` it"
        }
        "Softmax" | "LogSoftmax" | "ArgMax" | "TopK" => CLASS,
        "Conv" | "MatMul" | "Gemm" => {
            "weights must be constants, and every timestep must use the same; export the model in eval mode"
        }
        "Pad" => {
            "a border is taken for padding where zeros are added around an image before a convolution or a mean, or around spikes before a search for the largest; use the `padding` of that layer"
        }
        "Unsqueeze" | "Concat" => {
            "what is stacked must be all timesteps of one layer, in their order, in dimension 0 or 1, and then be the output, summed or averaged; add the outputs of an ensemble with `+`"
        }
        "ConvTranspose" | "Resize" | "Upsample" => "layers that enlarge an image are not supported",
        // The last three: a norm in its parts, as exporters write it for older opsets.
        "InstanceNormalization"
        | "LayerNormalization"
        | "GroupNormalization"
        | "Pow"
        | "Sqrt"
        | "Reciprocal" => {
            "layer, group and instance norms compute their statistics while the network runs; train with batch norm, whose statistics are fixed"
        }
        "Transpose" => {
            "dimensions keep their order in the network; give it the input in the order that its layers take, [batch, channels, height, width], and flatten without a permutation"
        }
        "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "Equal" => {
            "a comparison is read as a neuron that fires where its membrane is above a constant threshold: write `(u >= threshold).float()`, once for each neuron and timestep"
        }
        "RandomUniform" | "RandomUniformLike" | "RandomNormal" | "RandomNormalLike"
        | "Bernoulli" | "Multinomial" => {
            "a model of random numbers has no result to compare: leave an encoder of random spikes out of the exported model, let its input be the spikes, and use `--encoding rate`"
        }
        "Sign" => {
            "on its threshold it is 0, which is no spike: write `torch.where(u >= 0, 1.0, -1.0)`, or `(u >= threshold).float()` for spikes of 0 and 1"
        }
        "Floor" | "Round" | "Ceil" => {
            "a spike is 0 or 1: write `(u >= threshold).float()`; several spikes in one timestep, or negative ones, are not supported"
        }
        "Clip" | "Max" | "Min" => {
            "between layers only spikes, sums and ReLU are supported, and over time every timestep, their sum, their mean, their maximum or the last one; leave the limit out, or train without it"
        }
        "ReduceMax" | "ReduceMin" => LARGEST,
        "LSTM" | "GRU" | "RNN" => "only leaky integrate-and-fire neurons keep a state",
        "LeakyRelu" | "Elu" | "Gelu" | "Tanh" | "Sigmoid" => {
            "between layers only spikes and ReLU are supported; use a spiking neuron in its place"
        }
        "QuantizeLinear" | "DequantizeLinear" => {
            "export the float model with binary weights; widths are chosen by the compiler"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron, refusal};

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    #[test]
    fn every_operator_is_under_a_pattern() {
        let extra = "const q f32 -: 3\nt = Neg(q)\nz = Abs(t)\nm1 = Identity(i)";
        let text = neuron(extra, BODY);
        let (_, report) = import(&text).unwrap();
        let operators = text.lines().filter(|l| l.contains(" = ")).count();
        let listed: usize = report.lifted.iter().map(|l| l.sources.len()).sum();
        assert_eq!(listed, operators);
        assert_eq!(report.count("dead"), 2);
        assert_eq!(report.count("identity"), 1);
        assert_eq!(report.count("linear"), 1);
        // The last spikes are cast for the readout only.
        assert_eq!(report.count("lif"), 3 + 6 + 5);
        assert_eq!((report.count("readout"), report.count("cast")), (1, 2));
    }

    /// What the messages of other operators would follow from.
    #[test]
    fn what_no_pattern_takes_is_named_first() {
        let text = neuron("m1 = Clip(i)", &BODY.replace("m@ = Sub(", "v@ = Sub("));
        let text = text.replace("v2 = Sub(a2, s1)", "v2 = Sub(a2, s1)\nm2 = Clip(v2)");
        let text = text.replace("v3 = Sub(a3, s2)", "v3 = Sub(a3, s2)\nm3 = Clip(v3)");
        assert_eq!(
            refusal(&text),
            "SF0120 node m1 (Clip, opset 18): no pattern takes this operator"
        );
    }

    /// Timesteps are stacked for what takes their smallest.
    #[test]
    fn the_smallest_over_time_is_named() {
        let stack = "const a0 i64 1: 0\nu1 = Unsqueeze(s1, a0)\nu2 = Unsqueeze(s2, a0)\nu3 = Unsqueeze(s3, a0)\nz = Concat(u1, u2, u3) axis=0\ny = ReduceMin(z, a0) keepdims=0";
        let text = neuron("m1 = Identity(i)", BODY).replace("y = Sum(s1, s2, s3)", stack);
        let refused = import(&text).unwrap_err();
        assert_eq!(refused.location.path.as_deref(), Some("node y (ReduceMin, opset 18)"));
        assert!(refused.help.as_ref().unwrap().contains("the mean"), "{refused:?}");
    }

    /// The class is taken from the logits: of the sum, of every timestep, and of one of them;
    /// the timestep of the largest is not read.
    #[test]
    fn the_largest_of_the_classes_is_left_out() {
        let u = "const a0 i64 1: 0\nu1 = Unsqueeze(s1, a0)\nu2 = Unsqueeze(s2, a0)\nu3 = Unsqueeze(s3, a0)\nz = Concat(u1, u2, u3) axis=0\n";
        let behind = "const last i64 1: 2\nu1 = Unsqueeze(s1, last)\nu2 = Unsqueeze(s2, last)\nu3 = Unsqueeze(s3, last)\nz = Concat(u1, u2, u3) axis=2\n";
        let sum = "z = Sum(s1, s2, s3)\n";
        for (end, is_class) in [
            (format!("{sum}y = ArgMax(z) axis=1"), true),
            (format!("{sum}y = ArgMax(z) axis=-1 keepdims=0"), true),
            (format!("{sum}y = Softmax(z)"), true),
            (format!("{sum}const top i64 1: 1\ny, w = TopK(z, top)"), true),
            (format!("{sum}const a1 i64 1: 1\ny = ReduceMax(z, a1) keepdims=0"), true),
            ("y = ArgMax(s3) axis=1".to_owned(), true),
            (format!("{u}y = ArgMax(z) axis=2"), true),
            (format!("{u}const last i64 1: 2\ny = ReduceMax(z, last) keepdims=0"), true),
            (format!("{u}y = LogSoftmax(z) axis=-1"), true),
            (format!("{u}y = ArgMax(z)"), false),
            (format!("{u}y = ArgMax(z) axis=0"), false),
            (format!("{u}const top i64 1: 1\ny, w = TopK(z, top) axis=0"), false),
            (format!("{behind}y = ArgMax(z) axis=2"), false),
            (format!("{behind}y = ArgMax(z) axis=-1"), false),
            (format!("{u}y = ReduceMin(z)"), false),
        ] {
            let text = neuron("m1 = Identity(i)", BODY).replace("y = Sum(s1, s2, s3)", &end);
            let refused = import(&text).unwrap_err();
            assert_eq!(refused.code.id, "SF0120", "{end}: {refused:?}");
            let place = refused.location.path.as_deref().unwrap_or_default();
            assert!(place.starts_with("node y ("), "{end}: {place}");
            let help = refused.help.as_ref().unwrap();
            assert_eq!(
                help.contains("takes the largest of them as the class"),
                is_class,
                "{end}: {help}"
            );
            assert_eq!(help.contains("over time"), !is_class, "{end}: {help}");
        }
    }

    /// Between the layers, as PyTorch's exporters write it.
    #[test]
    fn group_norm_is_named() {
        let parts = "const to i64 3: 0 1 -1\nconst back i64 2: -1 2\nconst scales f32 1: 1\nconst offsets f32 1: 0\nsplit = Reshape(i, to)\nnormal = InstanceNormalization(split, scales, offsets)\nn = Reshape(normal, back)";
        let whole = "const scales f32 2: 1 1\nconst offsets f32 2: 0 0\nn = GroupNormalization(i, scales, offsets) num_groups=1";
        for norm in [parts, whole] {
            let text =
                neuron(&format!("{norm}\nm1 = Identity(n)"), &BODY.replace("l@, i", "l@, n"));
            let refused = import(&text).unwrap_err();
            assert_eq!(refused.code.id, "SF0120", "{refused:?}");
            assert!(refused.help.as_ref().unwrap().contains("batch norm"), "{refused:?}");
        }
    }

    #[test]
    fn a_layer_with_constant_weights_is_not_blamed_for_them() {
        let ternary = "const low f32 -: -1\nconst w f32 2x2: 0.5 -0.5 0.5 0.5\nb3 = Where(f3, one, low)\ny = MatMul(b3, w)";
        let text = neuron("m1 = Identity(i)", BODY).replace("y = Sum(s1, s2, s3)", ternary);
        let refused = import(&text).unwrap_err();
        assert!(
            !refused.help.as_ref().unwrap().contains("weights must be constants"),
            "{refused:?}"
        );
    }

    /// A layer norm in its parts, as exporters write it for older opsets.
    #[test]
    fn a_norm_of_parts_is_told_as_one() {
        let body = BODY.replace("l@, i", "l@, j");
        let text = neuron("t = Sqrt(i)\nj = Div(i, t)\nm1 = Identity(j)", &body);
        let refused = import(&text).unwrap_err();
        assert!(refused.message.contains("no pattern takes this operator"), "{refused:?}");
        assert!(refused.help.as_ref().unwrap().contains("batch norm"), "{refused:?}");
    }

    /// A Poisson encoder is not blamed for its comparison.
    #[test]
    fn random_numbers_are_left_to_the_encoding() {
        let body = BODY.replace("l@, i", "l@, j");
        let text = neuron("r = RandomUniformLike(i)\nj = Mul(r, i)\nm1 = Identity(j)", &body);
        let refused = import(&text).unwrap_err();
        assert!(refused.message.contains("no pattern takes this operator"), "{refused:?}");
        assert!(refused.help.as_ref().unwrap().contains("--encoding rate"), "{refused:?}");
    }

    #[test]
    fn what_is_left_is_named() {
        let text = neuron("j = Tanh(i)\nm1 = Identity(j)", &BODY.replace("l@, i", "l@, j"));
        assert_eq!(
            refusal(&text),
            "SF0120 node j (Tanh, opset 18): no pattern takes this operator"
        );
        let text = neuron(
            "const q f32 -: 3\nt = Erf(q)\nj = Mul(t, i)\nm1 = Identity(j)",
            &BODY.replace("l@, i", "l@, j"),
        );
        assert_eq!(
            refusal(&text),
            "SF0120 node t (Erf, opset 18): this operator cannot be computed on constants yet"
        );
    }
}

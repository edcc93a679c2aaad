// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Models with several outputs, of which the user named none: `return spk_rec, mem_rec`. If
//! one of them can be read alone it is meant; spikes are, beside membranes of neurons that reset.

use super::model;
use super::proto::ModelProto;
use crate::diag::{Diagnostic, Result, codes};
use crate::import::{LiftReport, Options};
use crate::ir::{Graph, Op};

/// Outputs that are tried; a model with more of them is asked about.
const MAX_TRIED: usize = 4;

type Imported = (Graph, LiftReport);

/// Reads the only output that can be read.
///
/// # Errors
/// `refused`, with the outputs to choose from, if several can be; what the first one is
/// refused for, if none can.
pub(super) fn choose(
    proto: &ModelProto,
    options: &Options,
    refused: Box<Diagnostic>,
    read: impl Fn(&Options) -> Result<Imported>,
) -> Result<Imported> {
    let names = match model::outputs(proto) {
        Some(names) if options.output.is_none() && names.len() <= MAX_TRIED => names,
        _ => return Err(refused),
    };
    if refused.code.id != codes::IMPORT_OUTPUT.id || names.len() < 2 {
        return Err(refused);
    }
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for name in names {
        match read(&Options { output: Some(name.to_owned()), ..options.clone() }) {
            Ok(imported) => found.push((name, imported)),
            Err(d) => others.push((name, d)),
        }
    }
    // Beside spikes the membranes of neurons that reset are left out.
    let (mut membranes, mut found): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, (graph, _))| reads_membranes(graph));
    if found.is_empty() {
        std::mem::swap(&mut membranes, &mut found);
    }
    if found.len() == 1
        && let Some((name, (graph, mut report))) = found.pop()
    {
        let said = format!("the output `{name}` is read");
        report.notes.extend(others.iter().map(|(other, why)| {
            format!("{said}; `{other}` is left out, as it cannot be read: {why}")
        }));
        report.notes.extend(membranes.iter().map(|(other, _)| {
            format!("{said}; `{other}`, membranes that reset, is left out: --output-name {other} reads it")
        }));
        return Ok((graph, report));
    }
    let names: Vec<_> =
        found.iter().chain(&membranes).map(|(name, _)| format!("`{name}`")).collect();
    match others.into_iter().next() {
        Some((_, why)) if names.is_empty() => Err(why),
        _ => Err(refused.help(format!(
            "name the one that holds the logits with --output-name; {} can be read",
            names.join(" and ")
        ))),
    }
}

/// Is the output what the membranes of neurons that reset are brought together to?
fn reads_membranes(graph: &Graph) -> bool {
    let source = graph.output().ok().and_then(|output| graph.operands(output).first().copied());
    let op = source.map(|id| &graph.node(id).op);
    matches!(op, Some(Op::Li(l)) if l.resets.is_some())
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron, refusal};

    const RESET: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    fn text(body: &str, outputs: &str) -> String {
        neuron("m1 = Identity(i)", body).replace("output y", outputs)
    }

    #[test]
    fn spikes_beside_membranes_are_the_output() {
        for outputs in ["output y\noutput m3", "output m3\noutput y"] {
            let (graph, report) = import(&text(RESET, outputs)).unwrap();
            assert_eq!(graph.node(graph.output().unwrap()).name, "y");
            let said = "the output `y` is read; `m3`, membranes that reset, is left out: --output-name m3 reads it";
            assert!(report.notes.iter().any(|n| n == said), "{:?}", report.notes);
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let text = text(RESET, "w = Softmax(y)\noutput w\noutput m3");
        let (graph, report) = import(&text).unwrap();
        assert_eq!(graph.node(graph.output().unwrap()).name, "m3");
        let said = "the output `m3` is read; `w` is left out, as it cannot be read: ";
        assert!(report.notes.iter().any(|n| n.starts_with(said)), "{:?}", report.notes);
    }

    #[test]
    fn the_user_chooses_where_both_can_be_read() {
        let d = import(&text(RESET, "z = Mean(s1, s2, s3)\noutput y\noutput z")).unwrap_err();
        assert_eq!(d.code.id, "SF0111");
        assert!(d.help.unwrap().ends_with("`y` and `z` can be read"));
    }

    #[test]
    fn where_none_can_be_read_the_first_one_says_why() {
        let text = text(RESET, "w = Softmax(y)\nv = Erf(y)\noutput w\noutput v");
        assert!(refusal(&text).contains("(Softmax, "), "{}", refusal(&text));
    }
}

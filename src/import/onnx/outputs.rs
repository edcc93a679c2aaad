// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Models with several outputs, of which the user named none: `return spk_rec, mem_rec`. If
//! one of them can be read alone, as membranes of neurons that reset cannot, it is meant.

use super::model;
use super::proto::ModelProto;
use crate::diag::{Diagnostic, Result, codes};
use crate::import::{LiftReport, Options};
use crate::ir::Graph;

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
    let (mut read_names, mut found, mut others) = (Vec::new(), None, Vec::new());
    for name in names {
        match read(&Options { output: Some(name.to_owned()), ..options.clone() }) {
            Ok(imported) => {
                read_names.push(format!("`{name}`"));
                found = Some(imported);
            }
            Err(d) => others.push((name, d)),
        }
    }
    match (&read_names[..], found) {
        ([name], Some((graph, mut report))) => {
            for (other, why) in others {
                report.notes.push(format!(
                    "the output {name} is read; `{other}` is left out, as it cannot be read: {why}"
                ));
            }
            Ok((graph, report))
        }
        ([], _) => Err(others.into_iter().next().map_or(refused, |(_, d)| d)),
        (names, _) => Err(refused.help(format!(
            "name the one that holds the logits with --output-name; {} can be read",
            names.join(" and ")
        ))),
    }
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
            let said = "the output `y` is read; `m3` is left out, as it cannot be read: ";
            assert!(report.notes.iter().any(|n| n.starts_with(said)), "{:?}", report.notes);
        }
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

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `check-hardware`: says which layer of the model the hardware does not take.

use super::{Options, Pass};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Graph, Lif, Linear, Op, PerChannel, ReadoutKind};

/// See the module.
pub(super) struct CheckHardware;

impl Pass for CheckHardware {
    fn name(&self) -> &'static str {
        "check-hardware"
    }

    fn description(&self) -> &'static str {
        "names the first layer that can be run on the host but not be built"
    }

    fn requires(&self) -> &'static str {
        "nothing"
    }

    fn ensures(&self) -> &'static str {
        "linear layers with weights ±α, neurons with one leak and a reset to zero; no other \
         operators than these, their scales, batch norms and readout"
    }

    fn run(&self, graph: &mut Graph, _: &Options) -> Result<Vec<String>> {
        for id in graph.order()? {
            let node = graph.node(id);
            if let Some(why) = refusal(&node.op) {
                let help = match &node.op {
                    Op::Input(i) if i.bits.is_none() && i.is_static => {
                        "say how the numbers come from integers, e.g. --input-bits 8 --input-scale 0.00392157 for pixels divided by 255; or export with an integer input that the model scales itself"
                    }
                    _ => {
                        "`synfire simulate` and `inspect` take this model; hardware for it is not there yet"
                    }
                };
                return Err(Diagnostic::new(&codes::PASS_UNSUPPORTED, why)
                    .at(node.name.clone())
                    .help(help));
            }
        }
        Ok(Vec::new())
    }
}

/// Why there is no hardware for this operator; none if there is.
fn refusal(op: &Op) -> Option<String> {
    match op {
        Op::Linear(l) => linear(l),
        Op::Lif(l) => lif(l),
        Op::Input(i) if i.bits.is_none() => {
            Some("the input is real numbers; hardware takes levels of up to 8 bits".into())
        }
        Op::Input(i) if !i.is_static => {
            Some("the input changes over time; hardware takes one input an inference".into())
        }
        Op::Scale(s) if matches!(s.factor, PerChannel::Each(_)) => {
            Some("a factor for each channel; hardware takes in one for all".into())
        }
        Op::Readout(r) if r.kind == ReadoutKind::Last => {
            Some("only the last timestep is read out; hardware sums all of them".into())
        }
        Op::Conv(_)
        | Op::Pool(_)
        | Op::Reshape(_)
        | Op::Add
        | Op::Concat(_)
        | Op::Relu
        | Op::Threshold(_)
        | Op::Delay(_)
        | Op::Li(_) => Some(format!("the hardware has no `{}` yet", op.name())),
        Op::Input(_)
        | Op::Scale(_)
        | Op::BatchNorm(_)
        | Op::FixedLif(_)
        | Op::Readout(_)
        | Op::FixedReadout(_) => None,
    }
}

fn linear(l: &Linear) -> Option<String> {
    let multi_bit = l.weights.binary().is_none();
    multi_bit.then(|| "weights of several bits; hardware takes ±1 times a magnitude".into())
}

fn lif(l: &Lif) -> Option<String> {
    let differs = |v: &PerChannel<f64>| v.iter().any(|x| *x != v.at(0));
    let why = if differs(&l.leak) {
        "the leak differs between neurons; hardware has one for a layer"
    } else if l.reset_to.iter().any(|v| *v != 0.0) {
        "the membrane is reset to another value than zero"
    } else if l.start.iter().any(|v| *v != 0.0) {
        "the membrane starts at another value than zero"
    } else {
        return None;
    };
    Some(why.into())
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Comparison and verdict on made-up executors, with expectations counted by hand.

mod compare;
mod executors;
mod knobs;
mod levels;
mod stub;
mod verdict;

use crate::hw::{self, Design};
use crate::{ir, target};

/// Two inputs, two neurons at three timesteps, two logits, as an integer graph. Each input has one
/// row of two bits.
pub(crate) const GRAPH: &str = r#"synfire-ir 1
graph "tiny" timesteps 3
%in = input() : levels[2; 8] static {"shape":[2],"bits":8,"is_static":true}
%fc = linear(%in) : current[2; fixed(10, 0)] static {"weights":{"binary":{"signs":{"cols":2,"rows":["3","1"]},"scale":1.0}},"bias":null}
%n = fixed-lif(%fc) : spikes[2] {"leak_num":1,"leak_shift":1,"frac":0,"width":14,"bias":[0,0],"threshold":[20,9],"reset":"soft","compare":"at-least"}
%y = fixed-readout(%n) : current[2; fixed(5, 0)] {"frac":0,"gain":[1,1],"offset":[0,0],"gain_width":1,"width":5}
output %y
"#;

/// Its hardware.
pub(crate) fn design() -> Design {
    let (graph, target) = (ir::parse(GRAPH).unwrap(), target::load("icebreaker").unwrap());
    hw::lower(&graph, &target, &hw::Options::default()).unwrap().0
}

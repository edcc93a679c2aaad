// SPDX-License-Identifier: Apache-2.0 OR MIT
//! When the class is settled, at the margin exactly.

use crate::hw::{self, Design, Options, Stop};
use crate::verify::{Executor as _, InterpExecutor, SimExecutor};
use crate::{ir, target};

/// Two members of a neuron each, which fire at once if the first or the second level is above 1;
/// each votes for its class with 3 against -2.
const GRAPH: &str = r#"synfire-ir 1
graph "pair" timesteps 1
%in = input() : levels[2; 8] static {"shape":[2],"bits":8,"is_static":true}
%fc = linear(%in) : current[2; fixed(10, 0)] static {"weights":{"binary":{"signs":{"cols":2,"rows":["1","2"]},"scale":1.0}},"bias":null}
%n = fixed-lif(%fc) : spikes[2] {"leak_num":1,"leak_shift":0,"frac":0,"width":14,"bias":[0,0],"threshold":[2,2],"reset":"soft","compare":"at-least"}
%out = linear(%n) : current[2; fixed(4, 0)] {"weights":{"integer":{"rows":2,"values":[3,-2,-2,3],"scale":1.0}},"bias":null}
%y = fixed-readout(%out) : current[2; fixed(6, 0)] {"frac":0,"gain":[1,1],"offset":[0,0],"gain_width":1,"width":6}
output %y
"#;

fn design(margin: i64) -> Design {
    let stop = Some(Stop::Margins(vec![margin]));
    let options = Options { knobs: Some(2), stop, ..Options::default() };
    let graph = ir::parse(GRAPH).unwrap();
    hw::lower(&graph, &target::load("icebreaker").unwrap(), &options).unwrap().0
}

#[test]
fn a_lead_has_to_be_above_the_margin() {
    let graph = ir::parse(GRAPH).unwrap();
    // The first member fires: 3 against -2, a lead of 5.
    for (margin, ran) in [(4, 1), (5, 2)] {
        let design = design(margin);
        let request: &[u8] = &[0x80, 0, 9, 0];
        let said = InterpExecutor::new(&graph).unwrap().like(&design).run(&[request]).unwrap();
        let done = SimExecutor::new(&design, Vec::new()).run(&[request]).unwrap();
        for o in [&said[0], &done[0]] {
            assert_eq!((o.ran, &*o.logits, o.class), (Some(ran), &[3, -2][..], 0), "{margin}");
            assert_eq!(o.trains, [[1, 0]]);
        }
    }
}

/// Of members that are left out from the beginning the margins are not those of the others: behind
/// the second of three, which is the first that runs, it is the second margin that counts.
#[test]
fn a_margin_belongs_to_its_member() {
    let three = GRAPH
        .replace("levels[2; 8] static {\"shape\":[2]", "levels[3; 8] static {\"shape\":[3]")
        .replace("current[2; fixed(10, 0)]", "current[3; fixed(11, 0)]")
        .replace(r#""cols":2,"rows":["1","2"]"#, r#""cols":3,"rows":["1","2","4"]"#)
        .replace("spikes[2]", "spikes[3]")
        .replace(r#""bias":[0,0],"threshold":[2,2]"#, r#""bias":[0,0,0],"threshold":[2,2,2]"#)
        .replace("[3,-2,-2,3]", "[3,-2,1,-2,3,1]");
    let graph = ir::parse(&three).unwrap_or_else(|d| panic!("{d}"));
    for (margins, ran) in [([9, 4], 1), ([4, 9], 2)] {
        let stop = Some(Stop::Margins(margins.to_vec()));
        let options = Options { knobs: Some(3), stop, ..Options::default() };
        let icebreaker = target::load("icebreaker").unwrap();
        let design = hw::lower(&graph, &icebreaker, &options).unwrap().0;
        // Members 1 and 2; the second level alone is above 1.
        let request: &[u8] = &[0x80, 0b110, 0, 9, 0];
        let said = InterpExecutor::new(&graph).unwrap().like(&design).run(&[request]).unwrap();
        let done = SimExecutor::new(&design, Vec::new()).run(&[request]).unwrap();
        for o in [&said[0], &done[0]] {
            assert_eq!((o.ran, &*o.logits, o.class), (Some(ran), &[-2, 3][..], 1), "{margins:?}");
        }
    }
}

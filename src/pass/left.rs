// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is left of an integer graph when hardware is told at run time to leave timesteps and
//! members out: the graph that such an inference computes.

use super::channels::Channels;
use super::reduce_timesteps::ReduceTimesteps;
use super::{Options, Pass, unsupported};
use crate::diag::Result;
use crate::ir::{Graph, NodeId, Op};

/// The layers of an integer graph that an ensemble's members are parts of: each member has a part
/// of the first two's outputs, and of the third's inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// The linear layer of all members.
    pub linear: NodeId,
    /// Their neurons.
    pub neurons: NodeId,
    /// The linear layer that weighs them.
    pub head: NodeId,
}

/// The layers of which members are parts: the last neurons, the linear layer before them and the
/// one behind.
///
/// # Errors
/// SF0302 if other operators are there.
pub fn parts(graph: &Graph) -> Result<Parts> {
    let order = graph.order()?;
    let fires = |id: &NodeId| matches!(graph.node(*id).op, Op::FixedLif(_));
    let is_linear = |id: &NodeId| matches!(graph.node(*id).op, Op::Linear(_));
    let refused = |what: &str| {
        unsupported(format!(
            "members are left out at run time where they are one layer each: {what}"
        ))
        .help("leave --knobs out; `--keep-members` leaves members out for good")
    };
    let neurons = order.into_iter().rfind(fires).ok_or_else(|| refused("no layer fires"))?;
    let at = |d: Box<crate::diag::Diagnostic>| d.at(graph.node(neurons).name.clone());
    let before = graph.operands(neurons).first().copied().filter(is_linear);
    let linear = before.ok_or_else(|| at(refused("no linear layer is before these neurons")))?;
    let head = match graph.users(neurons)[..] {
        [head] if is_linear(&head) => head,
        _ => return Err(at(refused("no linear layer alone is behind these neurons"))),
    };
    Ok(Parts { linear, neurons, head })
}

/// The first `timesteps` timesteps, and of `count` members those in `members`, which are in order.
///
/// # Errors
/// What [`parts`] and `reduce-timesteps` refuse.
pub fn left(graph: &Graph, timesteps: u32, members: &[u32], count: u32) -> Result<Graph> {
    let mut graph = graph.clone();
    let options = Options { keep_timesteps: Some(timesteps), ..Options::default() };
    ReduceTimesteps.run(&mut graph, &options)?;
    if members.len() == count as usize {
        return Ok(graph);
    }
    let neurons = parts(&graph)?.neurons;
    let all = graph.node(neurons).stream.len();
    let gone: Vec<bool> = (0..all)
        .map(|n| !members.contains(&((n / (all / count.max(1) as usize).max(1)) as u32)))
        .collect();
    let channels = Channels::of(&graph, neurons);
    let name = graph.node(neurons).name.clone();
    let refused = || unsupported("no graph is left without some of its members").at(name);
    channels.without(graph, &gone).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Weights, parse};

    const GRAPH: &str = r#"synfire-ir 1
graph "g" timesteps 2
%in = input() : levels[1; 2] static {"shape":[1],"bits":2,"is_static":true}
%fc = linear(%in) : current[4; fixed(3, 0)] static {"weights":{"binary":{"signs":{"cols":1,"rows":["1","0","1","0"]},"scale":1.0}},"bias":null}
%n = fixed-lif(%fc) : spikes[4] {"leak_num":1,"leak_shift":0,"frac":0,"width":5,"bias":[0,1,2,3],"threshold":[1,2,3,4],"reset":"soft","compare":"at-least"}
%out = linear(%n) : current[2; fixed(5, 0)] {"weights":{"integer":{"rows":2,"values":[1,-2,3,-1,-3,2,1,3],"scale":1.0}},"bias":null}
%y = fixed-readout(%out) : current[2; fixed(6, 0)] {"frac":0,"gain":[1,1],"offset":[4,-2],"gain_width":1,"width":6}
output %y
"#;

    #[test]
    fn a_member_is_left_out_with_all_that_is_its_own() {
        let left = left(&parse(GRAPH).unwrap(), 1, &[1], 2).unwrap();
        let op = |name: &str| left.node(left.find(name).unwrap()).op.clone();
        let (Op::Linear(fc), Op::FixedLif(n), Op::Linear(out)) = (op("fc"), op("n"), op("out"))
        else {
            panic!("other operators")
        };
        assert_eq!(
            (fc.weights.outputs(), fc.weights.value(0, 0), fc.weights.value(1, 0)),
            (2, 1.0, -1.0)
        );
        assert_eq!((n.bias, n.threshold), (vec![2, 3], vec![3, 4]));
        let Weights::Integer { values, .. } = out.weights else { panic!("no integers") };
        assert_eq!(values, [3, -1, 1, 3]);
        let Op::FixedReadout(y) = op("y") else { panic!("no readout") };
        assert_eq!((left.timesteps, y.offset), (1, vec![2, -1]));
    }

    #[test]
    fn members_need_a_layer_before_and_one_behind() {
        let graph = parse(GRAPH).unwrap();
        let found = parts(&graph).unwrap();
        let names = [found.linear, found.neurons, found.head].map(|id| graph.node(id).name.clone());
        assert_eq!(names, ["fc", "n", "out"]);
        // The readout takes the spikes themselves.
        let direct =
            GRAPH.lines().filter(|l| !l.starts_with("%out")).collect::<Vec<_>>().join("\n");
        let direct = direct
            .replace("fixed-readout(%out) : current[2;", "fixed-readout(%n) : current[4;")
            .replace(r#""gain":[1,1],"offset":[4,-2]"#, r#""gain":[1,1,1,1],"offset":[0,0,0,0]"#);
        let d = parts(&parse(&direct).unwrap_or_else(|d| panic!("{d}"))).unwrap_err();
        assert!(d.message.contains("no linear layer alone is behind"), "{d}");
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Operations as the trainer counts them, and as the compiler does on the exported graph.

use synfire::diag::Result;
use synfire::energy::{Spikes, literature};
use synfire::ir::{Graph, Op};
use synfire_distill::nn::{Operations, Walk, rng};

use crate::models::{self, Case, Shown};
use crate::trained::{self, neurons};

const SAMPLES: usize = 20;

/// Mean spikes of each element of all nodes that hand spikes on.
fn spikes(graph: &Graph, case: &Case, shown: &Shown, active: Option<&[bool]>) -> Result<Spikes> {
    let runs = trained::run(case, shown, active)?;
    let mut spikes = Spikes::new();
    for name in neurons(graph)? {
        let steps = runs.iter().flat_map(|r| &r.spikes[&name]);
        let mut sum = vec![0.0; graph.node(graph.find(&name).unwrap()).stream.len()];
        for step in steps {
            sum.iter_mut().zip(step).for_each(|(s, fired)| *s += f64::from(u8::from(*fired)));
        }
        sum.iter_mut().for_each(|s| *s /= runs.len() as f64);
        spikes.insert(name, sum);
    }
    for id in graph.order()? {
        let node = graph.node(id);
        let given: Vec<_> =
            graph.operands(id).iter().filter_map(|o| spikes.get(&graph.node(*o).name)).collect();
        let all: Vec<f64> = match node.op {
            Op::Input(_) => {
                let mean = |i: usize| {
                    let all = shown.iter().flatten().map(|step| f64::from(step[i]));
                    all.sum::<f64>() / shown.len() as f64
                };
                (0..node.stream.len()).map(mean).collect()
            }
            Op::Concat(_) | Op::Reshape(_) if !given.is_empty() => {
                given.into_iter().flatten().copied().collect()
            }
            _ => continue,
        };
        spikes.insert(node.name.clone(), all);
    }
    Ok(spikes)
}

fn counted(case: &Case, shown: &Shown, active: Option<&[bool]>) -> Operations {
    let mut walk = Walk::new(case.steps);
    walk.operations = Some(Operations::default());
    walk.active = active.map(<[bool]>::to_vec);
    case.model.forward(case.signal(shown), &mut walk);
    let Operations { macs, sops } = walk.operations.unwrap();
    Operations { macs: macs / shown.len() as f64, sops: sops / shown.len() as f64 }
}

/// Dense layers, windows with padding and strides, real currents between layers, members that
/// are on and off, inputs that are levels, real numbers or spikes, held and changing.
#[test]
fn operations_are_those_that_the_compiler_counts() -> Result<()> {
    let names = [
        "dense",
        "pre-activation",
        "post-activation",
        "ensemble",
        "conv-ensemble",
        "mixed",
        "rates",
    ];
    for name in names {
        let case = models::named(name)?;
        let shown = case.shown(SAMPLES, &mut rng(7, 2));
        let pair = (name == "ensemble").then_some(&[true, false, true, false][..]);
        for active in [None, pair] {
            let graph = active.map_or_else(|| case.graph(), |a| case.subset(a))?;
            let found = counted(&case, &shown, active);
            let wanted = literature(&graph, &spikes(&graph, &case, &shown, active)?)?.once;
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.max(1.0);
            assert!(
                near(found.macs, wanted.macs) && near(found.sops, wanted.sops),
                "{name} {active:?}: {found:?}, {wanted:?}"
            );
            assert!(found.macs + found.sops > 100.0, "{name}: {found:?}");
        }
    }
    Ok(())
}

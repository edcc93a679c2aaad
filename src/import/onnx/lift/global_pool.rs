// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Pools over all of an image.

use super::readout::axes;
use super::{Effect, Found, Hint, Lift, Pattern, Stream, steps};
use crate::diag::Result;
use crate::import::onnx::values::ValueId;
use crate::ir::{Op, Pool, PoolKind, Reshape, Window};

/// `GlobalAveragePool`, and reductions over every spatial dimension.
pub(super) struct GlobalPool;

impl Pattern for GlobalPool {
    fn name(&self) -> &'static str {
        "global-pool"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceSum", "ReduceMax"]
    }

    fn becomes(&self) -> &'static str {
        "`pool` with a window as large as the image; a reduction is over all spatial dimensions"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let groups = steps::groups(lift, stream, |n| self.operators().contains(&n.op()))?;
        let mut found = Vec::new();
        for group in groups {
            let Some(&id) = group.first() else { continue };
            if let Some(nodes) = nodes(lift, id)? {
                found.push(Found::new(stream, Effect::Nodes(nodes), group));
            }
        }
        Ok(found)
    }
}

fn nodes(lift: &Lift<'_>, id: ValueId) -> Result<Option<Vec<(Hint, Op)>>> {
    let shape = lift.values.operand(id, 0).and_then(|x| lift.values.shape(x));
    let Some([_, channels, extents @ ..]) = shape else { return Ok(None) };
    if !(1..=2).contains(&extents.len()) {
        return Ok(None);
    }
    let dims = extents.len();
    let kind = match lift.op(id) {
        "GlobalAveragePool" | "ReduceMean" => PoolKind::Average,
        "ReduceSum" => PoolKind::Sum,
        _ => PoolKind::Max,
    };
    if lift.op(id).starts_with("Reduce") {
        let rank = i64::try_from(dims + 2).unwrap_or(0);
        let axes = axes(lift, id)?.unwrap_or_default();
        let mut axes: Vec<_> = axes.iter().map(|a| if *a < 0 { a + rank } else { *a }).collect();
        axes.sort_unstable();
        axes.dedup();
        if !axes.into_iter().eq(2..rank) {
            return Ok(None);
        }
    }
    let window = Window {
        kernel: extents.to_vec(),
        stride: vec![1; dims],
        padding: vec![[0, 0]; dims],
        dilation: vec![1; dims],
    };
    let hint = |prefix| Hint::new(prefix).scope(lift.node(id));
    let mut nodes = vec![(hint("pool"), Op::Pool(Pool { kind, window }))];
    if lift.values.shape(id).is_some_and(|s| s.len() == 2) {
        nodes.push((Hint::new("reshape"), Op::Reshape(Reshape { shape: vec![*channels] })));
    }
    Ok(Some(nodes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::testing::{image, import, op, refusal};

    #[test]
    fn every_spelling_is_a_window() {
        for (pool, kind) in [
            ("i = GlobalAveragePool(p)", PoolKind::Average),
            ("i = GlobalMaxPool(p)", PoolKind::Max),
            ("i = ReduceMean(p) axes=[2,3]", PoolKind::Average),
            ("i = ReduceMean(p) axes=[-1,-2] keepdims=0", PoolKind::Average),
            ("const a i64 2: 2 3\ni = ReduceSum(p, a)", PoolKind::Sum),
        ] {
            let Op::Pool(found) = op(&image(pool), "pool1") else { panic!("{pool}") };
            assert_eq!((found.kind, found.window.kernel), (kind, vec![4, 4]), "{pool}");
            let (graph, _) = import(&image(pool)).unwrap();
            assert_eq!(graph.find("reshape1").is_some(), pool.contains("keepdims=0"), "{pool}");
        }
    }

    #[test]
    fn reductions_of_channels_are_none() {
        for pool in
            ["i = ReduceMean(p) axes=[1]", "i = ReduceMean(p) axes=[3]", "i = ReduceMean(p)"]
        {
            let got = refusal(&image(pool));
            assert!(got.starts_with("SF0120 node i"), "{pool}: {got}");
        }
    }
}

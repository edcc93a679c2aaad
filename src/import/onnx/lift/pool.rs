// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Pools with windows.

use super::pad::{self, Padded};
use super::{Found, Hint, Lift, Pattern, Stream, steps};
use crate::diag::Result;
use crate::import::onnx::node::Node;
use crate::import::onnx::values::ValueId;
use crate::import::onnx::window;
use crate::ir::{self, Kind, Op, PoolKind};

/// `MaxPool` and `AveragePool`.
pub(super) struct Pool;

impl Pattern for Pool {
    fn name(&self) -> &'static str {
        "pool"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["MaxPool", "AveragePool", "Pad"]
    }

    fn becomes(&self) -> &'static str {
        "`pool` over one or two dimensions; `ceil_mode` only where it makes no difference; a `Pad` that the pool could do itself"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        for view in pad::views(lift, stream)? {
            let is_pool = |n: &Node<'_>| matches!(n.op(), "MaxPool" | "AveragePool");
            for group in steps::groups(lift, &view.stream, is_pool)? {
                let Some(&id) = group.first() else { continue };
                let hint = Hint::new("pool").scope(lift.node(id));
                if let Some(mut pool) = pool(lift, id)?
                    && (!view.has_border() || is_neutral(lift, stream, &view, &pool))
                {
                    view.widen(&mut pool.window);
                    let taken = [&view.taken[..], &group[..]].concat();
                    found
                        .push(Found { taken, ..Found::layer(stream, hint, Op::Pool(pool), group) });
                }
            }
        }
        Ok(found)
    }
}

/// True if the border is what the pool takes padding for: in a mean zeros, in a search for
/// the largest what is never larger.
fn is_neutral(lift: &Lift<'_>, stream: &Stream, view: &Padded, pool: &ir::Pool) -> bool {
    let spikes = lift.graph.node(stream.node).stream.kind == Kind::Spikes;
    match pool.kind {
        PoolKind::Max => view.value == f64::NEG_INFINITY || (view.value == 0.0 && spikes),
        PoolKind::Average => view.value == 0.0,
        _ => false,
    }
}

fn pool(lift: &Lift<'_>, id: ValueId) -> Result<Option<ir::Pool>> {
    let input = lift.values.operand(id, 0).and_then(|x| lift.values.shape(x));
    let (Some(node), Some([_, _, input @ ..])) = (lift.node(id), input) else { return Ok(None) };
    let Some(kernel) = window::kernel(node, input.len())? else { return Ok(None) };
    let (window, _) = window::read(node, &kernel, input)?;
    let is_padded = window.padding.iter().flatten().any(|p| *p > 0);
    let kind = match node.op() {
        "MaxPool" => PoolKind::Max,
        _ if is_padded && node.int("count_include_pad")?.unwrap_or(0) == 0 => {
            PoolKind::AverageInside
        }
        _ => PoolKind::Average,
    };
    Ok(Some(ir::Pool { kind, window }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::testing::{image, op, refusal};

    #[test]
    fn kinds_and_windows_are_read() {
        for (pool, kind) in [
            ("i = MaxPool(p) kernel_shape=[2,2] strides=[2,2]", PoolKind::Max),
            ("i = MaxPool(p) kernel_shape=[3,3] pads=[1,1,1,1]", PoolKind::Max),
            ("i = AveragePool(p) kernel_shape=[2,2] ceil_mode=1", PoolKind::Average),
            ("i = AveragePool(p) kernel_shape=[2,2] pads=[1,0,0,0]", PoolKind::AverageInside),
            (
                "i = AveragePool(p) kernel_shape=[2,2] pads=[1,0,0,0] count_include_pad=1",
                PoolKind::Average,
            ),
        ] {
            let Op::Pool(found) = op(&image(pool), "pool1") else { panic!("{pool}") };
            assert_eq!(found.kind, kind, "{pool}");
        }
    }

    #[test]
    fn what_cannot_be_right_is_refused() {
        for (pool, want) in [
            ("i = MaxPool(p)", "SF0108"),
            ("i = MaxPool(p) kernel_shape=[2]", "SF0108"),
            ("i = MaxPool(p) kernel_shape=[3,3] strides=[2,2] ceil_mode=1", "SF0108"),
            ("i = MaxPool(p) kernel_shape=[9,9]", "SF0107"),
            ("i = MaxPool(p) kernel_shape=[2,2] pads=[2,2,2,2]", "SF0202"),
        ] {
            let got = refusal(&image(pool));
            assert!(got.starts_with(want), "{pool}: {got}");
        }
    }
}

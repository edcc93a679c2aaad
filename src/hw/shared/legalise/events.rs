// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Layers with weights, pools, and streams behind one another.

use super::super::{Gather, Job, Source, Work};
use super::streams::{Held, Part, extents};
use super::weights::{Taps, sum_job, whole};
use super::{Builder, unsupported};
use crate::diag::Result;
use crate::ir::{Concat, Conv, Kind, Linear, Node, NodeId, Pool, PoolKind};

/// A current as it is.
pub(super) const ONE: Gather = Gather { window: [1; 2], shift: 0, bits: 0 };

impl Builder<'_> {
    pub(super) fn linear(&mut self, node: &Node, l: &Linear, x: NodeId) -> Result<Held> {
        let held = self.stream(x)?.clone();
        let [_, h, w] = self.shape(&held);
        let area = (h * w) as usize;
        let rows = l.weights.outputs();
        let taps = |row: usize, channel: usize| {
            Taps::whole([h, w], |place| whole(&l.weights, row, channel * area + place))
        };
        self.weighted(node, held, [rows as u32, 1, 1], taps)
    }

    pub(super) fn conv(&mut self, node: &Node, c: &Conv, x: NodeId) -> Result<Held> {
        let (held, [inputs, ..]) = self.places(node, x)?;
        let out = extents(&node.stream.shape)
            .ok_or_else(|| unsupported(node, "maps of more than two dimensions"))?;
        let rows = c.weights.outputs();
        let (of_group, to_group) = (inputs as usize / c.groups, rows / c.groups);
        let area: usize = c.window.kernel.iter().product();
        if Taps::new(&c.window, |_| 0).is_none() {
            return Err(unsupported(node, "its window is immense"));
        }
        if c.groups > 1 {
            let message = format!(
                "{}: {} groups as one, with weights of 0 in between: two bits a weight or more",
                node.name, c.groups
            );
            self.notes.push(message);
        }
        let taps = |row: usize, channel: usize| {
            let seen = channel / of_group == row / to_group;
            let factor = |k| match seen {
                true => whole(&c.weights, row, channel % of_group * area + k),
                false => 0,
            };
            Taps::new(&c.window, factor).unwrap_or_else(Taps::one)
        };
        self.weighted(node, held, out, taps)
    }

    /// Sums of windows, weighted: a job for each part of the stream, each of which adds its
    /// own to those of the one before. `taps` gives the window of an output channel and a
    /// channel of the stream.
    pub(super) fn weighted(
        &mut self,
        node: &Node,
        held: Held,
        out: [u32; 3],
        taps: impl Fn(usize, usize) -> Taps,
    ) -> Result<Held> {
        let refused = |why: &str| unsupported(node, why);
        let rows = out[0] as usize;
        let parts = match held {
            Held::Events(parts) => parts,
            Held::Currents { job, .. } => {
                let map = self.keep(job)?;
                return self.weighted(node, Held::Gathered(map, ONE), out, taps);
            }
            Held::Gathered(map, gather) => {
                let one = taps(0, 0);
                if (one.window, one.stride, one.padding) != ([1; 2], [1; 2], [[0; 2]; 2]) {
                    return Err(refused("windows over currents; only 1×1 windows see currents")
                        .help("put neurons before this layer, or pool before a 1×1 window"));
                }
                let source = Source::Currents(map, gather);
                vec![Part { source, before: false, taps: Taps::one(), first: 0 }]
            }
        };
        // What comes from the chunk before goes first, as in an addition.
        let (late, now): (Vec<_>, Vec<_>) = parts.into_iter().partition(|p| p.before);
        let mut last = None;
        for part in late.into_iter().chain(now) {
            let [inputs, h, w] = self.map(part.source);
            let window =
                |row, i: usize| taps(row, part.first as usize + i).over(&part.taps, [h, w]);
            let mut sum = sum_job(rows, inputs as usize, window).map_err(refused)?;
            if part.taps != Taps::one() {
                let [h, w] = sum.window;
                let message = format!(
                    "{}: sums of windows before it are part of its own, {h}×{w}",
                    node.name
                );
                self.notes.push(message);
            }
            if let Some(before) = last {
                sum.add = Some(self.keep(before)?);
            }
            last = Some(self.begin(&node.name, (part.source, part.before), sum, out));
        }
        let job = last.ok_or_else(|| refused("it takes nothing"))?;
        Ok(Held::Currents { job, sealed: false })
    }

    /// A job that goes on with a stream as it is.
    pub(super) fn copy(&mut self, node: &Node, held: Held) -> Result<usize> {
        let out = self.shape(&held);
        let taps = |row, channel| Taps { factors: vec![i64::from(row == channel)], ..Taps::one() };
        match self.weighted(node, held, out, taps)? {
            Held::Currents { job, .. } => Ok(job),
            _ => Err(crate::diag::Diagnostic::internal("legalise", "a copy is a job")),
        }
    }

    pub(super) fn pool(&mut self, node: &Node, p: &Pool, x: NodeId) -> Result<Held> {
        let (held, _) = self.places(node, x)?;
        let refused = |why: &str| unsupported(node, why);
        let taps = Taps::new(&p.window, |_| 1).ok_or_else(|| refused("its window is immense"))?;
        match (p.kind, held) {
            (PoolKind::Sum, Held::Events(parts)) => {
                let over = |part: Part| {
                    let [_, h, w] = self.map(part.source);
                    let taps = taps.over(&part.taps, [h, w]).map_err(refused)?;
                    Ok(Part { taps, ..part })
                };
                Ok(Held::Events(parts.into_iter().map(over).collect::<Result<_>>()?))
            }
            (PoolKind::Sum, Held::Currents { job, .. }) => {
                let tiles = taps.stride == taps.window && taps.padding == [[0; 2]; 2];
                if !tiles || p.window.dilation.iter().any(|d| *d != 1) {
                    return Err(refused("windows of currents that overlap or have padding")
                        .help("pool currents with a stride as long as the window"));
                }
                Ok(Held::Gathered(self.keep(job)?, Gather { window: taps.window, ..ONE }))
            }
            (PoolKind::Max, Held::Events(parts)) if node.stream.kind == Kind::Spikes => {
                self.or(node, &taps, parts)
            }
            (PoolKind::Max, _) => Err(refused("the largest of a window, of other than spikes")
                .help("put neurons before the pool, or pool by means")),
            (PoolKind::Sum, Held::Gathered(..)) => {
                Err(refused("sums of windows of sums of windows of currents")
                    .help("make one pool of both"))
            }
            (PoolKind::Average | PoolKind::AverageInside, _) => {
                Err(refused("means are real numbers; sums were expected"))
            }
        }
    }

    /// A job for each part of the stream that makes the OR of each window.
    fn or(&mut self, node: &Node, taps: &Taps, parts: Vec<Part>) -> Result<Held> {
        let refused = |why: &str| unsupported(node, why);
        if taps.padding != [[0; 2]; 2] || taps.factors.contains(&0) {
            return Err(refused("the largest of a window with padding or gaps")
                .help("pool without padding and dilation"));
        }
        let mut pooled = Vec::new();
        for part in parts {
            let Source::Trains(from) = part.source else {
                return Err(refused("the largest of a window of the input")
                    .help("pool before the input is sent"));
            };
            if part.taps != Taps::one() {
                return Err(refused("the largest of sums of windows"));
            }
            let [c, h, w] = self.trains[from].shape;
            let [oh, ow] = taps.places([h, w]);
            let to = self.train_map([c, oh, ow]);
            let work = Work::Or { window: taps.window, stride: taps.stride, to };
            let name = node.name.clone();
            let (source, before) = (part.source, part.before);
            self.jobs.push(Job { name, source, before, own: None, work, out: [c, oh, ow] });
            pooled.push(Part { source: Source::Trains(to), before: false, ..part });
        }
        Ok(Held::Events(pooled))
    }

    pub(super) fn concat(&mut self, node: &Node, c: &Concat, all: &[NodeId]) -> Result<Held> {
        if c.axis != 0 {
            return Err(unsupported(node, "streams behind one another in a dimension of places")
                .help("put channels behind one another"));
        }
        let mut parts = Vec::new();
        let mut currents = Vec::new();
        let mut first = 0;
        for &x in all {
            let (held, [channels, h, w]) = self.places(node, x)?;
            match held {
                Held::Events(own) => {
                    let behind = |p: Part| Part { first: first + p.first, ..p };
                    parts.extend(own.into_iter().map(behind));
                }
                Held::Currents { job, .. } if h * w == 1 => currents.push((self.keep(job)?, first)),
                _ => {
                    return Err(unsupported(node, "maps of currents behind one another")
                        .help("put neurons before it, or add the maps"));
                }
            }
            first += channels;
        }
        match (parts.is_empty(), currents.is_empty()) {
            (false, true) => Ok(Held::Events(parts)),
            (true, false) => self.within(node, currents, first),
            _ => Err(unsupported(node, "spikes and currents behind one another")
                .help("put neurons before it, or remove them")),
        }
    }

    /// Vectors of currents side by side in one map: (map, first channel).
    fn within(&mut self, node: &Node, parts: Vec<(usize, u32)>, channels: u32) -> Result<Held> {
        let around = self.currents.len();
        for (map, first) in parts {
            if self.parts.iter().any(|p| p.0 == map) {
                return Err(unsupported(node, "a vector of currents that lies in two others"));
            }
            self.parts.push((map, around, first));
        }
        let mut map = self.currents[0].clone();
        map.shape = [channels, 1, 1];
        self.currents.push(map);
        Ok(Held::Gathered(around, ONE))
    }
}

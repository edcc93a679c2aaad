// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What follows weighted sums: scales, additions, neurons, the readout.

use super::super::{Neurons, Source, Then};
use super::streams::{Held, Part, extents};
use super::weights::Taps;
use super::{Builder, unsupported};
use crate::diag::Result;
use crate::hw::ReadoutStage;
use crate::hw::stages::{adds_up, resets_elsewhere, rests_at_zero};
use crate::ir::{
    Delay, FixedLi, FixedLif, FixedReadout, FixedScale, Kind, Node, NodeId, Op, PerChannel, Taken,
    entry,
};

/// The class is sent as a byte.
const MAX_CLASSES: usize = 256;

/// What a job must still be free of, so that something can go into its tail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Free {
    /// Everything.
    Plain,
    /// A second operand, and what comes behind it.
    Open,
    /// A leak, and what becomes of its currents.
    Still,
    /// What becomes of its currents.
    End,
}

impl Builder<'_> {
    /// The job that ends in the stream `x` and can still take something; a copy if there is
    /// none.
    fn fresh(&mut self, node: &Node, x: NodeId, free: Free) -> Result<usize> {
        let held = self.stream(x)?.clone();
        if let Held::Currents { job, sealed: false } = held
            && self.is_free(job, free)?
        {
            return Ok(job);
        }
        let name = &self.graph.node(x).name;
        self.notes.push(format!("{}: a job of its own goes on with `{name}`", node.name));
        let job = self.copy(node, held)?;
        // The parts of a sum of events have been added up: once more.
        if self.is_free(job, free)? {
            return Ok(job);
        }
        self.copy(node, Held::Currents { job, sealed: false })
    }

    fn is_free(&mut self, job: usize, free: Free) -> Result<bool> {
        let sum = self.sum(job)?;
        Ok(match free {
            Free::Plain => sum.is_plain(),
            Free::Open => sum.is_open(),
            Free::Still => sum.leak.is_none() && sum.is_unread(),
            Free::End => sum.is_unread(),
        })
    }

    pub(super) fn scale(&mut self, node: &Node, s: &FixedScale, x: NodeId) -> Result<Held> {
        if let Held::Gathered(map, gather) = *self.stream(x)?
            && gather.shift == 0
            && let Some(shift) = rounding(s)
        {
            return Ok(Held::Gathered(map, super::super::Gather { shift, ..gather }));
        }
        let shape = self.shape(self.stream(x)?);
        let list = |v: &[i64], absent| self.per_channel(node, v, shape, absent);
        let (gain, offset) = (list(&s.gain, 1)?, list(&s.offset, 0)?);
        let job = self.fresh(node, x, Free::Plain)?;
        let sum = self.sum(job)?;
        (sum.gain, sum.offset, sum.shift) = (gain, offset, s.shift);
        Ok(Held::Currents { job, sealed: false })
    }

    pub(super) fn add(&mut self, node: &Node, all: &[NodeId]) -> Result<Held> {
        if !matches!(node.stream.kind, Kind::Current { .. }) {
            let mut parts = Vec::new();
            for &x in all {
                match self.stream(x)? {
                    Held::Events(own) => parts.extend(own.iter().cloned()),
                    _ => return Err(unsupported(node, "events and currents as levels")),
                }
            }
            let shape = self.shape(self.stream(all[0])?);
            return match all
                .iter()
                .all(|&x| self.held.get(&x).map(|h| self.shape(h)) == Some(shape))
            {
                true => Ok(Held::Events(parts)),
                false => Err(unsupported(node, "it adds maps of different shapes")),
            };
        }
        // Each once; how often is a factor.
        let mut terms: Vec<(NodeId, i64)> = Vec::new();
        for &x in all {
            match terms.iter_mut().find(|t| t.0 == x) {
                Some(term) => term.1 += 1,
                None => terms.push((x, 1)),
            }
        }
        // Last those that can add the others, best one that leaves both banks of currents alone.
        // What comes from the chunk before goes first: neurons whose trains a job reads are not
        // computed in the same one.
        let mut ready = Vec::new();
        for &(x, times) in &terms {
            let late = self.is_late(self.stream(x)?);
            ready.push(((!late, self.adds(x, times)?), x, times));
        }
        ready.sort_by_key(|r| r.0);
        let mut so_far: Option<usize> = None;
        let mut shape = None;
        for (_, x, times) in ready {
            let own = self.shape(self.stream(x)?);
            if *shape.get_or_insert(own) != own {
                return Err(unsupported(node, "it adds maps of different shapes"));
            }
            let first = so_far.is_none();
            let job = match *self.stream(x)? {
                // Whoever comes next adds what is kept.
                Held::Currents { job, .. } if first && times == 1 => job,
                _ if times == 1 => self.fresh(node, x, Free::Open)?,
                _ => {
                    let job = self.fresh(node, x, Free::Plain)?;
                    self.sum(job)?.gain.fill(times);
                    job
                }
            };
            if let Some(before) = so_far {
                let map = self.keep(before)?;
                self.sum(job)?.add = Some(map);
            }
            so_far = Some(job);
        }
        let job = so_far.ok_or_else(|| unsupported(node, "it adds nothing"))?;
        // A single term that occurs once cannot be: an addition has two operands.
        Ok(Held::Currents { job, sealed: false })
    }

    /// How well a stream can take others to itself: 0 if only a copy of it can.
    fn adds(&mut self, x: NodeId, times: i64) -> Result<u32> {
        let Held::Currents { job, sealed: false } = *self.stream(x)? else { return Ok(0) };
        let reads_currents = matches!(self.jobs[job].source, Source::Currents(..));
        let free = if times == 1 { Free::Open } else { Free::Plain };
        Ok(if self.is_free(job, free)? { 2 - u32::from(reads_currents) } else { 0 })
    }

    pub(super) fn lif(
        &mut self,
        (id, node): (NodeId, &Node),
        l: &FixedLif,
        x: NodeId,
    ) -> Result<Held> {
        let kind = self.kind(node, l)?;
        rests_at_zero(node, l)?;
        let held = self.stream(x)?.clone();
        let shape = self.shape(&held);
        let neurons = Neurons {
            name: node.name.clone(),
            kind,
            sign: self.per_channel(node, &l.sign, shape, 1)?,
            bias: self.per_channel(node, &l.bias, shape, 0)?,
            threshold: self.per_channel(node, &l.threshold, shape, 1)?,
        };
        let finer = l.frac - self.frac;
        let job = match held {
            Held::Currents { job, .. }
                if finer == 0 && matches!(self.sum(job)?.then, Then::Maps { fire: None, .. }) =>
            {
                job
            }
            // A finer unit of the membrane is a factor of the sums.
            _ if finer > 0 => {
                let job = self.fresh(node, x, Free::Plain)?;
                self.sum(job)?.gain.fill(1 << finer);
                job
            }
            _ => self.fresh(node, x, Free::End)?,
        };
        let promised = self.promised.get(&id).copied();
        if promised.is_some_and(|map| self.trains[map].shape != shape) {
            return Err(unsupported(node, "its spikes come back in another shape"));
        }
        let map = promised.unwrap_or_else(|| self.train_map(shape));
        // A job does not write the map that it reads: a copy of its currents fires.
        let itself = self.jobs[job].source == Source::Trains(map);
        let job =
            if itself { self.copy(node, Held::Currents { job, sealed: false })? } else { job };
        if let Then::Maps { fire, .. } = &mut self.sum(job)?.then {
            *fire = Some((neurons, map));
        }
        Ok(Held::of(Source::Trains(map)))
    }

    /// Currents that leak, in the tail of the job that they come from.
    pub(super) fn li(&mut self, node: &Node, l: &FixedLi, x: NodeId) -> Result<Held> {
        let leak = self.leak(node, l)?;
        if l.start.iter().any(|v| *v != 0) {
            return Err(unsupported(node, "currents that start at another value than 0"));
        }
        let resets = l.resets.as_ref();
        if resets.is_some_and(|r| r.reset_to.iter().any(|v| *v != 0)) {
            return Err(resets_elsewhere(node));
        }
        let shape = self.shape(self.stream(x)?);
        let (sign, bias) = (
            self.per_channel(node, &l.sign, shape, 1)?,
            self.per_channel(node, &l.bias, shape, 0)?,
        );
        let theta = match resets {
            Some(r) => self.per_channel(node, &r.threshold, shape, 1)?,
            None => Vec::new(),
        };
        let same = l.frac == 0 && sign.iter().all(|s| *s == 1);
        // The bias is an offset; another unit or sign is a factor of the sums.
        let job = self.fresh(node, x, if same { Free::Still } else { Free::Plain })?;
        let sum = self.sum(job)?;
        if !same {
            sum.gain = sign.iter().map(|s| i64::from(*s) << l.frac).collect();
        }
        for (offset, bias) in sum.offset.iter_mut().zip(bias) {
            *offset = offset.saturating_add(bias.saturating_mul(1 << sum.shift.min(62)));
        }
        (sum.leak, sum.theta) = (Some(leak), theta);
        Ok(Held::Currents { job, sealed: false })
    }

    /// Spikes of earlier timesteps: those of the chunk before, which is as wide.
    pub(super) fn delay(&mut self, node: &Node, d: &Delay, x: NodeId) -> Result<Held> {
        let from = self.graph.node(x);
        let PerChannel::All(steps) = d.steps else {
            return Err(unsupported(node, "delays that differ between the elements of a stream"));
        };
        if steps == 0 {
            return Ok(self.stream(x)?.clone());
        }
        if !matches!(from.op, Op::FixedLif(_)) {
            return Err(unsupported(node, "a delay of other than the spikes of neurons"));
        }
        if self.delay.replace(steps).is_some_and(|other| other != steps) {
            return Err(unsupported(node, "delays of several lengths"));
        }
        let shape = extents(&from.stream.shape)
            .ok_or_else(|| unsupported(node, "maps of more than two dimensions"))?;
        let map = match self.promised.get(&x) {
            Some(&map) => map,
            // Neurons that come first write where nobody looks for what they fired before.
            None if self.stream(x).is_ok() => {
                return Err(unsupported(node, "a delay of spikes that is on no cycle")
                    .help("`synfire simulate` runs the model without hardware"));
            }
            None => self.train_map(shape),
        };
        self.promised.insert(x, map);
        let part = Part { source: Source::Trains(map), before: true, taps: Taps::one(), first: 0 };
        Ok(Held::Events(vec![part]))
    }

    pub(super) fn read(&mut self, node: &Node, r: &FixedReadout, x: NodeId) -> Result<()> {
        let held = self.stream(x)?.clone();
        let [classes, h, w] = self.shape(&held);
        if h * w > 1 {
            return Err(unsupported(node, format!("a map of {h}×{w} places is read out"))
                .help("pool it to one place, or end in a linear layer"));
        }
        if classes as usize > MAX_CLASSES {
            let message = format!("{classes} classes; up to {MAX_CLASSES} are possible");
            return Err(unsupported(node, message));
        }
        let of = |list: &[i64], absent| {
            let n = classes as usize;
            (0..n).map(|c| entry(list, c, n, absent)).collect::<Vec<_>>()
        };
        let mut job = self.fresh(node, x, Free::End)?;
        // It comes last, and what reads the chunk before comes before those that write.
        if self.jobs[job].before {
            job = self.copy(node, Held::Currents { job, sealed: false })?;
        }
        self.sum(job)?.then = Then::Readout;
        adds_up(node, r)?;
        self.last = r.kind == Taken::Last;
        self.readout = Some(ReadoutStage {
            name: node.name.clone(),
            input_bits: 0,
            gain: of(&r.gain, 0),
            offset: of(&r.offset, 0),
            gain_bits: r.gain_width,
            offset_bits: 0,
            logit_bits: r.width,
            block: false,
            steps: 1,
            members: 1,
            margins: Vec::new(),
        });
        Ok(())
    }

    /// A list that has one entry a channel of the map, or the same for all elements of one.
    fn per_channel<T: Copy + PartialEq>(
        &self,
        node: &Node,
        list: &[T],
        [channels, h, w]: [u32; 3],
        absent: T,
    ) -> Result<Vec<T>> {
        let (channels, area) = (channels as usize, (h * w) as usize);
        let of = |c: usize, place: usize| entry(list, c * area + place, channels * area, absent);
        if (0..channels).any(|c| (1..area).any(|p| of(c, p) != of(c, 0))) {
            return Err(unsupported(node, "parameters that differ between places of a channel")
                .help("the processor has one set of parameters a channel"));
        }
        Ok((0..channels).map(|c| of(c, 0)).collect())
    }
}

/// Bits that a scale drops if it does nothing but round to a coarser unit.
fn rounding(s: &FixedScale) -> Option<u32> {
    let gain = *s.gain.first()?;
    let offset = s.offset.first().copied().unwrap_or(0);
    let same = s.gain.iter().all(|g| *g == gain) && s.offset.iter().all(|o| *o == offset);
    let power = gain > 0 && gain.count_ones() == 1;
    let shift = s.shift.checked_sub(gain.trailing_zeros())?;
    let half = if s.shift > 0 && shift > 0 { 1i64 << (s.shift - 1) } else { 0 };
    (same && power && offset == half).then_some(shift)
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How the stream of a node is there while jobs are built.

use super::super::Bank;
use super::super::{CurrentMap, Gather, Job, Source, SumJob, Then, TrainMap, Work};
use super::weights::Taps;
use super::{Builder, unsupported};
use crate::diag::Result;
use crate::ir::{Graph, Node, NodeId, Op};

/// A node's stream. Reshaping changes nothing: elements keep their order.
#[derive(Debug, Clone)]
pub(super) enum Held {
    /// Levels or spikes: the sum of these parts.
    Events(Vec<Part>),
    /// The result of a job.
    Currents {
        job: usize,
        /// Something else reads it: it has to stay what it is.
        sealed: bool,
    },
    /// Sums of windows of a map of currents, rounded.
    Gathered(usize, Gather),
}

/// Channels of a stream of events.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The map; of currents none.
    pub(super) source: Source,
    /// What it had in the chunk of timesteps before.
    pub(super) before: bool,
    /// What each element is of the map's: a sum of a window.
    pub(super) taps: Taps,
    /// The stream's channel that the map's first one is part of.
    pub(super) first: u32,
}

impl Held {
    /// What lies in a map of levels or trains.
    pub(super) fn of(source: Source) -> Self {
        Self::Events(vec![Part { source, before: false, taps: Taps::one(), first: 0 }])
    }
}

/// Channels, rows and columns of a stream.
pub(super) fn extents(shape: &[usize]) -> Option<[u32; 3]> {
    match *shape {
        [c] => Some([c as u32, 1, 1]),
        [c, w] => Some([c as u32, 1, w as u32]),
        [c, h, w] => Some([c as u32, h as u32, w as u32]),
        _ => None,
    }
}

/// The shape in which windows see a node's stream; none if no window does.
pub(super) fn seen_as(graph: &Graph, id: NodeId) -> Option<[u32; 3]> {
    graph.users(id).into_iter().find_map(|user| match graph.node(user).op {
        Op::Conv(_) | Op::Pool(_) => extents(&graph.node(id).stream.shape),
        Op::Reshape(_) => seen_as(graph, user),
        _ => None,
    })
}

impl Builder<'_> {
    /// Extents of a map.
    pub(super) fn map(&self, source: Source) -> [u32; 3] {
        match source {
            Source::Input => self.input_shape,
            Source::Trains(m) => self.trains[m].shape,
            Source::Currents(m, g) => {
                let [c, h, w] = self.currents[m].shape;
                [c, h / g.window[0], w / g.window[1]]
            }
        }
    }

    /// Extents in which a stream is there.
    pub(super) fn shape(&self, held: &Held) -> [u32; 3] {
        match held {
            Held::Events(parts) => {
                let of = |p: &Part| {
                    let [c, h, w] = self.map(p.source);
                    let [h, w] = p.taps.places([h, w]);
                    [p.first + c, h, w]
                };
                // Parts differ in channels alone.
                parts.iter().map(of).max().unwrap_or([0; 3])
            }
            Held::Currents { job, .. } => self.jobs[*job].out,
            Held::Gathered(m, g) => self.map(Source::Currents(*m, *g)),
        }
    }

    /// The stream of `x` as windows see it.
    ///
    /// # Errors
    /// `HW_UNSUPPORTED` if its places are not those of the map.
    pub(super) fn places(&self, node: &Node, x: NodeId) -> Result<(Held, [u32; 3])> {
        let held = self.stream(x)?.clone();
        let shape = self.shape(&held);
        let seen = &self.graph.node(x).stream.shape;
        if extents(seen) == Some(shape) {
            return Ok((held, shape));
        }
        let [c, h, w] = shape;
        Err(unsupported(node, format!("it sees {seen:?} where a layer computes [{c}, {h}, {w}]"))
            .help("windows see maps of one or two dimensions as the layer before writes them"))
    }

    /// A job for weighted sums with nothing behind them; its index.
    pub(super) fn begin(
        &mut self,
        name: &str,
        (source, before): (Source, bool),
        sum: SumJob,
        out: [u32; 3],
    ) -> usize {
        let taken = |name: &str| self.jobs.iter().any(|j| j.name == name);
        let mut unique = name.to_owned();
        let mut k = 1;
        while taken(&unique) {
            k += 1;
            unique = format!("{name}.{k}");
        }
        let work = Work::Sum(Box::new(sum));
        self.jobs.push(Job { name: unique, source, before, own: None, work, out });
        self.jobs.len() - 1
    }

    /// The weighted sums of a job.
    pub(super) fn sum(&mut self, job: usize) -> Result<&mut SumJob> {
        match &mut self.jobs[job].work {
            Work::Sum(sum) => Ok(sum),
            Work::Or { .. } => Err(crate::diag::Diagnostic::internal("legalise", "no sum job")),
        }
    }

    /// The map that keeps a job's currents.
    pub(super) fn keep(&mut self, job: usize) -> Result<usize> {
        let next = self.currents.len();
        let shape = self.jobs[job].out;
        let sum = self.sum(job)?;
        let Then::Maps { keep, .. } = &mut sum.then else {
            return Err(crate::diag::Diagnostic::internal("legalise", "a readout keeps nothing"));
        };
        let map = *keep.get_or_insert(next);
        if map == next {
            self.currents.push(CurrentMap { shape, bank: Bank::A, base: 0 });
        }
        Ok(map)
    }

    /// Does the stream come from the chunk before?
    pub(super) fn is_late(&self, held: &Held) -> bool {
        match held {
            Held::Events(parts) => parts.iter().any(|p| p.before),
            Held::Currents { job, .. } => self.jobs[*job].before,
            Held::Gathered(..) => false,
        }
    }

    /// A new map of trains.
    pub(super) fn train_map(&mut self, shape: [u32; 3]) -> usize {
        self.trains.push(TrainMap { shape, halo: 0, base: 0 });
        self.trains.len() - 1
    }
}

impl SumJob {
    /// Has nothing been done to the sums yet?
    pub(super) fn is_plain(&self) -> bool {
        self.shift == 0
            && self.gain.iter().all(|g| *g == 1)
            && self.offset.iter().all(|o| *o == 0)
            && self.is_open()
    }

    /// Can a map still be added?
    pub(super) fn is_open(&self) -> bool {
        self.add.is_none() && self.leak.is_none() && self.is_unread()
    }

    /// Does nothing become of its currents yet?
    pub(super) fn is_unread(&self) -> bool {
        matches!(self.then, Then::Maps { keep: None, fire: None })
    }
}

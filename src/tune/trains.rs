// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a model did on samples, kept so that any choice of its members can be looked at later.

use super::infer::{Work, classes, infer_watching};
use super::rest::rest;
use super::split::Place;
use crate::data::Samples;
use crate::diag::{Diagnostic, Result, codes};
use crate::interp::{Interp, Stimulus};
use crate::ir::{Graph, NodeId, Op};
use crate::pass::{Ensemble, ensemble};

/// Most bytes that the members' results of all samples may take.
const MOST: usize = 2 << 30;

/// What the whole model did on one sample.
#[derive(Debug, Clone)]
pub(super) struct Train {
    /// The class after each timestep.
    pub(super) classes: Vec<u16>,
    /// What the members gave, `[timestep][member after member]`; empty without an ensemble.
    pub(super) values: Vec<Vec<f64>>,
}

/// Where the members of a model end.
#[derive(Debug, Clone)]
pub(super) struct Members {
    pub(super) found: Ensemble,
    /// Elements that each gives.
    pub(super) sizes: Vec<usize>,
    /// Are they added, or put together?
    pub(super) adds: bool,
}

impl Members {
    /// The members of a model, if it has some.
    pub(super) fn of(graph: &Graph) -> Result<Option<Self>> {
        let Some(found) = ensemble(graph)? else { return Ok(None) };
        let sizes = found.ends.iter().map(|&e| graph.node(e).stream.len()).collect();
        let adds = graph.node(found.join).op == Op::Add;
        // What follows must depend on nothing else, or it could not be run by itself.
        let whole = rest(graph, found.join)?.is_some();
        Ok(whole.then_some(Self { found, sizes, adds }))
    }

    pub(super) fn count(&self) -> usize {
        self.sizes.len()
    }

    /// What `keep` give, added or put together, out of what all of them gave.
    pub(super) fn gather(&self, values: &[f64], keep: &[usize]) -> Vec<f64> {
        let from = |m: usize| self.sizes[..m].iter().sum::<usize>();
        let part = |&m: &usize| &values[from(m)..from(m) + self.sizes[m]];
        if !self.adds {
            return keep.iter().flat_map(part).copied().collect();
        }
        let mut sum = vec![0.0; self.sizes[0]];
        keep.iter().for_each(|m| sum.iter_mut().zip(part(m)).for_each(|(s, v)| *s += v));
        sum
    }
}

/// Refuses what would not fit into memory: `values` numbers of each sample.
pub(super) fn room(members: &Members, timesteps: u32, samples: usize) -> Result<()> {
    let one = members.sizes.iter().sum::<usize>() * timesteps as usize * size_of::<f64>();
    let most = MOST / one.max(1);
    if samples <= most {
        return Ok(());
    }
    let message = format!(
        "what the members give takes {one} bytes a sample, and there are {samples}: at most {most} fit"
    );
    Err(Diagnostic::new(&codes::BAD_OPTION, message).help("take fewer samples with --count"))
}

/// Runs a model on samples.
pub(super) fn trains(
    graph: &Graph,
    members: Option<&Members>,
    samples: &Samples,
    places: &[Place],
    work: &Work<'_>,
) -> Result<Vec<Train>> {
    let ends: &[NodeId] = members.map_or(&[], |m| &m.found.ends);
    work.each(
        places,
        || Interp::new(graph),
        |interp, place| {
            let mut values =
                vec![Vec::new(); if ends.is_empty() { 0 } else { graph.timesteps as usize }];
            let mut seen: Vec<Vec<f64>> = vec![Vec::new(); ends.len()];
            let record = infer_watching(interp, samples, place, &mut |id, t, value| {
                let mut any = false;
                for (m, _) in ends.iter().enumerate().filter(|(_, e)| **e == id) {
                    (seen[m], any) = (value.to_reals(), true);
                }
                if any {
                    values[t as usize] = seen.concat();
                }
            })?;
            Ok(Train { classes: classes(graph, &record)?, values })
        },
    )
}

/// The classes that what follows the members gives, on what `keep` gave: after each timestep.
pub(super) fn after(
    rest: &Graph,
    members: &Members,
    keep: &[usize],
    trains: &[Train],
    work: &Work<'_>,
) -> Result<Vec<Vec<u16>>> {
    let places: Vec<Place> = (0..trains.len()).collect();
    work.each(
        &places,
        || Interp::new(rest),
        |interp, i| {
            // Those after the last timestep of `rest` are not looked at.
            let steps: Vec<Vec<f64>> =
                trains[i].values.iter().map(|v| members.gather(v, keep)).collect();
            classes(rest, &interp.run_on(Stimulus::RealSteps(&steps))?)
        },
    )
}

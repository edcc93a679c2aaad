// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Members of an ensemble one after the other, and when the first ones are enough.
//!
//! After each member the logits of those so far have a largest one, by a lead over all others. A
//! margin that the lead has to exceed is chosen on samples of its own (calibrated): the smallest
//! cost at which the loss is within a budget, with a confidence of 97.5 %.

use serde::Serialize;

use super::infer::{Work, infer};
use super::paired::{Share, gain};
use super::split::Place;
use crate::data::Samples;
use crate::diag::{Diagnostic, Result};
use crate::interp::{Interp, Logits, lead};
use crate::ir::Graph;
use crate::pass;

/// What the members so far give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// Integer logits.
    pub logits: Vec<i64>,
    /// First class with the largest.
    pub class: usize,
    /// By how much it is above all others.
    pub lead: i64,
}

/// The graphs of the first member, the first two, and so on.
pub struct Early(Vec<Graph>);

impl Early {
    /// Of an integer graph with `count` members, of which these run, in this order.
    ///
    /// # Errors
    /// As [`pass::left`].
    pub fn new(graph: &Graph, timesteps: u32, members: &[u32], count: u32) -> Result<Self> {
        let first = |n: usize| pass::left(graph, timesteps, &members[..n], count);
        (1..=members.len()).map(first).collect::<Result<_>>().map(Self)
    }

    /// What runs them.
    ///
    /// # Errors
    /// If a graph is not well-formed.
    pub fn interps(&self) -> Result<Vec<Interp<'_>>> {
        self.0.iter().map(Interp::new).collect()
    }
}

/// A sample after as many members as it takes for `enough`, which is told how many there are and what
/// they give; else after all.
///
/// # Errors
/// What the interpreter reports.
pub fn until(
    interps: &[Interp<'_>],
    samples: &Samples,
    place: Place,
    mut enough: impl FnMut(usize, &After) -> bool,
) -> Result<(usize, After)> {
    for (i, interp) in interps.iter().enumerate() {
        let record = infer(interp, samples, place)?;
        let Logits::Integer(logits) = record.logits else { break };
        let lead = lead(&logits, record.class);
        let after = After { logits, class: record.class, lead };
        if enough(i + 1, &after) || i + 1 == interps.len() {
            return Ok((i + 1, after));
        }
    }
    Err(Diagnostic::internal("tune", "no integer graph of an ensemble"))
}

/// A margin, and what the samples that chose it say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Margin {
    /// A lead above it is enough, in units of a logit.
    pub margin: i64,
    /// Samples that chose.
    pub samples: usize,
    /// How much more often the class is right than with all members (a loss is negative).
    pub gain: Share,
    /// Members that run, on average.
    pub members: f64,
}

/// As many margins are tried.
const TRIED: usize = 256;

/// Chooses the margin with which the fewest members run, of those that lose at most `budget` (a
/// share): the lower end of the paired interval decides. With the largest lead there is nothing
/// is lost.
///
/// # Errors
/// What the interpreter reports.
pub fn calibrate(
    early: &Early,
    samples: &Samples,
    places: &[Place],
    budget: f64,
    work: &Work<'_>,
) -> Result<Margin> {
    let label = |p: Place| samples.labels.as_ref().and_then(|l| l.get(p)).map(|l| *l as usize);
    let all: Vec<Vec<(bool, i64)>> = work.each(
        places,
        || early.interps(),
        |interps, p| {
            let mut steps = Vec::new();
            until(interps, samples, p, |_, after| {
                steps.push((Some(after.class) == label(p), after.lead));
                false
            })?;
            Ok(steps)
        },
    )?;
    Ok(margin(&all, budget))
}

/// The same of samples that were run: after each member, is the class right, and by what lead.
fn margin(all: &[Vec<(bool, i64)>], budget: f64) -> Margin {
    let whole: Vec<bool> = all.iter().filter_map(|s| s.last()).map(|s| s.0).collect();
    let mut leads: Vec<i64> = all
        .iter()
        .flat_map(|s| s.iter().take(s.len().saturating_sub(1)).map(|(_, lead)| *lead))
        .collect();
    leads.sort_unstable();
    let last = leads.len().saturating_sub(1);
    let mut tried: Vec<i64> =
        (0..=TRIED).filter_map(|k| leads.get(k * last / TRIED).copied()).chain([0]).collect();
    tried.sort_unstable();
    tried.dedup();
    let of = |margin: i64| {
        let ends = |s: &[(bool, i64)]| {
            let first = s.iter().position(|(_, lead)| *lead > margin);
            first.unwrap_or(s.len().saturating_sub(1))
        };
        let right: Vec<bool> = all.iter().map(|s| s.get(ends(s)).is_some_and(|s| s.0)).collect();
        let ran: usize = all.iter().map(|s| ends(s) + 1).sum();
        let members = ran as f64 / all.len().max(1) as f64;
        Margin { margin, samples: all.len(), gain: gain(&whole, &right), members }
    };
    let found = tried.into_iter().map(of).filter(|m| m.gain.low >= -budget);
    let nothing_left_out = of(leads.last().copied().unwrap_or(0));
    found.min_by(|a, b| a.members.total_cmp(&b.members)).unwrap_or(nothing_left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1,000 samples of two members. The first one has a lead of 1 to 10; where it is 4 or less it is
    /// wrong and the second one right. All others are right.
    fn samples() -> Vec<Vec<(bool, i64)>> {
        (0..1000).map(|i| i % 10 + 1).map(|lead| vec![(lead > 4, lead), (true, 50)]).collect()
    }

    #[test]
    fn the_margin_leaves_out_what_the_budget_allows() {
        // A lead of more than 4 is always right; six tenths of the samples have one.
        let none = margin(&samples(), 0.005);
        assert_eq!((none.margin, none.members, none.gain.value), (4, 1.4, 0.0));
        // A margin of 3 loses a tenth, 10 points, and the interval reaches further.
        let ten = margin(&samples(), 0.1);
        assert_eq!((ten.margin, ten.members), (4, 1.4));
        let more = margin(&samples(), 0.13);
        assert_eq!((more.margin, more.members, more.gain.value), (3, 1.3, -0.1));
        assert!(more.gain.low >= -0.13 && more.samples == 1000);
        // Whatever is lost: the first member alone.
        assert_eq!(margin(&samples(), 1.0).members, 1.0);
    }

    #[test]
    fn where_every_margin_loses_too_much_all_members_run() {
        let wrong: Vec<_> = (0..100).map(|i| vec![(false, i), (true, 9)]).collect();
        let found = margin(&wrong, 0.0);
        assert_eq!((found.margin, found.members), (99, 2.0));
    }
}

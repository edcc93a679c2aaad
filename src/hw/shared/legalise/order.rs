// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The order of the jobs: each after those that write what it reads.

use super::super::{Source, Then, Work};
use super::Plan;
use crate::diag::{Diagnostic, Result};

/// Sorts the jobs; those that depend on nothing new keep their order.
pub(super) fn sort(plan: &mut Plan) -> Result<()> {
    let mut waiting: Vec<_> = std::mem::take(&mut plan.shared.jobs);
    while !waiting.is_empty() {
        let next = (0..waiting.len()).find(|&j| {
            let others = waiting.iter().enumerate().filter(|(k, _)| *k != j);
            !others.into_iter().any(|(_, other)| feeds(&plan.parts, other, &waiting[j]))
        });
        let Some(next) = next else {
            return Err(Diagnostic::internal("legalise", "jobs wait for each other"));
        };
        let job = waiting.remove(next);
        plan.shared.jobs.push(job);
    }
    Ok(())
}

/// Does a job read what another one writes?
fn feeds(parts: &[(usize, usize, u32)], from: &super::Job, to: &super::Job) -> bool {
    let (mut trains, mut kept) = (None, None);
    match &from.work {
        Work::Or { to, .. } => trains = Some(*to),
        Work::Sum(sum) => {
            if let Then::Maps { keep, fire } = &sum.then {
                (trains, kept) = (fire.as_ref().map(|f| f.1), *keep);
            }
        }
    }
    let around = kept.and_then(|m| parts.iter().find(|p| p.0 == m)).map(|p| p.1);
    let is = |map: usize| kept == Some(map) || around == Some(map);
    let adds = matches!(&to.work, Work::Sum(sum) if sum.add.is_some_and(is));
    adds || match to.source {
        Source::Input => false,
        Source::Trains(m) => trains == Some(m),
        Source::Currents(m, _) => is(m),
    }
}

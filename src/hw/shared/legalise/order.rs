// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The order of the jobs: each after those that write what it reads, but before them if it reads
//! what they wrote in the chunk before.

use super::super::{Source, Then, Work};
use super::Plan;
use crate::diag::{Diagnostic, Result, codes};

/// Sorts the jobs; those that depend on nothing new keep their order. The readout comes last: with
/// its result an inference is over.
pub(super) fn sort(plan: &mut Plan) -> Result<()> {
    let mut waiting: Vec<_> = std::mem::take(&mut plan.shared.jobs);
    while !waiting.is_empty() {
        let next = (0..waiting.len()).find(|&j| {
            let mut others = waiting.iter().enumerate().filter(|(k, _)| *k != j);
            let is_last =
                matches!(&waiting[j].work, Work::Sum(s) if matches!(s.then, Then::Readout));
            !others.any(|(_, other)| is_last || feeds(&plan.parts, other, &waiting[j]))
        });
        let Some(next) = next else {
            let names: Vec<_> = waiting.iter().map(|j| format!("`{}`", j.name)).collect();
            let message = format!("{} wait for each other", names.join(", "));
            return Err(Diagnostic::new(&codes::HW_UNSUPPORTED, message)
                .at(waiting[0].name.clone())
                .help("`synfire simulate` runs the model without hardware"));
        };
        let job = waiting.remove(next);
        plan.shared.jobs.push(job);
    }
    Ok(())
}

/// Has one job to come before the other: does the second one read what it writes, or it what the
/// second one has written in the chunk before?
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
    let writes = |map: usize| match &to.work {
        Work::Or { to, .. } => *to == map,
        Work::Sum(_) => to.fires().is_some_and(|(_, m)| m == map),
    };
    if let Source::Trains(m) = from.source
        && from.before
        && writes(m)
    {
        return true;
    }
    let adds = matches!(&to.work, Work::Sum(sum) if sum.add.is_some_and(is));
    adds || match to.source {
        Source::Input => false,
        Source::Trains(m) => trains == Some(m) && !to.before,
        Source::Currents(m, _) => is(m),
    }
}

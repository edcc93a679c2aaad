// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Students of an ensemble, one by one.

use synfire::diag::Result;
use synfire::ir::{Graph, Op, Weights};
use synfire_distill::nn::rng;

use crate::agree::{agree, interp, interpreted};
use crate::models;
use crate::trained::Run;
use crate::{SAMPLES, round_trip, trained};

/// Every choice of at least one of `members`.
pub(crate) fn choices(members: usize) -> impl Iterator<Item = Vec<bool>> {
    (1_u32..1 << members).map(move |set| (0..members).map(|m| set >> m & 1 == 1).collect())
}

/// What is left of the spikes of a whole network: those of the members that stay, and of the
/// neurons behind them that belong to such a member.
pub(crate) fn present(whole: &Run, active: &[bool]) -> Run {
    let mut run = whole.clone();
    let gone: Vec<usize> = (0..active.len()).filter(|m| !active[*m]).collect();
    run.spikes.retain(|name, _| {
        gone.iter().all(|m| !name.starts_with(&format!("students.0.members.{m}.")))
    });
    // In the model with maps: neurons on three channels of the first member, then four.
    for fired in run.spikes.get_mut("students.1.lif").into_iter().flatten() {
        let first = fired.len() / 7 * 3;
        let member = |i: usize| usize::from(i >= first);
        assert!(fired.iter().enumerate().all(|(i, s)| active[member(i)] || !s));
        let mut place = 0..;
        fired.retain(|_| active[member(place.next().unwrap())]);
    }
    run
}

#[test]
fn a_missing_student_is_a_silent_one() -> Result<()> {
    for (name, members) in [("ensemble", 4), ("conv-ensemble", 2)] {
        let case = models::named(name)?;
        let shown = case.shown(SAMPLES, &mut rng(7, 2));
        for active in choices(members) {
            let graph = case.subset(&active)?;
            let back = round_trip(&graph)?;
            let trained: Vec<Run> = trained::run(&case, &shown, Some(&active))?
                .iter()
                .map(|whole| present(whole, &active))
                .collect();
            let found =
                agree(&back, (&case, &shown), &trained, &interpreted(&back, &case, &shown)?)?;
            let concats = |g: &Graph| {
                let order = g.order().unwrap();
                order.iter().filter(|&&id| matches!(g.node(id).op, Op::Concat(_))).count()
            };
            let several = active.iter().filter(|on| **on).count() > 1;
            assert_eq!([concats(&graph), concats(&back)], [usize::from(several); 2]);
            eprintln!("{name} {active:?}: {found}");
        }
    }
    Ok(())
}

/// The magnitude of the head is that of all its columns, also of those that went.
#[test]
fn logits_are_sums_over_students() -> Result<()> {
    let case = models::named("ensemble")?;
    let whole = case.graph()?;
    let singles: Vec<Graph> =
        (0..4).map(|m| case.subset(&[0, 1, 2, 3].map(|i| i == m))).collect::<Result<_>>()?;
    let head = |g: &Graph| {
        let node = g.node(g.find("head.0.linear").unwrap());
        let Op::Linear(l) = &node.op else { panic!("{}", node.op.name()) };
        let Weights::Binary { scale, signs } = &l.weights else { panic!("not binary") };
        (scale.clone(), l.bias.clone().unwrap(), signs.cols())
    };
    let (scale, bias, columns) = head(&whole);
    assert_eq!(columns, singles.iter().map(|s| head(s).2).sum::<usize>());
    for single in &singles {
        assert_eq!((head(single).0, head(single).1), (scale.clone(), bias.clone()));
    }
    for sample in case.shown(SAMPLES, &mut rng(7, 3)) {
        let all = interp(&whole, &case, &sample)?.logits;
        let mut sum: Vec<f64> = bias.iter().map(|b| -3.0 * b).collect();
        for single in &singles {
            let part = interp(single, &case, &sample)?.logits;
            sum.iter_mut().zip(part).for_each(|(s, p)| *s += p);
        }
        assert!(all.iter().zip(&sum).all(|(x, y)| (x - y).abs() < 1e-12), "{all:?} {sum:?}");
    }
    Ok(())
}

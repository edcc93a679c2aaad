// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Graph to processor: jobs, numbers, places, folding, one after another.

use super::fold::{Fit, PROCESSOR, budget, excess, fold, largest};
use super::legalise::{Plan, legalise};
use super::numbers::numbers;
use super::places::places;
use crate::diag::{Diagnostic, Result, codes};
use crate::hw::{Design, Estimate, Options, Place};
use crate::ir::Graph;
use crate::target::{self, Family, Target};

/// Longest train of a chunk.
pub const MOST_WIDTH: u32 = 32;

/// Lowers an integer graph to jobs of a processor that fits the target.
///
/// # Errors
/// `HW_UNSUPPORTED` with the node that no job computes, `HW_DOES_NOT_FIT` with what is too
/// much and what would fit.
pub(in crate::hw) fn lower(
    graph: &Graph,
    target: &Target,
    options: &Options,
) -> Result<(Design, Estimate)> {
    if let Some(name) = options.lanes.keys().find(|name| *name != PROCESSOR) {
        let message = format!(
            "--lanes names `{name}`; with the shared mapping all layers run on one processor"
        );
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .help(format!("--lanes {PROCESSOR}=32 gives the processor 32 lanes")));
    }
    let jobs = legalise(graph)?;
    let widths = widths(graph, &jobs, options.chunk)?;
    let mut best: Option<(Plan, Design, Fit)> = None;
    for &width in &widths {
        let plan = plan(graph, jobs.clone(), width)?;
        let mut design = design(graph, &plan, !options.no_trace, target.device.family);
        let fit = fold(&mut design, target, options);
        let better = |b: &(Plan, Design, Fit)| {
            fit.fits && (!b.2.fits || fit.estimate.cycles < b.2.estimate.cycles)
        };
        // All timesteps at once need nothing to be kept, and compute what is held once.
        let done = fit.fits && width == graph.timesteps && !plan.input.changes;
        if best.as_ref().is_none_or(better) {
            best = Some((plan, design, fit));
        }
        if done {
            break;
        }
    }
    let (plan, design, fit) =
        best.ok_or_else(|| Diagnostic::internal("hw", "there is no width of a chunk"))?;
    if !fit.fits {
        return Err(does_not_fit(graph, &plan, &design, &fit.estimate, target, options));
    }
    let mut estimate = fit.estimate;
    estimate.reasons = reasons(&design, &estimate, plan.notes, fit.wider);
    Ok((design, estimate))
}

/// Timesteps that may be computed together, the most first: divisors of T, as a train of them is
/// part of a word; where spikes come back later, as many as they are late.
fn widths(graph: &Graph, jobs: &Plan, wanted: Option<u32>) -> Result<Vec<u32>> {
    let timesteps = graph.timesteps;
    let possible = |w: u32| {
        let divides = w > 0 && timesteps.is_multiple_of(w) && w <= MOST_WIDTH;
        divides && jobs.delay.is_none_or(|steps| steps == w)
    };
    let any = (1..=timesteps).any(possible);
    match wanted {
        _ if !any => {
            let late = jobs.delay.unwrap_or_default();
            let message = format!(
                "spikes that come {late} timesteps later; chunks of {timesteps} timesteps are \
                 their divisors, up to {MOST_WIDTH}"
            );
            Err(Diagnostic::new(&codes::HW_UNSUPPORTED, message)
                .at(graph.name.clone())
                .help("`synfire simulate` runs the model without hardware"))
        }
        Some(w) if possible(w) => Ok(vec![w]),
        Some(w) => {
            let all: Vec<_> =
                (1..=timesteps).filter(|w| possible(*w)).map(|w| w.to_string()).collect();
            let why = match jobs.delay {
                Some(late) => format!(", as spikes come {late} later"),
                None => String::new(),
            };
            let message = format!(
                "--chunk {w}: {timesteps} timesteps are divided into chunks of {}{why}",
                all.join(", ")
            );
            Err(Diagnostic::new(&codes::BAD_OPTION, message))
        }
        None => Ok((1..=timesteps).rev().filter(|w| possible(*w)).collect()),
    }
}

/// Jobs with all their numbers but the lanes.
fn plan(graph: &Graph, mut plan: Plan, width: u32) -> Result<Plan> {
    plan.shared.width = width;
    if plan.input.changes {
        plan.shared.input.bits = width;
    }
    numbers(&mut plan, graph.timesteps)?;
    places(&mut plan)?;
    Ok(plan)
}

pub(super) fn design(graph: &Graph, plan: &Plan, trace: bool, family: Family) -> Design {
    Design {
        name: graph.name.clone(),
        timesteps: graph.timesteps,
        input: plan.input,
        stages: Vec::new(),
        shared: Some(plan.shared.clone()),
        knobs: None,
        trace,
        family,
    }
}

/// What was chosen, and why.
fn reasons(
    design: &Design,
    estimate: &Estimate,
    notes: Vec<String>,
    wider: Option<String>,
) -> Vec<String> {
    let Some(shared) = &design.shared else { return notes };
    let mut all = notes;
    all.push(match wider {
        Some(why) => format!("{} lanes: {why}", shared.lanes),
        None => format!("{} lanes: the layer with most channels has no use for more", shared.lanes),
    });
    if design.chunks() > 1 {
        all.push(format!(
            "{} chunks of {} timesteps: every layer runs {} times, and {} membranes are kept in \
             between",
            design.chunks(),
            shared.width,
            design.chunks(),
            shared.neurons()
        ));
    }
    all.push(format!(
        "{} trains of {} bits make a word of {}: windows are read word by word, and events one by \
         one",
        shared.pack,
        shared.width,
        shared.pack * shared.width
    ));
    for m in estimate.memories.iter().filter(|m| m.place == Place::Spram) {
        let loaded = if m.layer == "weights" { "; the host loads them after power-on" } else { "" };
        all.push(format!(
            "{} in SPRAM: {}×{} would be {} EBR{loaded}",
            m.layer,
            m.depth,
            m.width,
            m.ebr()
        ));
    }
    all
}

/// Says by how much, and what would fit.
fn does_not_fit(
    graph: &Graph,
    plan: &Plan,
    design: &Design,
    need: &Estimate,
    target: &Target,
    options: &Options,
) -> Box<Diagnostic> {
    let lanes = design.shared.as_ref().map_or(1, |s| s.lanes);
    let message = format!(
        "on one processor with {lanes} lanes, `{}` needs {}; its largest memories: {}",
        design.name,
        excess(need, budget(target, options)),
        largest(need)
    );
    let fits_on = |t: &Target| fold(&mut design.clone(), t, options).fits;
    let others = target::names().filter(|n| *n != target.name).filter_map(|n| target::load(n).ok());
    let mut help: Vec<String> = others
        .filter(|t| t.device.name != target.device.name && fits_on(t))
        .map(|t| format!("--target {}", t.name))
        .take(2)
        .collect();
    if options.lanes.contains_key(PROCESSOR)
        && fold(&mut design.clone(), target, &Options::default()).fits
    {
        help.push("leave out --lanes".to_owned());
    } else if let Some(share) = share_that_fits(graph, plan, target) {
        help.push(format!("keep {share} % of the channels of every layer"));
    }
    let help = match help.is_empty() {
        true => "use a larger target or a smaller network".to_owned(),
        false => format!("it would fit if you {}", help.join(", or use ")),
    };
    Diagnostic::new(&codes::HW_DOES_NOT_FIT, message).at(design.name.clone()).help(help)
}

/// The largest share of all channels with which a network of the same form would fit.
fn share_that_fits(graph: &Graph, plan: &Plan, target: &Target) -> Option<u32> {
    (1..20).rev().map(|twentieths| twentieths * 5).find(|&share| {
        let mut smaller = Plan {
            shared: plan.shared.clone(),
            input: plan.input,
            parts: plan.parts.clone(),
            delay: plan.delay,
            notes: Vec::new(),
        };
        shrink(&mut smaller, share);
        places(&mut smaller).is_ok()
            && fold(
                &mut design(graph, &smaller, true, target.device.family),
                target,
                &Options::default(),
            )
            .fits
    })
}

/// Cuts every map between layers to a share of its channels.
fn shrink(plan: &mut Plan, share: u32) {
    let cut = |c: &mut u32| *c = (*c * share).div_ceil(100);
    let shared = &mut plan.shared;
    shared.trains.iter_mut().for_each(|m| cut(&mut m.shape[0]));
    shared.currents.iter_mut().for_each(|m| cut(&mut m.shape[0]));
    plan.parts.iter_mut().for_each(|p| cut(&mut p.2));
    if let Some((_, layers)) = shared.jobs.split_last_mut() {
        layers.iter_mut().for_each(|j| cut(&mut j.out[0]));
    }
}

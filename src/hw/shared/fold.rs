// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Folding: as many lanes as the target has room for, and the memory of each memory.
//!
//! Everything but the lanes, the weights and the currents is small and lies in block RAM.
//! Weights go to SPRAM only where they do not fit elsewhere, for the host then has to load
//! them; currents go wherever there is room.

use super::Work;
use crate::hw::{Design, Estimate, Memory, Options, Place};
use crate::target::{Family, Resources, Target};

/// Most lanes: a word of weights has so many bits.
pub(super) const MOST_LANES: u32 = 64;
/// Place and route needs some cells to spare. The carries of a processor are short: 5,183 of the
/// 5,280 cells of an iCE40UP5K were placed where 4,999 had been estimated.
const ICE40_SHARE: f64 = 0.95;
const ECP5_SHARE: f64 = 0.9;
/// The host link loads the bytes of so many single-port RAMs.
const LOADED_SPRAM: u32 = 4;
/// What `--lanes` calls the processor.
pub(in crate::hw) const PROCESSOR: &str = "shared";

/// Chooses lanes and the places of weights and currents; says whether the result fits. If
/// nothing does, the folding that lacks least is left.
pub(super) fn fold(design: &mut Design, target: &Target, options: &Options) -> Fit {
    let budget = budget(target, options);
    let widest = design.shared.iter().flat_map(|s| &s.jobs).map(|j| j.out[0]).max().unwrap_or(1);
    let most = widest.next_power_of_two().min(MOST_LANES);
    let wanted = options.lanes.get(PROCESSOR).map(|&l| l.min(MOST_LANES));
    let choices = match wanted {
        Some(lanes) => vec![lanes],
        None => useful(design, most),
    };
    // What a folding lacks, its cycles, its lanes: the least of all is taken.
    let mut best: Option<((u64, u32, u32), [Place; 3])> = None;
    for lanes in choices {
        for places in orders(budget) {
            let estimate = set(design, lanes, places);
            let this = (lack(&estimate, budget), estimate.cycles, lanes);
            if best.is_none_or(|b| this < b.0) {
                best = Some((this, places));
            }
        }
    }
    let ((lacks, _, lanes), places) = best.unwrap_or(((1, 0, 1), [Place::BlockRam; 3]));
    let estimate = set(design, lanes, places);
    let fits = lacks == 0;
    let wider = if fits { wider(&mut design.clone(), lanes, most, budget) } else { None };
    Fit { fits, estimate, wider }
}

/// The numbers of lanes with which some layer takes a group less than with fewer.
fn useful(design: &Design, most: u32) -> Vec<u32> {
    let jobs = || design.shared.iter().flat_map(|s| &s.jobs);
    let groups = |lanes: u32| jobs().map(|j| j.out[0].div_ceil(lanes)).sum::<u32>();
    (1..=most).filter(|&l| l == 1 || groups(l) < groups(l - 1)).collect()
}

/// What folding found.
pub(super) struct Fit {
    pub(super) fits: bool,
    pub(super) estimate: Estimate,
    /// Why there are no more lanes, if the layers had use for them.
    pub(super) wider: Option<String>,
}

/// What a design may use of a target.
pub(super) fn budget(target: &Target, options: &Options) -> Resources {
    let have = target.device.resources;
    let share = match target.device.family {
        Family::Ice40 => ICE40_SHARE,
        Family::Ecp5 | Family::Gowin | Family::Xc7 => ECP5_SHARE,
    };
    let share = (f64::from(have.lut4) * share) as u32;
    let lut4 = options.cells_of(share);
    Resources { lut4, spram: have.spram.min(LOADED_SPRAM), ..have }
}

/// Places of weights and of both memories of currents, best first.
fn orders(budget: Resources) -> impl Iterator<Item = [Place; 3]> {
    let places = if budget.spram > 0 { 2 } else { 1 };
    let both = move || [Place::BlockRam, Place::Spram].into_iter().take(places);
    both().flat_map(move |weights| both().flat_map(move |b| both().map(move |a| [weights, a, b])))
}

fn set(design: &mut Design, lanes: u32, [weights, a, b]: [Place; 3]) -> Estimate {
    if let Some(shared) = &mut design.shared {
        shared.lanes = lanes;
        (shared.weights, shared.banks) = (weights, [a, b]);
        for job in &mut shared.jobs {
            let few = job.out[0] <= lanes / 2 && lanes.is_multiple_of(2);
            if let Work::Sum(sum) = &mut job.work {
                sum.slices = if few { 2 } else { 1 };
            }
        }
    }
    crate::hw::estimate(design)
}

/// How far a design is beyond a budget: the worst share, in thousandths; 0 if it fits.
pub(super) fn lack(e: &Estimate, budget: Resources) -> u64 {
    let over = |need: u32, have: u32| {
        u64::from(need.saturating_sub(have)) * 1000 / u64::from(have.max(1))
            + u64::from(need > have)
    };
    over(e.cells, budget.lut4)
        + over(e.ebr, budget.ebr)
        + over(e.spram, budget.spram)
        + over(e.dsp, budget.dsp)
}

/// Why the next number of lanes that would save a group does not fit; none if there is none.
fn wider(design: &mut Design, lanes: u32, most: u32, budget: Resources) -> Option<String> {
    let next = useful(design, most).into_iter().find(|l| *l > lanes)?;
    let estimates = orders(budget).map(|places| set(design, next, places));
    let nearest = estimates.min_by_key(|e| lack(e, budget))?;
    Some(match lack(&nearest, budget) {
        0 => format!("{next} lanes would take as many cycles"),
        _ => format!("{next} lanes would need {}", excess(&nearest, budget)),
    })
}

/// What is needed beyond what there is.
pub(super) fn excess(e: &Estimate, budget: Resources) -> String {
    let ram = e.memories.first().map_or("block RAM", block_ram);
    let all = [
        ("logic cells", e.cells, budget.lut4),
        (ram, e.ebr, budget.ebr),
        ("SPRAM", e.spram, budget.spram),
        ("multipliers", e.dsp, budget.dsp),
    ];
    let over = all.iter().filter(|(_, need, have)| need > have);
    let text = over.map(|(what, need, have)| {
        format!("{need} {what} of {have} usable, {} too many", need - have)
    });
    text.collect::<Vec<_>>().join("; ")
}

/// What the block RAMs of a memory's family are called.
fn block_ram(memory: &Memory) -> &'static str {
    memory.family.spec().block_ram.name
}

/// The memories that take most, in words.
pub(super) fn largest(e: &Estimate) -> String {
    let mut all: Vec<&Memory> = e.memories.iter().filter(|m| m.place != Place::Luts).collect();
    all.sort_by_key(|m| std::cmp::Reverse(u64::from(m.depth) * u64::from(m.width)));
    let text = all.iter().take(3).map(|m| match m.place {
        Place::Spram => format!("{} {}×{} ({} SPRAM)", m.layer, m.depth, m.width, m.spram()),
        _ => format!("{} {}×{} ({} {})", m.layer, m.depth, m.width, m.ebr(), block_ram(m)),
    });
    text.collect::<Vec<_>>().join(", ")
}

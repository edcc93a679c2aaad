// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Folding: as many lanes as the target has room for, where they save most cycles.
//!
//! Every layer starts with the lanes that need the fewest block RAMs (a memory one bit wide
//! wastes half of each). As long as something is gained, the layer that takes most
//! cycles is given the next larger number of lanes with which the design still fits.
//! Block RAMs are handed out first to what cannot be LUTs, then to the memories that would
//! cost most LUTs per block RAM. Weights go to SPRAM only if the design does not fit
//! otherwise, for the host then has to load them: those of the largest layer first.

use super::cost::{self, Estimate, Memory, MemoryKind};
use super::{DenseStage, Design, Options, Place, Split, Stage};
use crate::diag::{Diagnostic, Result, codes};
use crate::target::{Family, Ram, Resources, Target};

/// Place and route needs some cells to spare: the placer gives up near the last
/// cell, and the estimate is off by a few percent.
const CELL_SHARE: f64 = 0.9;

/// The same with knobs, whose registers have enables and resets of their own: what is left of a tile
/// of eight is no place for others.
const KNOBS_SHARE: f64 = 0.88;

/// The host link loads the bytes of so many single-port RAMs.
const LOADED_SPRAM: u32 = 4;

/// Weights that fit into some hundred LUTs.
const FEW_WEIGHTS: u32 = 4096;

/// Chooses lanes and the place of every memory.
pub(super) fn fold(design: &mut Design, target: &Target, options: &Options) -> Result<Estimate> {
    let have = target.device.resources;
    let share = if design.knobs.is_some() { KNOBS_SHARE } else { CELL_SHARE };
    let share = (f64::from(have.lut4) * share) as u32;
    let lut4 = options.cells_of(share);
    let budget = Resources { lut4, spram: have.spram.min(LOADED_SPRAM), ..have };
    for name in options.lanes.keys() {
        if !design.denses().any(|d| d.name == *name) {
            let known: Vec<_> = design.denses().map(|d| d.name.as_str()).collect();
            return Err(Diagnostic::new(
                &codes::BAD_OPTION,
                format!("--lanes names `{name}`, which is no dense layer"),
            )
            .help(format!("dense layers: {}", known.join(", "))));
        }
    }
    let (fixed, need) = arrange(design, options, budget);
    if !fits(&need, budget) {
        let tightest = arrange(design, &Options::default(), budget).1;
        if fits(&tightest, budget) {
            return Err(lanes_do_not_fit(design, &need, target, budget));
        }
        return Err(does_not_fit(design, &tightest, target, budget));
    }
    loop {
        let mut open: Vec<usize> =
            (0..design.stages.len()).filter(|i| !fixed.contains(i)).collect();
        open.sort_by_key(|&i| std::cmp::Reverse(busy(&design.stages[i])));
        if !open.into_iter().any(|i| widen(design, i, budget)) {
            break;
        }
    }
    Ok(place(design, budget))
}

/// The tightest folding with the user's choices, and as few layers in SPRAM as possible.
/// Returns the stages that the choices fix, and what is needed: if that does not fit, then
/// nothing of this kind does.
fn arrange(design: &mut Design, options: &Options, budget: Resources) -> (Vec<usize>, Estimate) {
    let mut largest: Vec<(usize, usize)> = Vec::new();
    for (i, stage) in design.stages.iter_mut().enumerate() {
        if let Stage::Dense(d) = stage {
            d.place = Place::Luts;
            largest.push((i, d.weights.rows() * d.weights.cols()));
        }
    }
    largest.sort_by_key(|&(_, weights)| std::cmp::Reverse(weights));
    let mut next = largest.into_iter().filter(|_| budget.spram > 0);
    loop {
        let fixed = set_lanes(design, options);
        let need = place(design, budget);
        let more = if fits(&need, budget) { None } else { next.next() };
        let Some((i, _)) = more else { return (fixed, need) };
        set_place(&mut design.stages[i], Place::Spram);
    }
}

/// Starts from the tightest folding and the user's choices; returns the stages these fix.
fn set_lanes(design: &mut Design, options: &Options) -> Vec<usize> {
    let mut fixed = Vec::new();
    for (i, stage) in design.stages.iter_mut().enumerate() {
        if let Stage::Dense(d) = stage
            && let Some(&lanes) = options.lanes.get(&d.name)
        {
            d.lanes = lanes.clamp(1, d.part());
            fixed.push(i);
        } else if let Stage::Dense(d) = stage {
            d.lanes = tightest(d, design.family);
        }
    }
    fixed
}

/// The smallest number of lanes with which a layer needs the fewest block RAMs: for its
/// weights, unless they are few enough for LUTs, and for the inputs it replays. Planes are many
/// outputs on few inputs: a lane for each would cost more than their replay. In SPRAM, where
/// block RAMs are not what is scarce, the one with which the weights need the fewest of those.
fn tightest(d: &DenseStage, family: Family) -> u32 {
    let memory = |kind, depth, width| {
        let (layer, place) = (String::new(), d.place);
        Memory { stage: 0, layer, kind, depth, width, place, family }
    };
    let rams = |lanes: u32| {
        let weights = memory(MemoryKind::Weights, d.depth_with(lanes), lanes);
        if d.place == Place::Spram {
            return weights.spram();
        }
        let values = memory(MemoryKind::Values, d.inputs(), d.input_bits);
        let bitmap = memory(MemoryKind::Bitmap, d.words(), 16);
        let always = matches!(d.split, Split::Outputs(_));
        let replay = if (lanes < d.part() || always) && d.planes == 1 {
            values.ebr() + bitmap.ebr()
        } else {
            0
        };
        replay + if d.inputs() * d.outputs() > FEW_WEIGHTS { weights.ebr() } else { 0 }
    };
    let lanes = (1..=d.part()).rev().map(|groups| d.part().div_ceil(groups));
    lanes.min_by_key(|&l| rams(l)).unwrap_or(1)
}

/// Groups that are replayed times inputs: what more lanes would save.
fn busy(stage: &Stage) -> u64 {
    match stage {
        Stage::Dense(d) => u64::from(d.slots() - 1) * u64::from(d.inputs()),
        _ => 0,
    }
}

/// Gives stage `i` the next larger number of lanes that saves a group and fits.
fn widen(design: &mut Design, i: usize, budget: Resources) -> bool {
    let Stage::Dense(d) = &design.stages[i] else { return false };
    let (before, part) = (d.lanes, d.part());
    for groups in (1..d.groups()).rev() {
        set(design, i, part.div_ceil(groups));
        if fits(&place(design, budget), budget) {
            return true;
        }
    }
    set(design, i, before);
    false
}

fn set(design: &mut Design, i: usize, lanes: u32) {
    if let Stage::Dense(d) = &mut design.stages[i] {
        d.lanes = lanes;
    }
}

fn fits(e: &Estimate, budget: Resources) -> bool {
    e.cells <= budget.lut4 && e.ebr <= budget.ebr && e.spram <= budget.spram && e.dsp <= budget.dsp
}

/// Puts read-only memories into block RAM while there is some, and estimates the result.
fn place(design: &mut Design, budget: Resources) -> Estimate {
    for stage in &mut design.stages {
        if !matches!(stage, Stage::Dense(d) if d.place == Place::Spram) {
            set_place(stage, Place::Luts);
        }
    }
    let memories = cost::memories(design);
    let fixed = memories.iter().filter(|m| m.place == Place::BlockRam);
    let mut free = budget.ebr.saturating_sub(fixed.map(Memory::ebr).sum());
    let mut movable: Vec<&Memory> =
        memories.iter().filter(|m| m.place == Place::Luts && m.luts() > 16).collect();
    // LUTs saved per block RAM, highest first; the order of the chain breaks ties.
    movable.sort_by_key(|m| std::cmp::Reverse(u64::from(m.luts()) * 1024 / u64::from(m.ebr())));
    for m in movable {
        if m.ebr() <= free {
            free -= m.ebr();
            set_place(&mut design.stages[m.stage], Place::BlockRam);
        }
    }
    cost::estimate(design)
}

fn set_place(stage: &mut Stage, place: Place) {
    match stage {
        Stage::Dense(d) => d.place = place,
        Stage::Lif(l) => l.block = place == Place::BlockRam,
        Stage::Readout(r) => r.block = place == Place::BlockRam,
        Stage::Count(_) | Stage::Planes(_) => {}
    }
}

/// Says by how much the lanes that were asked for are too many or too few.
fn lanes_do_not_fit(
    design: &Design,
    need: &Estimate,
    target: &Target,
    budget: Resources,
) -> Box<Diagnostic> {
    let message = format!("with these lanes `{}` {}", design.name, excess(need, target, budget));
    Diagnostic::new(&codes::HW_DOES_NOT_FIT, message).at("--lanes").help(
        "it fits if --lanes is left out; many lanes cost cells for the adders, few for the weights",
    )
}

/// What is needed, what there is, and what is too much.
fn excess(need: &Estimate, target: &Target, budget: Resources) -> String {
    let spram = |n: u32| if budget.spram > 0 { format!(", {n} SPRAM") } else { String::new() };
    let ram = target.device.family.spec().block_ram.name;
    let mut message = format!(
        "needs at least {} logic cells, {} {ram}{}; {} has {} {} ({} cells usable), {} {ram}{}",
        need.cells,
        need.ebr,
        spram(need.spram),
        target.name,
        target.device.resources.lut4,
        target.device.family.spec().table,
        budget.lut4,
        budget.ebr,
        spram(budget.spram),
    );
    for (what, need, have) in [
        ("logic cells", need.cells, budget.lut4),
        (ram, need.ebr, budget.ebr),
        ("SPRAM", need.spram, budget.spram),
        ("multipliers", need.dsp, budget.dsp),
    ] {
        if need > have {
            message += &format!("; {} {what} too many", need - have);
        }
    }
    message
}

/// Says by how much, and the largest first layer that would fit.
fn does_not_fit(
    design: &Design,
    need: &Estimate,
    target: &Target,
    budget: Resources,
) -> Box<Diagnostic> {
    let weights: u64 = need
        .memories
        .iter()
        .filter(|m| m.kind == MemoryKind::Weights)
        .map(|m| u64::from(m.depth) * u64::from(m.width))
        .sum();
    let spec = design.family.spec();
    let bits = |count: u32, ram: &Ram| u64::from(count) * u64::from(ram.bits);
    let spram = spec.single_port.as_ref().map_or(0, |ram| bits(budget.spram, ram));
    let room = bits(budget.ebr, &spec.block_ram) + spram;
    let message = format!(
        "folded as tightly as possible, `{}` {}; it has {weights} bits of weights, all RAMs hold {room}",
        design.name,
        excess(need, target, budget),
    );
    let help = largest_fitting(design, budget).map_or_else(
        || "use a larger target or a smaller network".to_owned(),
        |(layer, from, to)| {
            format!("it would fit if `{layer}` had {to} neurons instead of {from}, everything else the same")
        },
    );
    Diagnostic::new(&codes::HW_DOES_NOT_FIT, message).at(design.name.clone()).help(help)
}

/// The layer with most weights, its size, and the largest size with which all would fit.
fn largest_fitting(design: &Design, budget: Resources) -> Option<(String, u32, u32)> {
    // Members would no longer be parts of one size.
    if design.knobs.is_some_and(|k| k.members > 1) {
        return None;
    }
    let (i, d) = design
        .stages
        .iter()
        .enumerate()
        .filter_map(|(i, s)| if let Stage::Dense(d) = s { Some((i, d)) } else { None })
        .max_by_key(|(_, d)| u64::from(d.inputs()) * u64::from(d.outputs()))?;
    if !matches!(design.stages.get(i + 1), Some(Stage::Lif(_))) {
        return None;
    }
    let fits_with = |neurons: u32| {
        let mut smaller = design.clone();
        shrink(&mut smaller, i, neurons);
        fits(&arrange(&mut smaller, &Options::default(), budget).1, budget)
    };
    // Whatever needs fewer neurons needs less of everything: bisect.
    let (mut low, mut high) = (0, d.outputs());
    while high - low > 1 {
        let middle = u32::midpoint(low, high);
        if fits_with(middle) { low = middle } else { high = middle }
    }
    (low > 0).then(|| (d.name.clone(), d.outputs(), low))
}

/// Cuts layer `i` to `neurons` outputs, and what follows it to as many inputs.
fn shrink(design: &mut Design, i: usize, neurons: u32) {
    let cut = |d: &mut DenseStage, rows: usize, cols: usize| {
        let old = d.weights.clone();
        d.weights = crate::ir::BitMatrix::from_fn(rows, cols, |r, c| old.get(r, c));
        d.lanes = d.lanes.min(rows as u32);
    };
    let n = neurons as usize;
    for (k, stage) in design.stages.iter_mut().enumerate().skip(i) {
        match stage {
            Stage::Dense(d) if k == i => {
                let cols = d.weights.cols();
                cut(d, n, cols);
            }
            Stage::Dense(d) => {
                let rows = d.weights.rows();
                cut(d, rows, n);
                break;
            }
            Stage::Lif(l) => {
                l.bias.truncate(n);
                l.threshold.truncate(n);
            }
            Stage::Count(_) | Stage::Planes(_) | Stage::Readout(_) => {}
        }
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a stage does in one inference: bits flipped, RAMs read and written.

use super::Band;
use super::assume::Assume;
use crate::hw::{
    DenseStage, Design, LifStage, Memory, MemoryKind, Place, PlanesStage, ReadoutStage, Split,
    Stage,
};
use crate::sim::{MeanActivity, StageMean};

/// Flips of a group of nets.
pub(super) struct Flips {
    /// Which nets.
    pub what: &'static str,
    /// How many flips an inference.
    pub count: Band,
}

/// Accesses to one memory.
pub(super) struct Accesses {
    /// What the memory is for.
    pub kind: MemoryKind,
    /// Of what they are.
    pub place: Place,
    /// Block RAMs or single-port RAMs, all of them taking part in every access.
    pub rams: u32,
    /// Reads at a new address.
    pub reads: Band,
    /// Writes.
    pub writes: Band,
    /// True if it is clocked in every cycle; the others are enabled when they are read.
    pub always_clocked: bool,
}

/// Results that reach stage `i` in an inference: of the last stage before it that counts them.
fn arriving(design: &Design, mean: &MeanActivity, i: usize) -> f64 {
    let counted = |k: &usize| !matches!(design.stages[*k], Stage::Count(_));
    (0..i).rev().find(counted).map_or_else(|| mean.stage(i).inputs, |k| mean.stage(k).results)
}

/// Bits that stage `i` flips.
pub(super) fn flips(a: &Assume, design: &Design, mean: &MeanActivity, i: usize) -> Vec<Flips> {
    let Assume { replaced, glitch, .. } = *a;
    let act = mean.stage(i);
    match &design.stages[i] {
        Stage::Dense(d) => dense(a, d, &act),
        Stage::Planes(p) => planes(a, p, arriving(design, mean, i)),
        Stage::Lif(l) => lif(a, l, &act),
        Stage::Count(bits) => {
            let trains = arriving(design, mean, i);
            let nets = replaced * glitch * (2.0 * f64::from(*bits));
            vec![Flips { what: "population count", count: nets * trains }]
        }
        Stage::Readout(r) => {
            let sums = arriving(design, mean, i);
            // Sums of members are added up before they are scaled.
            let once = r.members > 1 && r.margins.is_empty();
            let scaled = if once { sums.min(f64::from(r.classes())) } else { sums };
            readout(a, r, scaled)
        }
    }
}

/// Events of all groups but the first: those found in the bitmap of kept inputs.
fn replayed(d: &DenseStage, act: &StageMean) -> f64 {
    let groups = f64::from(d.groups());
    let turns = match d.split {
        // The first group of the first member alone works while the inputs arrive.
        Split::Outputs(_) => groups * (act.results / part_results(d)).max(1.0),
        _ => groups,
    };
    act.rows * (turns - 1.0) / turns
}

/// Results of one member, or of all neurons.
fn part_results(d: &DenseStage) -> f64 {
    f64::from((d.part() * d.time_parallel).max(1))
}

fn dense(a: &Assume, d: &DenseStage, act: &StageMean) -> Vec<Flips> {
    let Assume { replaced, glitch, unrouted, counted, scan, .. } = *a;
    let (lanes, tp) = (f64::from(d.lanes), f64::from(d.time_parallel));
    let (acc, xw) = (f64::from(d.acc_bits), f64::from(d.input_bits));
    let adds_one = d.time_parallel > 1;
    let addition = if adds_one { counted } else { a.add_level(d.input_bits) };
    // The input's two registers, the weights' register and the weights at its input.
    let event = replaced * (2.0 * xw + 2.0 * lanes);
    // Each event offers its input to all lanes: adders move whether they keep the sum or not.
    let offered =
        if adds_one { replaced * (lanes * tp) } else { replaced * unrouted * (lanes * (xw + 1.0)) };
    // n results leave through a chain of n: n + (n−1) + … words move up by one.
    let moved: f64 = (0..d.groups())
        .map(|g| f64::from(d.group_size(g)) * tp)
        .map(|n| n * (n + 1.0) / 2.0 * acc)
        .sum();
    let loaded = f64::from(d.groups()) * lanes * tp * acc * 2.0;
    let share = act.results / part_results(d);
    // A plane's sum is handed on as it is; the sum of the inputs is kept for ±1 alone.
    let (summed, handed, subtract, sum) = if d.planes == 1 {
        let subtract = replaced * (glitch + Band::exact(1.0)) * (acc + 1.0);
        ("sum of the inputs", "subtraction", subtract, addition * act.nonzero)
    } else {
        ("counter of the inputs", "results handed on", replaced * acc, Band::ZERO)
    };
    let rotate = if adds_one { replaced * (tp * acc) } else { Band::ZERO };
    let replay = replayed(d, act);
    let mut all = vec![
        Flips { what: "accumulators", count: addition * act.additions },
        Flips { what: "operands offered to the lanes", count: offered * act.rows },
        Flips { what: "event pipeline", count: event * act.rows },
        Flips { what: summed, count: sum + counted * act.inputs },
        Flips { what: "result chain", count: replaced * ((moved + loaded) * share) },
        Flips { what: handed, count: (subtract + rotate) * act.results },
    ];
    if d.replays() {
        // A word of the bitmap is collected, fetched and emptied; each event is searched for.
        let words = replaced * (2.0 * 16.0 * act.words);
        all.push(Flips { what: "replay", count: scan * replay + words });
    }
    all
}

/// Each plane that arrives: negated or not, added, kept.
fn planes(a: &Assume, p: &PlanesStage, arriving: f64) -> Vec<Flips> {
    let Assume { replaced, glitch, .. } = *a;
    let (input, sum) = (f64::from(p.input_bits), f64::from(p.sum_bits));
    let plane = replaced * glitch * (input + sum) + replaced * sum;
    vec![Flips { what: "planes added", count: plane * arriving }]
}

fn lif(a: &Assume, l: &LifStage, act: &StageMean) -> Vec<Flips> {
    let Assume { replaced, glitch, counted, .. } = *a;
    let width = f64::from(l.membrane_bits);
    let adders = f64::from(l.leak_num.count_ones().saturating_sub(1));
    // Charge, comparison, reset, and one adder for each further one in the leak's numerator.
    let nets = 3.0 * width + adders * (width + f64::from(l.leak_shift));
    let inputs = act.results * if l.hold { 1.0 } else { f64::from(l.timesteps) };
    let taken = replaced * (width + f64::from(l.threshold_bits));
    let trains = replaced * f64::from(l.timesteps) * act.results;
    vec![
        Flips { what: "membranes", count: replaced * width * act.steps },
        Flips { what: "charge, compare, reset, leak", count: replaced * glitch * nets * act.steps },
        Flips { what: "inputs and thresholds", count: taken * inputs },
        Flips { what: "spike trains", count: counted * act.spikes + trains },
    ]
}

pub(super) fn readout(a: &Assume, r: &ReadoutStage, inputs: f64) -> Vec<Flips> {
    let Assume { replaced, glitch, .. } = *a;
    let (gain, logit) = (f64::from(r.gain_bits), f64::from(r.logit_bits));
    let step = replaced * (glitch + Band::exact(1.0)) * logit + replaced * gain;
    let compare = replaced * glitch * (2.0 * logit);
    vec![
        Flips { what: "gain, a bit a cycle", count: step * ((gain + 1.0) * inputs) },
        Flips { what: "largest logit", count: compare * inputs },
        Flips { what: "result bytes", count: replaced * (5.0 * 40.0 * inputs) },
    ]
}

/// How often a memory is read and written; `None` if it is made of LUTs. Loading it, once after
/// power-on, is no part of an inference.
pub(super) fn accesses(
    a: &Assume,
    design: &Design,
    mean: &MeanActivity,
    m: &Memory,
) -> Option<Accesses> {
    let rams = match m.place {
        Place::Luts => return None,
        Place::BlockRam => m.ebr(),
        Place::Spram => m.spram(),
    };
    let (reads, writes) = counts(a, design, mean, m);
    let always_clocked = always_clocked(design, m.kind);
    let writes = Band::exact(writes);
    Some(Accesses { kind: m.kind, place: m.place, rams, reads, writes, always_clocked })
}

/// Is a memory of this kind clocked in every cycle? The processor enables each of its memories
/// for an access alone.
pub(super) fn always_clocked(design: &Design, kind: MemoryKind) -> bool {
    kind == MemoryKind::Parameters && design.shared.is_none()
}

/// Flips of a read-only memory made of LUTs: outputs and the tree of multiplexers.
pub(super) fn table_flips(
    a: &Assume,
    design: &Design,
    mean: &MeanActivity,
    m: &Memory,
) -> Option<Flips> {
    let Assume { replaced, glitch, .. } = *a;
    if m.place != Place::Luts {
        return None;
    }
    let (reads, _) = counts(a, design, mean, m);
    let what = if m.kind == MemoryKind::Weights { "weights in LUTs" } else { "parameters in LUTs" };
    Some(Flips { what, count: replaced * glitch * f64::from(m.luts()) * reads })
}

/// Reads at a new address, and writes.
fn counts(a: &Assume, design: &Design, mean: &MeanActivity, m: &Memory) -> (Band, f64) {
    let act = mean.stage(m.stage);
    match (&design.stages[m.stage], m.kind) {
        (Stage::Dense(d), kind) => {
            let replay = replayed(d, &act);
            match kind {
                // Enabled by events alone.
                MemoryKind::Weights => (Band::exact(act.rows), 0.0),
                // Enabled during a whole scan: a cycle an event, one a word without any.
                MemoryKind::Bitmap => {
                    let reads = Band::exact(act.words) + a.scanned * replay;
                    (reads, f64::from(d.words()) * share(d, &act))
                }
                _ => (Band::exact(replay), act.inputs),
            }
        }
        (Stage::Lif(_), MemoryKind::Trace) => (Band::ZERO, act.results),
        (Stage::Lif(_), _) => (Band::exact(act.results), 0.0),
        (Stage::Readout(r), MemoryKind::Sums) => {
            let sums = arriving(design, mean, m.stage);
            (Band::exact(sums), (sums - f64::from(r.classes())).max(0.0))
        }
        // Written after each member, read to be sent.
        (Stage::Readout(r), MemoryKind::Logits) => {
            (Band::exact(f64::from(r.classes())), arriving(design, mean, m.stage))
        }
        (Stage::Readout(_) | Stage::Count(_) | Stage::Planes(_), _) => {
            (Band::exact(arriving(design, mean, m.stage)), 0.0)
        }
    }
}

/// 1 if the inputs of an inference came, 0 if none did.
fn share(d: &DenseStage, act: &StageMean) -> f64 {
    act.inputs / f64::from(d.inputs().max(1))
}

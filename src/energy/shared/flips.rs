// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Bits that a job flips. Each group of nets is counted once, by what the simulator counted.

use super::widths::Widths;
use crate::energy::Band;
use crate::energy::assume::Assume;
use crate::energy::work::Flips;
use crate::hw::shared::{Job, Leak, NeuronKind, Shared, Source, SumJob, Sums, Then};
use crate::sim::StageMean;

/// Of the levels of an inference on their way into the input map: three counters each.
pub(super) fn levels(a: &Assume, w: &Widths, inputs: f64) -> Vec<Flips> {
    let Assume { replaced, counted, .. } = *a;
    let each = replaced * f64::from(w.level) + counted * 3.0;
    vec![Flips { what: "levels and their addresses", count: each * inputs }]
}

/// Of an or job.
pub(super) fn or(a: &Assume, w: &Widths, act: &StageMean) -> Vec<Flips> {
    let Assume { replaced, glitch, counted, .. } = *a;
    let union = replaced * (glitch + Band::exact(1.0)) * f64::from(w.word);
    vec![
        Flips { what: "words and their addresses", count: walked(a, w, act.words) },
        Flips { what: "OR of windows", count: union * act.words },
        Flips { what: "addresses of results", count: counted * act.train_writes },
    ]
}

/// Addresses of so many words.
fn walked(a: &Assume, w: &Widths, words: f64) -> Band {
    let Assume { replaced, glitch, counted, .. } = *a;
    (counted + replaced * glitch * f64::from(w.walk)) * words
}

/// Operands of a job: bits of one, and bits of a word of them.
fn operand(shared: &Shared, (job, sum): (&Job, &SumJob), timesteps: f64) -> (f64, f64) {
    match job.source {
        Source::Trains(_) if sum.sums == Sums::Total => {
            let spikes = u32::BITS - shared.width.leading_zeros();
            (f64::from(spikes), f64::from(shared.pack) * timesteps)
        }
        Source::Input if shared.input.trains => (1.0, f64::from(shared.input.pack) * timesteps),
        Source::Input => (f64::from(shared.input.bits), f64::from(shared.input.bits)),
        Source::Trains(_) => (1.0, f64::from(shared.pack) * timesteps),
        Source::Currents(_, g) => (f64::from(g.bits), f64::from(g.bits) * timesteps),
    }
}

/// Reads of the currents that a job gathers; the others are those that it adds.
pub(super) fn gathered(sum: &SumJob, act: &StageMean) -> f64 {
    act.current_reads - added(sum, act)
}

/// Reads of the currents that a job adds: one a result.
pub(super) fn added(sum: &SumJob, act: &StageMean) -> f64 {
    if sum.add.is_some() { act.results } else { 0.0 }
}

/// Of a sum job.
pub(super) fn sum(
    a: &Assume,
    (shared, w): (&Shared, &Widths),
    (job, sum): (&Job, &SumJob),
    act: &StageMean,
) -> Vec<Flips> {
    let Assume { replaced, glitch, unrouted, counted, sign_changes, .. } = *a;
    // Accumulators of all timesteps, or one sum for all of them.
    let (t, acc) = match sum.sums {
        Sums::Each => (f64::from(shared.width), f64::from(w.acc)),
        Sums::Held | Sums::Total => (1.0, f64::from(w.once)),
    };
    let timesteps = f64::from(shared.width);
    let (x, word) = operand(shared, (job, sum), timesteps);
    let planes = f64::from(sum.planes);
    let lanes = f64::from(shared.lanes);
    let packed = match job.source {
        Source::Trains(_) => true,
        Source::Input => shared.input.pack > 1,
        Source::Currents(..) => false,
    };
    let trains =
        (packed || (shared.input.trains && job.source == Source::Input)) && sum.sums != Sums::Total;
    let signed = sum.planes > 1 || matches!(job.source, Source::Currents(..));

    // A weight's plane shifts the operand, the last one negates it.
    let product = x + planes;
    let above = (acc - product + f64::from(u8::from(!sum.products))).max(0.0);
    let sign = if signed { sign_changes * above } else { Band::ZERO };
    let each = match sum.products {
        true => a.add_level(product as u32),
        false if trains => counted,
        false => a.add_level(x as u32),
    };
    let addition = each + sign;
    // Each event offers its operands to all lanes: adders move whether they keep the sum or not.
    let offered = if trains && !signed {
        replaced * (lanes * t)
    } else {
        replaced * unrouted * (lanes * t * product)
    };
    let event = match sum.products {
        // The operand, the products, the word of weights.
        true => replaced * (t * x + lanes * t * product + lanes * planes),
        // The operand, scaled and once more; the word of weights and the row.
        false => replaced * (t * x + 2.0 * t * (product - 1.0) + 2.0 * lanes),
    };
    let gathered = gathered(sum, act);
    let reads = if matches!(job.source, Source::Currents(..)) { gathered } else { act.words };
    let beside = if sum.products {
        // Three tables a product of two bits, as behind the sums; an AND where spikes are counted.
        let array = if shared.multiplies(job) { 3.0 * (x + 1.0) * planes } else { x * planes };
        let count = replaced * glitch * (lanes * t * (array + product)) * act.rows;
        Flips { what: "products of the lanes", count }
    } else {
        Flips { what: "sum of the inputs", count: addition * (act.nonzero * planes) }
    };
    let mut all = vec![
        Flips { what: "accumulators", count: addition * act.additions },
        Flips { what: "operands offered to the lanes", count: offered * act.rows },
        Flips { what: "event pipeline", count: event * act.rows },
        beside,
        Flips {
            what: "words and their addresses",
            count: walked(a, w, reads) + replaced * (2.0 * word) * act.words,
        },
        Flips { what: "result chain", count: chain(a, shared, w, job, act) },
    ];
    if packed {
        // The lowest element that is left, and its train.
        let nets = f64::from(shared.pack) * (1.0 + timesteps);
        all.push(Flips { what: "search for events", count: replaced * glitch * nets * act.rows });
    }
    if gathered > 0.0 {
        let (one, all_of) = (f64::from(w.current), f64::from(w.gather_sum));
        let nets = replaced * (one + all_of) + replaced * glitch * all_of;
        all.push(Flips { what: "sums of windows", count: nets * gathered });
    }
    all.extend(tail(a, shared, w, sum, timesteps, act));
    all
}

/// A group of n results: all are copied and cleared, then n + (n−1) + … words move up by one.
/// The sums of the inputs turn with them.
fn chain(a: &Assume, shared: &Shared, w: &Widths, job: &Job, act: &StageMean) -> Band {
    let Assume { replaced, .. } = *a;
    let t = f64::from(shared.width);
    let group = |g| {
        let n = f64::from(shared.group_size(job, g)) * t;
        n * (n + 1.0) / 2.0 + 2.0 * n
    };
    let moved: f64 = (0..shared.groups(job)).map(group).sum();
    let turned = if shared.width > 1 { t } else { 0.0 };
    // Per result: a place has one for each channel and timestep.
    let each = moved / (f64::from(job.out[0]) * t) + turned;
    replaced * (each * f64::from(w.acc)) * act.results
}

/// What becomes of the sums. All of the tail moves with every result, whatever the job takes
/// from it.
fn tail(
    a: &Assume,
    shared: &Shared,
    w: &Widths,
    sum: &SumJob,
    t: f64,
    act: &StageMean,
) -> Vec<Flips> {
    let Assume { replaced, glitch, counted, .. } = *a;
    let register = Band::exact(1.0);
    let (product, membrane) = (f64::from(w.product), f64::from(w.membrane));
    let results = act.results;
    let subtraction = replaced * (glitch + register) * f64::from(w.acc.max(w.once) + 1);
    // Three tables a product of two bits (docs/energy.md), and the sum of the partial products.
    let array = 3.0 * f64::from((w.digit + 1) * w.gain) + product;
    let digit = replaced * glitch * array + replaced * (product + f64::from(w.digits * w.digit));
    let scale = replaced * glitch * (product + membrane) + replaced * membrane;
    // Every kind of neuron has its leak, and all of them see every membrane.
    let leak = |k: &NeuronKind| {
        let adders = k.leak_num.count_ones().saturating_sub(1);
        f64::from(adders) * (membrane + f64::from(k.leak_shift))
    };
    let nets = 3.0 * membrane + shared.kinds.iter().map(leak).sum::<f64>();
    let trains = act.steps / t;
    let kept = if matches!(sum.then, Then::Maps { keep: Some(_), .. }) { results } else { 0.0 };
    let places = 2.0 * (act.parameter_reads + trains) + added(sum, act) + kept + act.train_writes;
    let mut all = vec![
        Flips { what: "subtraction", count: subtraction * results },
        Flips { what: "gain multiplications", count: digit * (results * f64::from(sum.digits)) },
        Flips { what: "shift and addition", count: scale * results },
        Flips { what: "membranes", count: replaced * membrane * results },
        Flips { what: "charge, compare, reset, leak", count: replaced * glitch * nets * results },
        Flips {
            what: "inputs and thresholds",
            count: replaced * (membrane * results + f64::from(w.threshold) * trains),
        },
        Flips {
            what: "sums over the timesteps",
            count: replaced * (glitch + register) * (f64::from(w.sum) * results),
        },
        Flips { what: "addresses of results", count: counted * places },
    ];
    if !shared.leaks.is_empty() {
        // Every result passes by, whether it leaks or not.
        let leak = |l: &Leak| {
            let adders = l.num.count_ones().saturating_sub(1);
            // What is left of a membrane on its threshold, and which of both is taken.
            let resets = if l.resets.is_some() { 2.0 * membrane } else { 0.0 };
            f64::from(adders) * (membrane + f64::from(l.shift)) + resets
        };
        let nets = membrane + shared.leaks.iter().map(leak).sum::<f64>();
        let count = replaced * glitch * (nets * results)
            + replaced * (membrane * (results + act.integrations))
            + replaced * (2.0 * f64::from(w.theta) * results / t);
        all.push(Flips { what: "currents that leak", count });
    }
    if act.steps > 0.0 {
        // In the neuron's train and in the word of trains.
        let count = counted * act.spikes + replaced * (2.0 * act.steps);
        all.push(Flips { what: "spike trains", count });
    }
    all
}

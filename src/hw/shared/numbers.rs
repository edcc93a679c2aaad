// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Widths, and what follows from them: elements of a word, digits, shifts.
//!
//! Widths come from interval analysis of the weights as they are ([`super::ranges`]).

use super::legalise::Plan;
use super::ranges::{JobRanges, Range, hull, ranges, width};
use super::{NeuronKind, Neurons, Shared, Source, Sums, Then, Work, once};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::interval::{membrane_width, range, signed_width};
use crate::ir::{FixedLif, PerChannel};

/// Bits of a sum that the multiplier takes a cycle.
pub(super) const DIGIT_BITS: u32 = 12;
/// What is left of a shift behind the digits is a multiple of this.
const SHIFT_STEP: u32 = 4;
/// Widest word of trains where more than one element would make it wider.
const TRAIN_WORD: u32 = 32;
/// Most elements of a word.
const MOST_PACK: u32 = 16;
/// Widest membrane, accumulator, current or gathered sum.
const MOST_BITS: u32 = 31;
/// Widest product before its shift.
const MOST_PRODUCT: u32 = 62;
/// A sum of a window of currents is rounded to so many bits less.
const MOST_GATHER_SHIFT: u32 = 15;
/// A logit is sent as four bytes.
const MOST_LOGIT: u32 = 32;

const NARROWER: &str = "fewer bits of weights, scales or inputs make it narrower; `synfire \
    simulate` runs the model without hardware";

/// Fills in the numbers that do not depend on lanes.
///
/// # Errors
/// `HW_UNSUPPORTED` with the layer whose numbers are too wide.
pub(super) fn numbers(plan: &mut Plan, timesteps: u32) -> Result<()> {
    plan.shared.pack = pack(&plan.shared);
    let input = &mut plan.shared.input;
    // Windows see single places of a map; those of a vector see all of it.
    let is_vector = input.shape[1] * input.shape[2] == 1;
    input.pack = if input.trains && is_vector { plan.shared.pack } else { 1 };
    plan.shared.digit_bits = DIGIT_BITS;
    once::choose(plan, timesteps);
    let found = ranges(plan, timesteps);
    let shared = &mut plan.shared;
    let (kinds, frac) = (shared.kinds.clone(), shared.frac);
    let (mut acc, mut once) = ((1, String::new()), (0, String::new()));
    let (mut kept, mut membrane) = (1, 1);
    for (job, ranges) in shared.jobs.iter_mut().zip(&found) {
        let (Work::Sum(sum), Some(r)) = (&mut job.work, ranges) else { continue };
        let too_wide = |what: &str, bits: u32, most: u32| {
            let message = format!("{what} of {bits} bits; up to {most} are possible");
            Err(Diagnostic::new(&codes::HW_UNSUPPORTED, message)
                .at(job.name.clone())
                .help(NARROWER))
        };
        let check = |what: &str, bits: u32, most| {
            if bits > most { too_wide(what, bits, most) } else { Ok(bits) }
        };
        // Whatever the weights are: a changed one must not make a sum too wide, either.
        let any = sum.weights.len() as i128 / sum.gain.len() as i128
            * r.operand
            * (1 << (sum.planes - 1)).max(2);
        check("an accumulator", signed_width(any), MOST_BITS + 1)?;
        let sums = check("an accumulator", width(r.acc), MOST_BITS)?;
        let widest = if sum.sums == Sums::Each { &mut acc } else { &mut once };
        if sums > widest.0 {
            *widest = (sums, job.name.clone());
        }
        let mut own = 1;
        // Of a processor of its own as much as its accumulators need.
        let digit_bits = job.own.map_or(DIGIT_BITS, |own| own.digit_bits.min(sums + 2));
        job.own.iter_mut().for_each(|own| own.digit_bits = digit_bits);
        sum.digits = width(r.sum).div_ceil(digit_bits);
        widen(sum, digit_bits);
        let largest = |list: &[i64]| list.iter().map(|&v| signed_width(v)).max().unwrap_or(1);
        let product = largest(&sum.gain) + width(r.sum);
        check("a product", product.max(largest(&sum.offset)) + 1, MOST_PRODUCT)?;
        let result = r.result.iter().copied().fold((0, 0), hull);
        let currents = width(hull(result, hull(r.added, r.scaled)));
        own = own.max(check("a current", currents, MOST_BITS)?);
        if matches!(sum.then, Then::Maps { fire: Some(_), .. }) {
            let finer = (result.0 << shared.frac, result.1 << shared.frac);
            own = own.max(check("a membrane", width(finer), MOST_BITS)?);
        }
        if let Source::Currents(_, gather) = &mut job.source {
            check("a shift of sums of windows", gather.shift, MOST_GATHER_SHIFT)?;
            gather.bits = check("a sum of a window", width(r.gathered), MOST_BITS)?;
        }
        match &sum.then {
            Then::Maps { keep, fire } => {
                if keep.is_some() {
                    kept = kept.max(width(result));
                }
                if let Some((neurons, _)) = fire {
                    let bits = membrane_bits(kinds[neurons.kind], frac, neurons, r, timesteps);
                    own = own.max(check("a membrane", bits, MOST_BITS)?);
                }
            }
            Then::Readout => {
                let times = if shared.last { 1 } else { i128::from(timesteps) };
                let timestep = if sum.sums == Sums::Total { r.timestep } else { result };
                let total = (timestep.0 * times, timestep.1 * times);
                let readout = &mut shared.readout;
                readout.input_bits = check("a sum over the timesteps", width(total), MOST_LOGIT)?;
                readout.offset_bits = largest(&readout.offset);
                let logit = readout.logit_bits.max(readout.input_bits).max(readout.offset_bits);
                readout.logit_bits = check("a logit", logit, MOST_LOGIT)?;
            }
        }
        membrane = membrane.max(own);
        if let Some(line) = &mut job.own {
            let is_once = sum.sums != Sums::Each;
            line.once_bits = if is_once { sums } else { 0 };
            line.acc_bits = if is_once { sums.div_ceil(shared.width) } else { sums };
            line.membrane_bits = own;
        }
    }
    // The register that sums up timesteps is that of membranes and as much wider.
    let total = membrane.max(kept + 1) + u32::BITS - timesteps.leading_zeros();
    if total > MOST_LOGIT {
        let message = format!(
            "membranes of {membrane} bits, or currents of {kept}, over {timesteps} timesteps; \
             their sum has {total} bits, up to {MOST_LOGIT} are possible"
        );
        let last = shared.readout.name.clone();
        return Err(Diagnostic::new(&codes::HW_UNSUPPORTED, message).at(last).help(NARROWER));
    }
    let (acc, widest) = acc;
    if !widest.is_empty() {
        plan.notes.push(format!("accumulators of {acc} bits: `{widest}` has the widest sums"));
    }
    shared.acc_bits = acc.max(once.0.div_ceil(shared.width));
    shared.once_bits = once.0;
    (shared.current_bits, shared.membrane_bits) = (kept, membrane);
    if once.0 > 0 {
        let joined = once.0.div_ceil(shared.acc_bits);
        plan.notes.push(format!(
            "one sum of {} bits for all timesteps of `{}`: {joined} accumulators of {} bits \
             together hold it",
            once.0, once.1, shared.acc_bits
        ));
    }
    Ok(())
}

/// E: as many as a word has room for, and no more than the channels of a map.
fn pack(shared: &Shared) -> u32 {
    let most = shared.trains.iter().map(|m| m.shape[0]).max().unwrap_or(1).next_power_of_two();
    let room = (TRAIN_WORD / shared.width).max(1);
    (1 << room.ilog2()).min(MOST_PACK).min(most)
}

/// Makes the shift one that the multiplier takes: it drops the bits of all digits but the
/// last, and what is left in steps. Factors of two change nothing else.
fn widen(sum: &mut super::SumJob, digit_bits: u32) {
    let digits = (sum.digits - 1) * digit_bits;
    let more = digits + sum.shift.saturating_sub(digits).next_multiple_of(SHIFT_STEP) - sum.shift;
    sum.shift += more;
    sum.gain.iter_mut().chain(&mut sum.offset).for_each(|v| *v = v.saturating_mul(1 << more));
}

/// Width of the membranes of a layer.
fn membrane_bits(kind: NeuronKind, frac: u32, n: &Neurons, r: &JobRanges, timesteps: u32) -> u32 {
    let l = FixedLif {
        leak_num: PerChannel::All(kind.leak_num),
        leak_shift: kind.leak_shift,
        frac,
        width: 0,
        bias: n.bias.clone(),
        threshold: n.threshold.clone(),
        reset: kind.reset,
        compare: kind.compare,
        sign: n.sign.clone(),
        reset_to: Vec::new(),
        start: Vec::new(),
    };
    let channels = r.result.len();
    let of = |(c, &(lo, hi)): (usize, &Range)| {
        let own = signed_width(n.bias[c]).max(signed_width(n.threshold[c]));
        own.max(membrane_width(&l, c, channels, range(lo, hi), timesteps))
    };
    r.result.iter().enumerate().map(of).max().unwrap_or(1)
}

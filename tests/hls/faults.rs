// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Faults in the kernels, one at a time, that a comparison has to notice.

/// `from`, which occurs once in `file`, becomes `to`.
#[derive(Debug)]
pub(crate) struct Fault {
    pub file: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    pub on: On,
}

/// Which designs show it.
#[derive(Debug)]
pub(crate) enum On {
    /// Chains, this one first.
    Chain(usize),
    /// Processors.
    Processor,
}

const fn chain(first: usize, file: &'static str, from: &'static str, to: &'static str) -> Fault {
    Fault { file, from, to, on: On::Chain(first) }
}

const fn processor(from: &'static str, to: &'static str) -> Fault {
    Fault { file: "sf_processor.h", from, to, on: On::Processor }
}

pub(crate) const FAULTS: &[Fault] = &[
    // Weights of another input, the last lanes, sums of another timestep, ±1 for planes.
    chain(1, "sf_dense.h", "weights[g * NI + (int)input[k]]", "weights[g * NI + k]"),
    chain(1, "sf_dense.h", "p < P && g * P + p < NO", "g * P + p < NO && p < P - 1 + (g == 0)"),
    chain(1, "sf_dense.h", "(value[k] >> t) & 1", "value[k] & 1"),
    chain(12, "sf_dense.h", "y.write(ZEROS ?", "y.write(false ?"),
    chain(12, "sf_planes.h", "b == 0 ? -(long long)plane", "b == 0 ? (long long)plane"),
    // The comparison at the threshold, the leak's rounding, a reset, a held input.
    chain(0, "sf_lif.h", "strict ? u > theta : u >= theta", "u > theta"),
    chain(1, "sf_lif.h", "((long long)left * k) >> m", "((long long)left * k) / (1LL << m)"),
    chain(1, "sf_lif.h", "if (fires && reset == 1)", "if (false)"),
    chain(1, "sf_lif.h", "if (fires && reset == 2)", "if (false)"),
    chain(1, "sf_lif.h", "!HOLD || t == 0", "t == 0"),
    // The first of equal logits, a byte of a train, spikes that are not counted.
    chain(1, "sf_readout.h", "c == 0 || logit > best", "c == 0 || logit < best"),
    chain(1, "sf_readout.h", "+ (long long)offset[c]", ""),
    chain(3, "sf_stream.h", "(train >> (8 * b)) & 255", "train & 255"),
    chain(3, "sf_count_ones.h", "t < T; t++", "t < T - 1; t++"),
    // Planes, frames, addresses of maps, gathered sums, adds, signs, words of the OR.
    processor("job.planes > 1 && b + 1 == job.planes", "false"),
    processor("x * from.right * from.place", "x * from.place"),
    processor("corner + r * from.row + w", "corner + r * from.row"),
    processor("from.drop > 0 ? 1LL << (from.drop - 1) : 0", "0"),
    processor("+ element * C::T + t", "+ element * C::T"),
    processor("job.add_base + current + t", "current + t"),
    processor("* tables.sign[neuron]", ""),
    processor("+ x * job.fire_place + c / C::E", "+ x * job.fire_place"),
    processor("(y * from.down + r) * from.row", "(y + r) * from.row"),
    processor("2 * s - (long long)total[t]", "s"),
    // A threshold of the first channels, membranes before a reset.
    processor("tables.theta[job.gains + c]", "tables.theta[c]"),
    processor("reached && job.sum_after", "false"),
];

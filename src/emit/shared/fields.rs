// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The numbers in which jobs differ: their widths, and a literal of each.

use super::bits;
use super::numbers::{self, Kind};
use crate::hw::shared::{Job, Shared, Source, Sums, Then, Work};

/// A number that differs from job to job.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) width: u32,
}

/// Widths that follow from the memories.
pub(super) struct Limits {
    pub(super) addr_bits: u32,
    pub(super) row_bits: u32,
    pub(super) plane_bits: u32,
    pub(super) train_addr_bits: u32,
    /// None without currents.
    pub(super) current_bits: Option<u32>,
    pub(super) gain_addr_bits: u32,
    pub(super) neuron_addr_bits: u32,
    pub(super) digit_bits: u32,
    pub(super) gather: bool,
    pub(super) before: bool,
    pub(super) packed: bool,
    pub(super) leaks: bool,
    pub(super) once: bool,
}

impl Limits {
    /// The fields of a job, and the width of a count.
    pub(super) fn fields(&self, numbers: &[Numbers], results: u32) -> (Vec<Field>, u32) {
        let widest = |of: fn(&Numbers) -> u32| bits(numbers.iter().map(of).max().unwrap_or(0));
        let count = widest(|n| n.counts.into_iter().max().unwrap_or(1) - 1)
            .max(widest(|n| n.write_row.max(1) - 1));
        let left = address_bits(results + 1);
        let mut all = vec![("kind", 2), ("base", self.addr_bits)];
        all.extend(
            ["count0", "count1", "count2", "count3", "count4", "count5"].map(|n| (n, count)),
        );
        let deltas = ["delta0", "delta1", "delta2", "delta3", "delta4", "delta5"];
        all.extend(deltas.map(|n| (n, self.addr_bits)));
        all.extend([
            ("planes", self.plane_bits),
            ("multi", 1),
            ("half", 1),
            ("row", self.row_bits),
            ("left", left),
            ("left_last", left),
            ("digits", self.digit_bits),
            ("shift", widest(|n| n.shift)),
            ("channels", widest(|n| n.channels.max(1) - 1)),
            ("add", 1),
            ("keep", 1),
            ("fire", 1),
            ("sum", 1),
            ("gain", self.gain_addr_bits),
            ("neuron", self.neuron_addr_bits),
            ("neurons", widest(|n| n.neurons)),
            ("write_base", self.train_addr_bits),
            ("write_row", count),
            ("write_gap", self.train_addr_bits),
        ]);
        if let Some(bits) = self.current_bits {
            all.extend([("add_bank", 1), ("add_base", bits)]);
            all.extend([("keep_bank", 1), ("keep_base", bits)]);
        }
        if self.before {
            all.push(("before", 1));
        }
        if self.packed {
            all.push(("input", 1));
        }
        if self.once {
            all.extend([("once", 1), ("again", 1)]);
        }
        if self.leaks {
            all.extend([("leaky", 1), ("leak", widest(|n| n.leak.unwrap_or(0)))]);
        }
        if self.gather {
            all.extend([("gather_bank", 1), ("gather_shift", 4)]);
        }
        (all.into_iter().map(|(name, width)| Field { name, width }).collect(), count)
    }
}

/// The numbers of one job.
pub(super) struct Numbers {
    pub(super) words: String,
    kind: Kind,
    base: i64,
    counts: [u32; 6],
    deltas: [i64; 6],
    /// Rows of weights that an element takes.
    planes: u32,
    /// Weights are numbers, not ±1.
    multi: bool,
    half: bool,
    row: u32,
    left: u32,
    left_last: u32,
    digits: u32,
    /// The final shift, in steps of four bits.
    pub(super) shift: u32,
    channels: u32,
    gain: u32,
    neuron: u32,
    /// The kind of the neurons.
    neurons: u32,
    add: Option<(u32, u32)>,
    keep: Option<(u32, u32)>,
    fires: bool,
    sums: bool,
    write_base: u32,
    write_row: u32,
    write_gap: u32,
    gather_bank: u32,
    gather_shift: u32,
    before: bool,
    input: bool,
    sum: Sums,
    /// The leak of what integrates.
    leak: Option<u32>,
}

impl Numbers {
    pub(super) fn all(shared: &Shared, timesteps: u32) -> Vec<Self> {
        let (mut base, mut gain, mut neuron) = (0, 0, 0);
        let mut all = Vec::new();
        for (job, words) in shared.jobs.iter().zip(shared.weight_words()) {
            let n = Self::of(shared, job, timesteps, (base, gain, neuron));
            base += words;
            if matches!(job.work, Work::Sum(_)) {
                gain += job.out[0];
            }
            neuron += if n.fires { job.out[0] } else { 0 };
            all.push(n);
        }
        all
    }

    fn of(shared: &Shared, job: &Job, t: u32, (base, gain, neuron): (u32, u32, u32)) -> Self {
        let (walk, kind) = numbers::walk_of(shared, job, t);
        let (write_base, write_row, write_gap) =
            numbers::train_map(job).map_or((0, 1, 0), |m| numbers::written(shared, m));
        let [channels, rows, columns] = job.out;
        let mut n = Self {
            words: format!("{channels}x{rows}x{columns}, OR of windows"),
            kind,
            base: walk.base,
            counts: walk.counts,
            deltas: walk.deltas,
            planes: 1,
            multi: false,
            half: false,
            row: 0,
            left: 0,
            left_last: 0,
            digits: 1,
            shift: 0,
            channels,
            gain,
            neuron,
            neurons: 0,
            add: None,
            keep: None,
            fires: false,
            sums: false,
            write_base,
            write_row,
            write_gap,
            before: job.before,
            input: job.source == Source::Input,
            sum: Sums::Each,
            leak: None,
            gather_bank: 0,
            // Where nothing is gathered, any shift is right: that of the others costs nothing.
            gather_shift: shared.gathers().next().map_or(0, |(_, g)| g.shift),
        };
        if let Source::Currents(map, gather) = job.source {
            n.gather_bank = numbers::current(shared, Some(map)).0;
            n.gather_shift = gather.shift;
        }
        if let Work::Sum(sum) = &job.work {
            let groups = shared.groups(job);
            n.words = format!(
                "{channels}x{rows}x{columns} in {groups} groups, window {}x{}, weights of {} plane(s){}",
                sum.window[0],
                sum.window[1],
                sum.planes,
                if sum.products { " at once" } else { "" }
            );
            n.planes = sum.passes();
            n.multi = sum.planes > 1;
            n.half = sum.slices == 2;
            n.row = numbers::first_row(shared, job, sum, base);
            n.left = shared.group_size(job, 0) * t;
            n.left_last = shared.group_size(job, groups - 1) * t;
            n.digits = sum.digits;
            n.sum = sum.sums;
            n.shift = (sum.shift - (sum.digits - 1) * shared.digit_bits) / 4;
            n.leak = sum.leak.map(|l| l as u32);
            n.add = sum.add.map(|m| numbers::current(shared, Some(m)));
            if let Then::Maps { keep, fire } = &sum.then {
                n.keep = keep.map(|m| numbers::current(shared, Some(m)));
                n.fires = fire.is_some();
                n.neurons = fire.as_ref().map_or(0, |(n, _)| n.kind as u32);
            } else {
                n.sums = true;
            }
        }
        n
    }

    /// The value of a field, as a literal of `width` bits.
    pub(super) fn literal(&self, name: &str, width: u32) -> String {
        let counts = self.counts.map(|c| i64::from(c) - 1);
        let pair = |p: Option<(u32, u32)>| p.unwrap_or((0, 0));
        let value = match name {
            "kind" => self.kind as i64,
            "base" => self.base,
            "count0" => counts[0],
            "count1" => counts[1],
            "count2" => counts[2],
            "count3" => counts[3],
            "count4" => counts[4],
            "count5" => counts[5],
            "delta0" => self.deltas[0],
            "delta1" => self.deltas[1],
            "delta2" => self.deltas[2],
            "delta3" => self.deltas[3],
            "delta4" => self.deltas[4],
            "delta5" => self.deltas[5],
            "planes" => i64::from(self.planes) - 1,
            "multi" => i64::from(self.multi),
            "half" => i64::from(self.half),
            "row" => i64::from(self.row),
            "left" => i64::from(self.left),
            "left_last" => i64::from(self.left_last),
            "digits" => i64::from(self.digits) - 1,
            "shift" => i64::from(self.shift),
            "channels" => i64::from(self.channels) - 1,
            "add" => i64::from(self.add.is_some()),
            "keep" => i64::from(self.keep.is_some()),
            "fire" => i64::from(self.fires),
            "sum" => i64::from(self.sums),
            "gain" => i64::from(self.gain),
            "neuron" => i64::from(self.neuron),
            "neurons" => i64::from(self.neurons),
            "write_base" => i64::from(self.write_base),
            "write_row" => i64::from(self.write_row) - 1,
            "write_gap" => i64::from(self.write_gap),
            "add_bank" => i64::from(pair(self.add).0),
            "add_base" => i64::from(pair(self.add).1),
            "keep_bank" => i64::from(pair(self.keep).0),
            "keep_base" => i64::from(pair(self.keep).1),
            "before" => i64::from(self.before),
            "input" => i64::from(self.input),
            "once" => i64::from(self.sum != Sums::Each),
            "again" => i64::from(self.sum == Sums::Held),
            "leaky" => i64::from(self.leak.is_some()),
            "leak" => i64::from(self.leak.unwrap_or(0)),
            "gather_bank" => i64::from(self.gather_bank),
            "gather_shift" => i64::from(self.gather_shift),
            _ => 0,
        };
        let mask = (1u64 << width) - 1;
        format!("{width}'d{}", value as u64 & mask)
    }
}

/// Bits of the address of one of `depth` words, as `$clog2` in hdl/.
pub(super) fn address_bits(depth: u32) -> u32 {
    depth.max(2).next_power_of_two().trailing_zeros()
}

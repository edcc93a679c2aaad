// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A processor in C++: its jobs as a table.

use askama::Template;

use super::super::quoted;
use super::super::shared::{frame, row_of, sums};
use super::chain::reset;
use super::tables::{self, Table};
use crate::hw::Design;
use crate::hw::shared::{Bank, Job, Shared, Source, SumJob, Then, Work};
use crate::ir::Compare;

#[derive(Template)]
#[template(path = "hls/shared.cpp", escape = "none")]
pub(super) struct Top<'a> {
    model: &'a str,
    constants: Vec<(&'static str, u32)>,
    jobs: Vec<JobText>,
    classes: u32,
    logit_bits: u32,
    trace: bool,
    /// Bytes of logits and class, and of all that is sent.
    result_bytes: u32,
    traced_bytes: u32,
}

/// A job as the fields of `sf_job`.
struct JobText {
    what: String,
    is_or: bool,
    from: String,
    rest: String,
}

/// The top function.
pub(super) fn top<'a>(
    design: &Design,
    shared: &Shared,
    model: &'a str,
    [result_bytes, traced_bytes]: [u32; 2],
) -> Top<'a> {
    let depth = |bank| shared.bank_depth(bank);
    let [_, rows, columns] = shared.input.shape;
    let channels = shared.input.words();
    let constants = vec![
        ("T", shared.width),
        ("P", shared.lanes),
        ("E", shared.pack),
        ("AW", shared.acc_bits.max(shared.once_bits)),
        ("CW", shared.current_bits),
        ("VW", shared.membrane_bits),
        ("SW", shared.readout.input_bits),
        ("LAST", shared.last.into()),
        ("FRAC", shared.frac),
        ("IW", shared.input.word_bits()),
        ("IE", shared.input.pack),
        ("CHANNELS", channels),
        ("ROWS", rows),
        ("COLUMNS", columns),
        ("INPUT_FIRST", shared.input.first()),
        ("INPUT_ROW", shared.input.pitch() * channels),
        ("INPUT_DEPTH", shared.input.depth()),
        ("TRAIN_DEPTH", shared.train_depth()),
        ("CURRENT_DEPTH", depth(Bank::A).max(depth(Bank::B)).max(1)),
    ];
    let mut next = Next::default();
    let jobs = shared.jobs.iter().map(|job| text(shared, job, &mut next)).collect();
    let (classes, logit_bits) = (shared.readout.classes(), shared.readout.logit_bits);
    let trace = design.trace;
    Top { model, constants, jobs, classes, logit_bits, trace, result_bytes, traced_bytes }
}

/// Where the numbers of the next job begin in the tables.
#[derive(Default)]
struct Next {
    weights: u32,
    gains: u32,
    neurons: u32,
}

/// Numbers, one after another.
fn list(numbers: &[i64]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn text(shared: &Shared, job: &Job, next: &mut Next) -> JobText {
    let (what, [channels, rows, columns]) = (quoted(&job.name), job.out.map(i64::from));
    match &job.work {
        Work::Or { window, stride, to } => {
            let from = source(shared, job, *window, *stride, [0, 0]);
            let [first, row, place] = written(shared, *to);
            let rest = list(&[
                channels, rows, columns, 0, 0, 0, 0, -1, 0, 0, 0, 3, -1, 0, first, row, place, 0,
                0, 0, 0,
            ]);
            JobText { what, is_or: true, from, rest: rest + ", false, false, false, false, false" }
        }
        Work::Sum(sum) => {
            let from = source(shared, job, sum.window, sum.stride, sum.padding);
            let (keep, fire) = match &sum.then {
                Then::Maps { keep, fire } => (*keep, fire.as_ref()),
                Then::Readout => (None, None),
            };
            let current = |map: Option<usize>| {
                let map = map.map(|m| &shared.currents[m]);
                map.map_or([-1, 0], |m| [bank(m.bank), i64::from(m.base)])
            };
            let ([add_bank, add_base], [keep_bank, keep_base]) = (current(sum.add), current(keep));
            let [first, row, place] = fire.map_or([-1, 0, 0], |(_, map)| written(shared, *map));
            let (weights, gains, neurons) = (next.weights, next.gains, next.neurons);
            let leak = sum.leak.map(|l| shared.leaks[l]);
            let resets = leak.and_then(|l| l.resets);
            let kind = fire.map(|(n, _)| shared.kinds[n.kind]);
            next.weights += shared.rows(job, sum) * shared.groups(job);
            next.gains += job.out[0];
            next.neurons += fire.map_or(0, |_| job.out[0]);
            let rest = list(&[
                channels,
                rows,
                columns,
                sum.planes.into(),
                weights.into(),
                gains.into(),
                sum.shift.into(),
                add_bank,
                add_base,
                leak.map_or(0, |l| l.num.into()),
                leak.map_or(0, |l| l.shift.into()),
                resets.map_or(3, |r| reset(r.reset).into()),
                keep_bank,
                keep_base,
                first,
                row,
                place,
                neurons.into(),
                kind.map_or(0, |k| k.leak_num.into()),
                kind.map_or(0, |k| k.leak_shift.into()),
                kind.map_or(0, |k| reset(k.reset).into()),
            ]);
            let strict = kind.is_some_and(|k| k.compare == Compare::Above);
            let reads_out = matches!(sum.then, Then::Readout);
            let above = resets.is_some_and(|r| r.compare == Compare::Above);
            let after = resets.is_some_and(|r| r.after);
            let integrates = format!("{}, {above}, {after}", leak.is_some());
            let rest = format!("{rest}, {integrates}, {strict}, {reads_out}");
            JobText { what, is_or: false, from, rest }
        }
    }
}

fn bank(bank: Bank) -> i64 {
    match bank {
        Bank::A => 0,
        Bank::B => 1,
    }
}

/// The fields of `sf_from`.
fn source(
    shared: &Shared,
    job: &Job,
    window: [u32; 2],
    stride: [u32; 2],
    padding: [u32; 2],
) -> String {
    let f = frame(shared, job.source);
    let (kind, gather, memory, base) = match job.source {
        Source::Input => (i64::from(shared.input.trains), None, 0, 0),
        Source::Trains(_) => (2, None, 0, 0),
        Source::Currents(m, gather) => {
            let map = &shared.currents[m];
            (3, Some(gather), bank(map.bank), i64::from(map.base))
        }
    };
    let [above, left] = padding.map(i64::from);
    // Windows of currents lie side by side.
    let [high, wide] = gather.map_or(window, |g| g.window);
    let [down, right] = match gather {
        Some(g) => [stride[0] * g.window[0], stride[1] * g.window[1]],
        None => stride,
    };
    let first = match gather {
        Some(_) => 0,
        None => f.first - above * f.row - left * f.place,
    };
    list(&[
        kind,
        memory,
        base,
        first,
        f.row,
        f.place,
        shared.words(job.source).0.into(),
        high.into(),
        wide.into(),
        down.into(),
        right.into(),
        gather.map_or(0, |g| g.shift.into()),
    ])
}

/// First word of the trains that a job writes, words from a row, from a place to the next.
fn written(shared: &Shared, map: usize) -> [i64; 3] {
    let f = frame(shared, Source::Trains(map));
    [f.first, f.row, f.place]
}

/// At which each channel's integrator resets, 0 where it does not.
fn thetas<'a>((_, sum): (&Job, &'a SumJob)) -> impl Iterator<Item = i64> + 'a {
    (0..sum.gain.len()).map(|c| sum.theta.get(c).copied().unwrap_or(0))
}

/// Weights, gains, neurons, readout.
pub(super) fn tables(shared: &Shared) -> Vec<Table> {
    let rows = sums(shared).flat_map(|(job, sum): (&Job, &SumJob)| {
        let rows = shared.rows(job, sum) * shared.groups(job);
        (0..rows).map(move |row| row_of(shared, job, sum, row))
    });
    let number = |name: &str, values: &mut dyn Iterator<Item = i64>| {
        Table::numbers("long long".into(), name.into(), values)
    };
    let neurons = || shared.fires().map(|(n, _)| n);
    let signs = neurons().flat_map(|n| n.sign.iter().map(|s| i64::from(*s)));
    let mut tables = vec![
        Table::bits("weights".into(), shared.lanes, rows),
        number("gain", &mut sums(shared).flat_map(|(_, s)| s.gain.iter().copied())),
        number("offset", &mut sums(shared).flat_map(|(_, s)| s.offset.iter().copied())),
        number("theta", &mut sums(shared).flat_map(thetas)),
        Table::numbers("signed char".into(), "sign".into(), signs),
        number("bias", &mut neurons().flat_map(|n| n.bias.iter().copied())),
        number("threshold", &mut neurons().flat_map(|n| n.threshold.iter().copied())),
    ];
    tables.extend(tables::readout(&shared.readout));
    tables
}

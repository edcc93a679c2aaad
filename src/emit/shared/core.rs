// SPDX-License-Identifier: Apache-2.0 OR MIT
//! sf_core.v of the shared mapping: widths, and a case for each job.

use askama::Template;

use super::super::{File, RTL_DIR, quoted};
use super::bits;
use super::contents::{self, sums};
use super::fields::{Field, Limits, Numbers, address_bits};
use crate::diag::Result;
use crate::hw::shared::{Bank, Job, NeuronKind, Shared, Source, Stored, Sums, parameters_in};
use crate::hw::{Design, Place};
use crate::ir::{Compare, Reset};

#[derive(Template)]
#[template(path = "verilog/shared.v", escape = "none")]
pub(super) struct Core<'a> {
    model: String,
    version: &'a str,
    timesteps: u32,
    /// C.
    width: u32,
    chunks: Option<ChunksText>,
    inputs: u32,
    input_trains: u32,
    /// Bits of a byte that are used, and bytes of a word of the input map.
    pub(super) input_byte: u32,
    pub(super) input_word_bytes: u32,
    classes: u32,
    jobs: Vec<JobText>,
    fields: Vec<Field>,
    job_bits: u32,
    load_bytes: u32,
    /// Of a word of the input map; of an input that is no word of trains.
    pub(super) level_bits: u32,
    emit_level_bits: u32,
    /// Does a job read the input map?
    read_level: &'a str,
    pub(super) input: InputText,
    pub(super) addr_bits: u32,
    count_bits: u32,
    pub(super) train_word: u32,
    train_depth: u32,
    train_bytes: u32,
    pub(super) train_addr_bits: u32,
    pub(super) fetch_bits: u32,
    level_fetched: String,
    train_fetched: String,
    emit_bits: u32,
    fetch_emitted: String,
    gather_emitted: String,
    gather: Option<GatherText>,
    gather_bits: u32,
    operand_bits: u32,
    pack: u32,
    row_bits: u32,
    plane_bits: u32,
    lanes: u32,
    slices: u32,
    /// Bits of a weight of which all planes are added at once, 0 if none are.
    products: u32,
    /// Such weights are shifted and added, not multiplied.
    gated: u32,
    /// Of a word of the weight memory.
    weight_bits: u32,
    weight_depth: u32,
    weight_addr_bits: u32,
    weight_addr: String,
    weight_block: u32,
    acc_bits: u32,
    /// Of the one sum of all timesteps; 0: no job has it.
    once_bits: u32,
    /// Of what leaves the lanes.
    result_bits: u32,
    /// Does a job count spikes?
    counts: u32,
    gain_addr_bits: u32,
    neuron_addr_bits: u32,
    channel_bits: u32,
    gain_bits: u32,
    offset_bits: u32,
    /// Do gains and neurons lie in block RAM?
    parameter_block: u32,
    gain_word: u32,
    gain_depth: u32,
    bias_bits: u32,
    threshold_bits: u32,
    neuron_word: u32,
    neuron_depth: u32,
    digit_bits: u32,
    digits: u32,
    shifts: u32,
    membrane_bits: u32,
    frac: u32,
    pub(super) current_bits: u32,
    pub(super) sum_bits: u32,
    kinds: KindsText,
    leaks: Option<LeaksText>,
    last: u32,
    currents: Option<CurrentsText>,
    pub(super) readout: ReadoutText,
    probe_job: String,
    /// Is there a job that sums?
    sums: bool,
    /// Of the names of memory files.
    prefix: String,
    /// The processor of one job of a line.
    engine: Option<EngineText>,
}

/// A processor of a line.
struct EngineText {
    index: usize,
    /// The loop of the walk whose steps wait.
    row: u32,
    name: String,
    words: String,
    values: Vec<Constant>,
}

/// A number that is the same all the time.
struct Constant {
    name: &'static str,
    width: u32,
    literal: String,
}

/// The kinds of neurons as parameters: each a vector with a field a kind, the first lowest.
struct KindsText {
    count: usize,
    leak_num: String,
    leak_shift: String,
    reset: String,
    strict: String,
}

/// The leaks of integrators, in the same form.
struct LeaksText {
    count: usize,
    num: String,
    shift: String,
    /// Integrators of all layers.
    all: u32,
    resets: Option<ResetsText>,
}

/// Their resets, in the same form.
struct ResetsText {
    /// Of a threshold.
    bits: u32,
    reset: String,
    strict: String,
    after: String,
}

/// Timesteps in several chunks.
struct ChunksText {
    count: u32,
    /// Words of a chunk's part of the input map and of the train memory; 0: all use the same.
    input_part: u32,
    train_part: u32,
    /// Neurons whose membranes are kept.
    neurons: u32,
    /// Are sums kept, too?
    sums: bool,
    /// What the parts add to the address of a job's words.
    base: String,
    /// Is there a job that reads the chunk before?
    before: bool,
}

#[derive(Clone, Copy)]
pub(super) struct InputText {
    pub(super) c: u32,
    pub(super) h: u32,
    pub(super) w: u32,
    pub(super) halo: u32,
    pub(super) addr_bits: u32,
}

struct GatherText {
    sum_bits: u32,
    bits: u32,
    operand_bits: u32,
}

struct CurrentsText {
    addr_bits: u32,
    depth_a: u32,
    depth_b: u32,
    huge: [u32; 2],
}

#[derive(Clone, Copy)]
pub(super) struct ReadoutText {
    pub(super) gain_bits: u32,
    pub(super) offset_bits: u32,
    pub(super) logit_bits: u32,
    pub(super) block: u32,
}

struct JobText {
    name: String,
    /// What it does, for readers of the file.
    words: String,
    values: Vec<Value>,
}

struct Value {
    name: &'static str,
    literal: String,
}

/// `name` of `from` bits with zeros before it, `to` bits in all.
fn extended(name: &str, from: u32, to: u32) -> String {
    if from == to { name.to_owned() } else { format!("{{{}'d0, {name}}}", to - from) }
}

/// Renders the core.
pub(super) fn render(design: &Design, shared: &Shared) -> Result<File> {
    File::rendered(format!("{RTL_DIR}/sf_core.v"), &core(design, shared, None))
}

/// The text of a core, or of the processor of a job of a line, which then is the only job of
/// `shared`.
pub(super) fn core<'a>(
    design: &Design,
    shared: &Shared,
    engine: Option<(usize, bool)>,
) -> Core<'a> {
    let t = shared.width;
    let widths = contents::widths(shared);
    let (train_depth, [own_a, own_b]) = match engine {
        Some(_) => (trains_of(shared), [currents_of(shared), 0]),
        None => (design.train_words(), [Bank::A, Bank::B].map(|b| shared.bank_depth(b))),
    };
    let train_word = shared.pack * t;
    let level_bits = shared.input.word_bits();
    let window = shared.gathers().map(|(_, g)| g.window[0] * g.window[1]).max().unwrap_or(1);
    let gather_bits = shared.gathers().map(|(_, g)| g.bits).max().unwrap_or(1);
    let gather = shared.gathers().next().map(|_| GatherText {
        sum_bits: shared.current_bits + bits(window - 1),
        bits: gather_bits,
        operand_bits: gather_bits * t,
    });
    let counts = sums(shared).any(|(_, s)| s.sums == Sums::Total);
    let spikes = if counts { bits(t) + 1 } else { 2 };
    let operand_bits = (bits(shared.input.largest()) + 1).max(spikes).max(gather_bits);
    let fetch_bits = level_bits.max(train_word);
    let emit_bits = fetch_bits.max(t * gather_bits);
    let [acc_bits, once_bits] = shared.accumulators();
    let result_bits = acc_bits.max(once_bits) + 1;
    let slices = sums(shared).map(|(_, s)| s.slices).max().unwrap_or(1);
    let planes = sums(shared).map(|(_, s)| s.passes()).max().unwrap_or(1);
    let plane_bits = bits(planes - 1);
    let products =
        sums(shared).filter(|(_, s)| s.products).map(|(_, s)| s.planes).max().unwrap_or(0);
    let multiplies = sums(shared).any(|(job, _)| shared.multiplies(job));
    let weight_depth = shared.weight_depth();
    let weight_addr_bits = address_bits(weight_depth);
    let row_bits =
        (weight_addr_bits + slices - 1).max(plane_bits + 1).max(shared.pack.trailing_zeros() + 1);
    let (depth_a, depth_b) = (own_a.max(1), own_b.max(1));
    let currents = (!shared.currents.is_empty()).then(|| CurrentsText {
        addr_bits: address_bits(depth_a.max(depth_b)),
        depth_a,
        depth_b,
        huge: shared.banks.map(|place| u32::from(place == Place::Spram)),
    });
    let input = InputText {
        c: shared.input.words(),
        h: shared.input.shape[1],
        w: shared.input.shape[2],
        halo: shared.input.halo,
        addr_bits: address_bits(design.input_words()),
    };
    let train_addr_bits = address_bits(train_depth);
    let addr_bits =
        input.addr_bits.max(train_addr_bits).max(currents.as_ref().map_or(1, |c| c.addr_bits));
    let membrane_bits = shared
        .membrane_bits
        .max(shared.current_bits + 1)
        .max(widths.bias + 1)
        .max(widths.threshold + 1)
        .max(widths.theta + 1);
    let sum_bits = (membrane_bits + bits(design.timesteps)).max(shared.readout.input_bits);
    let digits = sums(shared)
        .map(|(_, s)| s.digits)
        .max()
        .unwrap_or(1)
        .max(result_bits / shared.digit_bits + 1);
    let limits = Limits {
        addr_bits,
        row_bits,
        plane_bits,
        train_addr_bits,
        current_bits: currents.as_ref().map(|c| c.addr_bits),
        gain_addr_bits: address_bits(sums(shared).map(|(j, _)| j.out[0]).sum()),
        neuron_addr_bits: address_bits(shared.fires().map(|(n, _)| n.sign.len() as u32).sum()),
        digit_bits: bits(digits - 1),
        gather: gather.is_some(),
        before: shared.jobs.iter().any(|j| j.before),
        packed: shared.input.pack > 1,
        leaks: !shared.leaks.is_empty(),
        once: once_bits > 0,
    };
    let in_luts =
        engine.zip(shared.jobs.first()).map(|(_, j)| parameters_in(j.out[0], design.family));
    let numbers = Numbers::all(shared, t);
    let (fields, count_bits) = limits.fields(&numbers, shared.lanes * t);
    let text = |(job, n): (&Job, &Numbers)| JobText {
        name: quoted(&job.name),
        words: n.words.clone(),
        values: fields
            .iter()
            .map(|f| Value { name: f.name, literal: n.literal(f.name, f.width) })
            .collect(),
    };
    let jobs: Vec<JobText> = shared.jobs.iter().zip(&numbers).map(text).collect();
    let job_bits = address_bits(jobs.len() as u32);
    let engine =
        engine.zip(shared.jobs.first().zip(numbers.first())).map(|((index, whole), (job, n))| {
            let constant = |f: &Field| Constant {
                name: f.name,
                width: f.width,
                literal: n.literal(f.name, f.width),
            };
            EngineText {
                index,
                row: if whole { 0 } else { 4 },
                name: quoted(&job.name),
                words: n.words.clone(),
                values: fields.iter().map(constant).collect(),
            }
        });
    Core {
        model: quoted(&design.name),
        version: env!("CARGO_PKG_VERSION"),
        timesteps: design.timesteps,
        width: t,
        chunks: chunks(design, shared, addr_bits, (input.addr_bits, train_addr_bits)),
        inputs: design.input_bytes(),
        input_trains: u32::from(shared.input.trains),
        input_byte: level_bits.min(8),
        input_word_bytes: level_bits.div_ceil(8),
        classes: shared.readout.classes(),
        job_bits,
        load_bytes: design.load_bytes(),
        level_bits,
        emit_level_bits: shared.input.bits,
        read_level: if shared.input.pack > 1 { "j_input" } else { "j_kind == 2'd0" },
        input,
        addr_bits,
        count_bits,
        train_word,
        train_depth,
        train_bytes: train_word.div_ceil(8),
        train_addr_bits,
        fetch_bits,
        level_fetched: extended("level_read", level_bits, fetch_bits),
        train_fetched: extended("train_seen", train_word, fetch_bits),
        emit_bits,
        fetch_emitted: extended("f_data", fetch_bits, emit_bits),
        gather_emitted: extended("g_data", t * gather_bits, emit_bits),
        gather,
        gather_bits,
        operand_bits,
        pack: shared.pack,
        row_bits,
        plane_bits,
        lanes: shared.lanes,
        slices,
        products,
        gated: (!multiplies).into(),
        weight_bits: shared.weight_bits(),
        weight_depth,
        weight_addr_bits,
        weight_addr: match slices {
            1 => format!("row[{}:0]", weight_addr_bits - 1),
            _ => format!("j_half ? row[{weight_addr_bits}:1] : row[{}:0]", weight_addr_bits - 1),
        },
        weight_block: u32::from(shared.weights == Place::BlockRam),
        acc_bits,
        once_bits,
        result_bits,
        counts: counts.into(),
        gain_addr_bits: limits.gain_addr_bits,
        neuron_addr_bits: limits.neuron_addr_bits,
        channel_bits: fields.iter().find(|f| f.name == "channels").map_or(1, |f| f.width),
        gain_bits: widths.gain,
        offset_bits: widths.offset,
        parameter_block: (in_luts != Some(Place::Luts)).into(),
        gain_word: widths.gain + widths.offset + widths.theta,
        gain_depth: sums(shared).map(|(j, _)| j.out[0]).sum(),
        bias_bits: widths.bias,
        threshold_bits: widths.threshold,
        neuron_word: widths.bias + widths.threshold + 2,
        neuron_depth: shared.fires().map(|(n, _)| n.sign.len() as u32).sum(),
        digit_bits: shared.digit_bits,
        digits,
        shifts: numbers.iter().map(|n| n.shift).max().unwrap_or(0) + 1,
        membrane_bits,
        frac: shared.frac,
        current_bits: shared.current_bits,
        sum_bits,
        kinds: kinds(shared),
        leaks: leaks(shared, widths.theta),
        last: shared.last.into(),
        currents,
        readout: ReadoutText {
            gain_bits: shared.readout.gain_bits,
            offset_bits: shared.readout.offset_bits,
            logit_bits: shared.readout.logit_bits.max(sum_bits),
            block: shared.readout.block.into(),
        },
        probe_job: extended("job", job_bits, 8),
        jobs,
        fields,
        sums: sums(shared).next().is_some(),
        prefix: engine.as_ref().map_or_else(String::new, |e| prefix(e.index)),
        engine,
    }
}

/// What the files of a line's processor begin with.
pub(super) fn prefix(job: usize) -> String {
    format!("job_{job}_")
}

/// Words of the largest map of trains that the only job reads or writes.
fn trains_of(shared: &Shared) -> u32 {
    let job = shared.jobs.first();
    let read = job.and_then(|j| if let Source::Trains(m) = j.source { Some(m) } else { None });
    let written = job.into_iter().flat_map(Job::writes).filter_map(|m| match m {
        Stored::Trains(m) => Some(m),
        Stored::Currents(_) | Stored::Input => None,
    });
    let depth = |m: usize| shared.trains[m].depth(shared.pack);
    read.into_iter().chain(written).map(depth).max().unwrap_or(1)
}

/// The same of the map of currents that it gathers from.
fn currents_of(shared: &Shared) -> u32 {
    match shared.jobs.first().map(|j| j.source) {
        Some(Source::Currents(m, _)) => shared.currents[m].depth(shared.width),
        _ => 1,
    }
}

/// What chunks need, if there are several.
fn chunks(
    design: &Design,
    shared: &Shared,
    addr_bits: u32,
    (input_bits, train_bits): (u32, u32),
) -> Option<ChunksText> {
    let part = |depth: u32, all: u32| if all > depth { depth } else { 0 };
    let input_part = part(shared.input.depth(), design.input_words());
    let train_part = part(shared.train_depth(), design.train_words());
    let none = format!("{addr_bits}'d0");
    let input = extended("input_part", input_bits, addr_bits);
    let before = shared.jobs.iter().any(|j| j.before);
    let trains = match before {
        true => format!("j_before ? {} : ", extended("train_before", train_bits, addr_bits)),
        false => String::new(),
    } + &extended("train_part", train_bits, addr_bits);
    let input = if input_part > 0 { &input } else { &none };
    let trains = if train_part > 0 { &trains } else { &none };
    (design.chunks() > 1).then(|| ChunksText {
        count: design.chunks(),
        input_part,
        train_part,
        neurons: shared.neurons().max(1),
        sums: !shared.last,
        base: format!("read_level ? {input} : is_gather ? {none} : {trains}"),
        before,
    })
}

/// Without a layer that fires there is a kind all the same: a parameter has a bit at least.
fn kinds(shared: &Shared) -> KindsText {
    let none =
        NeuronKind { leak_num: 0, leak_shift: 0, reset: Reset::None, compare: Compare::AtLeast };
    let kinds = if shared.kinds.is_empty() { &[none][..] } else { &shared.kinds };
    KindsText {
        count: kinds.len(),
        leak_num: vector(kinds, 16, |k| k.leak_num),
        leak_shift: vector(kinds, 5, |k| k.leak_shift),
        reset: vector(kinds, 2, |k| reset(k.reset)),
        strict: vector(kinds, 1, |k| (k.compare == Compare::Above).into()),
    }
}

/// A reset, as hdl/sf_lif.v numbers it.
fn reset(reset: Reset) -> u32 {
    match reset {
        Reset::Soft => 0,
        Reset::SoftDelayed => 1,
        Reset::Hard => 2,
        Reset::None => 3,
        // The processor does not have it (`hw::shared::legalise`).
        Reset::HardDelayed => 4,
    }
}

fn leaks(shared: &Shared, theta: u32) -> Option<LeaksText> {
    let resets = || ResetsText {
        bits: theta,
        reset: vector(&shared.leaks, 2, |l| l.resets.map_or(3, |r| reset(r.reset))),
        strict: vector(&shared.leaks, 1, |l| {
            l.resets.is_some_and(|r| r.compare == Compare::Above).into()
        }),
        after: vector(&shared.leaks, 1, |l| l.resets.is_some_and(|r| r.after).into()),
    };
    (!shared.leaks.is_empty()).then(|| LeaksText {
        count: shared.leaks.len(),
        num: vector(&shared.leaks, 16, |l| l.num),
        shift: vector(&shared.leaks, 5, |l| l.shift),
        resets: (theta > 0).then(resets),
        all: shared.integrators(),
    })
}

/// Numbers of `width` bits side by side, the first lowest.
fn vector<T>(of: &[T], width: usize, number: fn(&T) -> u32) -> String {
    let fields = of.iter().rev().map(|it| format!("{width}'d{}", number(it)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}

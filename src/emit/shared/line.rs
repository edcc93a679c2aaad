// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A line of processors as files: a module for each job, and sf_core.v that puts the maps between
//! them (docs/line.md).

use askama::Template;

use super::super::{File, RTL_DIR, quoted};
use super::contents;
use super::core::{Core, InputText, ReadoutText, core, prefix};
use super::fields::address_bits;
use crate::diag::{Diagnostic, Result};
use crate::hw::Design;
use crate::hw::shared::{Job, Need, Room, Shared, Source, Stored, Use, Work};

#[derive(Template)]
#[template(path = "verilog/line.v", escape = "none")]
struct Line {
    model: String,
    version: &'static str,
    timesteps: u32,
    inputs: u32,
    input_byte: u32,
    input_word_bytes: u32,
    level_bits: u32,
    input: InputText,
    classes: u32,
    train_word: u32,
    train_bytes: u32,
    train_depth: u32,
    current_bits: u32,
    sum_bits: u32,
    readout: ReadoutText,
    engines: Vec<Engine>,
    last: usize,
    trains: Vec<TrainMemory>,
    currents: Vec<CurrentMemory>,
    /// Streams of the result: the logits, then each map of trains.
    sources: usize,
}

/// A processor, and what it is tied to.
struct Engine {
    index: usize,
    name: String,
    addr_bits: u32,
    train_addr_bits: u32,
    sum_bits: u32,
    /// The word that it reads, extended to its port.
    word: String,
    /// It reads the host's input.
    input: bool,
    /// What it gathers from, and what it adds.
    gathered: Option<usize>,
    added: Option<usize>,
    /// What holds it back.
    gates: Vec<Gate>,
}

/// Rows that a job waits for: those of a map that it reads, or room for those that it keeps.
struct Gate {
    /// What says that a row is complete, or that one has room.
    writer: String,
    rows: u32,
    own: u32,
    first: u32,
    step: u32,
    /// Rows that are there at the start, and that each row of the writer brings.
    start: u32,
    each: u32,
}

/// A map of trains in the memory of one that reads it.
struct TrainMemory {
    name: String,
    depth: u32,
    addr_bits: u32,
    writer: usize,
    reader: Option<usize>,
    /// The stream of the result that it is sent as, if it is the first of its map.
    source: Option<usize>,
}

/// A map of currents in the memory of one that uses it.
struct CurrentMemory {
    depth: u32,
    addr_bits: u32,
    writer: usize,
    user: usize,
    adds: bool,
}

/// Every file of the core.
pub(super) fn files(design: &Design, shared: &Shared) -> Result<Vec<File>> {
    let mut files = Vec::new();
    let mut cores = Vec::new();
    let rtl = |name: String, text: String| File::new(format!("{RTL_DIR}/{name}"), text);
    for (index, job) in shared.jobs.iter().enumerate() {
        let engine = shared.engine(job);
        let text = core(design, &engine, Some((index, shared.is_whole(job))));
        files.push(File::rendered(format!("{RTL_DIR}/sf_job_{index}.v"), &text)?);
        if matches!(job.work, Work::Sum(_)) {
            let prefix = prefix(index);
            files.push(rtl(format!("{prefix}{}", super::WORDS), contents::weights(&engine)));
            files.push(rtl(format!("{prefix}{}", super::GAINS), contents::gains(&engine)));
            files.push(rtl(format!("{prefix}{}", super::NEURONS), contents::neurons(&engine)));
        }
        cores.push(text);
    }
    files.push(rtl(super::READOUT.to_owned(), super::super::memory::gains(&shared.readout)));
    files.push(File::rendered(format!("{RTL_DIR}/sf_core.v"), &line(design, shared, &cores)?)?);
    Ok(files)
}

/// Memories whose contents lie in block RAM, with their purpose.
pub(super) fn in_blocks(shared: &Shared) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (index, job) in shared.jobs.iter().enumerate() {
        if matches!(job.work, Work::Sum(_)) {
            let named = |file: &str, what: &str| {
                (format!("{}{file}", prefix(index)), format!("{what} of {}", job.name))
            };
            all.extend([named(super::GAINS, "gains"), named(super::WORDS, "weights")]);
            if job.fires().is_some() {
                all.push(named(super::NEURONS, "neurons"));
            }
        }
    }
    if shared.readout.block {
        all.push((super::READOUT.to_owned(), "readout".to_owned()));
    }
    all
}

fn line(design: &Design, shared: &Shared, cores: &[Core<'_>]) -> Result<Line> {
    let last = cores.last().ok_or_else(|| Diagnostic::internal("emit", "a line without jobs"))?;
    let (trains, sources) = train_memories(shared)?;
    let currents = current_memories(shared)?;
    let engine = |(index, (job, core)): (usize, (&Job, &Core<'_>))| {
        let read = trains.iter().find(|m| m.reader == Some(index));
        let (word, bits) = match job.source {
            Source::Input => (format!("level_{index}"), core.level_bits),
            _ => (read.map_or_else(String::new, |m| m.name.clone()), core.train_word),
        };
        let more = core.fetch_bits - bits;
        let word = match (&*word, more) {
            ("", _) => format!("{{{}{{1'b0}}}}", core.fetch_bits),
            (word, 0) => word.to_owned(),
            (word, more) => format!("{{{more}'d0, {word}}}"),
        };
        let uses = |adds: bool| currents.iter().position(|m| m.user == index && m.adds == adds);
        Ok(Engine {
            index,
            name: quoted(&job.name),
            addr_bits: core.addr_bits,
            train_addr_bits: core.train_addr_bits,
            sum_bits: core.sum_bits,
            word,
            input: job.source == Source::Input,
            gathered: uses(false),
            added: uses(true),
            gates: gates(shared, index)?,
        })
    };
    let engines = shared.jobs.iter().zip(cores).enumerate().map(engine).collect::<Result<_>>()?;
    Ok(Line {
        model: quoted(&design.name),
        version: env!("CARGO_PKG_VERSION"),
        timesteps: design.timesteps,
        inputs: design.input_bytes(),
        input_byte: last.input_byte,
        input_word_bytes: last.input_word_bytes,
        level_bits: last.level_bits,
        input: last.input,
        classes: shared.readout.classes(),
        train_word: last.train_word,
        train_bytes: last.train_word.div_ceil(8),
        train_depth: shared.train_depth(),
        current_bits: shared.current_bits,
        sum_bits: last.sum_bits,
        readout: last.readout,
        engines,
        last: cores.len() - 1,
        trains,
        currents,
        sources,
    })
}

/// The job that writes a map.
fn writer(shared: &Shared, map: Stored) -> Result<usize> {
    shared.writer(map).ok_or_else(|| Diagnostic::internal("emit", "nobody writes a map"))
}

/// A memory for each reader of each map, and how many streams the result then has.
fn train_memories(shared: &Shared) -> Result<(Vec<TrainMemory>, usize)> {
    let (mut all, mut sources) = (Vec::new(), 1);
    for (index, map) in shared.trains.iter().enumerate() {
        let depth = map.depth(shared.pack);
        let writer = writer(shared, Stored::Trains(index))?;
        let readers: Vec<_> = shared.readers(index).map(Some).collect();
        let readers = if readers.is_empty() { vec![None] } else { readers };
        for (copy, reader) in readers.into_iter().enumerate() {
            all.push(TrainMemory {
                name: format!("trains_{index}_{copy}"),
                depth,
                addr_bits: address_bits(depth),
                writer,
                reader,
                source: (copy == 0).then_some(sources),
            });
        }
        sources += 1;
    }
    Ok((all, sources))
}

fn current_memories(shared: &Shared) -> Result<Vec<CurrentMemory>> {
    let mut all = Vec::new();
    for index in 0..shared.currents.len() {
        let depth = shared.current_words(index);
        for (user, how) in shared.users(index) {
            all.push(CurrentMemory {
                depth,
                addr_bits: address_bits(depth),
                writer: writer(shared, Stored::Currents(index))?,
                user,
                adds: how == Use::Add,
            });
        }
    }
    Ok(all)
}

fn gates(shared: &Shared, job: usize) -> Result<Vec<Gate>> {
    let own = shared.steps(&shared.jobs[job]);
    let read = |need: Need| {
        let (rows, first, step) = (need.rows, need.first, need.step);
        let writer = match need.map {
            Stored::Input => format!("level_row[{job}]"),
            map => format!("row_{}", writer(shared, map)?),
        };
        Ok(Gate { writer, rows, own, first, step, start: 0, each: 1 })
    };
    let free = |room: Room| {
        let Room { user, rows, start, each } = room;
        let writer = format!("row_{user}");
        Ok(Gate { writer, rows, own, first: 1, step: 1, start, each })
    };
    let read = shared.needs(job).into_iter().map(read);
    read.chain(shared.rooms(job).into_iter().map(free)).collect()
}

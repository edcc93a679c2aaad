// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Deliberate faults: a comparison that cannot fail proves nothing.
//!
//! Each fault is chosen such that `sim`, given the same fault where it can express it,
//! says beforehand that the inputs show it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::slice;

use serde::Serialize;

use super::gate::Level;
use super::trial::{MutationResult, Trial};
use super::{Executor, GateExecutor, Outcome, RtlExecutor, Scope, SimExecutor, compare};
use crate::diag::{Diagnostic, Result, codes, read_file, write_file};
use crate::emit;
use crate::flow::process::create_dir;
use crate::flow::{Toolbox, pack, ram};
use crate::hw::{DenseStage, Design, LifStage, Place, Stage};
use crate::target::Target;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mutation {
    /// One weight has the other sign.
    Weight,
    /// One bit of one threshold.
    Threshold,
    /// One transition of a state machine.
    Transition,
    /// One bit of block RAM in the packed bitstream.
    Bitstream,
    /// One bit of the weights that are loaded into the packed bitstream's hardware.
    Load,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Weight, Self::Threshold, Self::Transition, Self::Bitstream, Self::Load];
}

/// Hardware with a fault, about to be tried.
struct Faulty<'a> {
    fault: String,
    hardware: Box<dyn Executor + 'a>,
    /// A design with the same fault.
    design: Option<Design>,
    /// The inputs to try it on.
    on: Range<usize>,
    scope: Scope,
}

/// A change of the design that `sim` sees.
struct Change {
    design: Design,
    /// Stage, neuron, and input of a weight or bit of a threshold.
    place: (usize, u32, u32),
    /// Inputs for the hardware; the first one shows the change.
    shows: Range<usize>,
}

/// Inputs on which faulty hardware runs: it is slow, and the right ones are known beforehand.
const RUN: usize = 4;

/// The transition that is broken: a group's results are taken a cycle too early.
const TRANSITION: (&str, &str, &str) =
    ("sf_dense.v", "(flush_q == 2'd2) & (drain_q", "(flush_q != 2'd0) & (drain_q");

/// Applies faults to one design.
pub struct Mutator<'a> {
    /// The external tools.
    pub toolbox: &'a Toolbox,
    /// The sound design.
    pub design: &'a Design,
    /// Its target.
    pub target: &'a Target,
    /// A directory of its own.
    pub work: PathBuf,
    /// What the sound design gives.
    pub expected: &'a [Outcome],
    /// The inputs of `expected`.
    pub inputs: &'a [&'a [u8]],
}

impl Mutator<'_> {
    /// Applies one fault; none in the bitstream without one, or if neither weights nor
    /// thresholds are in block RAM; none in what is loaded if nothing is. `bitstream`: the sound
    /// configuration and its pins, and the cycles a bit of the serial line.
    ///
    /// # Errors
    /// If a tool fails, or no fault of the kind shows on these inputs.
    pub fn run(
        &self,
        mutation: Mutation,
        bitstream: Option<(&Path, &Path, u32)>,
    ) -> Result<Option<MutationResult>> {
        let spikes = Scope::spikes(self.design);
        let faulty = match (mutation, bitstream) {
            (Mutation::Weight, _) => {
                let change = self.weight(spikes, |_| true)?;
                let (stage, neuron, input) = change.place;
                let fault =
                    format!("weight of stage {stage} neuron {neuron} input {input} negated");
                self.memories(change, "weight", fault)?
            }
            (Mutation::Threshold, _) => {
                let change = self.threshold(spikes)?;
                let (stage, neuron, bit) = change.place;
                let fault =
                    format!("bit {bit} of the threshold of stage {stage} neuron {neuron} flipped");
                self.memories(change, "threshold", fault)?
            }
            (Mutation::Transition, _) => self.transition()?,
            (Mutation::Bitstream, Some((asc, pcf, divider))) => {
                match self.bitstream(asc, pcf, divider)? {
                    Some(faulty) => faulty,
                    None => return Ok(None),
                }
            }
            (Mutation::Load, Some((asc, pcf, divider))) if self.design.load_bytes() > 0 => {
                self.loaded(asc, pcf, divider)?
            }
            (Mutation::Bitstream | Mutation::Load, _) => return Ok(None),
        };
        let Faulty { fault, mut hardware, design, on, scope } = faulty;
        let (inputs, expected) = (&self.inputs[on.clone()], &self.expected[on.clone()]);
        let trial = Trial { inputs, start: on.start, expected, scope };
        let mut sim = design.as_ref().map(|d| SimExecutor::new(d, Vec::new()));
        let prediction = sim.as_mut().map(|s| s as &mut dyn Executor);
        trial.run(mutation, fault, &mut *hardware, prediction).map(Some)
    }

    /// The inputs from the first one on for which `sim` sees a difference in what hardware
    /// tells, if the design is changed like this.
    fn shows(&self, changed: &Design, scope: Scope) -> Result<Option<Range<usize>>> {
        let mut sim = SimExecutor::new(changed, Vec::new());
        for (i, (input, expected)) in self.inputs.iter().zip(self.expected).enumerate() {
            let found = sim.run(&[input])?;
            if compare(1, slice::from_ref(expected), &found, scope).1.is_some() {
                return Ok(Some(i..self.inputs.len().min(i + RUN)));
            }
        }
        Ok(None)
    }

    /// The first weight, from the middle of the inputs on, whose sign shows, of the layers that
    /// are `meant`.
    fn weight(&self, scope: Scope, meant: impl Fn(&DenseStage) -> bool) -> Result<Change> {
        for (stage, s) in self.design.stages.iter().enumerate() {
            let Some(d) = dense(s).filter(|d| meant(d)) else { continue };
            for k in 0..d.outputs().min(64) {
                let (neuron, input) = (k, (d.inputs() / 2 + 13 * k) % d.inputs());
                let mut changed = self.design.clone();
                if let Stage::Dense(c) = &mut changed.stages[stage] {
                    let plus = c.weights.get(neuron as usize, input as usize);
                    c.weights.set(neuron as usize, input as usize, !plus);
                }
                if let Some(shows) = self.shows(&changed, scope)? {
                    return Ok(Change { design: changed, place: (stage, neuron, input), shows });
                }
            }
        }
        Err(self.invisible("weight"))
    }

    /// The first threshold with a bit that shows, low bits first.
    fn threshold(&self, scope: Scope) -> Result<Change> {
        for (stage, s) in self.design.stages.iter().enumerate() {
            let Stage::Lif(l) = s else { continue };
            for bit in l.threshold_bits / 2..l.threshold_bits {
                for neuron in 0..l.neurons().min(16) {
                    let mut changed = self.design.clone();
                    if let Stage::Lif(c) = &mut changed.stages[stage] {
                        c.threshold[neuron as usize] ^= 1 << bit;
                    }
                    if let Some(shows) = self.shows(&changed, scope)? {
                        return Ok(Change { design: changed, place: (stage, neuron, bit), shows });
                    }
                }
            }
        }
        Err(self.invisible("threshold"))
    }

    fn invisible(&self, what: &str) -> Box<Diagnostic> {
        let message = format!("no change of a single {what} shows on {} inputs", self.inputs.len());
        Diagnostic::new(&codes::MUTATION_SURVIVED, message).help("verify with more images")
    }

    /// The files of a design in a directory of their own.
    fn write(&self, design: &Design, name: &str) -> Result<PathBuf> {
        let dir = self.work.join(name);
        create_dir(&dir.join(emit::RTL_DIR))?;
        for file in emit::emit(design, self.target)? {
            write_file(&dir.join(&file.path), file.contents)?;
        }
        Ok(dir)
    }

    /// RTL of the sound design with the memory contents of the changed one.
    fn memories(&self, change: Change, name: &str, fault: String) -> Result<Faulty<'_>> {
        let changed = self.write(&change.design, name)?.join(emit::RTL_DIR);
        let hardware = self
            .rtl(&self.write(self.design, "sound")?.join(emit::RTL_DIR))?
            .with_memories(&changed)
            .with_weights(emit::load_image(&change.design));
        Ok(self.faulty(fault, hardware, Some(change.design), change.shows))
    }

    /// A faulty core: it tells everything.
    fn faulty<'a>(
        &self,
        fault: String,
        hardware: RtlExecutor<'a>,
        design: Option<Design>,
        on: Range<usize>,
    ) -> Faulty<'a> {
        let scope = Scope::cycles(self.design);
        Faulty { fault, hardware: Box::new(hardware), design, on, scope }
    }

    fn transition(&self) -> Result<Faulty<'_>> {
        let (file, from, to) = TRANSITION;
        let on = 0..self.inputs.len().min(RUN);
        let rtl = self.write(self.design, "transition")?.join(emit::RTL_DIR);
        let path = rtl.join(file);
        let text = String::from_utf8_lossy(&read_file(&path)?).into_owned();
        if text.matches(from).count() != 1 {
            return Err(Diagnostic::internal(
                "mutate",
                format!("{file} does not contain `{from}` once"),
            ));
        }
        write_file(&path, text.replace(from, to))?;
        Ok(self.faulty(format!("{file}: `{from}` became `{to}`"), self.rtl(&rtl)?, None, on))
    }

    fn rtl(&self, rtl: &Path) -> Result<RtlExecutor<'_>> {
        let name = rtl.parent().and_then(Path::file_name).unwrap_or_default();
        let work = self.work.join(name).join("sim");
        let sound = emit::load_image(self.design);
        let built = RtlExecutor::build(self.toolbox, self.design, rtl, &work, Vec::new())?;
        Ok(built.with_weights(sound))
    }

    /// Flips the bit of a weight or threshold that shows, where it lies in block RAM; packs,
    /// unpacks, runs. Nothing if neither is found there.
    fn bitstream(&self, asc: &Path, pcf: &Path, divider: u32) -> Result<Option<Faulty<'_>>> {
        let text = String::from_utf8_lossy(&read_file(asc)?).into_owned();
        let line = Scope::line(self.design);
        let found = match self.found(self.weight(line, |_| true)?, &text)? {
            None => self.found(self.threshold(line)?, &text)?,
            found => found,
        };
        let Some((change, flipped, fault)) = found else { return Ok(None) };
        let work = self.work.join("bitstream");
        create_dir(&work)?;
        let (changed, bin) = (work.join("mutated.asc"), work.join("mutated.bin"));
        write_file(&changed, flipped)?;
        pack::pack(self.toolbox, self.design.family, &changed, &bin)?;
        let weights = emit::load_image(self.design);
        self.packed(fault, (&bin, pcf, divider), weights, change.design, change.shows).map(Some)
    }

    /// Loads the weights with one of them negated into the sound bitstream's hardware.
    fn loaded(&self, asc: &Path, pcf: &Path, divider: u32) -> Result<Faulty<'_>> {
        let Change { design, place: (_, neuron, input), shows } =
            self.weight(Scope::line(self.design), |d| d.place == Place::Spram)?;
        let work = self.work.join("load");
        create_dir(&work)?;
        let bin = work.join("sound.bin");
        pack::pack(self.toolbox, self.design.family, asc, &bin)?;
        let fault = format!("the loaded weight of neuron {neuron} for input {input} negated");
        self.packed(fault, (&bin, pcf, divider), emit::load_image(&design), design, shows)
    }

    /// The hardware of a bitstream with pins and divider, beside which it is built; these
    /// weights are loaded into it.
    fn packed(
        &self,
        fault: String,
        (bin, pcf, divider): (&Path, &Path, u32),
        weights: Vec<u8>,
        design: Design,
        on: Range<usize>,
    ) -> Result<Faulty<'_>> {
        let (level, work) = (Level::Bitstream { bin, pcf }, bin.parent().unwrap_or(bin));
        let built = GateExecutor::build(self.toolbox, self.design, level, work, divider)?;
        let (hardware, scope) = (Box::new(built.with_weights(weights)), Scope::line(self.design));
        Ok(Faulty { fault, hardware, design: Some(design), on, scope })
    }

    /// The configuration with a change, and what was changed; nothing if its place is not known.
    fn found(&self, change: Change, asc: &str) -> Result<Option<(Change, String, String)>> {
        let (stage, neuron, at) = change.place;
        let (bit, what) = match &self.design.stages[stage] {
            Stage::Dense(d) if d.place == Place::BlockRam => (
                Some(weight_word(d, neuron, at)),
                format!("the weight of neuron {neuron} for input {at}"),
            ),
            Stage::Lif(l) if l.block => (
                threshold_word(l, neuron, at),
                format!("bit {at} of the threshold of neuron {neuron}"),
            ),
            _ => return Ok(None),
        };
        let Some(RamBit { contents, at, bit }) = bit else { return Ok(None) };
        let flipped = ram::flip_in_block(asc, &contents, at, bit)?;
        Ok(flipped.map(|f| {
            let (tile, word, bit) = (&f.tile, f.word, f.bit);
            let fault = format!("block RAM at tile {tile} word {word} bit {bit} flipped: {what}");
            (change, f.text, fault)
        }))
    }
}

fn dense(stage: &Stage) -> Option<&DenseStage> {
    if let Stage::Dense(d) = stage { Some(d) } else { None }
}

/// A bit of a block RAM of 256 words of 16 bits, which is known by its contents.
struct RamBit {
    contents: Vec<u16>,
    at: usize,
    bit: usize,
}

/// Where a weight is: lane by lane, 16 in a block; group after group.
fn weight_word(d: &DenseStage, neuron: u32, input: u32) -> RamBit {
    let (group, lane) = (neuron / d.lanes, neuron % d.lanes);
    let row = group * d.words() * 16 + input;
    let (bank, slice) = (row / 256 * 256, lane / 16 * 16);
    let stride = d.words() * 16;
    let word = |row: u32| {
        let (g, i) = if d.groups() > 1 { (row / stride, row % stride) } else { (0, row) };
        (0..16).fold(0u16, |w, b| {
            let lane = slice + b;
            let used = row < d.depth() && i < d.inputs() && lane < d.group_size(g);
            let plus = used && d.weights.get((g * d.lanes + lane) as usize, i as usize);
            w | u16::from(plus) << b
        })
    };
    let contents = (bank..bank + 256).map(word).collect();
    RamBit { contents, at: (row - bank) as usize, bit: (lane - slice) as usize }
}

/// Where a bit of a threshold is: above the neuron's constant current, 16 bits in a block.
/// Synthesis leaves out the bits that are the same for every neuron.
fn threshold_word(l: &LifStage, neuron: u32, bit: u32) -> Option<RamBit> {
    let stored = |column: u32, j: usize| {
        let (values, at) = match column.checked_sub(l.bias_bits) {
            None => (&l.bias, column),
            Some(at) => (&l.threshold, at),
        };
        values.get(j).is_some_and(|v| v >> at & 1 == 1)
    };
    let differs = |c: &u32| (1..l.threshold.len()).any(|j| stored(*c, j) != stored(*c, 0));
    let columns: Vec<u32> = (0..l.bias_bits + l.threshold_bits).filter(differs).collect();
    let at = columns.iter().position(|c| *c == l.bias_bits + bit)?;
    let slice = columns.iter().skip(at / 16 * 16).take(16).enumerate();
    let word = |j| slice.clone().fold(0, |w, (b, c)| w | u16::from(stored(*c, j)) << b);
    let (bank, row) = (neuron as usize / 256 * 256, neuron as usize % 256);
    Some(RamBit { contents: (bank..bank + 256).map(word).collect(), at: row, bit: at % 16 })
}

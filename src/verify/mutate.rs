// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Deliberate faults: a comparison that cannot fail proves nothing.
//!
//! Each fault is chosen such that `sim`, given the same fault where it can express it,
//! says beforehand that the inputs show it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::gate::Level;
use super::{Difference, Executor, GateExecutor, Outcome, RtlExecutor, SimExecutor, compare};
use crate::diag::{Diagnostic, Result, codes, read_file, write_file};
use crate::emit;
use crate::flow::process::create_dir;
use crate::flow::{Toolbox, icestorm, ram};
use crate::hw::{Design, Stage};
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
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Weight, Self::Threshold, Self::Transition, Self::Bitstream];
}

/// What a fault did.
#[derive(Debug, Clone, Serialize)]
pub struct MutationResult {
    /// Its kind.
    pub mutation: Mutation,
    /// What was changed.
    pub fault: String,
    /// The difference it caused; none: the check is worth nothing.
    pub caught: Option<Difference>,
    /// Does the faulty hardware do exactly what `sim` does with the same fault? None where
    /// a design cannot express the fault.
    pub as_predicted: Option<bool>,
}

/// Hardware with a fault.
struct Faulty {
    fault: String,
    found: Vec<Outcome>,
    /// A design with the same fault.
    design: Option<Design>,
}

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
    /// Applies one fault. `bitstream`: the sound configuration and its pins, and the cycles
    /// a bit of the serial line.
    ///
    /// # Errors
    /// If a tool fails, or no fault of the kind shows on these inputs.
    pub fn run(
        &self,
        mutation: Mutation,
        bitstream: Option<(&Path, &Path, u32)>,
    ) -> Result<Option<MutationResult>> {
        let faulty = match (mutation, bitstream) {
            (Mutation::Weight, _) => {
                let (design, (stage, neuron, input)) = self.weight()?;
                let fault =
                    format!("weight of stage {stage} neuron {neuron} input {input} negated");
                let found = self.memories(&design, "weight")?;
                Faulty { fault, found, design: Some(design) }
            }
            (Mutation::Threshold, _) => {
                let (design, (stage, neuron, bit)) = self.threshold()?;
                let fault =
                    format!("bit {bit} of the threshold of stage {stage} neuron {neuron} flipped");
                let found = self.memories(&design, "threshold")?;
                Faulty { fault, found, design: Some(design) }
            }
            (Mutation::Transition, _) => {
                let (file, from, to) = TRANSITION;
                let fault = format!("{file}: `{from}` became `{to}`");
                Faulty { fault, found: self.transition()?, design: None }
            }
            (Mutation::Bitstream, Some((asc, pcf, divider))) => {
                self.bitstream(asc, pcf, divider)?
            }
            (Mutation::Bitstream, None) => return Ok(None),
        };
        let Faulty { fault, found, design } = faulty;
        let (_, caught) = compare(self.expected, &found);
        let as_predicted = match design {
            Some(design) => {
                let predicted = SimExecutor::new(&design, Vec::new()).run(self.inputs)?;
                Some(compare(&predicted, &found).1.is_none())
            }
            None => None,
        };
        Ok(Some(MutationResult { mutation, fault, caught, as_predicted }))
    }

    /// Does `sim` see a difference if the design is changed like this?
    fn shows(&self, changed: &Design) -> Result<bool> {
        let found = SimExecutor::new(changed, Vec::new()).run(self.inputs)?;
        let values = |o: &Outcome| (o.trains.clone(), o.logits.clone());
        Ok(found.iter().zip(self.expected).any(|(a, b)| values(a) != values(b)))
    }

    /// The first weight, from the middle of the inputs on, whose sign shows.
    fn weight(&self) -> Result<(Design, (usize, u32, u32))> {
        for (stage, s) in self.design.stages.iter().enumerate() {
            let Stage::Dense(d) = s else { continue };
            for k in 0..d.outputs().min(64) {
                let (neuron, input) = (k, (d.inputs() / 2 + 13 * k) % d.inputs());
                let mut changed = self.design.clone();
                if let Stage::Dense(c) = &mut changed.stages[stage] {
                    let plus = c.weights.get(neuron as usize, input as usize);
                    c.weights.set(neuron as usize, input as usize, !plus);
                }
                if self.shows(&changed)? {
                    return Ok((changed, (stage, neuron, input)));
                }
            }
        }
        Err(self.invisible("weight"))
    }

    /// The first threshold with a bit that shows, low bits first.
    fn threshold(&self) -> Result<(Design, (usize, usize, u32))> {
        for (stage, s) in self.design.stages.iter().enumerate() {
            let Stage::Lif(l) = s else { continue };
            for bit in l.threshold_bits / 2..l.threshold_bits {
                for neuron in 0..l.threshold.len().min(16) {
                    let mut changed = self.design.clone();
                    if let Stage::Lif(c) = &mut changed.stages[stage] {
                        c.threshold[neuron] ^= 1 << bit;
                    }
                    if self.shows(&changed)? {
                        return Ok((changed, (stage, neuron, bit)));
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
            write_file(&dir.join(&file.path), file.text)?;
        }
        Ok(dir)
    }

    /// RTL of the sound design with the memory contents of the changed one.
    fn memories(&self, changed: &Design, name: &str) -> Result<Vec<Outcome>> {
        let changed = self.write(changed, name)?.join(emit::RTL_DIR);
        self.rtl(&self.write(self.design, "sound")?.join(emit::RTL_DIR))?
            .with_memories(&changed)
            .run(self.inputs)
    }

    fn transition(&self) -> Result<Vec<Outcome>> {
        let (file, from, to) = TRANSITION;
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
        self.rtl(&rtl)?.run(self.inputs)
    }

    fn rtl(&self, rtl: &Path) -> Result<RtlExecutor<'_>> {
        let name = rtl.parent().and_then(Path::file_name).unwrap_or_default();
        let work = self.work.join(name).join("sim");
        RtlExecutor::build(self.toolbox, self.design, rtl, &work, Vec::new())
    }

    /// Flips the bit of a weight that shows, where it lies in block RAM; packs, unpacks, runs.
    fn bitstream(&self, asc: &Path, pcf: &Path, divider: u32) -> Result<Faulty> {
        let text = String::from_utf8_lossy(&read_file(asc)?).into_owned();
        let (design, (stage, neuron, input)) = self.weight()?;
        let weight = match &self.design.stages[stage] {
            Stage::Dense(d) if d.block => weight_word(d, neuron, input, &text)?,
            _ => None,
        };
        let (design, (flipped, fault)) = match weight {
            Some(weight) => (Some(design), weight),
            None => (None, any_word(&text)?),
        };
        let work = self.work.join("bitstream");
        create_dir(&work)?;
        let (changed, bin) = (work.join("mutated.asc"), work.join("mutated.bin"));
        write_file(&changed, flipped)?;
        icestorm::pack(self.toolbox, &changed, &bin)?;
        let level = Level::Bitstream { bin: &bin, pcf };
        let found = GateExecutor::build(self.toolbox, self.design, level, &work, divider)?
            .run(self.inputs)?;
        Ok(Faulty { fault, found, design })
    }
}

/// The block RAM that holds a weight is known by its contents: 256 rows, 16 lanes.
fn weight_word(
    d: &crate::hw::DenseStage,
    neuron: u32,
    input: u32,
    asc: &str,
) -> Result<Option<(String, String)>> {
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
    let contents: Vec<u16> = (bank..bank + 256).map(word).collect();
    let (at, bit) = ((row - bank) as usize, (lane - slice) as usize);
    let flipped = ram::flip_in_block(asc, &contents, at, bit)?;
    Ok(flipped.map(|f| {
        let what = format!(
            "block RAM at tile {} word {} bit {} flipped: the weight of neuron {neuron} for input {input}",
            f.tile, f.word, f.bit
        );
        (f.text, what)
    }))
}

/// Where the contents are laid out otherwise: a word in the middle of all that are in use.
fn any_word(asc: &str) -> Result<(String, String)> {
    let f = ram::flip_ram_bit(asc, ram::words_in_use(asc)? / 2)?;
    let what = format!("block RAM at tile {} word {} bit {} flipped", f.tile, f.word, f.bit);
    Ok((f.text, what))
}

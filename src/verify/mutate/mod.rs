// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Deliberate faults: a comparison that cannot fail proves nothing.
//!
//! Each fault is chosen such that `sim`, given the same fault where it can express it,
//! says beforehand that the inputs show it.

mod block;
mod chain;
mod change;
mod load;
mod netlist;
mod processor;
mod transition;

use std::cell::OnceCell;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::slice;

use serde::Serialize;

use super::gate::Level;
use super::trial::{MutationResult, Trial};
use super::{
    Executor, GateExecutor, HlsExecutor, Outcome, RtlExecutor, Scope, SimExecutor, compare,
};
use crate::diag::{Diagnostic, Result, codes, read_file, write_file};
use crate::emit;
use crate::flow::process::create_dir;
use crate::flow::{Toolbox, pack, ram};
use crate::hw::Design;
use crate::target::Target;
use change::{Change, Kind, changes};

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mutation {
    /// One weight has the other sign, or another lowest bit.
    Weight,
    /// One bit of one threshold.
    Threshold,
    /// One bit of one gain.
    Gain,
    /// The lead that settles the class after a member.
    Margin,
    /// A map is read from a wrong address.
    Address,
    /// The currents of another channel are added.
    Alignment,
    /// The windows of a layer begin a row late.
    Row,
    /// One transition of a state machine.
    Transition,
    /// One bit of block RAM in the netlist that synthesis wrote.
    Netlist,
    /// One bit of block RAM in the packed bitstream.
    Bitstream,
    /// One bit of the weights that are loaded into the packed bitstream's hardware.
    Load,
    /// One bit of the weights in the flash, without their checksum.
    Flash,
    /// One weight in the C++ for high-level synthesis.
    Hls,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Weight,
        Self::Threshold,
        Self::Gain,
        Self::Margin,
        Self::Address,
        Self::Alignment,
        Self::Row,
        Self::Transition,
        Self::Netlist,
        Self::Bitstream,
        Self::Load,
        Self::Flash,
        Self::Hls,
    ];

    /// What it changes in a design; none if a design cannot express it, or more is needed.
    fn kind(self) -> Option<Kind> {
        match self {
            Self::Weight => Some(Kind::Weight),
            Self::Threshold => Some(Kind::Threshold),
            Self::Gain => Some(Kind::Gain),
            Self::Margin => Some(Kind::Margin),
            Self::Address => Some(Kind::Address),
            Self::Alignment => Some(Kind::Alignment),
            Self::Row => Some(Kind::Row),
            Self::Transition | Self::Netlist | Self::Bitstream => None,
            Self::Load | Self::Flash | Self::Hls => None,
        }
    }
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

/// A change that `sim` sees.
struct Shown {
    change: Change,
    /// Inputs for the hardware; the first one shows the change.
    on: Range<usize>,
}

/// Inputs on which faulty hardware runs: it is slow, and the right ones are known beforehand.
const RUN: usize = 4;

/// Applies faults to one design.
pub struct Mutator<'a> {
    /// The external tools.
    toolbox: &'a Toolbox,
    /// The sound design.
    design: &'a Design,
    /// Its target.
    target: &'a Target,
    /// A directory of its own.
    work: PathBuf,
    /// What the sound design gives.
    expected: Vec<Outcome>,
    /// The inputs of `expected`.
    inputs: &'a [&'a [u8]],
    /// The sound core.
    sound: OnceCell<RtlExecutor<'a>>,
    /// Is there C++, too?
    hls: bool,
    /// The netlist that is simulated, of a 7-series.
    netlist: Option<PathBuf>,
}

impl<'a> Mutator<'a> {
    /// Faults of a design, tried on these inputs, in a directory of their own.
    ///
    /// # Errors
    /// What `sim` cannot do, or if the directory cannot be made.
    pub fn new(
        toolbox: &'a Toolbox,
        design: &'a Design,
        target: &'a Target,
        work: PathBuf,
        inputs: &'a [&'a [u8]],
    ) -> Result<Self> {
        create_dir(&work)?;
        let expected = SimExecutor::new(design, Vec::new()).run(inputs)?;
        let sound = OnceCell::new();
        let (hls, netlist) = (false, None);
        Ok(Self { toolbox, design, target, work, expected, inputs, sound, hls, netlist })
    }

    /// The design is also written as C++ for high-level synthesis.
    #[must_use]
    pub fn with_hls(mut self, hls: bool) -> Self {
        self.hls = hls;
        self
    }

    /// The netlist of a 7-series is simulated, too.
    #[must_use]
    pub fn with_netlist(mut self, netlist: Option<PathBuf>) -> Self {
        self.netlist = netlist;
        self
    }

    /// Applies one fault; none of a kind that the design has no place for, none in the bitstream
    /// without one, or if nothing that shows is in block RAM; none in what is loaded if nothing
    /// is; none in C++ where there is none. `bitstream`: the sound configuration and its pins.
    ///
    /// # Errors
    /// If a tool fails, or no fault of the kind shows on these inputs.
    pub fn run(
        &self,
        mutation: Mutation,
        bitstream: Option<(&Path, &Path)>,
    ) -> Result<Option<MutationResult>> {
        if mutation == Mutation::Flash {
            return self.flash();
        }
        // Of requests that run to the end a margin shows nothing.
        if mutation == Mutation::Margin && !self.inputs.iter().any(|i| self.design.kept(i).may_stop)
        {
            return Ok(None);
        }
        let faulty = match (mutation.kind(), mutation, bitstream) {
            (Some(kind), ..) => self.in_design(kind)?,
            (None, Mutation::Bitstream, Some((asc, pcf))) => self.bitstream(asc, pcf)?,
            (None, Mutation::Load, Some((asc, pcf))) if self.design.load_bytes() > 0 => {
                Some(self.loaded(asc, pcf)?)
            }
            (None, Mutation::Netlist, _) => self.in_netlist()?,
            (None, Mutation::Transition, _) => Some(self.transition()?),
            (None, Mutation::Hls, _) if self.hls => self.cpp()?,
            _ => None,
        };
        let Some(Faulty { fault, mut hardware, design, on, scope }) = faulty else {
            return Ok(None);
        };
        let (inputs, expected) = (&self.inputs[on.clone()], &self.expected[on.clone()]);
        let trial = Trial { inputs, start: on.start, expected, scope };
        let mut sim = design.as_ref().map(|d| SimExecutor::new(d, Vec::new()));
        let prediction = sim.as_mut().map(|s| s as &mut dyn Executor);
        trial.run(mutation, fault, &mut *hardware, prediction).map(Some)
    }

    /// A change of the design, and the core that has it.
    fn in_design(&self, kind: Kind) -> Result<Option<Faulty<'_>>> {
        let Some(Shown { change, on }) = self.shown(kind, Scope::spikes(self.design))? else {
            return Ok(None);
        };
        let name = format!("{kind:?}").to_lowercase();
        let rtl = self.write(&change.design, &name)?.join(emit::RTL_DIR);
        let (hardware, on) = if kind.in_memory() {
            let weights = emit::load_image(&change.design);
            (self.sound()?.with_memories(&rtl).with_weights(weights), on)
        } else {
            // A map's neighbour holds what the inference before left: `sim` knows that of none.
            (self.rtl(&rtl)?, first(&on))
        };
        Ok(Some(self.faulty(change.fault, hardware, Some(change.design), on)))
    }

    /// The first change of a kind that shows in what hardware tells, according to `sim`; none if
    /// the design has no place for it.
    fn shown(&self, kind: Kind, scope: Scope) -> Result<Option<Shown>> {
        let mut any = false;
        for change in changes(self.design, kind) {
            any = true;
            if let Some(on) = self.shows(&change.design, scope)
                && (!kind.in_memory() || self.same_verilog(&change.design)?)
            {
                return Ok(Some(Shown { change, on }));
            }
        }
        if !any {
            return Ok(None);
        }
        let what = format!("{kind:?}").to_lowercase();
        let message = format!("no change of a single {what} shows on {} inputs", self.inputs.len());
        Err(Diagnostic::new(&codes::MUTATION_SURVIVED, message).help("verify with more images"))
    }

    /// The inputs from the first one on for which `sim` sees a difference, if the design is
    /// changed like this; none where the change leaves no design (a number too wide).
    fn shows(&self, changed: &Design, scope: Scope) -> Option<Range<usize>> {
        let mut sim = SimExecutor::new(changed, Vec::new());
        for (i, (input, expected)) in self.inputs.iter().zip(&self.expected).enumerate() {
            let found = sim.run(&[input]).ok()?;
            if compare(1, slice::from_ref(expected), &found, scope).1.is_some() {
                return Some(i..self.inputs.len().min(i + RUN));
            }
        }
        None
    }

    /// Does the change leave the Verilog as it is? Its widths are those of the largest numbers.
    fn same_verilog(&self, changed: &Design) -> Result<bool> {
        let verilog = |design| -> Result<Vec<emit::File>> {
            let mut files = emit::emit(design, self.target)?;
            files.retain(|f| f.path.ends_with(".v"));
            Ok(files)
        };
        Ok(verilog(self.design)? == verilog(changed)?)
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

    /// The sound core; it is built once.
    fn sound(&self) -> Result<RtlExecutor<'a>> {
        if let Some(built) = self.sound.get() {
            return Ok(built.clone());
        }
        let built = self.rtl(&self.write(self.design, "sound")?.join(emit::RTL_DIR))?;
        Ok(self.sound.get_or_init(|| built).clone())
    }

    /// A faulty core: it tells everything.
    fn faulty<'f>(
        &self,
        fault: String,
        hardware: RtlExecutor<'f>,
        design: Option<Design>,
        on: Range<usize>,
    ) -> Faulty<'f> {
        let scope = Scope::cycles(self.design);
        Faulty { fault, hardware: Box::new(hardware), design, on, scope }
    }

    fn transition(&self) -> Result<Faulty<'_>> {
        let (file, from, to) = transition::of(self.design);
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

    /// A changed weight in the tables of the C++.
    fn cpp(&self) -> Result<Option<Faulty<'_>>> {
        let scope = Scope::line(self.design);
        let Some(Shown { change, on }) = self.shown(Kind::Weight, scope)? else { return Ok(None) };
        let dir = self.work.join("cpp");
        for file in emit::hls(&change.design)? {
            let path = dir.join(&file.path);
            create_dir(path.parent().unwrap_or(&dir))?;
            write_file(&path, file.contents)?;
        }
        let (hls, work) = (dir.join(emit::HLS_DIR), dir.join("sim"));
        let hardware = Box::new(HlsExecutor::build(self.toolbox, self.design, &hls, &work)?);
        let fault = format!("C++: {}", change.fault);
        Ok(Some(Faulty { fault, hardware, design: Some(change.design), on, scope }))
    }

    fn rtl(&self, rtl: &Path) -> Result<RtlExecutor<'a>> {
        let name = rtl.parent().and_then(Path::file_name).unwrap_or_default();
        let work = self.work.join(name).join("sim");
        let sound = emit::load_image(self.design);
        let built = RtlExecutor::build(self.toolbox, self.design, rtl, &work, Vec::new())?;
        Ok(built.with_weights(sound))
    }

    /// Flips the bit of a weight, threshold or gain that shows, where it lies in block RAM;
    /// packs, unpacks, runs. Nothing if none is found there.
    fn bitstream(&self, asc: &Path, pcf: &Path) -> Result<Option<Faulty<'_>>> {
        let text = String::from_utf8_lossy(&read_file(asc)?).into_owned();
        for kind in [Kind::Weight, Kind::Threshold, Kind::Gain] {
            let Some(Shown { change, on }) = self.shown(kind, Scope::line(self.design))? else {
                continue;
            };
            let Some(flipped) = self.flipped(&change.design, &text)? else { continue };
            let (tile, word, bit) = (&flipped.tile, flipped.word, flipped.bit);
            let what = &change.fault;
            let fault = format!("block RAM at tile {tile} word {word} bit {bit} flipped: {what}");
            let work = self.work.join("bitstream");
            create_dir(&work)?;
            let (changed, bin) = (work.join("mutated.asc"), work.join("mutated.bin"));
            write_file(&changed, flipped.text)?;
            pack::pack(self.toolbox, self.design.family, &changed, &bin)?;
            let weights = emit::load_image(self.design);
            let faulty = self.packed(fault, (&bin, pcf), weights, change.design, on)?;
            return Ok(Some(faulty));
        }
        Ok(None)
    }

    /// The configuration with the change; nothing if its place in it is not known.
    fn flipped(&self, changed: &Design, asc: &str) -> Result<Option<ram::Flipped>> {
        let files = |design| emit::emit(design, self.target);
        match block::changed_bit(&files(self.design)?, &files(changed)?) {
            Some(b) => ram::flip_in_block(asc, &b.contents, b.at, b.bit),
            None => Ok(None),
        }
    }

    /// The hardware of a bitstream with pins, beside which it is built; these weights are loaded
    /// into it.
    fn packed(
        &self,
        fault: String,
        (bin, pcf): (&Path, &Path),
        weights: Vec<u8>,
        design: Design,
        on: Range<usize>,
    ) -> Result<Faulty<'_>> {
        let (level, work) = (Level::Bitstream { bin, pcf }, bin.parent().unwrap_or(bin));
        let board = self.target.board.as_ref();
        let board = board.ok_or_else(|| Diagnostic::internal("mutate", "a bitstream, no board"))?;
        let built = GateExecutor::build(self.toolbox, self.design, level, work, board)?;
        let built = self.with_weights(built, board, weights, bin)?;
        let (hardware, scope) = (Box::new(built), Scope::line(self.design));
        Ok(Faulty { fault, hardware, design: Some(design), on, scope })
    }
}

/// The first of them alone.
fn first(on: &Range<usize>) -> Range<usize> {
    on.start..on.start + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::shared::tests::Net;
    use crate::hw::{self, Mapping, Options, Stage};
    use crate::target;

    /// Calls `look` with a mutator of a design; nothing is built.
    fn with<R>(design: &Design, inputs: &[&[u8]], look: impl FnOnce(&Mutator<'_>) -> R) -> R {
        let (none, target) = (Toolbox::default(), target::load("icebreaker").unwrap());
        let dir = tempfile::tempdir().unwrap();
        let work = dir.path().to_path_buf();
        look(&Mutator::new(&none, design, &target, work, inputs).unwrap())
    }

    /// The tiny design whose first neuron has the threshold 28 in place of 20: a membrane of 27 no
    /// longer fires.
    fn harder() -> Design {
        let mut design = crate::verify::tests::design();
        for stage in &mut design.stages {
            if let Stage::Lif(l) = stage {
                l.threshold[0] = 28;
            }
        }
        design
    }

    #[test]
    fn a_difference_is_shown_on_the_inputs_from_it_on() {
        let design = crate::verify::tests::design();
        let scope = Scope::spikes(&design);
        let dark: &[u8] = &[0, 0];
        let inputs = [dark, &[7, 11], dark, dark, dark, dark, dark];
        with(&design, &inputs, |m| {
            assert_eq!(m.shows(&harder(), scope), Some(1..5));
            assert_eq!(m.shows(&design, scope), None);
        });
        with(&design, &inputs[..3], |m| assert_eq!(m.shows(&harder(), scope), Some(1..3)));
    }

    #[test]
    fn one_input_is_the_first() {
        assert_eq!([first(&(3..7)), first(&(0..1))], [3..4, 0..1]);
    }

    #[test]
    fn a_design_without_a_place_for_a_fault_has_none() {
        let design = crate::verify::tests::design();
        let scope = Scope::spikes(&design);
        let dark: &[u8] = &[0, 0];
        with(&design, &[dark], |m| {
            // A chain has no maps; of its weights none shows in the dark.
            assert!(m.shown(Kind::Address, scope).unwrap().is_none());
            let d = m.shown(Kind::Weight, scope).err().unwrap();
            assert_eq!(d.code.id, "SF0603");
        });
    }

    /// Two convolutions and a head on a processor: two maps of trains, one behind the other.
    fn processor(signs: &[i8]) -> Design {
        let mut net = Net::new(2, &[1, 3, 3]);
        net.conv("c1", "in", (2, 3, 1), signs);
        net.lif("n1", "c1", 5);
        net.conv("c2", "n1", (3, 3, 1), signs);
        net.lif("n2", "c2", 1);
        net.flatten("flat", "n2");
        net.linear("head", "flat", 2, &[1, -1, -1]);
        net.read("head");
        let options = Options { mapping: Mapping::Shared, ..Options::default() };
        hw::lower(&net.0, &target::load("icebreaker").unwrap(), &options).unwrap().0
    }

    /// Each in the module that the design has.
    #[test]
    fn the_transition_is_one_of_the_design() {
        let mut one = processor(&[1, -1]);
        assert_eq!(transition::of(&crate::verify::tests::design()).0, "sf_dense.v");
        assert_eq!(transition::of(&one).0, "sf_emit.v");
        let own = crate::hw::shared::Own {
            lanes: 1,
            acc_bits: 1,
            once_bits: 0,
            membrane_bits: 1,
            digit_bits: 1,
            ring: None,
        };
        one.shared.iter_mut().flat_map(|s| &mut s.jobs).for_each(|job| job.own = Some(own));
        assert_eq!(transition::of(&one).0, "sf_rows.v");
        for (file, from, _) in transition::TRANSITIONS {
            let text = emit::HDL.iter().find(|(name, _)| *name == file).unwrap().1;
            assert_eq!(text.matches(from).count(), 1, "{file}");
        }
    }

    /// A map of a line has nothing beside it: what is read from a wrong address is no fault of one.
    #[test]
    fn a_line_has_no_wrong_addresses() {
        let mut net = Net::new(2, &[1, 6, 6]);
        net.conv("c1", "in", (2, 3, 1), &[1, -1]);
        net.lif("n1", "c1", 5);
        net.conv("c2", "n1", (3, 3, 1), &[1, -1]);
        net.lif("n2", "c2", 1);
        net.flatten("flat", "n2");
        net.linear("head", "flat", 2, &[1, -1, -1]);
        net.read("head");
        let options = Options { mapping: Mapping::Pipeline, ..Options::default() };
        let target = target::load("ecp5-25f").unwrap();
        let line = hw::lower(&net.0, &target, &options).unwrap().0;
        let count = |kind| changes(&line, kind).count();
        assert_eq!((count(Kind::Address), count(Kind::Alignment)), (0, 0));
        // The rows of `c1` and of `c2` begin late.
        assert_eq!(count(Kind::Row), 2);
        assert!(count(Kind::Weight) > 0 && count(Kind::Threshold) > 0);
    }

    /// The block RAMs of a design as a configuration has them: sixteen words a line, the last one
    /// first; in a word the bits in the order of their numbers read backwards.
    fn configuration(design: &Design, target: &Target) -> String {
        let digits = |word: &u16| {
            let bit = |at: u32| (word >> ((at as u8).reverse_bits() >> 4) & 1) << at;
            format!("{:04x}", (0..16).map(bit).sum::<u16>())
        };
        let line = |row: &[u16]| row.iter().rev().map(digits).collect::<String>() + "\n";
        let files = emit::emit(design, target).unwrap();
        let mut text = ".device 5k\n".to_owned();
        for (name, _) in emit::block_memories(design) {
            let file = files.iter().find(|f| f.path.ends_with(&name)).unwrap();
            let rows = emit::memory_rows(&file.contents).unwrap();
            for (words, _) in crate::flow::blocks::changed(&rows, &rows).unwrap() {
                text += &format!(".ram_data 6 {}\n", text.len());
                text.extend(words.chunks(16).map(line));
                text.push('\n');
            }
        }
        text
    }

    /// Without tools: what a fault would be tried with is missing, or there is no place for it.
    #[test]
    fn faults_behind_a_bitstream_ask_for_their_tools() {
        let (none, target) = (Toolbox::default(), target::load("icebreaker").unwrap());
        let dir = tempfile::tempdir().unwrap();
        let (asc, pcf) = (dir.path().join("pnr.asc"), dir.path().join("pins.pcf"));
        let tried = |design: &Design, hls: bool, mutation| {
            let zeros = vec![0; design.input_bytes() as usize];
            let mut bright = zeros.clone();
            bright[..2].copy_from_slice(&[7, 11]);
            let inputs = [&zeros[..], &bright[..]];
            let work = dir.path().join("work");
            let mutator = Mutator::new(&none, design, &target, work, &inputs).unwrap();
            match mutator.with_hls(hls).run(mutation, Some((&asc, &pcf))) {
                Ok(found) => found.map(|_| "found"),
                Err(d) => Some(d.code.id),
            }
        };
        let missing = Some(crate::diag::codes::TOOL_MISSING.id);
        let design = processor(&[1, -1, -1, 1, 1, -1, 1]);
        std::fs::write(&asc, configuration(&design, &target)).unwrap();
        assert_eq!(tried(&design, false, Mutation::Bitstream), missing);
        // Block RAMs that hold none of the design's numbers; nothing that the host loads; no C++.
        std::fs::write(&asc, ".device 5k\n").unwrap();
        assert_eq!(tried(&design, false, Mutation::Bitstream), None);
        assert_eq!(tried(&design, false, Mutation::Load), None);
        assert_eq!(tried(&design, false, Mutation::Hls), None);
        let mut loaded = crate::verify::tests::design();
        assert_eq!(tried(&loaded, true, Mutation::Hls), missing);
        for stage in &mut loaded.stages {
            if let Stage::Dense(d) = stage {
                d.place = hw::Place::Spram;
            }
        }
        assert_eq!(tried(&loaded, false, Mutation::Load), missing);
    }

    /// What lies in a memory leaves the Verilog as it is; an address stands in it.
    #[test]
    fn only_a_fault_in_a_memory_keeps_the_verilog() {
        let design = processor(&[1, -1]);
        let scope = Scope::spikes(&design);
        let inputs: [&[u8]; 3] =
            [&[5, 0, 0, 0, 0, 0, 0, 0, 0], &[0, 9, 0, 7, 0, 0, 0, 0, 5], &[9; 9]];
        with(&design, &inputs, |m| {
            let address = m.shown(Kind::Address, scope).unwrap().unwrap();
            assert!(!m.same_verilog(&address.change.design).unwrap());
            let weight = m.shown(Kind::Weight, scope).unwrap().unwrap();
            assert!(m.same_verilog(&weight.change.design).unwrap());
        });
    }
}

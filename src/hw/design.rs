// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a design is made of.

use std::borrow::Cow;

use serde::Serialize;

use super::knobs::{Kept, Knobs, Split};
use crate::ir::{BitMatrix, Compare, Reset};
use crate::target::Family;

/// The spikes of a neuron: bit t is timestep t.
pub type Train = u128;

/// A network as hardware: `input → stages[0] → stages[1] → … → host`.
#[derive(Debug, Clone)]
pub struct Design {
    /// Name of the model.
    pub name: String,
    /// T.
    pub timesteps: u32,
    /// What the host sends.
    pub input: Input,
    /// The chain; the last one is a readout. Empty with the shared mapping.
    pub stages: Vec<Stage>,
    /// The processor that runs all layers, with the shared mapping.
    pub shared: Option<super::shared::Shared>,
    /// What a request may leave out, if it may.
    pub knobs: Option<Knobs>,
    /// True if spike trains are kept so that the host can read them back.
    pub trace: bool,
    /// What its memories are made of.
    pub family: Family,
}

/// What the host sends for an inference.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Input {
    /// Number of inputs.
    pub count: u32,
    /// Bits of an input at a timestep, ≤ 8; 1 if it changes.
    pub bits: u32,
    /// False: levels that stay the same at every timestep, a byte each. True: spikes that come
    /// and go; the host sends each input's train, in ⌈T/8⌉ bytes, timestep 0 in bit 0 of the
    /// first; chunk by chunk, if the processor computes the timesteps in [chunks](Design::chunks),
    /// and several trains together, if they lie in a word of its input map.
    pub changes: bool,
}

/// One stage of the chain.
#[derive(Debug, Clone)]
pub enum Stage {
    /// `sf_dense`.
    Dense(DenseStage),
    /// `sf_planes`: sums of planes become sums.
    Planes(PlanesStage),
    /// `sf_lif`.
    Lif(LifStage),
    /// `sf_count_ones`: a spike train of this many bits becomes the number of its spikes.
    Count(u32),
    /// `sf_readout`.
    Readout(ReadoutStage),
}

/// A fully connected layer on the event engine.
#[derive(Debug, Clone)]
pub struct DenseStage {
    /// Name of the layer.
    pub name: String,
    /// `[outputs, inputs]`: ±1, or 0 and 1 if they are planes.
    pub weights: BitMatrix,
    /// W: 1 for weights ±1, else the bits of a two's-complement number. Each bit of a neuron's
    /// weights is an output of its own, the highest one first, and [`PlanesStage`] follows.
    pub planes: u32,
    /// Outputs that are computed side by side.
    pub lanes: u32,
    /// Bits of an input: of a level, or of a spike train.
    pub input_bits: u32,
    /// Accumulators a lane: 1 for levels, T for spike trains.
    pub time_parallel: u32,
    /// Width of an accumulator.
    pub acc_bits: u32,
    /// Where the weights lie.
    pub place: Place,
    /// How an ensemble's members share it.
    pub split: Split,
}

/// Where the contents of a memory lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In look-up tables.
    Luts,
    /// In block RAM, initialised by the bitstream.
    BlockRam,
    /// In single-port RAM, which the host loads after power-on.
    Spram,
}

impl Place {
    /// Block RAM or look-up tables.
    #[must_use]
    pub fn block_ram(yes: bool) -> Self {
        if yes { Self::BlockRam } else { Self::Luts }
    }
}

impl DenseStage {
    /// Number of inputs, of one member if each has its own.
    #[must_use]
    pub fn inputs(&self) -> u32 {
        let all = self.weights.cols() as u32;
        if let Split::Inputs(n) = self.split { all / n } else { all }
    }

    /// Number of outputs: every plane of every neuron.
    #[must_use]
    pub fn outputs(&self) -> u32 {
        self.weights.rows() as u32
    }

    /// Number of neurons.
    #[must_use]
    pub fn neurons(&self) -> u32 {
        self.outputs() / self.planes
    }

    /// How often the inputs are gone through, for each member.
    #[must_use]
    pub fn groups(&self) -> u32 {
        self.part().div_ceil(self.lanes)
    }

    /// Words of the bitmap of non-zero inputs.
    #[must_use]
    pub fn words(&self) -> u32 {
        self.inputs().div_ceil(16)
    }

    /// Rows of the weight memory.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.depth_with(self.lanes)
    }

    /// Rows of the weight memory if there were `lanes` lanes.
    #[must_use]
    pub fn depth_with(&self, lanes: u32) -> u32 {
        let slots = self.part().div_ceil(lanes) * self.split.members();
        (slots - 1) * self.words() * 16 + self.inputs()
    }

    /// Bytes of a row as the host loads it, if the weights lie in SPRAM.
    #[must_use]
    pub fn row_bytes(&self) -> u32 {
        self.lanes.div_ceil(8)
    }

    /// Outputs of a member's group `g`.
    #[must_use]
    pub fn group_size(&self, g: u32) -> u32 {
        self.lanes.min(self.part() - g * self.lanes)
    }

    /// Width of a result, sign included.
    #[must_use]
    pub fn output_bits(&self) -> u32 {
        self.acc_bits + 1
    }
}

/// Weights of several bits: what a dense layer summed plane by plane becomes one sum.
#[derive(Debug, Clone)]
pub struct PlanesStage {
    /// Name of the layer.
    pub name: String,
    /// W, at least 2: sums of planes that make a sum, the highest plane first.
    pub planes: u32,
    /// Width of a plane's sum.
    pub input_bits: u32,
    /// Width of a sum, sign included, whatever the weights are.
    pub sum_bits: u32,
}

/// A layer of leaky integrate-and-fire neurons.
#[derive(Debug, Clone)]
pub struct LifStage {
    /// Name of the layer.
    pub name: String,
    /// T.
    pub timesteps: u32,
    /// True if one input serves all timesteps of a neuron.
    pub hold: bool,
    /// Width of an input.
    pub input_bits: u32,
    /// Width of the membrane.
    pub membrane_bits: u32,
    /// Fraction bits of the membrane.
    pub frac: u32,
    /// Leak k / 2^m: k.
    pub leak_num: u32,
    /// Leak k / 2^m: m.
    pub leak_shift: u32,
    /// What firing does.
    pub reset: Reset,
    /// When a neuron fires.
    pub compare: Compare,
    /// Per neuron.
    pub bias: Vec<i64>,
    /// Per neuron, > 0.
    pub threshold: Vec<i64>,
    /// Width of a bias, sign included.
    pub bias_bits: u32,
    /// Width of a threshold, unsigned.
    pub threshold_bits: u32,
    /// Parameters in block RAM instead of LUTs.
    pub block: bool,
    /// A request may leave timesteps out.
    pub knobs: bool,
    /// Members of an ensemble that have as many neurons each; 1: there are none.
    pub members: u32,
}

impl LifStage {
    /// Number of neurons.
    #[must_use]
    pub fn neurons(&self) -> u32 {
        self.threshold.len() as u32
    }

    /// Which neuron the `k`th train comes from, where these members run.
    #[must_use]
    pub fn neuron(&self, kept: &Kept, k: u32) -> u32 {
        if self.members == 1 {
            return k;
        }
        let size = self.neurons() / self.members;
        let member = kept.members.get((k / size.max(1)) as usize).copied().unwrap_or(self.members);
        member * size + k % size.max(1)
    }
}

/// Logits and class.
#[derive(Debug, Clone)]
pub struct ReadoutStage {
    /// Name of the layer.
    pub name: String,
    /// Width of an input, sign included.
    pub input_bits: u32,
    /// Per class, unsigned.
    pub gain: Vec<i64>,
    /// Per class.
    pub offset: Vec<i64>,
    /// Width of a gain.
    pub gain_bits: u32,
    /// Width of an offset, sign included.
    pub offset_bits: u32,
    /// Width of a logit, sign included, ≤ 32.
    pub logit_bits: u32,
    /// Parameters in block RAM instead of LUTs.
    pub block: bool,
    /// Numbers of timesteps with offsets of their own: T, if a request may leave some out; else 1.
    pub steps: u32,
    /// Members of an ensemble whose sums come one after the other; 1: there are none.
    pub members: u32,
    /// After each member, how far the largest logit has to be above all others for members that
    /// come later to be left out (`sf_decide`); of the last one nothing is read. Empty: all run.
    pub margins: Vec<i64>,
}

impl ReadoutStage {
    /// Words of the parameters' memory: for each number of timesteps as many as there are classes,
    /// at a multiple of a power of two.
    #[must_use]
    pub fn depth(&self) -> u32 {
        (self.steps - 1) * self.classes().next_power_of_two().max(2) + self.classes()
    }

    /// {offset, gain} of every word: with t of all T timesteps the offset is t / T of it.
    #[must_use]
    pub fn words(&self) -> Vec<(i64, i64)> {
        let (steps, stride) = (i64::from(self.steps), self.classes().next_power_of_two().max(2));
        let word = |k: u32| {
            let (t, c) = (i64::from(k / stride) + 1, (k % stride) as usize);
            let (offset, gain) = (self.offset.get(c), self.gain.get(c));
            offset.zip(gain).map_or((0, 0), |(o, g)| (o / steps * t, *g))
        };
        (0..self.depth()).map(word).collect()
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> u32 {
        self.gain.len() as u32
    }
}

impl Design {
    /// Values of one inference, as `interp` takes them: `[input]`, or `[timestep][input]` if
    /// they change; before them what [knobs](Self::knobs) are set to, if there are some.
    #[must_use]
    pub fn input_values(&self) -> usize {
        let steps = if self.input.changes { self.timesteps as usize } else { 1 };
        self.header_bytes() + self.input.count as usize * steps
    }

    /// What is kept of an inference with these [values](Self::input_values): all, if nothing
    /// can be left out.
    #[must_use]
    pub fn kept(&self, values: &[u8]) -> Kept {
        let all = || Kept { timesteps: self.timesteps, members: vec![0], may_stop: false };
        self.knobs.map_or_else(all, |k| k.read(values))
    }

    /// Can members be left out once the class is settled?
    #[must_use]
    pub fn can_stop(&self) -> bool {
        self.knobs.is_some_and(|k| k.stops)
    }

    /// Bytes of a result, without spike trains: four a logit, the class and, if there may be fewer
    /// than were asked for, the number of members that ran.
    #[must_use]
    pub fn result_bytes(&self) -> u32 {
        let classes = self.readout().map_or(0, ReadoutStage::classes);
        4 * classes + 1 + u32::from(self.can_stop())
    }

    /// Bytes of a request that say what to leave out; they come before the inputs.
    #[must_use]
    pub fn header_bytes(&self) -> usize {
        self.knobs.map_or(0, Knobs::bytes)
    }

    /// C: timesteps that are computed together; T but for a processor that takes them in chunks.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.shared.as_ref().map_or(self.timesteps, |s| s.width)
    }

    /// Chunks of [`Self::width`] timesteps that are computed one after another.
    #[must_use]
    pub fn chunks(&self) -> u32 {
        self.timesteps / self.width().max(1)
    }

    /// Words of the processor's train memory; 0 without one. With trace each chunk has its own,
    /// so that the host can read them all.
    #[must_use]
    pub fn train_words(&self) -> u32 {
        let chunks = if self.trace { self.chunks() } else { 1 };
        self.shared.as_ref().map_or(0, |s| s.train_depth() * chunks)
    }

    /// Words of the processor's input map; 0 without one. Spikes that change are there chunk by
    /// chunk.
    #[must_use]
    pub fn input_words(&self) -> u32 {
        let chunks = if self.input.changes { self.chunks() } else { 1 };
        self.shared.as_ref().map_or(0, |s| s.input.depth() * chunks)
    }

    /// Bytes that the host sends for them.
    #[must_use]
    pub fn input_bytes(&self) -> u32 {
        let (words, bytes) = self.sent_words();
        if self.input.changes {
            words * bytes * self.chunks()
        } else {
            self.header_bytes() as u32 + self.input.count
        }
    }

    /// Words that the host sends of a chunk's trains, and the bytes of one.
    #[must_use]
    pub fn sent_words(&self) -> (u32, u32) {
        let pack = self.packed();
        (self.input.count.div_ceil(pack), (pack * self.width()).div_ceil(8))
    }

    /// Inputs to a word.
    #[must_use]
    pub fn packed(&self) -> u32 {
        self.shared.as_ref().map_or(1, |s| s.input.pack)
    }

    /// The bytes that the host sends for the values of an inference.
    #[must_use]
    pub fn request<'a>(&self, values: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.input.changes {
            return Cow::Borrowed(values);
        }
        let count = self.input.count as usize;
        let (width, pack) = (self.width() as usize, self.packed() as usize);
        let (words, size) = self.sent_words();
        let mut bytes = vec![0; self.input_bytes() as usize];
        for (at, _) in values.iter().enumerate().filter(|(_, v)| **v & 1 == 1) {
            let (t, input) = (at / count, at % count);
            let word = t / width * words as usize + input / pack;
            let bit = input % pack * width + t % width;
            if let Some(byte) = bytes.get_mut(word * size as usize + bit / 8) {
                *byte |= 1 << (bit % 8);
            }
        }
        Cow::Owned(bytes)
    }

    /// The values of an inference from the bytes that the host sends: the opposite of
    /// [`Self::request`].
    #[must_use]
    pub fn values(&self, bytes: &[u8]) -> Vec<u8> {
        if !self.input.changes {
            return bytes.to_vec();
        }
        let (count, steps) = (self.input.count as usize, self.timesteps as usize);
        let (width, pack) = (self.width() as usize, self.packed() as usize);
        let (words, size) = self.sent_words();
        let value = |t: usize, input: usize| {
            let word = t / width * words as usize + input / pack;
            let bit = input % pack * width + t % width;
            bytes.get(word * size as usize + bit / 8).map_or(0, |b| b >> (bit % 8) & 1)
        };
        (0..steps).flat_map(|t| (0..count).map(move |i| (t, i))).map(|(t, i)| value(t, i)).collect()
    }

    /// The layers that fire, in order.
    pub fn lifs(&self) -> impl Iterator<Item = &LifStage> {
        self.stages.iter().filter_map(|s| match s {
            Stage::Lif(l) => Some(l),
            _ => None,
        })
    }

    /// The dense layers, in order.
    pub fn denses(&self) -> impl Iterator<Item = &DenseStage> {
        self.stages.iter().filter_map(|s| match s {
            Stage::Dense(d) => Some(d),
            _ => None,
        })
    }

    /// What makes the logits.
    #[must_use]
    pub fn readout(&self) -> Option<&ReadoutStage> {
        match (&self.shared, self.stages.last()) {
            (Some(shared), _) => Some(&shared.readout),
            (None, Some(Stage::Readout(r))) => Some(r),
            _ => None,
        }
    }

    /// What the board answers to identify, 16 bytes: "SYNF", version 1, timesteps, classes,
    /// inputs (2 bytes, big endian), and the first 7 letters of the model's name.
    #[must_use]
    pub fn identity(&self) -> [u8; 16] {
        let classes = self.readout().map_or(0, ReadoutStage::classes);
        let [high, low] = (self.input_bytes() as u16).to_be_bytes();
        let mut bytes = [0; 16];
        let numbers = [1, self.timesteps as u8, classes as u8, high, low];
        let all = b"SYNF".iter().chain(&numbers).copied().chain(self.name.bytes().take(7));
        bytes.iter_mut().zip(all).for_each(|(to, from)| *to = from);
        bytes
    }

    /// Bytes of weights that the host has to load before the first inference; 0 if the
    /// bitstream holds them all.
    #[must_use]
    pub fn load_bytes(&self) -> u32 {
        if let Some(shared) = &self.shared {
            let loaded = shared.weights == Place::Spram;
            return u32::from(loaded) * shared.weight_depth() * shared.lanes.div_ceil(8);
        }
        let loaded = self.denses().filter(|d| d.place == Place::Spram);
        loaded.map(|d| d.depth() * d.row_bytes()).sum()
    }
}

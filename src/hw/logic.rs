// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Look-up tables and logic cells of a design, estimated.
//!
//! Linear in the widths of a stage's registers and adders, with factors of each family that
//! were fitted to synthesis and packing of the designs in tests/cost, which prints the errors;
//! docs/cost.md has them. The model steers the folding; place and route decides.

use super::cost::Memory;
use super::{DenseStage, Design, LifStage, Place, PlanesStage, ReadoutStage, Stage};
use crate::target::Family;

/// What a family's synthesis makes of the parts of a design, in look-up tables, and the logic
/// cells that are needed beside those.
struct Factors {
    luts: Luts,
    beside: Beside,
}

struct Luts {
    /// Serial line, framing, checksum, resets, intake and sequence of the result.
    link: f64,
    /// An accumulator's adder and its place in the chain, a bit.
    accumulator_bit: f64,
    /// An accumulator's enable.
    accumulator: f64,
    /// The rest of a lane.
    lane: f64,
    /// Control of a dense layer, of its replay, of loading its weights.
    dense: f64,
    replay: f64,
    load: f64,
    /// Which plane comes.
    planes: f64,
    /// Neurons, a bit of the membrane; a bit of the sum that a leak needs.
    membrane_bit: f64,
    leak_bit: f64,
    /// Readout, a bit of the logit; of gain and operand.
    logit_bit: f64,
    operand_bit: f64,
    /// Selects one of several block RAMs, a bit.
    bank_bit: f64,
    /// Of what a memory in look-up tables takes in theory.
    stored: f64,
}

/// What can leave out timesteps, members of an ensemble (four of them), and members that come after
/// the class is settled: look-up tables, and cells beside them, of the shipped ensemble on an
/// iCE40 (docs/knobs.md).
const KNOBS: [f64; 2] = [25.0, 0.0];
const MEMBERS: [f64; 2] = [190.0, 23.0];
const STOPS: [f64; 2] = [181.0, 35.0];

/// Carries without a look-up table, and flip-flops that no look-up table feeds.
struct Beside {
    link: f64,
    dense: f64,
    replay: f64,
    lane: f64,
    accumulator: f64,
}

static ICE40: Factors = Factors {
    luts: Luts {
        link: 401.0,
        accumulator_bit: 2.01,
        accumulator: 1.04,
        lane: 0.63,
        dense: 48.0,
        replay: 198.0,
        load: 141.0,
        planes: 8.0,
        membrane_bit: 3.0,
        leak_bit: 1.0,
        logit_bit: 4.0,
        operand_bit: 1.4,
        bank_bit: 2.26,
        stored: 1.18,
    },
    beside: Beside { link: 93.0, dense: 45.0, replay: 34.0, lane: 0.29, accumulator: 1.26 },
};

static ECP5: Factors = Factors {
    luts: Luts {
        link: 385.0,
        accumulator_bit: 2.15,
        accumulator: 1.82,
        lane: 0.03,
        dense: 52.0,
        replay: 276.0,
        load: 0.0,
        planes: 8.0,
        membrane_bit: 3.55,
        // A multiplier makes it.
        leak_bit: 0.0,
        logit_bit: 3.3,
        operand_bit: 1.1,
        bank_bit: 0.52,
        stored: 1.03,
    },
    beside: Beside { link: 11.0, dense: 26.0, replay: 37.0, lane: 0.77, accumulator: 3.56 },
};

static GOWIN: Factors = Factors {
    luts: Luts {
        link: 460.0,
        accumulator_bit: 2.06,
        accumulator: 2.14,
        lane: 0.03,
        dense: 52.0,
        replay: 310.0,
        load: 0.0,
        planes: 8.0,
        membrane_bit: 3.55,
        leak_bit: 1.0,
        logit_bit: 3.3,
        operand_bit: 1.1,
        bank_bit: 0.37,
        stored: 1.58,
    },
    // Both ends of the chains of carries.
    beside: Beside { link: 13.0, dense: 13.0, replay: 6.0, lane: 0.0, accumulator: 1.75 },
};

// Look-up tables of six inputs; carries and flip-flops lie beside them.
static XC7: Factors = Factors {
    luts: Luts {
        link: 270.0,
        accumulator_bit: 1.4,
        accumulator: 1.6,
        lane: 0.03,
        dense: 52.0,
        replay: 115.0,
        load: 0.0,
        planes: 8.0,
        membrane_bit: 4.2,
        leak_bit: 1.0,
        logit_bit: 4.6,
        operand_bit: 1.4,
        bank_bit: 0.37,
        stored: 1.0,
    },
    beside: Beside { link: 0.0, dense: 0.0, replay: 0.0, lane: 0.0, accumulator: 0.0 },
};

/// Look-up tables and logic cells of a design with these memories.
pub(super) fn estimate(design: &Design, memories: &[Memory]) -> (u32, u32) {
    let factors = match design.family {
        Family::Ice40 => &ICE40,
        Family::Ecp5 => &ECP5,
        Family::Gowin => &GOWIN,
        Family::Xc7 => &XC7,
    };
    let (luts, beside) = (&factors.luts, &factors.beside);
    let mut used = luts.link;
    let mut more = beside.link;
    for stage in &design.stages {
        match stage {
            Stage::Dense(d) => {
                used += luts.dense(d);
                more += beside.dense(d);
            }
            Stage::Planes(p) => used += luts.planes(p),
            Stage::Lif(l) => used += luts.lif(l),
            // An adder tree, a few bits wide.
            Stage::Count(bits) => used += f64::from(bits * 2),
            Stage::Readout(r) => used += luts.readout(r),
        }
    }
    if let Some(knobs) = design.knobs {
        let parts = [(true, KNOBS), (knobs.members > 1, MEMBERS), (knobs.stops, STOPS)];
        for (_, [luts, cells]) in parts.into_iter().filter(|(has, _)| *has) {
            used += luts;
            more += cells;
        }
    }
    used += memories.iter().map(|m| luts.memory(m)).sum::<f64>();
    (used.round() as u32, (used + more).round() as u32)
}

impl Luts {
    fn dense(&self, d: &DenseStage) -> f64 {
        let accumulators = f64::from(d.lanes * d.time_parallel);
        let replay = if d.replays() { self.replay } else { 0.0 };
        accumulators * (self.accumulator_bit * f64::from(d.acc_bits) + self.accumulator)
            + f64::from(d.lanes) * self.lane
            + self.dense
            + replay
    }

    /// An adder, and in front of it what negates the highest plane.
    fn planes(&self, p: &PlanesStage) -> f64 {
        f64::from(p.sum_bits + p.input_bits) + self.planes
    }

    fn lif(&self, l: &LifStage) -> f64 {
        let terms = l.leak_num.count_ones().saturating_sub(1);
        f64::from(l.membrane_bits) * self.membrane_bit
            + f64::from(terms * (l.membrane_bits + l.leak_shift)) * self.leak_bit
    }

    fn readout(&self, r: &ReadoutStage) -> f64 {
        f64::from(r.logit_bits) * self.logit_bit
            + f64::from(r.gain_bits + r.input_bits) * self.operand_bit
    }

    /// Of a memory's contents, or what selects among the RAMs it spans in depth; a loaded one
    /// also has what counts the bytes that come in.
    fn memory(&self, m: &Memory) -> f64 {
        let select = f64::from(m.width * (m.depth.div_ceil(m.bank_words()) - 1)) * self.bank_bit;
        match m.place {
            Place::Luts => f64::from(m.luts()) * self.stored,
            Place::BlockRam => select,
            Place::Spram => select + self.load,
        }
    }
}

impl Beside {
    fn dense(&self, d: &DenseStage) -> f64 {
        let replay = if d.replays() { self.replay } else { 0.0 };
        f64::from(d.lanes) * self.lane
            + f64::from(d.lanes * d.time_parallel) * self.accumulator
            + self.dense
            + replay
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::{Input, MemoryKind};
    use crate::ir::{BitMatrix, Compare, Reset};

    fn design(stage: Stage, family: Family) -> Design {
        let (name, input) = ("net".to_owned(), Input { count: 20, bits: 4, changes: false });
        let stages = vec![stage];
        Design {
            name,
            timesteps: 3,
            input,
            stages,
            shared: None,
            trace: false,
            family,
            knobs: None,
        }
    }

    fn dense(lanes: u32, time_parallel: u32) -> Stage {
        Stage::Dense(DenseStage {
            name: "d".into(),
            weights: BitMatrix::new(10, 20),
            planes: 1,
            lanes,
            input_bits: 3,
            time_parallel,
            acc_bits: 10,
            place: Place::BlockRam,
            split: crate::hw::Split::None,
        })
    }

    fn lif(leak_num: u32) -> Stage {
        Stage::Lif(LifStage {
            name: "l".into(),
            timesteps: 3,
            hold: false,
            input_bits: 4,
            membrane_bits: 8,
            frac: 0,
            leak_num,
            leak_shift: 2,
            reset: Reset::Soft,
            compare: Compare::AtLeast,
            bias: Vec::new(),
            threshold: Vec::new(),
            bias_bits: 1,
            threshold_bits: 1,
            block: false,
            knobs: false,
            members: 1,
        })
    }

    #[test]
    fn parts_of_a_design_are_added_up() {
        let of = |stage, family| estimate(&design(stage, family), &[]);
        // 401 + 10 · 2 · (2.01 · 10 + 1.04) + 10 · 0.63 + 48; beside it 93 + 45 + 2.9 + 20 · 1.26.
        assert_eq!(of(dense(10, 2), Family::Ice40), (878, 1044));
        // 401 + 5 · (20.1 + 1.04) + 5 · 0.63 + 48 + 198; beside it 93 + 45 + 34 + 1.45 + 6.3.
        assert_eq!(of(dense(5, 1), Family::Ice40), (756, 936));
        // 385 + 5 · (21.5 + 1.82) + 0.15 + 52 + 276; beside it 11 + 26 + 37 + 3.85 + 17.8.
        assert_eq!(of(dense(5, 1), Family::Ecp5), (830, 925));
        // 460 + 5 · (20.6 + 2.14) + 0.15 + 52 + 310; beside it 13 + 13 + 6 + 8.75.
        assert_eq!(of(dense(5, 1), Family::Gowin), (936, 977));
        // 270 + 5 · (14 + 1.6) + 0.15 + 52 + 115, and nothing beside it.
        assert_eq!(of(dense(5, 1), Family::Xc7), (515, 515));
        // 401 + 8 · 3, and for 3 = 1 + 2 another 8 + 2.
        assert_eq!((of(lif(1), Family::Ice40).0, of(lif(3), Family::Ice40).0), (425, 435));
    }

    #[test]
    fn planes_are_an_adder_and_what_negates() {
        let planes = PlanesStage { name: "p".into(), planes: 8, input_bits: 12, sum_bits: 19 };
        // 401 + 19 + 12 + 8.
        assert_eq!(estimate(&design(Stage::Planes(planes), Family::Ice40), &[]).0, 440);
    }

    #[test]
    fn memories_select_among_what_lies_one_after_the_other() {
        let luts = |depth, place| {
            let (layer, kind, family) = ("m".to_owned(), MemoryKind::Weights, Family::Ice40);
            let memory = Memory { stage: 0, layer, kind, depth, width: 16, place, family };
            estimate(&design(Stage::Count(0), family), &[memory]).0 - 401
        };
        // RAMs side by side select nothing; 2.26 · 16 between two rows of 2,048 × 2.
        assert_eq!([256, 2048, 4096].map(|d| luts(d, Place::BlockRam)), [0, 0, 36]);
        assert_eq!([16_384, 16_385].map(|d| luts(d, Place::Spram)), [141, 177]);
        assert_eq!(luts(16, Place::Luts), 19);
    }
}

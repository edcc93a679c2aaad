// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Faults that a chain of engines can express.

use super::change::{CHANNELS, Change, Changes, flips, width};
use crate::hw::{DenseStage, Design, LifStage, Place, ReadoutStage, Stage};

/// The sign of one weight, or its lowest bit, from the middle of the inputs on. `loaded`: of
/// those alone that the host loads.
pub(super) fn weights(design: &Design, loaded: bool) -> Changes<'_> {
    let dense = stages(design, |s| if let Stage::Dense(d) = s { Some(d) } else { None });
    let meant = dense.filter(move |(_, d): &(_, &DenseStage)| !loaded || d.place == Place::Spram);
    Box::new(meant.flat_map(move |(stage, d)| {
        (0..d.neurons().min(CHANNELS as u32)).map(move |neuron| {
            let input = (d.inputs() / 2 + 13 * neuron) % d.inputs();
            let row = ((neuron + 1) * d.planes - 1) as usize;
            let change = |s: &mut Stage| {
                if let Stage::Dense(d) = s {
                    let one = d.weights.get(row, input as usize);
                    d.weights.set(row, input as usize, !one);
                }
            };
            let what = if d.planes > 1 { "has another lowest bit" } else { "negated" };
            let fault = format!("weight of stage {stage} neuron {neuron} input {input} {what}");
            Change { design: with(design, stage, change), fault }
        })
    }))
}

/// One bit of a threshold.
pub(super) fn thresholds(design: &Design) -> Changes<'_> {
    let fires = stages(design, |s| if let Stage::Lif(l) = s { Some(l) } else { None });
    Box::new(fires.flat_map(move |(stage, l): (_, &LifStage)| {
        flips(l.threshold_bits, l.threshold.len()).map(move |(bit, neuron)| {
            let change = |s: &mut Stage| {
                if let Stage::Lif(l) = s {
                    l.threshold[neuron] ^= 1 << bit;
                }
            };
            let fault =
                format!("bit {bit} of the threshold of stage {stage} neuron {neuron} flipped");
            Change { design: with(design, stage, change), fault }
        })
    }))
}

/// One bit of the readout's gains.
pub(super) fn gains(design: &Design) -> Changes<'_> {
    let readout = stages(design, |s| if let Stage::Readout(r) = s { Some(r) } else { None });
    Box::new(readout.flat_map(move |(stage, r): (_, &ReadoutStage)| {
        flips(width(&r.gain), r.gain.len()).map(move |(bit, class)| {
            let change = |s: &mut Stage| {
                if let Stage::Readout(r) = s {
                    r.gain[class] ^= 1 << bit;
                }
            };
            let fault = format!("bit {bit} of the gain of class {class} flipped");
            Change { design: with(design, stage, change), fault }
        })
    }))
}

/// Any lead settles the class after a member, or none does.
pub(super) fn margins(design: &Design) -> Changes<'_> {
    let readout = stages(design, |s| if let Stage::Readout(r) = s { Some(r) } else { None });
    Box::new(readout.flat_map(move |(stage, r): (_, &ReadoutStage)| {
        let most = (1 << r.logit_bits) - 1;
        let members = 0..r.margins.len().saturating_sub(1);
        members.flat_map(move |member| [0, most].map(|m| (member, m))).map(
            move |(member, margin)| {
                let change = |s: &mut Stage| {
                    if let Stage::Readout(r) = s {
                        r.margins[member] = margin;
                    }
                };
                let fault = format!("the margin after member {member} is {margin}");
                Change { design: with(design, stage, change), fault }
            },
        )
    }))
}

/// The stages of one kind, and where they are.
fn stages<'a, S: 'a>(
    design: &'a Design,
    of: impl Fn(&'a Stage) -> Option<&'a S> + 'a,
) -> impl Iterator<Item = (usize, &'a S)> + 'a {
    design.stages.iter().enumerate().filter_map(move |(at, s)| Some((at, of(s)?)))
}

fn with(design: &Design, stage: usize, change: impl FnOnce(&mut Stage)) -> Design {
    let mut changed = design.clone();
    change(&mut changed.stages[stage]);
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_of_several_bits_gets_another_lowest_bit() {
        let mut design = crate::verify::tests::design();
        let first = design.stages.iter().position(|s| matches!(s, Stage::Dense(_))).unwrap();
        let Stage::Dense(d) = &mut design.stages[first] else { panic!("no dense stage") };
        (d.planes, d.weights) = (3, crate::ir::BitMatrix::new(6, 4));
        let changes: Vec<_> = weights(&design, false).collect();
        let ones = |c: &Change| {
            let Stage::Dense(d) = &c.design.stages[first] else { panic!("no dense stage") };
            let places = (0..6).flat_map(|r| (0..4).map(move |i| (r, i)));
            places.filter(|&(r, i)| d.weights.get(r, i)).collect::<Vec<_>>()
        };
        // Inputs 4/2 and 4/2 + 13 of two neurons; the lowest planes are rows 2 and 5.
        assert_eq!([ones(&changes[0]), ones(&changes[1])], [[(2, 2)], [(5, 3)]]);
        let fault = format!("weight of stage {first} neuron 1 input 3 has another lowest bit");
        assert_eq!(changes[1].fault, fault);
    }

    /// The tiny design with other gains: two inputs, thresholds 20 and 9 of five bits.
    fn tiny(place: Place) -> Design {
        let mut design = crate::verify::tests::design();
        for stage in &mut design.stages {
            match stage {
                Stage::Dense(d) => d.place = place,
                Stage::Readout(r) => r.gain = vec![5, -6],
                _ => {}
            }
        }
        design
    }

    #[test]
    fn a_weight_is_negated() {
        let design = tiny(Place::Luts);
        let words: Vec<_> = weights(&design, false).map(|c| c.fault).collect();
        assert_eq!(words.len(), 2);
        assert!(words[0].ends_with("neuron 0 input 1 negated"), "{words:?}");
        assert!(words[1].ends_with("neuron 1 input 0 negated"), "{words:?}");
        // The host loads what lies in SPRAM, and nothing else.
        assert_eq!(weights(&design, true).count(), 0);
        assert_eq!(weights(&tiny(Place::Spram), true).count(), 2);
    }

    #[test]
    fn one_bit_of_a_threshold_is_flipped() {
        let design = tiny(Place::Luts);
        let of = |c: Change| {
            let fires =
                |s: &Stage| if let Stage::Lif(l) = s { Some(l.threshold.clone()) } else { None };
            c.design.stages.iter().find_map(fires).unwrap()
        };
        let found: Vec<_> = thresholds(&design).map(of).collect();
        assert_eq!(found, [[16, 9], [20, 13], [28, 9], [20, 1], [4, 9], [20, 25]]);
    }

    #[test]
    fn one_bit_of_a_gain_is_flipped() {
        let design = tiny(Place::Luts);
        let of = |c: Change| {
            let gain =
                |s: &Stage| if let Stage::Readout(r) = s { Some(r.gain.clone()) } else { None };
            (c.design.stages.iter().find_map(gain).unwrap(), c.fault)
        };
        let found: Vec<_> = gains(&design).map(of).collect();
        let said = |bit: u32, class: u32| format!("bit {bit} of the gain of class {class} flipped");
        let expected = [
            (vec![7, -6], said(1, 0)),
            (vec![5, -8], said(1, 1)),
            (vec![1, -6], said(2, 0)),
            (vec![5, -2], said(2, 1)),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_margin_becomes_the_least_or_the_most() {
        let mut design = tiny(Place::Luts);
        for stage in &mut design.stages {
            if let Stage::Readout(r) = stage {
                (r.margins, r.logit_bits) = (vec![7, 8, 9], 5);
            }
        }
        let of = |c: Change| (c.design.readout().unwrap().margins.clone(), c.fault);
        let said = |member: u32, m: i64| format!("the margin after member {member} is {m}");
        let want = [
            (vec![0, 8, 9], said(0, 0)),
            (vec![31, 8, 9], said(0, 31)),
            (vec![7, 0, 9], said(1, 0)),
            (vec![7, 31, 9], said(1, 31)),
        ];
        assert_eq!(margins(&design).map(of).collect::<Vec<_>>(), want);
        // Nothing is settled early without.
        assert_eq!(margins(&tiny(Place::Luts)).count(), 0);
    }
}

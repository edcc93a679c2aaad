// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Faults that a chain of engines can express.

use super::change::{CHANNELS, Change, Changes, flips, width};
use crate::hw::{DenseStage, Design, LifStage, Place, ReadoutStage, Stage};

/// The sign of one weight, from the middle of the inputs on. `loaded`: of those alone that the
/// host loads.
pub(super) fn weights(design: &Design, loaded: bool) -> Changes<'_> {
    let dense = stages(design, |s| if let Stage::Dense(d) = s { Some(d) } else { None });
    let meant = dense.filter(move |(_, d): &(_, &DenseStage)| !loaded || d.place == Place::Spram);
    Box::new(meant.flat_map(move |(stage, d)| {
        (0..d.outputs().min(CHANNELS as u32)).map(move |neuron| {
            let input = (d.inputs() / 2 + 13 * neuron) % d.inputs();
            let change = |s: &mut Stage| {
                if let Stage::Dense(d) = s {
                    let plus = d.weights.get(neuron as usize, input as usize);
                    d.weights.set(neuron as usize, input as usize, !plus);
                }
            };
            let fault = format!("weight of stage {stage} neuron {neuron} input {input} negated");
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

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A network in the hardware that was built for another one of the same shape.

use std::collections::BTreeMap;

use super::{Design, Estimate, Mapping, Options, Stage, lower};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::Graph;
use crate::target::Target;

/// Lowers a graph as the hardware of `to` would be: its folding, its widths where they are enough,
/// its identity. The layers keep their names.
///
/// # Errors
/// As [`lower()`]; [`codes::OTHER_SHAPE`] with the first thing that the hardware has not.
pub fn lower_like(
    graph: &Graph,
    target: &Target,
    options: &Options,
    to: &Design,
) -> Result<(Design, Estimate)> {
    let mapping = if to.shared.is_some() { Mapping::Shared } else { Mapping::Pipeline };
    let options = Options { mapping, ..options.clone() };
    let free = Options { lanes: BTreeMap::new(), ..options.clone() };
    let (first, _) = lower(graph, target, if to.shared.is_some() { &options } else { &free })?;
    // Lanes are asked for by name, and the other network's layers may have others.
    let named = first.denses().zip(to.denses()).map(|(a, b)| (a.name.clone(), b.lanes));
    let lanes = if to.shared.is_some() { options.lanes.clone() } else { named.collect() };
    let (mut design, estimate) = lower(graph, target, &Options { lanes, ..options })?;
    design.name.clone_from(&to.name);
    fit(&mut design, to)?;
    Ok((design, estimate))
}

/// Takes over the widths of `to`.
fn fit(design: &mut Design, to: &Design) -> Result<()> {
    let differ = |what: &str, new: u64, old: u64| {
        if new == old { Ok(()) } else { Err(other(what, new, old)) }
    };
    differ("timesteps", design.timesteps.into(), to.timesteps.into())?;
    differ("timesteps of a chunk", design.width().into(), to.width().into())?;
    differ("inputs", design.input.count.into(), to.input.count.into())?;
    differ("stages", design.stages.len() as u64, to.stages.len() as u64)?;
    for (new, old) in design.stages.iter_mut().zip(&to.stages) {
        match (new, old) {
            (Stage::Dense(n), Stage::Dense(o)) => {
                let at = |d: Box<Diagnostic>| d.at(n.name.clone());
                differ("inputs", n.inputs().into(), o.inputs().into()).map_err(at)?;
                differ("neurons", n.outputs().into(), o.outputs().into()).map_err(at)?;
                widen("bits of an input", &mut n.input_bits, o.input_bits)?;
                widen("bits of a sum", &mut n.acc_bits, o.acc_bits)?;
                n.place = o.place;
            }
            (Stage::Planes(n), Stage::Planes(o)) => {
                widen("bits of a plane's sum", &mut n.input_bits, o.input_bits)?;
                widen("bits of a sum", &mut n.sum_bits, o.sum_bits)?;
            }
            (Stage::Lif(n), Stage::Lif(o)) => {
                let name = n.name.clone();
                let wide = |what, new, old| widen(what, new, old).map_err(|d| d.at(&*name));
                wide("bits of an input", &mut n.input_bits, o.input_bits)?;
                wide("bits of a membrane", &mut n.membrane_bits, o.membrane_bits)?;
                wide("bits of a bias", &mut n.bias_bits, o.bias_bits)?;
                wide("bits of a threshold", &mut n.threshold_bits, o.threshold_bits)?;
                differ("fraction bits of a membrane", n.frac.into(), o.frac.into())?;
                n.block = o.block;
            }
            (Stage::Readout(n), Stage::Readout(o)) => {
                widen("bits of an input", &mut n.input_bits, o.input_bits)?;
                widen("bits of a gain", &mut n.gain_bits, o.gain_bits)?;
                widen("bits of an offset", &mut n.offset_bits, o.offset_bits)?;
                widen("bits of a logit", &mut n.logit_bits, o.logit_bits)?;
                n.block = o.block;
            }
            (Stage::Count(n), Stage::Count(o)) => differ("timesteps", (*n).into(), (*o).into())?,
            _ => return Err(Diagnostic::new(&codes::OTHER_SHAPE, "another order of the layers")),
        }
    }
    Ok(())
}

/// A number that needs fewer bits than there are has all of them.
fn widen(what: &str, new: &mut u32, old: u32) -> Result<()> {
    if *new > old {
        return Err(other(what, (*new).into(), old.into()));
    }
    *new = old;
    Ok(())
}

fn other(what: &str, new: u64, old: u64) -> Box<Diagnostic> {
    let message = format!("{new} {what}; the hardware has {old}");
    Diagnostic::new(&codes::OTHER_SHAPE, message).help("compile the model anew")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::tests::{NET, board, graph, lowered};
    use crate::ir::BitMatrix;

    fn like(to: &Design) -> Result<Design> {
        lower_like(&graph(NET), &board(), &Options::default(), to).map(|(design, _)| design)
    }

    #[test]
    fn widths_are_those_of_the_hardware() {
        let mut to = lowered(NET);
        to.name = "first".into();
        let want = to.clone();
        for stage in &mut to.stages {
            match stage {
                Stage::Dense(d) => (d.input_bits, d.acc_bits) = (d.input_bits + 1, d.acc_bits + 2),
                Stage::Lif(l) => {
                    (l.membrane_bits, l.bias_bits) = (l.membrane_bits + 3, l.bias_bits + 1);
                    (l.input_bits, l.threshold_bits) = (l.input_bits + 2, l.threshold_bits + 1);
                }
                Stage::Readout(r) => {
                    (r.gain_bits, r.offset_bits) = (r.gain_bits + 1, r.offset_bits + 4);
                    (r.input_bits, r.logit_bits) = (r.input_bits + 1, r.logit_bits + 1);
                }
                Stage::Count(_) | Stage::Planes(_) => {}
            }
        }
        let design = like(&to).unwrap();
        assert_eq!(format!("{design:?}"), format!("{to:?}"));
        // The other way round they are too narrow.
        for (i, stage) in to.stages.iter().enumerate() {
            let mut narrow = to.clone();
            narrow.stages[i] = want.stages[i].clone();
            if let (Stage::Dense(d), Stage::Dense(n)) = (stage, &mut narrow.stages[i]) {
                n.acc_bits = d.acc_bits - 3;
            } else if let Stage::Lif(n) = &mut narrow.stages[i] {
                n.threshold_bits -= 1;
            } else if let Stage::Readout(n) = &mut narrow.stages[i] {
                n.offset_bits -= 1;
            } else {
                continue;
            }
            let error = like(&narrow).unwrap_err();
            assert_eq!(error.code.id, "SF0413", "{error}");
            assert!(error.message.contains(" bits of a"), "{error}");
        }
    }

    #[test]
    fn another_shape_is_named() {
        let to = lowered(NET);
        let refused = |to: &Design| like(to).unwrap_err().message;
        let mut other = to.clone();
        other.timesteps += 1;
        assert!(refused(&other).contains("timesteps; the hardware has"));
        // A processor of which another number of timesteps is computed together.
        let shared = |chunk| Options { mapping: Mapping::Shared, chunk, ..Options::default() };
        let (graph, board) =
            (crate::ir::parse(NET).unwrap(), crate::target::load("icebreaker").unwrap());
        let (chunked, _) = lower(&graph, &board, &shared(Some(1))).unwrap();
        let error = lower_like(&graph, &board, &shared(None), &chunked).unwrap_err();
        assert!(error.message.contains("timesteps of a chunk; the hardware has 1"), "{error}");
        other = to.clone();
        other.input.count += 1;
        assert!(refused(&other).contains("inputs; the hardware has"));
        other = to.clone();
        other.stages.pop();
        assert!(refused(&other).contains("stages; the hardware has"));
        other = to.clone();
        other.stages.swap(0, 1);
        assert_eq!(refused(&other), "another order of the layers");
        other = to.clone();
        for stage in &mut other.stages {
            if let Stage::Lif(l) = stage {
                l.frac += 1;
            }
        }
        assert!(refused(&other).contains("fraction bits of a membrane"));
        for stage in other.stages.iter_mut().take(1) {
            if let Stage::Dense(d) = stage {
                d.weights = BitMatrix::new(d.weights.rows() + 1, d.weights.cols());
            }
        }
        assert!(refused(&other).contains("neurons; the hardware has"));
    }
}

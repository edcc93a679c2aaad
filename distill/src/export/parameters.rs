// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What layers have learnt, as parameters of operators.

use burn::tensor::Tensor;
use synfire::diag::{Diagnostic, Result, codes};
use synfire::ir::{self, BitMatrix, PerChannel, PoolKind, Weights};

use crate::nn::{self, Affine, EPSILON, Norm, spec};

/// A number of the configuration as the trainer computes with it.
pub(super) fn single(value: f64) -> f64 {
    f64::from(value as f32)
}

/// The elements of a tensor, row by row.
fn elements<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn reals(tensor: Tensor<1>) -> Vec<f64> {
    elements(tensor).into_iter().map(f64::from).collect()
}

/// The weights of the layer that stand in these columns. The magnitude is that of all.
pub(super) fn weights(affine: &Affine, columns: &[usize]) -> Result<Weights> {
    let latent = affine.weight.val();
    let [rows, all] = latent.dims();
    let magnitude = nn::magnitude(&latent, affine.precision).map(elements);
    let latent = elements(latent);
    let at = |row: usize, column: usize| latent[row * all + columns[column]];
    Ok(match magnitude.as_deref() {
        None => {
            let row = |r| (0..columns.len()).map(move |c| (r, c));
            let values = (0..rows).flat_map(row).map(|(r, c)| f64::from(at(r, c))).collect();
            Weights::Real { rows, values }
        }
        Some(magnitude) if magnitude.contains(&0.0) => {
            return Err(Diagnostic::new(&codes::STUDENT_EXPORT, "binary weights are all zero")
                .help(
                    "a layer that nothing trains keeps no magnitude: train it on, or leave it out",
                ));
        }
        Some(magnitude) => Weights::Binary {
            signs: BitMatrix::from_fn(rows, columns.len(), |r, c| at(r, c) >= 0.0),
            scale: match magnitude {
                [one] => PerChannel::All(f64::from(*one)),
                each => PerChannel::Each(each.iter().copied().map(f64::from).collect()),
            },
        },
    })
}

/// What is added to each output.
pub(super) fn bias(affine: &Affine) -> Option<Vec<f64>> {
    affine.bias.as_ref().map(|b| reals(b.val()))
}

/// With the statistics that the trainer's own evaluation takes.
pub(super) fn batch_norm(norm: &Norm) -> ir::BatchNorm {
    ir::BatchNorm {
        gamma: reals(norm.gamma.val()),
        beta: reals(norm.beta.val()),
        mean: reals(norm.mean.value_sync()),
        var: reals(norm.variance.value_sync()),
        eps: single(EPSILON),
    }
}

/// Neurons that spike.
pub(super) fn lif(lif: &spec::Lif) -> ir::Lif {
    let all = |value| PerChannel::All(single(value));
    let (reset, to) = match lif.reset {
        spec::Reset::Soft => (ir::Reset::Soft, 0.0),
        spec::Reset::Hard { to } => (ir::Reset::Hard, to),
        spec::Reset::None => (ir::Reset::None, 0.0),
    };
    ir::Lif {
        leak: all(lif.leak),
        gain: all(lif.gain),
        bias: PerChannel::zero(),
        threshold: all(lif.threshold),
        reset,
        compare: match lif.compare {
            spec::Compare::AtLeast => ir::Compare::AtLeast,
            spec::Compare::Above => ir::Compare::Above,
        },
        reset_to: all(to),
        start: PerChannel::zero(),
    }
}

/// Square windows of maps.
pub(super) fn window(window: nn::Window) -> ir::Window {
    ir::Window {
        kernel: vec![window.kernel; 2],
        stride: vec![window.stride; 2],
        padding: vec![[window.padding; 2]; 2],
        dilation: vec![1; 2],
    }
}

/// Means over windows side by side.
pub(super) fn average(window: [usize; 2]) -> ir::Pool {
    ir::Pool {
        kind: PoolKind::Average,
        window: ir::Window {
            kernel: window.to_vec(),
            stride: window.to_vec(),
            padding: vec![[0; 2]; 2],
            dilation: vec![1; 2],
        },
    }
}

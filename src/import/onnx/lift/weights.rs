// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Recognises binary weights.

use crate::diag::{Diagnostic, Result, codes};
use crate::import::onnx::node::Node;
use crate::import::onnx::tensor::Tensor;
use crate::ir::{BitMatrix, PerChannel, Weights};

/// How far a magnitude may be from the channel's mean, relative to it. Exporters fold
/// batch norms into weights in single precision, after which ±α reads e.g. −0.99999499.
const TOLERANCE: f64 = 1e-4;

/// ±α_c for every output channel of a constant matrix; `[outputs, inputs]`, or the other
/// way round if `transposed`.
///
/// # Errors
/// SF0107, SF0121, SF0122 or SF0301 at `node`.
pub(super) fn binarise(
    node: &Node<'_>,
    matrix: &Tensor,
    transposed: bool,
    name: &str,
) -> Result<Weights> {
    let &[rows, cols] = &matrix.info.shape[..] else {
        let message = format!("weights `{name}` of shape {:?} are no matrix", matrix.info.shape);
        return Err(node.error(&codes::ONNX_SHAPE, message));
    };
    let (outputs, inputs) = if transposed { (cols, rows) } else { (rows, cols) };
    if outputs == 0 || inputs == 0 {
        return Err(node.error(&codes::ONNX_SHAPE, format!("weights `{name}` are empty")));
    }
    let at = |o: usize, i: usize| matrix.real(if transposed { i * cols + o } else { o * cols + i });
    if let Some(i) = matrix.reals().position(|w| !w.is_finite()) {
        let message = format!("weights `{name}`[{i}] are {}", matrix.real(i));
        return Err(node
            .error(&codes::NOT_FINITE, message)
            .help("training has diverged or the file is damaged; export a checkpoint whose parameters are finite"));
    }
    let zeros = matrix.reals().filter(|&w| w == 0.0).count();
    if zeros > 0 {
        let message = format!("{zeros} of {} weights `{name}` are zero", matrix.len());
        return Err(node
            .error(&codes::LIFT_TERNARY_WEIGHTS, message)
            .help("`sign(0)` is 0: use `where(w >= 0, 1, -1)` in place of `sign(w)`; or say what a zero counts as with --sign-of-zero plus or minus; or keep it with --weights int8"));
    }
    let mut scale = Vec::with_capacity(outputs);
    for o in 0..outputs {
        let row = || (0..inputs).map(|i| at(o, i).abs());
        #[allow(clippy::cast_precision_loss)]
        let mut mean = row().sum::<f64>() / inputs as f64;
        // A sum rounds; what is the same everywhere is kept as it is.
        if let Some(first) = row().next().filter(|f| row().all(|w| w == *f)) {
            mean = first;
        }
        if row().any(|w| (w - mean).abs() > TOLERANCE * mean) {
            return Err(not_binary(node, name, o, row().collect()));
        }
        scale.push(mean);
    }
    let signs = BitMatrix::from_fn(outputs, inputs, |o, i| at(o, i) > 0.0);
    let scale = match scale[..] {
        [first, ref rest @ ..] if rest.iter().all(|s| *s == first) => PerChannel::All(first),
        _ => PerChannel::Each(scale),
    };
    Ok(Weights::Binary { signs, scale })
}

fn not_binary(node: &Node<'_>, name: &str, output: usize, mut row: Vec<f64>) -> Box<Diagnostic> {
    row.sort_by(f64::total_cmp);
    row.dedup();
    let (low, high) = (row.first().copied().unwrap_or(0.0), row.last().copied().unwrap_or(0.0));
    let message = format!(
        "weights `{name}` are not binary: output {output} has {} different magnitudes, {low:.6} to {high:.6}, where ±α has one",
        row.len()
    );
    node.error(&codes::LIFT_FLOAT_WEIGHTS, message)
        .help("binarise in the model, e.g. `where(w >= 0, 1, -1) * w.abs().mean(1, keepdim=True)`, and export the model in eval mode; or keep more bits with --weights int8, or with --weights float until the passes round them")
}

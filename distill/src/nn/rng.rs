// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::module::{Param, ParamId};
use burn::tensor::Tensor;
use rand::{RngCore as _, SeedableRng as _};

/// The generator of everything random: the same numbers on every machine.
pub type Rng = rand_chacha::ChaCha8Rng;

/// The generator of one purpose: `stream` keeps purposes of one seed apart.
#[must_use]
pub fn rng(seed: u64, stream: u64) -> Rng {
    let mut rng = Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// A parameter that gradients are taken of. Its name follows from the generator, so that
/// the optimiser of a resumed run finds what it kept of it.
pub(super) fn param<const D: usize>(value: Tensor<D>, rng: &mut Rng) -> Param<Tensor<D>> {
    let value = if value.device().is_autodiff() { value.require_grad() } else { value };
    Param::initialized(id(rng), value)
}

/// A name for a parameter.
pub(super) fn id(rng: &mut Rng) -> ParamId {
    ParamId::from(rng.next_u64())
}

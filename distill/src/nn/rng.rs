// SPDX-License-Identifier: Apache-2.0 OR MIT
use rand::SeedableRng as _;

/// The generator of everything random: the same numbers on every machine.
pub type Rng = rand_chacha::ChaCha8Rng;

/// The generator of one purpose: `stream` keeps purposes of one seed apart.
#[must_use]
pub fn rng(seed: u64, stream: u64) -> Rng {
    let mut rng = Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

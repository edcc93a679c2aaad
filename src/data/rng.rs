// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
//! OOPSLA 2014). Number `n` of a seed is `mix(seed + (n + 1)·γ)`, so that any number can
//! be had without the ones before it, and is the same on every machine.

/// γ, the odd integer next to 2^64 / golden ratio.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// Number `n`, counted from 0, of the sequence of `seed`.
#[must_use]
pub fn number(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(GAMMA));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_published_sequence() {
        // The first numbers of seed 1234567 (Rosetta Code, "Pseudo-random numbers/Splitmix64").
        let first: Vec<u64> = (0..5).map(|n| number(1_234_567, n)).collect();
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
    }
}

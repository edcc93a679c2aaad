// SPDX-License-Identifier: Apache-2.0 OR MIT
use rand::Rng as _;
use rand::seq::index;

use crate::config::Members;
use crate::nn::{Layer, Model, Rng};

/// Number of members of an ensemble; 0 if the network is none.
pub(super) fn count(model: &Model) -> usize {
    let parallel = model.stages.iter().flat_map(|s| &s.layers).find_map(|l| match l {
        Layer::Parallel(p) => Some(p.members.len()),
        _ => None,
    });
    parallel.unwrap_or(0)
}

impl Members {
    /// The members that are on in a training step; nothing: all.
    pub(super) fn draw(&self, members: usize, rng: &mut Rng) -> Option<Vec<bool>> {
        let mut active = vec![false; members];
        let on = match self {
            Self::All => return None,
            Self::Dropout if members == 0 => return None,
            Self::Dropout => {
                let on = rng.random_range(1..=members as u32) as usize;
                index::sample(rng, members, on).into_vec()
            }
            Self::Only(on) => on.clone(),
        };
        active.iter_mut().enumerate().for_each(|(i, a)| *a = on.contains(&i));
        Some(active)
    }

    /// The members that are on when the network is used; nothing: all.
    #[must_use]
    pub fn used(&self, members: usize) -> Option<Vec<bool>> {
        match self {
            Self::Only(on) => Some((0..members).map(|i| on.contains(&i)).collect()),
            Self::All | Self::Dropout => None,
        }
    }
}
/// Every choice of `on` of `members`.
#[must_use]
pub fn subsets(members: usize, on: usize) -> Vec<Vec<bool>> {
    (0..1_u32 << members)
        .filter(|set| set.count_ones() as usize == on)
        .map(|set| (0..members).map(|m| set >> m & 1 == 1).collect())
        .collect()
}

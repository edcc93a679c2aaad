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

    /// The members that are left, of so many.
    #[must_use]
    pub fn left(&self, members: usize) -> Vec<usize> {
        let used = self.used(members);
        (0..members).filter(|m| used.as_ref().is_none_or(|u| u[*m])).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::rng;

    /// One, two or three of three, each as often, and each member as often as the others.
    #[test]
    fn as_many_members_are_drawn_as_the_rule_says() {
        let mut random = rng(1, 0);
        let (mut counts, mut each) = ([0; 4], [0; 3]);
        for _ in 0..3000 {
            let active = Members::Dropout.draw(3, &mut random).unwrap();
            counts[active.iter().filter(|on| **on).count()] += 1;
            each.iter_mut().zip(active).for_each(|(n, on)| *n += usize::from(on));
        }
        // Five standard deviations of 3,000 draws.
        assert_eq!(counts[0], 0);
        assert!(counts[1..].iter().all(|n| (870..1130).contains(n)), "{counts:?}");
        assert!(each.iter().all(|n| (1870..2130).contains(n)), "{each:?}");
        assert_eq!(Members::Only(vec![2]).draw(3, &mut random), Some(vec![false, false, true]));
        assert_eq!(Members::All.draw(3, &mut random), None);
        assert_eq!(Members::Dropout.draw(0, &mut random), None);
    }

    #[test]
    fn what_was_pruned_stays_off() {
        assert_eq!(Members::Only(vec![0, 2]).used(3), Some(vec![true, false, true]));
        assert_eq!((Members::All.used(3), Members::Dropout.used(3)), (None, None));
    }
}

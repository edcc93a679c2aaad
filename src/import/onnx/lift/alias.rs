// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The same numbers in another type: spikes from boolean to float, pixels from integer.

use super::affine::Atom;
use super::{Effect, Found, Lift, Pattern, Stream, steps};
use crate::diag::Result;

/// `Cast`, or `Where(x, 1, 0)` on booleans.
pub(super) struct Alias;

impl Pattern for Alias {
    fn name(&self) -> &'static str {
        "cast"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let groups = steps::groups(lift, stream, |n| matches!(n.op(), "Cast" | "Where"))?;
        let is_alias = |group: &Vec<usize>| {
            group.iter().zip(&stream.steps).all(|(&id, &step)| {
                let form = lift.affine([step]).form(id);
                form.is_some_and(|f| {
                    f.constant.is_zero()
                        && f.has_only(&[Atom::Value(step)])
                        && f.coeff(Atom::Value(step)).uniform() == Some(1.0)
                })
            })
        };
        Ok(groups
            .into_iter()
            .filter(is_alias)
            .map(|group| Found {
                effect: Effect::Alias,
                steps: group.clone(),
                is_static: stream.is_static,
                taken: group,
            })
            .collect())
    }
}

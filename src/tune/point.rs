// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A model that does without something, and which of several is enough.

use serde::Serialize;

use super::paired::{Share, gain};
use crate::ir::Graph;

/// What a model keeps, and what was fitted anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Timesteps that are kept.
    pub timesteps: u32,
    /// Members that are kept, counted from 0; empty if the model has none.
    pub members: Vec<usize>,
    /// Statistics of batch norms were taken over these timesteps.
    pub norms_anew: bool,
    /// The head was fitted to these members.
    pub head_fitted: bool,
}

impl Cut {
    /// A short name: `t2-m0.3-nh` keeps 2 timesteps and members 0 and 3; norms and head are new.
    #[must_use]
    pub fn id(&self) -> String {
        let mut id = format!("t{}", self.timesteps);
        if !self.members.is_empty() {
            let members: Vec<String> = self.members.iter().map(usize::to_string).collect();
            id += &format!("-m{}", members.join("."));
        }
        id += match (self.norms_anew, self.head_fitted) {
            (true, true) => "-nh",
            (true, false) => "-n",
            (false, true) => "-h",
            (false, false) => "",
        };
        id
    }
}

/// A model that does without something.
#[derive(Debug, Clone)]
pub struct Point {
    /// What it keeps.
    pub cut: Cut,
    /// The model, in its real form.
    pub graph: Graph,
    /// Which of the samples that choose it has right.
    pub choose: Vec<bool>,
    /// Which of the samples that report it has right.
    pub report: Vec<bool>,
}

/// Which point is enough.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// Its place in the list.
    pub point: usize,
    /// Its gain over the whole model on the samples that choose (a loss is negative), as a share.
    pub gain: Share,
    /// A cheaper point that may be enough, too, and about how many samples to choose by would show
    /// that it is: of several, the one with the fewest.
    pub unclear: Option<(usize, usize)>,
}

/// The cheapest point that loses at most `budget` (a share), with a confidence of 97.5 %, against
/// the first one: the lower end of the paired interval decides, not the bare difference. Points
/// without a cost are no choice.
#[must_use]
pub fn choose(points: &[(Option<f64>, &[bool])], budget: f64) -> Option<Choice> {
    let whole = points.first()?.1;
    let mut order: Vec<usize> = (0..points.len()).filter(|&i| points[i].0.is_some()).collect();
    order.sort_by(|&a, &b| points[a].0.partial_cmp(&points[b].0).unwrap_or(a.cmp(&b)));
    let mut unclear = None;
    for i in order {
        let gain = gain(whole, points[i].1);
        if i == 0 || gain.low >= -budget {
            return Some(Choice { point: i, gain, unclear });
        }
        if gain.value > -budget {
            // The interval gets narrower with the root of the number of samples.
            let times = ((gain.value - gain.low) / (gain.value + budget)).powi(2);
            let need = (times * whole.len() as f64).ceil() as usize;
            if unclear.is_none_or(|(_, least)| need < least) {
                unclear = Some((i, need));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_say_what_is_kept() {
        let cut = |members: &[usize], norms_anew, head_fitted| {
            Cut { timesteps: 2, members: members.to_vec(), norms_anew, head_fitted }.id()
        };
        assert_eq!(cut(&[], false, false), "t2");
        assert_eq!(cut(&[0, 3], false, true), "t2-m0.3-h");
        assert_eq!(cut(&[11], true, true), "t2-m11-nh");
        assert_eq!(cut(&[], true, false), "t2-n");
    }

    /// 1,000 samples of which the first `wrong` are wrong.
    fn of(wrong: usize) -> Vec<bool> {
        (0..1000).map(|i| i >= wrong).collect()
    }

    #[test]
    fn the_lower_end_of_the_interval_decides() {
        let (whole, same, two, ten, fifty) = (of(100), of(100), of(102), of(110), of(150));
        let points: Vec<(Option<f64>, &[bool])> = vec![
            (Some(10.0), &whole),
            (Some(2.0), &fifty),
            (Some(3.0), &ten),
            (Some(5.0), &two),
            (Some(8.0), &same),
            (None, &same),
        ];
        // 10 lost of 1,000: one point, give or take 0.6. That is no proof that it is below 1.2.
        let choice = choose(&points, 0.012).unwrap();
        assert_eq!(choice.point, 3);
        let (unclear, need) = choice.unclear.unwrap();
        // (0.010 to 0.0172) against 0.002 of room: (0.0072 / 0.002)² ≈ 13 times as many.
        assert_eq!(unclear, 2);
        assert!((10_000..16_000).contains(&need), "{need}");
        assert_eq!(choose(&points, 0.02).unwrap().point, 2);
        assert_eq!(choose(&points, 0.08).unwrap().point, 1);
        // Nothing may be lost: 1,000 equal answers still leave a little doubt.
        assert_eq!(choose(&points, 0.0).unwrap().point, 0);
        assert_eq!(choose(&points, 0.003).unwrap().point, 4);
        assert_eq!(choose(&[], 1.0), None);
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which samples fit, which choose, and which report: none does two of these.

use std::collections::HashSet;

use serde::Serialize;

use crate::data::{Samples, Slice, shuffled};
use crate::diag::{Diagnostic, Result, codes};

/// The place of a sample in its set.
pub type Place = usize;

/// Places of samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// To these, numbers are fitted: statistics of norms, weights of a head.
    pub fit: Vec<Place>,
    /// By these, what is best is chosen.
    pub choose: Vec<Place>,
    /// On these, accuracy is reported.
    pub report: Vec<Place>,
    /// Left out: equal to a sample that fits or chooses.
    pub repeated: usize,
}

/// How many samples did what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// See [`Split`].
    pub fit: usize,
    /// See [`Split`].
    pub choose: usize,
    /// See [`Split`].
    pub report: usize,
    /// See [`Split`].
    pub repeated: usize,
}

impl Split {
    /// How many samples do what.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        Sizes {
            fit: self.fit.len(),
            choose: self.choose.len(),
            report: self.report.len(),
            repeated: self.repeated,
        }
    }

    /// Divides one set: half of it reports, a quarter fits, a quarter chooses. In what order the
    /// samples lie says nothing: they are drawn by `seed`.
    ///
    /// # Errors
    /// [`codes::TOO_FEW_SAMPLES`].
    pub fn of(samples: &Samples, count: usize, seed: u64) -> Result<Self> {
        let order = shuffled(count, seed);
        let (report, rest) = order.split_at(count - count / 2);
        let (fit, choose) = rest.split_at(rest.len() / 2);
        let mut split =
            Self { fit: sorted(fit), choose: sorted(choose), report: sorted(report), repeated: 0 };
        split.drop_repeated(samples, samples);
        split.enough(samples.labels.as_deref())?;
        Ok(split)
    }

    /// Takes another set to fit and choose by; all of `report` reports.
    ///
    /// # Errors
    /// [`codes::TOO_FEW_SAMPLES`]; [`codes::SEEN_SAMPLES`] if more than one sample of a hundred is
    /// in both sets. Fewer are taken for pictures that happen to be equal, and left out.
    pub fn with(
        calibration: &Samples,
        chosen: usize,
        report: &Samples,
        reported: usize,
        seed: u64,
    ) -> Result<Self> {
        let order = shuffled(chosen, seed);
        let (fit, choose) = order.split_at(chosen / 2);
        let mut split = Self {
            fit: sorted(fit),
            choose: sorted(choose),
            report: (0..reported).collect(),
            repeated: 0,
        };
        split.drop_repeated(calibration, report);
        if split.repeated * 100 > reported {
            let message = format!(
                "{} of the {reported} samples of --images are in --calibration, too",
                split.repeated
            );
            return Err(Diagnostic::new(&codes::SEEN_SAMPLES, message)
                .help("give other samples with --calibration, or none: those of --images are then divided"));
        }
        split.enough(calibration.labels.as_deref())?;
        Ok(split)
    }

    /// Takes out of the report what is in the calibration.
    fn drop_repeated(&mut self, calibration: &Samples, report: &Samples) {
        let seen: HashSet<Vec<u64>> =
            self.fit.iter().chain(&self.choose).map(|&i| bits(calibration, i)).collect();
        let before = self.report.len();
        self.report.retain(|&i| !seen.contains(&bits(report, i)));
        self.repeated = before - self.report.len();
    }

    /// As many samples to choose by as there are classes, and some to report on.
    fn enough(&self, labels: Option<&[u32]>) -> Result<()> {
        let classes = labels.and_then(|l| l.iter().max()).map_or(1, |m| *m as usize + 1);
        let few = |what: &str, count: usize, need: usize| {
            let message = format!("{count} samples {what}, at least {need} are needed");
            Err(Diagnostic::new(&codes::TOO_FEW_SAMPLES, message)
                .help("give more samples, or others to choose by with --calibration"))
        };
        match (self.fit.len().min(self.choose.len()), self.report.len()) {
            (n, _) if n < classes => few("are there to choose by", n, classes),
            (_, 0) => few("are left to report on", 0, 1),
            _ => Ok(()),
        }
    }
}

/// The values of a sample, bit by bit; levels of any width are equal to the same numbers.
fn bits(samples: &Samples, i: Place) -> Vec<u64> {
    samples.get(i).map_or_else(Vec::new, |s| match s {
        Slice::Real(v) => v.iter().map(|x| x.to_bits()).collect(),
        levels => levels.to_reals().iter().map(|x| x.to_bits()).collect(),
    })
}

fn sorted(places: &[Place]) -> Vec<Place> {
    let mut places = places.to_vec();
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Values;

    fn samples(levels: Vec<u8>, classes: u32) -> Samples {
        let labels = (0..levels.len() as u32).map(|i| i % classes).collect();
        let mut s = Samples::new(vec![1], None, Values::U8(levels)).unwrap();
        s.labels = Some(labels);
        s
    }

    #[test]
    fn every_sample_does_one_thing() {
        let s = samples((0..100).collect(), 10);
        let split = Split::of(&s, 100, 1).unwrap();
        let sizes = split.sizes();
        assert_eq!((sizes.report, sizes.fit, sizes.choose, sizes.repeated), (50, 25, 25, 0));
        let mut all = [split.fit.clone(), split.choose.clone(), split.report.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        // Not the first half; the same for a seed, another for another.
        assert!(split.report.iter().any(|i| *i >= 50) && split.report.iter().any(|i| *i < 50));
        assert_eq!(split, Split::of(&s, 100, 1).unwrap());
        assert_ne!(split, Split::of(&s, 100, 2).unwrap());
    }

    #[test]
    fn what_is_seen_twice_reports_nothing() {
        // 0 to 89, and ten samples that are equal to 0.
        let s = samples((0..100).map(|i| if i < 90 { i } else { 0 }).collect(), 10);
        let split = Split::of(&s, 100, 1).unwrap();
        let zero = |p: &usize| *p == 0 || *p >= 90;
        assert!(split.fit.iter().chain(&split.choose).any(zero), "the case is not in it");
        assert!(!split.report.iter().any(zero));
        assert_eq!(split.report.len() + split.repeated, 50);
        assert!(split.repeated > 0);
    }

    #[test]
    fn other_samples_choose() {
        let (calibration, report) =
            (samples((0..100).collect(), 10), samples((100..200).collect(), 10));
        let split = Split::with(&calibration, 100, &report, 100, 1).unwrap();
        assert_eq!((split.fit.len(), split.choose.len(), split.report.len()), (50, 50, 100));
        // One of a hundred may be the same by chance; two are no chance.
        for (same, refused) in [(1, false), (2, true)] {
            let levels = (0..100).map(|i| if i < same { i } else { 100 + i }).collect();
            let got = Split::with(&calibration, 100, &samples(levels, 10), 100, 1);
            match (refused, got) {
                (false, Ok(split)) => assert_eq!((split.repeated, split.report.len()), (1, 99)),
                (true, Err(d)) => assert_eq!(d.code.id, "SF0703"),
                (_, got) => panic!("{same}: {got:?}"),
            }
        }
    }

    #[test]
    fn there_are_as_many_to_choose_by_as_classes() {
        let of = |n: u8| Split::of(&samples((0..n).collect(), 10), n.into(), 1);
        assert!(of(40).is_ok());
        // A quarter of 39 is 9.
        assert_eq!(of(39).unwrap_err().code.id, "SF0702");
        assert_eq!(of(1).unwrap_err().code.id, "SF0702");
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Published claims as experiments at small scale: arms that differ in one thing, trained
//! over paired seeds (the same samples in the same order, the same initial weights).

mod arms;
mod catalog;
mod ensemble;
mod hybrid;
mod measure;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use synfire::diag::Result;

use crate::config::Config;

pub use catalog::{all, find};
pub use measure::{Laboratory, measure};
pub use table::table;

/// A claim and how it is tried.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// Its name on the command line and of its table.
    pub name: &'static str,
    /// What is compared, in a sentence.
    pub title: &'static str,
    /// What the papers say, and what is expected at this scale.
    pub expected: &'static str,
    /// Paired seeds.
    pub seeds: u64,
    /// The arms; the first one is what the others are compared with.
    pub arms: fn() -> Vec<Arm>,
    /// What must hold of the measurements.
    pub checks: fn(&Measured) -> Vec<Check>,
}

/// One arm of a claim.
#[derive(Debug, Clone)]
pub struct Arm {
    /// Its name in the table.
    pub name: &'static str,
    /// The run, without its teacher.
    pub config: Config,
    /// The run whose student teaches, if one does: trained once a seed, for all arms.
    pub teacher: Option<Config>,
    /// What else is measured.
    pub also: Also,
}

/// What is measured besides accuracy at every timestep, and operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Also {
    /// Nothing.
    #[default]
    Nothing,
    /// An ensemble with K of its members on, over all choices of K.
    Members,
    /// The same, and on samples with noise.
    Noise,
    /// Likeness of the hybrids' projected rates to the teacher's features.
    Likeness,
}

/// Values by name, of one arm and seed.
pub type Values = BTreeMap<String, f64>;

/// What was measured: arm by arm, seed by seed.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// `[arm][seed]`.
    pub values: Vec<Vec<Values>>,
    /// Names of the arms.
    pub arms: Vec<&'static str>,
}

/// Something that must hold.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Check {
    /// What.
    pub what: String,
    /// The number in question.
    pub value: f64,
    /// What it must be at least.
    pub least: f64,
}

impl Check {
    /// Does it hold?
    #[must_use]
    pub fn holds(&self) -> bool {
        self.value >= self.least
    }
}

impl Measured {
    /// Values of an arm, seed by seed.
    #[must_use]
    pub fn of(&self, arm: &str, value: &str) -> Vec<f64> {
        let Some(arm) = self.arms.iter().position(|a| *a == arm) else { return Vec::new() };
        self.values[arm].iter().filter_map(|v| v.get(value).copied()).collect()
    }

    /// Their mean.
    #[must_use]
    pub fn mean(&self, arm: &str, value: &str) -> f64 {
        mean(&self.of(arm, value))
    }

    /// Requires that the mean of `value` in `arm` is at least `least` above that in
    /// `other`.
    #[must_use]
    pub fn above(&self, arm: &str, other: &str, value: &str, least: f64) -> Check {
        Check {
            what: format!("{value}: {arm} − {other}"),
            value: self.mean(arm, value) - self.mean(other, value),
            least,
        }
    }
}

/// Mean; 0 of nothing.
#[must_use]
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Sample standard deviation; 0 of fewer than two.
#[must_use]
pub(crate) fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let centre = mean(values);
    let sum: f64 = values.iter().map(|v| (v - centre).powi(2)).sum();
    (sum / (values.len() - 1) as f64).sqrt()
}

/// Trains all arms over seeds 1, 2, …, and measures them. `done` hears of every run.
///
/// # Errors
/// As [`crate::train::Run::execute`].
pub fn reproduce(
    claim: &Claim,
    seeds: u64,
    laboratory: &Laboratory,
    folder: &Path,
    done: &(dyn Fn(&str, u64, &Values) + Sync),
) -> Result<Measured> {
    let arms = (claim.arms)();
    let mut measured = Measured { arms: arms.iter().map(|a| a.name).collect(), values: Vec::new() };
    for arm in &arms {
        let mut of_arm = Vec::new();
        for seed in 1..=seeds {
            let values = measure(arm, seed, laboratory, folder)?;
            done(arm.name, seed, &values);
            of_arm.push(values);
        }
        measured.values.push(of_arm);
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::arms;

    /// Two arms over two seeds.
    fn measured() -> Measured {
        let values = |accuracy: f64, operations: f64| {
            Values::from([("accuracy".to_owned(), accuracy), ("operations".to_owned(), operations)])
        };
        let values = vec![
            vec![values(80.0, 100.0), values(84.0, 120.0)],
            vec![values(85.0, 90.0), values(81.0, 70.0)],
        ];
        Measured { values, arms: vec!["before", "after"] }
    }

    #[test]
    fn means_and_sample_deviations() {
        assert_eq!((mean(&[1.0, 2.0, 6.0]), mean(&[])), (3.0, 0.0));
        // Squares 4, 1, 9 of two degrees of freedom.
        assert!((deviation(&[1.0, 2.0, 6.0]) - 7.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(deviation(&[5.0]), 0.0);
    }

    #[test]
    fn an_arm_is_compared_with_another_one() {
        let measured = measured();
        assert_eq!(measured.of("after", "accuracy"), [85.0, 81.0]);
        assert!(measured.of("none", "accuracy").is_empty());
        let check = |least| measured.above("after", "before", "accuracy", least);
        assert_eq!((check(1.0).value, check(1.0).what), (1.0, "accuracy: after − before".into()));
        assert!(check(1.0).holds() && !check(1.01).holds());
    }

    #[test]
    fn the_table_has_means_and_differences_seed_by_seed() {
        let claim = Claim {
            name: "some",
            title: "Some claim",
            expected: "Something.",
            seeds: 2,
            arms: || vec![arms::arm("before", arms::residual())],
            checks: |m| vec![m.above("after", "before", "accuracy", 2.0)],
        };
        let measured = measured();
        let checks = (claim.checks)(&measured);
        let page = table(&claim, &measured, &checks, 2);
        for line in [
            "# Some claim",
            "| arm | accuracy | operations |",
            // Deviations of two: their difference over √2.
            "| before | 82.00 (2.83) | 110 (14) |",
            "| after | 83.00 (2.83) | 80 (14) |",
            "| after | +5.00, -3.00 |",
            "| accuracy: after − before | 1.00 | 2.00 | **does not hold** |",
        ] {
            assert!(page.lines().any(|l| l == line), "{line}\n{page}");
        }
        assert!(page.contains("reproduce some --seeds 2"), "{page}");
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
use synfire::diag::Result;

use super::{Values, mean};
use crate::data::{Augment, Noise};
use crate::train::{Outcome, Run, Setting, evaluate, members_of, subsets};

/// Accuracy and operations with K members on, the mean over all choices of K.
pub(super) fn by_members(run: &Run, outcome: &Outcome, values: &mut Values) -> Result<()> {
    let members = members_of(&outcome.spec);
    for on in 1..=members {
        let found = subsets(members, on)
            .into_iter()
            .map(|active| {
                let timesteps = run.config.student.timesteps;
                let setting = Setting { timesteps, active: Some(active), ..Setting::default() };
                evaluate(&outcome.student, &run.test, &setting, &run.device)
            })
            .collect::<Result<Vec<_>>>()?;
        let accuracy: Vec<f64> = found.iter().map(|f| f.last() * 100.0).collect();
        let operations: Vec<f64> = found.iter().map(|f| f.operations.sops).collect();
        values.insert(format!("K={on}"), mean(&accuracy));
        values.insert(format!("operations K={on}"), mean(&operations));
    }
    Ok(())
}

/// Accuracy of student and teacher on samples with Gaussian noise.
pub(super) fn with_noise(run: &Run, outcome: &Outcome, values: &mut Values) -> Result<()> {
    let noise = Noise { gaussian: 0.2, ..Noise::default() };
    let augment = Augment { noise, ..Augment::default() };
    let timesteps = run.config.student.timesteps;
    let setting = Setting { timesteps, augment, ..Setting::default() };
    let found = evaluate(&outcome.student, &run.test, &setting, &run.device)?;
    values.insert("noisy".to_owned(), found.last() * 100.0);
    if let Some(guide) = &outcome.guide {
        let setting = Setting { timesteps: guide.steps, ..setting };
        let found = evaluate(&guide.model, &run.test, &setting, &run.device)?;
        values.insert("noisy teacher".to_owned(), found.last() * 100.0);
    }
    Ok(())
}

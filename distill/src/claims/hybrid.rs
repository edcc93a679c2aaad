// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::module::Module as _;
use synfire::diag::Result;

use super::Values;
use crate::data::Augment;
use crate::nn::{Maps, Model, Net, Signal, Walk, rng};
use crate::train::{Guide, Outcome, Run};

/// Samples on which features are compared.
const SAMPLES: usize = 1000;

/// Mean cosine between the projected rates of the student and the teacher's features,
/// behind each stage with a hybrid, before and after training.
pub(super) fn likeness(run: &Run, outcome: &Outcome, values: &mut Values) -> Result<()> {
    let (Some(guide), Some(hybrid)) = (&outcome.guide, &run.config.student.hybrid) else {
        return Ok(());
    };
    let before = run.untrained(Some(&guide.spec))?;
    for (i, stage) in hybrid.stages.iter().enumerate() {
        let first = cosine(run, guide, (&before.model, before.extra.get(i)), *stage);
        let last = cosine(run, guide, (&outcome.student, outcome.extra.get(i)), *stage);
        values.insert(format!("likeness {stage} before"), first);
        values.insert(format!("likeness {stage} after"), last);
    }
    Ok(())
}

fn cosine(run: &Run, guide: &Guide, own: (&Model, Option<&Net>), stage: usize) -> f64 {
    let (model, Some(projection)) = own else { return 0.0 };
    let samples: Vec<usize> = (0..run.test.len().min(SAMPLES)).collect();
    let input = run.test.batch(&samples, &Augment::default(), &mut rng(0, 0), &run.device);
    let output = model.valid().forward(input.clone(), &mut Walk::new(run.config.student.timesteps));
    let theirs = guide.model.forward(input, &mut Walk::new(guide.steps));
    let (Some(rate), Some(feature)) = (output.features.get(stage), theirs.features.get(stage))
    else {
        return 0.0;
    };
    let projected = projection.valid().forward(Signal::held(rate.mean()), &mut Walk::new(1)).maps;
    let feature = feature.mean();
    let product = total(projected.clone() * feature.clone());
    product
        / (total(projected.clone() * projected) * total(feature.clone() * feature))
            .sqrt()
            .max(1e-12)
}

fn total(maps: Maps) -> f64 {
    f64::from(maps.sum().into_data().iter::<f32>().sum::<f32>())
}

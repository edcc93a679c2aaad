// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a run needs before it trains: networks, projections, the order of features.

use synfire::diag::{Diagnostic, Result, codes};

use super::checkpoint::load_model;
use super::clustered;
use super::guide::Guide;
use super::run::Run;
use crate::data::Augment;
use crate::nn::spec::{self, Layer, Precision};
use crate::nn::{Model, Net, Walk, rng};
use crate::rule::Trainee;

/// Samples on which features are compared.
const SAMPLES: usize = 2000;

impl Run {
    /// The student's layers.
    #[must_use]
    pub fn spec(&self) -> spec::Model {
        self.config.student.network(self.train.extent, self.train.classes)
    }

    /// The student before it is trained, and the projections to a teacher's features.
    ///
    /// # Errors
    /// [`codes::MODEL_SHAPE`], [`codes::TRAIN_CONFIG`]; of a student to start from,
    /// [`codes::CHECKPOINT`].
    pub fn untrained(&self, teacher: Option<&spec::Model>) -> Result<Trainee> {
        let device = self.device.clone().autodiff();
        let spec = self.spec();
        let mut model = Model::new(&spec, &mut rng(self.config.seed, u64::MAX), &device)?;
        if let Some(run) = &self.config.student.start {
            load_model(&mut model, &run.join("student.safetensors"))?;
        }
        let extra = match teacher {
            Some(teacher) => self.projections(&spec, teacher)?,
            None => Vec::new(),
        };
        Ok(Trainee { model, extra })
    }

    /// The order in which members of an ensemble are to learn the teacher's features.
    pub(super) fn features_in_clusters(&self, guide: &Guide) -> Vec<usize> {
        let samples: Vec<usize> = (0..self.train.len().min(SAMPLES)).collect();
        let mut rows = Vec::new();
        for part in samples.chunks(500) {
            let none = Augment::default();
            let input = self.train.batch(part, &none, &mut rng(0, 0), &self.device);
            let output = guide.model.forward(input, &mut Walk::new(guide.steps));
            if let Some(features) = output.features.last() {
                let maps = features.mean();
                let width = maps.dims()[1..].iter().product::<usize>().max(1);
                let values: Vec<f32> = maps.into_data().iter::<f32>().collect();
                rows.extend(values.chunks(width).map(<[f32]>::to_vec));
            }
        }
        clustered(&rows, members_of(&self.spec()).max(1), self.config.seed)
    }

    /// 1 × 1 convolution, norm and rectifier from the student's features to the teacher's,
    /// behind each chosen stage (ours: the paper's projection is not known).
    fn projections(&self, student: &spec::Model, teacher: &spec::Model) -> Result<Vec<Net>> {
        let device = &self.device.clone().autodiff();
        let Some(hybrid) = &self.config.student.hybrid else { return Ok(Vec::new()) };
        let mut random = rng(self.config.seed, u64::MAX - 1);
        let projection = |stage: &usize| {
            let (from, to) = (student.behind(*stage)?, teacher.behind(*stage)?);
            if (from.1, from.2) != (to.1, to.2) || stage + 1 >= teacher.stages.len() {
                let message = format!(
                    "behind stage {stage} the student has maps of {} x {}, the teacher of {} x {}",
                    from.1, from.2, to.1, to.2
                );
                return Err(unlike("student.hybrid.stages", message));
            }
            let conv = Layer::Conv {
                channels: to.0,
                kernel: 1,
                stride: 1,
                padding: 0,
                weights: Precision::Real,
                bias: false,
            };
            let layers = [conv, Layer::Norm, Layer::Neuron(spec::Neuron::Relu)];
            Net::new(&layers, from, &mut random, device)
        };
        hybrid.stages.iter().map(projection).collect()
    }
}

pub(super) fn unlike(place: &str, message: String) -> Box<Diagnostic> {
    Diagnostic::new(&codes::TRAIN_CONFIG, message)
        .at(place)
        .help("stages of student and teacher that are compared must end in the same extents")
}

/// Number of members of an ensemble; 0 if the network is none.
#[must_use]
pub fn members_of(student: &spec::Model) -> usize {
    let layers = student.stages.iter().flat_map(|s| &s.layers);
    layers
        .map(|l| if let Layer::Parallel { members } = l { members.len() } else { 0 })
        .max()
        .unwrap_or(0)
}

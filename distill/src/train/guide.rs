// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Teachers: what they say of a batch.

use burn::module::Module as _;
use burn::tensor::{Device, Tensor};

use crate::config::{Hybrid, Phase};
use crate::data::{Augment, Dataset};
use crate::loss::{Target, Term, class_map};
use crate::nn::{Layer, Maps, Model, Rng, Signal, Walk, rng, spec};
use crate::rule::Trainee;

/// A frozen network that guides another one. It always computes with running statistics.
#[derive(Debug, Clone)]
pub struct Guide {
    /// Its layers.
    pub spec: spec::Model,
    /// The network.
    pub model: Model,
    /// Timesteps that it runs over.
    pub steps: usize,
    /// Its features in the order in which members of an ensemble are to learn them.
    pub order: Option<Vec<usize>>,
    /// Hybrids with the student.
    pub hybrid: Option<Hybrid>,
    /// Its logits for every training sample, where those do not change.
    known: Option<Tensor<2>>,
}

impl Guide {
    /// A teacher.
    #[must_use]
    pub fn new(spec: spec::Model, model: &Model, steps: usize) -> Self {
        let model = model.valid();
        Self { spec, model, steps, order: None, hybrid: None, known: None }
    }

    /// Asks the teacher once for all samples, if a phase shows them unchanged and wants
    /// logits alone.
    pub(super) fn learn(&mut self, data: &Dataset, phase: &Phase, device: &Device) {
        let plain = data.is_fixed() && phase.augment == Augment::default() && self.hybrid.is_none();
        let logits = |t: &Term| !matches!(t, Term::Feature | Term::Attention { .. });
        if !plain || !phase.objective.terms.iter().all(|w| logits(&w.term)) {
            self.known = None;
            return;
        }
        let mut none = rng(0, 0);
        let all: Vec<usize> = (0..data.len()).collect();
        let parts = all.chunks(500).map(|samples| {
            let input = data.batch(samples, &Augment::default(), &mut none, device);
            self.logits(input)
        });
        self.known = Some(Tensor::cat(parts.collect(), 0));
    }

    /// `[batch, classes]`, the mean over time.
    fn logits(&self, input: Signal) -> Tensor<2> {
        let output = self.model.forward(input, &mut Walk::new(self.steps));
        output.logits.mean_dim(0).squeeze_dim(0)
    }

    /// Adds to a target what the teacher says of the samples, shown as `input`. Members of
    /// the student that are off are to learn zeros.
    pub(super) fn complete(
        &self,
        target: &mut Target,
        samples: &[usize],
        input: &Signal,
        active: Option<&[bool]>,
    ) {
        if let Some(known) = &self.known {
            let indices: Vec<i64> = samples.iter().map(|s| *s as i64).collect();
            let indices = Tensor::from_data(indices.as_slice(), &known.device());
            target.logits = Some(Tensor::from_inner(known.clone().select(0, indices)));
            return;
        }
        let input = input.clone().map(Tensor::inner);
        let output = self.model.forward(input, &mut Walk::new(self.steps));
        let logits: Tensor<2> = output.logits.mean_dim(0).squeeze_dim(0);
        let maps = output.features.iter().rev().map(Signal::mean).find(|m| m.dims()[2] > 1);
        // A head that sees every place of the maps has no weight a channel, and no map.
        if let (Some(maps), Some(head)) = (maps, self.head())
            && head.dims()[1] == maps.dims()[1]
        {
            target.map = Some(Tensor::from_inner(class_map(maps, logits.clone(), head)));
        }
        target.logits = Some(Tensor::from_inner(logits));
        let mut features: Vec<Maps> = output.features.iter().map(Signal::mean).collect();
        if let Some(last) = features.last_mut() {
            *last = self.arranged(last.clone(), active);
        }
        if let Some(active) = active {
            target.kept = active.iter().filter(|a| **a).count() as f64 / active.len() as f64;
        }
        target.features =
            features.into_iter().map(|f| Signal::held(Tensor::from_inner(f))).collect();
    }

    /// The last features, block by block; zeros where a member is off.
    fn arranged(&self, features: Maps, active: Option<&[bool]>) -> Maps {
        let device = features.device();
        let features = match &self.order {
            Some(order) => {
                let order: Vec<i64> = order.iter().map(|i| *i as i64).collect();
                features.select(1, Tensor::from_data(order.as_slice(), &device))
            }
            None => features,
        };
        let Some(active) = active else { return features };
        let [_, channels, _, _] = features.dims();
        let block = channels.div_ceil(active.len());
        let mask: Vec<f32> =
            (0..channels).map(|c| if active[c / block] { 1.0 } else { 0.0 }).collect();
        features * Tensor::<1>::from_data(mask.as_slice(), &device).reshape([1, -1, 1, 1])
    }

    /// Weights of the last layer, `[classes, features]`.
    fn head(&self) -> Option<Tensor<2>> {
        match self.model.stages.last()?.layers.last()? {
            Layer::Affine(a) => Some(a.effective(true)),
            _ => None,
        }
    }

    /// The hybrids' losses: behind each chosen stage the student's mean features are
    /// projected, and the teacher's frozen stages go on from there.
    pub(super) fn hybrid_loss(
        &self,
        features: &[Signal],
        trainee: &Trainee,
        target: &Target,
        rng: &mut Rng,
    ) -> Option<Tensor<1>> {
        let hybrid = self.hybrid.as_ref()?;
        // Frozen, but on the device that takes gradients: they flow through.
        let tail = self.model.clone().train().no_grad();
        let share = hybrid.weight / hybrid.stages.len().max(1) as f64;
        hybrid
            .stages
            .iter()
            .zip(&trainee.extra)
            .filter_map(|(stage, projection)| {
                let mut walk = Walk::new(1).training();
                let rate = Signal::held(features.get(*stage)?.mean());
                let projected = projection.forward(rate, &mut walk);
                let output = tail.forward_from(stage + 1, projected, &mut Walk::new(1));
                Some(hybrid.objective.value(&output, target, rng).mul_scalar(share))
            })
            .reduce(|a, b| a + b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::{Objective, Over};
    use crate::nn::spec::Precision;
    use crate::nn::{Extent, Net};

    /// Four features for two members: in the order of the clusters, zeros where one is off.
    #[test]
    fn features_are_arranged_in_blocks() {
        let device = Device::flex();
        let layers = vec![spec::Layer::Norm];
        let stages = vec![spec::Stage { name: "only".to_owned(), layers }];
        let spec = spec::Model { input: Extent(4, 1, 1), stages };
        let model = Model::new(&spec, &mut rng(1, 0), &device).unwrap();
        let mut guide = Guide::new(spec, &model, 1);
        let arranged = |guide: &Guide, active: Option<&[bool]>| -> Vec<f32> {
            let features = Tensor::<1>::from_data([10.0, 11.0, 12.0, 13.0], &device);
            guide.arranged(features.reshape([1, 4, 1, 1]), active).into_data().iter().collect()
        };
        assert_eq!(arranged(&guide, None), [10.0, 11.0, 12.0, 13.0]);
        assert_eq!(arranged(&guide, Some(&[true, false])), [10.0, 11.0, 0.0, 0.0]);
        guide.order = Some(vec![2, 0, 3, 1]);
        assert_eq!(arranged(&guide, None), [12.0, 10.0, 13.0, 11.0]);
        assert_eq!(arranged(&guide, Some(&[false, true])), [0.0, 0.0, 13.0, 11.0]);
    }

    /// Two hybrids behind the first stage: the mean of a feature over time, 2, is projected to 6
    /// and to 2, the teacher's last stage makes ± that of it, and the second class is right.
    /// Cross-entropies ln(1 + e¹²) and ln(1 + e⁴), each with half of the weight 3.
    #[test]
    fn hybrids_go_on_in_the_teacher() {
        let device = Device::flex().autodiff();
        let put = |net: &mut crate::nn::Net, weights: &[f32]| {
            let Layer::Affine(a) = &mut net.layers[0] else { panic!("{net:?}") };
            let shape = a.weight.val().dims();
            let weights = Tensor::<1>::from_data(weights, &device).reshape(shape);
            a.weight = burn::module::Param::from_tensor(weights);
        };
        let linear = spec::Layer::Linear { outputs: 2, weights: Precision::Real, bias: false };
        let conv = spec::Layer::Conv {
            channels: 1,
            kernel: 1,
            stride: 1,
            padding: 0,
            weights: Precision::Real,
            bias: false,
        };
        let stage = |name: &str, layer| spec::Stage { name: name.to_owned(), layers: vec![layer] };
        let input = Extent(1, 1, 1);
        let stages = vec![stage("first", spec::Layer::Norm), stage("head", linear)];
        let spec = spec::Model { input, stages };
        let mut model = Model::new(&spec, &mut rng(1, 0), &device).unwrap();
        put(&mut model.stages[1], &[1.0, -1.0]);
        let mut guide = Guide::new(spec, &model, 1);
        let objective = Objective::of(Term::Label { over: Over::Mean, smoothing: 0.0 });
        guide.hybrid = Some(Hybrid { stages: vec![0, 0], weight: 3.0, objective });
        let projection = |by: f32| {
            let mut net =
                Net::new(std::slice::from_ref(&conv), input, &mut rng(1, 1), &device).unwrap();
            put(&mut net, &[by]);
            net
        };
        let trainee = Trainee { model, extra: vec![projection(3.0), projection(1.0)] };
        let feature = Tensor::<1>::from_data([1.0, 3.0], &device).reshape([2, 1, 1, 1]);
        let feature = feature.require_grad();
        let target = Target::labels(&[1], 2, &device);
        let features = [Signal::over(2, feature.clone())];
        let loss = guide.hybrid_loss(&features, &trainee, &target, &mut rng(0, 0)).unwrap();
        let value: f32 = loss.clone().into_data().iter().next().unwrap();
        let want = 1.5 * ((1.0 + 12_f64.exp()).ln() + (1.0 + 4_f64.exp()).ln());
        assert!((f64::from(value) - want).abs() < 1e-4, "{value}, not {want}");
        // It flows back through the frozen stages: towards the class that is wrong, less.
        let gradient = feature.grad(&loss.backward()).unwrap();
        assert!(gradient.into_data().iter::<f32>().all(|g| g > 1.0));
        guide.hybrid = None;
        assert!(guide.hybrid_loss(&features, &trainee, &target, &mut rng(0, 0)).is_none());
    }
}

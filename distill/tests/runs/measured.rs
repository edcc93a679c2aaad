// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Evaluations counted by hand, and what an epoch says of itself.

use burn::module::Param;
use burn::optim::ModuleOptimizer;
use burn::tensor::{Device, Tensor, TensorData};
use serde_json::{Value, json};
use synfire::diag::Result;
use synfire_distill::config::{Config, Members};
use synfire_distill::data::Dataset;
use synfire_distill::nn::{Extent, Layer, Model, Net, rng};
use synfire_distill::rule::Trainee;
use synfire_distill::train::{Epoch, Evaluation, Observer, Setting, Trainer, evaluate};

use super::run;
use crate::digits::internal;

/// A network of stages in JSON, whose layers with weights get these, row by row.
pub(crate) fn network(
    input: [usize; 3],
    stages: &[Value],
    weights: &[(&[f32], &[f32])],
) -> Result<Model> {
    let stages: Vec<Value> = stages
        .iter()
        .enumerate()
        .map(|(i, s)| json!({ "name": i.to_string(), "layers": s }))
        .collect();
    let spec = serde_json::from_value(json!({ "input": input, "stages": stages }));
    let spec = spec.map_err(|e| internal(&e))?;
    let mut model = Model::new(&spec, &mut rng(0, 0), &Device::flex())?;
    let mut given = weights.iter();
    model.stages.iter_mut().for_each(|net| put(net, &mut given));
    assert_eq!(given.next(), None, "too many weights");
    Ok(model)
}

fn put<'w>(net: &mut Net, given: &mut impl Iterator<Item = &'w (&'w [f32], &'w [f32])>) {
    let values = |v: &[f32]| TensorData::new(v.to_vec(), [v.len()]);
    for layer in &mut net.layers {
        match layer {
            Layer::Affine(a) => {
                let Some((weight, bias)) = given.next() else { return };
                let weight = Tensor::<1>::from_data(values(weight), &Device::flex());
                a.weight = Param::from_tensor(weight.reshape(a.weight.dims()));
                if let Some(old) = &mut a.bias {
                    *old = Param::from_tensor(Tensor::from_data(values(bias), &Device::flex()));
                }
            }
            Layer::Parallel(p) => p.members.iter_mut().for_each(|m| put(m, given)),
            _ => {}
        }
    }
}

pub(crate) fn real(outputs: usize, bias: bool) -> Value {
    json!({ "layer": "linear", "outputs": outputs, "weights": "real", "bias": bias })
}

/// θ = 1, no leak.
fn lif() -> Value {
    json!({ "layer": "neuron", "neuron": "lif", "leak": 1.0 })
}

/// Samples of two levels in quarters.
pub(crate) fn pairs(samples: &[([u8; 2], u8)]) -> Result<Dataset> {
    let levels = samples.iter().flat_map(|(l, _)| *l).collect();
    Dataset::new(Extent(1, 1, 2), None, 0.25, levels, samples.iter().map(|s| s.1).collect())
}

fn setting(timesteps: usize) -> Setting {
    Setting { timesteps, ..Setting::default() }
}

/// A current of 1 fires at every timestep, one of a half at every other, one of a quarter at the
/// fourth. The first class has a head start of a tenth.
#[test]
fn accuracies_rates_and_operations_by_hand() -> Result<()> {
    let stages = [json!([real(2, false), lif()]), json!([real(3, true)])];
    let model = network(
        [1, 1, 2],
        &stages,
        &[(&[1.0, 0.0, 0.0, 1.0], &[]), (&[1.0, 0.0, 0.0, 1.0, -1.0, -1.0], &[0.1, 0.0, -9.0])],
    )?;
    // More than one batch of 500.
    let data = [vec![([4, 0], 0); 500], vec![([1, 2], 1); 100]].concat();
    let mut data = pairs(&data)?;
    data.classes = 3;
    let Evaluation { accuracy, firing, operations } =
        evaluate(&model, &data, &setting(4), &Device::flex())?;
    // Before the first spike the head start wins; one spike outweighs three of them.
    assert_eq!(accuracy, [500.0 / 600.0, 1.0, 1.0, 1.0]);
    // 4 of 8, and 3 of 8.
    let mean = (500.0 * 0.5 + 100.0 * 0.375) / 600.0;
    assert!(firing.len() == 1 && (firing[0] - mean).abs() < 1e-6, "{firing:?}");
    // 4 or 3 spikes, each meets three weights; the held input meets four, once.
    let mean = (500.0 * 12.0 + 100.0 * 9.0) / 600.0;
    assert!((operations.sops - mean).abs() < 1e-6, "{operations:?}");
    assert!((operations.macs - 4.0).abs() < 1e-9, "{operations:?}");
    Ok(())
}

/// A window of 2 × 2 without overlap: a spike is in one window, of three channels.
#[test]
fn a_spike_meets_the_windows_that_it_is_in() -> Result<()> {
    let conv = json!({ "layer": "conv", "channels": 3, "kernel": 2, "stride": 2,
                       "weights": "real" });
    let model = network([1, 2, 2], &[json!([lif(), conv])], &[(&[1.0; 12], &[])])?;
    let data = Dataset::new(Extent(1, 2, 2), None, 0.25, vec![4, 4, 4, 0], vec![0])?;
    // Three pixels fire at both timesteps.
    let found = evaluate(&model, &data, &setting(2), &Device::flex())?.operations;
    assert!((found.sops - 18.0).abs() < 1e-9 && found.macs == 0.0, "{found:?}");
    Ok(())
}

/// Each of two members has a neuron for each input, and a feature that is their sum.
#[test]
fn members_that_are_off_cost_nothing() -> Result<()> {
    let member = json!([real(2, false), lif(), real(1, false)]);
    let stages =
        [json!([{ "layer": "parallel", "members": [member, member] }]), json!([real(3, false)])];
    let own: (&[f32], &[f32]) = (&[1.0, 0.0, 0.0, 1.0], &[]);
    let sum: (&[f32], &[f32]) = (&[1.0, 1.0], &[]);
    let model =
        network([1, 1, 2], &stages, &[own, sum, own, sum, (&[1.0, 1.0, 0.0, 0.0, 0.0, 0.0], &[])])?;
    let data = pairs(&[([4, 0], 0)])?;
    let operations = |active: Option<Vec<bool>>| -> Result<_> {
        let setting = Setting { active, ..setting(2) };
        let found = evaluate(&model, &data, &setting, &Device::flex())?;
        Ok((found.operations.sops, found.operations.macs, found.firing.len()))
    };
    // A spike to one feature at both timesteps; the held input to two neurons, once; the
    // feature, a real number, to three classes at both timesteps.
    assert_eq!(operations(Some(vec![false, true]))?, (2.0, 4.0 + 6.0, 1));
    assert_eq!(operations(None)?, (4.0, 8.0 + 12.0, 2));
    Ok(())
}

/// As binary weights both rows are alike, and the bias decides; as real ones it does not.
#[test]
fn a_real_network_is_another_one() -> Result<()> {
    let device = Device::flex();
    let binary = json!({ "layer": "linear", "outputs": 2, "bias": true });
    let parameters: (&[f32], &[f32]) = (&[0.9, 0.5, 0.1, 0.5], &[0.0, 0.1]);
    let data = pairs(&[([4, 0], 0)])?;
    for (weights, accuracy) in [("real", 1.0), ("binary-layer", 0.0)] {
        let mut layer = binary.clone();
        layer["weights"] = json!(weights);
        let model = network([1, 1, 2], &[json!([layer])], &[parameters])?;
        assert_eq!(evaluate(&model, &data, &setting(1), &device)?.last(), accuracy);
    }
    Ok(())
}

/// What no number can be compared with is no accuracy.
#[test]
fn logits_without_a_number_are_no_result() -> Result<()> {
    let model = network([1, 1, 2], &[json!([real(2, true)])], &[(&[1.0; 4], &[f32::NAN, 0.0])])?;
    let data = pairs(&[([4, 0], 0)])?;
    let d = evaluate(&model, &data, &setting(1), &Device::flex()).unwrap_err();
    assert_eq!(d.code.id, "SF0805");
    Ok(())
}

const SMALL: &str = r#"
[data]
set = "shapes"

[student]
timesteps = 2

[student.model]
family = "residual-mlp"
width = 12
modes = 2
shortcut = 1

[[student.phases]]
epochs = 2
batch = 24
optimiser = { kind = "sgd", rate = 0.1 }
objective = [{ loss = "label" }]
"#;

/// Losses of batches, and epochs.
#[derive(Default)]
struct Noted {
    losses: Vec<f64>,
    epochs: Vec<Epoch>,
}

impl Observer for Noted {
    fn batch(&mut self, loss: f64) {
        self.losses.push(loss);
    }

    fn epoch(&mut self, epoch: Epoch, _: &Trainee, _: &ModuleOptimizer) -> Result<()> {
        self.epochs.push(epoch);
        Ok(())
    }
}

/// Trains the same network; what it starts as does not depend on the seed.
fn trained(config: &str, seed: u64) -> Result<(Noted, Trainee)> {
    let run = run(config, None)?;
    let phases = Config::parse(config)?.student.phases;
    let mut trainer = Trainer {
        data: &run.train,
        timesteps: 2,
        seed,
        members: Members::All,
        guide: None,
        device: Device::flex().autodiff(),
    };
    let mut noted = Noted::default();
    let trainee = trainer.train(run.untrained(None)?, &phases, (0, 0, None), &mut noted)?;
    Ok((noted, trainee))
}

/// 240 samples are ten batches. The rate goes down along half a cosine over all of a phase; an
/// epoch tells that of its last batch, and the mean of its losses.
#[test]
fn rates_and_losses_of_epochs() -> Result<()> {
    let (noted, _) = trained(SMALL, 1)?;
    assert_eq!((noted.losses.len(), noted.epochs.len()), (20, 2));
    for (epoch, losses) in noted.epochs.iter().zip(noted.losses.chunks(10)) {
        let mean = losses.iter().sum::<f64>() / 10.0;
        assert!((epoch.loss - mean).abs() < 1e-9, "{epoch:?}, not {mean}");
    }
    // After 9 and 19 of 20 batches: 0.1 · (1 + cos 81°) / 2, 0.1 · (1 + cos 171°) / 2.
    for (epoch, rate) in noted.epochs.iter().zip([0.057_821_723, 0.000_615_583]) {
        assert!((epoch.rate - rate).abs() < 1e-9, "{epoch:?}, not {rate}");
    }
    Ok(())
}

/// With a rate that changes nothing, the losses of batches tell which samples are in them.
#[test]
fn the_order_of_samples_is_another_one_in_each_epoch_and_for_each_seed() -> Result<()> {
    let still = SMALL.replace("rate = 0.1", "rate = 1e-30");
    let losses = |seed| trained(&still, seed).map(|(noted, _)| noted.losses);
    let one = losses(1)?;
    assert_eq!(one, losses(1)?);
    assert_ne!(one, losses(2)?);
    assert_ne!(one[..10], one[10..]);
    // Two phases of an epoch each are no repetition either.
    let phase = still.split("[[").nth(1).unwrap_or_default();
    let twice = format!("{still}\n[[{phase}").replace("epochs = 2", "epochs = 1");
    let losses = trained(&twice, 1)?.0.losses;
    assert_eq!(losses.len(), 20);
    assert_ne!(losses[..10], losses[10..]);
    Ok(())
}

/// Latent weights of binary layers, whatever block they are in.
fn binary(net: &Net) -> Vec<f32> {
    let of = |layer: &Layer| match layer {
        Layer::Affine(a) if a.effective(false).dims() == [12, 12] => {
            a.weight.val().into_data().iter::<f32>().collect()
        }
        Layer::Residual(r) => binary(&r.body),
        _ => Vec::new(),
    };
    net.layers.iter().flat_map(of).collect()
}

#[test]
fn binary_weights_stay_where_their_gradient_passes() -> Result<()> {
    let fast = SMALL.replace("rate = 0.1", "rate = 20.0");
    let (_, trainee) = trained(&fast, 1)?;
    let weights = binary(&trainee.model.stages[0]);
    assert_eq!(weights.len(), 2 * 144);
    let most = weights.iter().fold(0.0, |m: f32, w| m.max(w.abs()));
    assert_eq!(most, 1.0, "{weights:?}");
    Ok(())
}

#[test]
fn the_first_weights_follow_from_the_seed() -> Result<()> {
    let first = |seed: u64| -> Result<Vec<f32>> {
        let run = run(&format!("seed = {seed}\n{SMALL}"), None)?;
        Ok(binary(&run.untrained(None)?.model.stages[0]))
    };
    assert_eq!(first(3)?, first(3)?);
    assert_ne!(first(3)?, first(4)?);
    Ok(())
}

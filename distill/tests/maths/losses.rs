// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every loss: value and gradient.

use burn::tensor::{Tensor, TensorData};
use rand_distr::{Distribution as _, StandardNormal};
use synfire_distill::loss::{
    NoiseForm, Objective, Over, Similarity, Target, Term, class_map, kl, noisy_kl, similarity,
};
use synfire_distill::nn::{Maps, Output, Signal, rng};

use super::fixture::Fixture;
use super::support::{close, device, values};

/// What the losses of the fixture are functions of.
pub(crate) struct Given {
    pub(crate) logits: Tensor<3>,
    pub(crate) maps: Maps,
    pub(crate) last: Maps,
}

impl Given {
    pub(crate) fn new(fixture: &Fixture) -> Self {
        let device = device();
        let maps = fixture.tensor::<5>("features", &device);
        let last = fixture.tensor::<3>("last", &device);
        Self {
            logits: fixture.tensor::<3>("logits", &device).require_grad(),
            maps: maps.reshape([12, 2, 3, 4]).require_grad(),
            last: last.reshape([12, 6, 1, 1]).require_grad(),
        }
    }

    pub(crate) fn output(&self) -> Output {
        let features = [&self.maps, &self.last].map(|m| Signal::over(3, m.clone()));
        Output { logits: self.logits.clone(), features: features.into() }
    }
}

pub(crate) fn target(fixture: &Fixture) -> Target {
    let device = device();
    let labels: Vec<u8> = fixture.values("target.labels").iter().map(|l| *l as u8).collect();
    let last = fixture.tensor::<2>("target.last", &device).reshape([4, 6, 1, 1]);
    Target {
        logits: Some(fixture.tensor("target.teacher", &device)),
        features: vec![Signal::held(last)],
        map: Some(fixture.tensor("target.map", &device)),
        ..Target::labels(&labels, 5, &device)
    }
}

#[test]
fn values_and_gradients() {
    let fixture = Fixture::load("loss");
    let target = target(&fixture);
    for (i, term) in fixture.about::<Vec<Term>>().into_iter().enumerate() {
        let what = format!("{term:?}");
        let given = Given::new(&fixture);
        let loss = match term {
            Term::Noisy { temperature, noise, form } => noisy_kl(
                fixture.tensor("target.teacher", &device()),
                given.logits.clone().mean_dim(0).squeeze_dim(0),
                fixture.tensor("target.normal", &device()),
                (temperature, noise),
                form,
            ),
            term => Objective::of(term).value(&given.output(), &target, &mut rng(0, 0)),
        };
        let want = fixture.values(&format!("{i:02}.value"));
        close(&what, &values(loss.clone().detach()), &want, 1e-6);
        let gradients = loss.backward();
        let logits = given.logits.grad(&gradients).map(values);
        let maps = given.maps.grad(&gradients).map(values);
        let last = given.last.grad(&gradients).map(values);
        for (key, got) in [("logits", logits), ("features", maps), ("last", last)] {
            let key = format!("{i:02}.{key}");
            assert_eq!(got.is_some(), fixture.has(&key), "{what} {key}");
            if let Some(got) = got {
                close(&what, &got, &fixture.values(&key), 1e-6);
            }
        }
    }
}

#[test]
fn the_noise_is_normal_and_seeded() {
    let fixture = Fixture::load("loss");
    let (given, target) = (Given::new(&fixture), target(&fixture));
    let normal: Vec<f32> = StandardNormal.sample_iter(&mut rng(7, 3)).take(20).collect();
    let mean = given.logits.clone().mean_dim(0).squeeze_dim(0);
    let normal = Tensor::from_data(TensorData::new(normal, [4, 5]), &device());
    let teacher = fixture.tensor("target.teacher", &device());
    let want = noisy_kl(teacher, mean, normal, (2.0, 0.1), Default::default());
    let term = Term::Noisy { temperature: 2.0, noise: 0.1, form: Default::default() };
    let got = Objective::of(term).value(&given.output(), &target, &mut rng(7, 3));
    assert_eq!(values(got.detach()), values(want.detach()));
}

#[test]
fn a_sum_of_losses_is_weighted() {
    let fixture = Fixture::load("loss");
    let (given, target) = (Given::new(&fixture), target(&fixture));
    let label = Term::Label { over: Over::Steps, smoothing: 0.0 };
    let value =
        |o: &Objective| values(o.value(&given.output(), &target, &mut rng(0, 0)).detach())[0];
    let (a, b) = (value(&Objective::of(label.clone())), value(&Objective::of(Term::Level)));
    let both = value(&Objective::default().and(0.95, label).and(0.05, Term::Level));
    close("sum", &[both], &[0.95 * a + 0.05 * b], 1e-6);
}

/// What may be taken timestep by timestep is the mean of what the timesteps give alone, and
/// nothing else is.
#[test]
fn losses_of_timesteps() {
    let fixture = Fixture::load("loss");
    let (given, target) = (Given::new(&fixture), target(&fixture));
    for term in fixture.about::<Vec<Term>>() {
        let (what, alone) = (format!("{term:?}"), term.is_per_step());
        let objective = Objective::of(term);
        let value = |o: &Output| values(objective.value(o, &target, &mut rng(3, 0)).detach())[0];
        let step = |t| Output {
            logits: given.logits.clone().narrow(0, t, 1),
            features: given.output().features.iter().map(|f| Signal::over(1, f.at(t))).collect(),
        };
        let mean = (0..3).map(|t| value(&step(t))).sum::<f32>() / 3.0;
        assert_eq!((mean - value(&given.output())).abs() < 1e-5, alone, "{what}");
    }
}

#[test]
fn no_teacher_no_loss() {
    let fixture = Fixture::load("loss");
    let given = Given::new(&fixture);
    let target = Target::labels(&[0, 4, 2, 1], 5, &device());
    for term in fixture.about::<Vec<Term>>() {
        let needs = term.needs_teacher();
        let loss = Objective::of(term).value(&given.output(), &target, &mut rng(3, 0));
        assert_eq!(values(loss.detach())[0] == 0.0, needs);
    }
}

/// The teacher of itself over time is one without a gradient.
#[test]
fn own_steps_are_a_teacher() {
    let fixture = Fixture::load("loss");
    let (given, mut target) = (Given::new(&fixture), target(&fixture));
    let own = Objective::of(Term::OwnSteps { temperature: 3.0 });
    let own = own.value(&given.output(), &target, &mut rng(0, 0));
    let labels = fixture.values("target.labels");
    let logits = fixture.values("logits");
    let mut teacher = Vec::new();
    for (b, label) in labels.iter().enumerate() {
        let rows: Vec<&[f32]> = (0..3).map(|t| &logits[(t * 4 + b) * 5..][..5]).collect();
        let wins = |r: &&&[f32]| r.iter().all(|v| *v <= r[*label as usize]);
        let right: Vec<&&[f32]> = rows.iter().filter(wins).collect();
        let right = if right.is_empty() { rows.iter().collect() } else { right };
        let mean = |c| right.iter().map(|r| r[c]).sum::<f32>() / right.len() as f32;
        teacher.extend((0..5).map(mean));
    }
    target.logits = Some(Tensor::from_data(TensorData::new(teacher, [4, 5]), &device()));
    let other = Term::Teacher { over: Over::Steps, temperature: 3.0 };
    let other = Objective::of(other).value(&given.output(), &target, &mut rng(0, 0));
    close("value", &values(own.clone().detach()), &values(other.clone().detach()), 1e-6);
    let gradient = |loss: Tensor<1>| values(given.logits.grad(&loss.backward()).unwrap());
    close("gradient", &gradient(own), &gradient(other), 1e-6);
}

#[test]
fn nothing_flows_to_a_teacher() {
    let fixture = Fixture::load("loss");
    let (given, mut target) = (Given::new(&fixture), target(&fixture));
    let teacher = fixture.tensor::<2>("target.teacher", &device()).require_grad();
    target.logits = Some(teacher.clone());
    for over in [Over::Mean, Over::Steps] {
        let term = Objective::of(Term::Teacher { over, temperature: 2.0 });
        let gradients = term.value(&given.output(), &target, &mut rng(0, 0)).backward();
        assert!(teacher.grad(&gradients).is_none());
    }
}

#[test]
fn likeness_of_blocks() {
    let fixture = Fixture::load("loss");
    for (name, form) in [("cosine", Similarity::Cosine), ("distance", Similarity::Distance)] {
        let blocks = fixture.tensor::<2>("blocks", &device()).require_grad();
        let value = similarity(blocks.clone(), 3, form);
        let want = fixture.values(&format!("{name}.value"));
        close(name, &values(value.clone().detach()), &want, 1e-6);
        let gradient = blocks.grad(&value.backward()).unwrap();
        close(name, &values(gradient), &fixture.values(&format!("{name}.grad")), 1e-6);
    }
}

/// The fixture differentiates the logits of a head behind a mean over places.
#[test]
fn class_maps_are_grad_cam() {
    let fixture = Fixture::load("loss");
    let map = class_map(
        fixture.tensor("cam.features", &device()),
        fixture.tensor("target.teacher", &device()),
        fixture.tensor("cam.head", &device()),
    );
    close("map", &values(map), &fixture.values("cam"), 1e-6);
}

/// Logits that are all equal, as where nothing has fired, have no deviation: noise of none, and a
/// gradient all the same.
#[test]
fn noise_on_equal_logits_is_a_number() {
    let device = device();
    let normal = Tensor::<2>::from_data([[0.3, -1.2, 0.5]], &device);
    let teacher = Tensor::<2>::from_data([[1.0, 2.0, 3.0]], &device);
    for form in [NoiseForm::Paper, NoiseForm::Code] {
        let logits = Tensor::<2>::from_data([[2.0, 2.0, 2.0]], &device).require_grad();
        let loss = noisy_kl(teacher.clone(), logits.clone(), normal.clone(), (2.0, 0.1), form);
        let gradients = loss.clone().backward();
        let gradient = logits.grad(&gradients).unwrap();
        assert!(values(loss.clone()).iter().all(|v| v.is_finite()), "{form:?}");
        assert!(values(gradient).iter().all(|v| v.is_finite()), "{form:?}");
        // The noise is none: what is left is the distance of equal classes from the teacher.
        if form == NoiseForm::Paper {
            let plain = kl(teacher.clone().div_scalar(2.0), logits.div_scalar(2.0)).mul_scalar(4.0);
            close("plain", &values(loss), &values(plain), 1e-5);
        }
    }
}

/// Features of members that are off are 0 in student and teacher, and no part of the mean.
#[test]
fn features_are_compared_where_members_are_on() {
    let device = device();
    let four = |v: [f32; 4]| Tensor::<1>::from_data(v, &device).reshape([1, 4, 1, 1]);
    let logits = Tensor::<3>::zeros([1, 1, 3], &device);
    let features = vec![Signal::held(four([1.0, 3.0, 0.0, 0.0]))];
    let output = Output { logits, features };
    let mut target = Target::labels(&[0], 3, &device);
    target.features = vec![Signal::held(four([0.0, 1.0, 0.0, 0.0]))];
    let value = |target: &Target| {
        values(Objective::of(Term::Feature).value(&output, target, &mut rng(0, 0)))[0]
    };
    assert_eq!(value(&target), (1.0 + 4.0) / 4.0);
    target.kept = 0.5;
    assert_eq!(value(&target), (1.0 + 4.0) / 2.0);
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The networks and settings that claims are tried with: small enough for two cores.

use super::{Also, Arm};
use crate::config::{
    Architecture, Config, Data, Family, Members, Optimiser, Partition, Phase, Student, Teacher,
};
use crate::data::{Augment, Encoding, Events};
use crate::loss::{Objective, Over, Term};
use crate::nn::spec::{Lif, Neuron, Precision, Surrogate};
use crate::rule::Rule;

/// Cross-entropy of the mean logits.
pub(super) fn labels() -> Objective {
    Objective::of(Term::Label { over: Over::Mean, smoothing: 0.0 })
}

/// Cross-entropy of every timestep.
pub(super) fn labels_each() -> Objective {
    Objective::of(Term::Label { over: Over::Steps, smoothing: 0.0 })
}

/// KL from the teacher.
pub(super) const fn teacher(over: Over, temperature: f64) -> Term {
    Term::Teacher { over, temperature }
}

/// Stochastic gradient descent, rate 0.05, batches of 100.
pub(super) fn phase(epochs: usize, objective: Objective) -> Phase {
    Phase {
        epochs,
        batch: 100,
        optimiser: Optimiser::Sgd { rate: 0.05, momentum: 0.9, decay: 0.0 },
        binary: true,
        clip: true,
        rule: Rule::Bptt,
        objective,
        augment: Augment::default(),
    }
}

/// Fashion-MNIST at 14 × 14, a binary residual network of 8 modes of 64 neurons, 4
/// timesteps, SLTT, 5,000 samples, 20 epochs.
pub(super) fn residual() -> Config {
    let mut phase = phase(20, labels_each());
    phase.rule = Rule::Sltt { chosen: None };
    student(modes(64, 8, 1), 5000, phase)
}

/// A run of 4 timesteps on the first so many samples.
pub(super) fn student(family: Family, train: usize, phase: Phase) -> Config {
    let neuron = Neuron::Lif(Lif::default());
    Config {
        description: String::new(),
        seed: 1,
        data: Data {
            set: "fashion-mnist".to_owned(),
            train: Some(train),
            test: Some(5000),
            encoding: Encoding::Direct,
            events: Events::default(),
        },
        student: Student {
            model: Architecture { family, neuron, weights: Some(Precision::BinaryLayer) },
            timesteps: 4,
            start: None,
            members: Members::All,
            hybrid: None,
            phases: vec![phase],
        },
        teacher: None,
    }
}

pub(super) const fn modes(width: usize, modes: usize, shortcut: usize) -> Family {
    Family::ResidualMlp { width, modes, shortcut, pool: Some(2) }
}

/// A residual network of rectifiers, trained on so many samples.
pub(super) fn rectifiers(name: &str, width: usize, train: usize) -> Config {
    let mut config = student(modes(width, 4, 1), train, phase(20, labels()));
    name.clone_into(&mut config.description);
    config.student.timesteps = 1;
    config.student.model.neuron = Neuron::Relu;
    config.student.model.weights = Some(Precision::Real);
    config.student.phases[0].binary = false;
    config
}

/// An arm without a teacher.
pub(super) fn arm(name: &'static str, config: Config) -> Arm {
    Arm { name, config, teacher: None, also: Also::Nothing }
}

/// The same with another setting.
pub(super) fn with(mut config: Config, change: impl FnOnce(&mut Config)) -> Config {
    change(&mut config);
    config
}

/// The neurons of the published code of rate-based backpropagation.
pub(super) fn rate_neuron() -> Neuron {
    Neuron::Lif(Lif {
        leak: 0.2,
        detach_reset: true,
        surrogate: Surrogate::Sigmoid { slope: 4.0 },
        ..Lif::default()
    })
}

/// Four members of 2 modes of 24 neurons, 64 features each.
pub(super) fn four(members: Members, alpha: f64) -> Config {
    let family = Family::Ensemble {
        members: 4,
        features: 64,
        member: Box::new(modes(24, 2, 1)),
        trunk: Vec::new(),
    };
    let mut objective = labels();
    if alpha > 0.0 {
        objective = objective.and(alpha, Term::Feature);
    }
    let mut config = student(family, 5000, phase(20, objective));
    config.student.members = members;
    config
}

/// A teacher whose features are divided in some way.
pub(super) fn divided(partition: Partition) -> Option<Teacher> {
    Some(Teacher {
        run: None,
        timesteps: 1,
        model: None,
        train: None,
        partition,
        phases: Vec::new(),
    })
}

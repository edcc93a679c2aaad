// SPDX-License-Identifier: Apache-2.0 OR MIT
//! All claims.

use super::arms::{
    arm, divided, four, labels, labels_each, modes, phase, rate_neuron, rectifiers, residual,
    student, teacher, with,
};
use super::{Also, Arm, Check, Claim, Measured};
use crate::config::{Block, Family, Hybrid, Members, Partition, Phase};
use crate::loss::{MapForm, NoiseForm, Objective, Over, Similarity, Term};
use crate::nn::spec::{Neuron, Precision};
use crate::rule::Rule;

/// Every claim.
#[must_use]
pub fn all() -> &'static [Claim] {
    &CLAIMS
}

/// A claim by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Claim> {
    CLAIMS.iter().find(|c| c.name == name)
}

static CLAIMS: [Claim; 8] = [
    Claim {
        name: "shortcuts",
        title: "Shortcuts around binary layers",
        expected: "SEI-BWSNN puts a real-valued shortcut around each mode of norm, neurons and binary layer. Shortcuts must be far better than none; one a mode against one per two modes cannot be told apart at this scale and is recorded. More timesteps must not be worse than one.",
        seeds: 3,
        arms: shortcuts,
        checks: |m| {
            vec![
                m.above("a mode", "none", "accuracy", 2.0),
                m.above("two modes", "none", "accuracy", 2.0),
                steps_help(m, "a mode"),
                steps_help(m, "none"),
            ]
        },
    },
    Claim {
        name: "rules",
        title: "Gradient rules",
        expected: "SLTT and rate-based backpropagation reach what backpropagation through time reaches: within 2 points of each other.",
        seeds: 3,
        arms: rules,
        checks: |m| {
            ["SLTT", "SLTT, 2 of 4 timesteps", "rate-based"]
                .iter()
                .map(|rule| m.above(rule, "BPTT", "accuracy", -2.0))
                .collect()
        },
    },
    Claim {
        name: "precision",
        title: "One bit against real weights",
        expected: "At this scale no gap is expected between binary and real weights, nor between one stage of training and two. Recorded.",
        seeds: 3,
        arms: precision,
        checks: |_| Vec::new(),
    },
    Claim {
        name: "better-teacher",
        title: "A clearly better teacher, and few samples",
        expected: "A teacher that saw 40,000 samples helps students that see 1,500: the mean gain over 5 seeds must be above 0.",
        seeds: 5,
        arms: better_teacher,
        checks: |m| vec![m.above("labels and teacher", "labels", "accuracy", 0.0)],
    },
    Claim {
        name: "distillation",
        title: "Distillation losses with a teacher of the same data",
        expected: "Small effects or none are expected. Recorded.",
        seeds: 3,
        arms: distillation,
        checks: |_| Vec::new(),
    },
    Claim {
        name: "ensemble",
        title: "Ensembles with K of 4 members on",
        expected: "Training with members off at random makes few members worth much more: at least 10 points with one member on, 4 with two. Accuracy and operations must rise with K, and all members together must lose no more than 1.5 points.",
        seeds: 3,
        arms: ensemble,
        checks: ensemble_checks,
    },
    Claim {
        name: "partition",
        title: "How a teacher's features are divided among members",
        expected: "The paper gains up to 2.4 points by a teacher tuned for unlike blocks. Recorded, with accuracies on noisy samples (Gaussian, deviation 0.2).",
        seeds: 3,
        arms: partition,
        checks: |_| Vec::new(),
    },
    Claim {
        name: "hybrid",
        title: "Guidance block by block",
        expected: "The paper gains about 0.1 points on CIFAR-10. The projected rates must become more like the teacher's features; accuracy is recorded.",
        seeds: 3,
        arms: hybrid,
        checks: |m| {
            [0, 1]
                .iter()
                .map(|stage| Check {
                    what: format!("likeness behind stage {stage}: after − before training"),
                    value: m.mean("guided", &format!("likeness {stage} after"))
                        - m.mean("guided", &format!("likeness {stage} before")),
                    least: 0.0,
                })
                .collect()
        },
    },
];

fn steps_help(m: &Measured, arm: &str) -> Check {
    Check {
        what: format!("{arm}: T=4 − T=1"),
        value: m.mean(arm, "T=4") - m.mean(arm, "T=1"),
        least: -0.5,
    }
}

fn shortcuts() -> Vec<Arm> {
    let of = |every| with(residual(), |c| c.student.model.family = modes(64, 8, every));
    vec![arm("none", of(0)), arm("two modes", of(2)), arm("a mode", of(1))]
}

fn rules() -> Vec<Arm> {
    let of = |rule| {
        with(residual(), |c| {
            c.student.model.neuron = rate_neuron();
            c.student.phases[0].rule = rule;
        })
    };
    // The published rule divides the gradient by the timesteps: its rate is theirs times T.
    let rate = with(of(Rule::Rate), |c| {
        c.student.phases[0].objective = labels();
        c.student.phases[0].optimiser =
            crate::config::Optimiser::Sgd { rate: 0.2, momentum: 0.9, decay: 0.0 };
    });
    vec![
        arm("BPTT", of(Rule::Bptt)),
        arm("SLTT", of(Rule::Sltt { chosen: None })),
        arm("SLTT, 2 of 4 timesteps", of(Rule::Sltt { chosen: Some(2) })),
        arm("rate-based", rate),
    ]
}

fn precision() -> Vec<Arm> {
    let weights = |p| with(residual(), |c| c.student.model.weights = Some(p));
    let two = with(residual(), |c| {
        let whole = c.student.phases[0].clone();
        let decayed = crate::config::Optimiser::Sgd { rate: 0.05, momentum: 0.9, decay: 5e-4 };
        let real = Phase { epochs: 10, binary: false, optimiser: decayed, ..whole.clone() };
        let lower = crate::config::Optimiser::Sgd { rate: 0.02, momentum: 0.9, decay: 0.0 };
        c.student.phases = vec![real, Phase { epochs: 10, optimiser: lower, ..whole }];
    });
    vec![
        arm("real", weights(Precision::Real)),
        arm("binary, a scale a layer", weights(Precision::BinaryLayer)),
        arm("binary, a scale a channel", weights(Precision::BinaryChannel)),
        arm("binary, two stages", two),
    ]
}

fn better_teacher() -> Vec<Arm> {
    let of = |name, objective: Objective| {
        let mut arm = arm(name, student(modes(48, 4, 1), 1500, phase(30, objective)));
        arm.teacher = Some(rectifiers("better", 256, 40_000));
        arm
    };
    let both = |over| labels().and(1.0, teacher(over, 2.0));
    let noisy = Term::Noisy { temperature: 2.0, noise: 0.1, form: NoiseForm::Paper };
    vec![
        of("labels", labels()),
        of("labels and teacher", both(Over::Mean)),
        of("labels and teacher, each timestep", labels_each().and(1.0, teacher(Over::Steps, 2.0))),
        of("teacher alone", Objective::of(teacher(Over::Steps, 1.0))),
        of("labels and noisy logits", labels().and(1.0, noisy)),
    ]
}

fn distillation() -> Vec<Arm> {
    let conv = |neuron: Neuron, weights, timesteps: usize, objective: Objective| {
        let family = Family::Conv {
            channels: vec![8, 16],
            modes: vec![2, 2],
            block: Block::MultiShortcut,
            kernel: 5,
            stride: 2,
            flatten: false,
        };
        with(student(family, 5000, phase(12, objective)), |c| {
            c.student.model.neuron = neuron;
            c.student.model.weights = Some(weights);
            c.student.timesteps = timesteps;
        })
    };
    let taught = with(conv(Neuron::Relu, Precision::Real, 1, labels()), |c| {
        "maps".clone_into(&mut c.description);
        c.student.phases[0].binary = false;
    });
    let of = |name, objective| {
        let neuron = Neuron::Lif(Default::default());
        let mut arm = arm(name, conv(neuron, Precision::BinaryLayer, 2, objective));
        arm.teacher = Some(taught.clone());
        arm
    };
    let attention = |form| Term::Attention { temperature: 2.0, form };
    let noisy = |form| Term::Noisy { temperature: 2.0, noise: 0.1, form };
    vec![
        of("labels", labels()),
        of("and mean logits", labels().and(1.0, teacher(Over::Mean, 2.0))),
        of("and each timestep's logits", labels_each().and(1.0, teacher(Over::Steps, 2.0))),
        of("and noisy logits", labels().and(1.0, noisy(NoiseForm::Paper))),
        of("and noisy logits, code", labels().and(1.0, noisy(NoiseForm::Code))),
        of("and saliency, scaled", labels().and(1.0, attention(MapForm::Scaled))),
        of("and saliency, code", labels().and(1.0, attention(MapForm::Code))),
        of(
            "and both (CKDSNN)",
            labels().and(1.0, attention(MapForm::Scaled)).and(1.0, noisy(NoiseForm::Paper)),
        ),
        of("and own timesteps", labels_each().and(0.5, Term::OwnSteps { temperature: 3.0 })),
    ]
}

fn ensemble() -> Vec<Arm> {
    let of = |name, members, alpha| {
        let mut arm = arm(name, four(members, alpha));
        arm.teacher = (alpha > 0.0).then(|| rectifiers("same", 256, 5000));
        arm.also = Also::Members;
        arm
    };
    vec![
        of("all on", Members::All, 0.0),
        of("dropout", Members::Dropout, 0.0),
        of("all on, features", Members::All, 2.0),
        of("dropout, features", Members::Dropout, 2.0),
    ]
}

fn ensemble_checks(m: &Measured) -> Vec<Check> {
    let mut checks = vec![
        m.above("dropout", "all on", "K=1", 10.0),
        m.above("dropout", "all on", "K=2", 4.0),
        m.above("dropout", "all on", "K=4", -1.5),
    ];
    for arm in &m.arms {
        for k in 1..4 {
            let rise = |value: String, next: String| m.mean(arm, &next) - m.mean(arm, &value);
            checks.push(Check {
                what: format!("{arm}: K={} − K={k}", k + 1),
                value: rise(format!("K={k}"), format!("K={}", k + 1)),
                least: -0.5,
            });
            checks.push(Check {
                what: format!("{arm}: operations K={} − K={k}", k + 1),
                value: rise(format!("operations K={k}"), format!("operations K={}", k + 1)),
                least: 0.0,
            });
        }
    }
    checks
}

fn partition() -> Vec<Arm> {
    let unlike = |form| {
        with(rectifiers("unlike", 256, 5000), |c| {
            let tuned = labels().and(0.5, Term::Unlike { blocks: 4, form });
            c.student.phases.push(Phase {
                epochs: 5,
                objective: tuned,
                ..c.student.phases[0].clone()
            });
        })
    };
    let of = |name, partition, taught| {
        let mut arm = arm(name, four(Members::Dropout, 2.0));
        arm.config.teacher = divided(partition);
        arm.teacher = Some(taught);
        arm.also = Also::Noise;
        arm
    };
    vec![
        of("fixed", Partition::Fixed, rectifiers("same", 256, 5000)),
        of("clustered", Partition::Clustered, rectifiers("same", 256, 5000)),
        of("unlike", Partition::Fixed, unlike(Similarity::Cosine)),
    ]
}

fn hybrid() -> Vec<Arm> {
    let family = Family::Conv {
        channels: vec![8, 16],
        modes: vec![2, 2],
        block: Block::PostActivation,
        kernel: 5,
        stride: 2,
        flatten: false,
    };
    let vanilla = with(student(family, 5000, phase(10, labels())), |c| {
        c.student.model.neuron = rate_neuron();
        c.student.phases[0].rule = Rule::Rate;
        c.student.phases[0].optimiser =
            crate::config::Optimiser::Sgd { rate: 0.2, momentum: 0.9, decay: 0.0 };
    });
    let taught = with(vanilla.clone(), |c| {
        "blocks".clone_into(&mut c.description);
        c.student.model.neuron = Neuron::Relu;
        c.student.model.weights = Some(Precision::Real);
        c.student.timesteps = 1;
        c.student.phases = vec![Phase { binary: false, ..phase(10, labels()) }];
    });
    let half = || {
        Objective::default()
            .and(0.5, Term::Label { over: Over::Mean, smoothing: 0.0 })
            .and(0.5, teacher(Over::Mean, 1.0))
    };
    let of = |name, change: &dyn Fn(&mut crate::config::Config)| {
        let mut config = vanilla.clone();
        change(&mut config);
        Arm { name, config, teacher: Some(taught.clone()), also: Also::Nothing }
    };
    let mut guided = of("guided", &|c| {
        c.student.phases[0].objective = half();
        c.student.hybrid = Some(Hybrid { stages: vec![0, 1], weight: 1.0, objective: half() });
    });
    guided.also = Also::Likeness;
    vec![
        of("labels", &|_| {}),
        of("labels and teacher", &|c| c.student.phases[0].objective = half()),
        guided,
    ]
}

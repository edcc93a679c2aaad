// SPDX-License-Identifier: Apache-2.0 OR MIT
use rand::Rng as _;
use synfire::diag::Result;
use synfire_distill::nn::rng;
use synfire_distill::train::{Setting, Silent, clustered, evaluate, gated, needs, subsets};

use super::run;

pub(crate) const ENSEMBLE: &str = r#"
[data]
set = "shapes"

[student]
timesteps = 2
members = "dropout"

[student.model]
family = "ensemble"
members = 3
features = 8
member = { family = "mlp", hidden = [12] }

[[student.phases]]
epochs = 15
batch = 24
optimiser = { kind = "adam", rate = 1e-2 }
objective = [{ loss = "label" }, { loss = "feature", weight = 0.1 }]

[teacher]
partition = "clustered"

[teacher.model]
family = "mlp"
hidden = [24]
weights = "real"
neuron = { neuron = "relu" }

[[teacher.phases]]
epochs = 4
batch = 24
optimiser = { kind = "adam", rate = 1e-2 }
binary = false
objective = [{ loss = "label" }, { loss = "unlike", blocks = 3, weight = 0.1 }]
"#;

#[test]
fn every_choice_of_members_has_learned() -> Result<()> {
    let run = run(ENSEMBLE, None)?;
    let outcome = run.execute(&mut Silent)?;
    let mut before = 0.0;
    for on in 1..=3 {
        let mut operations = 0.0;
        for active in subsets(3, on) {
            let setting = Setting { timesteps: 2, active: Some(active), ..Setting::default() };
            let found = evaluate(&outcome.student, &run.test, &setting, &run.device)?;
            assert!(found.last() > 0.7, "{on} on: {}", found.last());
            operations += found.operations.sops / subsets(3, on).len() as f64;
        }
        assert!(operations > before);
        before = operations;
    }
    Ok(())
}

/// A gate is no worse than one member, and does not ask for all of them.
#[test]
fn a_gate_says_how_many_members_a_sample_needs() -> Result<()> {
    let run = run(ENSEMBLE, None)?;
    let ensemble = run.execute(&mut Silent)?.student;
    let wanted = (2, &[0, 1, 2][..]);
    let mut gates = super::run(ENSEMBLE, None)?;
    gates.train = needs(&ensemble, &run.train, wanted, &run.device)?;
    assert_eq!(gates.train.classes, 3);
    gates.test = needs(&ensemble, &run.test, wanted, &run.device)?;
    gates.config.teacher = None;
    gates.config.student.phases[0].objective.terms.truncate(1);
    let gate = gates.execute(&mut Silent)?.student;
    let found = gated(&ensemble, &gate, &run.test, wanted, &run.device)?;
    assert!(found.accuracy >= found.fixed[0] - 0.02, "{found:?}");
    assert!(found.members < 3.0 && found.members >= 1.0, "{found:?}");
    Ok(())
}

#[test]
fn subsets_are_all_of_them() {
    assert_eq!(subsets(4, 2).len(), 6);
    assert!(subsets(4, 2).iter().all(|s| s.iter().filter(|m| **m).count() == 2));
    assert_eq!(subsets(3, 1), [[true, false, false], [false, true, false], [false, false, true]]);
}

/// Features that are copies of three hidden ones, shuffled: the clusters find them.
#[test]
fn features_that_vary_together_come_together() {
    let mut random = rng(1, 0);
    let rows: Vec<Vec<f32>> = (0..200)
        .map(|_| {
            let hidden: Vec<f32> = (0..3).map(|_| random.random_range(-1.0..1.0)).collect();
            (0..12)
                .map(|i| hidden[i % 3] * (i as f32 - 5.5) + 0.01 * random.random::<f32>())
                .collect()
        })
        .collect();
    let order = clustered(&rows, 3, 1);
    for block in order.chunks(4) {
        assert!(block.iter().all(|i| i % 3 == block[0] % 3), "{order:?}");
    }
    let mut sorted = order;
    sorted.sort_unstable();
    assert_eq!(sorted, (0..12).collect::<Vec<_>>());
}

/// A constant feature and blocks that do not divide the features evenly.
#[test]
fn clusters_have_equal_sizes_whatever_the_features() {
    let rows: Vec<Vec<f32>> =
        (0..9).map(|r| (0..8).map(|c| (c * r % 2) as f32).collect()).collect();
    for blocks in [1, 2, 4, 8] {
        assert_eq!(clustered(&rows, blocks, 3).len(), 8);
    }
    // Six features of one kind, the first two of which are a little like the two of the other
    // kind: those have to go there.
    let kinds = |r: usize| ((r * 7 % 16) as f32 - 7.5, ((r * r) % 5) as f32 - 2.0);
    let row = |r: usize| {
        let (one, other) = kinds(r);
        let mixed = one + other;
        vec![mixed, mixed, one, one, one, one, other, other]
    };
    let order = clustered(&(0..48).map(row).collect::<Vec<_>>(), 2, 3);
    let mut blocks: Vec<Vec<usize>> = order.chunks(4).map(<[usize]>::to_vec).collect();
    blocks.sort();
    assert_eq!(blocks, [[0, 1, 6, 7], [2, 3, 4, 5]]);
}

/// Ten features in three blocks: four at most, and like ones together where they fit. Eight vary
/// together, so that four of those have to move.
#[test]
fn blocks_are_even() {
    let mut random = rng(2, 0);
    let rows: Vec<Vec<f32>> = (0..100)
        .map(|_| {
            let [one, other]: [f32; 2] = std::array::from_fn(|_| random.random_range(-1.0..1.0));
            (0..10)
                .map(|i| if i < 8 { one } else { other } + 0.01 * random.random::<f32>())
                .collect()
        })
        .collect();
    let order = clustered(&rows, 3, 1);
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..10).collect::<Vec<_>>());
    // The two that differ are neighbours.
    let places: Vec<usize> =
        (8..10).map(|f| order.iter().position(|o| *o == f).unwrap_or(99)).collect();
    assert_eq!(places[0].abs_diff(places[1]), 1, "{order:?}");
}

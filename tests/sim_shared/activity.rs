// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the processor does, counted by hand on the example of docs/shared.md.

use synfire::hw::shared::Work;
use synfire::sim::{NoProbe, Sim, StageActivity};

use super::worked;

/// Two places see (5, 3) and (0, 2): p is 8, 2, −2 and 2, −2, 2. Neuron 0 fires in both timesteps
/// and in the second one, neuron 1 in the second one of its first place.
#[test]
fn the_work_of_each_job_is_counted() {
    let design = worked::page();
    let result = Sim::new(&design).run(&[5, 0, 3, 2], &[], &mut NoProbe).unwrap();
    let conv = StageActivity {
        // As in the worked example.
        begin: 5,
        end: 35,
        // Two words at two places, for each of two groups of channels.
        words: 2 * 2 * 2,
        inputs: 8,
        input_reads: 8,
        // Three levels other than zero; held for two timesteps.
        rows: 3 * 2,
        nonzero: 3 * 2 * 2,
        // Each of them has two weights of +1.
        additions: 3 * 2 * 2,
        results: 3 * 2 * 2,
        steps: 3 * 2 * 2,
        parameter_reads: 3 * 2,
        spikes: 4,
        // Two places of two words.
        train_writes: 4,
        ..StageActivity::default()
    };
    let pool = StageActivity {
        begin: 35,
        end: 42,
        // Two words of a place, in a window of two places.
        words: 4,
        train_reads: 4,
        inputs: 4 * 2,
        results: 3,
        train_writes: 2,
        ..StageActivity::default()
    };
    let head = StageActivity {
        begin: 42,
        end: 85,
        // Two words, for each of two groups.
        words: 4,
        train_reads: 4,
        inputs: 4 * 2,
        // Two trains other than zero, two planes; three spikes.
        rows: 2 * 2 * 2,
        nonzero: 3 * 2,
        // Each of them has two weights with a single bit.
        additions: 3 * 2,
        results: 3 * 2,
        parameter_reads: 3,
        ..StageActivity::default()
    };
    assert_eq!(result.activity.stages, [conv, pool, head]);
}

/// The same twice: a job's cycles are those of all chunks, as if they followed each other.
#[test]
fn the_work_of_all_chunks_is_counted() {
    let mut design = worked::page();
    design.timesteps = 4;
    let result = Sim::new(&design).run(&[5, 0, 3, 2], &[], &mut NoProbe).unwrap();
    let stages = &result.activity.stages;
    // `conv` takes 30 cycles until the next one begins, `pool` 7, whatever fires.
    assert_eq!([0, 1, 2].map(|k| stages[k].begin), [5, 5 + 60, 5 + 60 + 14]);
    assert_eq!((stages[0].rows, stages[0].steps, stages[0].parameter_reads), (12, 24, 12));
    assert_eq!((stages[1].words, stages[2].results), (8, 12));
}

/// The head of the line's example with weights of two planes: three events, each with a weight of 1
/// (one bit) and two of them with one of −1 (two bits). As products they are three rows and five
/// additions; what is computed is the same.
#[test]
fn products_are_a_row_and_an_addition() {
    let run = |products: bool| {
        let mut design = worked::line();
        let Work::Sum(head) = &mut design.shared.as_mut().unwrap().jobs[2].work else {
            unreachable!("head is a sum job")
        };
        (head.planes, head.products) = (2, products);
        head.weights = [[1; 6], [-1, 0, 0, 0, -1, 0]].concat();
        let result = Sim::new(&design).run(&[5, 0, 3, 2], &[], &mut NoProbe).unwrap();
        let head = &result.activity.stages[2];
        (result.logits.clone(), [head.rows, head.additions, head.nonzero])
    };
    let ((planes, bits), (products, numbers)) = (run(false), run(true));
    assert_eq!(planes, products);
    assert_eq!((bits, numbers), ([6, 7, 3], [3, 5, 3]));
}

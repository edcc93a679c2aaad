// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Cycles that were worked by hand from the rules of docs/shared.md.

use std::fmt::Write as _;
use std::path::Path;

use synfire::hw::Design;
use synfire::sim::{Inference, Recorder, Sim};

use super::worked;

fn run(design: &Design, input: &[u8], gaps: &[u8]) -> (Inference, Recorder) {
    let mut log = Recorder::default();
    let result = Sim::new(design).run(input, gaps, &mut log).unwrap();
    (result, log)
}

/// Cycles of the weight rows that a job reads.
fn rows(log: &Recorder, job: usize) -> Vec<u64> {
    log.events.iter().filter(|e| e.1 == job).map(|e| e.0).collect()
}

/// (cycle, neuron) of each timestep that a job computes.
fn steps(log: &Recorder, job: usize) -> Vec<(u64, u32)> {
    log.steps.iter().filter(|s| s.stage == job).map(|s| (s.cycle, s.neuron)).collect()
}

fn sent(log: &Recorder) -> Vec<u64> {
    log.outputs.iter().map(|o| o.0).collect()
}

fn list(cycles: impl IntoIterator<Item = u64>) -> String {
    cycles.into_iter().map(|c| c.to_string()).collect::<Vec<_>>().join(" ")
}

/// What a page in docs/ has to say about an inference.
fn is_on(page: &str, design: &Design, (result, log): (&Inference, &Recorder)) {
    let jobs = &design.shared.as_ref().unwrap().jobs;
    let mut lines = vec![("inputs taken".to_owned(), list(log.inputs.iter().copied()))];
    for (i, job) in jobs.iter().enumerate() {
        let (rows, steps) = (rows(log, i), steps(log, i));
        if !rows.is_empty() {
            lines.push((format!("{} rows read", job.name), list(rows)));
        }
        if !steps.is_empty() {
            lines.push((format!("{} timesteps", job.name), list(steps.iter().map(|s| s.0))));
        }
    }
    lines.push(("bytes sent".to_owned(), list(sent(log))));
    lines.push(("done, latency".to_owned(), list([result.done, result.latency()])));
    let text = lines.iter().fold(String::new(), |mut text, (what, cycles)| {
        writeln!(text, "{what:15}{cycles}").unwrap();
        text
    });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let said = std::fs::read_to_string(path).unwrap();
    assert!(said.contains(&format!("```timing\n{text}```\n")), "docs/{page} should say\n{text}");
}

/// The example of docs/line.md, worked there step by step.
#[test]
fn the_page_of_the_line_says_what_the_simulator_does() {
    let mut design = worked::line();
    let (result, log) = run(&design, &[5, 0, 3, 2], &[]);
    is_on("line.md", &design, (&result, &log));
    assert_eq!((result.logits, result.class), (vec![3, -3], 0));
    let spans: Vec<_> = result.activity.stages.iter().map(|s| (s.begin, s.end)).collect();
    assert_eq!(spans, [(4, 30), (25, 56), (43, 86)]);
    // One processor for all.
    design.shared.iter_mut().flat_map(|s| &mut s.jobs).for_each(|job| job.own = None);
    let (one, _) = run(&design, &[5, 0, 3, 2], &[]);
    assert_eq!((one.done, one.logits), (95, vec![3, -3]));
}

/// The example of docs/shared.md, worked there step by step.
#[test]
fn the_page_says_what_the_simulator_does() {
    let design = worked::page();
    let (result, log) = run(&design, &[5, 0, 3, 2], &[]);
    is_on("shared.md", &design, (&result, &log));
    // Neurons [channel][row][column] of the first group of the first place, then of the second.
    let neurons: Vec<u32> = steps(&log, 0).iter().map(|s| s.1).collect();
    assert_eq!(neurons, [0, 0, 2, 2, 4, 4, 1, 1, 3, 3, 5, 5]);
    let fired: Vec<(u32, u32)> =
        log.steps.iter().filter(|s| s.fires).map(|s| (s.neuron, s.timestep)).collect();
    assert_eq!(fired, [(0, 0), (0, 1), (2, 1), (1, 1)]);
    assert_eq!((result.logits, result.class), (vec![2, 1, 3], 2));
}

/// The example with a leak of one half in `conv`: every result comes a cycle later.
///
/// h is 8 12, 2 3 and −2 −3 at the first place (⌊−2 / 2⌋ = −1), 2 3, −2 −3 and 2 3 at the second. Of
/// the first place neuron 0 fires twice, neuron 1 and neuron 2, whose sign is −1, in timestep 1; of
/// the second one neuron 0 in timestep 1. So `head` has an event more than in the example.
///
/// `conv` is done in 28 + 1 + 1 + 4 = 34, `pool` begins in 36 and is done in 41. `head`, b = 43: words
/// are loaded in 44 and 48, rows read in 45 … 50, snap in 53, results taken in 54, 56, 58, 60; then
/// words in 53 and 57, rows in 54 … 59, snap in 62, results in 63 and 65. The sum of class 0 is valid
/// and taken in 56 + 6 = 62, handed over in 68; that of class 1 is valid in 66, taken in 69 and
/// handed over in 75; that of class 2 is valid in 65 + 6 + 3 = 74, taken in 76, handed over in 82.
#[test]
fn what_leaks_is_a_cycle_later() {
    let (result, log) = run(&worked::leaky(), &[5, 0, 3, 2], &[]);
    let computed: Vec<u64> = steps(&log, 0).iter().map(|s| s.0).collect();
    assert_eq!(computed, [17, 18, 19, 20, 22, 23, 27, 28, 29, 30, 32, 33]);
    let fired: Vec<(u32, u32)> =
        log.steps.iter().filter(|s| s.fires).map(|s| (s.neuron, s.timestep)).collect();
    assert_eq!(fired, [(0, 0), (0, 1), (2, 1), (4, 1), (1, 1)]);
    assert_eq!(rows(&log, 2), [45, 46, 47, 48, 49, 50, 54, 55, 56, 57, 58, 59]);
    assert_eq!(sent(&log), [69, 70, 71, 72, 76, 77, 78, 79, 83, 84, 85, 86, 87]);
    assert_eq!((result.logits, result.class), (vec![2, 1, 1], 0));
    // 2 places × 3 channels × 2 timesteps.
    assert_eq!(result.activity.stages[0].integrations, 12);
    assert_eq!(result.activity.stages[2].integrations, 0);
}

/// Inputs 1 0 2 3 with gaps: taken in 0, 2, 3, 6; L = 6.
///
/// `stem`, b = 8, one lane, so that each of two channels is a group; D = 1, T = 2:
///
/// | place, channel | loaded | row | snap | taken |
/// |---|---|---|---|---|
/// | 0, 0 | 9 | 10 | 13 | 14 15 |
/// | 0, 1 | 13 | 14 | 17 | 18 19 |
/// | 1, 0 | 17 | (level 0) | 21 | 22 23 |
/// | 1, 1 | 21 | | 25 | 26 27 |
/// | 2, 0 | 25 | 26 | 29 | 30 31 |
/// | 2, 1 | 29 | 30 | 33 | 34 35 |
/// | 3, 0 | 33 | 34 | 37 | 38 39 |
/// | 3, 1 | 37 | 38 | 41 | 42 43 |
///
/// Done in 43 + 1 + 4 = 48. Currents x and 1 − x: 1 0 2 3 and 0 1 −1 −2.
///
/// `mid`, b = 50, F = 4, W = 2, D = 3: sums of columns 3, 3 and −1, −1; rounded 2, 2 and 0, 0.
///
/// | place | r, loaded | rows | r, loaded | end | snap | taken | computed |
/// |---|---|---|---|---|---|---|---|
/// | 0 | 55, 55 | 56 57 | 59, 59 | 60 | 63 | 64 67 | 70 73 |
/// | 1 | 63, 63 | 64 65 | 67, 67 | 68 | 71 | 72 75 | 78 81 |
///
/// Done in 75 + 3 + 4 = 82. h = 2 twice: each neuron fires in timestep 1 (2, then 4 ≥ 3).
///
/// `head`, b = 84, a class a group: words in 85 and 86, rows in 86 and 87, snap in 90, taken in
/// 91 and 92, valid in 96; the second: words in 90 and 91, rows in 91 and 92, snap in 95, taken
/// in 96 and 97, valid in 101. The readout, GW = 1, takes the first in 96 and hands it over in
/// 99: bytes in 100 to 103. It takes the second in 101 and hands it over in max(104, 104).
#[test]
fn currents_are_gathered_in_their_time() {
    let (result, log) = run(&worked::gather(), &[1, 0, 2, 3], &[0, 1, 0, 2]);
    assert_eq!(log.inputs, [0, 2, 3, 6]);
    assert_eq!(rows(&log, 0), [10, 14, 26, 30, 34, 38]);
    assert_eq!(rows(&log, 1), [56, 57, 64, 65]);
    assert_eq!(steps(&log, 1), [(70, 0), (73, 0), (78, 1), (81, 1)]);
    assert_eq!(rows(&log, 2), [86, 87, 91, 92]);
    assert_eq!(sent(&log), [100, 101, 102, 103, 105, 106, 107, 108, 109]);
    assert_eq!((result.done, result.latency()), (109, 103));
    assert_eq!((result.logits, result.class), (vec![2, 0], 0));
    let counts = &result.activity.stages;
    let of = |k: usize| (counts[k].words, counts[k].rows, counts[k].nonzero, counts[k].additions);
    // 4 places × 2 groups; T additions a row into the lane of the channel with +1.
    assert_eq!(of(0), (8, 6, 12, 6));
    assert_eq!((counts[0].input_reads, counts[0].current_writes), (8, 16));
    // 2 places × 2 channels; weight 1 has a bit in plane 0 only.
    assert_eq!(of(1), (4, 4, 4, 4));
    assert_eq!((counts[1].current_reads, counts[1].train_writes), (16, 2));
    assert_eq!((counts[1].results, counts[1].steps, counts[1].spikes), (4, 4, 2));
    assert_eq!(of(2), (4, 4, 4, 3));
    assert_eq!((counts[2].train_reads, counts[2].parameter_reads), (4, 2));
}

/// One level, 13 classes in groups of 6, 6 and 1, T = D = 1, GW = 4.
///
/// Group 0: word in 3, row in 4, snap in 7. Results are taken from 8 on. Sum 0 is valid and taken
/// in 12; the readout is ready every 7 cycles from then on. Sum 1 is valid in 13 and taken in 19,
/// so that the tail stands still from 13 to 18: results 1 to 4 are taken in 9 to 12, result 5 in
/// 19. The chain is empty in 20.
///
/// Group 1: word in 7, row in 8; snap in max(8 + 3, 20) = 20. Group 2: word in 20, row in 21.
///
/// The readout never waits: class c is handed over in 18 + 7·c, its bytes follow.
#[test]
fn a_scan_waits_for_a_slow_readout() {
    let (result, log) = run(&worked::slow(), &[9], &[]);
    assert_eq!(rows(&log, 0), [4, 8, 21]);
    let mut bytes: Vec<u64> = (0..13).flat_map(|c| (1..5).map(move |k| 18 + 7 * c + k)).collect();
    bytes.push(107);
    assert_eq!(sent(&log), bytes);
    assert_eq!((result.done, result.class), (107, 0));
}

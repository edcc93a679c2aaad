// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Intervals of which the distribution is known without drawing.

use super::likely::within;
use super::tests::{board, design, mean, simulated};
use super::{Band, IoTiming, Likely, device, likely};
use crate::hw::{Design, Stage};
use crate::sim::{MeanActivity, StageActivity};
use crate::target::{Coefficient, Target};

/// Four standard deviations of an end of the interval of one number, as a share of that side of
/// its band: √(0.05·0.95 / 2000) of the draws, by the density there.
const SLACK: f64 = 0.062;

/// The board, with exact coefficients: these bands, and 0 for all others.
fn only(bands: &[(&str, Band)]) -> Target {
    let mut board = board();
    let table = board.device.energy.as_mut().unwrap();
    let names: Vec<_> = table.coefficients().map(|(name, ..)| name).collect();
    let set = |c: &mut Coefficient, b: Band| (c.value, c.low, c.high) = (b.value, b.low, b.high);
    for (name, c) in names.into_iter().zip(table.coefficients_mut()) {
        set(c, bands.iter().find(|b| b.0 == name).map_or(Band::ZERO, |b| b.1));
    }
    board
}

fn drawn(design: &Design, target: &Target, mean: &MeanActivity) -> Likely {
    likely(design, target, mean, IoTiming::none(12.0)).unwrap()
}

/// The chance that a number drawn of a band is not above `x`.
fn chance(b: Band, x: f64) -> f64 {
    match x {
        x if x <= b.low => 0.0,
        x if x < b.value => 0.5 * ((x - b.low) / (b.value - b.low)).powi(2),
        x if x < b.high => 1.0 - 0.5 * ((b.high - x) / (b.high - b.value)).powi(2),
        _ => 1.0,
    }
}

/// Where one in twenty lies below, and one above: half of a triangle's height is at √0.1.
fn ends(b: Band) -> [f64; 2] {
    let share = 0.1f64.sqrt();
    [b.low + (b.value - b.low) * share, b.high - (b.high - b.value) * share]
}

fn close(found: [f64; 2], [low, high]: [f64; 2], b: Band) {
    assert!((found[0] - low).abs() <= SLACK * (b.value - b.low), "{found:?}: {low}");
    assert!((found[1] - high).abs() <= SLACK * (b.high - b.value), "{found:?}: {high}");
}

#[test]
fn random_numbers_stand_for_quantiles() {
    let band = Band::new(2.0, 1.0, 6.0);
    let at = |r: f64| within(band, (r * 2f64.powi(64)) as u64);
    assert_eq!([0.0, 0.125, 0.5, 0.875].map(at), [1.0, 1.5, 2.0, 4.0]);
    assert!(within(band, u64::MAX) <= 6.0 && within(band, u64::MAX) > 5.999);
    for r in [0.01, 0.2, 0.49, 0.51, 0.9] {
        assert!((chance(band, at(r)) - r).abs() < 1e-12, "{r}");
    }
    assert_eq!(within(Band::exact(3.0), 12345), 3.0);
}

/// 1,200 cycles at 12 MHz are 100 µs of static power, and nothing else costs anything.
#[test]
fn one_coefficient_by_hand() {
    let band = Band::new(100.0, 60.0, 300.0);
    let found = drawn(&design(), &only(&[("static_power", band)]), &mean(1200, Vec::new()));
    let microwatts = found.core_nj.map(|nj| nj * 1e3 / 100.0);
    close(microwatts, ends(band), band);
    assert_eq!(found.core_nj, found.inference_nj);
    assert_eq!((found.share, found.draws), (0.9, 2000));
}

/// The registers of two stages and of the link share a coefficient: they err together. Drawn
/// each by itself their sum would be half as wide.
#[test]
fn what_shares_a_coefficient_moves_together() {
    let (band, design, mean) = (Band::new(1.0, 0.5, 2.0), design(), mean(1000, Vec::new()));
    let target = only(&[("register_clock", band)]);
    let found = drawn(&design, &target, &mean);
    let report = device(&design, &target, &mean, IoTiming::none(12.0)).unwrap();
    let registers: f64 = report.stages.iter().map(|s| s.registers.value).sum();
    close(found.core_nj.map(|nj| nj / registers), ends(band), band);
}

#[test]
fn every_coefficient_is_drawn() {
    let mut table = board().device.energy.unwrap();
    let names: Vec<_> = table.coefficients().map(|(name, c, _)| (name, c.value)).collect();
    let drawn: Vec<_> = table.coefficients_mut().map(|c| c.value).collect();
    assert_eq!(names.iter().map(|n| n.1).collect::<Vec<_>>(), drawn);
    assert!(names.len() == 8 && names[7].0 == "pll", "{names:?}");
}

/// Six results, and nothing that leads to them.
fn results() -> MeanActivity {
    mean(100, vec![StageActivity { results: 6, ..StageActivity::default() }])
}

/// Results that leave a stage of two planes: the chain moves, and words of nine bits are handed
/// on; all of that are words that are replaced.
#[test]
fn one_assumption_by_hand() {
    let mut design = design();
    design.stages.truncate(1);
    if let Stage::Dense(d) = &mut design.stages[0] {
        d.planes = 2;
    }
    let target = only(&[("bit_toggle", Band::exact(1000.0))]);
    let found = drawn(&design, &target, &results());
    // Two groups of three: 3 + 2 + 1 words move, twice three are copied and cleared; then 6 of 9.
    let bits = f64::from(2 * 6 * 9 + 2 * 6 * 9 + 6 * 9);
    let band = Band::new(0.45, 0.2, 0.6);
    close(found.core_nj.map(|nj| nj / bits), ends(band), band);
}

/// The same with one plane, whose subtraction settles in steps: `replaced · (276 + 60·glitch)`.
/// The chance of a product is added up over one of its numbers; if both moved together, 2.8 %
/// of that chance would lie below the interval and 1.0 % above it.
#[test]
fn two_assumptions_err_independently() {
    let mut design = design();
    design.stages.truncate(1);
    let target = only(&[("bit_toggle", Band::exact(1000.0))]);
    let found = drawn(&design, &target, &results());
    let (replaced, glitch) = (Band::new(0.45, 0.2, 0.6), Band::new(1.5, 1.0, 3.0));
    let steps = 1000;
    let below = |bits: f64| -> f64 {
        let at = |i: u32| (f64::from(i) + 0.5) / f64::from(steps);
        let nets = |i: u32| 276.0 + 60.0 * within(glitch, (at(i) * 2f64.powi(64)) as u64);
        (0..steps).map(|i| chance(replaced, bits / nets(i))).sum::<f64>() / f64::from(steps)
    };
    let [low, high] = found.core_nj.map(below);
    // Four standard deviations of a share of 2,000 draws.
    assert!((low - 0.05).abs() < 0.0195 && (high - 0.95).abs() < 0.0195, "{low} {high}");
}

#[test]
fn the_interval_lies_within_the_worst_case_and_is_always_the_same() {
    let design = design();
    let io = IoTiming::of(&design, &board()).unwrap();
    let of = || likely(&design, &board(), &simulated(), io).unwrap();
    let (found, report) = (of(), device(&design, &board(), &simulated(), io).unwrap());
    assert_eq!(found, of());
    for ([low, high], figure) in
        [(found.core_nj, report.core), (found.inference_nj, report.inference)]
    {
        let worst = figure.energy_nj;
        assert!(worst.low < low && low < worst.value, "{low} {worst}");
        assert!(worst.value < high && high < worst.high, "{high} {worst}");
    }
    assert_eq!(report.likely, None);
}

#[test]
fn the_text_has_it_beside_the_worst_case() {
    let design = design();
    let mut report = device(&design, &board(), &simulated(), IoTiming::none(12.0)).unwrap();
    assert!(!report.to_string().contains("draws: core"));
    report.likely = Some(Likely {
        share: 0.9,
        draws: 2000,
        seed: 0,
        core_nj: [1500.0, 2500.0],
        inference_nj: [3500.0, 4500.0],
    });
    let line =
        "  90 % of 2,000 draws: core 1.500 to 2.500 µJ, with the serial line 3.500 to 4.500 µJ\n";
    assert!(report.to_string().contains(line), "{report}");
}

#[test]
fn nobody_draws_from_a_table_that_is_not_there() {
    let mut board = board();
    board.device.energy = None;
    let error = likely(&design(), &board, &simulated(), IoTiming::none(12.0)).unwrap_err();
    assert_eq!(error.code.id, "SF0412");
}

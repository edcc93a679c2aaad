// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Memories and numbers of a small processor, computed by hand from docs/shared.md.

use super::fields::Numbers;
use super::numbers::{Walk, first_row, walk_of, written};
use super::{contents, core};
use crate::hw::shared::{
    Bank, CurrentMap, Gather, InputMap, Job, Leak, NeuronKind, Neurons, Resets, Shared, Source,
    SumJob, Sums, Then, TrainMap, Work,
};
use crate::hw::{Design, Input, Place, ReadoutStage};
use crate::ir::{Compare, Reset};

fn sum(window: [u32; 2], weights: Vec<i8>, channels: usize, then: Then) -> SumJob {
    SumJob {
        window,
        stride: [1, 1],
        padding: [0, 0],
        planes: 1,
        weights,
        sums: Sums::Each,
        slices: 1,
        products: false,
        gain: vec![1; channels],
        offset: vec![0; channels],
        shift: 0,
        digits: 1,
        add: None,
        leak: None,
        theta: Vec::new(),
        then,
    }
}

fn fires(map: usize, sign: Vec<i8>, bias: Vec<i64>, threshold: Vec<i64>) -> Then {
    let neurons = Neurons { name: "lif".into(), kind: 0, sign, bias, threshold };
    Then::Maps { keep: None, fire: Some((neurons, map)) }
}

fn job(name: &str, source: Source, sum: SumJob, out: [u32; 3]) -> Job {
    Job { name: name.into(), source, before: false, own: None, work: Work::Sum(Box::new(sum)), out }
}

/// Six lanes, two channels to a word, T = 2: a column of three taps over the input, a layer of
/// two groups, a head.
fn shared() -> Shared {
    let conv = SumJob {
        padding: [1, 0],
        planes: 3,
        slices: 2,
        gain: vec![1, 2, -3],
        offset: vec![0, 5, -1],
        ..sum(
            [3, 1],
            vec![1, -2, 3, -4, 0, 2, 3, 1, -1],
            3,
            fires(0, vec![1, -1, 0], vec![0, -2, 1], vec![1, 7, 3]),
        )
    };
    // +1 where output + 2 · place + channel is a multiple of 5.
    let sign = |k: usize| if (k / 6 + k % 6 / 3 * 2 + k % 3).is_multiple_of(5) { 1 } else { -1 };
    let layer = SumJob {
        shift: 12,
        digits: 2,
        ..sum([1, 2], (0..48).map(sign).collect(), 8, fires(1, vec![1; 8], vec![0; 8], vec![2; 8]))
    };
    let head = SumJob { slices: 2, ..sum([1, 1], [[1; 8], [-1; 8]].concat(), 2, Then::Readout) };
    let trains = [([3, 1, 2], 0), ([8, 1, 1], 4), ([3, 2, 3], 8)];
    Shared {
        lanes: 6,
        width: 2,
        pack: 2,
        acc_bits: 8,
        once_bits: 0,
        digit_bits: 8,
        current_bits: 8,
        membrane_bits: 8,
        last: false,
        leaks: Vec::new(),
        kinds: vec![NeuronKind {
            leak_num: 1,
            leak_shift: 0,
            reset: Reset::Soft,
            compare: Compare::Above,
        }],
        frac: 0,
        input: InputMap { shape: [1, 1, 2], halo: 1, bits: 4, pack: 1, trains: false },
        trains: trains.map(|(shape, base)| TrainMap { shape, halo: 0, base }).to_vec(),
        currents: vec![CurrentMap { shape: [3, 2, 4], bank: Bank::B, base: 5 }],
        jobs: vec![
            job("conv", Source::Input, conv, [3, 1, 2]),
            job("layer", Source::Trains(0), layer, [8, 1, 1]),
            job("head", Source::Trains(1), head, [2, 1, 1]),
        ],
        readout: ReadoutStage {
            name: "readout".into(),
            input_bits: 5,
            gain: vec![1; 2],
            offset: vec![0; 2],
            gain_bits: 1,
            offset_bits: 1,
            logit_bits: 8,
            block: false,
            steps: 1,
            members: 1,
            margins: Vec::new(),
        },
        banks: [Place::BlockRam; 2],
        weights: Place::BlockRam,
    }
}

#[test]
fn words_hold_parameters_of_a_channel_the_first_in_the_lowest_bits() {
    let s = shared();
    // {offset, 4 bits; gain, 3 bits}: 5 · 8 + 2; −1 and −3 in two's complement.
    assert_eq!(contents::gains(&s), ["01\n", "2a\n", "7d\n", &"01\n".repeat(10)].concat());
    // {zero, minus, threshold, 3 bits without a sign; bias, 2 bits}: 32 + 7 · 4 + 2; 64 + 3 · 4 + 1.
    assert_eq!(contents::neurons(&s), ["04\n", "3e\n", "4d\n", &"08\n".repeat(8)].concat());
}

/// Thresholds at which currents reset lie above the offsets; where none does there is no room
/// for them. Each leak has its reset, comparison and what it gives, the first one lowest.
#[test]
fn resets_of_currents_are_numbers_beside_the_gains() {
    let mut s = shared();
    let resets = |reset, compare, after| Some(Resets { reset, compare, after });
    s.leaks = vec![
        Leak { num: 1, shift: 1, resets: resets(Reset::Hard, Compare::Above, true) },
        Leak { num: 3, shift: 2, resets: None },
    ];
    let text =
        |s: &Shared| String::from_utf8(core::render(&around(s), s).unwrap().contents).unwrap();
    assert!(text(&s).contains(".level_i(1'b0)") && !text(&s).contains("LRESET"));
    let Work::Sum(conv) = &mut s.jobs[0].work else { panic!("conv sums") };
    (conv.leak, conv.theta) = (Some(0), vec![5, 1, 6]);
    // {threshold, 3 bits; offset, 4 bits; gain, 3 bits}: 5 · 128 + 1, and so on.
    let lines = ["281\n", "0aa\n", "37d\n", &"001\n".repeat(10)].concat();
    assert_eq!(contents::gains(&s), lines);
    let text = text(&s);
    assert!(
        text.contains(
            ".LRESET({2'd3, 2'd2}), .LSTRICT({1'd0, 1'd1}), .LAFTER({1'd0, 1'd1}), .LTW(3)"
        )
    );
    assert!(text.contains(".offset_i(gain[6:3])") && text.contains(".level_i(gain[9:7])"));
}

/// Rows of the first job, unit by unit and plane by plane, two to a word: 5 4 2, 4 1 1, 5 7 4,
/// and a word to the next multiple of E. The layer's fourth channel is none.
#[test]
fn rows_of_weights_lie_group_by_group() {
    let words = [
        [5 + 4 * 8, 2 + 4 * 8, 1 + 8, 5 + 7 * 8, 4, 0].as_slice(),
        &[0b100_001, 0b010_000, 0b001_000, 0, 0b001_000, 0b000_100, 0b000_010, 0],
        &[0, 0, 0, 0, 0, 0b10, 0b01, 0],
        &[1 + 8; 4],
    ]
    .concat();
    let lines: String = words.iter().map(|w| format!("{w:02x}\n")).collect();
    assert_eq!(contents::weights(&shared()), lines);
    assert_eq!(contents::load_image(&shared()), words);
    let s = Shared { lanes: 10, ..shared() };
    // The second slice begins with lane 5: a word has two bytes.
    assert_eq!(contents::load_image(&s)[..4], [5 + (4 << 5), 0, 2 + (4 << 5), 0]);
}

fn around(s: &Shared) -> Design {
    Design {
        name: "net".into(),
        timesteps: 2,
        input: Input { count: 2, bits: 4, changes: false },
        stages: Vec::new(),
        shared: Some(s.clone()),
        trace: true,
        family: crate::target::Family::Ice40,
        knobs: None,
    }
}

/// All planes of a weight side by side, lane by lane: 1, −4, 3; −2, 0, 1; 3, 2, −1. They are
/// multiplied with levels, and added where trains are read.
#[test]
fn rows_of_whole_weights_hold_all_planes() {
    let mut s = shared();
    s.jobs.truncate(1);
    let Work::Sum(conv) = &mut s.jobs[0].work else { panic!("conv is a sum job") };
    (conv.products, conv.slices) = (true, 1);
    let word = |w: [i64; 3]| (w[0] & 7) | (w[1] & 7) << 3 | (w[2] & 7) << 6;
    let words = [[1, -4, 3], [-2, 0, 1], [3, 2, -1], [0; 3]].map(word);
    let lines: String = words.iter().map(|w| format!("{w:05x}\n")).collect();
    assert_eq!(contents::weights(&s), lines);
    assert_eq!((s.weight_bits(), s.weight_depth()), (18, 4));
    let number = |s: &Shared, name: &str| Numbers::all(s, 2)[0].literal(name, 4);
    assert_eq!((number(&s, "planes"), number(&s, "multi")), ("4'd0".into(), "4'd1".into()));
    let text =
        |s: &Shared| String::from_utf8(core::render(&around(s), s).unwrap().contents).unwrap();
    let lanes = ".SLICES(1), .WHOLE(3), .GATED(0)";
    assert!(text(&s).contains(lanes) && text(&s).contains(".WIDTH(18), .DEPTH(4)"));
    if let Work::Sum(conv) = &mut s.jobs[0].work {
        conv.padding = [0, 0];
    }
    s.jobs[0].source = Source::Trains(0);
    assert!(text(&s).contains(".SLICES(1), .WHOLE(3), .GATED(1)"));
    assert!(!text(&shared()).contains("WHOLE"));
}

/// A job with one sum adds up in joined accumulators, and one that counts gives it out once.
#[test]
fn jobs_say_which_sums_they_have() {
    let mut s = shared();
    for (job, sums) in s.jobs.iter_mut().zip([Sums::Held, Sums::Each, Sums::Total]) {
        let Work::Sum(sum) = &mut job.work else { panic!("{} sums", job.name) };
        sum.sums = sums;
    }
    let all = Numbers::all(&s, 2);
    let of = |name| all.iter().map(|n| n.literal(name, 1)).collect::<Vec<_>>();
    assert_eq!(of("once"), ["1'd1", "1'd0", "1'd1"]);
    assert_eq!(of("again"), ["1'd1", "1'd0", "1'd0"]);
}

/// Every address of a walk, in order.
fn addresses(walk: &Walk) -> Vec<i64> {
    let (mut address, mut at, mut all) = (walk.base, [0; 6], Vec::new());
    loop {
        all.push(address);
        let Some(k) = (0..6).find(|&k| at[k] + 1 < walk.counts[k]) else { return all };
        at[..k].fill(0);
        at[k] += 1;
        address += walk.deltas[k];
    }
}

#[test]
fn jobs_walk_over_the_words_of_their_windows() {
    let s = shared();
    // Rows of three words: two places and the frame; the first one in word 4.
    let (walk, _) = walk_of(&s, &s.jobs[0], 2);
    assert_eq!(addresses(&walk), [1, 4, 7, 2, 5, 8]);
    // Two groups read the same four words.
    let (walk, _) = walk_of(&s, &s.jobs[1], 2);
    assert_eq!(addresses(&walk), [0, 1, 2, 3, 0, 1, 2, 3]);

    // Windows of 2×2 currents, word by word of a place, three channels of two timesteps.
    let gather = Gather { window: [2, 2], shift: 0, bits: 9 };
    let gathers = sum([1, 1], vec![1; 6], 2, Then::Readout);
    let gathers = job("short", Source::Currents(0, gather), gathers, [2, 1, 2]);
    let (walk, _) = walk_of(&s, &gathers, 2);
    let word = |k: i64| [0, 6, 24, 30].map(|d| 5 + k / 6 * 12 + k % 6 + d);
    assert_eq!(addresses(&walk), (0..12).flat_map(word).collect::<Vec<_>>());

    // Windows of 1×2 trains that overlap, for each of the two words of a place.
    let work = Work::Or { window: [1, 2], stride: [1, 1], to: 1 };
    let or = Job {
        name: "or".into(),
        source: Source::Trains(2),
        before: false,
        own: None,
        work,
        out: [3, 2, 2],
    };
    let (walk, _) = walk_of(&s, &or, 2);
    let want = [8, 10, 9, 11, 10, 12, 11, 13];
    assert_eq!(addresses(&walk), [want, want.map(|a| a + 6)].concat());
}

#[test]
fn rows_and_regions_begin_where_the_words_do() {
    let s = shared();
    let row = |j: usize, base| match &s.jobs[j].work {
        Work::Sum(sum) => first_row(&s, &s.jobs[j], sum, base),
        Work::Or { .. } => 0,
    };
    // 6 words before the layer, 22 before the head; two slices double rows, two elements halve.
    assert_eq!([row(0, 0), row(1, 6), row(2, 22)], [0, 3, 22]);
    // A row above and a place on the left: (1 · 4 + 1) · 2 words; then 3 places, 1 place.
    let framed = TrainMap { shape: [3, 2, 3], halo: 1, base: 7 };
    let s = Shared { trains: vec![framed], ..s };
    assert_eq!(written(&s, 0), (17, 6, 2));
}

#[test]
fn the_core_has_the_numbers_of_each_job() {
    let mut s = shared();
    if let Work::Sum(conv) = &mut s.jobs[0].work {
        conv.then = Then::Maps { keep: Some(0), fire: None };
    }
    let design = around(&s);
    let text = String::from_utf8(core::render(&design, &s).unwrap().contents).unwrap();
    let of = |field: &str| -> Vec<u32> {
        let start = format!("j_{field} = ");
        let values = text.lines().filter_map(|l| l.trim().strip_prefix(&*start));
        values
            .map(|v| v.trim_end_matches(';').split_once("'d").unwrap().1.parse().unwrap())
            .collect()
    };
    // Channels of the first and of the last group, times T.
    assert_eq!((of("left"), of("left_last")), (vec![6, 12, 4], vec![6, 4, 4]));
    // Channels of the jobs before it, and of those of them that fire.
    assert_eq!((of("gain"), &of("neuron")[..2]), (vec![0, 3, 11], &[0, 0][..]));
    // What the first of two digits of 8 bits leaves of 12, in steps of 4.
    assert_eq!((of("shift"), of("digits")), (vec![0, 1, 0], vec![0, 1, 0]));
    // Loops: words side by side, rows of the window, less one.
    assert_eq!((of("count0"), of("count1")), (vec![0, 3, 3], vec![2, 0, 0]));
    assert!(text.contains(".RESET({2'd0}), .STRICT({1'd1})"), "{text}");
}

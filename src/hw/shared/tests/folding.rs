// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Lanes, memories and what fits.

use super::{Net, residual, spikes_to_spikes};
use crate::hw::shared::Work;
use crate::hw::{Mapping, Options, Place, lower};
use crate::ir::{Op, PerChannel, PoolKind};
use crate::target;

fn shared() -> Options {
    Options { mapping: Mapping::Shared, ..Options::default() }
}

#[test]
fn a_small_network_fits_with_all_its_lanes() {
    let board = target::load("icebreaker").unwrap();
    let (design, estimate) = lower(&residual(), &board, &shared()).unwrap();
    let s = design.shared.unwrap();
    assert_eq!(s.lanes, 8, "as many as the widest layer has channels");
    let slices: Vec<u32> = s
        .jobs
        .iter()
        .filter_map(|j| if let Work::Sum(sum) = &j.work { Some(sum.slices) } else { None })
        .collect();
    assert_eq!(slices, [2, 2, 1, 1, 1, 2], "3 and 4 channels of 8 lanes");
    assert_eq!(estimate.stage_cycles.len(), s.jobs.len());
    assert_eq!(estimate.cycles, estimate.stage_cycles.iter().sum::<u32>());
    assert_eq!(s.weights, Place::BlockRam);
    assert!(estimate.reasons.iter().any(|r| r.starts_with("8 lanes")), "{:?}", estimate.reasons);
}

/// 600,000 weights are more than the block RAMs hold: they go to SPRAM, and of lanes there
/// are as many as LUTs allow.
#[test]
fn weights_go_to_spram_when_block_rams_are_full() {
    let board = target::load("icebreaker").unwrap();
    let mut n = Net::new(2, &[784]);
    n.linear("fc1", "in", 512, &[1, -1, -1]);
    n.lif("lif", "fc1", 50);
    n.linear("fc2", "lif", 10, &[1, 1, -1]);
    n.read("fc2");
    let (design, estimate) = lower(&n.0, &board, &shared()).unwrap();
    let s = design.shared.as_ref().unwrap();
    assert_eq!(s.weights, Place::Spram);
    assert!(s.lanes < 512 && estimate.cells <= 5280 * 95 / 100);
    assert_eq!(design.load_bytes(), s.weight_depth() * s.row_bytes());
    assert!(estimate.reasons.iter().any(|r| r.contains("in SPRAM")), "{:?}", estimate.reasons);
}

/// 32 sums of a layer of spikes in each lane: there is no room for all that the layer has use for.
#[test]
fn more_lanes_are_named_with_what_they_lack() {
    let board = target::load("icebreaker").unwrap();
    let (design, estimate) = lower(&spikes_to_spikes(), &board, &shared()).unwrap();
    let lanes = design.shared.unwrap().lanes;
    let why = estimate.reasons.iter().find(|r| r.contains("too many")).unwrap();
    let numbers = why.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<u32>().ok());
    let numbers: Vec<u32> = numbers.collect();
    assert!(numbers[0] == lanes && numbers[1] > lanes, "{why}");
}

#[test]
fn what_does_not_fit_says_by_how_much_and_what_would() {
    let board = target::load("icebreaker").unwrap();
    let mut n = Net::new(2, &[784]);
    n.linear("fc1", "in", 2000, &[1, -1, -1]);
    n.lif("lif", "fc1", 50);
    n.linear("fc2", "lif", 10, &[1, 1, -1]);
    n.read("fc2");
    let d = lower(&n.0, &board, &shared()).unwrap_err();
    assert_eq!(d.code.id, "SF0411", "{d}");
    assert!(d.message.contains("too many") && d.message.contains("weights"), "{d}");
    let help = d.help.unwrap();
    assert!(help.contains("% of the channels"), "{help}");
    // And it does, on this board and as it is on any other that is named.
    for other in help.split("--target ").skip(1) {
        let name: String = other.chars().take_while(|c| !", ".contains(*c)).collect();
        lower(&n.0, &target::load(&name).unwrap(), &shared()).unwrap();
    }
    let share: usize =
        help.split_once(" %").unwrap().0.rsplit(' ').next().unwrap().parse().unwrap();
    let mut n = Net::new(2, &[784]);
    n.linear("fc1", "in", (2000 * share).div_ceil(100), &[1, -1, -1]);
    n.lif("lif", "fc1", 50);
    n.linear("fc2", "lif", 10, &[1, 1, -1]);
    n.read("fc2");
    lower(&n.0, &board, &shared()).unwrap();
}

#[test]
fn lanes_are_what_the_user_wants() {
    let board = target::load("icebreaker").unwrap();
    let mut options = shared();
    options.lanes.insert("shared".into(), 4);
    let (design, few) = lower(&residual(), &board, &options).unwrap();
    assert_eq!(design.shared.unwrap().lanes, 4);
    let (_, many) = lower(&residual(), &board, &shared()).unwrap();
    assert!(few.cycles > many.cycles && few.lut4 < many.lut4);
    options.lanes = [("fc1".to_owned(), 4)].into();
    assert_eq!(lower(&residual(), &board, &options).unwrap_err().code.id, "SF0003");
}

#[test]
fn the_chain_is_taken_where_it_can_be() {
    let board = target::load("icebreaker").unwrap();
    let auto = Options::default();
    let (design, estimate) = lower(&residual(), &board, &auto).unwrap();
    assert!(design.shared.is_some());
    assert!(estimate.reasons[0].contains("no pipeline takes it; stem"), "{:?}", estimate.reasons);
}

/// On a device with room the line is faster, and taken; named lanes of a job mean it, those of the
/// processor do not.
#[test]
fn a_line_is_taken_where_it_is_faster() {
    let large = target::load("ecp5-25f").unwrap();
    let with = |options: Options| lower(&residual(), &large, &options).unwrap();
    let (design, estimate) = with(Options::default());
    assert!(design.shared.unwrap().is_line());
    let why = &estimate.reasons[0];
    assert!(why.starts_with("pipeline: it takes about") && why.contains("stem"), "{why}");
    let (one, slower) = with(shared());
    assert!(!one.shared.unwrap().is_line() && slower.cycles > estimate.cycles);
    let lanes = |name: &str| Options { lanes: [(name.to_owned(), 2)].into(), ..Options::default() };
    assert!(with(lanes("conv1")).0.shared.unwrap().is_line());
    assert!(!with(lanes("shared")).0.shared.unwrap().is_line());
    let chunk = Options { chunk: Some(1), ..Options::default() };
    assert!(!with(chunk).0.shared.unwrap().is_line());
}

/// The shipped convolutional student in numbers: five layers of weights and a head of 8 bits,
/// 32 lanes, the trains in 12 block RAMs.
#[test]
fn a_convolutional_student_fits_the_board() {
    let board = target::load("icebreaker").unwrap();
    let mut n = Net::new(2, &[1, 28, 28]);
    let many: Vec<i8> = (0..199).map(|i| (i * 37 % 255 - 127) as i8).collect();
    let signs = [1, -1, -1, 1, 1, -1, 1];
    n.conv("stem", "in", (32, 5, 2), &many);
    n.scale("stem.scaled", "stem", 1000, 1 << 15, 16);
    n.lif("lif0", "stem.scaled", 60);
    n.conv("conv1", "lif0", (32, 3, 1), &signs);
    n.scale("conv1.scaled", "conv1", 900, 1 << 9, 10);
    n.add("sum1", Op::Add, &["conv1.scaled", "stem.scaled"]);
    n.lif("lif1", "sum1", 60);
    n.conv("conv2", "lif1", (64, 3, 2), &signs);
    n.scale("conv2.scaled", "conv2", 900, 1 << 9, 10);
    n.pool("pooled", "sum1", PoolKind::Sum, 2);
    n.scale("mean", "pooled", 1, 2, 2);
    n.conv("short", "mean", (64, 1, 1), &many);
    n.scale("short.scaled", "short", 1000, 1 << 17, 18);
    n.add("sum2", Op::Add, &["conv2.scaled", "short.scaled"]);
    n.lif("lif2", "sum2", 60);
    n.conv("conv3", "lif2", (64, 3, 1), &signs);
    n.scale("conv3.scaled", "conv3", 900, 1 << 9, 10);
    n.add("sum3", Op::Add, &["conv3.scaled", "sum2"]);
    n.lif("lif3", "sum3", 60);
    n.flatten("flat", "lif3");
    n.linear("head", "flat", 10, &many);
    n.read("head");
    let (design, estimate) = lower(&n.0, &board, &shared()).unwrap();
    let s = design.shared.unwrap();
    assert_eq!((s.lanes, s.pack), (16, 16), "{:?}", estimate.reasons);
    assert_eq!(s.train_depth(), 1452);
    assert_eq!(s.weight_words(), [400, 576, 1024, 1152, 2304, 25088]);
    assert_eq!((s.weights, s.banks), (Place::Spram, [Place::Spram; 2]));
    assert_eq!(estimate.spram, 4);
    assert!(estimate.cycles < 200_000, "{}", estimate.cycles);
}

/// An ECP5 has no other place for what its block RAMs do not hold, and multipliers for a leak
/// that is no shift.
#[test]
fn what_a_family_has_not_is_not_taken() {
    let mut graph = residual();
    let mut board = target::load("ulx3s-25f").unwrap();
    let (_, estimate) = lower(&graph, &board, &shared()).unwrap();
    assert_eq!((estimate.spram, estimate.dsp), (0, 1));
    board.device.resources.ebr = estimate.ebr - 1;
    let d = lower(&graph, &board, &shared()).unwrap_err();
    assert!(d.message.contains("DP16KD of") && d.message.contains("1 too many"), "{d}");
    (board.device.resources.ebr, board.device.resources.dsp) = (estimate.ebr, 1);
    assert!(lower(&graph, &board, &shared()).is_ok());
    for id in graph.order().unwrap() {
        if let Op::FixedLif(lif) = graph.op_mut(id) {
            lif.leak_num = PerChannel::All(3);
        }
    }
    let d = lower(&graph, &board, &shared()).unwrap_err();
    assert!(d.message.contains("multipliers of 1 usable"), "{d}");
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which job computes what.

use super::super::legalise::{Plan, legalise};
use super::super::{Job, Source, SumJob, Then, Work};
use super::{Net, neurons, residual};
use crate::hw::{Mapping, Options, lower};
use crate::ir::{
    Concat, Delay, FixedLif, FixedReadout, Graph, Kind, Op, PerChannel, PoolKind, Stream, Taken,
};
use crate::target;

fn sum(job: &Job) -> &SumJob {
    match &job.work {
        Work::Sum(sum) => sum,
        Work::Or { .. } => panic!("{} is an OR", job.name),
    }
}

fn job<'p>(plan: &'p Plan, name: &str) -> &'p Job {
    plan.shared.jobs.iter().find(|j| j.name == name).unwrap()
}

fn keeps(job: &Job) -> Option<usize> {
    match &sum(job).then {
        Then::Maps { keep, .. } => *keep,
        Then::Readout => None,
    }
}

fn fires(job: &Job) -> Option<(&str, usize)> {
    match &sum(job).then {
        Then::Maps { fire: Some((n, map)), .. } => Some((n.name.as_str(), *map)),
        _ => None,
    }
}

fn refused(g: &Graph) -> (String, String) {
    let d = legalise(g).unwrap_err();
    assert_eq!(d.code.id, "SF0410", "{d}");
    assert!(d.help.is_some(), "{d}");
    (d.location.path.unwrap(), d.message)
}

#[test]
fn a_residual_network_is_a_job_a_layer() {
    let plan = legalise(&residual()).unwrap();
    let names: Vec<_> = plan.shared.jobs.iter().map(|j| j.name.as_str()).collect();
    assert_eq!(names, ["stem", "conv1", "short", "conv2", "conv3", "head"]);
    let [stem, conv1, short, conv2, conv3, head] =
        ["stem", "conv1", "short", "conv2", "conv3", "head"].map(|n| job(&plan, n));
    // What is added later is kept where it is made; neurons on it fire in the same job.
    assert_eq!(stem.source, Source::Input);
    assert_eq!((sum(stem).gain[0], sum(stem).offset[0], sum(stem).shift), (5, 8, 4));
    assert_eq!(fires(stem), Some(("lif0", 0)));
    assert_eq!(conv1.source, Source::Trains(0));
    assert_eq!(sum(conv1).add, keeps(stem));
    let Source::Currents(map, gather) = short.source else { panic!("{:?}", short.source) };
    assert_eq!((Some(map), gather.window, gather.shift), (keeps(conv1), [2, 2], 2));
    assert_eq!(sum(conv2).add, keeps(short));
    assert_eq!(fires(short), None);
    assert_eq!(sum(conv3).add, keeps(conv2));
    // Nothing but neurons reads the last sum.
    assert_eq!((keeps(conv3), fires(conv3).unwrap().0), (None, "lif3"));
    assert!(matches!(sum(head).then, Then::Readout));
    assert_eq!(plan.shared.readout.gain, [3, 3, 3]);
    assert_eq!((plan.shared.kinds[0].leak_num, plan.shared.kinds[0].leak_shift), (1, 1), "2/4");
}

#[test]
fn a_flattened_map_is_one_window_with_its_channels_innermost() {
    let mut n = Net::new(1, &[2, 1, 3]);
    n.conv("conv", "in", (2, 1, 1), &[1]);
    n.lif("lif", "conv", 3);
    n.flatten("flat", "lif");
    n.linear("fc", "flat", 1, &[1, 2, 3, 4, 5, 6]);
    n.read("fc");
    let plan = legalise(&n.0).unwrap();
    let fc = sum(job(&plan, "fc"));
    assert_eq!(fc.window, [1, 3]);
    assert_eq!(fc.weights, [1, 4, 2, 5, 3, 6]);
    assert_eq!(fc.planes, 4);
}

#[test]
fn sums_of_windows_before_a_layer_are_part_of_its_window() {
    let mut n = Net::new(1, &[1, 4, 4]);
    n.conv("conv", "in", (1, 1, 1), &[1]);
    n.lif("lif", "conv", 3);
    n.pool("pool", "lif", PoolKind::Sum, 2);
    n.flatten("flat", "pool");
    n.linear("fc", "flat", 1, &[1, -1, -1, 1]);
    n.read("fc");
    let plan = legalise(&n.0).unwrap();
    let fc = sum(job(&plan, "fc"));
    assert_eq!((fc.window, fc.planes), ([4, 4], 1));
    let row = |v: i8| [v, v, -v, -v];
    assert_eq!(fc.weights, [row(1), row(1), row(-1), row(-1)].concat());
    assert!(plan.notes.iter().any(|n| n.contains("fc") && n.contains("4×4")), "{:?}", plan.notes);
}

#[test]
fn the_largest_of_spikes_is_a_job() {
    let mut n = Net::new(2, &[3, 4, 4]);
    n.conv("conv", "in", (3, 3, 1), &[1, -1]);
    n.lif("lif", "conv", 3);
    n.pool("pool", "lif", PoolKind::Max, 2);
    n.conv("next", "pool", (1, 1, 1), &[1]);
    n.lif("fires", "next", 1);
    n.flatten("flat", "fires");
    n.linear("fc", "flat", 2, &[1]);
    n.read("fc");
    let plan = legalise(&n.0).unwrap();
    let pool = job(&plan, "pool");
    assert!(matches!(pool.work, Work::Or { window: [2, 2], stride: [2, 2], to: 1 }));
    assert_eq!((pool.source, pool.out), (Source::Trains(0), [3, 2, 2]));
    assert_eq!(job(&plan, "next").source, Source::Trains(1));
}

#[test]
fn vectors_of_currents_behind_one_another_lie_in_one_map() {
    let mut n = Net::new(2, &[6]);
    n.linear("a", "in", 2, &[1, -1]);
    n.linear("b", "in", 3, &[1, 1, -1]);
    n.add("both", Op::Concat(Concat { axis: 0 }), &["a", "b"]);
    n.linear("fc", "both", 2, &[3]);
    n.read("fc");
    let plan = legalise(&n.0).unwrap();
    let [a, b] = ["a", "b"].map(|name| keeps(job(&plan, name)).unwrap());
    let Source::Currents(both, _) = job(&plan, "fc").source else { panic!("no currents") };
    assert_eq!(plan.parts, [(a, both, 0), (b, both, 2)]);
    assert_eq!(plan.shared.currents[both].shape, [5, 1, 1]);
}

#[test]
fn spikes_that_are_added_or_behind_one_another_are_a_job_each() {
    let mut n = Net::new(2, &[6]);
    n.linear("a", "in", 2, &[1, -1]);
    n.lif("s", "a", 2);
    n.linear("b", "in", 2, &[1, 1, -1]);
    n.lif("t", "b", 2);
    n.add("both", Op::Concat(Concat { axis: 0 }), &["s", "t"]);
    n.linear("fc", "both", 1, &[1, 2, 3, 4]);
    n.read("fc");
    let plan = legalise(&n.0).unwrap();
    let [first, second] = ["fc", "fc.2"].map(|name| sum(job(&plan, name)));
    assert_eq!((&first.weights[..], &second.weights[..]), (&[1, 2][..], &[3, 4][..]));
    assert_eq!(second.add, keeps(job(&plan, "fc")));
}

/// A second scale, neurons of a finer unit on a stream that others read: copies go on.
#[test]
fn what_a_tail_cannot_take_goes_on_in_a_copy() {
    let mut n = Net::new(2, &[6]);
    n.linear("a", "in", 2, &[1, -1]);
    n.scale("once", "a", 3, 1, 1);
    n.scale("twice", "once", 5, 1, 2);
    n.add("fine", Op::FixedLif(FixedLif { frac: 3, ..neurons(2, 9) }), &["once"]);
    n.lif("coarse", "twice", 4);
    n.add("both", Op::Add, &["fine", "coarse"]);
    n.linear("fc", "both", 2, &[1]);
    n.read("fc");
    let plan = legalise(&n.0).unwrap();
    let copies = ["twice", "fine"].map(|name| sum(job(&plan, name)));
    assert!(copies.iter().all(|s| s.weights == [1, 0, 0, 1] && s.planes == 2));
    assert_eq!((copies[0].gain[0], copies[0].shift), (5, 2));
    assert_eq!((copies[1].gain[0], copies[1].shift), (8, 0));
    assert_eq!(plan.notes.len(), 2, "{:?}", plan.notes);
}

/// A mean of four: as sums of windows that drop two bits, whatever the gain; rounded down it
/// takes a job of its own.
#[test]
fn a_rounded_sum_of_a_window_is_what_a_job_reads() {
    for (gain, offset, shift, dropped) in [(1, 2, 2, 2), (2, 4, 3, 2), (1, 0, 2, 0)] {
        let mut n = Net::new(1, &[1, 4, 4]);
        n.conv("conv", "in", (2, 1, 1), &[1, 3]);
        n.pool("pool", "conv", PoolKind::Sum, 2);
        n.scale("mean", "pool", gain, offset, shift);
        n.conv("next", "mean", (2, 1, 1), &[1, 3]);
        n.lif("lif", "next", 9);
        n.flatten("flat", "lif");
        n.linear("fc", "flat", 2, &[1]);
        n.read("fc");
        let plan = legalise(&n.0).unwrap();
        let reader = if dropped > 0 { "next" } else { "mean" };
        let Source::Currents(_, gather) = job(&plan, reader).source else { panic!("{reader}") };
        assert_eq!((gather.window, gather.shift), ([2, 2], dropped), "{gain} {offset} {shift}");
        let own = plan.shared.jobs.iter().filter(|j| j.name == "mean").count();
        assert_eq!(own, usize::from(dropped == 0));
    }
}

/// Neurons that see their own spikes of `late` timesteps ago; what comes back is the first or the
/// second term.
pub(super) fn recurrent(late: u32, first: bool) -> Net {
    let mut n = Net::new(4, &[6]);
    let stream = Stream { shape: vec![3], kind: Kind::Spikes, is_static: false };
    let delay = Op::Delay(Delay { steps: PerChannel::All(late) });
    let back = n.0.add_register("back", delay, stream).unwrap();
    n.linear("fc", "in", 3, &[1, -1]);
    n.linear("again", "back", 3, &[1, 1, -1]);
    n.add("sum", Op::Add, &if first { ["again", "fc"] } else { ["fc", "again"] });
    n.lif("lif", "sum", 3);
    let lif = n.0.find("lif").unwrap();
    n.0.connect(back, lif).unwrap();
    n.linear("head", "lif", 2, &[1]);
    n
}

#[test]
fn what_comes_back_is_read_before_it_is_written() {
    for first in [true, false] {
        let mut n = recurrent(1, first);
        n.read("head");
        let plan = legalise(&n.0).unwrap();
        let names: Vec<_> = plan.shared.jobs.iter().map(|j| j.name.as_str()).collect();
        assert_eq!(names, ["again", "fc", "head"]);
        let [again, fc, head] = ["again", "fc", "head"].map(|n| job(&plan, n));
        // One map: the first job reads what it had, the second one writes it.
        assert_eq!((again.source, again.before), (Source::Trains(0), true));
        assert_eq!((fires(again), fires(fc)), (None, Some(("lif", 0))));
        assert_eq!(sum(fc).add, keeps(again));
        assert!(keeps(again).is_some() && !fc.before && !head.before);
        assert_eq!(plan.delay, Some(1));
    }
    // Two timesteps of four: a chunk has two.
    let mut n = recurrent(2, true);
    n.read("head");
    let shared = Options { mapping: Mapping::Shared, ..Options::default() };
    let board = target::load("icebreaker").unwrap();
    assert_eq!(lower(&n.0, &board, &shared).unwrap().0.width(), 2);
    let chunk = Some(1);
    let d = lower(&n.0, &board, &Options { chunk, ..shared.clone() }).unwrap_err();
    assert!(d.message.contains("chunks of 2, as spikes come 2 later"), "{d}");
    // Three do not divide four.
    let mut n = recurrent(3, true);
    n.read("head");
    let d = lower(&n.0, &board, &shared).unwrap_err();
    assert_eq!(d.code.id, "SF0410");
    assert!(d.message.contains("spikes that come 3 timesteps later"), "{d}");
}

/// Without anything else the job that reads the spikes would write them, too.
#[test]
fn no_job_writes_what_it_reads() {
    let mut n = Net::new(4, &[3]);
    let stream = Stream { shape: vec![3], kind: Kind::Spikes, is_static: false };
    let delay = |steps| Op::Delay(Delay { steps: PerChannel::All(steps) });
    let back = n.0.add_register("back", delay(1), stream.clone()).unwrap();
    n.linear("head", "back", 2, &[1]);
    n.read("head");
    n.linear("again", "back", 3, &[1, 1, -1]);
    n.lif("lif", "again", 3);
    let lif = n.0.find("lif").unwrap();
    n.0.connect(back, lif).unwrap();
    let plan = legalise(&n.0).unwrap();
    let names: Vec<_> = plan.shared.jobs.iter().map(|j| (j.name.as_str(), j.before)).collect();
    // The readout is the last one, whatever it reads.
    let copies = [("head", true), ("again", true), ("lif", false), ("out", false)];
    assert_eq!(names, copies);

    // Delays of two lengths, of single elements, of what are no spikes.
    let mut n = recurrent(1, true);
    let more = n.0.add_register("more", delay(2), stream.clone()).unwrap();
    let lif = n.0.find("lif").unwrap();
    n.0.connect(more, lif).unwrap();
    n.linear("late", "more", 2, &[1]);
    n.add("both", Op::Add, &["head", "late"]);
    n.read("both");
    assert_eq!(refused(&n.0), ("more".into(), "delays of several lengths".into()));
    let mut n = recurrent(1, true);
    let each = Op::Delay(Delay { steps: PerChannel::Each(vec![1, 2, 3]) });
    n.add("more", each, &["lif"]);
    n.linear("late", "more", 2, &[1]);
    n.add("both", Op::Add, &["head", "late"]);
    n.read("both");
    assert_eq!(refused(&n.0).0, "more");
    let mut n = recurrent(1, true);
    n.add("more", delay(1), &["fc"]);
    n.add("both", Op::Add, &["more", "again"]);
    n.lif("other", "both", 2);
    n.linear("late", "other", 2, &[1]);
    n.add("all", Op::Add, &["head", "late"]);
    n.read("all");
    assert_eq!(refused(&n.0).1, "a delay of other than the spikes of neurons");
}

#[test]
fn what_no_job_computes_is_named() {
    let layer = |n: &mut Net| n.conv("conv", "in", (2, 3, 1), &[1, -1]);
    let mut n = Net::new(129, &[1, 4, 4]);
    layer(&mut n);
    n.lif("lif", "conv", 3);
    n.flatten("flat", "lif");
    n.linear("fc", "flat", 2, &[1]);
    n.read("fc");
    assert!(refused(&n.0).1.contains("129 timesteps"));

    let mut n = Net::new(2, &[1, 4, 4]);
    layer(&mut n);
    n.conv("wide", "conv", (2, 3, 1), &[1]);
    n.lif("lif", "wide", 3);
    n.flatten("flat", "lif");
    n.linear("fc", "flat", 2, &[1]);
    n.read("fc");
    assert_eq!(refused(&n.0).0, "wide");

    let mut n = Net::new(2, &[1, 4, 4]);
    layer(&mut n);
    n.lif("lif", "conv", 3);
    n.conv("next", "lif", (2, 3, 1), &[1, -1]);
    n.add("other", Op::FixedLif(FixedLif { leak_shift: 3, ..neurons(2, 9) }), &["next"]);
    n.flatten("flat", "other");
    n.linear("fc", "flat", 2, &[1]);
    n.read("fc");
    // Two kinds of neurons, each with its number.
    let plan = legalise(&n.0).unwrap();
    let shifts: Vec<_> = plan.shared.kinds.iter().map(|k| k.leak_shift).collect();
    let kinds: Vec<_> = plan.shared.fires().map(|(n, _)| (&*n.name, n.kind)).collect();
    assert_eq!((&shifts[..], &kinds[..]), (&[1, 2][..], &[("lif", 0), ("other", 1)][..]));

    let mut n = Net::new(2, &[1, 4, 4]);
    layer(&mut n);
    n.pool("largest", "conv", PoolKind::Max, 2);
    n.lif("lif", "largest", 3);
    n.flatten("flat", "lif");
    n.linear("fc", "flat", 2, &[1]);
    n.read("fc");
    assert_eq!(refused(&n.0).0, "largest");

    // Thresholds of single places.
    let mut n = Net::new(2, &[1, 4, 4]);
    n.conv("conv", "in", (1, 3, 1), &[1, -1]);
    let each = FixedLif { threshold: (1..=16).collect(), ..neurons(1, 9) };
    n.add("each", Op::FixedLif(each), &["conv"]);
    n.flatten("flat", "each");
    n.linear("fc", "flat", 2, &[1]);
    n.read("fc");
    let (node, message) = refused(&n.0);
    assert!(node == "each" && message.contains("between places"), "{node}: {message}");

    // The last timestep alone.
    let mut n = Net::new(2, &[6]);
    n.linear("fc", "in", 1, &[1, -1]);
    let (kind, gain, offset) = (Taken::Last, vec![1], vec![0]);
    let last = FixedReadout { kind, frac: 0, gain, offset, gain_width: 1, width: 24 };
    n.add("out", Op::FixedReadout(last), &["fc"]);
    n.0.set_output(n.0.find("out").unwrap());
    assert!(legalise(&n.0).unwrap().shared.last && !legalise(&residual()).unwrap().shared.last);

    let mut n = Net::new(2, &[1, 4, 4]);
    layer(&mut n);
    n.lif("lif", "conv", 3);
    n.flatten("flat", "lif");
    n.read("flat");
    assert_eq!(refused(&n.0).0, "out");
}

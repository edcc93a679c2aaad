// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Faults that a design on one processor can express.

use super::change::{CHANNELS, Change, Changes, flips, width};
use crate::hw::shared::{Job, Neurons, Shared, Source, SumJob, Then, Work};
use crate::hw::{Design, Place};

/// One weight, from the middle of the inputs on: of ±1 the sign, of others the lowest bit. `loaded`:
/// of those alone that the host loads.
pub(super) fn weights<'a>(design: &'a Design, shared: &'a Shared, loaded: bool) -> Changes<'a> {
    let jobs = sums(shared).filter(move |_| !loaded || shared.weights == Place::Spram);
    Box::new(jobs.flat_map(move |(index, job, sum)| {
        let channels = job.out[0] as usize;
        let n = sum.weights.len() / channels.max(1);
        (0..channels.min(CHANNELS)).map(move |k| {
            let input = (n / 2 + 13 * k) % n;
            let change = |sum: &mut SumJob| {
                let weight = &mut sum.weights[k * n + input];
                *weight = if sum.planes == 1 { -*weight } else { *weight ^ 1 };
            };
            let what = if sum.planes == 1 { "negated" } else { "with another lowest bit" };
            let fault = format!("weight {input} of channel {k} of `{}` {what}", job.name);
            Change { design: with_sum(design, index, change), fault }
        })
    }))
}

/// One bit of a threshold.
pub(super) fn thresholds<'a>(design: &'a Design, shared: &'a Shared) -> Changes<'a> {
    let jobs = sums(shared).filter_map(|(index, _, sum)| Some((index, neurons(sum)?)));
    Box::new(jobs.flat_map(move |(index, n)| {
        let bits = width(&n.threshold);
        // A threshold is more than 0.
        let sound = move |&(bit, c): &(u32, usize)| n.threshold[c] ^ 1 << bit > 0;
        flips(bits, n.threshold.len()).filter(sound).map(move |(bit, channel)| {
            let change = |sum: &mut SumJob| {
                if let Then::Maps { fire: Some((n, _)), .. } = &mut sum.then {
                    n.threshold[channel] ^= 1 << bit;
                }
            };
            let fault =
                format!("bit {bit} of the threshold of channel {channel} of `{}` flipped", n.name);
            Change { design: with_sum(design, index, change), fault }
        })
    }))
}

/// One bit of a gain.
pub(super) fn gains<'a>(design: &'a Design, shared: &'a Shared) -> Changes<'a> {
    Box::new(sums(shared).flat_map(move |(index, job, sum)| {
        flips(width(&sum.gain), sum.gain.len()).map(move |(bit, channel)| {
            let change = |sum: &mut SumJob| sum.gain[channel] ^= 1 << bit;
            let fault =
                format!("bit {bit} of the gain of channel {channel} of `{}` flipped", job.name);
            Change { design: with_sum(design, index, change), fault }
        })
    }))
}

/// A job reads its map from a wrong address: a word, or an element of currents, off.
pub(super) fn addresses<'a>(design: &'a Design, shared: &'a Shared) -> Changes<'a> {
    let jobs = shared.jobs.iter().enumerate();
    Box::new(jobs.flat_map(move |(index, job)| {
        [-1i64, 1].into_iter().filter_map(move |off| {
            let mut changed = design.clone();
            let s = changed.shared.as_mut()?;
            s.jobs[index].source = match job.source {
                Source::Input => return None,
                Source::Trains(m) => Source::Trains(moved_trains(s, m, off)?),
                Source::Currents(m, gather) => {
                    let map = moved_currents(s, m, off * i64::from(s.width))?;
                    Source::Currents(map, gather)
                }
            };
            let unit = if matches!(job.source, Source::Currents(..)) { "channel" } else { "word" };
            let fault = format!("`{}` reads its map {off:+} {unit} off", job.name);
            Some(Change { design: changed, fault })
        })
    }))
}

/// A job adds the currents of a neighbouring channel.
pub(super) fn alignments<'a>(design: &'a Design, shared: &'a Shared) -> Changes<'a> {
    Box::new(sums(shared).flat_map(move |(index, job, sum)| {
        [1i64, -1].into_iter().filter_map(move |off| {
            let mut changed = design.clone();
            let s = changed.shared.as_mut()?;
            let map = moved_currents(s, sum.add?, off * i64::from(s.width))?;
            if let Work::Sum(sum) = &mut s.jobs[index].work {
                sum.add = Some(map);
            }
            let fault = format!("`{}` adds its map {off:+} channel off", job.name);
            Some(Change { design: changed, fault })
        })
    }))
}

/// The windows of a job begin a row late.
pub(super) fn rows<'a>(design: &'a Design, shared: &'a Shared) -> Changes<'a> {
    let jobs = shared.jobs.iter().enumerate();
    Box::new(jobs.filter_map(move |(index, job)| {
        let mut changed = design.clone();
        let s = changed.shared.as_mut()?;
        match (job.source, &mut s.jobs[index].work) {
            (_, Work::Sum(sum)) if sum.padding[0] > 0 => sum.padding[0] -= 1,
            (Source::Trains(m), _) if shared.trains[m].shape[1] > 1 && !shared.is_line() => {
                let map = &shared.trains[m];
                let row = map.pitch() * map.words(shared.pack);
                s.jobs[index].source = Source::Trains(moved_trains(s, m, i64::from(row))?);
            }
            _ => return None,
        }
        let fault = format!("the rows of `{}` begin one too late", job.name);
        Some(Change { design: changed, fault })
    }))
}

/// The sum jobs and their indices.
fn sums(shared: &Shared) -> impl Iterator<Item = (usize, &Job, &SumJob)> {
    shared.jobs.iter().enumerate().filter_map(|(index, job)| match &job.work {
        Work::Sum(sum) => Some((index, job, &**sum)),
        Work::Or { .. } => None,
    })
}

fn with_sum(design: &Design, index: usize, change: impl FnOnce(&mut SumJob)) -> Design {
    let mut changed = design.clone();
    if let Some(s) = &mut changed.shared
        && let Work::Sum(sum) = &mut s.jobs[index].work
    {
        change(sum);
    }
    changed
}

/// A second name for a map of trains, so many words further; none if it leaves the memory,
/// whose size must not change.
fn moved_trains(shared: &mut Shared, map: usize, words: i64) -> Option<usize> {
    let mut moved = shared.trains[map].clone();
    moved.base = u32::try_from(i64::from(moved.base) + words).ok()?;
    let inside = moved.base + moved.depth(shared.pack) <= shared.train_depth();
    inside.then(|| {
        shared.trains.push(moved);
        shared.trains.len() - 1
    })
}

/// The same for a map of currents.
fn moved_currents(shared: &mut Shared, map: usize, words: i64) -> Option<usize> {
    let mut moved = shared.currents[map].clone();
    moved.base = u32::try_from(i64::from(moved.base) + words).ok()?;
    let depth = shared.bank_depth(moved.bank);
    (moved.base + moved.depth(shared.width) <= depth).then(|| {
        shared.currents.push(moved);
        shared.currents.len() - 1
    })
}

fn neurons(sum: &SumJob) -> Option<&Neurons> {
    match &sum.then {
        Then::Maps { fire: Some((neurons, _)), .. } => Some(neurons),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::shared::{Bank, CurrentMap, Gather, Sums, TrainMap};

    fn sum(window: [u32; 2], padding: [u32; 2], planes: u32, weights: Vec<i8>) -> SumJob {
        let channels = if planes == 1 { 3 } else { 2 };
        let (stride, slices, shift, digits) = ([1, 1], 1, 0, 1);
        let (gain, offset) = (vec![1; channels], vec![0; channels]);
        let (add, then) = (None, Then::Readout);
        SumJob {
            window,
            stride,
            padding,
            planes,
            weights,
            sums: Sums::Each,
            slices,
            products: false,
            gain,
            offset,
            shift,
            digits,
            add,
            leak: None,
            theta: Vec::new(),
            then,
        }
    }

    /// A convolution that fires, pools of three maps, and a head on currents.
    fn shared() -> Shared {
        let mut conv = sum([3, 1], [1, 0], 1, (0..18).map(|i| 1 - i % 2 * 2).collect());
        let (sign, bias, threshold) = (vec![1; 3], vec![0; 3], vec![1, 6, 4]);
        let neurons = Neurons { name: "lif".into(), kind: 0, sign, bias, threshold };
        conv.gain = vec![5, -6, 7];
        conv.then = Then::Maps { keep: Some(0), fire: Some((neurons, 1)) };
        let mut head = sum([1, 1], [0, 0], 3, vec![1, 2, 3, -1, -2, -3]);
        (head.gain, head.add) = (vec![4, 8], Some(1));
        let job = |name: &str, source, work| Job {
            name: name.into(),
            source,
            before: false,
            own: None,
            work,
            out: [3, 3, 2],
        };
        let or = |to| Work::Or { window: [1, 1], stride: [1, 1], to };
        let gather = Gather { window: [1, 1], shift: 0, bits: 8 };
        let jobs = vec![
            job("conv", Source::Trains(0), Work::Sum(Box::new(conv))),
            job("pool", Source::Trains(1), or(2)),
            job("flat", Source::Trains(2), or(3)),
            job("last", Source::Trains(3), or(3)),
            Job {
                out: [2, 1, 1],
                ..job("head", Source::Currents(0, gather), Work::Sum(Box::new(head)))
            },
            job("input", Source::Input, or(0)),
        ];
        // Three words a place: 18 words a map of three rows, 3 one of a single place. The first
        // map, moved by a word, ends with the memory; the last one does already.
        let train = |shape, base| TrainMap { shape, halo: 0, base };
        let trains = vec![
            train([5, 3, 2], 5),
            train([5, 3, 2], 0),
            train([5, 1, 1], 2),
            train([5, 3, 2], 6),
        ];
        let current = |shape, base| CurrentMap { shape, bank: Bank::A, base };
        let currents = vec![current([2, 1, 1], 4), current([2, 1, 1], 8), current([1, 1, 1], 16)];
        Shared { width: 4, jobs, trains, currents, ..crate::verify::maps::tests::shared() }
    }

    fn design() -> Design {
        let design = crate::verify::tests::design();
        Design { timesteps: 4, shared: Some(shared()), ..design }
    }

    fn faults<'a>(changes: Changes<'a>) -> Vec<String> {
        changes.map(|c| c.fault).collect()
    }

    fn sum_of(design: &Design, job: usize) -> &SumJob {
        match &design.shared.as_ref().unwrap().jobs[job].work {
            Work::Sum(sum) => sum,
            Work::Or { .. } => panic!("no sum"),
        }
    }

    #[test]
    fn a_weight_is_negated_or_has_another_lowest_bit() {
        let (design, shared) = (design(), shared());
        let sound = [0, 4].map(|job| sum_of(&design, job).weights.clone());
        let found: Vec<_> = weights(&design, &shared, false)
            .map(|c| {
                let differ = [0, 4].into_iter().zip(&sound).flat_map(|(job, sound)| {
                    let changed = &sum_of(&c.design, job).weights;
                    let pairs = changed.iter().zip(sound).enumerate();
                    pairs.filter(|(_, (a, b))| a != b).map(move |(i, (a, _))| (job, i, *a))
                });
                (c.fault, differ.collect::<Vec<_>>())
            })
            .collect();
        // From the middle on, 13 further in each channel: of 6 inputs, and of 3.
        let expected = [
            ("weight 3 of channel 0 of `conv` negated", (0, 3, 1)),
            ("weight 4 of channel 1 of `conv` negated", (0, 10, -1)),
            ("weight 5 of channel 2 of `conv` negated", (0, 17, 1)),
            ("weight 1 of channel 0 of `head` with another lowest bit", (4, 1, 3)),
            ("weight 2 of channel 1 of `head` with another lowest bit", (4, 5, -4)),
        ];
        assert_eq!(found, expected.map(|(fault, change)| (fault.to_owned(), vec![change])));
        // The host loads what lies in SPRAM, and nothing else.
        assert!(faults(weights(&design, &shared, true)).is_empty());
        let loaded = Shared { weights: Place::Spram, ..shared };
        assert_eq!(weights(&design, &loaded, true).count(), 5);
        assert_eq!(weights(&design, &loaded, false).count(), 5);
    }

    #[test]
    fn one_bit_of_a_threshold_is_flipped_if_it_stays_above_zero() {
        let (design, shared) = (design(), shared());
        let found: Vec<_> = thresholds(&design, &shared)
            .map(|c| (neurons(sum_of(&c.design, 0)).unwrap().threshold.clone(), c.fault))
            .collect();
        let of = |bit: u32, channel: usize| {
            format!("bit {bit} of the threshold of channel {channel} of `lif` flipped")
        };
        // 1, 6 and 4 in three bits, of which the upper two are tried; 4 without its bit 2 is 0.
        let expected = [
            (vec![3, 6, 4], of(1, 0)),
            (vec![1, 4, 4], of(1, 1)),
            (vec![1, 6, 6], of(1, 2)),
            (vec![5, 6, 4], of(2, 0)),
            (vec![1, 2, 4], of(2, 1)),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn one_bit_of_a_gain_is_flipped() {
        let (design, shared) = (design(), shared());
        let gains: Vec<_> = gains(&design, &shared)
            .map(|c| (sum_of(&c.design, 0).gain.clone(), sum_of(&c.design, 4).gain.clone()))
            .collect();
        let (conv, head) = (vec![5, -6, 7], vec![4, 8]);
        let first = [[7, -6, 7], [5, -8, 7], [5, -6, 5], [1, -6, 7], [5, -2, 7], [5, -6, 3]];
        let second = [[0, 8], [4, 12], [12, 8], [4, 0]];
        let first = first.into_iter().map(|g| (g.to_vec(), head.clone()));
        let second = second.into_iter().map(|g| (conv.clone(), g.to_vec()));
        assert_eq!(gains, first.chain(second).collect::<Vec<_>>());
    }

    /// The fault, and where the map lies that the changed job reads or adds.
    fn places<'a>(changes: Changes<'a>, job: usize) -> Vec<(String, u32)> {
        let base = |c: Change| {
            let s = c.design.shared.unwrap();
            let base = match (s.jobs[job].source, &s.jobs[job].work) {
                (_, Work::Sum(sum)) if sum.add != Some(1) && sum.add.is_some() => {
                    s.currents[sum.add.unwrap()].base
                }
                (Source::Trains(m), _) => s.trains[m].base,
                (Source::Currents(m, _), _) => s.currents[m].base,
                (Source::Input, _) => panic!("no map"),
            };
            (c.fault, base)
        };
        changes
            .filter(|c| c.fault.contains(&format!("`{}`", shared().jobs[job].name)))
            .map(base)
            .collect()
    }

    #[test]
    fn a_map_is_read_a_word_or_a_channel_off_within_its_memory() {
        let (design, shared) = (design(), shared());
        let of = |job| places(addresses(&design, &shared), job);
        let said = |name: &str, off: &str| format!("`{name}` reads its map {off} off");
        assert_eq!(of(0), [(said("conv", "-1 word"), 4), (said("conv", "+1 word"), 6)]);
        assert_eq!(of(1), [(said("pool", "+1 word"), 1)]);
        assert_eq!(of(2), [(said("flat", "-1 word"), 1), (said("flat", "+1 word"), 3)]);
        assert_eq!(of(3), [(said("last", "-1 word"), 5)]);
        // An element of currents has a word for each of the four timesteps.
        assert_eq!(of(4), [(said("head", "-1 channel"), 0), (said("head", "+1 channel"), 8)]);
        assert_eq!(addresses(&design, &shared).count(), 8);
    }

    #[test]
    fn currents_of_a_neighbouring_channel_are_added() {
        let (design, shared) = (design(), shared());
        let said = |off: &str| format!("`head` adds its map {off} channel off");
        // The second one ends with the memory.
        assert_eq!(places(alignments(&design, &shared), 4), [(said("+1"), 12), (said("-1"), 4)]);
        let mut short = shared.clone();
        short.currents[2].base = 12;
        let short = Design { shared: Some(short), ..design };
        let shorter = short.shared.as_ref().unwrap();
        assert_eq!(places(alignments(&short, shorter), 4), [(said("-1"), 4)]);
    }

    #[test]
    fn windows_begin_a_row_late() {
        let (design, shared) = (design(), shared());
        let changes: Vec<_> = rows(&design, &shared).collect();
        let said = |name: &str| format!("the rows of `{name}` begin one too late");
        let faults: Vec<_> = changes.iter().map(|c| c.fault.clone()).collect();
        // `flat` has no second row, and `last` none behind it in the memory.
        assert_eq!(faults, ["conv", "pool"].map(said));
        assert_eq!(sum_of(&changes[0].design, 0).padding, [0, 0]);
        // Two places of three words further.
        assert_eq!(places(rows(&design, &shared), 1), [(said("pool"), 6)]);
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The designs that are worked by hand.

use synfire::hw::shared::{
    Bank, CurrentMap, Gather, InputMap, Job, Leak, NeuronKind, Neurons, Own, Shared, Source,
    SumJob, Sums, Then, TrainMap, Work,
};
use synfire::hw::{Design, Input, Place, ReadoutStage};
use synfire::ir::{Compare, Reset};

/// Wide enough for everything, integrators with soft reset; no map and no job yet.
fn design(timesteps: u32, (lanes, pack): (u32, u32), shape: [u32; 3], gain_bits: u32) -> Design {
    let shared = Shared {
        width: timesteps,
        lanes,
        pack,
        acc_bits: 12,
        once_bits: 0,
        digit_bits: 12,
        current_bits: 12,
        membrane_bits: 12,
        last: false,
        leaks: Vec::new(),
        kinds: vec![NeuronKind {
            leak_num: 1,
            leak_shift: 0,
            reset: Reset::Soft,
            compare: Compare::AtLeast,
        }],
        frac: 0,
        input: InputMap { shape, halo: 0, bits: 4, pack: 1, trains: false },
        trains: Vec::new(),
        currents: Vec::new(),
        jobs: Vec::new(),
        readout: ReadoutStage {
            name: "readout".into(),
            input_bits: 12,
            gain: Vec::new(),
            offset: Vec::new(),
            gain_bits,
            offset_bits: 1,
            logit_bits: 16,
            block: false,
            steps: 1,
            members: 1,
            margins: Vec::new(),
        },
        weights: Place::Luts,
        banks: [Place::BlockRam; 2],
    };
    let input = Input { count: shape.iter().product(), bits: 4, changes: false };
    let name = "worked".into();
    let (stages, family) = (Vec::new(), synfire::target::Family::default());
    Design {
        name,
        timesteps,
        input,
        stages,
        shared: Some(shared),
        trace: true,
        family,
        knobs: None,
    }
}

/// A job without gains, offsets and padding.
fn sum(window: [u32; 2], planes: u32, digits: u32, weights: &[&[i8]], then: Then) -> SumJob {
    SumJob {
        window,
        stride: [1, 1],
        padding: [0, 0],
        planes,
        weights: weights.concat(),
        sums: Sums::Each,
        slices: 1,
        products: false,
        gain: vec![1; weights.len()],
        offset: vec![0; weights.len()],
        shift: 0,
        digits,
        add: None,
        leak: None,
        theta: Vec::new(),
        then,
    }
}

fn neurons(name: &str, sign: &[i8], threshold: &[i64]) -> Neurons {
    let bias = vec![0; sign.len()];
    Neurons { name: name.into(), kind: 0, sign: sign.into(), bias, threshold: threshold.into() }
}

fn finish(mut design: Design, jobs: Vec<(&str, Source, Work, [u32; 3])>) -> Design {
    let shared = design.shared.as_mut().unwrap();
    let classes = jobs.last().unwrap().3[0] as usize;
    (shared.readout.gain, shared.readout.offset) = (vec![1; classes], vec![0; classes]);
    let job = |(name, source, work, out): (&str, _, _, _)| Job {
        before: false,
        own: None,
        name: name.to_owned(),
        source,
        work,
        out,
    };
    shared.jobs = jobs.into_iter().map(job).collect();
    design
}

fn boxed(sum: SumJob) -> Work {
    Work::Sum(Box::new(sum))
}

/// The example of docs/shared.md: levels, two groups, an OR, and a readout that lets the tail
/// wait.
pub(crate) fn page() -> Design {
    let mut d = design(2, (2, 2), [1, 2, 2], 4);
    let shared = d.shared.as_mut().unwrap();
    shared.trains = vec![
        TrainMap { shape: [3, 1, 2], halo: 0, base: 0 },
        TrainMap { shape: [3, 1, 1], halo: 0, base: 4 },
    ];
    let fire = Some((neurons("lif", &[1, 1, -1], &[3, 3, 5]), 0));
    let then = Then::Maps { keep: None, fire };
    let conv = sum([2, 1], 1, 1, &[&[1, 1], &[1, -1], &[-1, 1]], then);
    let pool = Work::Or { window: [1, 2], stride: [1, 2], to: 1 };
    let head = sum([1, 1], 2, 2, &[&[1, 0, 0], &[0, 1, 0], &[1, 1, -2]], Then::Readout);
    let jobs = vec![
        ("conv", Source::Input, boxed(conv), [3, 1, 2]),
        ("pool", Source::Trains(0), pool, [3, 1, 1]),
        ("head", Source::Trains(1), boxed(head), [3, 1, 1]),
    ];
    finish(d, jobs)
}

/// The example, its first layer's currents with a leak of one half.
pub(crate) fn leaky() -> Design {
    let mut d = page();
    let shared = d.shared.as_mut().unwrap();
    shared.leaks = vec![Leak { num: 1, shift: 1, resets: None }];
    let Work::Sum(conv) = &mut shared.jobs[0].work else { unreachable!("conv is a sum job") };
    conv.leak = Some(0);
    d
}

/// The example of docs/line.md: a convolution whose currents are kept, one that adds them, and a
/// head whose one window sees all rows.
pub(crate) fn line() -> Design {
    let mut d = design(2, (2, 2), [1, 4, 1], 4);
    let shared = d.shared.as_mut().unwrap();
    shared.trains = vec![
        TrainMap { shape: [2, 3, 1], halo: 1, base: 0 },
        TrainMap { shape: [2, 3, 1], halo: 0, base: 15 },
    ];
    shared.currents = vec![CurrentMap { shape: [2, 3, 1], bank: Bank::A, base: 0 }];
    let fire = Some((neurons("lif1", &[1, 1], &[4, 6]), 0));
    let then = Then::Maps { keep: Some(0), fire };
    let conv = sum([2, 1], 1, 1, &[&[1, 1], &[1, -1]], then);
    let fire = Some((neurons("lif2", &[1, 1], &[9, 9]), 1));
    let then = Then::Maps { keep: None, fire };
    let deep = sum([3, 1], 1, 1, &[&[1; 6], &[-1; 6]], then);
    let deep = SumJob { padding: [1, 0], add: Some(0), ..deep };
    let head = sum([3, 1], 1, 1, &[&[1; 6], &[-1; 6]], Then::Readout);
    let jobs = vec![
        ("conv", Source::Input, boxed(conv), [2, 3, 1]),
        ("deep", Source::Trains(0), boxed(deep), [2, 3, 1]),
        ("head", Source::Trains(1), boxed(head), [2, 1, 1]),
    ];
    let mut design = finish(d, jobs);
    let own =
        Own { lanes: 2, acc_bits: 12, once_bits: 0, membrane_bits: 12, digit_bits: 12, ring: None };
    design.shared.iter_mut().flat_map(|s| &mut s.jobs).for_each(|job| job.own = Some(own));
    design
}

/// Currents that are kept, gathered and fire; products of three digits.
pub(crate) fn gather() -> Design {
    let mut d = design(2, (1, 1), [1, 2, 2], 1);
    let shared = d.shared.as_mut().unwrap();
    shared.trains = vec![TrainMap { shape: [1, 1, 2], halo: 0, base: 0 }];
    shared.currents = vec![CurrentMap { shape: [2, 2, 2], bank: Bank::A, base: 0 }];
    let mut stem = sum([1, 1], 1, 1, &[&[1], &[-1]], Then::Maps { keep: Some(0), fire: None });
    stem.offset = vec![0, 1];
    let gather = Gather { window: [2, 1], shift: 1, bits: 4 };
    let fire = Some((neurons("lif", &[1], &[3]), 0));
    let mid = sum([1, 1], 2, 3, &[&[1, -2]], Then::Maps { keep: None, fire });
    let head = sum([1, 2], 1, 1, &[&[1, 1], &[1, -1]], Then::Readout);
    let jobs = vec![
        ("stem", Source::Input, boxed(stem), [2, 2, 2]),
        ("mid", Source::Currents(0, gather), boxed(mid), [1, 1, 2]),
        ("head", Source::Trains(0), boxed(head), [2, 1, 1]),
    ];
    finish(d, jobs)
}

/// Nothing but a readout, with more classes than lanes, twice: the chain is taken so slowly that
/// a scan waits for it.
pub(crate) fn slow() -> Design {
    let weights: Vec<&[i8]> = vec![&[1]; 13];
    let head = sum([1, 1], 1, 1, &weights, Then::Readout);
    finish(design(1, (6, 2), [1, 1, 1], 4), vec![("head", Source::Input, boxed(head), [13, 1, 1])])
}

/// More and larger weights than 16 bits hold.
pub(crate) fn wide() -> Design {
    let mut d = design(2, (12, 4), [1, 6, 6], 1);
    let shared = d.shared.as_mut().unwrap();
    (shared.acc_bits, shared.digit_bits, shared.readout.input_bits) = (18, 18, 18);
    (shared.readout.logit_bits, shared.kinds[0].reset) = (18, Reset::Hard);
    shared.trains = vec![TrainMap { shape: [10, 6, 6], halo: 0, base: 0 }];
    let fire = Some((neurons("lif", &[1; 10], &[1; 10]), 0));
    let ones: [&[i8]; 10] = [&[1]; 10];
    let stem = sum([1, 1], 1, 1, &ones, Then::Maps { keep: None, fire });
    let signs: Vec<i8> = (0..360).map(|k| if k % 2 == 0 { 127 } else { -127 }).collect();
    let head = sum([6, 6], 8, 1, &[&[-128; 360], &[127; 360], &signs], Then::Readout);
    let jobs = vec![
        ("stem", Source::Input, boxed(stem), [10, 6, 6]),
        ("head", Source::Trains(0), boxed(head), [3, 1, 1]),
    ];
    finish(d, jobs)
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random designs with the shared mapping: small maps, few jobs, every combination. Widths
//! follow from exact intervals, so that nothing ever leaves its register.

use synfire::hw::shared::{
    Bank, CurrentMap, Gather, InputMap, Job, Leak, NeuronKind, Neurons, Resets, Shared, Source,
    SumJob, Sums, Then, TrainMap, Work,
};
use synfire::hw::{Design, Input, Place, ReadoutStage};
use synfire::ir::{Compare, Reset};

use super::rng::Rng;

/// An interval that values lie in.
#[derive(Debug, Clone, Copy)]
struct Range(i64, i64);

impl Range {
    fn or(self, other: Self) -> Self {
        Self(self.0.min(other.0), self.1.max(other.1))
    }

    fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }

    /// Values times a constant.
    fn times(self, k: i64) -> Self {
        Self((self.0 * k).min(self.1 * k), (self.0 * k).max(self.1 * k))
    }

    /// Values after a function that never falls.
    fn map(self, f: impl Fn(i64) -> i64) -> Self {
        Self(f(self.0), f(self.1))
    }

    /// The largest distance from zero.
    fn largest(self) -> i64 {
        self.0.abs().max(self.1.abs())
    }

    /// Bits, sign included.
    fn bits(self) -> u32 {
        (1..64).find(|b| -1i64 << (b - 1) <= self.0 && self.1 < 1i64 << (b - 1)).unwrap()
    }
}

/// A map of currents while the jobs are drawn.
struct Current {
    map: CurrentMap,
    range: Range,
    written: usize,
    read: usize,
}

/// A design in the making.
struct Draft {
    rng: Rng,
    /// Draws what integrates, beside what is drawn without.
    leaks: Rng,
    timesteps: u32,
    /// Most output channels of a layer.
    channels: usize,
    shared: Shared,
    currents: Vec<Current>,
    /// Of p, job by job.
    products: Vec<Range>,
    accumulators: Vec<Range>,
    /// Draws which jobs have one sum for all timesteps.
    once: Rng,
    membranes: Range,
}

/// The design of a seed, with up to four jobs.
pub fn design(seed: u64) -> Design {
    chunked(seed, 1)
}

/// The design of a seed, with so many chunks of timesteps, or as many as there may be.
pub fn chunked(seed: u64, chunks: u32) -> Design {
    drawn(seed, chunks, 10)
}

/// The same with many channels.
pub fn wide(seed: u64) -> Design {
    drawn(seed, 1, 100)
}

fn drawn(seed: u64, chunks: u32, channels: usize) -> Design {
    let mut rng = Rng(seed);
    let width = rng.pick(&[1, 2, 3, 4, 5, 9, 17, 32]);
    let timesteps = width * chunks.min(128 / width);
    let pack = rng.pick(&[1, 2, 4, 4, 8]);
    let shape = [1 + rng.below(3), 2 + rng.below(5), 2 + rng.below(5)].map(|n| n as u32);
    // In every third design spikes come and go.
    let trains = seed % 3 == 1;
    let bits = 1 + rng.below(8) as u32;
    let bits = if trains { width } else { bits };
    // One kind of neurons, or two.
    let count = 1 + rng.below(2);
    let kind = |_| {
        let (leak_num, leak_shift) = rng.pick(&[(1, 0), (0, 0), (1, 1), (3, 2), (230, 8)]);
        let reset = rng.pick(&[Reset::Soft, Reset::SoftDelayed, Reset::Hard, Reset::None]);
        let compare = rng.pick(&[Compare::AtLeast, Compare::Above]);
        NeuronKind { leak_num, leak_shift, reset, compare }
    };
    let kinds: Vec<NeuronKind> = (0..count).map(kind).collect();
    // In one of three currents leak: in one way, or in two.
    let mut own = Rng(seed ^ 0x6c65_616b);
    let leaks = own.pick(&[0, 0, 0, 0, 1, 2, 2]);
    // Without a leak sums grow with the timesteps.
    let slow = if timesteps <= 16 { (1, 0) } else { (1, 2) };
    // In one of two what leaks resets as well.
    let mut drawn = Rng(seed ^ 0x7265_7365);
    let mut reset = || {
        let reset = drawn.pick(&[Reset::Soft, Reset::SoftDelayed, Reset::Hard, Reset::None]);
        let compare = drawn.pick(&[Compare::AtLeast, Compare::Above]);
        let after = drawn.one_in(2) && reset != Reset::SoftDelayed;
        (reset != Reset::None).then_some(Resets { reset, compare, after })
    };
    let leak = |_| {
        let (num, shift) = own.pick(&[slow, (0, 0), (1, 1), (3, 2), (230, 8)]);
        Leak { num, shift, resets: reset() }
    };
    let leaks: Vec<Leak> = (0..leaks).map(leak).collect();
    let shared = Shared {
        width,
        lanes: pack * (1 + rng.below(3) as u32),
        pack,
        acc_bits: 0,
        once_bits: 0,
        digit_bits: 0,
        current_bits: 0,
        membrane_bits: 0,
        last: rng.one_in(4),
        kinds,
        leaks,
        frac: rng.below(4) as u32,
        input: InputMap { shape, halo: 0, bits, pack: 1, trains },
        trains: Vec::new(),
        currents: Vec::new(),
        jobs: Vec::new(),
        readout: ReadoutStage {
            name: "readout".into(),
            input_bits: 1,
            gain: Vec::new(),
            offset: Vec::new(),
            gain_bits: 1 + rng.below(10) as u32,
            offset_bits: 1,
            logit_bits: 1,
            block: false,
            steps: 1,
            members: 1,
            margins: Vec::new(),
        },
        banks: [Place::BlockRam; 2],
        weights: Place::BlockRam,
    };
    let zero = Range(0, 0);
    let mut draft = Draft {
        rng,
        leaks: own,
        timesteps,
        channels,
        shared,
        currents: Vec::new(),
        products: Vec::new(),
        accumulators: Vec::new(),
        once: Rng(seed ^ 0x6f6e_6365),
        membranes: zero,
    };
    let before = 1 + draft.rng.below(3);
    for k in 0..before {
        // Something fires.
        draft.layer(k + 1 == before && draft.shared.trains.is_empty());
    }
    draft.readout();
    draft.finish(seed)
}

/// An input for a design: about half of the levels are zero, three in four of spikes.
pub fn input(design: &Design, seed: u64) -> Vec<u8> {
    let mut rng = Rng(seed ^ 0x1297_3354);
    let level = |_| if rng.one_in(2) { 0 } else { rng.below(1 << design.input.bits) as u8 };
    (0..design.input_values()).map(level).collect()
}

impl Draft {
    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.rng.below((high - low + 1) as usize) as i64
    }

    /// A source, what is read of it, and the interval of its values.
    fn source(&mut self, whole: bool) -> (Source, [u32; 3], Range) {
        let (trains, currents) = (self.shared.trains.len(), self.currents.len());
        let all = trains + trains + currents + 1;
        let mut pick = self.rng.below(if whole || trains == 0 { all } else { all - 1 });
        if pick < 2 * trains {
            pick /= 2;
            return (Source::Trains(pick), self.shared.trains[pick].shape, Range(0, 1));
        }
        pick -= 2 * trains;
        if pick == currents {
            let input = &self.shared.input;
            return (Source::Input, input.shape, Range(0, input.largest().into()));
        }
        let ([c, h, w], range) = (self.currents[pick].map.shape, self.currents[pick].range);
        let mut some =
            |n: u32| if whole { n } else { 1 + self.rng.below(n.min(3) as usize) as u32 };
        let window = [some(h), some(w)];
        let shift = self.rng.below(5) as u32;
        let half = if shift > 0 { 1 << (shift - 1) } else { 0 };
        let sum = range.times((window[0] * window[1]).into());
        let range = sum.map(|v| (v + half) >> shift).or(Range(0, 0));
        let gather = Gather { window, shift, bits: range.bits() };
        self.currents[pick].read = self.shared.jobs.len();
        (Source::Currents(pick, gather), [c, h / window[0], w / window[1]], range)
    }

    /// Window, stride, padding and extent along one dimension.
    fn geometry(&mut self, extent: u32, source: Source) -> [u32; 4] {
        if matches!(source, Source::Currents(..)) {
            return [1, 1, 0, extent];
        }
        if self.rng.one_in(2) {
            let padding = self.rng.below(2) as u32;
            return [2 * padding + 1, 1, padding, extent];
        }
        let padding = self.rng.below(3) as u32;
        let window = 1 + self.rng.below((extent + 2 * padding).min(4) as usize) as u32;
        let padding = padding.min(window - 1);
        let stride = 1 + self.rng.below(3) as u32;
        [window, stride, padding, (extent + 2 * padding - window) / stride + 1]
    }

    /// A layer that is not the last.
    fn layer(&mut self, must_fire: bool) {
        let maps = self.shared.trains.len();
        if !must_fire && maps > 0 && self.rng.one_in(4) {
            return self.or(maps);
        }
        let (source, [from, h, w], range) = self.source(false);
        let [rows, columns] = [self.geometry(h, source), self.geometry(w, source)];
        let mut out = [1 + self.rng.below(self.channels) as u32, rows[3], columns[3]];
        let reads_current = matches!(source, Source::Currents(..));
        // A map of the same places is added: then there are as many channels, too.
        let fits = |c: &Current| c.map.shape[1..] == out[1..];
        let add = self.currents.iter().position(fits).filter(|_| !reads_current);
        let add = add.filter(|_| !self.rng.one_in(4));
        let mut taken = None;
        if let Some(m) = add {
            out[0] = self.currents[m].map.shape[0];
            self.currents[m].read = self.shared.jobs.len();
            taken = Some(self.currents[m].map.bank);
        }
        if let Source::Currents(m, _) = source {
            taken = Some(self.currents[m].map.bank);
        }
        let added = add.map(|m| self.currents[m].range);
        let (mut sum, mut h) =
            self.sum((source, from, range), [rows, columns], out, (added, Sums::Each));
        sum.add = add;
        self.integrate(&mut sum, &mut h);
        let what = if must_fire { self.rng.below(2) } else { self.rng.below(3) };
        let keep = (what > 0).then(|| self.keep(out, taken, &h));
        let fire = (what < 2).then(|| self.fire(out, &h));
        sum.then = Then::Maps { keep, fire };
        self.push(source, Work::Sum(Box::new(sum)), out);
    }

    fn push(&mut self, source: Source, work: Work, out: [u32; 3]) {
        let name = format!("job{}", self.shared.jobs.len());
        self.shared.jobs.push(Job { name, source, before: false, own: None, work, out });
    }

    fn or(&mut self, maps: usize) {
        let from = self.rng.below(maps);
        let [c, h, w] = self.shared.trains[from].shape;
        let mut along = |extent: u32| {
            let window = 1 + self.rng.below(extent.min(3) as usize) as u32;
            let stride = 1 + self.rng.below(2) as u32;
            [window, stride, (extent - window) / stride + 1]
        };
        let [rows, columns] = [along(h), along(w)];
        let out = [c, rows[2], columns[2]];
        self.shared.trains.push(TrainMap { shape: out, halo: 0, base: 0 });
        let (window, stride) = ([rows[0], columns[0]], [rows[1], columns[1]]);
        self.products.push(Range(0, 0));
        self.accumulators.push(Range(0, 0));
        self.push(Source::Trains(from), Work::Or { window, stride, to: maps }, out);
    }

    /// Weights, gains and offsets; the intervals of h, channel by channel.
    fn sum(
        &mut self,
        (source, from, operand): (Source, u32, Range),
        [rows, columns]: [[u32; 4]; 2],
        out: [u32; 3],
        (added, sums): (Option<Range>, Sums),
    ) -> (SumJob, Vec<Range>) {
        let planes = if self.rng.one_in(2) { 1 } else { 2 + self.rng.below(7) as u32 };
        let elements = (rows[0] * columns[0] * from) as usize;
        let limit = 1i64 << (planes - 1);
        let mut weight = |_| match planes {
            1 => self.rng.pick(&[-1i8, 1]),
            _ => (self.rng.below(2 * limit as usize) as i64 - limit) as i8,
        };
        let weights: Vec<i8> = (0..elements * out[0] as usize).map(&mut weight).collect();
        let product =
            |w: &[i8]| w.iter().fold(Range(0, 0), |sum, w| sum.plus(operand.times(i64::from(*w))));
        let products: Vec<Range> = weights.chunks(elements).map(product).collect();
        let all = products.iter().fold(Range(0, 0), |all, p| all.or(*p));
        let mut accumulators = all;
        if planes == 1 {
            accumulators = accumulators.or(operand.times(elements as i64));
        }
        // The sums of all timesteps together lose nothing before the readout adds them up.
        let times = if sums == Sums::Total { i64::from(self.shared.width) } else { 1 };
        self.accumulators.push(accumulators.times(times));
        self.products.push(all.times(times));
        let shift = self.rng.below(9) as u32;
        let shift = if sums == Sums::Total { 0 } else { shift };
        let reach = self.between(20, 500) << shift;
        let (mut gain, mut offset, mut h) = (Vec::new(), Vec::new(), Vec::new());
        for p in products {
            let most = (reach / p.largest().max(1)).max(1);
            let (g, o) = (self.between(-most, most), self.between(-reach / 4, reach / 4));
            let y = p.times(g).map(|v| (v + o) >> shift);
            let sum = added.map_or(y, |r| y.plus(r));
            let all = p.times(times).times(g).plus(Range(o, o));
            self.membranes = self.membranes.or(y).or(sum);
            if sums == Sums::Total {
                self.membranes = self.membranes.or(all);
            }
            h.push(sum);
            gain.push(g);
            offset.push(o);
        }
        let fits = self.shared.lanes.is_multiple_of(2) && out[0] <= self.shared.lanes / 2;
        let slices = if fits && !self.rng.one_in(4) { 2 } else { 1 };
        let (window, stride, padding) =
            ([rows[0], columns[0]], [rows[1], columns[1]], [rows[2], columns[2]]);
        let halo = padding[0].max(padding[1]);
        match source {
            Source::Input => self.shared.input.halo = self.shared.input.halo.max(halo),
            Source::Trains(m) => {
                let map = &mut self.shared.trains[m];
                map.halo = map.halo.max(halo);
            }
            Source::Currents(..) => {}
        }
        let then = Then::Readout;
        let (add, digits) = (None, 1);
        let sum = SumJob {
            window,
            stride,
            padding,
            planes,
            weights,
            sums,
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
        };
        (sum, h)
    }

    /// Has the results integrate in one of two jobs; their intervals become those of all timesteps.
    fn integrate(&mut self, sum: &mut SumJob, h: &mut [Range]) {
        if self.shared.leaks.is_empty() || self.leaks.one_in(2) {
            return;
        }
        let which = self.leaks.below(self.shared.leaks.len());
        let Leak { num, shift, resets } = self.shared.leaks[which];
        let of_all = |current: &Range, theta: i64| {
            // Nearer to 0 than without a reset, but for one that comes after the leak.
            let taken = Range(-theta, 0);
            let next =
                |u: Range| u.map(|u| (u * i64::from(num)) >> shift).plus(taken).plus(*current);
            let steps = std::iter::successors(Some(*current), |u| Some(next(*u)));
            steps.take(self.timesteps as usize).fold(current.or(taken), Range::or)
        };
        let mut thetas = Rng(self.timesteps.into());
        let theta = |x: &Range| 1 + thetas.below(x.1.clamp(1, 1 << 12) as usize) as i64;
        let theta: Vec<i64> =
            if resets.is_some() { h.iter().map(theta).collect() } else { Vec::new() };
        let each = h.iter().enumerate().map(|(c, x)| of_all(x, theta.get(c).copied().unwrap_or(0)));
        let all: Vec<Range> = each.collect();
        // Sums of these over all timesteps stay within a logit.
        if all.iter().any(|x| x.largest() * i64::from(self.timesteps) > 1 << 16) {
            return;
        }
        h.copy_from_slice(&all);
        self.membranes = all.iter().fold(self.membranes, |m, x| m.or(*x));
        let least = theta.iter().max().copied().unwrap_or(0);
        self.membranes = self.membranes.or(self.membranes.plus(Range(-least, least)));
        (sum.leak, sum.theta) = (Some(which), theta);
    }

    /// A map of currents in another bank than the one that is read.
    fn keep(&mut self, shape: [u32; 3], taken: Option<Bank>, h: &[Range]) -> usize {
        let bank = match taken {
            Some(Bank::A) => Bank::B,
            Some(Bank::B) => Bank::A,
            None => self.rng.pick(&[Bank::A, Bank::B]),
        };
        let range = h.iter().fold(Range(0, 0), |all, h| all.or(*h));
        let map = CurrentMap { shape, bank, base: 0 };
        let written = self.shared.jobs.len();
        self.currents.push(Current { map, range, written, read: written });
        self.currents.len() - 1
    }

    fn fire(&mut self, shape: [u32; 3], h: &[Range]) -> (Neurons, usize) {
        let name = format!("lif{}", self.shared.jobs.len());
        let kind = self.rng.below(self.shared.kinds.len());
        let mut n =
            Neurons { name, kind, sign: Vec::new(), bias: Vec::new(), threshold: Vec::new() };
        for h in h {
            let h = &h.times(1 << self.shared.frac);
            let most = h.largest().max(2);
            let sign = if self.rng.one_in(8) { 0 } else { self.rng.pick(&[-1i8, 1, 1]) };
            let (bias, theta) = (self.between(-most / 4, most / 4), self.between(1, most / 2));
            self.membranes = self.membranes.or(*h).or(Range(bias, theta)).or(Range(0, bias));
            self.neuron(kind, h.times(sign.into()).plus(Range(bias, bias)), theta);
            n.sign.push(sign);
            n.bias.push(bias);
            n.threshold.push(theta);
        }
        self.shared.trains.push(TrainMap { shape, halo: 0, base: 0 });
        (n, self.shared.trains.len() - 1)
    }

    /// Follows the membrane of a neuron with these currents.
    fn neuron(&mut self, kind: usize, current: Range, theta: i64) {
        let kind = self.shared.kinds[kind];
        let (num, shift) = (i64::from(kind.leak_num), kind.leak_shift);
        let leak = |r: Range| r.map(|v| (v * num) >> shift);
        let mut v = Range(0, 0);
        for _ in 0..self.timesteps {
            let u = v.plus(current);
            let below = (u.0 <= theta).then(|| Range(u.0, u.1.min(theta)));
            let above = (u.1 >= theta).then(|| Range(u.0.max(theta), u.1));
            let reset = |r: Range| match kind.reset {
                Reset::Soft => leak(r.plus(Range(-theta, -theta))),
                Reset::SoftDelayed => leak(r).plus(Range(-theta, -theta)),
                Reset::Hard => Range(0, 0),
                Reset::None => leak(r),
                Reset::HardDelayed => unreachable!("hardware does not have it"),
            };
            let next: Vec<Range> = below.map(leak).into_iter().chain(above.map(reset)).collect();
            v = next.into_iter().reduce(Range::or).unwrap();
            self.membranes = self.membranes.or(u).or(v).or(leak(u));
        }
    }

    fn readout(&mut self) {
        let (source, [from, h, w], range) = self.source(true);
        let [rows, columns] = match source {
            Source::Currents(..) => [[1, 1, 0, 1]; 2],
            _ => [[h, 1, 0, 1], [w, 1, 0, 1]],
        };
        let out = [1 + self.rng.below(6) as u32, 1, 1];
        let adds_up = matches!(source, Source::Trains(_)) && !self.shared.last;
        let draws = self.shared.width > 1 && self.once.one_in(2);
        let sums = if adds_up && draws { Sums::Total } else { Sums::Each };
        let (mut sum, mut h) = self.sum((source, from, range), [rows, columns], out, (None, sums));
        if sums != Sums::Total {
            self.integrate(&mut sum, &mut h);
        }
        let (mut sums, mut offsets, mut logits) = (Range(0, 0), Range(0, 0), Range(0, 0));
        for h in h {
            let times = if self.shared.last { 1 } else { self.timesteps };
            let total = h.times(times.into());
            let gain = self.between(0, (1 << self.shared.readout.gain_bits) - 1);
            let offset = self.between(-1000, 1000);
            sums = sums.or(total);
            offsets = offsets.or(Range(offset, offset));
            logits = logits.or(total.times(gain).plus(Range(offset, offset)));
            self.shared.readout.gain.push(gain);
            self.shared.readout.offset.push(offset);
        }
        let readout = &mut self.shared.readout;
        readout.input_bits = sums.bits();
        readout.offset_bits = offsets.bits();
        readout.logit_bits = logits.bits();
        assert!(readout.logit_bits <= 32);
        self.push(source, Work::Sum(Box::new(sum)), out);
    }

    /// Of jobs that see what is held, one in two has one sum for all timesteps.
    fn hold(&mut self) {
        let mut held = vec![false; self.currents.len()];
        for job in &mut self.shared.jobs {
            let Work::Sum(sum) = &mut job.work else { continue };
            let is_held = match job.source {
                Source::Input => !self.shared.input.trains,
                Source::Trains(_) => false,
                Source::Currents(m, _) => held[m],
            };
            if let Then::Maps { keep: Some(m), .. } = sum.then {
                held[m] = is_held && sum.leak.is_none() && sum.add.is_none_or(|m| held[m]);
            }
            if is_held && self.shared.width > 1 && self.once.one_in(2) {
                sum.sums = Sums::Held;
            }
        }
    }

    /// Of the accumulators.
    fn widths(&mut self) {
        let bits = |once: bool| {
            let of = |(job, range): (&Job, &Range)| match &job.work {
                Work::Sum(sum) if (sum.sums != Sums::Each) == once => range.bits(),
                _ => 0,
            };
            self.shared.jobs.iter().zip(&self.accumulators).map(of).max().unwrap_or(0)
        };
        let (each, once) = (bits(false), bits(true));
        self.shared.acc_bits = each.max(once.div_ceil(self.shared.width)).max(1);
        self.shared.once_bits = once;
    }

    /// Widths, and where the maps lie.
    fn finish(mut self, seed: u64) -> Design {
        self.hold();
        self.widths();
        self.shared.membrane_bits = self.membranes.bits();
        let kept = self.currents.iter().fold(Range(0, 0), |all, c| all.or(c.range));
        self.shared.current_bits = kept.bits();
        let widest = self.products.iter().map(|p| p.bits()).max().unwrap();
        let digit_bits = self.between(widest.div_ceil(3).into(), widest.into()) as u32;
        self.shared.digit_bits = digit_bits;
        for (job, product) in self.shared.jobs.iter_mut().zip(&self.products) {
            if let Work::Sum(sum) = &mut job.work {
                sum.digits = product.bits().div_ceil(digit_bits);
                sum.digits += u32::from(sum.digits < 3 && self.rng.one_in(4));
                // What the digits leave of the shift is a multiple of four.
                let taken = (sum.digits - 1) * digit_bits;
                let shift = taken + sum.shift.saturating_sub(taken).next_multiple_of(4);
                let more = shift - sum.shift;
                sum.gain.iter_mut().chain(&mut sum.offset).for_each(|v| *v <<= more);
                sum.shift = shift;
            }
        }
        if self.rng.one_in(4) {
            self.shared.input.halo += 1;
        }
        let mut base = 0;
        for map in &mut self.shared.trains {
            map.halo += u32::from(self.rng.one_in(4));
            map.base = base + self.rng.below(3) as u32;
            base = map.base + map.depth(self.shared.pack);
        }
        // A map may lie where others lay that nobody reads any more.
        for m in 0..self.currents.len() {
            let Current { map, written, .. } = &self.currents[m];
            let same = |c: &&Current| c.map.bank == map.bank;
            let before = || self.currents[..m].iter().filter(same);
            let dead = before().all(|c| c.read < *written);
            let end = before().map(|c| c.map.base + c.map.depth(self.shared.width)).max();
            let base = if dead { 0 } else { end.unwrap_or(0) };
            self.currents[m].map.base = base;
        }
        self.shared.currents = self.currents.into_iter().map(|c| c.map).collect();
        Design {
            family: synfire::target::Family::default(),
            name: format!("shared{seed}"),
            timesteps: self.timesteps,
            input: Input {
                count: self.shared.input.shape.iter().product(),
                bits: if self.shared.input.trains { 1 } else { self.shared.input.bits },
                changes: self.shared.input.trains,
            },
            stages: Vec::new(),
            shared: Some(self.shared),
            trace: true,
            knobs: None,
        }
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The chain of stages: who takes what when.

use super::dense::{Dense, Tables};
use super::log::Log;
use super::neuron;
use super::probe::{Probe, Step};
use crate::hw::{Kept, LifStage, PlanesStage, ReadoutStage, Stage};

/// A stage during one inference.
pub(super) enum StageState<'d> {
    Dense(Dense<'d>),
    Planes(Planes<'d>),
    Lif(Lif<'d>),
    Count,
    Readout(Readout<'d>),
}

impl<'d> StageState<'d> {
    pub(super) fn new(
        index: usize,
        stage: &'d Stage,
        tables: Option<&'d Tables>,
        kept: &'d Kept,
    ) -> Self {
        match (stage, tables) {
            (Stage::Dense(d), Some(tables)) => Self::Dense(Dense::new(index, d, tables, kept)),
            (Stage::Planes(p), _) => Self::Planes(Planes::new(index, p)),
            (Stage::Lif(l), _) => Self::Lif(Lif::new(index, l, kept)),
            (Stage::Readout(r), _) => Self::Readout(Readout::new(r, kept)),
            (Stage::Count(_) | Stage::Dense(_), _) => Self::Count,
        }
    }
}

/// Offers the inputs one after another, each after its gap; returns the cycle in which the last
/// one is taken. The first `header` bytes say what is left out; no stage sees them.
pub(super) fn offer(
    stages: &mut [StageState<'_>],
    input: &[u8],
    header: usize,
    gaps: &[u8],
    log: &mut Log<'_, impl Probe>,
) -> u64 {
    if let ([StageState::Dense(dense), rest @ ..], [], 0) = (&mut *stages, gaps, header) {
        dense.keep_all(input, log);
        let last = (input.len() as u64).saturating_sub(1);
        dense.run(rest, last, log);
        return last;
    }
    let mut cycle = 0;
    for (i, &level) in input.iter().enumerate() {
        if i > 0 {
            cycle += 1 + u64::from(gaps.get(i).copied().unwrap_or(0));
        }
        log.probe.input(i, cycle);
        if i >= header {
            push(stages, i64::from(level), cycle, log);
        }
    }
    cycle
}

/// Hands `value` to the first stage, which sees it as valid from cycle `valid` on;
/// returns the cycle in which it is taken.
pub(super) fn push(
    stages: &mut [StageState<'_>],
    value: i64,
    valid: u64,
    log: &mut Log<'_, impl Probe>,
) -> u64 {
    let Some((first, rest)) = stages.split_first_mut() else { return valid };
    match first {
        StageState::Dense(dense) => {
            // Most values are only kept.
            let taken = valid.max(dense.open);
            if dense.keep(value, taken, log) {
                dense.run(rest, taken, log);
            }
            taken
        }
        StageState::Planes(planes) => planes.take(rest, value, valid, log),
        StageState::Lif(lif) => lif.take(rest, value, valid, log),
        StageState::Count => push(rest, i64::from(value.count_ones()), valid, log),
        StageState::Readout(readout) => readout.take(value, valid, log.probe, &mut log.stop),
    }
}

/// `sf_planes`: a plane a cycle, the highest one first; none while a sum waits.
pub(super) struct Planes<'d> {
    index: usize,
    stage: &'d PlanesStage,
    /// Planes of the sum so far, and what they come to.
    taken: u32,
    sum: i64,
    /// First cycle in which the next plane can be taken.
    free: u64,
}

impl<'d> Planes<'d> {
    fn new(index: usize, stage: &'d PlanesStage) -> Self {
        Self { index, stage, taken: 0, sum: 0, free: 0 }
    }

    fn take(
        &mut self,
        rest: &mut [StageState<'_>],
        value: i64,
        valid: u64,
        log: &mut Log<'_, impl Probe>,
    ) -> u64 {
        let accepted = valid.max(self.free);
        // The highest bit of two's complement counts negative.
        self.sum = if self.taken == 0 { -value } else { 2 * self.sum + value };
        self.taken += 1;
        self.free = accepted + 1;
        if self.taken == self.stage.planes {
            self.free = push(rest, self.sum, accepted + 1, log) + 1;
            self.taken = 0;
            log.count(self.index, accepted, |c| c.results += 1);
        }
        accepted
    }
}

/// `sf_lif`: one timestep a cycle; an input is taken while the one before has its last step.
pub(super) struct Lif<'d> {
    index: usize,
    stage: &'d LifStage,
    kept: &'d Kept,
    /// Neurons so far; which one is at work.
    count: u32,
    neuron: u32,
    timestep: u32,
    /// The membrane after leak and reset.
    state: i64,
    train: u32,
    /// The trains of all neurons, where they are known before their cycles are.
    foreseen: Vec<u32>,
    /// Cycle of the last step with the input before.
    free: u64,
    /// Cycle in which the last train was taken.
    train_taken: u64,
}

impl<'d> Lif<'d> {
    fn new(index: usize, stage: &'d LifStage, kept: &'d Kept) -> Self {
        let (foreseen, neuron) = (Vec::new(), stage.neuron(kept, 0));
        let (timestep, state, train, count) = (0, 0, 0, 0);
        let (free, train_taken) = (0, 0);
        Self {
            index,
            stage,
            kept,
            count,
            neuron,
            timestep,
            state,
            train,
            foreseen,
            free,
            train_taken,
        }
    }

    /// Timesteps that run.
    fn running(&self) -> u32 {
        if self.stage.knobs { self.kept.timesteps } else { self.stage.timesteps }
    }

    /// All inputs of the layer, which are about to come one after the other. What a neuron does
    /// with one that is held does not depend on when it comes: all neurons are computed at once.
    pub(super) fn foresee(&mut self, inputs: &[i64]) {
        if self.stage.hold {
            self.foreseen = neuron::trains(self.stage, 0, inputs);
        }
    }

    fn take(
        &mut self,
        rest: &mut [StageState<'_>],
        value: i64,
        valid: u64,
        log: &mut Log<'_, impl Probe>,
    ) -> u64 {
        let accepted = valid.max(self.free);
        let (first, running) = (self.timestep, self.running());
        // One that is held is seen by the timesteps that run; of others each takes its cycle.
        let timesteps = if self.stage.hold { running } else { self.stage.timesteps };
        if self.stage.hold {
            let known = self.foreseen.get(self.neuron as usize).copied();
            self.train = known.unwrap_or_else(|| self.held(value)) & ones(running);
            self.timestep = timesteps;
        } else {
            self.train |= u32::from(first < running && self.step(value)) << first;
            self.timestep += 1;
        }
        let steps = self.timestep - first;
        let (is_last, mut cycle) = (self.timestep == timesteps, accepted + u64::from(steps));
        if is_last {
            // The last step needs the place of the train before.
            cycle = cycle.max(self.train_taken);
        }
        // All at once, where none of them comes too late.
        let at_once = log.stop == u64::MAX;
        if at_once {
            let counts = &mut log.activity.stages[self.index];
            counts.steps += u64::from(self.timestep.min(running).saturating_sub(first));
            counts.spikes += u64::from((self.train >> first).count_ones());
        }
        for timestep in first..self.timestep.min(running) {
            let is_now = timestep + 1 == self.timestep;
            let cycle = if is_now { cycle } else { accepted + u64::from(timestep - first) + 1 };
            let fires = self.train >> timestep & 1 == 1;
            let step = Step { cycle, stage: self.index, neuron: self.neuron, timestep, fires };
            log.step(step, !at_once);
        }
        if is_last {
            log.count(self.index, cycle, |c| c.results += 1);
            self.train_taken = push(rest, i64::from(self.train), cycle + 1, log);
            self.count += 1;
            self.neuron = self.stage.neuron(self.kept, self.count);
            (self.timestep, self.state, self.train) = (0, 0, 0);
        }
        self.free = cycle;
        accepted
    }

    /// What a neuron fires that nobody has foreseen.
    fn held(&self, value: i64) -> u32 {
        let trains = neuron::trains(self.stage, self.neuron as usize, &[value]);
        trains.first().copied().unwrap_or_default()
    }

    /// One timestep with an input of its own; does the neuron fire?
    fn step(&mut self, value: i64) -> bool {
        let (stage, neuron) = (self.stage, self.neuron as usize);
        let u = self.state + (value << stage.frac) + stage.bias[neuron];
        let theta = stage.threshold[neuron];
        let fires = neuron::fires(stage.compare, u, theta);
        self.state =
            neuron::after(stage.reset, u, theta, fires, (stage.leak_num, stage.leak_shift));
        fires
    }
}

/// The lowest bits of a train.
fn ones(timesteps: u32) -> u32 {
    u32::MAX >> (u32::BITS - timesteps.clamp(1, u32::BITS))
}

/// `sf_readout`: GW + 3 cycles a class, four bytes a logit, the class at the end. The sums of
/// members come one after the other.
pub(super) struct Readout<'d> {
    stage: &'d ReadoutStage,
    /// Timesteps that run.
    timesteps: u32,
    /// Members whose sums come, and whether those that come later may be left out.
    members: Vec<u32>,
    may_stop: bool,
    /// Sums of the members so far, and the next class.
    sums: Vec<i64>,
    next: usize,
    /// Members that are done, and whether no more of them come.
    ran: u32,
    over: bool,
    logits: Vec<i32>,
    class: u8,
    /// First cycle in which the next input can be taken; the one in which the last byte was sent.
    ready: u64,
    done: u64,
}

impl<'d> Readout<'d> {
    /// Of what is kept of the members whose sums come.
    pub(super) fn new(stage: &'d ReadoutStage, kept: &Kept) -> Self {
        let all = if stage.members > 1 { kept.members.clone() } else { vec![0] };
        Self {
            stage,
            timesteps: if stage.steps > 1 { kept.timesteps } else { 1 },
            members: all,
            may_stop: kept.may_stop,
            sums: vec![0; stage.gain.len()],
            next: 0,
            ran: 0,
            over: false,
            logits: Vec::new(),
            class: 0,
            ready: 0,
            done: 0,
        }
    }

    /// Takes a sum that is valid from cycle `valid` on; returns the cycle in which it is taken. If it
    /// settles the class, `stop` is the cycle in which whatever else is at work is reset.
    pub(super) fn take(
        &mut self,
        value: i64,
        valid: u64,
        probe: &mut impl Probe,
        stop: &mut u64,
    ) -> u64 {
        let accepted = valid.max(self.ready);
        if self.over {
            // Sums of members that are left out wait as those of the others did.
            self.ready = self.computed(accepted) + 1;
            return accepted;
        }
        let (c, classes) = (self.next, self.stage.gain.len());
        let (last_class, last_member) =
            (c + 1 == classes, self.ran as usize + 1 == self.members.len());
        self.next = if last_class { 0 } else { c + 1 };
        self.sums[c] += value;
        let every = !self.stage.margins.is_empty();
        if every || last_member {
            self.logit(c, accepted, probe);
        } else {
            self.ready = accepted + 2;
        }
        if last_class {
            self.ran += 1;
            self.over = last_member;
            if every {
                self.decide(last_member, probe, stop);
            }
        }
        accepted
    }

    /// The logit of a class whose sum was taken in this cycle: handed over, and sent if no others
    /// of it come.
    fn logit(&mut self, c: usize, accepted: u64, probe: &mut impl Probe) {
        let offset = self.stage.offset[c] / i64::from(self.stage.steps) * i64::from(self.timesteps);
        let logit = (self.sums[c] * self.stage.gain[c] + offset) as i32;
        if c == 0 {
            self.logits.clear();
            self.class = 0;
        }
        self.logits.push(logit);
        if logit > self.logits[usize::from(self.class)] {
            self.class = c as u8;
        }
        let computed = self.computed(accepted);
        if !self.stage.margins.is_empty() {
            self.ready = computed + 1;
            return;
        }
        let send = computed.max(self.done);
        let last = self.logits.len() == self.stage.gain.len();
        for (k, byte) in
            logit.to_le_bytes().into_iter().chain(last.then_some(self.class)).enumerate()
        {
            probe.output(byte, send + 1 + k as u64);
        }
        self.ready = send + 1;
        self.done = send + 5;
    }

    /// Cycle in which the logit of a sum taken in this one is there.
    fn computed(&self, accepted: u64) -> u64 {
        accepted + u64::from(self.stage.gain_bits) + 2 + u64::from(self.stage.members > 1)
    }

    /// `sf_decide`: after all logits of a member.
    fn decide(&mut self, last_member: bool, probe: &mut impl Probe, stop: &mut u64) {
        let member = self.members[self.ran as usize - 1] as usize;
        let best = i64::from(self.logits[usize::from(self.class)]);
        let others = self.logits.iter().enumerate().filter(|(c, _)| *c != usize::from(self.class));
        let second = others.map(|(_, l)| i64::from(*l)).max().unwrap_or(i64::MIN / 2);
        let settled = self.may_stop && best - second > self.stage.margins[member];
        if !settled && !last_member {
            return;
        }
        self.over = true;
        // The last logit was handed over in the cycle before `ready`.
        let first = self.ready + 2;
        if !last_member {
            *stop = first;
        }
        let logits = self.logits.iter().flat_map(|l| l.to_le_bytes());
        for (k, byte) in logits.chain([self.class, self.ran as u8]).enumerate() {
            self.done = first + k as u64;
            probe.output(byte, self.done);
        }
    }

    /// Members that the logits are of.
    pub(super) fn ran(&self) -> u32 {
        self.ran
    }

    /// Logits, class, and the cycle in which the last byte was sent.
    pub(super) fn result(&self) -> (Vec<i32>, u8, u64) {
        (self.logits.clone(), self.class, self.done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::Design;
    use crate::sim::{Activity, NoProbe};

    /// Two classes of three planes; a readout that takes 4 + 3 cycles a class.
    #[test]
    fn planes_wait_for_the_sum_before() {
        let planes = PlanesStage { name: "p".into(), planes: 3, input_bits: 4, sum_bits: 6 };
        let readout = ReadoutStage {
            name: "y".into(),
            input_bits: 6,
            gain: vec![1; 3],
            offset: vec![0; 3],
            gain_bits: 4,
            offset_bits: 1,
            logit_bits: 10,
            block: false,
            steps: 1,
            members: 1,
            margins: Vec::new(),
        };
        let design = Design {
            name: "d".into(),
            timesteps: 1,
            input: crate::hw::Input { count: 1, bits: 1, changes: false },
            stages: vec![Stage::Planes(planes), Stage::Readout(readout)],
            shared: None,
            trace: false,
            family: Default::default(),
            knobs: None,
        };
        let kept = Kept { timesteps: 1, members: vec![0], may_stop: false };
        let mut stages: Vec<_> = design
            .stages
            .iter()
            .enumerate()
            .map(|(i, s)| StageState::new(i, s, None, &kept))
            .collect();
        let (mut activity, mut none) = (Activity::new(&design), NoProbe);
        let mut log = Log::new(&mut activity, &mut none);
        let mut take = |value, valid| push(&mut stages, value, valid, &mut log);
        // −4·1 + 2·2 + 3 = 3, valid and taken in 13, its logit handed over in 13 + 4 + 2.
        assert_eq!([(1, 10), (2, 11), (3, 12)].map(|(v, c)| take(v, c)), [10, 11, 12]);
        // Nothing is taken in 13. The second sum, −4·2 + 2·0 + 1, is valid in 17, taken in 20.
        assert_eq!([(2, 13), (0, 14), (1, 16)].map(|(v, c)| take(v, c)), [14, 15, 16]);
        assert_eq!([(0, 17), (1, 22), (0, 30)].map(|(v, c)| take(v, c)), [21, 22, 30]);
        let Some(StageState::Readout(readout)) = stages.last() else { panic!("no readout") };
        // The third is taken in 31 and handed over in 37.
        assert_eq!(readout.result(), (vec![3, -7, 2], 0, 42));
        assert_eq!(activity.stages[0].results, 3);
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! When a sum job does what: rules 2 to 8 and 10 of docs/shared.md, transaction by transaction.

/// From where a job's words come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fetch {
    /// From a map, a word a cycle.
    Map,
    /// From a window of currents: so many reads a word.
    Gather(u64),
}

/// The cycles of one sum job.
pub(super) struct Clock {
    /// Are words gathered from currents?
    gathers: bool,
    /// F.
    fetch: u64,
    /// D.
    digits: u64,
    /// L: a cycle more until a result is there.
    leak: u64,
    /// rₙ of the next word.
    ready: u64,
    /// rₙ and lₙ of the word before; before the first one, where its address may be taken.
    before: (u64, u64),
    /// endₙ₋₁.
    end: u64,
    /// Snap of the group before; no word of a group is loaded earlier.
    snap: u64,
    /// First cycle with an empty chain.
    free: u64,
    /// When the result before was taken, if there was one.
    taken: Option<u64>,
    /// Cycles `[from, to)` in which the tail stands still; those that are over are dropped.
    stalls: Vec<(u64, u64)>,
}

impl Clock {
    /// A job that begins in cycle `begin` (rule 3: r₀).
    pub(super) fn new(begin: u64, fetch: Fetch, digits: u32, leak: u32) -> Self {
        let gathers = matches!(fetch, Fetch::Gather(_));
        let (fetch, ready) = match fetch {
            Fetch::Map => (1, begin + 1),
            Fetch::Gather(reads) => (reads, begin + reads + 1),
        };
        let (digits, leak) = (u64::from(digits), u64::from(leak));
        Self {
            gathers,
            fetch,
            digits,
            leak,
            ready,
            before: (0, begin),
            end: 0,
            snap: 0,
            free: 0,
            taken: None,
            stalls: Vec::new(),
        }
    }

    /// The next word's first address is taken in cycle `from` at the earliest (docs/line.md).
    pub(super) fn hold(&mut self, from: u64) {
        let (ready, loaded) = self.before;
        match self.gathers {
            // What is gathered comes an address ahead, while the operand before waits.
            true if from + 1 > ready => self.ready = loaded.max(from) + self.fetch + 1,
            true => {}
            false => self.ready = loaded.max(from) + 1,
        }
    }

    /// Loads the words of a group (rule 3), each with so many rows of weights to read, and calls
    /// `row` with the cycle of each read (rule 4); then comes the snap (rule 5).
    pub(super) fn scan(&mut self, words: &[u32], row: impl FnMut(u64)) {
        self.load(words, row);
        self.snap();
    }

    /// Loads words of a group.
    pub(super) fn load(&mut self, words: &[u32], mut row: impl FnMut(u64)) {
        for &rows in words {
            let rows = u64::from(rows);
            let loaded = self.ready.max(self.end).max(self.snap);
            self.before = (self.ready, loaded);
            self.ready = loaded + self.fetch;
            self.end = loaded + rows.max(1);
            (1..=rows).for_each(|k| row(loaded + k));
        }
    }

    /// The group's words are loaded.
    pub(super) fn snap(&mut self) {
        self.snap = (self.end + 3).max(self.free);
    }

    /// Takes the next `count` results from the chain (rule 6): the cycle of the first. The others
    /// follow D cycles apart, as long as nothing stands still.
    pub(super) fn take(&mut self, count: usize) -> u64 {
        let next = self.taken.map_or(0, |before| self.later(before, self.digits));
        let first = self.awake(next.max(self.snap + 1));
        if !self.stalls.is_empty() {
            self.stalls.retain(|s| s.1 > first);
        }
        let last = first + (count as u64 - 1) * self.digits;
        self.taken = Some(last);
        self.free = last + 1;
        first
    }

    /// When the timestep of the result that is taken in cycle `taken` is computed (rule 7), or its
    /// sum valid (rule 10).
    pub(super) fn computed(&self, taken: u64) -> u64 {
        self.later(taken, self.digits + 3 + self.leak)
    }

    /// A sum was valid from `from` on and taken in `to` (rule 10).
    pub(super) fn stall(&mut self, from: u64, to: u64) {
        if to > from {
            self.stalls.push((from, to));
        }
    }

    /// When the job is done (rule 8).
    pub(super) fn done(&self) -> u64 {
        self.taken.unwrap_or(0) + self.digits + 4 + self.leak
    }

    /// The first cycle from `cycle` on in which the tail does not stand still.
    fn awake(&self, cycle: u64) -> u64 {
        self.stalls.iter().fold(cycle, |c, s| if (s.0..s.1).contains(&c) { s.1 } else { c })
    }

    /// The cycle that `steps` steps of the tail lead to from `cycle` on, in which it moves.
    fn later(&self, cycle: u64, steps: u64) -> u64 {
        // In order of time: each one that begins before the steps are made delays the rest.
        self.stalls
            .iter()
            .filter(|s| s.0 >= cycle)
            .fold(cycle + steps, |c, s| if s.0 < c { c + (s.1 - s.0) } else { c })
    }
}

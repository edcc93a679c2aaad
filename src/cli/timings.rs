// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `--timings`: what a command does with its time.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::ui::table;

/// What no phase has a name for.
const OTHER: &str = "other";

/// Takes the time of phases, one after another: a phase lasts until the next one begins, so that
/// all of them together are the whole.
pub(super) struct Stopwatch(RefCell<State>);

struct State {
    /// The phase that is going on, and since when.
    now: &'static str,
    since: Instant,
    /// In the order in which they began.
    taken: Vec<(&'static str, Duration)>,
}

impl Stopwatch {
    /// Starts, with what has no name.
    pub(super) fn start() -> Self {
        Self(RefCell::new(State { now: OTHER, since: Instant::now(), taken: Vec::new() }))
    }

    /// A phase begins, or goes on; the one before is over.
    pub(super) fn begin(&self, phase: &'static str) {
        self.at(Instant::now(), phase);
    }

    /// The phase is over, and nothing that has a name begins.
    pub(super) fn end(&self) {
        self.begin(OTHER);
    }

    fn at(&self, time: Instant, phase: &'static str) {
        let mut state = self.0.borrow_mut();
        let (now, passed) = (state.now, time.saturating_duration_since(state.since));
        add(&mut state.taken, now, passed);
        (state.now, state.since) = (phase, time);
    }

    /// The phases so far, what has no name last.
    pub(super) fn taken(&self) -> Taken {
        self.end();
        let mut taken = self.0.borrow().taken.clone();
        taken.sort_by_key(|(phase, _)| *phase == OTHER);
        Taken(taken)
    }
}

/// Phases and how long they took.
#[derive(Default, Clone)]
pub(super) struct Taken(Vec<(&'static str, Duration)>);

impl Taken {
    /// Takes those of another thread in.
    pub(super) fn add(&mut self, other: &Self) {
        other.0.iter().for_each(|(phase, time)| add(&mut self.0, phase, *time));
    }
}

fn add(taken: &mut Vec<(&'static str, Duration)>, phase: &'static str, time: Duration) {
    match taken.iter_mut().find(|(name, _)| *name == phase) {
        Some((_, all)) => *all += time,
        None => taken.push((phase, time)),
    }
}

/// What is printed.
#[derive(Serialize)]
pub(super) struct Timings {
    /// Of the whole command: nanoseconds.
    total_ns: u64,
    /// Together they are the whole.
    phases: Vec<Phase>,
    /// What threads did at the same time: their sums may be more than the whole.
    threads: Vec<Phase>,
}

#[derive(Serialize)]
struct Phase {
    name: &'static str,
    ns: u64,
}

impl Timings {
    /// Of a command and of its threads.
    pub(super) fn new(command: &Stopwatch, threads: &Taken) -> Self {
        let phases = |taken: &Taken| -> Vec<Phase> {
            let ns = |t: &Duration| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX);
            taken.0.iter().map(|(name, time)| Phase { name, ns: ns(time) }).collect()
        };
        let (phases, threads) = (phases(&command.taken()), phases(threads));
        Self { total_ns: phases.iter().map(|p| p.ns).sum(), phases, threads }
    }

    /// A table.
    pub(super) fn text(&self) -> String {
        let row = |name: &str, ns: u64| vec![name.to_owned(), format!("{:.3} s", ns as f64 * 1e-9)];
        let rows = |phases: &[Phase]| phases.iter().map(|p| row(p.name, p.ns)).collect::<Vec<_>>();
        let mut all = vec![row("time", self.total_ns)];
        all.extend(rows(&self.phases));
        let mut text = format!("\n{}", table(&all));
        if !self.threads.is_empty() {
            text +=
                &format!("\nof that, added up over all threads\n{}", table(&rows(&self.threads)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// 5 ms of nothing, then import twice with fold between.
    #[test]
    fn phases_last_until_the_next_one_and_are_the_whole() {
        let watch = Stopwatch::start();
        let start = watch.0.borrow().since;
        for (ms, phase) in [(5, "import"), (12, "fold"), (20, "import"), (21, OTHER)] {
            watch.at(start + after(ms), phase);
        }
        let taken = watch.0.borrow().taken.clone();
        assert_eq!(taken, [(OTHER, after(5)), ("import", after(8)), ("fold", after(8))]);
        let timings = Timings::new(&watch, &Taken::default());
        let names: Vec<_> = timings.phases.iter().map(|p| p.name).collect();
        assert_eq!(names, ["import", "fold", OTHER]);
        assert_eq!(timings.total_ns, timings.phases.iter().map(|p| p.ns).sum::<u64>());
    }

    #[test]
    fn threads_are_added_up_beside_the_whole() {
        let mut threads = Taken(vec![("sim", after(2)), (OTHER, after(1))]);
        threads.add(&Taken(vec![("sim", after(40)), ("interp", after(3))]));
        let watch = Stopwatch::start();
        let start = watch.0.borrow().since;
        watch.at(start, "run");
        let mut timings = Timings::new(&watch, &threads);
        (timings.total_ns, timings.phases[0].ns) = (1_500_000_000, 1_500_000_000);
        let text = timings.text();
        assert!(text.starts_with("\ntime   1.500 s\nrun    1.500 s\n"), "{text}");
        let last = "added up over all threads\nsim     0.042 s\nother   0.001 s\ninterp  0.003 s\n";
        assert!(text.ends_with(last), "{text}");
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `cargo xtask mutants`: what cargo-mutants would change, all in one build, and for each change
//! the everyday tests that pass by it, one after another, until one fails (docs/faults.md).

mod list;
mod reasons;
mod record;
mod since;
mod tests_of;
mod weave;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::faults::build::{self, Built, Ran, Run, Span};
use crate::faults::{switch, tree};
use list::Mutant;
use record::Record;
use since::Since;
use tests_of::Test;
use weave::Woven;

/// What decides what a user believes.
const ROOMS: [&str; 4] = ["verify", "cli", "energy", "flow"];
/// The copy, and what is built of it.
const OUT: &str = "target/mutants";
/// Programs whose tests may notice.
const PROGRAMS: [&str; 5] = ["lib", "cli", "flow", "docs", "host_link"];
/// Builds until the compiler accepts all switches: each drops those it did not.
const ATTEMPTS: usize = 12;
/// Longer than this and ten times a test's own time, and it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
struct Options {
    rooms: Vec<String>,
    /// Mutants k, k + n, k + 2n, … only, as `k/n`.
    shard: (usize, usize),
    /// Seconds of tests that a mutant may cost.
    seconds: f64,
    jobs: usize,
    /// Programs of [`PROGRAMS`] whose tests are run.
    programs: Vec<String>,
    /// What an earlier run saw caught is not tried again.
    resume: bool,
    /// Mutants in functions that differ from this revision only.
    since: Option<String>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, String> {
        let (rooms, programs) = (Vec::new(), Vec::new());
        let (shard, seconds, jobs) = ((0, 1), 60.0, 2);
        let mut o = Self { rooms, shard, seconds, jobs, programs, resume: false, since: None };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} needs a value"));
            let wrong = |v: &str| format!("{arg} {v}: not understood");
            match arg.as_str() {
                "--room" => o.rooms.push(value()?.clone()),
                "--program" => o.programs.push(value()?.clone()),
                "--resume" => o.resume = true,
                "--since" => o.since = Some(value()?.clone()),
                "--seconds" => {
                    let v = value()?;
                    o.seconds = v.parse().map_err(|_| wrong(v))?;
                }
                "--jobs" => {
                    let v = value()?;
                    o.jobs = v.parse().ok().filter(|j| *j > 0).ok_or_else(|| wrong(v))?;
                }
                "--shard" => {
                    let v = value()?;
                    let parts = v.split_once('/').ok_or_else(|| wrong(v))?;
                    let (k, n) = (parts.0.parse::<usize>(), parts.1.parse::<usize>());
                    o.shard = match (k, n) {
                        (Ok(k), Ok(n)) if k < n => (k, n),
                        _ => return Err(wrong(v)),
                    };
                }
                other => return Err(format!("{other} is not known; see cargo xtask help")),
            }
        }
        if o.rooms.is_empty() {
            o.rooms = ROOMS.map(str::to_owned).to_vec();
        }
        if let Some(p) = o.programs.iter().find(|p| !PROGRAMS.contains(&&***p)) {
            return Err(format!("--program {p}: one of {}", PROGRAMS.join(", ")));
        }
        if o.programs.is_empty() {
            o.programs = PROGRAMS.map(str::to_owned).to_vec();
        }
        Ok(o)
    }
}

/// What became of a mutant.
#[derive(Debug, Clone, PartialEq)]
enum Fate {
    /// A test noticed.
    Caught,
    /// So many tests pass by it, in so many seconds, and none noticed.
    Survived { tests: usize, seconds: f64 },
}

impl Fate {
    fn is_caught(&self) -> bool {
        matches!(self, Self::Caught)
    }
}

struct Session {
    tree: PathBuf,
    out: PathBuf,
    mutants: Vec<Mutant>,
    names: Vec<String>,
    texts: BTreeMap<String, String>,
    /// Mutants that the compiler refuses.
    refused: BTreeSet<usize>,
    record: Record,
}

/// Nights until each mutant has had its turn.
const NIGHTS: u64 = 8;

/// What a nightly run tries: every night another share.
pub(crate) fn of_the_day() -> Vec<String> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let shard = format!("{}/{NIGHTS}", since.as_secs() / (24 * 60 * 60) % NIGHTS);
    ["--seconds", "25", "--shard", &shard].map(str::to_owned).to_vec()
}

/// Runs them; false if one survives that has no reason to (tests/mutants.toml).
pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    let options = Options::parse(args)?;
    let root = crate::root();
    let mutants = list::read(&root, &options.rooms)?;
    let mut texts = BTreeMap::new();
    for file in mutants.iter().map(|m| &*m.file).chain(["src/lib.rs"]) {
        let text = std::fs::read_to_string(root.join(file)).map_err(|e| format!("{file}: {e}"))?;
        texts.insert(file.to_owned(), text);
    }
    let names = list::numbered(mutants.iter().map(|m| m.name(&texts[&m.file])).collect());
    let out = root.join(OUT);
    let (tree, out) = (out.join("tree"), out.join("build"));
    tree::copy(&root, &tree)?;
    let record = Record::open(&root.join(OUT).join("caught.txt"), options.resume)?;
    let refused = BTreeSet::new();
    let mut session = Session { tree, out, mutants, names, texts, refused, record };
    session.run(&root, &options)
}

impl Session {
    fn run(&mut self, root: &Path, options: &Options) -> Result<bool, String> {
        println!("== mutants: {} in {}, one build", self.mutants.len(), options.rooms.join(", "));
        let programs = self.build()?;
        self.refused.iter().for_each(|i| println!("no switch: {}", self.names[*i]));
        println!("== {} are no switches; which test passes by which", self.refused.len());
        let reasons = reasons::read(root)?;
        let viable = (0..self.names.len()).filter(|i| !self.refused.contains(i));
        let viable: BTreeSet<_> = viable.map(|i| &*self.names[i]).collect();
        let stale = reasons::stale(&reasons, &options.rooms, &viable);
        stale.iter().for_each(|name| println!("REASON WITHOUT A MUTANT  {name}"));
        let since = options.since.as_ref().map(|r| Since::read(root, r)).transpose()?;
        let chosen = (options.shard.0..self.mutants.len()).step_by(options.shard.1);
        let chosen = chosen.filter(|i| since.as_ref().is_none_or(|s| s.has(&self.mutants[*i])));
        let mut fates: BTreeMap<usize, Fate> = chosen
            .filter(|i| !self.refused.contains(i))
            .map(|i| match self.record.has(&self.names[i]) {
                true => (i, Fate::Caught),
                false => (i, Fate::Survived { tests: 0, seconds: 0.0 }),
            })
            .collect();
        let (mut is_good, mut broken) = (false, Vec::new());
        // The library's tests are fast and notice most; a program is run for what they leave.
        for program in PROGRAMS.iter().filter(|p| options.programs.iter().any(|o| o == *p)) {
            let left: Vec<usize> =
                fates.iter().filter(|(_, f)| !f.is_caught()).map(|(i, _)| *i).collect();
            let tests =
                tests_of::trace(&self.tree, &programs, program, options.seconds, &mut broken)?;
            println!("== {program}: {} mutants, {} tests pass by one", left.len(), tests.len());
            self.try_all(&left, &tests, options, &mut fates)?;
            is_good = self.report(&reasons, &fates) && stale.is_empty() && broken.is_empty();
        }
        Ok(is_good)
    }

    /// Writes every file with its switches; where in it the branches are.
    fn write(&mut self) -> Result<BTreeMap<String, Woven>, String> {
        let mut all = BTreeMap::new();
        for (file, text) in &self.texts {
            let here: Vec<_> = (0..self.mutants.len())
                .filter(|i| self.mutants[*i].file == *file && !self.refused.contains(i))
                .map(|i| (i, &self.mutants[i]))
                .collect();
            let mut woven = weave::weave(text, &here).map_err(|e| format!("{file}: {e}"))?;
            if file == "src/lib.rs" {
                woven.text.push_str(switch::HELPER);
            }
            tree::put(&self.tree.join(file), woven.text.as_bytes())?;
            self.refused.extend(&woven.without);
            all.insert(file.clone(), woven);
        }
        Ok(all)
    }

    fn build(&mut self) -> Result<build::Programs, String> {
        for _ in 0..ATTEMPTS {
            let woven = self.write()?;
            let Built::Bad(errors, said) = build::build(&self.tree, &self.out, &BTreeSet::new())?
            else {
                break;
            };
            let before = self.refused.len();
            for spans in errors {
                let known = self.refused.len();
                for span in &spans {
                    self.refuse(woven.get(&span.file), span, Woven::at);
                }
                if self.refused.len() == known {
                    // What the branches came to is wrong, not what is in one of them.
                    let span = spans.first();
                    span.inspect(|s| self.refuse(woven.get(&s.file), s, Woven::around));
                }
            }
            println!("   {} of them are no switches", self.refused.len());
            if self.refused.len() == before {
                return Err(format!("the sources cannot be built:\n{said}"));
            }
        }
        match build::build(&self.tree, &self.out, &PROGRAMS.map(str::to_owned).into())? {
            Built::Good(programs) => Ok(programs),
            Built::Bad(_, said) => Err(format!("the tests cannot be built:\n{said}")),
        }
    }

    fn refuse(
        &mut self,
        woven: Option<&Woven>,
        span: &Span,
        find: fn(&Woven, &std::ops::Range<usize>) -> Vec<usize>,
    ) {
        self.refused.extend(woven.map(|w| find(w, &span.bytes)).unwrap_or_default());
    }

    fn try_all(
        &self,
        left: &[usize],
        tests: &[Test],
        options: &Options,
        fates: &mut BTreeMap<usize, Fate>,
    ) -> Result<(), String> {
        let (next, found) = (AtomicUsize::new(0), Mutex::new(fates));
        let work = |job: usize| {
            let log = self.tree.with_file_name(format!("test{job}.log"));
            while let Some(&i) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
                let lock = || found.lock().map_err(|e| e.to_string());
                let Some(Fate::Survived { tests: count, seconds }) = lock()?.get(&i).cloned()
                else {
                    continue;
                };
                let fate = self.try_one(i, tests, (count, seconds), options.seconds, &log)?;
                let mut fates = lock()?;
                if fate.is_caught() {
                    self.record.add(&self.names[i])?;
                }
                fates.insert(i, fate);
            }
            Ok::<(), String>(())
        };
        let work = &work;
        std::thread::scope(|s| {
            let jobs: Vec<_> = (0..options.jobs).map(|j| s.spawn(move || work(j))).collect();
            let ends = jobs.into_iter().map(|j| j.join().unwrap_or(Err("a job broke off".into())));
            ends.collect()
        })
    }

    fn try_one(
        &self,
        i: usize,
        tests: &[Test],
        (mut count, mut spent): (usize, f64),
        most: f64,
        log: &Path,
    ) -> Result<Fate, String> {
        for t in tests.iter().filter(|t| t.passes.contains(&i)) {
            if spent + t.seconds > most {
                break;
            }
            let args = vec!["--exact", &*t.name];
            let patience = PATIENCE + Duration::from_secs_f64(10.0 * t.seconds);
            let (tree, program, fault, trace) = (&*self.tree, &*t.program, Some(i), None);
            let run = Run { tree, program, args, fault, trace, log, patience };
            if !matches!(run.go()?, Ran::Passed(_)) {
                return Ok(Fate::Caught);
            }
            (spent, count) = (spent + t.seconds, count + 1);
        }
        Ok(Fate::Survived { tests: count, seconds: spent })
    }

    /// A table by room, and whether every survivor has its reason.
    fn report(&self, reasons: &BTreeMap<String, String>, fates: &BTreeMap<usize, Fate>) -> bool {
        let mut rooms: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
        let mut unexplained = 0;
        for (i, fate) in fates {
            let room = self.mutants[*i].file.trim_start_matches("src/");
            let room = room.split(['/', '.']).next().unwrap_or_default();
            let [all, caught, explained] = rooms.entry(room).or_default();
            *all += 1;
            match fate {
                Fate::Caught => {
                    *caught += 1;
                    if reasons.contains_key(&self.names[*i]) {
                        println!("CAUGHT, WITH A REASON  {}", self.names[*i]);
                    }
                }
                _ if reasons.contains_key(&self.names[*i]) => *explained += 1,
                Fate::Survived { tests, .. } => {
                    let line = self.mutants[*i].span.start.line;
                    println!("SURVIVED {tests:3} tests  line {line:4}  {}", self.names[*i]);
                    unexplained += 1;
                }
            }
        }
        println!("{:8} {:>7} {:>7} {:>7} {:>10}", "room", "viable", "caught", "%", "explained");
        for (room, [all, caught, explained]) in rooms {
            let part = 100.0 * caught as f64 / all as f64;
            println!("{room:8} {all:7} {caught:7} {part:7.1} {explained:10}");
        }
        println!("{} refused by the compiler, {unexplained} survive", self.refused.len());
        unexplained == 0
    }
}

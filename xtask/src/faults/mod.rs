// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `cargo xtask faults`: every fault of the lists is put into a copy of the sources, and the
//! test that is named beside it has to fail (docs/faults.md).

pub(crate) mod build;
mod list;
pub(crate) mod switch;
pub(crate) mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use build::{Built, Programs, Ran};
use list::{Fault, Kind};
use switch::Place;

/// The copy, and what is built of it.
const OUT: &str = "target/faults";
/// Builds until the compiler accepts all switches: each drops those it did not.
const ATTEMPTS: usize = 12;
/// How many switches are tried at the same time.
const AT_ONCE: usize = 2;

/// Runs the list; false if a fault is not noticed.
pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    let (only, is_check) = parse(args)?;
    let root = crate::root();
    let mut faults = list::read(&root)?;
    let wrong = list::check(&root, &faults);
    if is_check || !wrong.is_empty() {
        let mut said = wrong.clone();
        said.push(format!("{} faults, {} wrong entries", faults.len(), wrong.len()));
        if wrong.is_empty() {
            let places = switch::places(&faults, &texts(&root, &faults)?)?;
            let built = faults.iter().zip(&places).filter(|(_, p)| p.kind == Kind::Build);
            let names: Vec<_> = built.map(|(f, _)| &*f.name).collect();
            said.push(format!("{} of them are built: {}", names.len(), names.join(", ")));
        }
        // Whoever reads may stop before the end.
        let _ = writeln!(std::io::stdout(), "{}", said.join("\n"));
        return Ok(wrong.is_empty());
    }
    faults.retain(|f| only.is_empty() || only.iter().any(|o| f.name.contains(o)));
    if faults.is_empty() {
        return Err("no fault has this name".into());
    }
    Session::new(&root, faults)?.run()
}

/// Names or parts of them, and whether the list alone is looked at.
fn parse(args: &[String]) -> Result<(Vec<String>, bool), String> {
    let (mut only, mut is_check) = (Vec::new(), false);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--check" => is_check = true,
            "--only" => only.push(args.next().ok_or("--only needs the name of a fault")?.clone()),
            other => return Err(format!("{other} is not known; see cargo xtask help")),
        }
    }
    Ok((only, is_check))
}

struct Session {
    tree: PathBuf,
    out: PathBuf,
    faults: Vec<Fault>,
    places: Vec<Place>,
    /// Contents of the files that have faults, without them.
    texts: BTreeMap<String, String>,
}

/// The files that have faults, and those that get the helper.
fn texts(root: &Path, faults: &[Fault]) -> Result<BTreeMap<String, String>, String> {
    let files = faults.iter().map(|f| &*f.file).chain(switch::ROOTS);
    let read = |file: &str| {
        let text = std::fs::read_to_string(root.join(file));
        Ok((file.to_owned(), text.map_err(|e| format!("{file}: {e}"))?))
    };
    files.map(read).collect()
}

impl Session {
    fn new(root: &Path, faults: Vec<Fault>) -> Result<Self, String> {
        let out = root.join(OUT);
        let (tree, out) = (out.join("tree"), out.join("build"));
        tree::copy(root, &tree)?;
        let texts = texts(root, &faults)?;
        let places = switch::places(&faults, &texts)?;
        Ok(Self { tree, out, faults, places, texts })
    }

    fn run(mut self) -> Result<bool, String> {
        println!("== faults: one build for all that can be switched");
        let programs = self.build()?;
        self.baseline(&programs)?;
        // What is built takes the place of the programs, and so comes last.
        let (built, switched): (Vec<usize>, Vec<usize>) =
            (0..self.faults.len()).partition(|i| self.places[*i].kind == Kind::Build);
        let mut survived = self.switched(&switched, &programs)?;
        for &i in &built {
            let begun = Instant::now();
            let said = self.built(i)?;
            survived.extend(self.tell(i, said, begun));
        }
        let (all, builds) = (self.faults.len(), built.len());
        println!("{all} faults, {builds} of them built, {} caught", all - survived.len());
        if !survived.is_empty() {
            println!("not noticed: {}", survived.join(", "));
        }
        Ok(survived.is_empty())
    }

    /// Tries faults that are switches, several at a time; those that are not noticed.
    fn switched(&self, faults: &[usize], programs: &Programs) -> Result<Vec<String>, String> {
        let (next, survived) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let work = |job: usize| {
            while let Some(&i) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                let begun = Instant::now();
                let said = self.test(i, programs, Some(i), job)?;
                let missed = self.tell(i, Some(said), begun);
                survived.lock().map_err(|e| e.to_string())?.extend(missed);
            }
            Ok::<(), String>(())
        };
        let work = &work;
        std::thread::scope(|s| {
            let jobs: Vec<_> = (0..AT_ONCE).map(|j| s.spawn(move || work(j))).collect();
            let ends = jobs.into_iter().map(|j| j.join().unwrap_or(Err("a job broke off".into())));
            ends.collect::<Result<(), String>>()
        })?;
        survived.into_inner().map_err(|e| e.to_string())
    }

    /// Prints what became of a fault (None: the compiler refuses it); its name if it was not
    /// noticed.
    fn tell(&self, i: usize, said: Option<Ran>, begun: Instant) -> Option<String> {
        let Fault { name, test, .. } = &self.faults[i];
        let (mark, by) = match &said {
            None => ("INVALID", "the compiler refuses it".to_owned()),
            Some(Ran::Failed(tests)) if tests.len() == 1 => ("caught", tests[0].clone()),
            Some(Ran::Failed(tests)) => {
                ("caught", format!("{} and {} more", tests[0], tests.len() - 1))
            }
            Some(Ran::Died(how)) => ("caught", format!("`{test}` {how}")),
            Some(Ran::Passed(n)) => ("SURVIVED", format!("{n} tests of `{test}`")),
        };
        println!("{mark:8} {name:44} {:6.1} s  {by}", begun.elapsed().as_secs_f64());
        (mark != "caught").then(|| name.clone())
    }

    /// Writes every file with its switches.
    fn write(&self) -> Result<Vec<(usize, std::ops::Range<usize>)>, String> {
        let mut all = Vec::new();
        for (file, text) in &self.texts {
            let (text, lines) = switch::switched(file, text, &self.faults, &self.places);
            tree::put(&self.tree.join(file), text.as_bytes())?;
            all.extend(lines);
        }
        Ok(all)
    }

    fn build(&mut self) -> Result<Programs, String> {
        let tests: BTreeSet<_> = self.faults.iter().map(|f| f.target().0).collect();
        for _ in 0..ATTEMPTS {
            let lines = self.write()?;
            let (spans, said) = match build::build(&self.tree, &self.out, &tests)? {
                Built::Good(programs) => return Ok(programs),
                Built::Bad(spans, said) => (spans, said),
            };
            let meets = |i: usize, l: &std::ops::Range<usize>| {
                spans.iter().flatten().any(|s| {
                    s.file == self.faults[i].file && l.start < s.lines.end && s.lines.start < l.end
                })
            };
            let refused: BTreeSet<usize> =
                lines.iter().filter(|(i, l)| meets(*i, l)).map(|(i, _)| *i).collect();
            if refused.is_empty() {
                return Err(format!("the sources cannot be built:\n{said}"));
            }
            for i in refused {
                println!("         {:44} is no switch, it is built", self.faults[i].name);
                self.places[i].kind = Kind::Build;
            }
        }
        Err("the compiler refuses the switches".into())
    }

    /// Without a fault every test passes, and there is one.
    fn baseline(&self, programs: &Programs) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for (i, f) in self.faults.iter().enumerate() {
            if !seen.insert(f.target()) {
                continue;
            }
            match self.test(i, programs, None, 0)? {
                Ran::Passed(0) => return Err(format!("`{}` names no test", f.test)),
                Ran::Passed(_) => {}
                other => return Err(format!("`{}` without any fault: {other:?}", f.test)),
            }
        }
        Ok(())
    }

    /// Runs a fault's test, with a fault switched on or none, as one of several jobs.
    fn test(
        &self,
        i: usize,
        programs: &Programs,
        fault: Option<usize>,
        job: usize,
    ) -> Result<Ran, String> {
        let (binary, filter) = self.faults[i].target();
        let program = programs.get(&binary).ok_or_else(|| format!("no program of `{binary}`"))?;
        let log = self.tree.with_file_name(format!("test{job}.log"));
        build::run(&self.tree, program, filter, fault, &log)
    }

    /// A fault that is no switch: its file with it, the test built and run. None: it cannot be
    /// built.
    fn built(&self, i: usize) -> Result<Option<Ran>, String> {
        let f = &self.faults[i];
        let mut text = self.texts[&f.file].clone();
        text.replace_range(self.places[i].range.clone(), &f.new);
        if switch::ROOTS.contains(&&*f.file) {
            text.push_str(switch::HELPER);
        }
        let path = self.tree.join(&f.file);
        tree::put(&path, text.as_bytes())?;
        let tests = BTreeSet::from([f.target().0]);
        let built = build::build(&self.tree, &self.out, &tests)?;
        let ran = match built {
            Built::Good(programs) => self.test(i, &programs, None, 0).map(Some),
            Built::Bad(..) => Ok(None),
        };
        self.write()?;
        ran
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let parse =
            |args: &[&str]| parse(&args.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(parse(&["--only", "a", "--check"]), Ok((vec!["a".to_owned()], true)));
        assert_eq!(parse(&[]), Ok((Vec::new(), false)));
        assert!(parse(&["--only"]).is_err() && parse(&["--chek"]).is_err());
    }
}

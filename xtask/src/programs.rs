// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The test programs of the whole workspace: built in one go, then run two at a time. Each has
//! threads of its own, but few have work for all of them to their end.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::unchanged::{Seen, files, sources};

/// How many run at the same time.
const AT_ONCE: usize = 2;
/// Those that take longest, which begin first.
const LONG: [&str; 10] = [
    "cli",
    "rtl_shared",
    "properties",
    "hdl",
    "rtl_random",
    "export",
    "flow_ecp5",
    "flow_gowin",
    "host_link",
    "second_executor",
];

/// A built test program.
#[derive(Debug, Clone, PartialEq)]
struct Program {
    name: String,
    path: PathBuf,
    /// Where its package is.
    home: PathBuf,
    /// Whose presence says that it passed, just as it is.
    mark: Option<PathBuf>,
}

/// What a build made.
struct Built {
    programs: Vec<Program>,
    /// `synfire` itself.
    synfire: PathBuf,
}

/// How a program went.
struct Ran {
    name: String,
    is_good: bool,
    time: Duration,
    said: String,
}

/// Builds and runs them all, with a line for each and what the failed ones said. Those that are
/// unchanged since they passed run only if `again`.
pub(crate) fn run(
    environment: &[(&'static str, &'static str)],
    again: bool,
) -> Result<bool, String> {
    let begun = Instant::now();
    let before = files();
    let Some(Built { mut programs, synfire }) = build()? else { return Ok(false) };
    println!("{:>8.1} s  building {} programs", begun.elapsed().as_secs_f64(), programs.len());
    // A file that changed in the meantime is in some of the programs, and nobody knows in which.
    let steady = before.filter(|b| files().as_ref() == Some(b));
    let seen = steady.and_then(|files| Seen::look(files, &synfire, environment));
    let all = programs.len();
    programs.retain_mut(|p| {
        p.mark = seen.as_ref().and_then(|s| p.mark(s));
        let passed = p.mark.as_ref().filter(|_| !again).and_then(|m| fs::read_to_string(m).ok());
        if let Some(counts) = &passed {
            println!("{:>10}  {}: unchanged since it passed: {counts}", "", p.name);
        }
        passed.is_none()
    });
    let unchanged = all - programs.len();
    let rank = |p: &Program| LONG.iter().position(|l| *l == p.name).unwrap_or(LONG.len());
    programs.sort_by_key(rank);
    let queue = Mutex::new(VecDeque::from(programs));
    let failed = Mutex::new(Vec::new());
    let work = || -> Result<(), String> {
        loop {
            let next = queue.lock().map_err(|e| e.to_string())?.pop_front();
            let Some(program) = next else { return Ok(()) };
            let ran = program.run(environment)?;
            let mark = if ran.is_good { "" } else { "  FAILED" };
            let counts = ran.counts();
            println!("{:>8.1} s  {}: {counts}{mark}", ran.time.as_secs_f64(), ran.name);
            if !ran.is_good {
                failed.lock().map_err(|e| e.to_string())?.push(ran);
            } else if let Some(mark) = &program.mark {
                // Without it the program runs again, and nothing else.
                let folder = mark.parent().map(fs::create_dir_all);
                let _ = folder.and_then(Result::ok).map(|()| fs::write(mark, counts));
            }
        }
    };
    std::thread::scope(|s| {
        let jobs: Vec<_> = (0..AT_ONCE).map(|_| s.spawn(work)).collect();
        let ends = jobs.into_iter().map(|j| j.join().unwrap_or(Err("a job broke off".into())));
        ends.collect::<Result<(), String>>()
    })?;
    let failed = failed.into_inner().map_err(|e| e.to_string())?;
    failed.iter().for_each(|f| println!("== {} FAILED\n{}", f.name, f.said));
    let names: Vec<_> = failed.iter().map(|f| &*f.name).collect();
    let time = begun.elapsed().as_secs_f64();
    match (names.is_empty(), unchanged) {
        (false, _) => println!("failed: {}", names.join(", ")),
        (true, 0) => println!("all programs passed; {time:.1} s"),
        (true, n) => println!(
            "all programs passed, {n} of {all} before, unchanged since (--again runs them); {time:.1} s"
        ),
    }
    Ok(names.is_empty())
}

/// None if the compiler refuses; it says why itself.
fn build() -> Result<Option<Built>, String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--quiet", "--workspace", "--lib", "--bins", "--tests", "--no-run"]);
    command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let done = command.output().map_err(|e| format!("cargo: {e}"))?;
    let said = String::from_utf8_lossy(&done.stdout);
    let programs: Vec<_> = said.lines().filter_map(program).collect();
    // Beside the folder of the programs.
    let folder = programs.first().and_then(|p| p.path.ancestors().nth(2));
    let synfire = folder.map(|f| f.join("synfire")).unwrap_or_default();
    Ok(done.status.success().then_some(Built { programs, synfire }))
}

/// What a line of cargo's says of a program.
fn program(line: &str) -> Option<Program> {
    let message = serde_json::from_str::<Value>(line).ok()?;
    let is_test = message["profile"]["test"] == true;
    let path = PathBuf::from(message["executable"].as_str().filter(|_| is_test)?);
    let target = &message["target"];
    let name = target["name"].as_str()?;
    let name = if target["kind"][0] == "test" { name.into() } else { format!("{name} itself") };
    let home = PathBuf::from(message["manifest_path"].as_str()?).parent()?.to_owned();
    Some(Program { name, path, home, mark: None })
}

impl Program {
    /// Where it leaves its mark, below the folder that cargo builds in.
    fn mark(&self, seen: &Seen) -> Option<PathBuf> {
        let key = seen.key(&self.name, &sources(&self.path))?;
        Some(self.path.ancestors().nth(3)?.join(format!("tmp/passed/{key:016x}")))
    }

    fn run(&self, environment: &[(&'static str, &'static str)]) -> Result<Ran, String> {
        let begun = Instant::now();
        let mut command = Command::new(&self.path);
        command.current_dir(&self.home).env("CARGO_MANIFEST_DIR", &self.home);
        command.envs(environment.iter().copied()).stdin(Stdio::null());
        let out = command.output().map_err(|e| format!("{}: {e}", self.path.display()))?;
        let said = [out.stdout, out.stderr].map(|s| String::from_utf8_lossy(&s).into_owned());
        let (is_good, time) = (out.status.success(), begun.elapsed());
        Ok(Ran { name: self.name.clone(), is_good, time, said: said.concat() })
    }
}

impl Ran {
    /// How many tests passed and did not.
    fn counts(&self) -> String {
        let counts = self.said.lines().rfind(|l| l.starts_with("test result: "));
        let counts = counts.and_then(|l| l.split(". ").nth(1)).unwrap_or("no result");
        counts.split("; ").take(3).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_in_what_cargo_says() {
        let line = |test: bool, kind: &str| {
            format!(
                r#"{{"profile":{{"test":{test}}},"executable":"/t/x-1","manifest_path":"/p/Cargo.toml",
                "target":{{"name":"x","kind":["{kind}"]}}}}"#
            )
        };
        let found = program(&line(true, "test")).unwrap();
        assert_eq!((&*found.name, found.home), ("x", PathBuf::from("/p")));
        assert_eq!(program(&line(true, "lib")).unwrap().name, "x itself");
        assert_eq!(program(&line(false, "bin")), None);
        assert_eq!(program("warning: no json"), None);
    }

    #[test]
    fn what_a_program_says_is_kept() {
        // `env` prints what it is given, and `false` fails.
        let program = |path: &str| {
            let (name, path, home) = ("p".into(), path.into(), "/".into());
            Program { name, path, home, mark: None }
        };
        let ran = program("/usr/bin/env").run(&[("SAID", "so")]).unwrap();
        assert!(ran.is_good && ran.said.contains("SAID=so\n"), "{}", ran.said);
        assert!(!program("/bin/false").run(&[]).unwrap().is_good);
    }
}

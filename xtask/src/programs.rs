// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The test programs of the whole workspace: built in one go, then run two at a time. Each has
//! threads of its own, but few have work for all of them to their end.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How many run at the same time.
const AT_ONCE: usize = 2;
/// Those that take longest, which begin first.
const LONG: [&str; 9] = [
    "cli",
    "rtl_shared",
    "properties",
    "hdl",
    "rtl_random",
    "export",
    "flow_ecp5",
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
}

/// How a program went.
struct Ran {
    name: String,
    is_good: bool,
    time: Duration,
    said: String,
}

/// Builds and runs them all, with a line for each and what the failed ones said.
pub(crate) fn run(environment: &[(&'static str, &'static str)]) -> Result<bool, String> {
    let begun = Instant::now();
    let Some(mut programs) = build()? else { return Ok(false) };
    println!("{:>8.1} s  building {} programs", begun.elapsed().as_secs_f64(), programs.len());
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
            let counts = ran.said.lines().rfind(|l| l.starts_with("test result: "));
            let counts = counts.and_then(|l| l.split(". ").nth(1)).unwrap_or("no result");
            let counts: Vec<_> = counts.split("; ").take(3).collect();
            let (seconds, counts) = (ran.time.as_secs_f64(), counts.join(", "));
            println!("{seconds:>8.1} s  {}: {counts}{mark}", ran.name);
            if !ran.is_good {
                failed.lock().map_err(|e| e.to_string())?.push(ran);
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
    match names.is_empty() {
        true => println!("all programs passed; {:.1} s", begun.elapsed().as_secs_f64()),
        false => println!("failed: {}", names.join(", ")),
    }
    Ok(names.is_empty())
}

/// None if the compiler refuses; it says why itself.
fn build() -> Result<Option<Vec<Program>>, String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--quiet", "--workspace", "--lib", "--bins", "--tests", "--no-run"]);
    command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let done = command.output().map_err(|e| format!("cargo: {e}"))?;
    let said = String::from_utf8_lossy(&done.stdout);
    Ok(done.status.success().then(|| said.lines().filter_map(program).collect()))
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
    Some(Program { name, path, home })
}

impl Program {
    fn run(self, environment: &[(&'static str, &'static str)]) -> Result<Ran, String> {
        let begun = Instant::now();
        let mut command = Command::new(&self.path);
        command.current_dir(&self.home).env("CARGO_MANIFEST_DIR", &self.home);
        command.envs(environment.iter().copied()).stdin(Stdio::null());
        let out = command.output().map_err(|e| format!("{}: {e}", self.path.display()))?;
        let said = [out.stdout, out.stderr].map(|s| String::from_utf8_lossy(&s).into_owned());
        let (is_good, time) = (out.status.success(), begun.elapsed());
        Ok(Ran { name: self.name, is_good, time, said: said.concat() })
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
        let program =
            |path: &str| Program { name: "p".into(), path: path.into(), home: "/".into() };
        let ran = program("/usr/bin/env").run(&[("SAID", "so")]).unwrap();
        assert!(ran.is_good && ran.said.contains("SAID=so\n"), "{}", ran.said);
        assert!(!program("/bin/false").run(&[]).unwrap().is_good);
    }
}

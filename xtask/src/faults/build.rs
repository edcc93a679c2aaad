// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Builds the tests of the copied tree, and runs them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::ops::Range;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::switch::{TRACE, VARIABLE};

/// A test that takes longer than this hangs: also a way to notice a fault.
const PATIENCE: Duration = Duration::from_secs(600);

/// Folder of the training companion; it stands before the names of its programs.
pub(crate) const COMPANION: &str = "distill/";

/// Programs of the tests, by their names (`lib` is the library's).
pub(crate) type Programs = BTreeMap<String, PathBuf>;

/// Where an error of the compiler is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) file: String,
    /// The first line and the one after the last.
    pub(crate) lines: Range<usize>,
    pub(crate) bytes: Range<usize>,
}

/// What a build came to.
pub(crate) enum Built {
    Good(Programs),
    /// Where each error is, and what the compiler said.
    Bad(Vec<Vec<Span>>, String),
}

/// Builds the tests that are named; without any, the library is checked alone.
pub(crate) fn build(tree: &Path, out: &Path, tests: &BTreeSet<String>) -> Result<Built, String> {
    let (companion, own): (BTreeSet<&str>, BTreeSet<&str>) =
        tests.iter().map(String::as_str).partition(|t| t.starts_with(COMPANION));
    let mut programs = Programs::new();
    let of_companion = (!companion.is_empty()).then_some(("synfire-distill", COMPANION, companion));
    let of_compiler = (tests.is_empty() || !own.is_empty()).then_some(("synfire", "", own));
    for package in of_compiler.into_iter().chain(of_companion) {
        match build_package(tree, out, package)? {
            Built::Good(more) => programs.extend(more),
            bad @ Built::Bad(..) => return Ok(bad),
        }
    }
    Ok(Built::Good(programs))
}

/// The tests of one package, whose names begin with its folder.
fn build_package(
    tree: &Path,
    out: &Path,
    (package, folder, tests): (&str, &str, BTreeSet<&str>),
) -> Result<Built, String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let what: &[_] = if tests.is_empty() { &["check", "--lib"] } else { &["test", "--no-run"] };
    command.args(what).args(["--package", package, "--message-format=json"]);
    for test in tests.iter().map(|t| &t[folder.len()..]) {
        if test == "lib" {
            command.arg("--lib");
        } else {
            command.args(["--test", test]);
        }
    }
    command.current_dir(tree).env("CARGO_TARGET_DIR", out).stderr(Stdio::null());
    let done = command.output().map_err(|e| format!("cargo: {e}"))?;
    let (mut programs, mut spans, mut said) = (Programs::new(), Vec::new(), String::new());
    for line in String::from_utf8_lossy(&done.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        if let (Some(program), true) =
            (message["executable"].as_str(), message["profile"]["test"] == true)
        {
            let is_library = message["target"]["kind"][0] == "lib";
            let name = if is_library { Some("lib") } else { message["target"]["name"].as_str() };
            programs.extend(name.map(|n| (format!("{folder}{n}"), PathBuf::from(program))));
        }
        let error = &message["message"];
        if error["level"] == "error" {
            said += error["rendered"].as_str().unwrap_or_default();
            spans.push(error["spans"].as_array().into_iter().flatten().filter_map(span).collect());
        }
    }
    Ok(if done.status.success() { Built::Good(programs) } else { Built::Bad(spans, said) })
}

fn span(span: &Value) -> Option<Span> {
    let number = |name: &str| usize::try_from(span[name].as_u64()?).ok();
    Some(Span {
        file: span["file_name"].as_str()?.to_owned(),
        lines: number("line_start")?..number("line_end")? + 1,
        bytes: number("byte_start")?..number("byte_end")?,
    })
}

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ran {
    /// So many tests passed.
    Passed(usize),
    /// These failed.
    Failed(Vec<String>),
    /// It did not end, or ended without a word.
    Died(&'static str),
}

/// How a test that takes too long is called.
pub(crate) const LATE: &str = "does not end";

/// Runs the tests of `program` whose names contain `filter`, with a fault switched on or none.
pub(crate) fn run(
    tree: &Path,
    program: &Path,
    filter: &str,
    fault: Option<usize>,
    log: &Path,
) -> Result<Ran, String> {
    let args = if filter.is_empty() { vec![] } else { vec![filter] };
    Run { tree, program, args, fault, trace: None, log, patience: PATIENCE }.go()
}

/// One run of a test program.
pub(crate) struct Run<'a> {
    pub(crate) tree: &'a Path,
    pub(crate) program: &'a Path,
    pub(crate) args: Vec<&'a str>,
    /// The fault that is switched on.
    pub(crate) fault: Option<usize>,
    /// Where the switches that are passed leave their numbers.
    pub(crate) trace: Option<&'a Path>,
    pub(crate) log: &'a Path,
    pub(crate) patience: Duration,
}

impl Run<'_> {
    pub(crate) fn go(&self) -> Result<Ran, String> {
        let Run { program, log, .. } = self;
        let file = File::create(log).map_err(|e| format!("{}: {e}", log.display()))?;
        // A fault may ask for all the memory that there is; none computes for longer than any test
        // has time.
        let limits = format!("ulimit -d 8000000; ulimit -t {}", PATIENCE.as_secs());
        let mut command = Command::new("sh");
        command.arg("-c").arg(limits + "; exec \"$0\" \"$@\"").arg(program);
        command.args(&self.args).current_dir(self.tree);
        // Without its tools a test passes and notices nothing.
        command.env("SYNFIRE_REQUIRE_TOOLS", "1").env("RUST_BACKTRACE", "0");
        command.env_remove(VARIABLE).env_remove(TRACE);
        // What a faulty program keeps for the next time is nothing for sound ones.
        command.env("SYNFIRE_CACHE", self.tree.with_file_name("cache"));
        command.envs(self.fault.map(|fault| (VARIABLE, fault.to_string())));
        command.envs(self.trace.map(|trace| (TRACE, trace)));
        command.stdin(Stdio::null()).stdout(file).stderr(Stdio::null());
        // What a test started and did not wait for ends with it.
        command.process_group(0);
        let mut child = command.spawn().map_err(|e| format!("{}: {e}", program.display()))?;
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
                break status;
            }
            if begun.elapsed() > self.patience {
                end_group(child.id());
                let _ = child.kill().and_then(|()| child.wait());
                return Ok(Ran::Died(LATE));
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if !status.success() {
            end_group(child.id());
        }
        let said = std::fs::read(log).map_err(|e| format!("{}: {e}", log.display()))?;
        Ok(outcome(&String::from_utf8_lossy(&said), status.success()))
    }
}

/// Ends every program of a group that is still there.
fn end_group(leader: u32) {
    let mut kill = Command::new("kill");
    let _ = kill.args(["-KILL", "--", &format!("-{leader}")]).stderr(Stdio::null()).status();
}

/// The names of a program's tests, but for those that take longer.
pub(crate) fn names(tree: &Path, program: &Path) -> Result<Vec<String>, String> {
    let listed = |more: &[&str]| {
        let done = Command::new(program).arg("--list").args(more).current_dir(tree).output();
        let said = done.map_err(|e| format!("{}: {e}", program.display()))?.stdout;
        let said = String::from_utf8_lossy(&said).into_owned();
        let names = said.lines().filter_map(|l| l.strip_suffix(": test").map(str::to_owned));
        Ok::<BTreeSet<String>, String>(names.collect())
    };
    Ok(listed(&[])?.difference(&listed(&["--ignored"])?).cloned().collect())
}

fn outcome(said: &str, is_good: bool) -> Ran {
    let of = |ending: &str| {
        let name = |l: &str| l.strip_prefix("test ")?.strip_suffix(ending).map(str::to_owned);
        said.lines().filter_map(name).collect::<Vec<_>>()
    };
    let failed = of(" ... FAILED");
    match (is_good, failed.is_empty()) {
        (true, _) => Ran::Passed(of(" ... ok").len()),
        (false, false) => Ran::Failed(failed),
        (false, true) => Ran::Died("breaks off"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_late_test_started_ends_with_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = std::env::temp_dir().join(format!("xtask-run-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let [program, log, started] = ["test", "log", "started"].map(|name| dir.join(name));
        let text = format!("#!/bin/sh\nsleep 100 &\necho $! >{}\n$1\n", started.display());
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        for (last, ran) in [("wait", Ran::Died(LATE)), ("false", Ran::Died("breaks off"))] {
            let (tree, patience) = (&*dir, Duration::from_millis(500));
            let (program, log, args) = (&*program, &*log, vec![last]);
            let run = Run { tree, program, args, fault: None, trace: None, log, patience };
            assert_eq!(run.go().unwrap(), ran);
            let id = std::fs::read_to_string(&started).unwrap();
            let state = format!("/proc/{}/stat", id.trim());
            // Without a parent that waits for it, it may stay as a name.
            let runs = || std::fs::read_to_string(&state).is_ok_and(|s| !s.contains(") Z "));
            let begun = Instant::now();
            while runs() && begun.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(5));
            }
            assert!(!runs(), "{last}");
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn outcomes_are_read() {
        let said = "running 2 tests\ntest a::b ... ok\ntest a::c ... FAILED\n\nfailures:\n";
        assert_eq!(outcome(said, false), Ran::Failed(vec!["a::c".into()]));
        assert_eq!(outcome("running 1 test\ntest a::b ... ok\n", true), Ran::Passed(1));
        assert_eq!(outcome("running 0 tests\n", true), Ran::Passed(0));
        assert_eq!(outcome("running 1 test\n", false), Ran::Died("breaks off"));
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Runs one program in a directory, with a log.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::guard::Guard;
use super::kept::{Entry, Key};
use super::tools::Found;
use crate::diag::{Diagnostic, Result, codes};

/// How many of the log's last lines an error shows.
const TAIL_LINES: usize = 12;

/// A program about to be run.
#[derive(Debug)]
pub struct Process {
    name: String,
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    dir: PathBuf,
    log: PathBuf,
    stdout: Option<PathBuf>,
    makes: Vec<PathBuf>,
    /// The tool, and all files that it reads, if what it makes of them is kept.
    reads: Option<(Found, Vec<PathBuf>)>,
}

/// What is known of a program that succeeded.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Its log: the command line, then both output streams.
    pub log: PathBuf,
    /// Wall-clock time; 0 if the result was kept from an earlier run.
    pub time: Duration,
}

impl Process {
    /// A tool, to be run in `dir` (created if absent), logging to `dir/<step>.log`.
    #[must_use]
    pub fn tool(found: &Found, step: &str, dir: &Path) -> Self {
        let mut new = Self::program(&found.program, step, dir);
        new.name = found.tool.spec().name.to_string();
        new.env.clone_from(&found.env);
        new
    }

    /// Any program, to be run in `dir` (created if absent), logging to `dir/<step>.log`.
    #[must_use]
    pub fn program(program: &Path, step: &str, dir: &Path) -> Self {
        Self {
            name: step.to_string(),
            program: program.to_path_buf(),
            args: Vec::new(),
            env: Vec::new(),
            dir: dir.to_path_buf(),
            log: dir.join(format!("{step}.log")),
            stdout: None,
            makes: Vec::new(),
            reads: None,
        }
    }

    /// Calls it by the name of the tool that it runs.
    #[must_use]
    pub(super) fn named(mut self, found: &Found) -> Self {
        self.name = found.tool.spec().name.to_string();
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_os_string());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<T: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(args.into_iter().map(|a| a.as_ref().to_os_string()));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((key.into(), value.as_ref().to_os_string()));
        self
    }

    /// Names a file that the program has to make. A stale one is removed before, and a
    /// partial one after a failure. Relative to the directory.
    #[must_use]
    pub fn makes(mut self, path: impl AsRef<Path>) -> Self {
        self.makes.push(self.dir.join(path));
        self
    }

    /// Names every file that the tool reads, apart from its own. What it makes of them is then kept,
    /// and taken from there the next time: its result must depend on nothing else.
    #[must_use]
    pub(super) fn reads(mut self, tool: &Found, files: Vec<PathBuf>) -> Self {
        self.reads = Some((tool.clone(), files));
        self
    }

    /// Sends standard output to a file, which then counts as made by the program.
    #[must_use]
    pub fn stdout_to(mut self, path: impl AsRef<Path>) -> Self {
        self.stdout = Some(self.dir.join(&path));
        self.makes(path)
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// [`codes::TOOL_FAILED`] when it cannot be started, fails, or does not make what it
    /// should; [`codes::FILE_WRITE`] when the directory or log cannot be written.
    pub fn run(self) -> Result<Finished> {
        let result = self.start_and_wait();
        if result.is_err() {
            self.remove_outputs();
        }
        result
    }

    fn start_and_wait(&self) -> Result<Finished> {
        create_dir(&self.dir)?;
        self.remove_outputs();
        let kept = self.entry();
        // The log is what the tool said when it ran.
        let outputs: Vec<PathBuf> = self.makes.iter().chain([&self.log]).cloned().collect();
        if kept.as_ref().is_some_and(|k| k.take(&outputs)) {
            return Ok(Finished { log: self.log.clone(), time: Duration::ZERO });
        }
        let mut log = create(&self.log)?;
        let line: Vec<_> = self.args.iter().map(|a| a.to_string_lossy()).collect();
        let _ = writeln!(log, "$ {} {}", self.program.display(), line.join(" "));
        let out = match &self.stdout {
            Some(path) => create(path)?,
            None => clone(&log, &self.log)?,
        };
        let mut command = Command::new(&self.program);
        command.args(&self.args).envs(self.env.iter().cloned()).current_dir(&self.dir);
        command.stdin(Stdio::null()).stdout(out).stderr(clone(&log, &self.log)?);
        let started = Instant::now();
        let status = watched(&mut command)
            .map_err(|e| self.failed(&format!("could not be started: {e}")))?;
        if !status.success() {
            return Err(self.failed(&format!("failed ({status})")));
        }
        match self.makes.iter().find(|m| !m.exists()) {
            Some(missing) => Err(self.failed(&format!("did not write {}", missing.display()))),
            None => {
                let time = started.elapsed();
                kept.iter().for_each(|k| k.put(&outputs));
                Ok(Finished { log: self.log.clone(), time })
            }
        }
    }

    /// Where what it makes is kept, if it says what it reads and all of that is there.
    fn entry(&self) -> Option<Entry> {
        let (tool, files) = self.reads.as_ref()?;
        let mut key = Key::of(&[tool])?;
        self.args.iter().for_each(|a| key.add(a.as_encoded_bytes()));
        for (name, value) in &self.env {
            key.add(name.as_encoded_bytes());
            key.add(value.as_encoded_bytes());
        }
        for made in &self.makes {
            key.add(seen_from(&self.dir, made).as_os_str().as_encoded_bytes());
        }
        for file in files {
            key.add_file(&seen_from(&self.dir, file), file).ok()?;
        }
        key.entry()
    }

    fn remove_outputs(&self) {
        for path in &self.makes {
            // What is not there need not be removed; what cannot be removed shows up on writing.
            let _ = std::fs::remove_file(path);
        }
    }

    fn failed(&self, what: &str) -> Box<Diagnostic> {
        let tail = tail(&self.log);
        let lines = if tail.is_empty() { String::new() } else { format!(":\n{tail}") };
        Diagnostic::new(&codes::TOOL_FAILED, format!("{} {what}{lines}", self.name))
            .in_file(&self.log)
            .help("the log has the command line and all that the tool said")
    }
}

/// The programs that are running: each leads a process group of its own.
#[derive(Debug)]
struct Running {
    groups: BTreeSet<u32>,
    /// Ends them if this process is killed; there from the first of them on.
    guard: Option<Guard>,
}

static RUNNING: Mutex<Running> = Mutex::new(Running { groups: BTreeSet::new(), guard: None });

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a program and waits for it; [`stop_all`] ends it meanwhile, with all that it started, and
/// so does the guard once this process is no more.
fn watched(command: &mut Command) -> std::io::Result<ExitStatus> {
    let mut child = {
        // Held until the program is listed: whoever stops all of them finds it.
        let mut running = running();
        let Running { groups, guard } = &mut *running;
        let guard = guard.get_or_insert_with(Guard::new);
        let child = command.process_group(0).spawn()?;
        groups.insert(child.id());
        guard.begun(child.id());
        child
    };
    let status = child.wait();
    let mut running = running();
    running.groups.remove(&child.id());
    running.guard.iter_mut().for_each(|guard| guard.ended(child.id()));
    status
}

/// Ends all programs that are running, and keeps new ones from being started: for a program that
/// is itself about to end.
pub fn stop_all() {
    let running = running();
    let group = |id: &u32| rustix::process::Pid::from_raw(i32::try_from(*id).ok()?);
    for pid in running.groups.iter().filter_map(group) {
        // One that has just ended needs no signal.
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
    // Never given back: a thread that wants to start the next program waits here.
    std::mem::forget(running);
}

/// A path as a program running in `dir` may be told it: relative to there. What tools
/// write then does not depend on where the directory is, and tools in WebAssembly, which
/// see a private `/tmp`, find files below the real one.
#[must_use]
pub fn seen_from(dir: &Path, path: &Path) -> PathBuf {
    let from = real(dir);
    let to = match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => real(parent).join(name),
        _ => real(path),
    };
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let relative: PathBuf = up.chain(to.components().skip(shared)).collect();
    if relative.as_os_str().is_empty() { PathBuf::from(".") } else { relative }
}

/// The path without links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let known =
        full.ancestors().find_map(|a| Some((a.canonicalize().ok()?, full.strip_prefix(a).ok()?)));
    known.map(|(base, rest)| base.join(rest)).unwrap_or_else(|| full.clone())
}

/// Creates a directory and those above it; after [`stop_all`] no more.
///
/// # Errors
/// [`codes::FILE_WRITE`].
pub fn create_dir(dir: &Path) -> Result<()> {
    let _running = running();
    std::fs::create_dir_all(dir).map_err(|e| cannot_write(dir, &e))
}

fn create(path: &Path) -> Result<File> {
    File::create(path).map_err(|e| cannot_write(path, &e))
}

fn clone(file: &File, path: &Path) -> Result<File> {
    file.try_clone().map_err(|e| cannot_write(path, &e))
}

fn cannot_write(path: &Path, e: &std::io::Error) -> Box<Diagnostic> {
    Diagnostic::new(&codes::FILE_WRITE, format!("cannot write: {e}")).in_file(path)
}

/// The last lines of a log that say something, without the command line.
fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().skip(1).map(str::trim_end).filter(|l| !l.is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(dir: &Path, script: &str) -> Process {
        Process::program(Path::new("/bin/sh"), "sh", dir).args(["-c", script])
    }

    #[test]
    fn failure_shows_the_last_lines_and_leaves_no_output() {
        let dir = tempfile::tempdir().unwrap();
        let err = shell(dir.path(), "echo half > out; echo why >&2; exit 3")
            .makes("out")
            .run()
            .unwrap_err();
        assert_eq!(err.code.id, "SF0502");
        assert!(err.message.contains("why") && !err.message.contains("$ "), "{}", err.message);
        assert_eq!(err.location.file.as_deref(), Some(&*dir.path().join("sh.log")));
        assert!(!dir.path().join("out").exists());
    }

    #[test]
    fn paths_are_told_from_where_the_program_runs() {
        let root = tempfile::tempdir().unwrap();
        let see =
            |dir: &str, path: &str| seen_from(&root.path().join(dir), &root.path().join(path));
        assert_eq!(see("a/new", "a/new/x.v"), Path::new("x.v"));
        assert_eq!(see("a/new", "b/x.v"), Path::new("../../b/x.v"));
        assert_eq!(see("a", "a"), Path::new("."));
        std::fs::create_dir_all(root.path().join("deep/real")).unwrap();
        std::os::unix::fs::symlink(root.path().join("deep/real"), root.path().join("link"))
            .unwrap();
        assert_eq!(see("link/x", "y.v"), Path::new("../../../y.v"));
        // A file keeps its own name, wherever it leads to.
        assert_eq!(see("", "link"), Path::new("link"));
    }

    #[test]
    fn a_stale_output_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("out"), "old").unwrap();
        let err = shell(dir.path(), "true").makes("out").run().unwrap_err();
        assert!(err.message.contains("did not write"), "{}", err.message);
    }

    #[test]
    fn standard_output_goes_to_its_file_and_errors_to_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let done = shell(dir.path(), "echo data; echo note >&2").stdout_to("out").run().unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("out")).unwrap(), "data\n");
        assert!(std::fs::read_to_string(done.log).unwrap().ends_with("note\n"));
    }

    /// A tool that counts how often it runs; what it makes is what it reads and is told.
    #[test]
    fn a_tool_runs_once_for_the_same_bytes() {
        use crate::flow::tools::Origin;
        use std::time::SystemTime;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let script = "#!/bin/sh\necho run >> ../count\ncat ../in > out\necho $1 >> out\necho said\ntest $1 != bad\n";
        std::fs::write(at("tool"), script).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(at("tool"), mode).unwrap();
        let found = |version: Option<&str>| Found {
            tool: crate::flow::Tool::Icepack,
            program: at("tool"),
            env: Vec::new(),
            version: version.map(str::to_owned),
            origin: Origin::Path,
            data: None,
            library: false,
        };
        let run = |version: Option<&str>, work: &str, arg: &str| {
            let tool = found(version);
            let process = Process::tool(&tool, "t", &at(work)).arg(arg).makes("out");
            process.reads(&tool, vec![at("in")]).run().map(|done| {
                let out = std::fs::read_to_string(at(work).join("out")).unwrap();
                (out, std::fs::read_to_string(done.log).unwrap())
            })
        };
        let count = || std::fs::read_to_string(at("count")).unwrap().lines().count();
        std::fs::write(at("in"), "1").unwrap();
        let first = run(Some("1"), "a", "x").unwrap();
        assert!(first.0 == "1x\n" && first.1.ends_with("said\n"), "{first:?}");
        // The same again, elsewhere too.
        assert_eq!(run(Some("1"), "a", "x").unwrap(), first);
        assert_eq!(run(Some("1"), "b", "x").unwrap(), first);
        assert_eq!(count(), 1);
        // Another word, another version, another input; one whose version nobody asked for.
        assert_eq!(run(Some("1"), "a", "y").unwrap().0, "1y\n");
        run(Some("2"), "a", "x").unwrap();
        std::fs::write(at("in"), "2").unwrap();
        assert_eq!(run(Some("1"), "a", "x").unwrap().0, "2x\n");
        assert_eq!(count(), 4);
        run(None, "a", "x").unwrap();
        run(None, "a", "x").unwrap();
        assert_eq!(count(), 5);
        // A failure is none to keep.
        assert!(run(Some("1"), "a", "bad").is_err() && run(Some("1"), "a", "bad").is_err());
        assert_eq!(count(), 7);
        // Another file in the tool's place.
        std::fs::File::open(at("tool")).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        run(Some("1"), "a", "x").unwrap();
        assert_eq!(count(), 8);
    }

    #[test]
    fn a_program_that_is_not_there_is_a_diagnostic() {
        let dir = tempfile::tempdir().unwrap();
        let err = Process::program(Path::new("/nowhere/x"), "x", dir.path()).run().unwrap_err();
        assert!(err.message.contains("could not be started"), "{}", err.message);
    }
}

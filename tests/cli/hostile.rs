// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Runs of `compile` that are kept from writing, or ended while tools work: what was there stays,
//! and no process of a run is left.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::models::small;
use crate::rounds::rounds;
use crate::run::Place;
use crate::without_tools::script;

/// In the environment of a run, and so of all that it starts.
const MARK: &str = "SYNFIRE_ROUND";

/// Marks a run.
pub(crate) fn mark(command: &mut Command, mark: &str) {
    command.env(MARK, mark);
}

/// Processes with this mark. What has ended and waits to be asked for has no environment.
fn marked(mark: &str) -> Vec<u32> {
    let wanted = format!("{MARK}={mark}");
    let has = |id: &u32| {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|b| *b == 0).any(|word| word == wanted.as_bytes())
    };
    let names = std::fs::read_dir("/proc").unwrap().flatten().map(|f| f.file_name());
    names.filter_map(|n| n.to_str()?.parse().ok()).filter(has).collect()
}

/// Nothing with this mark is left, at the latest when the system has ended what was killed.
#[track_caller]
pub(crate) fn none_is_left(mark: &str) {
    let begun = Instant::now();
    loop {
        let left = marked(mark);
        if left.is_empty() {
            return;
        }
        assert!(begun.elapsed().as_secs() < 20, "{left:?} go on after {mark}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_process_that_is_left_would_be_seen() {
    let mark_of = format!("{}-left", std::process::id());
    assert_eq!(marked(&mark_of), Vec::<u32>::new());
    let mut command = Command::new("/bin/sh");
    // What it starts outlives it.
    command.args(["-c", "sleep 600 & echo $!"]).stdin(Stdio::null()).stdout(Stdio::piped());
    mark(&mut command, &mark_of);
    let mut run = command.spawn().unwrap();
    let mut id = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(run.stdout.take().unwrap()), &mut id)
        .unwrap();
    run.wait().unwrap();
    let id: u32 = id.trim().parse().unwrap();
    let found = marked(&mark_of);
    Command::new("/bin/sh").args(["-c", &format!("kill -s KILL {id}")]).status().unwrap();
    assert_eq!(found, [id]);
    none_is_left(&mark_of);
}

/// A build, and tools of which the first works for long, with a program of its own. Returns the
/// file that is there once it does.
fn at_work(place: &Place) -> PathBuf {
    place.good("compile {small} --target icebreaker -o b");
    place.file("b/my_notes.txt", "mine");
    std::fs::create_dir(place.path("bin")).unwrap();
    let begun = place.path("begun");
    let works = format!("sleep 600 & touch {}; wait", begun.display());
    script(place, "yosys", &format!("case $1 in -V) echo 'Yosys 0.50';; *) {works};; esac"));
    script(place, "nextpnr-ice40", "echo 'nextpnr 0.9'");
    script(place, "icepack", "exit 0");
    begun
}

/// A bitstream by these tools.
fn bitstream(place: &Place) -> Command {
    let line = ["compile", "b/real.sfir", "--target", "icebreaker", "-o", "c", "--bitstream"];
    let mut command = place.command(line);
    command.env("SYNFIRE_TOOLS", place.path("bin"));
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[track_caller]
fn until(begun: &Path) {
    let started = Instant::now();
    while !begun.exists() {
        assert!(started.elapsed().as_secs() < 60, "the tool was not started");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Killed, so that it can do nothing more itself.
#[test]
fn no_process_is_left_after_a_kill() {
    let place = Place::without_tools();
    let begun = at_work(&place);
    for round in 0..rounds(4) {
        let _ = std::fs::remove_file(&begun);
        let mut command = bitstream(&place);
        let mark_of = format!("{}-killed-{round}", place.dir.path().display());
        mark(&mut command, &mark_of);
        let mut run = command.spawn().unwrap();
        until(&begun);
        // The run, its guard, the tool and the tool's program.
        assert!(marked(&mark_of).len() >= 3, "{round}");
        run.kill().unwrap();
        run.wait().unwrap();
        none_is_left(&mark_of);
    }
}

/// Interrupted while a tool works, and at any other time: the tool and its programs end with the
/// run, and what was there stays.
#[test]
fn no_process_is_left_after_an_interruption() {
    let place = Place::without_tools();
    let begun = at_work(&place);
    let before = place.tree();
    let (mut checked, mut working) = (0, 0);
    for round in 0..rounds(12) {
        let _ = std::fs::remove_file(&begun);
        let mut command = bitstream(&place);
        let mark_of = format!("{}-{round}", place.dir.path().display());
        mark(&mut command, &mark_of);
        let mut run = command.spawn().unwrap();
        if round % 2 == 0 {
            until(&begun);
        } else {
            std::thread::sleep(Duration::from_millis(round as u64 * 29 % 150));
        }
        working += usize::from(begun.exists());
        let signal = ["INT", "TERM", "HUP"][round / 2 % 3];
        let kill = format!("kill -s {signal} {}", run.id());
        assert!(Command::new("/bin/sh").args(["-c", &kill]).status().unwrap().success());
        let ended = run.wait().unwrap();
        // By the signal, where it came before the run could mind it.
        assert!(ended.code().is_none_or(|c| c == 130), "{round}: {ended}");
        none_is_left(&mark_of);
        checked += 1;
        let _ = std::fs::remove_file(&begun);
        let now = place.tree();
        assert!(now == before, "after {round}, {ended}: {:?}", now.into_keys().next());
    }
    assert_eq!(checked, rounds(12));
    assert!(working >= rounds(6), "a tool was working in {working} rounds");
}

/// Who may be kept from writing by a directory's mode: ourselves, or, where we may do everything,
/// a user who may not. The program lies where that user finds it.
fn bound(place: &Place, out: &str) -> Command {
    let mut command = place.command(["compile", "good.onnx", "--target", "icebreaker", "--json"]);
    if rustix::process::geteuid().is_root() {
        let program = place.path("synfire");
        if !program.exists() {
            // By another program: what a thread beside us starts would hold a file that we have
            // open for writing, and such a file cannot be started.
            let from = env!("CARGO_BIN_EXE_synfire");
            assert!(Command::new("cp").arg(from).arg(&program).status().unwrap().success());
        }
        let mut other = Command::new(program);
        other.args(command.get_args()).current_dir(place.dir.path()).stdin(Stdio::null());
        other.env("PATH", "").env_remove("SYNFIRE_TOOLS").uid(NOBODY).gid(NOBODY);
        command = other;
    }
    command.args(["-o", out]);
    command
}

const NOBODY: u32 = 65_534;

fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A directory in which nothing may be made, with a build or without; a path below a file; a name
/// that is too long; where the system itself makes files.
#[test]
fn where_nothing_may_be_written_everything_stays() {
    let place = Place::without_tools();
    place.file("good.onnx", small());
    place.file("file", "content");
    std::fs::create_dir(place.path("closed")).unwrap();
    place.good("compile {student} --target icebreaker -o closed/b");
    place.file("closed/b/my_notes.txt", "mine");
    if rustix::process::geteuid().is_root() {
        // Of the directories only their modes are in the way.
        for dir in [place.dir.path(), &place.path("closed"), &place.path("closed/b")] {
            chown(dir, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    allow(place.dir.path(), 0o755);
    // It may be written where it is open, or what is refused below says nothing.
    assert_eq!(bound(&place, "closed/open").output().unwrap().status.code(), Some(0));
    std::fs::remove_dir_all(place.path("closed/open")).unwrap();
    allow(&place.path("closed"), 0o555);
    let before = place.tree();
    let long = "x".repeat(300);
    let places =
        ["closed/b", "closed/new", "closed/deep/er", "file/b", &*long, "/proc/b", "/proc/self/b"];
    let mut refused = 0;
    for round in 0..rounds(14) {
        let out = places[round % places.len()];
        let mut command = bound(&place, out);
        let mark_of = format!("{}-{round}", place.dir.path().display());
        mark(&mut command, &mark_of);
        let ran = command.output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(1), "{out}: {said}");
        assert!(said.contains("SF0002"), "{out}: {said}");
        none_is_left(&mark_of);
        assert!(place.tree() == before, "{out}");
        refused += 1;
    }
    assert_eq!(refused, rounds(14));
    allow(&place.path("closed"), 0o755);
}

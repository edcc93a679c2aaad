// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Ends the tools of a program that was killed: no handler of its own can run then.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdin, Command, Stdio};

/// What the guard does: it keeps the process groups that it is told of, `+ ID` and `- ID`, until
/// nobody is there who could tell it more, and ends those that are left.
const SCRIPT: &str = "\
groups=' '
while read -r what id; do
  case $what in
    +) groups=\"$groups$id \" ;;
    -) groups=\"${groups%% $id *} ${groups#* $id }\" ;;
  esac
done
for id in $groups; do kill -s KILL -- \"-$id\"; done";

/// A process that outlives this one by a moment: the pipe to it closes with this process, however
/// that ends. Where there is no shell there is no guard.
#[derive(Debug)]
pub(super) struct Guard(Option<ChildStdin>);

impl Guard {
    pub(super) fn new() -> Self {
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // A group of its own: what a terminal sends to ours does not end it before us.
        Self(shell.process_group(0).spawn().ok().and_then(|mut guard| guard.stdin.take()))
    }

    /// A process group has begun.
    pub(super) fn begun(&mut self, id: u32) {
        self.tell('+', id);
    }

    /// A process group has ended.
    pub(super) fn ended(&mut self, id: u32) {
        self.tell('-', id);
    }

    fn tell(&mut self, what: char, id: u32) {
        if let Some(pipe) = &mut self.0 {
            // A guard that somebody ended is none.
            let _ = writeln!(pipe, "{what} {id}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    /// Three groups, one of which has ended as far as the guard knows.
    #[test]
    fn what_is_left_ends_with_the_guard() {
        let sleep = || Command::new("/bin/sleep").arg("600").process_group(0).spawn().unwrap();
        let (mut guard, mut all) = (Guard::new(), [sleep(), sleep(), sleep()]);
        all.iter().for_each(|child| guard.begun(child.id()));
        guard.ended(all[1].id());
        drop(guard);
        let begun = Instant::now();
        let mut ended = |k: usize| all[k].try_wait().unwrap().is_some();
        while !(ended(0) && ended(2)) {
            assert!(begun.elapsed() < Duration::from_secs(20), "the guard ends nothing");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!ended(1));
        all[1].kill().unwrap();
        all[1].wait().unwrap();
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Writing a directory: all of it, or nothing, and nothing of the user's lost.
//!
//! It is filled beside its place, under a name that no other run uses, and then put there in one
//! step. Its file SHA256SUMS lists what is ours; whatever else lies in an earlier result is kept.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::sums;
use crate::diag::{Diagnostic, Result, codes, write_file};

/// The first file that is written: a directory with it is one that was not finished.
pub(super) const FIRST: &str = "real.sfir";
/// In a directory that is being filled: locked for as long as it is.
pub(super) const LOCK: &str = ".lock";

/// Fills a new directory and puts it in the place of `out` only when `fill` has succeeded.
/// After a tool's failure it stays beside `out` as `….partial`, for its logs. `inputs` are the
/// files that it is made from; they are never replaced. A directory with the file `sign` is ours;
/// what lies in it and is not listed stays in it, and a file of ours that was changed stays beside
/// the new one, as `….changed`.
pub(super) fn replace(
    out: &Path,
    sign: &str,
    inputs: &[&Path],
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let place = place(out)?;
    let checked = || {
        refuse(&place, sign, inputs).map_err(|why| {
            Diagnostic::new(&codes::FILE_WRITE, why)
                .in_file(out)
                .help("name another directory with -o, or remove it yourself")
        })
    };
    checked()?;
    let mut name = place.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    let partial = place.with_file_name(name);
    if partial.exists() && !may_go(&partial, FIRST) {
        return Err(Diagnostic::new(&codes::FILE_WRITE, "it is in the way and not synfire's")
            .in_file(&partial)
            .help("remove it, or name another directory with -o"));
    }
    let new = New::beside(&place)?;
    let filled = fill(&new.path);
    let _alone = new.alone();
    if let Err(mut d) = filled {
        if *d.code == codes::TOOL_FAILED {
            remove(&partial)?;
            new.close()?;
            let _here = open();
            std::fs::rename(&new.path, &partial).map_err(|e| failed(&e, &partial))?;
            let log = d.location.file.as_ref().and_then(|f| f.strip_prefix(&new.path).ok());
            d.location.file = log.map(|l| partial.join(l)).or(d.location.file);
        }
        return Err(d);
    }
    new.close()?;
    sums::write(&new.path)?;
    // Another run may have been there meanwhile.
    checked()?;
    remove(&partial)?;
    keep(&place, &new.path)?;
    exchange(&new.path, &place)
}

/// A directory that is being filled. It goes with this, unless it was given another name.
struct New {
    path: PathBuf,
    /// Locked; a run that finds it unlocked removes the directory.
    _lock: File,
}

/// The directories that are being filled. Whoever puts something into one of them, or moves one,
/// holds this: what is removed before the program ends then stays away, and nothing half-removed
/// gets into a build's place.
static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn open() -> MutexGuard<'static, Vec<PathBuf>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often it is tried to remove a directory into which a program that is being ended writes, and
/// the time between.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(5);

/// Removes what is being filled, and keeps everything else from being written there: for a program
/// that is about to end.
pub(super) fn remove_unfinished() {
    let mut open = open();
    for path in open.drain(..) {
        for _ in 0..TRIES {
            match std::fs::remove_dir_all(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => std::thread::sleep(PAUSE),
                _ => break,
            }
        }
    }
    // Never given back: a thread that wants to write waits here.
    std::mem::forget(open);
}

impl New {
    /// A directory beside `place`. What runs that were killed left there goes.
    fn beside(place: &Path) -> Result<Self> {
        let parent = place.parent().unwrap_or(place);
        std::fs::create_dir_all(parent).map_err(|e| failed(&e, place))?;
        let _alone = alone(parent);
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let (begin, end) = (format!(".{name}."), ".synfire");
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let ours = name.to_str().is_some_and(|n| n.starts_with(&begin) && n.ends_with(end));
            let lock = || File::open(entry.path().join(LOCK));
            if ours && lock().map_or(true, |l| l.try_lock().is_ok()) {
                remove(&entry.path())?;
            }
        }
        for n in 0.. {
            let path = parent.join(format!("{begin}{}-{n}{end}", std::process::id()));
            let mut open = open();
            match std::fs::create_dir(&path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(failed(&e, place)),
                Ok(()) => {
                    open.push(path.clone());
                    let lock = File::create(path.join(LOCK)).map_err(|e| failed(&e, place))?;
                    lock.lock().map_err(|e| failed(&e, place))?;
                    return Ok(Self { path, _lock: lock });
                }
            }
        }
        Err(Diagnostic::internal("output", "no name is free"))
    }

    /// Keeps other runs from moving directories here, as long as it is held.
    fn alone(&self) -> Option<File> {
        alone(self.path.parent().unwrap_or(&self.path))
    }

    /// Takes the lock's file out.
    fn close(&self) -> Result<()> {
        std::fs::remove_file(self.path.join(LOCK)).map_err(|e| failed(&e, &self.path))
    }
}

impl Drop for New {
    fn drop(&mut self) {
        open().retain(|p| *p != self.path);
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A lock on a directory; none where the system has none, and then two runs must not meet.
fn alone(dir: &Path) -> Option<File> {
    let dir = File::open(dir).ok()?;
    dir.lock().ok().map(|()| dir)
}

/// Copies what is the user's: it is in one of both places at any time.
fn keep(old: &Path, new: &Path) -> Result<()> {
    if !old.exists() {
        return Ok(());
    }
    let theirs = sums::theirs(old)?;
    let beside = |file: &Path| {
        let mut name = file.as_os_str().to_os_string();
        name.push(".changed");
        PathBuf::from(name)
    };
    let changed = theirs.changed.iter().map(|f| (f.clone(), beside(f)));
    for (from, to) in theirs.added.iter().map(|f| (f.clone(), f.clone())).chain(changed) {
        let (from, to) = (old.join(from), new.join(to));
        if to.symlink_metadata().is_ok() {
            return Err(Diagnostic::new(&codes::FILE_WRITE, "a file of ours has to go there")
                .in_file(&from)
                .help("move it away, or name another directory with -o"));
        }
        if let Some(parent) = to.parent() {
            crate::flow::process::create_dir(parent)?;
        }
        let copied = match std::fs::read_link(&from) {
            Ok(link) => std::os::unix::fs::symlink(link, &to),
            Err(_) => std::fs::copy(&from, &to).map(drop),
        };
        copied.map_err(|e| failed(&e, &from))?;
    }
    Ok(())
}

/// Puts `new` in the place of `old`, in one step where the system can; what was there lies where
/// `new` was, and goes.
fn exchange(new: &Path, old: &Path) -> Result<()> {
    let _here = open();
    if !old.exists() {
        return std::fs::rename(new, old).map_err(|e| failed(&e, old));
    }
    if renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE).is_ok() {
        return Ok(());
    }
    let beside = old.parent().unwrap_or(old);
    let aside = tempfile::Builder::new().prefix(".synfire-").tempdir_in(beside);
    let aside = aside.map_err(|e| failed(&e, beside))?;
    let kept = aside.path().join("old");
    std::fs::rename(old, &kept).map_err(|e| failed(&e, old))?;
    std::fs::rename(new, old).map_err(|e| {
        // If this fails too, nothing better can be done than to say why the first did.
        let _ = std::fs::rename(&kept, old);
        failed(&e, old)
    })
}

/// `out` without links and dots; its parents need not exist yet.
fn place(out: &Path) -> Result<PathBuf> {
    if let Ok(real) = out.canonicalize() {
        return Ok(real);
    }
    let full = std::path::absolute(out).map_err(|e| failed(&e, out))?;
    if full.file_name().is_none() {
        return Err(failed(&io::ErrorKind::NotFound.into(), out));
    }
    Ok(full)
}

/// Why `place` must stay as it is.
fn refuse(place: &Path, sign: &str, inputs: &[&Path]) -> std::result::Result<(), String> {
    if !place.exists() {
        return Ok(());
    }
    if !may_go(place, sign) {
        return Err("it exists and is not a directory of synfire's".into());
    }
    let inside = |p: &Path| p.canonicalize().is_ok_and(|p| p.starts_with(place));
    if let Some(input) = inputs.iter().find(|p| inside(p)) {
        return Err(format!("it would be replaced, and {} lies in it", input.display()));
    }
    if inside(Path::new(".")) {
        return Err("it would be replaced, and the current directory lies in it".into());
    }
    Ok(())
}

/// May it be removed? An empty directory may, and one with this file of ours.
fn may_go(dir: &Path, sign: &str) -> bool {
    dir.join(sign).is_file() || std::fs::read_dir(dir).is_ok_and(|mut d| d.next().is_none())
}

fn failed(e: &io::Error, path: &Path) -> Box<Diagnostic> {
    Diagnostic::new(&codes::FILE_WRITE, e.to_string()).in_file(path)
}

fn remove(dir: &Path) -> Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed(&e, dir)),
        _ => Ok(()),
    }
}

/// Writes a file in `dir`, with the folders it lies in.
pub(super) fn put(dir: &Path, name: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
    let path = dir.join(name);
    let _here = open();
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|e| failed(&e, parent))?;
    }
    write_file(&path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names in a directory, in order.
    fn names(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn fill(dir: &Path, text: &str) -> Result<()> {
        put(dir, "sign", "")?;
        put(dir, "made", text)
    }

    #[test]
    fn what_is_not_ours_stays() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("b");
        let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
        // Beside it: what only looks like a directory that a killed run left, and one that is.
        for name in ["x.synfire", ".b.x", ".b.1-0.synfire"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        replace(&out, "sign", &[], |dir| fill(dir, "one")).unwrap();
        assert_eq!(names(dir.path()), [".b.x", "b", "x.synfire"]);
        assert_eq!(names(&out), ["SHA256SUMS", "made", "sign"]);
        put(&out, "mine", "mine").unwrap();
        put(&out, "made", "changed").unwrap();
        replace(&out, "sign", &[], |dir| fill(dir, "two")).unwrap();
        assert_eq!(names(&out), ["SHA256SUMS", "made", "made.changed", "mine", "sign"]);
        assert_eq!([read("made"), read("made.changed"), read("mine")], ["two", "changed", "mine"]);
        // One that fails leaves what was there.
        let failed = replace(&out, "sign", &[], |dir| {
            fill(dir, "three")?;
            Err(failed(&io::ErrorKind::Other.into(), dir))
        });
        assert!(failed.is_err());
        assert_eq!((read("made").as_str(), names(dir.path()).len()), ("two", 3));
    }

    #[test]
    fn what_cannot_be_removed_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(remove(&dir.path().join("none")).is_ok());
        assert_eq!(remove(&file.join("none")).unwrap_err().code.id, "SF0002");
    }

    #[test]
    fn who_ends_early_knows_what_is_being_filled() {
        let dir = tempfile::tempdir().unwrap();
        let beside = |name: &str| New::beside(&dir.path().join(name)).unwrap();
        let (a, b) = (beside("a"), beside("b"));
        let (first, second) = (a.path.clone(), b.path.clone());
        assert!(open().contains(&first) && open().contains(&second));
        // Another run of this program that fills the same one has its own.
        let again = beside("b");
        assert!(again.path != second && second.exists());
        drop(a);
        assert!(!open().contains(&first) && open().contains(&second));
        assert!(!first.exists() && second.exists());
    }

    #[test]
    fn two_do_not_move_directories_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let is_free = || File::open(dir.path()).unwrap().try_lock().is_ok();
        let new = New::beside(&dir.path().join("a")).unwrap();
        assert!(is_free());
        let held = new.alone();
        assert!(held.is_some() && !is_free());
        drop(held);
        assert!(is_free());
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a tool made before of the same bytes: synthesis and place and route take minutes, and a
//! design is often compiled again.
//!
//! An entry is found by the SHA-256 of all that the tool sees: the program itself, its
//! arguments and environment, the name and every byte of each file that it reads. What is taken
//! out is held against the sums that were put in with it.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::runtime::cache_dir;
use super::tools::Found;

/// Below the directory of what is kept.
const FOLDER: &str = "made";
/// Most bytes that are kept: the entries that were not used for longest go.
const MOST: u64 = 1 << 30;
/// The sums of an entry's files.
const SUMS: &str = "sums";

/// A place for what a run makes.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    path: PathBuf,
}

/// What decides about a run's results, collected.
pub(super) struct Key(Sha256);

impl Key {
    /// A tool is known by where it is, its length and its time, as compilers are to ccache, and by
    /// its version where one is known: what pip installs starts with a small file that looks the
    /// same in every version. Nothing if it is not there.
    pub(super) fn of(tools: &[&Found]) -> Option<Self> {
        let mut key = Self(Sha256::new());
        for tool in tools {
            let made = tool.program.metadata().ok()?;
            key.add(tool.program.as_os_str().as_encoded_bytes());
            key.add(tool.version.as_deref().unwrap_or_default().as_bytes());
            key.add(&made.len().to_le_bytes());
            let since = made.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            key.add(&since.as_nanos().to_le_bytes());
        }
        Some(key)
    }

    /// Something that the tool sees; what lies where is part of it.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// A file that it reads.
    pub(super) fn add_file(&mut self, seen_as: &Path, file: &Path) -> io::Result<()> {
        self.add(seen_as.as_os_str().as_encoded_bytes());
        self.add(&fs::read(file)?);
        Ok(())
    }

    /// Where what is made of this is kept, if anything can be.
    pub(super) fn entry(self) -> Option<Entry> {
        let path = cache_dir()?.join(FOLDER).join(hex(&self.0.finalize()));
        Some(Entry { path })
    }
}

impl Entry {
    /// Puts copies of what was kept to `outputs`, in their order; false if it is not there or not
    /// whole.
    pub(super) fn take(&self, outputs: &[PathBuf]) -> bool {
        self.take_by(outputs, |from, to| fs::copy(from, to).map(drop))
    }

    /// The same of a program, which is linked: a file that is open for writing cannot be started,
    /// and a program that another thread starts holds it open for a moment, too. Nothing is kept
    /// on another file system, therefore.
    pub(super) fn take_program(&self, program: &Path) -> bool {
        let _ = fs::remove_file(program);
        self.take_by(&[program.to_path_buf()], |from, to| fs::hard_link(from, to))
    }

    fn take_by(&self, outputs: &[PathBuf], place: impl Fn(&Path, &Path) -> io::Result<()>) -> bool {
        let sums = fs::read_to_string(self.path.join(SUMS)).unwrap_or_default();
        let sums: Vec<&str> = sums.lines().collect();
        let is_whole = sums.len() == outputs.len()
            && sums.iter().enumerate().all(|(i, want)| {
                sum(&self.path.join(i.to_string())).is_ok_and(|sum| sum == **want)
            });
        let copied = || {
            let copies = outputs.iter().enumerate();
            let mut copies = copies.map(|(i, to)| place(&self.path.join(i.to_string()), to));
            copies.all(|c| c.is_ok())
        };
        if !is_whole || !copied() {
            return false;
        }
        // It was used: others go before it.
        let now = fs::File::open(&self.path).and_then(|d| d.set_modified(SystemTime::now()));
        drop(now);
        true
    }

    /// Keeps copies of `outputs`. That it cannot be kept is no failure: the next run makes it again.
    pub(super) fn put(&self, outputs: &[PathBuf]) {
        self.put_by(outputs, |from, to| fs::copy(from, to).map(drop));
    }

    /// The same of a program, which is linked.
    pub(super) fn put_program(&self, program: &Path) {
        self.put_by(&[program.to_path_buf()], |from, to| fs::hard_link(from, to));
    }

    fn put_by(&self, outputs: &[PathBuf], place: impl Fn(&Path, &Path) -> io::Result<()>) {
        let Some(folder) = self.path.parent() else { return };
        let made = fs::create_dir_all(folder).and_then(|()| {
            let fresh = tempfile::tempdir_in(folder)?;
            let mut sums = String::new();
            for (i, output) in outputs.iter().enumerate() {
                let copy = fresh.path().join(i.to_string());
                place(output, &copy)?;
                let _ = writeln!(sums, "{}", sum(&copy)?);
            }
            fs::write(fresh.path().join(SUMS), sums)?;
            // One that is not whole makes room; another run may have been first.
            let _ = fs::remove_dir_all(&self.path);
            fs::rename(fresh.keep(), &self.path)
        });
        if made.is_ok() {
            forget(folder, MOST);
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 of a file.
fn sum(path: &Path) -> io::Result<String> {
    let (mut file, mut hash) = (fs::File::open(path)?, Sha256::new());
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}

/// Removes the entries that were not used for longest, until the others have at most `most`
/// bytes.
fn forget(folder: &Path, most: u64) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter_map(|e| {
            let files = fs::read_dir(e.path()).ok()?.flatten();
            let size = files.filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum();
            Some((e.metadata().ok()?.modified().ok()?, size, e.path()))
        })
        .collect();
    entries.sort();
    let mut all: u64 = entries.iter().map(|e| e.1).sum();
    for (_, size, path) in entries {
        if all <= most {
            return;
        }
        all -= size;
        let _ = fs::remove_dir_all(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out_or_nothing_does() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("a"), "one").unwrap();
        fs::write(at("b"), "two").unwrap();
        let entry = Entry { path: at("kept/x") };
        let (outputs, copies) = ([at("a"), at("b")], [at("c"), at("d")]);
        assert!(!entry.take(&copies));
        entry.put(&outputs);
        assert!(entry.take(&copies) && fs::read(at("d")).unwrap() == b"two");
        // A bit more, a file less, other outputs.
        assert!(!entry.take(&copies[..1]));
        fs::write(at("kept/x/1"), "twO").unwrap();
        assert!(!entry.take(&copies));
        entry.put(&outputs);
        assert!(entry.take(&copies));
        fs::remove_file(at("kept/x/0")).unwrap();
        assert!(!entry.take(&copies));
    }

    #[test]
    fn a_program_is_kept_without_being_written() {
        use std::os::unix::fs::MetadataExt as _;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let node = |name: &str| fs::metadata(at(name)).unwrap().ino();
        fs::write(at("made"), "one").unwrap();
        fs::write(at("used"), "an older one").unwrap();
        let entry = Entry { path: at("kept/x") };
        assert!(!entry.take_program(&at("used")) && !at("used").exists());
        entry.put_program(&at("made"));
        assert!(entry.take_program(&at("used")) && node("used") == node("made"));
        // Whoever writes into it has changed what was kept as well.
        fs::write(at("used"), "onE").unwrap();
        assert!(!entry.take_program(&at("other")));
    }

    #[test]
    fn the_oldest_go_first() {
        let dir = tempfile::tempdir().unwrap();
        for (name, age) in [("old", 3), ("used", 1), ("new", 2)] {
            let entry = dir.path().join(name);
            fs::create_dir(&entry).unwrap();
            fs::write(entry.join("0"), [0; 100]).unwrap();
            let then = SystemTime::now() - std::time::Duration::from_secs(age * 1000);
            fs::File::open(&entry).unwrap().set_modified(then).unwrap();
        }
        let left = || {
            let names = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name());
            let mut names: Vec<_> = names.collect();
            names.sort();
            names
        };
        forget(dir.path(), 300);
        assert_eq!(left().len(), 3);
        forget(dir.path(), 299);
        assert_eq!(left(), ["new", "used"]);
        forget(dir.path(), 100);
        assert_eq!(left(), ["used"]);
    }

    #[test]
    fn as_many_go_as_have_to() {
        let dir = tempfile::tempdir().unwrap();
        for k in 0..6 {
            let entry = dir.path().join(k.to_string());
            fs::create_dir(&entry).unwrap();
            fs::write(entry.join("0"), [0; 10]).unwrap();
        }
        forget(dir.path(), 35);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    }

    /// Neither the order of what is added nor where one thing ends and the next begins can be
    /// mistaken.
    #[test]
    fn other_things_have_other_keys() {
        let key = |parts: &[&str]| {
            let mut key = Key(Sha256::new());
            parts.iter().for_each(|p| key.add(p.as_bytes()));
            hex(&key.0.finalize())
        };
        let all = [key(&["ab", "c"]), key(&["a", "bc"]), key(&["c", "ab"]), key(&["abc"])];
        assert!((0..4).all(|i| (0..i).all(|j| all[i] != all[j])));
    }
}

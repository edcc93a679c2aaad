// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which test programs need not run again: nothing that they see has changed since they passed.
//!
//! Not the bytes of a program decide. The linker puts the same functions in another order, and
//! keeps other tables, after a change anywhere in the library. What decides is the text of
//! everything that a program is made of and reads.

#[path = "../../../tests/arrows/paths.rs"]
mod paths;
mod reach;
#[path = "../../../tests/arrows/rules.rs"]
#[allow(dead_code, reason = "of the rules it takes the arrows alone")]
mod rules;
#[path = "../../../tests/arrows/tree.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "a module of a test, which here reads nothing")]
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use serde_json::Value;
use tree::File;

/// Those that read sources of any room, or pages by walking through folders.
const ALWAYS: [&str; 3] = ["arrows", "docs", "xtask itself"];
/// What only those of [`ALWAYS`] read.
const LISTS: [&str; 2] = ["tests/faults/", "tests/mutants.toml"];
/// What begins so in the environment changes what is built or what a test does.
const VARIABLES: [&str; 8] = [
    "SYNFIRE_",
    "RUST",
    "CARGO_PROFILE_",
    "PROPTEST_",
    "SNAPSHOTS",
    "INSTA_",
    "CCACHE_",
    "NO_COLOR",
];
/// The companion's library, of which its test programs are made as well.
const COMPANION: &str = "distill/src/";
/// The protocol's library, which the compiler's is made with.
const LINK: &str = "link/src/";

/// The Verilog and C++ of the hardware, which few rooms of the library put in.
const HARDWARE: &str = "hdl/";

/// Files by their path below the root.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The files of the repository, or none without git, which knows them.
pub(crate) fn files() -> Option<Files> {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let list = Command::new("git").args(list).output().ok().filter(|o| o.status.success())?;
    let list = String::from_utf8(list.stdout).ok()?;
    let files = list.split('\0').filter(|path| !path.is_empty());
    // A file that is listed and not there was removed.
    Some(files.filter_map(|p| Some((p.to_owned(), std::fs::read(p).ok()?))).collect())
}

/// What programs see, as it was when they were built.
pub(crate) struct Seen {
    /// Sources and pages.
    texts: Files,
    /// Everything else, in one number: data, tools, environment.
    rest: u64,
    /// The same of [`HARDWARE`].
    hardware: u64,
    /// The rooms that put that in.
    rooms: BTreeSet<String>,
}

impl Seen {
    /// What there is beside the `files` of the repository: the tools that `synfire` finds, and the
    /// environment with `more`. None if that cannot be said, or if the sources have a deliberate
    /// fault that is switched on: then everything runs.
    pub(crate) fn look(
        files: Files,
        synfire: &Path,
        more: &[(&'static str, &'static str)],
    ) -> Option<Self> {
        let mut set: Vec<(String, OsString)> = std::env::vars_os()
            .map(|(key, value)| (key.to_string_lossy().into_owned(), value))
            .filter(|(key, _)| VARIABLES.iter().any(|v| key.starts_with(v)))
            .collect();
        if set.iter().any(|(key, _)| key.starts_with("SYNFIRE_FAULT")) {
            return None;
        }
        set.sort();
        Some(Self::of(files, &(set, more, tools(synfire)?)))
    }

    fn of(files: Files, around: &impl Hash) -> Self {
        let mut hash = DefaultHasher::new();
        around.hash(&mut hash);
        let is_text = |path: &str| path.ends_with(".rs") || path.ends_with(".md");
        let (texts, mut data): (Files, Files) =
            files.into_iter().partition(|(path, _)| is_text(path));
        let of_hardware: Files = data.extract_if(.., |p, _| p.starts_with(HARDWARE)).collect();
        data.retain(|path, _| LISTS.iter().all(|l| !path.starts_with(l)));
        data.hash(&mut hash);
        let mut hardware = DefaultHasher::new();
        of_hardware.hash(&mut hardware);
        let puts_in = |path: &str, text: &[u8]| {
            let text = String::from_utf8_lossy(text);
            let room = File { path: path.to_owned(), text: String::new() }.module();
            let is_code = |line: &str| !line.trim_start().starts_with("//");
            room.filter(|_| text.lines().any(|line| line.contains(HARDWARE) && is_code(line)))
        };
        let rooms = texts.iter().filter_map(|(path, text)| puts_in(path, text)).collect();
        Self { texts, rest: hash.finish(), hardware: hardware.finish(), rooms }
    }

    /// A number that stays the same while nothing changes that the program sees. `sources` are
    /// the files of which its own crate is made, as the compiler lists them. None if it always
    /// has to run.
    pub(crate) fn key(&self, name: &str, sources: &[PathBuf]) -> Option<u64> {
        if ALWAYS.contains(&name) || sources.is_empty() {
            return None;
        }
        let mut own: Vec<String> = sources.iter().map(|p| plain(p)).collect::<Option<_>>()?;
        // Data that the compiler puts in is part of the rest; what git does not know is not.
        own.retain(|path| path.ends_with(".rs"));
        if own.iter().any(|path| path.starts_with("distill/")) {
            own.extend(self.texts.keys().filter(|p| p.starts_with(COMPANION)).cloned());
        }
        let text = |path: &String| Some(String::from_utf8_lossy(self.texts.get(path)?).into());
        let own: Vec<File> = own
            .iter()
            .map(|path| Some(File { path: path.clone(), text: text(path)? }))
            .collect::<Option<_>>()?;
        let rooms = reach::rooms(&own);
        let counts = |path: &String| {
            let file = File { path: path.clone(), text: String::new() };
            match file.module() {
                Some(room) => path.ends_with(".rs") && rooms.contains(room.as_str()),
                None if path.ends_with(".md") => {
                    let name = path.rsplit('/').next().unwrap_or(path);
                    own.iter().any(|f| f.text.contains(name))
                }
                None => path.starts_with("src/") || path.starts_with(LINK),
            }
        };
        let mut hash = DefaultHasher::new();
        (name, self.rest).hash(&mut hash);
        // By the library, or by a path that it may make of parts.
        let reads = own.iter().any(|f| f.text.contains("hdl"));
        if reads || rooms.iter().any(|room| self.rooms.contains(*room)) {
            self.hardware.hash(&mut hash);
        }
        own.iter().for_each(|f| (&f.path, &f.text).hash(&mut hash));
        self.texts.iter().filter(|(path, _)| counts(path)).for_each(|f| f.hash(&mut hash));
        Some(hash.finish())
    }
}

/// A path below the root without `..`; none for one elsewhere.
fn plain(path: &Path) -> Option<String> {
    let path = path.strip_prefix(crate::root()).unwrap_or(path);
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_string_lossy()),
            Component::ParentDir => drop(parts.pop()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(parts.join("/"))
}

/// The files that the compiler made a program of, from what it leaves beside it.
pub(crate) fn sources(program: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(program.with_extension("d")).unwrap_or_default();
    let ours = format!("{}:", program.display());
    let list = text.lines().find_map(|line| line.strip_prefix(&ours)).unwrap_or_default();
    // A blank in a name is written `\ `.
    let list = list.replace("\\ ", "\0");
    list.split_whitespace().map(|path| PathBuf::from(path.replace('\0', " "))).collect()
}

/// The tools as the program finds them, when each was put there, and the packages beside them.
fn tools(synfire: &Path) -> Option<(String, Vec<Option<SystemTime>>, Vec<OsString>)> {
    let said = Command::new(synfire).args(["doctor", "--json"]).output().ok()?;
    let list: Vec<Value> = serde_json::from_slice(&said.stdout).ok()?;
    let made = |tool: &Value| Path::new(tool["path"].as_str()?).metadata().ok()?.modified().ok();
    let folders = std::fs::read_dir(".tools/venv/lib").into_iter().flatten().flatten();
    let packages = folders.flat_map(|f| std::fs::read_dir(f.path().join("site-packages")));
    let mut packages: Vec<_> = packages.flatten().flatten().map(|e| e.file_name()).collect();
    packages.sort();
    Some((format!("{list:?}"), list.iter().map(made).collect(), packages))
}

#[cfg(test)]
mod tests;

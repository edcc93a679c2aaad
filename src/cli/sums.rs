// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SHA256SUMS: which files of a directory are ours, and what was in them. The form is that of
//! `sha256sum`, which checks it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::diag::{Diagnostic, Result, codes, read_file, write_file};

/// The list's file name.
pub(super) const SUMS: &str = "SHA256SUMS";
/// What commands leave in a build: ours, though not listed.
pub(super) const WORK: &str = "verify";

/// Logs say how long a tool took, so their sums would differ each time: ours, though not listed.
pub(super) fn is_log(file: &Path) -> bool {
    file.starts_with("flow") && file.extension().is_some_and(|e| e == "log")
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Lists every file of a directory.
pub(super) fn write(dir: &Path) -> Result<()> {
    let mut text = String::new();
    for file in files(dir).map_err(|e| unreadable(dir, &e))?.into_iter().filter(|f| !is_log(f)) {
        let name = file.to_string_lossy();
        let _ = writeln!(text, "{}  {name}", sum(&read_file(&dir.join(&file))?));
    }
    write_file(&dir.join(SUMS), text)
}

/// The sums of those files that `wanted` names, as they are now.
pub(super) fn of(dir: &Path, wanted: impl Fn(&str) -> bool) -> Result<BTreeMap<PathBuf, String>> {
    let files = files(dir).map_err(|e| unreadable(dir, &e))?;
    let wanted = files.into_iter().filter(|f| wanted(&f.to_string_lossy()));
    wanted
        .map(|f| {
            let bytes = read_file(&dir.join(&f))?;
            Ok((f, sum(&bytes)))
        })
        .collect()
}

/// The sum of each file that is listed.
///
/// # Errors
/// [`codes::BUILD_DAMAGED`] if there is no list.
pub(super) fn listed(dir: &Path) -> Result<BTreeMap<PathBuf, String>> {
    if !dir.join(SUMS).is_file() {
        let message = format!("there is no {SUMS} in it");
        return Err(Diagnostic::new(&codes::BUILD_DAMAGED, message)
            .in_file(dir)
            .help("compile again"));
    }
    let text = read_file(&dir.join(SUMS))?;
    let text = String::from_utf8_lossy(&text);
    let line = |l: &str| l.split_once("  ").map(|(sum, name)| (name.into(), sum.to_owned()));
    Ok(text.lines().filter_map(line).collect())
}

/// The contents of a file of ours.
///
/// # Errors
/// [`codes::BUILD_DAMAGED`] if it is not what was written.
pub(super) fn read(dir: &Path, name: &str) -> Result<Vec<u8>> {
    let (path, bytes) = (dir.join(name), read_file(&dir.join(name))?);
    let damaged = |what: &str| {
        Err(Diagnostic::new(&codes::BUILD_DAMAGED, what).in_file(&path).help("compile again"))
    };
    match listed(dir)?.get(Path::new(name)) {
        Some(was) if *was == sum(&bytes) => Ok(bytes),
        Some(_) => damaged("it was changed since it was compiled (SHA256SUMS has another sum)"),
        None => damaged("it is not listed in SHA256SUMS"),
    }
}

/// What in a directory is the user's: files that are not listed, and files that were changed
/// since.
pub(super) struct Theirs {
    /// Relative paths.
    pub(super) added: Vec<PathBuf>,
    /// Relative paths.
    pub(super) changed: Vec<PathBuf>,
}

/// See [`Theirs`].
pub(super) fn theirs(dir: &Path) -> Result<Theirs> {
    let mut theirs = Theirs { added: Vec::new(), changed: Vec::new() };
    let listed = if dir.join(SUMS).is_file() { listed(dir)? } else { BTreeMap::new() };
    for file in files(dir).map_err(|e| unreadable(dir, &e))? {
        let is_work = file.starts_with(WORK) || is_log(&file) || file == Path::new(SUMS);
        match listed.get(&file) {
            _ if is_work => {}
            None => theirs.added.push(file),
            Some(was) if *was != sum(&read_file(&dir.join(&file))?) => theirs.changed.push(file),
            Some(_) => {}
        }
    }
    Ok(theirs)
}

/// Relative paths of all files, and of links as they are, in order.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(below) = open.pop() {
        for entry in fs::read_dir(dir.join(&below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn unreadable(dir: &Path, e: &io::Error) -> Box<Diagnostic> {
    Diagnostic::new(&codes::FILE_READ, format!("cannot read: {e}")).in_file(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_those_of_the_flow() {
        let of = |name: &str| is_log(Path::new(name));
        assert_eq!(["flow/pnr.log", "flow/pnr.asc", "rtl/my.log"].map(of), [true, false, false]);
    }

    #[test]
    fn what_was_added_and_what_was_changed_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("a", "abc");
        put("sub/b", "");
        put("flow/tool.log", "3 s");
        write(dir.path()).unwrap();
        // FIPS 180-2, "abc"; and of nothing.
        let want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n\
                    e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  sub/b\n";
        assert_eq!(fs::read_to_string(dir.path().join(SUMS)).unwrap(), want);
        assert_eq!(read(dir.path(), "a").unwrap(), b"abc");
        put("sub/b", "x");
        put("sub/mine", "m");
        put("verify/log", "l");
        let found = theirs(dir.path()).unwrap();
        assert_eq!(found.added, [Path::new("sub/mine")]);
        assert_eq!(found.changed, [Path::new("sub/b")]);
        assert_eq!(read(dir.path(), "sub/b").unwrap_err().code.id, "SF0004");
        assert_eq!(read(dir.path(), "sub/mine").unwrap_err().code.id, "SF0004");
    }
}

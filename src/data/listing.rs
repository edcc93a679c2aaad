// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which files a data set of events has: one directory for each class, one directory for
//! all, or a text with a path in each line.

use std::path::{Path, PathBuf};

use super::read::bad;
use crate::diag::{Diagnostic, Result, codes};

/// A recording's file, with its class if its directory says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    pub(super) class: Option<u32>,
}

/// The visible entries of a directory, ordered by the bytes of their names, so that the
/// order is the same on every machine.
fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |e: std::io::Error| {
        Diagnostic::new(&codes::FILE_READ, format!("cannot list: {e}"))
            .in_file(dir)
            .help("check the path and its permissions")
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        if !hidden {
            paths.push(path);
        }
    }
    paths.sort_by(|a, b| {
        let name = |p: &Path| p.file_name().map(|n| n.as_encoded_bytes().to_vec());
        name(a).cmp(&name(b))
    });
    Ok(paths)
}

/// The recordings of a directory. Directories in it are classes; their number is their
/// name if all names are numbers, else their place in the order of names. With
/// `beside_labels` there are tables of labels among the files, which are passed over.
pub(super) fn directory(dir: &Path, beside_labels: bool) -> Result<Vec<Entry>> {
    let (classes, mut files): (Vec<_>, Vec<_>) =
        entries(dir)?.into_iter().partition(|p| p.is_dir());
    if classes.is_empty() {
        if beside_labels {
            files.retain(|p| {
                let extension = p.extension().map(|e| e.to_string_lossy().to_lowercase());
                matches!(extension.as_deref(), Some("aedat" | "aedat4" | "bin"))
            });
        }
        return some(dir, files.into_iter().map(|path| Entry { path, class: None }).collect());
    }
    if let Some(file) = files.first() {
        return Err(bad(0, "a file stands beside the directories of classes")
            .at("directory")
            .in_file(file)
            .help("let the directory have either files, or one directory for each class"));
    }
    let name = |p: &Path| p.file_name().map(|n| n.to_string_lossy().into_owned());
    let numbers: Option<Vec<u32>> =
        classes.iter().map(|p| name(p).and_then(|n| n.parse().ok())).collect();
    let mut found = Vec::new();
    for (i, dir) in classes.iter().enumerate() {
        let class = numbers.as_ref().map_or(u32::try_from(i).ok(), |n| n.get(i).copied());
        for path in entries(dir)? {
            found.push(Entry { path, class });
        }
    }
    some(dir, found)
}

/// The recordings that a text names, relative to its own place, as the lists of DVS
/// Gesture do; nothing if the text is no list.
pub(super) fn list(path: &Path, bytes: &[u8]) -> Option<Vec<Entry>> {
    if path.extension().is_none_or(|e| !e.eq_ignore_ascii_case("txt")) {
        return None;
    }
    let folder = path.parent()?;
    let lines = std::str::from_utf8(bytes).ok()?.lines().map(str::trim).filter(|l| !l.is_empty());
    let entry = |l: &str| Entry { path: folder.join(l), class: None };
    let found: Vec<Entry> = lines.map(entry).collect();
    found.first()?.path.is_file().then_some(found)
}

fn some(dir: &Path, entries: Vec<Entry>) -> Result<Vec<Entry>> {
    if entries.is_empty() {
        return Err(bad(0, "there is no recording here").at("directory").in_file(dir));
    }
    Ok(entries)
}

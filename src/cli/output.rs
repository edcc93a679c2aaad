// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Writing a build directory: all of it, or nothing.

use std::io;
use std::path::{Path, PathBuf};

use crate::diag::{Diagnostic, Result, codes, write_file};

/// The first file that is written: a directory with it is one that was not finished.
pub(super) const FIRST: &str = "real.sfir";

/// Fills a new directory and puts it in the place of `out` only when `fill` has succeeded.
/// After a tool's failure it stays beside `out` as `….partial`, for its logs. `inputs` are the files that it
/// is made from; they are never replaced. A directory with the file `sign` is ours.
pub(super) fn replace(
    out: &Path,
    sign: &str,
    inputs: &[&Path],
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let place = place(out)?;
    refuse(&place, sign, inputs).map_err(|why| {
        Diagnostic::new(&codes::FILE_WRITE, why)
            .in_file(out)
            .help("name another directory with -o, or remove it yourself")
    })?;
    let mut name = place.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    let partial = place.with_file_name(name);
    if partial.exists() && !may_go(&partial, FIRST) {
        return Err(Diagnostic::new(&codes::FILE_WRITE, "it is in the way and not synfire's")
            .in_file(&partial)
            .help("remove it, or name another directory with -o"));
    }
    remove(&partial)?;
    std::fs::create_dir_all(&partial).map_err(|e| failed(&e, &partial))?;
    if let Err(d) = fill(&partial) {
        if *d.code != codes::TOOL_FAILED {
            remove(&partial)?;
        }
        return Err(d);
    }
    exchange(&partial, &place)
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

/// Puts `new` in the place of `old`, which is lost only when that has succeeded.
fn exchange(new: &Path, old: &Path) -> Result<()> {
    if !old.exists() {
        return std::fs::rename(new, old).map_err(|e| failed(&e, old));
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
    if let Some(parent) = path.parent() {
        crate::flow::process::create_dir(parent)?;
    }
    write_file(&path, bytes)
}

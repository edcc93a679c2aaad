// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A copy of the tracked files: what is put in there is not put into the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Where the project's own tools are.
const TOOLS: &str = ".tools";

/// Makes `to` a copy of the tracked files below `root`. What is the same stays untouched, so that
/// a later build is a short one.
pub(crate) fn copy(root: &Path, to: &Path) -> Result<(), String> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output();
    let listed = listed.map_err(|e| format!("git: {e}"))?;
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    let names: BTreeSet<&str> = names.split('\0').filter(|n| !n.is_empty()).collect();
    if !listed.status.success() || names.is_empty() {
        return Err("git ls-files names no file".into());
    }
    for name in &names {
        // A file that was removed and not yet committed is none.
        if let Ok(bytes) = fs::read(root.join(name)) {
            put(&to.join(name), &bytes)?;
        }
    }
    prune(to, to, &names)?;
    link_tools(root, to)
}

/// The tests look for the tools in the workspace that they were built in.
fn link_tools(root: &Path, to: &Path) -> Result<(), String> {
    let (tools, link) = (root.join(TOOLS), to.join(TOOLS));
    if !tools.is_dir() || link.is_symlink() {
        return Ok(());
    }
    std::os::unix::fs::symlink(tools, &link).map_err(|e| format!("{}: {e}", link.display()))
}

/// Writes a file if it is not what it should be.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, bytes)).map_err(|e| format!("{}: {e}", path.display()))
}

/// Removes what is no longer tracked.
fn prune(dir: &Path, top: &Path, names: &BTreeSet<&str>) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", dir.display());
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            prune(&path, top, names)?;
        } else if path.strip_prefix(top).is_ok_and(|n| !names.contains(&*n.to_string_lossy())) {
            fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tracked_is_copied_and_the_rest_removed() {
        let to = std::env::temp_dir().join(format!("synfire-xtask-tree-{}", std::process::id()));
        put(&to.join("src/stray.rs"), b"stray").unwrap();
        copy(&crate::root(), &to).unwrap();
        let same = |name: &str| {
            assert_eq!(
                fs::read(to.join(name)).unwrap(),
                fs::read(crate::root().join(name)).unwrap()
            );
        };
        same("Cargo.toml");
        same("src/lib.rs");
        assert!(!to.join("src/stray.rs").exists());
        // A second time what the link leads to stays as it is.
        copy(&crate::root(), &to).unwrap();
        assert_eq!(to.join(TOOLS).is_dir(), crate::root().join(TOOLS).is_dir());
        assert!(!to.join(TOOLS).is_dir() || crate::root().join(crate::python::VENV).is_dir());
        fs::remove_dir_all(&to).unwrap();
    }
}

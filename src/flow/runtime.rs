// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Verilator's run-time library, compiled once and kept.
//!
//! Compiling it takes four seconds, a small design 0.7: with a test suite that builds
//! many simulators it is worth keeping.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::process::{Process, create_dir};
use super::search;
use super::tools::Found;
use crate::diag::{Diagnostic, Result, codes, write_file};

/// Flags that the library and every model have to share.
pub(super) const COMMON: &[&str] = &[
    "-std=gnu++17",
    "-w",
    "-pthread",
    "-DVERILATOR=1",
    "-DVL_TIME_CONTEXT",
    "-DVM_COVERAGE=0",
    "-DVM_SC=0",
    "-DVM_TRACE=0",
];

/// Names a directory for what may be kept between runs.
const CACHE_ENV: &str = "SYNFIRE_CACHE";

/// The include directories of Verilator's library.
pub(super) fn includes(root: &Path) -> [PathBuf; 2] {
    [root.join("include"), root.join("include/vltstd")]
}

/// The library as an object file: the kept one, or a new one.
///
/// # Errors
/// [`codes::TOOL_FAILED`], [`codes::FILE_WRITE`].
pub(super) fn object(cxx: &Found, root: &Path, dir: &Path) -> Result<PathBuf> {
    let cache = cache_dir()
        .filter(|d| std::fs::create_dir_all(d).is_ok())
        .unwrap_or_else(|| dir.to_path_buf());
    let kept = cache.join(format!("verilated-{:016x}.o", key(cxx, root)));
    if kept.is_file() {
        return Ok(kept);
    }
    create_dir(dir)?;
    write_file(
        &dir.join("runtime.cpp"),
        "#include \"verilated.cpp\"\n#include \"verilated_threads.cpp\"\n",
    )?;
    let process = Process::tool(cxx, "runtime", dir).args(COMMON).arg("-Os");
    let process = includes(root).iter().fold(process, |p, i| p.arg("-I").arg(i));
    process.args(["-c", "runtime.cpp", "-o", "runtime.o"]).makes("runtime.o").run()?;
    keep(&dir.join("runtime.o"), &kept)?;
    Ok(kept)
}

/// Copies under another name first, so that nobody ever links half a file.
fn keep(made: &Path, kept: &Path) -> Result<()> {
    let fresh = kept.with_extension(format!("{}.tmp", std::process::id()));
    let moved = std::fs::copy(made, &fresh).and_then(|_| std::fs::rename(&fresh, kept));
    moved.map_err(|e| {
        Diagnostic::new(&codes::FILE_WRITE, format!("cannot write: {e}")).in_file(kept)
    })
}

/// What the object depends on.
fn key(cxx: &Found, root: &Path) -> u64 {
    let mut hash = DefaultHasher::new();
    (COMMON, root, &cxx.program).hash(&mut hash);
    for file in [
        &root.join("include/verilated_config.h"),
        &root.join("include/verilated.cpp"),
        &cxx.program,
    ] {
        let meta = file.metadata().ok();
        meta.map(|m| (m.len(), m.modified().ok())).hash(&mut hash);
    }
    hash.finish()
}

/// The directory that `SYNFIRE_CACHE` names, the project's own, or the user's.
fn cache_dir() -> Option<PathBuf> {
    let named = |key: &str| std::env::var_os(key).filter(|v| !v.is_empty()).map(PathBuf::from);
    named(CACHE_ENV)
        .or_else(|| search::project_root().map(|r| r.join(".tools/cache")))
        .or_else(|| named("XDG_CACHE_HOME").map(|d| d.join("synfire")))
        .or_else(|| named("HOME").map(|d| d.join(".cache/synfire")))
}

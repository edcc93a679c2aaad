// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Verilator's run-time library and its header, compiled once and kept.
//!
//! Compiling it takes four seconds, a small design 0.7: with a test suite that builds
//! many simulators it is worth keeping.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::catalog::Tool;
use super::process::{Process, create_dir};
use super::search;
use super::tools::{Found, Toolbox};
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

/// The header's name, and what it includes: what models and test benches do.
const HEADER: &str = "verilated_model.h";
const INCLUDED: &[&str] =
    &["chrono", "cstdint", "cstdio", "cstdlib", "cstring", "string", "vector", "verilated.h"];

/// Names a directory for what may be kept between runs.
const CACHE_ENV: &str = "SYNFIRE_CACHE";

/// Where ccache keeps its files; the user's own choice is respected.
const CCACHE_ENV: &str = "CCACHE_DIR";

/// The include directories of Verilator's library.
pub(super) fn includes(root: &Path) -> [PathBuf; 2] {
    [root.join("include"), root.join("include/vltstd")]
}

/// The library as an object file: the kept one, or a new one.
///
/// # Errors
/// [`codes::TOOL_FAILED`], [`codes::FILE_WRITE`].
pub(super) fn object(cxx: &Found, root: &Path, dir: &Path) -> Result<PathBuf> {
    let kept = cache_or(dir).join(format!("verilated-{:016x}.o", key(cxx, root)));
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

/// The header that every model begins with, compiled beforehand for an optimisation level: reading
/// it takes a second, compiling a small model without it a quarter of one.
///
/// # Errors
/// [`codes::TOOL_FAILED`], [`codes::FILE_WRITE`].
pub(super) fn header(cxx: &Found, root: &Path, dir: &Path, level: &str) -> Result<PathBuf> {
    let kept = cache_or(dir).join(format!("verilated{level}-{:016x}", key(cxx, root)));
    let (header, compiled) = (kept.join(HEADER), kept.join(format!("{HEADER}.gch")));
    if compiled.is_file() {
        return Ok(header);
    }
    create_dir(&kept)?;
    create_dir(dir)?;
    let text = format!("#include <{}>\n", INCLUDED.join(">\n#include <"));
    write_file(&dir.join(HEADER), text)?;
    let process = Process::tool(cxx, "header", dir).args(COMMON).arg(level);
    let process = includes(root).iter().fold(process, |p, i| p.arg("-I").arg(i));
    let process = process.args(["-x", "c++-header", HEADER, "-o", "header.gch"]);
    process.makes("header.gch").run()?;
    keep(&dir.join(HEADER), &header)?;
    keep(&dir.join("header.gch"), &compiled)?;
    Ok(header)
}

/// The kept files' directory, or `dir` where nothing can be kept.
fn cache_or(dir: &Path) -> PathBuf {
    cache_dir().filter(|d| std::fs::create_dir_all(d).is_ok()).unwrap_or_else(|| dir.to_path_buf())
}

/// The C++ compiler, through ccache where there is one and a place for what it keeps: a design
/// that is simulated again is not compiled again.
///
/// # Errors
/// [`codes::TOOL_MISSING`].
pub(super) fn compiler(toolbox: &Toolbox, step: &str, dir: &Path) -> Result<Process> {
    let cxx = toolbox.require(Tool::Cxx)?;
    let kept = cache_dir().map(|d| d.join("ccache")).filter(|d| std::fs::create_dir_all(d).is_ok());
    Ok(match (toolbox.get(Tool::Ccache), kept) {
        (Some(cache), Some(kept)) => {
            let process = Process::tool(cache, step, dir).named(cxx).arg(&cxx.program);
            // What it asks for where a header is compiled beforehand.
            let process = process.env("CCACHE_SLOPPINESS", "pch_defines,time_macros");
            let is_chosen = std::env::var_os(CCACHE_ENV).is_some();
            if is_chosen { process } else { process.env(CCACHE_ENV, kept) }
        }
        _ => Process::tool(cxx, step, dir),
    })
}

/// Copies under a name of its own first, so that nobody ever links half a file, however many
/// make it at the same time.
fn keep(made: &Path, kept: &Path) -> Result<()> {
    let moved = tempfile::NamedTempFile::new_in(kept.parent().unwrap_or(kept)).and_then(|fresh| {
        std::fs::copy(made, fresh.path())?;
        Ok(fresh.persist(kept)?)
    });
    moved.map(drop).map_err(|e| {
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
pub(super) fn cache_dir() -> Option<PathBuf> {
    let named = |key: &str| directory(std::env::var_os(key));
    named(CACHE_ENV)
        .or_else(|| search::project_root().map(|r| r.join(".tools/cache")))
        .or_else(|| named("XDG_CACHE_HOME").map(|d| d.join("synfire")))
        .or_else(|| named("HOME").map(|d| d.join(".cache/synfire")))
}

/// The directory that a variable's value names; an empty one names none.
fn directory(value: Option<OsString>) -> Option<PathBuf> {
    value.filter(|v| !v.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::tools::Origin;

    #[test]
    fn an_empty_name_is_none() {
        let of = |value: &str| directory(Some(value.into()));
        assert_eq!((of("/a/b"), of(""), directory(None)), (Some("/a/b".into()), None, None));
    }

    #[test]
    fn what_is_kept_is_of_this_compiler_and_this_library() {
        let dir = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| dir.path().join(name));
        std::fs::create_dir_all(one.join("include")).unwrap();
        let found = |program: &Path| Found {
            tool: Tool::Cxx,
            program: program.to_path_buf(),
            env: Vec::new(),
            version: None,
            origin: Origin::Path,
            data: None,
            library: false,
        };
        let (cxx, other) = (found(&dir.path().join("g++")), found(&dir.path().join("clang++")));
        let first = key(&cxx, &one);
        assert_eq!(key(&cxx, &one), first);
        assert!(key(&other, &one) != first && key(&cxx, &two) != first);
        // Another version in the same place.
        std::fs::write(one.join("include/verilated.cpp"), "").unwrap();
        assert_ne!(key(&cxx, &one), first);
    }

    #[test]
    fn many_may_keep_the_same_file() {
        let dir = tempfile::tempdir().unwrap();
        let (made, kept) = (dir.path().join("made.o"), dir.path().join("kept.o"));
        std::fs::write(&made, vec![7; 1 << 20]).unwrap();
        std::thread::scope(|s| {
            let jobs: Vec<_> = (0..8).map(|_| s.spawn(|| keep(&made, &kept))).collect();
            jobs.into_iter().for_each(|job| job.join().unwrap().unwrap());
        });
        assert_eq!(std::fs::metadata(&kept).unwrap().len(), 1 << 20);
        let left = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left, 2, "nothing else is left behind");
    }
}

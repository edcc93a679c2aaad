// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `cargo xtask fuzz`: libFuzzer on the targets of fuzz/, with the stable toolchain. What
//! cargo-fuzz adds, the sanitizers, needs a nightly one (docs/fuzzing.md).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::seeds;

/// The coverage that libFuzzer steers by, as cargo-fuzz asks for it.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table";
/// Where everything goes that is not committed.
const OUT: &str = "target/fuzz";
/// Seconds a target is run for.
const SECONDS: u32 = 600;

/// Builds the targets, writes their seeds, and runs them one after the other.
pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    let (chosen, seconds) = parse(args)?;
    let host = host()?;
    let chosen: Vec<String> =
        targets()?.into_iter().filter(|t| chosen.as_ref().is_none_or(|c| c == t)).collect();
    let built = cargo()
        .args(["build", "--release", "--manifest-path", "fuzz/Cargo.toml"])
        .args(chosen.iter().flat_map(|t| ["--bin", t]))
        // With a target, the flags are not for build scripts.
        .args(["--target", &host, "--target-dir", OUT])
        .env("RUSTFLAGS", FLAGS)
        .status();
    if !built.map_err(|e| format!("cargo: {e}"))?.success() {
        return Ok(false);
    }
    let programs = Path::new(OUT).join(host).join("release");
    let mut good = true;
    for target in &chosen {
        println!("== fuzz: {target}, {seconds} s");
        good &= fuzz(&programs.join(target), target, seconds)?;
    }
    Ok(good)
}

/// The target that was asked for, and the seconds.
fn parse(args: &[String]) -> Result<(Option<String>, u32), String> {
    let (mut chosen, mut seconds) = (None, SECONDS);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--seconds" => {
                let number = args.next().and_then(|n| n.parse().ok());
                seconds = number.ok_or("--seconds needs a number")?;
            }
            target if targets()?.iter().any(|t| t == target) => chosen = Some(target.to_owned()),
            other => {
                return Err(format!("{other} is no target; there are {}", targets()?.join(", ")));
            }
        }
    }
    Ok((chosen, seconds))
}

/// The files of fuzz/fuzz_targets, by name.
fn targets() -> Result<Vec<String>, String> {
    let folder = crate::root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let stem = |e: fs::DirEntry| e.path().file_stem().map(|s| s.to_string_lossy().into_owned());
    let mut names: Vec<String> = entries.flatten().filter_map(stem).collect();
    names.sort();
    Ok(names)
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The machine's own target, as rustc calls it.
fn host() -> Result<String, String> {
    let said = Command::new("rustc").arg("-vV").output().map_err(|e| format!("rustc: {e}"))?;
    let text = String::from_utf8_lossy(&said.stdout);
    let host = text.lines().find_map(|l| l.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc -vV names no host".to_owned())
}

/// Runs one target on its seeds, on what is committed and on what earlier runs found; new
/// inputs go to the last of these folders, crashes beside them.
fn fuzz(program: &Path, target: &str, seconds: u32) -> Result<bool, String> {
    let folder = |kind: &str| -> Result<PathBuf, String> {
        let folder = Path::new(OUT).join(kind).join(target);
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(folder)
    };
    let (found, seeded, crashes) = (folder("found")?, folder("seeds")?, folder("crashes")?);
    for (name, bytes) in seeds::seeds(&crate::root(), target).map_err(|e| e.to_string())? {
        fs::write(seeded.join(&name), bytes).map_err(|e| format!("{name}: {e}"))?;
    }
    let mut command = Command::new(program);
    command.arg(&found).arg(&seeded);
    let committed = Path::new("fuzz/corpus").join(target);
    if committed.is_dir() {
        command.arg(committed);
    }
    let status = command
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
        .status();
    Ok(status.map_err(|e| format!("{}: {e}", program.display()))?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_and_seconds_are_read() {
        let parse =
            |args: &[&str]| parse(&args.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(parse(&["onnx", "--seconds", "7"]), Ok((Some("onnx".to_owned()), 7)));
        assert_eq!(parse(&[]), Ok((None, SECONDS)));
        assert!(parse(&["omnx"]).is_err() && parse(&["--seconds"]).is_err());
    }
}

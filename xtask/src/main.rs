// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The project's own tasks: `cargo xtask help` lists them.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod apt;
mod boards;
mod faults;
mod fuzz;
mod mutants;
#[cfg(feature = "proto")]
mod onnx_proto;
mod package;
mod programs;
mod python;
mod results;
#[path = "../../fuzz/src/seeds.rs"]
#[allow(unreachable_pub, reason = "a module of another crate")]
mod seeds;
mod setup;
mod step;
mod tasks;
mod unchanged;

use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask TASK

  setup [--no-apt]           get the tools: .tools/venv by pip, the rest by apt where it may
  demo [--wheel]             from a trained model to a verified bitstream, with its energy;
                             by the synfire that cargo builds, or by the wheel's
  test                       everything that has to pass before a merge
  nightly                    test, and what takes longer
  bench                      the benchmarks
  tutorial                   the Python wheel, and docs/tutorial.md run line by line with it
  fuzz [TARGET] [--seconds N]
                             libFuzzer on everything that reads files (docs/fuzzing.md)
  faults [--only NAME] [--check]
                             deliberate faults in the sources; a test has to notice each
                             (docs/faults.md); --check looks at the list alone
  mutants [--room ROOM] [--shard K/N] [--seconds S] [--jobs J] [--program P] [--resume]
          [--since REVISION]
                             the changes of cargo-mutants in verify, cli, energy and flow, or
                             in ROOM; at most S seconds of tests for each (60); with the tests
                             of P only; --resume leaves out what was caught before, --since
                             what is in functions that are the same as they were
  boards [--only BOARD] [--write]
                             every board: compile the demonstration's model to a bitstream, verify
                             it with deliberate faults; --write puts the table into docs/boards.md
  onnx-proto                 write src/import/onnx/proto.rs anew from onnx.proto

options of demo, test, nightly, bench and tutorial:
  --list                     name the steps, run nothing
  --only STEP                run one step (may be repeated)
  --no-apt                   as for setup
  --again                    also the test programs that are unchanged since they passed
  --allow-missing-tools      tests that need a tool which is not there say so and pass";

/// The workspace's root.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}

/// What the command line asked for besides the task.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Options {
    list: bool,
    only: Vec<String>,
    no_apt: bool,
    again: bool,
    allow_missing: bool,
    wheel: bool,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--list" => options.list = true,
                "--no-apt" => options.no_apt = true,
                "--again" => options.again = true,
                "--wheel" => options.wheel = true,
                "--allow-missing-tools" => options.allow_missing = true,
                "--only" => {
                    options.only.push(args.next().ok_or("--only needs the name of a step")?.clone())
                }
                other => return Err(format!("{other} is not known; see cargo xtask help")),
            }
        }
        Ok(options)
    }
}

#[cfg(feature = "proto")]
fn onnx_proto() -> Result<bool, String> {
    onnx_proto::run().map(|()| true).map_err(|e| e.to_string())
}

/// Few need the compiler of `.proto` files; it is built for those who do.
#[cfg(not(feature = "proto"))]
fn onnx_proto() -> Result<bool, String> {
    let args = ["run", "--quiet", "--package", "xtask", "--features", "proto", "--", "onnx-proto"];
    let status = std::process::Command::new("cargo").args(args).status();
    status.map(|s| s.success()).map_err(|e| format!("cargo: {e}"))
}

fn run() -> Result<bool, String> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = args.split_first().map_or(("help", &[][..]), |(t, r)| (t.as_str(), r));
    if matches!(task, "help" | "--help" | "-h") {
        println!("{HELP}");
        return Ok(true);
    }
    std::env::set_current_dir(root()).map_err(|e| format!("{}: {e}", root().display()))?;
    if task == "fuzz" {
        return fuzz::run(rest);
    }
    if task == "faults" {
        return faults::run(rest);
    }
    if task == "boards" {
        return boards::run(rest);
    }
    if task == "mutants" {
        return mutants::run(rest);
    }
    let options = Options::parse(rest)?;
    if task == "setup" {
        setup::run(&options);
        return Ok(true);
    }
    if task == "onnx-proto" {
        return onnx_proto();
    }
    if options.wheel && task != "demo" {
        return Err("--wheel is an option of demo".into());
    }
    let steps = tasks::steps(task, &options)
        .ok_or_else(|| format!("{task} is no task; see cargo xtask help"))?;
    step::run_all(task, &steps, &options)
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options, String> {
        Options::parse(&args.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read() {
        let options = parse(&["--only", "fmt", "--no-apt", "--only", "clippy"]).unwrap();
        assert_eq!(options.only, ["fmt", "clippy"]);
        assert!(options.no_apt && !options.list);
    }

    #[test]
    fn unknown_options_are_refused() {
        assert!(parse(&["--onyl"]).is_err());
        assert!(parse(&["--only"]).is_err());
    }
}

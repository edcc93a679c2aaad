// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The tasks as lists of steps. To add a step, write a function and name it in a list.

use std::process::Command;

use crate::step::{Action, Step};
use crate::{Options, package};

/// The training companion.
const DISTILL: [&str; 2] = ["--package", "synfire-distill"];

type Make = fn(&Options) -> Step;

/// The steps of a task, or nothing if there is no such task.
pub(crate) fn steps(task: &str, options: &Options) -> Option<Vec<Make>> {
    // The tests come last: their closing line is the closing line of the task.
    let checks: [Make; 6] = [setup, fmt, clippy, rustdoc, doctest, package];
    match task {
        "test" => Some([&checks[..], &[tests]].concat()),
        "nightly" => {
            let slow: [Make; 9] =
                [data, bench_once, slow_tests, injected, mutated, claims, proto, tutorial, boards];
            Some([&checks[..], &slow, &[more_tests]].concat())
        }
        "demo" => {
            let dense: [Make; 5] = [compile, simulate, verify, energy, results];
            let conv: [Make; 5] =
                [compile_conv, simulate_conv, verify_conv, energy_conv, results_conv];
            let tools: &[Make] = if options.wheel { &[wheel, install] } else { &[setup] };
            Some([tools, &dense, &conv].concat())
        }
        "bench" => Some(vec![bench]),
        "tutorial" => Some(vec![setup, tutorial]),
        _ => None,
    }
}

fn setup(_: &Options) -> Step {
    Step::new("setup", "the tools are there", Action::Setup)
}

fn data(_: &Options) -> Step {
    Step::new("data", "the images and ONNX Runtime of the slow tests are there", Action::Data)
}

fn fmt(_: &Options) -> Step {
    Step::cargo("fmt", "the sources are formatted", &["fmt", "--all", "--check"])
}

fn clippy(_: &Options) -> Step {
    let args = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
    Step::cargo("clippy", "no warning of the compiler or of clippy", &args)
}

fn rustdoc(_: &Options) -> Step {
    let args = ["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"];
    Step::cargo("rustdoc", "no broken link in the doc comments", &args)
        .env("RUSTDOCFLAGS", "-D warnings")
}

fn doctest(_: &Options) -> Step {
    // All packages, as for the tests: what is built for the one serves the other.
    let args = ["test", "--quiet", "--workspace", "--doc"];
    Step::cargo("doctest", "the examples in the doc comments", &args)
}

fn package(options: &Options) -> Step {
    let about = "the Python package on the module that cargo builds";
    let action = Action::Package { may_be_missing: options.allow_missing };
    Step::new("python", about, action)
}

fn tutorial(_: &Options) -> Step {
    let about = "the wheel in a clean environment, and docs/tutorial.md line by line";
    Step::new("tutorial", about, Action::Tutorial)
}

fn wheel(_: &Options) -> Step {
    Step::new("wheel", "the wheel, which a user is given", Action::Wheel)
}

fn install(_: &Options) -> Step {
    let about = "the wheel and its tools in a clean environment";
    Step::new("install", about, Action::Install)
}

fn claims(_: &Options) -> Step {
    let args = [&["test", "--release"], &DISTILL[..], &["--tests", "--", "--ignored"]].concat();
    Step::cargo("claims", "the companion's slow tests: published claims, ONNX Runtime", &args)
}

fn tests(options: &Options) -> Step {
    let about = "unit and integration tests, with the external tools";
    let action = Action::Programs { environment: Vec::new(), again: options.again };
    require_tools(Step::new("tests", about, action), options)
}

/// All of them, and where a test tries many inputs, ten times as many.
fn more_tests(options: &Options) -> Step {
    tests(&Options { again: true, ..options.clone() }).env("SYNFIRE_ROUNDS", "10")
}

fn slow_tests(options: &Options) -> Step {
    let args = ["test", "--release", "--tests", "--", "--ignored"];
    require_tools(Step::cargo("slow", "the tests that take longer", &args), options)
}

fn proto(_: &Options) -> Step {
    let args = ["test", "--package", "xtask", "--features", "proto", "onnx_proto"];
    Step::cargo("proto", "src/import/onnx/proto.rs is what onnx.proto says", &args)
}

fn injected(_: &Options) -> Step {
    let about = "every deliberate fault in the sources is noticed";
    Step::new("faults", about, Action::Faults)
}

fn boards(_: &Options) -> Step {
    let about = "every board: the demonstration's model to a bitstream, verified";
    Step::new("boards", about, Action::Boards)
}

fn mutated(_: &Options) -> Step {
    let about = "an eighth of what cargo-mutants proposes is noticed, or has its reason";
    Step::new("mutants", about, Action::Mutants)
}

fn bench(_: &Options) -> Step {
    Step::cargo("bench", "the benchmarks", &["bench"])
}

fn bench_once(_: &Options) -> Step {
    Step::cargo("bench-once", "every benchmark runs", &["bench", "--", "--test"])
}

/// A missing tool fails a test, unless that was allowed.
fn require_tools(step: Step, options: &Options) -> Step {
    if options.allow_missing { step } else { step.env("SYNFIRE_REQUIRE_TOOLS", "1") }
}

/// The models that the demonstration starts from, and where its results go: a chain of dense
/// layers, and convolutions on one processor.
const DEMO_MODEL: &str = "distill/students/fashion_mlp.onnx";
const DEMO_OUT: &str = "build/demo";
const CONV_MODEL: &str = "distill/students/fashion_conv.onnx";
const CONV_OUT: &str = "build/conv";
/// Test images of Fashion-MNIST and their labels.
const DEMO_IMAGES: &str = "tests/models/student/images-idx3-ubyte.gz";
const DEMO_LABELS: &str = "tests/models/student/labels-idx1-ubyte.gz";

fn synfire(options: &Options, name: &'static str, about: &'static str, args: &[&str]) -> Step {
    if options.wheel {
        let mut command = Command::new(package::INSTALLED);
        command.args(args);
        return Step::new(name, about, Action::Run(command));
    }
    let run = ["run", "--quiet", "--release", "--"];
    Step::cargo(name, about, &[&run[..], args].concat())
}

fn compile(options: &Options) -> Step {
    let args = ["compile", DEMO_MODEL, "--target", "icebreaker", "-o", DEMO_OUT, "--bitstream"];
    synfire(options, "compile", "from the model to the bitstream", &args)
}

fn compile_conv(options: &Options) -> Step {
    let args = ["compile", CONV_MODEL, "--target", "icebreaker", "-o", CONV_OUT, "--bitstream"];
    let about = "a convolutional student to its bitstream";
    // Placing and routing takes one processor; the chain is compiled and verified meanwhile.
    synfire(options, "compile-conv", about, &args).with("compile")
}

fn simulate(options: &Options) -> Step {
    simulated(options, "simulate", DEMO_OUT)
}

fn simulate_conv(options: &Options) -> Step {
    simulated(options, "simulate-conv", CONV_OUT)
}

fn simulated(options: &Options, name: &'static str, build: &str) -> Step {
    let args = ["simulate", build, "--images", DEMO_IMAGES, "--labels", DEMO_LABELS];
    synfire(options, name, "how often it is right, and in how many cycles", &args)
}

const VERIFIED: &str = "the bitstream fires the model's spikes";

fn verify(options: &Options) -> Step {
    synfire(options, "verify", VERIFIED, &["verify", DEMO_OUT, "--images", DEMO_IMAGES])
}

/// Fewer images: an inference has a hundred times the cycles.
fn verify_conv(options: &Options) -> Step {
    let counts = ["--rtl", "8", "--top", "1", "--netlist", "1", "--on-bitstream", "1"];
    let args = ["verify", CONV_OUT, "--images", DEMO_IMAGES];
    synfire(options, "verify-conv", VERIFIED, &[&args[..], &counts].concat())
}

fn energy(options: &Options) -> Step {
    synfire(options, "energy", COST, &["energy", DEMO_OUT, "--images", DEMO_IMAGES])
}

fn energy_conv(options: &Options) -> Step {
    synfire(options, "energy-conv", COST, &["energy", CONV_OUT, "--images", DEMO_IMAGES])
}

const COST: &str = "what one inference costs";

fn results(_: &Options) -> Step {
    Step::new("results", "where the results are", Action::Show(DEMO_OUT))
}

fn results_conv(_: &Options) -> Step {
    let about = "where those of the convolutional one are";
    Step::new("results-conv", about, Action::Show(CONV_OUT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_a_task_have_different_names() {
        for task in ["test", "nightly", "demo", "bench", "tutorial"] {
            let steps = steps(task, &Options::default()).unwrap();
            let names: Vec<_> = steps.iter().map(|s| s(&Options::default()).name).collect();
            let mut unique = names.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), names.len(), "{names:?}");
        }
        assert!(steps("tset", &Options::default()).is_none());
    }

    #[test]
    fn the_tests_close_the_task() {
        for task in ["test", "nightly"] {
            let last = steps(task, &Options::default())
                .unwrap()
                .last()
                .map(|s| s(&Options::default()).name);
            assert_eq!(last, Some("tests"));
        }
    }
}

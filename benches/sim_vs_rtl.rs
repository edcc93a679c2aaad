// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How fast `sim` is beside Verilator, on the same hardware, the same images, one thread
//! each, in turns.
//!
//! `cargo bench --bench sim_vs_rtl [-- --json --rounds N --images N --model FILE]`. Verilator's test
//! bench does nothing but clock the core and pass bytes in and out; its time is taken
//! inside the program, without its start and without reading files. Both sides give a sum
//! over all result bytes, which must be the same.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use common::Student;
use synfire::emit;
use synfire::flow::{Tool, Toolbox};
use synfire::sim::{Inference, NoProbe, Recorder, Sim};
use synfire::verify::RtlExecutor;

/// Simulated cycles and the seconds they took.
#[derive(Clone, Copy, serde::Serialize)]
struct Run {
    cycles: u64,
    seconds: f64,
}

impl Run {
    fn rate(self) -> f64 {
        self.cycles as f64 / self.seconds
    }
}

/// The three runs of one round, in the order in which they were made.
#[derive(serde::Serialize)]
struct Round {
    sim: Run,
    verilator: Run,
    sim_recorder: Run,
}

/// How much is run.
struct Args {
    json: bool,
    rounds: usize,
    images: usize,
    /// Another model than the small student.
    model: Option<PathBuf>,
    /// Least time of one run of `sim`: it goes through the images that often.
    seconds: f64,
}

impl Args {
    fn parse() -> Self {
        let given: Vec<String> = std::env::args().collect();
        let has = |flag: &str| given.iter().any(|a| a == flag);
        let text = |flag: &str| given.get(given.iter().position(|a| a == flag)? + 1);
        let value = |flag: &str| text(flag).map(|v| v.parse::<usize>().unwrap());
        // `cargo test` runs benchmarks without --bench, once.
        let once = has("--test") || !has("--bench");
        let (rounds, images, seconds) = if once { (1, 4, 0.0) } else { (9, 500, 0.5) };
        Self {
            json: has("--json"),
            rounds: value("--rounds").unwrap_or(rounds),
            images: value("--images").unwrap_or(images),
            model: text("--model").map(PathBuf::from),
            seconds,
        }
    }
}

/// The test bench's sum over all result bytes.
fn add_bytes(sum: u64, inference: &Inference) -> u64 {
    let logits = inference.logits.iter().flat_map(|l| l.to_le_bytes());
    logits.chain([inference.class]).fold(sum, |s, b| s.wrapping_mul(31).wrapping_add(u64::from(b)))
}

/// Runs the images, again and again until `seconds` have passed; also returns the sum of
/// the first time through.
fn time_sim(images: &[&[u8]], seconds: f64, mut one: impl FnMut(&[u8]) -> Inference) -> (Run, u64) {
    let (begun, mut cycles, mut first) = (Instant::now(), 0, None);
    loop {
        let mut sum = 0;
        for image in images {
            let inference = one(image);
            cycles += inference.done + 1;
            sum = add_bytes(sum, &inference);
        }
        first.get_or_insert(sum);
        let spent = begun.elapsed().as_secs_f64();
        if spent >= seconds {
            return (Run { cycles, seconds: spent }, first.unwrap());
        }
    }
}

/// Runs Verilator's program on its prepared stimulus.
fn time_verilator(program: &Path, directory: &Path, stimulus: &Path) -> (Run, u64) {
    let output =
        Command::new(program).current_dir(directory).arg(stimulus).arg("-").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let words: Vec<&str> = text.split_whitespace().collect();
    let sum = u64::from_str_radix(words.last().unwrap().trim_end_matches(')'), 16).unwrap();
    (Run { cycles: words[0].parse().unwrap(), seconds: words[1].parse().unwrap() }, sum)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let args = Args::parse();
    let toolbox = Toolbox::discover();
    if !toolbox.missing(&[Tool::Verilator, Tool::Cxx]).is_empty() {
        assert!(std::env::var_os("SYNFIRE_REQUIRE_TOOLS").is_none(), "Verilator is missing");
        eprintln!("not run: Verilator or a C++ compiler is missing, see `synfire doctor`");
        return;
    }
    let student = Student::compile(args.model.clone());
    let work = tempfile::tempdir().unwrap();
    let rtl = write(&student, work.path());
    let images = student.images.first(args.images);
    let core =
        RtlExecutor::build(&toolbox, &student.design, &rtl, &work.path().join("work"), Vec::new())
            .unwrap()
            .without_trains()
            .with_weights(emit::load_image(&student.design));
    let (program, stimulus, _) = core.prepare(&images).unwrap();
    let sim = Sim::new(&student.design);
    let rounds: Vec<Round> = (0..args.rounds)
        .map(|_| {
            let plain = time_sim(&images, args.seconds, |x| sim.run(x, &[], &mut NoProbe).unwrap());
            let rtl = time_verilator(&program, core.directory(), &stimulus);
            let recorded = time_sim(&images, args.seconds, |x| {
                let mut recorder = Recorder::default();
                let inference = sim.run(x, &[], &mut recorder).unwrap();
                std::hint::black_box(&recorder);
                inference
            });
            assert!(plain.1 == rtl.1 && recorded.1 == rtl.1, "the results differ");
            Round { sim: plain.0, verilator: rtl.0, sim_recorder: recorded.0 }
        })
        .collect();
    print(&args, images.len(), &rounds);
}

/// Writes the Verilog; returns its directory.
fn write(student: &Student, dir: &Path) -> PathBuf {
    for file in emit::emit(&student.design, &student.target).unwrap() {
        let path = dir.join(file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file.contents).unwrap();
    }
    dir.join(emit::RTL_DIR)
}

fn print(args: &Args, images: usize, rounds: &[Round]) {
    let rates = |of: fn(&Round) -> Run| median(rounds.iter().map(|r| of(r).rate()).collect());
    let names = ["sim", "verilator", "sim_recorder"];
    let medians = [rates(|r| r.sim), rates(|r| r.verilator), rates(|r| r.sim_recorder)];
    let ratios = |of: fn(&Round) -> Run| {
        let mut all: Vec<f64> = rounds.iter().map(|r| of(r).rate() / r.verilator.rate()).collect();
        all.sort_by(f64::total_cmp);
        [all[0], median(all.clone()), all[all.len() - 1]]
    };
    let (plain, recorded) = (ratios(|r| r.sim), ratios(|r| r.sim_recorder));
    if args.json {
        let json = serde_json::json!({
            "images": images,
            "rounds": rounds,
            "median_cycles_per_second": names.iter().zip(medians).collect::<std::collections::BTreeMap<_, _>>(),
            "ratio_min_median_max": { "sim": plain, "sim_recorder": recorded },
        });
        println!("{}", serde_json::to_string_pretty(&json).unwrap());
        return;
    }
    println!(
        "{images} images, {} rounds, one thread each; million cycles per second",
        rounds.len()
    );
    println!(
        "{:>8} {:>10} {:>10} {:>13} {:>8}",
        "round", "sim", "verilator", "sim recording", "ratio"
    );
    for (i, r) in rounds.iter().enumerate() {
        let [a, b, c] = [r.sim, r.verilator, r.sim_recorder].map(|r| r.rate() / 1e6);
        println!("{:>8} {a:>10.1} {b:>10.2} {c:>13.1} {:>8.1}", i + 1, a / b);
    }
    let [a, b, c] = medians.map(|m| m / 1e6);
    println!("{:>8} {a:>10.1} {b:>10.2} {c:>13.1}", "median");
    let line = |name: &str, [min, median, max]: [f64; 3]| {
        println!("{name}: {median:.1} times as fast as Verilator (least {min:.1}, most {max:.1})");
    };
    line("sim", plain);
    line("sim, everything recorded", recorded);
}

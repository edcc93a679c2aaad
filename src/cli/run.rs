// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire run`: inferences on a board, compared with the simulator one by one.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::build::Build;
use super::cut::CutArgs;
use super::inputs::DataArgs;
use super::ui::{Ui, table, tenths, thousands};
use crate::board::{BoardExecutor, Host, Port, Speed, Talk};
use crate::diag::{Diagnostic, InFile, Result, codes};
use crate::target::Board;
use crate::verify::{Comparison, Pair, Report, Scope, SimExecutor};

/// Run inferences on a board at a serial port, and compare each with the simulator.
///
/// The board is asked first which design it runs, and gets the weights that its bitstream does
/// not hold and that it does not read from its flash. Whatever the line loses or damages is sent again (docs/host-link.md).
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire run build/student --port /dev/ttyUSB1 --images images.gz --labels labels.gz
  synfire run build/student --port /dev/ttyUSB1 --count 100 --spikes --json
  synfire board build/student    (in another terminal: a port without a board)")]
pub(super) struct Args {
    /// A directory that `synfire compile` wrote.
    build: PathBuf,
    /// The board's serial port.
    #[arg(long, value_name = "PATH")]
    port: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    cuts: CutArgs,
    /// Leave out members of an ensemble that come after those by which the class is settled, of a
    /// build that can (compile --stop).
    #[arg(long)]
    stop_early: bool,
    /// Also compare every spike; the answers are longer.
    #[arg(long)]
    spikes: bool,
    /// Milliseconds that an answer may take beyond the computation and the time on the line.
    #[arg(long, default_value_t = 500, value_name = "MS",
        value_parser = clap::value_parser!(u64).range(1..=60_000))]
    wait: u64,
}

/// Estimates of cycles are no bounds: what is waited for, for each cycle estimated.
const MARGIN: f64 = 4.0;

/// What is printed.
#[derive(Serialize)]
struct Figures {
    /// Its name and the bits a second of its line.
    target: String,
    baud: u32,
    loaded_bytes: usize,
    comparison: Comparison,
    /// Share of right classes; none without labels.
    accuracy: Option<f64>,
    latency_ms: Latency,
    /// Inferences a second of the time spent with the board, attempts without answer included.
    per_second: f64,
    line: Talk,
}

/// From the first byte of the answered request to the last of its answer.
#[derive(Serialize)]
struct Latency {
    mean: f64,
    worst: f64,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    let build = Build::open(&args.build)?;
    let Some(board) = &build.target.board else {
        let message = format!("`{}` is a bare device without a serial port", build.target.name);
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .help("compile for a board; `synfire targets` lists them"));
    };
    if !board.link.is_uart() {
        let message = "this build talks over SPI, which is no port of the host's";
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .help("compile with --link uart, or speak the frames of docs/host-link.md over SPI"));
    }
    let (design, weights) = (&build.design, build.weights()?);
    if args.spikes && Scope::line(design).trains.is_none() {
        let message = "--spikes: this build keeps no spikes";
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .help("compile without --no-trace, or compare classes and logits alone"));
    }
    let (inputs, _) = args.cuts.behind(&build, args.stop_early, args.data.load(&build.integer)?)?;
    let presented = inputs.first(args.data.count.unwrap_or(usize::MAX).min(inputs.len()));

    let speed = speed(board, build.estimate.cycles, args.wait);
    let port = Port::open(&args.port, board.uart_baud)?;
    // A board that has read its weights itself needs none; if it says that it has not, it gets them.
    let loads = build.manifest.standalone.is_none();
    let loaded_bytes = if loads { weights.len() } else { 0 };
    let mut host = Host::new(port, design, weights, speed);
    let spinner = ui.spinner("asking the board which design it runs");
    host.identify().in_file(&args.port)?;
    if loads {
        spinner.set_message("loading the weights");
        host.load().in_file(&args.port)?;
    }
    spinner.finish_and_clear();

    let bar = ui.bar("run", presented.len());
    let mut sim = SimExecutor::new(design, Vec::new());
    let mut found = BoardExecutor::new(host, args.spikes, || bar.inc(1));
    let scope = Scope { trains: None, ..Scope::line(design) };
    let scope = if args.spikes { Scope::line(design) } else { scope };
    let comparison = Pair::SIM_BOARD
        .compare(&mut sim, &mut found, &presented, scope, |_| {})
        .in_file(&args.port)?;
    bar.finish_and_clear();

    let figures = Figures {
        target: build.target.name.clone(),
        baud: board.uart_baud,
        loaded_bytes,
        accuracy: inputs.labels.as_ref().map(|labels| accuracy(&found.classes, labels)),
        latency_ms: latency(&found.latencies),
        per_second: per_second(found.classes.len(), found.busy),
        line: found.host().talk(),
        comparison,
    };
    ui.result(&args.data.with(&figures), || text(&figures) + &args.data.remark(inputs.len()))?;
    let report = Report { comparisons: vec![figures.comparison], ..Report::default() };
    report.verdict().in_file(&args.port)
}

/// What the board and its line take; `wait` in milliseconds.
fn speed(board: &Board, cycles: u32, wait: u64) -> Speed {
    let seconds = MARGIN * f64::from(cycles) / (board.mhz() * 1e6);
    let (inference, patience) = (Duration::from_secs_f64(seconds), Duration::from_millis(wait));
    Speed { baud: board.uart_baud, inference, patience }
}

fn per_second(inferences: usize, busy: Duration) -> f64 {
    inferences as f64 / busy.as_secs_f64().max(f64::MIN_POSITIVE)
}

fn accuracy(classes: &[usize], labels: &[u8]) -> f64 {
    let right = classes.iter().zip(labels).filter(|(c, l)| **c == usize::from(**l)).count();
    right as f64 / classes.len().max(1) as f64
}

fn latency(all: &[Duration]) -> Latency {
    let ms = |d: Duration| d.as_secs_f64() * 1e3;
    let sum = ms(all.iter().sum());
    Latency {
        mean: sum / all.len().max(1) as f64,
        worst: all.iter().max().map_or(0.0, |worst| ms(*worst)),
    }
}

fn text(f: &Figures) -> String {
    let Talk { requests, repeated, silent, refused, damaged, late, loads } = f.line;
    let tally = &f.comparison.tally;
    let count = |name: &str, n: u64| [name.to_owned(), thousands(n)].to_vec();
    let mut rows = vec![
        vec![format!("board, {} baud", thousands(f.baud.into())), f.target.clone()],
        count("inferences", tally.images),
        count("logits compared with sim", tally.logits.0),
    ];
    if tally.spikes.0 > 0 {
        rows.push(count("spikes compared with sim", tally.spikes.0));
    }
    rows.push(count("differences", tally.differences()));
    rows.extend(f.accuracy.map(|a| vec!["accuracy".into(), format!("{:.2} %", a * 100.0)]));
    rows.push(vec!["latency, mean".into(), format!("{:.2} ms", f.latency_ms.mean)]);
    rows.push(vec!["latency, worst".into(), format!("{:.2} ms", f.latency_ms.worst)]);
    rows.push(vec!["inferences a second".into(), tenths(f.per_second)]);
    rows.push(count("requests", requests));
    let counts = [
        ("of them sent again", repeated),
        ("without an answer in time", silent),
        ("refused by the board", refused),
        ("damaged frames", damaged),
        ("answers that came too late", late),
        ("weights loaded, times", loads),
    ];
    rows.extend(counts.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| count(name, n)));
    table(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::Tally;

    #[test]
    fn figures_are_means_and_shares() {
        assert!((accuracy(&[1, 2, 3, 4], &[1, 2, 0, 4, 9]) - 0.75).abs() < 1e-12);
        let found = latency(&[Duration::from_millis(1), Duration::from_millis(5)]);
        assert!((found.mean - 3.0).abs() < 1e-9 && (found.worst - 5.0).abs() < 1e-9);
        assert!((per_second(3, Duration::from_millis(1500)) - 2.0).abs() < 1e-9);
        assert!(per_second(0, Duration::ZERO).abs() < 1e-9);
    }

    /// 12,000 cycles at 12 MHz are a millisecond; four times as long is waited for.
    #[test]
    fn what_is_waited_for_is_several_times_the_estimate() {
        let board = crate::target::load("icebreaker").unwrap().board.unwrap();
        let speed = speed(&board, 12_000, 500);
        assert_eq!((speed.baud, speed.patience), (1_000_000, Duration::from_millis(500)));
        assert_eq!(speed.inference, Duration::from_millis(4));
    }

    #[test]
    fn what_never_happened_has_no_line() {
        let tally = Tally { images: 3, ..Tally::default() };
        let comparison = Comparison { levels: Pair::SIM_BOARD, asked: 3, tally, first: None };
        let mut figures = Figures {
            target: "icebreaker".into(),
            baud: 1_000_000,
            loaded_bytes: 0,
            comparison,
            accuracy: None,
            latency_ms: latency(&[]),
            per_second: 2345.61,
            line: Talk { requests: 5, repeated: 1, loads: 1, ..Talk::default() },
        };
        let said = text(&figures);
        let names = said.lines().filter_map(|l| l.split("  ").next());
        let wanted = [
            "board, 1,000,000 baud",
            "inferences",
            "logits compared with sim",
            "differences",
            "latency, mean",
            "latency, worst",
            "inferences a second",
            "requests",
            "of them sent again",
            "weights loaded, times",
        ];
        assert_eq!(names.collect::<Vec<_>>(), wanted, "{said}");
        let row = said.lines().find(|l| l.starts_with("inferences a second"));
        assert!(row.is_some_and(|r| r.ends_with(" 2,345.6")), "{said}");
        figures.comparison.tally.spikes.0 = 1234;
        let said = text(&figures);
        let row = said.lines().find(|l| l.starts_with("spikes compared with sim"));
        assert!(row.is_some_and(|r| r.ends_with(" 1,234")), "{said}");
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The command line: the only place that prints.
//!
//! Exit codes: 0 good; 1 the input cannot be used (a coded diagnostic says why); 2 wrong
//! usage; 3 two levels disagree, or a deliberate fault was not noticed; 4 an external
//! tool is missing or failed, or a board does not answer; 130 interrupted (Ctrl-C, SIGTERM, SIGHUP).

mod bitstream;
mod board;
mod build;
mod compile;
mod convert;
mod cut;
mod doctor;
mod encoding;
mod energy;
mod explain;
mod flash;
mod hardware;
mod inputs;
mod inspect;
mod lists;
mod model;
mod objective;
mod output;
mod patch;
mod run;
mod simulate;
mod sums;
mod timings;
mod tradeoff;
mod ui;
mod verify;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::diag::{Diagnostic, codes};

pub use model::{Loaded, load};

/// Compiles trained binary-weight spiking networks to verified FPGA bitstreams.
#[derive(Parser)]
#[command(name = "synfire", version, max_term_width = 100)]
struct Cli {
    /// Print results as JSON on standard output, for scripts.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Compile(compile::Args),
    Convert(convert::Args),
    Inspect(inspect::Args),
    Simulate(simulate::Args),
    Verify(verify::Args),
    Patch(patch::Args),
    Flash(flash::Args),
    Run(run::Args),
    Board(board::Args),
    Energy(energy::Args),
    Tradeoff(tradeoff::Args),
    Targets(lists::TargetsArgs),
    Passes(lists::PassesArgs),
    Doctor(doctor::Args),
    Explain(explain::Args),
}

/// Exit code after Ctrl-C and its like.
const INTERRUPTED: i32 = 130;

/// Runs a command line, the program's name first; returns the exit code. It takes over the
/// process: wrong usage, `--help` and Ctrl-C end it.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = Cli::parse_from(args);
    // Without a handler, tools would go on without us and half a directory would stay.
    let handled = ctrlc::set_handler(|| {
        crate::flow::process::stop_all();
        output::remove_unfinished();
        std::process::exit(INTERRUPTED);
    });
    debug_assert!(handled.is_ok(), "there is one handler");
    let ui = ui::Ui { json: cli.json };
    let result = match cli.command {
        Command::Compile(args) => compile::run(&args, ui),
        Command::Convert(args) => convert::run(&args, ui),
        Command::Inspect(args) => inspect::run(&args, ui),
        Command::Simulate(args) => simulate::run(&args, ui),
        Command::Verify(args) => verify::run(&args, ui),
        Command::Patch(args) => patch::run(&args, ui),
        Command::Flash(args) => flash::run(&args, ui),
        Command::Run(args) => run::run(&args, ui),
        Command::Board(args) => board::run(&args, ui),
        Command::Energy(args) => energy::run(&args, ui),
        Command::Tradeoff(args) => tradeoff::run(&args, ui),
        Command::Targets(args) => lists::targets(&args, ui),
        Command::Passes(args) => lists::passes(&args, ui),
        Command::Doctor(args) => doctor::run(&args, ui),
        Command::Explain(args) => explain::run(&args, ui),
    };
    match result {
        Ok(()) => 0,
        Err(diagnostic) => {
            ui.error(&diagnostic);
            exit_code(&diagnostic)
        }
    }
}

fn exit_code(d: &Diagnostic) -> u8 {
    let differ = [
        &codes::VERIFY_MISMATCH,
        &codes::LINK_DAMAGED,
        &codes::MUTATION_SURVIVED,
        &codes::NOT_COMPARED,
        &codes::CLOCK_DIFFERS,
    ];
    let tools = [
        &codes::TOOL_MISSING,
        &codes::TOOL_FAILED,
        &codes::TOOL_REPORT,
        &codes::SIM_BUILD,
        &codes::BOARD_SILENT,
        &codes::BOARD_FLASH,
    ];
    match d.code {
        code if differ.contains(&code) => 3,
        code if tools.contains(&code) => 4,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What can be retried, what has to be installed, and what must never be.
    #[test]
    fn every_code_has_its_exit_code() {
        for code in codes::all() {
            let want = match code.id {
                // Two levels disagree, a response is damaged, a fault is not noticed, nothing
                // is compared, the clock is another.
                "SF0601" | "SF0602" | "SF0603" | "SF0604" | "SF0605" => 3,
                // A tool is missing, fails, reports nonsense, builds no simulator, writes no board; a
                // board is silent.
                "SF0501" | "SF0502" | "SF0503" | "SF0506" | "SF0902" | "SF0904" => 4,
                _ => 1,
            };
            assert_eq!(exit_code(&Diagnostic::new(code, "")), want, "{}", code.id);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The command line: the only place that prints.

mod evaluate;
mod export;
mod gate;
mod place;
mod refine;
mod reproduce;
mod train;
mod ui;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Trains binary-weight spiking students, for `synfire` to compile.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:
  synfire-distill train distill/recipes/fashion-mlp.toml --run runs/fashion
  synfire-distill evaluate runs/fashion
  synfire-distill export runs/fashion -o fashion.onnx
  synfire-distill refine runs/fashion --timesteps 2 --run runs/fashion-t2
  synfire-distill reproduce shortcuts"
)]
struct Args {
    #[command(subcommand)]
    command: Command,
    /// Results as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train a teacher and a student as a configuration says, or go on with a run
    Train(train::Train),
    /// Train a student on, for fewer timesteps or fewer members
    Refine(refine::Refine),
    /// Accuracy, firing rates and operations of a run's student
    Evaluate(evaluate::Evaluate),
    /// Write a run's student as ONNX
    Export(export::Export),
    /// Train a gate that says how many members of an ensemble a sample needs
    Gate(gate::Gate),
    /// Train the arms of a published claim over paired seeds, and write a table
    Reproduce(reproduce::Reproduce),
}

/// Runs the command line; the exit code is 0, 1 after a diagnostic, 2 for wrong arguments.
pub(crate) fn main() -> ExitCode {
    let args = Args::parse();
    let ui = ui::Ui { json: args.json };
    let result = match args.command {
        Command::Train(c) => c.run(ui),
        Command::Refine(c) => c.run(ui),
        Command::Evaluate(c) => c.run(ui),
        Command::Export(c) => c.run(ui),
        Command::Gate(c) => c.run(ui),
        Command::Reproduce(c) => c.run(ui),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(d) => {
            ui.error(&d);
            ExitCode::FAILURE
        }
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire flash`: a bitstream into the board's memory, with the weights that are read from there.

use std::path::PathBuf;

use serde::Serialize;

use super::build::Build;
use super::sums;
use super::ui::Ui;
use crate::diag::{Diagnostic, InFile, Result, codes};
use crate::emit::FLASH;
use crate::flow::Toolbox;
use crate::flow::program::Programmer;

/// Write the bitstream of a build into the board's memory, with the weights of a build that reads
/// them from there (compile --standalone).
///
/// The target's file says with which tool: iceprog or openFPGALoader. Where it is not installed,
/// the error has the exact command.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire flash build/student
  synfire flash build/student --dry-run")]
pub(super) struct Args {
    /// A directory that `synfire compile --bitstream` wrote.
    build: PathBuf,
    /// The board, if there are several: what the tool takes as its `-d`.
    #[arg(long, value_name = "P")]
    port: Option<String>,
    /// Print the command, and run nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What is printed.
#[derive(Serialize)]
struct Flashed {
    command: Vec<String>,
    /// Was the board written?
    written: bool,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    let build = Build::open(&args.build)?;
    let Some(board) = &build.target.board else {
        let message = format!("`{}` is a bare device", build.target.name);
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .help("compile for a board; `synfire targets` lists them"));
    };
    if build.manifest.bitstream.is_none() {
        let message = "this build has no bitstream";
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .in_file(&build.dir)
            .help("compile with --bitstream"));
    }
    // With weights behind it, if they are read from there.
    let bitstream = build.design.family.spec().bitstream;
    let name = build.manifest.standalone.map_or(bitstream, |_| FLASH);
    // A file that was changed is not written.
    sums::read(&build.dir, name)?;
    let path = build.file(name)?;
    let bitstream = std::path::absolute(&path).unwrap_or(path);
    let port = args.port.as_deref();
    let ways = &board.flash;
    if args.dry_run {
        let command = Programmer::first(ways, port, &bitstream).in_file(&args.build)?.words();
        return print(ui, Flashed { command, written: false });
    }
    let toolbox = Toolbox::discover();
    let programmer = Programmer::choose(&toolbox, ways, port, &bitstream).in_file(&args.build)?;
    let command = programmer.words();
    let spinner = ui.spinner(&command.join(" "));
    programmer.run(&toolbox, &build.path(sums::WORK))?;
    spinner.finish_and_clear();
    print(ui, Flashed { command, written: true })
}

fn print(ui: Ui, flashed: Flashed) -> Result<()> {
    ui.result(&flashed, || {
        let command = flashed.command.join(" ");
        if flashed.written { format!("written: {command}\n") } else { format!("{command}\n") }
    })
}

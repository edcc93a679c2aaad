// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire board`: a board that is not there, behind a pseudo-terminal.

use std::path::PathBuf;

use serde::Serialize;

use super::build::Build;
use super::ui::Ui;
use crate::board::{Fault, Faults, Served, SimulatedBoard, Terminal};
use crate::diag::Result;

/// Answer on a pseudo-terminal as the board would, with what the simulator computes.
///
/// The first line names the port for `synfire run --port`; each fault of the line is another one.
/// It runs until Ctrl-C. It keeps no pace: an answer comes as soon as it is computed.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire board build/student
  synfire board build/student --faults 50 --seed 3")]
pub(super) struct Args {
    /// A directory that `synfire compile` wrote.
    build: PathBuf,
    /// Damage so many frames: bytes that are lost, doubled or changed, frames that are cut,
    /// answers that come late.
    #[arg(long, default_value_t = 0, value_name = "N")]
    faults: u64,
    /// Seed of the faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// The first line.
#[derive(Serialize)]
struct Opened<'a> {
    port: &'a std::path::Path,
}

/// Each line after it.
#[derive(Serialize)]
struct Happened {
    fault: Fault,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    let build = Build::open(&args.build)?;
    let board = SimulatedBoard::new(&build.design);
    let board = if build.manifest.standalone.is_some() { board.booted() } else { board };
    let mut served = Served::new(board, Faults::new(args.faults, args.seed));
    let mut terminal = Terminal::open()?;
    ui.line(&Opened { port: &terminal.path }, || format!("port  {}", terminal.path.display()))?;
    loop {
        let bytes = terminal.receive()?;
        for reply in served.take(&bytes)? {
            if let Some(fault) = reply.fault {
                ui.line(&Happened { fault }, || text(&fault))?;
                std::thread::sleep(fault.late());
            }
            terminal.send(&reply.bytes)?;
        }
    }
}

fn text(fault: &Fault) -> String {
    let Fault { frame, on, kind, at, .. } = fault;
    let what = match fault.late_ms {
        0 => format!("{kind:?} at byte {at}"),
        ms => format!("{ms} ms late"),
    };
    let harmless = if fault.is_harmless && fault.late_ms == 0 { ", harmless" } else { "" };
    format!("fault  {on:?} {frame}: {what}{harmless}").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::{Kind, On};

    #[test]
    fn a_fault_says_what_it_was_and_where() {
        let fault = Fault {
            frame: 7,
            on: On::Answer,
            kind: Kind::Flip,
            at: 3,
            late_ms: 0,
            is_harmless: false,
        };
        assert_eq!(text(&fault), "fault  answer 7: flip at byte 3");
        let harmless = Fault { on: On::Request, kind: Kind::Double, is_harmless: true, ..fault };
        assert_eq!(text(&harmless), "fault  request 7: double at byte 3, harmless");
        let late = Fault { kind: Kind::Stall, late_ms: 250, is_harmless: true, ..fault };
        assert_eq!(text(&late), "fault  answer 7: 250 ms late");
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Writes a bitstream into a board's memory.

use std::path::Path;

use super::catalog::{CATALOG, Tool};
use super::process::Process;
use super::tools::Toolbox;
use crate::diag::{Diagnostic, Result, codes};

/// The tools that can.
const PROGRAMMERS: [Tool; 2] = [Tool::Iceprog, Tool::OpenFpgaLoader];

/// How a board is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programmer {
    tool: Tool,
    args: Vec<String>,
}

impl Programmer {
    /// The first of a target's `ways` (a tool's name and its options) whose tool is there; with
    /// `port`, the device that the tool is told to use.
    ///
    /// # Errors
    /// [`codes::BOARD_FLASH`] with the command of the first way, if no tool is there;
    /// [`codes::TARGET_FORMAT`] if the target names none, or one that is not known.
    pub fn choose(
        toolbox: &Toolbox,
        ways: &[Vec<String>],
        port: Option<&str>,
        bitstream: &Path,
    ) -> Result<Self> {
        let all = Self::all(ways, port, bitstream)?;
        if let Some(there) = all.iter().find(|p| toolbox.get(p.tool).is_some()) {
            return Ok(there.clone());
        }
        let names: Vec<_> = all.iter().map(|p| p.tool.spec().name).collect();
        let first = all.first().map(|p| (p.words().join(" "), p.tool.spec().get));
        let (command, get) = first.unwrap_or_default();
        let message = format!("not found: {}", names.join(", "));
        Err(Diagnostic::new(&codes::BOARD_FLASH, message)
            .help(format!("{get}; then this command writes the board:\n{command}")))
    }

    /// The first way, whether its tool is there or not.
    ///
    /// # Errors
    /// [`codes::TARGET_FORMAT`] if the target names none, or one that is not known.
    pub fn first(ways: &[Vec<String>], port: Option<&str>, bitstream: &Path) -> Result<Self> {
        Self::all(ways, port, bitstream)?.into_iter().next().ok_or_else(none)
    }

    fn all(ways: &[Vec<String>], port: Option<&str>, bitstream: &Path) -> Result<Vec<Self>> {
        let one = |way: &Vec<String>| {
            let (name, options) = way.split_first()?;
            let spec = CATALOG.iter().find(|s| s.name == name && PROGRAMMERS.contains(&s.tool))?;
            let mut args = options.to_vec();
            // Both call it so.
            args.extend(port.into_iter().flat_map(|p| ["-d".to_owned(), p.to_owned()]));
            args.push(bitstream.display().to_string());
            Some(Self { tool: spec.tool, args })
        };
        let all: Option<Vec<Self>> = ways.iter().map(one).collect();
        all.filter(|a| !a.is_empty()).ok_or_else(none)
    }

    /// The command line.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        std::iter::once(self.tool.spec().name.to_owned()).chain(self.args.clone()).collect()
    }

    /// Writes the board; the log lies in `work`.
    ///
    /// # Errors
    /// [`codes::TOOL_FAILED`] with the tool's last lines.
    pub fn run(&self, toolbox: &Toolbox, work: &Path) -> Result<()> {
        let found = toolbox.require(self.tool)?;
        Process::tool(found, "flash", work).args(&self.args).run().map(drop)
    }
}

fn none() -> Box<Diagnostic> {
    Diagnostic::new(&codes::TARGET_FORMAT, "it does not say what writes the board")
        .at("board.flash")
        .help(
            "name a tool and its options: flash = [[\"openFPGALoader\", \"-b\", \"NAME\", \"-f\"]]",
        )
}

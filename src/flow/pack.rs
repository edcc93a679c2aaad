// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Text configuration to bitstream, and back.

use std::path::Path;

use super::catalog::Tool;
use super::family::steps;
use super::process::{Process, seen_from};
use super::tools::Toolbox;
use crate::diag::Result;
use crate::target::Family;

/// Packs a text configuration into a bitstream.
///
/// # Errors
/// [`TOOL_MISSING`](crate::diag::codes::TOOL_MISSING), [`TOOL_FAILED`](crate::diag::codes::TOOL_FAILED).
pub fn pack(toolbox: &Toolbox, family: Family, config: &Path, bitstream: &Path) -> Result<()> {
    convert(toolbox, steps(family).pack, config, bitstream)
}

/// Unpacks a bitstream into a text configuration.
///
/// # Errors
/// As [`pack`].
pub fn unpack(toolbox: &Toolbox, family: Family, bitstream: &Path, config: &Path) -> Result<()> {
    convert(toolbox, steps(family).unpack, bitstream, config)
}

fn convert(toolbox: &Toolbox, tool: Tool, from: &Path, to: &Path) -> Result<()> {
    let dir = parent(to);
    let to = seen_from(dir, to);
    let process = Process::tool(toolbox.require(tool)?, tool.spec().name, dir);
    process.arg(seen_from(dir, from)).arg(&to).makes(&to).run().map(drop)
}

/// The directory of a file.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_lies_in_the_working_directory() {
        let of = |path: &str| parent(Path::new(path)).to_path_buf();
        assert_eq!((of("a/b.bit"), of("b.bit")), ("a".into(), ".".into()));
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What place and route wrote to bitstream, and back.

use std::path::Path;

use super::catalog::Tool;
use super::family::route;
use super::process::{Process, seen_from};
use super::routed::Netlist;
use super::tools::Toolbox;
use crate::diag::{Diagnostic, InFile, Result, read_file};
use crate::target::Family;

/// Packs what place and route wrote into a bitstream: a text configuration, or the routed netlist
/// of a Gowin device.
///
/// # Errors
/// [`TOOL_MISSING`](crate::diag::codes::TOOL_MISSING), [`TOOL_FAILED`](crate::diag::codes::TOOL_FAILED);
/// what [`Netlist::chip`] says of a netlist.
pub fn pack(toolbox: &Toolbox, family: Family, placed: &Path, bitstream: &Path) -> Result<()> {
    let tool = route(family)?.pack;
    if family != Family::Gowin {
        return convert(toolbox, tool, placed, bitstream);
    }
    let netlist = Netlist::parse(family, &read_file(placed)?).in_file(placed)?;
    let (dir, chip) = (parent(bitstream), netlist.chip().in_file(placed)?);
    let to = seen_from(dir, bitstream);
    let process = Process::tool(toolbox.require(tool)?, tool.spec().name, dir);
    let process = process.args(["-d", chip, "-o"]).arg(&to).arg(seen_from(dir, placed));
    process.makes(&to).run().map(drop)
}

/// Unpacks a bitstream into a text configuration.
///
/// # Errors
/// As [`pack`]; of a family whose bitstream does not become one an internal one.
pub fn unpack(toolbox: &Toolbox, family: Family, bitstream: &Path, config: &Path) -> Result<()> {
    let tool = route(family)?.unpack;
    let tool =
        tool.ok_or_else(|| Diagnostic::internal("pack", "nothing unpacks this bitstream"))?;
    convert(toolbox, tool, bitstream, config)
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

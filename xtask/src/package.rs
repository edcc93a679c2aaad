// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The Python package: its everyday tests, and its wheel in a clean environment, in which the
//! tutorial runs line by line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::python;

/// The package as it is tested: Python beside the module that cargo built, without a wheel.
const PLACE: &str = "target/python";
/// Wheels are written here.
const WHEELS: &str = "target/wheels";
/// The environment of the tutorial, made anew each time.
const CLEAN: &str = "target/tutorial";
/// The compiler in that of the demonstration, made anew each time as well.
pub(crate) const INSTALLED: &str = "target/wheel/bin/synfire";
/// The name by which Python finds the module.
const MODULE: &str = "_native.abi3.so";

/// Builds the module as the workspace's tests build everything, and runs the package's tests.
pub(crate) fn test(may_be_missing: bool) -> Result<bool, String> {
    if !python::runs(&["-c", "import numpy, pytest"]) {
        println!("the tests of the Python package need NumPy and pytest: cargo xtask setup");
        return Ok(may_be_missing);
    }
    place(&module()?)?;
    status(pytest(Path::new(&python::path())).env("PYTHONPATH", PLACE))
}

/// Builds the wheel.
pub(crate) fn wheel() -> Result<bool, String> {
    python::add("python/requirements.txt")?;
    // An old wheel must not be what is installed.
    let _ = fs::remove_dir_all(WHEELS);
    let mut maturin = Command::new(python::path());
    maturin.args(["-m", "maturin", "build", "--quiet", "--release", "--locked"]);
    maturin.args(["--manifest-path", "python/Cargo.toml", "--out", WHEELS]);
    status(&mut maturin)
}

/// Installs the wheel and the tools of its extra in a clean environment.
pub(crate) fn install() -> Result<bool, String> {
    let wheels = fs::read_dir(WHEELS).map_err(|e| format!("{WHEELS}: {e}"))?;
    let wheel =
        wheels.flatten().map(|f| f.path()).find(|p| p.extension().is_some_and(|e| e == "whl"));
    let wheel = wheel.ok_or_else(|| format!("{WHEELS}: no wheel"))?;
    let pip = ["-m", "pip", "install", "--quiet"];
    let environment = Path::new(INSTALLED).with_file_name("python");
    let place = ["-m", "venv", "--clear", INSTALLED.trim_end_matches("/bin/synfire")];
    Ok(status(Command::new("python3").args(place))?
        && status(Command::new(environment).args(pip).arg(format!("{}[tools]", wheel.display())))?)
}

/// Builds the wheel, installs it as the tutorial says, and runs the tutorial.
pub(crate) fn tutorial() -> Result<bool, String> {
    let begun = Instant::now();
    if !wheel()? {
        return Ok(false);
    }
    println!("{:>8.1} s  the wheel", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    if !status(Command::new("python3").args(["-m", "venv", "--clear", CLEAN]))? {
        return Ok(false);
    }
    println!("{:>8.1} s  a clean environment", begun.elapsed().as_secs_f64());
    let python = std::path::absolute(format!("{CLEAN}/bin/python"));
    let python = python.map_err(|e| format!("{CLEAN}: {e}"))?;
    if !status(Command::new(&python).args(["python/tutorial.py", "docs/tutorial.md"]))? {
        return Ok(false);
    }
    let begun = Instant::now();
    let pins = ["-m", "pip", "install", "--quiet", "-r", "python/tests/requirements.txt"];
    let is_good = status(Command::new(&python).args(pins))? && status(&mut pytest(&python))?;
    println!("{:>8.1} s  the package's tests on the wheel", begun.elapsed().as_secs_f64());
    Ok(is_good)
}

/// The package's tests, in an environment.
fn pytest(python: &Path) -> Command {
    let mut pytest = Command::new(python);
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "python/tests"]);
    pytest.env("PYTHONDONTWRITEBYTECODE", "1");
    pytest
}

/// The module that cargo builds.
fn module() -> Result<PathBuf, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // With all that the tests are: alone it would be built with other features of what it uses,
    // and all of that once more.
    cargo.args(["build", "--quiet", "--workspace", "--lib", "--tests"]);
    cargo.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let done = cargo.output().map_err(|e| format!("cargo: {e}"))?;
    let said = String::from_utf8_lossy(&done.stdout);
    said.lines().find_map(built).ok_or_else(|| "cargo built no Python module".into())
}

/// The module's file, if this line of cargo's is about it.
fn built(line: &str) -> Option<PathBuf> {
    let message = serde_json::from_str::<Value>(line).ok()?;
    let is_ours = message["target"]["name"] == "_native" && message["filenames"].is_array();
    is_ours.then(|| message["filenames"][0].as_str().map(PathBuf::from))?
}

/// Puts the package where `PYTHONPATH` finds it.
fn place(module: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{PLACE}: {e}");
    let package = Path::new(PLACE).join("synfire");
    let _ = fs::remove_dir_all(&package);
    fs::create_dir_all(&package).map_err(failed)?;
    for file in fs::read_dir("python/synfire").map_err(failed)?.flatten() {
        let name = file.file_name();
        if file.path().is_file() && !name.to_string_lossy().ends_with(".so") {
            fs::copy(file.path(), package.join(name)).map_err(failed)?;
        }
    }
    fs::copy(module, package.join(MODULE)).map_err(failed)?;
    Ok(())
}

fn status(command: &mut Command) -> Result<bool, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status().map_err(|e| format!("{program}: {e}"))?;
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_found_in_what_cargo_says() {
        let line = |name: &str| {
            format!(r#"{{"target":{{"name":"{name}"}},"filenames":["/t/lib{name}.so"]}}"#)
        };
        assert_eq!(built(&line("_native")), Some("/t/lib_native.so".into()));
        assert_eq!(built(&line("synfire")), None);
        assert_eq!(built("warning: no json"), None);
    }

    #[test]
    fn the_tools_of_the_package_are_those_of_the_project() {
        let root = crate::root();
        let text = |name: &str| fs::read_to_string(root.join(name)).unwrap();
        let (project, ours) = (text("python/pyproject.toml"), text("xtask/requirements.txt"));
        let tools = project.lines().find(|l| l.starts_with("tools = ")).unwrap();
        let pins: Vec<_> = tools.split('"').filter(|p| p.contains("==")).collect();
        assert!(pins.len() >= 3, "{pins:?}");
        for pin in pins {
            assert!(ours.lines().any(|l| l == pin), "{pin}");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What comes from the system's packages, on Debian and its relatives.

use std::path::Path;
use std::process::{Command, Stdio};

/// A package and how to tell that what it is wanted for is there.
pub(crate) struct Package {
    name: &'static str,
    there: fn() -> bool,
}

/// The tools.
pub(crate) const TOOLS: &[Package] = &[
    Package { name: "fpga-icestorm", there: || on_path("icebox_vlog") && on_path("iceunpack") },
    Package {
        name: "fpga-icestorm-chipdb",
        there: || Path::new("/usr/share/fpga-icestorm/chipdb").is_dir(),
    },
    Package { name: "iverilog", there: || on_path("iverilog") },
    Package { name: "tcl", there: || on_path("tclsh") },
    Package { name: "yosys", there: || on_path("yosys-smtbmc") },
    Package { name: "g++", there: || on_path("g++") },
    Package { name: "ccache", there: || on_path("ccache") },
    Package { name: "make", there: || on_path("make") },
    // What the simulators of cocotb load; the interpreter itself needs none.
    Package { name: "libpython3-dev", there: || succeeds("python3", &["-c", SHARED]) },
    Package {
        name: "python3-venv",
        there: || succeeds("python3", &["-c", "import venv, ensurepip"]),
    },
];

/// Ends well where Python is there as a shared library.
const SHARED: &str = "\
import os, sys, sysconfig
get = sysconfig.get_config_var
places = [get('LIBDIR') or '', os.path.join(get('LIBDIR') or '', get('MULTIARCH') or '')]
sys.exit(not any(os.path.isfile(os.path.join(p, get('INSTSONAME') or '')) for p in places))";

/// What only the nightly tests read, 31 MB.
pub(crate) const DATA: &[Package] = &[Package {
    name: "dataset-fashion-mnist",
    there: || Path::new("/usr/share/datasets/fashion-mnist").is_dir(),
}];

/// Installs what is missing, where it may. Says what it did not do.
pub(crate) fn install(packages: &[Package], allowed: bool) {
    let missing: Vec<_> = packages.iter().filter(|p| !(p.there)()).map(|p| p.name).collect();
    if missing.is_empty() {
        return;
    }
    let by_hand = format!("apt-get install {}", missing.join(" "));
    let Some(apt) = apt_get(allowed) else {
        println!("not installed: {}", missing.join(", "));
        println!("  on Debian or Ubuntu, as root: {by_hand}");
        println!("  elsewhere: the packages of the same tools; without them see docs/tools.md");
        return;
    };
    println!("{by_hand}");
    let install = |what: &[&str]| {
        run(&apt, &[&["install", "-y", "-q", "--no-install-recommends"], what].concat())
    };
    let update = || run(&apt, &["update", "-q"]);
    if !(install(&missing) || update() && install(&missing)) {
        println!("apt-get failed; going on without: {}", missing.join(", "));
    }
}

/// The command for apt-get, when it is there and may be used without asking.
fn apt_get(allowed: bool) -> Option<Vec<&'static str>> {
    if !allowed || !on_path("apt-get") {
        return None;
    }
    let id = Command::new("id").arg("-u").output().ok()?;
    if id.stdout.trim_ascii() == b"0" {
        return Some(vec!["apt-get"]);
    }
    succeeds("sudo", &["-n", "true"]).then(|| vec!["sudo", "-n", "apt-get"])
}

fn run(program: &[&str], args: &[&str]) -> bool {
    let Some((first, rest)) = program.split_first() else { return false };
    let mut command = Command::new(first);
    command.args(rest).args(args).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command.stdout(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// True when the program is somewhere on the search path.
pub(crate) fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|p| std::env::split_paths(&p).any(|d| d.join(program).is_file()))
}

/// Runs a program silently.
pub(crate) fn succeeds(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|s| s.success())
}

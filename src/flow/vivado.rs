// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Place, route and bitstream of a 7-series by Vivado, which runs the script that is emitted for it
//! (templates/vivado/build.tcl). Nobody has run it with Vivado yet.

use std::path::Path;

use serde::Deserialize;

use super::catalog::Tool;
use super::process::{Process, seen_from};
use super::tools::Toolbox;
use crate::diag::{Diagnostic, InFile, Result, codes, read_file};
use crate::target::Family;

/// How Vivado runs a script and ends.
const OPTIONS: [&str; 5] = ["-mode", "batch", "-nojournal", "-nolog", "-source"];

/// What the script reports of the routed design.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Routed {
    /// Period of the design's clock, in nanoseconds.
    pub period_ns: f64,
    /// What is left of it on the longest path; less than nothing where it is too long.
    pub setup_ns: f64,
    /// The same of the shortest path behind the clock's edge.
    pub hold_ns: f64,
    /// Look-up tables.
    pub lut: u64,
}

impl Routed {
    /// Reads the report.
    ///
    /// # Errors
    /// [`codes::TOOL_REPORT`].
    pub fn parse(json: &[u8]) -> Result<Self> {
        let bad = |why: String| Diagnostic::new(&codes::TOOL_REPORT, format!("vivado: {why}"));
        let report: Self = serde_json::from_slice(json).map_err(|e| bad(e.to_string()))?;
        if report.fmax_mhz() > 0.0 { Ok(report) } else { Err(bad("no clock".to_owned())) }
    }

    /// The clock that the longest path would stand, in MHz.
    #[must_use]
    pub fn fmax_mhz(&self) -> f64 {
        1e3 / (self.period_ns - self.setup_ns)
    }

    /// Demands that every path is as fast as the clock.
    fn check_timing(&self) -> Result<()> {
        let asked = 1e3 / self.period_ns;
        let message = if self.setup_ns < 0.0 {
            format!("the clock reaches {:.2} MHz, {asked:.2} were asked for", self.fmax_mhz())
        } else if self.hold_ns < 0.0 {
            format!("a path is {:.3} ns too short for its clock", -self.hold_ns)
        } else {
            return Ok(());
        };
        Err(Diagnostic::new(&codes::PNR_TOO_SLOW, message).help("ask for a slower --clock"))
    }
}

/// The command that makes the bitstream of a build, to be typed in its directory.
#[must_use]
pub fn command(script: &str) -> String {
    format!("vivado {} {script}", OPTIONS.join(" "))
}

/// Runs the script of a build, which leaves the bitstream beside it and its report in `flow`.
///
/// # Errors
/// [`codes::TOOL_MISSING`], [`codes::TOOL_FAILED`], [`codes::TOOL_REPORT`]; [`codes::PNR_TOO_SLOW`]
/// if a path is slower than the clock.
pub fn build(toolbox: &Toolbox, script: &Path, flow: &Path, bitstream: &Path) -> Result<Routed> {
    let found = toolbox.require(Tool::Vivado)?;
    let report = flow.join(Family::Xc7.spec().placed);
    let process = Process::tool(found, "vivado", flow).args(OPTIONS).arg(seen_from(flow, script));
    // Not the report, which says why there may be no bitstream.
    let ran = process.makes(seen_from(flow, bitstream)).run();
    let failed = match ran {
        Ok(_) => None,
        Err(d) if *d.code == codes::TOOL_FAILED => Some(d),
        Err(d) => return Err(d),
    };
    // It reports before it stops at a path that is too slow.
    match (read_file(&report), failed) {
        (Ok(json), failed) => {
            let routed = Routed::parse(&json).in_file(&report)?;
            let slow = routed.check_timing().in_file(&report);
            if slow.is_err() {
                // One that would give wrong results is none.
                let _ = std::fs::remove_file(bitstream);
            }
            slow.and_then(|()| failed.map_or(Ok(routed), Err))
        }
        (Err(d), failed) => Err(failed.unwrap_or(d)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Found;
    use crate::flow::tools::Origin;

    const GOOD: &str =
        r#"{"period_ns": 20.000, "setup_ns": 4.0, "hold_ns": 0.05, "lut": 77, "ff": 8}"#;

    #[test]
    fn slack_is_a_clock() {
        let routed = Routed::parse(GOOD.as_bytes()).unwrap();
        assert_eq!((routed.fmax_mhz(), routed.lut), (62.5, 77));
        routed.check_timing().unwrap();
        let slow = |setup_ns, hold_ns| {
            let d = Routed { setup_ns, hold_ns, ..routed.clone() }.check_timing().unwrap_err();
            assert_eq!(d.code.id, "SF0505");
            d.message
        };
        assert_eq!(slow(-5.0, 1.0), "the clock reaches 40.00 MHz, 50.00 were asked for");
        assert_eq!(slow(0.0, -0.125), "a path is 0.125 ns too short for its clock");
        for bad in ["{}", "", r#"{"period_ns": 1, "setup_ns": 2, "hold_ns": 0, "lut": 1}"#] {
            assert_eq!(Routed::parse(bad.as_bytes()).unwrap_err().code.id, "SF0503", "{bad}");
        }
    }

    /// A program in Vivado's place.
    fn run(does: &str) -> Result<Routed> {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("vivado"), format!("#!/bin/sh\n{does}\n")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(at("vivado"), mode).unwrap();
        let mut toolbox = Toolbox::default();
        toolbox.add(Found {
            tool: Tool::Vivado,
            program: at("vivado"),
            env: Vec::new(),
            version: None,
            origin: Origin::Path,
            data: None,
            library: false,
        });
        let made = build(&toolbox, &at("build.tcl"), &at("flow"), &at("top.bit"));
        assert_eq!(made.is_ok(), at("top.bit").is_file(), "{made:?}");
        made
    }

    #[test]
    fn the_script_is_run_and_its_report_read() {
        let words = "-mode batch -nojournal -nolog -source";
        assert_eq!(command("build.tcl"), format!("vivado {words} build.tcl"));
        let good =
            format!("test \"$*\" = '{words} ../build.tcl' || exit 9\necho '{GOOD}' > routed.json");
        assert_eq!(run(&format!("{good}\necho bit > ../top.bit")).unwrap().lut, 77);
        let code = |does: &str| run(does).unwrap_err().code.id;
        // No bitstream; none of either; too slow; the tool's own failure.
        assert_eq!(code(&good), "SF0502");
        assert_eq!(code("exit 0"), "SF0502");
        let slow = good.replace("4.0", "-1.0");
        assert_eq!(code(&format!("{slow}\nexit 1")), "SF0505");
        // What it says counts, even if it did not stop.
        assert_eq!(code(&format!("{slow}\necho bit > ../top.bit")), "SF0505");
        assert_eq!(code(&format!("{good}\nexit 1")), "SF0502");
        let missing = build(&Toolbox::default(), Path::new("a"), Path::new("b"), Path::new("c"));
        assert_eq!(missing.unwrap_err().code.id, "SF0501");
    }
}

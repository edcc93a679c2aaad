// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Place and route by nextpnr.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::catalog::Tool;
use super::process::{Finished, Process, seen_from};
use super::tools::Toolbox;
use crate::diag::{Diagnostic, Result, codes, read_file};

/// What to place and route.
#[derive(Debug, Clone)]
pub struct PnrJob {
    /// Where the tool runs and its files go.
    pub dir: PathBuf,
    /// The netlist.
    pub json: PathBuf,
    /// The device as nextpnr names it: `up5k`, `hx8k`, …
    pub device: String,
    /// The package: `sg48`, `ct256`, …
    pub package: String,
    /// Pin constraints; without them pins are chosen freely.
    pub pcf: Option<PathBuf>,
    /// The clock wanted, which steers the placement.
    pub freq_mhz: f64,
    /// Seed of the placement: same seed, same result.
    pub seed: u32,
}

/// A placed and routed design.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The configuration as text.
    pub asc: PathBuf,
    /// Speed and resources.
    pub report: PnrReport,
    /// The log and the time it took.
    pub run: Finished,
}

/// What nextpnr says of the result.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PnrReport {
    /// Clocks by net name.
    pub clocks: BTreeMap<String, Clock>,
    /// Resources by nextpnr's name for them, e.g. `ICESTORM_LC`.
    pub resources: BTreeMap<String, Use>,
}

/// Speed of one clock.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Clock {
    /// The frequency reached, MHz.
    #[serde(rename(deserialize = "achieved"))]
    pub achieved_mhz: f64,
    /// The frequency asked for, MHz.
    #[serde(rename(deserialize = "constraint"))]
    pub wanted_mhz: f64,
}

/// Use of one resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Use {
    /// How many are used.
    pub used: u64,
    /// How many there are.
    pub available: u64,
}

/// Places and routes for iCE40, into `pnr.asc` and `pnr.report.json`. A clock that is
/// not reached is no error here: see [`PnrReport::check_timing`].
///
/// # Errors
/// [`codes::TOOL_MISSING`], [`codes::PNR_NO_ROOM`], [`codes::TOOL_FAILED`],
/// [`codes::TOOL_REPORT`].
pub fn place_route(toolbox: &Toolbox, job: &PnrJob, progress: &dyn Fn(&str)) -> Result<Placed> {
    let found = toolbox.require(Tool::NextpnrIce40)?;
    progress("place and route");
    let mut process = Process::tool(found, "pnr", &job.dir)
        .arg(format!("--{}", job.device))
        .args(["--package", &job.package])
        .arg("--json")
        .arg(seen_from(&job.dir, &job.json))
        .args(["--asc", "pnr.asc", "--report", "pnr.report.json"])
        .args(["--freq", &job.freq_mhz.to_string(), "--seed", &job.seed.to_string()])
        .args(["--timing-allow-fail"])
        .makes("pnr.asc")
        .makes("pnr.report.json");
    process = match &job.pcf {
        Some(pcf) => process.arg("--pcf").arg(seen_from(&job.dir, pcf)),
        None => process.arg("--pcf-allow-unconstrained"),
    };
    let run = process.run().map_err(|d| explain(d, job))?;
    let report = job.dir.join("pnr.report.json");
    let report = PnrReport::parse(&read_file(&report)?).map_err(|d| d.in_file(&report))?;
    Ok(Placed { asc: job.dir.join("pnr.asc"), report, run })
}

/// Tells a design that is too large from other failures.
fn explain(failure: Box<Diagnostic>, job: &PnrJob) -> Box<Diagnostic> {
    let no_room = ["Unable to place cell", "no BELs remaining", "failed to place"];
    let Some(line) = failure.message.lines().find(|l| no_room.iter().any(|n| l.contains(n))) else {
        return failure;
    };
    let message =
        format!("the design does not fit {}: {}", job.device, line.trim_start_matches("ERROR: "));
    let log = failure.location.file.clone().unwrap_or_else(|| Path::new("pnr.log").to_path_buf());
    Diagnostic::new(&codes::PNR_NO_ROOM, message)
        .in_file(&log)
        .help("choose a larger device, fold the layers more (fewer lanes), or keep fewer students")
}

impl PnrReport {
    /// Reads what `--report` wrote.
    ///
    /// # Errors
    /// [`codes::TOOL_REPORT`].
    pub fn parse(json: &[u8]) -> Result<Self> {
        #[derive(serde::Deserialize)]
        struct Raw {
            fmax: BTreeMap<String, Clock>,
            utilization: BTreeMap<String, Use>,
        }
        let raw: Raw = serde_json::from_slice(json)
            .map_err(|e| Diagnostic::new(&codes::TOOL_REPORT, format!("nextpnr report: {e}")))?;
        Ok(Self { clocks: raw.fmax, resources: raw.utilization })
    }

    /// Logic cells: a look-up table, a carry and a flip-flop each.
    #[must_use]
    pub fn logic_cells(&self) -> Use {
        self.resources.get("ICESTORM_LC").copied().unwrap_or_default()
    }

    /// Block RAMs of 4 kbit.
    #[must_use]
    pub fn block_rams(&self) -> Use {
        self.resources.get("ICESTORM_RAM").copied().unwrap_or_default()
    }

    /// The slowest clock's frequency in MHz; absent when nothing is clocked.
    #[must_use]
    pub fn fmax_mhz(&self) -> Option<f64> {
        self.clocks.values().map(|c| c.achieved_mhz).min_by(f64::total_cmp)
    }

    /// Asks for every clock to reach what was wanted.
    ///
    /// # Errors
    /// [`codes::PNR_TOO_SLOW`] naming the slowest.
    pub fn check_timing(&self) -> Result<()> {
        let short = |c: &Clock| c.achieved_mhz / c.wanted_mhz;
        let worst = self.clocks.iter().min_by(|a, b| short(a.1).total_cmp(&short(b.1)));
        match worst {
            Some((name, c)) if c.achieved_mhz < c.wanted_mhz => Err(Diagnostic::new(
                &codes::PNR_TOO_SLOW,
                format!(
                    "{name} reaches {:.2} MHz, {:.2} were asked for",
                    c.achieved_mhz, c.wanted_mhz
                ),
            )
            .help("ask for a slower clock, or try another seed")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &[u8] = br#"{"critical_paths": [], "fmax": {"clk": {"achieved": 31.07, "constraint": 40}},
        "utilization": {"ICESTORM_LC": {"available": 5280, "used": 991}, "ICESTORM_RAM": {"available": 30, "used": 9}}}"#;

    #[test]
    fn report_is_read() {
        let report = PnrReport::parse(REPORT).unwrap();
        assert_eq!(report.logic_cells(), Use { used: 991, available: 5280 });
        assert_eq!(report.block_rams().used, 9);
        assert_eq!(report.fmax_mhz(), Some(31.07));
        assert_eq!(report.check_timing().unwrap_err().code.id, "SF0505");
    }

    #[test]
    fn a_report_without_speeds_is_refused() {
        assert_eq!(PnrReport::parse(b"{}").unwrap_err().code.id, "SF0503");
    }
}

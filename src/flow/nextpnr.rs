// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Place and route by nextpnr.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::family::{route, steps};
use super::process::{Finished, Process, seen_from};
use super::tools::Toolbox;
use crate::diag::{Diagnostic, Result, codes, read_file};
use crate::target::Family;

/// What to place and route.
#[derive(Debug, Clone)]
pub struct PnrJob {
    /// Where the tool runs and its files go.
    pub dir: PathBuf,
    /// The netlist.
    pub json: PathBuf,
    /// The device's family.
    pub family: Family,
    /// The device as nextpnr names it: `up5k`, `hx8k`, `25k`, …; of Gowin the chip, `GW1N-9C`.
    pub device: String,
    /// The package: `sg48`, `ct256`, …; of Gowin the part number.
    pub package: String,
    /// The speed grade, where the family has several.
    pub speed: Option<u8>,
    /// Pin constraints; without them pins are chosen freely, which Gowin's tool refuses.
    pub constraints: Option<PathBuf>,
    /// The clock wanted, which steers the placement.
    pub freq_mhz: f64,
    /// Seed of the placement: same seed, same result.
    pub seed: u32,
}

/// A placed and routed design.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The configuration as text.
    pub config: PathBuf,
    /// The routed netlist, where the family's tool writes one.
    pub netlist: Option<PathBuf>,
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

/// Places and routes, into the family's configuration (`pnr.asc`, `pnr.config`),
/// `pnr.report.json` and, for ECP5 and Gowin, `pnr.json`. A clock that is not reached is no error here:
/// see [`PnrReport::check_timing`].
///
/// # Errors
/// [`codes::TOOL_MISSING`], [`codes::PNR_NO_ROOM`], [`codes::TOOL_FAILED`],
/// [`codes::TOOL_REPORT`].
pub fn place_route(toolbox: &Toolbox, job: &PnrJob, progress: &dyn Fn(&str)) -> Result<Placed> {
    let steps = route(job.family)?;
    let config = job.family.spec().placed;
    let found = toolbox.require(steps.place_route)?;
    progress("place and route");
    let mut process = Process::tool(found, "pnr", &job.dir);
    process = match job.family {
        Family::Gowin => {
            process.args(["--device", &job.package, "--vopt"]).arg(format!("family={}", job.device))
        }
        Family::Ice40 | Family::Ecp5 | Family::Xc7 => {
            process.arg(format!("--{}", job.device)).args(["--package", &job.package])
        }
    };
    process = process
        .arg("--json")
        .arg(seen_from(&job.dir, &job.json))
        .args([steps.config, config, "--report", "pnr.report.json"])
        .args(["--freq", &job.freq_mhz.to_string(), "--seed", &job.seed.to_string()])
        .args(["--timing-allow-fail", "--placer-heap-cell-placement-timeout", ATTEMPTS])
        .makes(config)
        .makes("pnr.report.json");
    if let Some(speed) = job.speed {
        process = process.args(["--speed", &speed.to_string()]);
    }
    let routed = job.family.spec().routed;
    if let Some(netlist) = routed.filter(|n| *n != config) {
        process = process.args(["--write", netlist]).makes(netlist);
    }
    process = match &job.constraints {
        Some(file) => process.args(constraints(steps.constraints, &seen_from(&job.dir, file))),
        None => process.args(steps.unconstrained),
    };
    let reads = [&job.json].into_iter().chain(&job.constraints).cloned().collect();
    let run = process.reads(found, reads).run().map_err(|d| explain(d, job))?;
    let report = job.dir.join("pnr.report.json");
    let report = PnrReport::parse(&read_file(&report)?).map_err(|d| d.in_file(&report))?;
    let netlist = routed.map(|n| job.dir.join(n));
    Ok(Placed { config: job.dir.join(config), netlist, report, run })
}

/// The options that name a file of constraints: the last one has its name behind it, in the same
/// word if it ends in `=`.
fn constraints(options: &[&str], file: &Path) -> Vec<OsString> {
    let mut all: Vec<OsString> = options.iter().map(OsString::from).collect();
    match all.last_mut().filter(|_| options.last().is_some_and(|o| o.ends_with('='))) {
        Some(last) => last.push(file),
        None => all.push(file.into()),
    }
    all
}

/// What nextpnr says when cells or wires are short, in the order of its steps.
const NO_ROOM: &[&str] = &[
    "Failed to expand region",
    "Unable to place cell",
    "no BELs remaining",
    "failed to place",
    "Unable to find legal placement",
    "Unable to find a placement",
    "Unable to find placement",
    "Failed to route arc",
];

/// Of the square of the cells, the share of attempts after which the placer gives a cell up.
/// By default it is an eighth, which is minutes for a design that does not fit in the end.
const ATTEMPTS: &str = "64";

/// Tells a design that is too large from other failures.
fn explain(failure: Box<Diagnostic>, job: &PnrJob) -> Box<Diagnostic> {
    let full = |line: &&str| NO_ROOM.iter().any(|n| line.contains(n));
    let Some(line) = failure.message.lines().find(full) else {
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

    /// Logic cells: a look-up table, with a carry and a flip-flop beside it; of a Gowin device one or
    /// a carry.
    #[must_use]
    pub fn logic_cells(&self, family: Family) -> Use {
        let names = steps(family).route.as_ref().map_or(&[][..], |route| route.cells_used);
        let all = names.iter().filter_map(|name| self.resources.get(*name));
        let sum = |all: Use, one: &Use| Use { used: all.used.saturating_add(one.used), ..all };
        let available = all.clone().next().map_or(0, |first| first.available);
        all.fold(Use { used: 0, available }, sum)
    }

    /// Block RAMs.
    #[must_use]
    pub fn block_rams(&self, family: Family) -> Use {
        let name = steps(family).route.as_ref().map(|route| route.block_ram);
        name.and_then(|name| self.resources.get(name)).copied().unwrap_or_default()
    }

    /// The slowest clock's frequency in MHz; absent when nothing is clocked.
    #[must_use]
    pub fn fmax_mhz(&self) -> Option<f64> {
        self.clocks.values().map(|c| c.achieved_mhz).min_by(f64::total_cmp)
    }

    /// Asks for every clock to reach what was wanted, or `enough` MHz if that is less.
    ///
    /// # Errors
    /// [`codes::PNR_TOO_SLOW`] naming the slowest.
    pub fn check_timing(&self, enough: f64) -> Result<()> {
        let needed = |c: &Clock| c.wanted_mhz.min(enough);
        let short = |c: &Clock| c.achieved_mhz / needed(c);
        let worst = self.clocks.iter().min_by(|a, b| short(a.1).total_cmp(&short(b.1)));
        match worst {
            Some((name, c)) if c.achieved_mhz < needed(c) => Err(Diagnostic::new(
                &codes::PNR_TOO_SLOW,
                format!(
                    "{name} reaches {:.2} MHz, {:.2} were asked for",
                    c.achieved_mhz,
                    needed(c)
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
        assert_eq!(report.logic_cells(Family::Ice40), Use { used: 991, available: 5280 });
        assert_eq!(report.block_rams(Family::Ice40).used, 9);
        assert_eq!(report.fmax_mhz(), Some(31.07));
        assert_eq!(report.check_timing(f64::INFINITY).unwrap_err().code.id, "SF0505");
    }

    /// Two clocks: the slower one keeps its constraint, the faster one does not. The names are
    /// in the order in which a map does not have them by speed.
    const TWO: &[u8] = br#"{"critical_paths": [], "detailed_net_timings": [],
        "fmax": {"a_fast": {"achieved": 47.5, "constraint": 48.0}, "b_slow": {"achieved": 31.25, "constraint": 24.0},
            "c_other": {"achieved": 99.0, "constraint": 100.0}},
        "utilization": {"ICESTORM_DSP": {"available": 8, "used": 3}, "ICESTORM_LC": {"available": 5280, "used": 991},
            "ICESTORM_RAM": {"available": 30, "used": 9}, "ICESTORM_SPRAM": {"available": 4, "used": 2}}}"#;

    #[test]
    fn of_several_clocks_the_slowest_counts() {
        let report = PnrReport::parse(TWO).unwrap();
        assert_eq!(report.fmax_mhz(), Some(31.25));
        assert_eq!(report.clocks["c_other"], Clock { achieved_mhz: 99.0, wanted_mhz: 100.0 });
        assert_eq!(report.resources["ICESTORM_SPRAM"], Use { used: 2, available: 4 });
        assert_eq!(report.resources["ICESTORM_DSP"], Use { used: 3, available: 8 });
        assert_eq!(
            report.logic_cells(crate::target::Family::Ice40),
            Use { used: 991, available: 5280 }
        );
        assert_eq!(report.block_rams(crate::target::Family::Ice40), Use { used: 9, available: 30 });
    }

    #[test]
    fn a_carry_of_a_gowin_takes_the_place_of_a_look_up_table() {
        let json = br#"{"fmax": {}, "utilization": {"ALU": {"available": 6480, "used": 3116},
            "BSRAM": {"available": 26, "used": 22}, "DFF": {"available": 6480, "used": 5562},
            "LUT4": {"available": 8640, "used": 3750}}}"#;
        let report = PnrReport::parse(json).unwrap();
        assert_eq!(report.logic_cells(Family::Gowin), Use { used: 6866, available: 8640 });
        assert_eq!(report.block_rams(Family::Gowin), Use { used: 22, available: 26 });
    }

    #[test]
    fn the_clock_that_is_farthest_from_its_constraint_is_named() {
        let slow = PnrReport::parse(TWO).unwrap().check_timing(f64::INFINITY).unwrap_err();
        assert_eq!(slow.message, "a_fast reaches 47.50 MHz, 48.00 were asked for");
        let mut report = PnrReport::parse(TWO).unwrap();
        for clock in report.clocks.values_mut() {
            clock.wanted_mhz = clock.achieved_mhz;
        }
        report.check_timing(f64::INFINITY).unwrap();
        report.clocks.get_mut("b_slow").unwrap().wanted_mhz += 0.01;
        let slow = report.check_timing(f64::INFINITY).unwrap_err();
        assert_eq!(slow.message, "b_slow reaches 31.25 MHz, 31.26 were asked for");
        // What is enough for all is asked of all, where less was wanted that.
        report.check_timing(31.25).unwrap();
        let slow = PnrReport::parse(TWO).unwrap().check_timing(47.75).unwrap_err();
        assert_eq!(slow.message, "a_fast reaches 47.50 MHz, 47.75 were asked for");
    }

    #[test]
    fn what_is_not_there_is_not_used() {
        let report = PnrReport::parse(br#"{"fmax": {}, "utilization": {}}"#).unwrap();
        assert_eq!(
            (report.fmax_mhz(), report.logic_cells(crate::target::Family::Ice40)),
            (None, Use::default())
        );
        assert_eq!(report.block_rams(crate::target::Family::Ice40), Use::default());
        report.check_timing(f64::INFINITY).unwrap();
        for lacking in [
            r#"{"fmax": {}}"#,
            r#"{"utilization": {}}"#,
            r#"{"fmax": {"clk": {"achieved": 1.0}}, "utilization": {}}"#,
            r#"{"fmax": {"clk": {"constraint": 1.0}}, "utilization": {}}"#,
            r#"{"fmax": {}, "utilization": {"ICESTORM_LC": {"used": 1}}}"#,
            r#"{"fmax": {}, "utilization": {"ICESTORM_LC": {"available": 1}}}"#,
        ] {
            assert_eq!(PnrReport::parse(lacking.as_bytes()).unwrap_err().code.id, "SF0503");
        }
    }

    fn failed(message: &str) -> Box<Diagnostic> {
        let job = PnrJob {
            dir: PathBuf::new(),
            json: PathBuf::new(),
            device: "up5k".into(),
            package: "sg48".into(),
            family: crate::target::Family::Ice40,
            speed: None,
            constraints: None,
            freq_mhz: 12.0,
            seed: 1,
        };
        explain(
            Diagnostic::new(&codes::TOOL_FAILED, message).in_file(Path::new("dir/pnr.log")),
            &job,
        )
    }

    #[test]
    fn a_design_without_room_is_told_from_other_failures() {
        let log = "Info: Max frequency for clock 'clk': 33.00 MHz (PASS at 12.00 MHz)\n\
            ERROR: Unable to place cell 'core_ICESTORM_LC', no BELs remaining to implement cell type 'ICESTORM_LC'\n\
            0 warnings, 1 error";
        let d = failed(log);
        assert_eq!(d.code.id, "SF0504");
        assert_eq!(
            d.message,
            "the design does not fit up5k: Unable to place cell 'core_ICESTORM_LC', no BELs remaining to implement cell type 'ICESTORM_LC'"
        );
        assert_eq!(d.location.file.as_deref(), Some(Path::new("dir/pnr.log")));
        let other = failed("ERROR: cannot open file\nfailed");
        assert_eq!((other.code.id, &*other.message), ("SF0502", "ERROR: cannot open file\nfailed"));
    }

    #[test]
    fn constraints_are_named_as_each_tool_wants_it() {
        let of = |options: &[&str]| constraints(options, Path::new("../pins"));
        assert_eq!(of(&["--pcf"]), ["--pcf", "../pins"]);
        assert_eq!(of(&["--vopt", "cst="]), ["--vopt", "cst=../pins"]);
    }

    #[test]
    fn a_report_without_speeds_is_refused() {
        assert_eq!(PnrReport::parse(b"{}").unwrap_err().code.id, "SF0503");
    }
}

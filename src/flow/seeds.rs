// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Several placements, of which the fastest is kept: the seed alone makes a tenth of the speed.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::Toolbox;
use super::nextpnr::{self, Placed, PnrJob};
use crate::diag::{Diagnostic, Result, codes};

/// Places and routes with `count` seeds from the job's on, as many at a time as there are
/// processors, and keeps the fastest result, of equal ones that of the first seed; says which seed
/// it was. `count` is at least 1.
///
/// # Errors
/// As [`nextpnr::place_route`], if no seed succeeds: what the first said.
pub fn place_route(
    toolbox: &Toolbox,
    job: &PnrJob,
    count: u32,
    progress: &dyn Fn(&str),
) -> Result<(Placed, u32)> {
    if count <= 1 {
        return Ok((nextpnr::place_route(toolbox, job, progress)?, job.seed));
    }
    progress(&format!("place and route, {count} seeds"));
    let of = |i: u32| {
        let seed = job.seed.wrapping_add(i);
        PnrJob { seed, dir: job.dir.join(format!("seed-{seed}")), ..job.clone() }
    };
    let (next, placed) = (AtomicU32::new(0), Mutex::new(Vec::new()));
    let threads = thread::available_parallelism().map_or(1, |n| n.get() as u32).min(count);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= count {
                        break;
                    }
                    let result = nextpnr::place_route(toolbox, &of(i), &|_| {});
                    placed.lock().unwrap_or_else(PoisonError::into_inner).push((i, result));
                }
            });
        }
    });
    let mut all = placed.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.sort_by_key(|(i, _)| *i);
    let best = fastest(all).and_then(|(i, placed)| Ok((moved(placed, &job.dir)?, of(i).seed)));
    for i in 0..count {
        // One that is not there need not be removed.
        let _ = std::fs::remove_dir_all(of(i).dir);
    }
    best
}

/// The fastest of them, the first of equal ones; what the first said, if none succeeded.
fn fastest(all: Vec<(u32, Result<Placed>)>) -> Result<(u32, Placed)> {
    let (mut best, mut failure) = (None, None);
    for (i, result) in all {
        match result {
            Ok(placed) => {
                let mhz = placed.report.fmax_mhz().unwrap_or(0.0);
                if best.as_ref().is_none_or(|(_, most, _)| mhz > *most) {
                    best = Some((i, mhz, placed));
                }
            }
            Err(d) => failure = failure.or(Some(d)),
        }
    }
    match (best, failure) {
        (Some((i, _, placed)), _) => Ok((i, placed)),
        (None, Some(d)) => Err(d),
        (None, None) => Err(Diagnostic::internal("seeds", "nothing was placed")),
    }
}

/// Moves all that was made to where it belongs.
fn moved(mut placed: Placed, to: &Path) -> Result<Placed> {
    let Some(from) = placed.config.parent().map(Path::to_path_buf) else { return Ok(placed) };
    let failed = |e: std::io::Error| {
        Diagnostic::new(&codes::FILE_WRITE, format!("cannot move: {e}")).in_file(&from)
    };
    for entry in std::fs::read_dir(&from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        std::fs::rename(entry.path(), to.join(entry.file_name())).map_err(failed)?;
    }
    let there = |path: &Path| to.join(path.file_name().unwrap_or_default());
    placed.config = there(&placed.config);
    placed.netlist = placed.netlist.as_deref().map(there);
    placed.run.log = there(&placed.run.log);
    Ok(placed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::nextpnr::PnrReport;
    use crate::flow::process::Finished;

    fn placed(mhz: f64) -> Result<Placed> {
        let json = format!(
            r#"{{"fmax": {{"clk": {{"achieved": {mhz}, "constraint": 1}}}}, "utilization": {{}}}}"#
        );
        let report = PnrReport::parse(json.as_bytes())?;
        let run = Finished { log: "a/pnr.log".into(), time: std::time::Duration::ZERO };
        Ok(Placed { config: "a/pnr.asc".into(), netlist: None, report, run })
    }

    #[test]
    fn the_fastest_counts_and_the_first_of_equals() {
        let of = |speeds: &[f64]| {
            let all = speeds.iter().enumerate().map(|(i, mhz)| {
                let failed = || Err(Diagnostic::new(&codes::PNR_NO_ROOM, format!("seed {i}")));
                (i as u32, if *mhz > 0.0 { placed(*mhz) } else { failed() })
            });
            fastest(all.collect()).map(|(i, _)| i)
        };
        assert_eq!(of(&[30.0, 33.0, 31.0]).unwrap(), 1);
        assert_eq!(of(&[30.0, 30.0]).unwrap(), 0);
        // One that fails is left out; if all do, the first speaks.
        assert_eq!(of(&[0.0, 20.0, 0.0]).unwrap(), 1);
        assert_eq!(of(&[0.0, 0.0]).unwrap_err().message, "seed 0");
    }

    #[test]
    fn what_was_made_moves_to_where_it_belongs() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("seed-3");
        std::fs::create_dir(&from).unwrap();
        std::fs::write(from.join("pnr.asc"), "3").unwrap();
        std::fs::write(from.join("pnr.json"), "{}").unwrap();
        let found = Placed {
            config: from.join("pnr.asc"),
            netlist: Some(from.join("pnr.json")),
            ..placed(1.0).unwrap()
        };
        let there = moved(found, dir.path()).unwrap();
        assert_eq!(there.config, dir.path().join("pnr.asc"));
        assert_eq!(std::fs::read_to_string(there.config).unwrap(), "3");
        assert!(there.netlist.unwrap().is_file());
    }
}

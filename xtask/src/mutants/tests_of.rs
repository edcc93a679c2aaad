// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which test passes by which mutants: each runs by itself, once, and the switches note it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::faults::build::{self, LATE, Programs, Ran, Run};

/// A test that may notice mutants.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Test {
    pub(crate) program: PathBuf,
    pub(crate) name: String,
    /// How long it takes by itself.
    pub(crate) seconds: f64,
    /// The mutants that it passes by.
    pub(crate) passes: BTreeSet<usize>,
}

/// The tests of a program that pass by any mutant, the fastest first; not those of more than
/// `most` seconds, which is what a mutant may cost. Those that fail without any are named in
/// `broken`: they notice nothing.
pub(crate) fn trace(
    tree: &Path,
    programs: &Programs,
    wanted: &str,
    most: f64,
    broken: &mut Vec<String>,
) -> Result<Vec<Test>, String> {
    let patience = Duration::from_secs_f64(most);
    let (trace, log) = (tree.with_file_name("trace"), tree.with_file_name("test.log"));
    let program = programs.get(wanted).ok_or_else(|| format!("no program of `{wanted}`"))?;
    let mut tests = Vec::new();
    for name in build::names(tree, program)? {
        let _ = fs::remove_file(&trace);
        let begun = Instant::now();
        let args = vec!["--exact", &*name];
        let (fault, noted) = (None, Some(&*trace));
        let run = Run { tree, program, args, fault, trace: noted, log: &log, patience };
        match run.go()? {
            Ran::Passed(1) => {}
            Ran::Died(LATE) => continue,
            other => {
                println!("FAILS WITHOUT ANY MUTANT  {wanted} {name}: {other:?}");
                broken.push(name);
                continue;
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        let passed = fs::read_to_string(&trace).unwrap_or_default();
        let passes: BTreeSet<_> = passed.lines().filter_map(|l| l.parse().ok()).collect();
        if !passes.is_empty() {
            tests.push(Test { program: program.clone(), name, seconds, passes });
        }
    }
    tests.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    Ok(tests)
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The script with which Vivado makes a bitstream of what is emitted for a 7-series.

use askama::Template;

use super::{File, RTL_DIR, quoted, used};
use crate::diag::Result;
use crate::hw::Design;
use crate::target::{Board, Target};

/// The script's name in a build directory.
pub const VIVADO_SCRIPT: &str = "build.tcl";

#[derive(Template)]
#[template(path = "vivado/build.tcl", escape = "none")]
struct Script<'a> {
    model: String,
    target: &'a str,
    version: &'a str,
    part: &'a str,
    constraints: &'a str,
    bitstream: &'a str,
    /// What it says of timing and cells.
    report: &'a str,
    /// Verilog files and contents of memories, by name.
    sources: Vec<&'a str>,
    memories: Vec<&'a str>,
    /// Of the design's clock, in nanoseconds.
    period: String,
}

/// Nanoseconds of a clock's period, as constraints write them: to the picosecond, and not longer.
pub(super) fn period(mhz: f64) -> String {
    format!("{:.3}", (1e6 / mhz).floor() / 1e3)
}

/// The script for what `files` are; it reads the modules that the top module is made of, no others.
pub(super) fn script(
    design: &Design,
    target: &Target,
    board: &Board,
    files: &[File],
) -> Result<File> {
    let hand_written = |f: &&File| super::HDL.iter().any(|(name, _)| f.path.ends_with(name));
    let own: Vec<File> =
        files.iter().filter(|f| f.path.ends_with(".v") && !hand_written(f)).cloned().collect();
    let parts = used(&own);
    let mut sources: Vec<_> = own.iter().chain(&parts).filter_map(File::name).collect();
    sources.sort_unstable();
    let memories = files.iter().filter_map(File::name).filter(|n| n.ends_with(".hex")).collect();
    let spec = target.device.family.spec();
    let script = Script {
        model: quoted(&design.name),
        target: &target.name,
        version: env!("CARGO_PKG_VERSION"),
        part: &board.package,
        constraints: spec.constraints,
        bitstream: spec.bitstream,
        report: spec.placed,
        sources,
        memories,
        period: period(board.mhz()),
    };
    File::rendered(VIVADO_SCRIPT, &script)
}

impl File {
    /// Its name, of a file with Verilog or the contents of a memory.
    pub(super) fn name(&self) -> Option<&str> {
        self.path.strip_prefix(RTL_DIR)?.strip_prefix('/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::emit;
    use crate::emit::stream::tests::net;
    use crate::target;

    /// 3 does not divide 1,000: rounded up, the period would be that of a slower clock.
    #[test]
    fn a_period_is_never_too_long() {
        assert_eq!([100.0, 50.0, 75.0, 30.0].map(period), ["10.000", "20.000", "13.333", "33.333"]);
        assert_eq!(period(60.0), "16.666");
    }

    #[test]
    fn the_script_names_what_there_is_and_nothing_else() {
        let target = target::load("arty-a7-35t").unwrap();
        let name = "n$[exec x]".to_owned();
        let design = Design { family: target.device.family, name, ..net() };
        let files = emit(&design, &target).unwrap();
        let script = files.iter().find(|f| f.path == VIVADO_SCRIPT).unwrap();
        let text = String::from_utf8(script.contents.clone()).unwrap();
        let list = |name: &str| -> Vec<String> {
            let (_, rest) = text.split_once(&format!("set {name} {{\n")).unwrap();
            let (list, _) = rest.split_once("\n}").unwrap();
            list.lines().map(|l| l.trim().to_owned()).collect()
        };
        let sources = list("sources");
        for name in ["top.v", "sf_core.v", "sf_uart_rx.v", "sf_pll_xc7.v", "sf_readout.v"] {
            assert!(sources.iter().any(|s| s == name), "{name}: {sources:?}");
        }
        // Of another family, of the other mapping.
        for name in ["sf_pll_ice40.v", "sf_spram.v", "sf_walk.v"] {
            assert!(sources.iter().all(|s| s != name), "{name}");
        }
        let there = |name: &String| files.iter().any(|f| f.path == format!("{RTL_DIR}/{name}"));
        assert!(sources.iter().all(there) && list("memories").iter().all(there));
        let memories = files.iter().filter(|f| f.path.ends_with(".hex")).count();
        assert_eq!(list("memories").iter().filter(|m| !m.is_empty()).count(), memories);
        assert!(text.contains("-part xc7a35ticsg324-1L ") && text.contains("NOT RUN WITH VIVADO"));
        assert!(text.contains("\\\"period_ns\\\": 20.000,"), "{text}");
        // Nothing of a name is run: it stands in a comment.
        assert!(text.lines().filter(|l| l.contains("exec")).all(|l| l.starts_with('#')));
        // Other families have no such script.
        let target = target::load("icebreaker").unwrap();
        let files = emit(&net(), &target).unwrap();
        assert!(files.iter().all(|f| f.path != VIVADO_SCRIPT));
    }
}

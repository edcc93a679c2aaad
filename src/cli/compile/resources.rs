// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a design was estimated to need, what came out, and what there is.

use super::Summary;
use crate::cli::build::{BitstreamReport, NetlistReport};
use crate::cli::ui::{table, thousands};
use crate::target::Target;

/// A row for each kind of resource.
pub(super) fn resources(s: &Summary<'_>, target: &Target) -> String {
    let (have, family) = (target.device.resources, target.device.family.spec());
    let mut rows = vec![["", "estimate", "result", "device"].map(str::to_owned).to_vec()];
    let result = |f: &dyn Fn(&BitstreamReport) -> String| s.bitstream.map_or_else(|| "-".into(), f);
    let count = |n: u32| thousands(u64::from(n));
    // What synthesis alone says, too.
    let either = |of: fn(&NetlistReport) -> u64, b: &dyn Fn(&BitstreamReport) -> u64| {
        let netlist = || s.netlist.map_or_else(|| "-".into(), |n| thousands(of(n)));
        s.bitstream.map_or_else(netlist, |made| thousands(b(made)))
    };
    rows.push(vec![
        family.table.into(),
        count(s.estimate.lut4),
        either(|n| n.lut4, &|b| b.lut4),
        count(have.lut4),
    ]);
    rows.push(vec![
        family.cell.into(),
        count(s.estimate.cells),
        result(&|b| thousands(b.logic_cells)),
        count(have.lut4),
    ]);
    rows.push(vec![
        family.block_ram.name.into(),
        count(s.estimate.ebr),
        either(|n| n.ebr, &|b| b.ebr),
        count(have.ebr),
    ]);
    if s.estimate.spram > 0 {
        rows.push(vec![
            "SPRAM".into(),
            count(s.estimate.spram),
            either(|n| n.spram, &|b| b.spram),
            count(have.spram),
        ]);
    }
    if s.estimate.dsp > 0 {
        rows.push(vec![
            "multipliers".into(),
            count(s.estimate.dsp),
            either(|n| n.dsp, &|b| b.dsp),
            count(have.dsp),
        ]);
    }
    rows.push(vec![
        "MHz".into(),
        "-".into(),
        result(&|b| format!("{:.1}", b.fmax_mhz)),
        "-".into(),
    ]);
    table(&rows)
}

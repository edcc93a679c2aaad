// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Both figures as text, for a terminal.

use std::fmt;

use super::{ASSUMPTIONS, Band, Likely, Literature, Report};
use crate::target::Basis;

impl fmt::Display for Literature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Literature's convention (4.6 pJ a MAC, 0.9 pJ a SOP; 45 nm, float)")?;
        for (name, v) in [
            ("static input at every timestep, as papers count", &self.repeated),
            ("static input once, as the hardware computes", &self.once),
        ] {
            writeln!(
                f,
                "  {name:<48} {:>10} MAC {:>9} SOP {:>10.1} nJ",
                apart(v.macs),
                apart(v.sops),
                v.energy_nj
            )?;
        }
        if let Some(w) = &self.width_aware {
            let total = w.total_nj();
            writeln!(f, "  integer adds at the model's widths, static input once: {total} nJ")?;
            let scales = match w.scales_nj {
                Band::ZERO => String::new(),
                nj => format!(", gains and sums of streams {nj} nJ"),
            };
            writeln!(
                f,
                "    synapses {} nJ{scales}, neurons {} nJ, readout {:.3} nJ",
                w.synapses_nj, w.neurons_nj, w.readout_nj
            )?;
        }
        self.caveats.iter().try_for_each(|c| writeln!(f, "  - {c}"))
    }
}

impl fmt::Display for Likely {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = 100.0 * self.share;
        let draws = apart(f64::from(self.draws));
        let [core, inference] = [self.core_nj, self.inference_nj]
            .map(|[low, high]| format!("{:.3} to {:.3} µJ", low * 1e-3, high * 1e-3));
        write!(f, "{share:.0} % of {draws} draws: core {core}, with the serial line {inference}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Estimate for {} at {} MHz, mean of {} simulated inferences; value [low, high]",
            self.target, self.io.clock_mhz, self.images
        )?;
        for (name, v) in [("core", &self.core), ("with the serial line", &self.inference)] {
            writeln!(
                f,
                "  {name:<21} {:>9} cycles {:>10.1} µs   {} µJ   {:.2} mW",
                apart(v.cycles),
                v.time_us,
                display(v.energy_nj * 1e-3),
                v.power_uw * 1e-3
            )?;
        }
        if let Some(likely) = &self.likely {
            writeln!(f, "  {likely}")?;
        }
        writeln!(f, "  phases (what passes with time):")?;
        for p in &self.phases {
            let who = if p.host_bound { "host-bound" } else { "core" };
            let energy = display(p.energy_nj * 1e-3);
            writeln!(f, "    {:<10} {who:<10} {:>10.1} µs   {energy} µJ", p.name, p.time_us)?;
        }
        writeln!(f, "  core energy by cause [nJ]:")?;
        for c in &self.causes {
            let basis = if c.basis == Basis::Measured { "measured" } else { "estimate" };
            writeln!(f, "    {:<24} {:<30} {basis}", c.cause.name(), c.core_nj.to_string())?;
        }
        writeln!(f, "  core energy by stage, without static power and clock base [nJ]:")?;
        let names = self.stages.iter().map(|s| s.name.chars().count());
        let width = names.max().unwrap_or(0).max(24);
        for s in &self.stages {
            writeln!(f, "    {:<width$} {}", s.name, s.core_nj)?;
        }
        if !self.jobs.is_empty() {
            writeln!(
                f,
                "  by job: cycles, share of the time, energy of the core with its share of what passes with time [nJ]:"
            )?;
        }
        for j in &self.jobs {
            let share = 100.0 * j.share;
            let cycles = apart(j.cycles);
            writeln!(f, "    {:<width$} {cycles:>9} {share:>5.1} %   {}", j.name, j.core_nj)?;
        }
        writeln!(
            f,
            "  {:.0} % of the core energy rests on coefficients measured on this device",
            self.measured_share * 100.0
        )?;
        for c in &self.comparisons {
            writeln!(
                f,
                "  plausibility: {:.2} mW is {} the {:.2} to {:.2} mW measured for {}; an idle design draws {:.2} mW",
                c.core_uw.value / 1e3,
                c.verdict,
                c.published_uw[0] / 1e3,
                c.published_uw[1] / 1e3,
                c.name,
                c.floor_uw * 1e-3
            )?;
        }
        ASSUMPTIONS.iter().try_for_each(|a| writeln!(f, "  - {a}"))
    }
}

/// A count, rounded, with its thousands apart: 12345.6 as 12,346.
fn apart(count: f64) -> String {
    let digits = format!("{count:.0}");
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().collect();
    groups.iter().map(|g| String::from_utf8_lossy(g)).collect::<Vec<_>>().join(",")
}

/// Three digits after the point: the core's energy lies below a microjoule.
fn display(b: Band) -> String {
    format!("{b:.3}")
}

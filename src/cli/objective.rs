// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What hardware is folded for: of the foldings of a network the one that serves best.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::inputs::DataArgs;
use super::ui::{Ui, table, thousands};
use crate::diag::{Diagnostic, Result, codes};
use crate::energy::{self, Band, IoTiming};
use crate::hw::{self, Design, Estimate, Folding};
use crate::ir::Graph;
use crate::sim::{MeanActivity, NoProbe, Sim};
use crate::target::Target;

/// What is to be little.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Objective {
    /// The cycles of an inference.
    #[default]
    Latency,
    /// The time until the next inference can begin. One inference is in the core at a time, so
    /// this is latency.
    Throughput,
    /// The logic cells.
    Area,
    /// The energy of an inference, of the core alone, as estimated from simulated inferences.
    Energy,
}

#[derive(clap::Args, Clone, Default)]
pub(super) struct ObjectiveArgs {
    /// What the hardware is folded for, of all foldings that the target has room for.
    #[arg(long, value_enum, default_value_t)]
    objective: Objective,
    /// Use at most so many logic cells, as estimated.
    #[arg(long, value_name = "N")]
    max_cells: Option<u32>,
    /// Take at most so many core cycles for an inference, as estimated.
    #[arg(long, value_name = "N")]
    max_cycles: Option<u32>,
    /// Inputs on which the energy of a folding is estimated (without them, seeded random ones), and
    /// that choose the margin of --stop calibrated.
    #[arg(long, value_name = "PATH")]
    calibration: Option<PathBuf>,
}

/// Inferences on which the energy of a folding is estimated.
const SAMPLES: usize = 16;

/// Clock of a bare device, in MHz: what the energy of a time without a clock would be, nobody
/// knows.
const CLOCK: f64 = 12.0;

/// Nanojoules of the core's part of an inference, which the host link does not change, at the
/// board's clock.
pub(super) fn core_energy(design: &Design, target: &Target, mean: &MeanActivity) -> Result<Band> {
    let io = IoTiming::of(design, target).unwrap_or_else(|| IoTiming::none(CLOCK));
    Ok(energy::device(design, target, mean, io)?.core.energy_nj)
}

/// A folding and what an inference costs on it.
#[derive(Serialize)]
pub(super) struct Row {
    /// `pipeline` or `shared`.
    mapping: &'static str,
    /// Of the processor, of each dense layer, or of each job of a line.
    lanes: Vec<u32>,
    /// Timesteps that are computed together.
    chunk: u32,
    cells: u32,
    ebr: u32,
    spram: u32,
    dsp: u32,
    cycles: u32,
    /// Of the core; none for a device of which nobody knows what it takes, or if nobody asked.
    energy_nj: Option<Band>,
}

impl Row {
    fn new(folding: &Folding, energy_nj: Option<Band>) -> Self {
        let (design, e) = (&folding.design, &folding.estimate);
        let (mapping, lanes) = match &design.shared {
            Some(shared) if shared.is_line() => {
                ("pipeline", shared.jobs.iter().map(|j| shared.lanes_of(j)).collect())
            }
            Some(shared) => ("shared", vec![shared.lanes]),
            None => ("pipeline", design.denses().map(|d| d.lanes).collect()),
        };
        let (cells, ebr, spram, dsp, cycles) = (e.cells, e.ebr, e.spram, e.dsp, e.cycles);
        Self { mapping, lanes, chunk: design.width(), cells, ebr, spram, dsp, cycles, energy_nj }
    }
}

impl ObjectiveArgs {
    /// The inputs that choose.
    pub(super) fn calibration(&self) -> Option<&Path> {
        self.calibration.as_deref()
    }

    /// Folds a graph as it is asked for; what makes the folding again, and the folding.
    ///
    /// # Errors
    /// Those of [`hw::lower`]; [`codes::HW_DOES_NOT_FIT`] if no folding keeps to the limits, with
    /// the nearest; [`codes::ENERGY_UNKNOWN`] for energies of a device that has no coefficients.
    pub(super) fn fold(
        &self,
        graph: &Graph,
        target: &Target,
        options: hw::Options,
        ui: Ui,
    ) -> Result<(hw::Options, Design, Estimate)> {
        let options = hw::Options { cells: self.max_cells, ..options };
        let is_fast = matches!(self.objective, Objective::Latency | Objective::Throughput);
        if is_fast && self.max_cycles.is_none() {
            let (design, estimate) = hw::lower(graph, target, &options)?;
            return Ok((options, design, estimate));
        }
        let all = hw::foldings(graph, target, &options)?;
        let energies = match self.objective {
            Objective::Energy => self.energies(graph, target, &all, ui)?,
            _ => vec![None; all.len()],
        };
        let Some(index) = self.choose(&all, &energies) else {
            return Err(self.too_slow(&all));
        };
        let why = self.reason(&all, &energies, index);
        let folding = all.into_iter().nth(index);
        let Folding { options, design, mut estimate } =
            folding.ok_or_else(|| Diagnostic::internal("fold", "the folding is gone"))?;
        estimate.reasons.insert(0, why);
        Ok((options, design, estimate))
    }

    /// All foldings with what they cost, for `inspect --hw --foldings`.
    pub(super) fn rows(
        &self,
        graph: &Graph,
        target: &Target,
        options: hw::Options,
        ui: Ui,
    ) -> Result<Vec<Row>> {
        let all = hw::foldings(graph, target, &hw::Options { cells: self.max_cells, ..options })?;
        let energies = match target.device.energy {
            Some(_) => self.energies(graph, target, &all, ui)?,
            None => vec![None; all.len()],
        };
        let keeps = |f: &Folding| self.max_cycles.is_none_or(|most| f.estimate.cycles <= most);
        let rows = all.iter().zip(energies).filter(|(f, _)| keeps(f));
        Ok(rows.map(|(f, energy)| Row::new(f, energy)).collect())
    }

    /// The best of those that keep to the limits; of equal ones the fastest.
    fn choose(&self, all: &[Folding], energies: &[Option<Band>]) -> Option<usize> {
        let keeps = |i: &usize| self.max_cycles.is_none_or(|m| all[*i].estimate.cycles <= m);
        let cost = |i: usize| match self.objective {
            Objective::Latency | Objective::Throughput => f64::from(all[i].estimate.cycles),
            Objective::Area => f64::from(all[i].estimate.cells),
            Objective::Energy => energies[i].map_or(f64::INFINITY, |e| e.value),
        };
        (0..all.len()).filter(keeps).min_by(|&a, &b| cost(a).total_cmp(&cost(b)))
    }

    fn reason(&self, all: &[Folding], energies: &[Option<Band>], index: usize) -> String {
        let Estimate { cells, cycles, .. } = all[index].estimate;
        let cost = match energies[index] {
            Some(e) => format!(", {:.1} nJ", e.value),
            None => String::new(),
        };
        let what = match self.objective {
            Objective::Latency => "fewest cycles",
            Objective::Throughput => "fewest cycles (one inference is in the core at a time)",
            Objective::Area => "fewest logic cells",
            Objective::Energy => "least energy",
        };
        format!(
            "{what} of {} foldings (inspect --hw --foldings): {} logic cells, {} cycles{cost}",
            all.len(),
            thousands(cells.into()),
            thousands(cycles.into())
        )
    }

    fn too_slow(&self, all: &[Folding]) -> Box<Diagnostic> {
        let fastest = all.first().map_or(0, |f| f.estimate.cycles);
        let message = format!(
            "no folding takes {} cycles or fewer; the fastest takes {}",
            thousands(self.max_cycles.unwrap_or_default().into()),
            thousands(fastest.into())
        );
        let help = match self.max_cells {
            Some(_) => "allow more cycles or more logic cells, or use a larger target",
            None => "allow more cycles, or use a larger target",
        };
        Diagnostic::new(&codes::HW_DOES_NOT_FIT, message).at("--max-cycles").help(help)
    }

    /// What an inference takes on each, at the board's clock.
    fn energies(
        &self,
        graph: &Graph,
        target: &Target,
        all: &[Folding],
        ui: Ui,
    ) -> Result<Vec<Option<Band>>> {
        let data = DataArgs::first(self.calibration.as_deref(), SAMPLES);
        let inputs = data.load(graph)?;
        let bar = ui.bar("simulate", all.len());
        let energy = |folding: &Folding| {
            let (sim, mut mean) = (Sim::new(&folding.design), MeanActivity::default());
            for input in inputs.first(SAMPLES.min(inputs.len())) {
                let whole = vec![0; folding.design.header_bytes()];
                mean.add(&sim.run(&[&whole, input].concat(), &[], &mut NoProbe)?.activity);
            }
            bar.inc(1);
            Ok(Some(core_energy(&folding.design, target, &mean)?))
        };
        let energies = all.iter().map(energy).collect::<Result<Vec<_>>>();
        bar.finish_and_clear();
        energies
    }
}

/// The foldings as a table.
pub(super) fn text(rows: &[Row]) -> String {
    let head = ["mapping", "lanes", "chunk", "cells", "block RAM", "SPRAM", "multipliers"];
    let head = head.iter().chain(&["cycles", "nJ (estimate)"]).map(|h| (*h).to_owned()).collect();
    let mut lines: Vec<Vec<String>> = vec![head];
    let count = |n: u32| thousands(n.into());
    for r in rows {
        let lanes: Vec<_> = r.lanes.iter().map(u32::to_string).collect();
        lines.push(vec![
            r.mapping.to_owned(),
            lanes.join(" "),
            r.chunk.to_string(),
            count(r.cells),
            count(r.ebr),
            count(r.spram),
            count(r.dsp),
            count(r.cycles),
            r.energy_nj.map_or_else(|| "-".to_owned(), |e| format!("{:.1}", e.value)),
        ]);
    }
    table(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::shared::tests::Net;
    use crate::target;
    use crate::verify::tests::design;

    /// Foldings with these cells and cycles.
    fn all(of: &[(u32, u32)]) -> Vec<Folding> {
        let folding = |&(cells, cycles): &(u32, u32)| {
            let estimate = Estimate { cells, cycles, ..hw::estimate(&design()) };
            Folding { options: hw::Options::default(), design: design(), estimate }
        };
        of.iter().map(folding).collect()
    }

    fn args(objective: Objective, max_cycles: Option<u32>) -> ObjectiveArgs {
        ObjectiveArgs { objective, max_cycles, ..ObjectiveArgs::default() }
    }

    const EACH: [Objective; 4] =
        [Objective::Latency, Objective::Throughput, Objective::Area, Objective::Energy];

    #[test]
    fn the_best_that_keeps_to_the_limit_is_chosen() {
        let all = all(&[(300, 1000), (200, 2000), (100, 3000)]);
        let energies = [5.0, 3.25, 4.0].map(|e| Some(Band::exact(e)));
        let chosen = |most| EACH.map(|o| args(o, most).choose(&all, &energies));
        assert_eq!(chosen(None), [Some(0), Some(0), Some(2), Some(1)]);
        assert_eq!(chosen(Some(2000)), [Some(0), Some(0), Some(1), Some(1)]);
        assert_eq!(chosen(Some(1999)), [Some(0); 4]);
        assert_eq!(chosen(Some(999)), [None; 4]);
        // What is not known is not the least.
        let energies = [None, Some(Band::exact(7.0)), None];
        assert_eq!(args(Objective::Energy, None).choose(&all, &energies), Some(1));
    }

    #[test]
    fn what_was_chosen_is_said_with_its_cost() {
        let all = all(&[(5300, 1000), (200, 2000)]);
        let of = |o: Objective, energy| args(o, None).reason(&all, &[energy, energy], 0);
        let rest = "of 2 foldings (inspect --hw --foldings): 5,300 logic cells, 1,000 cycles";
        assert_eq!(of(Objective::Area, None), format!("fewest logic cells {rest}"));
        let energy = of(Objective::Energy, Some(Band::exact(3.25)));
        assert_eq!(energy, format!("least energy {rest}, 3.2 nJ"));
        let rows: Vec<_> = all.iter().map(|f| Row::new(f, None)).collect();
        let lines = text(&rows);
        let lines: Vec<Vec<_>> = lines.lines().map(|l| l.split_whitespace().collect()).collect();
        assert_eq!((lines.len(), lines[0][0], lines[1][0]), (3, "mapping", "pipeline"));
        assert_eq!((lines[2][lines[2].len() - 2..].to_vec()), ["2,000", "-"]);
    }

    /// A processor for each layer is a folding, too, whether its energy is known or not.
    #[test]
    fn lines_of_processors_are_foldings() {
        let mut net = Net::new(2, &[1, 3, 3]);
        net.conv("c1", "in", (2, 3, 1), &[1, -1]);
        net.lif("n1", "c1", 5);
        net.flatten("flat", "n1");
        net.linear("head", "flat", 2, &[1, -1, -1]);
        net.read("head");
        let board = target::load("icebreaker").unwrap();
        let options = || hw::Options { mapping: hw::Mapping::Pipeline, ..hw::Options::default() };
        let (lowered, _) = hw::lower(&net.0, &board, &options()).unwrap();
        assert!(lowered.shared.is_some_and(|s| s.is_line()));
        let args = args(Objective::Latency, None);
        assert!(!args.rows(&net.0, &board, options(), Ui { json: true }).unwrap().is_empty());
    }

    #[test]
    fn a_folding_is_the_one_of_its_row() {
        let (graph, ui) = (hw::wide(), Ui { json: true });
        let board = target::load("icebreaker").unwrap();
        let options = hw::Options::default;
        let rows = |most| {
            let rows = args(Objective::Latency, most).rows(&graph, &board, options(), ui).unwrap();
            rows.iter().map(|r| (r.cells, r.cycles, r.energy_nj)).collect::<Vec<_>>()
        };
        let all = rows(None);
        assert!(all.len() > 2 && all.iter().all(|r| r.2.is_some()), "{all:?}");
        assert_eq!(rows(Some(all[1].1)), all[..2]);

        let folded = |objective, most| {
            let (_, design, estimate) =
                args(objective, most).fold(&graph, &board, options(), ui).unwrap();
            assert_eq!(design.denses().count() > 0, design.shared.is_none());
            ((estimate.cells, estimate.cycles), estimate.reasons[0].clone())
        };
        let of = |row: &(u32, u32, Option<Band>)| (row.0, row.1);
        assert_eq!(folded(Objective::Latency, None).0, of(&all[0]));
        let (area, why) = folded(Objective::Area, None);
        assert_eq!(area, of(all.last().unwrap()));
        assert!(why.starts_with("fewest logic cells of "), "{why}");
        // The smallest that is fast enough.
        assert_eq!(folded(Objective::Area, Some(all[1].1)).0, of(&all[1]));
        let (fast, why) = folded(Objective::Latency, Some(all[1].1));
        assert_eq!((fast, why.starts_with("fewest cycles of ")), (of(&all[0]), true), "{why}");
        let energy = |row: &(u32, u32, Option<Band>)| row.2.map_or(0.0, |e| e.value);
        let least = all.iter().min_by(|a, b| energy(a).total_cmp(&energy(b))).unwrap();
        assert_eq!(folded(Objective::Energy, None).0, of(least));
        let slow = args(Objective::Latency, Some(1)).fold(&graph, &board, options(), ui);
        assert_eq!(slow.err().map(|d| d.code.id), Some("SF0411"));
    }
}

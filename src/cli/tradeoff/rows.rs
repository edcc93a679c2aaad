// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The table: a row for each point.

use serde::Serialize;

use super::Args;
use super::cost::Cost;
use crate::diag::Result;
use crate::energy::Band;
use crate::ir::Graph;
use crate::pass::{self, TO_INTEGER};
use crate::report::{Dot, Unit};
use crate::tune::{
    Choice, Cut, Data, Found, Share, Sizes, Split, Work, choose, front, gain, right_on, share,
};

/// What is printed.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    /// Name of the model.
    pub(super) model: String,
    pub(super) target: String,
    /// How the samples were divided, and by which seed.
    pub(super) samples: Sizes,
    pub(super) seed: u64,
    /// Points of accuracy that may be lost.
    pub(super) budget: f64,
    pub(super) notes: Vec<String>,
    /// The whole model first.
    pub(super) rows: Vec<Row>,
    /// Which row is enough; none if no row runs on the hardware.
    pub(super) choice: Option<Chosen>,
    /// Why there is no hardware, where no row has a cost.
    pub(super) hardware_reason: Option<String>,
}

/// Which row is enough.
#[derive(Debug, Serialize)]
pub(super) struct Chosen {
    pub(super) id: String,
    /// Gain on the samples that choose.
    pub(super) gain: Share,
    /// A cheaper row that may be enough, too, and how many samples to choose by would show it.
    pub(super) unclear: Option<(String, usize)>,
}

#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) cut: Cut,
    /// Of the real-valued model, on the samples that report.
    pub(super) accuracy: Share,
    /// Against the whole model, on the same samples.
    pub(super) gain: Share,
    /// Share of the samples that choose which it has right: by this rows are compared, and for
    /// that reason it is no accuracy to report.
    pub(super) choosing: f64,
    /// Of the integer model; measured for rows on the front, the whole and the chosen one.
    pub(super) accuracy_integer: Option<Share>,
    pub(super) cycles: Option<f64>,
    pub(super) energy_nj: Option<Band>,
    pub(super) cells: Option<u32>,
    /// No other row costs less energy (or cycles, where there is no energy) and had as many of the samples that choose right.
    pub(super) front: bool,
    pub(super) chosen: bool,
    pub(super) hardware_reason: Option<String>,
}

impl Table {
    pub(super) fn new(
        args: &Args,
        graph: &Graph,
        found: &Found,
        costs: &[std::result::Result<Cost, String>],
        split: &Split,
    ) -> Self {
        // Cycles stand for the energy of a device whose coefficients nobody knows.
        let energy = |i: usize| {
            let cost = costs[i].as_ref().ok()?;
            Some(cost.energy_nj.map_or(cost.cycles, |e| e.value))
        };
        let points = found.points.iter().enumerate();
        // What chooses sees the samples that choose alone.
        let worth = |right: &[bool]| right.iter().filter(|r| **r).count() as f64;
        let on_front =
            front(&points.clone().map(|(i, p)| (energy(i), worth(&p.choose))).collect::<Vec<_>>());
        let candidates: Vec<(Option<f64>, &[bool])> =
            points.clone().map(|(i, p)| (energy(i), &*p.choose)).collect();
        let choice = choose(&candidates, args.accuracy_budget / 100.0);
        let whole: &[bool] = found.points.first().map_or(&[], |p| &p.report);
        let row = |(i, p): (usize, &crate::tune::Point)| {
            let cost = costs[i].as_ref();
            Row {
                id: p.cut.id(),
                cut: p.cut.clone(),
                accuracy: share(p.report.iter().filter(|r| **r).count(), p.report.len()),
                gain: gain(whole, &p.report),
                choosing: worth(&p.choose) / p.choose.len().max(1) as f64,
                accuracy_integer: None,
                cycles: cost.ok().map(|c| c.cycles),
                energy_nj: cost.ok().and_then(|c| c.energy_nj),
                cells: cost.ok().map(|c| c.cells),
                front: on_front[i],
                chosen: choice.as_ref().is_some_and(|c| c.point == i),
                hardware_reason: cost.err().cloned(),
            }
        };
        let rows: Vec<Row> = points.map(row).collect();
        let id = |i: usize| rows[i].id.clone();
        let named = |c: Choice| Chosen {
            id: id(c.point),
            gain: c.gain,
            unclear: c.unclear.map(|(i, n)| (id(i), n)),
        };
        let choice = choice.map(named);
        let reason = rows.iter().all(|r| r.cycles.is_none());
        Self {
            model: graph.name.clone(),
            target: args.target.clone(),
            samples: split.sizes(),
            seed: args.data.seed,
            budget: args.accuracy_budget,
            notes: found.notes.clone(),
            hardware_reason: rows
                .first()
                .filter(|_| reason)
                .and_then(|r| r.hardware_reason.clone()),
            rows,
            choice,
        }
    }

    /// What rows cost.
    pub(super) fn unit(&self) -> Unit {
        if self.rows.iter().any(|r| r.energy_nj.is_some()) { Unit::Energy } else { Unit::Cycles }
    }

    /// Runs the integer models of the rows that matter.
    pub(super) fn integers(
        &mut self,
        found: &Found,
        options: &pass::Options,
        data: &Data<'_>,
        work: &Work<'_>,
    ) -> Result<()> {
        for (i, (row, point)) in self.rows.iter_mut().zip(&found.points).enumerate() {
            if row.cycles.is_none() || !(row.front || row.chosen || i == 0) {
                continue;
            }
            let mut integer = point.graph.clone();
            pass::run(&mut integer, TO_INTEGER, options)?;
            let right = right_on(&integer, data.report, &data.split.report, work)?;
            row.accuracy_integer = Some(share(right.iter().filter(|r| **r).count(), right.len()));
        }
        Ok(())
    }
}

impl Row {
    /// Its place in the picture, if it has a cost.
    pub(super) fn dot(&self) -> Option<Dot> {
        let percent = |v: f64| v * 100.0;
        Some(Dot {
            name: self.id.clone(),
            cost: self.energy_nj.map_or(self.cycles?, |e| e.value),
            accuracy: [self.accuracy.low, self.accuracy.value, self.accuracy.high].map(percent),
            timesteps: self.cut.timesteps,
            front: self.front,
            chosen: self.chosen,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_in_percent_and_cost_what_is_known() {
        let cut = Cut { timesteps: 3, members: vec![1], norms_anew: false, head_fitted: false };
        let mut row = Row {
            id: "t3-m1".into(),
            cut,
            accuracy: Share { value: 0.5, low: 0.25, high: 0.75 },
            gain: Share { value: 0.0, low: 0.0, high: 0.0 },
            choosing: 0.5,
            accuracy_integer: None,
            cycles: Some(100.0),
            energy_nj: Some(Band { value: 7.0, low: 1.0, high: 9.0 }),
            cells: None,
            front: true,
            chosen: false,
            hardware_reason: None,
        };
        let dot = row.dot().unwrap();
        assert_eq!((dot.accuracy, dot.cost, dot.timesteps), ([25.0, 50.0, 75.0], 7.0, 3));
        assert!(dot.front && !dot.chosen && dot.name == "t3-m1");
        row.energy_nj = None;
        assert_eq!(row.dot().unwrap().cost, 100.0);
        row.cycles = None;
        assert_eq!(row.dot(), None);
    }
}

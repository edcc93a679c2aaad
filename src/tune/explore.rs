// SPDX-License-Identifier: Apache-2.0 OR MIT
//! All points of a model: timesteps × members, with norms and heads fitted where that helps.

use super::head::{Head, PENALTIES, layer};
use super::infer::Work;
use super::norms;
use super::paired::gain;
use super::point::{Cut, Point};
use super::rest::rest;
use super::split::{Place, Split};
use super::subsets::subsets;
use super::trains::{Members, Train, after, room, trains};
use crate::data::Samples;
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Graph, NodeId};
use crate::pass::{self, CUTS, Options};

/// Samples, and what each of them does.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// Those that fit and choose.
    pub calibration: &'a Samples,
    /// Those that report; may be the same set.
    pub report: &'a Samples,
    /// What each does.
    pub split: &'a Split,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The whole model first, then ever fewer timesteps, and of each ever fewer members.
    pub points: Vec<Point>,
    /// What was tried, and with which gain.
    pub notes: Vec<String>,
}

/// A model of some timesteps, and what it did.
struct Base {
    graph: Graph,
    norms_anew: bool,
    fit: Vec<Train>,
    choose: Vec<Train>,
    report: Vec<Train>,
}

/// The labels of each part.
struct Labels {
    fit: Vec<usize>,
    choose: Vec<usize>,
    report: Vec<usize>,
}

/// Runs a model on all samples and finds what it can do without. `graph` is the real form.
///
/// # Errors
/// [`codes::NO_LABELS`]; what `interp` cannot run; samples for which there is no memory.
pub fn explore(graph: &Graph, data: &Data<'_>, work: &Work<'_>) -> Result<Found> {
    let split = data.split;
    let labels = Labels {
        fit: labels(data.calibration, &split.fit)?,
        choose: labels(data.calibration, &split.choose)?,
        report: labels(data.report, &split.report)?,
    };
    let members = Members::of(graph)?;
    if let Some(members) = &members {
        let sizes = split.sizes();
        room(members, graph.timesteps, sizes.fit + sizes.choose + sizes.report)?;
    }
    let mut found = Found { points: Vec::new(), notes: Vec::new() };
    if let Some(members) = &members {
        found.notes.push(format!("an ensemble of {} members", members.count()));
    }
    let whole = Base::run(graph.clone(), false, members.as_ref(), data, work)?;
    for timesteps in (1..=graph.timesteps).rev() {
        let prefix = cut(graph, timesteps, None)?;
        let anew = if timesteps < graph.timesteps {
            with_norms(&prefix, &whole, &members, data, &labels, &mut found.notes, work)?
        } else {
            None
        };
        let base = anew.as_ref().unwrap_or(&whole);
        let graph = if anew.is_some() { &base.graph } else { &prefix };
        match &members {
            None => {
                let right = |trains: &[Train], labels: &[usize]| {
                    let class = |t: &Train| t.classes[timesteps as usize - 1];
                    right(&trains.iter().map(class).collect::<Vec<_>>(), labels)
                };
                found.points.push(Point {
                    cut: Cut {
                        timesteps,
                        members: Vec::new(),
                        norms_anew: base.norms_anew,
                        head_fitted: false,
                    },
                    graph: graph.clone(),
                    choose: right(&base.choose, &labels.choose),
                    report: right(&base.report, &labels.report),
                });
            }
            Some(members) => {
                let of = Subsets { base, graph, members, labels: &labels, work };
                of.points(found.points.is_empty(), &mut found)?;
            }
        }
    }
    Ok(found)
}

fn labels(samples: &Samples, places: &[Place]) -> Result<Vec<usize>> {
    let missing = || {
        Diagnostic::new(&codes::NO_LABELS, "the samples have no labels")
            .help("name them with --labels, and with --calibration-labels those of --calibration")
    };
    let labels = samples.labels.as_ref().ok_or_else(missing)?;
    places.iter().map(|&p| labels.get(p).map(|l| *l as usize).ok_or_else(missing)).collect()
}

fn right(classes: &[u16], labels: &[usize]) -> Vec<bool> {
    classes.iter().zip(labels).map(|(c, l)| usize::from(*c) == *l).collect()
}

fn cut(graph: &Graph, timesteps: u32, members: Option<&[usize]>) -> Result<Graph> {
    let mut graph = graph.clone();
    let options = Options {
        keep_timesteps: Some(timesteps),
        keep_members: members.map(<[usize]>::to_vec),
        ..Options::default()
    };
    pass::run(&mut graph, CUTS, &options)?;
    Ok(graph)
}

impl Base {
    fn run(
        graph: Graph,
        norms_anew: bool,
        members: Option<&Members>,
        data: &Data<'_>,
        work: &Work<'_>,
    ) -> Result<Self> {
        let run = |samples, places: &[Place]| trains(&graph, members, samples, places, work);
        let fit = run(data.calibration, &data.split.fit)?;
        let choose = run(data.calibration, &data.split.choose)?;
        let report = run(data.report, &data.split.report)?;
        Ok(Self { graph, norms_anew, fit, choose, report })
    }
}

/// The first timesteps with norms that were taken over them, if that helps beyond doubt.
fn with_norms(
    prefix: &Graph,
    whole: &Base,
    members: &Option<Members>,
    data: &Data<'_>,
    labels: &Labels,
    notes: &mut Vec<String>,
    work: &Work<'_>,
) -> Result<Option<Base>> {
    let Some(anew) = norms::anew(prefix, data.calibration, &data.split.fit, work)? else {
        return Ok(None);
    };
    let t = prefix.timesteps;
    let tried = trains(&anew, None, data.calibration, &data.split.choose, work)?;
    let last = |trains: &[Train]| {
        right(&trains.iter().map(|x| x.classes[t as usize - 1]).collect::<Vec<_>>(), &labels.choose)
    };
    let gain = gain(&last(&whole.choose), &last(&tried));
    let takes = gain.low > 0.0;
    notes.push(format!(
        "norms over {t} timesteps: {} points on the samples that choose, {}",
        points(gain),
        if takes { "taken" } else { "not beyond doubt, left" }
    ));
    let run = || Base::run(anew, true, members.as_ref(), data, work);
    takes.then(run).transpose()
}

/// A gain in points, with its interval.
fn points(gain: super::Share) -> String {
    let p = |v: f64| format!("{:+.2}", v * 100.0);
    format!("{} ({} to {})", p(gain.value), p(gain.low), p(gain.high))
}

/// All choices of members at one number of timesteps.
struct Subsets<'a> {
    base: &'a Base,
    graph: &'a Graph,
    members: &'a Members,
    labels: &'a Labels,
    work: &'a Work<'a>,
}

/// A model that keeps some members, and what follows them.
struct Kept {
    graph: Graph,
    rest: Graph,
}

impl Subsets<'_> {
    fn points(&self, has_whole: bool, found: &mut Found) -> Result<()> {
        let count = self.members.count();
        let worth = |keep: &[usize]| {
            let kept = self.keep(keep)?;
            let all = self.right(&kept.rest, keep, &self.base.choose, &self.labels.choose)?;
            Ok(all.iter().filter(|r| **r).count())
        };
        for keep in subsets(count, worth)? {
            let mut kept = self.keep(&keep)?;
            let mut choose =
                self.right(&kept.rest, &keep, &self.base.choose, &self.labels.choose)?;
            // The whole model stays what it is: the others are held against it.
            let whole = has_whole && keep.len() == count;
            let fitted = if whole { None } else { self.fitted(&kept, &keep)? };
            let mut head_fitted = false;
            if let Some(fitted) = fitted {
                let tried =
                    self.right(&fitted.rest, &keep, &self.base.choose, &self.labels.choose)?;
                let rights = |r: &[bool]| r.iter().filter(|r| **r).count();
                if rights(&tried) > rights(&choose) {
                    (kept, choose, head_fitted) = (fitted, tried, true);
                }
            }
            let report = self.right(&kept.rest, &keep, &self.base.report, &self.labels.report)?;
            let cut = Cut {
                timesteps: self.graph.timesteps,
                members: keep,
                norms_anew: self.base.norms_anew,
                head_fitted,
            };
            found.points.push(Point { cut, graph: kept.graph, choose, report });
        }
        Ok(())
    }

    fn keep(&self, keep: &[usize]) -> Result<Kept> {
        let graph = cut(self.graph, self.graph.timesteps, Some(keep))?;
        let start = self.start(&graph, keep);
        let none = || Diagnostic::internal("tune", "what follows the members has another input");
        let rest = rest(&graph, start.ok_or_else(none)?)?.ok_or_else(none)?;
        Ok(Kept { graph, rest })
    }

    /// Where the members' results come together: the join, or the end of the only one left.
    fn start(&self, graph: &Graph, keep: &[usize]) -> Option<NodeId> {
        let name = |id: NodeId| graph.find(&self.graph.node(id).name);
        match keep {
            [one] => name(self.members.found.ends[*one]),
            _ => name(self.members.found.join),
        }
    }

    /// Which samples are right after the last timestep.
    fn right(
        &self,
        rest: &Graph,
        keep: &[usize],
        trains: &[Train],
        labels: &[usize],
    ) -> Result<Vec<bool>> {
        let classes = after(rest, self.members, keep, trains, self.work)?;
        let last: Vec<u16> = classes.iter().filter_map(|c| c.last().copied()).collect();
        Ok(right(&last, labels))
    }

    /// The same with a head that was fitted to these members; nothing if none can be.
    fn fitted(&self, kept: &Kept, keep: &[usize]) -> Result<Option<Kept>> {
        let Some(start) = self.start(&kept.graph, keep) else { return Ok(None) };
        let Some(layer) = layer(&kept.graph, start) else { return Ok(None) };
        let classes = kept.graph.node(layer).stream.len();
        let (fit, choose) =
            (self.features(&self.base.fit, keep), self.features(&self.base.choose, keep));
        let head = |penalty: &f64| {
            let head = Head::fit(&fit, &self.labels.fit, classes, *penalty)?;
            let right = |(f, l): &(&Vec<f64>, &usize)| head.class(f) == **l;
            let rights = choose.iter().zip(&self.labels.choose).filter(right).count();
            Some((rights, head))
        };
        // Of equal ones the one with the smaller weights: penalties rise.
        let best = PENALTIES.iter().filter_map(head).max_by_key(|(rights, _)| *rights);
        let Some((_, head)) = best else { return Ok(None) };
        let mut graph = kept.graph.clone();
        head.put(&mut graph, layer)?;
        let rest = rest(&graph, start)?;
        Ok(rest.map(|rest| Kept { graph, rest }))
    }

    /// Means over the timesteps.
    fn features(&self, trains: &[Train], keep: &[usize]) -> Vec<Vec<f64>> {
        let t = self.graph.timesteps as usize;
        let mean = |train: &Train| {
            let mut sum: Vec<f64> = Vec::new();
            for values in train.values.iter().take(t) {
                let given = self.members.gather(values, keep);
                sum.resize(given.len(), 0.0);
                sum.iter_mut().zip(given).for_each(|(s, v)| *s += v);
            }
            sum.iter_mut().for_each(|s| *s /= t as f64);
            sum
        };
        trains.iter().map(mean).collect()
    }
}

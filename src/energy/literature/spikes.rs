// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The spikes on each edge of a graph, counted while the hardware is simulated.

use std::collections::BTreeMap;

use crate::hw::Train;
use crate::hw::shared::Job;
use crate::hw::{Design, Stage};
use crate::ir::{Graph, Kind, NodeId, Op, Pool, PoolKind, Stream};
use crate::sim::{Probe, Step};

/// Mean spikes of an inference for every element of a stream of spikes, all timesteps
/// together, by the name of the node that it leaves. A static stream counts once, and of one
/// that has levels it is said how often they are not zero.
pub type Spikes = BTreeMap<String, Vec<f64>>;

/// A probe that follows the spikes from the neurons through everything that hands spikes on.
pub struct SpikeCounter<'g> {
    graph: &'g Graph,
    /// Nodes, operands before users, and each one's operands as places in this list.
    order: Vec<(NodeId, Vec<usize>)>,
    /// Per stage or job: place of the node that fires in it.
    fires: Vec<Option<usize>>,
    /// Trains of the neurons in the inference at hand, by place.
    trains: Vec<Vec<Train>>,
    /// Sums over inferences.
    totals: Vec<Vec<u64>>,
    inferences: u64,
}

impl<'g> SpikeCounter<'g> {
    /// Counts for a design that was made of `graph`.
    ///
    /// # Errors
    /// If the graph has a cycle without a register.
    pub fn new(graph: &'g Graph, design: &Design) -> crate::diag::Result<Self> {
        let ids = graph.order()?;
        let place = |id: NodeId| ids.iter().position(|&other| other == id);
        let named = |name: &str| graph.find(name).and_then(place);
        let stage = |s: &Stage| if let Stage::Lif(l) = s { named(&l.name) } else { None };
        let fires = match &design.shared {
            None => design.stages.iter().map(stage).collect(),
            Some(shared) => {
                let neurons = |job: &Job| job.fires().and_then(|(n, _)| named(&n.name));
                shared.jobs.iter().map(neurons).collect()
            }
        };
        let zeros = |id: &NodeId| vec![0; graph.node(*id).stream.len()];
        let operands = |id: NodeId| graph.operands(id).into_iter().filter_map(place).collect();
        Ok(Self {
            graph,
            fires,
            trains: ids.iter().map(zeros).collect(),
            totals: ids.iter().map(|id| vec![0; graph.node(*id).stream.len()]).collect(),
            inferences: 0,
            order: ids.iter().map(|&id| (id, operands(id))).collect(),
        })
    }

    /// Ends an inference on `input`: values of each element, or of each timestep and element.
    pub fn end(&mut self, input: &[u8]) {
        self.inferences += 1;
        let none = Train::BITS.saturating_sub(self.graph.timesteps);
        let held = Train::MAX.checked_shr(none).unwrap_or(0);
        for place in 0..self.order.len() {
            let (id, operands) = &self.order[place];
            let node = self.graph.node(*id);
            let of = |k: usize| operands.get(k).map_or(&[][..], |&o| &self.trains[o]);
            let stream =
                |k: usize| operands.get(k).map(|&o| &self.graph.node(self.order[o].0).stream);
            let handed_on = match (&node.op, stream(0)) {
                (Op::Input(_), _) if node.stream.is_static => {
                    input.iter().map(|&x| if x == 0 { 0 } else { held }).collect()
                }
                (Op::Input(_), _) => changing(input, node.stream.len()),
                (Op::Reshape(_), _) => of(0).to_vec(),
                (Op::Pool(p), Some(s)) if p.kind == PoolKind::Max => any(p, s, of(0)),
                (Op::Concat(c), _) => {
                    let parts: Vec<_> = (0..operands.len()).map(|k| (stream(k), of(k))).collect();
                    joined(&parts, c.axis)
                }
                (Op::Delay(d), _) => {
                    let n = of(0).len();
                    let late = |(i, train): (usize, &Train)| {
                        train.checked_shl(d.steps.of(i, n)).unwrap_or(0) & held
                    };
                    of(0).iter().enumerate().map(late).collect()
                }
                // Neurons, which the probe has seen; else nothing that is counted.
                _ => continue,
            };
            if handed_on.len() == self.trains[place].len() {
                self.trains[place] = handed_on;
            }
        }
        for ((id, _), (total, trains)) in
            self.order.iter().zip(self.totals.iter_mut().zip(&mut self.trains))
        {
            let held = self.graph.node(*id).stream.is_static;
            for (sum, train) in total.iter_mut().zip(trains) {
                *sum +=
                    u64::from(if held { train.count_ones().min(1) } else { train.count_ones() });
                *train = 0;
            }
        }
    }

    /// The means.
    #[must_use]
    pub fn mean(&self) -> Spikes {
        let each = |total: &Vec<u64>| -> Vec<f64> {
            total.iter().map(|&n| n as f64 / self.inferences.max(1) as f64).collect()
        };
        let all = self.order.iter().zip(&self.totals).zip(self.followed());
        let counted = all.filter(|(_, followed)| *followed);
        counted
            .map(|(((id, _), total), _)| (self.graph.node(*id).name.clone(), each(total)))
            .collect()
    }

    /// Which nodes hand on what is counted: zeros of the others would mean that nothing comes.
    fn followed(&self) -> Vec<bool> {
        let fires = |place: usize| self.fires.contains(&Some(place));
        let mut followed: Vec<bool> = Vec::new();
        for (place, (id, operands)) in self.order.iter().enumerate() {
            let node = self.graph.node(*id);
            let before = || operands.iter().all(|&o| followed.get(o) == Some(&true));
            followed.push(match node.op {
                Op::Input(_) => node.stream.kind != Kind::Real,
                Op::Reshape(_) | Op::Concat(_) => before(),
                Op::Pool(_) => node.stream.kind == Kind::Spikes && before(),
                // A register on a cycle comes before the neurons whose spikes it hands on.
                Op::Delay(_) => {
                    operands.iter().all(|&o| fires(o)) || (!operands.is_empty() && before())
                }
                _ => fires(place),
            });
        }
        followed
    }
}

impl Probe for SpikeCounter<'_> {
    fn step(&mut self, step: Step) {
        let Some(place) = self.fires.get(step.stage).copied().flatten() else { return };
        if let Some(train) = self.trains[place].get_mut(step.neuron as usize) {
            *train |= Train::from(step.fires) << step.timestep;
        }
    }
}

/// Trains of values `[timestep][element]`.
fn changing(input: &[u8], elements: usize) -> Vec<Train> {
    let mut trains = vec![0; elements];
    for (t, values) in input.chunks(elements.max(1)).enumerate().take(Train::BITS as usize) {
        trains.iter_mut().zip(values).for_each(|(s, &x)| *s |= Train::from(x != 0) << t);
    }
    trains
}

/// A maximum of spikes is whether any of a window fires.
fn any(pool: &Pool, stream: &Stream, trains: &[Train]) -> Vec<Train> {
    // One dimension is two of which the first has one row.
    let (rows, columns) = match stream.shape[..] {
        [_, columns] => (None, columns),
        [_, rows, columns] => (Some(rows), columns),
        _ => return Vec::new(),
    };
    let last = pool.window.kernel.len() - 1;
    let seen = |d: usize, size: usize| -> Vec<Vec<usize>> {
        let windows = 0..pool.window.steps(d, size).unwrap_or(0);
        let places = |at| {
            let inside = pool.window.inside(d, at, size);
            (0..inside.count).map(|k| inside.place + k * inside.step).collect()
        };
        windows.map(places).collect()
    };
    let down = rows.map_or_else(|| vec![vec![0]], |rows| seen(0, rows));
    let across = seen(last, columns);
    let mut out = Vec::new();
    for channel in trains.chunks(rows.unwrap_or(1) * columns) {
        for high in &down {
            for wide in &across {
                let window = high.iter().flat_map(|y| wide.iter().map(move |x| y * columns + x));
                out.push(window.fold(0, |any, at| any | channel[at]));
            }
        }
    }
    out
}

/// Streams behind one another in dimension `axis`.
fn joined(parts: &[(Option<&Stream>, &[Train])], axis: usize) -> Vec<Train> {
    let run = |s: &Stream| s.shape.get(axis..).map_or(1, |rest| rest.iter().product::<usize>());
    let runs: Vec<usize> = parts.iter().map(|(s, _)| s.map_or(1, run).max(1)).collect();
    let count = parts.iter().zip(&runs).map(|((_, trains), run)| trains.len() / run).min();
    let piece = |i: usize| {
        let of = move |((_, trains), &run): (&(_, &[Train]), &usize)| {
            trains[i * run..(i + 1) * run].to_vec()
        };
        parts.iter().zip(&runs).flat_map(of).collect::<Vec<Train>>()
    };
    (0..count.unwrap_or(0)).flat_map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_timesteps_are_trains() {
        assert_eq!(changing(&[1, 0, 0, 1, 1, 1], 2), [0b101, 0b110]);
        assert_eq!(changing(&[], 0), [0; 0]);
    }

    /// For a graph of which no neuron is hardware's.
    fn counter(graph: &Graph) -> SpikeCounter<'_> {
        let ids = graph.order().unwrap();
        let place = |id: NodeId| ids.iter().position(|&other| other == id).unwrap();
        let zeros = |id: &NodeId| vec![0; graph.node(*id).stream.len()];
        SpikeCounter {
            graph,
            order: ids
                .iter()
                .map(|&id| (id, graph.operands(id).into_iter().map(place).collect()))
                .collect(),
            fires: Vec::new(),
            trains: ids.iter().map(zeros).collect(),
            totals: ids.iter().map(|id| vec![0; graph.node(*id).stream.len()]).collect(),
            inferences: 0,
        }
    }

    /// Means of `input` in a graph of which no neuron fires.
    fn counted(graph: &str, input: &[u8]) -> Vec<Vec<f64>> {
        let graph = crate::ir::parse(graph).unwrap();
        let mut counter = counter(&graph);
        counter.end(input);
        counter.totals.iter().map(|t| t.iter().map(|n| *n as f64).collect()).collect()
    }

    #[test]
    fn a_maximum_fires_where_one_of_its_window_does() {
        let images = r#"synfire-ir 1
graph "g" timesteps 3
%x = input() : spikes[1x2x4] {"shape":[1,2,4],"bits":1,"is_static":false}
%p = pool(%x) : spikes[1x1x2] {"kind":"max","window":{"kernel":[2,2],"stride":[2,2],"padding":[[0,0],[0,0]],"dilation":[1,1]}}
output %p
"#;
        // One place at the first timestep, one at the second, two at the third.
        let input = [[1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0, 0, 1]];
        let found = counted(images, input.as_flattened());
        assert_eq!(found, [vec![1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0], vec![2.0, 1.0]]);
        let lines = r#"synfire-ir 1
graph "g" timesteps 2
%x = input() : spikes[1x4] {"shape":[1,4],"bits":1,"is_static":false}
%p = pool(%x) : spikes[1x2] {"kind":"max","window":{"kernel":[2],"stride":[2],"padding":[[0,0]],"dilation":[1]}}
output %p
"#;
        let found = counted(lines, &[0, 1, 0, 0, 1, 0, 0, 1]);
        assert_eq!(found, [vec![1.0, 1.0, 0.0, 1.0], vec![2.0, 1.0]]);
        // Windows of every other place: 0 and 2, 1 and 3.
        let apart = lines
            .replace("\"stride\":[2]", "\"stride\":[1]")
            .replace("\"dilation\":[1]", "\"dilation\":[2]");
        let found = counted(&apart, &[1, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(found, [vec![1.0, 0.0, 1.0, 0.0], vec![2.0, 0.0]]);
    }

    /// What comes later than the last timestep does not come.
    #[test]
    fn a_delay_hands_spikes_on() {
        let late = r#"synfire-ir 1
graph "g" timesteps 3
%x = input() : spikes[2] {"shape":[2],"bits":1,"is_static":false}
%late = delay(%x) : spikes[2] {"steps":2}
output %late
"#;
        let found = counted(late, &[1, 0, 1, 1, 1, 1]);
        assert_eq!(found, [vec![3.0, 2.0], vec![1.0, 0.0]]);
        let each = late.replace("\"steps\":2", "\"steps\":[0,1]");
        assert_eq!(counted(&each, &[1, 0, 1, 1, 1, 1])[1], [3.0, 1.0]);
    }

    /// Beside spikes a held input is there at every timestep; by itself it counts once.
    #[test]
    fn a_held_input_comes_at_every_timestep() {
        let beside = r#"synfire-ir 1
graph "g" timesteps 3
%x = input() : spikes[2] static {"shape":[2],"bits":1,"is_static":true}
%fc = linear(%x) : current[1; fixed(3, 0)] static {"weights":{"binary":{"signs":{"cols":2,"rows":["3"]},"scale":1.0}},"bias":null}
%n = fixed-lif(%fc) : spikes[1] {"leak_num":1,"leak_shift":1,"frac":0,"width":5,"bias":[0],"threshold":[4],"reset":"soft","compare":"at-least"}
%both = concat(%x, %n) : spikes[3] {"axis":0}
output %both
"#;
        let found = counted(beside, &[0, 1]);
        assert_eq!(found[0], [0.0, 1.0]);
        assert_eq!(found[3], [0.0, 3.0, 0.0]);
    }

    /// Zeros of what is not counted would look like nothing that comes.
    #[test]
    fn what_hands_on_what_is_counted_is_followed() {
        let graph = r#"synfire-ir 1
graph "g" timesteps 3
%x = input() : spikes[2] {"shape":[2],"bits":1,"is_static":false}
%late = delay(%x) : spikes[2] {"steps":1}
%fc = linear(%late) : current[1; fixed(3, 0)] {"weights":{"binary":{"signs":{"cols":2,"rows":["3"]},"scale":1.0}},"bias":null}
%n = fixed-lif(%fc) : spikes[1] {"leak_num":1,"leak_shift":1,"frac":0,"width":5,"bias":[0],"threshold":[4],"reset":"soft","compare":"at-least"}
%m = fixed-lif(%fc) : spikes[1] {"leak_num":1,"leak_shift":1,"frac":0,"width":5,"bias":[0],"threshold":[4],"reset":"soft","compare":"at-least"}
%nlate = delay(%n) : spikes[1] {"steps":1}
%mlate = delay(%m) : spikes[1] {"steps":1}
%both = concat(%nlate, %mlate) : spikes[2] {"axis":0}
output %both
"#;
        let graph = crate::ir::parse(graph).unwrap();
        let mut counter = counter(&graph);
        // Of the neurons only `n` is hardware's.
        let n = counter.order.iter().position(|(id, _)| graph.node(*id).name == "n");
        counter.fires.push(n);
        let named: Vec<_> = counter.mean().into_keys().collect();
        assert_eq!(named, ["late", "n", "nlate", "x"]);
    }

    #[test]
    fn rows_are_joined_one_by_one() {
        let rows = r#"synfire-ir 1
graph "g" timesteps 1
%x = input() : spikes[2x2] {"shape":[2,2],"bits":1,"is_static":false}
%p = pool(%x) : spikes[2x1] {"kind":"max","window":{"kernel":[2],"stride":[2],"padding":[[0,0]],"dilation":[1]}}
%both = concat(%x, %p) : spikes[2x3] {"axis":1}
output %both
"#;
        let found = counted(rows, &[1, 0, 0, 0]);
        assert_eq!(found[2], [1.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    }
}

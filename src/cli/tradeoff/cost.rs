// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a point costs on hardware.

use serde::Serialize;

use super::Args;
use crate::cli::objective::core_energy;
use crate::data::Inputs;
use crate::diag::{Diagnostic, Result, codes};
use crate::energy::Band;
use crate::hw;
use crate::ir::Graph;
use crate::pass::{self, TO_INTEGER};
use crate::sim::{MeanActivity, NoProbe, Sim};
use crate::target::Target;
use crate::tune::{Found, Place, Split, Work};

/// What one inference costs: the core's part, which the host link does not change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Cost {
    /// Mean clock cycles, from the first input to the last byte of the result.
    pub(super) cycles: f64,
    /// Nanojoules at the board's clock; none for a device of which nobody knows what it takes.
    pub(super) energy_nj: Option<Band>,
    /// Logic cells, estimated.
    pub(super) cells: u32,
}

/// Inputs as hardware takes them, and which of them choose.
pub(super) struct Chosen {
    inputs: Inputs,
    places: Vec<Place>,
}

/// The samples on which hardware is simulated: of those that choose.
pub(super) fn inputs(args: &Args, graph: &Graph, split: &Split) -> Result<Chosen> {
    let labels = args.calibration_labels.as_deref();
    let data = match &args.calibration {
        Some(path) => args.data.of(path, labels, args.calibration_count),
        None => args.data.clone(),
    };
    let inputs = data.load(graph)?;
    Ok(Chosen { inputs, places: split.choose.clone() })
}

/// The cost of each point, or why it has none.
pub(super) fn costs(
    found: &Found,
    options: &pass::Options,
    target: &Target,
    chosen: std::result::Result<&Chosen, &Diagnostic>,
    activity: u32,
    work: &Work<'_>,
) -> Vec<std::result::Result<Cost, String>> {
    let chosen = match chosen {
        Ok(chosen) => chosen,
        Err(d) => return vec![Err(d.message.clone()); found.points.len()],
    };
    let one = |i: usize| {
        let graph = &found.points[i].graph;
        cost(graph, options, target, chosen, activity, work).map_err(|d| d.to_string())
    };
    let places: Vec<usize> = (0..found.points.len()).collect();
    let threads = work.threads.max(1);
    let chunk = places.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let one = &one;
        let part = |part: &[usize]| {
            let part = part.to_vec();
            scope.spawn(move || part.into_iter().map(one).collect::<Vec<_>>())
        };
        let handles: Vec<_> = places.chunks(chunk).map(|p| (p.len(), part(p))).collect();
        let died = |n: usize| vec![Err("a thread died".to_owned()); n];
        handles.into_iter().flat_map(|(n, h)| h.join().unwrap_or_else(|_| died(n))).collect()
    })
}

fn cost(
    graph: &Graph,
    options: &pass::Options,
    target: &Target,
    chosen: &Chosen,
    activity: u32,
    work: &Work<'_>,
) -> Result<Cost> {
    let mut integer = graph.clone();
    pass::run(&mut integer, TO_INTEGER, options)?;
    pass::clean_up(&mut integer, options)?;
    let (design, estimate) = hw::lower(&integer, target, &hw::Options::default())?;
    let sim = Sim::new(&design);
    let all: Vec<&[u8]> = chosen.inputs.iter().collect();
    // Fewer timesteps see the first of the levels.
    let size = match chosen.inputs.timesteps {
        Some(steps) => chosen.inputs.size / steps.max(1) * graph.timesteps as usize,
        None => chosen.inputs.size,
    };
    let (mut mean, mut cycles, mut count) = (MeanActivity::default(), 0, 0);
    for &place in chosen.places.iter().take(activity as usize) {
        let missing = || Diagnostic::new(&codes::INPUT_SHAPE, "a sample is missing");
        let input = all.get(place).and_then(|v| v.get(..size)).ok_or_else(missing)?;
        let ran = sim.run(input, &[], &mut NoProbe)?;
        mean.add(&ran.activity);
        (cycles, count) = (cycles + ran.done + 1, count + 1);
        (work.tick)();
    }
    let energy_nj = match core_energy(&design, target, &mean) {
        Ok(energy) => Some(energy),
        Err(d) if *d.code == codes::ENERGY_UNKNOWN => None,
        Err(d) => return Err(d),
    };
    let cycles = cycles as f64 / f64::from(count.max(1));
    Ok(Cost { cycles, energy_nj, cells: estimate.cells })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;
    use crate::ir;

    /// Two layers of binary weights on three levels; `timesteps` of them.
    fn graph(timesteps: u32) -> Graph {
        let text = format!(
            r#"synfire-ir 1
graph "g" timesteps {timesteps}
%in = input() : levels[3; 8] static {{"shape":[3],"bits":8,"is_static":true}}
%fc = linear(%in) : real[2] static {{"weights":{{"binary":{{"signs":{{"cols":3,"rows":["3","6"]}},"scale":0.5}}}},"bias":null}}
%n = lif(%fc) : spikes[2] {{"leak":0.5,"gain":1.0,"bias":0.0,"threshold":20.0,"reset":"soft","compare":"at-least"}}
%head = linear(%n) : current[2; fixed(3, 0)] {{"weights":{{"binary":{{"signs":{{"cols":2,"rows":["1","2"]}},"scale":1.0}}}},"bias":null}}
%y = readout(%head) : real[2] {{"kind":"mean","gain":1.0,"offset":0.0}}
output %y
"#
        );
        ir::parse(&text).unwrap()
    }

    fn of(target: &str, places: &[Place], activity: u32) -> Cost {
        let (target, tick) = (crate::target::load(target).unwrap(), || {});
        let chosen = Chosen { inputs: data::random(3, 8, 6, 1), places: places.to_vec() };
        let work = Work { threads: 1, tick: &tick };
        cost(&graph(3), &pass::Options::default(), &target, &chosen, activity, &work).unwrap()
    }

    #[test]
    fn cycles_are_the_mean_of_the_inferences_that_are_simulated() {
        let mut integer = graph(3);
        pass::run(&mut integer, TO_INTEGER, &pass::Options::default()).unwrap();
        let target = crate::target::load("icebreaker").unwrap();
        let (design, estimate) = hw::lower(&integer, &target, &hw::Options::default()).unwrap();
        let (sim, inputs) = (Sim::new(&design), data::random(3, 8, 6, 1));
        let one = |k: usize| {
            let input = inputs.iter().nth(k).unwrap();
            // Cycle 0 is the first.
            (sim.run(input, &[], &mut NoProbe).unwrap().done + 1) as f64
        };
        let several = of("icebreaker", &[5, 1, 2], 2);
        assert_eq!(several.cycles, (one(5) + one(1)) / 2.0);
        assert_eq!(of("icebreaker", &[4], 32).cycles, one(4));
        assert_eq!(several.cells, estimate.cells);
    }

    #[test]
    fn energy_is_known_of_a_measured_device_alone() {
        let here = of("icebreaker", &[0], 1).energy_nj.unwrap();
        assert!(here.low < here.value && here.value < here.high && here.low > 0.0);
        assert_eq!(of("ulx3s-25f", &[0], 1).energy_nj, None);
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Synaptic currents: neurons whose current leaks as well.
//!
//! `c[1] = g i[1] + b` and `c[t] = α c[t−1] + g i[t] + b`, which neurons take as their
//! current: snnTorch's `Synaptic`. In `RSynaptic` the spikes of the timestep before are part
//! of `c[t]`. That a chain of values is one of currents shows in the neurons that can be
//! followed on it, timestep by timestep; without these it is left alone.

use std::collections::{BTreeSet, VecDeque};

use super::affine::{Affine, Atom, Form};
use super::coeff::Coeff;
use super::feedback::{self, Back};
use super::recurrence::{self, MAX_TERMS, Step};
use super::{Effect, Flow, Found, Hint, Lift, Stream, lif, membranes};
use crate::diag::Result;
use crate::import::onnx::values::ValueId;
use crate::ir::{self, Op, PerChannel};

/// Operators between a current and the next one.
const MAX_DISTANCE: usize = 4;
/// Operators that a current is made of, given the one before.
const MAX_PARTS: usize = 16;
/// Values that may be the next current, or the first one, beyond which none is tried.
const MAX_TRIED: usize = 16;

/// The currents of all timesteps.
#[derive(Clone)]
pub(super) struct Synapse {
    leak: Option<Coeff>,
    gain: Coeff,
    /// What is added at the first timestep, and at all others beside what comes back.
    begun: Coeff,
    bias: Coeff,
    currents: Vec<ValueId>,
    /// What comes back, from the second timestep on.
    back: Vec<Option<Back>>,
    visited: BTreeSet<ValueId>,
}

/// One timestep more.
struct Link {
    leak: Coeff,
    bias: Coeff,
    current: ValueId,
    back: Option<Back>,
    visited: Vec<ValueId>,
}

impl Synapse {
    pub(super) fn currents(&self) -> &[ValueId] {
        &self.currents
    }

    /// Currents that flow on by themselves.
    pub(super) fn into_found(self) -> Option<Found> {
        let Self { leak, gain, begun, bias, currents, visited, .. } = self;
        let leak = leak.filter(|_| bias.is_near(&begun, 1.0))?;
        let op = layer(leak, gain, bias);
        Some(Found {
            effect: Effect::Nodes(vec![(Hint::new("synapse"), op)]),
            steps: currents,
            flow: Flow::Steps,
            taken: visited.into_iter().collect(),
        })
    }

    fn push(&mut self, link: Link) {
        (self.leak, self.bias) = (Some(link.leak), link.bias);
        self.currents.push(link.current);
        self.back.push(link.back);
        self.visited.extend(link.visited);
    }
}

/// Neurons on this stream with the currents that they take;
/// none for neurons that do not fire first where `chain` does, or not for more than
/// `timesteps`.
///
/// # Errors
/// What the layers are refused for that spikes come back through.
pub(super) fn find(
    lift: &Lift<'_>,
    stream: &Stream,
    chain: &[Step],
    timesteps: usize,
) -> Result<Option<Found>> {
    let (Some(&first), Some(step)) = (stream.steps.first(), chain.first()) else {
        return Ok(None);
    };
    // The first current is what the first membrane is made of.
    let made = lift.look(step.membrane, [first], MAX_TERMS).visited;
    let made = made.into_iter().filter(|v| *v != first).take(MAX_TRIED);
    let mut shorter = None;
    for start in std::iter::once(first).chain(made) {
        let Some(begun) = begin(lift, stream, start) else { continue };
        // What follows the first current is not certain before there is a third.
        let seconds: Vec<_> = next(lift, stream, &begun).collect();
        for second in seconds {
            let synapse = followed(lift, stream, &begun, second);
            let count = synapse.currents.len();
            if count <= timesteps || (!stream.is_static() && count != stream.steps.len()) {
                continue;
            }
            let currents = synapse.currents.clone();
            let currents = Stream { node: stream.node, steps: currents, flow: Flow::Steps };
            if let Some(chain) = recurrence::chain(lift, &currents, step.fires, &BTreeSet::new())
                && (chain.len() == count || chain.len() + 1 == count)
                && let Some(found) = neurons(lift, &currents, &synapse, &chain)?
            {
                // Without what comes back of a neuron's own spike the first currents are the
                // same where a reset holds the membrane.
                if !stream.is_static() || !recurrence::goes_on(lift, &chain) {
                    return Ok(Some(found));
                }
                shorter.get_or_insert(found);
            }
        }
    }
    Ok(shorter)
}

/// The currents that begin with this value, for as many timesteps as there are, or as can be
/// followed; none where what comes back is part of them.
pub(super) fn longest(lift: &Lift<'_>, stream: &Stream, start: ValueId) -> Option<Synapse> {
    let begun = begin(lift, stream, start)?;
    let seconds: Vec<_> = next(lift, stream, &begun).filter(|s| s.back.is_none()).collect();
    let mut longest: Option<Synapse> = None;
    for second in seconds {
        let synapse = followed(lift, stream, &begun, second);
        if longest.as_ref().is_none_or(|l| l.currents.len() < synapse.currents.len()) {
            longest = Some(synapse);
        }
    }
    longest.filter(|l| stream.is_static() || l.currents.len() == stream.steps.len())
}

fn layer(leak: Coeff, gain: Coeff, bias: Coeff) -> Op {
    Op::Li(ir::Li {
        leak: leak.into_per_channel(),
        gain: gain.into_per_channel(),
        bias: bias.into_per_channel(),
        start: PerChannel::zero(),
        resets: None,
    })
}

/// Sums that this value is part of, the nearest first.
fn near(lift: &Lift<'_>, start: ValueId) -> Vec<ValueId> {
    let mut found = Vec::new();
    let mut open = VecDeque::from([(start, 0)]);
    while let Some((id, distance)) = open.pop_front()
        && found.len() < MAX_TRIED
        && lift.fuel.get() > 0
    {
        for &user in lift.values.users(id) {
            lift.spend(1);
            if recurrence::is_sum(lift, user) && distance < MAX_DISTANCE && !found.contains(&user) {
                found.push(user);
                open.push_back((user, distance + 1));
            }
        }
    }
    found
}

/// The first current, if this value is one.
fn begin(lift: &Lift<'_>, stream: &Stream, start: ValueId) -> Option<Synapse> {
    let current = *stream.steps.first()?;
    let atom = Atom::Value(current);
    let mut visited = BTreeSet::new();
    let form = if start == current {
        Form::atom(atom)
    } else {
        let looked = lift.look(start, [current], MAX_TERMS);
        visited.extend(looked.visited);
        looked.form
    };
    let gain = form.coeff(atom);
    (form.has_only(&[atom]) && gain.all(|g| g != 0.0)).then(|| Synapse {
        leak: None,
        gain,
        begun: form.constant.clone(),
        bias: form.constant,
        currents: vec![start],
        back: Vec::new(),
        visited,
    })
}

/// Currents that go on with `second`, as far as they can be followed.
fn followed(lift: &Lift<'_>, stream: &Stream, begun: &Synapse, second: Link) -> Synapse {
    let mut synapse = begun.clone();
    synapse.push(second);
    loop {
        let more = next(lift, stream, &synapse).next();
        let Some(more) = more else { return synapse };
        synapse.push(more);
    }
}

/// What the current of the next timestep can be.
fn next<'s, 'm>(
    lift: &'s Lift<'m>,
    stream: &Stream,
    known: &'s Synapse,
) -> impl Iterator<Item = Link> + use<'s, 'm> {
    let t = if stream.is_static() { 0 } else { known.currents.len() };
    let ends = known.currents.last().copied().zip(stream.steps.get(t).copied());
    let tried = ends.map(|(before, _)| near(lift, before)).unwrap_or_default();
    let links = tried.into_iter().zip(ends.into_iter().cycle());
    links.filter_map(|(id, (before, current))| link(lift, known, id, before, current))
}

/// This value as the current that follows `before`, given what it takes up.
fn link(
    lift: &Lift<'_>,
    known: &Synapse,
    id: ValueId,
    before: ValueId,
    current: ValueId,
) -> Option<Link> {
    let sums = Affine::new(lift.model, lift.values, &lift.fuel, [before, current], MAX_TERMS);
    let looked = sums.within(MAX_PARTS).form(id);
    let mut form = looked.form;
    let (own, other) = (Atom::Value(before), Atom::Value(current));
    let mut foreign = form.terms.keys().filter(|a| **a != own && **a != other).copied();
    let (back, None) = (foreign.next(), foreign.next()) else { return None };
    let back = match back {
        None => None,
        Some(atom @ Atom::Value(v))
            if feedback::is_layer(lift, v) || recurrence::compares(lift, v) =>
        {
            form.terms.remove(&atom).map(|factor| (v, factor))
        }
        Some(_) => return None,
    };
    let (mut leak, mut gain) = (form.coeff(own), form.coeff(other));
    if before == current {
        // A static current that is the first one itself: both stand in one term.
        (leak, gain) = (leak.zip(&known.gain, |sum, g| sum - g)?, known.gain.clone());
    }
    let comes_back = |known: &Option<Back>| match (known, &back) {
        (Some((_, k)), Some((_, f))) => k.is_near(f, 0.0),
        (known, back) => known.is_none() == back.is_none(),
    };
    let is_same = leak.all(|l| l > 0.0 && l <= 1.0)
        && known.leak.as_ref().is_none_or(|l| l.is_near(&leak, 1.0))
        && gain.is_near(&known.gain, 0.0)
        && (known.leak.is_none() || form.constant.is_near(&known.bias, 1.0))
        && known.back.last().is_none_or(comes_back)
        && !looked.visited.iter().any(|v| lift.account.has(*v));
    let visited = looked.visited;
    is_same.then_some(Link { leak, bias: form.constant, current: id, back, visited })
}

/// The layer of these currents, and the neurons of `chain` that take them.
fn neurons(
    lift: &Lift<'_>,
    currents: &Stream,
    synapse: &Synapse,
    chain: &[Step],
) -> Result<Option<Found>> {
    let back: Vec<_> = synapse.back.iter().flatten().cloned().collect();
    let membranes = membranes::read(lift, currents, chain).filter(|_| back.is_empty());
    let read = match membranes {
        Some(read) => read,
        None if chain.len() < currents.steps.len() => return Ok(None),
        None => match lif::neuron(lift, currents, chain) {
            Ok(neuron) if neuron.ways.is_empty() => membranes::Read {
                neuron,
                steps: chain.iter().map(|s| s.fires).collect(),
                taken: recurrence::taken(chain),
            },
            _ => return Ok(None),
        },
    };
    let Some(leak) = synapse.leak.clone() else { return Ok(None) };
    let mut ways = Vec::new();
    let mut bias = Some(synapse.bias.clone());
    let mut taken: Vec<_> = synapse.visited.iter().copied().collect();
    if !back.is_empty() {
        let fires = chain.iter().take(synapse.back.len()).map(|s| s.fires).collect();
        let Some(way) = feedback::way(lift, currents, fires, &back, &synapse.gain)? else {
            return Ok(None);
        };
        bias = synapse.bias.zip(&way.bias, |a, b| a + b);
        taken.extend(way.taken);
        ways.push(way.nodes);
    }
    let Some(bias) = bias.filter(|b| b.is_near(&synapse.begun, 1.0)) else { return Ok(None) };
    let op = layer(leak, synapse.gain.clone(), bias);
    taken.extend(read.taken);
    let layers = [vec![(Hint::new("synapse"), op)], read.neuron.layers].concat();
    Ok(Some(Found {
        effect: if ways.is_empty() {
            Effect::Nodes(layers)
        } else {
            Effect::Recurrent(ways, layers)
        },
        steps: read.steps,
        flow: Flow::Steps,
        taken,
    }))
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron, refusal, unroll, work};
    use crate::ir::{Graph, Op, PerChannel};

    /// Currents that leak, and membranes that do; three timesteps.
    const BODY: &str = "h@ = Mul(al, c^)\nc@ = Add(h@, i)\nl@ = Mul(beta, m^)\na@ = Add(l@, c@)\nr@ = Mul(s^, th)\nm@ = Sub(a@, r@)";
    const FIRST: &str = "const al f32 -: 0.5\nc1 = Identity(i)\nm1 = Identity(c1)";
    /// The same with a layer of the spikes before.
    const LOOP: &str = "b@ = Gemm(s^, v, q)\nh@ = Mul(al, c^)\ne@ = Add(h@, i)\nc@ = Add(e@, b@)\nl@ = Mul(beta, m^)\na@ = Add(l@, c@)\nr@ = Mul(s^, th)\nm@ = Sub(a@, r@)";
    const BEGIN: &str = "const al f32 -: 0.5\nconst v f32 2x2: 0.5 -0.5 0.5 0.5\nconst q f32 2: 0.25 -0.5\nconst s0 f32 1x2: 0\nb1 = Gemm(s0, v, q)\nc1 = Add(i, b1)\nm1 = Identity(c1)";

    fn operators(graph: &Graph) -> Vec<&str> {
        graph.order().unwrap().iter().map(|&id| graph.node(id).op.name()).collect()
    }

    #[test]
    fn a_current_leaks_before_the_membrane_does() {
        let (graph, _) = import(&neuron(FIRST, BODY)).unwrap();
        assert_eq!(graph.timesteps, 3);
        let expected = ["input", "scale", "linear", "li", "lif", "readout"];
        assert_eq!(operators(&graph), expected);
        let Op::Li(li) = &graph.node(graph.find("synapse1").unwrap()).op else { panic!() };
        assert_eq!((&li.leak, &li.gain), (&PerChannel::All(0.5), &PerChannel::All(1.0)));
        let Op::Lif(lif) = &graph.node(graph.find("lif1").unwrap()).op else { panic!() };
        assert_eq!(lif.leak, PerChannel::All(0.75));
    }

    #[test]
    fn spikes_come_back_through_a_layer() {
        let (graph, _) = import(&neuron(BEGIN, LOOP)).unwrap();
        let id = |name| graph.find(name).unwrap();
        let Op::Li(li) = &graph.node(id("synapse1")).op else { panic!() };
        assert_eq!(li.bias, PerChannel::Each(vec![0.25, -0.5]));
        let Op::Linear(layer) = &graph.node(id("fc2")).op else { panic!("{graph:?}") };
        assert_eq!(layer.bias, None);
        assert_eq!(graph.operands(id("fc2")), [id("before1")]);
        assert_eq!(graph.operands(id("before1")), [id("lif1")]);
    }

    #[test]
    fn leaks_and_gains_that_change_are_refused() {
        let text = neuron(FIRST, BODY);
        for (from, to) in
            [("h3 = Mul(al, c2)", "h3 = Mul(beta, c2)"), ("c3 = Add(h3, i)", "c3 = Sub(h3, i)")]
        {
            assert!(text.contains(from));
            let got = refusal(&text.replace(from, to));
            assert!(got.starts_with("SF012"), "{to}: {got}");
        }
    }

    /// Without its bias the layer was not there at the first timestep.
    #[test]
    fn a_first_timestep_that_differs_is_refused() {
        let text = neuron(&BEGIN.replace("c1 = Add(i, b1)", "c1 = Identity(i)"), LOOP);
        assert!(refusal(&text).starts_with("SF012"), "{}", refusal(&text));
        let text = neuron(BEGIN, LOOP).replace("b3 = Gemm(s2, v, q)", "b3 = Gemm(s1, v, q)");
        assert!(refusal(&text).starts_with("SF012"), "{}", refusal(&text));
    }

    #[test]
    fn work_grows_as_timesteps_do() {
        let of = |timesteps: usize| {
            let spikes = "d@ = Sub(m@, th)\nf@ = Greater(d@, zero)\ns@ = Cast(f@) to=1";
            let all: Vec<_> = (1..=timesteps).map(|t| format!("s{t}")).collect();
            let text = crate::import::onnx::testing::net(&format!(
                "{BEGIN}\n{}\n{}\ny = Sum({})",
                unroll(1, 1, spikes),
                unroll(2, timesteps, &format!("{LOOP}\n{spikes}")),
                all.join(", ")
            ));
            let (graph, steps) = work(|| import(&text).unwrap().0);
            assert_eq!(graph.timesteps as usize, timesteps);
            steps
        };
        let (few, many) = (of(50), of(500));

        assert!(few > 0 && many < 11 * few, "{few}, {many}");
    }
}

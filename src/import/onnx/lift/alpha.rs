// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Two synaptic currents of one stream, one against the other: snnTorch's `Alpha` without a
//! reset.
//!
//! `c[t] = α c[t−1] + i[t]` and `d[t] = β d[t−1] − i[t]`; the membrane is a multiple of their sum
//! and keeps nothing itself, so that what follows is read as any sum of two streams is. Without
//! this every timestep of a current that stays the same would be a threshold of its own.

use super::affine::Atom;
use super::synapse::{self, Synapse};
use super::{Found, Lift, Stream};
use crate::import::onnx::values::ValueId;

/// Both currents, if their sum is taken at every timestep.
pub(super) fn find(lift: &Lift<'_>, stream: &Stream) -> Vec<Found> {
    let Some(&first) = stream.steps.first() else { return Vec::new() };
    let users = lift.values.users(first).iter().copied();
    let starts = users.filter(|&id| matches!(lift.op(id), "Sub" | "Neg"));
    // Few streams are negated, which is seen at once.
    let falls = |id: &ValueId| {
        let form = lift.look(*id, [first], 1).form;
        let own = Atom::Value(first);
        form.has_only(&[own]) && form.coeff(own).all(|g| g < 0.0) && !lift.account.has(*id)
    };
    for start in starts.filter(falls) {
        let both = [first, start].map(|start| synapse::longest(lift, stream, start));
        if let [Some(rises), Some(falls)] = both
            && rises.currents().len() == falls.currents().len()
            && !rises.currents().iter().any(|c| falls.currents().contains(c))
            && rises.currents().iter().zip(falls.currents()).all(|(c, d)| adds(lift, *c, *d))
        {
            let found: Option<Vec<_>> =
                [rises, falls].map(Synapse::into_found).into_iter().collect();
            return found.unwrap_or_default();
        }
    }
    Vec::new()
}

/// Is a sum of these two taken?
fn adds(lift: &Lift<'_>, c: ValueId, d: ValueId) -> bool {
    let (a, b) = (Atom::Value(c), Atom::Value(d));
    lift.values.users(c).iter().any(|&id| {
        lift.spend(1);
        matches!(lift.op(id), "Add" | "Sub" | "Sum") && lift.values.users(d).contains(&id) && {
            let form = lift.look(id, [c, d], 2).form;
            form.has_only(&[a, b]) && form.terms.len() == 2
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron};
    use crate::ir::{Op, PerChannel};

    const FIRST: &str = "const al f32 -: 0.5\nconst tau f32 -: 2\nc1 = Identity(i)\np1 = Neg(i)\nw1 = Add(c1, p1)\nm1 = Mul(w1, tau)";
    const BODY: &str = "h@ = Mul(al, c^)\nc@ = Add(h@, i)\nk@ = Mul(beta, p^)\np@ = Sub(k@, i)\nw@ = Add(c@, p@)\nm@ = Mul(w@, tau)";

    #[test]
    fn two_currents_against_each_other() {
        let (graph, _) = import(&neuron(FIRST, BODY)).unwrap();
        assert_eq!(graph.timesteps, 3);
        let order = graph.order().unwrap();
        let names: Vec<_> = order.iter().map(|&id| graph.node(id).op.name()).collect();
        assert_eq!(names, ["input", "scale", "linear", "li", "li", "add", "lif", "readout"]);
        let found = |name: &str| &graph.node(graph.find(name).unwrap()).op;
        let (Op::Li(c), Op::Li(d)) = (found("synapse1"), found("synapse2")) else { panic!() };
        assert_eq!((&c.leak, &c.gain), (&PerChannel::All(0.5), &PerChannel::All(1.0)));
        assert_eq!((&d.leak, &d.gain), (&PerChannel::All(0.75), &PerChannel::All(-1.0)));
        let Op::Lif(lif) = found("lif1") else { panic!() };
        assert_eq!(lif.leak, PerChannel::All(0.0));
        assert_eq!((&lif.gain, &lif.threshold), (&PerChannel::All(1.0), &PerChannel::All(0.5)));
    }

    /// A sum is missing at one timestep, the leak is another one there, or a constant is added from
    /// the second one on.
    #[test]
    fn other_currents_are_left_alone() {
        let text = neuron(FIRST, BODY);
        // Then every timestep is a threshold of the current, which stays the same.
        assert!(import(&text.replace("w2 = Add(c2, p2)", "w2 = Add(c2, p1)")).is_ok());
        let late = BODY.replace("c@ = Add(h@, i)", "e@ = Add(h@, i)\nc@ = Add(e@, al)");
        for text in [
            text.replace("w2 = Add(c2, p2)", "w2 = Add(c2, p1)"),
            text.replace("k3 = Mul(beta", "k3 = Mul(al"),
            neuron(FIRST, &late),
        ] {
            let is_li = |op: &Op| matches!(op, Op::Li(_));
            let lis = import(&text).map_or(0, |(graph, _)| {
                graph.order().unwrap().iter().filter(|id| is_li(&graph.node(**id).op)).count()
            });
            assert_eq!(lis, 0, "{text}");
        }
    }
}

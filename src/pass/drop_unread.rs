// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `drop-unread`: neurons whose spikes change nothing are left out.
//!
//! A layer that the output does not depend on goes as a whole. Of the others, a neuron goes if all
//! weights that read it are 0, but for those of rows that go with it: neurons that see nobody but
//! each other are unread, too.

use super::channels::{Channels, layers, said};
use super::{Options, Pass};
use crate::diag::Result;
use crate::ir::{Graph, NodeId, Op, Weights};

/// See the module.
pub(super) struct DropUnread;

impl Pass for DropUnread {
    fn name(&self) -> &'static str {
        "drop-unread"
    }

    fn description(&self) -> &'static str {
        "leaves out neurons whose spikes are multiplied by nothing but zeros"
    }

    fn requires(&self) -> &'static str {
        "the integer form; another graph is left as it is"
    }

    fn ensures(&self) -> &'static str {
        "the same logits, and the same spikes of the neurons that are left, to the bit"
    }

    fn run(&self, graph: &mut Graph, _: &Options) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        let before = layers(graph)?;
        if before.is_empty() {
            return Ok(notes);
        }
        let names: Vec<String> = before.iter().map(|id| graph.node(*id).name.clone()).collect();
        graph.prune()?;
        let lost = names.iter().filter(|name| graph.find(name).is_none());
        notes.extend(lost.map(|name| format!("`{name}`: no output depends on it; left out")));
        // The last layers first: what reads nothing but them is unread then.
        while let Some((next, note)) = layers(graph)?.into_iter().rev().find_map(|id| {
            let channels = Channels::of(graph, id);
            let gone = gone(graph, id, &channels)?;
            let (text, end) = (said(graph, id, &gone), channels.end(graph, id, &gone));
            let note = format!("{text} are read by nobody{end}");
            Some((channels.without(graph.clone(), &gone)?, note))
        }) {
            *graph = next;
            notes.push(note);
        }
        Ok(notes)
    }
}

/// The channels of a layer that nobody reads; none if there are none.
fn gone(graph: &Graph, id: NodeId, channels: &Channels) -> Option<Vec<bool>> {
    let count = graph.node(id).stream.shape[0];
    let mut gone: Vec<bool> = (0..count).map(|c| !channels.is_pinned(c)).collect();
    let readers = channels.readers(graph);
    // Whatever is read stays, and what that reads; if nothing else stays, one neuron does.
    loop {
        stays_if_read(graph, channels, &readers, &mut gone);
        let before = gone.clone();
        channels.spare(&mut gone);
        if gone == before {
            break;
        }
    }
    gone.contains(&true).then_some(gone)
}

/// Keeps what weights read that stay themselves.
fn stays_if_read(
    graph: &Graph,
    channels: &Channels,
    readers: &[(NodeId, NodeId, &[Option<usize>])],
    gone: &mut [bool],
) {
    loop {
        let before = gone.to_vec();
        for &(user, _, labels) in readers {
            let rows = channels.kept(graph, user, gone);
            for (place, label) in labels.iter().enumerate() {
                let Some(c) = label.filter(|c| gone[*c]) else { continue };
                gone[c] = !reads(&graph.node(user).op, &rows, place);
            }
        }
        if gone == before {
            return;
        }
    }
}

/// Does one of these rows have a weight for this channel?
fn reads(op: &Op, rows: &[bool], place: usize) -> bool {
    let (weights, area) = match op {
        Op::Linear(l) => (&l.weights, 1),
        Op::Conv(c) => (&c.weights, c.window.kernel.iter().product::<usize>()),
        _ => return true,
    };
    match weights {
        Weights::Integer { values, .. } => {
            let kept = values.chunks(weights.inputs()).zip(rows).filter(|(_, k)| **k);
            kept.flat_map(|(row, _)| &row[place * area..(place + 1) * area]).any(|w| *w != 0)
        }
        _ => rows.contains(&true),
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where the cycles of a recurrent network are cut.
//!
//! Formats with continuous time have plain cycles; a graph has a register in each. The rule
//! must be the same for who reads such a format and for who writes it, or a graph would not
//! read back: hence it is here.

use std::collections::BTreeSet;

/// What a node can do for a cycle through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// Nothing.
    None,
    /// It integrates.
    Integrates,
    /// It fires.
    Fires,
    /// It already delays by at least one timestep.
    Register,
}

/// The edges that get a register of one timestep: in each cycle, followed from its first
/// node, the last edge that leaves a firing node for one that does not fire; else the last
/// that leaves a firing node, else an integrator. What an edge carries is thus delayed
/// where it turns back, and not on the way from input to output.
///
/// # Errors
/// The nodes of a cycle without any memory.
pub fn cuts(
    memory: &[Memory],
    edges: &BTreeSet<(usize, usize)>,
    first: usize,
) -> Result<BTreeSet<(usize, usize)>, Vec<usize>> {
    let mut left: Vec<Vec<usize>> = vec![Vec::new(); memory.len()];
    for &(from, to) in edges.iter().filter(|e| memory[e.1] != Memory::Register) {
        left[from].push(to);
    }
    let mut cut = BTreeSet::new();
    while let Some(cycle) = find(&left, first) {
        let next = cycle.iter().cycle().skip(1);
        let around: Vec<(usize, usize)> = cycle.iter().copied().zip(next.copied()).collect();
        let last = |wanted: &dyn Fn(Memory, Memory) -> bool| {
            around.iter().rev().find(|e| wanted(memory[e.0], memory[e.1])).copied()
        };
        let edge = last(&|a, b| a == Memory::Fires && b != Memory::Fires)
            .or_else(|| last(&|a, _| a == Memory::Fires))
            .or_else(|| last(&|a, _| a == Memory::Integrates));
        let Some(edge) = edge else { return Err(cycle) };
        left[edge.0].retain(|to| *to != edge.1);
        cut.insert(edge);
    }
    Ok(cut)
}

/// Nodes of a cycle in order, the first one where a walk from `first` enters it.
fn find(edges: &[Vec<usize>], first: usize) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        OnPath,
        Done,
    }
    let mut seen = vec![Seen::No; edges.len()];
    for root in std::iter::once(first).chain(0..edges.len()) {
        if root >= edges.len() || seen[root] != Seen::No {
            continue;
        }
        seen[root] = Seen::OnPath;
        // The node and how many of its edges were followed.
        let mut path = vec![(root, 0)];
        while let Some((at, followed)) = path.last_mut() {
            let (here, next) = (*at, edges[*at].get(*followed).copied());
            *followed += 1;
            match next {
                None => {
                    seen[here] = Seen::Done;
                    path.pop();
                }
                Some(to) if seen[to] == Seen::No => {
                    seen[to] = Seen::OnPath;
                    path.push((to, 0));
                }
                Some(to) if seen[to] == Seen::OnPath => {
                    let start = path.iter().position(|p| p.0 == to)?;
                    return Some(path[start..].iter().map(|p| p.0).collect());
                }
                Some(_) => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use Memory::{Fires, Integrates, None as Plain, Register};

    fn of(memory: &[Memory], edges: &[(usize, usize)]) -> Result<Vec<(usize, usize)>, Vec<usize>> {
        cuts(memory, &edges.iter().copied().collect(), 0).map(|c| c.into_iter().collect())
    }

    #[test]
    fn a_recurrent_layer_is_cut_behind_its_neuron() {
        let edges = [(0, 1), (1, 2), (2, 1), (1, 3)];
        assert_eq!(of(&[Plain, Fires, Plain, Plain], &edges), Ok(vec![(1, 2)]));
        assert_eq!(of(&[Plain, Integrates, Plain, Plain], &edges), Ok(vec![(1, 2)]));
        assert_eq!(of(&[Plain, Fires, Register, Plain], &edges), Ok(vec![]));
        assert_eq!(of(&[Plain, Plain, Plain, Plain], &edges), Err(vec![1, 2]));
    }

    #[test]
    fn feedback_is_delayed_and_the_way_forward_is_not() {
        let edges = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 1), (3, 5)];
        let memory = [Plain, Fires, Plain, Fires, Plain, Plain];
        assert_eq!(of(&memory, &edges), Ok(vec![(3, 4)]));
    }

    #[test]
    fn a_neuron_may_drive_itself() {
        assert_eq!(of(&[Plain, Fires], &[(0, 1), (1, 1)]), Ok(vec![(1, 1)]));
        assert_eq!(of(&[Plain, Fires, Fires], &[(0, 1), (1, 2), (2, 1)]), Ok(vec![(2, 1)]));
    }
}

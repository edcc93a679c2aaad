// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the output depends on, and in which order.

use std::collections::{BTreeSet, HashMap};

use super::{Source, State};
use crate::diag::{Result, codes};
use crate::import::onnx::node::Node;

/// Which nodes the output depends on, at this timestep or a later one. States that it
/// does not depend on are dropped.
pub(super) fn live(
    nodes: &[Node<'_>],
    sources: &HashMap<&str, Source<'_>>,
    states: &mut Vec<State<'_>>,
    output: &str,
) -> Result<Vec<bool>> {
    // A missing operand is an error of the file even where nothing depends on it.
    for node in nodes {
        let missing = |name: &&String| !name.is_empty() && !sources.contains_key(name.as_str());
        if let Some(name) = node.proto.input.iter().find(missing) {
            let message = format!("its operand `{name}` has no source");
            return Err(node.error(&codes::ONNX_GRAPH, message));
        }
    }
    let mut live = vec![false; nodes.len()];
    let mut used = vec![false; states.len()];
    let mut open = vec![output];
    while let Some(name) = open.pop() {
        if let Some(s) = states.iter().position(|s| s.input == name)
            && let (Some(flag), Some(state)) = (used.get_mut(s), states.get(s))
            && !std::mem::replace(flag, true)
        {
            open.push(state.output);
        } else if let Some(&Source::Node(n)) = sources.get(name)
            && let (Some(flag), Some(node)) = (live.get_mut(n), nodes.get(n))
            && !std::mem::replace(flag, true)
        {
            open.extend(node.proto.input.iter().map(String::as_str));
        }
    }
    let mut used = used.into_iter();
    states.retain(|_| used.next().unwrap_or(false));
    Ok(live)
}

/// The live nodes, operands before users, otherwise in the file's order.
pub(super) fn order(
    nodes: &[Node<'_>],
    sources: &HashMap<&str, Source<'_>>,
    live: &[bool],
) -> Result<Vec<usize>> {
    let is_live = |n: usize| live.get(n).copied().unwrap_or(false);
    let mut missing = vec![0usize; nodes.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut ready = BTreeSet::new();
    for (n, node) in nodes.iter().enumerate().filter(|(n, _)| is_live(*n)) {
        let mut count = 0;
        for name in &node.proto.input {
            if let Some(&Source::Node(from)) = sources.get(name.as_str())
                && let Some(users) = users.get_mut(from)
            {
                users.push(n);
                count += 1;
            }
        }
        if count == 0 {
            ready.insert(n);
        }
        if let Some(m) = missing.get_mut(n) {
            *m = count;
        }
    }
    let mut order = Vec::new();
    while let Some(n) = ready.pop_first() {
        order.push(n);
        for &user in users.get(n).into_iter().flatten() {
            if let Some(m) = missing.get_mut(user) {
                *m -= 1;
                if *m == 0 {
                    ready.insert(user);
                }
            }
        }
    }
    match nodes.iter().zip(&missing).find(|(_, m)| **m > 0) {
        None => Ok(order),
        Some((node, _)) => {
            Err(node.error(&codes::ONNX_GRAPH, "it is part of a cycle, or depends on one"))
        }
    }
}

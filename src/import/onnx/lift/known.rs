// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The streams that were looked at, found by their values.

use std::collections::HashMap;

use super::{Flow, Stream};
use crate::import::onnx::values::ValueId;

/// Streams that patterns for several operands can take.
#[derive(Debug, Default)]
pub(super) struct Known {
    streams: Vec<Stream>,
    /// Streams whose first timestep this value is.
    by_first: HashMap<ValueId, Vec<usize>>,
}

impl Known {
    pub(super) fn add(&mut self, stream: Stream) {
        if let Some(&first) = stream.steps.first() {
            self.by_first.entry(first).or_default().push(self.streams.len());
            self.streams.push(stream);
        }
    }

    /// Streams that begin with this value and can be taken together with one of `flow`.
    pub(super) fn beginning(&self, value: ValueId, flow: Flow) -> impl Iterator<Item = &Stream> {
        let all = self.by_first.get(&value).into_iter().flatten();
        all.filter_map(|&i| self.streams.get(i)).filter(move |s| goes_with(flow, s.flow))
    }

    /// Streams that flow like this one, for as many timesteps.
    pub(super) fn flowing(&self, like: &Stream) -> impl Iterator<Item = &Stream> {
        let (flow, count) = (like.flow, like.steps.len());
        self.streams.iter().filter(move |s| s.flow == flow && s.steps.len() == count)
    }
}

/// A sum over time cannot be taken together with what flows at every timestep. A static
/// stream goes with all but sums, which hold it several times.
fn goes_with(a: Flow, b: Flow) -> bool {
    use crate::ir::ReadoutKind::Sum;
    match (a, b) {
        (Flow::Static, other) | (other, Flow::Static) => other != Flow::End(Sum),
        (a, b) => a == b,
    }
}

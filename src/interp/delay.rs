// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Streams of earlier timesteps.

use std::collections::VecDeque;

use super::value::Value;
use crate::ir::{Delay, Kind, PerChannel, Stream};

/// What a delay has taken so far, the latest first.
#[derive(Default)]
pub(super) struct History {
    taken: VecDeque<Value>,
}

impl History {
    /// Takes the operand of a timestep.
    pub(super) fn take(&mut self, delay: &Delay, x: Value) {
        self.taken.push_front(x);
        let longest = delay.steps.iter().copied().max().unwrap_or(0);
        self.taken.truncate(longest as usize + 1);
    }

    /// The operand of `d` timesteps ago, element by element; `passed` of them are not in the
    /// history: 1 for a register, which gives its result before it takes the operand.
    pub(super) fn give(&self, delay: &Delay, stream: &Stream, passed: usize) -> Value {
        let ago = |d: u32| (d as usize).checked_sub(passed).and_then(|d| self.taken.get(d));
        let steps = match &delay.steps {
            PerChannel::All(d) => return ago(*d).cloned().unwrap_or_else(|| Value::zeros(stream)),
            each => each,
        };
        let n = stream.len();
        let at = |i| self.taken.get(steps.of(i, n) as usize - passed);
        if stream.kind == Kind::Real {
            let real = |i| at(i).map_or(0.0, |x| x.reals()[i]);
            return Value::Real((0..n).map(real).collect());
        }
        let integer = |i| at(i).map_or(0, |x| x.integer(i));
        Value::pack(stream.kind, (0..n).map(integer).collect())
    }
}

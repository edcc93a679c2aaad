// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF03xx: passes.

use super::codes;

codes! {
    NOT_FINITE = "SF0301", "a parameter is NaN or infinite",
        "A weight, a batch-norm statistic or a neuron parameter is not a finite number, so no integer can stand for it. Training has probably diverged.";
    PASS_UNSUPPORTED = "SF0302", "a pass cannot treat this node",
        "The graph is valid, but a rewrite on the way to integers has no rule for what stands at this node. The message names the node and what was expected there.";
    NO_ENSEMBLE = "SF0303", "the model has no members",
        "An ensemble is found in the graph itself: branches with neurons, each with nodes of its own, that end in one concat or one addition (a mean is an addition and a factor), behind which no neuron stands. This model has no such place, so no members of it can be left out.";
}

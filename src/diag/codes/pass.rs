// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF03xx: passes.

use super::codes;

codes! {
    NOT_FINITE = "SF0301", "a parameter is NaN or infinite",
        "A weight, a batch-norm statistic or a neuron parameter is not a finite number, so no integer can stand for it. Training has probably diverged.";
}

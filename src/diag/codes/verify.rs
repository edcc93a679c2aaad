// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF06xx: verification.

use super::codes;

codes! {
    VERIFY_MISMATCH = "SF0601", "two executors disagree",
        "The same input gave different spikes, cycles or logits at two levels. This is never acceptable: the message names the first difference.";
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF08xx: training students.

use super::codes;

codes! {
    MODEL_SHAPE = "SF0801", "a layer of the model does not fit",
        "The layers of a student or teacher do not fit each other: a kernel that is larger than its padded map, a pooling window that does not divide it, two ways of a residual block that end in different extents, or a network that does not end in logits. Correct the model in the configuration.";
    DATA_SET = "SF0802", "a data set cannot be used for training",
        "A data set is missing, has no labels, or its files do not fit each other. `synfire-distill train --help` says where data sets are looked for.";
}

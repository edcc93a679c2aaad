// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF08xx: training students.

use super::codes;

codes! {
    MODEL_SHAPE = "SF0801", "a layer of the model does not fit",
        "The layers of a student or teacher do not fit each other: a kernel that is larger than its padded map, a pooling window that does not divide it, two ways of a residual block that end in different extents, or a network that does not end in logits. Correct the model in the configuration.";
    DATA_SET = "SF0802", "a data set cannot be used for training",
        "A data set is missing, has no labels, or its files do not fit each other. `synfire-distill train --help` says where data sets are looked for.";
    STUDENT_EXPORT = "SF0830", "a trained model cannot be exported",
        "The model and its description do not belong together, two stages have one name, or the weights of a binary layer are all zero, so that they have no magnitude. Export a checkpoint with the configuration that it was trained with.";
    STUDENT_SUBSET = "SF0831", "members cannot be removed from this model",
        "A member of an ensemble is removed together with what the next layer makes of it. That needs an ensemble of side-by-side members whose outputs reach a linear layer or a convolution through neurons and pools alone: behind a batch norm or a residual sum, what is not there would still count. At least one member stays.";
}

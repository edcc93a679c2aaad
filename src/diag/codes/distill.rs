// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF08xx: training students.

use super::codes;

codes! {
    MODEL_SHAPE = "SF0801", "a layer of the model does not fit",
        "The layers of a student or teacher do not fit each other: a kernel that is larger than its padded map, a pooling window that does not divide it, two ways of a residual block that end in different extents, or a network that does not end in logits. Correct the model in the configuration.";
    DATA_SET = "SF0802", "a data set cannot be used for training",
        "A data set is missing, has no labels, or its files do not fit each other. `synfire-distill train --help` says where data sets are looked for.";
    TRAIN_CONFIG = "SF0803", "a training configuration cannot be used",
        "A key is missing, unknown or of the wrong kind, or settings do not go together, for example a loss that asks for a teacher where there is none. docs/training.md lists every key.";
    CHECKPOINT = "SF0804", "a checkpoint cannot be used",
        "The file is damaged, or it belongs to a network with other layers. A run is resumed with the configuration it was started with, which lies beside its checkpoints.";
    TRAIN_DIVERGED = "SF0805", "the loss is not a number any more",
        "The message says in which batch it began. The checkpoint of the last whole epoch is kept. Use a smaller rate, or a loss with a smaller weight, and resume.";
    CLAIM_FAILED = "SF0806", "a claim did not come out as required",
        "`synfire-distill reproduce` trained all arms, and a difference that must be there is not. The table that it wrote has the measurements of every seed.";
    DATA_MISSING = "SF0820", "a data set is not where it was looked for",
        "No folder has the files of the data set that was named. The message lists the folders that were looked at, its help which package or archive has the files. `--data DIR` or the environment variable SYNFIRE_DATA name another folder, which may have the files itself or a folder of the set's name.";
    DATA_OPTION = "SF0821", "an option does not fit the data set",
        "A number of samples, a number held out, an encoding, an augmentation or a noise is outside what the data set allows: a square larger than the map, more samples held out than there are, rates for events that already are spikes.";
    STUDENT_EXPORT = "SF0830", "a trained model cannot be exported",
        "The model and its description do not belong together, two stages have one name, or the weights of a binary layer are all zero, so that they have no magnitude. Export a checkpoint with the configuration that it was trained with.";
    STUDENT_SUBSET = "SF0831", "members cannot be removed from this model",
        "A member of an ensemble is removed together with what the next layer makes of it. That needs an ensemble of side-by-side members whose outputs reach a linear layer or a convolution through neurons and pools alone: behind a batch norm or a residual sum, what is not there would still count. At least one member stays.";
}

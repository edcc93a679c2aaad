// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF08xx: training students.

use super::codes;

codes! {
    MODEL_SHAPE = "SF0801", "a layer of the model does not fit",
        "The layers of a student or teacher do not fit each other: a kernel that is larger than its padded map, a pooling window that does not divide it, two ways of a residual block that end in different extents, or a network that does not end in logits. Correct the model in the configuration.";
    DATA_SET = "SF0802", "a data set cannot be used for training",
        "A data set is missing, has no labels, or its files do not fit each other. `synfire-distill train --help` says where data sets are looked for.";
    DATA_MISSING = "SF0820", "a data set is not where it was looked for",
        "No folder has the files of the data set that was named. The message lists the folders that were looked at, its help which package or archive has the files. `--data DIR` or the environment variable SYNFIRE_DATA name another folder, which may have the files itself or a folder of the set's name.";
    DATA_OPTION = "SF0821", "an option does not fit the data set",
        "A number of samples, a number held out, an encoding, an augmentation or a noise is outside what the data set allows: a square larger than the map, more samples held out than there are, rates for events that already are spikes.";
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF07xx: what a model can do without.

use super::codes;

codes! {
    NO_LABELS = "SF0701", "accuracy cannot be measured without labels",
        "How many timesteps or members are enough is a question about accuracy, so every sample needs its right class: --labels beside --images, and --calibration-labels beside --calibration.";
    TOO_FEW_SAMPLES = "SF0702", "too few samples to choose by",
        "Samples are divided: some choose, others report, and none does both. Of those that choose, there must be at least as many as there are classes. Give more samples, or others to choose by with --calibration.";
    SEEN_SAMPLES = "SF0703", "samples that choose are among those that report",
        "An accuracy on samples that something was fitted to or chosen by is too good. The files given with --calibration and --images share samples. Give different ones, or --images alone: they are then divided.";
    NO_POINT = "SF0704", "there is no such point",
        "`synfire tradeoff MODEL … -o DIR` writes a directory with a file for each row of its table. `synfire compile DIR --point ID` builds the row with this id. The directory belongs to one model; ids of another model's are not in it.";
}

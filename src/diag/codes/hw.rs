// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF04xx: targets and hardware.

use super::codes;

codes! {
    TARGET_UNKNOWN = "SF0401", "no such target",
        "The name given to --target is neither a built-in target (see `synfire targets`) nor a readable target file.";
    TARGET_FORMAT = "SF0402", "a target file is malformed",
        "A targets/*.toml file lacks a field or has one of the wrong type. The message names it.";
    HW_UNSUPPORTED = "SF0410", "the hardware cannot run this layer yet",
        "The graph is valid and can be simulated with `synfire simulate`, but no engine takes this layer. The message names it.";
    HW_DOES_NOT_FIT = "SF0411", "the design does not fit the target",
        "The network needs more of a resource than the target has. The message says which, by how much, and what would fit.";
    ENERGY_UNKNOWN = "SF0412", "nobody knows what this target consumes",
        "The device's file has no energy coefficients, because no measurement of it was found. The simulator's counts are there all the same; without coefficients they are no energy.";
    OTHER_SHAPE = "SF0413", "the model does not go into this hardware",
        "`synfire patch` puts other weights and thresholds into the memories of a bitstream. Everything else has to be as it was: the layers, their sizes, how they fire, and the widths of all numbers. The message names the first thing that is not.";
}

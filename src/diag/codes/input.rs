// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF00xx: files, options, inputs and ourselves.

use super::codes;

codes! {
    INTERNAL = "SF0000", "internal error",
        "An invariant of synfire itself was broken. The message names the pass or stage. Please report it.";
    FILE_READ = "SF0001", "a file cannot be read",
        "The operating system refused to read a file that was named. The message gives its reason.";
    FILE_WRITE = "SF0002", "a file cannot be written",
        "The operating system refused to write a result. Nothing half-written is left behind.";
    BAD_OPTION = "SF0003", "an option has a value that makes no sense",
        "The value of a command line option is outside its range or contradicts another option.";
    BUILD_DAMAGED = "SF0004", "not a build directory, or a damaged one",
        "The directory was not written by `synfire compile -o`, or a file of it is missing or changed. Compile again.";
    INPUT_FORMAT = "SF0010", "an input file is not in its format",
        "A file of images, labels or recorded values does not follow its published format (idx, npy).";
    INPUT_SHAPE = "SF0011", "an input does not have the shape the model takes",
        "The number of values in one input differs from what the model's input node declares.";
}

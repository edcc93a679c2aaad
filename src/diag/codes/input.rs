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
        "A file of images, events, labels or recorded values does not follow its published format, or is in none that is known. The message says at which byte or line. docs/inputs.md lists the formats with their sources.";
    INPUT_SHAPE = "SF0011", "an input does not have the shape the model takes",
        "The number of values in one input differs from what the model's input node declares.";
    INPUT_VALUE = "SF0012", "an input has a value that cannot be used",
        "A value is NaN or infinite, too large to be held exactly, or outside the range that the encoding takes. The message says which value of which input. Nothing is clipped silently: scale the data before they are written.";
    INPUT_EVENT = "SF0013", "an event has no place",
        "An event lies outside its sensor, has a time that cannot be, or comes after the sensor's clock was set back. The message names the event. If the sensor is larger than assumed, say so with `--sensor WIDTHxHEIGHT` or `--sensor CHANNELS`; a recording whose clock was set back has to be cut there.";
    INPUT_LABELS = "SF0014", "the labels do not belong to the inputs",
        "There are more or fewer labels than inputs, or a label is not a class number. Classes are whole numbers from 0; only the tables of DVS Gesture (class,startTime_usec,endTime_usec) count them from 1.";
    INPUT_TOO_LARGE = "SF0015", "an input is larger than the limits",
        "An unpacked file, or all inputs after their encoding, would exceed the limits that docs/inputs.md states. Fewer inputs, fewer timesteps or a smaller sensor help; if the file is small, its header is probably damaged.";
    INPUT_KIND = "SF0016", "inputs of this kind cannot be used here",
        "Inputs are levels or real values, the same at every timestep or changing with it. The message says what was found and what is taken here.";
    INPUT_WORTH = "SF0017", "what a level of the inputs is worth is not known",
        "The data are whole numbers such as the bytes of an image, and the model takes real numbers without saying what a level is: pixels may have been divided by 255 in training, or not, and both readings give numbers. `--input-bits 8 --input-scale 1/255` or `--input-bits 8 --input-scale 1` decides.";
}

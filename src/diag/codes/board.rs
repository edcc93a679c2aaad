// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF09xx: boards.

use super::codes;

codes! {
    BOARD_PORT = "SF0901", "a serial port cannot be used",
        "The port is not there, may not be used by this user, is used by another program, is no serial port, or went away in the middle. The message has the system's reason, the help what to do about it; docs/boards.md says which port is the board's.";
    BOARD_SILENT = "SF0902", "the board does not answer",
        "A request was sent again as docs/host-link.md says, and no attempt was answered well. The message says what was waited for, how long, and what came last. Is the board powered, does it run this build's bitstream (`synfire flash`), and is the port that of its UART? Boards with two ports on one cable have it on the second as a rule.";
    BOARD_OTHER = "SF0903", "the board runs another design",
        "What the board says it is differs from the build that was named: the model's name, its timesteps, classes or inputs, or the version of the protocol. Flash this build's bitstream, or name the build that the board runs.";
    BOARD_FLASH = "SF0904", "there is no programme that writes this board",
        "The target's file names what writes a bitstream into the board's memory (`flash` of `[board]`), and none of it was found. The help has the exact command. `synfire doctor` lists the tools and how to get them.";
}

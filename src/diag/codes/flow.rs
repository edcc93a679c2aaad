// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF05xx: external tools.

use super::codes;

codes! {
    TOOL_MISSING = "SF0501", "an external tool is not installed",
        "A step needs a tool that was not found. `synfire doctor` lists every tool, what it is needed for and how to get it.";
    TOOL_FAILED = "SF0502", "an external tool failed",
        "A tool returned an error. The message gives its last lines and where its full log is.";
    TOOL_REPORT = "SF0503", "a tool's report cannot be understood",
        "A tool succeeded but wrote a report in a form that is not known, most likely because its version is another one than the pinned one. `synfire doctor` shows both versions.";
    PNR_NO_ROOM = "SF0504", "place and route found no room",
        "The netlist needs more cells, memories or pins than the device has. The message has the tool's own line; its log has the counts.";
    PNR_TOO_SLOW = "SF0505", "the clock asked for is not reached",
        "Place and route succeeded but the longest path is too slow for the clock that was asked for. A bitstream run at that clock would give wrong results.";
    SIM_BUILD = "SF0506", "a simulator could not be built",
        "Verilator accepted the design but its C++ did not compile. The message has the compiler's last lines; the usual cause is a compiler older than C++17.";
    ASC_FORMAT = "SF0507", "a configuration text is malformed",
        "A text configuration (.asc of an iCE40, .config of an ECP5) has a block of memory contents that is not hexadecimal or of the wrong size, or has none where one is needed; or a bitstream of a Gowin device (.fs) has not the frames of its chip. The message names the line or the numbers.";
    PROOF_FAILED = "SF0508", "a property does not hold",
        "The prover found a run of a hardware module in which an assertion fails, or could not show that none exists. The log and the trace beside it show the run. This is a fault of synfire's hardware library or of a change to it.";
    NETLIST_CELL = "SF0509", "a routed netlist has a cell without a model",
        "The netlist that place and route wrote has a cell, or uses one in a way, of which synfire has no model, so that it cannot be simulated. The message names the cell. It is a fault of synfire if the Verilog is its own.";
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF05xx: external tools.

use super::codes;

codes! {
    TOOL_MISSING = "SF0501", "an external tool is not installed",
        "A step needs a tool that was not found. `synfire doctor` lists every tool, what it is needed for and how to get it.";
    TOOL_FAILED = "SF0502", "an external tool failed",
        "A tool returned an error. The message gives its last lines and where its full log is.";
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The demonstration's last step: where the results are.

use std::path::Path;
use std::process::{Command, Stdio};

/// What a build directory has, in the order in which it came about.
const FILES: &[(&str, &str)] = &[
    ("real.sfir", "the model as imported"),
    ("integer.sfir", "the same in integers: what the hardware computes"),
    ("rtl", "the Verilog, and the memories' contents"),
    ("pins.pcf", "the board's pins"),
    ("flow", "netlist, placement, and the tools' logs"),
    ("top.bin", "the bitstream: `iceprog top.bin` writes it to the board"),
    ("hardware.svg", "picture of the hardware"),
    ("memory.svg", "picture of the memories"),
    ("synfire.json", "what was compiled, for `synfire verify`, `simulate` and `energy`"),
];

/// Lists the results in `dir` and opens the picture of the hardware. False if one is missing.
pub(crate) fn show(dir: &str) -> bool {
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.into());
    println!("{}", dir.display());
    let mut complete = true;
    for (file, about) in FILES {
        if dir.join(file).exists() {
            println!("  {file:13} {about}");
        } else {
            complete = false;
            println!("  {file:13} MISSING");
        }
    }
    open(&dir.join("hardware.svg"));
    complete
}

/// Opens a file as the desktop does; without a desktop nothing happens.
fn open(file: &Path) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|v| std::env::var_os(v).is_some());
    if cfg!(target_os = "macos") || screen {
        let mut command = Command::new(opener);
        command.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // A desktop without an opener is no error: the path stands above.
        let _ = command.spawn();
    }
}

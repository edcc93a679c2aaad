// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The external tools, for the tests that need some.
#![allow(clippy::print_stderr)]

use synfire::flow::{Tool, Toolbox};

/// The tools, or nothing when some are missing and a run without them is allowed.
///
/// # Panics
/// When tools are missing and `SYNFIRE_REQUIRE_TOOLS` is set, as `cargo xtask test` does.
pub(crate) fn tools(needed: &[Tool]) -> Option<Toolbox> {
    let toolbox = Toolbox::discover();
    let missing = toolbox.missing(needed);
    if missing.is_empty() {
        return Some(toolbox);
    }
    assert!(std::env::var_os("SYNFIRE_REQUIRE_TOOLS").is_none(), "missing: {}", missing.join(", "));
    eprintln!("not run, missing: {}", missing.join(", "));
    None
}

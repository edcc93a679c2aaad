// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Who may use whom. Everything may use `diag`; `diag` uses nothing.

/// `from` may use `to`.
pub(crate) struct Arrow {
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) what: What,
    #[allow(dead_code, reason = "for who reads the table")]
    pub(crate) reason: &'static str,
}

/// How much of a module may be used.
#[derive(Clone, Copy)]
pub(crate) enum What {
    All,
    /// These items of the module alone.
    Only(&'static [&'static str]),
}

/// Every module there is or, as far as the design has it, will be.
pub(crate) const MODULES: &[&str] = &[
    "cli", "emit", "energy", "flow", "hw", "import", "interp", "ir", "pass", "report", "sim",
    "target", "verify",
];

const fn arrow(from: &'static str, to: &'static str, reason: &'static str) -> Arrow {
    Arrow { from, to, what: What::All, reason }
}

/// The table. `sim` and `emit` must never see each other, nor what the other computes.
pub(crate) const ARROWS: &[Arrow] = &[
    arrow("pass", "ir", "a pass rewrites a graph"),
    arrow("interp", "ir", "it runs a graph"),
    arrow("hw", "ir", "a design is made from an integer graph"),
    arrow("hw", "target", "and folded into a target's resources"),
    arrow("sim", "hw", "it executes a design, never the graph"),
    Arrow {
        from: "sim",
        to: "ir",
        what: What::Only(&["Compare", "Reset"]),
        reason: "the neuron's enumerations, which a design carries unchanged",
    },
    arrow("emit", "hw", "it writes a design, never the graph"),
    Arrow {
        from: "emit",
        to: "ir",
        what: What::Only(&["Compare", "Reset"]),
        reason: "the neuron's enumerations, which a design carries unchanged",
    },
    arrow("emit", "target", "pins and clock of the board"),
];

/// Files above 600 lines, and why they are not cut.
pub(crate) const LARGE: &[(&str, &str)] = &[];

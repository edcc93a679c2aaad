// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Who may use whom. Everything may use `diag`; `diag` uses nothing; `cli` uses all.

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
    "board", "cli", "data", "emit", "energy", "export", "flow", "hw", "import", "interp", "ir",
    "pass", "report", "sim", "target", "tune", "vector", "verify",
];

const fn arrow(from: &'static str, to: &'static str, reason: &'static str) -> Arrow {
    Arrow { from, to, what: What::All, reason }
}

/// The table. `sim` and `emit` must never see each other, nor what the other computes.
pub(crate) const ARROWS: &[Arrow] = &[
    arrow("import", "ir", "a file becomes a graph"),
    arrow("export", "ir", "a graph becomes a file"),
    Arrow {
        from: "export",
        to: "import",
        what: What::Only(&["onnx", "Options", "load"]),
        reason: "the schema of ONNX, what the operators of our dialect are made of; tests read back",
    },
    arrow("pass", "ir", "a pass rewrites a graph"),
    arrow("interp", "ir", "it runs a graph"),
    arrow("interp", "vector", "its sums are added up as fast as the machine can"),
    arrow("sim", "vector", "and so are the simulator's"),
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
        what: What::Only(&["BitMatrix", "Compare", "Reset"]),
        reason: "the neuron's enumerations, which a design carries unchanged; its tests make weights",
    },
    arrow("emit", "target", "pins and clock of the board"),
    arrow("verify", "ir", "the graph that interp runs"),
    arrow("verify", "interp", "the first executor"),
    Arrow {
        from: "verify",
        to: "pass",
        what: What::Only(&["left"]),
        reason: "the graph that is left of an inference that leaves something out",
    },
    arrow("verify", "hw", "the design that the others execute"),
    arrow("verify", "sim", "the second executor"),
    arrow("verify", "emit", "a changed design is written anew"),
    arrow("verify", "target", "for which it is written"),
    arrow("verify", "flow", "the tools that run Verilog and take bitstreams apart"),
    arrow("board", "hw", "the design that a board runs"),
    arrow("board", "verify", "what a board answers is compared, and a simulated one computes"),
    Arrow {
        from: "board",
        to: "data",
        what: What::Only(&["random_number"]),
        reason: "faults of the line are the same for the same seed",
    },
    Arrow {
        from: "board",
        to: "ir",
        what: What::Only(&["parse"]),
        reason: "its tests make a design",
    },
    Arrow {
        from: "board",
        to: "target",
        what: What::Only(&["load"]),
        reason: "its tests make a design",
    },
    Arrow {
        from: "board",
        to: "emit",
        what: What::Only(&["load_image"]),
        reason: "the weights that a simulated board has to get",
    },
    Arrow {
        from: "flow",
        to: "target",
        what: What::Only(&["Family", "Pll"]),
        reason: "each family has its tools, and a PLL that can be read back",
    },
    arrow("energy", "ir", "the literature's figure counts a graph's operations"),
    arrow("energy", "hw", "the device's figure counts memories and registers"),
    arrow("energy", "sim", "and how often they are used"),
    arrow("energy", "target", "the price of each"),
    Arrow {
        from: "energy",
        to: "data",
        what: What::Only(&["random_number"]),
        reason: "prices and assumptions are drawn, the same for the same seed",
    },
    arrow("tune", "ir", "models that keep less"),
    arrow("tune", "pass", "which leave timesteps and members out"),
    arrow("tune", "interp", "the whole model and what follows its members are run"),
    arrow("tune", "data", "on samples with labels"),
    arrow("report", "ir", "pictures of graphs"),
    arrow("report", "hw", "and of designs"),
    arrow("report", "target", "beside what the device has"),
    arrow("report", "pass", "its tests draw a graph after the passes"),
];

/// What the Python package may use of the library: what the commands compute with and show. What
/// needs directories or tools it leaves to commands, which are all it wants of `cli`.
pub(crate) const PACKAGE: &[(&str, What)] = &[
    ("cli", What::Only(&["Loaded", "load", "run"])),
    ("data", What::All),
    ("diag", What::All),
    ("hw", What::All),
    ("interp", What::All),
    ("ir", What::All),
    ("report", What::All),
    ("sim", What::All),
    ("target", What::All),
    ("tune", What::Only(&["Work", "check", "infer", "input"])),
];

/// Files above 600 lines, and why they are not cut.
pub(crate) const LARGE: &[(&str, &str)] =
    &[("hdl/sf_tail.v", "more than half of it is its proof, which sees its registers")];

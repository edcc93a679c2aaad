// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The tools of each family, and how they are called.

use super::catalog::Tool;
use crate::diag::{Diagnostic, Result};
use crate::target::Family;

/// Which tools turn Verilog into a bitstream and back, and what they call things.
#[derive(Debug)]
pub(super) struct Steps {
    /// Yosys' command.
    pub(super) synth: &'static str,
    /// Its option for the device, and what it is always told.
    pub(super) device: &'static str,
    pub(super) always: &'static str,
    /// How cells are counted.
    pub(super) cells: Cells,
    /// How nextpnr places and routes, and what packs; nothing of a family of which Vivado does both.
    pub(super) route: Option<Route>,
}

/// Place and route by nextpnr, and what its result becomes.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) place_route: Tool,
    /// Options of place and route: constraints, no constraints (if that may be), result.
    pub(super) constraints: &'static [&'static str],
    pub(super) unconstrained: Option<&'static str>,
    pub(super) config: &'static str,
    /// What takes a logic cell and a block RAM, in the report of place and route. Of the former the
    /// first says how many there are.
    pub(super) cells_used: &'static [&'static str],
    pub(super) block_ram: &'static str,
    pub(super) pack: Tool,
    /// Nothing where a bitstream does not become again what was packed.
    pub(super) unpack: Option<Tool>,
    /// What else reading back needs.
    pub(super) read_back: &'static [Tool],
}

/// The beginnings of cells' names; what a look-up table, a carry or a block RAM counts for.
#[derive(Debug)]
pub(super) struct Cells {
    pub(super) lut4: &'static [(&'static str, u64)],
    pub(super) ff: &'static str,
    pub(super) carry: &'static str,
    pub(super) ebr: &'static [(&'static str, u64)],
    pub(super) spram: Option<&'static str>,
    pub(super) dsp: Option<&'static str>,
}

static ICE40: Steps = Steps {
    synth: "synth_ice40",
    device: "-device",
    always: "",
    cells: Cells {
        lut4: &[("SB_LUT4", 1)],
        ff: "SB_DFF",
        carry: "SB_CARRY",
        ebr: &[("SB_RAM40_4K", 1)],
        spram: Some("SB_SPRAM256KA"),
        dsp: Some("SB_MAC16"),
    },
    route: Some(Route {
        place_route: Tool::NextpnrIce40,
        constraints: &["--pcf"],
        unconstrained: Some("--pcf-allow-unconstrained"),
        config: "--asc",
        cells_used: &["ICESTORM_LC"],
        block_ram: "ICESTORM_RAM",
        pack: Tool::Icepack,
        unpack: Some(Tool::Iceunpack),
        read_back: &[Tool::Yosys, Tool::IceboxVlog],
    }),
};

static ECP5: Steps = Steps {
    synth: "synth_ecp5",
    device: "-device",
    always: "",
    // A carry cell has two look-up tables of its own.
    cells: Cells {
        lut4: &[("LUT4", 1), ("CCU2C", 2)],
        ff: "TRELLIS_FF",
        carry: "CCU2C",
        ebr: &[("DP16KD", 1)],
        spram: None,
        dsp: Some("MULT18X18D"),
    },
    route: Some(Route {
        place_route: Tool::NextpnrEcp5,
        constraints: &["--lpf"],
        unconstrained: Some("--lpf-allow-unconstrained"),
        config: "--textcfg",
        cells_used: &["TRELLIS_COMB"],
        block_ram: "DP16KD",
        pack: Tool::Ecppack,
        unpack: Some(Tool::Ecpunpack),
        read_back: &[],
    }),
};

static GOWIN: Steps = Steps {
    synth: "synth_gowin",
    device: "-family",
    // Neither memories of look-up tables nor multipliers have a model.
    always: " -nolutram -nodsp",
    // A carry takes the place of a look-up table.
    cells: Cells {
        lut4: &[("LUT", 1), ("ALU", 1)],
        ff: "DFF",
        carry: "ALU",
        // With one port, with one to write and one to read, with two; of bytes of eight or nine.
        ebr: &[("SP", 1), ("SDP", 1), ("DP", 1)],
        spram: None,
        dsp: None,
    },
    route: Some(Route {
        place_route: Tool::NextpnrGowin,
        constraints: &["--vopt", "cst="],
        unconstrained: None,
        config: "--write",
        cells_used: &["LUT4", "ALU"],
        block_ram: "BSRAM",
        pack: Tool::GowinPack,
        unpack: None,
        read_back: &[],
    }),
};

static XC7: Steps = Steps {
    synth: "synth_xilinx",
    device: "-family",
    // Nor has a shift register in a look-up table.
    always: " -flatten -nolutram -nosrl -nodsp",
    cells: Cells {
        lut4: &[("LUT", 1), ("INV", 1)],
        ff: "FD",
        carry: "CARRY4",
        ebr: &[("RAMB18", 1), ("RAMB36", 2)],
        spram: None,
        dsp: None,
    },
    route: None,
};

pub(super) fn steps(family: Family) -> &'static Steps {
    match family {
        Family::Ice40 => &ICE40,
        Family::Ecp5 => &ECP5,
        Family::Gowin => &GOWIN,
        Family::Xc7 => &XC7,
    }
}

/// How nextpnr routes for a family.
///
/// # Errors
/// An internal error of a family for which it does not.
pub(super) fn route(family: Family) -> Result<&'static Route> {
    let route = steps(family).route.as_ref();
    route.ok_or_else(|| Diagnostic::internal("flow", "nextpnr does not route for this family"))
}

/// What a bitstream needs.
#[must_use]
pub fn to_bitstream(family: Family) -> Vec<Tool> {
    let routing = match &steps(family).route {
        Some(route) => vec![route.place_route, route.pack],
        None => vec![Tool::Vivado],
    };
    std::iter::once(Tool::Yosys).chain(routing).collect()
}

/// What it takes to read a bitstream back.
#[must_use]
pub fn to_read_back(family: Family) -> Vec<Tool> {
    let Some(route) = &steps(family).route else { return Vec::new() };
    // Packing again is a check only where the bitstream cannot be simulated.
    let pack = family.spec().routed.map(|_| route.pack);
    route.read_back.iter().copied().chain(route.unpack).chain(pack).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_back_takes_the_tools_of_the_family() {
        use Tool::{Ecppack, Ecpunpack, IceboxVlog, Iceunpack, Yosys};
        assert_eq!(to_read_back(Family::Ice40), [Yosys, IceboxVlog, Iceunpack]);
        // What cannot be simulated is packed again.
        assert_eq!(to_read_back(Family::Ecp5), [Ecpunpack, Ecppack]);
        // What cannot be unpacked either.
        assert_eq!(to_read_back(Family::Gowin), [Tool::GowinPack]);
        assert_eq!(to_bitstream(Family::Ecp5), [Yosys, Tool::NextpnrEcp5, Ecppack]);
        // Nothing open reads what Vivado writes.
        assert_eq!(to_bitstream(Family::Xc7), [Yosys, Tool::Vivado]);
        assert!(to_read_back(Family::Xc7).is_empty() && route(Family::Xc7).is_err());
    }
}

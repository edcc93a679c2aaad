// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The board's top module and its pins.

use askama::Template;

use super::vivado::period;
use super::{File, Probes, RTL_DIR, quoted};
use crate::diag::Result;
use crate::hw::{Design, PowerOn};
use crate::target::{Board, Family, Pace, Pll, Target};

#[derive(Template)]
#[template(path = "verilog/top.v", escape = "none")]
struct Top<'a> {
    model: String,
    target: &'a str,
    version: &'a str,
    /// The line between host and board, in words.
    line: String,
    spi: bool,
    divider: u32,
    inputs: u32,
    /// Bytes of weights that are loaded.
    load_bytes: u32,
    /// How they are read from the flash, if they are; else the host loads them.
    power_on: Option<PowerOn>,
    /// The nets of the line's bytes.
    rx: &'static str,
    identity: String,
    probes: Probes,
    /// The LEDs light when driven high.
    lit_high: bool,
    /// The PLL, if the clock comes from one.
    pll: Option<Pll>,
    /// Range of its filter.
    filter: u32,
    /// Frequencies of the design's clock and of the pin's.
    mhz: f64,
    pin_mhz: f64,
    /// The pin's period in nanoseconds.
    pin_ns: String,
    /// As the names of modules have it.
    family: &'static str,
    /// The nets of the clock and of its being good.
    clock: &'static str,
    locked: &'static str,
}

#[derive(Template)]
#[template(path = "verilog/pins.pcf", escape = "none")]
struct Pcf<'a> {
    target: &'a str,
    version: &'a str,
    pins: Vec<Pin<'a>>,
}

#[derive(Template)]
#[template(path = "verilog/pins.lpf", escape = "none")]
struct Lpf<'a> {
    target: &'a str,
    version: &'a str,
    pins: Vec<Pin<'a>>,
}

#[derive(Template)]
#[template(path = "verilog/pins.cst", escape = "none")]
struct Cst<'a> {
    target: &'a str,
    version: &'a str,
    pins: Vec<Pin<'a>>,
}

#[derive(Template)]
#[template(path = "verilog/pins.xdc", escape = "none")]
struct Xdc<'a> {
    target: &'a str,
    version: &'a str,
    /// Of the clock's pin, in nanoseconds.
    period: String,
    uart: bool,
    /// Ports whose timing has no relation to the clock.
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
    /// All pins have 3.3 V, and then those of the configuration have, too.
    config_3v3: bool,
    pins: Vec<Pin<'a>>,
}

impl<'a> Xdc<'a> {
    fn of(target: &'a str, version: &'a str, board: &Board, pins: Vec<Pin<'a>>) -> Self {
        let ports = |input| {
            let these = pins.iter().filter(move |p| p.is_input() == input && p.port != "clk_i");
            these.map(|p| p.port).collect()
        };
        Self {
            target,
            version,
            period: period(board.clock_mhz),
            uart: board.link.is_uart(),
            inputs: ports(true),
            outputs: ports(false),
            config_3v3: pins.iter().all(|p| p.io == Some("LVCMOS33")),
            pins,
        }
    }
}

/// A port, where it is, and its electrical standard.
struct Pin<'a> {
    port: &'a str,
    site: &'a str,
    io: Option<&'a str>,
}

impl Pin<'_> {
    /// Their names end in their direction.
    fn is_input(&self) -> bool {
        self.port.ends_with("_i") || self.port.ends_with("_ni")
    }
}

/// Top module and pin constraints.
pub(super) fn render(design: &Design, target: &Target, board: &Board) -> Result<Vec<File>> {
    let (version, pll) = (env!("CARGO_PKG_VERSION"), board.pll_setting);
    let power_on = PowerOn::of(design, board);
    let (line, divider) = match board.pace()? {
        Pace::Divider(divider) => {
            (format!("A serial line of {} baud", board.uart_baud), Some(divider))
        }
        Pace::Spi(mhz) => (format!("SPI at {mhz} MHz"), None),
    };
    let top = Top {
        model: quoted(&design.name),
        target: &target.name,
        version,
        line,
        spi: divider.is_none(),
        divider: divider.unwrap_or(0),
        inputs: design.input_bytes(),
        load_bytes: design.load_bytes(),
        power_on,
        rx: if power_on.is_some() { "line" } else { "rx" },
        identity: identity(design),
        probes: Probes::of(design),
        lit_high: board.pins.contains_key("led_busy_o"),
        pll,
        filter: pll.map_or(0, |p| p.filter(board.clock_mhz)),
        mhz: board.mhz(),
        pin_mhz: board.clock_mhz,
        family: match target.device.family {
            Family::Ice40 => "ice40",
            Family::Ecp5 => "ecp5",
            Family::Gowin => "gowin",
            Family::Xc7 => "xc7",
        },
        pin_ns: period(board.clock_mhz),
        clock: if pll.is_some() { "clk" } else { "clk_i" },
        locked: if pll.is_some() { "locked" } else { "1'b1" },
    };
    let pin = |(port, site)| {
        let own = board.io_standards.get(port);
        Pin { port, site, io: own.or(board.io_standard.as_ref()).map(String::as_str) }
    };
    let pins = board.used_pins().map(pin).collect();
    let (family, target) = (target.device.family, &target.name);
    let name = family.spec().constraints;
    let pins = match family {
        Family::Ice40 => File::rendered(name, &Pcf { target, version, pins })?,
        Family::Ecp5 => File::rendered(name, &Lpf { target, version, pins })?,
        Family::Gowin => File::rendered(name, &Cst { target, version, pins })?,
        Family::Xc7 => File::rendered(name, &Xdc::of(target, version, board, pins))?,
    };
    Ok(vec![File::rendered(format!("{RTL_DIR}/top.v"), &top)?, pins])
}

/// What the board answers to `identify`, as digits.
fn identity(design: &Design) -> String {
    design.identity().iter().map(|b| format!("{b:02X}")).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::hw::{Input, ReadoutStage, Stage};

    /// A readout of ten classes behind 784 inputs of a byte.
    pub(in super::super) fn design(name: &str) -> Design {
        let readout = ReadoutStage {
            name: "y".into(),
            input_bits: 2,
            gain: vec![1; 10],
            offset: vec![0; 10],
            gain_bits: 1,
            offset_bits: 2,
            logit_bits: 3,
            block: false,
            steps: 1,
            members: 1,
            margins: Vec::new(),
        };
        Design {
            shared: None,
            family: crate::target::Family::Ice40,
            name: name.into(),
            timesteps: 4,
            input: Input { count: 784, bits: 8, changes: false },
            stages: vec![Stage::Readout(readout)],
            trace: false,
            knobs: None,
        }
    }

    /// The pins' file of a board.
    fn pins(board: &str) -> String {
        let target = crate::target::load(board).unwrap();
        let board = target.board.clone().unwrap();
        let files = render(&design("y"), &target, &board).unwrap();
        String::from_utf8(files[1].contents.clone()).unwrap()
    }

    /// Of the Tang Nano 9K's pins those of the LEDs have another voltage.
    #[test]
    fn pins_have_their_places_and_voltages() {
        let text = pins("tangnano9k");
        for line in [
            "IO_LOC \"clk_i\" 52;\nIO_PORT \"clk_i\" IO_TYPE=LVCMOS33 PULL_MODE=NONE;",
            "IO_LOC \"led_busy_no\" 10;\nIO_PORT \"led_busy_no\" IO_TYPE=LVCMOS18 DRIVE=8;",
            "IO_PORT \"led_error_no\" IO_TYPE=LVCMOS18 DRIVE=8;",
            "IO_PORT \"uart_rx_i\" IO_TYPE=LVCMOS33 PULL_MODE=UP;",
            "IO_LOC \"uart_tx_o\" 17;\nIO_PORT \"uart_tx_o\" IO_TYPE=LVCMOS33 DRIVE=8;",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        let text = pins("tangnano20k");
        assert!(text.contains("\"led_busy_no\" IO_TYPE=LVCMOS33 DRIVE=8;"), "{text}");
        let text = pins("ulx3s-25f");
        let rx = "LOCATE COMP \"uart_rx_i\" SITE \"M1\";\n\
            IOBUF PORT \"uart_rx_i\" IO_TYPE=LVCMOS33 PULLMODE=UP;\n";
        assert!(text.contains(rx), "{text}");
        assert!(pins("icebreaker").contains("\nset_io clk_i 35\n"));
        let text = pins("arty-a7-35t");
        for line in [
            "set_property -dict {PACKAGE_PIN A9 IOSTANDARD LVCMOS33} [get_ports uart_rx_i]",
            "create_clock -name clk_i -period 10.000 [get_ports clk_i]",
            "set_false_path -from [get_ports {uart_rx_i}]",
            "set_false_path -to [get_ports {led_busy_o led_error_o uart_tx_o}]",
            "set_property PULLUP true [get_ports uart_rx_i]",
            "set_property CONFIG_VOLTAGE 3.3 [current_design]",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
    }

    /// Each port of the top module has one place, and each place is a port's.
    #[test]
    fn every_port_has_one_constraint() {
        let target = crate::target::load("arty-a7-35t").unwrap();
        let files = render(&design("y"), &target, &target.board.clone().unwrap()).unwrap();
        let [top, xdc] = [0, 1].map(|i| String::from_utf8(files[i].contents.clone()).unwrap());
        let head = top.split(");").next().unwrap();
        let mut ports: Vec<&str> = head
            .lines()
            .filter(|l| l.trim_start().starts_with("input") || l.trim_start().starts_with("output"))
            .filter_map(|l| l.trim_end_matches(',').rsplit(' ').next())
            .collect();
        let placed = xdc.lines().filter(|l| l.contains("PACKAGE_PIN"));
        let mut placed: Vec<&str> =
            placed.filter_map(|l| l.split("[get_ports ").nth(1)?.strip_suffix(']')).collect();
        ports.sort_unstable();
        placed.sort_unstable();
        assert_eq!((ports.len(), &ports), (5, &placed));
        let pll =
            "sf_pll_xc7 #(.REFERENCE(1), .FEEDBACK(8), .OUTPUT(16), .PERIOD_NS(10.000)) u_pll";
        assert!(top.contains(pll), "{top}");
    }

    /// Another voltage is not that of the configuration.
    #[test]
    fn the_voltage_of_the_configuration_is_that_of_all_pins() {
        let mut target = crate::target::load("arty-a7-35t").unwrap();
        let board = target.board.as_mut().unwrap();
        board.io_standards.insert("led_busy_o".into(), "LVCMOS18".into());
        let board = board.clone();
        let files = render(&design("y"), &target, &board).unwrap();
        let text = String::from_utf8(files[1].contents.clone()).unwrap();
        assert!(text.contains("IOSTANDARD LVCMOS18") && !text.contains("CONFIG_VOLTAGE"), "{text}");
    }

    #[test]
    fn the_board_says_what_it_runs() {
        // SYNF, version 1, T = 4, 10 classes, 784 = 0x0310 inputs, "student".
        assert_eq!(identity(&design("student_large")), "53594E4601040A031073747564656E74");
        // A short name is followed by zeros.
        assert_eq!(identity(&design("ab")), "53594E4601040A031061620000000000");
    }
}

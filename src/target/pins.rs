// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The pins of a board: which ports the top module has, and how tools may be told of them.

use super::{Board, FLASH_PINS};

/// Ports of each link between host and board.
const UART_PINS: [&str; 2] = ["uart_rx_i", "uart_tx_o"];
const SPI_PINS: [&str; 4] = ["spi_sck_i", "spi_cs_ni", "spi_mosi_i", "spi_miso_o"];
/// LEDs that light when driven low, and such that do when driven high.
const LEDS: [[&str; 2]; 2] = [["led_busy_no", "led_error_no"], ["led_busy_o", "led_error_o"]];

impl Board {
    /// What is wrong with its pins, if anything: a port without one, a port that the top module has
    /// not, a name that would be more than a word in a file of constraints.
    pub(super) fn pins_fault(&self) -> Option<(&'static str, String)> {
        let has = |port: &str| self.pins.contains_key(port);
        let leds = LEDS[usize::from(has("led_busy_o"))];
        let spi = if self.spi_mhz.is_some() { &SPI_PINS[..] } else { &[] };
        let uart = if self.link.is_uart() { &UART_PINS[..] } else { &[] };
        let needed = || ["clk_i"].iter().chain(uart).chain(spi).chain(&leds);
        if let Some(missing) = needed().find(|port| !has(port)) {
            return Some(("board.pins", format!("it does not say which pin is `{missing}`")));
        }
        let all = || needed().chain(&UART_PINS).chain(&SPI_PINS).chain(&FLASH_PINS);
        if let Some(port) = self.pins.keys().find(|port| all().all(|known| known != *port)) {
            return Some(("board.pins", format!("the top module has no port `{port}`")));
        }
        let named = self.pins.values().chain(self.io_standards.values()).chain(&self.io_standard);
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if let Some(bad) = named.into_iter().find(|n| n.is_empty() || !n.chars().all(word)) {
            return Some(("board.pins", format!("`{bad}` is no name of a pin or a standard")));
        }
        // Those of a link that is not used may be another's.
        let mut used: Vec<_> = self.used_pins().map(|(port, pin)| (pin, port)).collect();
        used.sort_unstable();
        let twice = used.windows(2).find(|w| w[0].0 == w[1].0)?;
        let (pin, a, b) = (twice[0].0, twice[0].1, twice[1].1);
        Some(("board.pins", format!("pin {pin} is both `{a}` and `{b}`")))
    }
}

#[cfg(test)]
mod tests {
    use crate::target;

    #[test]
    fn every_port_has_a_pin_and_every_pin_a_port() {
        let sound = target::load("arty-a7-35t").unwrap().board.unwrap();
        assert_eq!(sound.pins_fault(), None);
        let fault = |from: &str, to: Option<(&str, &str)>| {
            let mut board = sound.clone();
            board.pins.remove(from);
            board.pins.extend(to.map(|(port, pin)| (port.to_owned(), pin.to_owned())));
            board.pins_fault().map(|f| f.1).unwrap_or_default()
        };
        for port in ["clk_i", "uart_rx_i", "uart_tx_o", "led_error_o"] {
            let wanted = format!("it does not say which pin is `{port}`");
            assert_eq!(fault(port, None), wanted);
        }
        assert!(fault("led_busy_o", None).contains("led_busy_no"));
        assert_eq!(fault("", Some(("reset_i", "C2"))), "the top module has no port `reset_i`");
        // LEDs of both kinds.
        assert!(fault("", Some(("led_busy_no", "T9"))).contains("no port `led_busy_no`"));
        assert_eq!(fault("", Some(("clk_i", "A9"))), "pin A9 is both `clk_i` and `uart_rx_i`");
        for bad in ["", "E3} ; exec ls", "E3\nB2", "[E3]", "\"E3\"", "$E"] {
            assert!(fault("", Some(("clk_i", bad))).contains("no name of a pin"), "{bad}");
        }
        let mut board = sound.clone();
        board.io_standard = Some("LVCMOS33 }".into());
        assert!(board.pins_fault().is_some());
        board.io_standard = None;
        board.io_standards.insert("clk_i".into(), "a b".into());
        assert!(board.pins_fault().is_some());
    }

    #[test]
    fn a_board_with_spi_has_its_pins() {
        let sound = target::load("icebreaker").unwrap().board.unwrap();
        assert_eq!(sound.pins_fault(), None);
        let mut board = sound.clone();
        board.pins.remove("spi_cs_ni");
        assert!(board.pins_fault().unwrap().1.contains("spi_cs_ni"));
        board.spi_mhz = None;
        assert_eq!(board.pins_fault(), None);
    }
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The PLL in a routed ECP5 netlist: its clock passes through, what it is set to is read.

use super::netlist::Ecp5;
use crate::diag::Result;
use crate::flow::routed::{Netlist, number, unknown};
use crate::target::Pll;

/// The cell's type.
pub(super) const CELL: &str = "EHXPLLL";

/// Settings that are always the same: the feedback comes from the output that is used, nothing
/// stops it or shifts it while it runs.
const FIXED: &[(&str, &str)] = &[
    ("FEEDBK_PATH", "CLKOP"),
    ("CLKOP_ENABLE", "ENABLED"),
    ("OUTDIVIDER_MUXA", "DIVA"),
    ("PLLRST_ENA", "DISABLED"),
    ("STDBY_ENABLE", "DISABLED"),
    ("DPHASE_SOURCE", "DISABLED"),
];

/// What the PLL is set to, if there is one.
pub(in crate::flow) fn read(netlist: &Netlist) -> Result<Option<Pll>> {
    let mut plls = netlist.cells()?.filter(|(_, cell)| cell.kind == CELL);
    let Some((name, cell)) = plls.next() else { return Ok(None) };
    if plls.next().is_some() {
        return Err(unknown("there is more than one PLL"));
    }
    Ecp5(cell).pll().map(Some).map_err(|d| d.at(name.clone()))
}

impl Ecp5<'_> {
    fn pll(&self) -> Result<Pll> {
        if let Some((name, value)) = FIXED.iter().find(|(n, v)| self.parameter(n) != *v) {
            return Err(unknown(format!("a PLL with another {name} than {value}")));
        }
        let of = |name: &str| {
            let number = number(self.parameter(name)).filter(|n| (1..=128).contains(n));
            number.ok_or_else(|| unknown(format!("a PLL without {name}")))
        };
        let output = of("CLKOP_DIV")?;
        Ok(Pll { reference: of("CLKI_DIV")?, feedback: of("CLKFB_DIV")? * output, output })
    }

    /// The clock is the pin's, and locked at once.
    pub(super) fn pll_instance(&self) -> Result<String> {
        self.pll()?;
        let to = self.output("CLKOP").ok_or_else(|| unknown("a PLL without CLKOP"))?;
        let lock = self.output("LOCK").map(|l| format!("assign {l} = 1'b1;\n"));
        Ok(format!("assign {to} = {};\n{}", self.input("CLKI")?, lock.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMETERS: &str = r#""CLKI_DIV":"00000000000000000000000000000010","CLKFB_DIV":"3 ",
        "CLKOP_DIV":"00000000000000000000000000001000","FEEDBK_PATH":"CLKOP","CLKOP_ENABLE":"ENABLED",
        "OUTDIVIDER_MUXA":"DIVA","PLLRST_ENA":"DISABLED","STDBY_ENABLE":"DISABLED","DPHASE_SOURCE":"DISABLED""#;

    fn netlist(cells: &[&str]) -> Netlist {
        let cells: Vec<_> =
            cells.iter().enumerate().map(|(i, c)| format!(r#""x{i}":{{{c}}}"#)).collect();
        let json = format!(
            r#"{{"modules":{{"top":{{"ports":{{"a":{{"direction":"input","bits":[2]}},"y":{{"direction":"output","bits":[3]}}}},"cells":{{{}}}}}}}}}"#,
            cells.join(",")
        );
        Netlist::parse(crate::target::Family::Ecp5, json.as_bytes()).unwrap()
    }

    fn cell(parameters: &str) -> String {
        format!(
            r#""type":"EHXPLLL","parameters":{{{parameters}}},"connections":{{"CLKI":[2],"CLKFB":[3],"CLKOP":[3],"LOCK":[4]}}"#
        )
    }

    #[test]
    fn the_clock_passes_and_the_setting_is_read() {
        let one = netlist(&[&cell(PARAMETERS)]);
        let pll = Pll { reference: 2, feedback: 24, output: 8 };
        assert_eq!(one.pll().unwrap(), Some(pll));
        let text = one.to_verilog("top").unwrap();
        assert!(text.contains("assign n3 = n2;\nassign n4 = 1'b1;\n"), "{text}");
        assert_eq!(netlist(&[]).pll().unwrap(), None);
    }

    #[test]
    fn another_use_of_it_is_refused() {
        let changed = |from: &str, to: &str| netlist(&[&cell(&PARAMETERS.replace(from, to))]);
        let mut refused = vec![
            (netlist(&[&cell(PARAMETERS), &cell(PARAMETERS)]), "more than one"),
            (changed(r#""CLKFB_DIV":"3 ""#, r#""CLKFB_DIV":"129""#), "CLKFB_DIV"),
            (changed(r#""CLKFB_DIV":"3 ""#, r#""CLKFB_DIV":"0""#), "CLKFB_DIV"),
            (changed("CLKI_DIV", "CLKI"), "CLKI_DIV"),
        ];
        for (name, value) in FIXED {
            let pair = format!(r#""{name}":"{value}""#);
            refused.push((changed(&pair, &format!(r#""{name}":"OTHER""#)), name));
        }
        for (netlist, words) in refused {
            let error = netlist.pll().unwrap_err();
            assert_eq!(error.code.id, "SF0509", "{error}");
            assert!(error.message.contains(words), "{words}: {error}");
            assert!(words == "more than one" || netlist.to_verilog("top").is_err(), "{words}");
        }
    }
}

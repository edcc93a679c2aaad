// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The PLL of an iCE40 that was turned back into Verilog.
//!
//! `icebox_vlog` writes the cell with all that it is set to, but not that its clock comes from the
//! pin beside it.

use crate::diag::{Diagnostic, Result, codes};
use crate::target::Pll;

/// The cell, as far as a design of ours has it.
const CELL: &str = "SB_PLL40_PAD #(";

/// Settings of the cell that are always the same: the feedback straight from the oscillator, no
/// delay, no gate.
const FIXED: &[(&str, &str)] = &[
    ("FEEDBACK_PATH", "\"SIMPLE\""),
    ("PLLOUT_SELECT", "\"GENCLK\""),
    ("ENABLE_ICEGATE", "1'b0"),
    ("TEST_MODE", "1'b0"),
];

/// What a bitstream sets the PLL to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadPll {
    /// Divisors and factor.
    pub pll: Pll,
    /// Range of the filter.
    pub filter: u32,
}

/// Joins the PLL's pin to a port of the module, and says what it is set to; a text without a PLL
/// stays as it is.
///
/// # Errors
/// [`codes::ASC_FORMAT`] for several of them, and for one that does something else.
pub fn join(verilog: &str, port: &str) -> Result<(String, Option<ReadPll>)> {
    let wrong = |what: &str| Diagnostic::new(&codes::ASC_FORMAT, format!("the PLL {what}"));
    if verilog.contains("SB_PLL40") && verilog.matches("SB_PLL40").count() != 1 {
        return Err(wrong("is there more than once"));
    }
    let Some((before, cell)) = verilog.split_once("SB_PLL40") else {
        return Ok((verilog.to_owned(), None));
    };
    let cell = format!("SB_PLL40{cell}");
    let Some((cell, after)) = cell.split_once(");").filter(|(c, _)| c.starts_with(CELL)) else {
        return Err(wrong("is not one beside a pin"));
    };
    for (name, value) in FIXED {
        if parameter(cell, name) != Some(value) {
            return Err(wrong(&format!("has another {name} than {value}")));
        }
    }
    let number = |name: &str| {
        let bits = parameter(cell, name).and_then(|v| v.split_once("'b"));
        let number = bits.and_then(|(_, b)| u32::from_str_radix(b, 2).ok());
        number.ok_or_else(|| wrong(&format!("has no {name}")))
    };
    let pll = Pll {
        reference: number("DIVR")? + 1,
        feedback: number("DIVF")? + 1,
        output: 1 << number("DIVQ")?.min(7),
    };
    let net = parameter(cell, "PACKAGEPIN").ok_or_else(|| wrong("has no pin"))?;
    let read = ReadPll { pll, filter: number("FILTER_RANGE")? };
    let (body, end) = after.rsplit_once("endmodule").ok_or_else(|| wrong("has no module"))?;
    let text = format!("{before}{cell});{body}assign {net} = {port};\nendmodule{end}");
    Ok((text, Some(read)))
}

/// What stands between the brackets of `.name(…)`.
fn parameter<'a>(cell: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = cell.split_once(&format!(".{name}("))?;
    rest.split_once(')').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `icebox_vlog` writes it.
    const TEXT: &str = "module top (input clk_i);\nwire n1, n2, n3, n5, n6;\nSB_PLL40_PAD #(
  .FEEDBACK_PATH(\"SIMPLE\"),
  .PLLOUT_SELECT(\"GENCLK\"),
  .DIVR(4'b0001),
  .DIVF(7'b0111111),
  .DIVQ(3'b101),
  .FILTER_RANGE(3'b011),
  .ENABLE_ICEGATE(1'b0),
  .TEST_MODE(1'b0)
) PLL_12_31 (
  .PACKAGEPIN(n5),
  .PLLOUTGLOBAL(n1),
  .LOCK(n6)
);
assign n2 = n3;
endmodule
";

    #[test]
    fn the_pin_is_joined_and_the_setting_read() {
        let (text, read) = join(TEXT, "clk_i").unwrap();
        let pll = Pll { reference: 2, feedback: 64, output: 32 };
        assert_eq!(read, Some(ReadPll { pll, filter: 3 }));
        let wanted = TEXT.replace("endmodule", "assign n5 = clk_i;\nendmodule");
        assert_eq!(text, wanted);
        let none = "module top ();\nendmodule\n";
        assert_eq!(join(none, "clk_i").unwrap(), (none.to_owned(), None));
    }

    #[test]
    fn a_pll_that_does_something_else_is_refused() {
        let mut twice = TEXT.replace("endmodule", "SB_PLL40_PAD #(");
        twice += "endmodule";
        for (text, words) in [
            (twice, "more than once"),
            (TEXT.replace("40_PAD", "40_CORE"), "beside a pin"),
            (TEXT.replace("SIMPLE", "DELAY"), "FEEDBACK_PATH"),
            (TEXT.replace("GENCLK", "GENCLK_HALF"), "PLLOUT_SELECT"),
            (TEXT.replace("ENABLE_ICEGATE(1'b0)", "ENABLE_ICEGATE(1'b1)"), "ENABLE_ICEGATE"),
            (TEXT.replace("TEST_MODE(1'b0)", "TEST_MODE(1'b1)"), "TEST_MODE"),
            (TEXT.replace("DIVF(7'b0111111)", "DIVF(x)"), "DIVF"),
            (TEXT.replace(".FILTER_RANGE", ".FILTER"), "FILTER_RANGE"),
            (TEXT.replace("PACKAGEPIN", "PIN"), "no pin"),
        ] {
            let error = join(&text, "clk_i").unwrap_err();
            assert_eq!(error.code.id, "SF0507", "{error}");
            assert!(error.message.contains(words), "{words}: {error}");
        }
    }
}

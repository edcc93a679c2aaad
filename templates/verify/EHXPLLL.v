// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// EHXPLLL: what a simulation that counts cycles needs of an ECP5's PLL. The clock is the pin's,
// and it is locked at once; which frequency the parameters make is compared by whoever reads them
// back (src/flow/ecp5/pll.rs).
`default_nettype none
/* verilator lint_off UNUSEDPARAM */
/* verilator lint_off UNUSEDSIGNAL */

module EHXPLLL #(
  parameter integer CLKI_DIV       = 1,
  parameter integer CLKFB_DIV      = 1,
  parameter integer CLKOP_DIV      = 1,
  parameter integer CLKOP_CPHASE   = 0,
  parameter integer CLKOP_FPHASE   = 0,
  parameter         FEEDBK_PATH    = "CLKOP",
  parameter         CLKOP_ENABLE   = "ENABLED",
  parameter         PLLRST_ENA     = "DISABLED",
  parameter         INTFB_WAKE     = "DISABLED",
  parameter         STDBY_ENABLE   = "DISABLED",
  parameter         DPHASE_SOURCE  = "DISABLED",
  parameter         OUTDIVIDER_MUXA = "DIVA"
) (
  input  wire CLKI, CLKFB, RST, STDBY, ENCLKOP, PLLWAKESYNC,
  input  wire PHASESEL0, PHASESEL1, PHASEDIR, PHASESTEP, PHASELOADREG,
  output wire CLKOP, LOCK
);

  assign CLKOP = CLKI;
  assign LOCK  = !RST;

endmodule

/* verilator lint_on UNUSEDSIGNAL */
/* verilator lint_on UNUSEDPARAM */
`default_nettype wire

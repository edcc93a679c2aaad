// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// SB_PLL40_PAD: what a simulation that counts cycles needs of an iCE40's PLL. The clock is the
// pin's, and it is locked at once; which frequency the parameters make is compared by whoever
// reads them back (src/flow/pll.rs).
`default_nettype none
/* verilator lint_off UNUSEDPARAM */
/* verilator lint_off UNUSEDSIGNAL */

module SB_PLL40_PAD #(
  parameter       FEEDBACK_PATH                  = "SIMPLE",
  parameter       DELAY_ADJUSTMENT_MODE_FEEDBACK = "FIXED",
  parameter       DELAY_ADJUSTMENT_MODE_RELATIVE = "FIXED",
  parameter       PLLOUT_SELECT                  = "GENCLK",
  parameter [1:0] SHIFTREG_DIV_MODE              = 2'b00,
  parameter [3:0] FDA_FEEDBACK                   = 4'b0000,
  parameter [3:0] FDA_RELATIVE                   = 4'b0000,
  parameter [3:0] DIVR                           = 4'b0000,
  parameter [6:0] DIVF                           = 7'b0000000,
  parameter [2:0] DIVQ                           = 3'b000,
  parameter [2:0] FILTER_RANGE                   = 3'b000,
  parameter       ENABLE_ICEGATE                 = 1'b0,
  parameter       TEST_MODE                      = 1'b0,
  parameter integer EXTERNAL_DIVIDE_FACTOR       = 1
) (
  input  wire       PACKAGEPIN, EXTFEEDBACK, BYPASS, RESETB, LATCHINPUTVALUE, SDI, SCLK,
  input  wire [7:0] DYNAMICDELAY,
  output wire       PLLOUTCORE, PLLOUTGLOBAL, LOCK, SDO
);

  assign PLLOUTCORE   = PACKAGEPIN;
  assign PLLOUTGLOBAL = PACKAGEPIN;
  assign LOCK         = RESETB & !BYPASS;
  assign SDO          = 1'b0;

endmodule

/* verilator lint_on UNUSEDSIGNAL */
/* verilator lint_on UNUSEDPARAM */
`default_nettype wire

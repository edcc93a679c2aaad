// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// PLLE2_BASE and the buffer behind it: what a simulation that counts cycles needs of a 7-series PLL.
// The clock is the pin's, and it is locked at once; which frequency the parameters make is not seen.
`default_nettype none
/* verilator lint_off UNUSEDPARAM */
/* verilator lint_off UNUSEDSIGNAL */
/* verilator lint_off DECLFILENAME */

module PLLE2_BASE #(
  parameter integer DIVCLK_DIVIDE  = 1,
  parameter integer CLKFBOUT_MULT  = 5,
  parameter integer CLKOUT0_DIVIDE = 1,
  parameter real    CLKIN1_PERIOD  = 0.0
) (
  input  wire CLKIN1, CLKFBIN, RST, PWRDWN,
  output wire CLKOUT0, CLKFBOUT, LOCKED
);

  assign CLKOUT0  = CLKIN1;
  assign CLKFBOUT = 1'b0;
  assign LOCKED   = !(RST | PWRDWN);

endmodule

module BUFG (
  input  wire I,
  output wire O
);

  assign O = I;

endmodule

/* verilator lint_on DECLFILENAME */
/* verilator lint_on UNUSEDSIGNAL */
/* verilator lint_on UNUSEDPARAM */
`default_nettype wire

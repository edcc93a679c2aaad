// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_pll_ice40: the clock of an iCE40's PLL, made of the one at its own pin.
//
// Contract
//   REFERENCE, FEEDBACK, OUTPUT  divisors and factor: clk_o is clk_pin_i / REFERENCE * FEEDBACK /
//                OUTPUT; 1 ..= 16, 1 ..= 128, a power of two in 2 ..= 64. Which frequencies are
//                possible on the way says src/target/pll.rs.
//   FILTER       range of the loop's filter, 1 ..= 6
//   clk_pin_i    the pin beside the PLL (SB_PLL40_PAD), used for nothing else
//   clk_o        on a global net
//   locked_o     high once the PLL has locked, through two flip-flops of clk_o
//   In a simulation the primitive needs a model (templates/verify/SB_PLL40_PAD.v): frequencies are not
//   simulated, clk_o is clk_pin_i.
`default_nettype none

module sf_pll_ice40 #(
  parameter integer REFERENCE = 1,
  parameter integer FEEDBACK  = 64,
  parameter integer OUTPUT    = 32,
  parameter integer FILTER    = 1
) (
  input  wire clk_pin_i,
  output wire clk_o,
  output wire locked_o
);

  localparam DIVR = REFERENCE - 1;
  localparam DIVF = FEEDBACK - 1;
  localparam DIVQ = $clog2(OUTPUT);

  wire lock;

  /* verilator lint_off PINMISSING */
  SB_PLL40_PAD #(
    .FEEDBACK_PATH("SIMPLE"),
    .DIVR(DIVR[3:0]), .DIVF(DIVF[6:0]), .DIVQ(DIVQ[2:0]), .FILTER_RANGE(FILTER[2:0])
  ) u_pll (
    .PACKAGEPIN(clk_pin_i), .PLLOUTGLOBAL(clk_o), .LOCK(lock), .RESETB(1'b1), .BYPASS(1'b0)
  );
  /* verilator lint_on PINMISSING */

  // The lock comes at any time.
  reg [1:0] lock_q;
  initial lock_q = 2'b00;
  always @(posedge clk_o) lock_q <= {lock_q[0], lock};
  assign locked_o = lock_q[1];

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_pll_xc7: the clock of a 7-series PLL, made of the one at a pin.
//
// Contract
//   REFERENCE, FEEDBACK, OUTPUT  divisors and factor: clk_o is clk_pin_i / REFERENCE * FEEDBACK /
//                OUTPUT, with 1 ..= 56, 2 ..= 64, 1 ..= 128. Which frequencies are possible on the
//                way says src/target/pll.rs.
//   PERIOD_NS    the period of clk_pin_i
//   clk_pin_i    the clock's pin
//   clk_o        the PLL's first output, on the clock's network
//   locked_o     high once the PLL has locked, through two flip-flops of clk_o
//   In a simulation the primitives need models (templates/verify/PLLE2_BASE.v): frequencies are not
//   simulated, clk_o is clk_pin_i.
`default_nettype none

module sf_pll_xc7 #(
  parameter integer REFERENCE = 1,
  parameter integer FEEDBACK  = 8,
  parameter integer OUTPUT    = 16,
  parameter real    PERIOD_NS = 10.0
) (
  input  wire clk_pin_i,
  output wire clk_o,
  output wire locked_o
);

  wire made, feedback, lock;

  /* verilator lint_off PINMISSING */
  // The phase to the pin's clock does not matter, so the feedback stays inside.
  PLLE2_BASE #(
    .DIVCLK_DIVIDE(REFERENCE), .CLKFBOUT_MULT(FEEDBACK), .CLKOUT0_DIVIDE(OUTPUT),
    .CLKIN1_PERIOD(PERIOD_NS)
  ) u_pll (
    .CLKIN1(clk_pin_i), .CLKFBIN(feedback), .CLKFBOUT(feedback), .CLKOUT0(made), .LOCKED(lock),
    .RST(1'b0), .PWRDWN(1'b0)
  );
  /* verilator lint_on PINMISSING */

  BUFG u_clock (.I(made), .O(clk_o));

  // The lock comes at any time.
  reg [1:0] lock_q;
  initial lock_q = 2'b00;
  always @(posedge clk_o) lock_q <= {lock_q[0], lock};
  assign locked_o = lock_q[1];

endmodule

`default_nettype wire

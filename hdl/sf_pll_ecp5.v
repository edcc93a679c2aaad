// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_pll_ecp5: the clock of an ECP5's PLL, made of the one at a pin.
//
// Contract
//   REFERENCE, FEEDBACK, OUTPUT  divisors and factor: clk_o is clk_pin_i / REFERENCE * FEEDBACK /
//                OUTPUT. The feedback comes from the output, so OUTPUT divides FEEDBACK; REFERENCE,
//                OUTPUT and FEEDBACK / OUTPUT are 1 ..= 128. Which frequencies are possible on the
//                way says src/target/pll.rs.
//   clk_pin_i    the clock's pin
//   clk_o        the PLL's primary output (CLKOP)
//   locked_o     high once the PLL has locked, through two flip-flops of clk_o
//   In a simulation the primitive needs a model (templates/verify/EHXPLLL.v): frequencies are not
//   simulated, clk_o is clk_pin_i.
`default_nettype none

module sf_pll_ecp5 #(
  parameter integer REFERENCE = 1,
  parameter integer FEEDBACK  = 16,
  parameter integer OUTPUT    = 8
) (
  input  wire clk_pin_i,
  output wire clk_o,
  output wire locked_o
);

  wire lock;

  /* verilator lint_off PINMISSING */
  // The phase is that of the output's own divisor, as the tools of the family count it.
  EHXPLLL #(
    .CLKI_DIV(REFERENCE), .CLKFB_DIV(FEEDBACK / OUTPUT), .CLKOP_DIV(OUTPUT),
    .FEEDBK_PATH("CLKOP"), .CLKOP_ENABLE("ENABLED"),
    .CLKOP_CPHASE(OUTPUT / 2), .CLKOP_FPHASE(0),
    .PLLRST_ENA("DISABLED"), .INTFB_WAKE("DISABLED"), .STDBY_ENABLE("DISABLED"),
    .DPHASE_SOURCE("DISABLED"), .OUTDIVIDER_MUXA("DIVA")
  ) u_pll (
    .CLKI(clk_pin_i), .CLKFB(clk_o), .CLKOP(clk_o), .LOCK(lock),
    .RST(1'b0), .STDBY(1'b0), .ENCLKOP(1'b0), .PLLWAKESYNC(1'b0),
    .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1)
  );
  /* verilator lint_on PINMISSING */

  // The lock comes at any time.
  reg [1:0] lock_q;
  initial lock_q = 2'b00;
  always @(posedge clk_o) lock_q <= {lock_q[0], lock};
  assign locked_o = lock_q[1];

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_por: power-on reset.
//
// Contract
//   Parameters  LOG2_CYCLES  1 ..= 24; rst_o is high for exactly 2**LOG2_CYCLES rising edges.
//   Ports       clk_i        clock
//               locked_i     the clock is good; 1 where it comes from a pin
//               rst_o        synchronous reset, active high, straight from a flip-flop's inverse
//   Timing      counts the clock edges with locked_i since configuration or since the last edge
//               without it, which begins the reset anew.
//   Invariant   relies on the flip-flops' initial value 0, which is what an iCE40 configures.
//
// Why it is needed: on iCE40 the block RAMs do not show their initial contents for a few
// microseconds after configuration, while the fabric already runs. LOG2_CYCLES = 8 is 21 us at 12 MHz.

`default_nettype none

module sf_por #(
    parameter integer LOG2_CYCLES = 8
) (
    input  wire clk_i,
    input  wire locked_i,
    output wire rst_o
);

  reg [LOG2_CYCLES:0] count_q;
  initial count_q = {(LOG2_CYCLES + 1) {1'b0}};

  assign rst_o = !count_q[LOG2_CYCLES];

  always @(posedge clk_i) begin
    if (rst_o) count_q <= count_q + 1'b1;
    if (!locked_i) count_q <= {(LOG2_CYCLES + 1) {1'b0}};
  end

`ifdef FORMAL
  // f_edges: good clock edges since the last bad one, held at 2**LOG2_CYCLES.
  reg [LOG2_CYCLES+1:0] f_edges = 0;
  always @(posedge clk_i) begin
    if (!locked_i) f_edges <= 0;
    else if (f_edges != (1 << LOG2_CYCLES)) f_edges <= f_edges + 1'b1;
  end

  always @(posedge clk_i) begin
    a_exact : assert (rst_o == (f_edges < (1 << LOG2_CYCLES)));
    a_count : assert (count_q == f_edges[LOG2_CYCLES:0]);
  end
`endif

endmodule

`default_nettype wire

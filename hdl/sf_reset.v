// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_reset: the core's reset, from power-on and from damaged frames.
//
// Contract
//   rst_o is rst_i | abort_i one cycle later: the register cuts the path from the
//   checksum to every register of the core.
`default_nettype none

module sf_reset (
  input  wire clk_i,
  input  wire rst_i,
  input  wire abort_i,
  output reg  rst_o
);

  always @(posedge clk_i) rst_o <= rst_i | abort_i;

`ifdef FORMAL
  reg f_past = 1'b0, f_before;
  always @(posedge clk_i) begin
    f_past   <= 1'b1;
    f_before <= rst_i | abort_i;
    if (f_past) a_reset : assert (rst_o == f_before);
  end
`endif

endmodule

`default_nettype wire

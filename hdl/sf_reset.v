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

endmodule

`default_nettype wire

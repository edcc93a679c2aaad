// SPDX-License-Identifier: Apache-2.0 OR MIT
// A counter that wraps before LIMIT, with the property that says so.
`default_nettype none

module wrap #(
    parameter LIMIT = 10,
    parameter WRONG = 0
) (
    input wire clk_i,
    input wire rst_i,
    input wire step_i,
    output reg [7:0] count_o
);
  wire last = count_o == LIMIT - 1 + WRONG;
  always @(posedge clk_i) begin
    if (step_i) count_o <= last ? 8'd0 : count_o + 8'd1;
    if (rst_i) count_o <= 8'd0;
  end

`ifdef FORMAL
  initial count_o = 8'd0;
  always @(posedge clk_i) below_limit : assert (count_o < LIMIT);
`endif
endmodule

`default_nettype wire

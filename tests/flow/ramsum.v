// SPDX-License-Identifier: Apache-2.0 OR MIT
// Sums the words of a block RAM, one a clock: a small design that needs every kind of
// cell the flow has to carry through (look-up tables, carries, registers, memory contents).
`default_nettype none

module ramsum (
    input wire clk_i,
    input wire rst_i,
    output reg [15:0] sum_o,
    output reg valid_o
);
  (* ram_style = "block" *) reg [15:0] mem[0:255];
  initial $readmemh("ramsum.hex", mem);

  reg [8:0] addr_q;
  reg [15:0] word_q;
  reg live_q;

  always @(posedge clk_i) begin
    word_q <= mem[addr_q[7:0]];
    live_q <= !addr_q[8];
    if (live_q) sum_o <= sum_o + word_q;
    valid_o <= addr_q[8] && !live_q;
    if (!addr_q[8]) addr_q <= addr_q + 9'd1;
    if (rst_i) begin
      addr_q <= 9'd0;
      live_q <= 1'b0;
      sum_o <= 16'd0;
      valid_o <= 1'b0;
    end
  end
endmodule

`default_nettype wire

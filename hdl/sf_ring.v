// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_ring: the addresses of a job's parameters, channel by channel, place after place.
//
// Contract
//   AW, NW      widths of an address and of a number of channels
//   start_i     one cycle: addr_o is base_i from the next one on
//   last_i      channels of a place, minus 1; with base_i stable during a job
//   next_i      addr_o becomes the next channel's; after the last one base_i again
`default_nettype none

module sf_ring #(
  parameter AW = 8,
  parameter NW = 6
) (
  input  wire          clk_i,
  input  wire          start_i,
  input  wire [AW-1:0] base_i,
  input  wire [NW-1:0] last_i,
  input  wire          next_i,
  output wire [AW-1:0] addr_o
);

  reg [AW-1:0] addr_q;
  reg [NW-1:0] at_q;
  wire         last = at_q == last_i;

  assign addr_o = addr_q;

  always @(posedge clk_i) begin
    if (start_i) begin
      addr_q <= base_i;
      at_q   <= {NW{1'b0}};
    end else if (next_i) begin
      addr_q <= last ? base_i : addr_q + 1'b1;
      at_q   <= last ? {NW{1'b0}} : at_q + 1'b1;
    end
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;

  // The channel as a number, from the first start on.
  reg          f_on = 1'b0;
  reg [NW-1:0] f_last;
  reg [AW-1:0] f_base;
  integer      f_channel;
  always @(posedge clk_i) begin
    if (start_i) begin
      f_on      <= 1'b1;
      f_channel <= 0;
      f_base    <= base_i;
      f_last    <= last_i;
    end else if (next_i) begin
      f_channel <= (f_channel == f_last) ? 0 : f_channel + 1;
    end
  end
  always @(*) if (f_on && !start_i) assume (base_i == f_base && last_i == f_last);

  wire [AW-1:0] f_addr = f_base + f_channel;
  always @(posedge clk_i) begin
    if (f_past && f_on) begin
      a_addr : assert (addr_o == f_addr);
      i_at : assert (f_channel >= 0 && f_channel <= f_last && at_q == f_channel);
      c_again : cover ($past(next_i && !start_i && f_channel != 0) && f_channel == 0);
    end
  end
`endif

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_ram: block RAM with one write and one read port, registered output.
//
// Contract
//   WIDTH, DEPTH   size; DEPTH >= 1
//   rdata_o in cycle n+1 is the word at raddr_i in cycle n if re_i was high in it, else
//   what it was. If that word is written in cycle n, rdata_o in cycle n+1 is undefined:
//   no user relies on it (see sf_dense and sf_trace, which read after the last write).
`default_nettype none

module sf_ram #(
  parameter WIDTH = 8,
  parameter DEPTH = 16,
  parameter AW    = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
  input  wire             clk_i,
  input  wire             we_i,
  input  wire [AW-1:0]    waddr_i,
  input  wire [WIDTH-1:0] wdata_i,
  input  wire             re_i,
  input  wire [AW-1:0]    raddr_i,
  output reg  [WIDTH-1:0] rdata_o
);

  (* ram_style = "block", no_rw_check *) reg [WIDTH-1:0] mem [0:DEPTH-1];

  always @(posedge clk_i) begin
    if (we_i) mem[waddr_i] <= wdata_i;
    if (re_i) rdata_o <= mem[raddr_i];
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_rom: read-only memory with a registered output.
//
// Contract
//   WIDTH, DEPTH   size; DEPTH words of WIDTH bits, DEPTH >= 1
//   BLOCK          1: block RAM, 0: LUTs
//   INIT           file for $readmemh
//   data_o in cycle n+1 is the word at addr_i in cycle n if en_i was high in it, else
//   what it was: a memory that is not asked is not clocked. An address >= DEPTH reads as
//   an undefined word; no user does.
`default_nettype none

module sf_rom #(
  parameter WIDTH = 8,
  parameter DEPTH = 16,
  parameter BLOCK = 1,
  parameter INIT  = "",
  parameter AW    = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
  input  wire             clk_i,
  input  wire             en_i,
  input  wire [AW-1:0]    addr_i,
  output reg  [WIDTH-1:0] data_o
);

  generate
    if (BLOCK != 0) begin : gen_block
      (* ram_style = "block" *) reg [WIDTH-1:0] mem [0:DEPTH-1];
      initial if (INIT != "") $readmemh(INIT, mem);
      always @(posedge clk_i) if (en_i) data_o <= mem[addr_i];
    end else begin : gen_logic
      (* ram_style = "logic", rom_style = "logic" *) reg [WIDTH-1:0] mem [0:DEPTH-1];
      initial if (INIT != "") $readmemh(INIT, mem);
      always @(posedge clk_i) if (en_i) data_o <= mem[addr_i];
    end
  endgenerate

endmodule

`default_nettype wire

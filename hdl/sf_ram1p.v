// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_ram1p: memory with one port and a registered output.
//
// Contract
//   WIDTH, DEPTH   size; DEPTH >= 1
//   HUGE           1: single-port RAM of the device (SPRAM), 0: block RAM
//   In a cycle with we_i the word at addr_i is written and nothing is read. Else, if en_i is
//   high, data_o is that word in the next cycle; it stays until the next read. After a write
//   it is undefined until then. Contents are undefined at first.
`default_nettype none

module sf_ram1p #(
  parameter WIDTH = 16,
  parameter DEPTH = 256,
  parameter HUGE  = 0,
  parameter AW    = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
  input  wire             clk_i,
  input  wire             we_i,
  input  wire             en_i,
  input  wire [AW-1:0]    addr_i,
  input  wire [WIDTH-1:0] data_i,
  output reg  [WIDTH-1:0] data_o
);

  generate
    if (HUGE != 0) begin : gen_huge
      (* ram_style = "huge" *) reg [WIDTH-1:0] mem [0:DEPTH-1];
      always @(posedge clk_i) begin
        if (we_i) mem[addr_i] <= data_i;
        else if (en_i) data_o <= mem[addr_i];
      end
    end else begin : gen_block
      (* ram_style = "block" *) reg [WIDTH-1:0] mem [0:DEPTH-1];
      always @(posedge clk_i) begin
        if (we_i) mem[addr_i] <= data_i;
        else if (en_i) data_o <= mem[addr_i];
      end
    end
  endgenerate

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;

  // One word, whichever it is: what was written last.
  (* anyconst *) reg [AW-1:0] f_word;
  always @(*) assume (f_word < DEPTH && addr_i < DEPTH);
  reg [WIDTH-1:0] f_value;
  reg             f_known = 1'b0;
  always @(posedge clk_i) begin
    if (we_i && addr_i == f_word) begin
      f_known <= 1'b1;
      f_value <= data_i;
    end
  end

  wire [WIDTH-1:0] f_mem;
  generate
    if (HUGE != 0) begin : gen_formal_huge
      assign f_mem = gen_huge.mem[f_word];
    end else begin : gen_formal_block
      assign f_mem = gen_block.mem[f_word];
    end
  endgenerate

  always @(posedge clk_i) begin
    if (f_past) begin
      if ($past(en_i && !we_i && f_known && addr_i == f_word)) a_read : assert (data_o == $past(f_value));
      if ($past(!en_i && !we_i)) a_hold : assert (data_o == $past(data_o));
      if (f_known) i_mem : assert (f_mem == f_value);
      c_read : cover ($past(en_i && !we_i && f_known && addr_i == f_word) && data_o != 0);
    end
  end
`endif

endmodule

`default_nettype wire

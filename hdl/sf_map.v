// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_map: block RAM of zeros with one write and one read port, registered output.
//
// Contract
//   WIDTH, DEPTH   size; DEPTH >= 1
//   Every word is 0 until it is written: a map's frame is never written.
//   rdata_o in cycle n+1 is the word at raddr_i in cycle n if re_i was high in it, else what
//   it was. The word that is written in a cycle is not read in it (`no_rw_check`): its users
//   owe this. sf_input_map proves it of itself. The train memory is written by a job and read
//   by a job or by sf_dump: a job never reads the map that it writes, its last word is written
//   before the next one starts (docs/shared.md), and the memory is sent when the last one is
//   done.
`default_nettype none

module sf_map #(
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

  integer i;
  initial for (i = 0; i < DEPTH; i = i + 1) mem[i] = {WIDTH{1'b0}};

  always @(posedge clk_i) begin
    if (we_i) mem[waddr_i] <= wdata_i;
    if (re_i) rdata_o <= mem[raddr_i];
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) assume (waddr_i < DEPTH && raddr_i < DEPTH);
  always @(*) if (we_i && re_i) assume (waddr_i != raddr_i);

  // One word, whichever it is: what was written last, or zero.
  (* anyconst *) reg [AW-1:0] f_word;
  always @(*) assume (f_word < DEPTH);
  reg [WIDTH-1:0] f_value = {WIDTH{1'b0}};
  reg             f_written = 1'b0;
  always @(posedge clk_i) begin
    if (we_i && waddr_i == f_word) begin
      f_value   <= wdata_i;
      f_written <= 1'b1;
    end
  end

  always @(posedge clk_i) begin
    i_mem : assert (mem[f_word] == f_value && (f_written || f_value == 0));
    if (f_past) begin
      if ($past(re_i && raddr_i == f_word)) a_read : assert (rdata_o == $past(f_value));
      if ($past(!re_i)) a_hold : assert (rdata_o == $past(rdata_o));
      c_frame : cover ($past(re_i && raddr_i == f_word && we_i) && !f_written && rdata_o == 0);
      c_read : cover ($past(re_i && raddr_i == f_word && we_i) && rdata_o != 0);
    end
  end
`endif

endmodule

`default_nettype wire

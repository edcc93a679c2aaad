// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_state: what is kept from one chunk of timesteps to the next, a word for each of a row of
// things that every chunk goes through in the same order: membranes, sums.
//
// Contract
//   WIDTH, DEPTH   size; DEPTH >= 1
//   turn_i      one cycle: a chunk is done, the next one begins with the first word; nothing is
//               read or written in it
//   first_i     stable during a chunk: it is the first one, nothing was kept
//   re_i        the next word is read: at rdata_o in the next cycle, until the next read; 0 in
//               the first chunk
//   we_i        the next word is written, after it was read
`default_nettype none

module sf_state #(
  parameter WIDTH = 8,
  parameter DEPTH = 16,
  parameter AW    = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
  input  wire             clk_i,
  input  wire             rst_i,
  input  wire             turn_i,
  input  wire             first_i,
  input  wire             re_i,
  output wire [WIDTH-1:0] rdata_o,
  input  wire             we_i,
  input  wire [WIDTH-1:0] wdata_i
);

  reg  [AW-1:0]    read_q, write_q;
  reg  [WIDTH-1:0] kept_q;
  assign rdata_o = first_i ? {WIDTH{1'b0}} : kept_q;

  always @(posedge clk_i) begin
    if (re_i) read_q <= read_q + 1'b1;
    if (we_i) write_q <= write_q + 1'b1;
    if (turn_i | rst_i) begin
      read_q  <= {AW{1'b0}};
      write_q <= {AW{1'b0}};
    end
  end

  (* ram_style = "block", no_rw_check *) reg [WIDTH-1:0] mem [0:DEPTH-1];
  always @(posedge clk_i) begin
    if (we_i) mem[write_q] <= wdata_i;
    if (re_i) kept_q <= mem[read_q];
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // Each word is read, then written; a chunk goes through all of them.
  reg     f_first;
  integer f_reads, f_writes;
  always @(posedge clk_i) begin
    f_reads  <= f_reads + re_i;
    f_writes <= f_writes + we_i;
    if (turn_i) f_first <= 1'b0;
    if (turn_i || rst_i) begin
      f_reads  <= 0;
      f_writes <= 0;
    end
    if (rst_i) f_first <= 1'b1;
  end
  always @(*) if (f_past) begin
    assume (first_i == f_first);
    if (re_i) assume (f_reads < DEPTH && !turn_i);
    if (we_i) assume (f_writes < f_reads && !turn_i);
    if (turn_i) assume (f_writes == DEPTH);
  end

  // One word, whichever it is: what the chunk before has written.
  (* anyconst *) reg [AW-1:0] f_word;
  always @(*) assume (f_word < DEPTH);
  reg [WIDTH-1:0] f_value, f_next;
  always @(posedge clk_i) begin
    if (we_i && f_writes == f_word) f_next <= wdata_i;
    if (turn_i) f_value <= f_next;
    if (rst_i) f_value <= {WIDTH{1'b0}};
  end

  always @(posedge clk_i) begin
    if (f_past) begin
      if ($past(re_i && f_reads == f_word && !rst_i)) a_read : assert (rdata_o == $past(f_value));
      // No word is read in the cycle in which it is written (`no_rw_check`).
      a_clash : assert (!(re_i && we_i && read_q == write_q));
      i_read : assert (f_reads >= 0 && f_reads <= DEPTH && read_q == f_reads[AW-1:0]);
      i_write : assert (f_writes >= 0 && f_writes <= f_reads && write_q == f_writes[AW-1:0]);
      if (f_first) i_none : assert (f_value == 0);
      if (!f_first && f_writes <= f_word) i_mem : assert (mem[f_word] == f_value);
      if (f_writes > f_word) i_new : assert (mem[f_word] == f_next);
      i_word : assert (f_word < DEPTH && first_i == f_first);
      c_kept : cover ($past(re_i && f_reads == f_word) && rdata_o != 0 && f_word == DEPTH - 1);
    end
  end
`endif

endmodule

`default_nettype wire

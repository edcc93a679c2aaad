// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_dense_replay: keeps a layer's inputs and replays the non-zero ones.
//
// Contract
//   NI, XW      inputs and their width
//   RW          width of a weight row's address
//   JUMPS       1: a scan counts rows from base_i * 16, as it is with start_i
//   write_i     stores data_i at index_i (indices in order 0..NI-1)
//   start_i     the next cycle is the first of a scan; at least three cycles after the
//               last write_i, and after the done_o of the scan before
//   restart_i   the following scan is the first one of the next inference
//   fetch_i     high from at least two cycles before start_i to the end of the scan: the
//               bitmap is read in these cycles alone
//   scan_i      high from the cycle after start_i until done_o
//   event_o     row_o is the weight row of a non-zero input; data_o is that input in the
//               next cycle. A word of 16 inputs takes max(1, its non-zero inputs) cycles.
//   done_o      last cycle of the scan
//   Scan number g = 1, 2, ... counts rows from g * ceil(NI/16) * 16, if it does not jump.
`default_nettype none

module sf_dense_replay #(
  parameter NI = 32,
  parameter XW = 8,
  parameter RW = 6,
  parameter JUMPS = 0,
  parameter BW = (RW > 4) ? RW - 4 : 1,
  parameter IW = (NI > 1) ? $clog2(NI) : 1
) (
  input  wire          clk_i,
  input  wire          rst_i,
  input  wire          write_i,
  input  wire [IW-1:0] index_i,
  input  wire [XW-1:0] data_i,
  input  wire          start_i,
  input  wire          restart_i,
  input  wire [BW-1:0] base_i,
  input  wire          fetch_i,
  input  wire          scan_i,
  output wire          event_o,
  output wire          done_o,
  output wire [RW-1:0] row_o,
  output wire [XW-1:0] data_o
);

  localparam NW = (NI + 15) / 16;
  localparam WW = (NW > 1) ? $clog2(NW) : 1;   // a word of the bitmap

  // ---- writing: values as they come, the bitmap a word at a time
  // An index as word and position in it, also where there are fewer inputs than a word has.
  wire [WW+3:0] place = {{(WW+4-IW){1'b0}}, index_i};
  wire [3:0]  lane     = place[3:0];
  reg  [15:0] bits_q;
  wire [15:0] bits_d   = bits_q | ({15'b0, |data_i} << lane);
  wire        word_end = write_i & ((&lane) | (index_i == NI[IW-1:0] - 1'b1));

  always @(posedge clk_i) begin
    if (write_i) bits_q <= word_end ? 16'b0 : bits_d;
    if (rst_i) bits_q <= 16'b0;
  end

  // ---- scanning: `word_q` is being scanned, the next one waits at the memory's output
  reg  [15:0]   cur_q;
  reg  [WW-1:0] word_q, fetch_q;
  reg  [BW-1:0] base_q;
  wire [15:0]   next_word;
  wire [15:0]   rest     = cur_q & (cur_q - 1'b1);
  wire          word_done = scan_i & (rest == 16'b0);
  wire          advance  = start_i | (word_done & ~done_o);
  wire [WW-1:0] fetch_d  = advance ? fetch_q + 1'b1 : fetch_q;

  // Position of the lowest one.
  wire [15:0] low = cur_q & ~rest;
  wire [3:0]  bit_pos;
  assign bit_pos[0] = |(low & 16'hAAAA);
  assign bit_pos[1] = |(low & 16'hCCCC);
  assign bit_pos[2] = |(low & 16'hF0F0);
  assign bit_pos[3] = |(low & 16'hFF00);

  assign event_o = scan_i & (cur_q != 16'b0);
  assign done_o  = word_done & (word_q == NW[WW-1:0] - 1'b1);
  assign row_o   = {base_q, bit_pos};

  always @(posedge clk_i) begin
    fetch_q <= fetch_d;
    if (scan_i) begin
      cur_q <= rest;
      if (word_done) base_q <= base_q + 1'b1;
    end
    if (advance) begin
      cur_q  <= next_word;
      word_q <= start_i ? {WW{1'b0}} : word_q + 1'b1;
    end
    if (done_o) fetch_q <= {WW{1'b0}};
    if (JUMPS != 0) begin
      if (start_i) base_q <= base_i;
    end else if (restart_i | rst_i) begin
      base_q <= NW[BW-1:0];
    end
    if (rst_i) fetch_q <= {WW{1'b0}};
  end

  generate
    if (JUMPS == 0) begin : gen_unused
      wire unused = &{1'b0, base_i};
    end else begin : gen_unused_restart
      wire unused = &{1'b0, restart_i};
    end
  endgenerate

  sf_ram #(.WIDTH(16), .DEPTH(NW)) u_bitmap (
    .clk_i  (clk_i),
    .we_i   (word_end),
    .waddr_i(place[WW+3:4]),
    .wdata_i(bits_d),
    .re_i   (fetch_i),
    .raddr_i(fetch_d),
    .rdata_o(next_word)
  );

  /* verilator lint_off UNUSEDSIGNAL */ // the upper bits are zero where IW < WW + 4
  wire [WW+3:0] value_index = {word_q, bit_pos};
  /* verilator lint_on UNUSEDSIGNAL */

  sf_ram #(.WIDTH(XW), .DEPTH(NI)) u_values (
    .clk_i  (clk_i),
    .we_i   (write_i),
    .waddr_i(index_i),
    .wdata_i(data_i),
    .re_i   (event_o),
    .raddr_i(value_index[IW-1:0]),
    .rdata_o(data_o)
  );

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // One input, whichever it is: what was written, and what the scans say.
  (* anyconst *) reg [IW-1:0] f_index;
  reg [XW-1:0] f_value;
  reg [IW:0]   f_written;                      // inputs
  reg [RW-1:0] f_wait, f_base;                 // cycles since the last, rows of this scan
  reg [1:0]    f_scan;                         // scans
  reg f_seen, f_check, f_scanning;
  always @(*) assume (f_index < NI);
  wire f_hit = event_o && row_o == f_base + f_index;
  always @(posedge clk_i) begin
    if (rst_i) begin
      f_written  <= 0;
      f_wait     <= 0;
      f_scan     <= 0;
      f_base     <= 0;
      f_scanning <= 1'b0;
      f_check    <= 1'b0;
    end else begin
      if (write_i) f_written <= f_written + 1;
      if (write_i && index_i == f_index) f_value <= data_i;
      f_wait <= (f_written < NI || write_i || done_o) ? 0 : (f_wait == 3) ? 3 : f_wait + 1;
      if (start_i) begin
        f_scan     <= f_scan + 1;
        f_base     <= (JUMPS != 0) ? {base_i, 4'b0} : f_base + NW * 16;
        f_seen     <= 1'b0;
        f_scanning <= 1'b1;
      end
      if (done_o) f_scanning <= 1'b0;
      if (f_hit) f_seen <= 1'b1;
      f_check <= f_hit;
    end
  end
  // The contract: inputs in order, then scans, one at a time.
  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      if (write_i) assume (f_written < NI && index_i == f_written);
      if (start_i) assume (f_wait >= 2 && !f_scanning && f_scan < 2);
      assume (!restart_i);
      assume (fetch_i == (f_written == NI));
      assume (scan_i == f_scanning);
    end
  end

  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      if (f_hit) a_non_zero : assert (f_value != 0 && !f_seen);
      if (done_o) a_all : assert (f_value == 0 || f_seen || f_hit);
      if (f_check) a_data : assert (data_o == f_value);
      if (event_o) a_scan : assert (f_scanning);
      c_two : cover (done_o && f_scan == 2 && f_value != 0);
    end
  end
`endif

endmodule

`default_nettype wire

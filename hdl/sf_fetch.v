// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_fetch: reads the words of a job, one after another, ahead of whoever takes them.
//
// Contract
//   AW, CW      widths of an address and of a count of sf_walk
//   DW          width of a word of the memories that are read (input and train maps)
//   END         level of sf_walk whose end is called that of the job: 5, or 4 for that of each row
//   start_i     one cycle: sf_walk begins with the job's numbers
//   gather_i    1: the job's words come from sf_gather, which takes the addresses
//   r_en_o, r_addr_o   a word is read: it is at r_data_i in the next cycle and stays there
//               until the next read
//   w_*         the words, valid/ready, with the ends that sf_walk gives: group (levels 0..2),
//               window (0, 1), place (0..3) and job
//   ROW         level of sf_walk after whose end hold_i may be high: 4, a row of places, or 0, a
//               row of a window
//   hold_i      1: the first address of a row is not taken; high only while it is next
//   row_o       one cycle: the last address of a row is taken
//   g_*         the same addresses for sf_gather: taken when g_next_i
//
// Timing: an address valid in cycle a is read in a, if the word before has been taken by then,
// and its word is valid in a+1. One word a cycle.
`default_nettype none

module sf_fetch #(
  parameter AW = 12,
  parameter CW = 8,
  parameter DW = 16,
  parameter END = 5,
  parameter ROW = 4
) (
  input  wire            clk_i,
  input  wire            rst_i,
  input  wire            start_i,
  input  wire            gather_i,
  input  wire            hold_i,
  output wire            row_o,
  input  wire [AW-1:0]   base_i,
  input  wire [6*CW-1:0] count_i,
  input  wire [6*AW-1:0] delta_i,
  output wire            r_en_o,
  output wire [AW-1:0]   r_addr_o,
  input  wire [DW-1:0]   r_data_i,
  output wire            w_valid_o,
  input  wire            w_ready_i,
  output wire [DW-1:0]   w_data_o,
  output wire            w_window_first_o,
  output wire            w_window_end_o,
  output wire            w_group_end_o,
  output wire            w_place_end_o,
  output wire            w_job_end_o,
  output wire            g_valid_o,
  input  wire            g_next_i,
  output wire [5:0]      g_end_o
);

  wire          valid;
  wire [5:0]    ends;
  reg           valid_q, first_q, first1_q;
  reg  [3:0]    ends_q;                        // of the word: window, group, place, job

  wire go   = valid & ~hold_i;
  wire next = gather_i ? g_next_i : go & (~valid_q | w_ready_i);

  sf_walk #(.AW(AW), .CW(CW)) u_walk (
    .clk_i  (clk_i),
    .rst_i  (rst_i),
    .start_i(start_i),
    .base_i (base_i),
    .count_i(count_i),
    .delta_i(delta_i),
    .next_i (next),
    .addr_o (r_addr_o),
    .valid_o(valid),
    .end_o  (ends)
  );

  assign row_o     = next & ends[ROW];
  assign g_valid_o = go & gather_i;
  assign g_end_o   = ends;
  assign r_en_o    = next & ~gather_i;
  assign w_valid_o = valid_q;
  assign w_data_o  = r_data_i;
  assign {w_window_end_o, w_group_end_o, w_place_end_o, w_job_end_o} = ends_q;
  assign w_window_first_o = first1_q;

  always @(posedge clk_i) begin
    if (r_en_o) begin
      valid_q  <= 1'b1;
      ends_q   <= {ends[1], ends[2], ends[3], ends[END]};
      first1_q <= first_q;
      first_q  <= ends[1];
    end else if (w_ready_i) begin
      valid_q <= 1'b0;
    end
    if (start_i) first_q <= 1'b1;
    if (rst_i) valid_q <= 1'b0;
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);
  always @(*) if (g_next_i) assume (g_valid_o);

  // A job's numbers stay, and the next one begins when all words have been taken.
  reg            f_left = 1'b0, f_gather;      // addresses are left
  reg [6*CW-1:0] f_count;
  reg [6*AW-1:0] f_delta;
  always @(posedge clk_i) if (start_i) begin
    f_gather <= gather_i;
    f_count  <= count_i;
    f_delta  <= delta_i;
  end
  always @(*) begin
    if (f_left || f_word) assume (!start_i && gather_i == f_gather);
    if (f_left) assume (count_i == f_count && delta_i == f_delta);
  end

  // Reads are numbered, and a word is its number: r_data_i is that of the last read.
  reg  [DW-1:0] f_read, f_taken;
  reg           f_word;                        // one that has not been taken
  reg           f_first, f_next_first;
  reg  [3:0]    f_ends;
  wire          f_address = f_gather ? g_next_i : f_left & ~hold_i & (~f_word | w_ready_i);
  always @(*) if (f_word) assume (r_data_i == f_read);
  always @(posedge clk_i) begin
    if (f_address) f_left <= ~g_end_o[5];
    if (r_en_o) begin
      f_read       <= f_read + 1'b1;
      f_ends       <= {g_end_o[1], g_end_o[2], g_end_o[3], g_end_o[END]};
      f_first      <= f_next_first;
      f_next_first <= g_end_o[1];
    end
    if (w_valid_o && w_ready_i) f_taken <= f_taken + 1'b1;
    f_word <= r_en_o | (f_word & ~w_ready_i);
    if (start_i) begin
      f_left       <= 1'b1;
      f_next_first <= 1'b1;
      f_read       <= {DW{1'b1}};
      f_taken      <= {DW{1'b0}};
    end
    if (rst_i) begin
      f_left <= 1'b0;
      f_word <= 1'b0;
    end
  end

  // The order of the addresses, from what sf_walk says of its ends.
  wire [AW-1:0] f_step = !g_end_o[0] ? f_delta[0*AW +: AW] : !g_end_o[1] ? f_delta[1*AW +: AW] :
                         !g_end_o[2] ? f_delta[2*AW +: AW] : !g_end_o[3] ? f_delta[3*AW +: AW] :
                         !g_end_o[4] ? f_delta[4*AW +: AW] : f_delta[5*AW +: AW];
  reg  [AW-1:0] f_addr;
  always @(posedge clk_i) f_addr <= start_i ? base_i : f_address ? r_addr_o + f_step : r_addr_o;
  always @(posedge clk_i) begin
    if (f_past) begin
      a_read : assert (r_en_o == (f_address && !f_gather));
      a_gather : assert (g_valid_o == (f_left && f_gather && !hold_i));
      a_row : assert (row_o == (f_address && g_end_o[ROW]));
      if (f_left) a_addr : assert (r_addr_o == f_addr);
      if (f_left && $past(start_i)) a_first : assert (g_end_o[5] == (f_count == 0));
      a_valid : assert (w_valid_o == f_word);
      if (f_word) begin
        a_data : assert (w_data_o == f_taken);
        a_ends : assert ({w_window_end_o, w_group_end_o, w_place_end_o, w_job_end_o} == f_ends);
        a_begin : assert (w_window_first_o == f_first);
      end
      if (f_left || f_word) i_count : assert (f_read + 1'b1 == f_taken + f_word);
      if (f_word) i_data : assert (!f_gather && (END != 5 || f_left == !f_ends[0]));
      i_left : assert (valid == f_left);
      if (f_left) i_first : assert (first_q == f_next_first);
      c_all : cover ($past(w_ready_i) && !f_left && f_word && f_taken != 0 && f_count != 0 && f_first);
    end
  end
`endif

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_train_write: packs spike trains into words and writes them to the job's map.
//
// Contract
//   E, T        trains a word (a power of two), bits a train
//   AW, CW      widths of an address and of a number of words
//   start_i     one cycle: a job begins; its numbers are stable from then on
//   base_i      first word; row_i: words of a row, minus 1; gap_i: words between two rows
//   s_*         trains, channel by channel; s_end_i: the place's last one. Channels that are
//               missing in its last word are zero
//   w_valid_i   whole words instead (no trains come in such a job)
//   we_o ...    a word is written: in the cycle after its last train; in that of w_valid_i
`default_nettype none

module sf_train_write #(
  parameter E  = 4,
  parameter T  = 2,
  parameter AW = 10,
  parameter CW = 8,
  parameter EW = (E > 1) ? $clog2(E) : 1
) (
  input  wire           clk_i,
  input  wire           rst_i,
  input  wire           start_i,
  input  wire [AW-1:0]  base_i,
  input  wire [CW-1:0]  row_i,
  input  wire [AW-1:0]  gap_i,
  input  wire           s_valid_i,
  input  wire [T-1:0]   s_data_i,
  input  wire           s_end_i,
  input  wire           w_valid_i,
  input  wire [E*T-1:0] w_data_i,
  output wire           we_o,
  output wire [AW-1:0]  addr_o,
  output wire [E*T-1:0] data_o
);

  reg  [E*T-1:0] word_q;
  reg  [EW-1:0]  slot_q;
  reg            full_q;
  reg  [AW-1:0]  addr_q;
  reg  [CW-1:0]  at_q;

  wire fills = s_end_i | (slot_q == {EW{1'b1}}) | (E == 1);

  assign we_o   = full_q | w_valid_i;
  assign addr_o = addr_q;
  assign data_o = full_q ? word_q : w_data_i;

  genvar e;
  generate
    for (e = 0; e < E; e = e + 1) begin : gen_slot
      wire here = (E == 1) | (slot_q == e[EW-1:0]);
      // The first train of a word clears the others.
      always @(posedge clk_i) begin
        if (s_valid_i & (here | (slot_q == {EW{1'b0}}))) begin
          word_q[e*T +: T] <= here ? s_data_i : {T{1'b0}};
        end
      end
    end
  endgenerate

  wire row_end = at_q == row_i;
  always @(posedge clk_i) begin
    if (s_valid_i) slot_q <= fills ? {EW{1'b0}} : slot_q + 1'b1;
    full_q <= s_valid_i & fills;
    if (we_o) begin
      addr_q <= addr_q + 1'b1 + (row_end ? gap_i : {AW{1'b0}});
      at_q   <= row_end ? {CW{1'b0}} : at_q + 1'b1;
    end
    if (start_i) begin
      addr_q <= base_i;
      at_q   <= {CW{1'b0}};
    end
    if (start_i | rst_i) begin
      slot_q <= {EW{1'b0}};
      full_q <= 1'b0;
    end
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // A job's numbers stay; it brings trains or whole words, from the cycle after its start on.
  reg          f_on = 1'b0, f_trains;
  (* anyseq *) reg f_kind;
  reg [AW-1:0] f_base, f_gap;
  reg [CW-1:0] f_row;
  always @(posedge clk_i) begin
    if (start_i) begin
      f_trains <= f_kind;
      f_base   <= base_i;
      f_row    <= row_i;
      f_gap    <= gap_i;
    end
    f_on <= ~rst_i & (f_on | start_i);
  end
  always @(*) begin
    if (s_valid_i) assume (f_on && f_trains && !start_i);
    if (w_valid_i) assume (f_on && !f_trains && !start_i);
    if (f_on && !start_i) assume (base_i == f_base && row_i == f_row && gap_i == f_gap);
  end

  // The word that is being filled, its trains as a number, and where the next one goes: the
  // first word of its row, and words in the row.
  reg [E*T-1:0] f_word, f_full_word;
  reg           f_full;
  integer       f_slot;
  reg [AW-1:0]  f_first;
  reg [CW-1:0]  f_x;
  wire [E*T-1:0] f_train  = s_data_i;
  wire [E*T-1:0] f_word_d = ((f_slot == 0) ? {E*T{1'b0}} : f_word) | (f_train << (f_slot * T));
  wire           f_fills  = s_valid_i && (s_end_i || f_slot == E - 1);
  wire           f_write  = f_full || w_valid_i;
  wire [AW-1:0]  f_addr   = f_first + f_x;
  always @(posedge clk_i) begin
    if (s_valid_i) begin
      f_word <= f_word_d;
      f_slot <= f_fills ? 0 : f_slot + 1;
    end
    f_full <= f_fills;
    if (f_fills) f_full_word <= f_word_d;
    if (f_write) begin
      f_x <= (f_x == f_row) ? 0 : f_x + 1;
      if (f_x == f_row) f_first <= f_first + f_row + 1 + f_gap;
    end
    if (start_i) begin
      f_x     <= 0;
      f_first <= base_i;
    end
    if (start_i || rst_i) begin
      f_slot <= 0;
      f_full <= 1'b0;
    end
  end

  // What is there of the word.
  wire [E*T-1:0] f_filled = ~({E*T{1'b1}} << (f_slot * T));
  always @(posedge clk_i) begin
    if (f_past) begin
      a_write : assert (we_o == f_write);
      if (we_o) a_addr : assert (addr_o == f_addr);
      if (f_full) a_trains : assert (data_o == f_full_word);
      if (w_valid_i) a_word : assert (data_o == w_data_i);
      i_slot : assert (slot_q == f_slot && f_slot >= 0 && f_slot < E && full_q == f_full);
      i_kind : assert ((!full_q && f_slot == 0) || (f_on && f_trains));
      if (f_slot != 0) i_word : assert (word_q == f_word && (f_word & ~f_filled) == 0);
      if (f_full) i_full : assert (word_q == f_full_word);
      if (f_on) i_place : assert (addr_q == f_addr && at_q == f_x && f_x <= f_row);
      c_short : cover (f_full && f_first != f_base && $past(s_end_i) && (E == 1 || data_o[E*T-1 -: T] == 0) && data_o != 0);
      c_gap : cover (w_valid_i && f_first != f_base && f_x != 0 && f_gap != 0);
    end
  end
`endif

endmodule

`default_nettype wire

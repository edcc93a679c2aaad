// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_emit: makes events of words: one for each plane of each element that is not zero.
//
// Contract
//   E, T        elements a word of trains (a power of two), timesteps
//   XW          width of an operand, sign included; GW <= XW of a gathered current
//   LW, LT      width of an input's word; LT = 0: it is a level, LW <= XW-1; LT = 1: it is the
//               train of an input that changes over time, LW = T
//   COUNT       1: there are jobs that count spikes; XW then holds T
//   DW          width of a word: the largest of E*T, LW and T*GW
//   RW, PW      widths of a row of weights and of a number of planes
//   start_i     one cycle: a job begins; its numbers are stable from then on
//   kind_i      what a word is: 0 an input, 1 E trains, 2 T currents; 3: the job brings no words
//   count_i     1: operand 0 of a train is the number of its spikes; the others do not matter
//   planes_i    planes of a weight, minus 1; row_i: the job's first row, in units of the words'
//               elements (E for trains, else 1)
//   w_*         words, valid/ready; w_group_end_i, w_place_end_i: the last word of a group, of
//               a place; w_job_end_i: of the job
//   event_o     a row of weights is read: row_o; x_o are the operands of the T timesteps,
//               first_o and last_o say that it is plane 0 or the last one
//   drained_i   the results before have left the chain
//   snap_o      the sums of a group are complete; snap_place_end_o, snap_job_end_o: it is the last
//               one of a place, of the job
//
// Timing: a word loaded in cycle l has its events in l+1, l+2, ...; without events it takes
// l+1 alone. The next word is loaded in its last cycle. With e the end of a group's last word,
// snap_o is in the first cycle from e+3 on in which drained_i is high, and the next word is
// loaded in that cycle.
`default_nettype none

module sf_emit #(
  parameter E  = 4,
  parameter T  = 2,
  parameter XW = 9,
  parameter LW = 8,
  parameter LT = 0,
  parameter COUNT = 0,
  parameter GW = 9,
  parameter DW = 18,
  parameter RW = 8,
  parameter PW = 3,
  parameter EW = (E > 1) ? $clog2(E) : 1
) (
  input  wire            clk_i,
  input  wire            rst_i,
  input  wire            start_i,
  input  wire [1:0]      kind_i,
  input  wire            count_i,
  input  wire [PW-1:0]   planes_i,
  input  wire [RW-1:0]   row_i,
  input  wire            w_valid_i,
  output wire            w_ready_o,
  input  wire [DW-1:0]   w_data_i,
  input  wire            w_group_end_i,
  input  wire            w_place_end_i,
  input  wire            w_job_end_i,
  output wire            event_o,
  output wire [RW-1:0]   row_o,
  output wire [T*XW-1:0] x_o,
  output wire            first_o,
  output wire            last_o,
  input  wire            drained_i,
  output wire            snap_o,
  output wire            snap_place_end_o,
  output wire            snap_job_end_o
);

  localparam [1:0] KindLevel = 2'd0, KindTrains = 2'd1;

  // ---- the word at hand
  reg          busy_q;                         // it has a cycle to come
  reg [DW-1:0] data_q;
  reg [E-1:0]  left_q;                         // elements whose events are to come
  reg          group_end_q, place_end_q, job_end_q;
  reg [PW-1:0] plane_q;
  reg [RW-1:0] row_q;                          // row of its element 0, plane 0, in its units
  reg          fresh_q;                        // the next word is the first of a place

  // ---- between the end of a group and its snap
  reg       wait_q;
  reg [1:0] flush_q;

  wire any       = |left_q;
  wire last      = plane_q == planes_i;
  wire single    = (left_q & (left_q - 1'b1)) == {E{1'b0}};
  wire word_end  = busy_q & (~any | (single & last));
  wire load      = w_valid_i & w_ready_o;

  assign event_o    = busy_q & any;
  assign first_o    = plane_q == {PW{1'b0}};
  assign last_o     = last;
  assign snap_o     = wait_q & (flush_q == 2'd2) & drained_i;
  assign snap_place_end_o = place_end_q;
  assign snap_job_end_o   = job_end_q;
  assign w_ready_o  = snap_o | (~wait_q & (~busy_q | (word_end & ~group_end_q)));

  // ---- which elements of a new word are not zero
  wire [E-1:0] nonzero;
  genvar e, t;
  generate
    for (e = 0; e < E; e = e + 1) begin : gen_element
      if (e == 0) begin : gen_first
        wire level  = |w_data_i[LW-1:0];
        wire train  = |w_data_i[T-1:0];
        wire gather = |w_data_i[T*GW-1:0];
        assign nonzero[0] = (kind_i == KindTrains) ? train : (kind_i == KindLevel) ? level : gather;
      end else begin : gen_other
        assign nonzero[e] = (kind_i == KindTrains) & |w_data_i[e*T +: T];
      end
    end
  endgenerate

  // ---- the lowest element that is left
  reg  [EW-1:0] index;
  reg  [T-1:0]  train;
  integer i;
  always @(*) begin
    index = {EW{1'b0}};
    train = data_q[T-1:0];
    for (i = E - 1; i >= 0; i = i - 1) begin
      if (left_q[i]) begin
        index = i[EW-1:0];
        train = data_q[i*T +: T];
      end
    end
  end

  generate
    for (t = 0; t < T; t = t + 1) begin : gen_operand
      wire [XW-1:0] level;
      if (LT == 0) begin : gen_level
        assign level = {{(XW-LW){1'b0}}, data_q[LW-1:0]};
      end else begin : gen_train
        assign level = {{(XW-1){1'b0}}, data_q[t]};
      end
      wire [XW-1:0] spike;
      if (COUNT != 0 && t == 0) begin : gen_count
        reg [XW-1:0] spikes;
        integer      k;
        always @(*) begin
          spikes = {XW{1'b0}};
          for (k = 0; k < T; k = k + 1) spikes = spikes + {{(XW-1){1'b0}}, train[k]};
        end
        assign spike = count_i ? spikes : {{(XW-1){1'b0}}, train[0]};
      end else begin : gen_spike
        assign spike = {{(XW-1){1'b0}}, train[t]};
      end
      wire [XW-1:0] gather;
      if (XW > GW) begin : gen_extend
        assign gather = {{(XW-GW){data_q[t*GW+GW-1]}}, data_q[t*GW +: GW]};
      end else begin : gen_whole
        assign gather = data_q[t*GW +: GW];
      end
      assign x_o[t*XW +: XW] = (kind_i == KindTrains) ? spike : (kind_i == KindLevel) ? level : gather;
    end
  endgenerate

  generate
    if (COUNT == 0) begin : gen_no_count
      wire unused = &{1'b0, count_i};
    end
  endgenerate

  // ---- the row of weights
  wire [RW-1:0] plane_row = row_q + {{(RW-PW){1'b0}}, plane_q};
  generate
    if (E > 1) begin : gen_packed
      assign row_o = (kind_i == KindTrains) ? {plane_row[RW-EW-1:0], index} : plane_row;
    end else begin : gen_plain
      assign row_o = plane_row;
      wire unused = &{1'b0, index};
    end
  endgenerate

  always @(posedge clk_i) begin
    if (event_o) begin
      plane_q <= last ? {PW{1'b0}} : plane_q + 1'b1;
      if (last) left_q <= left_q & (left_q - 1'b1);
    end
    if (word_end) busy_q <= 1'b0;
    if (load) begin
      busy_q      <= 1'b1;
      data_q      <= w_data_i;
      left_q      <= nonzero;
      group_end_q <= w_group_end_i;
      job_end_q   <= w_job_end_i;
      place_end_q <= w_place_end_i;
      fresh_q     <= w_place_end_i;
      row_q       <= fresh_q ? row_i : row_q + {{(RW-PW){1'b0}}, planes_i} + 1'b1;
    end
    if (snap_o) wait_q <= 1'b0;
    if (word_end & group_end_q) begin
      wait_q  <= 1'b1;
      flush_q <= 2'd0;
    end else if (wait_q & (flush_q != 2'd2)) begin
      flush_q <= flush_q + 1'b1;
    end
    if (start_i) fresh_q <= 1'b1;
    if (rst_i) begin
      busy_q  <= 1'b0;
      wait_q  <= 1'b0;
      flush_q <= 2'd0;
      plane_q <= {PW{1'b0}};
      left_q  <= {E{1'b0}};
    end
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // A job: its words come from the cycle after its start to its end, its numbers stay, and the
  // next one begins after its last snap.
  reg          f_open;
  reg [1:0]    f_kind;
  reg          f_count;
  reg [PW-1:0] f_planes;
  reg [RW-1:0] f_first_row;
  always @(posedge clk_i) begin
    if (start_i) begin
      f_kind      <= kind_i;
      f_count     <= count_i;
      f_planes    <= planes_i;
      f_first_row <= row_i;
    end
    f_open <= ~rst_i & ((start_i & kind_i != 2'd3) | (f_open & ~(w_valid_i & w_ready_o & w_job_end_i)));
  end
  always @(*) begin
    if (f_past && w_valid_i) assume (f_open && !start_i);
    if (f_past && start_i) assume (!f_open && !f_busy && !f_waits);
    if (f_open || f_busy || f_waits) assume (start_i || (kind_i == f_kind && count_i == f_count && planes_i == f_planes && row_i == f_first_row));
    if (w_job_end_i) assume (w_place_end_i);
    if (w_place_end_i) assume (w_group_end_i);
  end

  // The word at hand: its elements that are not zero, how many of them are done, the plane,
  // and how many words of its place lie before it.
  reg          f_busy, f_waits, f_new_place;
  reg [DW-1:0] f_word;
  reg [2:0]    f_ends;                         // group, place, job
  reg [E-1:0]  f_mask, f_new_mask, f_rest, f_one;
  integer      f_done, f_ones, f_element, f_since;
  reg [PW-1:0] f_plane;
  reg [RW-1:0] f_row;                          // of its element 0, plane 0
  integer      n;
  always @(*) begin
    for (n = 0; n < E; n = n + 1) begin
      f_new_mask[n] = (kind_i == KindTrains) ? |w_data_i[n*T +: T] :
                      (n != 0) ? 1'b0 : (kind_i == KindLevel) ? |w_data_i[LW-1:0] : |w_data_i[T*GW-1:0];
    end
    // An element is next when as many lie below it as are done.
    f_ones    = 0;
    f_element = 0;
    for (n = 0; n < E; n = n + 1) begin
      f_rest[n] = f_mask[n] && f_ones >= f_done;
      f_one[n]  = f_mask[n] && f_ones == f_done;
      if (f_one[n]) f_element = n;
      if (f_mask[n]) f_ones = f_ones + 1;
    end
  end
  wire f_event    = f_busy && f_done < f_ones;
  wire f_last     = f_plane == f_planes;
  wire f_word_end = f_busy && (f_ones == 0 || (f_last && f_done == f_ones - 1));
  wire f_snap     = f_waits && f_since >= 2 && drained_i;
  wire f_ready    = f_snap || (!f_waits && (!f_busy || (f_word_end && !f_ends[2])));
  wire f_load     = w_valid_i && f_ready;
  always @(posedge clk_i) begin
    if (f_event) begin
      f_plane <= f_last ? 0 : f_plane + 1;
      if (f_last) f_done <= f_done + 1;
    end
    f_busy  <= f_load || (f_busy && !f_word_end);
    f_waits <= (f_word_end && f_ends[2]) || (f_waits && !f_snap);
    // The cycle e + 3 is the first in which two have passed since the wait began.
    f_since <= f_waits ? ((f_since == 2) ? 2 : f_since + 1) : 0;
    if (f_load) begin
      f_word      <= w_data_i;
      f_ends      <= {w_group_end_i, w_place_end_i, w_job_end_i};
      f_mask      <= f_new_mask;
      f_done      <= 0;
      f_plane     <= 0;
      f_row       <= f_new_place ? f_first_row : f_row + f_planes + 1;
      f_new_place <= w_place_end_i;
    end
    if (start_i) f_new_place <= 1'b1;
    if (rst_i) begin
      f_busy  <= 1'b0;
      f_waits <= 1'b0;
    end
  end

  // The event in numbers.
  wire [RW-1:0] f_unit = f_row + f_plane;
  wire [RW-1:0] f_pack = (kind_i == KindTrains) ? E : 1;
  wire [RW-1:0] f_this = f_unit * f_pack + f_element;
  reg  [T*XW-1:0] f_x;
  integer         f_spikes;
  always @(*) begin
    f_spikes = 0;
    for (n = 0; n < T; n = n + 1) f_spikes = f_spikes + f_word[f_element*T + n];
    for (n = 0; n < T; n = n + 1) begin
      f_x[n*XW +: XW] = $signed(f_word[n*GW +: GW]);
      if (kind_i == KindTrains) f_x[n*XW +: XW] = f_word[f_element*T + n];
      if (kind_i == KindLevel) f_x[n*XW +: XW] = (LT != 0) ? f_word[n] : f_word[LW-1:0];
    end
    if (COUNT != 0 && count_i && kind_i == KindTrains) f_x[0 +: XW] = f_spikes;
  end

  always @(posedge clk_i) begin
    if (f_past) begin
      a_event : assert (event_o == f_event);
      if (f_event) begin
        a_row : assert (row_o == f_this);
        a_x : assert (x_o == f_x);
        a_plane : assert (first_o == (f_plane == 0) && last_o == f_last);
      end
      a_snap : assert (snap_o == f_snap);
      if (f_snap) a_ends : assert ({snap_place_end_o, snap_job_end_o} == f_ends[1:0]);
      a_ready : assert (w_ready_o == f_ready);
      i_busy : assert (busy_q == f_busy && wait_q == f_waits && !(f_busy && f_waits));
      i_since : assert (!f_waits || flush_q == f_since);
      i_range : assert (!f_waits || (f_since >= 0 && f_since <= 2));
      if (f_busy) begin
        i_word : assert (data_q == f_word && left_q == f_rest && plane_q == f_plane && f_plane <= f_planes);
        i_done : assert (f_done >= 0 && (f_ones == 0 ? f_done == 0 : f_done < f_ones) && (f_ones != 0 || f_plane == 0));
      end else begin
        i_plane : assert (plane_q == 0);
      end
      if (f_busy || f_waits) i_ends : assert ({group_end_q, place_end_q, job_end_q} == f_ends && f_open == !f_ends[0]);
      if (f_busy && f_ends[2]) i_place : assert (f_new_place == f_ends[1]);
      if (f_open) i_row : assert (fresh_q == f_new_place && (f_new_place || row_q == f_row));
      if (f_busy || f_waits) i_this : assert (row_q == f_row);
      if (f_busy && kind_i != KindTrains) i_mask : assert (f_mask <= 1);
      if (f_waits) i_group : assert (f_ends[2]);
      c_count : cover (COUNT == 0 || (f_event && count_i && kind_i == KindTrains && x_o[XW-1:0] == T && E > 1 && f_element == 1));
      c_last : cover (f_event && kind_i == KindTrains && f_last && f_plane != 0 && f_done == E - 1 && f_row != f_first_row);
      c_late : cover (f_snap && f_load && $past(f_waits && f_since == 2 && !drained_i) && !f_new_place);
      c_place : cover (f_busy && f_row == f_first_row && $past(f_snap && f_ends[1]));
      c_empty : cover (f_busy && f_ones == 0 && f_load);
    end
  end
`endif

endmodule

`default_nettype wire

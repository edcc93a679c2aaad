// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_dense: fully connected layer with weights of one bit, the event engine.
//
// NO neurons share P lanes in NG = ceil(NO / P) groups. Each non-zero input is an event
// that reads one row of P weights; lane l adds the input where its weight is +1 (the
// weight is the accumulator's clock enable). With S the sum of all inputs, the result is
//   p = sum(w * x) = 2 * sum_{w=+1}(x) - S.
// Group 0 works while the inputs arrive. For the other groups the inputs are kept with a
// bitmap of the non-zero ones and replayed: one cycle an event, one a word without any.
//
// Contract
//   NI, NO, P   inputs, outputs, lanes; 1 <= P <= NO
//   TP          1: an input is a level of XW bits.
//               > 1: an input is a spike train of TP = XW bits, one for each timestep;
//               each lane has TP accumulators and one weight serves all timesteps.
//   ZEROS       what a weight bit of 0 is: 0: the weight -1; 1: the weight 0, and the result is
//               sum_{w=1}(x), a plane of weights of several bits (sf_planes)
//   AW          accumulator width: 2^AW > the largest S
//   MEMBERS     members of an ensemble, of which those in mask_i run (sf_members); 1: there are
//               none, and mask_i is not read
//   SPLIT       what there is of each member: 1: NO / MEMBERS of the outputs, in groups of their
//               own; the outputs of the others are neither computed nor handed on. 2: NI of the
//               inputs: for each member that runs its inputs come, and all NO results of it go
//   DEPTH, RW   rows of weights and the bits of their address; they follow from the others
//   w_*         the weights' memory: w_data_i in the cycle after w_en_o is the word at
//               w_addr_o. Word (g * ceil(NI/16) * 16 + i) holds in bit l the weight of
//               neuron g*P + l for input i, 1 = +1. With members the groups of one follow those
//               of the other, and g counts all of them; a member's last group may be smaller
//   x_*         NI inputs, in order, valid/ready
//   y_*         NO * TP results, neuron by neuron, timestep by timestep, valid/ready
//   event_o     a weight row is being read (for activity counters)
//
// Timing (docs/hardware.md has the derivation)
//   An input accepted in cycle c is in the accumulators in c+3. The last event or empty
//   word of a group in cycle c lets its results be handed to the drain in cycle
//   max(c+3, first cycle with an empty drain) = s; the next group's first word is
//   scanned in s+1, the first result is valid in s+2, then one a cycle. With SPLIT = 2 the
//   next member's first input is taken in s+1 at the earliest, of weights -1 and +1 not before
//   the drain is empty (their results need the sum of the inputs).
`default_nettype none

module sf_dense #(
  parameter NI    = 32,
  parameter NO    = 8,
  parameter P     = 4,
  parameter XW    = 8,
  parameter TP    = 1,
  parameter AW    = 13,
  parameter ZEROS = 0,
  parameter MEMBERS = 1,
  parameter SPLIT = 0,
  parameter NP    = (SPLIT == 1) ? NO / MEMBERS : NO,
  parameter DEPTH = (((NP + P - 1) / P) * MEMBERS - 1) * ((NI + 15) / 16) * 16 + NI,
  parameter RW    = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
  input  wire               clk_i,
  input  wire               rst_i,
  input  wire [MEMBERS-1:0] mask_i,
  input  wire [XW-1:0]      x_data_i,
  input  wire               x_valid_i,
  output wire               x_ready_o,
  output reg  signed [AW:0] y_data_o,
  output reg                y_valid_o,
  input  wire               y_ready_i,
  output wire               w_en_o,
  output wire [RW-1:0]      w_addr_o,
  input  wire [P-1:0]       w_data_i,
  output wire               event_o
);

  localparam NG    = (NP + P - 1) / P;                  // groups, of one member
  localparam IW    = (NI > 1) ? $clog2(NI) : 1;         // index of an input
  localparam GW    = (NG > 1) ? $clog2(NG) : 1;
  localparam DW    = $clog2(P * TP + 1);                // results left in the drain
  localparam LAST  = NP - (NG - 1) * P;                 // neurons of the last group
  localparam NW    = (NI + 15) / 16;                    // words of the bitmap
  localparam BW    = (RW > 4) ? RW - 4 : 1;             // address of 16 rows

  localparam [1:0] StIntake = 2'd0, StFlush = 2'd1, StScan = 2'd2;

  reg [1:0]    state_q;
  reg [1:0]    flush_q;
  reg [IW-1:0] index_q;
  reg [GW-1:0] group_q;
  reg [DW-1:0] drain_q;

  wire fire       = x_valid_i & x_ready_o;
  wire last_in    = fire & (index_q == NI[IW-1:0] - 1'b1);
  wire last_group = group_q == NG[GW-1:0] - 1'b1;
  wire snap       = (state_q == StFlush) & (flush_q == 2'd2) & (drain_q == {DW{1'b0}});

  // The inputs of this turn have been gone through for all that needs them.
  wire turn_end   = last_group & ((SPLIT == 2) | last_member);

  generate
    if (SPLIT == 2 && ZEROS == 0) begin : gen_sum_needed
      assign x_ready_o = (state_q == StIntake) & (drain_q == {DW{1'b0}});
    end else begin : gen_sum_free
      assign x_ready_o = state_q == StIntake;
    end
  endgenerate

  // ---- events: from the input, or from the scan of the kept inputs
  wire          scan_event, scan_done;
  wire [RW-1:0] scan_row;
  wire [XW-1:0] kept;
  wire          event_d = fire ? |x_data_i : scan_event;
  wire [RW-1:0] row     = (state_q == StIntake) ? first_row : scan_row;

  assign event_o = event_d;

  // ---- rows of the member at work
  wire [RW-1:0] first_row;
  wire [BW-1:0] base;                          // 16 rows each, before those of the next scan
  wire          last_member;
  generate
    if (MEMBERS > 1) begin : gen_members
      localparam MW = $clog2(MEMBERS);
      wire [MW-1:0] member, next;
      sf_members #(.N(MEMBERS)) u_members (
        .clk_i (clk_i),
        .rst_i (rst_i),
        .mask_i(mask_i),
        .step_i(snap & last_group),
        .now_o (member),
        .next_o(next),
        .last_o(last_member)
      );
      // Groups of all members before the one that is scanned, or taken in, next.
      wire [MW-1:0] of    = (state_q == StIntake) ? member : next;
      wire [GW-1:0] group = (state_q == StIntake | last_group) ? {GW{1'b0}} : group_q + 1'b1;
      wire [BW-1:0] slot  = {{(BW-MW){1'b0}}, of} * NG[BW-1:0] + {{(BW-GW){1'b0}}, group};
      wire [BW-1:0] first = slot * NW[BW-1:0];
      assign base      = first;
      assign first_row = {first, 4'b0} + {{(RW-IW){1'b0}}, index_q};
    end else begin : gen_alone
      wire unused = &{1'b0, mask_i};
      assign base        = {BW{1'b0}};
      assign last_member = 1'b1;
      assign first_row   = {{(RW-IW){1'b0}}, index_q};
    end
  endgenerate

  generate
    if (NG > 1 || SPLIT == 1) begin : gen_replay
      sf_dense_replay #(.NI(NI), .XW(XW), .RW(RW), .JUMPS(MEMBERS > 1)) u_replay (
        .clk_i    (clk_i),
        .rst_i    (rst_i),
        .write_i  (fire),
        .index_i  (index_q),
        .data_i   (x_data_i),
        .start_i  (snap & ~turn_end),
        .restart_i(snap & turn_end),
        .base_i   (base),
        .fetch_i  (state_q != StIntake),
        .scan_i   (state_q == StScan),
        .event_o  (scan_event),
        .done_o   (scan_done),
        .row_o    (scan_row),
        .data_o   (kept)
      );
    end else begin : gen_no_replay
      assign scan_event = 1'b0;
      assign scan_done  = 1'b0;
      assign scan_row   = {RW{1'b0}};
      assign kept       = {XW{1'b0}};
      wire unused_base = &{1'b0, base};
    end
  endgenerate

  // ---- two pipeline stages: memory, register
  reg           v1_q, v2_q, direct1_q;
  reg  [XW-1:0] x1_q, x2_q;
  reg  [P-1:0]  w2_q;

  assign w_en_o   = event_d;
  assign w_addr_o = row;

  always @(posedge clk_i) begin
    v1_q      <= event_d & ~rst_i;
    v2_q      <= v1_q & ~rst_i;
    direct1_q <= fire;
    x1_q      <= x_data_i;
    x2_q      <= direct1_q ? x1_q : kept;
    w2_q      <= w_data_i;
  end

  // ---- sum of all inputs, for each timestep
  wire first_in = index_q == {IW{1'b0}};
  reg  [TP*AW-1:0] sum_q;
  wire [AW-1:0]    sum = sum_q[AW-1:0];

  // ---- accumulators and the chain that shifts the results out
  wire [P*TP*AW-1:0] acc;
  reg  [P*TP*AW-1:0] chain_q;
  wire shift = (drain_q != {DW{1'b0}}) & (~y_valid_o | y_ready_i);

  genvar l, t;
  generate
    for (t = 0; t < TP; t = t + 1) begin : gen_sum
      wire [AW-1:0] x;
      if (TP == 1) begin : gen_level
        assign x = {{(AW-XW){1'b0}}, x_data_i};
      end else begin : gen_spike
        assign x = {{(AW-1){1'b0}}, x_data_i[t]};
      end
      // While the drain shifts, the sums rotate: TP shifts bring them back.
      wire [AW-1:0] next = sum_q[((t + 1) % TP)*AW +: AW];
      always @(posedge clk_i) begin
        if (fire) sum_q[t*AW +: AW] <= (first_in ? {AW{1'b0}} : sum_q[t*AW +: AW]) + x;
        else if (shift) sum_q[t*AW +: AW] <= next;
      end
    end
    for (l = 0; l < P; l = l + 1) begin : gen_lane
      for (t = 0; t < TP; t = t + 1) begin : gen_time
        wire          on;
        wire [AW-1:0] x;
        if (TP == 1) begin : gen_level
          assign on = v2_q & w2_q[l];
          assign x  = {{(AW-XW){1'b0}}, x2_q};
        end else begin : gen_spike
          assign on = v2_q & w2_q[l] & x2_q[t];
          assign x  = {{(AW-1){1'b0}}, 1'b1};
        end
        reg  [AW-1:0] acc_q;
        always @(posedge clk_i) begin
          if (rst_i | snap) acc_q <= {AW{1'b0}};
          else if (on) acc_q <= acc_q + x;
        end
        assign acc[(l*TP + t)*AW +: AW] = acc_q;
      end
    end
  endgenerate

  always @(posedge clk_i) begin
    if (snap) chain_q <= acc;
    else if (shift) chain_q <= chain_q >> AW;
  end

  always @(posedge clk_i) begin
    if (shift) begin
      y_data_o  <= (ZEROS != 0) ? {1'b0, chain_q[AW-1:0]} : {chain_q[AW-1:0], 1'b0} - {1'b0, sum};
      y_valid_o <= 1'b1;
      drain_q   <= drain_q - 1'b1;
    end else if (y_ready_i) begin
      y_valid_o <= 1'b0;
    end
    if (snap) drain_q <= last_group ? LAST[DW-1:0] * TP[DW-1:0] : P[DW-1:0] * TP[DW-1:0];
    if (rst_i) begin
      y_valid_o <= 1'b0;
      drain_q   <= {DW{1'b0}};
    end
  end

  // ---- control
  always @(posedge clk_i) begin
    case (state_q)
      StIntake: if (fire) begin
        index_q <= last_in ? {IW{1'b0}} : index_q + 1'b1;
        if (last_in) begin
          state_q <= StFlush;
          flush_q <= 2'd0;
        end
      end
      StFlush: begin
        if (flush_q != 2'd2) flush_q <= flush_q + 1'b1;
        if (snap) begin
          group_q <= last_group ? {GW{1'b0}} : group_q + 1'b1;
          state_q <= turn_end ? StIntake : StScan;
        end
      end
      default: if (scan_done) begin
        state_q <= StFlush;
        flush_q <= 2'd0;
      end
    endcase
    if (rst_i) begin
      state_q <= StIntake;
      flush_q <= 2'd0;
      index_q <= {IW{1'b0}};
      group_q <= {GW{1'b0}};
    end
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_decide: keeps the logits of the members so far, and stops once the class is settled.
//
// After each member all logits come anew. If the largest is above the second largest by more
// than a margin, which is that of the member, the other members are left out.
//
// Contract
//   N           classes, 2..256
//   LW          width of a logit, signed, <= 32
//   MEMBERS     members of an ensemble, of which those in mask_i run (sf_members)
//   BLOCK, INIT margins, a word of LW bits a member, unsigned; the largest is never exceeded
//   l_*         logits in order, N after each member, at most one in five cycles; none after the
//               last member's until the result has gone
//   may_stop_i  0: all members run
//   stop_o      one cycle: what computes is to be reset; nothing comes from it any more
//   ran_o       the members whose logits are in the result; stable while it is sent, and after it
//               until the next inference's first logit
//   out_*       N logits of 4 bytes, lowest first, a byte with the class (the first with the
//               largest logit), a byte with the number of members that ran (last)
//
// Timing: a member's last logit in cycle c gives stop_o in c+3, or nothing; it or the last
// member's gives the first byte in c+3.
`default_nettype none

module sf_decide #(
  parameter N       = 10,
  parameter LW      = 28,
  parameter MEMBERS = 4,
  parameter BLOCK   = 0,
  parameter INIT    = ""
) (
  input  wire                 clk_i,
  input  wire                 rst_i,
  input  wire [MEMBERS-1:0]   mask_i,
  input  wire                 may_stop_i,
  input  wire signed [LW-1:0] l_data_i,
  input  wire                 l_valid_i,
  output wire                 stop_o,
  output wire [MEMBERS-1:0]   ran_o,
  output wire [7:0]           out_data_o,
  output wire                 out_valid_o,
  input  wire                 out_ready_i,
  output wire                 out_last_o
);

  localparam NW = $clog2(N);
  localparam MW = $clog2(MEMBERS);

  localparam [2:0] StTake = 3'd0, StDiff = 3'd1, StCompare = 3'd2, StLogits = 3'd3, StClass = 3'd4,
                   StCount = 3'd5;

  reg        [2:0]         state_q;
  reg        [NW-1:0]      class_q, best_class_q;
  reg signed [LW-1:0]      best_q, second_q;
  reg        [LW-1:0]      diff_q;
  reg        [MEMBERS-1:0] ran_q;
  reg        [1:0]         byte_q;
  reg        [7:0]         count_q;
  reg                      first_q;            // no member has been taken in
  reg                      stop_q;

  wire first_class = class_q == {NW{1'b0}};
  wire last_class  = class_q == N[NW-1:0] - 1'b1;
  wire taken       = l_valid_i & last_class;
  wire sent        = out_valid_o & out_ready_i;
  wire word_sent   = sent & (byte_q == 2'd3) & (state_q == StLogits);

  wire [MW-1:0] member, unused_next;
  wire          last_member;
  sf_members #(.N(MEMBERS)) u_members (
    .clk_i (clk_i),
    .rst_i (rst_i | stop_q),
    .mask_i(mask_i),
    .step_i(state_q == StCompare),
    .now_o (member),
    .next_o(unused_next),
    .last_o(last_member)
  );

  // ---- the margin of the member at work
  wire [LW-1:0] margin;
  sf_rom #(.WIDTH(LW), .DEPTH(MEMBERS), .BLOCK(BLOCK), .INIT(INIT)) u_margins (
    .clk_i (clk_i),
    .en_i  (l_valid_i),
    .addr_i(member),
    .data_o(margin)
  );
  wire settled = may_stop_i & (diff_q > margin);
  wire ends    = (state_q == StCompare) & (settled | last_member);

  // ---- the largest and the second largest
  wire above_best   = first_class | (l_data_i > best_q);
  wire second_class = class_q == {{(NW-1){1'b0}}, 1'b1};
  wire above_second = second_class | (l_data_i > second_q);

  // ---- the logits, kept until they are sent; the next one waits at the memory's output
  wire [NW-1:0] class_d = (l_valid_i | word_sent) ? (last_class ? {NW{1'b0}} : class_q + 1'b1)
                                                   : class_q;
  wire signed [LW-1:0] logit;
  wire [31:0] logit32 = {{(32-LW+1){logit[LW-1]}}, logit[LW-2:0]};

  sf_ram #(.WIDTH(LW), .DEPTH(N)) u_logits (
    .clk_i  (clk_i),
    .we_i   (l_valid_i),
    .waddr_i(class_q),
    .wdata_i(l_data_i),
    .re_i   (ends | word_sent),
    .raddr_i(class_d),
    .rdata_o(logit)
  );

  /* verilator lint_off UNUSEDSIGNAL */ // widened for any N, read as one byte
  wire [NW+7:0] winner_wide = {8'b0, best_class_q};
  /* verilator lint_on UNUSEDSIGNAL */

  assign out_valid_o = state_q >= StLogits;
  assign out_data_o  = (state_q == StLogits) ? logit32[8*byte_q +: 8]
                     : (state_q == StClass)  ? winner_wide[7:0] : count_q;
  assign out_last_o  = state_q == StCount;
  assign stop_o      = stop_q;
  assign ran_o       = ran_q;

  always @(posedge clk_i) begin
    class_q <= class_d;
    stop_q  <= ends & ~last_member;
    diff_q  <= best_q - second_q;
    if (l_valid_i) begin
      // The second is the best of all but the winner.
      if (above_best) begin
        best_q       <= l_data_i;
        best_class_q <= class_q;
      end
      if (above_best) second_q <= best_q;
      else if (above_second) second_q <= l_data_i;
    end
    case (state_q)
      StTake: if (taken) state_q <= StDiff;
      StDiff: state_q <= StCompare;
      StCompare: begin
        state_q       <= ends ? StLogits : StTake;
        ran_q         <= (first_q ? {MEMBERS{1'b0}} : ran_q) | ({{(MEMBERS-1){1'b0}}, 1'b1} << member);
        count_q       <= first_q ? 8'd1 : count_q + 8'd1;
        first_q       <= ends;
      end
      StLogits: if (word_sent & last_class) state_q <= StClass;
      StClass: if (sent) state_q <= StCount;
      default: if (sent) state_q <= StTake;
    endcase
    if (sent & (state_q == StLogits)) byte_q <= byte_q + 2'd1;
    if (rst_i) begin
      state_q <= StTake;
      class_q <= {NW{1'b0}};
      byte_q  <= 2'd0;
      first_q <= 1'b1;
      stop_q  <= 1'b0;
    end
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // The inputs keep to the contract.
  integer             f_wait, f_class, f_members, f_m;
  reg [MEMBERS-1:0]   f_mask, f_done;
  reg                 f_may, f_ended;           // the result has gone in the cycle before
  reg                 f_over;                   // nothing comes any more
  reg signed [LW-1:0] f_logits [0:N-1];
  always @(*) begin
    f_members = 0;
    for (f_m = 0; f_m < MEMBERS; f_m = f_m + 1) f_members = f_members + mask_i[f_m];
    assume (f_members > 0);
    if (l_valid_i) assume (f_wait >= 4 && !f_over);
  end
  integer f_taken;                             // members
  reg     f_end;
  always @(posedge clk_i) begin
    f_mask <= mask_i;
    f_may  <= may_stop_i;
    f_ended <= ~rst_i & sent & out_last_o;
    if (f_past && !rst_i && !f_ended) assume (mask_i == f_mask && may_stop_i == f_may);
    f_wait <= (rst_i) ? 4 : l_valid_i ? 0 : (f_wait == 4) ? 4 : f_wait + 1;
    if (rst_i || (sent && out_last_o)) begin
      f_class <= 0;
      f_taken <= 0;
      f_over  <= 1'b0;
    end else if (l_valid_i) begin
      f_logits[f_class] <= l_data_i;
      f_class <= (f_class == N - 1) ? 0 : f_class + 1;
      if (f_class == N - 1) begin
        f_taken <= f_taken + 1;
        if (f_taken == f_members - 1) f_over <= 1'b1;
      end
    end
    if (stop_o) f_over <= 1'b1;
  end

  // The result, found by going over the logits.
  integer             f_k, f_winner, f_sent;
  reg signed [LW-1:0] f_best;
  always @(*) begin
    f_winner = 0;
    f_best   = f_logits[0];
    for (f_k = 1; f_k < N; f_k = f_k + 1) if (f_logits[f_k] > f_best) begin
      f_best   = f_logits[f_k];
      f_winner = f_k;
    end
  end
  // The margin is exceeded by each other class, whichever it is.
  (* anyconst *) reg [NW-1:0] f_other;
  always @(*) assume (f_other < N);
  wire signed [LW:0] f_above = f_best - f_logits[f_other];
  reg [LW-1:0] f_margin;
  always @(posedge clk_i) begin
    f_margin <= margin;
    f_sent   <= (rst_i || !out_valid_o || (sent && out_last_o)) ? 0 : f_sent + sent;
  end
  wire signed [31:0] f_word = f_logits[f_sent / 4];

  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      if (stop_o) a_may : assert (may_stop_i && f_taken < f_members && f_taken > 0 && f_class == 0);
      if (stop_o && f_other != f_winner) a_margin : assert (f_above > $signed({1'b0, f_margin}));
      if (out_valid_o) begin
        a_over : assert (f_over || stop_o);
        if (f_sent < 4 * N) a_logit : assert (out_data_o == f_word[8*(f_sent % 4) +: 8]);
        else if (f_sent == 4 * N) a_class : assert (out_data_o == f_winner);
        else a_count : assert (out_data_o == f_taken);
        a_last : assert (out_last_o == (f_sent == 4 * N + 1));
        a_ran : assert ((ran_o & ~mask_i) == 0);
      end
      c_stop : cover (stop_o && f_taken == 2);
      c_end : cover (out_last_o && sent && f_taken == 2);
    end
  end
`endif

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_readout: scales the summed outputs to logits, finds the largest, sends both.
//
//   logit_c = gain_c * x_c + offset_c; the class is the first with the largest logit.
// The gain is applied once an output, a bit a cycle (no multiplier).
//
// Contract
//   N           classes, 1..256
//   IW, GW, LW  widths of the input (signed), gain (unsigned), logit (signed, <= 32)
//   OW          width of the offset (signed, <= LW)
//   BLOCK, INIT parameter memory {offset, gain}, a word a class
//   STEPS       > 1: a set of N words for each number of timesteps, each at a multiple of 2^NW, of which that
//               of last_step_i is read; 1: one set, and last_step_i is not read
//   MEMBERS     members of an ensemble: an input a class comes from each of those in mask_i, one
//               member after the other, and x_c is their sum (IW holds it). 1: there are
//               none, and mask_i is not read
//   EVERY       1: the logits of the members so far after each member, on l_* alone (sf_decide);
//               0: those of all members, as bytes
//   rst_i       the first input may come in the second cycle after it, or after a change of mask_i
//               or last_step_i
//   x_*         N inputs in order, valid/ready
//   l_*         each logit, in the cycle in which it is there; nothing waits
//   out_*       N logits of 4 bytes, lowest first, then one byte with the class (last)
//
// Timing: an input accepted in cycle c gives its logit's first byte in c+GW+3, if the
// bytes of the one before are gone; the next input is accepted in that cycle. With members
// one of the last one (EVERY: of each) takes a cycle more, and after one of the others the next
// is accepted in c+2.
`default_nettype none

module sf_readout #(
  parameter N     = 10,
  parameter IW    = 12,
  parameter GW    = 16,
  parameter OW    = 24,
  parameter LW    = 28,
  parameter BLOCK = 0,
  parameter INIT  = "",
  parameter STEPS = 1,
  parameter MEMBERS = 1,
  parameter EVERY   = 0,
  parameter SW    = (STEPS > 1) ? $clog2(STEPS) : 1
) (
  input  wire                 clk_i,
  input  wire                 rst_i,
  input  wire        [SW-1:0] last_step_i,
  input  wire   [MEMBERS-1:0] mask_i,
  input  wire signed [IW-1:0] x_data_i,
  input  wire                 x_valid_i,
  output wire                 x_ready_o,
  output wire signed [LW-1:0] l_data_o,
  output wire                 l_valid_o,
  output wire [7:0]           out_data_o,
  output wire                 out_valid_o,
  input  wire                 out_ready_i,
  output wire                 out_last_o
);

  localparam NW = (N > 1) ? $clog2(N) : 1;
  localparam BW = $clog2(GW + 1);

  localparam [1:0] StIdle = 2'd0, StMul = 2'd1, StAdd = 2'd2, StSend = 2'd3;

  reg        [1:0]    state_q;
  reg        [BW-1:0] bits_q;
  reg        [NW-1:0] class_q, best_class_q;
  reg signed [LW-1:0] logit_q, best_q;
  reg signed [IW-1:0] x_q;
  reg        [GW-1:0] gain_q;
  reg        [39:0]   bytes_q;
  reg        [2:0]    left_q;
  reg                 final_q;

  wire accept     = x_valid_i & x_ready_o;
  wire send       = (state_q == StSend) & ((EVERY != 0) | (left_q == 3'd0));
  wire last_class = class_q == N[NW-1:0] - 1'b1;

  assign l_data_o    = logit_q;
  assign l_valid_o   = send;
  assign x_ready_o   = (state_q == StIdle) & ~summed;
  assign out_valid_o = left_q != 3'd0;
  assign out_data_o  = bytes_q[7:0];
  assign out_last_o  = final_q & (left_q == 3'd1);

  // ---- members: the sums of those before are kept
  wire          summed;                        // x_q is taken, and to be added
  wire          first_member, last_member;
  wire signed [IW-1:0] kept;                   // sum of the members before
  wire signed [IW-1:0] total  = x_q + (first_member ? {IW{1'b0}} : kept);
  wire          keep   = summed & ~last_member;
  wire          later  = keep & (EVERY == 0);  // its logit waits for the other members
  wire          done   = send | later;         // with this class
  generate
    if (MEMBERS > 1) begin : gen_members
      localparam MW = $clog2(MEMBERS);
      wire [MW-1:0] unused_now, unused_next;
      reg           first_q, summed_q;
      sf_members #(.N(MEMBERS)) u_members (
        .clk_i (clk_i),
        .rst_i (rst_i),
        .mask_i(mask_i),
        .step_i(done & last_class),
        .now_o (unused_now),
        .next_o(unused_next),
        .last_o(last_member)
      );
      assign first_member = first_q;
      assign summed       = summed_q;
      always @(posedge clk_i) begin
        summed_q <= accept & ~rst_i;
        if (done & last_class) first_q <= last_member;
        if (rst_i) first_q <= 1'b1;
      end
      sf_ram #(.WIDTH(IW), .DEPTH(N)) u_sums (
        .clk_i  (clk_i),
        .we_i   (keep),
        .waddr_i(class_q),
        .wdata_i(total),
        .re_i   (accept),
        .raddr_i(class_q),
        .rdata_o(kept)
      );
    end else begin : gen_alone
      wire unused = &{1'b0, mask_i};
      assign first_member = 1'b1;
      assign summed       = 1'b0;
      assign last_member  = 1'b1;
      assign kept         = {IW{1'b0}};
    end
  endgenerate

  wire [NW-1:0] class_d = ~done ? class_q : last_class ? {NW{1'b0}} : class_q + 1'b1;
  wire [OW+GW-1:0] param;

  generate
    if (STEPS > 1) begin : gen_steps
      sf_rom #(.WIDTH(OW + GW), .DEPTH((STEPS - 1) * (1 << NW) + N), .BLOCK(BLOCK), .INIT(INIT)) u_param (
        .clk_i (clk_i),
        .en_i  (1'b1),
        .addr_i({last_step_i, class_d}),
        .data_o(param)
      );
    end else begin : gen_one
      wire unused = &{1'b0, last_step_i};
      sf_rom #(.WIDTH(OW + GW), .DEPTH(N), .BLOCK(BLOCK), .INIT(INIT)) u_param (
        .clk_i (clk_i),
        .en_i  (1'b1),
        .addr_i(class_d),
        .data_o(param)
      );
    end
  endgenerate

  wire signed [OW-1:0] offset      = param[GW +: OW];
  wire signed [LW-1:0] offset_wide = {{(LW-OW){offset[OW-1]}}, offset};
  wire signed [LW-1:0] x_wide      = {{(LW-IW){x_q[IW-1]}}, x_q};

  wire          better  = (class_q == {NW{1'b0}}) | (logit_q > best_q);
  wire [NW-1:0] winner  = better ? class_q : best_class_q;
  wire [31:0]   logit32 = {{(32-LW+1){logit_q[LW-1]}}, logit_q[LW-2:0]};
  /* verilator lint_off UNUSEDSIGNAL */ // widened for any N, read as one byte
  wire [NW+7:0] winner_wide = {8'b0, winner};
  /* verilator lint_on UNUSEDSIGNAL */

  always @(posedge clk_i) begin
    class_q <= class_d;
    case (state_q)
      StIdle: if (accept) begin
        x_q     <= x_data_i;
        gain_q  <= param[GW-1:0];
        logit_q <= {LW{1'b0}};
        bits_q  <= GW[BW-1:0];
        if (MEMBERS == 1) state_q <= StMul;
      end else if (summed) begin
        x_q     <= total;
        state_q <= later ? StIdle : StMul;
      end
      StMul: begin
        logit_q <= (logit_q <<< 1) + (gain_q[GW-1] ? x_wide : {LW{1'b0}});
        gain_q  <= gain_q << 1;
        bits_q  <= bits_q - 1'b1;
        if (bits_q == {{(BW-1){1'b0}}, 1'b1}) state_q <= StAdd;
      end
      StAdd: begin
        logit_q <= logit_q + offset_wide;
        state_q <= StSend;
      end
      default: if (send) begin
        best_class_q <= winner;
        if (better) best_q <= logit_q;
        state_q <= StIdle;
      end
    endcase

    if (send & (EVERY == 0)) begin
      bytes_q <= {winner_wide[7:0], logit32};
      left_q  <= last_class ? 3'd5 : 3'd4;
      final_q <= last_class;
    end else if (out_valid_o & out_ready_i) begin
      bytes_q <= bytes_q >> 8;
      left_q  <= left_q - 3'd1;
    end

    if (rst_i) begin
      state_q <= StIdle;
      class_q <= {NW{1'b0}};
      left_q  <= 3'd0;
      final_q <= 1'b0;
    end
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // Logits by a multiplication, in numbers wide enough for anything.
  localparam FW = IW + GW + LW + 2;
  reg  signed [FW-1:0] f_x, f_gain, f_offset, f_best;
  integer              f_class, f_winner, f_sent, f_done;  // classes taken, best, bytes, classes sent
  wire signed [FW-1:0] f_logit = f_gain * f_x + f_offset;
  wire signed [FW-1:0] f_most  = (1 <<< (LW - 1)) - 1;
  reg  signed [31:0]   f_word;
  wire                 f_better = f_class == 1 || f_logit > f_best;
  wire                 f_taken  = out_valid_o & out_ready_i;
  reg                  f_reset;
  always @(posedge clk_i) f_reset <= rst_i;
  // The knobs stay as they are; sums of the members before.
  reg [SW-1:0]      f_step;
  reg [MEMBERS-1:0] f_mask;
  always @(posedge clk_i) begin
    f_step <= last_step_i;
    f_mask <= mask_i;
    if (f_past && !rst_i) assume (mask_i == f_mask && last_step_i == f_step);
  end
  integer f_turn, f_members, f_m;
  always @(*) begin
    f_members = 0;
    for (f_m = 0; f_m < MEMBERS; f_m = f_m + 1) f_members = f_members + mask_i[f_m];
    assume (f_members > 0 && last_step_i < STEPS);
  end
  reg  signed [FW-1:0] f_sums [0:N-1];
  wire [NW-1:0]        f_now   = (f_class == N) ? 0 : f_class;
  wire signed [FW-1:0] f_total = $signed(x_data_i) + ((f_turn == 0) ? 0 : f_sums[f_now]);
  wire                 f_lasts = f_turn == f_members - 1;
  wire signed [FW-1:0] f_holds = (1 <<< (IW - 1)) - 1;
  always @(*) if (accept) assume (f_total <= f_holds && f_total >= -f_holds - 1);
  always @(*) begin
    if (f_reset) assume (!x_valid_i);
    // A width is chosen such that the logit and its product fit.
    if (state_q != StIdle) begin
      assume (f_logit <= f_most && f_logit >= -f_most - 1);
      assume (f_gain * f_x <= f_most && f_gain * f_x >= -f_most - 1);
    end
  end

  always @(posedge clk_i) begin
    if (rst_i) begin
      f_class <= 0;
      f_turn  <= 0;
      f_sent  <= 0;
      f_done  <= 0;
    end else begin
      if (accept) begin
        f_x      <= f_total;
        f_sums[f_now] <= f_total;
        f_gain   <= $signed({1'b0, param[GW-1:0]});
        f_offset <= offset;
        f_class  <= f_now + 1;
        if (f_now == N - 1) f_turn <= f_lasts ? 0 : f_turn + 1;
      end
      if (send && EVERY == 0) begin
        f_word <= f_logit;
        if (f_better) begin
          f_best   <= f_logit;
          f_winner <= f_class - 1;
        end
        f_done <= f_class;
      end
      if (send) f_sent <= 0;
      else if (f_taken) f_sent <= f_sent + 1;
    end
  end

  always @(posedge clk_i) begin
    if (f_past && !rst_i && l_valid_o) a_now : assert (l_data_o == f_logit);
    if (f_past && !rst_i && EVERY != 0) a_none : assert (!out_valid_o);
    if (f_past && !rst_i && out_valid_o) begin
      a_bytes : assert (f_sent <= ((f_done == N) ? 4 : 3));
      if (f_sent < 4) a_logit : assert (out_data_o == f_word[8*f_sent +: 8]);
      else a_class : assert (out_data_o == f_winner);
      a_last : assert (out_last_o == (f_done == N && f_sent == 4));
      c_class : cover (out_last_o && f_winner == N - 1);
    end
  end
`endif

endmodule

`default_nettype wire

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
//   rst_i       the first input may come in the second cycle after it
//   x_*         N inputs in order, valid/ready
//   out_*       N logits of 4 bytes, lowest first, then one byte with the class (last)
//
// Timing: an input accepted in cycle c gives its logit's first byte in c+GW+3, if the
// bytes of the one before are gone; the next input is accepted in that cycle.
`default_nettype none

module sf_readout #(
  parameter N     = 10,
  parameter IW    = 12,
  parameter GW    = 16,
  parameter OW    = 24,
  parameter LW    = 28,
  parameter BLOCK = 0,
  parameter INIT  = ""
) (
  input  wire                 clk_i,
  input  wire                 rst_i,
  input  wire signed [IW-1:0] x_data_i,
  input  wire                 x_valid_i,
  output wire                 x_ready_o,
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
  wire send       = (state_q == StSend) & (left_q == 3'd0);
  wire last_class = class_q == N[NW-1:0] - 1'b1;

  assign x_ready_o   = state_q == StIdle;
  assign out_valid_o = left_q != 3'd0;
  assign out_data_o  = bytes_q[7:0];
  assign out_last_o  = final_q & (left_q == 3'd1);

  wire [NW-1:0] class_d = ~send ? class_q : last_class ? {NW{1'b0}} : class_q + 1'b1;
  wire [OW+GW-1:0] param;

  sf_rom #(.WIDTH(OW + GW), .DEPTH(N), .BLOCK(BLOCK), .INIT(INIT)) u_param (
    .clk_i (clk_i),
    .en_i  (1'b1),
    .addr_i(class_d),
    .data_o(param)
  );

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
        state_q <= StMul;
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

    if (send) begin
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
      f_sent  <= 0;
      f_done  <= 0;
    end else begin
      if (accept) begin
        f_x      <= x_data_i;
        f_gain   <= $signed({1'b0, param[GW-1:0]});
        f_offset <= offset;
        f_class  <= (f_class == N) ? 1 : f_class + 1;
      end
      if (send) begin
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

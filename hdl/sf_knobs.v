// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_knobs: the first bytes of an inference say how much of the network runs.
//
// Contract
//   T, MEMBERS   timesteps, < 128; members of an ensemble, 1: it is none; MEMBERS <= 16
//   in_*, out_*  the bytes of one inference after the other, valid/ready; bits 6..0 of the
//                first one are the number of timesteps, its bit 7 says that members may be left
//                out once the class is settled; the one or two after it, if MEMBERS > 1, are the
//                members, the lowest in bit 0 of the first. They are taken at once, the others
//                pass from in to out
//   done_i       the next byte is the first of an inference
//   last_step_o  the last timestep that runs. 0 timesteps, or more than there are, are all
//   may_stop_o   that bit
//   mask_o       the members that run, never none: none is all; bits beyond them are not read
//   Both are stable from the second of these bytes' cycles on, that is from the first byte that
//   passes, to the first byte of the next inference.
`default_nettype none

module sf_knobs #(
  parameter T       = 4,
  parameter MEMBERS = 4,
  parameter CW      = (T > 1) ? $clog2(T) : 1
) (
  input  wire               clk_i,
  input  wire               rst_i,
  input  wire [7:0]         in_data_i,
  input  wire               in_valid_i,
  output wire               in_ready_o,
  output wire [7:0]         out_data_o,
  output wire               out_valid_o,
  input  wire               out_ready_i,
  input  wire               done_i,
  output wire [CW-1:0]      last_step_o,
  output wire               may_stop_o,
  output wire [MEMBERS-1:0] mask_o
);

  localparam NB = 1 + ((MEMBERS > 1) ? (MEMBERS + 7) / 8 : 0);   // bytes, 1 to 3

  reg  [1:0] count_q;
  reg  [7:0] steps_q;
  wire       head = count_q != NB[1:0];
  wire       take = head & in_valid_i;

  assign in_ready_o  = head | out_ready_i;
  assign out_valid_o = in_valid_i & ~head;
  assign out_data_o  = in_data_i;

  wire [6:0] less = steps_q[6:0] - 7'd1;
  wire       all  = less >= T[6:0];            // 0 less 1 is 127
  /* verilator lint_off WIDTHTRUNC */ // T - 1 fits
  localparam [CW-1:0] Last = T - 1;
  /* verilator lint_on WIDTHTRUNC */
  assign may_stop_o  = steps_q[7];
  assign last_step_o = all ? Last : less[CW-1:0];

  always @(posedge clk_i) begin
    if (take) count_q <= count_q + 2'd1;
    if (take & (count_q == 2'd0)) steps_q <= in_data_i;
    if (rst_i | done_i) count_q <= 2'd0;
  end

  generate
    if (MEMBERS > 1) begin : gen_mask
      reg [15:0] mask_q;
      always @(posedge clk_i) begin
        if (take & (count_q == 2'd1)) mask_q <= {8'h00, in_data_i};
        if (take & (count_q == 2'd2)) mask_q[15:8] <= in_data_i;
      end
      wire [MEMBERS-1:0] known = mask_q[MEMBERS-1:0];
      assign mask_o = (known == {MEMBERS{1'b0}}) ? {MEMBERS{1'b1}} : known;
      if (MEMBERS < 16) begin : gen_beyond
        wire unused = &{1'b0, mask_q[15:MEMBERS]};
      end
    end else begin : gen_one
      assign mask_o = 1'b1;
    end
  endgenerate

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // The bytes of an inference, counted, and what the first of them were.
  integer    f_count;
  reg [7:0]  f_steps, f_low, f_high;
  wire       f_fire = in_valid_i & in_ready_o;
  wire [15:0] f_mask = {f_high, f_low};
  always @(posedge clk_i) begin
    if (rst_i | done_i) f_count <= 0;
    else if (f_fire && f_count < 3) f_count <= f_count + 1;
    if (f_fire && f_count == 0) begin
      f_steps <= in_data_i;
      f_high  <= 8'h00;
    end
    if (f_fire && f_count == 1) f_low <= in_data_i;
    if (f_fire && f_count == 2 && NB == 3) f_high <= in_data_i;
  end
  wire [15:0] f_stored;
  generate
    if (MEMBERS > 1) begin : gen_stored
      assign f_stored = gen_mask.mask_q;
    end
  endgenerate
  // The contract: an inference ends after bytes of its own.
  always @(*) if (f_count < NB) assume (!done_i);

  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      a_head : assert (f_count >= NB || (in_ready_o && !out_valid_o));
      a_pass : assert (f_count < NB || (out_valid_o == in_valid_i && in_ready_o == out_ready_i));
      a_data : assert (out_data_o == in_data_i);
      if (f_count >= NB) begin
        a_steps : assert (last_step_o == ((f_steps[6:0] >= 1 && f_steps[6:0] <= T) ? f_steps[6:0] - 1 : T - 1));
        a_stop  : assert (may_stop_o == f_steps[7]);
        a_some  : assert (mask_o != 0);
        if (MEMBERS > 1) begin
          a_mask : assert (f_mask[MEMBERS-1:0] == 0 || mask_o == f_mask[MEMBERS-1:0]);
          a_all  : assert (f_mask[MEMBERS-1:0] != 0 || mask_o == {MEMBERS{1'b1}});
        end
      end
      i_count : assert (count_q == ((f_count < NB) ? f_count : NB));
      i_steps : assert (f_count == 0 || steps_q == f_steps);
      i_high : assert (NB == 3 || f_count == 0 || f_high == 0);
      i_mask : assert (f_count < 2 || NB < 2 || (f_stored[7:0] == f_low && (f_count < NB || f_stored == f_mask)));
      c_second : cover (out_valid_o && f_count == NB && f_steps == 129);
    end
  end
`endif

endmodule

`default_nettype wire

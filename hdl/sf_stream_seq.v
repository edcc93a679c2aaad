// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_stream_seq: sends several byte streams one after the other as one.
//
// Contract
//   N           streams, >= 1; stream k is bits [8k+7:8k] of src_data_i
//   all_i       1: all streams in order, 0: stream 0 alone; stable during a response
//   turn_o[k]   it is stream k's turn; it ends with its src_last_i byte
//   out_last_o  last byte of the response
//   Combinational from source to output.
`default_nettype none

module sf_stream_seq #(
  parameter N = 2
) (
  input  wire           clk_i,
  input  wire           rst_i,
  input  wire           all_i,
  input  wire [8*N-1:0] src_data_i,
  input  wire [N-1:0]   src_valid_i,
  input  wire [N-1:0]   src_last_i,
  output wire [N-1:0]   src_ready_o,
  output wire [N-1:0]   turn_o,
  output wire [7:0]     out_data_o,
  output wire           out_valid_o,
  input  wire           out_ready_i,
  output wire           out_last_o
);

  localparam [N-1:0] First = 1;

  reg  [N-1:0] turn_q;
  wire         src_last = |(src_last_i & turn_q);
  wire         fire     = out_valid_o & out_ready_i;

  assign turn_o      = turn_q;
  assign src_ready_o = turn_q & {N{out_ready_i}};
  assign out_valid_o = |(src_valid_i & turn_q);
  assign out_last_o  = src_last & (~all_i | turn_q[N-1]);

  reg [7:0] data;
  integer k;
  always @* begin
    data = 8'h00;
    for (k = 0; k < N; k = k + 1) data = data | (src_data_i[8*k +: 8] & {8{turn_q[k]}});
  end
  assign out_data_o = data;

  always @(posedge clk_i) begin
    if (fire & src_last) turn_q <= out_last_o ? First : turn_q << 1;
    if (rst_i) turn_q <= First;
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // A response begins with the first byte of stream 0 and ends with out_last_o.
  reg f_inside, f_all;
  reg [N-1:0] f_turn;
  always @(posedge clk_i) begin
    if (rst_i) f_inside <= 1'b0;
    else if (fire) f_inside <= ~out_last_o;
    f_all <= all_i;
    if (f_past && !rst_i && f_inside) assume (all_i == f_all);
    if (rst_i || (fire && out_last_o)) f_turn <= 1;
    else if (fire && (|(src_last_i & f_turn))) f_turn <= f_turn << 1;
  end

  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      a_one : assert (turn_o != 0 && (turn_o & (turn_o - 1'b1)) == 0);
      a_turn : assert (turn_o == f_turn);
      a_first : assert (f_inside || turn_o == 1);
      a_alone : assert (all_i || turn_o == 1);
      a_ready : assert (src_ready_o == (out_ready_i ? turn_o : {N{1'b0}}));
    end
  end

  // One of the sources, whichever it is.
  (* anyconst *) reg [7:0] f_k;
  always @(*) assume (f_k < N);
  always @(posedge clk_i) begin
    if (f_past && !rst_i && turn_o[f_k]) begin
      a_data : assert (out_data_o == src_data_i[8*f_k +: 8]);
      a_valid : assert (out_valid_o == src_valid_i[f_k]);
      a_last : assert (out_last_o == (src_last_i[f_k] && (!all_i || f_k == N - 1)));
    end
  end
`endif

endmodule

`default_nettype wire

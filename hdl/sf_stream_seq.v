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

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_intake: lets exactly one inference's inputs into the pipeline.
//
// Contract
//   NI   inputs of one inference (one byte each), XW <= 8 bits of each byte are used
//   After NI bytes, in_ready_o stays low until done_i, so that one inference is in
//   flight at a time. Combinational from input to output.
`default_nettype none

module sf_intake #(
  parameter NI = 16,
  parameter XW = 8
) (
  input  wire          clk_i,
  input  wire          rst_i,
  input  wire [7:0]    in_data_i,
  input  wire          in_valid_i,
  output wire          in_ready_o,
  output wire [XW-1:0] x_data_o,
  output wire          x_valid_o,
  input  wire          x_ready_i,
  input  wire          done_i
);

  localparam CW = $clog2(NI + 1);

  reg [CW-1:0] count_q;
  reg          busy_q;
  wire         fire = in_valid_i & in_ready_o;

  assign in_ready_o = ~busy_q & x_ready_i;
  assign x_valid_o  = in_valid_i & ~busy_q;
  assign x_data_o   = in_data_i[XW-1:0];

  generate
    if (XW < 8) begin : gen_unused
      wire unused = &{1'b0, in_data_i[7:XW]};
    end
  endgenerate

  always @(posedge clk_i) begin
    if (fire) begin
      count_q <= count_q + 1'b1;
      if (count_q == NI[CW-1:0] - 1'b1) busy_q <= 1'b1;
    end
    if (done_i) begin
      count_q <= {CW{1'b0}};
      busy_q  <= 1'b0;
    end
    if (rst_i) begin
      count_q <= {CW{1'b0}};
      busy_q  <= 1'b0;
    end
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // Bytes let in since the last inference was done.
  integer f_count;
  always @(posedge clk_i) begin
    if (rst_i | done_i) f_count <= 0;
    else if (x_valid_o & x_ready_i) f_count <= f_count + 1;
  end

  always @(posedge clk_i) begin
    if (f_past) begin
      a_count : assert (f_count >= 0 && f_count <= NI);
      a_closed : assert (f_count < NI || (!in_ready_o && !x_valid_o));
      a_open : assert (f_count == NI || (in_ready_o == x_ready_i && x_valid_o == in_valid_i));
      a_both : assert ((in_valid_i & in_ready_o) == (x_valid_o & x_ready_i));
      a_data : assert (x_data_o == in_data_i[XW-1:0]);
      // What ties the registers to the reference, for the induction.
      i_count : assert (busy_q == (f_count == NI) && count_q == f_count);
    end
  end
`endif

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_planes: what was summed plane by plane, weights of several bits, becomes one sum.
//
// A weight of W bits in two's complement is w = -2^(W-1) * b[W-1] + ... + 2 * b[1] + b[0].
// With s[k] the sum of the inputs whose weight has bit k,
//   sum(w * x) = -2^(W-1) * s[W-1] + ... + 2 * s[1] + s[0],
// which takes an adder and no shifter if the highest plane comes first: y = -s[W-1], then
// y = 2 * y + s[k] for each plane below.
//
// Contract
//   W        planes, W >= 2
//   IW, OW   widths of a plane's sum and of the result (both signed, IW < OW); OW holds
//            every result
//   x_*      W sums of planes for each result, the highest plane first, valid/ready
//   y_*      results, valid/ready
//
// Timing: a result is valid in the cycle after that in which its last plane was taken. The
// next result's first plane is taken in the cycle after that in which the result was taken,
// at the earliest; planes between follow each other, one a cycle.
`default_nettype none

module sf_planes #(
  parameter W  = 8,
  parameter IW = 12,
  parameter OW = 19
) (
  input  wire                 clk_i,
  input  wire                 rst_i,
  input  wire signed [IW-1:0] x_data_i,
  input  wire                 x_valid_i,
  output wire                 x_ready_o,
  output reg  signed [OW-1:0] y_data_o,
  output reg                  y_valid_o,
  input  wire                 y_ready_i
);

  localparam CW = $clog2(W);

  reg [CW-1:0] plane_q;

  wire accept = x_valid_i & x_ready_o;
  wire first  = plane_q == {CW{1'b0}};
  wire last   = plane_q == W[CW-1:0] - 1'b1;

  assign x_ready_o = ~y_valid_o;

  // The sum before is 0 at the first plane, and a carry completes the negation: one adder.
  wire [OW-1:0] x = {{(OW-IW){x_data_i[IW-1]}}, x_data_i} ^ {OW{first}};
  /* verilator lint_off UNUSEDSIGNAL */ // the lowest bit only makes the carry
  wire [OW:0] sum = {y_data_o[OW-2:0], 1'b0, first} + {x, first};
  /* verilator lint_on UNUSEDSIGNAL */

  always @(posedge clk_i) begin
    if (accept) begin
      y_data_o  <= sum[OW:1];
      y_valid_o <= last;
      plane_q   <= last ? {CW{1'b0}} : plane_q + 1'b1;
    end
    if (rst_i | (y_valid_o & y_ready_i)) begin
      y_data_o  <= {OW{1'b0}};
      y_valid_o <= 1'b0;
    end
    if (rst_i) plane_q <= {CW{1'b0}};
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // The planes with their weights, modulo 2^OW.
  reg signed [OW-1:0] f_sum;
  reg        [CW:0]   f_taken;                 // planes since the result before
  wire       [CW:0]   f_left  = W - f_taken;   // planes that are missing
  wire signed [OW-1:0] f_x     = x_data_i;
  wire signed [OW-1:0] f_plane = f_x <<< (W - 1 - f_taken);
  wire signed [OW-1:0] f_so_far = y_data_o <<< f_left;

  always @(posedge clk_i) begin
    if (rst_i | (y_valid_o & y_ready_i)) begin
      f_sum   <= 0;
      f_taken <= 0;
    end else if (accept) begin
      f_sum   <= (f_taken == 0) ? f_sum - f_plane : f_sum + f_plane;
      f_taken <= f_taken + 1'b1;
    end
  end

  // A result waits until it is taken.
  reg          f_waits;
  reg [OW-1:0] f_held;
  always @(posedge clk_i) begin
    f_waits <= ~rst_i & y_valid_o & ~y_ready_i;
    f_held  <= y_data_o;
  end

  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      a_taken : assert (f_taken <= W && (f_taken == W || plane_q == f_taken[CW-1:0]));
      a_begin : assert (f_taken != W || plane_q == 0);
      a_valid : assert (y_valid_o == (f_taken == W));
      a_ready : assert (x_ready_o == !y_valid_o);
      a_so_far : assert (f_so_far == f_sum);
      if (f_taken == 0) a_empty : assert (y_data_o == 0);
      if (y_valid_o) a_sum : assert (y_data_o == f_sum);
      if (f_waits) a_held : assert (y_valid_o && y_data_o == f_held);
      c_negative : cover (y_valid_o && y_data_o < 0);
      c_waits : cover (f_waits && y_data_o > 2);
    end
  end
`endif

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_count_ones: number of ones in a word, combinational.
//
// Contract
//   x_i has W >= 1 bits; y_o = popcount(x_i), 0..W.
`default_nettype none

module sf_count_ones #(
  parameter W  = 4,
  parameter YW = $clog2(W + 1)
) (
  input  wire [W-1:0]  x_i,
  output reg  [YW-1:0] y_o
);

  integer k;
  always @* begin
    y_o = {YW{1'b0}};
    for (k = 0; k < W; k = k + 1) y_o = y_o + {{(YW-1){1'b0}}, x_i[k]};
  end

`ifdef FORMAL
  // Each of these is lost by an error in one bit's weight or in the number of bits.
  always @(*) begin
    a_parity : assert (y_o[0] == ^x_i);
    a_none : assert ((y_o == 0) == (x_i == 0));
    a_all : assert ((y_o == W) == (&x_i));
    a_single : assert ((y_o == 1) == (x_i != 0 && (x_i & (x_i - 1'b1)) == 0));
  end
`endif

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// SB_LUT4: iCE40's look-up table, in the place of the model that comes with Yosys. That one
// chooses half by half, and a simulator decides at each of the four; with this one a netlist takes
// a tenth of the time.
`default_nettype none

module SB_LUT4 #(
  parameter [15:0] LUT_INIT = 16'h0000
) (
  input  wire I0, I1, I2, I3,
  output wire O
);

  assign O = LUT_INIT[{I3, I2, I1, I0}];

endmodule

`default_nettype wire

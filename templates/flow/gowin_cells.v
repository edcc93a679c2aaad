// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The cells of a routed netlist of a Gowin GW1N or GW2A, as far as synfire's designs need them, in
// two values. What the routed netlist leaves open has been given its value by whoever writes the
// instances (src/flow/gowin/netlist.rs).
`default_nettype none

module GOWIN_LUT #(
  parameter                       INPUTS = 4,
  parameter [(1<<INPUTS)-1:0]     INIT   = 0
) (
  input  wire [INPUTS-1:0] I,
  output wire              F
);
  assign F = INIT[I];
endmodule

module GOWIN_MUX (
  input  wire I0, I1, S0,
  output wire O
);
  assign O = S0 ? I1 : I0;
endmodule

// A bit of a carry chain: the look-up table says whether the carry that comes in passes, and its
// first four entries which one goes out if it does not.
module GOWIN_ALU #(
  parameter [15:0] INIT = 16'd0
) (
  input  wire [3:0] I,
  input  wire       CIN,
  output wire       SUM, COUT
);
  wire pass = INIT[I];
  wire made = INIT[{2'b00, I[1:0]}];
  assign SUM  = pass ^ CIN;
  assign COUT = pass ? CIN : made;
endmodule

// A flip-flop with enable and a synchronous set or reset to VALUE, which comes first and is also
// what it starts with.
module GOWIN_FF #(
  parameter [0:0] VALUE = 1'b0
) (
  input  wire CLK, CE, SET, D,
  output reg  Q
);
  initial Q = VALUE;
  always @(posedge CLK) if (SET || CE) Q <= SET ? VALUE : D;
endmodule

`default_nettype wire

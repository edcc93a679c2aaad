// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The cells of a routed ECP5 netlist, as far as synfire's designs need them, in two values.
// What the routed netlist leaves open has been given its value by whoever writes the
// instances (src/flow/ecp5/netlist.rs), inversions at the pins included.
`default_nettype none

// Half of a slice: a look-up table, alone or as one bit of a carry chain, and the multiplexer
// that joins it with its neighbour (F1) or, if WIDE, two such pairs (FXA, FXB).
module TRELLIS_COMB #(
  parameter [15:0] INITVAL = 16'd0,
  parameter        CARRY   = 0,
  parameter        INJECT  = 0,
  parameter        WIDE    = 0
) (
  input  wire A, B, C, D, M, FCI, F1, FXA, FXB,
  output wire F, FCO, OFX
);
  wire four = INITVAL[{D, C, B, A}];
  generate
    if (CARRY != 0) begin : gen_carry
      // The first four entries are the generate function of A and B.
      wire two = INITVAL[{2'b00, B, A}];
      assign F   = four ^ ((INJECT != 0) ? 1'b0 : FCI);
      assign FCO = four ? FCI : ((INJECT != 0) ? 1'b0 : two);
    end else begin : gen_logic
      assign F   = four;
      assign FCO = 1'b0;
    end
  endgenerate
  assign OFX = (WIDE != 0) ? (M ? FXB : FXA) : (M ? F1 : F);
endmodule

// A flip-flop with enable and a synchronous set or reset, which comes first if OVER is set.
module TRELLIS_FF #(
  parameter SET  = 0,
  parameter OVER = 1
) (
  input  wire CLK, CE, LSR, D,
  output reg  Q
);
  localparam VALUE = (SET != 0) ? 1'b1 : 1'b0;
  initial Q = VALUE;
  always @(posedge CLK) if (CE || (LSR && OVER != 0)) Q <= LSR ? VALUE : D;
endmodule

// A multiplier without registers, whose operands come from its own pins.
module MULT18X18D (
  input  wire [17:0] A, B,
  input  wire        SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
  output wire [35:0] P
);
  wire [35:0] a = SOURCEA ? 36'd0 : {{18{SIGNEDA & A[17]}}, A};
  wire [35:0] b = SOURCEB ? 36'd0 : {{18{SIGNEDB & B[17]}}, B};
  assign P = a * b;
endmodule

`default_nettype wire

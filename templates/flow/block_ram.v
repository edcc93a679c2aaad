// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The block RAM of routed netlists, in two values: ECP5's DP16KD and Gowin's BSRAM differ in
// nothing that synfire's designs use.
`default_nettype none

// A block RAM of 1,024 words of 18 bits without output registers. Port A of 36 bits only writes,
// port B of 36 bits only reads: word 2a lies at the A pins, word 2a + 1 at the B pins. Narrower
// shapes count their words from the low end of a word's two bytes of 9 bits. A port of 18 or 36
// bits has its byte enables in the low address bits.
module BLOCK_RAM #(
  parameter           WIDTH_A  = 18,
  parameter           WIDTH_B  = 18,
  // What a port shows when it writes: 0 what it showed, 1 the new word, 2 the old one.
  parameter           WRITE_A  = 0,
  parameter           WRITE_B  = 0,
  parameter [18431:0] CONTENTS = 18432'd0
) (
  input  wire        CLKA, CEA, WEA,
  input  wire [13:0] ADA,
  input  wire [17:0] DIA,
  output wire [17:0] DOA,
  input  wire        CLKB, CEB, WEB,
  input  wire [13:0] ADB,
  input  wire [17:0] DIB,
  output wire [17:0] DOB
);
  reg [17:0] mem [0:1023];
  integer k;
  initial for (k = 0; k < 1024; k = k + 1) mem[k] = CONTENTS[18*k +: 18];

  // Lowest bit of the word at an address, inside its 18 bits.
  function [4:0] low(input integer width, input [3:0] a);
    case (width)
      9:       low = a[3] ? 5'd9 : 5'd0;
      4:       low = (a[3] ? 5'd9 : 5'd0) + (a[2] ? 5'd4 : 5'd0);
      2:       low = (a[3] ? 5'd9 : 5'd0) + {2'b00, a[2:1], 1'b0};
      1:       low = (a[3] ? 5'd9 : 5'd0) + {2'b00, a[2:0]};
      default: low = 5'd0;
    endcase
  endfunction

  // The bits that a write changes, for a port of up to 18 bits.
  function [17:0] mask(input integer width, input [3:0] a);
    case (width)
      18:      mask = {{9{a[1]}}, {9{a[0]}}};
      default: mask = ((18'd1 << width) - 18'd1) << low(width, a);
    endcase
  endfunction

  reg [17:0] out_a, out_b, high_b;
  initial {out_a, out_b, high_b} = 54'd0;

  wire [17:0] mask_a = mask(WIDTH_A, ADA[3:0]);
  wire [17:0] mask_b = mask(WIDTH_B, ADB[3:0]);
  wire [17:0] new_a  = (mem[ADA[13:4]] & ~mask_a) | ((DIA << low(WIDTH_A, ADA[3:0])) & mask_a);
  wire [17:0] new_b  = (mem[ADB[13:4]] & ~mask_b) | ((DIB << low(WIDTH_B, ADB[3:0])) & mask_b);

  generate
    if (WIDTH_A == 36) begin : gen_wide_write
      always @(posedge CLKA) if (CEA && WEA) begin
        if (ADA[0]) mem[{ADA[13:5], 1'b0}][8:0]  <= DIA[8:0];
        if (ADA[1]) mem[{ADA[13:5], 1'b0}][17:9] <= DIA[17:9];
        if (ADA[2]) mem[{ADA[13:5], 1'b1}][8:0]  <= DIB[8:0];
        if (ADA[3]) mem[{ADA[13:5], 1'b1}][17:9] <= DIB[17:9];
      end
    end else begin : gen_a
      always @(posedge CLKA) if (CEA) begin
        if (WEA) mem[ADA[13:4]] <= new_a;
        if (!WEA || WRITE_A == 2) out_a <= mem[ADA[13:4]] >> low(WIDTH_A, ADA[3:0]);
        if (WEA && WRITE_A == 1) out_a <= new_a >> low(WIDTH_A, ADA[3:0]);
      end
    end
    if (WIDTH_B == 36) begin : gen_wide_read
      always @(posedge CLKB) if (CEB) begin
        out_b  <= mem[{ADB[13:5], 1'b0}];
        high_b <= mem[{ADB[13:5], 1'b1}];
      end
      assign DOA = out_b;
      assign DOB = high_b;
    end else begin : gen_b
      always @(posedge CLKB) if (CEB) begin
        if (WEB) mem[ADB[13:4]] <= new_b;
        if (!WEB || WRITE_B == 2) out_b <= mem[ADB[13:4]] >> low(WIDTH_B, ADB[3:0]);
        if (WEB && WRITE_B == 1) out_b <= new_b >> low(WIDTH_B, ADB[3:0]);
      end
      assign DOA = out_a;
      assign DOB = out_b;
    end
  endgenerate
endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The cells of a netlist that synthesis makes for a 7-series, as far as synfire's designs need them,
// in two values; what they do is said in UG953 and, of block RAMs, UG473. A cell, a parameter or a
// mode that is not here is no Verilog that a simulator takes.
`default_nettype none

module IBUF (input wire I, output wire O);
  assign O = I;
endmodule

module OBUF (input wire I, output wire O);
  assign O = I;
endmodule

module BUFG (input wire I, output wire O);
  assign O = I;
endmodule

module INV (input wire I, output wire O);
  assign O = ~I;
endmodule

module LUT1 #(
  parameter [1:0] INIT = 0
) (
  input  wire I0,
  output wire O
);
  assign O = INIT[{I0}];
endmodule

module LUT2 #(
  parameter [3:0] INIT = 0
) (
  input  wire I0, I1,
  output wire O
);
  assign O = INIT[{I1, I0}];
endmodule

module LUT3 #(
  parameter [7:0] INIT = 0
) (
  input  wire I0, I1, I2,
  output wire O
);
  assign O = INIT[{I2, I1, I0}];
endmodule

module LUT4 #(
  parameter [15:0] INIT = 0
) (
  input  wire I0, I1, I2, I3,
  output wire O
);
  assign O = INIT[{I3, I2, I1, I0}];
endmodule

module LUT5 #(
  parameter [31:0] INIT = 0
) (
  input  wire I0, I1, I2, I3, I4,
  output wire O
);
  assign O = INIT[{I4, I3, I2, I1, I0}];
endmodule

module LUT6 #(
  parameter [63:0] INIT = 0
) (
  input  wire I0, I1, I2, I3, I4, I5,
  output wire O
);
  assign O = INIT[{I5, I4, I3, I2, I1, I0}];
endmodule

module MUXF7 (input wire I0, I1, S, output wire O);
  assign O = S ? I1 : I0;
endmodule

module MUXF8 (input wire I0, I1, S, output wire O);
  assign O = S ? I1 : I0;
endmodule

// Four bits of a carry chain: where S passes the carry that comes in, and DI is one where it does not.
module CARRY4 (
  input  wire CI, CYINIT,
  input  wire [3:0] DI, S,
  output wire [3:0] CO, O
);
  // Bit by bit: as vectors they would look like a loop.
  wire c0 = CI | CYINIT;
  wire c1 = S[0] ? c0 : DI[0];
  wire c2 = S[1] ? c1 : DI[1];
  wire c3 = S[2] ? c2 : DI[2];
  wire c4 = S[3] ? c3 : DI[3];
  assign O  = {S[3] ^ c3, S[2] ^ c2, S[1] ^ c1, S[0] ^ c0};
  assign CO = {c4, c3, c2, c1};
endmodule

// A flip-flop with enable and a synchronous reset, which comes first.
module FDRE #(
  parameter [0:0] INIT = 1'b0
) (
  input  wire C, CE, D, R,
  output reg  Q
);
  initial Q = INIT === 1'b1;
  always @(posedge C) if (R) Q <= 1'b0; else if (CE) Q <= D;
endmodule

// The same with a set.
module FDSE #(
  parameter [0:0] INIT = 1'b1
) (
  input  wire C, CE, D, S,
  output reg  Q
);
  initial Q = INIT === 1'b1;
  always @(posedge C) if (S) Q <= 1'b1; else if (CE) Q <= D;
endmodule

// What both sizes of a block RAM do, in bytes of nine bits: words of fewer than nine lie in the lower
// eight. An address counts bits of words of one bit, so that wider words leave its low end out.
module XC7_RAM #(
  parameter integer BYTES = 2048, ADDRESS = 14, WIDE = 36,
  parameter integer READ_A = 0, READ_B = 0, WRITE_A = 0, WRITE_B = 0,
  parameter MODE_A = "WRITE_FIRST", MODE_B = "WRITE_FIRST",
  parameter [71:0] INIT_A = 0, INIT_B = 0, SRVAL_A = 0, SRVAL_B = 0,
  parameter [8*BYTES-1:0] DATA = 0,
  parameter [BYTES-1:0] PARITY = 0
) (
  input  wire clk_a, en_a, rst_a, clk_b, en_b, rst_b,
  input  wire [ADDRESS-1:0] addr_a, addr_b,
  input  wire [7:0] we_a, we_b,
  input  wire [71:0] di_a, di_b,
  output reg  [71:0] do_a, do_b
);
  reg [8:0] mem [0:BYTES-1];
  integer k;
  initial for (k = 0; k < BYTES; k = k + 1) mem[k] = {PARITY[k], DATA[8*k +: 8]};

  // Bytes of a word.
  function integer bytes(input integer width);
    bytes = (width < 9) ? 1 : width / 9;
  endfunction

  // A constant of an output in bytes of nine bits: the parameter has all data below all parity.
  function [71:0] nines(input integer width, input [71:0] value);
    integer i;
    begin
      nines = (width < 9) ? value : 72'd0;
      for (i = 0; i < 8; i = i + 1)
        if (width >= 9 && i < width / 9) nines[9*i +: 9] = {value[8 * (width / 9) + i], value[8*i +: 8]};
    end
  endfunction

  // Half of the widest words' constant is the other port's.
  function [71:0] constant(input [71:0] a, input [71:0] b);
    constant = (READ_A == WIDE) ? (nines(WIDE / 2, b) << (WIDE / 2)) | nines(WIDE / 2, a) : nines(READ_A, a);
  endfunction

  // The bits of a byte that a narrow word is, moved down.
  function [8:0] narrow(input integer width, input [8:0] value, input [2:0] low);
    case (width)
      1:       narrow = {8'd0, value[low]};
      2:       narrow = {7'd0, value[{low[2:1], 1'b0} +: 2]};
      4:       narrow = {5'd0, value[{low[2], 2'b00} +: 4]};
      default: narrow = value;
    endcase
  endfunction

  // A byte with a narrow word put in.
  function [8:0] put(input integer width, input [8:0] old, input [8:0] value, input [2:0] low);
    begin
      put = old;
      case (width)
        1:       put[low] = value[0];
        2:       put[{low[2:1], 1'b0} +: 2] = value[1:0];
        4:       put[{low[2], 2'b00} +: 4] = value[3:0];
        default: put = value;
      endcase
    end
  endfunction

  // The first byte of the word at an address.
  function [ADDRESS-4:0] first(input integer width, input [ADDRESS-1:0] addr);
    first = addr[ADDRESS-1:3] & ~(bytes(width) - 1);
  endfunction

  initial begin
    do_a = constant(INIT_A, INIT_B);
    do_b = nines(READ_B, INIT_B);
  end

  integer i;
  always @(posedge clk_a) if (en_a) begin
    for (i = 0; i < 8; i = i + 1) begin
      if (i < bytes(WRITE_A) && WRITE_A != 0 && we_a[i])
        mem[first(WRITE_A, addr_a) + i] <= put(WRITE_A, mem[first(WRITE_A, addr_a) + i], di_a[9*i +: 9], addr_a[2:0]);
      if (i < bytes(READ_A) && READ_A != 0) begin
        if (we_a == 8'd0 || WRITE_A == 0 || MODE_A == "READ_FIRST")
          do_a[9*i +: 9] <= narrow(READ_A, mem[first(READ_A, addr_a) + i], addr_a[2:0]);
        else if (MODE_A == "WRITE_FIRST")
          do_a[9*i +: 9] <= we_a[i] ? di_a[9*i +: 9] : narrow(READ_A, mem[first(READ_A, addr_a) + i], addr_a[2:0]);
      end
    end
    if (rst_a) do_a <= constant(SRVAL_A, SRVAL_B);
  end

  integer j;
  always @(posedge clk_b) if (en_b) begin
    for (j = 0; j < 8; j = j + 1) begin
      if (j < bytes(WRITE_B) && WRITE_B != 0 && we_b[j])
        mem[first(WRITE_B, addr_b) + j] <= put(WRITE_B, mem[first(WRITE_B, addr_b) + j], di_b[9*j +: 9], addr_b[2:0]);
      if (j < bytes(READ_B) && READ_B != 0) begin
        if (we_b == 8'd0 || WRITE_B == 0 || MODE_B == "READ_FIRST")
          do_b[9*j +: 9] <= narrow(READ_B, mem[first(READ_B, addr_b) + j], addr_b[2:0]);
        else if (MODE_B == "WRITE_FIRST")
          do_b[9*j +: 9] <= we_b[j] ? di_b[9*j +: 9] : narrow(READ_B, mem[first(READ_B, addr_b) + j], addr_b[2:0]);
      end
    end
    if (rst_b) do_b <= nines(READ_B, SRVAL_B);
  end

  generate
    // A port that shows what it writes has words of one width.
    if ((READ_A != 0 && WRITE_A != 0 && READ_A != WRITE_A) || (READ_B != 0 && WRITE_B != 0 && READ_B != WRITE_B)) begin : gen_refuse
      XC7_RAM_MODE_WITHOUT_A_MODEL u_refused ();
    end
  endgenerate
endmodule

// A block RAM of 2048 bytes. A port's narrower words count from its low end; the widest words come in and
// go out at the pins of both ports, the low half at A's.
module RAMB18E1 #(
  parameter [255:0] INIT_00 = 0, INIT_01 = 0, INIT_02 = 0, INIT_03 = 0,
  parameter [255:0] INIT_04 = 0, INIT_05 = 0, INIT_06 = 0, INIT_07 = 0,
  parameter [255:0] INIT_08 = 0, INIT_09 = 0, INIT_0A = 0, INIT_0B = 0,
  parameter [255:0] INIT_0C = 0, INIT_0D = 0, INIT_0E = 0, INIT_0F = 0,
  parameter [255:0] INIT_10 = 0, INIT_11 = 0, INIT_12 = 0, INIT_13 = 0,
  parameter [255:0] INIT_14 = 0, INIT_15 = 0, INIT_16 = 0, INIT_17 = 0,
  parameter [255:0] INIT_18 = 0, INIT_19 = 0, INIT_1A = 0, INIT_1B = 0,
  parameter [255:0] INIT_1C = 0, INIT_1D = 0, INIT_1E = 0, INIT_1F = 0,
  parameter [255:0] INIT_20 = 0, INIT_21 = 0, INIT_22 = 0, INIT_23 = 0,
  parameter [255:0] INIT_24 = 0, INIT_25 = 0, INIT_26 = 0, INIT_27 = 0,
  parameter [255:0] INIT_28 = 0, INIT_29 = 0, INIT_2A = 0, INIT_2B = 0,
  parameter [255:0] INIT_2C = 0, INIT_2D = 0, INIT_2E = 0, INIT_2F = 0,
  parameter [255:0] INIT_30 = 0, INIT_31 = 0, INIT_32 = 0, INIT_33 = 0,
  parameter [255:0] INIT_34 = 0, INIT_35 = 0, INIT_36 = 0, INIT_37 = 0,
  parameter [255:0] INIT_38 = 0, INIT_39 = 0, INIT_3A = 0, INIT_3B = 0,
  parameter [255:0] INIT_3C = 0, INIT_3D = 0, INIT_3E = 0, INIT_3F = 0,
  parameter [255:0] INITP_00 = 0, INITP_01 = 0, INITP_02 = 0, INITP_03 = 0,
  parameter [255:0] INITP_04 = 0, INITP_05 = 0, INITP_06 = 0, INITP_07 = 0,
  parameter [71:0] INIT_A = 0, INIT_B = 0, SRVAL_A = 0, SRVAL_B = 0,
  parameter integer DOA_REG = 0, DOB_REG = 0,
  parameter integer READ_WIDTH_A = 0, READ_WIDTH_B = 0, WRITE_WIDTH_A = 0, WRITE_WIDTH_B = 0,
  parameter RAM_MODE = "TDP",
  parameter WRITE_MODE_A = "WRITE_FIRST", WRITE_MODE_B = "WRITE_FIRST"
) (
  input  wire CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
  input  wire RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB,
  input  wire [13:0] ADDRARDADDR, ADDRBWRADDR,
  input  wire [15:0] DIADI, DIBDI,
  input  wire [1:0] DIPADIP, DIPBDIP,
  input  wire [1:0] WEA,
  input  wire [3:0] WEBWE,
  output wire [15:0] DOADO, DOBDO,
  output wire [1:0] DOPADOP, DOPBDOP
);
  localparam WIDE = 36;
  wire [17:0] di_a, di_b;
  wire [71:0] do_a, do_b;
  genvar k;
  generate
    for (k = 0; k < 2; k = k + 1) begin : gen_byte
      assign di_a[9*k +: 9] = {DIPADIP[k], DIADI[8*k +: 8]};
      assign di_b[9*k +: 9] = {DIPBDIP[k], DIBDI[8*k +: 8]};
      assign {DOPADOP[k], DOADO[8*k +: 8]} = do_a[9*k +: 9];
      assign {DOPBDOP[k], DOBDO[8*k +: 8]} = (READ_WIDTH_A == WIDE) ? do_a[18+9*k +: 9] : do_b[9*k +: 9];
    end
    // A register behind the output, another RAM beside it: none of ours has these.
    if (DOA_REG != 0 || DOB_REG != 0) begin : gen_refuse
      XC7_RAM_MODE_WITHOUT_A_MODEL u_refused ();
    end
  endgenerate
  wire [71:0] write_b = (WRITE_WIDTH_B == WIDE) ? {di_b, di_a} : {54'd0, di_b};

  XC7_RAM #(
    .BYTES(2048), .ADDRESS(14), .WIDE(WIDE),
    .READ_A(READ_WIDTH_A), .READ_B(READ_WIDTH_B), .WRITE_A(WRITE_WIDTH_A), .WRITE_B(WRITE_WIDTH_B),
    .MODE_A(WRITE_MODE_A), .MODE_B(WRITE_MODE_B),
    .INIT_A(INIT_A), .INIT_B(INIT_B), .SRVAL_A(SRVAL_A), .SRVAL_B(SRVAL_B),
    .DATA({
    INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38,
    INIT_37, INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30,
    INIT_2F, INIT_2E, INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28,
    INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20,
    INIT_1F, INIT_1E, INIT_1D, INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18,
    INIT_17, INIT_16, INIT_15, INIT_14, INIT_13, INIT_12, INIT_11, INIT_10,
    INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09, INIT_08,
    INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02, INIT_01, INIT_00
  }),
    .PARITY({
    INITP_07, INITP_06, INITP_05, INITP_04, INITP_03, INITP_02, INITP_01, INITP_00
  })
  ) u_ram (
    .clk_a(CLKARDCLK), .en_a(ENARDEN), .rst_a(RSTRAMARSTRAM), .addr_a(ADDRARDADDR[13:0]),
    .we_a({6'd0, WEA}), .di_a({54'd0, di_a}), .do_a(do_a),
    .clk_b(CLKBWRCLK), .en_b(ENBWREN), .rst_b(RSTRAMB), .addr_b(ADDRBWRADDR[13:0]),
    .we_b({4'd0, WEBWE}), .di_b(write_b), .do_b(do_b)
  );
endmodule

// A block RAM of 4096 bytes. A port's narrower words count from its low end; the widest words come in and
// go out at the pins of both ports, the low half at A's.
module RAMB36E1 #(
  parameter [255:0] INIT_00 = 0, INIT_01 = 0, INIT_02 = 0, INIT_03 = 0,
  parameter [255:0] INIT_04 = 0, INIT_05 = 0, INIT_06 = 0, INIT_07 = 0,
  parameter [255:0] INIT_08 = 0, INIT_09 = 0, INIT_0A = 0, INIT_0B = 0,
  parameter [255:0] INIT_0C = 0, INIT_0D = 0, INIT_0E = 0, INIT_0F = 0,
  parameter [255:0] INIT_10 = 0, INIT_11 = 0, INIT_12 = 0, INIT_13 = 0,
  parameter [255:0] INIT_14 = 0, INIT_15 = 0, INIT_16 = 0, INIT_17 = 0,
  parameter [255:0] INIT_18 = 0, INIT_19 = 0, INIT_1A = 0, INIT_1B = 0,
  parameter [255:0] INIT_1C = 0, INIT_1D = 0, INIT_1E = 0, INIT_1F = 0,
  parameter [255:0] INIT_20 = 0, INIT_21 = 0, INIT_22 = 0, INIT_23 = 0,
  parameter [255:0] INIT_24 = 0, INIT_25 = 0, INIT_26 = 0, INIT_27 = 0,
  parameter [255:0] INIT_28 = 0, INIT_29 = 0, INIT_2A = 0, INIT_2B = 0,
  parameter [255:0] INIT_2C = 0, INIT_2D = 0, INIT_2E = 0, INIT_2F = 0,
  parameter [255:0] INIT_30 = 0, INIT_31 = 0, INIT_32 = 0, INIT_33 = 0,
  parameter [255:0] INIT_34 = 0, INIT_35 = 0, INIT_36 = 0, INIT_37 = 0,
  parameter [255:0] INIT_38 = 0, INIT_39 = 0, INIT_3A = 0, INIT_3B = 0,
  parameter [255:0] INIT_3C = 0, INIT_3D = 0, INIT_3E = 0, INIT_3F = 0,
  parameter [255:0] INIT_40 = 0, INIT_41 = 0, INIT_42 = 0, INIT_43 = 0,
  parameter [255:0] INIT_44 = 0, INIT_45 = 0, INIT_46 = 0, INIT_47 = 0,
  parameter [255:0] INIT_48 = 0, INIT_49 = 0, INIT_4A = 0, INIT_4B = 0,
  parameter [255:0] INIT_4C = 0, INIT_4D = 0, INIT_4E = 0, INIT_4F = 0,
  parameter [255:0] INIT_50 = 0, INIT_51 = 0, INIT_52 = 0, INIT_53 = 0,
  parameter [255:0] INIT_54 = 0, INIT_55 = 0, INIT_56 = 0, INIT_57 = 0,
  parameter [255:0] INIT_58 = 0, INIT_59 = 0, INIT_5A = 0, INIT_5B = 0,
  parameter [255:0] INIT_5C = 0, INIT_5D = 0, INIT_5E = 0, INIT_5F = 0,
  parameter [255:0] INIT_60 = 0, INIT_61 = 0, INIT_62 = 0, INIT_63 = 0,
  parameter [255:0] INIT_64 = 0, INIT_65 = 0, INIT_66 = 0, INIT_67 = 0,
  parameter [255:0] INIT_68 = 0, INIT_69 = 0, INIT_6A = 0, INIT_6B = 0,
  parameter [255:0] INIT_6C = 0, INIT_6D = 0, INIT_6E = 0, INIT_6F = 0,
  parameter [255:0] INIT_70 = 0, INIT_71 = 0, INIT_72 = 0, INIT_73 = 0,
  parameter [255:0] INIT_74 = 0, INIT_75 = 0, INIT_76 = 0, INIT_77 = 0,
  parameter [255:0] INIT_78 = 0, INIT_79 = 0, INIT_7A = 0, INIT_7B = 0,
  parameter [255:0] INIT_7C = 0, INIT_7D = 0, INIT_7E = 0, INIT_7F = 0,
  parameter [255:0] INITP_00 = 0, INITP_01 = 0, INITP_02 = 0, INITP_03 = 0,
  parameter [255:0] INITP_04 = 0, INITP_05 = 0, INITP_06 = 0, INITP_07 = 0,
  parameter [255:0] INITP_08 = 0, INITP_09 = 0, INITP_0A = 0, INITP_0B = 0,
  parameter [255:0] INITP_0C = 0, INITP_0D = 0, INITP_0E = 0, INITP_0F = 0,
  parameter [71:0] INIT_A = 0, INIT_B = 0, SRVAL_A = 0, SRVAL_B = 0,
  parameter integer DOA_REG = 0, DOB_REG = 0,
  parameter integer READ_WIDTH_A = 0, READ_WIDTH_B = 0, WRITE_WIDTH_A = 0, WRITE_WIDTH_B = 0,
  parameter RAM_MODE = "TDP", RAM_EXTENSION_A = "NONE", RAM_EXTENSION_B = "NONE",
  parameter WRITE_MODE_A = "WRITE_FIRST", WRITE_MODE_B = "WRITE_FIRST"
) (
  input  wire CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
  input  wire RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB,
  input  wire [15:0] ADDRARDADDR, ADDRBWRADDR,
  input  wire [31:0] DIADI, DIBDI,
  input  wire [3:0] DIPADIP, DIPBDIP,
  input  wire [3:0] WEA,
  input  wire [7:0] WEBWE,
  output wire [31:0] DOADO, DOBDO,
  output wire [3:0] DOPADOP, DOPBDOP
);
  localparam WIDE = 72;
  wire [35:0] di_a, di_b;
  wire [71:0] do_a, do_b;
  genvar k;
  generate
    for (k = 0; k < 4; k = k + 1) begin : gen_byte
      assign di_a[9*k +: 9] = {DIPADIP[k], DIADI[8*k +: 8]};
      assign di_b[9*k +: 9] = {DIPBDIP[k], DIBDI[8*k +: 8]};
      assign {DOPADOP[k], DOADO[8*k +: 8]} = do_a[9*k +: 9];
      assign {DOPBDOP[k], DOBDO[8*k +: 8]} = (READ_WIDTH_A == WIDE) ? do_a[36+9*k +: 9] : do_b[9*k +: 9];
    end
    // A register behind the output, another RAM beside it: none of ours has these.
    if (DOA_REG != 0 || DOB_REG != 0 || RAM_EXTENSION_A != "NONE" || RAM_EXTENSION_B != "NONE") begin : gen_refuse
      XC7_RAM_MODE_WITHOUT_A_MODEL u_refused ();
    end
  endgenerate
  wire [71:0] write_b = (WRITE_WIDTH_B == WIDE) ? {di_b, di_a} : {36'd0, di_b};

  XC7_RAM #(
    .BYTES(4096), .ADDRESS(15), .WIDE(WIDE),
    .READ_A(READ_WIDTH_A), .READ_B(READ_WIDTH_B), .WRITE_A(WRITE_WIDTH_A), .WRITE_B(WRITE_WIDTH_B),
    .MODE_A(WRITE_MODE_A), .MODE_B(WRITE_MODE_B),
    .INIT_A(INIT_A), .INIT_B(INIT_B), .SRVAL_A(SRVAL_A), .SRVAL_B(SRVAL_B),
    .DATA({
    INIT_7F, INIT_7E, INIT_7D, INIT_7C, INIT_7B, INIT_7A, INIT_79, INIT_78,
    INIT_77, INIT_76, INIT_75, INIT_74, INIT_73, INIT_72, INIT_71, INIT_70,
    INIT_6F, INIT_6E, INIT_6D, INIT_6C, INIT_6B, INIT_6A, INIT_69, INIT_68,
    INIT_67, INIT_66, INIT_65, INIT_64, INIT_63, INIT_62, INIT_61, INIT_60,
    INIT_5F, INIT_5E, INIT_5D, INIT_5C, INIT_5B, INIT_5A, INIT_59, INIT_58,
    INIT_57, INIT_56, INIT_55, INIT_54, INIT_53, INIT_52, INIT_51, INIT_50,
    INIT_4F, INIT_4E, INIT_4D, INIT_4C, INIT_4B, INIT_4A, INIT_49, INIT_48,
    INIT_47, INIT_46, INIT_45, INIT_44, INIT_43, INIT_42, INIT_41, INIT_40,
    INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38,
    INIT_37, INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30,
    INIT_2F, INIT_2E, INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28,
    INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20,
    INIT_1F, INIT_1E, INIT_1D, INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18,
    INIT_17, INIT_16, INIT_15, INIT_14, INIT_13, INIT_12, INIT_11, INIT_10,
    INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09, INIT_08,
    INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02, INIT_01, INIT_00
  }),
    .PARITY({
    INITP_0F, INITP_0E, INITP_0D, INITP_0C, INITP_0B, INITP_0A, INITP_09, INITP_08,
    INITP_07, INITP_06, INITP_05, INITP_04, INITP_03, INITP_02, INITP_01, INITP_00
  })
  ) u_ram (
    .clk_a(CLKARDCLK), .en_a(ENARDEN), .rst_a(RSTRAMARSTRAM), .addr_a(ADDRARDADDR[14:0]),
    .we_a({4'd0, WEA}), .di_a({36'd0, di_a}), .do_a(do_a),
    .clk_b(CLKBWRCLK), .en_b(ENBWREN), .rst_b(RSTRAMB), .addr_b(ADDRBWRADDR[14:0]),
    .we_b(WEBWE), .di_b(write_b), .do_b(do_b)
  );
endmodule

`default_nettype wire

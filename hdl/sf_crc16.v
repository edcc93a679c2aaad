// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_crc16: CRC-16/CCITT-FALSE, one byte a cycle.
//
// Polynomial 0x1021, initial value 0xFFFF, not reflected, no final exclusive-or. The check value
// (over "123456789") is 0x29B1.
//
// Contract
//   Ports       clk_i, rst_i
//               clear_i   back to 0xFFFF; wins over valid_i
//               valid_i   take data_i
//               data_i    the byte, most significant bit first
//               crc_o     register: the CRC of the bytes taken since the last clear
//   Timing      a byte taken in cycle t shows in crc_o in cycle t + 1; one byte a cycle.
//   Two uses    Receiver: after a message and its CRC, high byte first, crc_o is 0.
//               Sender: crc_o[15:8] is the first CRC byte; taking that byte itself as data_i shifts
//               the low byte into crc_o[15:8], so the sender reads both bytes at the same place.

`default_nettype none

module sf_crc16 (
    input  wire        clk_i,
    input  wire        rst_i,
    input  wire        clear_i,
    input  wire        valid_i,
    input  wire [ 7:0] data_i,
    output wire [15:0] crc_o
);

  reg [15:0] crc_q;

  // x is the byte that leaves at the top; 0x1021 = x^12 + x^5 + 1 puts it back at three places, and
  // x ^ x >> 4 is what the top four of those bits fold back into it within the byte.
  function [15:0] next_crc;
    input [15:0] crc;
    input [7:0] data;
    reg [7:0] x;
    begin
      x = crc[15:8] ^ data;
      x = x ^ {4'b0, x[7:4]};
      next_crc = {crc[7:0], 8'b0} ^ {x[3:0], 12'b0} ^ {3'b0, x, 5'b0} ^ {8'b0, x};
    end
  endfunction

  assign crc_o = crc_q;

  always @(posedge clk_i) begin
    if (rst_i || clear_i) crc_q <= 16'hFFFF;
    else if (valid_i) crc_q <= next_crc(crc_q, data_i);
  end

`ifdef FORMAL
  // The definition: one bit a step.
  function [15:0] f_serial;
    input [15:0] crc;
    input [7:0] data;
    integer i;
    begin
      f_serial = crc;
      for (i = 7; i >= 0; i = i - 1)
        f_serial = {f_serial[14:0], 1'b0} ^ ((f_serial[15] ^ data[i]) ? 16'h1021 : 16'h0000);
    end
  endfunction

  reg f_past = 1'b0;
  reg [15:0] f_crc;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  always @(posedge clk_i) begin
    if (rst_i || clear_i) f_crc <= 16'hFFFF;
    else if (valid_i) f_crc <= f_serial(f_crc, data_i);

    if (f_past) begin
      a_serial : assert (crc_o == f_crc);
      // The sender's use of the register.
      a_high_byte : assert (next_crc(crc_q, crc_q[15:8]) == {crc_q[7:0], 8'h00});
    end
  end
`endif

endmodule

`default_nettype wire

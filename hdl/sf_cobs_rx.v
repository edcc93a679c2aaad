// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_cobs_rx: COBS decoder (Cheshire and Baker, 1999), delimiter 0x00.
//
// A code byte c says: c - 1 bytes follow that are not zero, and then, unless c is 0xFF or the frame
// ends, a zero. The zero is put out when the next code byte shows that the frame goes on, so every
// byte in gives at most one byte out and the decoder never has to hold the line.
//
// Contract
//   Ports       clk_i, rst_i
//               data_i, valid_i    wire bytes; at most one a cycle, no gaps needed
//               data_o, valid_o    decoded bytes
//               frame_end_o        one cycle a frame, for its delimiter
//               frame_ok_o         with frame_end_o: the delimiter came exactly at a block's end
//   Timing      everything comes one cycle after the wire byte that causes it; valid_o and
//               frame_end_o are never high together.
//   Invariants  A delimiter ends a frame wherever it comes: the decoder is in its initial state after
//               every 0x00, whatever went before. Delimiters with nothing between them make no frame.
//               A frame of w wire bytes (delimiter not counted) gives at most w - 1 bytes.

`default_nettype none

module sf_cobs_rx (
    input  wire       clk_i,
    input  wire       rst_i,
    input  wire [7:0] data_i,
    input  wire       valid_i,
    output wire [7:0] data_o,
    output wire       valid_o,
    output wire       frame_end_o,
    output wire       frame_ok_o
);

  reg [7:0] left_q;  // bytes left in this block
  reg zero_q;  // a zero follows this block, if the frame goes on
  reg inside_q;  // a byte came since the last delimiter
  reg [7:0] data_q;
  reg valid_q;
  reg end_q;
  reg ok_q;

  wire boundary = left_q == 8'd0;
  wire delimiter = data_i == 8'h00;

  assign data_o      = data_q;
  assign valid_o     = valid_q;
  assign frame_end_o = end_q;
  assign frame_ok_o  = ok_q;

  always @(posedge clk_i) begin
    if (rst_i) begin
      left_q   <= 8'd0;
      zero_q   <= 1'b0;
      inside_q <= 1'b0;
      valid_q  <= 1'b0;
      end_q    <= 1'b0;
    end else begin
      valid_q <= valid_i && !delimiter && (!boundary || zero_q);
      end_q   <= valid_i && delimiter && inside_q;
      if (valid_i) begin
        inside_q <= !delimiter;
        if (delimiter) begin
          left_q <= 8'd0;
          zero_q <= 1'b0;
        end else if (boundary) begin
          left_q <= data_i - 1'b1;
          zero_q <= data_i != 8'hFF;
        end else begin
          left_q <= left_q - 1'b1;
        end
      end
    end

    data_q <= boundary ? 8'h00 : data_i;
    ok_q   <= boundary;
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // The same by positions instead of counting down: f_pos wire bytes since the delimiter, the next
  // code byte at f_code; f_full: the last block is a full one; f_out bytes put out, f_skips full
  // blocks that another block followed. Frames are shorter than 2**16 bytes here: the bound only
  // keeps the counters from wrapping.
  reg [15:0] f_pos;
  reg [15:0] f_code;
  reg f_full;
  reg [15:0] f_out;
  reg [15:0] f_skips;
  always @(*) assume (f_pos < 16'hFE00);
  always @(posedge clk_i) begin
    if (rst_i || (valid_i && data_i == 0)) begin
      f_pos   <= 0;
      f_code  <= 0;
      f_full  <= 1'b0;
      f_out   <= 0;
      f_skips <= 0;
    end else if (valid_i) begin
      f_pos <= f_pos + 1'b1;
      if (f_pos == f_code) begin
        f_code <= f_pos + data_i;
        f_full <= data_i == 8'hFF;
        if (f_pos != 0 && f_full) f_skips <= f_skips + 1'b1;
        if (f_pos != 0 && !f_full) f_out <= f_out + 1'b1;
      end else f_out <= f_out + 1'b1;
    end
  end

  always @(posedge clk_i) begin
    if (f_past) begin
      a_exclusive : assert (!(valid_o && frame_end_o));
      // No overflow: the bytes put out are the wire bytes less one code and less the full blocks.
      if (f_pos != 0) a_count : assert (f_out + f_skips + 1'b1 == f_pos);
      else a_none : assert (f_out == 0 && f_skips == 0);
      a_bound : assert (f_out <= f_pos);
      i_left : assert (left_q == f_code - f_pos && f_code >= f_pos && f_code - f_pos < 16'd255);
      i_zero : assert (zero_q == (f_pos != 0 && !f_full));
      i_inside : assert (inside_q == (f_pos != 0));
      i_first : assert (f_pos != 0 || f_code == 0);
    end
    if (f_past && !$past(rst_i) && $past(valid_i)) begin
      a_end : assert (frame_end_o == ($past(data_i) == 0 && $past(f_pos) != 0));
      if (frame_end_o) a_ok : assert (frame_ok_o == ($past(f_pos) == $past(f_code)));
      if ($past(data_i) != 0 && $past(f_pos) != $past(f_code))
        a_data : assert (valid_o && data_o == $past(data_i));
      if ($past(data_i) != 0 && $past(f_pos) == $past(f_code)) begin
        a_zero_v : assert (valid_o == ($past(f_pos) != 0 && !$past(f_full)));
        if (valid_o) a_zero : assert (data_o == 8'h00);
      end
    end
    if (f_past && (!$past(valid_i) || $past(rst_i))) a_still : assert (!valid_o && !frame_end_o);
  end
`endif

endmodule

`default_nettype wire

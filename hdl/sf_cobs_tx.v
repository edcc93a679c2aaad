// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_cobs_tx: zero-stuffed COBS encoder, delimiter 0x00.
//
// A COBS code byte counts the bytes up to the next zero, so an encoder has to hold up to 254 bytes
// before it can send the first. This one holds none, because it makes every block at most one byte
// long: a byte b that is not zero is sent as the block {0x02, b}, a zero as the block {0x01}, the end
// as {0x01, 0x00}. That is legal COBS; but a block shorter than 254 bytes stands for its bytes
// *and a zero*, so what a standard decoder gives back has one 0x00 stuffed in after every byte that
// is not zero. The reader drops those: see docs/host-link.md. It costs one extra byte for each byte
// that is not zero, and no memory.
//
// Contract
//   Ports       clk_i, rst_i
//               data_i, valid_i, ready_o   message bytes; taken in a cycle with valid_i && ready_o
//               last_i                     with the last byte of a message
//               data_o, valid_o, ready_i   wire bytes
//   Timing      no latency: data_o comes from data_i in the same cycle. A message of n bytes of which
//               z are zero takes 2n - z + 2 wire bytes.
//   Requires    data_i and last_i stay while valid_i && !ready_o. valid_i must not depend on ready_o.
//   Invariants  valid_o stays until ready_i, and data_o with it. data_o is 0x00 at a message's end only.

`default_nettype none

module sf_cobs_tx (
    input  wire       clk_i,
    input  wire       rst_i,
    input  wire [7:0] data_i,
    input  wire       valid_i,
    input  wire       last_i,
    output wire       ready_o,
    output wire [7:0] data_o,
    output wire       valid_o,
    input  wire       ready_i
);

  localparam [1:0] StCode = 2'd0;  // a block's code byte
  localparam [1:0] StByte = 2'd1;  // its data byte
  localparam [1:0] StClose = 2'd2;  // the empty block that makes the last zero count
  localparam [1:0] StEnd = 2'd3;  // the delimiter

  reg [1:0] st_q;

  wire zero = data_i == 8'h00;
  wire closing = st_q[1];
  wire taken = valid_o && ready_i;

  assign valid_o = valid_i || closing;
  assign ready_o = ready_i && (st_q == StByte || (st_q == StCode && zero));
  assign data_o  = st_q == StByte ? data_i :
                   st_q == StEnd  ? 8'h00 :
                   (closing || zero) ? 8'h01 : 8'h02;

  always @(posedge clk_i) begin
    if (rst_i) begin
      st_q <= StCode;
    end else if (taken) begin
      case (st_q)
        StCode:  st_q <= !zero ? StByte : last_i ? StClose : StCode;
        StByte:  st_q <= last_i ? StClose : StCode;
        StClose: st_q <= StEnd;
        default: st_q <= StCode;
      endcase
    end
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);
  always @(posedge clk_i)
    if (f_past && !$past(rst_i) && $past(valid_i && !ready_o)) begin
      assume (valid_i && $stable(data_i) && $stable(last_i));
    end

  // What a COBS decoder makes of the wire: f_left data bytes to come in this block, f_zero a zero due
  // before the next; f_drop: the next zero is a stuffed one.
  reg f_left;
  reg f_zero;
  reg f_drop;
  reg f_ended;  // the last message byte is in
  wire f_zero_out = taken && data_o != 0 && !f_left && f_zero;
  wire f_byte_out = taken && data_o != 0 && f_left;
  // A byte is in when its wire bytes are, but the zero it stands for shows one block later.
  reg f_owed;
  always @(posedge clk_i) begin
    if (rst_i || (taken && data_o == 0)) begin
      f_left  <= 1'b0;
      f_zero  <= 1'b0;
      f_drop  <= 1'b0;
      f_owed  <= 1'b0;
      f_ended <= 1'b0;
    end else begin
      if (taken && !f_left) begin
        f_left <= data_o == 8'h02;
        f_zero <= 1'b1;
      end
      if (f_byte_out) begin
        f_left <= 1'b0;
        f_drop <= 1'b1;
      end
      if (f_zero_out) f_drop <= 1'b0;
      if (f_zero_out && !f_drop) f_owed <= 1'b0;
      if (valid_i && ready_o && data_i == 0) f_owed <= 1'b1;
      if (valid_i && ready_o && last_i) f_ended <= 1'b1;
    end
  end

  always @(posedge clk_i) begin
    if (f_past) begin
      a_code : assert (!taken || f_left || data_o <= 8'h02);
      // Bytes that are not zero: the decoder's byte is the byte being taken.
      a_byte : assert (f_byte_out == (valid_i && ready_o && data_i != 0));
      if (f_byte_out) a_same : assert (data_o == data_i);
      // Zeros: each is owed from when it is taken until the decoder shows it; a stuffed one never is.
      if (f_zero_out) a_zero : assert (f_owed == !f_drop);
      // The delimiter comes after the last byte, at a block's end, and nothing is left owed.
      if (taken && data_o == 0) a_end : assert (f_ended && !f_left && !f_owed && !f_drop);
      if (f_ended) a_closed : assert (!ready_o);
      i_left : assert (f_left == (st_q == StByte));
      i_ended : assert (f_ended == closing);
      i_owed : assert (!(f_owed && f_drop) && (!(f_owed || f_drop) || f_zero));
      i_close : assert (st_q != StEnd || (!f_owed && !f_drop));
      i_fresh : assert (!f_zero || st_q == StByte || f_owed || f_drop || st_q == StEnd);
      i_stbyte : assert (st_q != StByte || data_i != 0);
      if (st_q == StByte) i_valid : assert (valid_i);
      if (st_q == StByte) i_left2 : assert (f_zero && !f_drop && !f_owed);
    end
    if (f_past && !$past(rst_i) && !rst_i && $past(valid_o && !ready_i)) begin
      a_stable : assert (valid_o && $stable(data_o));
    end
  end
`endif

endmodule

`default_nettype wire

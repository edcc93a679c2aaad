// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_handed: a map of currents from one processor of a line to another: written in order, read by
// address or in order.
//
// Contract
//   WIDTH, DEPTH   size; AW: width of an address. DEPTH holds all words of a map, or is a power of
//               two: a ring, in which word n lies at the lower bits of n
//   SEQ         1: words are read one after another, raddr_i is not used
//   start_i     one cycle: an inference begins; the next word is word 0, of those written and read
//   we_i        wdata_i is written to the next place
//   re_i        a word is read: at rdata_o in the next cycle, until the next read
//   A word is read after it was written in this inference, not in that cycle, and before the word
//   that takes its place is (sf_rows).
`default_nettype none

module sf_handed #(
  parameter WIDTH = 16,
  parameter DEPTH = 64,
  parameter SEQ   = 0,
  parameter AW    = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
  input  wire             clk_i,
  input  wire             start_i,
  input  wire             we_i,
  input  wire [WIDTH-1:0] wdata_i,
  input  wire             re_i,
  input  wire [AW-1:0]    raddr_i,
  output wire [WIDTH-1:0] rdata_o
);

  reg  [AW-1:0] waddr_q;
  wire [AW-1:0] raddr;

  always @(posedge clk_i) begin
    if (start_i) waddr_q <= {AW{1'b0}};
    else if (we_i) waddr_q <= waddr_q + 1'b1;
  end

  generate
    if (SEQ != 0) begin : gen_order
      reg [AW-1:0] raddr_q;
      always @(posedge clk_i) begin
        if (start_i) raddr_q <= {AW{1'b0}};
        else if (re_i) raddr_q <= raddr_q + 1'b1;
      end
      assign raddr = raddr_q;
      wire unused = &{1'b0, raddr_i};
    end else begin : gen_address
      assign raddr = raddr_i;
    end
  endgenerate

  sf_map #(.WIDTH(WIDTH), .DEPTH(DEPTH)) u_map (
    .clk_i  (clk_i),
    .we_i   (we_i),
    .waddr_i(waddr_q),
    .wdata_i(wdata_i),
    .re_i   (re_i),
    .raddr_i(raddr),
    .rdata_o(rdata_o)
  );

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;

  // How many words were written and read since the start; a word is read after it was written.
  integer f_written, f_read;
  reg     f_on = 1'b0;
  always @(posedge clk_i) begin
    if (start_i) begin
      f_on      <= 1'b1;
      f_written <= 0;
      f_read    <= 0;
    end else begin
      if (we_i) f_written <= f_written + 1;
      if (re_i) f_read <= f_read + 1;
    end
  end
  // Which word is read, of those that are there; a map has no more than memory, or twice a ring.
  localparam FMost = (DEPTH & (DEPTH - 1)) ? DEPTH : 2 * DEPTH;
  (* anyseq *) reg [AW+1:0] f_any;
  integer f_this;
  always @(*) f_this = (SEQ != 0) ? f_read : f_any;
  always @(*) begin
    if (!f_on || start_i) assume (!we_i && !re_i);
    if (we_i) assume (f_written < FMost);
    if (re_i) begin
      assume (f_this < f_written && f_written <= f_this + DEPTH && f_read < 1000);
      assume (SEQ != 0 || raddr_i == f_any[AW-1:0]);
      // What takes its place is not written while it is read.
      if (we_i) assume (f_written < f_this + DEPTH);
    end
  end

  // One word, whichever it is.
  (* anyconst *) reg [AW+1:0] f_word;
  reg [WIDTH-1:0] f_value;
  always @(posedge clk_i) if (we_i && f_written == f_word) f_value <= wdata_i;
  reg f_here = 1'b0;
  reg [WIDTH-1:0] f_expected;
  always @(posedge clk_i) if (re_i) begin
    f_here     <= f_this == f_word;
    f_expected <= f_value;
  end

  always @(posedge clk_i) begin
    if (f_past && f_on && !start_i) begin
      i_written : assert (f_written >= 0 && f_written <= FMost && (f_written == DEPTH || waddr_q == f_written[AW-1:0]));
      if (f_here) a_read : assert (rdata_o == f_expected);
      c_last : cover (f_here && f_word == FMost - 1 && rdata_o != 0);
    end
  end
`endif

endmodule

`default_nettype wire

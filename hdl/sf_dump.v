// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_dump: sends a memory to the host.
//
// Contract
//   WIDTH, DEPTH   of the memory
//   turn_i      high while it is this memory's turn to send
//   re_o ...    a word is read: at rdata_i in the next cycle, until the next read
//   out_*       DEPTH words of ceil(WIDTH/8) bytes, lowest bits first; from registers
`default_nettype none

module sf_dump #(
  parameter WIDTH = 16,
  parameter DEPTH = 16,
  parameter AW    = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
  input  wire             clk_i,
  input  wire             rst_i,
  input  wire             turn_i,
  output wire             re_o,
  output wire [AW-1:0]    raddr_o,
  input  wire [WIDTH-1:0] rdata_i,
  output wire [7:0]       out_data_o,
  output wire             out_valid_o,
  input  wire             out_ready_i,
  output wire             out_last_o
);

  localparam NB = (WIDTH + 7) / 8;
  localparam CW = (NB > 1) ? $clog2(NB) : 1;

  reg  [AW-1:0] read_q;
  reg  [CW-1:0] byte_q;
  reg           fresh_q;                       // the memory's output belongs to read_q
  reg  [7:0]    data_q;                        // the byte that is offered
  reg           valid_q, last_q;

  wire sent      = out_valid_o & out_ready_i;
  wire more      = turn_i & ~(valid_q & last_q);
  wire load      = more & fresh_q & (~valid_q | sent);
  wire word_end  = byte_q == NB[CW-1:0] - 1'b1;
  wire last_word = read_q == DEPTH[AW-1:0] - 1'b1;
  wire [NB*8-1:0] padded;

  generate
    if (NB * 8 > WIDTH) begin : gen_pad
      assign padded = {{(NB*8-WIDTH){1'b0}}, rdata_i};
    end else begin : gen_full
      assign padded = rdata_i;
    end
  endgenerate

  assign re_o        = more & ~fresh_q;
  assign raddr_o     = read_q;
  assign out_valid_o = turn_i & valid_q;
  assign out_data_o  = data_q;
  assign out_last_o  = last_q;

  always @(posedge clk_i) begin
    fresh_q <= more;
    if (sent) valid_q <= 1'b0;
    if (load) begin
      valid_q <= 1'b1;
      data_q  <= padded[byte_q*8 +: 8];
      last_q  <= word_end & last_word;
      byte_q  <= word_end ? {CW{1'b0}} : byte_q + 1'b1;
      if (word_end) begin
        read_q  <= last_word ? {AW{1'b0}} : read_q + 1'b1;
        fresh_q <= 1'b0;
      end
    end
    if (rst_i) begin
      read_q  <= {AW{1'b0}};
      byte_q  <= {CW{1'b0}};
      fresh_q <= 1'b0;
      valid_q <= 1'b0;
    end
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // One word of the memory, whichever it is; the memory's output belongs to the last read.
  (* anyconst *) reg [AW-1:0]    f_word;
  (* anyconst *) reg [WIDTH-1:0] f_value;
  always @(*) assume (f_word < DEPTH);
  reg f_here = 1'b0;
  always @(posedge clk_i) if (re_o) f_here <= raddr_o == f_word;
  always @(*) if (f_here) assume (rdata_i == f_value);
  always @(posedge clk_i) if (f_past && !$past(re_o)) assume (rdata_i == $past(rdata_i));

  // The turn lasts until the last byte is sent.
  reg f_turn;
  always @(posedge clk_i) f_turn <= turn_i & ~rst_i & ~(sent & out_last_o);
  always @(*) if (f_past && f_turn) assume (turn_i);

  // The byte that comes next: of which word, which of its bytes.
  integer f_at, f_byte;
  always @(posedge clk_i) begin
    if (rst_i || (sent && out_last_o)) begin
      f_at   <= 0;
      f_byte <= 0;
    end else if (sent) begin
      f_byte <= (f_byte == NB - 1) ? 0 : f_byte + 1;
      if (f_byte == NB - 1) f_at <= f_at + 1;
    end
  end

  // What was offered and not taken stays.
  reg       f_waits;
  reg [7:0] f_data;
  always @(posedge clk_i) begin
    f_waits <= out_valid_o & ~out_ready_i & ~rst_i;
    f_data  <= out_data_o;
  end

  wire [NB*8-1:0] f_padded = f_value;
  // The byte behind the one that comes next, and words that were read in the last two cycles.
  wire f_end = f_at == DEPTH - 1 && f_byte == NB - 1;
  wire f_new = f_byte == NB - 1;
  reg  f_read1, f_read2;
  always @(posedge clk_i) begin
    f_read1 <= re_o & ~rst_i;
    f_read2 <= f_read1 & ~rst_i;
  end
  always @(posedge clk_i) begin
    if (f_past) begin
      if (out_valid_o) begin
        a_last : assert (out_last_o == f_end);
        if (f_at == f_word) a_data : assert (out_data_o == f_padded[f_byte*8 +: 8]);
      end
      if (re_o) a_read : assert (turn_i && raddr_o == ((valid_q && f_new) ? f_at + 1 : f_at));
      if (turn_i && f_read2) a_soon : assert (out_valid_o);
      if (f_waits) a_held : assert (out_valid_o && out_data_o == f_data);
      i_range : assert (f_at >= 0 && f_at < DEPTH && f_byte >= 0 && f_byte < NB);
      i_at : assert (read_q == (!valid_q ? f_at : f_end ? 0 : f_new ? f_at + 1 : f_at));
      i_byte : assert (byte_q == (!valid_q ? f_byte : f_new ? 0 : f_byte + 1));
      i_turn : assert ((!fresh_q && !valid_q) || f_turn);
      i_over : assert (!(valid_q && last_q && fresh_q));
      i_read : assert (!f_read1 || fresh_q || !f_turn);
      i_read2 : assert (!f_read2 || valid_q || !f_turn);
      i_begun : assert (f_turn || (f_at == 0 && f_byte == 0));
      if (fresh_q) i_fresh : assert (f_here == (read_q == f_word));
      i_word : assert (fresh_q || !valid_q || f_new);
      c_all : cover (sent && out_last_o && f_word == DEPTH - 1 && f_value != 0);
      c_again : cover (out_valid_o && f_at == 0 && f_here && !$past(turn_i, 3) && $past(turn_i, 4));
    end
  end
`endif

endmodule

`default_nettype wire

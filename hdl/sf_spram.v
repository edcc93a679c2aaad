// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_spram: memory with a registered output whose contents come over a byte stream.
//
// It is read like sf_rom. Synthesis makes it of single-port RAM (SPRAM), which a bitstream
// cannot initialise, so it is loaded after power-on. Several of them form a chain: each takes
// its own bytes and hands the rest on.
//
// Contract
//   WIDTH, DEPTH   size; DEPTH words of WIDTH bits, DEPTH >= 1
//   data_o in cycle n+1 is the word at addr_i in cycle n if en_i was high in it, else what it
//   was. After a write it is undefined until the next read.
//   load_start_i   one cycle: the next byte is the first of all
//   load_valid_i   load_data_i is the next byte; the first DEPTH * ceil(WIDTH/8) since the
//                  start are written: word by word, bits 7..0 of a word first
//   load_valid_o   load_valid_i, for the bytes that follow
//   One port: in a cycle with a byte to be written nothing is read, whatever en_i says. No
//   byte is taken before the first load_start_i.
`default_nettype none

module sf_spram #(
  parameter WIDTH = 16,
  parameter DEPTH = 16,
  parameter AW    = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
  input  wire             clk_i,
  input  wire             rst_i,
  input  wire             en_i,
  input  wire [AW-1:0]    addr_i,
  output wire [WIDTH-1:0] data_o,
  input  wire             load_start_i,
  input  wire             load_valid_i,
  input  wire [7:0]       load_data_i,
  output wire             load_valid_o
);

  localparam BYTES = (WIDTH + 7) / 8;
  localparam BW    = (BYTES > 1) ? $clog2(BYTES) : 1;

  // ---- where the next byte belongs
  reg          open_q;
  reg [AW-1:0] word_q;
  reg [BW-1:0] byte_q;

  wire write     = load_valid_i & open_q;
  wire last_byte = byte_q == BYTES[BW-1:0] - 1'b1;
  wire last_word = word_q == DEPTH[AW-1:0] - 1'b1;

  assign load_valid_o = load_valid_i & ~open_q;

  always @(posedge clk_i) begin
    if (write) begin
      byte_q <= last_byte ? {BW{1'b0}} : byte_q + 1'b1;
      if (last_byte) word_q <= word_q + 1'b1;
      if (last_byte & last_word) open_q <= 1'b0;
    end
    if (load_start_i) begin
      open_q <= 1'b1;
      word_q <= {AW{1'b0}};
      byte_q <= {BW{1'b0}};
    end
    if (rst_i) open_q <= 1'b0;
  end

  // ---- the memory
  wire [AW-1:0] addr = write ? word_q : addr_i;

  (* ram_style = "huge" *) reg [8*BYTES-1:0] mem [0:DEPTH-1];
  reg [8*BYTES-1:0] data_q;

  integer k;
  always @(posedge clk_i) begin
    if (write) begin
      for (k = 0; k < BYTES; k = k + 1)
        if (byte_q == k[BW-1:0]) mem[addr][8*k +: 8] <= load_data_i;
    end else if (en_i) begin
      data_q <= mem[addr];
    end
  end

  assign data_o = data_q[WIDTH-1:0];

  generate
    if (8 * BYTES > WIDTH) begin : gen_unused
      wire unused = &{1'b0, data_q[8*BYTES-1:WIDTH]};
    end
  endgenerate

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // The bytes since the start, counted in one number; held at the end of the image.
  localparam [31:0] FBytes = DEPTH * BYTES;
  reg [31:0] f_count;
  reg        f_started = 1'b0;
  always @(posedge clk_i) begin
    if (rst_i) f_started <= 1'b0;
    else if (load_start_i) f_started <= 1'b1;
    if (load_start_i) f_count <= 0;
    else if (load_valid_i && f_started && f_count != FBytes) f_count <= f_count + 1;
  end

  // One byte of one word, whichever it is: what was written there last.
  (* anyconst *) reg [AW-1:0] f_word;
  (* anyconst *) reg [BW-1:0] f_byte;
  always @(*) assume (f_word < DEPTH && f_byte < BYTES);
  reg [7:0] f_value;
  reg       f_known = 1'b0;
  wire      f_hit = load_valid_i && f_started && f_count == f_word * BYTES + f_byte;
  always @(posedge clk_i) begin
    if (f_hit) begin
      f_known <= 1'b1;
      f_value <= load_data_i;
    end
  end

  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      // The image is taken here, and nothing before its start or after its end.
      a_take : assert (write == (load_valid_i && f_started && f_count < FBytes));
      a_rest : assert (load_valid_o == (load_valid_i && !write));
    end
    if (f_past && $past(en_i && !write && f_known && addr_i == f_word))
      a_read : assert (data_q[8*f_byte +: 8] == $past(f_value));
    if (f_past && $past(!en_i && !write)) a_hold : assert ($stable(data_q));

    // What ties the registers to the reference, for the induction.
    if (f_past && f_started) begin
      i_open : assert (open_q == (f_count < FBytes));
      i_count : assert (f_count <= FBytes);
      if (open_q) i_place : assert (f_count == word_q * BYTES + byte_q);
      i_byte : assert (byte_q < BYTES);
      i_word : assert (!open_q || word_q < DEPTH);
    end
    if (f_past && !f_started) i_closed : assert (!open_q);
    if (f_past && f_known) i_mem : assert (mem[f_word][8*f_byte +: 8] == f_value);
    c_rest : cover (f_past && !rst_i && load_valid_o && f_known && f_started);
    c_read : cover (f_past && !rst_i && !$past(write) && $past(en_i && f_known && addr_i == f_word));
  end
`endif

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_input_map: puts the inputs of an inference into a map with a frame of zeros.
//
// Contract
//   C, H, W     channels, rows, columns
//   K           chunks of timesteps: so many such maps, one after another
//   HALO        width of the frame, in places: above, below and left of each row
//   LW, BYTES   bits of an input, which comes in BYTES = ceil(LW / 8) bytes, the lowest bits
//               first: a level, or the train of an input that changes over time
//   x_*         bytes of C*H*W inputs, channel by channel, row by row, so for each chunk, taken
//               when they come; what comes in the cycle of a reset is lost: the frame stays zero from power-on
//   begin_o     one cycle, after the first input
//   row_o       one cycle, two cycles after the last input of a row of all channels; the rows of one
//               chunk come in order
//   full_o      one cycle, after the last one
//   re_i ...    a word is read: at rdata_o in the next cycle, until the next read. Places lie
//               row by row, channels innermost; only after full_o, or the frame and, of one chunk,
//               rows that row_o has told
`default_nettype none

module sf_input_map #(
  parameter C     = 1,
  parameter H     = 4,
  parameter W     = 4,
  parameter HALO  = 1,
  parameter K     = 1,
  parameter LW    = 8,
  parameter BYTES = 1,
  parameter BW    = (LW < 8) ? LW : 8,
  parameter PITCH = W + HALO,
  parameter PART  = ((H + 2 * HALO) * PITCH + HALO) * C,
  parameter DEPTH = K * PART,
  parameter AW    = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
  input  wire          clk_i,
  input  wire          rst_i,
  input  wire          x_valid_i,
  input  wire [BW-1:0] x_data_i,
  output reg           begin_o,
  output reg           row_o,
  output reg           full_o,
  input  wire          re_i,
  input  wire [AW-1:0] raddr_i,
  output wire [LW-1:0] rdata_o
);

  localparam CCW = (C > 1) ? $clog2(C) : 1;
  localparam CHW = (H > 1) ? $clog2(H) : 1;
  localparam CWW = (W > 1) ? $clog2(W) : 1;
  localparam FIRST = HALO * (PITCH + 1) * C;   // the first level's word
  localparam ROW   = (HALO + 1) * C;           // from the end of a row to the next one
  localparam NEXT  = PART - (C - 1);           // from a chunk's last channel to the next one's first

  reg [CCW-1:0] c_q;
  reg [CHW-1:0] y_q;
  reg [CWW-1:0] x_q;
  reg [AW-1:0]  addr_q, channel_q;             // of the level; first one of the channel

  wire x_end = x_q == W[CWW-1:0] - 1'b1;
  wire y_end = y_q == H[CHW-1:0] - 1'b1;
  wire c_end = c_q == C[CCW-1:0] - 1'b1;
  wire k_end;
  wire [AW-1:0] channel_d = ~c_end ? channel_q + 1'b1 : k_end ? FIRST[AW-1:0] : channel_q + NEXT[AW-1:0];

  // ---- bytes of a word
  wire          word_valid;
  wire [LW-1:0] word;
  generate
    if (BYTES == 1) begin : gen_byte
      assign word_valid = x_valid_i;
      assign word       = x_data_i[LW-1:0];
    end else begin : gen_bytes
      localparam NW = $clog2(BYTES);
      localparam KW = (BYTES - 1) * BW;
      reg [NW-1:0] byte_q;                     // number of the byte that comes next
      reg [KW-1:0] kept_q;                     // those before it, the last one on top
      wire [KW+BW-1:0] kept_d = {x_data_i, kept_q};
      wire             last   = byte_q == BYTES[NW-1:0] - 1'b1;
      always @(posedge clk_i) begin
        if (x_valid_i) begin
          byte_q <= last ? {NW{1'b0}} : byte_q + 1'b1;
          kept_q <= kept_d[KW+BW-1:BW];
        end
        if (rst_i) byte_q <= {NW{1'b0}};
      end
      assign word_valid = x_valid_i & last;
      assign word       = kept_d[LW-1:0];
      wire unused = &{1'b0, x_data_i};
    end
  endgenerate

  wire map_end = word_valid & x_end & y_end & c_end;
  reg  open_q;                                 // an inference has begun
  reg  row_q;
  generate
    if (K > 1) begin : gen_chunks
      localparam CKW = $clog2(K);
      reg [CKW-1:0] k_q;
      assign k_end = k_q == K[CKW-1:0] - 1'b1;
      always @(posedge clk_i) begin
        if (map_end) k_q <= k_end ? {CKW{1'b0}} : k_q + 1'b1;
        if (rst_i) k_q <= {CKW{1'b0}};
      end
    end else begin : gen_whole
      assign k_end = 1'b1;
    end
  endgenerate

  always @(posedge clk_i) begin
    full_o  <= map_end & k_end & ~rst_i;
    begin_o <= word_valid & ~open_q & ~rst_i;
    row_q   <= word_valid & x_end & c_end & ~rst_i;
    row_o   <= row_q & ~rst_i;
    if (word_valid) begin
      open_q <= ~(map_end & k_end);
      x_q <= x_end ? {CWW{1'b0}} : x_q + 1'b1;
      if (x_end) y_q <= y_end ? {CHW{1'b0}} : y_q + 1'b1;
      if (x_end & y_end) c_q <= c_end ? {CCW{1'b0}} : c_q + 1'b1;
      addr_q <= ~x_end ? addr_q + C[AW-1:0] : ~y_end ? addr_q + ROW[AW-1:0] : channel_d;
      if (x_end & y_end) channel_q <= channel_d;
    end
    if (rst_i) begin
      open_q    <= 1'b0;
      x_q       <= {CWW{1'b0}};
      y_q       <= {CHW{1'b0}};
      c_q       <= {CCW{1'b0}};
      addr_q    <= FIRST[AW-1:0];
      channel_q <= FIRST[AW-1:0];
    end
  end

  sf_map #(.WIDTH(LW), .DEPTH(DEPTH)) u_levels (
    .clk_i  (clk_i),
    .we_i   (word_valid & ~rst_i),
    .waddr_i(addr_q),
    .wdata_i(word),
    .re_i   (re_i),
    .raddr_i(raddr_i),
    .rdata_o(rdata_o)
  );

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // Where a level belongs: channel by channel, row by row.
  integer f_k, f_c, f_y, f_x, f_byte;
  wire    f_taken = x_valid_i && f_byte == BYTES - 1;
  // What came: each byte where its number says.
  reg  [BYTES*BW-1:0] f_before;
  wire [BYTES*BW-1:0] f_now   = x_data_i << (f_byte * BW);
  wire [BYTES*BW-1:0] f_below = ~({BYTES*BW{1'b1}} << (f_byte * BW));
  wire [BYTES*BW-1:0] f_both  = f_now | (f_before & f_below);
  wire [LW-1:0]       f_input = f_both[LW-1:0];
  always @(posedge clk_i) if (x_valid_i) f_before <= f_both;
  always @(posedge clk_i) begin
    if (rst_i) f_byte <= 0;
    else if (x_valid_i) f_byte <= (f_byte == BYTES - 1) ? 0 : f_byte + 1;
  end
  reg     f_full;                              // an inference's levels are all there
  wire    f_map  = f_c == C - 1 && f_y == H - 1 && f_x == W - 1;
  wire    f_last = f_map && f_k == K - 1;
  always @(posedge clk_i) begin
    if (f_taken) begin
      f_x <= (f_x == W - 1) ? 0 : f_x + 1;
      if (f_x == W - 1) f_y <= (f_y == H - 1) ? 0 : f_y + 1;
      if (f_x == W - 1 && f_y == H - 1) f_c <= (f_c == C - 1) ? 0 : f_c + 1;
      if (f_map) f_k <= f_last ? 0 : f_k + 1;
      f_full <= f_last;
    end
    if (rst_i) begin
      f_k    <= 0;
      f_x    <= 0;
      f_y    <= 0;
      f_c    <= 0;
      f_full <= 1'b0;
    end
  end
  // Of one chunk: rows that are told, and what of the map may be read with them.
  integer f_told;
  wire    f_first = f_k == 0 && f_c == 0 && f_y == 0 && f_x == 0;
  wire    f_seen  = raddr_i < ((f_told + HALO) * PITCH + HALO) * C;
  always @(posedge clk_i) begin
    if (row_o) f_told <= f_told + 1;
    if (rst_i || (f_taken && f_first)) f_told <= 0;
  end
  // The map is read between full_o and the next inference, or row by row behind the inputs.
  always @(*) if (re_i) assume ((f_full && f_byte == 0 && !x_valid_i) || (K == 1 && !f_full && f_seen));
  // The result of an inference comes between its last input and the first one of the next.
  always @(*) if (row_q || row_o) assume (!x_valid_i || !f_full);

  always @(posedge clk_i) begin
    if (f_past) begin
      a_addr : assert (addr_q == f_k * PART + ((f_y + HALO) * PITCH + f_x + HALO) * C + f_c);
      a_full : assert (full_o == $past(f_taken && f_last && !rst_i));
      a_begin : assert (begin_o == $past(f_taken && f_first && !rst_i));
      i_row : assert (row_q == $past(f_taken && f_x == W - 1 && f_c == C - 1 && !rst_i));
      a_row : assert (row_o == $past(row_q && !rst_i));
      i_open : assert (open_q == !f_first);
      i_full : assert (!f_full || f_first);
      if (K == 1) i_told : assert (f_told >= 0 && f_told + (row_q ? 1 : 0) + (row_o ? 1 : 0) == (f_full ? H : (f_c == C - 1) ? f_y : 0));
      // What sf_map asks of its users.
      a_clash : assert (!(word_valid && re_i && addr_q == raddr_i));
      a_word : assert (word_valid == f_taken);
      i_byte : assert (f_byte >= 0 && f_byte < BYTES);
      i_at : assert (x_q == f_x && y_q == f_y && c_q == f_c);
      i_chunk : assert (f_k >= 0 && f_k < K);
      i_range : assert (f_x >= 0 && f_x < W && f_y >= 0 && f_y < H && f_c >= 0 && f_c < C);
      i_channel : assert (channel_q == f_k * PART + HALO * (PITCH + 1) * C + f_c);
      c_second : cover (x_valid_i && f_full);
    end
  end

  // What ties the registers to the reference, for the induction.
  generate
    if (K > 1) begin : gen_formal_chunks
      always @(posedge clk_i) if (f_past) i_k : assert (gen_chunks.k_q == f_k);
    end
    if (BYTES > 1) begin : gen_formal_bytes
      always @(posedge clk_i) begin
        if (f_past) begin
          i_number : assert (gen_bytes.byte_q == f_byte);
          i_kept : assert (f_byte == 0 || (gen_bytes.kept_q >> ((BYTES - 1 - f_byte) * BW)) == (f_before & f_below));
        end
      end
    end
  endgenerate

  // Contents: one word of a small map, whichever it is, in so many cycles.
  generate
    if (DEPTH <= 32) begin : gen_formal
      (* anyconst *) reg [5:0] f_chunk, f_row, f_column, f_channel;   // frame included
      wire [AW-1:0] f_word  = f_chunk * PART + (f_row * PITCH + f_column) * C + f_channel;
      wire          f_level = f_row >= HALO && f_row < H + HALO && f_column >= HALO;
      reg [LW-1:0]  f_value = {LW{1'b0}};
      always @(*) begin
        assume (f_chunk < K && f_column < PITCH && f_channel < C);
        assume (f_row < H + 2 * HALO || (f_row == H + 2 * HALO && f_column < HALO));
      end
      always @(posedge clk_i) begin
        if (f_taken && !rst_i && f_level && f_chunk == f_k && f_channel == f_c && f_row == f_y + HALO && f_column == f_x + HALO) f_value <= f_input;
        if (f_past) begin
          if ($past(re_i && raddr_i == f_word)) a_read : assert (rdata_o == $past(f_value));
          c_level : cover ($past(re_i && raddr_i == f_word) && rdata_o != 0);
          c_frame : cover (HALO == 0 || $past(re_i && raddr_i == f_word && !f_level));
        end
      end
    end
  endgenerate
`endif

endmodule

`default_nettype wire

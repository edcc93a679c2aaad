// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_trace: keeps one layer's spike trains so that a host can read them back.
//
// Contract
//   N, T      neurons, timesteps
//   s_*       taps the layer's trains: a word is stored when valid & ready, N of them
//   dump_i    high while it is this memory's turn to send; rises after the N-th word
//   out_*     N words of ceil(T/8) bytes, lowest timestep in bit 0 of the first byte
//   The spike stream is never slowed down.
`default_nettype none

module sf_trace #(
  parameter N = 8,
  parameter T = 4
) (
  input  wire         clk_i,
  input  wire         rst_i,
  input  wire [T-1:0] s_data_i,
  input  wire         s_valid_i,
  input  wire         s_ready_i,
  input  wire         dump_i,
  output wire [7:0]   out_data_o,
  output wire         out_valid_o,
  input  wire         out_ready_i,
  output wire         out_last_o
);

  localparam NW = (N > 1) ? $clog2(N) : 1;
  localparam NB = (T + 7) / 8;
  localparam CW = (NB > 1) ? $clog2(NB) : 1;

  reg  [NW-1:0] write_q, read_q;
  reg  [CW-1:0] byte_q;
  reg           fresh_q;                       // the memory's output belongs to read_q
  wire [T-1:0]  word;
  wire [NB*8-1:0] padded;

  wire store     = s_valid_i & s_ready_i;
  wire sent      = out_valid_o & out_ready_i;
  wire word_end  = byte_q == NB[CW-1:0] - 1'b1;
  wire last_word = read_q == N[NW-1:0] - 1'b1;

  assign out_valid_o = dump_i & fresh_q;
  assign out_data_o  = padded[byte_q*8 +: 8];
  assign out_last_o  = word_end & last_word;

  generate
    if (NB * 8 > T) begin : gen_pad
      assign padded = {{(NB*8-T){1'b0}}, word};
    end else begin : gen_full
      assign padded = word;
    end
  endgenerate

  always @(posedge clk_i) begin
    if (store) write_q <= (write_q == N[NW-1:0] - 1'b1) ? {NW{1'b0}} : write_q + 1'b1;
    fresh_q <= dump_i;
    if (sent) begin
      byte_q <= word_end ? {CW{1'b0}} : byte_q + 1'b1;
      if (word_end) begin
        read_q  <= last_word ? {NW{1'b0}} : read_q + 1'b1;
        fresh_q <= 1'b0;
      end
    end
    if (rst_i) begin
      write_q <= {NW{1'b0}};
      read_q  <= {NW{1'b0}};
      byte_q  <= {CW{1'b0}};
      fresh_q <= 1'b0;
    end
  end

  sf_ram #(.WIDTH(T), .DEPTH(N)) u_trains (
    .clk_i  (clk_i),
    .we_i   (store),
    .waddr_i(write_q),
    .wdata_i(s_data_i),
    .re_i   (dump_i),
    .raddr_i(read_q),
    .rdata_o(word)
  );

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // One neuron's train, whichever it is, from the store to the host.
  (* anyconst *) reg [NW-1:0] f_neuron;
  reg [T-1:0] f_train;
  reg         f_read;                          // the trains are being sent
  integer     f_stored, f_sent;                // words stored, bytes sent
  always @(*) assume (f_neuron < N);
  always @(posedge clk_i) begin
    if (rst_i) begin
      f_stored <= 0;
      f_sent   <= 0;
    end else begin
      if (store) f_stored <= f_stored + 1;
      if (store && f_stored == f_neuron) f_train <= s_data_i;
      if (sent) f_sent <= f_sent + 1;
      if (sent && out_last_o) begin
        f_stored <= 0;
        f_sent   <= 0;
      end
    end
    f_read <= ~rst_i & dump_i & ~(sent & out_last_o);
  end
  // The contract: no more than N words, read after the last, to the last byte.
  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      if (f_stored >= N) assume (!store);
      if (f_stored < N) assume (!dump_i);
      if (f_read) assume (dump_i);
    end
  end

  wire [NB*8-1:0] f_padded = f_train;
  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      a_bytes : assert (f_sent <= N * NB);
      if (out_valid_o) begin
        a_last : assert (out_last_o == (f_sent == N * NB - 1));
        if (f_sent / NB == f_neuron) a_data : assert (out_data_o == f_padded[(f_sent % NB) * 8 +: 8]);
      end
      c_all : cover (sent && out_last_o);
    end
  end
`endif

endmodule

`default_nettype wire

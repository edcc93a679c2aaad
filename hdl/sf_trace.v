// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_trace: keeps one layer's spike trains so that a host can read them back.
//
// Contract
//   N, T      neurons, timesteps
//   MEMBERS   members of an ensemble, N / MEMBERS neurons each; those in mask_i store their trains
//             (sf_members), those of ran_i, which are some of them, are read, and zeros for the
//             others. 1: there are none, and neither is read
//   s_*       taps the layer's trains: a word is stored when valid & ready, one of each
//             neuron
//   dump_i    high while it is this memory's turn to send; rises after the last word
//   out_*     N words of ceil(T/8) bytes, lowest timestep in bit 0 of the first byte
//   The spike stream is never slowed down.
`default_nettype none

module sf_trace #(
  parameter N = 8,
  parameter T = 4,
  parameter MEMBERS = 1
) (
  input  wire         clk_i,
  input  wire         rst_i,
  input  wire [MEMBERS-1:0] mask_i,
  input  wire [MEMBERS-1:0] ran_i,
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

  reg  [NW-1:0] write_q, read_q;               // within its member; of all
  reg  [CW-1:0] byte_q;
  reg           fresh_q;                       // the memory's output belongs to read_q
  wire [T-1:0]  word;
  wire [NB*8-1:0] padded;

  wire store     = s_valid_i & s_ready_i;
  wire sent      = out_valid_o & out_ready_i;
  wire word_end  = byte_q == NB[CW-1:0] - 1'b1;
  wire last_word = read_q == N[NW-1:0] - 1'b1;

  assign out_valid_o = dump_i & fresh_q;
  assign out_data_o  = padded[byte_q*8 +: 8] & {8{runs}};
  assign out_last_o  = word_end & last_word;

  // ---- members: where the next train goes, and whether the one that is read was stored
  localparam NP = N / MEMBERS;
  wire [NW-1:0] write_at;
  wire          runs;
  wire          member_end = store & (write_q == NP[NW-1:0] - 1'b1);
  generate
    if (MEMBERS > 1) begin : gen_members
      localparam MW = $clog2(MEMBERS);
      wire [MW-1:0] now, unused_next;
      wire          unused_last;
      reg  [MW-1:0] read_member_q;
      reg  [NW-1:0] read_within_q;
      wire          read_end = read_within_q == NP[NW-1:0] - 1'b1;
      sf_members #(.N(MEMBERS)) u_members (
        .clk_i (clk_i),
        .rst_i (rst_i),
        .mask_i(mask_i),
        .step_i(member_end),
        .now_o (now),
        .next_o(unused_next),
        .last_o(unused_last)
      );
      assign write_at = {{(NW-MW){1'b0}}, now} * NP[NW-1:0] + write_q;
      assign runs     = ran_i[read_member_q];
      always @(posedge clk_i) begin
        if (sent & word_end) begin
          read_within_q <= read_end ? {NW{1'b0}} : read_within_q + 1'b1;
          if (read_end) read_member_q <= last_word ? {MW{1'b0}} : read_member_q + 1'b1;
        end
        if (rst_i) begin
          read_member_q <= {MW{1'b0}};
          read_within_q <= {NW{1'b0}};
        end
      end
    end else begin : gen_alone
      wire unused = &{1'b0, mask_i, ran_i};
      assign write_at = write_q;
      assign runs     = 1'b1;
    end
  endgenerate

  generate
    if (NB * 8 > T) begin : gen_pad
      assign padded = {{(NB*8-T){1'b0}}, word};
    end else begin : gen_full
      assign padded = word;
    end
  endgenerate

  always @(posedge clk_i) begin
    if (store) write_q <= member_end ? {NW{1'b0}} : write_q + 1'b1;
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
    .waddr_i(write_at),
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
  // The members stay as they are, and one that runs stores its trains behind those before it.
  reg  [MEMBERS-1:0] f_mask, f_ran;
  always @(posedge clk_i) begin
    f_mask <= mask_i;
    if (f_past && !rst_i) assume (mask_i == f_mask);
    f_ran <= ran_i;
    if (f_past && !rst_i && f_read) assume (ran_i == f_ran);
  end
  wire f_runs = (MEMBERS == 1) || ran_i[f_neuron / NP];
  always @(*) assume ((ran_i & ~mask_i) == 0);
  integer f_place, f_all, f_m;
  always @(*) begin
    assume (mask_i != 0);
    f_place = f_neuron % NP;
    f_all   = 0;
    for (f_m = 0; f_m < MEMBERS; f_m = f_m + 1) begin
      if (mask_i[f_m] && f_m < f_neuron / NP) f_place = f_place + NP;
      if (mask_i[f_m]) f_all = f_all + NP;
    end
  end
  always @(posedge clk_i) begin
    if (rst_i) begin
      f_stored <= 0;
      f_sent   <= 0;
    end else begin
      if (store) f_stored <= f_stored + 1;
      if (store && f_stored == f_place) f_train <= s_data_i;
      if (sent) f_sent <= f_sent + 1;
      if (sent && out_last_o) begin
        f_stored <= 0;
        f_sent   <= 0;
      end
    end
    f_read <= ~rst_i & dump_i & ~(sent & out_last_o);
  end
  // The contract: no more words than run, read after the last, to the last byte.
  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      if (f_stored >= f_all) assume (!store);
      if (f_stored < f_all) assume (!dump_i);
      if (f_read) assume (dump_i);
    end
  end

  wire [NB*8-1:0] f_padded = f_train;
  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      a_bytes : assert (f_sent <= N * NB);
      if (out_valid_o) begin
        a_last : assert (out_last_o == (f_sent == N * NB - 1));
        if (f_sent / NB == f_neuron) a_data : assert (out_data_o == (f_runs ? f_padded[(f_sent % NB) * 8 +: 8] : 8'h00));
      end
      c_all : cover (sent && out_last_o);
    end
  end
`endif

endmodule

`default_nettype wire

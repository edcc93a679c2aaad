// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_currents: two memories of currents; a job gathers from, adds from and keeps in different
// ones, so that one port each is enough.
//
// Contract
//   CW          width of a current; AW: of an address
//   DA, DB      words of the memories; HA, HB: 1: in single-port RAM of the device
//   start_i     one cycle: a job begins; its numbers are stable from then on
//   *_bank_i    0: the first memory, 1: the second
//   g_*         a current is gathered: g_data_o in the next cycle, until the next one
//   r_en_i      the next current to be added is read, from r_base_i on, one after another:
//               at r_data_o in the next cycle, until the next one
//   k_we_i      k_data_i is kept in the next place, from k_base_i on
`default_nettype none

module sf_currents #(
  parameter CW   = 16,
  parameter AW   = 10,
  parameter DA   = 256,
  parameter DB   = 256,
  parameter HA   = 0,
  parameter HB   = 0
) (
  input  wire          clk_i,
  input  wire          start_i,
  input  wire          g_bank_i,
  input  wire          g_en_i,
  input  wire [AW-1:0] g_addr_i,
  output wire [CW-1:0] g_data_o,
  input  wire          r_bank_i,
  input  wire [AW-1:0] r_base_i,
  input  wire          r_en_i,
  output wire [CW-1:0] r_data_o,
  input  wire          k_bank_i,
  input  wire [AW-1:0] k_base_i,
  input  wire          k_we_i,
  input  wire [CW-1:0] k_data_i
);

  reg  [AW-1:0] r_addr_q, k_addr_q;
  wire [CW-1:0] data_a, data_b;

  always @(posedge clk_i) begin
    if (start_i) r_addr_q <= r_base_i;
    else if (r_en_i) r_addr_q <= r_addr_q + 1'b1;
    if (start_i) k_addr_q <= k_base_i;
    else if (k_we_i) k_addr_q <= k_addr_q + 1'b1;
  end

  assign g_data_o = g_bank_i ? data_b : data_a;
  assign r_data_o = r_bank_i ? data_b : data_a;

  genvar b;
  generate
    for (b = 0; b < 2; b = b + 1) begin : gen_bank
      localparam DEPTH = (b == 0) ? DA : DB;
      localparam BW    = (DEPTH > 1) ? $clog2(DEPTH) : 1;
      wire we = k_we_i & (k_bank_i == b[0]);
      wire rd = r_en_i & (r_bank_i == b[0]);
      wire gd = g_en_i & (g_bank_i == b[0]);
      wire [AW-1:0] addr = we ? k_addr_q : rd ? r_addr_q : g_addr_i;
      wire [CW-1:0] data;
      sf_ram1p #(.WIDTH(CW), .DEPTH(DEPTH), .HUGE((b == 0) ? HA : HB)) u_ram (
        .clk_i (clk_i),
        .we_i  (we),
        .en_i  (rd | gd),
        .addr_i(addr[BW-1:0]),
        .data_i(k_data_i),
        .data_o(data)
      );
      if (b == 0) begin : gen_a
        assign data_a = data;
      end else begin : gen_b
        assign data_b = data;
      end
      if (AW > BW) begin : gen_unused
        wire unused = &{1'b0, addr[AW-1:BW]};
      end
    end
  endgenerate

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;

  // What a job does, and where: its banks differ, and its numbers stay from its start on.
  (* anyseq *) reg [2:0] f_new_uses;
  reg [2:0] f_uses = 3'b0, f_banks;            // gathers, adds, keeps
  reg       f_on   = 1'b0;
  always @(posedge clk_i) if (start_i) begin
    f_on    <= 1'b1;
    f_uses  <= f_new_uses;
    f_banks <= {g_bank_i, r_bank_i, k_bank_i};
  end
  always @(*) begin
    if (f_on && !start_i) begin
      if (f_uses[2] && f_uses[1]) assume (g_bank_i != r_bank_i);
      if (f_uses[2] && f_uses[0]) assume (g_bank_i != k_bank_i);
      if (f_uses[1] && f_uses[0]) assume (r_bank_i != k_bank_i);
      assume (f_banks == {g_bank_i, r_bank_i, k_bank_i});
    end
    if (start_i) assume (!g_en_i && !r_en_i && !k_we_i);
    assume ((f_uses | ~{g_en_i, r_en_i, k_we_i}) == 3'b111);
  end

  // A word of a bank, whichever it is, and the places that are added from and kept next.
  (* anyconst *) reg          f_bank;
  (* anyconst *) reg [AW-1:0] f_word;
  reg [AW-1:0] f_r_addr, f_k_addr;
  reg [CW-1:0] f_value, f_g_value, f_r_value;
  reg          f_known = 1'b0, f_g = 1'b0, f_r = 1'b0;
  always @(*) begin
    assume (f_word < (f_bank ? DB : DA));
    if (g_en_i) assume (g_addr_i < (g_bank_i ? DB : DA));
    if (r_en_i) assume (f_r_addr < (r_bank_i ? DB : DA));
    if (k_we_i) assume (f_k_addr < (k_bank_i ? DB : DA));
  end
  always @(posedge clk_i) begin
    if (start_i) begin
      f_r_addr <= r_base_i;
      f_k_addr <= k_base_i;
      f_g      <= 1'b0;
      f_r      <= 1'b0;
    end else begin
      if (r_en_i) f_r_addr <= f_r_addr + 1'b1;
      if (k_we_i) f_k_addr <= f_k_addr + 1'b1;
      if (g_en_i) begin
        f_g       <= f_known && g_bank_i == f_bank && g_addr_i == f_word;
        f_g_value <= f_value;
      end
      if (r_en_i) begin
        f_r       <= f_known && r_bank_i == f_bank && f_r_addr == f_word;
        f_r_value <= f_value;
      end
      if (k_we_i && k_bank_i == f_bank && f_k_addr == f_word) begin
        f_known <= 1'b1;
        f_value <= k_data_i;
      end
    end
  end

  always @(posedge clk_i) begin
    if (f_past && f_on && !start_i) begin
      // No memory has two users in a cycle.
      a_one_a : assert (gen_bank[0].we + gen_bank[0].rd + gen_bank[0].gd <= 2'd1);
      a_one_b : assert (gen_bank[1].we + gen_bank[1].rd + gen_bank[1].gd <= 2'd1);
      i_addr : assert (r_addr_q == f_r_addr && k_addr_q == f_k_addr);
      i_two : assert (f_uses != 3'b111);
    end
  end
  // Contents: small memories, in so many cycles.
  generate
    if (DA <= 4 && DB <= 4) begin : gen_formal
      always @(posedge clk_i) begin
        if (f_g && !start_i) a_gather : assert (g_data_o == f_g_value);
        if (f_r && !start_i) a_add : assert (r_data_o == f_r_value);
        c_both : cover (f_g && !start_i && k_we_i && f_bank && f_word != 0 && g_data_o != 0);
        c_add : cover (f_r && !start_i && $past(r_en_i, 2) && r_data_o != 0);
      end
    end
  endgenerate
`endif

endmodule

`default_nettype wire

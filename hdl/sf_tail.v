// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_tail: what becomes of the sums: gain, the map that is added, neurons, what is written.
//
//   y = (g*p + o) >> shift,  h = y + r, which may leak (sf_integrator),
//   u[t] = v[t-1] + sign*h[t]*2^FRAC + bias,  s[t] = u >= theta
//
// Contract
//   T           timesteps of a chunk; results come channel by channel, timestep by timestep
//   CARRY       1: there are several chunks; membranes and sums come out of memories and go back
//   PW          width of a result p, signed
//   DW, ND      bits of a digit of p, digits of the widest p; ND*DW >= PW
//   GW, OW      widths of a gain and of an offset, signed
//   HW, FRAC    width of h and of the membrane, signed: it holds y, h, sign*h*2^FRAC, that with
//               its bias, and every u
//   CW          width of a kept current, CW <= HW
//   BW, TW      widths of a bias (signed) and of a threshold (unsigned, TW < HW)
//   SG, SN      the product is shifted by SG * shift_i with shift_i < SN; the digits but the
//               last have already taken DW bits each
//   KINDS       kinds of neurons, the number of each layer's in kind_i
//   K, M, RESET, STRICT   as in sf_lif, of each kind in 16, 5, 2 bits and one, the first lowest
//   LEAKS       leaks of integrators, LK and LM of each like K and M; 0: nothing integrates
//   LRESET, LSTRICT   resets of each, as in sf_integrator; LAFTER: h is what they leave
//   LTW         width of their thresholds, unsigned, LTW < HW
//   NW          width of a number of channels
//   IW          width of a sum for the readout, signed; IW >= HW
//   LAST        the readout gets h of the last timestep in place of the sum
//   last_i      the chunk is the last one: the readout gets its sums; stable like a job's numbers
//   start_i     one cycle: a job begins; its numbers are stable from then on
//   digits_i    digits of p, minus 1; channels_i: channels of a place, minus 1; kind_i < KINDS
//   add_i, keep_i, fire_i, sum_i   r is added; h is kept; h feeds neurons; the sums of h over
//               the timesteps go to the readout
//   leaky_i, leak_i   h leaks before that, with leak leak_i < LEAKS
//   y_*         results, valid; y_take_o: taken; y_end_i: the job's last one
//   g_en_o      the next channel's gain and offset are read, with the threshold of its integrator:
//               at gain_i, offset_i, level_i in the next cycle, until the next read; n_en_o: the
//               same of its neuron
//   r_en_o      the next r is read: at r_data_i in the next cycle, until the next read
//   k_*         h is written to the next place of the kept map
//   s_*         a train is complete: s_end_o: it is that of the place's last channel
//   w_*         with CARRY and LEAKS: what the next channel's h left is read with w_en_o, at
//               w_data_i in the next cycle, until the next read; w_we_o: w_data_o is what its last
//               timestep left
//   v_*         with CARRY: the next neuron's membrane is read with n_en_o, at v_data_i in the next
//               cycle, until the next read; v_we_o: v_data_o is what its last timestep left
//   z_*         with CARRY, unless LAST: the same of the readout's sums, read with z_en_o; written
//               but in the last chunk
//   q_*         sums for the readout, valid/ready. While one is not taken, all stand still
//   done_o      one cycle: the job is done
//   step_o, spike_o   a timestep is computed, and whether it fires
//
// Timing: a result taken in cycle h meets its digits in h+1 .. h+D, r in h+D+1; h is written in
// h+D+2, the timestep is computed in h+D+3, done_o is in h+D+4 of the last one. The next result
// is taken in h+D at the earliest. With LEAKS all but r is a cycle later.
`default_nettype none

module sf_tail #(
  parameter T      = 2,
  parameter PW     = 17,
  parameter DW     = 12,
  parameter ND     = 2,
  parameter GW     = 12,
  parameter OW     = 24,
  parameter HW     = 20,
  parameter FRAC   = 0,
  parameter CW     = 16,
  parameter BW     = 16,
  parameter TW     = 16,
  parameter SG     = 4,
  parameter SN     = 4,
  parameter KINDS  = 1,
  parameter [KINDS*16-1:0] K      = 1,
  parameter [KINDS*5-1:0]  M      = 1,
  parameter [KINDS*2-1:0]  RESET  = 0,
  parameter [KINDS-1:0]    STRICT = 0,
  parameter LEAKS  = 0,
  parameter LN     = (LEAKS > 0) ? LEAKS : 1,
  parameter [LN*16-1:0] LK = 1,
  parameter [LN*5-1:0]  LM = 1,
  parameter [LN*2-1:0]  LRESET  = {LN{2'd3}},
  parameter [LN-1:0]    LSTRICT = 0,
  parameter [LN-1:0]    LAFTER  = 0,
  parameter LTW    = 1,
  parameter NW     = 6,
  parameter IW     = 20,
  parameter LAST   = 0,
  parameter CARRY  = 0,
  parameter KW     = (KINDS > 1) ? $clog2(KINDS) : 1,
  parameter LKW    = (LEAKS > 1) ? $clog2(LEAKS) : 1,
  parameter DCW    = (ND > 1) ? $clog2(ND) : 1,
  parameter SW     = (SN > 1) ? $clog2(SN) : 1
) (
  input  wire                 clk_i,
  input  wire                 rst_i,
  input  wire                 start_i,
  input  wire [DCW-1:0]       digits_i,
  input  wire [SW-1:0]        shift_i,
  input  wire [NW-1:0]        channels_i,
  input  wire [KW-1:0]        kind_i,
  input  wire                 add_i,
  input  wire                 keep_i,
  input  wire                 fire_i,
  input  wire                 sum_i,
  input  wire                 leaky_i,
  input  wire [LKW-1:0]       leak_i,
  input  wire                 last_i,
  input  wire signed [PW-1:0] y_data_i,
  input  wire                 y_valid_i,
  input  wire                 y_end_i,
  output wire                 y_take_o,
  output wire                 g_en_o,
  input  wire signed [GW-1:0] gain_i,
  input  wire signed [OW-1:0] offset_i,
  input  wire       [LTW-1:0] level_i,
  output wire                 n_en_o,
  input  wire                 minus_i,
  input  wire                 mute_i,
  input  wire signed [BW-1:0] bias_i,
  input  wire        [TW-1:0] theta_i,
  output wire                 r_en_o,
  input  wire signed [CW-1:0] r_data_i,
  output wire                 k_we_o,
  output wire        [CW-1:0] k_data_o,
  output wire                 s_valid_o,
  output wire         [T-1:0] s_data_o,
  output wire                 s_end_o,
  output wire                 w_en_o,
  input  wire signed [HW-1:0] w_data_i,
  output wire                 w_we_o,
  output wire signed [HW-1:0] w_data_o,
  input  wire signed [HW-1:0] v_data_i,
  output wire                 v_we_o,
  output wire signed [HW-1:0] v_data_o,
  output wire                 z_en_o,
  input  wire signed [IW-1:0] z_data_i,
  output wire                 z_we_o,
  output wire signed [IW-1:0] z_data_o,
  output wire signed [IW-1:0] q_data_o,
  output wire                 q_valid_o,
  input  wire                 q_ready_i,
  output wire                 done_o,
  output wire                 step_o,
  output wire                 spike_o
);

  localparam XW = ND * DW;                     // p in whole digits
  localparam MW = ((OW > DW + GW + 1) ? OW : DW + GW + 1) + 1;   // a partial product
  localparam TCW = (T > 1) ? $clog2(T) : 1;
  localparam [TCW-1:0] LastStep = T[TCW-1:0] - 1'b1;

  wire stall = q_valid_o & ~q_ready_i;
  wire run   = ~stall;

  // ---- digits: lowest first, the last one with the sign
  reg  signed [XW-1:0] p_q;
  reg                  m_valid_q, m_first_q, m_end_q;
  reg  [DCW-1:0]       digit_q;
  reg  [TCW-1:0]       take_step_q, m_step_q;
  wire m_last = m_valid_q & (digit_q == {DCW{1'b0}});

  assign y_take_o = y_valid_i & run & (~m_valid_q | m_last);
  assign g_en_o   = y_take_o & (take_step_q == {TCW{1'b0}});

  // A product of one digit is not looked at but in the cycle of its last one.
  wire signed [DW:0]   digit = {((ND == 1) | m_last) & p_q[DW-1], p_q[DW-1:0]};
  reg  signed [MW-1:0] product_q;
  wire signed [MW-1:0] part    = digit * gain_i;
  wire signed [MW-1:0] offset  = {{(MW-OW){offset_i[OW-1]}}, offset_i};
  wire signed [MW-1:0] above   = product_q >>> DW;
  wire signed [MW-1:0] product = (m_first_q ? offset : above) + part;

  always @(posedge clk_i) begin
    if (y_take_o) begin
      p_q         <= {{(XW-PW){y_data_i[PW-1]}}, y_data_i};
      digit_q     <= digits_i;
      m_end_q     <= y_end_i;
      m_step_q    <= take_step_q;
      take_step_q <= (take_step_q == LastStep) ? {TCW{1'b0}} : take_step_q + 1'b1;
    end else if (run & m_valid_q) begin
      p_q     <= p_q >>> DW;
      digit_q <= digit_q - 1'b1;
    end
    if (run) begin
      m_valid_q <= y_take_o | (m_valid_q & ~m_last);
      m_first_q <= y_take_o;
      if (m_valid_q) product_q <= product;
    end
    if (start_i | rst_i) take_step_q <= {TCW{1'b0}};
    if (rst_i) m_valid_q <= 1'b0;
  end

  // ---- stage A: shift and add
  reg            a_valid_q, a_end_q;
  reg  [TCW-1:0] a_step_q;
  wire [SW+3:0]  amount = shift_i * SG[3:0];
  /* verilator lint_off UNUSEDSIGNAL */        // the bound on h says that the upper bits are its sign
  wire signed [MW-1:0] shifted = product_q >>> amount;
  /* verilator lint_on UNUSEDSIGNAL */
  wire signed [HW-1:0] y;
  generate
    if (MW >= HW) begin : gen_cut
      assign y = shifted[HW-1:0];
    end else begin : gen_extend
      assign y = {{(HW-MW){shifted[MW-1]}}, shifted};
    end
  endgenerate
  wire signed [HW-1:0] r = add_i ? {{(HW-CW){r_data_i[CW-1]}}, r_data_i} : {HW{1'b0}};
  reg  signed [HW-1:0] h_q;

  assign r_en_o = run & m_last & add_i;

  always @(posedge clk_i) begin
    if (run) begin
      a_valid_q <= m_last;
      if (m_last) begin
        a_end_q  <= m_end_q;
        a_step_q <= m_step_q;
      end
      if (a_valid_q) h_q <= y + r;
    end
    if (rst_i) a_valid_q <= 1'b0;
  end

  // ---- stage I, only if something integrates: the leak
  reg            h_valid_q, h_end_q;
  reg  [TCW-1:0] h_step_q;
  always @(posedge clk_i) begin
    if (run) begin
      h_valid_q <= a_valid_q;
      if (a_valid_q) begin
        h_end_q  <= a_end_q;
        h_step_q <= a_step_q;
      end
    end
    if (rst_i) h_valid_q <= 1'b0;
  end

  wire                 b_valid, b_end, before_b;   // before_b: in the next step it is in stage B
  wire [TCW-1:0]       b_step, b_step_d;
  wire signed [HW-1:0] h;
  generate
    if (LEAKS > 0) begin : gen_leak
      reg            i_valid_q, i_end_q;
      reg  [TCW-1:0] i_step_q;
      reg  signed [HW-1:0] u_q;
      wire signed [HW-1:0] u, left;
      // The threshold goes along with the result.
      wire [LTW-1:0] level;
      if (LRESET != {LN{2'd3}}) begin : gen_level
        reg [LTW-1:0] level_a_q, level_h_q;
        always @(posedge clk_i) begin
          if (run & m_last) level_a_q <= level_i;
          if (run & a_valid_q) level_h_q <= level_a_q;
        end
        assign level = level_h_q;
      end else begin : gen_no_level
        assign level = {LTW{1'b0}};
        wire unused = &{1'b0, level_i};
      end
      wire after = leaky_i & ((LN > 1) ? LAFTER[leak_i] : LAFTER[0]);
      wire a_first = a_valid_q & leaky_i & (a_step_q == {TCW{1'b0}});
      sf_integrator #(
        .HW(HW), .CARRY(CARRY), .KINDS(LEAKS), .K(LK), .M(LM), .RESET(LRESET), .STRICT(LSTRICT), .TW(LTW)
      ) u_integrator (
        .clk_i(clk_i), .run_i(run), .on_i(leaky_i), .kind_i(leak_i),
        .begin_i(a_first), .state_i(w_data_i), .valid_i(h_valid_q), .x_i(h_q),
        .theta_i(level), .u_o(u), .left_o(left), .state_o(w_data_o)
      );
      assign w_en_o = (CARRY != 0) & run & m_last & leaky_i & (m_step_q == {TCW{1'b0}});
      assign w_we_o = (CARRY != 0) & run & h_valid_q & leaky_i & (h_step_q == LastStep);
      always @(posedge clk_i) begin
        if (run) begin
          i_valid_q <= h_valid_q;
          if (h_valid_q) begin
            i_end_q  <= h_end_q;
            i_step_q <= h_step_q;
            u_q      <= after ? left : u;
          end
        end
        if (rst_i) i_valid_q <= 1'b0;
      end
      assign {b_valid, b_end, b_step} = {i_valid_q, i_end_q, i_step_q};
      assign {before_b, b_step_d} = {h_valid_q, h_step_q};
      assign h = u_q;
    end else begin : gen_no_leak
      assign {b_valid, b_end, b_step} = {h_valid_q, h_end_q, h_step_q};
      assign {before_b, b_step_d} = {a_valid_q, a_step_q};
      assign h        = h_q;
      assign w_en_o   = 1'b0;
      assign w_we_o   = 1'b0;
      assign w_data_o = {HW{1'b0}};
      wire unused = &{1'b0, leaky_i, leak_i, w_data_i, level_i};
    end
  endgenerate
  wire before_first = before_b & (b_step_d == {TCW{1'b0}});
  assign n_en_o = run & before_first & fire_i;

  // ---- stage B: the kept current, the neuron's current, the sum for the readout
  reg  signed [HW-1:0] cur_q;
  reg        [TW-1:0]  theta_q;
  wire signed [HW-1:0] bias   = {{(HW-BW){bias_i[BW-1]}}, bias_i};
  wire signed [HW-1:0] signed_h = minus_i ? -h : h;

  assign k_we_o   = run & b_valid & keep_i;
  assign k_data_o = h[CW-1:0];

  reg  signed [IW-1:0] sum_q;
  reg                  q_valid_q;
  wire signed [IW-1:0] h_wide  = {{(IW-HW){h[HW-1]}}, h};
  wire                 b_first = b_step == {TCW{1'b0}};
  wire                 sum_end = b_valid & sum_i & (b_step == LastStep);
  wire signed [IW-1:0] so_far;                  // the sum without h
  assign q_valid_o = q_valid_q;
  assign q_data_o  = sum_q;
  generate
    if (LAST != 0) begin : gen_sum_last
      assign so_far = {IW{1'b0}};
    end else if (CARRY != 0) begin : gen_sum_carried
      assign so_far = b_first ? z_data_i : sum_q;
    end else begin : gen_sum
      assign so_far = b_first ? {IW{1'b0}} : sum_q;
    end
    if (CARRY != 0 && LAST == 0) begin : gen_sums
      reg z_we_q;
      always @(posedge clk_i) z_we_q <= run & sum_end & ~last_i & ~rst_i;
      assign z_en_o = run & before_first & sum_i;
      assign z_we_o = z_we_q;
    end else begin : gen_no_sums
      assign z_en_o = 1'b0;
      assign z_we_o = 1'b0;
      wire unused = &{1'b0, z_data_i, b_first};
    end
  endgenerate
  assign z_data_o = sum_q;

  always @(posedge clk_i) begin
    if (run) begin
      if (b_valid) begin
        cur_q   <= (mute_i ? {HW{1'b0}} : signed_h <<< FRAC) + bias;
        theta_q <= theta_i;
        sum_q   <= so_far + h_wide;
      end
      q_valid_q <= sum_end & (last_i | (CARRY == 0));
    end
    if (rst_i) q_valid_q <= 1'b0;
  end

  // ---- stage C: one timestep of a neuron
  reg            c_valid_q, c_end_q, done_q;
  reg  [TCW-1:0] c_step_q;
  reg  signed [HW-1:0] state_q;                // membrane, already leaked
  wire signed [HW-1:0] theta = {{(HW-TW){1'b0}}, theta_q};
  wire signed [HW-1:0] u     = state_q + cur_q;
  wire signed [HW:0]   over  = {u[HW-1], u} - {1'b0, theta};
  // What each kind makes of it; its numbers are constants.
  wire [KINDS-1:0]     spikes;
  wire [KINDS*HW-1:0]  states;
  genvar k;
  generate
    for (k = 0; k < KINDS; k = k + 1) begin : gen_kind
      localparam integer Shift = {27'd0, M[k*5 +: 5]};
      localparam [1:0] Reset = RESET[k*2 +: 2];
      localparam LW = HW + Shift + 1;          // K * v before the shift
      localparam Bits = (Shift < 16) ? Shift + 1 : 16;
      localparam signed [LW-1:0] Leak = {{(LW-Bits){1'b0}}, K[k*16 +: Bits]};
      wire fires = ~over[HW] & (~STRICT[k] | (over[HW-1:0] != {HW{1'b0}}));
      wire signed [HW-1:0] v = (Reset == 2'd0 && fires) ? over[HW-1:0] :
                               (Reset == 2'd2 && fires) ? {HW{1'b0}} : u;
      /* verilator lint_off UNUSEDSIGNAL */    // the division drops the bits below, the bound on v those above
      wire signed [LW-1:0] scaled = {{(LW-HW){v[HW-1]}}, v} * Leak;
      /* verilator lint_on UNUSEDSIGNAL */
      wire signed [HW-1:0] leaked = scaled[Shift +: HW];
      assign spikes[k]         = fires;
      assign states[k*HW +: HW] = (Reset == 2'd1 && fires) ? leaked - theta : leaked;
    end
  endgenerate
  wire                 spike;
  wire signed [HW-1:0] state_d;
  generate
    if (KINDS > 1) begin : gen_kinds
      assign spike   = spikes[kind_i];
      assign state_d = states[kind_i*HW +: HW];
    end else begin : gen_one_kind
      /* verilator lint_off UNUSEDSIGNAL */    // there is nothing to choose
      wire [KW-1:0] unused = kind_i;
      /* verilator lint_on UNUSEDSIGNAL */
      assign spike   = spikes[0];
      assign state_d = states;
    end
  endgenerate
  wire                 c_last  = c_step_q == LastStep;

  assign step_o  = run & c_valid_q & fire_i;
  assign spike_o = spike;
  assign done_o  = done_q & run;

  always @(posedge clk_i) begin
    if (run) begin
      c_valid_q <= b_valid;
      if (b_valid) begin
        c_end_q  <= b_end;
        c_step_q <= b_step;
      end
      done_q <= c_valid_q & c_end_q;
    end
    if (rst_i) begin
      c_valid_q <= 1'b0;
      done_q    <= 1'b0;
    end
  end

  // What the first timestep finds.
  generate
    if (CARRY != 0) begin : gen_carried
      always @(posedge clk_i) begin
        if (run & b_valid & b_first) state_q <= v_data_i;
        else if (run & c_valid_q) state_q <= state_d;
      end
    end else begin : gen_zero
      always @(posedge clk_i) begin
        if (run & c_valid_q) state_q <= c_last ? {HW{1'b0}} : state_d;
        if (rst_i) state_q <= {HW{1'b0}};
      end
      wire unused = &{1'b0, v_data_i, last_i};
    end
  endgenerate
  assign v_we_o   = (CARRY != 0) & s_valid_o;
  assign v_data_o = state_d;

  // ---- trains, and the place's last channel
  reg [NW-1:0] channel_q;
  wire         channel_end = channel_q == channels_i;
  assign s_valid_o = step_o & c_last;
  assign s_end_o   = channel_end;
  generate
    if (T > 1) begin : gen_train
      reg  [T-2:0] train_q;
      wire [T-1:0] train = {spike, train_q};
      always @(posedge clk_i) if (step_o) train_q <= train[T-1:1];
      assign s_data_o = train;
    end else begin : gen_single
      assign s_data_o = spike;
    end
  endgenerate
  always @(posedge clk_i) begin
    if (s_valid_o) channel_q <= channel_end ? {NW{1'b0}} : channel_q + 1'b1;
    if (start_i | rst_i) channel_q <= {NW{1'b0}};
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // A job: its numbers stay from its start on, its results are whole channels, and the next one
  // begins when all of it is done.
  localparam XI = (LEAKS > 0) ? 1 : 0;         // the stage that leaks
  localparam ST = ND + 4 + XI;                 // cycles from a result's take to done_o
  localparam NB = DCW + SW + NW + KW + LKW + 6;
  wire [NB-1:0] f_new = {digits_i, shift_i, channels_i, kind_i, add_i, keep_i, fire_i, sum_i, leaky_i, leak_i, last_i};
  reg  [NB-1:0] f_job;
  reg           f_open, f_begun;
  reg  [TCW:0]  f_t;                           // timestep of the next result
  reg  [ST:0]   f_valid;                       // a result was taken so many cycles ago
  always @(*) begin
    if (f_past && start_i) assume (!f_open && f_valid == 0 && digits_i < ND && kind_i < KINDS && leak_i < LN && !y_valid_i);
    if (f_past && f_begun && !start_i) assume (f_new == f_job);
    if (f_past && y_valid_i) assume (f_open && !start_i);
    if (y_end_i) assume (f_t == T - 1);
  end

  // Parameters and addends stay until the next one is read.
  always @(posedge clk_i) begin
    if (f_past && !$past(g_en_o)) assume ({gain_i, offset_i, level_i} == $past({gain_i, offset_i, level_i}));
    if (f_past && !$past(n_en_o)) assume ({minus_i, mute_i, bias_i, theta_i} == $past({minus_i, mute_i, bias_i, theta_i}));
    if (f_past && !$past(r_en_o)) assume (r_data_i == $past(r_data_i));
    if (f_past && !$past(n_en_o)) assume (v_data_i == $past(v_data_i));
    if (f_past && !$past(w_en_o)) assume (w_data_i == $past(w_data_i));
    if (f_past && !$past(z_en_o)) assume (z_data_i == $past(z_data_i));
  end

  // The results on their way, by the cycles since they were taken, in which the tail moved: the
  // number that each has become so far (p, y, h, current of the neuron), in wide numbers.
  function integer f_longest(input integer kinds);
    integer i;
    begin
      f_longest = 0;
      for (i = 0; i < kinds; i = i + 1) if (M[i*5 +: 5] > f_longest) f_longest = M[i*5 +: 5];
    end
  endfunction
  localparam FW = PW + GW + OW + HW + FRAC + f_longest(KINDS);
  reg  [ST:0]          f_end;
  reg  [(ST+1)*(TCW+1)-1:0] f_step;
  reg  signed [PW-1:0] f_p;                    // of the one taken last
  reg  signed [FW-1:0] f_number [0:ST];
  reg  signed [FW-1:0] f_v, f_sum, f_theta;    // membrane after reset; sum for the readout
  reg  signed [FW-1:0] f_less;                 // what the spike before takes off later (RESET 1)
  reg  [T-1:0]         f_train;
  reg  [NW-1:0]        f_channel;
  wire [7:0]           f_d   = digits_i + 1;
  wire [7:0]           f_e   = f_d + XI;       // as if the leak were a digit
  wire                 f_end_sum = f_valid[f_e+3] && sum_i && f_step[(f_e+3)*(TCW+1) +: TCW+1] == T - 1;
  wire                 f_q   = f_end_sum && (CARRY == 0 || last_i);
  wire                 f_run = !(f_q && !q_ready_i);
  wire                 f_take = y_valid_i && f_run && (f_valid[ND:0] & ((1 << f_d) - 1)) == 0;

  wire [7:0]               f_amount  = digits_i * DW + shift_i * SG;
  wire signed [PW+GW-1:0]  f_product = f_p * gain_i;
  wire signed [FW-1:0]     f_scaled  = f_product + offset_i;
  wire signed [FW-1:0]     f_y       = f_scaled >>> f_amount;
  wire signed [FW-1:0]     f_r       = r_data_i;
  reg  signed [FW-1:0]     f_ynow, f_x, f_h, f_cur; // y before the addend, h before it leaks, h, current of the neuron
  wire signed [FW-1:0]     f_added   = f_ynow + (add_i ? f_r : 0);
  wire signed [FW-1:0]     f_bias    = bias_i;
  wire signed [FW-1:0]     f_signed  = mute_i ? 0 : minus_i ? -f_h : f_h;
  wire signed [FW-1:0]     f_current = (f_signed <<< FRAC) + f_bias;
  wire [TCW:0]             f_t_sum   = f_step[(f_e+2)*(TCW+1) +: TCW+1];
  wire [TCW:0]             f_t_fire  = f_step[(f_e+3)*(TCW+1) +: TCW+1];
  wire signed [FW-1:0]     f_before  = (f_t_sum != 0) ? f_sum : (CARRY != 0) ? z_data_i : 0;
  wire signed [FW-1:0]     f_total   = (LAST != 0) ? f_h : f_before + f_h;
  integer n;
  always @(*) begin
    f_ynow = f_number[0];
    f_x    = f_number[0];
    f_level_h = f_level[0];
    f_h    = f_number[0];
    f_cur  = f_number[0];
    for (n = 0; n <= ST; n = n + 1) begin
      if (n == f_d + 1) f_ynow = f_number[n];
      if (n == f_d + 2) f_x    = f_number[n];
      if (n == f_d + 2) f_level_h = f_level[n];
      if (n == f_e + 2) f_h    = f_number[n];
      if (n == f_e + 3) f_cur  = f_number[n];
    end
  end

  // The leak before it, as in sf_integrator.
  reg  signed [FW-1:0] f_w, f_w_less, f_w_kept; // what is left of u before, taken off later; what was kept
  reg  [LTW-1:0]       f_level [0:ST];         // the threshold of each result
  wire [TCW:0]         f_t_leak = f_step[(f_d+2)*(TCW+1) +: TCW+1];
  wire signed [FW-1:0] f_lk     = (LN > 1) ? LK[leak_i*16 +: 16] : LK[15:0];
  wire [4:0]           f_lm     = (LN > 1) ? LM[leak_i*5 +: 5] : LM[4:0];
  reg  [TCW:0]         f_t_w;                  // timestep that leaks next
  wire [1:0]           f_lreset  = (LN > 1) ? LRESET[leak_i*2 +: 2] : LRESET[1:0];
  wire                 f_lstrict = (LN > 1) ? LSTRICT[leak_i] : LSTRICT[0];
  wire                 f_lafter  = (LN > 1) ? LAFTER[leak_i] : LAFTER[0];
  wire signed [FW-1:0] f_w_leak  = (f_w * f_lk) >>> f_lm;
  wire signed [FW-1:0] f_w_state = (f_t_w == 0) ? f_w_kept : f_w_leak - f_w_less;
  wire signed [FW-1:0] f_leaky   = f_x + (leaky_i ? f_w_state : 0);
  reg  [LTW-1:0]       f_level_h;
  wire signed [FW-1:0] f_at      = {1'b0, f_level_h};
  wire                 f_reached = f_lstrict ? f_leaky > f_at : f_leaky >= f_at;
  wire signed [FW-1:0] f_w_v     = (f_lreset == 0 && f_reached) ? f_leaky - f_at : (f_lreset == 2 && f_reached) ? 0 : f_leaky;
  wire signed [FW-1:0] f_w_taken = (f_lreset == 1 && f_reached) ? f_at : 0;
  wire signed [FW-1:0] f_w_left  = ((f_w_v * f_lk) >>> f_lm) - f_w_taken;
  wire signed [FW-1:0] f_given   = (leaky_i && f_lafter) ? f_w_v : f_leaky;
  wire                 f_leaks   = XI != 0 && f_run && f_valid[f_d+2] && leaky_i;

  // The neuron, as in sf_lif.
  wire                 f_strict = (KINDS > 1) ? STRICT[kind_i] : STRICT[0];
  wire [1:0]           f_reset  = (KINDS > 1) ? RESET[kind_i*2 +: 2] : RESET[1:0];
  wire signed [FW-1:0] f_k      = (KINDS > 1) ? K[kind_i*16 +: 16] : K[15:0];
  wire [4:0]           f_m      = (KINDS > 1) ? M[kind_i*5 +: 5] : M[4:0];
  wire signed [FW-1:0] f_leak   = (f_v * f_k) >>> f_m;
  // What the timestep before left; the first one finds what was kept.
  reg  signed [FW-1:0] f_kept;
  wire signed [FW-1:0] f_state  = (CARRY != 0 && f_t_fire == 0 && f_valid[f_e+3]) ? f_kept : f_leak - f_less;
  wire signed [FW-1:0] f_u    = f_state + f_cur;
  wire                 f_fire = f_strict ? f_u > f_theta : f_u >= f_theta;
  wire                 f_stepping = f_run && f_valid[f_e+3] && fire_i;
  wire [T-1:0]         f_train_d  = f_train | ({{T{1'b0}}, f_fire} << f_t_fire);
  // What this timestep leaves.
  wire signed [FW-1:0] f_v_d    = (f_reset == 0 && f_fire) ? f_u - f_theta : (f_reset == 2 && f_fire) ? 0 : f_u;
  wire signed [FW-1:0] f_less_d = (f_reset == 1 && f_fire) ? f_theta : 0;
  wire signed [FW-1:0] f_leaves = ((f_v_d * f_k) >>> f_m) - f_less_d;

  // The widths hold every number.
  function f_fits(input signed [FW-1:0] x, input integer bits);
    f_fits = (x >>> (bits - 1)) == 0 || (x >>> (bits - 1)) == -1;
  endfunction
  always @(*) begin
    if (f_take) assume (f_fits(y_data_i, f_d * DW));
    if (f_valid[1]) assume (f_fits(f_y, HW));
    if (f_valid[f_d+1]) assume (f_fits(f_added, HW));
    if (f_valid[f_d+2] && XI != 0) assume (f_fits(f_leaky, HW) && (!leaky_i || f_fits(f_w_left, HW)));
    if (f_valid[f_e+2] && keep_i) assume (f_fits(f_h, CW));
    if (f_valid[f_e+2] && fire_i) assume (f_fits(f_current, HW));
    if (f_valid[f_e+2] && sum_i) assume (f_fits(f_total, IW));
    if (f_valid[f_e+3] && fire_i) assume (f_fits(f_u, HW));
  end

  always @(posedge clk_i) begin
    if (f_run) begin
      f_valid <= (f_valid << 1) & ((2 << (f_e + 4)) - 1);
      f_end   <= {f_end[ST-1:0], 1'b0};
      f_step  <= f_step << (TCW + 1);
      for (n = 1; n <= ST; n = n + 1) f_number[n] <= f_number[n-1];
      f_number[2] <= f_y;
      for (n = 2; n <= ST; n = n + 1) begin
        if (n == f_d + 2) f_number[n] <= f_added;
        if (XI != 0 && n == f_d + 3) f_number[n] <= f_given;
        if (n == f_e + 3) f_number[n] <= f_current;
      end
      if (f_valid[f_d+1] && f_step[(f_d+1)*(TCW+1) +: TCW+1] == 0) f_w_kept <= (CARRY != 0) ? w_data_i : 0;
      if (f_valid[f_d+2]) f_t_w <= (f_t_w == T - 1) ? 0 : f_t_w + 1;
      if (f_valid[f_d+2] && leaky_i) begin
        f_w      <= f_w_v;
        f_w_less <= f_w_taken;
      end
      // Its channel's is there as long as its digits are.
      for (n = 1; n <= ST; n = n + 1) f_level[n] <= (n == f_d + 1) ? level_i : f_level[n-1];
      if (f_valid[f_e+2]) begin
        if (f_t_sum == 0) f_kept <= v_data_i;
        f_sum   <= f_total;
        f_theta <= theta_i;
      end
    end
    if (f_take) begin
      f_p        <= y_data_i;
      f_valid[1] <= 1'b1;
      f_end[1]   <= y_end_i;
      f_step[(TCW+1) +: TCW+1] <= f_t;
      f_t        <= (f_t == T - 1) ? 0 : f_t + 1;
      if (y_end_i) f_open <= 1'b0;
    end
    if (f_stepping) begin
      f_v     <= f_v_d;
      f_less  <= f_less_d;
      f_train <= f_train_d;
      if (f_t_fire == T - 1) begin
        f_v       <= 0;
        f_less    <= 0;
        f_train   <= 0;
        f_channel <= (f_channel == channels_i) ? 0 : f_channel + 1;
      end
    end
    if (start_i) begin
      f_job     <= f_new;
      f_open    <= 1'b1;
      f_begun   <= 1'b1;
      f_channel <= 0;
    end
    if (rst_i) begin
      f_valid   <= 0;
      f_open    <= 1'b0;
      f_begun   <= 1'b0;
      f_t       <= 0;
      f_t_w     <= 0;
      f_v       <= 0;
      f_less    <= 0;
      f_train   <= 0;
      f_channel <= 0;
    end
  end

  // The order of the timesteps: what comes to the neuron next, to the sum, and so on to the take.
  reg  [TCW:0] f_t_c, f_t_b, f_t_i, f_t_next;
  reg          f_order, f_apart;
  always @(posedge clk_i) begin
    if (f_run && f_valid[f_e+3]) f_t_c <= (f_t_c == T - 1) ? 0 : f_t_c + 1;
    if (rst_i) f_t_c <= 0;
  end
  always @(*) begin
    f_t_next = f_t_c;
    f_t_b    = f_t_c;
    f_t_i    = f_t_c;
    f_order  = 1'b1;
    f_apart  = 1'b1;
    for (n = ST; n >= 1; n = n - 1) begin
      if (f_valid[n] && n <= f_e + 3) begin
        if (f_step[n*(TCW+1) +: TCW+1] != f_t_next) f_order = 1'b0;
        f_t_next = (f_t_next == T - 1) ? 0 : f_t_next + 1;
      end
      if (n == f_e + 3) f_t_b = f_t_next;
      if (n == f_d + 3) f_t_i = f_t_next;
      // One result at a time in the digits, and none above the product.
      if (f_valid[n] && n <= f_d && (f_valid & ((1 << n) - 1)) != 0) f_apart = 1'b0;
      if (f_valid[n] && n > 1 && n <= f_d && f_valid[f_d+1]) f_apart = 1'b0;
      if (f_valid[n] && n <= f_d && !f_fits(f_p, f_d * DW)) f_apart = 1'b0;
      if (f_valid[n] && (n > f_e + 4 || !f_begun)) f_apart = 1'b0;
      if (f_valid[n] && n > 1 && n <= f_e + 2 && !f_fits(f_number[n], HW)) f_apart = 1'b0;
    end
    if (f_valid[f_e+3] && fire_i && !f_fits(f_cur, HW)) f_apart = 1'b0;
    if (f_valid[0]) f_apart = 1'b0;
  end
  // What the digits that are left make of the product so far.
  reg  f_digits;
  wire signed [FW-1:0] f_high = product_q;
  wire signed [XW+GW-1:0] f_rest = p_q * gain_i;
  wire signed [FW-1:0] f_whole  = (f_high >>> DW) + f_rest;
  wire signed [XW-1:0] f_p_wide = f_p;
  always @(*) begin
    f_digits = 1'b1;
    for (n = 1; n <= ND; n = n + 1) begin
      if (f_valid[n] && n <= f_d) begin
        if (!m_valid_q || digit_q != f_d - n || m_first_q != (n == 1) || m_end_q != f_end[n]) f_digits = 1'b0;
        if (m_step_q != f_step[n*(TCW+1) +: TCW+1] || p_q != f_p_wide >>> ((n - 1) * DW)) f_digits = 1'b0;
        if (n > 1 && f_number[n] != f_whole >>> (shift_i * SG + (f_d - n) * DW)) f_digits = 1'b0;
      end
    end
    if (m_valid_q && (f_valid & ((2 << f_d) - 1)) == 0) f_digits = 1'b0;
  end

  wire [TCW:0] f_t_neuron = f_step[(f_e+1)*(TCW+1) +: TCW+1];
  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      a_take : assert (y_take_o == f_take && g_en_o == (f_take && f_t == 0));
      a_read : assert (r_en_o == (f_run && f_valid[f_d] && add_i));
      a_neuron : assert (n_en_o == (f_run && f_valid[f_e+1] && fire_i && f_t_neuron == 0));
      a_keep : assert (k_we_o == (f_run && f_valid[f_e+2] && keep_i));
      if (k_we_o) a_kept : assert (k_data_o == f_h[CW-1:0]);
      a_step : assert (step_o == f_stepping);
      if (step_o) a_spike : assert (spike_o == f_fire);
      a_train : assert (s_valid_o == (f_stepping && f_t_fire == T - 1));
      if (s_valid_o) a_trains : assert (s_data_o == f_train_d && s_end_o == (f_channel == channels_i));
      a_sum : assert (q_valid_o == f_q);
      if (q_valid_o) a_sums : assert (q_data_o == f_sum);
      a_membrane : assert (v_we_o == (CARRY != 0 && s_valid_o));
      if (v_we_o && f_fits(f_leaves, HW)) a_membranes : assert (v_data_o == f_leaves);
      a_sum_read : assert (z_en_o == (CARRY != 0 && LAST == 0 && f_run && f_valid[f_e+1] && sum_i && f_t_neuron == 0));
      a_sum_kept : assert (z_we_o == (CARRY != 0 && LAST == 0 && f_end_sum && !last_i));
      if (z_we_o) a_sums_kept : assert (z_data_o == f_sum);
      a_done : assert (done_o == (f_run && f_valid[f_e+4] && f_end[f_e+4]));
      a_leak_read : assert (w_en_o == (CARRY != 0 && XI != 0 && f_run && f_valid[f_d] && leaky_i && f_step[f_d*(TCW+1) +: TCW+1] == 0));
      a_leak_kept : assert (w_we_o == (CARRY != 0 && f_leaks && f_t_leak == T - 1));
      if (w_we_o && f_fits(f_w_left, HW)) a_leak_left : assert (w_data_o == f_w_left[HW-1:0]);
      i_order : assert (f_order && f_t_w == f_t_i && f_t_next == f_t && f_t < T && f_t_c < T);
      i_apart : assert (f_apart);
      i_digits : assert (f_digits);
      i_open : assert ((f_open || f_t == 0) && (!f_open || f_begun) && (!f_begun || f_d <= ND) && take_step_q == f_t);
      i_valid : assert (a_valid_q == f_valid[f_d+1] && h_valid_q == f_valid[f_d+2] && b_valid == f_valid[f_e+2] && c_valid_q == f_valid[f_e+3]);
      if (a_valid_q) i_a : assert (a_end_q == f_end[f_d+1] && a_step_q == f_step[(f_d+1)*(TCW+1) +: TCW+1] && y == f_ynow[HW-1:0]);
      if (h_valid_q) i_h : assert (h_end_q == f_end[f_d+2] && h_step_q == f_t_leak && h_q == f_x[HW-1:0] && f_t_w == f_t_leak);
      if (b_valid) i_b : assert (b_end == f_end[f_e+2] && b_step == f_t_sum && h == f_h[HW-1:0]);
      if (c_valid_q) i_c : assert (c_end_q == f_end[f_e+3] && c_step_q == f_t_fire);
      if (c_valid_q && fire_i) i_cur : assert (cur_q == f_cur[HW-1:0] && theta_q == f_theta && f_theta >= 0);
      i_done : assert (done_q == (f_valid[f_e+4] && f_end[f_e+4]) && q_valid_q == f_q);
      i_sum_kept : assert (!(z_we_o && stall));
      if (f_t_b != 0 || c_valid_q) i_sum : assert (sum_q == f_sum[IW-1:0]);
      if (c_valid_q && sum_i) i_sums : assert (f_fits(f_sum, IW));
      if (f_t_c == 0) i_zero : assert ((CARRY != 0 || state_q == 0) && f_v == 0 && f_less == 0 && f_train == 0);
      if (CARRY != 0 && c_valid_q && fire_i) i_found : assert (state_q == f_state[HW-1:0]);
      if (f_t_c != 0 && fire_i) i_state : assert (state_q == f_state[HW-1:0] && f_fits(f_v, HW) && f_less >= 0 && f_fits(f_less, HW));
      if (!fire_i) i_still : assert (f_v == 0 && f_less == 0 && f_train == 0);
      i_train : assert ((f_train >> f_t_c) == 0);
      if (f_begun && !start_i) i_channel : assert (channel_q == f_channel && f_channel <= channels_i);
      c_train : cover (s_valid_o && s_data_o[0] && f_channel != 0 && add_i && keep_i);
      c_stall : cover ($past(q_valid_o && !q_ready_i) && q_valid_o && q_ready_i && q_data_o < 0 && f_valid[f_e+1] && f_d == ND);
      c_done : cover (done_o && f_d == ND && fire_i);
      c_carry : cover (CARRY == 0 || (v_we_o && v_data_o < 0 && f_channel != 0));
    end
  end

  // The state of the integrator: what its u is more than x.
  generate
    if (LEAKS > 0) begin : gen_formal_leak
      if (LRESET != {LN{2'd3}}) begin : gen_formal_level
        reg [LTW-1:0] f_level_a;
        always @(*) begin
          f_level_a = f_level[0];
          for (n = 0; n <= ST; n = n + 1) if (n == f_d + 1) f_level_a = f_level[n];
        end
        always @(posedge clk_i) begin
          if (f_past && !rst_i && a_valid_q) i_level_a : assert (gen_leak.gen_level.level_a_q == f_level_a);
          if (f_past && !rst_i && h_valid_q) i_level : assert (gen_leak.level == f_level_h);
          if (f_past && !rst_i) c_reset : cover (leaky_i && f_run && h_valid_q && f_t_w != 0 && f_reached && w_data_o != 0);
        end
      end
      wire signed [HW-1:0] f_state_q = gen_leak.u - h_q;
      always @(posedge clk_i) begin
        if (f_past && !rst_i && leaky_i && (f_t_w != 0 || h_valid_q))
          i_leak : assert (f_state_q == f_w_state[HW-1:0] && f_fits(f_w_state, HW));
        if (f_past && !rst_i) i_leak_step : assert (f_t_w < T);
        if (f_past && !rst_i && f_t_w == 0 && CARRY == 0 && h_valid_q) i_leak_zero : assert (f_w_kept == 0);
        if (f_past && !rst_i) c_leak : cover (leaky_i && k_we_o && f_t_sum != 0 && k_data_o != f_x[CW-1:0] && f_channel != 0);
      end
    end
    if (T > 1) begin : gen_formal
      always @(posedge clk_i) begin
        if (f_past && !rst_i && fire_i) i_spikes : assert ((gen_train.train_q >> (T - 1 - f_t_c)) == f_train);
      end
    end
  endgenerate
`endif

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_lif: leaky integrate-and-fire neurons, one timestep of one neuron a cycle.
//
//   u[t] = floor(K * v[t-1] / 2^M) + x[t] * 2^FRAC + bias,  s[t] = u[t] > or >= theta
// All timesteps of a neuron follow each other, so its membrane is one register.
//
// Contract
//   N, T        neurons, timesteps (T >= 1)
//   IW, VW      widths of the input and of the membrane; VW holds every u (interval
//               analysis), so nothing saturates
//   FRAC, K, M  fraction bits; leak K / 2^M, K <= 2^M
//   RESET       0: v = u - s*theta (leaks), 1: theta subtracted after the leak of the
//               next step, 2: v = u*(1-s), 3: v = u
//   STRICT      1: fires above theta, 0: at theta or above
//   HOLD        1: one input a neuron, the same at every timestep; 0: one a timestep
//   BW, TW      widths of bias (signed) and theta (unsigned)
//   BLOCK, INIT parameter memory {theta, bias}, a word a neuron
//   KNOBS       1: timesteps up to last_step_i run, the others do not fire; 0: all run, and
//               last_step_i is not read
//   MEMBERS     members of an ensemble, N / MEMBERS neurons each, of which those in mask_i run
//               (sf_members); the neurons of the others get no input and give no train. 1: there
//               are none, and mask_i is not read
//   x_*         inputs, valid/ready;  s_*  spike trains, bit t = timestep t, valid/ready
//   rst_i       the first input may come in the second cycle after it, or after a change of mask_i
//   step_o, spike_o   a timestep is computed, and whether it fires (for traces)
//
// Timing: an input accepted in cycle c is used in c+1 (HOLD: c+1 .. c+T); the train is
// valid in the cycle after the last timestep. A train that is not taken stalls only the
// last timestep of the next neuron. With HOLD the last timestep is last_step_i; else T inputs
// come and take their cycles whatever it is.
`default_nettype none

module sf_lif #(
  parameter N      = 8,
  parameter T      = 4,
  parameter IW     = 10,
  parameter VW     = 16,
  parameter FRAC   = 0,
  parameter K      = 1,
  parameter M      = 1,
  parameter RESET  = 0,
  parameter STRICT = 0,
  parameter HOLD   = 1,
  parameter BW     = 12,
  parameter TW     = 12,
  parameter BLOCK  = 0,
  parameter INIT   = "",
  parameter KNOBS  = 0,
  parameter MEMBERS = 1,
  parameter CW     = (T > 1) ? $clog2(T) : 1
) (
  input  wire                 clk_i,
  input  wire                 rst_i,
  input  wire        [CW-1:0] last_step_i,
  input  wire   [MEMBERS-1:0] mask_i,
  input  wire signed [IW-1:0] x_data_i,
  input  wire                 x_valid_i,
  output wire                 x_ready_o,
  output reg         [T-1:0]  s_data_o,
  output reg                  s_valid_o,
  input  wire                 s_ready_i,
  output wire                 step_o,
  output wire                 spike_o
);

  localparam NW = (N > 1) ? $clog2(N) : 1;
  localparam LW = VW + M + 1;                  // K * v before the shift

  reg signed [VW-1:0] cur_q, state_q;          // state_q: membrane, already leaked
  reg        [TW-1:0] theta_q;
  reg                 cur_valid_q;
  reg        [CW-1:0] step_q, taken_q;

  wire [CW-1:0] last_run;                      // last timestep that runs
  wire [CW-1:0] last_of = (HOLD != 0) ? last_run : T[CW-1:0] - 1'b1;
  wire last_step = step_q == last_of;
  wire runs      = step_q <= last_run;
  wire step      = cur_valid_q & (~last_step | ~s_valid_o | s_ready_i);
  wire cur_done  = step & ((HOLD == 0) | last_step);
  wire accept    = x_valid_i & x_ready_o;
  wire neuron_end = accept & ((HOLD != 0) | (taken_q == T[CW-1:0] - 1'b1));

  assign x_ready_o = ~cur_valid_q | cur_done;
  assign step_o    = step & runs;

  generate
    if (KNOBS != 0) begin : gen_knobs
      assign last_run = last_step_i;
    end else begin : gen_all
      wire unused = &{1'b0, last_step_i};
      assign last_run = T[CW-1:0] - 1'b1;
    end
  endgenerate

  // ---- parameters of the neuron whose inputs come next
  localparam NP = N / MEMBERS;                 // neurons of a member
  reg  [NW-1:0] neuron_q;                      // within its member
  wire          member_end = neuron_end & (neuron_q == NP[NW-1:0] - 1'b1);
  wire [NW-1:0] place_d = ~neuron_end ? neuron_q : member_end ? {NW{1'b0}} : neuron_q + 1'b1;
  wire [NW-1:0] neuron_d;
  generate
    if (MEMBERS > 1) begin : gen_members
      localparam MW = $clog2(MEMBERS);
      wire [MW-1:0] next;
      wire          unused_last;
      wire [MW-1:0] unused_now;
      sf_members #(.N(MEMBERS)) u_members (
        .clk_i (clk_i),
        .rst_i (rst_i),
        .mask_i(mask_i),
        .step_i(member_end),
        .now_o (unused_now),
        .next_o(next),
        .last_o(unused_last)
      );
      assign neuron_d = {{(NW-MW){1'b0}}, next} * NP[NW-1:0] + place_d;
    end else begin : gen_alone
      wire unused = &{1'b0, mask_i};
      assign neuron_d = place_d;
    end
  endgenerate
  wire [TW+BW-1:0] param;

  sf_rom #(.WIDTH(TW + BW), .DEPTH(N), .BLOCK(BLOCK), .INIT(INIT)) u_param (
    .clk_i (clk_i),
    .en_i  (1'b1),
    .addr_i(neuron_d),
    .data_o(param)
  );

  wire signed [BW-1:0] bias = param[BW-1:0];
  wire signed [VW-1:0] x_wide    = {{(VW-IW){x_data_i[IW-1]}}, x_data_i};
  wire signed [VW-1:0] bias_wide = {{(VW-BW){bias[BW-1]}}, bias};

  // ---- one timestep
  wire signed [VW-1:0] theta = {{(VW-TW){1'b0}}, theta_q};
  wire signed [VW-1:0] u     = state_q + cur_q;
  wire signed [VW:0]   over  = {u[VW-1], u} - {1'b0, theta};
  wire                 spike = runs & ~over[VW] & ((STRICT == 0) | (over[VW-1:0] != {VW{1'b0}}));
  wire signed [VW-1:0] v     = (RESET == 0 && spike) ? over[VW-1:0] :
                               (RESET == 2 && spike) ? {VW{1'b0}} : u;
  localparam signed [LW-1:0] Leak = {{(LW-M-1){1'b0}}, K[M:0]};
  /* verilator lint_off UNUSEDSIGNAL */ // the division drops the bits below, the bound on v those above
  wire signed [LW-1:0] scaled = {{(LW-VW){v[VW-1]}}, v} * Leak;
  /* verilator lint_on UNUSEDSIGNAL */
  wire signed [VW-1:0] leaked = scaled[M +: VW];
  wire signed [VW-1:0] state_d = (RESET == 1 && spike) ? leaked - theta : leaked;

  assign spike_o = spike;

  always @(posedge clk_i) begin
    if (accept) begin
      cur_q       <= (x_wide <<< FRAC) + bias_wide;
      theta_q     <= param[BW +: TW];
      cur_valid_q <= 1'b1;
      taken_q     <= neuron_end ? {CW{1'b0}} : taken_q + 1'b1;
    end else if (cur_done) begin
      cur_valid_q <= 1'b0;
    end
    neuron_q <= place_d;
    if (step) begin
      step_q  <= last_step ? {CW{1'b0}} : step_q + 1'b1;
      state_q <= last_step ? {VW{1'b0}} : state_d;
    end
    if (rst_i) begin
      cur_valid_q <= 1'b0;
      step_q      <= {CW{1'b0}};
      taken_q     <= {CW{1'b0}};
      neuron_q    <= {NW{1'b0}};
      state_q     <= {VW{1'b0}};
    end
  end

  // ---- the spike train
  generate
    if (T > 1) begin : gen_train
      localparam TIW = (T > 2) ? $clog2(T - 1) : 1;
      reg [T-2:0] train_q;
      always @(posedge clk_i) begin
        if (step & ~last_step) train_q[step_q[TIW-1:0]] <= spike;
        if (KNOBS == 0) begin
          if (step & last_step) s_data_o <= {spike, train_q};
        end else begin
          // Timesteps that do not run leave zeros.
          if (step & last_step) begin
            s_data_o <= {1'b0, train_q} | ({{(T-1){1'b0}}, spike} << step_q);
            train_q  <= {(T-1){1'b0}};
          end
          if (rst_i) train_q <= {(T-1){1'b0}};
        end
      end
    end else begin : gen_single
      always @(posedge clk_i) if (step) s_data_o <= spike;
    end
  endgenerate

  always @(posedge clk_i) begin
    if (step & last_step) s_valid_o <= 1'b1;
    else if (s_ready_i) s_valid_o <= 1'b0;
    if (rst_i) s_valid_o <= 1'b0;
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // The recurrence as the contract has it, in numbers wide enough for anything.
  localparam FW = 2 * VW + M + 4;
  reg  signed [FW-1:0] f_v;                    // v[t-1]
  reg                  f_s;                    // s[t-1]
  reg  signed [FW-1:0] f_x, f_bias, f_theta;
  reg         [T-1:0]  f_train, f_sent;
  integer              f_step, f_taken;
  wire        [CW-1:0] f_last = (KNOBS != 0) ? last_step_i : T - 1;  // last timestep that runs
  wire        [CW-1:0] f_end  = (HOLD != 0) ? f_last : T - 1;        // last one that takes a cycle
  reg                  f_full;                 // a train waits
  wire signed [FW-1:0] f_k    = K;
  wire signed [FW-1:0] f_leak = (f_k * f_v) >>> M;
  wire signed [FW-1:0] f_u    = f_leak + (f_x <<< FRAC) + f_bias - ((RESET == 1 && f_s) ? f_theta : 0);
  wire                 f_runs = f_step <= f_last;
  wire                 f_fire = f_runs && ((STRICT != 0) ? f_u > f_theta : f_u >= f_theta);
  // A width is chosen such that every membrane fits.
  wire signed [FW-1:0] f_most = (1 <<< (VW - 1)) - 1;
  wire signed [FW-1:0] f_next = (((RESET == 0 && f_fire) ? f_u - f_theta : (RESET == 2 && f_fire) ? 0 : f_u) * f_k) >>> M;
  wire signed [FW-1:0] f_kept = f_next - ((RESET == 1 && f_fire) ? f_theta : 0);
  always @(*) if (cur_valid_q && f_runs) begin
    assume (f_u <= f_most && f_u >= -f_most - 1);
    assume (f_kept <= f_most && f_kept >= -f_most - 1);
    assume ((f_x <<< FRAC) + f_bias <= f_most && (f_x <<< FRAC) + f_bias >= -f_most - 1);
  end
  always @(*) if (x_valid_i) begin
    assume ($signed(x_data_i) <<< FRAC <= f_most && $signed(x_data_i) <<< FRAC >= -f_most - 1);
  end

  always @(posedge clk_i) begin
    if (rst_i) begin
      f_v     <= 0;
      f_s     <= 1'b0;
      f_step  <= 0;
      f_train <= 0;
      f_taken <= 0;
      f_full  <= 1'b0;
    end else begin
      if (accept) begin
        f_x     <= x_data_i;
        f_bias  <= bias;
        f_theta <= param[BW +: TW];
        f_taken <= f_taken + 1;
      end
      if (step) begin
        f_v <= (RESET == 0 && f_fire) ? f_u - f_theta : (RESET == 2 && f_fire) ? 0 : f_u;
        f_s <= f_fire;
        f_train[f_step] <= f_fire;
        f_step <= f_step + 1;
        if (f_step == f_end) begin
          f_step  <= 0;
          f_v     <= 0;
          f_s     <= 1'b0;
          f_train <= 0;
        end
      end
      f_full <= (step && f_step == f_end) || (f_full && !s_ready_i);
      if (step && f_step == f_end) begin
        f_sent <= f_train;
        f_sent[f_end] <= f_fire;
      end
    end
  end
  // The neuron whose inputs come next, found by going from one to the next.
  integer f_neuron, f_neuron_d, f_inputs, f_m;
  always @(*) begin
    f_neuron_d = f_neuron;
    if (accept && ((HOLD != 0) || f_inputs == T - 1)) begin
      f_neuron_d = (f_neuron == N - 1) ? 0 : f_neuron + 1;
      for (f_m = 0; f_m < 2 * MEMBERS; f_m = f_m + 1)
        if (!mask_i[f_neuron_d / NP]) f_neuron_d = (f_neuron_d + NP >= N) ? f_neuron_d + NP - N : f_neuron_d + NP;
    end
  end
  integer f_first;
  always @(*) begin
    f_first = 0;
    for (f_m = MEMBERS - 1; f_m >= 0; f_m = f_m - 1) if (mask_i[f_m]) f_first = f_m * NP;
  end
  always @(posedge clk_i) begin
    f_neuron <= rst_i ? f_first : f_neuron_d;
    f_inputs <= (rst_i || (accept && ((HOLD != 0) || f_inputs == T - 1))) ? 0 : f_inputs + accept;
  end
  // A train waits until it is taken.
  reg         f_waits;
  reg [T-1:0] f_held;
  always @(posedge clk_i) begin
    f_waits <= ~rst_i & s_valid_o & ~s_ready_i;
    f_held  <= s_data_o;
  end
  // The knobs stay as they are while a neuron is at work.
  reg [CW-1:0]      f_last_was;
  reg [MEMBERS-1:0] f_mask;
  always @(posedge clk_i) begin
    f_last_was <= last_step_i;
    f_mask     <= mask_i;
    if (f_past && !rst_i) assume (mask_i == f_mask);
  end
  always @(*) begin
    assume (last_step_i < T && mask_i != 0);
    if (f_past && !rst_i) assume (last_step_i == f_last_was);
  end
  // The first input may come in the second cycle after a reset.
  reg f_reset;
  always @(posedge clk_i) f_reset <= rst_i;
  always @(*) if (f_reset) assume (!x_valid_i);

  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      if (step_o) a_spike : assert (spike_o == f_fire);
      a_runs : assert (step_o == (step && f_runs));
      a_valid : assert (s_valid_o == f_full);
      if (s_valid_o) a_train : assert (s_data_o == f_sent);
      if (f_waits) a_held : assert (s_valid_o && s_data_o == f_held);
      if (MEMBERS > 1) a_member : assert (mask_i[f_neuron / NP]);
      a_neuron : assert (neuron_d == f_neuron_d);
      c_second : cover (s_valid_o && s_ready_i && s_data_o != 0 && f_taken > ((HOLD != 0) ? 1 : T));
    end
  end
`endif

endmodule

`default_nettype wire

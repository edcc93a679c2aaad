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
//   x_*         inputs, valid/ready;  s_*  spike trains, bit t = timestep t, valid/ready
//   rst_i       the first input may come in the second cycle after it
//   step_o, spike_o   a timestep is computed, and whether it fires (for traces)
//
// Timing: an input accepted in cycle c is used in c+1 (HOLD: c+1 .. c+T); the train is
// valid in the cycle after the last timestep. A train that is not taken stalls only the
// last timestep of the next neuron.
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
  parameter INIT   = ""
) (
  input  wire                 clk_i,
  input  wire                 rst_i,
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
  localparam CW = (T > 1) ? $clog2(T) : 1;
  localparam LW = VW + M + 1;                  // K * v before the shift

  reg signed [VW-1:0] cur_q, state_q;          // state_q: membrane, already leaked
  reg        [TW-1:0] theta_q;
  reg                 cur_valid_q;
  reg        [CW-1:0] step_q, taken_q;
  reg        [NW-1:0] neuron_q;

  wire last_step = step_q == T[CW-1:0] - 1'b1;
  wire step      = cur_valid_q & (~last_step | ~s_valid_o | s_ready_i);
  wire cur_done  = step & ((HOLD == 0) | last_step);
  wire accept    = x_valid_i & x_ready_o;
  wire neuron_end = accept & ((HOLD != 0) | (taken_q == T[CW-1:0] - 1'b1));

  assign x_ready_o = ~cur_valid_q | cur_done;
  assign step_o    = step;

  // ---- parameters of the neuron whose inputs come next
  wire [NW-1:0] neuron_d = ~neuron_end ? neuron_q :
                           (neuron_q == N[NW-1:0] - 1'b1) ? {NW{1'b0}} : neuron_q + 1'b1;
  wire [TW+BW-1:0] param;

  sf_rom #(.WIDTH(TW + BW), .DEPTH(N), .BLOCK(BLOCK), .INIT(INIT)) u_param (
    .clk_i (clk_i),
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
  wire                 spike = ~over[VW] & ((STRICT == 0) | (over[VW-1:0] != {VW{1'b0}}));
  wire signed [VW-1:0] v     = (RESET == 0 && spike) ? over[VW-1:0] :
                               (RESET == 2 && spike) ? {VW{1'b0}} : u;
  localparam signed [LW-1:0] Leak = K;
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
    neuron_q <= neuron_d;
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
      reg [T-2:0] train_q;
      always @(posedge clk_i) begin
        if (step & ~last_step) train_q[step_q] <= spike;
        if (step & last_step) s_data_o <= {spike, train_q};
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

endmodule

`default_nettype wire

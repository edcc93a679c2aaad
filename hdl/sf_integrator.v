// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_integrator: currents that leak: u[t] = floor(K v[t-1] / 2^M) + x[t], 0 before the first
// timestep of a channel unless something was kept; v is u, or what a reset leaves of it.
//
// Contract
//   HW, TW      width of x and u, signed: it holds every u and what it leaves; width of a
//               threshold, unsigned, TW < HW
//   CARRY       1: what a channel's first timestep finds is state_i
//   KINDS       leaks there are; K and M of each in 16 and 5 bits, the first lowest; K <= 2^M
//   RESET, STRICT   as in sf_lif, of each kind in 2 bits and one; RESET 3: it does not reset
//   run_i       0: all stand still
//   on_i, kind_i   0: u = x; the leak, kind_i < KINDS. Both are stable while x is valid
//   begin_i     the x of the next step is a channel's first; state_i is what was kept for it
//   x_i         a current, with valid_i; channel by channel, timestep by timestep
//   theta_i     the threshold of its channel
//   u_o         its u, in the same cycle
//   left_o      what is left of it where it reaches the threshold: u - theta (RESET 0), 0 (RESET 2)
//   state_o     what the timestep of x leaves: that after its leak, less theta with RESET 1
`default_nettype none

module sf_integrator #(
  parameter HW    = 20,
  parameter CARRY = 0,
  parameter KINDS = 1,
  parameter [KINDS*16-1:0] K = 1,
  parameter [KINDS*5-1:0]  M = 1,
  parameter [KINDS*2-1:0]  RESET = {KINDS{2'd3}},
  parameter [KINDS-1:0]    STRICT = 0,
  parameter TW    = 1,
  parameter KW    = (KINDS > 1) ? $clog2(KINDS) : 1
) (
  input  wire                 clk_i,
  input  wire                 run_i,
  input  wire                 on_i,
  input  wire [KW-1:0]        kind_i,
  input  wire                 begin_i,
  input  wire signed [HW-1:0] state_i,
  input  wire                 valid_i,
  input  wire signed [HW-1:0] x_i,
  input  wire        [TW-1:0] theta_i,
  output wire signed [HW-1:0] u_o,
  output wire signed [HW-1:0] left_o,
  output wire signed [HW-1:0] state_o
);

  reg  signed [HW-1:0] state_q;
  wire signed [HW-1:0] earlier = on_i ? state_q : {HW{1'b0}};
  wire signed [HW-1:0] u       = earlier + x_i;
  assign u_o = u;

  wire signed [HW-1:0] theta = {{(HW-TW){1'b0}}, theta_i};
  wire signed [HW:0]   over  = {u[HW-1], u} - {1'b0, theta};
  wire [KINDS*HW-1:0]  states, lefts;
  genvar k;
  generate
    for (k = 0; k < KINDS; k = k + 1) begin : gen_kind
      localparam integer Shift = {27'd0, M[k*5 +: 5]};
      localparam [1:0] Reset = RESET[k*2 +: 2];
      localparam LW = HW + Shift + 1;          // K * v before the shift
      localparam Bits = (Shift < 16) ? Shift + 1 : 16;
      localparam signed [LW-1:0] Leak = {{(LW-Bits){1'b0}}, K[k*16 +: Bits]};
      /* verilator lint_off UNUSEDSIGNAL */    // without a reset nothing asks for it
      wire reached = ~over[HW] & (~STRICT[k] | (over[HW-1:0] != {HW{1'b0}}));
      /* verilator lint_on UNUSEDSIGNAL */
      wire signed [HW-1:0] v = (Reset == 2'd0 && reached) ? over[HW-1:0] :
                               (Reset == 2'd2 && reached) ? {HW{1'b0}} : u;
      /* verilator lint_off UNUSEDSIGNAL */    // the division drops the bits below, the bound on v those above
      wire signed [LW-1:0] scaled = {{(LW-HW){v[HW-1]}}, v} * Leak;
      /* verilator lint_on UNUSEDSIGNAL */
      wire signed [HW-1:0] leaked = scaled[Shift +: HW];
      assign lefts[k*HW +: HW]  = v;
      assign states[k*HW +: HW] = (Reset == 2'd1 && reached) ? leaked - theta : leaked;
    end
    if (KINDS > 1) begin : gen_kinds
      assign left_o  = lefts[kind_i*HW +: HW];
      assign state_o = states[kind_i*HW +: HW];
    end else begin : gen_one_kind
      /* verilator lint_off UNUSEDSIGNAL */    // there is nothing to choose
      wire [KW-1:0] unused = kind_i;
      /* verilator lint_on UNUSEDSIGNAL */
      assign left_o  = lefts;
      assign state_o = states;
    end
  endgenerate

  wire signed [HW-1:0] found = (CARRY != 0) ? state_i : {HW{1'b0}};
  always @(posedge clk_i) begin
    if (run_i & begin_i) state_q <= found;
    else if (run_i & valid_i) state_q <= state_o;
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;

  function integer f_longest(input integer kinds);
    integer i;
    begin
      f_longest = 0;
      for (i = 0; i < kinds; i = i + 1) if (M[i*5 +: 5] > f_longest) f_longest = M[i*5 +: 5];
    end
  endfunction
  localparam FW = HW + f_longest(KINDS) + 2;
  function f_fits(input signed [FW-1:0] x);
    f_fits = (x >>> (HW - 1)) == 0 || (x >>> (HW - 1)) == -1;
  endfunction

  // What is left of u of the timestep before in wide numbers, leaked where the next one is
  // computed, and what a spike takes off there.
  reg  signed [FW-1:0] f_u, f_less, f_kept;
  reg                  f_first, f_known;
  wire signed [FW-1:0] f_k     = (KINDS > 1) ? K[kind_i*16 +: 16] : K[15:0];
  wire [4:0]           f_m     = (KINDS > 1) ? M[kind_i*5 +: 5] : M[4:0];
  wire [1:0]           f_reset  = (KINDS > 1) ? RESET[kind_i*2 +: 2] : RESET[1:0];
  wire                 f_strict = (KINDS > 1) ? STRICT[kind_i] : STRICT[0];
  wire signed [FW-1:0] f_theta  = {1'b0, theta_i};
  wire signed [FW-1:0] f_leaked = (f_u * f_k) >>> f_m;
  wire signed [FW-1:0] f_state  = f_first ? f_kept : f_leaked - f_less;
  wire signed [FW-1:0] f_x     = x_i;
  wire signed [FW-1:0] f_next  = (on_i ? f_state : 0) + f_x;
  wire                 f_fires = f_strict ? f_next > f_theta : f_next >= f_theta;
  wire signed [FW-1:0] f_v     = (f_reset == 0 && f_fires) ? f_next - f_theta : (f_reset == 2 && f_fires) ? 0 : f_next;
  wire signed [FW-1:0] f_taken = (f_reset == 1 && f_fires) ? f_theta : 0;
  wire signed [FW-1:0] f_left  = ((f_v * f_k) >>> f_m) - f_taken;
  wire                 f_step  = run_i && valid_i;
  wire                 f_begin = run_i && begin_i;
  always @(*) begin
    if (f_past) assume (kind_i < KINDS);
    if (f_step) assume (f_known && f_fits(f_next) && f_fits(f_left));
  end
  // Of a channel's timesteps all see the same job.
  always @(posedge clk_i) begin
    if (f_past && !($past(f_begin))) assume (on_i == $past(on_i) && kind_i == $past(kind_i));
  end
  initial f_known = 1'b0;
  always @(posedge clk_i) begin
    if (f_step) begin
      f_u     <= f_v;
      f_less  <= f_taken;
      f_first <= 1'b0;
    end
    if (f_begin) begin
      f_first <= 1'b1;
      f_known <= 1'b1;
      f_kept  <= 0;
      if (CARRY != 0) f_kept <= state_i;
    end
  end
  always @(posedge clk_i) begin
    if (f_past) begin
      if (f_step) a_u : assert (u_o == f_next[HW-1:0]);
      if (f_step) a_left : assert (left_o == f_v[HW-1:0] && f_fits(f_v));
      if (f_step) a_state : assert (state_o == f_left[HW-1:0]);
      if (f_known) i_state : assert (state_q == f_state[HW-1:0] && f_fits(f_state) && (f_first || (f_fits(f_u) && f_fits(f_less) && f_less >= 0)));
      c_leak : cover (f_step && on_i && !f_first && u_o < 0 && u_o != x_i);
      c_reset : cover (f_reset == 3 || (f_step && on_i && !f_first && f_fires && state_o != 0));
    end
  end
`endif

endmodule

`default_nettype wire

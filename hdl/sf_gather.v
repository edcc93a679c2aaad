// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_gather: sums of windows of currents, T of them an operand, rounded to a coarser unit.
//
// Contract
//   T           timesteps
//   CW          width of a current; SW: of a sum of a window, both signed
//   GW          width of a rounded sum, signed; it holds every one
//   shift_i     bits that are dropped: (sum + 2^(shift-1)) >> shift; stable during a job
//   a_*         addresses in the order window by window, timestep by timestep (sf_walk);
//               a_next_o: it is taken, and c_data_i is its current in the next cycle and stays
//               until the next one is taken
//   a_end_i     the ends of sf_walk
//   w_*         operands {timestep T-1 .. 0}, valid/ready, with the ends of group, place and job
//
// Timing: one address a cycle. The operand of the address in cycle a is valid in a+2. While it
// is not taken, everything stands still.
`default_nettype none

module sf_gather #(
  parameter T  = 2,
  parameter CW = 12,
  parameter SW = 14,
  parameter GW = 10
) (
  input  wire            clk_i,
  input  wire            rst_i,
  input  wire            a_valid_i,
  output wire            a_next_o,
  input  wire [5:0]      a_end_i,
  input  wire [3:0]      shift_i,
  input  wire [CW-1:0]   c_data_i,
  output wire            w_valid_o,
  input  wire            w_ready_i,
  output wire [T*GW-1:0] w_data_o,
  output wire            w_group_end_o,
  output wire            w_place_end_o,
  output wire            w_job_end_o
);

  localparam TW = (T > 1) ? $clog2(T) : 1;
  localparam UW = (SW + 2 > 17) ? SW + 2 : 17; // twice a sum, or the largest unit

  reg          full_q, c_valid_q, first_q;
  reg          window_end_q;
  reg  [2:0]   ends_q, hold_ends_q;            // group, place, job
  reg [TW-1:0] step_q;
  reg signed [SW-1:0] sum_q;
  reg [T*GW-1:0]      hold_q;

  wire run      = ~full_q | w_ready_i;
  wire step_end = step_q == T[TW-1:0] - 1'b1;

  assign a_next_o  = a_valid_i & run;
  assign w_valid_o = full_q;
  assign w_data_o  = hold_q;
  assign {w_group_end_o, w_place_end_o, w_job_end_o} = hold_ends_q;

  wire signed [SW-1:0] current = {{(SW-CW){c_data_i[CW-1]}}, c_data_i};
  wire signed [SW-1:0] sum     = first_q ? current : sum_q + current;
  // Twice the half unit that rounds: one bit below is dropped.
  wire [15:0]          unit = 16'd1 << shift_i;
  wire signed [UW-1:0] up   = {{(UW-SW-1){sum[SW-1]}}, sum, 1'b0} + {{(UW-16){1'b0}}, unit & ~16'd1};
  /* verilator lint_off UNUSEDSIGNAL */        // the bound on operands says that the upper bits are their sign
  wire signed [UW-1:0] down = up >>> shift_i;
  /* verilator lint_on UNUSEDSIGNAL */
  wire signed [GW-1:0] rounded = down[GW:1];

  always @(posedge clk_i) begin
    if (run) begin
      full_q    <= c_valid_q & window_end_q & step_end;
      c_valid_q <= a_valid_i;
      if (a_valid_i) begin
        window_end_q <= a_end_i[1];
        ends_q       <= {a_end_i[2], a_end_i[3], a_end_i[5]};
      end
      if (c_valid_q) begin
        sum_q   <= sum;
        first_q <= window_end_q;
        if (window_end_q) begin
          hold_q[step_q*GW +: GW] <= rounded;
          step_q      <= step_end ? {TW{1'b0}} : step_q + 1'b1;
          hold_ends_q <= ends_q;
        end
      end
    end
    if (rst_i) begin
      full_q    <= 1'b0;
      c_valid_q <= 1'b0;
      first_q   <= 1'b1;
      step_q    <= {TW{1'b0}};
    end
  end

  wire unused = &{1'b0, a_end_i[4], a_end_i[0]};

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // The ends are those of nested loops. A current stays until the next one is read.
  always @(*) begin
    if (a_end_i[5]) assume (a_end_i[3]);
    if (a_end_i[3]) assume (a_end_i[2]);
    if (a_end_i[2]) assume (a_end_i[1]);
  end
  reg [3:0] f_shift;
  always @(posedge clk_i) f_shift <= shift_i;
  always @(posedge clk_i) begin
    if (f_past && !$past(a_next_o)) assume (c_data_i == $past(c_data_i));
    if (f_past && (f_read || f_within)) assume (shift_i == f_shift);
  end

  // In numbers: the sum of the window so far, and the operand as far as it is complete. A
  // current is added in the cycle after its address, or when the operand before is taken.
  localparam FW = UW + 4;
  reg                  f_read, f_first, f_full, f_within;
  reg  [2:0]           f_ends, f_word_ends;
  reg                  f_window;
  reg  signed [FW-1:0] f_sum;
  integer              f_step;
  reg  [T*GW-1:0]      f_word;
  wire                 f_run     = !(w_valid_o && !w_ready_i);
  wire signed [FW-1:0] f_current = $signed(c_data_i);
  wire signed [FW-1:0] f_total   = f_first ? f_current : f_sum + f_current;
  wire signed [FW-1:0] f_one     = 1;
  wire signed [FW-1:0] f_half    = (shift_i == 0) ? 0 : f_one <<< (shift_i - 1);
  wire signed [FW-1:0] f_rounded = (f_total + f_half) >>> shift_i;
  // The widths hold every sum, and every rounded one.
  wire signed [FW-1:0] f_sums    = f_one <<< (SW - 1);
  wire signed [FW-1:0] f_most    = f_one <<< (GW - 1);
  always @(*) if (f_read) begin
    assume (f_total >= -f_sums && f_total < f_sums);
    if (f_window) assume (f_rounded >= -f_most && f_rounded < f_most);
  end
  always @(posedge clk_i) begin
    if (f_run) begin
      f_read <= a_next_o;
      f_full <= f_read && f_window && f_step == T - 1;
      if (f_read) begin
        f_sum    <= f_total;
        f_first  <= f_window;
        f_within <= !(f_window && f_step == T - 1);
        if (f_window) begin
          f_word[f_step*GW +: GW] <= f_rounded;
          f_word_ends <= f_ends;
          f_step      <= (f_step == T - 1) ? 0 : f_step + 1;
        end
      end
    end
    if (a_next_o) begin
      f_window <= a_end_i[1];
      f_ends   <= {a_end_i[2], a_end_i[3], a_end_i[5]};
    end
    if (rst_i) begin
      f_read   <= 1'b0;
      f_full   <= 1'b0;
      f_first  <= 1'b1;
      f_within <= 1'b0;
      f_step   <= 0;
    end
  end

  // The timesteps of the operand that comes next, or waits.
  wire [T*GW-1:0] f_known = f_full ? {T*GW{1'b1}} : ~({T*GW{1'b1}} << (f_step * GW));
  always @(posedge clk_i) begin
    if (f_past) begin
      a_next : assert (a_next_o == (a_valid_i && f_run));
      a_valid : assert (w_valid_o == f_full);
      if (f_full) begin
        a_word : assert (w_data_o == f_word);
        a_ends : assert ({w_group_end_o, w_place_end_o, w_job_end_o} == f_word_ends);
      end
      i_read : assert (c_valid_q == f_read && first_q == f_first);
      if (f_read) i_ends : assert (window_end_q == f_window && ends_q == f_ends);
      if (!f_first) i_sum : assert (sum_q == f_sum[SW-1:0] && f_sum >= -f_sums && f_sum < f_sums);
      i_step : assert (step_q == f_step && f_step >= 0 && f_step < T);
      i_word : assert (((hold_q ^ f_word) & f_known) == 0);
      if (f_full) i_full : assert (f_step == 0);
      if (f_step != 0 || f_full) i_hold : assert (hold_ends_q == f_word_ends);
      c_wait : cover ($past(w_valid_o && !w_ready_i) && w_valid_o && w_ready_i && w_data_o[GW-1] && w_job_end_o);
      c_sum : cover (f_full && $past(!f_first && shift_i > 1) && w_data_o[GW-1]);
    end
  end
`endif

endmodule

`default_nettype wire

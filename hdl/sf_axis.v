// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_axis: AXI4-Stream around the byte streams of sf_core: a packet is an inference, a packet is
// its result, and a packet of a stream of its own is the weights, where the host loads them.
//
// A byte is right if it ends its packet just where the packet has to end. The first byte that is
// not right makes the packet too short or too long. It does not reach the core: no more than
// the beginning of an inference does, and the core is reset. What is left of the packet is taken
// and forgotten.
//
// Contract
//   Parameters  N_IN     bytes of an inference, 1 ..= 65535
//               N_LOAD   bytes of the weights, up to 131072; 0: there is nothing to load
//   Ports       clk_i, rst_i
//     s_axis_*           inferences; m_axis_*  results; s_axis_weights_*  weights. A byte is handed
//                        over when valid and ready are both high. m_axis_tvalid_o stays until then,
//                        and its data and last with it; it is low after a reset.
//     weights_loaded_o   the last packet of weights that began was right; always, if N_LOAD is 0
//     error_o            one cycle: a packet was too short or too long
//     core_rst_o         reset of the core: after rst_i, and while error_o is high for an inference
//     core_in_*          bytes of an inference, a byte is taken when valid and ready are both high
//     core_out_*         bytes of its result, last with the last one, the same way
//     load_*             start, then a byte a cycle in which load_valid_o is high, always taken
//   Timing      A byte passes to the core in the cycle in which it is taken; error_o and core_rst_o
//               are high in the cycle after the byte that causes them, in which nothing is taken.
//               A byte of the result passes in the cycle after the core has given it.
//   Invariants  The core gets the last byte of an inference only if its packet ends with it, and
//               nothing more until its result has been given. It gets the first byte of a packet
//               after a reset or a result alone. No inference is taken unless weights_loaded_o
//               is high, and nothing is loaded while one is taken or runs. Weights that wait
//               go before an inference that has not begun.
`default_nettype none

module sf_axis #(
  parameter N_IN   = 16,
  parameter N_LOAD = 0
) (
  input  wire       clk_i,
  input  wire       rst_i,

  input  wire [7:0] s_axis_tdata_i,
  input  wire       s_axis_tvalid_i,
  input  wire       s_axis_tlast_i,
  output wire       s_axis_tready_o,

  output reg  [7:0] m_axis_tdata_o,
  output reg        m_axis_tvalid_o,
  output reg        m_axis_tlast_o,
  input  wire       m_axis_tready_i,

  input  wire [7:0] s_axis_weights_tdata_i,
  input  wire       s_axis_weights_tvalid_i,
  input  wire       s_axis_weights_tlast_i,
  output wire       s_axis_weights_tready_o,

  output wire       weights_loaded_o,
  output reg        error_o,

  output reg        core_rst_o,
  output wire [7:0] core_in_data_o,
  output wire       core_in_valid_o,
  input  wire       core_in_ready_i,
  input  wire [7:0] core_out_data_i,
  input  wire       core_out_valid_i,
  input  wire       core_out_last_i,
  output wire       core_out_ready_o,

  output wire       load_start_o,
  output wire       load_valid_o,
  output wire [7:0] load_data_o
);

  // No module of this name exists: a parameter out of range stops the elaboration here.
  generate
    if (N_IN < 1 || N_IN > 65535) begin : gen_check
      sf_axis_n_in_out_of_range u_check ();
    end
    if (N_LOAD < 0 || N_LOAD > 131072) begin : gen_check_load
      sf_axis_n_load_out_of_range u_check ();
    end
  endgenerate

  localparam [2:0] Take  = 3'd0;  // an inference is taken, or none has begun
  localparam [2:0] Run   = 3'd1;  // the core has all of it, and its result is not given yet
  localparam [2:0] Skip  = 3'd2;  // the rest of a packet that is too long
  localparam [2:0] Start = 3'd3;  // weights begin
  localparam [2:0] Load  = 3'd4;
  localparam [2:0] Over  = 3'd5;  // the rest of weights that are too long

  localparam integer Longest = N_IN > N_LOAD ? N_IN : N_LOAD;
  localparam integer LW      = Longest > 1 ? $clog2(Longest) : 1;
  localparam integer MaxIn   = N_IN - 1;
  localparam integer MaxLoad = N_LOAD > 0 ? N_LOAD - 1 : 0;

  reg [2:0]    state_q;
  reg [LW-1:0] left_q;   // bytes to come of the packet, less one
  reg          begun_q;  // some of an inference was taken
  reg          intact_q;

  wire due    = left_q == {LW{1'b0}};
  wire w_wait = N_LOAD > 0 && s_axis_weights_tvalid_i;
  assign weights_loaded_o = N_LOAD == 0 || intact_q;

  // ---- inferences
  wire open  = state_q == Take && !core_rst_o && (begun_q || weights_loaded_o && !w_wait);
  wire right = s_axis_tlast_i == due;
  wire taken = s_axis_tvalid_i && s_axis_tready_o;
  wire wrong = open && taken && !right;

  assign s_axis_tready_o = open && core_in_ready_i || state_q == Skip && !core_rst_o;
  assign core_in_data_o  = s_axis_tdata_i;
  assign core_in_valid_o = open && s_axis_tvalid_i && right;

  // ---- weights
  wire w_right = s_axis_weights_tlast_i == due;
  wire w_taken = s_axis_weights_tvalid_i && s_axis_weights_tready_o;
  wire w_wrong = state_q == Load && w_taken && !w_right;

  assign s_axis_weights_tready_o = state_q == Load || state_q == Over;
  assign load_start_o = state_q == Start;
  assign load_valid_o = state_q == Load && s_axis_weights_tvalid_i && w_right;
  assign load_data_o  = s_axis_weights_tdata_i;

  // ---- results
  wire m_free = !m_axis_tvalid_o || m_axis_tready_i;
  wire given  = core_out_valid_i && core_out_ready_o;
  assign core_out_ready_o = state_q == Run && m_free;

  always @(posedge clk_i) begin
    case (state_q)
      Take: begin
        if (taken) begin
          left_q  <= left_q - 1'b1;
          begun_q <= 1'b1;
          if (right && due) state_q <= Run;
          if (!right && !s_axis_tlast_i) state_q <= Skip;
        end else if (!begun_q && w_wait && !core_rst_o) state_q <= Start;
      end
      Run:     if (given && core_out_last_i) state_q <= Take;
      Skip:    if (taken && s_axis_tlast_i) state_q <= Take;
      Start:   state_q <= Load;
      Load: begin
        if (w_taken) begin
          left_q <= left_q - 1'b1;
          if (s_axis_weights_tlast_i) state_q <= Take;
          else if (!w_right) state_q <= Over;
        end
      end
      default: if (w_taken && s_axis_weights_tlast_i) state_q <= Take;
    endcase

    // Whatever ends, the next packet may be an inference.
    if (wrong || state_q == Run || state_q == Skip || state_q == Load && w_taken && (w_wrong || due)
        || state_q == Over) begin
      left_q  <= MaxIn[LW-1:0];
      begun_q <= 1'b0;
    end
    if (state_q == Start) begin
      left_q   <= MaxLoad[LW-1:0];
      intact_q <= 1'b0;
    end
    if (state_q == Load && w_taken && w_right && due) intact_q <= 1'b1;

    error_o    <= wrong || w_wrong;
    core_rst_o <= wrong;

    if (m_free) begin
      m_axis_tvalid_o <= given;
      m_axis_tdata_o  <= core_out_data_i;
      m_axis_tlast_o  <= core_out_last_i;
    end

    if (rst_i) begin
      state_q         <= Take;
      left_q          <= MaxIn[LW-1:0];
      begun_q         <= 1'b0;
      intact_q        <= 1'b0;
      error_o         <= 1'b0;
      core_rst_o      <= 1'b1;
      m_axis_tvalid_o <= 1'b0;
    end
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // Where in their packets the streams are (held at the end of the range), what the core has got
  // since its reset or its last result, and what it was loaded with. None of it is made of the
  // module's registers.
  localparam [19:0] FHold = 20'hFFFFF;
  reg [19:0] f_len = 0, f_w_len = 0, f_got = 0, f_filled = 0;
  reg f_loading = 1'b0, f_loaded = 1'b0, f_error = 1'b0, f_abort = 1'b0;
  wire f_take = s_axis_tvalid_i && s_axis_tready_o;
  wire f_w_take = s_axis_weights_tvalid_i && s_axis_weights_tready_o;
  wire f_in = core_in_valid_o && core_in_ready_i;
  wire f_out = core_out_valid_i && core_out_ready_o;
  wire f_running = f_got == N_IN;
  // The byte at hand makes its packet wrong: it ends it early, or does not end it in time.
  wire f_bad = f_take && (s_axis_tlast_i ? f_len < N_IN - 1 : f_len == N_IN - 1);
  wire f_w_bad = f_w_take && (s_axis_weights_tlast_i ? f_w_len < N_LOAD - 1 : f_w_len == N_LOAD - 1);

  always @(posedge clk_i) begin
    if (f_take) f_len <= s_axis_tlast_i ? 0 : f_len == FHold ? FHold : f_len + 1'b1;
    if (f_w_take) f_w_len <= s_axis_weights_tlast_i ? 0 : f_w_len == FHold ? FHold : f_w_len + 1'b1;
    if (f_in) f_got <= f_got + 1'b1;
    if (core_rst_o || f_out && core_out_last_i) f_got <= 0;
    if (load_valid_o) f_filled <= f_filled + 1'b1;
    if (load_start_o) f_filled <= 0;
    if (f_w_take && (s_axis_weights_tlast_i || f_w_bad)) f_loading <= 1'b0;
    if (f_w_take && s_axis_weights_tlast_i && f_w_len == N_LOAD - 1) f_loaded <= 1'b1;
    if (load_start_o) {f_loading, f_loaded} <= 2'b10;
    f_error <= f_bad || f_w_bad;
    f_abort <= f_bad;
    if (rst_i) begin
      f_len     <= 0;
      f_w_len   <= 0;
      f_got     <= 0;
      f_filled  <= 0;
      f_loading <= 1'b0;
      f_loaded  <= 1'b0;
      f_error   <= 1'b0;
      f_abort   <= 1'b1;
    end
  end

  // A stretch of the result that is any one: the byte that the core gave before this cycle.
  reg f_due = 1'b0, f_due_last;
  reg [7:0] f_due_data;
  always @(posedge clk_i) begin
    if (m_axis_tvalid_o && m_axis_tready_i) f_due <= 1'b0;
    if (f_out) {f_due, f_due_last, f_due_data} <= {1'b1, core_out_last_i, core_out_data_i};
    if (rst_i) f_due <= 1'b0;
  end

  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      // The core gets the bytes of a packet as they come, no other ones, from its first on.
      if (f_in)
        a_byte : assert (f_take && core_in_data_o == s_axis_tdata_i && f_got == f_len && f_len < N_IN);
      // All of them only if the packet is as long as an inference.
      if (f_in && f_got == N_IN - 1) a_whole : assert (s_axis_tlast_i && f_len == N_IN - 1);
      if (f_take && f_len < N_IN && !f_bad) a_kept : assert (f_in);
      // While it runs, nothing of a next one, no reset, no weights.
      if (f_running)
        a_quiet : assert (!f_take && !core_in_valid_o && !core_rst_o && !load_start_o && !load_valid_o);
      if (core_out_ready_o) a_result : assert (f_running);
      // A wrong packet is told of once, and the core is reset.
      a_error : assert (error_o == f_error && core_rst_o == f_abort);
      if (core_rst_o) a_reset : assert (!f_take && !core_in_valid_o && !load_start_o);
      if (f_len > N_IN - 1) a_swallowed : assert (!f_in && s_axis_tready_o == !core_rst_o);
      // Weights: all that were sent, none else, and inferences only with them.
      a_loaded : assert (weights_loaded_o == (N_LOAD == 0 || f_loaded));
      if (f_take && f_len < N_IN) a_armed : assert (weights_loaded_o);
      if (load_valid_o)
        a_load : assert (f_loading && f_w_take && load_data_o == s_axis_weights_tdata_i
                         && f_filled == f_w_len && f_w_len < N_LOAD && f_got == 0 && f_len == 0);
      if (f_w_take && f_w_len < N_LOAD && !f_w_bad) a_filled : assert (load_valid_o);
      if (f_loaded) a_all : assert (f_filled == N_LOAD);
      if (load_start_o) a_start : assert (N_LOAD > 0 && f_w_len == 0 && f_got == 0 && f_len == 0);
      if (N_LOAD == 0) a_none : assert (!s_axis_weights_tready_o && !load_start_o && !load_valid_o);
      // The result is what the core gave, byte by byte.
      a_given : assert (m_axis_tvalid_o == f_due);
      if (f_due) a_same : assert (m_axis_tdata_o == f_due_data && m_axis_tlast_o == f_due_last);
      if (f_out && f_due) a_room : assert (m_axis_tready_i);

      // What ties the registers to the reference, for the induction.
      i_state : assert (state_q <= Over);
      if (state_q == Take) begin
        i_take : assert (f_got == f_len && f_len < N_IN && left_q == N_IN - 1 - f_len
                         || core_rst_o && f_len == 0 && left_q == N_IN - 1);
        i_begun : assert (begun_q == (f_len != 0));
        if (begun_q) i_armed : assert (weights_loaded_o && !core_rst_o);
      end
      if (state_q == Run) i_run : assert (f_running && f_len == 0);
      else i_idle : assert (f_got < N_IN);
      if (state_q == Skip) i_skip : assert (f_len >= N_IN && (core_rst_o || f_got == 0));
      if (state_q != Take && state_q != Skip) i_first : assert (f_len == 0 && !core_rst_o);
      if (state_q == Start || state_q == Load || state_q == Over) i_free : assert (N_LOAD > 0 && f_got == 0);
      if (state_q == Load)
        i_load : assert (f_loading && !f_loaded && f_w_len < N_LOAD && f_filled == f_w_len
                         && left_q == N_LOAD - 1 - f_w_len);
      else i_shut : assert (!f_loading);
      if (state_q == Over) i_over : assert (f_w_len >= N_LOAD && !f_loaded);
      if (state_q != Load && state_q != Over) i_between : assert (f_w_len == 0);
      if (state_q == Run) i_loaded : assert (weights_loaded_o);
    end

    if (f_past && !$past(rst_i)) begin
      // AXI4-Stream: what is offered stays until it is taken.
      if ($past(m_axis_tvalid_o && !m_axis_tready_i)) begin
        a_stays : assert (m_axis_tvalid_o && $stable(m_axis_tdata_o) && $stable(m_axis_tlast_o));
      end
      if ($past(error_o)) a_once : assert (!error_o);
    end
    if (f_past && $past(rst_i)) a_low : assert (!m_axis_tvalid_o && !error_o && core_rst_o);
  end

  // A packet that is too short, one that is too long, then a result.
  reg f_short = 1'b0, f_long = 1'b0;
  always @(posedge clk_i) begin
    if (!rst_i && f_bad && s_axis_tlast_i) f_short <= 1'b1;
    if (!rst_i && f_short && f_bad && !s_axis_tlast_i) f_long <= 1'b1;
    if (f_past && !rst_i) begin
      c_result : cover (f_long && m_axis_tvalid_o && m_axis_tready_i && m_axis_tlast_o);
      c_wait : cover (m_axis_tvalid_o && !m_axis_tready_i && core_out_valid_i);
      if (N_LOAD > 0) c_again : cover (load_start_o && f_loaded);
      if (N_LOAD > 0) c_unloaded : cover (error_o && !core_rst_o);
    end
  end
`endif

endmodule

`default_nettype wire

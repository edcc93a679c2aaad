// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// dummy_core: stands in for the accelerator. Its result depends on every byte it took, in order, on
// the weights that were loaded last, and on the trace request, and it says when the link breaks the
// contract.
//
// Result: Fletcher-like sums over the weights and the bytes, a = sum of bytes, b = sum of the a's (both
// modulo 256), then
// with trace eight bytes (a & 1, 0, a, 0, 0, b, 0xFF, b & 1), so that zeros come in every place.
// The first byte comes (a & 63) + 2 cycles after the commit, and every third byte one cycle late.

`default_nettype none

module dummy_core #(
    parameter integer N_IN = 32,
    parameter integer N_LOAD = 0
) (
    input  wire       clk_i,
    input  wire       rst_i,
    input  wire       stall_i,     // the bench's: refuse bytes
    input  wire [7:0] core_data_i,
    input  wire       core_valid_i,
    output wire       core_ready_o,
    input  wire       core_trace_i,
    input  wire       core_commit_i,
    input  wire       core_abort_i,
    input  wire       load_start_i,
    input  wire       load_valid_i,
    output wire [7:0] res_data_o,
    output wire       res_valid_o,
    output wire       res_last_o,
    input  wire       res_ready_i,
    output reg        broken_o,    // the contract was broken; stays
    output reg [31:0] runs_o,
    output reg [31:0] aborts_o
);

  reg running_q;
  reg trace_q;
  reg [31:0] count_q;
  reg [31:0] loaded_q;  // bytes of weights since the last start
  reg [7:0] wa_q;       // the sums over them
  reg [7:0] wb_q;
  reg [7:0] a_q;
  reg [7:0] b_q;
  reg [7:0] wait_q;
  reg [3:0] pos_q;
  reg late_q;

  wire [7:0] a_next = a_q + core_data_i;
  wire [7:0] wa_next = wa_q + core_data_i;
  wire [3:0] last = trace_q ? 4'd9 : 4'd1;
  reg [7:0] res;

  always @(*) begin
    case (pos_q)
      4'd0: res = a_q;
      4'd1: res = b_q;
      4'd2: res = {7'b0, a_q[0]};
      4'd4: res = a_q;
      4'd7: res = b_q;
      4'd8: res = 8'hFF;
      4'd9: res = {7'b0, b_q[0]};
      default: res = 8'h00;
    endcase
  end

  assign core_ready_o = !running_q && !stall_i;
  assign res_data_o   = res_valid_o ? res : 8'hA5;
  assign res_valid_o  = running_q && wait_q == 8'd0 && !late_q;
  assign res_last_o   = pos_q == last;

  always @(posedge clk_i) begin
    if (rst_i) begin
      running_q <= 1'b0;
      count_q   <= 32'd0;
      loaded_q  <= 32'd0;
      wa_q      <= 8'd0;
      wb_q      <= 8'd0;
      a_q       <= 8'd0;
      b_q       <= 8'd0;
      broken_o  <= 1'b0;
      runs_o    <= 32'd0;
      aborts_o  <= 32'd0;
      trace_q   <= 1'b0;
      wait_q    <= 8'd0;
      pos_q     <= 4'd0;
      late_q    <= 1'b0;
    end else begin
      if (core_commit_i && core_abort_i) broken_o <= 1'b1;
      if (running_q && (core_valid_i || core_commit_i || core_abort_i || load_start_i || load_valid_i))
        broken_o <= 1'b1;
      // Weights come when no inference is being loaded, and an inference when all weights are there.
      if ((load_start_i || load_valid_i) && (count_q != 0 || N_LOAD == 0)) broken_o <= 1'b1;
      if (load_valid_i && loaded_q == N_LOAD) broken_o <= 1'b1;
      if (core_valid_i && loaded_q != N_LOAD) broken_o <= 1'b1;
      if (load_start_i) begin
        loaded_q <= 32'd0;
        wa_q     <= 8'd0;
        wb_q     <= 8'd0;
        a_q      <= 8'd0;
        b_q      <= 8'd0;
      end else if (load_valid_i) begin
        loaded_q <= loaded_q + 1;
        wa_q     <= wa_next;
        wb_q     <= wb_q + wa_next;
        a_q      <= wa_next;
        b_q      <= wb_q + wa_next;
      end
      if (running_q && core_trace_i != trace_q) broken_o <= 1'b1;
      if (core_valid_i && core_ready_o) begin
        if (count_q == N_IN) broken_o <= 1'b1;
        count_q <= count_q + 1;
        a_q     <= a_next;
        b_q     <= b_q + a_next;
      end
      if (core_commit_i) begin
        if (count_q != N_IN) broken_o <= 1'b1;
        running_q <= 1'b1;
        trace_q   <= core_trace_i;
        wait_q    <= {2'b0, a_q[5:0]} + 8'd1;
        pos_q     <= 4'd0;
        late_q    <= 1'b0;
        runs_o    <= runs_o + 1;
      end
      if (core_abort_i) begin
        count_q  <= 32'd0;
        a_q      <= wa_q;
        b_q      <= wb_q;
        aborts_o <= aborts_o + 1;
      end
      if (running_q) begin
        if (wait_q != 8'd0) wait_q <= wait_q - 1'b1;
        late_q <= 1'b0;
        if (res_valid_o && res_ready_i) begin
          pos_q  <= pos_q + 1'b1;
          late_q <= pos_q == 4'd2 || pos_q == 4'd5 || pos_q == 4'd8;
          if (res_last_o) begin
            running_q <= 1'b0;
            count_q   <= 32'd0;
            a_q       <= wa_q;
            b_q       <= wb_q;
          end
        end
      end
    end
  end

endmodule

`default_nettype wire

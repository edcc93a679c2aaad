// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// link_bench: the link with a dummy core behind it; link_bench.cpp is the host.

`default_nettype none

module link_bench #(
    parameter integer DIV = 8,
    parameter integer N_IN = 4,
    parameter integer N_LOAD = 0
) (
    input  wire        clk_i,
    input  wire        rst_i,
    input  wire        rx_i,
    input  wire        stall_i,
    output wire        tx_o,
    output wire        broken_o,
    output wire [31:0] runs_o,
    output wire [31:0] aborts_o,
    output wire [31:0] div_o,
    output wire [31:0] n_in_o,
    output wire [31:0] n_load_o
);

  wire [7:0] core_data;
  wire core_valid;
  wire core_ready;
  wire core_trace;
  wire core_commit;
  wire core_abort;
  wire load_start;
  wire load_valid;
  wire [7:0] res_data;
  wire res_valid;
  wire res_last;
  wire res_ready;

  assign div_o    = DIV;
  assign n_in_o   = N_IN;
  assign n_load_o = N_LOAD;

  link_top #(
      .DIV   (DIV),
      .N_IN  (N_IN),
      .N_LOAD(N_LOAD)
  ) u_top (
      .clk_i        (clk_i),
      .rst_i        (rst_i),
      .rx_i         (rx_i),
      .tx_o         (tx_o),
      .core_data_o  (core_data),
      .core_valid_o (core_valid),
      .core_ready_i (core_ready),
      .core_trace_o (core_trace),
      .core_commit_o(core_commit),
      .core_abort_o (core_abort),
      .load_start_o (load_start),
      .load_valid_o (load_valid),
      .res_data_i   (res_data),
      .res_valid_i  (res_valid),
      .res_last_i   (res_last),
      .res_ready_o  (res_ready)
  );

  dummy_core #(
      .N_IN  (N_IN),
      .N_LOAD(N_LOAD)
  ) u_core (
      .clk_i        (clk_i),
      .rst_i        (rst_i),
      .stall_i      (stall_i),
      .core_data_i  (core_data),
      .core_valid_i (core_valid),
      .core_ready_o (core_ready),
      .core_trace_i (core_trace),
      .core_commit_i(core_commit),
      .core_abort_i (core_abort),
      .load_start_i (load_start),
      .load_valid_i (load_valid),
      .res_data_o   (res_data),
      .res_valid_o  (res_valid),
      .res_last_o   (res_last),
      .res_ready_i  (res_ready),
      .broken_o     (broken_o),
      .runs_o       (runs_o),
      .aborts_o     (aborts_o)
  );

endmodule

`default_nettype wire

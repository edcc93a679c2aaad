// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// link_top: the whole link, serial line to core ports. The bench's device under test, and what is
// synthesised when the link's area is asked for.

`default_nettype none

module link_top #(
    parameter integer DIV = 104,
    parameter integer N_IN = 32,
    parameter integer N_LOAD = 0,
    parameter [127:0] ID = 128'h53796E66_69726500_01020300_00FF8000
) (
    input  wire       clk_i,
    input  wire       rst_i,
    input  wire       rx_i,
    output wire       tx_o,
    output wire [7:0] core_data_o,
    output wire       core_valid_o,
    input  wire       core_ready_i,
    output wire       core_trace_o,
    output wire       core_commit_o,
    output wire       core_abort_o,
    output wire       load_start_o,
    output wire       load_valid_o,
    input  wire [7:0] res_data_i,
    input  wire       res_valid_i,
    input  wire       res_last_i,
    output wire       res_ready_o
);

  wire [7:0] rx_data;
  wire rx_valid;
  wire [7:0] tx_data;
  wire tx_valid;
  wire tx_ready;
  wire unused_loaded;

  sf_uart_rx #(
      .DIV(DIV)
  ) u_rx (
      .clk_i  (clk_i),
      .rst_i  (rst_i),
      .rx_i   (rx_i),
      .data_o (rx_data),
      .valid_o(rx_valid)
  );

  sf_uart_tx #(
      .DIV(DIV)
  ) u_tx (
      .clk_i  (clk_i),
      .rst_i  (rst_i),
      .data_i (tx_data),
      .valid_i(tx_valid),
      .ready_o(tx_ready),
      .tx_o   (tx_o)
  );

  sf_host_link #(
      .N_IN  (N_IN),
      .N_LOAD(N_LOAD),
      .ID    (ID)
  ) u_link (
      .clk_i        (clk_i),
      .rst_i        (rst_i),
      .rx_data_i    (rx_data),
      .rx_valid_i   (rx_valid),
      .tx_data_o    (tx_data),
      .tx_valid_o   (tx_valid),
      .tx_ready_i   (tx_ready),
      .core_data_o  (core_data_o),
      .core_valid_o (core_valid_o),
      .core_ready_i (core_ready_i),
      .core_trace_o (core_trace_o),
      .core_commit_o(core_commit_o),
      .core_abort_o (core_abort_o),
      .load_start_o (load_start_o),
      .load_valid_o (load_valid_o),
      .loaded_o     (unused_loaded),
      .res_data_i   (res_data_i),
      .res_valid_i  (res_valid_i),
      .res_last_i   (res_last_i),
      .res_ready_o  (res_ready_o)
  );

endmodule

`default_nettype wire

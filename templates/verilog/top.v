// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// top: <{ model }> on <{ target }>, written by synfire <{ version }>.
// <{ line }> carries the frames of docs/host-link.md.
`default_nettype none

module top (
  input  wire clk_i,
<%- if spi %>
  input  wire spi_sck_i,
  input  wire spi_cs_ni,
  input  wire spi_mosi_i,
  output wire spi_miso_o,
<%- else %>
  input  wire uart_rx_i,
  output wire uart_tx_o,
<%- endif %>
<%- if power_on.is_some() %>
  output wire flash_sck_o,
  output wire flash_cs_no,
  output wire flash_mosi_o,
  input  wire flash_miso_i,
<%- endif %>
  output wire led_busy_<% if lit_high %>o<% else %>no<% endif %>,
  output wire led_error_<% if lit_high %>o<% else %>no<% endif %>
);

<%- match pll %>
<%- when Some with (pll) %>
  // <{ mhz }> MHz from <{ pin_mhz }> MHz.
  wire clk, locked;
  sf_pll_<{ family }> #(.REFERENCE(<{ pll.reference }>), .FEEDBACK(<{ pll.feedback }>), .OUTPUT(<{ pll.output }>)<% if family == "ice40" %>, .FILTER(<{ filter }>)<% endif %><% if family == "xc7" %>, .PERIOD_NS(<{ pin_ns }>)<% endif %>) u_pll (
    .clk_pin_i(clk_i), .clk_o(clk), .locked_o(locked)
  );
<%- when None %>
<%- endmatch %>

  wire rst;
  sf_por #(.LOG2_CYCLES(10)) u_por (.clk_i(<{ clock }>), .locked_i(<{ locked }>), .rst_o(rst));

  wire [7:0] rx_data, tx_data, core_data, res_data;
  wire rx_valid, tx_valid, tx_ready;
  wire core_valid, core_ready, core_trace, core_commit, core_abort;
  wire res_valid, res_last, res_ready;
  wire load_start, load_valid, loaded;

<%- if let Some(p) = power_on %>

  // The weights lie in the flash, as a request.
  wire [7:0] line_data;
  wire line_valid, booted;
  sf_flash_boot #(.OFFSET(<{ p.offset }>), .BYTES(<{ p.bytes }>), .WAIT(<{ p.wait }>)) u_boot (
    .clk_i(<{ clock }>), .rst_i(rst),
    .line_data_i(line_data), .line_valid_i(line_valid),
    .rx_data_o(rx_data), .rx_valid_o(rx_valid), .done_o(booted),
    .flash_sck_o(flash_sck_o), .flash_cs_no(flash_cs_no), .flash_mosi_o(flash_mosi_o), .flash_miso_i(flash_miso_i)
  );
<%- endif %>

<%- if spi %>

  sf_spi u_spi (
    .clk_i(<{ clock }>), .sck_i(spi_sck_i), .cs_ni(spi_cs_ni), .mosi_i(spi_mosi_i), .miso_o(spi_miso_o),
    .rx_data_o(<{ rx }>_data), .rx_valid_o(<{ rx }>_valid),
    .tx_data_i(tx_data), .tx_valid_i(tx_valid), .tx_ready_o(tx_ready)
  );
<%- else %>

  sf_uart_rx #(.DIV(<{ divider }>)) u_rx (
    .clk_i(<{ clock }>), .rst_i(rst), .rx_i(uart_rx_i), .data_o(<{ rx }>_data), .valid_o(<{ rx }>_valid)
  );

  sf_uart_tx #(.DIV(<{ divider }>)) u_tx (
    .clk_i(<{ clock }>), .rst_i(rst), .data_i(tx_data), .valid_i(tx_valid), .ready_o(tx_ready), .tx_o(uart_tx_o)
  );
<%- endif %>

  sf_host_link #(.N_IN(<{ inputs }>), .N_LOAD(<{ load_bytes }>), .ID(128'h<{ identity }>)) u_link (
    .clk_i(<{ clock }>), .rst_i(rst),
    .rx_data_i(rx_data), .rx_valid_i(rx_valid),
    .tx_data_o(tx_data), .tx_valid_o(tx_valid), .tx_ready_i(tx_ready),
    .core_data_o(core_data), .core_valid_o(core_valid), .core_ready_i(core_ready),
    .core_trace_o(core_trace), .core_commit_o(core_commit), .core_abort_o(core_abort),
    .load_start_o(load_start), .load_valid_o(load_valid), .loaded_o(loaded),
    .res_data_i(res_data), .res_valid_i(res_valid), .res_last_i(res_last), .res_ready_o(res_ready)
  );

  wire [<{ probes.events - 1 }>:0] probe_event;
  wire [<{ probes.steps - 1 }>:0] probe_step, probe_spike;
<%- if probes.job %>
  wire [7:0] probe_job;
<%- endif %>

  wire core_rst;
  sf_reset u_reset (.clk_i(<{ clock }>), .rst_i(rst), .abort_i(core_abort), .rst_o(core_rst));

  sf_core u_core (
    .clk_i(<{ clock }>), .rst_i(core_rst), .trace_i(core_trace),
    .in_data_i(core_data), .in_valid_i(core_valid), .in_ready_o(core_ready),
    .out_data_o(res_data), .out_valid_o(res_valid), .out_ready_i(res_ready), .out_last_o(res_last),
<%- if load_bytes > 0 %>
    .load_start_i(load_start), .load_valid_i(load_valid), .load_data_i(core_data),
<%- endif %>
    .probe_event_o(probe_event), .probe_step_o(probe_step), .probe_spike_o(probe_spike)
<%- if probes.job %>, .probe_job_o(probe_job)<% endif %>
  );

<%- if lit_high %>

  // These LEDs light when driven high.
  wire busy_n, error_n;
  assign led_busy_o  = !busy_n;
  assign led_error_o = !error_n;
<%- endif %>

  sf_status u_status (
    .clk_i(<{ clock }>), .rst_i(rst), .start_i(core_commit),
    .error_i(core_abort<% if power_on.is_some() %> | (booted & ~loaded)<% endif %>),
    .done_i(res_valid & res_ready & res_last),
    .led_busy_no(<% if lit_high %>busy_n<% else %>led_busy_no<% endif %>), .led_error_no(<% if lit_high %>error_n<% else %>led_error_no<% endif %>)
  );

  wire unused = &{1'b0, probe_event, probe_step, probe_spike<% if probes.job %>, probe_job<% endif %><% if load_bytes == 0 %>, load_start, load_valid<% endif %><% if power_on.is_none() %>, loaded<% endif %>};

endmodule

`default_nettype wire

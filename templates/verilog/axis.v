// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// synfire_axis: <{ model }> as a core with AXI4-Stream, written by synfire <{ version }>.
//
// Contract
//   aclk, aresetn    one clock; reset synchronous, active low, at least one cycle
//   s_axis_*         <{ input_bytes }> bytes an inference, one packet: tlast with the last one
//   m_axis_*         <{ result_bytes }> bytes a result, one packet: <{ classes }> logits (4 bytes each, lowest first),
//                    the class
<%- if trace_bytes > 0 %>; with TRACE = 1 then <{ trace_bytes }> bytes of spike trains
<%- endif %>
<%- if load_bytes > 0 %>
//   s_axis_weights_* <{ load_bytes }> bytes of weights, one packet, after each reset before the first
//                    inference, or between two of them: weights.bin
//   weights_loaded_o they are there; before, no inference is taken
<%- endif %>
//   error_o          one cycle: a packet was too short or too long. It is forgotten, and the next
//                    one is as good as any.
`default_nettype none

module synfire_axis
<%- if trace_bytes > 0 %> #(
  parameter TRACE = 0
)
<%- endif %> (
  input  wire       aclk,
  input  wire       aresetn,

  input  wire [7:0] s_axis_tdata,
  input  wire       s_axis_tvalid,
  output wire       s_axis_tready,
  input  wire       s_axis_tlast,

  output wire [7:0] m_axis_tdata,
  output wire       m_axis_tvalid,
  input  wire       m_axis_tready,
  output wire       m_axis_tlast,

<%- if load_bytes > 0 %>

  input  wire [7:0] s_axis_weights_tdata,
  input  wire       s_axis_weights_tvalid,
  output wire       s_axis_weights_tready,
  input  wire       s_axis_weights_tlast,
  output wire       weights_loaded_o,

<%- endif %>

  output wire       error_o
);

  wire       core_rst;
  wire [7:0] in_data, out_data;
  wire       in_valid, in_ready, out_valid, out_ready, out_last;
  wire [7:0] load_data;
  wire       load_start, load_valid;
<%- if load_bytes == 0 %>
  wire       weights_ready, weights_loaded;
<%- endif %>

  sf_axis #(.N_IN(<{ input_bytes }>), .N_LOAD(<{ load_bytes }>)) u_axis (
    .clk_i(aclk), .rst_i(!aresetn),
    .s_axis_tdata_i(s_axis_tdata), .s_axis_tvalid_i(s_axis_tvalid),
    .s_axis_tlast_i(s_axis_tlast), .s_axis_tready_o(s_axis_tready),
    .m_axis_tdata_o(m_axis_tdata), .m_axis_tvalid_o(m_axis_tvalid),
    .m_axis_tlast_o(m_axis_tlast), .m_axis_tready_i(m_axis_tready),
<%- if load_bytes > 0 %>
    .s_axis_weights_tdata_i(s_axis_weights_tdata), .s_axis_weights_tvalid_i(s_axis_weights_tvalid),
    .s_axis_weights_tlast_i(s_axis_weights_tlast), .s_axis_weights_tready_o(s_axis_weights_tready),
    .weights_loaded_o(weights_loaded_o),
<%- else %>
    .s_axis_weights_tdata_i(8'h00), .s_axis_weights_tvalid_i(1'b0),
    .s_axis_weights_tlast_i(1'b0), .s_axis_weights_tready_o(weights_ready),
    .weights_loaded_o(weights_loaded),
<%- endif %>
    .error_o(error_o), .core_rst_o(core_rst),
    .core_in_data_o(in_data), .core_in_valid_o(in_valid), .core_in_ready_i(in_ready),
    .core_out_data_i(out_data), .core_out_valid_i(out_valid),
    .core_out_last_i(out_last), .core_out_ready_o(out_ready),
    .load_start_o(load_start), .load_valid_o(load_valid), .load_data_o(load_data)
  );

  wire [<{ probes.events - 1 }>:0] probe_event;
  wire [<{ probes.steps - 1 }>:0] probe_step, probe_spike;
<%- if probes.job %>
  wire [7:0] probe_job;
<%- endif %>

  sf_core u_core (
    .clk_i(aclk), .rst_i(core_rst), .trace_i(<% if trace_bytes > 0 %>TRACE != 0<% else %>1'b0<% endif %>),
    .in_data_i(in_data), .in_valid_i(in_valid), .in_ready_o(in_ready),
    .out_data_o(out_data), .out_valid_o(out_valid), .out_ready_i(out_ready), .out_last_o(out_last),
<%- if load_bytes > 0 %>
    .load_start_i(load_start), .load_valid_i(load_valid), .load_data_i(load_data),
<%- endif %>
    .probe_event_o(probe_event), .probe_step_o(probe_step), .probe_spike_o(probe_spike)
<%- if probes.job %>, .probe_job_o(probe_job)<% endif %>
  );

  wire unused = &{1'b0, probe_event, probe_step, probe_spike<% if probes.job %>, probe_job<% endif %><% if load_bytes == 0 %>, load_start, load_valid, load_data, weights_ready, weights_loaded<% endif %>};

endmodule

`default_nettype wire

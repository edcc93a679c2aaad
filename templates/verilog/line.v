// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_core: <{ model }>, <{ timesteps }> timesteps on a line of <{ engines.len() }> processors, written by synfire <{ version }>.
//
// Contract
//   in_*     <{ inputs }> bytes an inference, in order, valid/ready
//   trace_i  stable while a result is sent: 1 appends the maps of trains
//   out_*    result bytes: <{ classes }> logits (4 bytes each, lowest first), the class; then
//            with trace_i the <{ train_depth }> words of all maps of trains, <{ train_bytes }> bytes each
//   rst_i    also abandons an inference; memories keep their contents
//   probe_*  a bit a processor, for traces in simulation; nothing in hardware hangs on them
`default_nettype none

module sf_core (
  input  wire       clk_i,
  input  wire       rst_i,
  input  wire       trace_i,
  input  wire [7:0] in_data_i,
  input  wire       in_valid_i,
  output wire       in_ready_o,
  output wire [7:0] out_data_o,
  output wire       out_valid_o,
  input  wire       out_ready_i,
  output wire       out_last_o,
  output wire [<{ last }>:0] probe_event_o,
  output wire [<{ last }>:0] probe_step_o,
  output wire [<{ last }>:0] probe_spike_o
);

  // ---- input
  wire [<{ input_byte - 1 }>:0] level;
  wire level_valid;
  wire result_done = out_valid_o & out_ready_i & out_last_o;
  sf_intake #(
    .NI(<{ inputs }>), .XW(<{ input_byte }>)
  ) u_intake (
    .clk_i(clk_i), .rst_i(rst_i),
    .in_data_i(in_data_i), .in_valid_i(in_valid_i), .in_ready_o(in_ready_o),
    .x_data_o(level), .x_valid_o(level_valid), .x_ready_i(1'b1),
    .done_i(result_done)
  );

  wire [<{ last }>:0] begins, level_row, full;   // of the processors that read the input
  wire start = |begins;
<% for e in engines %>
  // ---- <{ e.name }>
  wire hold_<{ e.index }>, next_<{ e.index }>, row_<{ e.index }>;
  wire read_en_<{ e.index }>, gather_en_<{ e.index }>, add_en_<{ e.index }>, keep_we_<{ e.index }>, train_we_<{ e.index }>;
  wire [<{ e.addr_bits - 1 }>:0] read_addr_<{ e.index }>;
  wire [<{ current_bits - 1 }>:0] keep_data_<{ e.index }>;
  wire [<{ e.train_addr_bits - 1 }>:0] train_addr_<{ e.index }>;
  wire [<{ train_word - 1 }>:0] train_data_<{ e.index }>;
  wire signed [<{ e.sum_bits - 1 }>:0] q_data_<{ e.index }>;
  wire q_valid_<{ e.index }>;
<%- if e.input %>
  wire [<{ level_bits - 1 }>:0] level_<{ e.index }>;
  sf_input_map #(
    .C(<{ input.c }>), .H(<{ input.h }>), .W(<{ input.w }>), .HALO(<{ input.halo }>), .LW(<{ level_bits }>), .BYTES(<{ input_word_bytes }>)
  ) u_input_map_<{ e.index }> (
    .clk_i(clk_i), .rst_i(rst_i),
    .x_valid_i(level_valid), .x_data_i(level),
    .begin_o(begins[<{ e.index }>]), .row_o(level_row[<{ e.index }>]), .full_o(full[<{ e.index }>]),
    .re_i(read_en_<{ e.index }>), .raddr_i(read_addr_<{ e.index }>[<{ input.addr_bits - 1 }>:0]), .rdata_o(level_<{ e.index }>)
  );
<%- else %>
  assign begins[<{ e.index }>]    = 1'b0;
  assign level_row[<{ e.index }>] = 1'b0;
  assign full[<{ e.index }>]      = 1'b0;
<%- endif %>
<%- if e.gates.is_empty() %>
  assign hold_<{ e.index }> = 1'b0;
<%- else %>
  wire [<{ e.gates.len() - 1 }>:0] holds_<{ e.index }>;
  assign hold_<{ e.index }> = |holds_<{ e.index }>;
<%- for g in e.gates %>
  sf_rows #(
    .ROWS(<{ g.rows }>), .OWN(<{ g.own }>), .FIRST(<{ g.first }>), .STEP(<{ g.step }>)<% if g.start > 0 %>, .START(<{ g.start }>), .EACH(<{ g.each }>)<% endif %>
  ) u_rows_<{ e.index }>_<{ loop.index0 }> (
    .clk_i(clk_i), .rst_i(rst_i), .start_i(start),
    .written_i(<{ g.writer }>), .next_i(next_<{ e.index }>), .hold_o(holds_<{ e.index }>[<{ loop.index0 }>])
  );
<%- endfor %>
<%- endif %>
  sf_job_<{ e.index }> u_job_<{ e.index }> (
    .clk_i(clk_i), .rst_i(rst_i), .start_i(start),
    .hold_i(hold_<{ e.index }>), .next_o(next_<{ e.index }>), .row_o(row_<{ e.index }>),
    .read_en_o(read_en_<{ e.index }>), .read_addr_o(read_addr_<{ e.index }>), .word_i(<{ e.word }>),
    .gather_en_o(gather_en_<{ e.index }>), .gathered_i(<% match e.gathered %><% when Some(m) %>currents_<{ m }><% when None %>{<{ current_bits }>{1'b0}}<% endmatch %>),
    .add_en_o(add_en_<{ e.index }>), .added_i(<% match e.added %><% when Some(m) %>currents_<{ m }><% when None %>{<{ current_bits }>{1'b0}}<% endmatch %>),
    .keep_we_o(keep_we_<{ e.index }>), .keep_data_o(keep_data_<{ e.index }>),
    .train_we_o(train_we_<{ e.index }>), .train_addr_o(train_addr_<{ e.index }>), .train_data_o(train_data_<{ e.index }>),
    .q_data_o(q_data_<{ e.index }>), .q_valid_o(q_valid_<{ e.index }>), .q_ready_i(<% if e.index == last %>q_ready<% else %>1'b1<% endif %>),
    .probe_event_o(probe_event_o[<{ e.index }>]), .probe_step_o(probe_step_o[<{ e.index }>]), .probe_spike_o(probe_spike_o[<{ e.index }>])
  );
<% endfor %>
  // ---- maps of currents, a memory for each user: all of a map, or a ring of rows
<%- for m in currents %>
  wire [<{ current_bits - 1 }>:0] currents_<{ loop.index0 }>;
  sf_handed #(
    .WIDTH(<{ current_bits }>), .DEPTH(<{ m.depth }>), .SEQ(<% if m.adds %>1<% else %>0<% endif %>)
  ) u_currents_<{ loop.index0 }> (
    .clk_i(clk_i), .start_i(start),
    .we_i(keep_we_<{ m.writer }>), .wdata_i(keep_data_<{ m.writer }>),
<%- if m.adds %>
    .re_i(add_en_<{ m.user }>), .raddr_i({<{ m.addr_bits }>{1'b0}}), .rdata_o(currents_<{ loop.index0 }>)
<%- else %>
    .re_i(gather_en_<{ m.user }>), .raddr_i(read_addr_<{ m.user }>[<{ m.addr_bits - 1 }>:0]), .rdata_o(currents_<{ loop.index0 }>)
<%- endif %>
  );
<%- endfor %>

  // ---- maps of trains, a memory for each reader; the first one of a map is sent to the host
  wire [<{ sources * 8 - 1 }>:0] src_data;
  wire [<{ sources - 1 }>:0] src_valid, src_last, src_ready, src_turn;
<%- for m in trains %>
  wire [<{ train_word - 1 }>:0] <{ m.name }>;
<%- if let Some(k) = m.source %>
  wire dump_en_<{ k }>;
  wire [<{ m.addr_bits - 1 }>:0] dump_addr_<{ k }>;
  sf_dump #(
    .WIDTH(<{ train_word }>), .DEPTH(<{ m.depth }>)
  ) u_dump_<{ k }> (
    .clk_i(clk_i), .rst_i(rst_i), .turn_i(src_turn[<{ k }>]),
    .re_o(dump_en_<{ k }>), .raddr_o(dump_addr_<{ k }>), .rdata_i(<{ m.name }>),
    .out_data_o(src_data[<{ 8 * k + 7 }>:<{ 8 * k }>]), .out_valid_o(src_valid[<{ k }>]), .out_ready_i(src_ready[<{ k }>]), .out_last_o(src_last[<{ k }>])
  );
<%- endif %>
  sf_map #(
    .WIDTH(<{ train_word }>), .DEPTH(<{ m.depth }>)
  ) u_<{ m.name }> (
    .clk_i(clk_i),
    .we_i(train_we_<{ m.writer }>), .waddr_i(train_addr_<{ m.writer }>[<{ m.addr_bits - 1 }>:0]), .wdata_i(train_data_<{ m.writer }>),
<%- match (m.reader, m.source) %>
<%- when (Some(r), Some(k)) %>
    .re_i(read_en_<{ r }> | dump_en_<{ k }>), .raddr_i(dump_en_<{ k }> ? dump_addr_<{ k }> : read_addr_<{ r }>[<{ m.addr_bits - 1 }>:0]),
<%- when (Some(r), None) %>
    .re_i(read_en_<{ r }>), .raddr_i(read_addr_<{ r }>[<{ m.addr_bits - 1 }>:0]),
<%- when (None, Some(k)) %>
    .re_i(dump_en_<{ k }>), .raddr_i(dump_addr_<{ k }>),
<%- when (None, None) %>
    .re_i(1'b0), .raddr_i({<{ m.addr_bits }>{1'b0}}),
<%- endmatch %>
    .rdata_o(<{ m.name }>)
  );
<%- endfor %>

  // ---- result
  wire q_ready;
  // What is sent are bytes.
  wire signed [<{ readout.logit_bits - 1 }>:0] unused_logit;
  wire unused_logit_valid;
  sf_readout #(
    .N(<{ classes }>), .IW(<{ sum_bits }>), .GW(<{ readout.gain_bits }>), .OW(<{ readout.offset_bits }>), .LW(<{ readout.logit_bits }>),
    .BLOCK(<{ readout.block }>), .INIT("readout.hex")
  ) u_readout (
    .clk_i(clk_i), .rst_i(rst_i), .last_step_i(1'b0), .mask_i(1'b1),
    .x_data_i(q_data_<{ last }>), .x_valid_i(q_valid_<{ last }>), .x_ready_o(q_ready),
    .l_data_o(unused_logit), .l_valid_o(unused_logit_valid),
    .out_data_o(src_data[7:0]), .out_valid_o(src_valid[0]), .out_ready_i(src_ready[0]), .out_last_o(src_last[0])
  );
  sf_stream_seq #(
    .N(<{ sources }>)
  ) u_result (
    .clk_i(clk_i), .rst_i(rst_i), .all_i(trace_i),
    .src_data_i(src_data), .src_valid_i(src_valid), .src_last_i(src_last),
    .src_ready_o(src_ready), .turn_o(src_turn),
    .out_data_o(out_data_o), .out_valid_o(out_valid_o), .out_ready_i(out_ready_i), .out_last_o(out_last_o)
  );

  // What only some processors have, and addresses wider than a memory's.
  wire unused = &{1'b0, src_turn[0], level_row, full
<%- for e in engines %>, next_<{ e.index }>, row_<{ e.index }>, read_en_<{ e.index }>, read_addr_<{ e.index }>, gather_en_<{ e.index }>, add_en_<{ e.index }>, keep_we_<{ e.index }>, keep_data_<{ e.index }>, train_we_<{ e.index }>, train_addr_<{ e.index }>, train_data_<{ e.index }>, q_data_<{ e.index }>, q_valid_<{ e.index }><% endfor -%>};

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_core: <{ model }>, <{ timesteps }> timesteps, written by synfire <{ version }>.
//
// Contract
//   in_*     <{ bytes }> bytes an inference, in order, valid/ready<% if knobs.is_some() %>: what is left out (sf_knobs), then <{ inputs }> inputs<% endif %>
//   trace_i  stable while a result is sent: 1 appends the spike trains
//   out_*    result bytes: <{ classes }> logits (4 bytes each, lowest first), the class; then
//            with trace_i the trains of every layer that fires
//   rst_i    also abandons an inference; memories keep their contents
<%- if load_bytes > 0 %>
//   load_*   weights, before the first inference: start, then <{ load_bytes }> bytes, each taken
//            at once
<%- endif %>
//   probe_*  for traces in simulation; nothing in hardware hangs on them
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
<%- if load_bytes > 0 %>
  input  wire       load_start_i,
  input  wire       load_valid_i,
  input  wire [7:0] load_data_i,
<%- endif %>
  output wire [<{ dense_count - 1 }>:0] probe_event_o,
  output wire [<{ lif_count - 1 }>:0] probe_step_o,
  output wire [<{ lif_count - 1 }>:0] probe_spike_o
);

  wire done = out_valid_o & out_ready_i & out_last_o;

  // Streams between the stages.
<%- for net in nets %>
  wire <% if net.signed %>signed <% endif %>[<{ net.width - 1 }>:0] d<{ loop.index0 }>;
  wire v<{ loop.index0 }>, r<{ loop.index0 }>;
<%- endfor %>
<%- if load_bytes > 0 %>

  // The bytes of the weights, from memory to memory.
  wire [<{ loads }>:0] load_valid;
  assign load_valid[0] = load_valid_i;
<%- endif %>

  // What is sent: the result, then the kept spike trains.
  wire [<{ sources * 8 - 1 }>:0] src_data;
  wire [<{ sources - 1 }>:0] src_valid, src_last, src_ready, src_turn;

<%- if let Some(k) = knobs %>
  // What this inference leaves out.
  wire [7:0] input_data;
  wire input_valid, input_ready;
  wire [<{ step_bits - 1 }>:0] last_step;
  wire [<{ k.members - 1 }>:0] mask;
  wire may_stop;
<%- if k.stops %>
  // The class is settled: what is still at work is reset.
  wire stop;
  wire [<{ k.members - 1 }>:0] ran;
  wire rst = rst_i | stop;
<%- else %>
  wire unused_stop = &{1'b0, may_stop};
<%- endif %>
  sf_knobs #(
    .T(<{ timesteps }>), .MEMBERS(<{ k.members }>)
  ) u_knobs (
    .clk_i(clk_i), .rst_i(rst_i),
    .in_data_i(in_data_i), .in_valid_i(in_valid_i), .in_ready_o(in_ready_o),
    .out_data_o(input_data), .out_valid_o(input_valid), .out_ready_i(input_ready),
    .done_i(done), .last_step_o(last_step), .may_stop_o(may_stop), .mask_o(mask)
  );
<%- if k.members == 1 %>
  wire unused_mask = &{1'b0, mask};
<%- endif %>
<%- endif %>

  sf_intake #(
    .NI(<{ inputs }>), .XW(<{ input_bits }>)
  ) u_intake (
    .clk_i(clk_i), .rst_i(rst_i),
<%- if knobs.is_some() %>
    .in_data_i(input_data), .in_valid_i(input_valid), .in_ready_o(input_ready),
<%- else %>
    .in_data_i(in_data_i), .in_valid_i(in_valid_i), .in_ready_o(in_ready_o),
<%- endif %>
    .x_data_o(d0), .x_valid_o(v0), .x_ready_i(r0),
    .done_i(done)
  );
<% for s in stages %>
<%- match s.module %>
<%- when Module::Dense with (p) %>
  // <{ s.name }>: <{ p.ni }> inputs, <{ p.no }> neurons in <{ p.groups }> groups of <{ p.lanes }> lanes
  wire w<{ s.index }>_en;
  wire [<{ p.addr_bits - 1 }>:0] w<{ s.index }>_addr;
  wire [<{ p.lanes - 1 }>:0] w<{ s.index }>_data;
  sf_dense #(
    .NI(<{ p.ni }>), .NO(<{ p.no }>), .P(<{ p.lanes }>), .XW(<{ p.xw }>), .TP(<{ p.tp }>), .AW(<{ p.aw }>)<% if p.zeros > 0 %>, .ZEROS(<{ p.zeros }>)<% endif %>
    <%- if p.split > 0 %>,
    .MEMBERS(<{ p.members }>), .SPLIT(<{ p.split }>)
    <%- endif %>
  ) u_<{ s.index }>_dense (
    .clk_i(clk_i), .rst_i(<{ reset }>), .mask_i(<% if p.split > 0 %>mask<% else %>1'b1<% endif %>),
    .x_data_i(d<{ s.from }>), .x_valid_i(v<{ s.from }>), .x_ready_o(r<{ s.from }>),
    .y_data_o(d<{ s.to }>), .y_valid_o(v<{ s.to }>), .y_ready_i(r<{ s.to }>),
    .w_en_o(w<{ s.index }>_en), .w_addr_o(w<{ s.index }>_addr), .w_data_i(w<{ s.index }>_data),
    .event_o(probe_event_o[<{ p.probe }>])
  );
<%- match p.memory %>
<%- when WeightMemory::Rom with { block, init } %>

  sf_rom #(
    .WIDTH(<{ p.lanes }>), .DEPTH(<{ p.depth }>), .BLOCK(<{ block }>), .INIT("<{ init }>")
  ) u_<{ s.index }>_weights (
    .clk_i(clk_i),
    .en_i(w<{ s.index }>_en), .addr_i(w<{ s.index }>_addr), .data_o(w<{ s.index }>_data)
  );
<%- when WeightMemory::Spram with { turn } %>

  sf_spram #(
    .WIDTH(<{ p.lanes }>), .DEPTH(<{ p.depth }>)
  ) u_<{ s.index }>_weights (
    .clk_i(clk_i), .rst_i(<{ reset }>),
    .en_i(w<{ s.index }>_en), .addr_i(w<{ s.index }>_addr), .data_o(w<{ s.index }>_data),
    .load_start_i(load_start_i), .load_data_i(load_data_i),
    .load_valid_i(load_valid[<{ turn }>]), .load_valid_o(load_valid[<{ turn + 1 }>])
  );
<%- endmatch %>
<% when Module::Planes with (p) %>
  // <{ s.name }>: <{ p.w }> planes make a sum
  sf_planes #(
    .W(<{ p.w }>), .IW(<{ p.iw }>), .OW(<{ p.ow }>)
  ) u_<{ s.index }>_planes (
    .clk_i(clk_i), .rst_i(<{ reset }>),
    .x_data_i(d<{ s.from }>), .x_valid_i(v<{ s.from }>), .x_ready_o(r<{ s.from }>),
    .y_data_o(d<{ s.to }>), .y_valid_o(v<{ s.to }>), .y_ready_i(r<{ s.to }>)
  );
<% when Module::Lif with (p) %>
  // <{ s.name }>: <{ p.n }> neurons
  sf_lif #(
    .N(<{ p.n }>), .T(<{ timesteps }>), .IW(<{ p.iw }>), .VW(<{ p.vw }>), .FRAC(<{ p.frac }>), .K(<{ p.k }>), .M(<{ p.m }>),
    .RESET(<{ p.reset }>), .STRICT(<{ p.strict }>), .HOLD(<{ p.hold }>), .BW(<{ p.bw }>), .TW(<{ p.tw }>),
    .BLOCK(<{ p.block }>), .INIT("<{ p.init }>")
    <%- if p.knobs %>, .KNOBS(1)<% endif %><% if p.members > 1 %>, .MEMBERS(<{ p.members }>)<% endif %>
  ) u_<{ s.index }>_lif (
    .clk_i(clk_i), .rst_i(<{ reset }>),
    .last_step_i(<% if p.knobs %>last_step<% else %><{ step_bits }>'d0<% endif %>), .mask_i(<% if p.members > 1 %>mask<% else %>1'b1<% endif %>),
    .x_data_i(d<{ s.from }>), .x_valid_i(v<{ s.from }>), .x_ready_o(r<{ s.from }>),
    .s_data_o(d<{ s.to }>), .s_valid_o(v<{ s.to }>), .s_ready_i(r<{ s.to }>),
    .step_o(probe_step_o[<{ p.probe }>]), .spike_o(probe_spike_o[<{ p.probe }>])
  );
<%- if trace %>

  sf_trace #(
    .N(<{ p.n }>), .T(<{ timesteps }>)<% if p.members > 1 %>, .MEMBERS(<{ p.members }>)<% endif %>
  ) u_<{ s.index }>_trace (
    .clk_i(clk_i), .rst_i(<{ reset }>), .mask_i(<% if p.members > 1 %>mask<% else %>1'b1<% endif %>), .ran_i(<% if p.members > 1 %><{ ran }><% else %>1'b1<% endif %>),
    .s_data_i(d<{ s.to }>), .s_valid_i(v<{ s.to }>), .s_ready_i(r<{ s.to }>),
    .dump_i(src_turn[<{ p.probe + 1 }>]),
    .out_data_o(src_data[<{ p.probe * 8 + 15 }>:<{ p.probe * 8 + 8 }>]), .out_valid_o(src_valid[<{ p.probe + 1 }>]),
    .out_ready_i(src_ready[<{ p.probe + 1 }>]), .out_last_o(src_last[<{ p.probe + 1 }>])
  );
<%- endif %>
<% when Module::Count with (p) %>
  sf_count_ones #(
    .W(<{ p.w }>)
  ) u_<{ s.index }>_count (
    .x_i(d<{ s.from }>), .y_o(d<{ s.to }>)
  );
  assign v<{ s.to }> = v<{ s.from }>;
  assign r<{ s.from }> = r<{ s.to }>;
<% when Module::Readout with (p) %>
  // <{ s.name }>: <{ p.n }> classes
  sf_readout #(
    .N(<{ p.n }>), .IW(<{ p.iw }>), .GW(<{ p.gw }>), .OW(<{ p.ow }>), .LW(<{ p.lw }>),
    .BLOCK(<{ p.block }>), .INIT("<{ p.init }>")
    <%- if p.steps > 1 %>, .STEPS(<{ p.steps }>)<% endif %><% if p.members > 1 %>, .MEMBERS(<{ p.members }>)<% endif %><% if p.margins.is_some() %>, .EVERY(1)<% endif %>
  ) u_<{ s.index }>_readout (
    .clk_i(clk_i), .rst_i(<{ reset }>),
    .last_step_i(<% if p.steps > 1 %>last_step<% else %>1'b0<% endif %>), .mask_i(<% if p.members > 1 %>mask<% else %>1'b1<% endif %>),
    .x_data_i(<{ p.input }>), .x_valid_i(v<{ s.from }>), .x_ready_o(r<{ s.from }>),
<%- match p.margins %>
<%- when Some with (margins) %>
    .l_data_o(logit), .l_valid_o(logit_valid),
    .out_data_o(unused_data), .out_valid_o(unused_valid), .out_ready_i(1'b1), .out_last_o(unused_last)
  );
  wire signed [<{ p.lw - 1 }>:0] logit;
  wire logit_valid, unused_valid, unused_last;
  wire [7:0] unused_data;
  sf_decide #(
    .N(<{ p.n }>), .LW(<{ p.lw }>), .MEMBERS(<{ p.members }>), .INIT("<{ margins }>")
  ) u_<{ s.index }>_decide (
    .clk_i(clk_i), .rst_i(rst_i), .mask_i(mask), .may_stop_i(may_stop),
    .l_data_i(logit), .l_valid_i(logit_valid), .stop_o(stop), .ran_o(ran),
<%- when None %>
    .l_data_o(unused_logit), .l_valid_o(unused_logit_valid),
<%- endmatch %>
    .out_data_o(src_data[7:0]), .out_valid_o(src_valid[0]),
    .out_ready_i(src_ready[0]), .out_last_o(src_last[0])
  );
<%- if p.margins.is_none() %>
  wire signed [<{ p.lw - 1 }>:0] unused_logit;
  wire unused_logit_valid;
<%- endif %>
<% endmatch %>
<%- endfor %>
  sf_stream_seq #(
    .N(<{ sources }>)
  ) u_result (
    .clk_i(clk_i), .rst_i(rst_i), .all_i(trace_i),
    .src_data_i(src_data), .src_valid_i(src_valid), .src_last_i(src_last),
    .src_ready_o(src_ready), .turn_o(src_turn),
    .out_data_o(out_data_o), .out_valid_o(out_valid_o), .out_ready_i(out_ready_i), .out_last_o(out_last_o)
  );

  // The result does not wait for its turn: it is always the first.
  wire unused = &{1'b0, src_turn[0]};
<%- if load_bytes > 0 %>

  // The last memory's bytes end the image.
  wire unused_load = &{1'b0, load_valid[<{ loads }>]};
<%- endif %>

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
<%- if let Some(e) = engine %>
//
// sf_job_<{ e.index }>: <{ e.name }>, <{ e.words }>: a processor of a line, written by synfire <{ version }>.
//
// Contract
//   start_i     one cycle: an inference begins
//   hold_i      a row that the next one needs is not there yet
//   next_o      one cycle: the last word of a row is read; row_o: a row of the result is written
//   read_*      a word of a map is read: at word_i in the next cycle, until the next read; or
//   gather_*    a current is, at gathered_i
//   add_en_o    the next current to be added is read: at added_i in the next cycle
//   keep_*      a current is written to the next place, train_* a word of trains
//   q_*         sums for the readout, valid/ready
//   probe_*     for traces in simulation
`default_nettype none

module sf_job_<{ e.index }> (
  input  wire       clk_i,
  input  wire       rst_i,
  input  wire       start_i,
  input  wire       hold_i,
  output wire       next_o,
  output wire       row_o,
  output wire       read_en_o,
  output wire [<{ addr_bits - 1 }>:0] read_addr_o,
  input  wire [<{ fetch_bits - 1 }>:0] word_i,
  output wire       gather_en_o,
  input  wire [<{ current_bits - 1 }>:0] gathered_i,
  output wire       add_en_o,
  input  wire [<{ current_bits - 1 }>:0] added_i,
  output wire       keep_we_o,
  output wire [<{ current_bits - 1 }>:0] keep_data_o,
  output wire       train_we_o,
  output wire [<{ train_addr_bits - 1 }>:0] train_addr_o,
  output wire [<{ train_word - 1 }>:0] train_data_o,
  output wire signed [<{ sum_bits - 1 }>:0] q_data_o,
  output wire       q_valid_o,
  input  wire       q_ready_i,
  output wire       probe_event_o,
  output wire       probe_step_o,
  output wire       probe_spike_o
);

  // ---- the numbers of the job
<%- for v in e.values %>
  wire [<{ v.width - 1 }>:0] j_<{ v.name }> = <{ v.literal }>;
<%- endfor %>
  wire start       = start_i;
  wire chunk_first = 1'b1;
  wire chunk_last  = 1'b1;
  wire chunk_turn  = 1'b0;

  // ---- the map that is read
  wire read_en;
  wire [<{ addr_bits - 1 }>:0] read_addr;
  assign read_en_o   = read_en;
  assign read_addr_o = read_addr;
  wire [<{ train_word - 1 }>:0] train_seen = word_i[<{ train_word - 1 }>:0];
  wire [<{ fetch_bits - 1 }>:0] fetched    = word_i;
<%- else %>
//
// sf_core: <{ model }>, <{ timesteps }> timesteps on one processor<% if let Some(k) = chunks %> in <{ k.count }> chunks<% endif %>, written by synfire <{ version }>.
//
// Contract
//   in_*     <{ inputs }> bytes an inference, in order, valid/ready
//   trace_i  stable while a result is sent: 1 appends the train memory
//   out_*    result bytes: <{ classes }> logits (4 bytes each, lowest first), the class; then
//            with trace_i the <{ train_depth }> words of the train memory, <{ train_bytes }> bytes each
//   rst_i    also abandons an inference; memories keep their contents
<%- if load_bytes > 0 %>
//   load_*   weights, before the first inference: start, then <{ load_bytes }> bytes, each taken
//            at once
<%- endif %>
//   probe_*  for traces in simulation; nothing in hardware hangs on them
//
// Jobs
<%- for job in jobs %>
//   <{ loop.index0 }>  <{ job.name }>: <{ job.words }>
<%- endfor %>
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
  output wire [0:0] probe_event_o,
  output wire [0:0] probe_step_o,
  output wire [0:0] probe_spike_o,
  output wire [7:0] probe_job_o
);

  // ---- the numbers of the job that runs
  wire [<{ job_bits - 1 }>:0] job;
  wire start, go, done;
<%- for f in fields %>
  reg  [<{ f.width - 1 }>:0] j_<{ f.name }>;
<%- endfor %>
  always @(*) begin
    case (job)
<%- for job in jobs %>
<%- if !loop.last %>
      <{ job_bits }>'d<{ loop.index0 }>: begin
<%- else %>
      default: begin
<%- endif %>
<%- for v in job.values %>
        j_<{ v.name }> = <{ v.literal }>;
<%- endfor %>
      end
<%- endfor %>
    endcase
  end

  wire chunk_first, chunk_last, chunk_turn;
  sf_sequence #(.N(<{ jobs.len() }>)<% if let Some(k) = chunks %>, .K(<{ k.count }>)<% endif %>) u_sequence (
    .clk_i(clk_i), .rst_i(rst_i), .go_i(go), .done_i(done), .job_o(job), .start_o(start),
    .first_o(chunk_first), .last_o(chunk_last), .turn_o(chunk_turn)
  );
<%- if let Some(k) = chunks %>

  // ---- chunks of <{ width }> timesteps
<%- if k.input_part > 0 %>
  wire [<{ input.addr_bits - 1 }>:0] input_part, input_before;
  wire unused_before = &{1'b0, input_before};
  sf_part #(.AW(<{ input.addr_bits }>), .STEP(<{ k.input_part }>)) u_input_part (
    .clk_i(clk_i), .rst_i(rst_i), .turn_i(chunk_turn), .last_i(chunk_last),
    .base_o(input_part), .before_o(input_before)
  );
<%- endif %>
<%- if k.train_part > 0 %>
  wire [<{ train_addr_bits - 1 }>:0] train_part;
  wire [<{ train_addr_bits - 1 }>:0] train_before;
  sf_part #(.AW(<{ train_addr_bits }>), .STEP(<{ k.train_part }>)) u_train_part (
    .clk_i(clk_i), .rst_i(rst_i), .turn_i(chunk_turn), .last_i(chunk_last),
    .base_o(train_part), .before_o(train_before)
  );
<%- endif %>
<%- endif %>

  // ---- input map
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

  wire read_en;
  wire [<{ addr_bits - 1 }>:0] read_addr;
  wire [<{ level_bits - 1 }>:0] level_read;
  wire read_level = <{ read_level }>;
  wire begins, level_row;
  wire unused_rows = &{1'b0, begins, level_row};
  sf_input_map #(
    .C(<{ input.c }>), .H(<{ input.h }>), .W(<{ input.w }>), .HALO(<{ input.halo }>)<% if let Some(k) = chunks %><% if k.input_part > 0 %>, .K(<{ k.count }>)<% endif %><% endif %>, .LW(<{ level_bits }>), .BYTES(<{ input_word_bytes }>)
  ) u_input_map (
    .clk_i(clk_i), .rst_i(rst_i),
    .x_valid_i(level_valid), .x_data_i(level), .begin_o(begins), .row_o(level_row), .full_o(go),
    .re_i(read_en & read_level), .raddr_i(read_addr[<{ input.addr_bits - 1 }>:0]), .rdata_o(level_read)
  );

  // ---- train maps
  wire train_we, dump_en;
  wire [<{ train_addr_bits - 1 }>:0] train_waddr, dump_addr;
  wire [<{ train_word - 1 }>:0] train_wdata, train_read;
  sf_map #(
    .WIDTH(<{ train_word }>), .DEPTH(<{ train_depth }>)
  ) u_trains (
    .clk_i(clk_i),
    .we_i(train_we), .waddr_i(train_waddr), .wdata_i(train_wdata),
    .re_i((read_en & ~read_level) | dump_en),
    .raddr_i(dump_en ? dump_addr : read_addr[<{ train_addr_bits - 1 }>:0]), .rdata_o(train_read)
  );
<%- if let Some(k) = chunks %><% if k.before %>
  // The first chunk has none before it.
  wire [<{ train_word - 1 }>:0] train_seen = train_read & {<{ train_word }>{~(j_before & chunk_first)}};
<%- else %>
  wire [<{ train_word - 1 }>:0] train_seen = train_read;
<%- endif %><% else %>
  wire [<{ train_word - 1 }>:0] train_seen = train_read;
<%- endif %>

  wire [<{ fetch_bits - 1 }>:0] fetched = read_level ? <{ level_fetched }> : <{ train_fetched }>;
<%- endif %>

  // ---- words
  wire [<{ fetch_bits - 1 }>:0] f_data;
  wire row_end, f_valid, f_window_first, f_window_end, f_group_end, f_place_end, f_job_end;
  wire g_a_valid, g_a_next;
  wire [5:0] g_a_end;
  wire is_or = j_kind == 2'd3;
  wire is_gather = j_kind == 2'd2;
<%- if sums %>
  wire emit_ready;
<%- else %>
  wire emit_ready = 1'b0;
<%- endif %>
  sf_fetch #(
    .AW(<{ addr_bits }>), .CW(<{ count_bits }>), .DW(<{ fetch_bits }>)<% if let Some(e) = engine %>, .END(4), .ROW(<{ e.row }>)<% endif %>
  ) u_fetch (
    .clk_i(clk_i), .rst_i(rst_i), .start_i(start), .gather_i(is_gather), .hold_i(<% if engine.is_some() %>hold_i<% else %>1'b0<% endif %>), .row_o(row_end),
    .base_i(<% if let Some(k) = chunks %>j_base + (<{ k.base }>)<% else %>j_base<% endif %>),
    .count_i({j_count5, j_count4, j_count3, j_count2, j_count1, j_count0}),
    .delta_i({j_delta5, j_delta4, j_delta3, j_delta2, j_delta1, j_delta0}),
    .r_en_o(read_en), .r_addr_o(read_addr), .r_data_i(fetched),
    .w_valid_o(f_valid), .w_ready_i(is_or | (emit_ready & ~is_gather)), .w_data_o(f_data),
    .w_window_first_o(f_window_first), .w_window_end_o(f_window_end),
    .w_group_end_o(f_group_end), .w_place_end_o(f_place_end), .w_job_end_o(f_job_end),
    .g_valid_o(g_a_valid), .g_next_i(g_a_next), .g_end_o(g_a_end)
  );
<% if sums %>
<% if let Some(g) = gather %>
  // ---- operands gathered from currents
  wire [<{ current_bits - 1 }>:0] g_current;
  wire [<{ g.operand_bits - 1 }>:0] g_data;
  wire g_valid, g_group_end, g_place_end, g_job_end;
  sf_gather #(
    .T(<{ width }>), .CW(<{ current_bits }>), .SW(<{ g.sum_bits }>), .GW(<{ g.bits }>)
  ) u_gather (
    .clk_i(clk_i), .rst_i(rst_i),
    .a_valid_i(g_a_valid), .a_next_o(g_a_next), .a_end_i(<% if engine.is_some() %>{g_a_end[4], g_a_end[4:0]}<% else %>g_a_end<% endif %>), .shift_i(j_gather_shift), .c_data_i(g_current),
    .w_valid_o(g_valid), .w_ready_i(emit_ready & is_gather), .w_data_o(g_data),
    .w_group_end_o(g_group_end), .w_place_end_o(g_place_end), .w_job_end_o(g_job_end)
  );
<% else %>
  assign g_a_next = 1'b0;
<% endif %>
  // ---- events
  wire ev, ev_first, ev_last, drained, snap, snap_place_end, snap_job_end;
  wire [<{ row_bits - 1 }>:0] row;
  wire [<{ width * operand_bits - 1 }>:0] x;
  sf_emit #(
    .E(<{ pack }>), .T(<{ width }>), .XW(<{ operand_bits }>), .LW(<{ emit_level_bits }>), .LT(<{ input_trains }>), .COUNT(<{ counts }>), .GW(<{ gather_bits }>),
    .DW(<{ emit_bits }>), .RW(<{ row_bits }>), .PW(<{ plane_bits }>)
  ) u_emit (
    .clk_i(clk_i), .rst_i(rst_i), .start_i(start),
    .kind_i(j_kind), .count_i(<% if once_bits > 0 %>j_once & ~j_again<% else %>1'b0<% endif %>), .planes_i(j_planes), .row_i(j_row),
<%- if gather.is_some() %>
    .w_valid_i(is_gather ? g_valid : f_valid & ~is_or), .w_ready_o(emit_ready),
    .w_data_i(is_gather ? <{ gather_emitted }> : <{ fetch_emitted }>),
    .w_group_end_i(is_gather ? g_group_end : f_group_end),
    .w_place_end_i(is_gather ? g_place_end : f_place_end),
    .w_job_end_i(is_gather ? g_job_end : f_job_end),
<%- else %>
    .w_valid_i(f_valid & ~is_or), .w_ready_o(emit_ready),
    .w_data_i(<{ fetch_emitted }>),
    .w_group_end_i(f_group_end), .w_place_end_i(f_place_end), .w_job_end_i(f_job_end),
<%- endif %>
    .event_o(ev), .row_o(row), .x_o(x), .first_o(ev_first), .last_o(ev_last),
    .drained_i(drained), .snap_o(snap), .snap_place_end_o(snap_place_end), .snap_job_end_o(snap_job_end)
  );

  // ---- weights
  wire [<{ weight_bits - 1 }>:0] weights;
  wire [<{ weight_addr_bits - 1 }>:0] weight_addr = <{ weight_addr }>;
<%- if load_bytes > 0 %>
  wire load_rest;
  sf_spram #(
    .WIDTH(<{ weight_bits }>), .DEPTH(<{ weight_depth }>)
  ) u_weights (
    .clk_i(clk_i), .rst_i(rst_i),
    .en_i(ev), .addr_i(weight_addr), .data_o(weights),
    .load_start_i(load_start_i), .load_data_i(load_data_i), .load_valid_i(load_valid_i), .load_valid_o(load_rest)
  );
<%- else %>
  sf_rom #(
    .WIDTH(<{ weight_bits }>), .DEPTH(<{ weight_depth }>), .BLOCK(<{ weight_block }>), .INIT("<{ prefix }>weights.hex")
  ) u_weights (
    .clk_i(clk_i), .en_i(ev), .addr_i(weight_addr), .data_o(weights)
  );
<%- endif %>

  // ---- sums
  reg slice_q;
  always @(posedge clk_i) slice_q <= row[0];
  wire signed [<{ result_bits - 1 }>:0] y;
  wire y_valid, y_end, y_take;
  sf_lanes #(
    .P(<{ lanes }>), .T(<{ width }>), .XW(<{ operand_bits }>), .AW(<{ acc_bits }>), .ONCE(<{ once_bits }>), .SLICES(<{ slices }>)<% if products > 0 %>, .WHOLE(<{ products }>), .GATED(<{ gated }>)<% endif %>
  ) u_lanes (
    .clk_i(clk_i), .rst_i(rst_i),
    .event_i(ev), .x_i(x), .first_i(ev_first), .last_i(ev_last),
    .w_data_i(weights), .slice_i(slice_q), .half_i(j_half), .planes_i(j_multi),
    .once_i(<% if once_bits > 0 %>j_once<% else %>1'b0<% endif %>), .again_i(<% if once_bits > 0 %>j_again<% else %>1'b0<% endif %>),
    .snap_i(snap), .left_i(snap_place_end ? j_left_last : j_left), .end_i(snap_job_end),
    .y_data_o(y), .y_valid_o(y_valid), .y_end_o(y_end), .y_take_i(y_take), .empty_o(drained)
  );

  // ---- what becomes of them
  wire gain_en, neuron_en;
  wire [<{ gain_addr_bits - 1 }>:0] gain_addr;
  wire [<{ neuron_addr_bits - 1 }>:0] neuron_addr;
  sf_ring #(.AW(<{ gain_addr_bits }>), .NW(<{ channel_bits }>)) u_gain_ring (
    .clk_i(clk_i), .start_i(start), .base_i(j_gain), .last_i(j_channels), .next_i(gain_en), .addr_o(gain_addr)
  );
  sf_ring #(.AW(<{ neuron_addr_bits }>), .NW(<{ channel_bits }>)) u_neuron_ring (
    .clk_i(clk_i), .start_i(start), .base_i(j_neuron), .last_i(j_channels), .next_i(neuron_en), .addr_o(neuron_addr)
  );
  wire [<{ gain_word - 1 }>:0] gain;
  sf_rom #(
    .WIDTH(<{ gain_word }>), .DEPTH(<{ gain_depth }>), .BLOCK(<{ parameter_block }>), .INIT("<{ prefix }>gains.hex")
  ) u_gains (
    .clk_i(clk_i), .en_i(gain_en), .addr_i(gain_addr), .data_o(gain)
  );
  wire [<{ neuron_word - 1 }>:0] neuron;
  sf_rom #(
    .WIDTH(<{ neuron_word }>), .DEPTH(<{ neuron_depth }>), .BLOCK(<{ parameter_block }>), .INIT("<{ prefix }>neurons.hex")
  ) u_neurons (
    .clk_i(clk_i), .en_i(neuron_en), .addr_i(neuron_addr), .data_o(neuron)
  );

  wire add_en, keep_we;
  wire [<{ current_bits - 1 }>:0] added, kept;
  wire train_valid, train_end;
  wire [<{ width - 1 }>:0] train;
  wire signed [<{ sum_bits - 1 }>:0] q_data;
  wire q_valid, q_ready, tail_done;
  wire signed [<{ membrane_bits - 1 }>:0] membrane_read, membrane_kept;
  wire signed [<{ sum_bits - 1 }>:0] sum_read, sum_kept;
  wire membrane_we, sum_en, sum_we;
  wire signed [<{ membrane_bits - 1 }>:0] leak_read, leak_kept;
  wire leak_en, leak_we;
<%- match chunks %>
<%- when Some(k) %>
  sf_state #(.WIDTH(<{ membrane_bits }>), .DEPTH(<{ k.neurons }>)) u_membranes (
    .clk_i(clk_i), .rst_i(rst_i), .turn_i(chunk_turn), .first_i(chunk_first),
    .re_i(neuron_en), .rdata_o(membrane_read), .we_i(membrane_we), .wdata_i(membrane_kept)
  );
<%- match leaks %><% when Some(l) %>
  sf_state #(.WIDTH(<{ membrane_bits }>), .DEPTH(<{ l.all }>)) u_integrators (
    .clk_i(clk_i), .rst_i(rst_i), .turn_i(chunk_turn), .first_i(chunk_first),
    .re_i(leak_en), .rdata_o(leak_read), .we_i(leak_we), .wdata_i(leak_kept)
  );
<%- when None %>
  assign leak_read = {<{ membrane_bits }>{1'b0}};
<%- endmatch %>
<%- if k.sums %>
  sf_state #(.WIDTH(<{ sum_bits }>), .DEPTH(<{ classes }>)) u_sums (
    .clk_i(clk_i), .rst_i(rst_i), .turn_i(chunk_turn), .first_i(chunk_first),
    .re_i(sum_en), .rdata_o(sum_read), .we_i(sum_we), .wdata_i(sum_kept)
  );
<%- else %>
  assign sum_read = {<{ sum_bits }>{1'b0}};
<%- endif %>
<%- when None %>
  assign membrane_read = {<{ membrane_bits }>{1'b0}};
  assign leak_read = {<{ membrane_bits }>{1'b0}};
  assign sum_read = {<{ sum_bits }>{1'b0}};
<%- endmatch %>
  sf_tail #(
    .T(<{ width }>), .PW(<{ result_bits }>), .DW(<{ digit_bits }>), .ND(<{ digits }>),
    .GW(<{ gain_bits }>), .OW(<{ offset_bits }>), .HW(<{ membrane_bits }>), .FRAC(<{ frac }>), .CW(<{ current_bits }>),
    .BW(<{ bias_bits }>), .TW(<{ threshold_bits }>), .SG(4), .SN(<{ shifts }>),
    .KINDS(<{ kinds.count }>), .K(<{ kinds.leak_num }>), .M(<{ kinds.leak_shift }>), .RESET(<{ kinds.reset }>), .STRICT(<{ kinds.strict }>),
<%- if let Some(l) = leaks %>
    .LEAKS(<{ l.count }>), .LK(<{ l.num }>), .LM(<{ l.shift }>),
<%- if let Some(r) = l.resets %>
    .LRESET(<{ r.reset }>), .LSTRICT(<{ r.strict }>), .LAFTER(<{ r.after }>), .LTW(<{ r.bits }>),
<%- endif %>
<%- endif %>
    .NW(<{ channel_bits }>), .IW(<{ sum_bits }>), .LAST(<{ last }>)<% if chunks.is_some() %>, .CARRY(1)<% endif %>
  ) u_tail (
    .clk_i(clk_i), .rst_i(rst_i), .start_i(start),
    .digits_i(j_digits), .shift_i(j_shift), .channels_i(j_channels), .kind_i(j_neurons),
    .add_i(j_add), .keep_i(j_keep), .fire_i(j_fire), .sum_i(j_sum), .last_i(chunk_last),
<%- if leaks.is_some() %>
    .leaky_i(j_leaky), .leak_i(j_leak),
<%- else %>
    .leaky_i(1'b0), .leak_i(1'b0),
<%- endif %>
    .y_data_i(y), .y_valid_i(y_valid), .y_end_i(y_end), .y_take_o(y_take),
    .g_en_o(gain_en), .gain_i(gain[<{ gain_bits - 1 }>:0]), .offset_i(gain[<{ gain_bits + offset_bits - 1 }>:<{ gain_bits }>]),
<%- if gain_word > gain_bits + offset_bits %>
    .level_i(gain[<{ gain_word - 1 }>:<{ gain_bits + offset_bits }>]),
<%- else %>
    .level_i(1'b0),
<%- endif %>
    .n_en_o(neuron_en), .minus_i(neuron[<{ neuron_word - 2 }>]), .mute_i(neuron[<{ neuron_word - 1 }>]),
    .bias_i(neuron[<{ bias_bits - 1 }>:0]), .theta_i(neuron[<{ neuron_word - 3 }>:<{ bias_bits }>]),
    .r_en_o(add_en), .r_data_i(added), .k_we_o(keep_we), .k_data_o(kept),
    .s_valid_o(train_valid), .s_data_o(train), .s_end_o(train_end),
    .w_en_o(leak_en), .w_data_i(leak_read), .w_we_o(leak_we), .w_data_o(leak_kept),
    .v_data_i(membrane_read), .v_we_o(membrane_we), .v_data_o(membrane_kept),
    .z_en_o(sum_en), .z_data_i(sum_read), .z_we_o(sum_we), .z_data_o(sum_kept),
    .q_data_o(q_data), .q_valid_o(q_valid), .q_ready_i(q_ready),
    .done_o(tail_done), .step_o(<% if engine.is_some() %>probe_step_o<% else %>probe_step_o[0]<% endif %>), .spike_o(<% if engine.is_some() %>probe_spike_o<% else %>probe_spike_o[0]<% endif %>)
  );
<% if engine.is_some() %>
  // ---- currents of other processors
<%- if gather.is_some() %>
  assign gather_en_o = g_a_next;
  assign g_current   = gathered_i;
<%- else %>
  assign gather_en_o = 1'b0;
<%- endif %>
  assign add_en_o    = add_en;
  assign added       = added_i;
  assign keep_we_o   = keep_we;
  assign keep_data_o = kept;
  assign q_data_o    = q_data;
  assign q_valid_o   = q_valid;
  assign q_ready     = q_ready_i;
<% else %>
<% if let Some(c) = currents %>
  sf_currents #(
    .CW(<{ current_bits }>), .AW(<{ c.addr_bits }>), .DA(<{ c.depth_a }>), .DB(<{ c.depth_b }>), .HA(<{ c.huge[0] }>), .HB(<{ c.huge[1] }>)
  ) u_currents (
    .clk_i(clk_i), .start_i(start),
<%- if gather.is_some() %>
    .g_bank_i(j_gather_bank), .g_en_i(g_a_next), .g_addr_i(read_addr[<{ c.addr_bits - 1 }>:0]), .g_data_o(g_current),
<%- else %>
    .g_bank_i(1'b0), .g_en_i(1'b0), .g_addr_i({<{ c.addr_bits }>{1'b0}}), .g_data_o(unused_gathered),
<%- endif %>
    .r_bank_i(j_add_bank), .r_base_i(j_add_base), .r_en_i(add_en), .r_data_o(added),
    .k_bank_i(j_keep_bank), .k_base_i(j_keep_base), .k_we_i(keep_we), .k_data_i(kept)
  );
<%- if gather.is_none() %>
  wire [<{ current_bits - 1 }>:0] unused_gathered;
<%- endif %>
<% else %>
  assign added = {<{ current_bits }>{1'b0}};
<% endif %>
<% endif %>
<% else %>
  wire train_valid = 1'b0;
  wire train_end = 1'b0;
  wire [<{ width - 1 }>:0] train = {<{ width }>{1'b0}};
  wire tail_done = 1'b0;
  assign g_a_next      = 1'b0;
  assign gather_en_o   = 1'b0;
  assign add_en_o      = 1'b0;
  assign keep_we_o     = 1'b0;
  assign keep_data_o   = {<{ current_bits }>{1'b0}};
  assign q_data_o      = {<{ sum_bits }>{1'b0}};
  assign q_valid_o     = 1'b0;
  assign probe_event_o = 1'b0;
  assign probe_step_o  = 1'b0;
  assign probe_spike_o = 1'b0;
<% endif %>
  // ---- trains and pooled words
<%- if engine.is_some() %>
  wire train_we;
  wire [<{ train_addr_bits - 1 }>:0] train_waddr;
  wire [<{ train_word - 1 }>:0] train_wdata;
<%- endif %>
  wire or_valid, or_done;
  wire [<{ train_word - 1 }>:0] or_data;
  sf_or #(
    .DW(<{ train_word }>)
  ) u_or (
    .clk_i(clk_i), .rst_i(rst_i),
    .w_valid_i(f_valid & is_or), .w_data_i(train_seen), .w_first_i(f_window_first), .w_last_i(f_window_end),
    .w_job_end_i(f_job_end), .y_data_o(or_data), .y_valid_o(or_valid), .done_o(or_done)
  );
  sf_train_write #(
    .E(<{ pack }>), .T(<{ width }>), .AW(<{ train_addr_bits }>), .CW(<{ count_bits }>)
  ) u_train_write (
    .clk_i(clk_i), .rst_i(rst_i), .start_i(start),
    .base_i(j_write_base<% if let Some(k) = chunks %><% if k.train_part > 0 %> + train_part<% endif %><% endif %>), .row_i(j_write_row), .gap_i(j_write_gap),
    .s_valid_i(train_valid), .s_data_i(train), .s_end_i(train_end),
    .w_valid_i(or_valid), .w_data_i(or_data),
    .we_o(train_we), .addr_o(train_waddr), .data_o(train_wdata)
  );
<% if let Some(e) = engine %>
  assign row_o        = tail_done | or_done;
  assign next_o       = row_end;
  assign train_we_o   = train_we;
  assign train_addr_o = train_waddr;
  assign train_data_o = train_wdata;
<%- if sums %>
  assign probe_event_o = ev;
  wire unused_sums = &{1'b0, membrane_we, membrane_kept, leak_en, leak_we, leak_kept, sum_en, sum_we, sum_kept, row, snap_place_end<% if gather.is_none() %>, gathered_i<% endif %>};
<%- else %>
  wire unused_sums = &{1'b0, gathered_i, added_i, q_ready_i, is_gather, f_group_end, f_place_end<% for v in e.values %>, j_<{ v.name }><% endfor %>};
<%- endif %>

  // A part of the numbers is for some kinds of jobs alone.
  wire unused = &{1'b0, chunk_first, chunk_last, chunk_turn, g_a_valid, g_a_end, f_window_first, f_window_end, f_data<% for v in e.values %>, j_<{ v.name }><% endfor %>};

<% else %>
  assign done = tail_done | or_done;

  // ---- result
  wire [15:0] src_data;
  wire [1:0] src_valid, src_last, src_ready, src_turn;
  // What is sent are bytes.
  wire signed [<{ readout.logit_bits - 1 }>:0] unused_logit;
  wire unused_logit_valid;
  sf_readout #(
    .N(<{ classes }>), .IW(<{ sum_bits }>), .GW(<{ readout.gain_bits }>), .OW(<{ readout.offset_bits }>), .LW(<{ readout.logit_bits }>),
    .BLOCK(<{ readout.block }>), .INIT("readout.hex")
  ) u_readout (
    .clk_i(clk_i), .rst_i(rst_i), .last_step_i(1'b0), .mask_i(1'b1),
    .x_data_i(q_data), .x_valid_i(q_valid), .x_ready_o(q_ready),
    .l_data_o(unused_logit), .l_valid_o(unused_logit_valid),
    .out_data_o(src_data[7:0]), .out_valid_o(src_valid[0]), .out_ready_i(src_ready[0]), .out_last_o(src_last[0])
  );
  sf_dump #(
    .WIDTH(<{ train_word }>), .DEPTH(<{ train_depth }>)
  ) u_dump (
    .clk_i(clk_i), .rst_i(rst_i), .turn_i(src_turn[1]),
    .re_o(dump_en), .raddr_o(dump_addr), .rdata_i(train_read),
    .out_data_o(src_data[15:8]), .out_valid_o(src_valid[1]), .out_ready_i(src_ready[1]), .out_last_o(src_last[1])
  );
  sf_stream_seq #(
    .N(2)
  ) u_result (
    .clk_i(clk_i), .rst_i(rst_i), .all_i(trace_i),
    .src_data_i(src_data), .src_valid_i(src_valid), .src_last_i(src_last),
    .src_ready_o(src_ready), .turn_o(src_turn),
    .out_data_o(out_data_o), .out_valid_o(out_valid_o), .out_ready_i(out_ready_i), .out_last_o(out_last_o)
  );

  assign probe_event_o = ev;
  assign probe_job_o = <{ probe_job }>;

  // Addresses of the walk are as wide as the largest memory needs; a part of the numbers is for
  // some kinds of jobs alone.
  wire unused = &{1'b0, row_end, <% if let Some(k) = chunks %><% if k.train_part > 0 %>train_before, <% endif %><% endif %>chunk_first, chunk_last, chunk_turn, membrane_we, membrane_kept, leak_en, leak_we, leak_kept, sum_en, sum_we, sum_kept, src_turn[0], level_valid, read_addr, g_a_valid, g_a_end, row, f_window_first, f_window_end, f_data
<%- if load_bytes > 0 %>, load_rest<% endif -%>
<%- if currents.is_none() %>, add_en, keep_we, kept<% endif -%>
<%- if currents.is_some() && gather.is_none() %>, unused_gathered<% endif -%>};
<% endif %>
endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_host_link: request frames in, response frames out, one accelerator core in between.
//
// The protocol, byte for byte, is docs/host-link.md. In short: a request is COBS(command, payload,
// CRC) and 0x00; a response is zero-stuffed COBS(status, body, CRC) and 0x00. The low four bits
// of the command and of the status are the code, the high four a tag that the response returns.
//
// The payload goes to the core as it arrives: there is no frame buffer. The core therefore computes
// nothing until commit_o, which comes only when the frame has ended with its structure, its length
// and its CRC right; abort_o tells it to forget what it took.
//
// Weights that the bitstream does not hold are loaded the same way, in one frame. They lie in the
// core's memories as they arrive, and count as loaded only when the frame has ended as above; until
// then an inference is answered with not loaded, and nothing of it reaches the core.
//
// Contract
//   Parameters  N_IN    payload bytes of an inference, 1 ..= 65535
//               N_LOAD  payload bytes of a load, up to 131072; 0: there is nothing to load
//               ID      what identify answers, ID[127:120] first
//   Ports       clk_i, rst_i
//     wire      rx_data_i, rx_valid_i                 at most a byte a cycle; no backpressure
//               tx_data_o, tx_valid_o, tx_ready_i     valid and data stay until ready
//     load      core_data_o, core_valid_o, core_ready_i   a byte is taken when both are high;
//                                   valid does not wait for ready: not ready is an overrun
//               core_trace_o        level: the inference being loaded or run is to send its trace
//               core_commit_o       one cycle: the N_IN bytes are good, run
//               core_abort_o        one cycle: forget the bytes
//     weights   load_start_o        one cycle: a load begins
//               load_valid_o          core_data_o is its next byte; it is always taken
//               loaded_o              level: no weights are missing; from the second cycle after a
//                                     load's delimiter on
//     result    res_data_i, res_valid_i, res_last_i, res_ready_o   at least one byte; data and
//                                   last stay while valid and not ready
//   Timing      load bytes and commit or abort come one cycle after the wire byte that causes them;
//               commit and abort in the cycle that decodes the delimiter. A response starts
//               two cycles later at the earliest.
//   Invariants  commit_o and abort_o are never high together. Every frame of which the core took a
//               byte ends with exactly one of them. From a commit to the last result byte there
//               is no byte, no commit and no abort, and core_trace_o does not change.
//               No inference is committed unless the last load that began is intact (N_LOAD > 0).
//   Frames      Every frame that ends is answered, with two limits. A frame's answer that has not
//               begun to be sent is replaced by a newer frame's, except an inference's, which is
//               always sent. An inference that begins before the last one's result has been handed
//               over is answered with overrun; nothing of it reaches the core. So is a load.
//   Recovery    After every 0x00 the receiving side is as after reset but for a running inference, so
//               no lost, damaged or inserted byte touches a later frame.

`default_nettype none

module sf_host_link #(
    parameter integer N_IN = 32,
    parameter integer N_LOAD = 0,
    parameter [127:0] ID = 128'h0
) (
    input wire clk_i,
    input wire rst_i,

    input wire [7:0] rx_data_i,
    input wire       rx_valid_i,

    output wire [7:0] tx_data_o,
    output wire       tx_valid_o,
    input  wire       tx_ready_i,

    output wire [7:0] core_data_o,
    output wire       core_valid_o,
    input  wire       core_ready_i,
    output wire       core_trace_o,
    output wire       core_commit_o,
    output wire       core_abort_o,

    output wire       load_start_o,
    output wire       load_valid_o,
    output wire       loaded_o,

    input  wire [7:0] res_data_i,
    input  wire       res_valid_i,
    input  wire       res_last_i,
    output wire       res_ready_o
);

  localparam [3:0] CmdInfer = 4'h1;
  localparam [3:0] CmdTrace = 4'h2;
  localparam [3:0] CmdIdentify = 4'h3;
  localparam [3:0] CmdLoad = 4'h4;

  localparam [2:0] Ok = 3'd0;
  localparam [2:0] BadLength = 3'd1;
  localparam [2:0] BadCrc = 3'd2;
  localparam [2:0] BadCommand = 3'd3;
  localparam [2:0] Overrun = 3'd4;
  localparam [2:0] BadFraming = 3'd5;
  localparam [2:0] NotLoaded = 3'd6;

  // No module of this name exists: a parameter out of range stops the elaboration here.
  generate
    if (N_IN < 1 || N_IN > 65535) begin : g_check
      sf_host_link_n_in_out_of_range u_check ();
    end
    if (N_LOAD < 0 || N_LOAD > 131072) begin : g_check_load
      sf_host_link_n_load_out_of_range u_check ();
    end
  endgenerate

  // ---------------------------------------------------------------- request

  wire [7:0] dec_data;
  wire dec_valid;
  wire dec_end;
  wire dec_ok;

  sf_cobs_rx u_cobs_rx (
      .clk_i(clk_i),
      .rst_i(rst_i),
      .data_i     (rx_data_i),
      .valid_i    (rx_valid_i),
      .data_o     (dec_data),
      .valid_o    (dec_valid),
      .frame_end_o(dec_end),
      .frame_ok_o (dec_ok)
  );

  wire [15:0] rx_crc;

  sf_crc16 u_rx_crc (
      .clk_i(clk_i),
      .rst_i(rst_i),
      .clear_i(dec_end),
      .valid_i(dec_valid),
      .data_i (dec_data),
      .crc_o  (rx_crc)
  );

  // Where in the frame the next decoded byte belongs.
  localparam [2:0] PosCommand = 3'd0;
  localparam [2:0] PosPayload = 3'd1;
  localparam [2:0] PosCrcHigh = 3'd2;
  localparam [2:0] PosCrcLow = 3'd3;
  localparam [2:0] PosDone = 3'd4;  // the length is right, if the frame ends here
  localparam [2:0] PosLong = 3'd5;
  localparam [2:0] PosUnknown = 3'd6;  // the command has no known length

  localparam integer Longest = N_IN > N_LOAD ? N_IN : N_LOAD;
  localparam integer LeftW = Longest > 1 ? $clog2(Longest) : 1;
  localparam integer LeftMax = N_IN - 1;
  localparam integer LeftMaxLoad = N_LOAD > 0 ? N_LOAD - 1 : 0;

  reg [2:0] pos_q;
  reg [LeftW-1:0] left_q;  // payload bytes to come, less one
  reg [3:0] tag_q;
  reg open_q;  // the frame is an inference and the core takes it
  reg fill_q;  // the frame is a load and the memories take it
  reg over_q;  // it is one of them, and it is not taken, or not all of it
  reg trace_q;

  reg run_q;  // committed, and the last result byte not handed over yet
  reg [3:0] run_tag_q;

  reg intact_q;  // all weights are loaded
  wire loaded = N_LOAD == 0 || intact_q;

  wire [3:0] command = dec_data[3:0];
  wire is_infer = command == CmdInfer || command == CmdTrace;
  wire is_load = N_LOAD > 0 && command == CmdLoad;
  wire has_payload = is_infer || is_load;
  wire opening = dec_valid && pos_q == PosCommand && has_payload;

  wire [2:0] verdict = !dec_ok                ? BadFraming :
                       pos_q == PosUnknown    ? (rx_crc != 16'd0 ? BadCrc : BadCommand) :
                       pos_q != PosDone       ? BadLength :
                       rx_crc != 16'd0        ? BadCrc :
                       over_q                 ? (loaded ? Overrun : NotLoaded) : Ok;

  assign core_data_o   = dec_data;
  assign core_valid_o  = dec_valid && pos_q == PosPayload && open_q && !over_q;
  assign core_trace_o  = trace_q;
  assign core_commit_o = dec_end && open_q && verdict == Ok;
  assign core_abort_o  = dec_end && open_q && verdict != Ok;
  assign load_start_o  = opening && is_load && !run_q;
  assign load_valid_o  = dec_valid && pos_q == PosPayload && fill_q;
  assign loaded_o      = loaded;

  always @(posedge clk_i) begin
    if (rst_i || dec_end) begin
      pos_q  <= PosCommand;
      open_q <= 1'b0;
      fill_q <= 1'b0;
      over_q <= 1'b0;
      tag_q  <= 4'd0;
    end else if (dec_valid) begin
      case (pos_q)
        PosCommand: begin
          tag_q  <= dec_data[7:4];
          open_q <= is_infer && !run_q && loaded;
          fill_q <= is_load && !run_q;
          over_q <= has_payload && run_q || is_infer && !loaded;
          pos_q  <= has_payload ? PosPayload : command == CmdIdentify ? PosCrcHigh : PosUnknown;
        end
        PosPayload: begin
          if (open_q && !core_ready_i) over_q <= 1'b1;
          if (left_q == {LeftW{1'b0}}) pos_q <= PosCrcHigh;
        end
        PosCrcHigh: pos_q <= PosCrcLow;
        PosCrcLow:  pos_q <= PosDone;
        PosDone:    pos_q <= PosLong;
        default:    pos_q <= pos_q;
      endcase
    end

    if (opening) left_q <= is_load ? LeftMaxLoad[LeftW-1:0] : LeftMax[LeftW-1:0];
    else if (dec_valid) left_q <= left_q - 1'b1;

    if (rst_i) trace_q <= 1'b0;
    else if (opening && !run_q) trace_q <= command == CmdTrace;

    // From a load's first byte on, the memories hold neither the old weights nor the new ones.
    if (rst_i || load_start_o) intact_q <= 1'b0;
    else if (dec_end && fill_q && verdict == Ok) intact_q <= 1'b1;
  end

  // --------------------------------------------------------------- response

  // The answer that waits for the sender: the newest of the frames that are no inference. Ok means
  // identify or load. An inference's answer waits in run_q, for the core's result.
  reg note_q;
  reg note_load_q;
  reg [3:0] note_tag_q;
  reg [2:0] note_status_q;

  localparam [2:0] SendIdle = 3'd0;
  localparam [2:0] SendStatus = 3'd1;
  localparam [2:0] SendResult = 3'd2;
  localparam [2:0] SendId = 3'd3;
  localparam [2:0] SendCrcHigh = 3'd4;
  localparam [2:0] SendCrcLow = 3'd5;

  reg [2:0] send_q;
  reg job_run_q;  // the answer being sent is an inference's
  reg job_load_q;  // ... or a load's, which has no body
  reg [3:0] job_tag_q;
  reg [2:0] job_status_q;
  reg [3:0] id_q;  // identification bytes to come, less one

  wire [7:0] tx_crc;  // the CRC byte to send next
  wire [7:0] unused_tx_crc_low;
  wire [7:0] id_byte = ID[{id_q, 3'b000}+:8];
  wire [7:0] enc_data = send_q == SendStatus ? {job_tag_q, 1'b0, job_status_q} :
                        send_q == SendResult ? res_data_i :
                        send_q == SendId     ? id_byte : tx_crc;
  wire enc_valid = send_q == SendResult ? res_valid_i : send_q != SendIdle;
  wire enc_ready;
  wire sent = enc_valid && enc_ready;

  // A result goes before a note: noise on the line cannot starve it.
  wire take_run = send_q == SendIdle && run_q && res_valid_i;
  wire take_note = send_q == SendIdle && !take_run && note_q;

  assign res_ready_o = enc_ready && send_q == SendResult;

  always @(posedge clk_i) begin
    if (rst_i) begin
      note_q <= 1'b0;
    end else if (dec_end) begin
      note_q <= !core_commit_o;
    end else if (take_note) begin
      note_q <= 1'b0;
    end

    if (dec_end && !core_commit_o) begin
      note_load_q   <= fill_q;
      note_tag_q    <= tag_q;
      note_status_q <= verdict;
    end

    if (rst_i) begin
      run_q <= 1'b0;
    end else if (core_commit_o) begin
      run_q     <= 1'b1;
      run_tag_q <= tag_q;
    end else if (res_ready_o && res_valid_i && res_last_i) begin
      run_q <= 1'b0;
    end

    if (rst_i) begin
      send_q <= SendIdle;
    end else if (take_run || take_note) begin
      send_q       <= SendStatus;
      job_run_q    <= take_run;
      job_load_q   <= !take_run && note_load_q;
      job_tag_q    <= take_run ? run_tag_q : note_tag_q;
      job_status_q <= take_run ? Ok : note_status_q;
    end else if (sent) begin
      case (send_q)
        SendStatus:
        send_q <= job_status_q != Ok || job_load_q ? SendCrcHigh : job_run_q ? SendResult : SendId;
        SendResult:  if (res_last_i) send_q <= SendCrcHigh;
        SendId:      if (id_q == 4'd0) send_q <= SendCrcHigh;
        SendCrcHigh: send_q <= SendCrcLow;
        default:     send_q <= SendIdle;
      endcase
    end

    if (send_q == SendStatus) id_q <= 4'd15;
    else if (sent) id_q <= id_q - 1'b1;
  end

  sf_crc16 u_tx_crc (
      .clk_i(clk_i),
      .rst_i(rst_i),
      .clear_i(send_q == SendIdle),
      .valid_i(sent),
      .data_i (enc_data),
      .crc_o  ({tx_crc, unused_tx_crc_low})
  );

  sf_cobs_tx u_cobs_tx (
      .clk_i(clk_i),
      .rst_i(rst_i),
      .data_i (enc_data),
      .valid_i(enc_valid),
      .last_i (send_q == SendCrcLow),
      .ready_o(enc_ready),
      .data_o (tx_data_o),
      .valid_o(tx_valid_o),
      .ready_i(tx_ready_i)
  );

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // The core's side of the contract.
  always @(posedge clk_i)
    if (f_past && !$past(rst_i) && $past(res_valid_i && !res_ready_o)) begin
      assume (res_valid_i && $stable(res_data_i) && $stable(res_last_i));
    end

  function [15:0] f_serial;
    input [15:0] crc;
    input [7:0] data;
    integer i;
    begin
      f_serial = crc;
      for (i = 7; i >= 0; i = i - 1)
        f_serial = {f_serial[14:0], 1'b0} ^ ((f_serial[15] ^ data[i]) ? 16'h1021 : 16'h0000);
    end
  endfunction

  // The frame so far: its length (held at the end of the range), its command, its CRC, and the bytes
  // that the core took.
  localparam [19:0] FHold = 20'hFFFFF;
  reg [19:0] f_len = 0;
  reg [7:0] f_command;
  reg [15:0] f_crc = 16'hFFFF;
  reg [19:0] f_taken = 0;
  reg f_refused = 1'b0;  // a byte met a core that was not ready
  reg f_blocked = 1'b0;  // began while an inference ran
  reg f_early = 1'b0;  // began while weights were missing
  reg f_running = 1'b0;
  reg f_intact = N_LOAD == 0;  // the last load that began was intact
  wire f_op = f_command[3:0] == 4'd1 || f_command[3:0] == 4'd2;
  wire f_load = N_LOAD > 0 && f_command[3:0] == 4'd4;
  wire f_pay = f_op || f_load;
  wire [19:0] f_n = f_op ? N_IN : f_load ? N_LOAD : 0;
  wire f_take = core_valid_o && core_ready_i;
  reg [19:0] f_filled = 0;  // bytes that the memories took
  wire f_good = dec_end && dec_ok && f_len == f_n + 3 && f_crc == 16'd0;
  always @(posedge clk_i) begin
    if (rst_i || dec_end) begin
      f_len     <= 0;
      f_crc     <= 16'hFFFF;
      f_taken   <= 0;
      f_refused <= 1'b0;
      f_blocked <= 1'b0;
      f_early   <= 1'b0;
      f_filled  <= 0;
    end else if (dec_valid) begin
      if (f_len != FHold) f_len <= f_len + 1'b1;
      f_crc <= f_serial(f_crc, dec_data);
      if (f_len == 0) begin
        f_command <= dec_data;
        f_blocked <= f_running;
        f_early   <= !f_intact;
      end
      if (load_valid_o) f_filled <= f_filled + 1'b1;
      if (f_take) f_taken <= f_taken + 1'b1;
      if (core_valid_o && !core_ready_i) f_refused <= 1'b1;
    end
    if (rst_i) f_running <= 1'b0;
    else if (core_commit_o) f_running <= 1'b1;
    else if (res_valid_i && res_ready_o && res_last_i) f_running <= 1'b0;
    if (rst_i) f_intact <= N_LOAD == 0;
    else if (N_LOAD > 0 && dec_valid && f_len == 0 && dec_data[3:0] == 4'd4 && !f_running)
      f_intact <= 1'b0;
    else if (f_good && f_load && !f_blocked) f_intact <= 1'b1;
  end

  // The response so far, as the encoder takes it.
  reg [15:0] f_tx_crc = 16'hFFFF;
  reg [19:0] f_tx_len = 0;
  wire f_tx_last = sent && send_q == SendCrcLow;
  always @(posedge clk_i) begin
    if (rst_i || f_tx_last) begin
      f_tx_crc <= 16'hFFFF;
      f_tx_len <= 0;
    end else if (sent) begin
      f_tx_crc <= f_serial(f_tx_crc, enc_data);
      if (f_tx_len != FHold) f_tx_len <= f_tx_len + 1'b1;
    end
  end

  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      a_one : assert (!(core_commit_o && core_abort_o));
      // Run only on a whole frame: structure, CRC, command, exact length, and all of it taken.
      if (core_commit_o) begin
        a_commit : assert (dec_end && dec_ok && f_op && f_crc == 16'd0);
        a_length : assert (f_len == N_IN + 3);
        a_taken : assert (f_taken == N_IN);
        a_trace : assert (core_trace_o == (f_command[3:0] == 4'd2));
      end
      // ... and always on a whole one that met a free core with its weights.
      if (f_good && f_op && !f_refused && !f_blocked && !f_early) a_run : assert (core_commit_o);
      // Weights: of an inference all are there; a load is taken whole, and alone.
      if (core_commit_o || core_valid_o || f_running) a_loaded : assert (f_intact);
      if (load_start_o) a_start : assert (dec_valid && f_len == 0 && !f_running && !core_valid_o);
      if (load_valid_o)
        a_fill : assert (f_load && !f_intact && core_data_o == dec_data && f_filled == f_len - 1);
      if (f_good && f_load && !f_blocked) a_filled : assert (f_filled == N_LOAD && verdict == Ok);
      if (dec_end && f_taken != 0) a_closed : assert (core_commit_o || core_abort_o);
      if (f_running)
        a_undisturbed :
        assert (!core_valid_o && !core_commit_o && !core_abort_o && !load_start_o && !load_valid_o);
      if (f_take) a_payload : assert (core_data_o == dec_data && f_len >= 1 && f_len <= N_IN && f_op);
      a_res : assert (!res_ready_o || f_running);
      a_more : assert (f_taken <= N_IN);

      // The reply to identify and load, and each error, only for the frame it names.
      if (dec_end && !core_commit_o) begin
        if (verdict == Ok) a_ident : assert (f_good && (f_load || f_command[3:0] == 4'd3));
        if (verdict == BadFraming) a_framing : assert (!dec_ok);
        if (verdict == BadCrc) a_bad_crc : assert (f_crc != 0);
        if (verdict == BadCommand) a_command : assert (!f_pay && f_command[3:0] != 4'd3 && f_crc == 0);
        if (verdict == BadLength) a_bad_length : assert (f_len != f_n + 3 || f_len == 0);
        if (verdict == Overrun) a_overrun : assert (f_pay && (f_refused || f_blocked));
        if (verdict == NotLoaded) a_missing : assert (f_good && f_op && f_early && !f_intact);
        if (f_len != 0) a_tag : assert (tag_q == f_command[7:4]);
      end

      // The response's CRC.
      if (f_tx_last) a_tx_crc : assert (f_serial(f_tx_crc, enc_data) == 16'd0 && f_tx_len >= 2);

      // What ties the registers to the reference, for the induction.
      i_crc : assert (rx_crc == f_crc);
      i_run : assert (run_q == f_running);
      i_len : assert (f_len <= FHold);
      case (pos_q)
        PosCommand: i_p0 : assert (f_len == 0 && f_taken == 0);
        PosPayload:
        i_p1 : assert (f_pay && f_len >= 1 && f_len <= f_n && left_q == f_n - f_len);
        PosCrcHigh: i_p2 : assert (f_len == f_n + 1);
        PosCrcLow: i_p3 : assert (f_len == f_n + 2);
        PosDone: i_p4 : assert (f_len == f_n + 3);
        PosLong: i_p5 : assert (f_len > f_n + 3);
        PosUnknown: i_p6 : assert (f_len >= 1 && !f_pay && f_command[3:0] != 4'd3);
        default: i_p7 : assert (1'b0);
      endcase
      if (f_len != 0 && pos_q != PosUnknown) i_known : assert (f_pay || f_command[3:0] == 4'd3);
      if (f_len != 0) begin
        i_tag : assert (tag_q == f_command[7:4]);
        i_open : assert (open_q == (f_op && !f_blocked && !f_early));
        i_fill : assert (fill_q == (f_load && !f_blocked));
        i_over : assert (over_q == (f_pay && f_blocked || f_op && (f_early || f_refused)));
        if (open_q) i_trace : assert (trace_q == (f_command[3:0] == 4'd2));
        if (f_op) i_early : assert (f_early == !f_intact);
        if (fill_q) i_filling : assert (!f_intact && !run_q);
      end else i_shut : assert (!open_q && !fill_q && !over_q && !f_refused && !f_blocked && !f_early);
      i_intact : assert (f_intact == (N_LOAD == 0 || intact_q));
      a_told : assert (loaded_o == f_intact);
      if (run_q || f_blocked) i_run_loaded : assert (f_intact);
      if (fill_q) i_filled : assert (f_filled == (f_len <= N_LOAD + 1 ? f_len - 1 : N_LOAD));
      else i_unfilled : assert (f_filled == 0);
      if (f_blocked || f_early || !f_op) i_none : assert (f_taken == 0 && !f_refused);
      if (f_op && !f_blocked && !f_early && !f_refused && f_len != 0)
        i_taken : assert (f_taken == (f_len <= N_IN + 1 ? f_len - 1 : N_IN));
      if (open_q) i_free : assert (!run_q);
      if (f_refused) i_refused : assert (f_taken < N_IN);
      i_max : assert (f_taken <= N_IN);

      i_send : assert (send_q <= SendCrcLow);
      if (send_q == SendIdle || send_q == SendStatus) i_t0 : assert (f_tx_len == 0 && f_tx_crc == 16'hFFFF);
      if (send_q != SendIdle) i_tx : assert ({tx_crc, unused_tx_crc_low} == f_tx_crc);
      if (send_q == SendCrcHigh) i_t4 : assert (f_tx_len >= 1);
      if (send_q == SendCrcLow) i_t5 : assert (f_tx_len >= 2 && unused_tx_crc_low == 8'h00);
      if (send_q == SendStatus && job_run_q) i_j1 : assert (run_q && job_status_q == Ok);
      if (send_q == SendResult) i_j2 : assert (run_q && job_run_q);
      if (send_q == SendStatus && job_run_q) i_j3 : assert (res_valid_i);
    end

    if (f_past && !$past(rst_i) && !rst_i) begin
      // The line's side.
      if ($past(tx_valid_o && !tx_ready_i)) a_stable : assert (tx_valid_o && $stable(tx_data_o));
      // What the encoder requires of its input.
      if ($past(enc_valid && !enc_ready))
        a_enc : assert (enc_valid && $stable(enc_data) && $stable(send_q == SendCrcLow));
      if ($past(f_running)) a_trace_stable : assert ($stable(core_trace_o));
      // Every frame that ends leaves an answer due: the run's, or the note of this frame.
      if ($past(dec_end)) a_answer : assert ($past(core_commit_o) ? run_q : note_q);
      if ($past(dec_end && !core_commit_o))
        a_note :
        assert (note_tag_q == $past(tag_q) && note_status_q == $past(verdict) && note_load_q == $past(fill_q));
    end

    c_infer : cover (f_past && !rst_i && f_tx_last && job_run_q);
    c_ident : cover (f_past && !rst_i && f_tx_last && !job_run_q && job_status_q == Ok);
    c_overrun : cover (f_past && !rst_i && dec_end && verdict == Overrun);
    if (N_LOAD > 0) begin
      c_early : cover (f_past && !rst_i && dec_end && verdict == NotLoaded);
      c_load : cover (f_past && !rst_i && f_tx_last && job_load_q && job_status_q == Ok);
    end
  end
`endif

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_uart_rx: serial receiver, 8N1, least significant bit first.
//
// Contract
//   Parameters  DIV       clock cycles a bit, 4 ..= 65535
//   Ports       clk_i, rst_i
//               rx_i      the line, asynchronous, idle high
//               data_o    the byte, stable from valid_o until the next start bit
//               valid_o   high for one cycle a byte; there is no backpressure
//   Timing      two flip-flops synchronise the line. The start bit is looked at again DIV/2 cycles
//               after it was seen and every bit DIV cycles after the last: in its middle. valid_o comes
//               the cycle after the middle of the stop bit: 9 * DIV + DIV/2 + 3 cycles after rx_i falls.
//   Errors      A start bit that is high again in its middle was a glitch: back to idle. A stop bit
//               that is low is a framing error: the byte is dropped, and the line has to be high before
//               the next start bit counts, so a break is not a byte.
//   Invariant   valid_o pulses are at least 9 * DIV cycles apart.

`default_nettype none

module sf_uart_rx #(
    parameter integer DIV = 104
) (
    input  wire       clk_i,
    input  wire       rst_i,
    input  wire       rx_i,
    output wire [7:0] data_o,
    output wire       valid_o
);

  // No module of this name exists: a parameter out of range stops the elaboration here.
  generate
    if (DIV < 4 || DIV > 65535) begin : g_check
      sf_uart_rx_div_out_of_range u_check ();
    end
  endgenerate

  localparam integer CntW = $clog2(DIV);
  localparam integer Last = DIV - 1;
  localparam integer Half = DIV / 2 - 1;

  localparam [3:0] StIdle = 4'd0;
  localparam [3:0] StStart = 4'd1;  // 2 ..= 9: the data bits
  localparam [3:0] StStop = 4'd10;
  localparam [3:0] StBreak = 4'd11;

  reg [1:0] sync_q;
  reg [CntW-1:0] cnt_q;  // cycles to the next look at the line
  reg [3:0] st_q;
  reg [7:0] data_q;
  reg valid_q;

  wire line = sync_q[1];
  wire tick = cnt_q == {CntW{1'b0}};

  assign data_o  = data_q;
  assign valid_o = valid_q;

  always @(posedge clk_i) begin
    if (rst_i) sync_q <= 2'b11;
    else sync_q <= {sync_q[0], rx_i};

    if (st_q == StIdle) cnt_q <= Half[CntW-1:0];
    else if (tick) cnt_q <= Last[CntW-1:0];
    else cnt_q <= cnt_q - 1'b1;

    valid_q <= !rst_i && st_q == StStop && tick && line;

    if (rst_i) begin
      st_q <= StIdle;
    end else begin
      case (st_q)
        StIdle:  if (!line) st_q <= StStart;
        StStart: if (tick) st_q <= line ? StIdle : st_q + 1'b1;
        StStop:  if (tick) st_q <= line ? StIdle : StBreak;
        StBreak: if (line) st_q <= StIdle;
        default: if (tick) st_q <= st_q + 1'b1;
      endcase
    end

    if (tick && st_q != StStop && st_q != StBreak) data_q <= {line, data_q[7:1]};
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // A transmitter that starts whenever it likes, with any byte and either stop bit (a low one lasts
  // as long as it likes: a break), and glitches shorter than DIV/2 cycles when it is idle.
  (* anyseq *) wire f_go;
  (* anyseq *) wire f_glitch;
  (* anyseq *) wire [7:0] f_new;
  (* anyseq *) wire f_stop;
  (* anyseq *) wire f_hold;
  reg f_busy = 1'b0;
  reg [9:0] f_frame;
  reg [3:0] f_bit;
  reg [15:0] f_phase;
  reg [15:0] f_quiet = 16'd0;  // idle high cycles so far
  reg [15:0] f_low = 16'd0;  // length of the glitch so far
  reg [15:0] f_due = 16'd0;  // cycles since the stop bit began; 0: none
  reg [7:0] f_sent;
  wire f_line = f_busy ? f_frame[f_bit] : !f_glitch;
  always @(*) assume (rx_i == f_line);
  always @(*) assume (!f_glitch || f_low < DIV / 2);
  // Between a glitch and a start bit the receiver has to have seen the glitch off.
  always @(*) assume (!f_go || f_quiet > DIV);
  always @(*) assume (!f_glitch || f_low != 0 || f_quiet > DIV);
  always @(posedge clk_i) begin
    f_low   <= (!f_busy && f_glitch) ? f_low + 1'b1 : 16'd0;
    f_quiet <= f_line ? f_quiet + 1'b1 : 16'd0;
    if (rst_i) begin
      f_busy <= 1'b0;
    end else if (!f_busy) begin
      if (f_go && !f_glitch) begin
        f_busy  <= 1'b1;
        f_frame <= {f_stop, f_new, 1'b0};
        f_bit   <= 4'd0;
        f_phase <= 16'd0;
      end
    end else if (!(f_hold && f_bit == 4'd9 && !f_frame[9])) begin
      f_phase <= f_phase == DIV - 1 ? 16'd0 : f_phase + 1'b1;
      if (f_phase == DIV - 1) f_bit <= f_bit + 1'b1;
      if (f_phase == DIV - 1 && f_bit == 4'd9) f_busy <= 1'b0;
    end
    if (rst_i) f_due <= 16'd0;
    else if (f_busy && f_bit == 4'd8 && f_phase == DIV - 1 && f_frame[9]) begin
      f_due  <= 16'd1;
      f_sent <= f_frame[8:1];
    end else if (f_due != 0) f_due <= f_due == DIV / 2 + 4 ? 16'd0 : f_due + 1'b1;
  end

  always @(posedge clk_i) begin
    if (f_past) begin
      // Exactly one pulse a good byte, in its cycle, with its data; none otherwise.
      a_valid : assert (valid_o == (f_due == DIV / 2 + 4));
      if (valid_o) a_data : assert (data_o == f_sent);
    end
  end
`endif

endmodule

`default_nettype wire

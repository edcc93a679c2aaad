// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_flash_boot: after reset, bytes from a SPI flash in the place of the host's; then the host's.
//
// It stands between a line and sf_host_link. What lies in the flash is a request as a host would
// send it, without its delimiter: the link checks its structure, length and CRC, and answers it.
// The delimiter comes from here, so that whatever the flash holds, or if it does not answer at
// all, the link's receiver is free when the host's turn comes.
//
// Contract
//   Parameters  OFFSET   where the first byte lies, 0 ..= 2**24 - 1
//               BYTES    how many are read, 1 ..= 262144
//               WAIT     cycles between waking the flash and the read, 1 ..= 1024: tRES1
//   Ports       clk_i, rst_i
//     line      line_data_i, line_valid_i   the host's bytes; before done_o they are dropped
//     link      rx_data_o, rx_valid_o       the flash's bytes and delimiters, then the host's, in
//                                           the same cycle
//     state     done_o                      level: all has been read, the host is heard. The link's
//                                           verdict on the last byte shows by then.
//     flash     flash_sck_o, flash_cs_no, flash_mosi_o   straight from flip-flops; SPI mode 0, sck at
//                                           half the clock
//               flash_miso_i                taken in the clock edge with which sck_o falls: two
//                                           periods after the fall that brought it
//   Timing      with cycle 0 the first without rst_i: the command AB is sent in 1 ..= 16, the flash
//               is not selected for WAIT cycles, then 64 of command 03 and address and 16 a byte
//               follow. A byte is handed on in the cycle after its last. With E = 81 + WAIT +
//               16 * BYTES the last byte comes in E, delimiters in E + 1 ..= E + 3, and done_o is
//               high from E + 4 on.
//   Invariant   nothing here depends on what the flash answers but the bytes that are handed on.

`default_nettype none

module sf_flash_boot #(
    parameter integer OFFSET = 131072,
    parameter integer BYTES = 32,
    parameter integer WAIT = 38
) (
    input wire clk_i,
    input wire rst_i,

    input wire [7:0] line_data_i,
    input wire       line_valid_i,

    output wire [7:0] rx_data_o,
    output wire       rx_valid_o,
    output wire       done_o,

    output wire flash_sck_o,
    output wire flash_cs_no,
    output wire flash_mosi_o,
    input  wire flash_miso_i
);

  // No module of this name exists: a parameter out of range stops the elaboration here.
  generate
    if (OFFSET < 0 || OFFSET > 16777215) begin : g_check_offset
      sf_flash_boot_offset_out_of_range u_check ();
    end
    if (BYTES < 1 || BYTES > 262144) begin : g_check_bytes
      sf_flash_boot_bytes_out_of_range u_check ();
    end
    if (WAIT < 1 || WAIT > 1024) begin : g_check_wait
      sf_flash_boot_wait_out_of_range u_check ();
    end
  endgenerate

  localparam [7:0] Wake = 8'hAB;
  localparam [31:0] Read = {8'h03, OFFSET[23:0]};

  localparam [2:0] StStart = 3'd0;
  localparam [2:0] StWake = 3'd1;
  localparam [2:0] StWait = 3'd2;
  localparam [2:0] StCommand = 3'd3;
  localparam [2:0] StRead = 3'd4;
  localparam [2:0] StEnd = 3'd5;
  localparam [2:0] StDone = 3'd6;

  localparam integer Bits = 8 * BYTES;
  localparam integer Most = Bits > WAIT ? Bits : WAIT;
  localparam integer LeftW = Most > 32 ? $clog2(Most) : 5;
  localparam integer LeftWake = 7;
  localparam integer LeftWait = WAIT - 1;
  localparam integer LeftCommand = 31;
  localparam integer LeftRead = Bits - 1;
  localparam integer LeftEnd = 3;

  reg [2:0] st_q;
  reg [LeftW-1:0] left_q;  // bits, or cycles, to come, less one
  reg sck_q;
  reg selected_q;  // 0 from configuration on
  reg mosi_q;
  reg [7:0] byte_q;
  reg full_q;  // byte_q has all bits of a byte

  wire shifting = st_q == StWake || st_q == StCommand || st_q == StRead;
  wire step = !shifting || sck_q;
  wire last = left_q == {LeftW{1'b0}};

  // What is sent after this bit.
  wire [4:0] next = left_q[4:0] - 1'b1;

  assign flash_sck_o  = sck_q;
  assign flash_cs_no  = !selected_q;
  assign flash_mosi_o = mosi_q;
  assign done_o       = st_q == StDone;
  assign rx_data_o    = done_o ? line_data_i : byte_q;
  assign rx_valid_o   = done_o ? line_valid_i : full_q || st_q == StEnd;

  always @(posedge clk_i) begin
    sck_q <= shifting && !sck_q;

    if (st_q == StRead && sck_q) byte_q <= {byte_q[6:0], flash_miso_i};
    // Behind the last byte come delimiters.
    else if (st_q == StEnd) byte_q <= 8'd0;
    full_q <= st_q == StRead && sck_q && left_q[2:0] == 3'd0;

    if (step) begin
      left_q <= left_q - 1'b1;
      mosi_q <= st_q == StWake && Wake[next[2:0]] || st_q == StCommand && Read[next];
      case (st_q)
        StStart: begin
          st_q       <= StWake;
          left_q     <= LeftWake[LeftW-1:0];
          selected_q <= 1'b1;
          mosi_q     <= Wake[7];
        end
        StWake:
        if (last) begin
          st_q       <= StWait;
          left_q     <= LeftWait[LeftW-1:0];
          selected_q <= 1'b0;
        end
        StWait:
        if (last) begin
          st_q       <= StCommand;
          left_q     <= LeftCommand[LeftW-1:0];
          selected_q <= 1'b1;
          mosi_q     <= Read[31];
        end
        StCommand:
        if (last) begin
          st_q   <= StRead;
          left_q <= LeftRead[LeftW-1:0];
        end
        StRead:
        if (last) begin
          st_q       <= StEnd;
          left_q     <= LeftEnd[LeftW-1:0];
          selected_q <= 1'b0;
        end
        StEnd:   if (last) st_q <= StDone;
        default: st_q <= st_q;
      endcase
    end

    if (rst_i) begin
      st_q       <= StStart;
      sck_q      <= 1'b0;
      selected_q <= 1'b0;
      mosi_q     <= 1'b0;
      full_q     <= 1'b0;
    end
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // The time since reset, held at the cycle in which the host is heard. All that follows is said
  // of it alone, as the contract does.
  localparam integer FWakeEnd = 17;
  localparam integer FCommand = 17 + WAIT;
  localparam integer FRead = 81 + WAIT;
  localparam integer FEnd = 81 + WAIT + 16 * BYTES;
  localparam integer FDone = FEnd + 4;
  localparam integer FW = $clog2(FDone + 1);
  reg [FW-1:0] f_t = 0;
  always @(posedge clk_i) begin
    if (rst_i) f_t <= 0;
    else if (f_t != FDone) f_t <= f_t + 1'b1;
  end

  wire f_waking = f_t >= 1 && f_t < FWakeEnd;
  wire f_selected = f_waking || f_t >= FCommand && f_t < FEnd;
  wire [FW-1:0] f_since = f_waking ? f_t - 1 : f_t - FCommand;  // cycles selected
  wire [FW-2:0] f_bit = f_since[FW-1:1];
  wire f_reading = f_t >= FRead && f_t < FEnd;
  wire [FW-1:0] f_read = f_t - FRead;

  // The eight bits that a flash sent last, each in the second cycle of its clock.
  reg [7:0] f_in;
  always @(posedge clk_i) if (f_reading && f_read[0]) f_in <= {f_in[6:0], flash_miso_i};
  wire [7:0] f_taken = f_read >= 16 ? 8'hFF : 8'hFF >> (4'd8 - f_read[3:1]);
  wire f_whole = f_t > FRead && f_t <= FEnd && f_read[3:0] == 4'd0;

  // What a flash has to be told, the first bit at the top.
  wire [7:0] f_wake = 8'hAB;
  wire [31:0] f_command = {8'h03, OFFSET[23:0]};

  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      a_select : assert (flash_cs_no == !f_selected);
      a_clock : assert (flash_sck_o == (f_selected && f_since[0]));
      if (f_waking) a_wake : assert (flash_mosi_o == f_wake[~f_bit[2:0]]);
      if (f_selected && !f_waking && f_bit < 32)
        a_read : assert (flash_mosi_o == f_command[~f_bit[4:0]]);
      a_done : assert (done_o == (f_t == FDone));
      if (f_t != FDone) begin
        a_valid : assert (rx_valid_o == (f_whole || f_t > FEnd));
        if (f_whole) a_byte : assert (rx_data_o == f_in);
        if (f_t > FEnd) a_delimiter : assert (rx_data_o == 8'd0);
      end else begin
        a_host : assert (rx_valid_o == line_valid_i && rx_data_o == line_data_i);
      end
    end

  // What ties the registers to the time, for the induction.
    if (f_past) begin
      i_time : assert (f_t <= FDone);
      case (st_q)
        StStart:   i_start : assert (f_t == 0 && !sck_q);
        StWake:    i_wake : assert (left_q < 8 && f_t == 1 + 2 * (7 - left_q) + sck_q);
        StWait:    i_wait : assert (left_q < WAIT && !sck_q && f_t == FCommand - 1 - left_q);
        StCommand:
        i_command : assert (left_q < 32 && f_t == FCommand + 2 * (31 - left_q) + sck_q);
        StRead:
        i_read : assert (left_q < Bits && f_t == FRead + 2 * (Bits - 1 - left_q) + sck_q);
        StEnd:     i_end : assert (left_q < 4 && !sck_q && f_t == FEnd + 3 - left_q);
        StDone:    i_done : assert (f_t == FDone && !sck_q);
        default:   i_none : assert (1'b0);
      endcase
      i_select : assert (selected_q == shifting);
      i_bit :
      assert (!shifting || mosi_q == (st_q == StWake ? Wake[left_q[2:0]] :
          st_q == StCommand && Read[left_q[4:0]]));
      i_full : assert (full_q == (f_whole && st_q != StStart));
      if (st_q == StRead || f_t == FEnd) i_in : assert (((byte_q ^ f_in) & f_taken) == 8'd0);
      if (f_t > FEnd && st_q == StEnd) i_zero : assert (byte_q == 8'd0);
    end
    // Whole bytes and the host's turn are a hundred cycles away: tests/cli/standalone.rs sees them.
    c_command : cover (f_past && !flash_cs_no && f_t > FCommand && flash_sck_o);
  end
`endif

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_spi: SPI device, mode 0, most significant bit first; bytes in and out at the same time.
//
// The host clocks as long as it likes. What it sends are the bytes of a stream; what it gets is FF
// where there is nothing to send. A response has gaps only before a code byte (sf_cobs_tx), which is
// 00, 01 or 02, so that the host can tell an FF of a gap from one of the data.
//
// Contract
//   Ports       clk_i                     the design's clock
//               sck_i, cs_ni, mosi_i      the host's; asynchronous to clk_i
//               miso_o                    changes with the falling edges of sck_i
//               rx_data_o, rx_valid_o     a byte that came, one cycle; no backpressure
//               tx_data_i, tx_valid_i, tx_ready_o   a byte is taken in a cycle with both
//   Requires    sck_i of 50 % duty and at most twice the frequency of clk_i; cs_ni changes while sck_i
//               is low; tx_valid_i and tx_data_i stay until tx_ready_o.
//   Timing      The first byte after cs_ni falls is FF. What each further one is, is decided within 4
//               cycles of clk_i after the first rising edge of sck_i in the byte before it.
//   Invariants  Whenever cs_ni rises: the bits of a byte that has not all come are dropped; a byte to
//               be sent of which no bit has been taken is sent again.
//
// Two domains. In that of sck_i, cs_ni resets the bits' counter; a byte and a toggle that says it is
// there leave it, and they are stable for the seven periods that follow. The byte to be sent enters it
// from a register that changes only right after it was taken.

`default_nettype none

module sf_spi (
    input  wire       clk_i,
    input  wire       sck_i,
    input  wire       cs_ni,
    input  wire       mosi_i,
    output wire       miso_o,
    output wire [7:0] rx_data_o,
    output wire       rx_valid_o,
    input  wire [7:0] tx_data_i,
    input  wire       tx_valid_i,
    output wire       tx_ready_o
);

  localparam [7:0] Nothing = 8'hFF;

  // ------------------------------------------------------------- sck_i

  reg [2:0] bit_q;  // bits of this byte that have come
  reg [6:0] in_q;
  reg [7:0] byte_q;
  reg came_q;  // toggles with each byte
  initial came_q = 1'b0;

  reg [7:0] out_q;
  reg taken_q;  // toggles with each first bit of a byte that came from hold_q
  reg held_q;  // out_q came from hold_q
  initial taken_q = 1'b0;

  reg [7:0] hold_q;  // of the other domain
  initial hold_q = Nothing;

  always @(posedge sck_i or posedge cs_ni) begin
    if (cs_ni) bit_q <= 3'd0;
    else bit_q <= bit_q + 1'b1;
  end

  always @(posedge sck_i) begin
    in_q <= {in_q[5:0], mosi_i};
    if (bit_q == 3'd7) begin
      byte_q <= {in_q, mosi_i};
      came_q <= !came_q;
    end
    if (bit_q == 3'd0 && held_q) taken_q <= !taken_q;
  end

  always @(negedge sck_i or posedge cs_ni) begin
    if (cs_ni) begin
      out_q  <= Nothing;
      held_q <= 1'b0;
    end else if (bit_q == 3'd0) begin
      out_q  <= hold_q;
      held_q <= 1'b1;
    end else begin
      out_q <= {out_q[6:0], 1'b1};
    end
  end

  assign miso_o = out_q[7];

  // ------------------------------------------------------------- clk_i

  // Two flip-flops against metastability, one to see the change.
  reg [2:0] came_sync_q;
  reg [2:0] taken_sync_q;
  initial came_sync_q = 3'd0;
  initial taken_sync_q = 3'd0;

  assign rx_valid_o = came_sync_q[2] != came_sync_q[1];
  assign rx_data_o  = byte_q;
  assign tx_ready_o = taken_sync_q[2] != taken_sync_q[1];

  always @(posedge clk_i) begin
    came_sync_q  <= {came_sync_q[1:0], came_q};
    taken_sync_q <= {taken_sync_q[1:0], taken_q};
    if (tx_ready_o) hold_q <= tx_valid_i ? tx_data_i : Nothing;
  end

`ifdef FORMAL
  // Steps of time, of which clk_i has four a period and sck_i 2 * f_half: 2, the fastest that is
  // allowed, to 6.
  (* gclk *) reg f_time;
  (* anyconst *) wire [1:0] f_half;
  (* anyconst *) wire [1:0] f_phase;
  (* anyseq *) wire f_pause;  // the host waits; only between bytes
  (* anyseq *) wire f_select;  // cs_ni goes to the other level
  reg [2:0] f_bit = 3'd0;  // bits of this byte that have passed
  reg [1:0] f_clk = 2'd0;
  reg f_sck = 1'b0;
  reg [1:0] f_wait = 2'd0;  // steps until sck_i may change
  reg f_cs_n = 1'b1;
  always @(posedge f_time) begin
    f_clk <= f_clk + 1'b1;
    if (f_wait != 0) f_wait <= f_wait - 1'b1;
    else if (!f_sck && f_select) begin
      f_cs_n <= !f_cs_n;
      f_wait <= f_half - 1'b1;
    end else if (f_sck || f_run) begin
      f_sck  <= !f_sck;
      f_wait <= f_half - 1'b1;
    end
  end
  wire f_run = !f_cs_n && (f_bit != 0 || !f_pause);
  wire [1:0] f_shown = f_clk + f_phase;
  always @(*) begin
    assume (f_half != 0);
    assume (clk_i == f_shown[1]);
    assume (sck_i == f_sck);
    assume (cs_ni == f_cs_n);
  end

  // What sender and receiver see in the steps in which an edge comes.
  wire f_clk_edge = f_shown == 2'd1;
  wire f_rise = f_wait == 0 && !f_sck && !f_select && f_run;
  (* anyseq *) wire f_mosi;
  always @(*) assume (mosi_i == f_mosi);

  reg f_begun = 1'b0;  // a byte has passed since cs_ni fell
  reg [6:0] f_in = 7'd0;
  reg [6:0] f_out = 7'd0;
  reg [7:0] f_expect = 8'd0;
  reg f_due = 1'b0;  // a byte has come that has not been handed over
  reg [7:0] f_next = 8'hFF;  // what was decided for the next byte
  reg f_decided = 1'b1;
  reg [7:0] f_now = 8'hFF;  // the byte that the host is getting

  always @(posedge f_time) begin
    if (f_cs_n) begin
      f_bit   <= 3'd0;
      f_begun <= 1'b0;
    end else if (f_rise) begin
      f_bit <= f_bit + 1'b1;
      f_in  <= {f_in[5:0], mosi_i};
      f_out <= {f_out[5:0], miso_o};
      if (f_bit == 3'd0) begin
        f_now <= f_begun ? f_next : 8'hFF;
        if (f_begun) begin
          a_decided : assert (f_decided);
          f_decided <= 1'b0;
        end
      end
      if (f_bit == 3'd7) begin
        f_begun <= 1'b1;
        a_in_time : assert (!f_due);
        f_due    <= 1'b1;
        f_expect <= {f_in, mosi_i};
        a_out : assert ({f_out, miso_o} == f_now);
      end
    end
    if (f_clk_edge && rx_valid_o) begin
      a_in : assert (f_due && rx_data_o == f_expect);
      f_due <= 1'b0;
    end
    if (f_clk_edge && tx_ready_o) begin
      // Never while the other domain may read it.
      a_once : assert (!f_decided);
      f_decided <= 1'b1;
      f_next    <= tx_valid_i ? tx_data_i : 8'hFF;
    end
    c_byte : cover (f_begun && f_bit == 3'd7 && f_now == 8'h5A && f_expect == 8'hC3);
  end
`endif

endmodule

`default_nettype wire

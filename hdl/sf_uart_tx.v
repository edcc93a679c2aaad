// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_uart_tx: serial transmitter, 8N1, least significant bit first.
//
// Contract
//   Parameters  DIV       clock cycles a bit, 4 ..= 65535
//   Ports       clk_i, rst_i
//               data_i, valid_i, ready_o   a byte is taken in a cycle with valid_i && ready_o
//               tx_o      the line, idle high, straight from a flip-flop (no glitches)
//   Timing      a byte taken in cycle t: start bit in cycles t + 1 ..= t + DIV, then the eight data
//               bits and the stop bit, DIV cycles each; ready_o is low for these 10 * DIV cycles. With
//               valid_i held high, one byte every 10 * DIV + 1 cycles.
//   Invariant   ready_o does not depend on valid_i; the line only changes at bit boundaries.

`default_nettype none

module sf_uart_tx #(
    parameter integer DIV = 104
) (
    input  wire       clk_i,
    input  wire       rst_i,
    input  wire [7:0] data_i,
    input  wire       valid_i,
    output wire       ready_o,
    output wire       tx_o
);

  // No module of this name exists: a parameter out of range stops the elaboration here.
  generate
    if (DIV < 4 || DIV > 65535) begin : g_check
      sf_uart_tx_div_out_of_range u_check ();
    end
  endgenerate

  localparam integer CntW = $clog2(DIV);
  localparam integer Last = DIV - 1;

  reg [CntW-1:0] cnt_q;  // cycles left in this bit, less one
  reg [3:0] bits_q;  // bits left, this one included; 0: idle
  reg [8:0] shift_q;  // this bit and the data bits after it; ones come in behind: the stop bit

  wire tick = cnt_q == {CntW{1'b0}};

  assign ready_o = bits_q == 4'd0;
  assign tx_o    = shift_q[0];

  always @(posedge clk_i) begin
    if (ready_o || tick) cnt_q <= Last[CntW-1:0];
    else cnt_q <= cnt_q - 1'b1;

    if (rst_i) begin
      bits_q  <= 4'd0;
      shift_q <= 9'h1FF;
    end else if (ready_o) begin
      if (valid_i) begin
        bits_q  <= 4'd10;
        shift_q <= {data_i, 1'b0};
      end
    end else if (tick) begin
      bits_q  <= bits_q - 1'b1;
      shift_q <= {1'b1, shift_q[8:1]};
    end
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // The frame as it should appear on the line, and where in it we are.
  reg f_busy;
  reg [9:0] f_frame;
  reg [3:0] f_bit;
  reg [CntW-1:0] f_phase;
  always @(posedge clk_i) begin
    if (rst_i) f_busy <= 1'b0;
    else if (!f_busy) begin
      f_busy  <= valid_i;
      f_frame <= {1'b1, data_i, 1'b0};
      f_bit   <= 4'd0;
      f_phase <= 0;
    end else begin
      f_phase <= (f_phase == DIV - 1) ? 0 : f_phase + 1'b1;
      if (f_phase == DIV - 1) begin
        f_bit <= f_bit + 1'b1;
        if (f_bit == 4'd9) f_busy <= 1'b0;
      end
    end
  end

  always @(posedge clk_i) begin
    if (f_past) begin
      a_ready : assert (ready_o == !f_busy);
      a_line : assert (tx_o == (f_busy ? f_frame[f_bit] : 1'b1));
      // What ties the registers to the reference, for the induction.
      if (f_busy) begin
        i_bit : assert (f_bit <= 4'd9 && bits_q == 4'd10 - f_bit);
        i_phase : assert (f_phase <= DIV - 1 && cnt_q == Last - f_phase);
        i_shift : assert ({1'b1, shift_q} == ((f_frame >> f_bit) | ~(10'h3FF >> f_bit)));
      end else begin
        i_idle : assert (shift_q == 9'h1FF);
      end
    end
  end
`endif

endmodule

`default_nettype wire

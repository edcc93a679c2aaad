// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_status: what the board's two LEDs show.
//
// Contract
//   start_i, done_i   an inference begins, its last byte is sent: led_busy_no is lit between
//   error_i           a damaged frame was dropped, or weights are missing that should have been
//                     there after power-on: led_error_no is lit until the next start_i
//   The LED outputs are registers, low when lit.
`default_nettype none

module sf_status (
  input  wire clk_i,
  input  wire rst_i,
  input  wire start_i,
  input  wire error_i,
  input  wire done_i,
  output reg  led_busy_no,
  output reg  led_error_no
);

  always @(posedge clk_i) begin
    if (done_i) led_busy_no <= 1'b1;
    if (error_i) led_error_no <= 1'b0;
    if (start_i) begin
      led_busy_no  <= 1'b0;
      led_error_no <= 1'b1;
    end
    if (rst_i) begin
      led_busy_no  <= 1'b1;
      led_error_no <= 1'b1;
    end
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // The last event decides, and a start is later than what comes with it.
  reg f_busy, f_error;
  always @(posedge clk_i) begin
    f_busy  <= ~rst_i & (start_i | (f_busy & ~done_i));
    f_error <= ~rst_i & ~start_i & (error_i | f_error);
  end

  always @(posedge clk_i) begin
    if (f_past) begin
      a_busy : assert (led_busy_no == ~f_busy);
      a_error : assert (led_error_no == ~f_error);
    end
  end
`endif

endmodule

`default_nettype wire

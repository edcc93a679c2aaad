// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_status: what the board's two LEDs show.
//
// Contract
//   start_i, done_i   an inference begins, its last byte is sent: led_busy_no is lit between
//   error_i           a damaged frame was dropped: led_error_no is lit until the next start_i
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

endmodule

`default_nettype wire

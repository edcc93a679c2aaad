// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// standalone: the chip and its flash, wired as on the board. LED_BUSY and LED_ERROR are the names of
// the LEDs' ports, and lit is what LIT says.
`default_nettype none

module standalone (
    input  wire clk_i,
    input  wire uart_rx_i,
    output wire uart_tx_o,
    output wire busy_o,
    output wire error_o,
    output wire selected_o,
    output wire violated_o
);

  wire cs_n, sck, mosi, miso, busy, error;

  top u_top (
      .clk_i       (clk_i),
      .uart_rx_i   (uart_rx_i),
      .uart_tx_o   (uart_tx_o),
      .flash_cs_no (cs_n),
      .flash_sck_o (sck),
      .flash_mosi_o(mosi),
      .flash_miso_i(miso),
      .`LED_BUSY   (busy),
      .`LED_ERROR  (error)
  );

  W25Q128JV u_flash (
      .cs_ni     (cs_n),
      .sck_i     (sck),
      .di_i      (mosi),
      .do_o      (miso),
      .violated_o(violated_o)
  );

  assign busy_o     = busy == `LIT;
  assign error_o    = error == `LIT;
  assign selected_o = !cs_n;

endmodule

`default_nettype wire

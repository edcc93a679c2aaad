// SPDX-License-Identifier: Apache-2.0 OR MIT
// Read-only and writable memories in every shape of a block RAM of 18 kbit, one block RAM each: all
// of them are written, then read back, and everything read goes into a sum; products too, unless
// NO_PRODUCTS is defined.
`default_nettype none

module rom #(
    parameter WIDTH = 1,
    parameter AW = 14,
    parameter INIT = ""
) (
    input wire clk_i,
    input wire en_i,
    input wire [13:0] addr_i,
    output reg [35:0] data_o
);
  (* ram_style = "block" *) reg [WIDTH-1:0] mem[0:(1<<AW)-1];
  initial if (INIT != "") $readmemh(INIT, mem);
  reg [WIDTH-1:0] word_q;
  always @(posedge clk_i) if (en_i) word_q <= mem[addr_i[AW-1:0]];
  always @(*) data_o = {{(36 - WIDTH) {1'b0}}, word_q};
endmodule

module ram #(
    parameter WIDTH = 1,
    parameter AW = 14
) (
    input wire clk_i,
    input wire we_i,
    input wire re_i,
    input wire [13:0] waddr_i,
    input wire [35:0] wdata_i,
    input wire [13:0] raddr_i,
    output reg [35:0] data_o
);
  (* ram_style = "block", no_rw_check *) reg [WIDTH-1:0] mem[0:(1<<AW)-1];
  reg [WIDTH-1:0] word_q;
  always @(posedge clk_i) begin
    if (we_i) mem[waddr_i[AW-1:0]] <= wdata_i[WIDTH-1:0];
    if (re_i) word_q <= mem[raddr_i[AW-1:0]];
  end
  always @(*) data_o = {{(36 - WIDTH) {1'b0}}, word_q};
endmodule

module shapes (
    input wire clk_i,
    input wire rst_i,
    output wire sum_o,
    output reg valid_o
);
  // Words are written from the last one on, each with a mix of its address, every third not.
  reg [15:0] count_q;
  wire writing = count_q[15:14] == 2'd0;
  wire reading = count_q[15:14] == 2'd1;
  wire [13:0] waddr = ~count_q[13:0];
  wire [13:0] mixed = waddr ^ {waddr[6:0], waddr[13:7]};
  wire [35:0] wdata = {waddr, mixed[7:0], ~waddr} ^ {22'd0, mixed};
  wire we = writing & (count_q[1:0] != 2'd2);
  // One address is read twice, and nothing is in between: the output has to hold.
  wire re = reading & (count_q[3:0] != 4'd9);
  wire [13:0] raddr = count_q[13:0];

  wire [35:0] r1, r2, r4, r9, r18, r36, m1, m2, m4, m9, m18, m36;
  rom #(.WIDTH(1), .AW(14), .INIT("rom1.hex")) u_r1 (.clk_i(clk_i), .en_i(re), .addr_i(raddr), .data_o(r1));
  rom #(.WIDTH(2), .AW(13), .INIT("rom2.hex")) u_r2 (.clk_i(clk_i), .en_i(re), .addr_i(raddr), .data_o(r2));
  rom #(.WIDTH(4), .AW(12), .INIT("rom4.hex")) u_r4 (.clk_i(clk_i), .en_i(re), .addr_i(raddr), .data_o(r4));
  rom #(.WIDTH(9), .AW(11), .INIT("rom9.hex")) u_r9 (.clk_i(clk_i), .en_i(re), .addr_i(raddr), .data_o(r9));
  rom #(.WIDTH(18), .AW(10), .INIT("rom18.hex")) u_r18 (.clk_i(clk_i), .en_i(re), .addr_i(raddr), .data_o(r18));
  rom #(.WIDTH(36), .AW(9), .INIT("rom36.hex")) u_r36 (.clk_i(clk_i), .en_i(re), .addr_i(raddr), .data_o(r36));
  ram #(.WIDTH(1), .AW(14)) u_m1 (.clk_i(clk_i), .we_i(we), .re_i(re), .waddr_i(waddr), .wdata_i(wdata), .raddr_i(raddr), .data_o(m1));
  ram #(.WIDTH(2), .AW(13)) u_m2 (.clk_i(clk_i), .we_i(we), .re_i(re), .waddr_i(waddr), .wdata_i(wdata), .raddr_i(raddr), .data_o(m2));
  ram #(.WIDTH(4), .AW(12)) u_m4 (.clk_i(clk_i), .we_i(we), .re_i(re), .waddr_i(waddr), .wdata_i(wdata), .raddr_i(raddr), .data_o(m4));
  ram #(.WIDTH(9), .AW(11)) u_m9 (.clk_i(clk_i), .we_i(we), .re_i(re), .waddr_i(waddr), .wdata_i(wdata), .raddr_i(raddr), .data_o(m9));
  ram #(.WIDTH(18), .AW(10)) u_m18 (.clk_i(clk_i), .we_i(we), .re_i(re), .waddr_i(waddr), .wdata_i(wdata), .raddr_i(raddr), .data_o(m18));
  ram #(.WIDTH(36), .AW(9)) u_m36 (.clk_i(clk_i), .we_i(we), .re_i(re), .waddr_i(waddr), .wdata_i(wdata), .raddr_i(raddr), .data_o(m36));

`ifdef NO_PRODUCTS
  wire [35:0] products = 36'd0;
`else
  // Products of signed and of unsigned numbers, narrower than a multiplier and as wide as one.
  wire signed [12:0] xs = raddr[12:0];
  wire signed [17:0] ys = {raddr[3:0], raddr};
  wire [16:0] xu = {raddr[2:0], raddr};
  wire [17:0] yu = ~{raddr[3:0], raddr};
  reg signed [35:0] ps_q;
  reg [35:0] pu_q;
  always @(posedge clk_i) begin
    if (re) begin
      ps_q <= xs * ys;
      pu_q <= xu * yu;
    end
  end
  wire [35:0] products = ps_q ^ {pu_q[11:0], pu_q[35:12]};
`endif

  // Rotated, so that the same bits at other times make another sum.
  wire [35:0] all = r1 ^ {r2[34:0], r2[35]} ^ {r4[32:0], r4[35:33]} ^ {r9[28:0], r9[35:29]}
      ^ {r18[17:0], r18[35:18]} ^ r36 ^ {m1[30:0], m1[35:31]} ^ {m2[26:0], m2[35:27]}
      ^ {m4[22:0], m4[35:23]} ^ {m9[20:0], m9[35:21]} ^ {m18[15:0], m18[35:16]} ^ {m36[2:0], m36[35:3]}
      ^ products;
  reg [35:0] sum_q;
  reg live_q;
  // At the end it goes round, and out at the top.
  assign sum_o = sum_q[35];

  always @(posedge clk_i) begin
    live_q <= reading;
    if (live_q | valid_o) sum_q <= {sum_q[34:0], sum_q[35]} ^ (live_q ? all : 36'd0);
    valid_o <= count_q[15] && !live_q;
    if (!count_q[15]) count_q <= count_q + 16'd1;
    if (rst_i) begin
      count_q <= 16'd0;
      live_q <= 1'b0;
      sum_q <= 36'd0;
      valid_o <= 1'b0;
    end
  end
endmodule

`default_nettype wire

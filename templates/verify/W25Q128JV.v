// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// W25Q128JV: a SPI flash of 16 MiB as its data sheet has it (Winbond, revision F), as far as a
// design reads it after configuration: Read Data (03h), Power-down (B9h), Release Power-down (ABh),
// mode 0. Written for simulation; nothing of it is synthesised.
//
// Contract
//   +flash=FILE   the contents from address 0 on; what is behind is erased, FF. Addresses end at
//                 2**KEPT: what lies above is erased, too.
//   cs_ni, sck_i, di_i, do_o   as the chip's pins; where it drives nothing, a pull-up makes do_o 1
//   violated_o    what the data sheet forbids has happened: a clock above 50 MHz, a command while
//                 the chip wakes up, or a selection that comes sooner after the last one than it may
//   At first it is powered down, as icepack's bitstreams leave it. Powered down it takes no command
//   but ABh. That counts when the selection ends, and 3 us later (tRES1) the chip takes others;
//   those that begin before do nothing. Any other command does nothing, either.
//   Output changes at once, not after up to 6 ns (tCLQV). A unit of time is a picosecond, which is
//   what a simulator takes if nothing else is said.
`default_nettype none

module W25Q128JV #(
    parameter integer KEPT = 18
) (
    input  wire cs_ni,
    input  wire sck_i,
    input  wire di_i,
    output wire do_o,
    output wire violated_o
);

  localparam [7:0] ReadData = 8'h03;
  localparam [7:0] PowerDown = 8'hB9;
  localparam [7:0] Release = 8'hAB;

  // AC Electrical Characteristics, in picoseconds.
  localparam time ClockPeriod = 20000;  // 1 / fR of 03h
  localparam time Deselected = 50000;  // tSHSL2
  localparam time Wake = 3000000;  // tRES1

  reg [7:0] contents[0:(1<<KEPT)-1];

  reg [8*512-1:0] name;
  integer file, unused_count, k;
  initial begin
    for (k = 0; k < 1 << KEPT; k = k + 1) contents[k] = 8'hFF;
    if ($value$plusargs("flash=%s", name)) begin
      file         = $fopen(name, "rb");
      unused_count = $fread(contents, file);
      $fclose(file);
    end
  end

  // ---- a selection: its bits, its command, its address
  reg [26:0] clocks_q;  // while it was selected, ever
  reg [26:0] before_q;  // those before this selection
  reg [7:0] command_q;
  reg [23:0] address_q;
  time selected_q, deselected_q;
  initial begin
    clocks_q     = 27'd0;
    before_q     = 27'd0;
    selected_q   = 0;
    deselected_q = 0;
  end

  // The bits of this selection; it is shorter than the whole chip.
  wire [26:0] bits = clocks_q - before_q;

  always @(negedge cs_ni) begin
    before_q   <= clocks_q;
    selected_q <= $time;
  end

  always @(posedge sck_i) begin
    if (!cs_ni) begin
      clocks_q <= clocks_q + 1'b1;
      if (bits < 8) command_q <= {command_q[6:0], di_i};
      if (bits >= 8 && bits < 32) address_q <= {address_q[22:0], di_i};
    end
  end

  // ---- power
  reg down_q;
  time awake_q;  // commands are taken that begin from then on
  initial begin
    down_q  = 1'b1;
    awake_q = 0;
  end

  wire takes = !down_q && selected_q >= awake_q;

  always @(posedge cs_ni) begin
    deselected_q <= $time;
    // Whole bytes alone are commands.
    if (bits >= 8 && bits[2:0] == 3'd0) begin
      if (command_q == Release && down_q) begin
        down_q  <= 1'b0;
        awake_q <= $time + Wake;
      end
      if (command_q == PowerDown && bits == 8 && takes) down_q <= 1'b1;
    end
  end

  // ---- what is read
  wire [26:0] data_bit = bits - 27'd32;
  wire [23:0] at = address_q + data_bit[26:3];
  wire [7:0] here = at < 24'd1 << KEPT ? contents[at[KEPT-1:0]] : 8'hFF;

  reg drive_q, do_q;
  initial drive_q = 1'b0;
  always @(negedge sck_i) begin
    drive_q <= takes && command_q == ReadData && bits >= 32;
    do_q    <= here[~data_bit[2:0]];
  end
  assign do_o = !cs_ni && drive_q && bits >= 32 ? do_q : 1'b1;

  // ---- what is forbidden
  reg clock_q, early_q;
  time rise_q;
  initial begin
    clock_q = 1'b0;
    early_q = 1'b0;
    rise_q  = 0;
  end
  always @(posedge sck_i) begin
    rise_q <= $time;
    if (!cs_ni && bits != 0 && $time < rise_q + ClockPeriod) clock_q <= 1'b1;
  end
  always @(negedge cs_ni) begin
    if (deselected_q != 0 && $time < deselected_q + Deselected) early_q <= 1'b1;
    if (!down_q && $time < awake_q) early_q <= 1'b1;
  end
  assign violated_o = clock_q || early_q;

endmodule

`default_nettype wire

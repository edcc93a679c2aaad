// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_rows: holds a job back until the rows of a map that its next row needs are written, or until
// there is room for the row that it writes.
//
// Contract
//   ROWS        rows of the map, >= 1; OWN: rows of the job, >= 1
//   FIRST, STEP rows that the job's first row needs, FIRST <= ROWS, and how many more each further
//               one; its last row needs all
//   START, EACH rows that are there at the start, and that a row of the other job brings
//   start_i     one cycle: an inference begins
//   written_i   one cycle: EACH rows more are there, from the next cycle on; ROWS + START at most
//   next_i      one cycle: the job goes on to its next row
//   hold_o      a row that is needed is not there yet
`default_nettype none

module sf_rows #(
  parameter ROWS  = 8,
  parameter OWN   = 8,
  parameter FIRST = 2,
  parameter STEP  = 1,
  parameter START = 0,
  parameter EACH  = 1,
  parameter RW    = $clog2(ROWS + START + 1),
  parameter OW    = (OWN > 1) ? $clog2(OWN) : 1
) (
  input  wire clk_i,
  input  wire rst_i,
  input  wire start_i,
  input  wire written_i,
  input  wire next_i,
  output wire hold_o
);

  localparam [RW:0]   Rows  = ROWS[RW:0];
  localparam [RW:0]   Step  = (STEP < ROWS) ? STEP[RW:0] : ROWS[RW:0];
  localparam [RW-1:0] First = (OWN > 1) ? FIRST[RW-1:0] : ROWS[RW-1:0];
  localparam [OW-1:0] Left  = OWN[OW-1:0] - 1'b1;
  localparam [RW-1:0] Start = START[RW-1:0];
  localparam [RW-1:0] Each  = EACH[RW-1:0];

  reg [RW-1:0] have_q, need_q;
  reg [OW-1:0] left_q;                         // rows of the job behind this one

  wire [RW:0] sum  = {1'b0, need_q} + Step;
  wire        all  = (sum > Rows) | (left_q == {{(OW-1){1'b0}}, 1'b1});
  wire        more = |left_q;

  assign hold_o = have_q < need_q;

  always @(posedge clk_i) begin
    if (written_i) have_q <= have_q + Each;
    if (next_i & more) begin
      need_q <= all ? Rows[RW-1:0] : sum[RW-1:0];
      left_q <= left_q - 1'b1;
    end
    if (start_i | rst_i) begin
      have_q <= Start;
      need_q <= First;
      left_q <= Left;
    end
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // In numbers: rows that are there, and the row that the job is at.
  integer f_have, f_row;
  integer f_sum, f_need;
  always @(*) begin
    f_sum  = FIRST + f_row * STEP;
    f_need = (f_row == OWN - 1 || f_sum > ROWS) ? ROWS : f_sum;
  end
  always @(*) begin
    if (written_i) assume (f_have + EACH <= ROWS + START);
    if (next_i) assume (!hold_o);
  end
  always @(posedge clk_i) begin
    if (rst_i || start_i) begin
      f_have <= START;
      f_row  <= 0;
    end else begin
      if (written_i) f_have <= f_have + EACH;
      if (next_i && f_row < OWN - 1) f_row <= f_row + 1;
    end
  end

  always @(posedge clk_i) begin
    if (f_past) begin
      a_hold : assert (hold_o == (f_have < f_need));
      i_have : assert (have_q == f_have && f_have >= 0 && f_have <= ROWS + START);
      i_row : assert (f_row >= 0 && f_row < OWN && left_q == OWN - 1 - f_row);
      i_need : assert (need_q == f_need);
      c_last : cover (f_row == OWN - 1 && !hold_o && $past(hold_o));
    end
  end
`endif

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_part: the first word of what belongs to a chunk of timesteps, in a memory that holds one
// such part after another.
//
// Contract
//   AW          width of an address
//   STEP        words of a part
//   turn_i      one cycle: a chunk is done; last_i: it was the last one, and the first one follows
//   base_o      STEP times the number of the chunk, from the cycle after turn_i
//   before_o    the same of the chunk before; in the first one it has no meaning
`default_nettype none

module sf_part #(
  parameter AW   = 8,
  parameter STEP = 16
) (
  input  wire          clk_i,
  input  wire          rst_i,
  input  wire          turn_i,
  input  wire          last_i,
  output wire [AW-1:0] base_o,
  output wire [AW-1:0] before_o
);

  reg [AW-1:0] base_q, before_q;
  assign base_o   = base_q;
  assign before_o = before_q;

  always @(posedge clk_i) begin
    if (turn_i) base_q <= last_i ? {AW{1'b0}} : base_q + STEP[AW-1:0];
    if (turn_i) before_q <= base_q;
    if (rst_i) base_q <= {AW{1'b0}};
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // As many chunks as the address has room for.
  reg [AW-1:0] f_chunk;
  always @(posedge clk_i) begin
    if (turn_i) f_chunk <= last_i ? {AW{1'b0}} : f_chunk + 1'b1;
    if (rst_i) f_chunk <= {AW{1'b0}};
  end
  wire [AW+31:0] f_base = f_chunk * STEP;
  always @(*) if (turn_i && !last_i) assume (f_base + STEP < (1 << AW));

  always @(posedge clk_i) begin
    if (f_past) begin
      a_base : assert (base_o == f_base);
      if (f_chunk != 0) a_before : assert (before_o == f_base - STEP);
      i_room : assert (f_base < (1 << AW));
      c_again : cover (f_chunk == 0 && $past(f_chunk) == 2);
    end
  end
`endif

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_walk: addresses of six nested loops, one a cycle.
//
// Level 0 is the innermost loop. Level k is gone through count_k + 1 times; when it steps and
// all inner ones begin again, delta_k is added to the address. All numbers are the job's, so
// one walker serves windows, channels, groups, places and rows alike.
//
// Contract
//   AW, CW      widths of an address and of a count
//   start_i     one cycle: the walk begins with base_i in the next one; what was left is lost
//   count_i     {count_5 .. count_0}, delta_i {delta_5 .. delta_0}: stable during a walk
//   next_i      the address is taken; high only when valid_o is
//   addr_o      valid while valid_o
//   end_o       bit k: levels 0 .. k are at their ends with this address; bit 5: the last one
`default_nettype none

module sf_walk #(
  parameter AW = 12,
  parameter CW = 8
) (
  input  wire            clk_i,
  input  wire            rst_i,
  input  wire            start_i,
  input  wire [AW-1:0]   base_i,
  input  wire [6*CW-1:0] count_i,
  input  wire [6*AW-1:0] delta_i,
  input  wire            next_i,
  output wire [AW-1:0]   addr_o,
  output wire            valid_o,
  output wire [5:0]      end_o
);

  reg [AW-1:0]   addr_q;
  reg            valid_q;
  reg [6*CW-1:0] at_q;

  wire [5:0] at_end;

  genvar k;
  generate
    for (k = 0; k < 6; k = k + 1) begin : gen_level
      assign at_end[k] = at_q[k*CW +: CW] == count_i[k*CW +: CW];
      assign end_o[k]  = &at_end[k:0];
      // This level steps, or begins again, when all inner ones are at their ends.
      wire inner;
      if (k == 0) begin : gen_first
        assign inner = 1'b1;
      end else begin : gen_outer
        assign inner = end_o[k-1];
      end
      always @(posedge clk_i) begin
        if (start_i) at_q[k*CW +: CW] <= {CW{1'b0}};
        else if (next_i & inner) begin
          at_q[k*CW +: CW] <= at_end[k] ? {CW{1'b0}} : at_q[k*CW +: CW] + 1'b1;
        end
      end
    end
  endgenerate

  // The level that steps decides what is added.
  wire [AW-1:0] delta = ~end_o[0] ? delta_i[0*AW +: AW] :
                        ~end_o[1] ? delta_i[1*AW +: AW] :
                        ~end_o[2] ? delta_i[2*AW +: AW] :
                        ~end_o[3] ? delta_i[3*AW +: AW] :
                        ~end_o[4] ? delta_i[4*AW +: AW] : delta_i[5*AW +: AW];

  assign addr_o  = addr_q;
  assign valid_o = valid_q;

  always @(posedge clk_i) begin
    if (start_i) begin
      addr_q  <= base_i;
      valid_q <= 1'b1;
    end else if (next_i) begin
      addr_q  <= addr_q + delta;
      valid_q <= ~end_o[5];
    end
    if (rst_i) valid_q <= 1'b0;
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);
  always @(*) if (next_i) assume (valid_o);

  // The job's numbers stay as they are during a walk.
  reg [6*CW-1:0] f_count;
  reg [6*AW-1:0] f_delta;
  always @(posedge clk_i) if (start_i) begin
    f_count <= count_i;
    f_delta <= delta_i;
  end
  always @(*) if (valid_o && !start_i) assume (f_count == count_i && f_delta == delta_i);

  // The reference: the loops' counters as numbers, the address as a sum of steps.
  integer      f_i [0:5];
  reg [AW-1:0] f_addr;
  integer      n;
  reg          f_carry;
  always @(posedge clk_i) begin
    if (start_i) begin
      for (n = 0; n < 6; n = n + 1) f_i[n] <= 0;
      f_addr <= base_i;
    end else if (next_i) begin
      f_carry = 1'b1;
      for (n = 0; n < 6; n = n + 1) begin
        if (f_carry) begin
          if (f_i[n] == f_count[n*CW +: CW]) begin
            f_i[n] <= 0;
          end else begin
            f_i[n] <= f_i[n] + 1;
            f_addr <= f_addr + f_delta[n*AW +: AW];
            f_carry = 1'b0;
          end
        end
      end
    end
  end

  // Levels 0 .. k at their ends.
  wire [5:0] f_at_end, f_end, f_at;
  generate
    for (k = 0; k < 6; k = k + 1) begin : gen_formal
      assign f_at_end[k] = f_i[k] == f_count[k*CW +: CW];
      assign f_end[k]    = &f_at_end[k:0];
      assign f_at[k]     = at_q[k*CW +: CW] == f_i[k] && f_i[k] >= 0 && f_i[k] <= f_count[k*CW +: CW];
    end
  endgenerate

  always @(posedge clk_i) begin
    if (f_past) begin
      if ($past(start_i && !rst_i)) a_start : assert (valid_o);
      if ($past(rst_i)) a_reset : assert (!valid_o);
      // No address is lost while nobody takes it; after the last one nothing comes.
      if ($past(!rst_i && !start_i && !next_i)) a_wait : assert (valid_o == $past(valid_o));
      if ($past(!rst_i && !start_i && next_i)) a_over : assert (valid_o == !$past(f_end[5]));
      if (valid_o) begin
        a_addr : assert (addr_o == f_addr);
        a_end : assert (end_o == f_end || start_i);
        i_at : assert (&f_at);
      end
      c_outer : cover (!rst_i && next_i && end_o[4] && !end_o[5]);
      c_all : cover ($past(next_i && !start_i && !rst_i) && !valid_o && f_count[CW-1:0] != 0 && f_count[5*CW +: CW] != 0);
    end
  end
`endif

endmodule

`default_nettype wire

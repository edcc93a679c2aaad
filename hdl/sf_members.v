// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_members: which member of an ensemble is at work, of those that run.
//
// Contract
//   N       members, 2 to 16
//   mask_i  the members that run, not none; stable from the cycle before now_o is used to the
//           last member's step
//   step_i  the member now at work is done
//   now_o   the member at work: those of the mask in order, the first one again after the last
//   next_o  now_o of the next cycle, if mask_i does not change
//   last_o  no other one follows
`default_nettype none

module sf_members #(
  parameter N  = 4,
  parameter MW = $clog2(N)
) (
  input  wire          clk_i,
  input  wire          rst_i,
  input  wire [N-1:0]  mask_i,
  input  wire          step_i,
  output wire [MW-1:0] now_o,
  output wire [MW-1:0] next_o,
  output wire          last_o
);

  // The place of the lowest one.
  function [MW-1:0] lowest(input [N-1:0] set);
    integer k;
    begin
      lowest = {MW{1'b0}};
      for (k = N - 1; k >= 0; k = k - 1) if (set[k]) lowest = k[MW-1:0];
    end
  endfunction

  reg  [N-1:0] left_q;                         // the one at work and those behind it
  reg          fresh_q;                        // none has begun
  wire [N-1:0] left = fresh_q ? mask_i : left_q;
  wire [N-1:0] rest = left & (left - 1'b1);

  assign now_o  = lowest(left);
  assign next_o = ~step_i ? now_o : last_o ? lowest(mask_i) : lowest(rest);
  assign last_o = rest == {N{1'b0}};

  always @(posedge clk_i) begin
    if (step_i) begin
      left_q  <= rest;
      fresh_q <= last_o;
    end
    if (rst_i) fresh_q <= 1'b1;
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // Those that have been at work, by a table.
  reg [N-1:0] f_done, f_mask;
  reg         f_begun;
  always @(posedge clk_i) begin
    f_mask <= mask_i;
    if (rst_i) begin
      f_done  <= 0;
      f_begun <= 1'b0;
    end else if (step_i) begin
      f_done[now_o] <= 1'b1;
      f_begun <= 1'b1;
      if (last_o) begin
        f_done  <= 0;
        f_begun <= 1'b0;
      end
    end
  end
  always @(*) assume (mask_i != 0);
  always @(*) if (f_past && f_begun) assume (mask_i == f_mask);

  // Any other one, whichever it is.
  (* anyconst *) reg [MW-1:0] f_any;
  reg f_stepped;
  reg [MW-1:0] f_next;
  always @(posedge clk_i) begin
    f_stepped <= ~rst_i;
    f_next    <= next_o;
  end
  always @(*) assume (f_any < N);
  always @(posedge clk_i) begin
    if (f_past && !rst_i) begin
      a_of_mask : assert (mask_i[now_o] && !f_done[now_o]);
      a_order : assert (f_any >= now_o || !mask_i[f_any] || f_done[f_any]);
      a_last : assert (last_o == ((mask_i & ~f_done & ~({{(N-1){1'b0}}, 1'b1} << now_o)) == 0));
      if (f_stepped && mask_i == f_mask) a_next : assert (now_o == f_next);
      i_left : assert (fresh_q == !f_begun && (fresh_q || left_q == (mask_i & ~f_done)));
      i_done : assert ((f_done & ~mask_i) == 0 && (f_begun || f_done == 0));
      c_three : cover (last_o && N > 2 && f_done != 0 && (f_done & (f_done - 1'b1)) != 0);
    end
  end
`endif

endmodule

`default_nettype wire

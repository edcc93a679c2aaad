// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_or: the OR of the words of a window: max pooling of spike trains.
//
// Contract
//   DW          width of a word
//   w_*         words, taken in the cycle in which w_valid_i is high; the first and the last
//               one of a window, the last one of the job
//   y_valid_o   one cycle: y_data_o is the OR of a window, two cycles after its last address
//   done_o      with the job's last one
`default_nettype none

module sf_or #(
  parameter DW = 16
) (
  input  wire          clk_i,
  input  wire          rst_i,
  input  wire          w_valid_i,
  input  wire [DW-1:0] w_data_i,
  input  wire          w_first_i,
  input  wire          w_last_i,
  input  wire          w_job_end_i,
  output reg  [DW-1:0] y_data_o,
  output reg           y_valid_o,
  output reg           done_o
);

  always @(posedge clk_i) begin
    if (w_valid_i) y_data_o <= w_first_i ? w_data_i : y_data_o | w_data_i;
    y_valid_o <= w_valid_i & w_last_i & ~rst_i;
    done_o    <= w_valid_i & w_job_end_i & ~rst_i;
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // A window begins with a first word, and a job ends with a window.
  reg f_open = 1'b0;
  always @(posedge clk_i) if (w_valid_i) f_open <= ~w_last_i;
  always @(*) if (w_valid_i) assume (w_first_i == ~f_open);
  always @(*) if (w_valid_i && w_job_end_i) assume (w_last_i);

  // One bit, whichever it is: has it been high in a word of this window?
  (* anyconst *) integer f_bit;
  always @(*) assume (f_bit >= 0 && f_bit < DW);
  reg f_seen, f_any = 1'b0;
  always @(posedge clk_i) begin
    if (w_valid_i) begin
      f_seen <= w_data_i[f_bit] | (f_open & f_seen);
      f_any  <= 1'b1;
    end
  end

  always @(posedge clk_i) begin
    if (f_past) begin
      a_valid : assert (y_valid_o == $past(w_valid_i && w_last_i && !rst_i));
      a_done : assert (done_o == $past(w_valid_i && w_job_end_i && !rst_i));
      if (y_valid_o) a_or : assert (y_data_o[f_bit] == f_seen);
      i_or : assert (f_any ? y_data_o[f_bit] == f_seen : !f_open && !y_valid_o);
      c_two : cover (y_valid_o && $past(!w_first_i && !w_data_i[f_bit]) && y_data_o[f_bit]);
    end
  end
`endif

endmodule

`default_nettype wire

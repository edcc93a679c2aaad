// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_sequence: runs the jobs of an inference one after another.
//
// Contract
//   N           jobs
//   go_i        one cycle: the input is complete; not before the last job is done
//   done_i      one cycle: the job is done; not in that of its start
//   job_o       the job, from the cycle of its start until it is done
//   start_o     one cycle: that of go_i for the first job, the one after done_i for the others
`default_nettype none

module sf_sequence #(
  parameter N  = 4,
  parameter JW = (N > 1) ? $clog2(N) : 1
) (
  input  wire          clk_i,
  input  wire          rst_i,
  input  wire          go_i,
  input  wire          done_i,
  output wire [JW-1:0] job_o,
  output wire          start_o
);

  reg [JW-1:0] job_q;
  reg          next_q;
  wire         last = job_q == N[JW-1:0] - 1'b1;

  assign job_o   = job_q;
  assign start_o = go_i | next_q;

  always @(posedge clk_i) begin
    next_q <= done_i & ~last & ~rst_i;
    if (done_i) job_q <= last ? {JW{1'b0}} : job_q + 1'b1;
    if (rst_i) job_q <= {JW{1'b0}};
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // A job runs from its start until it is done; the next one starts in the cycle after.
  reg     f_running, f_next;
  integer f_job;
  always @(posedge clk_i) begin
    if (rst_i) begin
      f_running <= 1'b0;
      f_next    <= 1'b0;
      f_job     <= 0;
    end else begin
      f_running <= (f_running | go_i | f_next) & ~done_i;
      f_next    <= done_i && f_job != N - 1;
      if (done_i) f_job <= (f_job == N - 1) ? 0 : f_job + 1;
    end
  end
  always @(*) if (done_i) assume (f_running);
  always @(*) if (go_i) assume (!f_running && !f_next && f_job == 0);

  always @(posedge clk_i) begin
    if (f_past) begin
      i_next : assert (next_q == f_next && !(f_next && f_running) && !(f_next && f_job == 0));
      i_job : assert (job_q == f_job && f_job >= 0 && f_job < N);
      if (start_o || f_running) a_job : assert (job_o == f_job);
      a_start : assert (start_o == (go_i || f_next));
      c_last : cover (done_i && f_job == N - 1);
      c_again : cover (N > 1 && go_i && $past(done_i));
    end
  end
`endif

endmodule

`default_nettype wire

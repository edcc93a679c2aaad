// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_sequence: runs the jobs of an inference one after another, all of them for each chunk of
// timesteps.
//
// Contract
//   N, K        jobs, chunks
//   go_i        one cycle: the input is complete; not before the last job is done
//   done_i      one cycle: the job is done; not in that of its start
//   job_o       the job, from the cycle of its start until it is done
//   start_o     one cycle: that of go_i for the first job, the one after done_i for the others
//   first_o, last_o   the chunk is the first one, the last one: from the start of its first job
//               until its last one is done
//   turn_o      one cycle: all jobs of a chunk are done
`default_nettype none

module sf_sequence #(
  parameter N  = 4,
  parameter K  = 1,
  parameter JW = (N > 1) ? $clog2(N) : 1,
  parameter KW = (K > 1) ? $clog2(K) : 1
) (
  input  wire          clk_i,
  input  wire          rst_i,
  input  wire          go_i,
  input  wire          done_i,
  output wire [JW-1:0] job_o,
  output wire          start_o,
  output wire          first_o,
  output wire          last_o,
  output wire          turn_o
);

  reg [JW-1:0] job_q;
  reg          next_q;
  wire         last = job_q == N[JW-1:0] - 1'b1;

  assign job_o   = job_q;
  assign start_o = go_i | next_q;
  assign turn_o  = done_i & last;

  generate
    if (K > 1) begin : gen_chunks
      reg [KW-1:0] chunk_q;
      assign first_o = chunk_q == {KW{1'b0}};
      assign last_o  = chunk_q == K[KW-1:0] - 1'b1;
      always @(posedge clk_i) begin
        if (turn_o) chunk_q <= last_o ? {KW{1'b0}} : chunk_q + 1'b1;
        if (rst_i) chunk_q <= {KW{1'b0}};
      end
    end else begin : gen_whole
      assign first_o = 1'b1;
      assign last_o  = 1'b1;
    end
  endgenerate

  always @(posedge clk_i) begin
    next_q <= done_i & ~(last & last_o) & ~rst_i;
    if (done_i) job_q <= last ? {JW{1'b0}} : job_q + 1'b1;
    if (rst_i) job_q <= {JW{1'b0}};
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // A job runs from its start until it is done; the next one starts in the cycle after.
  reg     f_running, f_next;
  integer f_job, f_chunk;
  always @(posedge clk_i) begin
    if (rst_i) begin
      f_running <= 1'b0;
      f_next    <= 1'b0;
      f_job     <= 0;
      f_chunk   <= 0;
    end else begin
      f_running <= (f_running | go_i | f_next) & ~done_i;
      f_next    <= done_i && !(f_job == N - 1 && f_chunk == K - 1);
      if (done_i) f_job <= (f_job == N - 1) ? 0 : f_job + 1;
      if (done_i && f_job == N - 1) f_chunk <= (f_chunk == K - 1) ? 0 : f_chunk + 1;
    end
  end
  always @(*) if (done_i) assume (f_running);
  always @(*) if (go_i) assume (!f_running && !f_next && f_job == 0 && f_chunk == 0);

  always @(posedge clk_i) begin
    if (f_past) begin
      i_next : assert (next_q == f_next && !(f_next && f_running) && !(f_next && f_job == 0 && f_chunk == 0));
      i_job : assert (job_q == f_job && f_job >= 0 && f_job < N);
      if (start_o || f_running) a_job : assert (job_o == f_job);
      a_start : assert (start_o == (go_i || f_next));
      a_chunk : assert (first_o == (f_chunk == 0) && last_o == (f_chunk == K - 1));
      a_turn : assert (turn_o == (done_i && f_job == N - 1));
      i_chunk : assert (f_chunk >= 0 && f_chunk < K);
      c_last : cover (done_i && f_job == N - 1 && f_chunk == K - 1);
      c_again : cover (N * K > 1 && go_i && $past(done_i));
    end
  end

  // What ties the register to the reference, for the induction.
  generate
    if (K > 1) begin : gen_formal
      always @(posedge clk_i) if (f_past) i_count : assert (gen_chunks.chunk_q == f_chunk);
    end
  endgenerate
`endif

endmodule

`default_nettype wire

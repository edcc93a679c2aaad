// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Faults in the Verilog, one at a time, that a comparison has to notice.

use super::cases::{KNOBS, ROUNDING};

/// `from`, which occurs once in `file`, becomes `to`; everyday case `case` is the likeliest to show it.
pub(crate) struct Fault {
    pub file: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    pub case: usize,
}

const fn fault(case: usize, file: &'static str, from: &'static str, to: &'static str) -> Fault {
    Fault { file, from, to, case }
}

/// Faults that change numbers, cycles, or both.
pub(crate) const FAULTS: &[Fault] = &[
    // sf_dense: results a cycle too early; sums of another timestep; too many results.
    fault(1, "sf_dense.v", "(flush_q == 2'd2) & (drain_q", "(flush_q != 2'd0) & (drain_q"),
    fault(1, "sf_dense.v", "sum_q[((t + 1) % TP)*AW +: AW]", "sum_q[t*AW +: AW]"),
    fault(10, "sf_dense.v", "NP - (NG - 1) * P;", "P;"),
    fault(10, "sf_dense.v", "(first_in ? {AW{1'b0}} : sum_q[t*AW +: AW])", "sum_q[t*AW +: AW]"),
    fault(10, "sf_dense.v", "if (rst_i | snap) acc_q", "if (rst_i) acc_q"),
    // sf_dense_replay: rows of the first group; bits of the word before; silent words read.
    fault(4, "sf_dense_replay.v", "if (word_done) base_q <= base_q + 1'b1;", ""),
    fault(2, "sf_dense_replay.v", "word_end ? 16'b0 : bits_d", "bits_d"),
    fault(10, "sf_dense_replay.v", "scan_i & (cur_q != 16'b0)", "scan_i"),
    fault(10, "sf_dense_replay.v", "restart_i | rst_i", "rst_i"),
    // sf_planes: the highest plane's sign, the weights of the planes, a result that waits.
    fault(12, "sf_planes.v", "^ {OW{first}};", ";"),
    fault(12, "sf_planes.v", "{y_data_o[OW-2:0], 1'b0, first}", "{y_data_o[OW-1:0], first}"),
    fault(
        14,
        "sf_planes.v",
        "assign x_ready_o = ~y_valid_o;",
        "assign x_ready_o = ~y_valid_o | y_ready_i;",
    ),
    fault(15, "sf_planes.v", "y_data_o  <= {OW{1'b0}};", ""),
    fault(12, "sf_dense.v", "(ZEROS != 0) ? {1'b0, chain_q[AW-1:0]} :", ""),
    // sf_spram: a byte goes to another place, the next memory gets none (another one at the end).
    fault(1, "sf_spram.v", "last_byte ? {BW{1'b0}} : byte_q + 1'b1", "{BW{1'b0}}"),
    fault(1, "sf_spram.v", "if (last_byte & last_word) open_q <= 1'b0;", ""),
    // sf_lif: the terms of the recurrence, and its timing.
    fault(0, "sf_lif.v", "(STRICT == 0) | (over[VW-1:0] != {VW{1'b0}})", "1'b1"),
    fault(1, "sf_lif.v", "last_step ? {VW{1'b0}} : state_d", "state_d"),
    fault(1, "sf_lif.v", "(RESET == 1 && spike) ? leaked - theta : leaked", "leaked"),
    fault(1, "sf_lif.v", "x_wide <<< FRAC", "x_wide"),
    // Towards zero instead of down: one more if the membrane is negative and a bit is dropped.
    fault(
        ROUNDING,
        "sf_lif.v",
        "leaked = scaled[M +: VW]",
        "leaked = scaled[M +: VW] + {{(VW-1){1'b0}}, v[VW-1] & (M > 0) & (|scaled[(M > 0 ? M - 1 : 0):0])}",
    ),
    fault(3, "sf_lif.v", "cur_valid_q & (~last_step | ~s_valid_o | s_ready_i)", "cur_valid_q"),
    fault(1, "sf_lif.v", "~cur_valid_q | cur_done", "~cur_valid_q"),
    // sf_count_ones, sf_readout, sf_trace, sf_stream_seq.
    fault(10, "sf_count_ones.v", "for (k = 0;", "for (k = 1;"),
    fault(9, "sf_readout.v", "(logit_q > best_q)", "(logit_q >= best_q)"),
    fault(10, "sf_readout.v", "((EVERY != 0) | (left_q == 3'd0))", "1'b1"),
    fault(10, "sf_readout.v", "logit_q + offset_wide", "logit_q"),
    fault(10, "sf_trace.v", "        fresh_q <= 1'b0;\n      end\n    end", "      end\n    end"),
    fault(10, "sf_stream_seq.v", "(~all_i | turn_q[N-1])", "(all_i | turn_q[N-1])"),
    fault(1, "sf_spram.v", "write ? word_q : addr_i", "addr_i"),
    // Knobs: rows of another member; its inputs before the sum is free; timesteps that do not run;
    // the train that was there before; sums that are not those of the member before; trains of
    // members that did not run; what is reset when the class is settled.
    fault(KNOBS + 2, "sf_dense.v", "* NG[BW-1:0] + {{(BW-GW)", "+ {{(BW-GW)"),
    fault(
        KNOBS + 3,
        "sf_dense.v",
        "turn_end ? StIntake : StScan",
        "last_group ? StIntake : StScan",
    ),
    fault(
        KNOBS + 3,
        "sf_dense.v",
        "(state_q == StIntake) & (drain_q == {DW{1'b0}})",
        "state_q == StIntake",
    ),
    fault(
        KNOBS,
        "sf_lif.v",
        "wire                 spike = runs & ",
        "wire                 spike = ",
    ),
    fault(
        KNOBS,
        "sf_lif.v",
        "            train_q  <= {(T-1){1'b0}};\n          end\n",
        "          end\n",
    ),
    fault(KNOBS + 2, "sf_lif.v", "* NP[NW-1:0] + place_d", "+ place_d"),
    fault(KNOBS + 3, "sf_readout.v", "(first_member ? {IW{1'b0}} : kept)", "kept"),
    fault(
        KNOBS + 2,
        "sf_readout.v",
        ".addr_i({last_step_i, class_d})",
        ".addr_i({{SW{1'b0}}, class_d})",
    ),
    fault(KNOBS + 2, "sf_trace.v", "ran_i[read_member_q]", "1'b1"),
    fault(KNOBS + 2, "sf_trace.v", "* NP[NW-1:0] + write_q", "+ write_q"),
    fault(KNOBS + 2, "sf_core.v", "wire rst = rst_i | stop;", "wire rst = rst_i | (stop & 1'b0);"),
    fault(KNOBS + 2, "sf_decide.v", "may_stop_i & (diff_q > margin)", "diff_q > margin"),
    fault(KNOBS + 2, "sf_decide.v", "first_q ? 8'd1 : count_q + 8'd1", "count_q + 8'd1"),
    fault(KNOBS + 2, "sf_knobs.v", "less >= T[6:0]", "less > T[6:0]"),
];

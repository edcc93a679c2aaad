// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// sf_lanes: P x T accumulators, and the chain that gives their sums out one by one.
//
// An event offers T operands to P lanes; the weight bit of a lane is its clock enable. Of a
// weight with several planes, plane b adds 2^b times the operand, and the last plane subtracts
// it (two's complement). With one plane a bit is +1 or -1, and with S the sum of all operands
//   p = 2 * sum_{w=+1}(x) - S.
//
// Of whole weights (WHOLE > 1) all bits of an element come at once, and a lane adds its product.
//
// A job whose timesteps all have one sum (docs/shared.md, One sum for all timesteps) adds operand 0
// alone. The accumulators of a lane then stand for one number: a bit between two neighbours carries
// from one to the next in such a job, and from none to the next in any other.
//
// Contract
//   P, T        lanes, timesteps
//   XW, AW      widths of an operand and of an accumulator, signs included; AW holds every
//               partial sum, and AW+1 every p
//   ONCE        width of the one sum that all timesteps of a job have, sign included; 0: there is
//               no such job. It holds XW bits, and at most T accumulators hold it
//   SLICES      1 or 2 rows of weights share a word of the memory
//   WHOLE       0, or the bits of a weight that come at once, two's complement, those of lane 0
//               lowest; then SLICES = 1, planes_i is 1, and an event is an element
//   GATED       of whole weights, 1: operands have few bits and are not negative; weights are
//               shifted and added. 0: operands and weights are multiplied
//   event_i     with x_i, first_i, last_i (sf_emit); the word of weights w_data_i comes in the
//               next cycle, and slice_i then says which part of it is the row
//   planes_i    1: a weight is more than one plane
//   half_i      1: rows are half words, for the lower half of the lanes
//   once_i      1: all timesteps of a channel have one sum, that of operand 0; again_i: it is the
//               result of each of them, else of the first, and those of the others are 0
//   snap_i      copies the sums into the chain and clears them; left_i results will leave
//               (channels x T), end_i: they are the job's last. Not before the chain is empty
//               and not before the third cycle after an event
//   y_*         results, channel by channel, timestep by timestep; y_take_i only with y_valid_o
//   empty_o     nothing is left in the chain
`default_nettype none

module sf_lanes #(
  parameter P      = 4,
  parameter T      = 2,
  parameter XW     = 9,
  parameter AW     = 16,
  parameter ONCE   = 0,
  parameter SLICES = 2,
  parameter WHOLE  = 0,
  parameter GATED  = 0,
  parameter WW     = (WHOLE > 1) ? P * WHOLE : P,
  parameter YW     = (ONCE > AW) ? ONCE : AW,
  parameter CW     = $clog2(P * T + 1)
) (
  input  wire                clk_i,
  input  wire                rst_i,
  input  wire                event_i,
  input  wire [T*XW-1:0]     x_i,
  input  wire                first_i,
  input  wire                last_i,
  input  wire [WW-1:0]       w_data_i,
  input  wire                slice_i,
  input  wire                half_i,
  input  wire                planes_i,
  input  wire                once_i,
  input  wire                again_i,
  input  wire                snap_i,
  input  wire [CW-1:0]       left_i,
  input  wire                end_i,
  output wire signed [YW:0]  y_data_o,
  output wire                y_valid_o,
  output wire                y_end_o,
  input  wire                y_take_i,
  output wire                empty_o
);

  // Accumulators that hold the one sum, their bits, and those with a bit between two of them.
  localparam J  = (YW + AW - 1) / AW;
  localparam JW = J * AW;
  localparam V  = JW + J - 1;
  wire once = (ONCE != 0) & once_i;

  // ---- two stages: the memory and the operand; what the lanes add
  reg             v1_q, v2_q;
  reg  [T*XW-1:0] x1_q;
  always @(posedge clk_i) begin
    v1_q <= event_i & ~rst_i;
    v2_q <= v1_q & ~rst_i;
    x1_q <= x_i;
  end

  // Of each lane, in the second stage: does it add, and what. Lane P adds every operand.
  wire [P:0]            on;
  wire [(P+1)*T*AW-1:0] add;
  genvar l, t, j;
  generate
    if (WHOLE > 1) begin : gen_whole
      localparam QW = XW + WHOLE;
      for (l = 0; l < P; l = l + 1) begin : gen_lane
        wire signed [WHOLE-1:0] weight = w_data_i[l*WHOLE +: WHOLE];
        wire [T*QW-1:0]         product;
        reg  [T*QW-1:0]         product_q;
        for (t = 0; t < T; t = t + 1) begin : gen_product
          if (GATED != 0) begin : gen_gated
            reg  signed [QW-1:0] sum;
            wire signed [QW-1:0] wide = {{XW{weight[WHOLE-1]}}, weight};
            integer              k;
            always @(*) begin
              sum = {QW{1'b0}};
              for (k = 0; k < XW - 1; k = k + 1) if (x1_q[t*XW + k]) sum = sum + (wide <<< k);
            end
            assign product[t*QW +: QW] = sum;
            wire unused = x1_q[t*XW + XW - 1];
          end else begin : gen_multiplied
            wire signed [XW-1:0] operand = x1_q[t*XW +: XW];
            assign product[t*QW +: QW] = operand * weight;
          end
          for (j = 0; j < AW; j = j + 1) begin : gen_bit
            wire own = product_q[t*QW + ((j < QW) ? j : QW - 1)];
            // Bits of the product of operand 0 that lie here, and its sign above them.
            assign add[(l*T + t)*AW + j] = (t < J && once) ? product_q[(t*AW + j < QW) ? t*AW + j : QW - 1] : own;
          end
        end
        always @(posedge clk_i) product_q <= product;
        if (QW > AW) begin : gen_rest
          wire unused = &{1'b0, product_q};
        end
        assign on[l] = v2_q;
      end
      assign on[P] = 1'b0;
      assign add[P*T*AW +: T*AW] = {(T*AW){1'b0}};
      wire unused = &{1'b0, first_i, last_i, slice_i, half_i, planes_i};
    end else begin : gen_planes
      reg             first1_q, minus1_q;
      reg  [T*AW-1:0] x2_q;
      reg  [P-1:0]    w2_q;
      wire [P-1:0]    row;
      if (SLICES == 2) begin : gen_slices
        assign row = {w_data_i[P-1:P/2] & {(P-P/2){~half_i}},
                      (half_i & slice_i) ? w_data_i[P-1:P/2] : w_data_i[P/2-1:0]};
      end else begin : gen_rows
        assign row = w_data_i;
        wire unused = &{1'b0, slice_i, half_i};
      end
      always @(posedge clk_i) begin
        first1_q <= first_i;
        minus1_q <= last_i & planes_i;
        w2_q     <= row;
      end

      // Planes follow each other, so the operand of a plane is twice that of the one before.
      reg  [T*AW-1:0] scaled_q;
      wire [T*AW-1:0] x1, scaled;
      for (t = 0; t < T; t = t + 1) begin : gen_scaled
        wire [AW-1:0] own;
        wire          below;
        if (AW > XW) begin : gen_extend
          assign own = {{(AW-XW){x1_q[t*XW+XW-1]}}, x1_q[t*XW +: XW]};
        end else begin : gen_cut
          // Wider operands are those of jobs with one sum.
          assign own = x1_q[t*XW +: AW];
          if (XW > AW) begin : gen_rest
            wire unused = &{1'b0, x1_q[t*XW + AW +: XW-AW]};
          end
        end
        if (t == 0 || t >= J) begin : gen_alone
          assign x1[t*AW +: AW] = own;
          assign below = 1'b0;
        end else begin : gen_joined
          // Bits of operand 0 that lie here, and its sign above them.
          wire [AW-1:0] part;
          for (j = 0; j < AW; j = j + 1) begin : gen_bit
            assign part[j] = x1_q[(t*AW + j < XW) ? t*AW + j : XW-1];
          end
          assign x1[t*AW +: AW] = once ? part : own;
          assign below = once & scaled_q[t*AW-1];
        end
        if (t + 1 >= J) begin : gen_top
          wire unused = scaled_q[t*AW + AW - 1];
        end
        assign scaled[t*AW +: AW] = first1_q ? x1[t*AW +: AW] : {scaled_q[t*AW +: AW-1], below};
      end
      always @(posedge clk_i) if (v1_q) scaled_q <= scaled;

      // ---- the operand's sign turned around
      wire [V-1:0] turned, ones;
      wire [V-1:0] minus = turned + ones;
      for (j = 0; j < J; j = j + 1) begin : gen_apart
        assign turned[j*(AW+1) +: AW] = scaled[j*AW +: AW] ^ {AW{minus1_q}};
        assign ones[j*(AW+1) +: AW]   = {{(AW-1){1'b0}}, minus1_q & ((j == 0) | ~once)};
        if (j < J - 1) begin : gen_between
          assign turned[j*(AW+1) + AW] = once;
          assign ones[j*(AW+1) + AW]   = 1'b0;
          wire unused = minus[j*(AW+1) + AW];
        end
        always @(posedge clk_i) x2_q[j*AW +: AW] <= minus[j*(AW+1) +: AW];
      end
      for (t = J; t < T; t = t + 1) begin : gen_minus
        wire [AW-1:0] own = scaled[t*AW +: AW];
        always @(posedge clk_i) x2_q[t*AW +: AW] <= minus1_q ? -own : own;
      end
      assign on  = {v2_q, {P{v2_q}} & w2_q};
      assign add = {(P+1){x2_q}};
    end
  endgenerate

  // ---- accumulators; of whole weights nobody asks for the sum of the operands
  wire [P*T*AW-1:0] acc;
  wire [T*AW-1:0]   all;
  generate
    if (WHOLE > 1) begin : gen_no_sum
      assign all = {(T*AW){1'b0}};
      wire unused = &{1'b0, on[P], add[P*T*AW +: T*AW]};
    end
    for (l = 0; l < ((WHOLE > 1) ? P : P + 1); l = l + 1) begin : gen_lane
      reg  [T*AW-1:0] acc_q;
      wire [T*AW-1:0] next;
      wire [V-1:0]    held, operand;
      wire [V-1:0]    sum = held + operand;
      if (l < P) begin : gen_weight
        assign acc[l*T*AW +: T*AW] = acc_q;
      end else begin : gen_all
        assign all = acc_q;
      end
      for (j = 0; j < J; j = j + 1) begin : gen_joined
        assign held[j*(AW+1) +: AW]    = acc_q[j*AW +: AW];
        assign operand[j*(AW+1) +: AW] = add[(l*T + j)*AW +: AW];
        assign next[j*AW +: AW]        = sum[j*(AW+1) +: AW];
        if (j < J - 1) begin : gen_between
          assign held[j*(AW+1) + AW]    = once;
          assign operand[j*(AW+1) + AW] = 1'b0;
          wire unused = sum[j*(AW+1) + AW];
        end
      end
      for (t = J; t < T; t = t + 1) begin : gen_alone
        assign next[t*AW +: AW] = acc_q[t*AW +: AW] + add[(l*T + t)*AW +: AW];
      end
      always @(posedge clk_i) begin
        if (rst_i | snap_i) acc_q <= {(T*AW){1'b0}};
        else if (on[l]) acc_q <= next;
      end
    end
  endgenerate

  // ---- the chain
  reg  [P*T*AW-1:0] chain_q;
  reg  [T*AW-1:0]   sum_q;                     // S of the timesteps; it turns with the chain
  reg  [CW-1:0]     left_q;
  reg               end_q;

  assign empty_o   = left_q == {CW{1'b0}};
  assign y_valid_o = ~empty_o;
  assign y_end_o   = end_q & (left_q == {{(CW-1){1'b0}}, 1'b1});

  wire signed [YW-1:0] plus, sum;
  wire signed [YW:0]   twice = {plus, 1'b0};
  wire signed [YW:0]   y     = planes_i ? {plus[YW-1], plus} : twice - {sum[YW-1], sum};

  generate
    if (YW > AW) begin : gen_wide
      assign plus = {once ? chain_q[YW-1:AW] : {(YW-AW){chain_q[AW-1]}}, chain_q[AW-1:0]};
      assign sum  = {once ? sum_q[YW-1:AW] : {(YW-AW){sum_q[AW-1]}}, sum_q[AW-1:0]};
    end else begin : gen_narrow
      assign plus = chain_q[AW-1:0];
      assign sum  = sum_q[AW-1:0];
    end
    if (T > 1) begin : gen_turn
      always @(posedge clk_i) begin
        if (snap_i) sum_q <= all;
        else if (y_take_i) sum_q <= {sum_q[AW-1:0], sum_q[T*AW-1:AW]};
      end
    end else begin : gen_still
      always @(posedge clk_i) if (snap_i) sum_q <= all;
    end
    if (ONCE != 0 && T > 1) begin : gen_once
      localparam TW = $clog2(T);
      localparam [31:0] LastTime = T - 1;
      reg        [TW-1:0] time_q;              // of the result at hand
      reg signed [YW:0]   rest_q;              // that of the timesteps after the first
      wire                is_first = time_q == {TW{1'b0}};
      always @(posedge clk_i) begin
        if (snap_i) time_q <= {TW{1'b0}};
        else if (y_take_i) time_q <= (time_q == LastTime[TW-1:0]) ? {TW{1'b0}} : time_q + 1'b1;
        if (y_take_i & is_first) rest_q <= again_i ? y : {(YW+1){1'b0}};
      end
      assign y_data_o = (once & ~is_first) ? rest_q : y;
    end else begin : gen_each
      assign y_data_o = y;
      wire unused = &{1'b0, again_i};
    end
  endgenerate

  always @(posedge clk_i) begin
    if (snap_i) chain_q <= acc;
    else if (y_take_i) chain_q <= chain_q >> AW;
    if (snap_i) begin
      left_q <= left_i;
      end_q  <= end_i;
    end else if (y_take_i) begin
      left_q <= left_q - 1'b1;
    end
    if (rst_i) left_q <= {CW{1'b0}};
  end

`ifdef FORMAL
  reg f_past = 1'b0;
  always @(posedge clk_i) f_past <= 1'b1;
  always @(*) if (!f_past) assume (rst_i);

  // One lane and one timestep, whichever they are, and their place in the chain.
  (* anyconst *) reg [7:0] f_lane, f_time;
  always @(*) assume (f_lane < P && f_time < T);
  wire [7:0] f_index = f_lane * T + f_time;

  // Events come plane by plane: the operand stays, the first plane and the last one are marked.
  reg            f_mid;                        // planes of an element are to come
  reg [T*XW-1:0] f_x;
  reg            f_planes, f_half, f_once, f_again;
  reg            f_v1, f_v2, f_idle;           // nothing since the last snap
  always @(*) if (event_i) begin
    assume (first_i == !f_mid);
    if (f_mid) assume (x_i == f_x);
    if (!planes_i || WHOLE > 1) assume (last_i);
    if (planes_i && WHOLE <= 1) assume (!(first_i && last_i));
  end
  // A job's numbers stay while anything of it is there.
  integer f_k;
  always @(*) begin
    if (f_past && !(f_idle && f_left == 0)) assume (planes_i == f_planes && half_i == f_half && once_i == f_once && again_i == f_again);
    if (SLICES == 1) assume (!half_i);
    if (WHOLE > 1) assume (planes_i);
    if (WHOLE > 1 && GATED != 0) for (f_k = 0; f_k < T; f_k = f_k + 1) assume (!event_i || !x_i[f_k*XW + XW - 1]);
    if (ONCE == 0 || T == 1) assume (!once_i);
    if (snap_i) assume (f_left == 0 && !f_v1 && !f_v2 && !f_mid && left_i <= (half_i ? P / 2 : P) * T);
    if (y_take_i) assume (y_valid_o);
  end
  always @(posedge clk_i) begin
    f_planes <= planes_i;
    f_half   <= half_i;
    f_once   <= once_i;
    f_again  <= again_i;
    f_x      <= x_i;
    if (!event_i) f_x <= f_x;
    if (event_i) f_mid <= ~last_i;
    f_v1     <= event_i;
    f_v2     <= f_v1;
    f_idle   <= ~event_i & (snap_i | f_idle);
    if (rst_i) begin
      f_mid  <= 1'b0;
      f_v1   <= 1'b0;
      f_v2   <= 1'b0;
      f_idle <= 1'b1;
    end
  end

  // The sums in numbers. An event counts in the cycle after it, with its row of weights: plane b
  // weighs 2^b, and the last of several -2^b; a single one +1 or -1. A whole weight is a number.
  localparam WB = (WHOLE > 1) ? WHOLE : 1;
  localparam FW = ((YW > XW + WB) ? YW : XW + WB) + 4;
  reg                  f_first1, f_last1;
  reg  signed [FW-1:0] f_value;                // operand times 2^b, of the plane before
  reg  signed [FW-1:0] f_p, f_plus, f_all;
  wire signed [FW-1:0] f_x1     = $signed(f_x[(once_i ? 0 : f_time)*XW +: XW]);
  wire signed [FW-1:0] f_now    = f_first1 ? f_x1 : 2 * f_value;
  wire signed [FW-1:0] f_weight = (planes_i && f_last1) ? -f_now : f_now;
  wire [P-1:0]         f_upper  = w_data_i >> (P / 2);
  wire f_w = !half_i ? w_data_i[f_lane] : f_lane < P / 2 && (slice_i ? f_upper[f_lane] : w_data_i[f_lane]);
  wire signed [FW-1:0] f_none   = planes_i ? 0 : -f_now;
  wire signed [WB-1:0] f_number = w_data_i[f_lane*WB +: WB];
  wire signed [FW-1:0] f_times  = f_x1 * f_number;
  wire signed [FW-1:0] f_p_d    = f_p + ((WHOLE > 1) ? f_times : f_w ? f_weight : f_none);
  wire signed [FW-1:0] f_plus_d = f_plus + ((WHOLE > 1) ? f_times : f_w ? f_weight : 0);
  wire signed [FW-1:0] f_all_d  = (WHOLE > 1) ? 0 : f_all + f_weight;
  // The widths hold every sum.
  function f_fits(input signed [FW-1:0] x, input integer bits);
    f_fits = (x >>> (bits - 1)) == 0 || (x >>> (bits - 1)) == -1;
  endfunction
  function f_holds(input signed [FW-1:0] x);
    f_holds = once_i ? f_fits(x, YW) : f_fits(x, AW);
  endfunction
  function f_holds_p(input signed [FW-1:0] x);
    f_holds_p = once_i ? f_fits(x, YW + 1) : f_fits(x, AW + 1);
  endfunction
  always @(*) if (f_v1) begin
    assume (f_holds(f_plus_d));
    if (!planes_i) assume (f_holds(f_all_d) && f_holds_p(f_p_d));
  end
  always @(posedge clk_i) begin
    if (event_i) begin
      f_first1 <= first_i;
      f_last1  <= last_i;
    end
    if (f_v1) begin
      f_value <= f_now;
      f_p     <= f_p_d;
      f_plus  <= f_plus_d;
      f_all   <= f_all_d;
    end
    if (snap_i || rst_i) begin
      f_p    <= 0;
      f_plus <= 0;
      f_all  <= 0;
    end
  end

  // The chain: how many results are left, and which channel and timestep is next.
  reg  signed [FW-1:0] f_c_p, f_c_plus, f_c_all;
  reg  [7:0]           f_left, f_channel, f_next;
  reg                  f_end;
  always @(posedge clk_i) begin
    if (snap_i) begin
      f_left    <= left_i;
      f_end     <= end_i;
      f_channel <= 0;
      f_next    <= 0;
      f_c_p     <= f_p;
      f_c_plus  <= f_plus;
      f_c_all   <= f_all;
    end else if (y_take_i) begin
      f_left  <= f_left - 1;
      f_next  <= (f_next == T - 1) ? 0 : f_next + 1;
      if (f_next == T - 1) f_channel <= f_channel + 1;
    end
    if (rst_i) f_left <= 0;
  end

  // What a lane has added up with what is on its way to it: of the timestep, of all together.
  wire [T*AW-1:0] f_lane_acc = acc[f_lane*T*AW +: T*AW];
  wire [T*AW-1:0] f_lane_add = on[f_lane] ? add[f_lane*T*AW +: T*AW] : 0;
  wire [T*AW-1:0] f_all_add  = on[P] ? add[P*T*AW +: T*AW] : 0;
  wire [AW-1:0]   f_lane_sum = f_lane_acc[f_time*AW +: AW] + f_lane_add[f_time*AW +: AW];
  wire [AW-1:0]   f_all_sum  = all[f_time*AW +: AW] + f_all_add[f_time*AW +: AW];
  wire [JW-1:0]   f_j_lane   = f_lane_acc[JW-1:0] + f_lane_add[JW-1:0];
  wire [JW-1:0]   f_j_all    = all[JW-1:0] + f_all_add[JW-1:0];
  function f_low(input [YW-1:0] a, input [YW-1:0] b);
    f_low = a == b;
  endfunction
  // S as it was before it turned.
  wire [2*T*AW-1:0] f_turned = {sum_q, sum_q} >> ((T - f_next) * AW);
  // The timestep at hand, and what is given out after the first one.
  wire [7:0]  f_clock;
  wire [YW:0] f_rest;
  generate
    if (ONCE != 0 && T > 1) begin : gen_f_once
      assign f_clock = gen_once.time_q;
      assign f_rest  = gen_once.rest_q;
    end else begin : gen_f_each
      assign f_clock = f_next;
      assign f_rest  = 0;
    end
  endgenerate
  // Planes: what the first stage says of the operand, and the operand of the plane before.
  wire            f_ends;
  wire [T*AW-1:0] f_scaled;
  generate
    if (WHOLE > 1) begin : gen_f_whole
      assign f_ends   = 1'b1;
      assign f_scaled = 0;
    end else begin : gen_f_planes
      assign f_ends   = gen_planes.first1_q == f_first1 && gen_planes.minus1_q == (f_last1 && planes_i);
      assign f_scaled = gen_planes.scaled_q;
    end
  endgenerate
  wire [7:0]    f_taken = f_channel * T + f_next;
  wire          f_this  = f_left != 0 && f_channel == f_lane && f_next == f_time;
  wire [7:0]    f_turn  = (f_time >= f_next) ? f_time - f_next : f_time + T - f_next;

  always @(posedge clk_i) begin
    if (f_past) begin
      a_empty : assert (empty_o == (f_left == 0) && y_valid_o == (f_left != 0));
      if (f_left != 0) a_end : assert (y_end_o == (f_end && f_left == 1));
      if (f_this) a_data : assert (y_data_o == ((once_i && f_time != 0 && !again_i) ? 0 : f_c_p));
      i_left : assert (left_q == f_left && f_left <= P * T);
      if (f_left != 0) begin
        i_taken : assert (end_q == f_end && f_channel < P && f_next < T && f_taken + f_left <= P * T);
        i_time : assert (f_clock == f_next);
        if (once_i) begin
          if (f_channel == f_lane && f_next != 0) i_rest : assert ($signed(f_rest) == (again_i ? f_c_p : 0));
          if (f_taken <= f_lane * T) i_joined : assert (f_low(chain_q >> (f_lane * T - f_taken) * AW, f_c_plus));
          i_s : assert (f_low(f_turned, f_c_all));
        end else begin
          if (f_taken <= f_index) i_chain : assert (chain_q[(f_index - f_taken)*AW +: AW] == f_c_plus[AW-1:0]);
          i_turn : assert (sum_q[f_turn*AW +: AW] == f_c_all[AW-1:0]);
        end
        i_fits : assert (f_holds(f_c_plus));
        if (planes_i) i_p : assert (f_c_p == f_c_plus);
        else i_p1 : assert (f_c_p == 2 * f_c_plus - f_c_all && f_holds(f_c_all) && f_holds_p(f_c_p));
      end
      i_pipe : assert (v1_q == f_v1 && v2_q == f_v2);
      if (f_v1) i_stage1 : assert (x1_q == f_x && f_mid == !f_last1 && f_ends);
      if (f_v1 && WHOLE > 1 && GATED != 0) i_few : assert (!x1_q[f_time*XW + XW - 1] && !x1_q[XW-1]);
      if (WHOLE > 1) i_element : assert (!f_mid && (!f_v1 || f_last1));
      else if ((f_v1 && !f_first1) || (f_mid && !f_v1)) begin
        if (once_i) i_j_scaled : assert (f_low(f_scaled, f_value));
        else i_scaled : assert (f_scaled[f_time*AW +: AW] == f_value[AW-1:0]);
      end
      if (once_i) i_j_sums : assert (f_low(f_j_lane, f_plus) && f_low(f_j_all, f_all));
      else i_sums : assert (f_lane_sum == f_plus[AW-1:0] && f_all_sum == f_all[AW-1:0]);
      i_plus : assert (f_holds(f_plus));
      if (f_idle) i_clear : assert (f_lane_acc == 0 && all == 0);
      if (f_idle) i_idle : assert (f_p == 0 && f_plus == 0 && f_all == 0 && !f_v1 && !f_v2 && !f_mid);
      if (!f_idle && planes_i) i_planes : assert (f_p == f_plus);
      if (!f_idle && !planes_i) i_single : assert (f_p == 2 * f_plus - f_all && f_holds(f_all) && f_holds_p(f_p));
      if (!f_idle && !planes_i) i_whole : assert (!f_mid && (!f_v1 || (f_first1 && f_last1)));
      c_minus : cover (y_take_i && f_this && f_index == P * T - 1 && planes_i && y_data_o < 0 && y_end_o);
      c_single : cover (WHOLE > 1 || (y_take_i && f_this && f_index == P * T - 1 && !planes_i && f_c_all != 0 && f_c_plus != 0 && y_data_o != f_c_all));
      c_once : cover (ONCE == 0 || (y_take_i && once_i && !again_i && f_this && f_time == T - 1 && f_c_p < -(1 << (AW - 1))));
      c_again : cover (ONCE == 0 || (y_take_i && once_i && again_i && (WHOLE > 1 || !planes_i) && f_this && f_time == T - 1 && f_c_p != 0));
      c_half : cover (SLICES == 1 || (y_take_i && half_i && f_this && f_c_plus != 0 && f_c_all != f_c_plus));
    end
  end
`endif

endmodule

`default_nettype wire

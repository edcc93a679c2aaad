// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// <{ model }>: one processor runs the layers one after another.
#include "synfire.h"

#include "sf_processor.h"
#include "sf_readout.h"
#include "tables.h"

namespace {

struct design {
  enum {
<%- for (name, value) in constants %>
    <{ name }> = <{ value }>,
<%- endfor %>
  };
};

const int jobs = <{ jobs.len() }>;
const sf_job job[jobs] = {
<%- for job in jobs %>
    // <{ job.what }>
    {<{ job.is_or }>, {<{ job.from }>}, <{ job.rest }>},
<%- endfor %>
};

}  // namespace

void synfire(hls::stream<sf_byte> &in, hls::stream<sf_byte> &out) {
#pragma HLS INTERFACE mode = axis port = in
#pragma HLS INTERFACE mode = axis port = out
#pragma HLS INTERFACE mode = ap_ctrl_none port = return
  static sf_maps<design> maps;
#pragma HLS ARRAY_RESHAPE variable = maps.trains complete dim = 2
#pragma HLS ARRAY_PARTITION variable = maps.currents complete dim = 1
  static const sf_tables<design> tables = {weights, gain, offset, theta, sign, bias, threshold};
  hls::stream<ap_int<design::SW> > sums("sums");
  hls::stream<ap_uint<8> > result("result");
#pragma HLS STREAM variable = sums depth = <{ classes }>
#pragma HLS STREAM variable = result depth = <{ result_bytes }>

  sf_load<design>(in, maps);
  for (int k = 0; k < jobs; k++) {
    if (job[k].is_or) {
      sf_or_job<design>(job[k], maps);
    } else {
      sf_sum_job<design>(job[k], tables, maps, sums);
    }
  }
  sf_readout<<{ classes }>, <{ logit_bits }>>(sums, result, readout_gain, readout_offset);
<%- if trace %>
  hls::stream<ap_uint<8> > traced("traced");
#pragma HLS STREAM variable = traced depth = <{ traced_bytes }>
  sf_dump<design, <{ result_bytes }>>(result, maps, traced);
  sf_send<SF_RESULT_BYTES>(traced, out);
<%- else %>
  sf_send<SF_RESULT_BYTES>(result, out);
<%- endif %>
}

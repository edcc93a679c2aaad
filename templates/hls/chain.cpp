// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// <{ model }>: a chain of layers, each at work while the others are.
#include "synfire.h"

#include "sf_count_ones.h"
#include "sf_dense.h"
#include "sf_lif.h"
#include "sf_planes.h"
#include "sf_readout.h"
#include "tables.h"

void synfire(hls::stream<sf_byte> &in, hls::stream<sf_byte> &out) {
#pragma HLS INTERFACE mode = axis port = in
#pragma HLS INTERFACE mode = axis port = out
#pragma HLS INTERFACE mode = ap_ctrl_none port = return
#pragma HLS DATAFLOW
<%- for net in nets %>
  hls::stream<<{ net.kind }><<{ net.width }>> > <{ net.name }>("<{ net.name }>");
<%- if net.depth > 2 %>
#pragma HLS STREAM variable = <{ net.name }> depth = <{ net.depth }>
<%- endif %>
<%- endfor %>

  sf_intake<<{ inputs }>, 1, <{ input_bits }>>(in, d0);
<%- for call in calls %>
  // <{ call.what }>
<%- for line in call.lines %>
  <{ line }>
<%- endfor %>
<%- endfor %>
  sf_send<SF_RESULT_BYTES>(<{ last }>, out);
}

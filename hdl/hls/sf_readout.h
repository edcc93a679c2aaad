// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Logits and class: the counterpart of `hdl/sf_readout.v`.
//
// Contract
//   sf_readout  N sums become N logits, gain·x + offset, four bytes each, lowest first; then a
//               byte with the first class that has the largest one
#ifndef SF_READOUT_H_
#define SF_READOUT_H_

#include "sf_stream.h"

template <int N, int LW, typename X, int GW, int OW>
void sf_readout(hls::stream<X> &x, hls::stream<ap_uint<8> > &y, const ap_uint<GW> gain[N],
                const ap_int<OW> offset[N]) {
  ap_int<LW> best = 0;
  ap_uint<8> best_class = 0;
  for (int c = 0; c < N; c++) {
    const X sum = x.read();
    const ap_int<LW> logit = (long long)sum * (long long)gain[c] + (long long)offset[c];
    if (c == 0 || logit > best) {
      best = logit;
      best_class = c;
    }
    for (int b = 0; b < 4; b++) {
#pragma HLS PIPELINE II = 1
      y.write(((long long)logit >> (8 * b)) & 255);
    }
  }
  y.write(best_class);
}

#endif

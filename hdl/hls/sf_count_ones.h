// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Of N trains of T timesteps the number of their spikes: the counterpart of
// `hdl/sf_count_ones.v`.
#ifndef SF_COUNT_ONES_H_
#define SF_COUNT_ONES_H_

#include "sf_stream.h"

template <int N, int T, int OW>
void sf_count_ones(hls::stream<ap_uint<T> > &x, hls::stream<ap_uint<OW> > &y) {
  for (int i = 0; i < N; i++) {
#pragma HLS PIPELINE II = 1
    const ap_uint<T> train = x.read();
    ap_uint<OW> ones = 0;
    for (int t = 0; t < T; t++) ones += (train >> t) & 1;
    y.write(ones);
  }
}

#endif

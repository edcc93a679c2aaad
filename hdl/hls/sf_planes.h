// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Sums of planes become sums, N of them, W planes each, the highest first, which counts
// negative: the counterpart of `hdl/sf_planes.v`.
#ifndef SF_PLANES_H_
#define SF_PLANES_H_

#include "sf_stream.h"

template <int N, int W, int IW, int OW>
void sf_planes(hls::stream<ap_int<IW> > &x, hls::stream<ap_int<OW> > &y) {
  for (int i = 0; i < N; i++) {
    ap_int<OW> sum = 0;
    for (int b = 0; b < W; b++) {
#pragma HLS PIPELINE II = 1
      const ap_int<IW> plane = x.read();
      sum = b == 0 ? -(long long)plane : 2 * (long long)sum + (long long)plane;
    }
    y.write(sum);
  }
}

#endif

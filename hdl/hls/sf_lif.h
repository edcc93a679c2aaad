// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Leaky integrate-and-fire neurons: the counterpart of `hdl/sf_lif.v`.
//
// Contract
//   sf_fires   u ≥ θ, or u > θ if STRICT
//   sf_after   the membrane after reset and leak K / 2^M, rounded down. RESET: 0 soft, 1 soft
//              after the leak, 2 to zero, 3 none
//   sf_lif     N neurons, one after another, T timesteps each; HOLD: one input serves all of
//              them. u = v + x·2^FRAC + bias; bit t of a train is the spike of timestep t
#ifndef SF_LIF_H_
#define SF_LIF_H_

#include "sf_stream.h"

inline bool sf_fires(bool strict, long long u, long long theta) {
#pragma HLS INLINE
  return strict ? u > theta : u >= theta;
}

template <int VW>
ap_int<VW> sf_after(int reset, ap_int<VW> u, long long theta, bool fires, int k, int m) {
#pragma HLS INLINE
  ap_int<VW> left = u;
  if (fires && reset == 0) left = u - theta;
  if (fires && reset == 2) left = 0;
  left = ((long long)left * k) >> m;
  if (fires && reset == 1) left = left - theta;
  return left;
}

template <int N, int T, int VW, int FRAC, int K, int M, int RESET, bool STRICT, bool HOLD, int IW,
          int BW, int TW>
void sf_lif(hls::stream<ap_int<IW> > &x, hls::stream<ap_uint<T> > &s, const ap_int<BW> bias[N],
            const ap_uint<TW> threshold[N]) {
  for (int n = 0; n < N; n++) {
    ap_int<VW> v = 0;
    ap_int<IW> held = 0;
    ap_uint<T> train = 0;
    for (int t = 0; t < T; t++) {
#pragma HLS PIPELINE
      if (!HOLD || t == 0) held = x.read();
      const ap_int<VW> u = (long long)v + ((long long)held << FRAC) + (long long)bias[n];
      const bool fires = sf_fires(STRICT, u, threshold[n]);
      v = sf_after<VW>(RESET, u, threshold[n], fires, K, M);
      train |= ap_uint<T>(fires) << t;
    }
    s.write(train);
  }
}

#endif

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A fully connected layer, P outputs side by side: the counterpart of `hdl/sf_dense.v`.
//
// Contract
//   NI, NO      inputs, outputs; the outputs of a group of P share the pass over the inputs
//   XW          bits of an input: of a level (TP = 1) or of a train of TP timesteps
//   AW          bits of an accumulator
//   ZEROS       a weight bit of 0 is the weight 0 instead of −1
//   weights     row g·NI + i: the bits of input i for group g, lane p in bit p % 32 of word p / 32
//   y           output by output, timestep by timestep
// Inputs are kept as a list of those that are not zero; a group takes a cycle for each of them.
#ifndef SF_DENSE_H_
#define SF_DENSE_H_

#include "sf_stream.h"

template <int NI, int NO, int P, int XW, int TP, int AW, bool ZEROS>
void sf_dense(hls::stream<ap_uint<XW> > &x, hls::stream<ap_int<AW + 1> > &y,
              const unsigned weights[][(P + 31) / 32]) {
  ap_uint<XW> value[NI];
  ap_uint<sf_bits(NI)> input[NI];
  int events = 0;
  for (int i = 0; i < NI; i++) {
#pragma HLS PIPELINE II = 1
    const ap_uint<XW> v = x.read();
    if (v != 0) {
      value[events] = v;
      input[events] = i;
      events++;
    }
  }
  for (int g = 0; g < (NO + P - 1) / P; g++) {
    ap_uint<AW> plus[P][TP];
    ap_uint<AW> total[TP];
#pragma HLS ARRAY_PARTITION variable = plus complete dim = 0
#pragma HLS ARRAY_PARTITION variable = total complete
    for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
      for (int t = 0; t < TP; t++) plus[p][t] = 0;
    }
    for (int t = 0; t < TP; t++) total[t] = 0;
    for (int k = 0; k < events; k++) {
#pragma HLS PIPELINE II = 1
#pragma HLS LOOP_TRIPCOUNT min = 0 max = NI
      const unsigned *row = weights[g * NI + (int)input[k]];
      for (int t = 0; t < TP; t++) {
        const int amount = TP == 1 ? (int)value[k] : (int)((value[k] >> t) & 1);
        total[t] += amount;
        for (int p = 0; p < P; p++) {
          if ((row[p / 32] >> (p % 32)) & 1) plus[p][t] += amount;
        }
      }
    }
    for (int p = 0; p < P && g * P + p < NO; p++) {
      for (int t = 0; t < TP; t++) {
#pragma HLS PIPELINE II = 1
        y.write(ZEROS ? (long long)plus[p][t] : 2 * (long long)plus[p][t] - (long long)total[t]);
      }
    }
  }
}

#endif

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The streams between the kernels, and those to the host.
//
// Contract
//   sf_byte      a byte of an AXI stream
//   sf_intake    COUNT inputs of BYTES bytes each, lowest first: `hdl/sf_intake.v`
//   sf_tee       N trains go on, and are kept for the trace
//   sf_append    COUNT bytes, then N trains in ⌈T/8⌉ bytes each, lowest first
//   sf_send      COUNT bytes; TLAST with the last one
#ifndef SF_STREAM_H_
#define SF_STREAM_H_

#include <ap_axi_sdata.h>
#include <ap_int.h>
#include <hls_stream.h>

typedef ap_axiu<8, 0, 0, 0> sf_byte;

/// Bits of an unsigned number up to n.
constexpr int sf_bits(unsigned n) { return n < 2 ? 1 : 1 + sf_bits(n / 2); }

template <int COUNT, int BYTES, int XW>
void sf_intake(hls::stream<sf_byte> &in, hls::stream<ap_uint<XW> > &x) {
  for (int i = 0; i < COUNT; i++) {
    ap_uint<8 * BYTES> word = 0;
    for (int b = 0; b < BYTES; b++) {
#pragma HLS PIPELINE II = 1
      const sf_byte byte = in.read();
      word |= ap_uint<8 * BYTES>(byte.data) << (8 * b);
    }
    x.write((long long)word);
  }
}

template <int N, int T>
void sf_tee(hls::stream<ap_uint<T> > &in, hls::stream<ap_uint<T> > &out,
            hls::stream<ap_uint<T> > &kept) {
  for (int i = 0; i < N; i++) {
#pragma HLS PIPELINE II = 1
    const ap_uint<T> train = in.read();
    out.write(train);
    kept.write(train);
  }
}

template <int COUNT, int N, int T>
void sf_append(hls::stream<ap_uint<8> > &in, hls::stream<ap_uint<T> > &trains,
               hls::stream<ap_uint<8> > &out) {
  for (int i = 0; i < COUNT; i++) {
#pragma HLS PIPELINE II = 1
    out.write(in.read());
  }
  for (int i = 0; i < N; i++) {
    const ap_uint<T> train = trains.read();
    for (int b = 0; b < (T + 7) / 8; b++) {
#pragma HLS PIPELINE II = 1
      out.write((train >> (8 * b)) & 255);
    }
  }
}

template <int COUNT>
void sf_send(hls::stream<ap_uint<8> > &in, hls::stream<sf_byte> &out) {
  for (int i = 0; i < COUNT; i++) {
#pragma HLS PIPELINE II = 1
    sf_byte byte;
    byte.data = in.read();
    byte.keep = 1;
    byte.strb = 1;
    byte.last = i + 1 == COUNT;
    out.write(byte);
  }
}

#endif

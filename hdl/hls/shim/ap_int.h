// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Integers of any width up to 64 bits, for a plain C++ compiler: what the kernels here need of
// the header of the same name that comes with Vitis HLS.
//
// Contract
//   A value is kept modulo 2^W, signed or unsigned. Arithmetic is that of `long long`, so a
//   kernel may rely on no more than 64 bits between two assignments; a shift to the left keeps
//   its bits here and loses them in Vitis, so its result must fit into the operand's width.
#ifndef AP_INT_H_
#define AP_INT_H_

template <int W>
class ap_int {
  static_assert(W >= 1 && W <= 64, "1 to 64 bits");
  long long v_;

 public:
  ap_int(long long v = 0) : v_((long long)((unsigned long long)v << (64 - W)) >> (64 - W)) {}
  operator long long() const { return v_; }
  ap_int &operator+=(long long v) { return *this = ap_int(v_ + v); }
};

template <int W>
class ap_uint {
  static_assert(W >= 1 && W <= 63, "1 to 63 bits");
  long long v_;

 public:
  ap_uint(long long v = 0) : v_((long long)((unsigned long long)v << (64 - W) >> (64 - W))) {}
  operator long long() const { return v_; }
  ap_uint &operator+=(long long v) { return *this = ap_uint(v_ + v); }
  ap_uint &operator|=(long long v) { return *this = ap_uint(v_ | v); }
};

#endif

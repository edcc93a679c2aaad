// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A word of an AXI stream for a plain C++ compiler: what the kernels here need of the header of
// the same name that comes with Vitis HLS.
#ifndef AP_AXI_SDATA_H_
#define AP_AXI_SDATA_H_

#include "ap_int.h"

template <int D, int U, int TI, int TD>
struct ap_axiu {
  ap_uint<D> data;
  ap_uint<(D + 7) / 8> keep;
  ap_uint<(D + 7) / 8> strb;
  ap_uint<1> last;
};

#endif

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// synfire: <{ model }>, <{ timesteps }> timesteps, written by synfire <{ version }>.
//
// Contract
//   in    SF_INPUT_BYTES bytes an inference, in order
//   out   SF_RESULT_BYTES bytes, TLAST with the last one: <{ classes }> logits (4 bytes each, lowest
//         first), the class<% if trace %>; then the spike trains, as the core in Verilog gives them<% endif %>
#ifndef SYNFIRE_H_
#define SYNFIRE_H_

#include "sf_stream.h"

enum { SF_INPUT_BYTES = <{ input_bytes }>, SF_RESULT_BYTES = <{ result_bytes }> };

void synfire(hls::stream<sf_byte> &in, hls::stream<sf_byte> &out);

#endif

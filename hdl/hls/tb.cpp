// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// C simulation: runs the top function on a list of inferences.
//
//   sim STIMULUS RESULT
//
// STIMULUS: SF_INPUT_BYTES bytes an inference. RESULT: SF_RESULT_BYTES bytes an inference; the
// last one, and no other, has TLAST, and nothing is left in the streams.
#include <cstdio>
#include <vector>

#include "synfire.h"

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: sim STIMULUS RESULT\n");
    return 2;
  }
  FILE *from = std::fopen(argv[1], "rb");
  FILE *to = std::fopen(argv[2], "wb");
  if (!from || !to) {
    std::fprintf(stderr, "cannot open %s\n", from ? argv[2] : argv[1]);
    return 2;
  }
  hls::stream<sf_byte> in("in"), out("out");
  std::vector<unsigned char> request(SF_INPUT_BYTES);
  while (std::fread(request.data(), 1, request.size(), from) == request.size()) {
    for (size_t i = 0; i < request.size(); i++) {
      sf_byte byte;
      byte.data = request[i];
      byte.keep = byte.strb = 1;
      byte.last = i + 1 == request.size();
      in.write(byte);
    }
    synfire(in, out);
    for (int i = 0; i < SF_RESULT_BYTES; i++) {
      const sf_byte byte = out.read();
      if ((byte.last != 0) != (i + 1 == SF_RESULT_BYTES)) {
        std::fprintf(stderr, "TLAST with byte %d\n", i);
        return 1;
      }
      std::fputc((int)byte.data, to);
    }
    if (!in.empty() || !out.empty()) {
      std::fprintf(stderr, "bytes are left in a stream\n");
      return 1;
    }
  }
  std::fclose(from);
  return std::fclose(to) ? 1 : 0;
}

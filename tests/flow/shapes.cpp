// SPDX-License-Identifier: Apache-2.0 OR MIT
// Runs the design until it is done and prints the sum, which comes out bit by bit.
#include <cstdint>
#include <cstdio>

#include "Vshapes.h"
#include "verilated.h"

int main() {
  VerilatedContext context;
  Vshapes top(&context);
  uint64_t sum = 0;
  int bits = 0;
  for (int cycle = 0; cycle < 40000 && bits < 36; cycle++) {
    top.rst_i = cycle < 20;
    top.clk_i = 0;
    top.eval();
    if (cycle > 20 && top.valid_o) sum = sum << 1 | top.sum_o, bits++;
    top.clk_i = 1;
    top.eval();
  }
  std::printf("%d bits, %llu\n", bits, static_cast<unsigned long long>(sum));
  return bits < 36;
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
// Runs the design until it is done and prints the sum.
#include <cstdio>

#include "Vramsum.h"
#include "verilated.h"

int main() {
  VerilatedContext context;
  Vramsum top(&context);
  for (int cycle = 0; cycle < 1000; cycle++) {
    top.rst_i = cycle < 20;
    top.clk_i = 0;
    top.eval();
    top.clk_i = 1;
    top.eval();
    if (cycle > 20 && top.valid_o) {
      std::printf("%d\n", top.sum_o);
      return 0;
    }
  }
  std::printf("never done\n");
  return 1;
}

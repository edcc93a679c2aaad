// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The host at the other end of the serial line, for the RTL, the netlist and the unpacked
// bitstream of `top` alike: only pins are touched.
//
//   sim DIVIDER FRAMES RESPONSES
//
// FRAMES: per frame u32 length (little-endian), then its bytes as they go over the line.
// RESPONSES: the bytes that came back, one response (up to its 0x00) after each frame. Where
// none comes, or a stop bit is missing, they end: that is for the host to judge.
// Prints the cycles from the first bit of each frame to the last of its response.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

static VerilatedContext context;
static Vtop top(&context);
static uint64_t total = 0;
static uint32_t divider;
static FILE *responses;

// Receiver: counts down to the middle of each bit.
static int rx_bits = -1;
static uint32_t rx_wait = 0, rx_shift = 0;
static bool ended = false, broken = false;

static void cycle(bool line) {
  top.uart_rx_i = line;
  top.clk_i = 0;
  top.eval();
  top.clk_i = 1;
  top.eval();
  total++;
  const bool level = top.uart_tx_o;
  if (rx_bits < 0) {
    if (!level) rx_bits = 0, rx_wait = divider + divider / 2;
  } else if (--rx_wait == 0) {
    rx_wait = divider;
    if (rx_bits < 8) {
      rx_shift |= uint32_t(level) << rx_bits++;
    } else {
      broken = broken || !level;
      if (!broken) std::fputc(int(rx_shift), responses);
      ended = ended || rx_shift == 0;
      rx_bits = -1, rx_shift = 0;
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  divider = uint32_t(std::atoi(argv[1]));
  FILE *frames = std::fopen(argv[2], "rb");
  responses = std::fopen(argv[3], "wb");
  if (!frames || !responses || divider < 4) return 2;
  // Longer than the power-on reset.
  for (int k = 0; k < 2000; k++) cycle(true);
  uint8_t head[4];
  while (std::fread(head, 1, 4, frames) == 4) {
    const uint32_t length = head[0] | head[1] << 8 | head[2] << 16 | uint32_t(head[3]) << 24;
    const uint64_t start = total;
    for (uint32_t i = 0; i < length; i++) {
      const uint32_t bits = uint32_t(std::fgetc(frames) & 0xFF) << 1 | 0x200;
      for (int b = 0; b < 10; b++)
        for (uint32_t k = 0; k < divider; k++) cycle(bits >> b & 1);
    }
    ended = false;
    for (uint64_t patience = 0; !ended && !broken; patience++) {
      cycle(true);
      broken = patience > 20000000;
    }
    if (broken) break;
    std::printf("%llu cycles\n", (unsigned long long)(total - start));
    for (uint32_t k = 0; k < 4 * divider; k++) cycle(true);
  }
  std::fclose(responses);
  return 0;
}

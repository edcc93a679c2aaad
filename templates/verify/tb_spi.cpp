// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The host at the other end of SPI, for the RTL, the netlist and the unpacked bitstream of `top`
// alike: only pins are touched. Its clock has no relation to that of the design.
//
//   sim CLOCK SCK FRAMES RESPONSES
//
// CLOCK, SCK: half periods in picoseconds.
// FRAMES: per frame u32 length (little-endian), then its bytes.
// RESPONSES: the bytes that came back, one response (up to its 0x00) after each frame; gaps are left
// out. Where none comes they end: that is for the host to judge.
// Prints the cycles from the first bit of each frame to the last of its response.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "Vtop.h"
#include "verilated.h"

static VerilatedContext context;
static Vtop top(&context);
static uint64_t now = 0, next_edge = 0, edges = 0, clock_half, sck_half;
static FILE *responses;

// The receiver: what comes at the place of a code byte may be a gap.
static bool is_data = false, ended = false;
// Bytes since the last selection; none of this many more is sent in it.
static const uint32_t MOST = 100;
static uint32_t selected = MOST;

static void wait(uint64_t ps) {
  now += ps;
  while (next_edge <= now) {
    top.clk_i = !top.clk_i;
    top.eval();
    edges++;
    next_edge += clock_half;
  }
}

static uint8_t transfer(uint8_t out) {
  uint8_t in = 0;
  for (int bit = 7; bit >= 0; bit--) {
    top.spi_mosi_i = out >> bit & 1;
    top.eval();
    wait(sck_half);
    in = uint8_t(in << 1 | (top.spi_miso_o & 1));
    top.spi_sck_i = 1;
    top.eval();
    wait(sck_half);
    top.spi_sck_i = 0;
    top.eval();
  }
  return in;
}

// A byte out and one in. After every so many the device is selected anew, wherever in a frame that
// is; the first byte of a selection is nothing.
static void exchange(uint8_t out) {
  if (selected == MOST) {
    wait(sck_half);
    top.spi_cs_ni = 1;
    top.eval();
    wait(3 * sck_half);
    top.spi_cs_ni = 0;
    top.eval();
    selected = 0;
  }
  const uint8_t in = transfer(out);
  if (selected++ == 0) return;
  if (!is_data && in == 0xFF) return;
  std::fputc(in, responses);
  ended = ended || in == 0;
  is_data = !is_data && in == 2;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  clock_half = uint64_t(std::atoll(argv[1]));
  sck_half = uint64_t(std::atoll(argv[2]));
  FILE *frames = std::fopen(argv[3], "rb");
  responses = std::fopen(argv[4], "wb");
  if (!frames || !responses || !clock_half || !sck_half) return 2;
  top.spi_cs_ni = 1;
  // Longer than the power-on reset.
  wait(4000 * clock_half);
  uint8_t head[4];
  uint64_t patience = 0;
  while (patience < 5000000 && std::fread(head, 1, 4, frames) == 4) {
    const uint32_t length = head[0] | head[1] << 8 | head[2] << 16 | uint32_t(head[3]) << 24;
    ended = false;
    const uint64_t start = edges;
    for (uint32_t i = 0; i < length; i++) exchange(uint8_t(std::fgetc(frames)));
    // Delimiters with nothing between them mean nothing.
    for (patience = 0; !ended && patience < 5000000; patience++) exchange(0);
    std::printf("%llu cycles\n", (unsigned long long)(edges - start) / 2);
  }
  std::fclose(responses);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The host at the other end of the serial line, for the RTL, the netlist and the unpacked
// bitstream of `top` alike: only pins are touched.
//
//   sim DIVIDER FRAMES RESPONSES
//
// With FLASH, of `standalone`, which has a flash beside the chip:
//
//   sim DIVIDER FRAMES RESPONSES HALF READY +flash=FILE
//
// HALF: half a period of the clock in picoseconds. READY: cycles after which the chip says that it is
// ready. Before that a request is sent, which nobody should hear. Prints what the chip says then, and
// the cycle in which its first bit begins.
//
// FRAMES: per frame u32 length (little-endian), then its bytes as they go over the line.
// RESPONSES: the bytes that came back, one response (up to its 0x00) after each frame. Where
// none comes, or a stop bit is missing, they end: that is for the host to judge.
// Prints the cycles from the first bit of each frame to the last of its response.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "verilated.h"
#ifdef FLASH
#include "Vstandalone.h"
using Chip = Vstandalone;
#else
#include "Vtop.h"
using Chip = Vtop;
#endif

static VerilatedContext context;
static Chip top(&context);
static uint64_t total = 0;
static uint32_t divider;
static FILE *responses;

// Receiver: counts down to the middle of each bit.
static int rx_bits = -1;
static uint32_t rx_wait = 0, rx_shift = 0;
static bool ended = false, broken = false;

#ifdef FLASH
static uint64_t half = 0, announced = 0;
static bool booting = true;
static std::vector<uint8_t> announcement;
#endif

static void edge(bool clock) {
#ifdef FLASH
  context.timeInc(half);
#endif
  top.clk_i = clock;
  top.eval();
}

static void received(uint8_t byte) {
#ifdef FLASH
  if (booting) {
    announcement.push_back(byte);
    return;
  }
#endif
  std::fputc(byte, responses);
  ended = ended || byte == 0;
}

static void cycle(bool line) {
  top.uart_rx_i = line;
  edge(false);
  edge(true);
  total++;
  const bool level = top.uart_tx_o;
  if (rx_bits < 0) {
    if (!level) {
      rx_bits = 0, rx_wait = divider + divider / 2;
#ifdef FLASH
      if (!announced) announced = total;
#endif
    }
  } else if (--rx_wait == 0) {
    rx_wait = divider;
    if (rx_bits < 8) {
      rx_shift |= uint32_t(level) << rx_bits++;
    } else {
      broken = broken || !level;
      if (!broken) received(uint8_t(rx_shift));
      rx_bits = -1, rx_shift = 0;
    }
  }
}

static void send(uint8_t byte) {
  const uint32_t bits = uint32_t(byte) << 1 | 0x200;
  for (int b = 0; b < 10; b++)
    for (uint32_t k = 0; k < divider; k++) cycle(bits >> b & 1);
}

#ifdef FLASH
// From power-on until the chip has said what it has to say.
static void boot(uint64_t ready) {
  // An identify, if there is time for it.
  static const uint8_t early[] = {0x00, 0x04, 0x03, 0xD1, 0x93, 0x00};
  while (total < 1100) cycle(true);
  if (ready > total + 100 * divider)
    for (uint8_t byte : early) send(byte);
  // Its longest message is eight bytes.
  while (total < ready + 100 * divider) cycle(true);
  booting = false;
  std::printf("announced %llu ", (unsigned long long)announced);
  for (uint8_t byte : announcement) std::printf("%02x", byte);
  std::printf("\n");
  if (top.error_o) std::printf("error lit\n");
  if (top.violated_o) std::printf("flash violated\n");
}
#endif

int main(int argc, char **argv) {
#ifdef FLASH
  if (argc != 7) return 2;
  context.commandArgs(argc, argv);
#else
  if (argc != 4) return 2;
#endif
  divider = uint32_t(std::atoi(argv[1]));
  FILE *frames = std::fopen(argv[2], "rb");
  responses = std::fopen(argv[3], "wb");
  if (!frames || !responses || divider < 4) return 2;
#ifdef FLASH
  half = uint64_t(std::atoll(argv[4]));
  if (!half) return 2;
  boot(uint64_t(std::atoll(argv[5])));
#else
  // Longer than the power-on reset.
  for (int k = 0; k < 2000; k++) cycle(true);
#endif
  uint8_t head[4];
  while (std::fread(head, 1, 4, frames) == 4) {
    const uint32_t length = head[0] | head[1] << 8 | head[2] << 16 | uint32_t(head[3]) << 24;
    const uint64_t start = total;
    for (uint32_t i = 0; i < length; i++) send(uint8_t(std::fgetc(frames)));
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

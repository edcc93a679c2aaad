// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Runs sf_core on a list of inferences and writes down what happens in which cycle.
//
//   sim STIMULUS TRACE|-
//
// With - in place of a file nothing is written down: for timing. The last line printed is
// the number of cycles and the seconds they took, reading and writing files apart.
//
// STIMULUS, little-endian: u32 inputs, u32 images, u32 bytes of weights to load, those bytes
// (a core with a load port, for which LOAD is defined, has some); per image u32 flags (1: ask for the
// spike trains, 2: take result bytes with pauses), then a byte an input, then a byte an
// input with the cycles to wait before offering it.
// TRACE: records of 8 bytes: kind, index, data, 0, u32 cycle, counted from the image's
// first accepted input. Kinds: 0 image begins, 1 input accepted, 2 weight row read (index:
// probe), 3 timestep computed (index: probe, data: fires), 4 result byte (data). A core with
// the shared mapping, for which SHARED is defined, has one probe of each kind; the index is
// then the job, which a port of its own tells.
//
// An inference in which nothing has happened for so long, or that has taken so long, does not
// end: in SILENCE cycles a job goes over every value of the largest map that a device holds.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "Vsf_core.h"
#include "verilated.h"

static const uint32_t SILENCE = 4000000, LONGEST = 100000000;

static std::vector<uint8_t> stimulus;
static size_t at = 0;

static uint8_t byte() {
  if (at >= stimulus.size()) {
    std::fprintf(stderr, "the stimulus is too short\n");
    std::exit(2);
  }
  return stimulus[at++];
}

static uint32_t word() {
  uint32_t v = 0;
  for (int k = 0; k < 4; k++) v |= uint32_t(byte()) << (8 * k);
  return v;
}

static FILE *trace;

static void record(uint8_t kind, uint8_t index, uint8_t data, uint32_t cycle) {
  uint8_t r[8] = {kind, index, data, 0, uint8_t(cycle), uint8_t(cycle >> 8), uint8_t(cycle >> 16), uint8_t(cycle >> 24)};
  std::fwrite(r, 1, 8, trace);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  FILE *in = std::fopen(argv[1], "rb");
  const bool quiet = std::strcmp(argv[2], "-") == 0;
  if (!quiet) trace = std::fopen(argv[2], "wb");
  if (!in || !(quiet || trace)) return 2;
  for (int c; (c = std::fgetc(in)) != EOF;) stimulus.push_back(uint8_t(c));

  VerilatedContext context;
  Vsf_core top(&context);
  uint64_t total = 0;
  auto clock = [&] {
    top.clk_i = 1;
    top.eval();
    top.clk_i = 0;
    total++;
  };

  top.rst_i = 1;
  top.clk_i = 0;
  for (int k = 0; k < 4; k++) {
    top.eval();
    clock();
  }
  top.rst_i = 0;

  const uint32_t inputs = word(), images = word(), weights = word();
#ifdef LOAD
  top.load_start_i = 1;
  top.eval();
  clock();
  top.load_start_i = 0;
  top.load_valid_i = 1;
  for (uint32_t k = 0; k < weights; k++) {
    top.load_data_i = byte();
    top.eval();
    clock();
  }
  top.load_valid_i = 0;
#else
  if (weights != 0) return 2;
#endif
  std::vector<uint8_t> levels(inputs), gaps(inputs);
  const auto begin = std::chrono::steady_clock::now();
  uint64_t sum = 0;
  uint32_t noise = 0x9E3779B9;
  for (uint32_t image = 0; image < images; image++) {
    const uint32_t flags = word();
    for (auto &v : levels) v = byte();
    for (auto &v : gaps) v = byte();
    if (!quiet) record(0, 0, 0, 0);
    top.trace_i = flags & 1;
    uint32_t next = 0, wait = 0, start = 0, cycle = 0, heard = 0;
    bool begun = false;
    for (bool done = false; !done; cycle++) {
      if (flags & 2) noise ^= noise << 13, noise ^= noise >> 17, noise ^= noise << 5;
      top.in_valid_i = next < inputs && wait == 0;
      top.in_data_i = next < inputs ? levels[next] : 0;
      top.out_ready_i = !(flags & 2) || (noise & 3) == 0;
      top.eval();
      const bool accepted = top.in_valid_i && top.in_ready_o;
      if (accepted && !begun) begun = true, start = cycle;
      const uint32_t now = cycle - start;
      if (top.out_valid_o && top.out_ready_i) {
        sum = sum * 31 + top.out_data_o;
        done = top.out_last_o;
      }
      if (accepted || top.probe_event_o || top.probe_step_o || (top.out_valid_o && top.out_ready_i)) heard = cycle;
      if (!quiet) {
        if (accepted) record(1, 0, 0, now);
#ifdef SHARED
        if (top.probe_event_o) record(2, top.probe_job_o, 0, now);
        if (top.probe_step_o) record(3, top.probe_job_o, top.probe_spike_o, now);
#else
        for (int k = 0; k < 32; k++) {
          if (uint32_t(top.probe_event_o) >> k & 1) record(2, k, 0, now);
          if (uint32_t(top.probe_step_o) >> k & 1) record(3, k, uint32_t(top.probe_spike_o) >> k & 1, now);
        }
#endif
        if (top.out_valid_o && top.out_ready_i) record(4, 0, top.out_data_o, now);
      }
      if (accepted) {
        next++;
        wait = next < inputs ? gaps[next] : 0;
      } else if (begun && wait > 0) {
        wait--;
      }
      clock();
      if (cycle - heard > SILENCE || cycle > LONGEST) {
        // What was recorded is judged by who reads it.
        std::fprintf(stderr, "image %u does not end\n", image);
        if (trace) std::fclose(trace);
        return quiet ? 3 : 0;
      }
    }
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  if (trace) std::fclose(trace);
  std::printf("%llu %.9f cycles, seconds (result bytes sum to %llx)\n", (unsigned long long)total, time.count(),
              (unsigned long long)sum);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// One processor that runs the layers one after another: the counterpart of the modules that
// docs/shared.md names, with the same memories and the same numbers, and cycles of its own.
//
// Contract
//   C           constants of the design: T timesteps, P lanes, E elements a word of trains, IE of the input;
//               widths AW (accumulator), CW (current), VW (membrane), SW (sum over time)
//   sf_job      what a layer reads, computes and writes; addresses as in docs/shared.md, in words
//   sf_maps     the memories; frames of zeros are never written
//   sf_sum_job  weighted sums of windows, and what becomes of them
//   sf_or_job   the OR of the trains in a window
// The last job writes a sum over the timesteps a class to `sums`.
#ifndef SF_PROCESSOR_H_
#define SF_PROCESSOR_H_

#include "sf_lif.h"
#include "sf_stream.h"

/// What a job reads.
enum { SF_LEVELS, SF_INPUT_TRAINS, SF_TRAINS, SF_CURRENTS };

struct sf_from {
  int kind;
  /// Of currents: which memory, and the map's first word; the other addresses then count elements.
  int bank, base;
  /// Word of channel 0 at the window's first place for the first result; words from a row, from
  /// a place to the next; words of a place.
  int first, row, place, words;
  /// Rows and columns of the window, and its steps.
  int rows, columns, down, right;
  /// Bits that a sum of currents loses.
  int drop;
};

struct sf_job {
  bool is_or;
  sf_from from;
  /// Channels, rows and columns of the result.
  int channels, rows, columns;
  /// Planes of a weight, and its first row.
  int planes, weights;
  /// First word of gains and offsets, and the bits that a product loses.
  int gains, shift;
  /// Currents that are added: memory (−1: none) and first word.
  int add_bank, add_base;
  /// What the result leaks if it integrates, k / 2^m, and its reset; 3: none.
  int sum_leak_num, sum_leak_shift, sum_reset;
  /// Currents that are kept: memory (−1: none) and first word.
  int keep_bank, keep_base;
  /// Trains: first word (−1: none), words from a row to the next, words of a place.
  int fire_first, fire_row, fire_place;
  /// First word of the neurons' parameters; leak k / 2^m, reset and comparison.
  int neurons, leak_num, leak_shift, reset;
  /// Does it integrate, reset above its threshold alone, give what the reset leaves?
  bool integrates, sum_strict, sum_after;
  bool strict;
  bool reads_out;
};

template <class C>
struct sf_maps {
  ap_uint<C::IW> input[C::INPUT_DEPTH];
  ap_uint<C::T> trains[C::TRAIN_DEPTH][C::E];
  ap_int<C::CW> currents[2][C::CURRENT_DEPTH];
};

template <class C>
struct sf_tables {
  const unsigned (*weights)[(C::P + 31) / 32];
  const long long *gain;
  const long long *offset;
  const long long *theta;
  const signed char *sign;
  const long long *bias;
  const long long *threshold;
};

/// Bytes of the inputs, channel by channel, row by row; in the map channels are innermost.
template <class C>
void sf_load(hls::stream<sf_byte> &in, sf_maps<C> &maps) {
  for (int c = 0; c < C::CHANNELS; c++) {
    for (int y = 0; y < C::ROWS; y++) {
      for (int x = 0; x < C::COLUMNS; x++) {
        unsigned word = 0;
        for (int b = 0; b < (C::IW + 7) / 8; b++) {
#pragma HLS PIPELINE II = 1
          const sf_byte byte = in.read();
          word |= (unsigned)byte.data << (8 * b);
        }
        maps.input[C::INPUT_FIRST + y * C::INPUT_ROW + x * C::CHANNELS + c] = word;
      }
    }
  }
}

/// The operands of element e of a word, timestep by timestep; false if all are zero.
template <class C>
bool sf_operands(const sf_maps<C> &maps, const sf_from &from, int word, int e, long long x[C::T]) {
  bool any = false;
  for (int t = 0; t < C::T; t++) {
#pragma HLS UNROLL
    switch (from.kind) {
      case SF_LEVELS: x[t] = maps.input[word]; break;
      case SF_INPUT_TRAINS: x[t] = (maps.input[word] >> (e * C::T + t)) & 1; break;
      case SF_TRAINS: x[t] = (maps.trains[word][e] >> t) & 1; break;
      default: {
        long long sum = from.drop > 0 ? 1LL << (from.drop - 1) : 0;
        for (int r = 0; r < from.rows; r++) {
          for (int c = 0; c < from.columns; c++) {
            const int element = word + r * from.row + c * from.place;
            sum += (long long)maps.currents[from.bank][from.base + element * C::T + t];
          }
        }
        x[t] = sum >> from.drop;
      }
    }
    any |= x[t] != 0;
  }
  return any;
}

template <class C>
void sf_sum_job(const sf_job &job, const sf_tables<C> &tables, sf_maps<C> &maps,
                hls::stream<ap_int<C::SW> > &sums) {
  const sf_from &from = job.from;
  const bool gathers = from.kind == SF_CURRENTS;
  const int elements = from.kind == SF_TRAINS         ? (int)C::E
                       : from.kind == SF_INPUT_TRAINS ? (int)C::IE
                                                      : 1;
  // A window of currents is summed up first: it is one place of operands.
  const int rows = gathers ? 1 : from.rows, columns = gathers ? 1 : from.columns;
  const int units = rows * columns * from.words;
  for (int y = 0; y < job.rows; y++) {
    for (int x = 0; x < job.columns; x++) {
      const int corner = from.first + y * from.down * from.row + x * from.right * from.place;
      const int position = y * job.columns + x;
      for (int g = 0; g * C::P < job.channels; g++) {
        ap_int<C::AW> acc[C::P][C::T];
        ap_int<C::AW> total[C::T];
#pragma HLS ARRAY_PARTITION variable = acc complete dim = 0
#pragma HLS ARRAY_PARTITION variable = total complete
        for (int t = 0; t < C::T; t++) {
#pragma HLS UNROLL
          total[t] = 0;
          for (int p = 0; p < C::P; p++) acc[p][t] = 0;
        }
        for (int r = 0, unit = 0; r < rows; r++) {
          for (int w = 0; w < columns * from.words; w++, unit++) {
            for (int e = 0; e < elements; e++) {
              long long operand[C::T];
#pragma HLS ARRAY_PARTITION variable = operand complete
              if (!sf_operands<C>(maps, from, corner + r * from.row + w, e, operand)) continue;
              for (int b = 0; b < job.planes; b++) {
#pragma HLS PIPELINE II = 1
                const unsigned *row =
                    tables.weights[job.weights +
                                   ((g * units + unit) * job.planes + b) * elements + e];
                // The highest bit of two's complement counts negative.
                const bool minus = job.planes > 1 && b + 1 == job.planes;
                for (int t = 0; t < C::T; t++) {
                  const long long amount = operand[t] * (1 << b);
                  if (b == 0) total[t] += amount;
                  for (int p = 0; p < C::P; p++) {
                    if ((row[p / 32] >> (p % 32)) & 1) acc[p][t] += minus ? -amount : amount;
                  }
                }
              }
            }
          }
        }
        for (int p = 0; p < C::P && g * C::P + p < job.channels; p++) {
          const int c = g * C::P + p;
          const int current = (position * job.channels + c) * C::T;
          const int neuron = job.neurons + c;
          ap_int<C::VW> v = 0, left = 0;
          ap_int<C::SW> sum = 0;
          ap_uint<C::T> train = 0;
          for (int t = 0; t < C::T; t++) {
#pragma HLS PIPELINE
            const long long s = acc[p][t];
            const long long product = job.planes == 1 ? 2 * s - (long long)total[t] : s;
            ap_int<C::VW> h =
                (tables.gain[job.gains + c] * product + tables.offset[job.gains + c]) >> job.shift;
            if (job.add_bank >= 0) {
              h += (long long)maps.currents[job.add_bank][job.add_base + current + t];
            }
            if (job.integrates) {
              h += (long long)left;
              const long long theta = tables.theta[job.gains + c];
              const bool reached = job.sum_reset != 3 && sf_fires(job.sum_strict, h, theta);
              left = sf_after<C::VW>(job.sum_reset, h, theta, reached, job.sum_leak_num,
                                     job.sum_leak_shift);
              if (reached && job.sum_after) h = job.sum_reset == 0 ? (long long)h - theta : 0LL;
            }
            if (job.keep_bank >= 0) {
              maps.currents[job.keep_bank][job.keep_base + current + t] = (long long)h;
            }
            sum = C::LAST != 0 ? (long long)h : (long long)sum + (long long)h;
            if (job.fire_first >= 0) {
              const long long drive = (long long)h * (1LL << C::FRAC) * tables.sign[neuron];
              const ap_int<C::VW> u = (long long)v + drive + tables.bias[neuron];
              const bool fires = sf_fires(job.strict, u, tables.threshold[neuron]);
              v = sf_after<C::VW>(job.reset, u, tables.threshold[neuron], fires, job.leak_num,
                                  job.leak_shift);
              train |= ap_uint<C::T>(fires) << t;
            }
          }
          if (job.fire_first >= 0) {
            const int word = job.fire_first + y * job.fire_row + x * job.fire_place + c / C::E;
            maps.trains[word][c % C::E] = train;
          }
          if (job.reads_out) sums.write(sum);
        }
      }
    }
  }
}

template <class C>
void sf_or_job(const sf_job &job, sf_maps<C> &maps) {
  const sf_from &from = job.from;
  for (int y = 0; y < job.rows; y++) {
    for (int x = 0; x < job.columns; x++) {
      for (int w = 0; w < from.words; w++) {
        for (int e = 0; e < C::E; e++) {
          ap_uint<C::T> any = 0;
          for (int r = 0; r < from.rows; r++) {
            for (int c = 0; c < from.columns; c++) {
#pragma HLS PIPELINE
              const int place = (y * from.down + r) * from.row + (x * from.right + c) * from.place;
              any |= maps.trains[from.first + place + w][e];
            }
          }
          maps.trains[job.fire_first + y * job.fire_row + x * job.fire_place + w][e] = any;
        }
      }
    }
  }
}

/// The train memory, word by word, each ⌈E·T/8⌉ bytes, lowest first, behind COUNT bytes.
template <class C, int COUNT>
void sf_dump(hls::stream<ap_uint<8> > &in, const sf_maps<C> &maps,
             hls::stream<ap_uint<8> > &out) {
  for (int i = 0; i < COUNT; i++) out.write(in.read());
  for (int w = 0; w < C::TRAIN_DEPTH; w++) {
    for (int b = 0; b < (C::E * C::T + 7) / 8; b++) {
      ap_uint<8> byte = 0;
      for (int k = 0; k < 8 && 8 * b + k < C::E * C::T; k++) {
#pragma HLS PIPELINE
        const int bit = 8 * b + k;
        byte |= ((maps.trains[w][bit / C::T] >> (bit % C::T)) & 1) << k;
      }
      out.write(byte);
    }
  }
}

#endif

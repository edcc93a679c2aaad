// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The host at the other end of the line: it sends requests bit by bit, loses, damages and adds
// bytes on the way, and checks every answer against its own reading of docs/host-link.md.
//
//   link_bench [seed] [batches]        exit status 0 and one line of counts, or 1 and the first fault
//
// Built with Verilator 5 from the repository's root (DIV: 4 and up, N_IN: 1 and up, N_LOAD: 0 and up):
//
//   verilator --cc --exe --build -O3 -Wall --top-module link_bench -GDIV=8 -GN_IN=4 -GN_LOAD=3 \
//     -Mdir BUILD_DIR -o link_bench -f tests/rtl/link/sources.f
//
// What has to hold, for any bytes on the line (docs/host-link.md, "What is answered"):
//   - the core runs for intact inferences only, once each, on exactly their bytes, and with the
//     weights of an intact load, of which nothing was overwritten since;
//   - every run is answered, in order, with the result for its bytes and its tag;
//   - the other answers are those of the frames that ended, in order; some may be missing, since a
//     newer one replaces one not yet begun, but never the newest;
//   - so a good frame that begins after a delimiter is answered rightly, whatever came before it.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "Vlink_bench.h"
#include "verilated.h"

typedef std::vector<uint8_t> Bytes;

// ------------------------------------------------------------------ the protocol, read afresh

static const uint8_t ID[16] = {0x53, 0x79, 0x6E, 0x66, 0x69, 0x72, 0x65, 0x00,
                               0x01, 0x02, 0x03, 0x00, 0x00, 0xFF, 0x80, 0x00};

enum Status { Ok, BadLength, BadCrc, BadCommand, Overrun, BadFraming, NotLoaded };

static uint16_t crc16(const Bytes &bytes) {
  uint16_t crc = 0xFFFF;
  for (uint8_t byte : bytes)
    for (int bit = 7; bit >= 0; bit--) {
      bool out = (crc >> 15) ^ ((byte >> bit) & 1);
      crc = uint16_t(crc << 1) ^ (out ? 0x1021 : 0);
    }
  return crc;
}

static Bytes with_crc(Bytes bytes) {
  uint16_t crc = crc16(bytes);
  bytes.push_back(crc >> 8);
  bytes.push_back(crc & 0xFF);
  return bytes;
}

// A frame without its delimiter. Encoders differ in what they do when a full block ends the message:
// the closing empty block may be there or not.
static Bytes cobs_encode(const Bytes &in, bool close_full) {
  Bytes out = {0};
  size_t code = 0;  // where the open block's code byte is
  for (size_t i = 0; i < in.size(); i++) {
    if (in[i] != 0) out.push_back(in[i]);
    if (in[i] == 0 || out.size() - code == 255) {
      if (in[i] != 0 && i + 1 == in.size() && !close_full) break;
      out[code] = uint8_t(out.size() - code);
      code = out.size();
      out.push_back(0);
    }
  }
  out[code] = uint8_t(out.size() - code);
  return out;
}

// What of a frame can be decoded, and whether it ended at a block's end.
static Bytes cobs_decode(const Bytes &wire, bool *intact) {
  Bytes out;
  size_t at = 0;
  while (at < wire.size()) {
    size_t code = wire[at], end = at + code;
    *intact = end <= wire.size();
    if (!*intact) end = wire.size();
    out.insert(out.end(), wire.begin() + at + 1, wire.begin() + end);
    at = end;
    if (code != 0xFF && at < wire.size()) out.push_back(0);
  }
  return out;
}

// What has to be true of one frame, apart from the core being free.
struct Verdict {
  Status status;
  uint8_t tag;
  bool inference;  // an intact one: runs, if the core is free and takes it and has its weights
  bool stalled;    // the core does not take it
  bool load;       // a load, intact or not: overwrites the weights, if the core is free
  bool trace;
  Bytes payload;
  bool follows;  // began when another inference may have been running
};

static Verdict judge(const Bytes &wire, size_t n_in, size_t n_load, bool stalled) {
  bool intact = true;
  Bytes frame = cobs_decode(wire, &intact);
  Verdict v = {Ok, 0, false, stalled, false, false, {}, false};
  v.load = n_load > 0 && !frame.empty() && (frame[0] & 15) == 4;
  if (!frame.empty()) v.tag = frame[0] >> 4;
  if (!intact) return v.status = BadFraming, v;
  if (frame.empty()) return v.status = BadLength, v;
  int command = frame[0] & 15;
  bool infer = command == 1 || command == 2;
  bool good = frame.size() > 2 && with_crc(Bytes(frame.begin(), frame.end() - 2)) == frame;
  if (!infer && !v.load && command != 3) {
    // Two bytes FF FF are the CRC of nothing, and the length of an unknown command is not known.
    good = good || frame == Bytes{0xFF, 0xFF};
    return v.status = good ? BadCommand : BadCrc, v;
  }
  if (frame.size() != (infer ? n_in : v.load ? n_load : 0) + 3) return v.status = BadLength, v;
  if (!good) return v.status = BadCrc, v;
  v.inference = infer;
  v.trace = command == 2;
  v.payload = Bytes(frame.begin() + 1, frame.end() - 2);
  return v;
}

static Bytes core_result(const Bytes &weights, const Bytes &payload, bool trace) {
  uint8_t a = 0, b = 0;
  for (uint8_t byte : weights) a += byte, b += a;
  for (uint8_t byte : payload) a += byte, b += a;
  Bytes out = {a, b};
  if (trace) out.insert(out.end(), {uint8_t(a & 1), 0, a, 0, 0, b, 0xFF, uint8_t(b & 1)});
  return out;
}

// ------------------------------------------------------------------ the line

static std::mt19937_64 rng;
static uint64_t below(uint64_t n) { return rng() % n; }
static bool chance(int percent) { return below(100) < uint64_t(percent); }

struct Item {
  enum Kind { Byte, FramingError, Glitch, Gap, Stall, Unstall } kind;
  int value;
};
typedef std::vector<Item> Items;

static std::string hex(const Bytes &bytes) {
  std::string out;
  char buffer[4];
  for (uint8_t byte : bytes) snprintf(buffer, sizeof buffer, "%02X ", byte), out += buffer;
  return out;
}

struct Board {
  Vlink_bench top;
  int div;
  size_t n_in, n_load;
  uint64_t cycle = 0;
  double edge = 0;  // when the line changes next
  double bit_time = 0;
  struct Segment {
    bool level;
    double bits;
    int stall;  // -1: leave
  };
  std::deque<Segment> line;
  // receiver
  int rx_wait = -1, rx_bit = 0, rx_byte = 0;
  bool framing_fault = false, never_quiet = false;
  uint64_t last_activity = 0;
  Bytes received;

  Board() {
    top.rst_i = 1;
    top.rx_i = 1;
    top.stall_i = 0;
    for (int i = 0; i < 4; i++) tick();
    top.rst_i = 0;
    div = int(top.div_o);
    n_in = top.n_in_o;
    n_load = top.n_load_o;
    bit_time = div;
  }

  void tick() {
    while (!line.empty() && double(cycle) >= edge) {
      Segment s = line.front();
      line.pop_front();
      if (s.stall >= 0) {
        top.stall_i = s.stall;
        continue;
      }
      top.rx_i = s.level;
      if (edge < double(cycle) - 1) edge = double(cycle);
      edge += s.bits * bit_time;
      last_activity = cycle;
    }
    if (line.empty() && double(cycle) >= edge) top.rx_i = 1;
    top.clk_i = 0;
    top.eval();
    top.clk_i = 1;
    top.eval();
    cycle++;
    listen();
  }

  void listen() {
    if (rx_wait < 0) {
      if (!top.tx_o) rx_wait = div + div / 2, rx_bit = 0, rx_byte = 0;
      return;
    }
    last_activity = cycle;
    if (--rx_wait > 0) return;
    if (rx_bit == 8) {
      if (!top.tx_o) framing_fault = true;
      received.push_back(uint8_t(rx_byte));
      rx_wait = -1;
      return;
    }
    rx_byte |= top.tx_o << rx_bit++;
    rx_wait = div;
  }

  void level(bool value, double bits) { line.push_back({value, bits, -1}); }

  void send(const Items &items) {
    for (const Item &item : items) {
      switch (item.kind) {
        case Item::Byte:
        case Item::FramingError:
          level(false, 1);
          for (int i = 0; i < 8; i++) level((item.value >> i) & 1, 1);
          level(item.kind == Item::Byte, 1);
          if (item.kind == Item::FramingError) level(true, 2);
          break;
        case Item::Glitch:
          level(true, 2);
          level(false, double(item.value) / div);
          level(true, 2);
          break;
        case Item::Gap:
          level(true, item.value);
          break;
        case Item::Stall:
        case Item::Unstall:
          level(true, 3);  // the bytes before it have arrived
          line.push_back({true, 0, item.kind == Item::Stall});
          break;
      }
    }
    // The core takes at most 66 cycles; a response has no longer pause than that.
    last_activity = cycle;
    uint64_t limit = cycle + uint64_t(line.size() + 2000) * uint64_t(div) * 4;
    while (!line.empty() || cycle < last_activity + uint64_t(200 + 30 * div)) {
      tick();
      if (cycle > limit) {
        never_quiet = true;
        return;
      }
    }
  }
};

// ------------------------------------------------------------------ answers

struct Answer {
  Status status;
  uint8_t tag;
  Bytes body;
};

static const char *read_answers(const Bytes &bytes, std::vector<Answer> *out) {
  Bytes frame;
  for (uint8_t byte : bytes) {
    if (byte != 0) {
      frame.push_back(byte);
      continue;
    }
    bool intact = true;
    Bytes stuffed = cobs_decode(frame, &intact), message;
    if (!intact || frame.empty()) return "an answer that is not COBS";
    for (size_t i = 0; i < stuffed.size(); i++) {
      message.push_back(stuffed[i]);
      if (stuffed[i] != 0 && (++i >= stuffed.size() || stuffed[i] != 0))
        return "an answer without its stuffed zero";
    }
    if (message.size() < 3) return "an answer that is too short";
    if (with_crc(Bytes(message.begin(), message.end() - 2)) != message)
      return "an answer with a bad CRC";
    if ((message[0] & 15) > NotLoaded) return "an unknown status";
    out->push_back({Status(message[0] & 15), uint8_t(message[0] >> 4),
                    Bytes(message.begin() + 1, message.end() - 2)});
    frame.clear();
  }
  return frame.empty() ? nullptr : "an answer without a delimiter";
}

// Which weights the core has.
struct Weights {
  bool loaded;
  Bytes bytes;
  bool operator==(const Weights &other) const { return loaded == other.loaded && bytes == other.bytes; }
};

// Whether `answers` is what a link may say to `frames`. `busy` bit i: the i-th frame that may have met
// a running core, and would then be refused, did. `weights` are those before, then those after.
static bool allowed(const std::vector<Verdict> &frames, const std::vector<Answer> &answers,
                    unsigned busy, Weights *weights, unsigned *runs) {
  struct Run {
    const Verdict *frame;
    Bytes result;
  };
  std::vector<Run> run;
  std::vector<const Verdict *> note;
  unsigned followers = 0;
  bool note_is_newest = false;
  std::vector<Verdict> said(frames);
  for (size_t i = 0; i < frames.size(); i++) {
    Verdict &v = said[i];
    bool blocked = (v.inference || v.load) && v.follows && (busy >> followers++ & 1);
    // Only the first frame may have begun in the batch before, behind a run there.
    if (blocked && run.empty() && i > 0) return false;
    bool runs_now = v.inference && !v.stalled && weights->loaded && !blocked;
    if (v.inference && !runs_now) v.status = weights->loaded ? Overrun : NotLoaded;
    if (v.load && blocked && v.status == Ok) v.status = Overrun;
    if (v.load && !blocked) *weights = {v.status == Ok, v.payload};
    note_is_newest = !runs_now;
    if (runs_now) run.push_back({&v, core_result(weights->bytes, v.payload, v.trace)});
    else note.push_back(&v);
  }
  size_t next_run = 0, next_note = 0;
  bool newest_told = false;
  auto is_note = [](const Answer &a) { return a.status != Ok || a.body.empty() || a.body == Bytes(ID, ID + 16); };
  auto fits = [](const Verdict &v, const Answer &a) {
    return v.status == a.status && v.tag == a.tag && a.body.empty() == (v.load || v.status != Ok);
  };
  for (const Answer &a : answers) {
    if (!is_note(a)) {
      if (next_run == run.size()) return false;
      const Run &r = run[next_run++];
      if (a.tag != r.frame->tag || a.body != r.result) return false;
    } else {
      while (next_note < note.size() && !fits(*note[next_note], a)) next_note++;
      if (next_note == note.size()) return false;
      newest_told = ++next_note == note.size();
    }
  }
  // If the newest frame's answer equals an older one's, the match above may have taken the older.
  if (note_is_newest && !newest_told && !answers.empty()) {
    const Answer *last = nullptr;
    for (const Answer &a : answers)
      if (is_note(a)) last = &a;
    newest_told = last && fits(*note.back(), *last);
  }
  *runs = unsigned(run.size());
  return next_run == run.size() && (!note_is_newest || newest_told);
}

// ------------------------------------------------------------------ traffic

static Bytes random_payload(size_t n) {
  Bytes out(n);
  int zeros = int(below(3)) * 40;  // none, some, most
  for (uint8_t &byte : out) byte = chance(zeros) ? 0 : uint8_t(below(256));
  if (chance(10)) out.assign(n, uint8_t(below(2) * 255));
  return out;
}

static Bytes request(uint8_t command, const Bytes &payload) {
  Bytes message = {command};
  message.insert(message.end(), payload.begin(), payload.end());
  return cobs_encode(with_crc(message), chance(50));
}

static Bytes random_load(size_t n_load) {
  return request(uint8_t(below(16) << 4) | 4, random_payload(n_load));
}

static Bytes random_request(size_t n_in, size_t n_load) {
  uint8_t tag = uint8_t(below(16) << 4);
  if (n_load > 0 && chance(8)) return random_load(n_load + (chance(20) ? 1 : 0));
  switch (below(10)) {
    case 0: return request(tag | uint8_t(below(16)), random_payload(below(n_in + 4)));
    case 1: return request(tag | 1, random_payload(n_in + 1 - 2 * below(2)));
    case 2: case 3: return request(tag | 3, {});
    case 4: case 5: return request(tag | 2, random_payload(n_in));
    default: return request(tag | 1, random_payload(n_in));
  }
}

static Items items_of(const Bytes &frame) {
  Items out;
  for (uint8_t byte : frame) out.push_back({Item::Byte, byte});
  out.push_back({Item::Byte, 0});
  return out;
}

static void damage(Items *items, int div) {
  size_t at = below(items->size());
  Items::iterator here = items->begin() + long(at);
  switch (below(9)) {
    case 0: case 1: items->erase(here); break;
    case 2: if (here->kind == Item::Byte) here->value ^= 1 << below(8); break;
    case 3: here->value = int(below(256)); here->kind = Item::Byte; break;
    case 4: items->insert(here, {Item::Byte, int(below(256))}); break;
    case 5: items->insert(here, {Item::Byte, 0}); break;
    case 6: if (here->kind == Item::Byte) here->kind = Item::FramingError; break;
    case 7: items->insert(here, {Item::Glitch, int(1 + below(uint64_t(div / 2 - 1)))}); break;
    case 8: items->erase(here, items->begin() + long(at + below(items->size() - at + 1))); break;
  }
  if (items->empty()) items->push_back({Item::Byte, 0});
}

int main(int argc, char **argv) {
  uint64_t seed = argc > 1 ? strtoull(argv[1], nullptr, 0) : 1;
  uint64_t batches = argc > 2 ? strtoull(argv[2], nullptr, 0) : 2000;
  Verilated::commandArgs(argc, argv);
  rng.seed(seed);
  Board board;
  Bytes pending;  // bytes since the last delimiter
  bool follows = false;
  std::vector<Weights> weights = {{board.n_load == 0, {}}};  // what the core may have
  uint64_t told[7] = {}, runs = 0, frames_seen = 0, unsaid = 0, identified = 0;

  for (uint64_t batch = 0; batch < batches; batch++) {
    Items items;
    const char *mode;
    bool stalled = false;
    int damaged = 0;
    if (batch < 3 && board.n_in == 4 && (board.n_load == 0 || board.n_load == 3)) {
      // The exchanges printed in docs/host-link.md.
      mode = "example";
      static const Bytes infer = {0x04, 0x51, 0x10, 0x20, 0x04, 0x05, 0x63, 0xAB};
      static const Bytes examples[2][3] = {
          {{0x04, 0x03, 0xD1, 0x93}, infer, {0x04, 0x51, 0x20, 0x04, 0x05, 0x63, 0xAB}},
          {infer, cobs_encode(with_crc({0x64, 0xC0, 0x00, 0x07}), true), infer}};
      items = items_of(examples[board.n_load == 3][batch]);
    } else if (chance(5)) {
      mode = "refusing core";
      stalled = true;
      items = items_of(random_request(board.n_in, board.n_load));
      items.insert(items.begin(), {Item::Byte, 0});
      items.insert(items.begin() + 1, {Item::Stall, 0});
      items.push_back({Item::Unstall, 0});
    } else if (chance(10)) {
      mode = "noise, then a good frame";
      for (uint64_t n = 10 + below(60); n > 0; n--)
        items.push_back({Item::Byte, int(chance(20) ? 0 : chance(50) ? below(8) : below(256))});
      items.push_back({Item::Byte, 0});
      for (const Item &item : items_of(random_request(board.n_in, board.n_load))) items.push_back(item);
    } else {
      mode = "requests in a row";
      uint64_t many = chance(60) ? 1 : 1 + below(5);
      for (uint64_t n = 0; n < many; n++) {
        Items one = items_of(random_request(board.n_in, board.n_load));
        if (chance(60))
          for (uint64_t k = 1 + below(3); k > 0; k--) damage(&one, board.div), damaged++;
        if (chance(30)) one.insert(one.begin(), {Item::Byte, 0});
        if (chance(30)) one.insert(one.begin(), {Item::Gap, int(1 + below(40))});
        items.insert(items.end(), one.begin(), one.end());
      }
      if (chance(50)) {
        items.push_back({Item::Byte, 0});
        for (const Item &item : items_of(random_request(board.n_in, board.n_load))) items.push_back(item);
      }
    }

    // A host loads the weights when they are missing, though not at once.
    if (std::string(mode) != "example" && !weights[0].loaded && chance(70)) {
      Items load = items_of(random_load(board.n_load));
      load.insert(load.begin(), {Item::Byte, 0});
      items.insert(items.begin(), load.begin(), load.end());
    }

    std::vector<Verdict> frames;
    Bytes wire;
    bool inference = false;
    for (const Item &item : items) {
      if (item.kind != Item::Byte) continue;
      wire.push_back(uint8_t(item.value));
      if (item.value != 0) {
        if (pending.empty()) follows = inference;
        pending.push_back(uint8_t(item.value));
      } else if (!pending.empty()) {
        // A stalled batch's first delimiter ends what was left over before the stall.
        frames.push_back(judge(pending, board.n_in, board.n_load, stalled && wire.size() > 1));
        frames.back().follows = follows;
        inference = inference || frames.back().inference;
        pending.clear();
      }
    }

    // A host's clock is off by up to 1.5 %.
    board.bit_time = board.div * (1 + (double(below(31)) - 15) / 1000);
    board.received.clear();
    uint32_t runs_before = board.top.runs_o;
    board.send(items);

    std::vector<Answer> answers;
    const char *fault = read_answers(board.received, &answers);
    if (!fault && board.never_quiet) fault = "no end of the answers";
    if (!fault && board.framing_fault) fault = "a stop bit that is low";
    if (!fault && board.top.broken_o) fault = "the contract with the core broken";
    if (!fault) {
      unsigned followers = 0, now = 0;
      bool fits = false;
      std::vector<Weights> after;
      for (const Verdict &v : frames) followers += (v.inference || v.load) && v.follows;
      for (const Weights &before : weights)
        for (unsigned busy = 0; busy < 1u << followers; busy++) {
          Weights then = before;
          bool one = allowed(frames, answers, busy, &then, &now) && board.top.runs_o - runs_before == now;
          fits = fits || one;
          if (one && std::find(after.begin(), after.end(), then) == after.end()) after.push_back(then);
        }
      if (!fits) fault = "answers that do not fit the frames";
      weights = after;
      runs += board.top.runs_o - runs_before;
    }
    if (fault) {
      printf("seed %llu batch %llu (%s): %s\n  sent %s\n", (unsigned long long)seed,
             (unsigned long long)batch, mode, fault, hex(wire).c_str());
      for (const Verdict &v : frames)
        printf("  expected status %d tag %d%s\n", v.status, v.tag,
               v.inference ? " or a run" : v.load ? ", a load" : "");
      printf("  received %s\n", hex(board.received).c_str());
      for (const Answer &a : answers)
        printf("  answered status %d tag %d %s\n", a.status, a.tag, hex(a.body).c_str());
      printf("  the core ran %u times\n", board.top.runs_o - runs_before);
      return 1;
    }
    if (std::string(mode) == "example")
      printf("example\n  sent     %s\n  received %s\n", hex(wire).c_str(), hex(board.received).c_str());
    frames_seen += frames.size();
    unsaid += frames.size() - answers.size();
    for (const Answer &a : answers) {
      told[a.status]++;
      identified += a.status == Ok && a.body.size() == 16;
    }
  }

  printf("DIV %d N_IN %zu N_LOAD %zu seed %llu: %llu frames, %llu answers replaced, %llu runs, %u aborts, "
         "%llu identifications, status 1..6: %llu %llu %llu %llu %llu %llu\n",
         board.div, board.n_in, board.n_load, (unsigned long long)seed, (unsigned long long)frames_seen,
         (unsigned long long)unsaid, (unsigned long long)runs, board.top.aborts_o,
         (unsigned long long)identified, (unsigned long long)told[1], (unsigned long long)told[2],
         (unsigned long long)told[3], (unsigned long long)told[4], (unsigned long long)told[5],
         (unsigned long long)told[6]);
  if (batches >= 500)
    for (size_t status = 0; status < (board.n_load > 0 ? 7 : 6); status++)
      if (told[status] == 0) return printf("a status was never seen\n"), 1;
  return 0;
}

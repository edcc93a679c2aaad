// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Streams for a plain C++ compiler: what the kernels here need of the header of the same name
// that comes with Vitis HLS. A stream has no bound; reading an empty one ends the program, as
// it would stop the hardware for ever.
#ifndef HLS_STREAM_H_
#define HLS_STREAM_H_

#include <cstdio>
#include <cstdlib>
#include <deque>

namespace hls {

template <typename T>
class stream {
  std::deque<T> held_;
  const char *name_;

 public:
  explicit stream(const char *name = "?") : name_(name) {}
  void write(const T &v) { held_.push_back(v); }
  bool empty() const { return held_.empty(); }
  T read() {
    if (held_.empty()) {
      std::fprintf(stderr, "stream `%s` is read and empty\n", name_);
      std::exit(3);
    }
    const T v = held_.front();
    held_.pop_front();
    return v;
  }
};

}  // namespace hls

#endif

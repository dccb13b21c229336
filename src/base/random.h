#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace turms {

/// xoshiro256++: fast, seeded, the same on every machine. For simulations, sequence numbers,
/// identifiers that need no secrecy beyond their seed; keys come from secure_random().
class Rng {
 public:
  explicit Rng(uint64_t seed);
  /// Seeded from the operating system.
  static Rng from_entropy();

  uint64_t next();
  uint32_t next_u32() { return static_cast<uint32_t>(next() >> 32); }
  /// Uniform in [0, bound); bound > 0.
  uint64_t below(uint64_t bound);
  /// Uniform in [0, 1).
  double unit();
  bool chance(double probability) { return unit() < probability; }
  void fill(MutableByteView out);
  /// `length` characters of [A-Za-z0-9].
  std::string token(size_t length);

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace turms

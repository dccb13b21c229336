#include "base/random.h"

#include <bit>

#include "base/check.h"
#include "base/crypto.h"

namespace turms {

Rng::Rng(uint64_t seed) {
  // splitmix64, so that neighbouring seeds give unrelated states.
  for (uint64_t& word : state_) {
    seed += 0x9E3779B97F4A7C15ull;
    uint64_t z = seed;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    word = z ^ z >> 31;
  }
}

Rng Rng::from_entropy() {
  std::array<uint8_t, 8> seed;
  secure_random(seed);
  return Rng(load_be64(seed.data()));
}

uint64_t Rng::next() {
  const uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Rng::below(uint64_t bound) {
  TURMS_CHECK(bound > 0);
  // Lemire's multiplication; the bias of 2^-64·bound does not matter to any user of this class.
  return static_cast<uint64_t>(static_cast<unsigned __int128>(next()) * bound >> 64);
}

double Rng::unit() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

void Rng::fill(MutableByteView out) {
  for (uint8_t& b : out) b = static_cast<uint8_t>(next() >> 56);
}

std::string Rng::token(size_t length) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string out(length, ' ');
  for (char& c : out) c = kAlphabet[below(kAlphabet.size())];
  return out;
}

}  // namespace turms

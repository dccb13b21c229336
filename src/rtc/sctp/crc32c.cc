#include "rtc/sctp/crc32c.h"

#include <array>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace turms::rtc::sctp {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;  // reflected

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? kPolynomial : 0);
    table[i] = value;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t add_sse42(uint32_t state, ByteView data) {
  uint64_t crc = state;
  const uint8_t* p = data.data();
  size_t left = data.size();
  for (; left >= 8; left -= 8, p += 8) {
    uint64_t word = 0;
    std::memcpy(&word, p, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  auto tail = static_cast<uint32_t>(crc);
  for (; left > 0; --left) tail = _mm_crc32_u8(tail, *p++);
  return tail;
}
#endif

}  // namespace

void Crc32c::add_portable(ByteView data) {
  for (const uint8_t byte : data) state_ = state_ >> 8 ^ kTable[(state_ ^ byte) & 0xFF];
}

void Crc32c::add(ByteView data) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) {
    state_ = add_sse42(state_, data);
    return;
  }
#endif
  add_portable(data);
}

}  // namespace turms::rtc::sctp

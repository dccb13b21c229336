#pragma once

#include <compare>
#include <cstdint>
#include <optional>

/// RTP's wrapping numbers. They have no total order, so they have no operator<.
namespace turms::rtc::rtp {

/// RTP sequence number, modulo 2^16.
struct SeqNum {
  uint16_t value = 0;

  constexpr SeqNum() = default;
  constexpr explicit SeqNum(uint16_t v) : value(v) {}
  constexpr bool operator==(const SeqNum&) const = default;
  /// How far this is ahead of `other`, in [-32768, 32767].
  [[nodiscard]] constexpr int distance_from(SeqNum other) const {
    return static_cast<int16_t>(static_cast<uint16_t>(value - other.value));
  }
  [[nodiscard]] constexpr bool newer_than(SeqNum other) const { return distance_from(other) > 0; }
  [[nodiscard]] constexpr SeqNum plus(int n) const {
    return SeqNum(static_cast<uint16_t>(value + n));
  }
};

/// RTP timestamp in the clock of its codec, modulo 2^32.
struct RtpTime {
  uint32_t value = 0;

  constexpr RtpTime() = default;
  constexpr explicit RtpTime(uint32_t v) : value(v) {}
  constexpr bool operator==(const RtpTime&) const = default;
  /// How far this is ahead of `other`, in [-2^31, 2^31).
  [[nodiscard]] constexpr int32_t distance_from(RtpTime other) const {
    return static_cast<int32_t>(value - other.value);
  }
  [[nodiscard]] constexpr bool newer_than(RtpTime other) const { return distance_from(other) > 0; }
  [[nodiscard]] constexpr RtpTime plus(int64_t n) const {
    return RtpTime(static_cast<uint32_t>(value + static_cast<uint64_t>(n)));
  }
};

/// Puts a wrapping number on a 64-bit line, taking the shortest way from the last one seen. The
/// first value stays as it is, so an older one after it may become negative.
template <class Number>
class Unwrapper {
 public:
  int64_t unwrap(Number number) {
    last_ = last_ ? peek(number) : static_cast<int64_t>(number.value);
    last_number_ = number;
    return *last_;
  }
  /// As unwrap, without moving.
  [[nodiscard]] int64_t peek(Number number) const {
    if (!last_) return static_cast<int64_t>(number.value);
    return *last_ + number.distance_from(last_number_);
  }
  void reset() { last_.reset(); }

 private:
  std::optional<int64_t> last_;
  Number last_number_;
};

using SeqUnwrapper = Unwrapper<SeqNum>;
using TimeUnwrapper = Unwrapper<RtpTime>;

}  // namespace turms::rtc::rtp

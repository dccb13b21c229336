#pragma once

#include <deque>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/time.h"

namespace turms::livekit {

/// What one signalling connection sent and what has not been worked off yet: each connection has a
/// budget of messages and bytes, so that one that floods delays only itself. Sans-IO: the owner
/// takes messages with pop(), reads on while reading(), and ends the connection when push() or
/// flooding() says so.
///
/// A client says a few messages per second; in bursts, as when it joins a room of a hundred with
/// adaptive streams, a few hundred.
class SignalQueue {
 public:
  static constexpr double kMessagesPerSecond = 100;
  static constexpr double kMessageBurst = 500;
  static constexpr double kBytesPerSecond = 512 * 1024;
  static constexpr double kByteBurst = 8 * 1024 * 1024;
  /// Messages that a connection may have worked off in one turn of the loop.
  static constexpr int kPerTurn = 16;
  /// Bytes that may wait. The reader stops before: more is what one read brought.
  static constexpr size_t kMaxWaiting = 4 * 1024 * 1024;
  /// How long a connection may be over its budget without a pause.
  static constexpr Duration kPatience = std::chrono::seconds(20);

  struct Message {
    bool binary = false;
    std::string data;
  };

  explicit SignalQueue(TimePoint now) : at_(now) {}

  /// False: more than kMaxWaiting waits.
  bool push(TimePoint now, bool binary, ByteView data);
  /// The next message that the budget allows.
  std::optional<Message> pop(TimePoint now);
  /// When pop() gives the next one; kNever when nothing waits.
  [[nodiscard]] TimePoint next() const;
  /// Nothing waits: more may be read.
  [[nodiscard]] bool reading() const { return waiting_.empty(); }
  /// It has been over its budget for kPatience.
  [[nodiscard]] bool flooding(TimePoint now) const;

 private:
  void refill(TimePoint now);

  std::deque<Message> waiting_;
  size_t waiting_bytes_ = 0;
  TimePoint at_;
  double messages_ = kMessageBurst;
  double bytes_ = kByteBurst;
  std::optional<TimePoint> over_since_;
};

}  // namespace turms::livekit

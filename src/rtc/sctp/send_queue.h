#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <unordered_map>

#include "base/shared_bytes.h"
#include "base/time.h"
#include "rtc/sctp/ring.h"

namespace turms::rtc::sctp {

/// How a message is to be delivered. Without limits: until it is, or the association ends.
struct SendOptions {
  bool unordered = false;
  /// RFC 3758: give up after so many retransmissions of a fragment, or this long after send().
  std::optional<uint16_t> max_retransmits;
  std::optional<Duration> lifetime;

  [[nodiscard]] bool reliable() const { return !max_retransmits && !lifetime; }
};

/// A fragment of a message, or all of it.
struct Chunk {
  SharedBytes payload;  // of the whole message
  uint32_t offset = 0;
  uint16_t size = 0;
  uint16_t stream = 0;
  uint32_t message = 0;  // stream sequence number or message identifier
  uint32_t fragment = 0;
  uint32_t ppid = 0;
  uint64_t id = 0;  // of the message within the association
  bool unordered = false;
  bool begin = false;
  bool end = false;
  bool reliable = true;
  uint32_t max_transmissions = std::numeric_limits<uint32_t>::max();
  TimePoint expires = kNever;

  [[nodiscard]] ByteView data() const { return payload.view().subspan(offset, size); }
};

/// Messages that have not been sent yet, or only in part. Streams take turns: by fragments when
/// interleaving is agreed on, otherwise by messages.
class SendQueue {
 public:
  void set_interleaving(bool on) { interleaving_ = on; }

  void push(TimePoint now, uint16_t stream, SharedBytes payload, uint32_t ppid,
            const SendOptions& options);
  /// The next fragment, of at most `max_size` bytes. Messages whose time is over before their first
  /// fragment was taken are dropped and counted.
  std::optional<Chunk> next(TimePoint now, size_t max_size);
  /// Nothing more of this message is to be sent.
  void discard(uint64_t id, uint16_t stream);

  /// Nothing is taken from a stream that is on hold; what is pushed stays.
  void hold(uint16_t stream, bool on);
  [[nodiscard]] bool is_empty(uint16_t stream) const;
  /// Message numbers start again at 0.
  void reset(uint16_t stream);
  void clear();

  [[nodiscard]] bool empty() const { return ready_.empty(); }
  [[nodiscard]] size_t reliable_bytes() const { return reliable_bytes_; }
  [[nodiscard]] size_t unreliable_bytes() const { return unreliable_bytes_; }
  [[nodiscard]] uint64_t expired() const { return expired_; }

 private:
  struct Entry {
    SharedBytes payload;
    uint32_t offset = 0;
    uint32_t fragment = 0;
    uint32_t ppid = 0;
    uint64_t id = 0;
    bool unordered = false;
    bool reliable = true;
    uint32_t max_transmissions = 0;
    TimePoint expires = kNever;
  };
  struct Stream {
    Ring<Entry> entries;
    uint32_t next_ordered = 0;
    uint32_t next_unordered = 0;
    uint32_t current = 0;  // number of the message being sent
    bool ready = false;    // in ready_
    bool held = false;
  };

  void count_out(const Entry& entry);
  void make_ready(uint16_t id, Stream& stream);
  void rotate(Stream& stream);

  bool interleaving_ = false;
  std::unordered_map<uint16_t, Stream> streams_;
  Ring<uint16_t> ready_;  // have something to send and are not on hold
  size_t reliable_bytes_ = 0;
  size_t unreliable_bytes_ = 0;
  uint64_t last_id_ = 0;
  uint64_t expired_ = 0;
};

}  // namespace turms::rtc::sctp

#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "rtc/sctp/wire.h"

namespace turms::rtc::sctp {

/// A whole message as it came.
struct Message {
  uint16_t stream = 0;
  uint32_t ppid = 0;
  bool unordered = false;
  Bytes data;
};

/// Puts fragments together and messages of a stream in order, for DATA and I-DATA alike (RFC 9260
/// section 6.9, RFC 8260 section 2.2).
///
/// Bounds: the caller stops adding when bytes() reaches its window; a fragment counts kOverhead on
/// top of its data, so that many small ones are no way around it. A message longer than
/// `max_message` is an error of the remote side.
class Reassembly {
 public:
  static constexpr size_t kOverhead = 96;

  Reassembly(bool interleaved, size_t max_message)
      : interleaved_(interleaved), max_message_(max_message) {}

  enum class Outcome : uint8_t { kTaken, kTooLong, kInconsistent };
  /// `tsn` is new and on the 64-bit line. Messages that became complete are appended to `out`.
  Outcome add(uint64_t tsn, const DataView& chunk, std::vector<Message>& out);
  /// The remote side gave up on messages of a stream up to this one (stream sequence number or
  /// message identifier).
  void skip(const SkippedStream& skipped, std::vector<Message>& out);
  /// And, without interleaving, on fragments up to this TSN.
  void skip_to(uint64_t tsn);
  /// The next message of the stream is number 0 again. What is incomplete is lost.
  void reset(uint16_t stream);
  void reset_all();

  [[nodiscard]] size_t bytes() const { return bytes_; }

 private:
  struct Fragment {
    uint64_t tsn = 0;
    bool begin = false;
    bool end = false;
    uint32_t ppid = 0;
    Bytes data;
  };
  /// Of one message, by TSN (DATA) or fragment number (I-DATA).
  using Fragments = std::map<uint64_t, Fragment>;
  struct Partial {
    Fragments fragments;
    size_t size = 0;
  };
  struct Stream {
    uint64_t next_ordered = kLineStart;
    uint64_t unordered_line = kLineStart;
    std::map<uint64_t, Partial> ordered;    // by message
    std::map<uint64_t, Partial> unordered;  // I-DATA: by message. DATA: all in one, by TSN
  };

  [[nodiscard]] uint64_t message_line(uint64_t reference, uint32_t message) const;
  Outcome add_unordered_data(Stream& stream, uint64_t tsn, const DataView& chunk,
                             std::vector<Message>& out);
  bool insert(Partial& partial, uint64_t tsn, const DataView& chunk);
  [[nodiscard]] static bool is_complete(const Partial& partial);
  Message join(uint16_t stream, bool unordered, Fragments::iterator first, Fragments::iterator last,
               Partial& partial);
  void deliver_ready(uint16_t id, Stream& stream, std::vector<Message>& out);
  void forget(Partial& partial);

  bool interleaved_;
  size_t max_message_;
  size_t bytes_ = 0;
  std::unordered_map<uint16_t, Stream> streams_;
};

}  // namespace turms::rtc::sctp

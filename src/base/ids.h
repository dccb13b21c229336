#pragma once

#include "base/strong_int.h"
#include "base/time.h"

namespace turms {

using UserId = StrongInt<struct UserIdTag, int64_t>;
using GroupId = StrongInt<struct GroupIdTag, int64_t>;
using MessageId = StrongInt<struct MessageIdTag, int64_t>;
using MeetingId = StrongInt<struct MeetingIdTag, int64_t>;
using InvitationId = StrongInt<struct InvitationIdTag, int64_t>;
using JoinRequestId = StrongInt<struct JoinRequestIdTag, int64_t>;
using JoinQuestionId = StrongInt<struct JoinQuestionIdTag, int64_t>;
using FriendRequestId = StrongInt<struct FriendRequestIdTag, int64_t>;
using AttachmentId = StrongInt<struct AttachmentIdTag, int64_t>;

/// Time-ordered 63-bit ids: 41 bits of milliseconds since 2020-10-13 UTC (the Turms epoch), 10 bits
/// of node, 12 bits of sequence. Unique over nodes with different numbers, strictly increasing on
/// one node, also when the clock steps back or more than 4096 are asked for in a millisecond (then
/// it runs ahead of the clock). One thread only.
class IdGenerator {
 public:
  static constexpr int64_t kEpochMs = 1602547200000;
  static constexpr int kMaxNode = 1023;

  /// `node` in [0, kMaxNode].
  explicit IdGenerator(int node);

  int64_t next(WallTime now);

  /// Ids made from now on are greater than `id`: what was stored before a restart stays below, even
  /// when the clock was set back meanwhile.
  void advance_past(int64_t id);

  /// The wall time an id was made at.
  static WallTime time_of(int64_t id);
  /// No id made at `time` or later is less than this one, and every earlier one is.
  static int64_t first_at(WallTime time);

 private:
  int64_t node_;
  int64_t last_ms_ = 0;
  int64_t sequence_ = 0;
};

}  // namespace turms

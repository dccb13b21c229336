#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "im/permit.h"
#include "im/ports/stored.h"
#include "im/types.h"

namespace turms::im {

struct MeetingFilter {
  /// Only meetings that this user made, or was asked to, or that are held in one of the groups.
  struct Concerned {
    UserId user_id;
    std::vector<GroupId> group_ids;
  };
  std::optional<Concerned> concerned;
  /// Each empty list: any.
  std::vector<MeetingId> ids;
  std::vector<UserId> creator_ids;
  std::vector<UserId> user_ids;
  std::vector<GroupId> group_ids;
  std::optional<WallTime> creation_date_start;  // inclusive
  std::optional<WallTime> creation_date_end;    // inclusive
  /// Not ended and not canceled.
  bool active_only = false;
  int32_t skip = 0;
  int32_t limit = 0;  // 0: no limit
};

struct MeetingChange {
  std::optional<std::string> name;
  std::optional<std::string> intro;
  std::optional<std::string> password;
};

struct MeetingStateRow {
  MeetingId id;
  Bytes state;
};

class MeetingRepository {
 public:
  virtual ~MeetingRepository() = default;
  virtual Stored<std::optional<Meeting>> find(MeetingId id) = 0;
  /// By creation date, then id, ascending.
  virtual Stored<std::vector<Meeting>> query(MeetingFilter filter) = 0;
  /// False when the id is taken: draw another.
  virtual Stored<bool> create(Permit<action::CreateMeeting>, Meeting meeting) = 0;
  virtual Stored<bool> update(Permit<action::UpdateMeeting>, MeetingChange change) = 0;
  /// Each false when it is already ended or canceled, or does not exist.
  virtual Stored<bool> cancel(Permit<action::CancelMeeting>, WallTime now) = 0;
  virtual Stored<bool> end(Permit<action::EndMeeting>, WallTime now) = 0;
  /// What its life has come to (im/meeting/codec.h); also of one that is over. False: no such one.
  virtual Stored<bool> put_state(Permit<action::PutMeetingState>, Bytes state) = 0;
  /// Those of them that have one.
  virtual Stored<std::vector<MeetingStateRow>> states(std::vector<MeetingId> ids) = 0;
  /// Takes back a meeting whose room could not be made.
  virtual Stored<None> erase(Permit<action::EraseMeeting>) = 0;
};

}  // namespace turms::im

#pragma once

#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "im/delivery.h"
#include "im/settings.h"
#include "im/storage_types.h"
#include "im/types.h"
#include "turms/extension.pb.h"
#include "turms/model.pb.h"

/// An optional field of a request, converted: TURMS_OPTIONAL(request, mute_end_date, wall_time).
#define TURMS_OPTIONAL(message, field, convert) \
  ((message).has_##field() ? std::make_optional(convert((message).field())) : std::nullopt)

namespace turms::gateway {

// Our own types to the protocol's and back; one place for each.

namespace model = ::im::turms::proto;

inline WallTime wall_time(int64_t unix_ms) {
  return WallTime{unix_ms};
}

template <class Id, class Numbers>
std::vector<Id> ids_from(const Numbers& numbers) {
  std::vector<Id> ids;
  ids.reserve(static_cast<size_t>(numbers.size()));
  for (const int64_t number : numbers) ids.push_back(Id(number));
  return ids;
}

inline std::vector<Bytes> records_from(
    const ::google::protobuf::RepeatedPtrField<std::string>& records) {
  std::vector<Bytes> out;
  out.reserve(static_cast<size_t>(records.size()));
  for (const std::string& record : records) out.emplace_back(record.begin(), record.end());
  return out;
}

/// What a search for names, of users or groups, asks for. The name is the only field that is
/// searched, and so the only one that is highlighted.
template <class Query, class Request>
void read_name_search(Query& query, const Request& in) {
  constexpr int32_t kName = 1;
  query.name = TURMS_OPTIONAL(in, name, std::string);
  query.page.skip = TURMS_OPTIONAL(in, skip, int32_t);
  query.page.limit = TURMS_OPTIONAL(in, limit, int32_t);
  for (const int32_t field : in.fields_to_highlight()) {
    if (field == kName) query.highlight_name = true;
  }
}

/// What of a message a session is shown.
struct MessageView {
  MessageView(const im::Settings& settings, bool the_extensions)
      : extensions(the_extensions),
        sequence_of_groups(settings.message.sequence_id_of_groups),
        sequence_of_private(settings.message.sequence_id_of_private),
        pre_message_id(the_extensions || settings.message.persist_pre_message_id) {}

  bool extensions;
  /// Upstream's 32 bits, where it is configured.
  bool sequence_of_groups;
  bool sequence_of_private;
  bool pre_message_id;
};

using Values = ::google::protobuf::Map<std::string, model::Value>;
im::ValueMap values_from(const Values& values);
void fill(Values& out, const im::ValueMap& values);

void fill(model::UserInfo& out, const im::User& user);
void fill(model::Group& out, const im::Group& group);
void fill(model::GroupMember& out, const im::GroupMember& member);
void fill(model::GroupInvitation& out, const im::GroupInvitation& invitation);
void fill(model::GroupJoinRequest& out, const im::GroupJoinRequest& request);
/// Never with the score.
void fill(model::GroupJoinQuestion& out, const im::GroupJoinQuestion& question);
void fill(model::UserRelationship& out, const im::Relationship& relationship);
void fill(model::UserFriendRequest& out, const im::FriendRequest& request);
void fill(model::Message& out, const im::Message& message, const MessageView& view);
void fill(model::PrivateConversation& out, const im::PrivateConversation& conversation);
void fill(model::GroupConversation& out, const im::GroupConversation& conversation);
void fill(model::Meeting& out, const im::Meeting& meeting);
void fill(model::StorageResourceInfo& out, const im::Attachment& attachment);
void fill(model::MeetingState& out, const im::MeetingStateChanged& state);
void fill(model::MeetingSignal& out, const im::MeetingSignal& signal);

/// A device type that no protocol knows is kUnknown.
im::DeviceType device_type_from(int32_t number);

}  // namespace turms::gateway

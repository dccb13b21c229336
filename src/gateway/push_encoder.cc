#include "gateway/push_encoder.h"

#include <variant>

#include "base/check.h"
#include "base/time.h"
#include "gateway/handlers/convert.h"
#include "gateway/notification.h"
#include "gateway/service.h"
#include "turms/notification.pb.h"

namespace turms::gateway {
namespace {

im::Payload serialize(const proto::TurmsNotification& notification) {
  return std::make_shared<const std::string>(notification.SerializeAsString());
}

im::Payload place_of(MessageId id, int64_t sequence, WallTime delivery_date) {
  return std::make_shared<const std::string>(encode_place(id, sequence, delivery_date));
}

proto::TurmsNotification started_by(UserId requester) {
  proto::TurmsNotification notification = notification_now();
  notification.set_requester_id(requester.value);
  return notification;
}

/// The requester of what nobody asked for.
constexpr UserId kServer{0};

im::Payload encode_event(const im::ReadPositionMoved& event) {
  proto::TurmsNotification notification = notification_now();
  auto& out = *notification.mutable_data()->mutable_read_position();
  out.set_reader_id(event.reader_id.value);
  if (event.conversation.user_id) out.set_user_id(event.conversation.user_id->value);
  if (event.conversation.group_id) out.set_group_id(event.conversation.group_id->value);
  out.set_read_sequence(event.read_sequence);
  out.set_read_date(event.read_date.unix_ms);
  return serialize(notification);
}

im::Encoded encode_event(const im::SystemMessagePushed& event) {
  const im::Message& message = event.message;
  // Clients take the requester for the sender.
  proto::TurmsNotification notification = started_by(message.sender_id);
  // And tell a message of the server's own by this.
  notification.set_request_id(0);
  auto& out = *notification.mutable_relayed_request()->mutable_create_message_request();
  out.set_message_id(message.id.value);
  out.set_is_system_message(true);
  if (message.group_id) out.set_group_id(message.group_id->value);
  if (message.recipient_id) out.set_recipient_id(message.recipient_id->value);
  out.set_delivery_date(message.delivery_date.unix_ms);
  if (message.text) out.set_text(*message.text);
  for (const Bytes& record : message.records) out.add_records(record.data(), record.size());
  return {serialize(notification), place_of(message.id, message.sequence, message.delivery_date)};
}

im::Payload encode_event(const im::MembersAdded& event) {
  proto::TurmsNotification notification = started_by(event.by);
  auto& out = *notification.mutable_relayed_request()->mutable_create_group_members_request();
  out.set_group_id(event.group_id.value);
  for (const UserId user : event.user_ids) out.add_user_ids(user.value);
  out.set_role(static_cast<proto::GroupMemberRole>(event.role));
  return serialize(notification);
}

im::Payload encode_event(const im::MemberUpdated& event) {
  proto::TurmsNotification notification = started_by(event.by);
  auto& out = *notification.mutable_relayed_request()->mutable_update_group_member_request();
  out.set_group_id(event.group_id.value);
  out.set_member_id(event.member_id.value);
  if (event.name) out.set_name(*event.name);
  if (event.role) out.set_role(static_cast<proto::GroupMemberRole>(*event.role));
  if (event.mute_end_date) out.set_mute_end_date(event.mute_end_date->unix_ms);
  return serialize(notification);
}

im::Payload encode_event(const im::RelationshipCreated& event) {
  proto::TurmsNotification notification = started_by(event.owner_id);
  auto& out = *notification.mutable_relayed_request()->mutable_create_relationship_request();
  out.set_user_id(event.related_user_id.value);
  out.set_group_index(im::kDefaultRelationshipGroup);
  return serialize(notification);
}

/// Said as if somebody had cancelled it, which is how a standard client learns that it is over.
im::Payload encode_event(const im::MeetingFinished& event) {
  proto::TurmsNotification notification = started_by(kServer);
  notification.mutable_relayed_request()->mutable_delete_meeting_request()->set_id(
      event.meeting.id.value);
  return serialize(notification);
}

im::Payload encode_event(const im::MeetingStateChanged& event) {
  proto::TurmsNotification notification = notification_now();
  fill(*notification.mutable_data()->mutable_meeting_states()->add_meeting_states(), event);
  return serialize(notification);
}

im::Payload encode_event(const im::MeetingSignal& event) {
  proto::TurmsNotification notification = notification_now();
  fill(*notification.mutable_data()->mutable_meeting_signal(), event);
  return serialize(notification);
}

// Recipients see what was forwarded, not only that something was.
void fill_forwarded(proto::CreateMessageRequest& out, const im::Message& original) {
  out.clear_text();
  out.clear_records();
  out.clear_burn_after();
  if (original.text) out.set_text(*original.text);
  for (const Bytes& record : original.records) out.add_records(record.data(), record.size());
  if (original.burn_after) out.set_burn_after(*original.burn_after);
}

void apply(const im::Amendments& amendments, proto::TurmsNotification& notification) {
  proto::TurmsRequest& request = *notification.mutable_relayed_request();
  if (request.has_create_message_request()) {
    auto& message = *request.mutable_create_message_request();
    if (amendments.message_id) message.set_message_id(amendments.message_id->value);
    if (amendments.delivery_date) message.set_delivery_date(amendments.delivery_date->unix_ms);
    if (amendments.forwarded) fill_forwarded(message, *amendments.forwarded);
    message.clear_sender_key();  // between the sender and us
  }
  if (request.has_update_conversation_request()) {
    request.mutable_update_conversation_request()->clear_read_sequence();
  }
  if (amendments.relationship_group_index) {
    if (request.has_create_relationship_request()) {
      request.mutable_create_relationship_request()->set_group_index(
          *amendments.relationship_group_index);
    } else if (request.has_delete_relationship_group_request()) {
      request.mutable_delete_relationship_group_request()->set_target_group_index(
          *amendments.relationship_group_index);
    }
  }
  // What was asked is not what was stored.
  if (amendments.forwarded && request.has_update_message_request()) {
    request.mutable_update_message_request()->set_text(amendments.forwarded->text.value_or(""));
  }
  if (amendments.created_id) notification.mutable_data()->set_long_(*amendments.created_id);
  if (!amendments.clear_password) return;
  switch (request.kind_case()) {
    case proto::TurmsRequest::kUpdateUserRequest:
      request.mutable_update_user_request()->clear_password();
      break;
    case proto::TurmsRequest::kCreateMeetingRequest:
      request.mutable_create_meeting_request()->clear_password();
      break;
    case proto::TurmsRequest::kUpdateMeetingRequest:
      request.mutable_update_meeting_request()->clear_password();
      break;
    case proto::TurmsRequest::kUpdateMeetingInvitationRequest:
      request.mutable_update_meeting_invitation_request()->clear_password();
      break;
    default:
      break;
  }
}

}  // namespace

proto::TurmsNotification notification_now() {
  proto::TurmsNotification notification;
  notification.set_timestamp(wall_now().unix_ms);
  return notification;
}

std::string encode_place(MessageId id, int64_t sequence, WallTime delivery_date) {
  proto::MessagePlace place;
  place.set_message_id(id.value);
  place.set_sequence(sequence);
  place.set_delivery_date(delivery_date.unix_ms);
  // Written for every message, so without the notification around it: its tag, and the length.
  constexpr uint32_t kTag = proto::TurmsNotification::kMessagePlaceFieldNumber << 3 | 2;
  static_assert(kTag >> 7 != 0 && kTag >> 14 != 0 && kTag >> 21 == 0);
  const size_t size = place.ByteSizeLong();
  TURMS_CHECK(size < 0x80);
  std::string bytes;
  bytes.resize(4 + size);
  bytes[0] = static_cast<char>((kTag & 0x7f) | 0x80);
  bytes[1] = static_cast<char>((kTag >> 7 & 0x7f) | 0x80);
  bytes[2] = static_cast<char>(kTag >> 14);
  bytes[3] = static_cast<char>(size);
  TURMS_CHECK(place.SerializeToArray(bytes.data() + 4, static_cast<int>(size)));
  return bytes;
}

im::Encoded NotificationEncoder::encode(const im::Event& event) {
  return std::visit([](const auto& one) { return im::Encoded(encode_event(one)); }, event);
}

im::Encoded encode_relay(UserId requester, proto::TurmsRequest& request,
                         const im::Amendments& amendments) {
  proto::TurmsNotification notification = started_by(requester);
  notification.mutable_relayed_request()->Swap(&request);
  apply(amendments, notification);
  im::Encoded encoded(serialize(notification));
  if (amendments.message_id && amendments.sequence && amendments.delivery_date) {
    encoded.addition =
        place_of(*amendments.message_id, *amendments.sequence, *amendments.delivery_date);
  }
  return encoded;
}

Bytes encode_meeting_record(const im::Meeting& meeting) {
  proto::Meeting out;
  fill(out, meeting);
  out.clear_user_id();
  Bytes bytes(out.ByteSizeLong());
  TURMS_CHECK(out.SerializeToArray(bytes.data(), static_cast<int>(bytes.size())));
  return bytes;
}

}  // namespace turms::gateway

// Data of a room as signalling and the server API see it: who may send, data tracks, data blobs,
// messages and calls by the server. Packets themselves are the router's, on the room's worker.
#include "livekit/room_data.h"

#include <algorithm>
#include <utility>

#include "base/overload.h"
#include "livekit/data.pb.h"
#include "livekit/negotiation.h"
#include "livekit/participant.h"

namespace turms::livekit {
namespace {

namespace pb = ::livekit;

constexpr size_t kMaxDataTrackName = 256;
constexpr size_t kMaxSchemaName = 256;
constexpr size_t kMaxBlobKey = 256;

// As LiveKit's RPC between participants has them.
constexpr Duration kAcknowledgeTime = std::chrono::seconds(2);
constexpr size_t kMaxCallPayload = 15 * 1024;

size_t size_of(const DataBlobKey& key) {
  if (const auto* name = std::get_if<std::string>(&key)) return name->size();
  if (const auto* schema = std::get_if<DataTrackSchemaId>(&key)) return schema->name.size();
  return 0;
}

bool usable(const DataEncoding& encoding) {
  const auto* custom = std::get_if<std::string>(&encoding);
  return custom == nullptr || (!custom->empty() && custom->size() <= kMaxSchemaName);
}

bool usable(const DataTrackSchemaId& schema) {
  return !schema.name.empty() && schema.name.size() <= kMaxSchemaName && usable(schema.encoding);
}

}  // namespace

// ---- RoomData

void RoomData::sync(const std::map<ParticipantKey, std::unique_ptr<Participant>>& participants) {
  std::erase_if(changed_, [&](ParticipantKey key) {
    const auto it = participants.find(key);
    return it == participants.end() ? tell_gone(key) : tell_member(*it->second);
  });
}

bool RoomData::tell_gone(ParticipantKey key) {
  const auto it = told_.find(key);
  if (it == told_.end()) return true;
  if (!tell(DataMemberGone{key})) return false;
  told_.erase(it);
  return true;
}

bool RoomData::tell_member(const Participant& participant) {
  const ParticipantInfo& info = participant.info;
  DataMember& told = told_[participant.key];
  DataMember now = told;
  now.key = participant.key;
  now.identity = info.identity;
  now.sid = info.sid;
  now.publisher = participant.negotiation->publisher();
  now.subscriber = participant.negotiation->subscriber();
  now.may_publish = info.permission.can_publish_data;
  now.may_see_metrics = info.permission.can_subscribe_metrics;
  now.hidden = info.permission.hidden;
  now.agent = info.kind == ParticipantKind::kAgent || info.permission.agent;
  now.raw = participant.one_offer != nullptr;
  if (!now.last_sequence) now.last_sequence = std::make_shared<std::atomic<uint32_t>>(0);
  if (now == told) return true;
  if (!tell(participant.key, now)) return false;
  told = std::move(now);
  return true;
}

uint32_t RoomData::last_sequence(ParticipantKey key) const {
  const auto it = told_.find(key);
  if (it == told_.end() || !it->second.last_sequence) return 0;
  return it->second.last_sequence->load(std::memory_order_relaxed);
}

// ---- data tracks

void Room::on_publish_data_track(Participant& from, const client::PublishDataTrack& request) {
  using Reason = server::RequestReason;
  const auto refuse = [&](Reason reason, std::string message) {
    send(from, server::RequestResponse{0, reason, std::move(message), request});
  };
  const DataTrackInfo& wanted = request.info;
  if (!from.info.permission.can_publish_data) {
    return refuse(Reason::kNotAllowed, "does not have permission to publish data");
  }
  if (wanted.pub_handle == 0 || wanted.pub_handle > UINT16_MAX) {
    return refuse(Reason::kInvalidHandle, "handle should be > 0 AND < 65536");
  }
  if (wanted.name.empty() || wanted.name.size() > kMaxDataTrackName) {
    return refuse(Reason::kInvalidName,
                  "name should not be empty and should not exceed 256 characters");
  }
  if ((wanted.frame_encoding && !usable(*wanted.frame_encoding)) ||
      (wanted.schema && !usable(*wanted.schema))) {
    return refuse(Reason::kInvalidRequest,
                  "encoding identifier is empty or exceeds the maximum length");
  }
  for (const DataTrackInfo& track : from.info.data_tracks) {
    if (track.pub_handle == wanted.pub_handle) {
      return refuse(Reason::kDuplicateHandle, "a data track with same handle already exists");
    }
    if (track.name == wanted.name) {
      return refuse(Reason::kDuplicateName, "a data track with same name already exists");
    }
  }
  if (from.info.data_tracks.size() >= RoomData::kMaxDataTracks) {
    return refuse(Reason::kLimitExceeded, "too many data tracks");
  }
  DataTrackInfo& track = from.info.data_tracks.emplace_back(wanted);
  track.sid = "DTR_" + secrets_.token(12);
  from.info.is_publisher = true;
  send(from, server::DataTrackPublished{track});
  changed(from);
  const std::string sid = track.sid;
  for (const auto& [key, other] : participants_) {
    if (key == from.key || from.info.permission.hidden) continue;
    if (!other->auto_subscribe_data_tracks || !other->info.permission.can_subscribe) continue;
    if (!subscribe_data_track(*other, from, sid, 0)) continue;
    route_data_track(from, sid);
    tell_data_handles(key);
  }
}

void Room::on_unpublish_data_track(Participant& from, const client::UnpublishDataTrack& request) {
  const auto track = std::find_if(
      from.info.data_tracks.begin(), from.info.data_tracks.end(),
      [&](const DataTrackInfo& known) { return known.pub_handle == request.pub_handle; });
  if (track == from.info.data_tracks.end()) {
    return send(from, server::RequestResponse{0, server::RequestReason::kNotFound, {}, request});
  }
  const DataTrackInfo gone = *track;
  from.info.data_tracks.erase(track);
  end_data_track(from, gone);
  send(from, server::DataTrackUnpublished{gone});
  changed(from);
}

void Room::end_data_track(const Participant& publisher, const DataTrackInfo& track) {
  data_->tell(DataTrackRoute{publisher.key, static_cast<uint16_t>(track.pub_handle), {}});
  for (auto& [key, state] : data_->states()) {
    if (state.subscriptions.erase(track.sid) != 0) tell_data_handles(key);
  }
}

/// Of one who leaves, or may not publish data any more.
void Room::end_data_tracks(Participant& publisher, bool tell) {
  for (const DataTrackInfo& track : std::exchange(publisher.info.data_tracks, {})) {
    end_data_track(publisher, track);
    if (tell) send(publisher, server::DataTrackUnpublished{track});
  }
}

void Room::forget_data(Participant& participant) {
  end_data_tracks(participant, false);
  const RoomData::State gone = std::exchange(data_->state(participant.key), {});
  data_->forget(participant.key);
  for (const auto& [sid, subscription] : gone.subscriptions) {
    if (const Participant* publisher = find(subscription.publisher)) {
      route_data_track(*publisher, sid);
    }
  }
  for (auto it = data_->calls.begin(); it != data_->calls.end();) {
    const auto call = it++;
    if (call->second.to != participant.key) continue;
    const RpcDone done = std::move(call->second.done);
    data_->calls.erase(call);
    done(std::unexpected(RpcError::of(RpcError::kRecipientDisconnected)));
  }
}

void Room::on_update_data_subscription(Participant& from,
                                       const client::UpdateDataSubscription& request) {
  RoomData::State& state = data_->state(from.key);
  for (const client::DataSubscription& update : request.updates) {
    const Participant* publisher = nullptr;
    for (const auto& [key, participant] : participants_) {
      if (key == from.key || participant->info.permission.hidden) continue;
      if (std::any_of(participant->info.data_tracks.begin(), participant->info.data_tracks.end(),
                      [&](const DataTrackInfo& t) { return t.sid == update.track_sid; })) {
        publisher = participant.get();
      }
    }
    if (publisher == nullptr || !from.info.permission.can_subscribe) continue;
    if (!update.subscribe) {
      state.subscriptions.erase(update.track_sid);
    } else if (!subscribe_data_track(from, *publisher, update.track_sid,
                                     update.target_fps.value_or(0))) {
      continue;
    }
    route_data_track(*publisher, update.track_sid);
  }
  tell_data_handles(from.key);
}

// False: it has too many.
bool Room::subscribe_data_track(const Participant& subscriber, const Participant& publisher,
                                const std::string& sid, uint32_t target_fps) {
  RoomData::State& state = data_->state(subscriber.key);
  if (!state.subscriptions.contains(sid) &&
      state.subscriptions.size() >= RoomData::kMaxDataSubscriptions) {
    return false;
  }
  RoomData::Subscription& subscription = state.subscriptions[sid];
  subscription.publisher = publisher.key;
  subscription.target_fps = target_fps;
  if (subscription.handle == 0) {
    if (++state.last_handle == 0) ++state.last_handle;
    subscription.handle = state.last_handle;
  }
  return true;
}

// What it asked for when it joined: all data tracks that are there.
void Room::auto_subscribe_data_tracks(const Participant& subscriber) {
  if (!subscriber.auto_subscribe_data_tracks || !subscriber.info.permission.can_subscribe) return;
  bool any = false;
  for (const auto& [key, publisher] : participants_) {
    if (key == subscriber.key || publisher->info.permission.hidden) continue;
    for (const DataTrackInfo& track : publisher->info.data_tracks) {
      if (data_->state(subscriber.key).subscriptions.contains(track.sid) ||
          !subscribe_data_track(subscriber, *publisher, track.sid, 0)) {
        continue;
      }
      route_data_track(*publisher, track.sid);
      any = true;
    }
  }
  if (any) tell_data_handles(subscriber.key);
}

void Room::route_data_track(const Participant& publisher, const std::string& sid) {
  const auto track =
      std::find_if(publisher.info.data_tracks.begin(), publisher.info.data_tracks.end(),
                   [&](const DataTrackInfo& known) { return known.sid == sid; });
  if (track == publisher.info.data_tracks.end()) return;
  DataTrackRoute route{publisher.key, static_cast<uint16_t>(track->pub_handle), {}};
  for (const auto& [key, state] : data_->states()) {
    const auto subscription = state.subscriptions.find(sid);
    if (subscription == state.subscriptions.end()) continue;
    route.subscribers.push_back(
        {key, subscription->second.handle, subscription->second.target_fps});
  }
  data_->tell(std::move(route));
}

void Room::tell_data_handles(ParticipantKey to) {
  const Participant* subscriber = find(to);
  if (subscriber == nullptr) return;
  server::DataTrackSubscriberHandles handles;
  for (const auto& [sid, subscription] : data_->state(to).subscriptions) {
    const Participant* publisher = find(subscription.publisher);
    if (publisher == nullptr) continue;
    handles.handles[subscription.handle] = {publisher->info.identity, publisher->info.sid, sid};
  }
  send(*subscriber, std::move(handles));
}

// ---- data blobs

void Room::on_store_data_blob(Participant& from, const client::StoreDataBlob& request) {
  using Reason = server::RequestReason;
  const auto refuse = [&](Reason reason, std::string message) {
    send(from, server::RequestResponse{request.request_id, reason, std::move(message), {}});
  };
  if (parameters_.max_data_blobs == 0) return refuse(Reason::kNotAllowed, "data blob not enabled");
  const DataBlob& blob = request.blob;
  const size_t key_size = size_of(blob.key);
  if (key_size == 0 || key_size > kMaxBlobKey) {
    return refuse(Reason::kInvalidRequest, "data blob is invalid");
  }
  const auto* schema = std::get_if<DataTrackSchemaId>(&blob.key);
  if (schema != nullptr && !usable(*schema)) {
    return refuse(Reason::kInvalidRequest,
                  "encoding identifier is empty or exceeds the maximum length");
  }
  if (blob.contents.empty()) return refuse(Reason::kInvalidRequest, "data blob is empty");
  std::vector<DataBlob>& blobs = data_->state(from.key).blobs;
  size_t total = key_size + blob.contents.size();
  for (const DataBlob& known : blobs) {
    if (known.key != blob.key) total += size_of(known.key) + known.contents.size();
  }
  if (total > parameters_.max_data_blobs) {
    return refuse(Reason::kLimitExceeded, "data blobs exceed the limit");
  }
  std::erase_if(blobs, [&](const DataBlob& known) { return known.key == blob.key; });
  blobs.push_back(blob);
  send(from, server::DataBlobStored{request.request_id, blob.key});
}

void Room::on_get_data_blob(Participant& from, const client::GetDataBlob& request) {
  using Reason = server::RequestReason;
  const auto refuse = [&](Reason reason, std::string message) {
    send(from, server::RequestResponse{request.request_id, reason, std::move(message), {}});
  };
  if (size_of(request.key) == 0) {
    return refuse(Reason::kInvalidRequest, "data blob key is required");
  }
  const Participant* owner = find_identity(request.participant_identity);
  if (owner == nullptr) return refuse(Reason::kNotFound, "participant not found");
  const std::vector<DataBlob>& blobs = data_->state(owner->key).blobs;
  const auto blob = std::find_if(blobs.begin(), blobs.end(),
                                 [&](const DataBlob& known) { return known.key == request.key; });
  if (blob == blobs.end()) return refuse(Reason::kNotFound, "data blob not found");
  send(from, server::DataBlobFound{request.request_id, *blob});
}

// ---- coming back

void Room::on_sync_data(Participant& from, const client::SyncState& state) {
  DataReceived received{from.key, {}};
  for (const client::DataReceiveState& of : state.data_receive_states) {
    received.last_sequences.emplace_back(of.publisher_sid, of.last_sequence);
  }
  if (!received.last_sequences.empty()) data_->tell(from.key, std::move(received));
  if (!state.data_subscription.updates.empty()) {
    on_update_data_subscription(from, state.data_subscription);
  }
}

// ---- the server's own messages and calls

Status Room::send_data(const DataMessage& message) {
  pb::DataPacket packet;
  packet.set_kind(message.reliable ? pb::DataPacket::RELIABLE : pb::DataPacket::LOSSY);
  pb::UserPacket& user = *packet.mutable_user();
  user.set_payload(message.payload);
  if (message.topic) user.set_topic(*message.topic);
  for (const std::string& identity : message.destination_identities) {
    packet.add_destination_identities(identity);
    user.add_destination_identities(identity);
  }
  for (const std::string& sid : message.destination_sids) user.add_destination_sids(sid);
  ServerData data;
  data.reliable = message.reliable;
  packet.SerializeToString(&data.packet);
  data.destination_identities = message.destination_identities;
  data.destination_sids = message.destination_sids;
  data.nonce = message.nonce;
  if (!data_->tell(std::move(data))) return fail(ErrorCode::kUnavailable, "overloaded");
  return {};
}

void Room::perform_rpc(Now now, const RpcRequest& request, RpcDone done) {
  const Participant* to = find_identity(request.destination_identity);
  if (to == nullptr || closed_) return done(std::unexpected(RpcError::of(RpcError::kNotFound)));
  if (request.payload.size() > kMaxCallPayload) {
    return done(std::unexpected(RpcError::of(RpcError::kRequestTooLarge)));
  }
  if (data_->calls.size() >= RoomData::kMaxCalls) {
    return done(std::unexpected(RpcError::of(RpcError::kSendFailed)));
  }
  const std::string id = secrets_.token(24);
  pb::DataPacket packet;
  packet.set_kind(pb::DataPacket::RELIABLE);
  packet.set_participant_identity(id);  // whom the answer is for: only we know it
  pb::RpcRequest& call = *packet.mutable_rpc_request();
  call.set_id(id);
  call.set_method(request.method);
  call.set_payload(request.payload);
  call.set_response_timeout_ms(static_cast<uint32_t>(to_ms(request.timeout)));
  call.set_version(1);
  ServerCall out{id, to->key, {}};
  packet.SerializeToString(&out.packet);
  if (!data_->tell(to->key, std::move(out))) {
    return done(std::unexpected(RpcError::of(RpcError::kSendFailed)));
  }
  RoomData::Call& waiting = data_->calls[id];
  waiting.to = to->key;
  waiting.done = std::move(done);
  waiting.acknowledge_by = now.monotonic + kAcknowledgeTime;
  waiting.answer_by = now.monotonic + request.timeout;
}

void Room::on_data(Now now, const media::DataNote& note) {
  std::visit(Overload{
                 [&](const ServerCallAcknowledged& report) {
                   const auto call = data_->calls.find(report.id);
                   if (call != data_->calls.end()) call->second.acknowledge_by = kNever;
                 },
                 [&](const ServerCallAnswered& report) {
                   auto call = data_->calls.extract(report.id);
                   if (call.empty()) return;
                   if (report.error_code) {
                     call.mapped().done(std::unexpected(
                         RpcError{*report.error_code, report.error_message, report.error_data}));
                   } else {
                     call.mapped().done(report.payload);
                   }
                 },
                 [&](const DataReceiverSlow& report) {
                   // It joins anew and knows that it missed something.
                   if (Participant* slow = find(report.key)) {
                     leave(now, *slow, DisconnectReason::kStateMismatch,
                           server::LeaveAction::kReconnect, true);
                   }
                 },
                 [&](const ReceiveProfileSaid& report) {
                   if (Participant* from = find(report.key)) {
                     on_receive_profile(*from, report.payload);
                   }
                 },
             },
             static_cast<const DataReport&>(note).value);
}

TimePoint Room::next_data_timeout() const {
  TimePoint next = kNever;
  for (const auto& [id, call] : data_->calls) {
    next = std::min({next, call.acknowledge_by, call.answer_by});
  }
  return next;
}

void Room::on_data_timer(Now now) {
  for (auto it = data_->calls.begin(); it != data_->calls.end();) {
    const auto call = it++;
    const bool silent = call->second.acknowledge_by <= now.monotonic;
    if (!silent && call->second.answer_by > now.monotonic) continue;
    const RpcDone done = std::move(call->second.done);
    data_->tell(ServerCallOver{call->first});
    data_->calls.erase(call);
    done(std::unexpected(
        RpcError::of(silent ? RpcError::kConnectionTimeout : RpcError::kResponseTimeout)));
  }
}

RpcError RpcError::of(uint32_t code) {
  switch (code) {
    case kConnectionTimeout:
      return {code, "Connection timeout", {}};
    case kResponseTimeout:
      return {code, "Response timeout", {}};
    case kRecipientDisconnected:
      return {code, "Recipient disconnected", {}};
    case kSendFailed:
      return {code, "Failed to send", {}};
    case kNotFound:
      return {code, "Recipient not found", {}};
    case kRequestTooLarge:
      return {code, "Request payload too large", {}};
    default:
      return {code, "Application error in method handler", {}};
  }
}

}  // namespace turms::livekit

#include "livekit/data_router.h"

#include <algorithm>
#include <utility>

#include "base/metrics.h"
#include "livekit/data.pb.h"
#include "livekit/receive_profile.h"

namespace turms::livekit {
namespace {

namespace pb = ::livekit;

constexpr std::array<const char*, kDataChannelCount> kLabels = {"_reliable", "_lossy",
                                                                "_data_track"};
/// The header of a frame's packet: flags, handle, sequence, frame number, timestamp.
constexpr size_t kFrameHeader = 12;
constexpr uint8_t kFrameStart = 0x10;

template <class Values, class Value>
bool contains(const Values& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// Of a user message.
std::optional<SharedBytes> user_payload(const SharedBytes& packet) {
  pb::DataPacket parsed;
  const ByteView bytes = packet.view();
  if (!parsed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !parsed.has_user()) {
    return std::nullopt;
  }
  return SharedBytes::of(parsed.user().payload());
}

void count_dropped(std::string_view reason) {
  metrics::counter("turms_data_packets_dropped_total",
                   "Data packets of members that were not routed, by reason.", {{"reason", reason}})
      .add();
}

}  // namespace

const std::vector<rtc::ChannelParameters>& server_channels() {
  static const std::vector<rtc::ChannelParameters> channels = [] {
    std::vector<rtc::ChannelParameters> out(kDataChannelCount);
    for (size_t i = 0; i < kDataChannelCount; ++i) {
      out[i].label = kLabels[i];
      if (i == static_cast<size_t>(DataChannel::kReliable)) continue;
      out[i].ordered = false;
      out[i].max_retransmits = 0;
    }
    return out;
  }();
  return channels;
}

std::unique_ptr<media::DataRouter> make_data_router(media::RoomId /*room*/) {
  return std::make_unique<DataRouter>();
}

DataRouter::DataRouter() = default;
DataRouter::~DataRouter() = default;

DataRouter::Member* DataRouter::find(ParticipantKey key) {
  const auto it = members_.find(key);
  return it == members_.end() ? nullptr : &it->second;
}

DataRouter::Member* DataRouter::sender_of(media::TransportId transport) {
  const auto it = senders_.find(transport);
  return it == senders_.end() ? nullptr : find(it->second);
}

/// By the connection it receives by; who has none there, by the channels it opened itself.
std::optional<DataRouter::Destination> DataRouter::destination(const Member& member,
                                                               DataChannel channel) const {
  for (const media::TransportId transport : {member.info.subscriber, member.info.publisher}) {
    const auto it = channels_.find(transport);
    if (it == channels_.end()) continue;
    if (const auto id = it->second.known[static_cast<size_t>(channel)])
      return Destination{transport, *id};
  }
  return std::nullopt;
}

// ---- what the room says

struct DataRouter::Apply {
  DataRouter& router;
  TimePoint now;
  media::DataOutlet& out;

  void operator()(const DataMember& info) {
    Member& member = router.members_[info.key];
    router.senders_.erase(member.info.publisher);
    router.senders_.erase(member.info.subscriber);
    member.info = info;
    for (const media::TransportId transport : {info.publisher, info.subscriber}) {
      if (transport) router.senders_[transport] = info.key;
    }
    router.check_receiving(now, member, out);
  }
  void operator()(const DataMemberGone& gone) {
    const Member* member = router.find(gone.key);
    if (member == nullptr) return;
    router.senders_.erase(member->info.publisher);
    router.senders_.erase(member->info.subscriber);
    router.members_.erase(gone.key);
  }
  void operator()(const DataReceived& received) {
    Member* member = router.find(received.key);
    // While its channel holds, nothing was lost.
    if (member == nullptr || member->receiving) return;
    for (const auto& [sid, sequence] : received.last_sequences) {
      member->missed[sid] = sequence + 1;
    }
  }
  void operator()(const ServerData& data) {
    if (!data.nonce.empty() && router.is_repeated(data.nonce)) return;
    const SharedBytes packet = SharedBytes::of(data.packet);
    const bool everyone = data.destination_identities.empty() && data.destination_sids.empty();
    for (auto& [key, member] : router.members_) {
      if (everyone || contains(data.destination_identities, member.info.identity) ||
          contains(data.destination_sids, member.info.sid)) {
        if (member.info.raw) {
          if (const auto payload = user_payload(packet)) router.deliver_raw(member, *payload, out);
          continue;
        }
        router.deliver(member, {}, 0, data.reliable, packet, out);
      }
    }
  }
  void operator()(const ServerCall& call) {
    Member* member = router.find(call.to);
    if (member == nullptr) return;
    router.calls_.insert(call.id);
    router.deliver(*member, {}, 0, true, SharedBytes::of(call.packet), out);
  }
  void operator()(const ServerCallOver& call) { router.calls_.erase(call.id); }
  void operator()(const DataTrackRoute& route) {
    const std::pair id(route.publisher, route.pub_handle);
    if (route.subscribers.empty()) {
      router.routes_.erase(id);
      return;
    }
    std::vector<Subscriber> subscribers;
    for (const DataTrackRoute::Subscriber& subscriber : route.subscribers) {
      Subscriber& added = subscribers.emplace_back();
      added.key = subscriber.key;
      added.handle = subscriber.handle;
      if (subscriber.target_fps != 0) {
        added.interval = Duration(std::chrono::seconds(1)) / subscriber.target_fps;
      }
    }
    router.routes_[id] = std::move(subscribers);
  }
  void operator()(const HandedPacket& handed) { router.on_handed(now, handed, out); }
  void operator()(const HandedFrame& handed) {
    router.deliver_frame(now, handed.publisher, handed.frame.view(), out);
  }
};

void DataRouter::on_note(TimePoint now, const media::DataNote& note, media::DataOutlet& out) {
  std::visit(Apply{*this, now, out}, static_cast<const DataCommand&>(note).value);
}

// ---- channels

void DataRouter::on_channel_opened(TimePoint now, media::TransportId transport,
                                   rtc::ChannelId channel, const std::string& label,
                                   media::DataOutlet& out) {
  Channels& channels = channels_[transport];
  const auto at = std::find(kLabels.begin(), kLabels.end(), label);
  if (at != kLabels.end()) {
    channels.known[static_cast<size_t>(at - kLabels.begin())] = channel;
  } else if (channels.others.size() < kMaxOtherChannels) {
    channels.others.push_back(channel);
  }
  if (Member* member = sender_of(transport)) check_receiving(now, *member, out);
}

void DataRouter::on_channel_closed(TimePoint now, media::TransportId transport,
                                   rtc::ChannelId channel, media::DataOutlet& out) {
  const auto it = channels_.find(transport);
  if (it == channels_.end()) return;
  for (auto& known : it->second.known) {
    if (known == channel) known.reset();
  }
  std::erase(it->second.others, channel);
  if (Member* member = sender_of(transport)) check_receiving(now, *member, out);
}

void DataRouter::on_transport_closed(TimePoint now, media::TransportId transport,
                                     media::DataOutlet& out) {
  channels_.erase(transport);
  if (Member* member = sender_of(transport)) check_receiving(now, *member, out);
}

void DataRouter::check_receiving(TimePoint now, Member& member, media::DataOutlet& out) {
  const bool receives = destination(member, DataChannel::kReliable).has_value();
  if (receives == std::exchange(member.receiving, receives) || !receives) return;
  replay(now, member, out);
}

/// What came while it had no channel, as far as it is kept.
void DataRouter::replay(TimePoint now, Member& member, media::DataOutlet& out) {
  const auto missed = std::exchange(member.missed, {});
  for (const Cached& cached : cache_) {
    const auto from = missed.find(cached.sender_sid);
    if (from == missed.end() || cached.sequence < from->second) continue;
    if (now - cached.at > kReplayTime || cached.sender_sid == member.info.sid) continue;
    const bool everyone = cached.identities.empty() && cached.sids.empty();
    if (!everyone && !contains(cached.identities, member.info.identity) &&
        !contains(cached.sids, member.info.sid)) {
      continue;
    }
    deliver(member, cached.sender_sid, cached.sequence, true, cached.packet, out);
  }
}

void DataRouter::remember(Cached cached) {
  const TimePoint now = cached.at;
  cached_bytes_ += cached.packet.size();
  cache_.push_back(std::move(cached));
  while (cached_bytes_ > kReplayBytes || now - cache_.front().at > kReplayTime) {
    cached_bytes_ -= cache_.front().packet.size();
    cache_.pop_front();
  }
}

// ---- messages

void DataRouter::on_message(TimePoint now, media::TransportId transport, rtc::ChannelId channel,
                            Bytes payload, bool /*binary*/, media::DataOutlet& out) {
  Member* sender = sender_of(transport);
  if (sender == nullptr) return count_dropped("no_member");
  const auto channels = channels_.find(transport);
  if (channels == channels_.end()) return count_dropped("unknown_channel");
  const auto& [known, others] = channels->second;
  const auto at = std::find(known.begin(), known.end(), channel);
  if (at == known.end()) {
    if (!contains(others, channel)) return count_dropped("unknown_channel");
    if (!sender->info.may_publish) return count_dropped("not_allowed");
    return route_payload(now, *sender, payload, out);
  }
  switch (static_cast<DataChannel>(at - known.begin())) {
    case DataChannel::kReliable:
      return route_packet(now, *sender, true, std::move(payload), out);
    case DataChannel::kLossy:
      return route_packet(now, *sender, false, std::move(payload), out);
    case DataChannel::kTrack:
      if (!sender->info.may_publish) return count_dropped("not_allowed");
      return route_frame(now, *sender, payload, out);
  }
}

void DataRouter::route_packet(TimePoint now, Member& sender, bool reliable, Bytes payload,
                              media::DataOutlet& out) {
  pb::DataPacket packet;
  if (payload.size() > kMaxPacket) return count_dropped("too_long");
  if (!packet.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return count_dropped("malformed");
  }
  if (reliable && packet.sequence() != 0) {
    // A client that resumed sends again what it is not sure of.
    if (packet.sequence() <= sender.last_sequence) return count_dropped("repeated");
    sender.last_sequence = packet.sequence();
    if (sender.info.last_sequence) {
      sender.info.last_sequence->store(packet.sequence(), std::memory_order_relaxed);
    }
  }
  if (take_profile(now, sender, packet, out)) return;
  if (!sender.info.may_publish) return count_dropped("not_allowed");
  // The channel that it came by says what it is.
  packet.set_kind(reliable ? pb::DataPacket::RELIABLE : pb::DataPacket::LOSSY);
  packet.set_participant_sid(sender.info.sid);
  if (prepare(sender, packet, out)) broadcast(now, &sender, reliable, packet, out);
}

bool DataRouter::take_profile(TimePoint now, Member& sender, const pb::DataPacket& packet,
                              media::DataOutlet& out) {
  if (!packet.has_user() || packet.user().topic() != kReceiveProfileTopic) return false;
  if (now - sender.profiles_since >= kProfileTime) {
    sender.profiles_since = now;
    sender.profiles = 0;
  }
  if (packet.user().payload().size() > kMaxReceiveProfile) {
    count_dropped("malformed");
  } else if (++sender.profiles > kMaxProfiles) {
    count_dropped("too_many_profiles");
  } else {
    auto report = std::make_shared<DataReport>();
    report->value = ReceiveProfileSaid{sender.info.key, packet.user().payload()};
    out.tell(std::move(report));
  }
  return true;
}

/// Reliable for the others, whatever the channel is that it came by.
void DataRouter::route_payload(TimePoint now, Member& sender, const Bytes& payload,
                               media::DataOutlet& out) {
  if (payload.size() > kMaxPacket) return count_dropped("too_long");
  pb::DataPacket packet;
  packet.set_participant_sid(sender.info.sid);
  packet.mutable_user()->set_payload(payload.data(), payload.size());
  if (prepare(sender, packet, out)) broadcast(now, &sender, true, packet, out);
}

bool DataRouter::prepare(const Member& sender, pb::DataPacket& packet, media::DataOutlet& out) {
  const std::string identity = sender.info.hidden ? std::string() : sender.info.identity;
  // Agents speak for others in transcriptions and chat; everyone else is who they are.
  const bool on_behalf = sender.info.agent && !packet.participant_identity().empty() &&
                         packet.participant_identity() != sender.info.identity;
  bool keep_identity = false;
  switch (packet.value_case()) {
    case pb::DataPacket::kUser: {
      pb::UserPacket& user = *packet.mutable_user();
      if (!user.nonce().empty() && is_repeated(user.nonce())) return false;
      user.set_participant_sid(sender.info.hidden ? std::string() : sender.info.sid);
      user.set_participant_identity(identity);
      if (packet.destination_identities().empty()) {
        *packet.mutable_destination_identities() = user.destination_identities();
      } else {
        *user.mutable_destination_identities() = packet.destination_identities();
      }
      break;
    }
    case pb::DataPacket::kTranscription:
      if (!sender.info.agent) {
        count_dropped("not_allowed");
        return false;
      }
      break;
    case pb::DataPacket::kChatMessage:
      if (on_behalf) packet.mutable_chat_message()->set_generated(true);
      keep_identity = on_behalf;
      break;
    case pb::DataPacket::kStreamHeader:
      keep_identity = on_behalf && packet.stream_header().has_text_header();
      if (keep_identity) {
        packet.mutable_stream_header()->mutable_text_header()->set_generated(true);
      }
      break;
    case pb::DataPacket::kRpcAck:
      if (calls_.contains(packet.rpc_ack().request_id())) {
        auto report = std::make_shared<DataReport>();
        report->value = ServerCallAcknowledged{packet.rpc_ack().request_id()};
        out.tell(std::move(report));
        return false;
      }
      break;
    case pb::DataPacket::kRpcResponse: {
      const pb::RpcResponse& response = packet.rpc_response();
      if (calls_.erase(response.request_id()) == 0) break;
      ServerCallAnswered answer{response.request_id(), response.payload(), {}, {}, {}};
      if (response.has_error()) {
        answer.error_code = response.error().code();
        answer.error_message = response.error().message();
        answer.error_data = response.error().data();
      }
      auto report = std::make_shared<DataReport>();
      report->value = std::move(answer);
      out.tell(std::move(report));
      return false;
    }
    default:
      break;
  }
  if (!keep_identity) packet.set_participant_identity(identity);
  return true;
}

void DataRouter::broadcast(TimePoint now, const Member* sender, bool reliable,
                           const pb::DataPacket& packet, media::DataOutlet& out) {
  auto routed = std::make_shared<RoutedPacket>();
  routed->reliable = reliable;
  routed->metrics = packet.value_case() == pb::DataPacket::kMetrics;
  routed->sender_sid = packet.participant_sid();
  routed->sequence = packet.sequence();
  routed->identities = {packet.destination_identities().begin(),
                        packet.destination_identities().end()};
  if (packet.has_user()) {
    const pb::UserPacket& user = packet.user();
    routed->sids = {user.destination_sids().begin(), user.destination_sids().end()};
    routed->nonce = user.nonce();
  }
  // Encoded once for all.
  std::string encoded;
  packet.SerializeToString(&encoded);
  routed->packet = SharedBytes::of(std::move(encoded));
  if (!deliver_all(now, sender, *routed, out) && out.has_others()) {
    hand_over(std::move(routed), out);
  }
}

bool DataRouter::deliver_all(TimePoint now, const Member* sender, const RoutedPacket& packet,
                             media::DataOutlet& out) {
  const bool everyone = packet.identities.empty() && packet.sids.empty();
  if (packet.reliable && packet.sequence != 0 && !packet.metrics) {
    remember(
        {now, packet.sender_sid, packet.sequence, packet.identities, packet.sids, packet.packet});
  }
  size_t named = 0;
  std::optional<SharedBytes> payload;  // for members that know no DataPacket
  for (auto& [key, member] : members_) {
    if (packet.metrics) {
      // Whoever sees metrics sees its own too.
      if (member.info.may_see_metrics) deliver(member, {}, 0, packet.reliable, packet.packet, out);
      continue;
    }
    const bool is_named = !everyone && (contains(packet.identities, member.info.identity) ||
                                        contains(packet.sids, member.info.sid));
    if (is_named) ++named;
    if (&member == sender || (!everyone && !is_named)) continue;
    if (!member.info.raw) {
      deliver(member, packet.sender_sid, packet.sequence, packet.reliable, packet.packet, out);
    } else if (payload || (payload = user_payload(packet.packet))) {
      deliver_raw(member, *payload, out);
    }
  }
  return !everyone && !packet.metrics && named == packet.identities.size() + packet.sids.size();
}

void DataRouter::deliver(Member& to, const std::string& sender_sid, uint32_t sequence,
                         bool reliable, const SharedBytes& packet, media::DataOutlet& out) {
  if (!reliable) {
    if (const auto lossy = destination(to, DataChannel::kLossy)) {
      out.send(lossy->transport, lossy->channel, packet, true, kLossyLifetime);
    }
    return;
  }
  if (to.slow) return;
  const auto channel = destination(to, DataChannel::kReliable);
  if (!channel) {
    if (sequence != 0) to.missed.try_emplace(sender_sid, sequence);
    return;
  }
  if (out.send(channel->transport, channel->channel, packet, true) != rtc::DataSendStatus::kFull) {
    return;
  }
  give_up(to, out);
}

/// Reliable means all of it: one message left out would go unnoticed.
void DataRouter::give_up(Member& member, media::DataOutlet& out) {
  member.slow = true;
  if (const auto channel = destination(member, DataChannel::kReliable)) {
    out.close(channel->transport, channel->channel);
  }
  auto report = std::make_shared<DataReport>();
  report->value = DataReceiverSlow{member.info.key};
  out.tell(std::move(report));
}

/// Nothing tells it of a gap, so what it does not take is dropped.
void DataRouter::deliver_raw(const Member& to, const SharedBytes& payload, media::DataOutlet& out) {
  const auto channels = channels_.find(to.info.publisher);
  if (channels == channels_.end() || channels->second.others.empty()) return;
  if (out.send(to.info.publisher, channels->second.others.front(), payload, true) ==
      rtc::DataSendStatus::kFull) {
    count_dropped("receiver_full");
  }
}

bool DataRouter::is_repeated(const std::string& nonce) {
  if (contains(nonces_, nonce)) return true;
  if (nonces_.size() == kMaxNonces) nonces_.pop_front();
  nonces_.push_back(nonce);
  return false;
}

// ---- data tracks

void DataRouter::route_frame(TimePoint now, Member& sender, const Bytes& frame,
                             media::DataOutlet& out) {
  if (frame.size() < kFrameHeader) return count_dropped("malformed");
  if (deliver_frame(now, sender.info.key, frame, out) || !out.has_others()) return;
  auto note = std::make_shared<DataCommand>();
  note->value = HandedFrame{sender.info.key, SharedBytes::of(frame)};
  if (!out.tell_others(std::move(note))) count_dropped("not_handed_over");
}

bool DataRouter::deliver_frame(TimePoint now, ParticipantKey publisher, ByteView frame,
                               media::DataOutlet& out) {
  const auto route = routes_.find({publisher, load_be16(&frame[2])});
  if (route == routes_.end()) return true;
  bool all = true;
  for (Subscriber& subscriber : route->second) {
    const Member* member = find(subscriber.key);
    if (member == nullptr) {
      all = false;
      continue;
    }
    if (subscriber.interval != Duration(0)) {
      if ((frame[0] & kFrameStart) != 0) {
        subscriber.forwarding = now >= subscriber.next;
        // A little early is in time: frames do not come at even distances.
        if (subscriber.forwarding) subscriber.next = now + subscriber.interval * 9 / 10;
      }
      if (!subscriber.forwarding) continue;
    }
    const auto channel = destination(*member, DataChannel::kTrack);
    if (!channel) continue;
    Bytes copy(frame.begin(), frame.end());
    store_be16(&copy[2], subscriber.handle);
    out.send(channel->transport, channel->channel, SharedBytes::of(std::move(copy)), true,
             kTrackLifetime);
  }
  return all;
}

// ---- other routers of the room

void DataRouter::hand_over(std::shared_ptr<const RoutedPacket> packet, media::DataOutlet& out) {
  HandedPacket handed{.packet = std::move(packet), .router = name_, .gap = handed_gap_};
  const bool reliable = handed.packet->reliable;
  if (reliable) handed.number = ++handed_;
  auto note = std::make_shared<DataCommand>();
  note->value = std::move(handed);
  const bool all = out.tell_others(std::move(note));
  if (reliable) handed_gap_ = !all;
  if (!all) count_dropped("not_handed_over");
}

void DataRouter::on_handed(TimePoint now, const HandedPacket& handed, media::DataOutlet& out) {
  const RoutedPacket& packet = *handed.packet;
  if (packet.reliable) {
    const auto [last, is_first] = last_handed_.try_emplace(handed.router, handed.number);
    const bool gap = is_first ? handed.gap : handed.number != last->second + 1;
    last->second = handed.number;
    for (auto& [key, member] : members_) {
      if (gap && !member.slow && !member.info.raw) give_up(member, out);
    }
  }
  if (!packet.nonce.empty()) (void)is_repeated(packet.nonce);
  deliver_all(now, nullptr, packet, out);
}

}  // namespace turms::livekit

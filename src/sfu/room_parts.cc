// Other parts of the room: what is handed to them, and what comes from them.
#include <algorithm>

#include "base/check.h"
#include "sfu/room_impl.h"

namespace turms::sfu {

namespace {

using Kind = PartMessage::Kind;

/// What did not fit is told again after this time.
constexpr Duration kRetry = 5ms;
/// So many requests for a key frame without one show that this stream's cannot be told.
constexpr int kVainTries = 4;
/// More packets no stream has in its time.
constexpr uint64_t kMaxNumber = uint64_t{1} << 48;
/// Older than so many packets before the newest is nothing that a publisher's part takes.
constexpr int64_t kMaxLate = 3000;
/// Of sound in one packet.
constexpr uint32_t kMaxSoundUs = 10'000'000;

/// A publisher in another part: nothing is sent to it from here.
class NoConnection final : public TransportSink {
 public:
  MutableByteView reserve(size_t) override { return {}; }
  void commit(size_t, PacketKind) override { TURMS_CHECK(false); }
};
NoConnection no_connection;

uint8_t bit_of(const ReceiveStream& stream) {
  return static_cast<uint8_t>(1U << stream.encoding());
}

uint8_t state_of(const PublishedTrack& track) {
  unsigned state = 0;
  if (track.muted) state |= PartMessage::kMuted;
  if (track.left_out) state |= PartMessage::kLeftOut;
  return static_cast<uint8_t>(state);
}

uint8_t wants_of(PublishedTrack& track) {
  if (track.subscriptions.empty() && track.leaving.empty()) return 0;
  unsigned wants = PartMessage::kSubscribed;
  // Until something comes nobody can choose: any of them may be the one.
  const bool unknown = track.active_layers() == 0 && !track.muted;
  for (const auto& stream : track.streams()) {
    const bool used = !stream->forwarders.empty() || !stream->waiters.empty();
    if (used || unknown) wants |= bit_of(*stream);
  }
  return static_cast<uint8_t>(wants);
}

}  // namespace

Part* Room::Impl::find_part(PartId id) {
  auto it = std::find_if(parts_.begin(), parts_.end(), [&](const auto& p) { return p->id == id; });
  return it == parts_.end() ? nullptr : it->get();
}

void Room::Impl::add_part(TimePoint now, PartId id, PartSink& sink, bool home) {
  if (Part* const known = find_part(id)) return begin_again(*known);
  Part& part = *parts_.emplace_back(std::make_unique<Part>(id, sink));
  if (home) home_ = &part;
  for (auto& [track_id, track] : tracks_) {
    if (track->origin == nullptr) share(now, *track, part);
  }
}

/// It was closed there, and made anew.
void Room::Impl::begin_again(Part& part) {
  part.early_wants.clear();
  part.floor_told = {};
  for (auto& [id, track] : tracks_) {
    for (Share& share : track->shares) {
      if (share.part != &part) continue;
      share = {.part = &part};
      unsettle(*track);
    }
  }
}

void Room::Impl::add_replica(TimePoint now, PartId origin,
                             const ReceiveTrackParameters& parameters) {
  Part* const part = find_part(origin);
  if (part == nullptr || tracks_.contains(parameters.id) ||
      transports_.contains(parameters.transport)) {
    ++counters_.refused_parameters;
    return;
  }
  auto& publisher = remote_publishers_[parameters.transport];
  if (!publisher) {
    publisher = std::make_unique<Transport>(parameters.transport, no_connection, false);
  }
  auto track = std::make_unique<PublishedTrack>(parameters, *publisher);
  track->origin = part;
  publisher->receiving().tracks.push_back(track.get());
  tracks_.emplace(parameters.id, std::move(track));
  settle_parts(now);
}

// ---- To other parts

void Room::Impl::share(TimePoint now, PublishedTrack& track, Part& part) {
  Share& share = track.shares.emplace_back();
  share.part = &part;
  if (auto early = part.early_wants.extract(track.id())) {
    apply_wants(now, track, share, early.mapped());
  }
  unsettle(track);
}

void Room::Impl::unsettle(PublishedTrack& track) {
  if (parts_.empty() || track.in_unsettled) return;
  track.in_unsettled = true;
  unsettled_.push_back(&track);
}

void Room::Impl::settle_parts(TimePoint now) {
  if (parts_.empty()) return;
  bool all = true;
  if (home_ == nullptr) {
    for (auto& part : parts_) {
      if (part->floor_told == speaking_transport_) continue;
      if (part->send({.kind = Kind::kFloor, .number = speaking_transport_.value})) {
        part->floor_told = speaking_transport_;
      } else {
        all = false;
      }
    }
  }
  std::erase_if(unsettled_, [&](PublishedTrack* track) {
    if (!settle(*track)) return false;
    track->in_unsettled = false;
    return true;
  });
  publish_parts();
  if (!all || !unsettled_.empty()) timers_.schedule(parts_timer_, now + kRetry);
}

void Room::Impl::publish_parts() {
  for (auto& part : parts_) part->publish();
}

/// Tells what is not as it was told last: state, not edges, so that nothing is lost for long.
/// False: some of it did not fit.
bool Room::Impl::settle(PublishedTrack& track) {
  bool all = true;
  for (Share& share : track.shares) {
    const uint8_t state = state_of(track);
    if (share.state_told == state) continue;
    if (share.part->send({.kind = Kind::kState, .flags = state, .track = track.id()})) {
      share.state_told = state;
    } else {
      all = false;
    }
  }
  if (track.origin == nullptr) return all;
  if (const uint8_t wants = wants_of(track); wants != track.wants_told) {
    if (track.origin->send({.kind = Kind::kWant, .detail = wants, .track = track.id()})) {
      track.wants_told = wants;
      if (wants == 0) forget_handed(track);
    } else {
      all = false;
    }
  }
  for (const auto& stream : track.streams()) {
    const uint8_t bit = bit_of(*stream);
    if ((track.asks & bit) == 0) continue;
    // Nothing is lost when it does not fit: it is repeated.
    track.asks &= static_cast<uint8_t>(~bit);
    if (!stream->key_frames.wanted()) continue;
    (void)track.origin->send({.kind = Kind::kKeyFrame,
                              .encoding = stream->encoding(),
                              .track = track.id(),
                              .number = static_cast<uint64_t>(stream->highest())});
  }
  if (track.selected != track.selected_told) {
    const uint8_t flags = track.selected ? PartMessage::kForwarded : 0;
    if (track.origin->send({.kind = Kind::kSelected, .flags = flags, .track = track.id()})) {
      track.selected_told = track.selected;
    } else {
      all = false;
    }
  }
  return all;
}

/// Nobody gets the track here any more: it stops being handed over, and what was known of what
/// flows is no longer true.
void Room::Impl::forget_handed(PublishedTrack& track) {
  deactivate_all(track);
  timers_.cancel(track.activity_timer);
  for (auto& stream : track.streams()) {
    stream->key_frames.reset();
    timers_.cancel(stream->key_frame_timer);
  }
}

void Room::Impl::begin_again(ReceiveStream& stream) {
  for (Share& share : stream.track().shares) share.fresh |= bit_of(stream);
}

/// Every encoding goes to every part that has subscribers for the track, wanted there or not: there
/// it is seen which are active and what they cost, as it is here.
void Room::Impl::hand_over(TimePoint now, ReceiveStream& stream, const SourcePacket& packet,
                           bool newest) {
  const PublishedTrack& track = stream.track();
  const uint8_t bit = bit_of(stream);
  for (Share& share : stream.track().shares) {
    if ((share.wants & PartMessage::kSubscribed) == 0) continue;
    if ((share.cut & bit) != 0) {
      bool begins =
          packet.can_start || (packet.start_of_frame && stream.key_frames.tries() >= kVainTries);
      if (!newest || !begins) {
        ++counters_.handover_dropped;
        continue;
      }
    }
    unsigned flags = 0;
    if (((share.cut | share.discontinuity) & bit) != 0) flags |= PartMessage::kDiscontinuity;
    if (share.resumes) flags |= PartMessage::kResumes;
    bool sent = (share.fresh & bit) == 0 || begin_handing(now, share, stream);
    sent = sent && share.part->send({.kind = Kind::kPacket,
                                     .encoding = stream.encoding(),
                                     .flags = static_cast<uint8_t>(flags),
                                     .track = track.id(),
                                     .number = static_cast<uint64_t>(packet.sequence),
                                     .payload = packet.view.data()});
    if (sent) {
      ++counters_.handed_over;
      share.cut &= static_cast<uint8_t>(~bit);
      share.discontinuity &= static_cast<uint8_t>(~bit);
      share.resumes = false;
      continue;
    }
    // A picture that misses a part is worth nothing, nor is what depends on it. Of sound it is one
    // packet, as if the network had lost it.
    ++counters_.handover_dropped;
    if (!track.is_video()) continue;
    share.cut |= bit;
    if ((share.wants & bit) != 0) want_key_frame(now, stream);
  }
}

/// What is known of the stream, before its first packet. False: it did not fit, and is told again.
bool Room::Impl::begin_handing(TimePoint now, Share& share, const ReceiveStream& stream) {
  const PublishedTrack& track = stream.track();
  Part& part = *share.part;
  if (!part.send({.kind = Kind::kBegin, .encoding = stream.encoding(), .track = track.id()}) ||
      (stream.sender_report() && !send_report(now, part, stream))) {
    return false;
  }
  if (stream.parameter_sets && stream.codec >= 0) {
    const rtc::Codec codec = track.codecs()[static_cast<size_t>(stream.codec)].codec;
    for (size_t i = 0; i < stream.parameter_sets->count(); ++i) {
      if (!part.send({.kind = Kind::kParameterSet,
                      .encoding = stream.encoding(),
                      .detail = static_cast<uint8_t>(codec),
                      .track = track.id(),
                      .payload = stream.parameter_sets->payload(i)})) {
        return false;
      }
    }
  }
  share.fresh &= static_cast<uint8_t>(~bit_of(stream));
  share.discontinuity &= static_cast<uint8_t>(~bit_of(stream));
  return true;
}

bool Room::Impl::send_report(TimePoint now, Part& part, const ReceiveStream& stream) {
  const ReceiveStream::SenderReport& report = *stream.sender_report();
  const int64_t age = std::clamp<int64_t>(to_us(now - report.arrival), 0, UINT32_MAX);
  return part.send({.kind = Kind::kSenderReport,
                    .encoding = stream.encoding(),
                    .value = report.rtp_time,
                    .age_us = static_cast<uint32_t>(age),
                    .track = stream.track().id(),
                    .number = report.ntp});
}

/// To the home, where the levels of all parts meet: a lost one is as a lost packet.
void Room::Impl::tell_level(PublishedTrack& track, const SourcePacket& packet, uint8_t level,
                            bool newest) {
  uint32_t sound_us = 0;
  if (!packet.payload.empty()) {
    sound_us = static_cast<uint32_t>(to_us(sound_since(track, packet)));
  }
  (void)home_->send({.kind = Kind::kLevel,
                     .flags = newest ? PartMessage::kSelects : uint8_t{0},
                     .detail = level,
                     .value = sound_us,
                     .track = track.id()});
}

// ---- From other parts

void Room::Impl::handle_part(TimePoint now, PartId id, std::span<const ByteView> messages) {
  Part* const from = find_part(id);
  if (from == nullptr) {
    counters_.handover_refused += messages.size();
    return;
  }
  for (const ByteView bytes : messages) {
    const auto message = PartMessage::parse(bytes);
    if (!message || !handle(now, *from, *message)) ++counters_.handover_refused;
  }
  forward_burst(now);
}

/// False: it cannot be meant so. What crosses with the removal of its track, for instance.
bool Room::Impl::handle(TimePoint now, Part& from, const PartMessage& message) {
  if (message.kind != Kind::kPacket) forward_burst(now);
  if (message.kind == Kind::kWant) return on_want(now, from, message.track, message.detail);
  if (message.kind == Kind::kFloor) {
    if (&from != home_) return false;
    speaking_transport_ = TransportId(message.number);
    return true;
  }
  const auto found = tracks_.find(message.track);
  if (found == tracks_.end()) return false;
  PublishedTrack& track = *found->second;
  if (message.encoding >= track.streams().size()) return false;
  ReceiveStream& stream = track.stream(message.encoding);
  const bool is_here = track.origin == nullptr;
  switch (message.kind) {
    case Kind::kKeyFrame:
      if (!is_here) return false;
      // Unless one is on its way there.
      if (stream.wanted_elsewhere && static_cast<int64_t>(message.number) >= stream.key_frame) {
        want_key_frame(now, stream);
      }
      return true;
    case Kind::kSelected:
      if (!is_here || &from != home_) return false;
      track.selected = (message.flags & PartMessage::kForwarded) != 0;
      return true;
    case Kind::kLevel:
      if (home_ != nullptr || track.origin != &from) return false;
      on_level(now, track, message);
      return true;
    default:
      return track.origin == &from && on_handed(now, stream, message);
  }
}

/// Of a track that is published there.
bool Room::Impl::on_handed(TimePoint now, ReceiveStream& stream, const PartMessage& message) {
  PublishedTrack& track = stream.track();
  switch (message.kind) {
    case Kind::kPacket:
      return on_packet(now, stream, message);
    case Kind::kBegin:
      stream.restart();
      on_discontinuity(now, stream);
      return true;
    case Kind::kState:
      on_state(now, track, message.flags);
      return true;
    case Kind::kSenderReport: {
      const TimePoint arrival = now - std::chrono::microseconds(message.age_us);
      stream.on_sender_report(arrival, message.number, message.value);
      track.transport().receive->clock.on_sender_report(arrival, message.number);
      return true;
    }
    case Kind::kParameterSet: {
      const auto codec = static_cast<rtc::Codec>(message.detail);
      bool has_sets =
          codec == rtc::Codec::kH264 || codec == rtc::Codec::kH265 || codec == rtc::Codec::kAv1;
      if (!has_sets || track.encrypted()) return false;
      if (!stream.parameter_sets) stream.parameter_sets = std::make_unique<ParameterSets>();
      stream.parameter_sets->read(codec, message.payload);
      return true;
    }
    default:
      return false;
  }
}

bool Room::Impl::on_packet(TimePoint now, ReceiveStream& stream, const PartMessage& message) {
  PublishedTrack& track = stream.track();
  const auto number = static_cast<int64_t>(message.number);
  if (message.number >= kMaxNumber || (stream.started() && number < stream.highest() - kMaxLate)) {
    return false;
  }
  auto view = rtc::rtp::PacketView::parse(message.payload);
  if (!view || view->sequence().value != static_cast<uint16_t>(message.number)) return false;
  PacketExtensions extensions(*view, track.extensions());
  auto packet = SourcePacket::read(*view, extensions, track.format());
  if (!packet) return false;
  packet->encoding = stream.encoding();
  packet->sequence = number;
  if ((message.flags & PartMessage::kDiscontinuity) != 0) {
    forward_burst(now);
    on_discontinuity(now, stream);
  }
  if ((message.flags & PartMessage::kResumes) != 0) {
    forward_burst(now);
    track.left_out = false;
    for (SubscribedTrack* subscription : stream.forwarders) {
      subscription->go_on_at(packet->sequence);
    }
  }
  const bool newest =
      stream.on_handed(now, packet->sequence, view->data().size(), message.flags == 0);
  if (newest && !packet->payload.empty()) stream.codec = packet->codec;
  if (extensions.has(rtc::Extension::kDependencyDescriptor)) {
    read_dependencies(now, stream, *packet, extensions, newest);
  }
  if (track.muted) return true;  // it was on the way
  if (!track.in_tick_list) mark(now, track);
  if (!packet->payload.empty()) {
    note_layer(now, stream, *packet);
    keep_parameter_sets(stream, *packet);
  }
  forward(now, stream, *packet);
  request_lost(now, stream);
  return true;
}

void Room::Impl::on_state(TimePoint now, PublishedTrack& track, uint8_t state) {
  const bool left_out = (state & PartMessage::kLeftOut) != 0;
  const bool pauses = left_out && !track.left_out;
  track.left_out = left_out;
  if (pauses) {
    for (SubscribedTrack* subscription : track.subscriptions) {
      subscription->send_pause(now, counters_, config_.settings.server_frame_trailer);
      introduce_muted(now, *subscription);
    }
  }
  set_muted(now, track, (state & PartMessage::kMuted) != 0);
}

bool Room::Impl::on_want(TimePoint now, Part& from, TrackId id, uint8_t wants) {
  const auto it = tracks_.find(id);
  if (it == tracks_.end()) {
    // It overtook what adds the track here.
    if (wants == 0) {
      from.early_wants.erase(id);
      return true;
    }
    if (from.early_wants.size() >= Part::kMaxEarlyWants) return false;
    from.early_wants[id] = wants;
    return true;
  }
  for (Share& share : it->second->shares) {
    if (share.part != &from) continue;
    apply_wants(now, *it->second, share, wants);
    return true;
  }
  return false;
}

void Room::Impl::apply_wants(TimePoint now, PublishedTrack& track, Share& share, uint8_t wants) {
  const bool begins = (wants & ~share.wants & PartMessage::kSubscribed) != 0;
  share.wants = wants;
  if (begins) {
    share.fresh = (1U << kMaxSpatialLayers) - 1;
    share.cut = share.discontinuity = 0;
    share.resumes = false;
  }
  for (auto& stream : track.streams()) {
    const uint8_t bit = bit_of(*stream);
    stream->wanted_elsewhere = std::any_of(track.shares.begin(), track.shares.end(),
                                           [&](const Share& s) { return (s.wants & bit) != 0; });
    // Later ones are asked for from there.
    if (begins && stream->started()) want_key_frame(now, *stream);
  }
}

void Room::Impl::on_level(TimePoint now, PublishedTrack& track, const PartMessage& message) {
  if (track.muted || track.is_video()) return;
  const uint8_t level = message.detail & 0x7F;
  if (message.value != 0) {
    observe(now, track, level, std::chrono::microseconds(std::min(message.value, kMaxSoundUs)));
  }
  if ((message.flags & PartMessage::kSelects) == 0) return;
  track.selected = audio_selector_.on_packet(now, track.microphone, level);
  if (track.selected != track.selected_told) unsettle(track);
}

}  // namespace turms::sfu

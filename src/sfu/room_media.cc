// The way of a packet through the room.
#include <algorithm>

#include "sfu/room_impl.h"

namespace turms::sfu {

using rtc::Extension;

namespace {

/// So many requests for a key frame without one show that this stream's cannot be told.
constexpr int kVainTries = 4;
/// A frame of a key picture and more; what is longer is worked in parts.
constexpr size_t kMaxBurst = 32;
/// The first reports come soon: a publisher repeats mid and rid in each packet until one names it.
constexpr Duration kFirstReceiverReport = 100ms;
constexpr Duration kFirstSenderReport = 50ms;

}  // namespace

void Room::Impl::handle_rtp(TimePoint now, TransportId id,
                            std::span<const MutableByteView> packets) {
  Transport* transport = find_transport(id);
  if (transport == nullptr || !transport->receive) {
    counters_.unknown_transport += packets.size();
    return;
  }
  for (const MutableByteView packet : packets) accept(now, *transport, packet);
  publish_parts();
  forward_burst(now);
}

void Room::Impl::accept(TimePoint now, Transport& transport, MutableByteView bytes) {
  ReceiveSide& side = *transport.receive;
  auto view = rtc::rtp::PacketView::parse(bytes);
  if (!view) {
    ++counters_.malformed_rtp;
    return;
  }
  ++counters_.received_packets;
  PacketExtensions extensions(*view, side.demultiplexer.extensions());
  if (side.congestion_feedback) [[unlikely]] {
    side.congestion_feedback->on_packet(now, view->ssrc(), view->sequence());
    if (side.congestion_feedback->pending() && !side.feedback_timer.armed()) {
      timers_.schedule(side.feedback_timer, now + CongestionFeedbackGenerator::kInterval);
    }
  } else if (auto number =
                 rtc::rtp::parse_transport_sequence(extensions[Extension::kTransportSequence])) {
    side.feedback.on_packet(now, *number);
    side.feedback_media = view->ssrc();
    if (side.feedback.pending() && !side.feedback_timer.armed()) {
      timers_.schedule(side.feedback_timer, now + FeedbackGenerator::kInterval);
    }
  }
  Demultiplexer::Route route = side.demultiplexer.route(*view, extensions);
  if (route.stream == nullptr) {
    ++counters_.unknown_ssrc;
    return;
  }
  ReceiveStream& stream = *route.stream;
  PublishedTrack& track = stream.track();
  if (route.replaced && !route.rtx) {
    forward_burst(now);
    stream.restart();
    on_discontinuity(now, stream);
    begin_again(stream);
  }

  auto meaning = track.payload_types().find(view->payload_type());
  if (!meaning) {
    ++counters_.unknown_payload_type;
    return;
  }
  if (meaning->rtx) {
    MutableByteView original = rtc::rtp::decapsulate_rtx(
        bytes, *view, stream.parameters.ssrc, track.codecs()[meaning->codec].payload_type);
    if (original.empty()) return;  // padding, sent as a probe
    view = rtc::rtp::PacketView::parse(original);
    if (!view) {
      ++counters_.malformed_rtp;
      return;
    }
    // The bytes have moved.
    extensions = PacketExtensions(*view, side.demultiplexer.extensions());
  }
  auto packet = SourcePacket::read(*view, extensions, track.format());
  if (!packet) {
    ++counters_.malformed_rtp;
    return;
  }
  packet->encoding = stream.encoding();
  auto verdict = stream.on_packet(now, view->sequence(), packet->timestamp, view->data().size(),
                                  meaning->rtx, packet->sequence);
  if (verdict == ReceiveStream::Verdict::kDuplicate ||
      verdict == ReceiveStream::Verdict::kSuspicious) {
    ++counters_.duplicate;
    return;
  }
  bool newest = verdict != ReceiveStream::Verdict::kRecovered;
  if (verdict == ReceiveStream::Verdict::kDiscontinuity) {
    forward_burst(now);
    on_discontinuity(now, stream);
    begin_again(stream);
  }
  if (track.is_video() && newest && !packet->payload.empty() && packet->codec != stream.codec) {
    // The sender changed to another of the codecs negotiated: decoding begins anew.
    if (stream.codec >= 0) {
      forward_burst(now);
      on_discontinuity(now, stream);
    }
    stream.codec = packet->codec;
  }
  if (packet->opaque) ++counters_.opaque;
  if (extensions.has(Extension::kDependencyDescriptor)) {
    read_dependencies(now, stream, *packet, extensions, newest);
  }
  if (track.muted) {
    ++counters_.muted;
    return;
  }
  mark(now, transport, stream);
  if (!packet->payload.empty()) {
    note_layer(now, stream, *packet);
    keep_parameter_sets(stream, *packet);
  }
  if (!track.is_video()) {
    bool has_level = extensions.has(Extension::kAudioLevel);
    if (has_level) observe_level(now, track, *packet, newest);
    if (has_level && newest && !select_audio(now, stream, *packet)) return;
    if (!newest && track.left_out) return;
  }
  if (!track.shares.empty()) hand_over(now, stream, *packet, newest);
  forward(now, stream, *packet);
  request_lost(now, stream);
}

void Room::Impl::read_dependencies(TimePoint now, ReceiveStream& stream, SourcePacket& packet,
                                   const PacketExtensions& extensions, bool newest) {
  if (!stream.track().is_video()) return;
  if (!stream.dependencies) {
    stream.dependencies = std::make_unique<rtc::rtp::DependencyReader>();
  }
  rtc::rtp::DependencyReader& reader = *stream.dependencies;
  uint32_t version = reader.version();
  // What was accepted before was meant by the structure before: what this may change comes first.
  bool extended = extensions[Extension::kDependencyDescriptor].size() > 3;
  if (extended) forward_burst(now);
  packet.read_dependencies(extensions, reader, newest);
  if (reader.version() == version) return;
  if (reader.structure() != nullptr) {
    stream.spatial_layers =
        std::min<uint8_t>(reader.structure()->spatial_layers, kMaxSpatialLayers);
  }
  reselect_all(now, stream.track());
}

void Room::Impl::keep_parameter_sets(ReceiveStream& stream, const SourcePacket& packet) {
  const PublishedTrack& track = stream.track();
  rtc::Codec codec = track.codecs()[packet.codec].codec;
  bool has_sets =
      codec == rtc::Codec::kH264 || codec == rtc::Codec::kH265 || codec == rtc::Codec::kAv1;
  // Encryption covers how a frame's bytes begin: nothing can be put before them.
  if (!has_sets || track.encrypted() || packet.opaque) return;
  if (!stream.parameter_sets) stream.parameter_sets = std::make_unique<ParameterSets>();
  stream.parameter_sets->read(codec, packet.payload);
}

/// Most streams are begun with a key frame. Where several were asked for in vain, it may be that
/// they cannot be told: then with any frame, unless another layer can be seen meanwhile.
bool Room::Impl::may_begin(const ReceiveStream& stream, const SourcePacket& packet,
                           const SubscribedTrack& subscription) const {
  if (packet.can_start) return true;
  const PublishedTrack& track = stream.track();
  bool sure = packet.layering == Layering::kVp8 || packet.layering == Layering::kVp9;
  if (sure && !track.encrypted()) return false;
  return stream.key_frames.tries() >= kVainTries && subscription.current() < 0 &&
         packet.start_of_frame;
}

void Room::Impl::note_layer(TimePoint now, ReceiveStream& stream, SourcePacket& packet) {
  PublishedTrack& track = stream.track();
  bool alone = track.streams().size() == 1;
  auto inside = std::min<uint8_t>(alone ? packet.spatial_id : 0, kMaxSpatialLayers - 1);
  if (inside >= stream.spatial_layers) stream.spatial_layers = inside + 1;
  const int index = alone ? inside : stream.encoding();
  LayerActivity& layer = stream.layers[inside];
  // Few frames a second are no silence, or a layer that stops beside them would never be left.
  if (now - track.last_packet > layer.pause()) track.resumed = now;
  track.last_packet = now;
  // Not every payload tells.
  const bool new_frame = layer.timestamp != packet.timestamp;
  if (new_frame) {
    packet.start_of_frame = true;
    note_frame(now, track, index);
  }
  if (!layer.active && layer.trust.trusted()) [[unlikely]] {
    forward_burst(now);
    activate(now, track, index);
  }
  const bool key_frame = packet.can_start && !packet.opaque && stream.track().is_video();
  layer.on_packet(now, packet.timestamp, packet.view.data().size(), packet.temporal_id, key_frame);
  if (!track.activity_timer.armed() && track.layer_count() > 1) [[unlikely]] {
    update_activity(now, track);
  }
}

void Room::Impl::forward(TimePoint now, ReceiveStream& stream, const SourcePacket& packet) {
  bool key_frame = packet.can_start && !packet.opaque && stream.track().is_video();
  if (key_frame) {
    stream.key_frames.on_key_frame(now);
    stream.key_frame = std::max(stream.key_frame, packet.sequence);
    for (SubscribedTrack* subscription : stream.forwarders) subscription->key_frame_begins();
    timers_.cancel(stream.key_frame_timer);
  } else if (stream.key_frames.wanted() && !stream.key_frame_timer.armed()) {
    stream.key_frames.wake(now);
    timers_.schedule(stream.key_frame_timer, stream.key_frames.due());
  }
  if (key_frame && packet.sequence == stream.highest()) begin_below(now, stream, packet);
  if (stream.forwarders.empty() && stream.waiters.empty()) return;
  stream.history.add(now, static_cast<uint16_t>(packet.sequence), packet.view.data());
  distribute(now, stream, packet);
}

/// To all its subscribers, once the burst is whole.
void Room::Impl::distribute(TimePoint now, ReceiveStream& stream, const SourcePacket& packet) {
  if (burst_stream_ != &stream || burst_.size() == kMaxBurst) forward_burst(now);
  burst_stream_ = &stream;
  burst_.push_back(packet);
  if (!stream.waiters.empty() && (packet.can_start || stream.key_frames.tries() >= kVainTries)) {
    forward_burst(now);
    begin_waiters(ForwardContext(now, counters_), stream, packet);
  }
}

/// Of the subscribers after this one, a step further into each the nearer it is: what is found at
/// one step leads to the next.
void Room::Impl::prefetch(const std::vector<SubscribedTrack*>& forwarders, size_t current) {
  const size_t last = forwarders.size();
  if (const size_t i = current + 8; i < last) forwarders[i]->prefetch_state();
  if (const size_t i = current + 6; i < last) {
    forwarders[i]->prefetch_place();
    __builtin_prefetch(&forwarders[i]->transport());
  }
  if (const size_t i = current + 4; i < last) {
    __builtin_prefetch(forwarders[i]->transport().send.get());
  }
  const auto path_of = [&](size_t i) { return forwarders[i]->transport().send->path.get(); };
  if (const size_t i = current + 2; i < last) {
    if (const PathControl* path = path_of(i)) path->prefetch();
  }
  if (const size_t i = current + 1; i < last) {
    if (const PathControl* path = path_of(i)) path->prefetch_place();
  }
}

/// By subscriber, then by packet: what a subscriber's packets touch (its numbers, its key, its
/// buffer) is more than the caches hold for a hundred of them.
void Room::Impl::forward_burst(TimePoint now) {
  if (burst_.empty()) return;
  ForwardContext context(now, counters_);
  const auto& forwarders = burst_stream_->forwarders;
  for (size_t i = 0; i < forwarders.size(); ++i) {
    prefetch(forwarders, i);
    SubscribedTrack* subscription = forwarders[i];
    for (const SourcePacket& packet : burst_) subscription->forward(context, packet);
    if (PathControl* path = subscription->transport().send->path.get(); path && path->woken) {
      settle_path(now, subscription->transport());
    }
    if (!subscription->in_tick_list || !subscription->in_report_list) [[unlikely]] {
      mark(now, *subscription);
    }
  }
  burst_.clear();
}

void Room::Impl::begin_waiters(const ForwardContext& context, ReceiveStream& stream,
                               const SourcePacket& packet) {
  PublishedTrack& track = stream.track();
  bool late = packet.sequence < stream.highest();
  // From the back: leaving the list moves its last, already seen, into the place.
  for (size_t i = stream.waiters.size(); i-- > 0;) {
    SubscribedTrack& subscription = *stream.waiters[i];
    if (!may_begin(stream, packet, subscription) || !subscription.accepts(track, packet)) continue;
    stop_waiting(subscription);
    stop_forwarding(subscription);
    if (&subscription.source() != &track) std::erase(subscription.source().leaving, &subscription);
    subscription.begin(context, stream, packet, layers_inside(subscription, track));
    start_forwarding(subscription, stream);
    note_limit(subscription);
    subscription.forward(context, packet);
    // The packet was recovered after later ones of its frame: they are here already.
    for (int64_t n = packet.sequence + 1; late && n <= stream.highest(); ++n) {
      auto next = track.read_stored(stream, static_cast<uint16_t>(n));
      if (next && next->sequence == n) subscription.forward(context, *next);
    }
    settle_path(context.now, subscription.transport());
    mark(context.now, subscription);
  }
}

/// Who sees nothing yet begins with a smaller encoding than the one it waits for. Publishers answer
/// a request with key frames of all their encodings, and pace them: that of the smallest is whole
/// tens of milliseconds before that of the largest.
void Room::Impl::begin_below(TimePoint now, ReceiveStream& stream, const SourcePacket& packet) {
  PublishedTrack& track = stream.track();
  if (track.streams().size() == 1) return;
  for (SubscribedTrack* subscription : track.subscriptions) {
    const ReceiveStream* waiting = subscription->waiting;
    if (subscription->current() >= 0 || waiting == nullptr || &waiting->track() != &track ||
        waiting->encoding() <= stream.encoding() || !subscription->accepts(track, packet)) {
      continue;
    }
    forward_burst(now);
    if (&subscription->source() != &track) std::erase(subscription->source().leaving, subscription);
    subscription->begin(ForwardContext(now, counters_), stream, packet,
                        layers_inside(*subscription, track));
    start_forwarding(*subscription, stream);
    note_limit(*subscription);
    mark(now, *subscription);
  }
}

void Room::Impl::on_discontinuity(TimePoint now, ReceiveStream& stream) {
  const auto bit = static_cast<uint8_t>(1U << stream.encoding());
  for (Share& share : stream.track().shares) share.discontinuity |= bit;
  stream.key_frames.reset();
  timers_.cancel(stream.key_frame_timer);
  while (!stream.forwarders.empty()) {
    SubscribedTrack& subscription = *stream.forwarders.back();
    stop_forwarding(subscription);
    if (subscription.waiting == nullptr) wait_for(now, subscription, stream);
    note_limit(subscription);
  }
  if (!stream.waiters.empty()) want_key_frame(now, stream);
}

void Room::Impl::request_lost(TimePoint now, ReceiveStream& stream) {
  if (stream.losses.empty() || !stream.track().nack()) return;
  // What nobody watches is not worth asking for.
  if (!stream.watched()) return;
  if (stream.losses.due_by_reordering(stream.highest())) {
    timers_.schedule(stream.nack_timer, now);
  } else if (!stream.nack_timer.armed()) {
    timers_.schedule(stream.nack_timer, stream.losses.next_due());
  }
}

void Room::Impl::mark(TimePoint now, Transport& transport, ReceiveStream& stream) {
  ReceiveSide& side = *transport.receive;
  if (!stream.in_report_list) {
    stream.in_report_list = true;
    side.to_report.push_back(&stream);
    if (!side.report_timer.armed()) {
      timers_.schedule(side.report_timer,
                       now + (side.reported ? kReceiverReport : kFirstReceiverReport));
    }
  }
  if (!stream.track().in_tick_list) mark(now, stream.track());
}

void Room::Impl::mark(TimePoint now, PublishedTrack& track) {
  track.in_tick_list = true;
  ticking_tracks_.push_back(&track);
  if (tick_timer_.armed()) return;
  last_tick_ = last_statistics_ = now;
  statistics_turn_ = false;
  timers_.schedule(tick_timer_, now + kTick);
}

void Room::Impl::mark(TimePoint now, SubscribedTrack& subscription) {
  if (!subscription.in_tick_list) {
    subscription.in_tick_list = true;
    ticking_subscriptions_.push_back(&subscription);
  }
  if (!subscription.in_report_list) {
    subscription.in_report_list = true;
    SendSide& side = *subscription.transport().send;
    side.to_report.push_back(&subscription);
    if (!side.report_timer.armed()) timers_.schedule(side.report_timer, now + kFirstSenderReport);
  }
}

}  // namespace turms::sfu

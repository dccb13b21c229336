#include "sfu/room.h"

#include <algorithm>
#include <utility>

#include "sfu/room_impl.h"

namespace turms::sfu {

namespace {

bool wants_congestion_feedback(const std::vector<rtc::CodecParameters>& codecs) {
  return std::ranges::any_of(codecs, &rtc::CodecParameters::congestion_feedback);
}

}  // namespace

void RoomEvents::clear() {
  layers.clear();
  speakers_changed = false;
  speakers.clear();
  stream_states.clear();
  tracks.clear();
  subscriptions.clear();
  paths.clear();
}

Room::Room(const RoomConfig& config) : impl_(std::make_unique<Impl>(config)) {}
Room::~Room() = default;

void Room::add_transport(TransportId id, TransportSink& sink, bool has_path) {
  impl_->add_transport(id, sink, has_path);
}
void Room::transport_connected(TimePoint now, TransportId id) {
  impl_->transport_connected(now, id);
}
void Room::set_path_limits(TimePoint now, TransportId id, const PathLimits& limits) {
  impl_->set_path_limits(now, id, limits);
}
void Room::leave_out_layers(TimePoint now, int layers) {
  impl_->leave_out_layers(now, layers);
}
void Room::remove_transport(TimePoint now, TransportId id) {
  impl_->remove_transport(now, id);
}
void Room::add_receive_track(TimePoint now, const ReceiveTrackParameters& parameters) {
  impl_->add_receive_track(now, parameters);
}
void Room::set_receive_muted(TimePoint now, TrackId id, bool muted) {
  impl_->set_receive_muted(now, id, muted);
}
void Room::remove_receive_track(TimePoint now, TrackId id) {
  impl_->remove_receive_track(now, id);
}
void Room::add_send_track(TimePoint now, const SendTrackParameters& parameters,
                          const LayerRequest& request) {
  impl_->add_send_track(now, parameters, request);
}
void Room::set_layer_request(TimePoint now, SubscriptionId id, const LayerRequest& request) {
  impl_->set_layer_request(now, id, request);
}
void Room::request_key_frame(TimePoint now, SubscriptionId id) {
  impl_->request_key_frame(now, id);
}
void Room::set_send_source(TimePoint now, SubscriptionId id, TrackId source) {
  impl_->set_send_source(now, id, source);
}
void Room::remove_send_track(TimePoint now, SubscriptionId id) {
  impl_->remove_send_track(now, id);
}
void Room::handle_rtp(TimePoint now, TransportId id, std::span<const MutableByteView> packets) {
  impl_->handle_rtp(now, id, packets);
}
void Room::handle_rtcp(TimePoint now, TransportId id, ByteView packet) {
  impl_->handle_rtcp(now, id, packet);
}
void Room::add_part(TimePoint now, PartId id, PartSink& sink, bool home) {
  impl_->add_part(now, id, sink, home);
}
void Room::add_replica(TimePoint now, PartId origin, const ReceiveTrackParameters& parameters) {
  impl_->add_replica(now, origin, parameters);
}
void Room::handle_part(TimePoint now, PartId from, std::span<const ByteView> messages) {
  impl_->handle_part(now, from, messages);
}
void Room::settle_parts(TimePoint now) {
  impl_->settle_parts(now);
}
TimePoint Room::next_timeout() const {
  return impl_->next_timeout();
}
void Room::handle_timeout(TimePoint now) {
  impl_->handle_timeout(now);
}
bool Room::take_events(RoomEvents& events) {
  return impl_->take_events(events);
}
const RoomCounters& Room::counters() const {
  return impl_->counters();
}
RoomSnapshot Room::snapshot(TimePoint now, std::span<const TransportId> transports) const {
  return impl_->snapshot(now, transports);
}

Room::Impl::Impl(const RoomConfig& config)
    : config_(config), rng_(config.seed), audio_selector_(config.settings.audio_sources) {}

Transport* Room::Impl::find_transport(TransportId id) {
  auto it = transports_.find(id);
  return it == transports_.end() ? nullptr : it->second.get();
}

void Room::Impl::add_transport(TransportId id, TransportSink& sink, bool has_path) {
  if (transports_.size() >= kMaxTransports || transports_.contains(id)) {
    ++counters_.refused_parameters;
    return;
  }
  transports_.emplace(id, std::make_unique<Transport>(id, sink, has_path));
}

void Room::Impl::transport_connected(TimePoint now, TransportId id) {
  Transport* transport = find_transport(id);
  if (transport == nullptr || transport->connected) return;
  transport->connected = true;
  if (!transport->send) return;
  for (SubscribedTrack* subscription : transport->send->tracks) {
    reselect(now, *subscription);
    introduce_muted(now, *subscription);
  }
}

void Room::Impl::introduce_muted(TimePoint now, SubscribedTrack& subscription) {
  // Left out now: it would be heard of only when it speaks.
  if (!subscription.source().muted && !subscription.source().left_out) return;
  subscription.introduce(now, counters_, config_.settings.server_frame_trailer);
}

void Room::Impl::remove_transport(TimePoint now, TransportId id) {
  auto it = transports_.find(id);
  if (it == transports_.end()) return;
  Transport& transport = *it->second;
  transport.connected = false;
  if (transport.send) {
    while (!transport.send->tracks.empty()) {
      remove_send_track(now, transport.send->tracks.back()->id());
    }
  }
  if (transport.receive) {
    while (!transport.receive->tracks.empty()) {
      remove_receive_track(now, transport.receive->tracks.back()->id());
    }
  }
  transports_.erase(it);
}

void Room::Impl::add_receive_track(TimePoint now, const ReceiveTrackParameters& parameters) {
  Transport* transport = find_transport(parameters.transport);
  if (transport == nullptr || tracks_.contains(parameters.id) ||
      transport->receiving().tracks.size() >= kMaxTracksPerTransport) {
    ++counters_.refused_parameters;
    return;
  }
  auto track = std::make_unique<PublishedTrack>(parameters, *transport);
  if (wants_congestion_feedback(parameters.codecs) && !transport->receive->congestion_feedback) {
    transport->receive->congestion_feedback = std::make_unique<CongestionFeedbackGenerator>();
  }
  transport->receive->tracks.push_back(track.get());
  transport->receive->demultiplexer.add(*track);
  PublishedTrack& added = *track;
  tracks_.emplace(parameters.id, std::move(track));
  for (const auto& part : parts_) share(now, added, *part);
}

void Room::Impl::set_receive_muted(TimePoint now, TrackId id, bool muted) {
  auto it = tracks_.find(id);
  if (it == tracks_.end() || it->second->origin != nullptr) return;
  set_muted(now, *it->second, muted);
}

void Room::Impl::set_muted(TimePoint now, PublishedTrack& track, bool muted) {
  if (track.muted == muted) return;
  track.muted = muted;
  unsettle(track);
  if (!muted) return;  // the next packets bring everything back
  for (SubscribedTrack* subscription : track.subscriptions) {
    subscription->send_silence(now, counters_, config_.settings.server_frame_trailer);
    introduce_muted(now, *subscription);
  }
  deactivate_all(track);
  for (auto& stream : track.streams()) {
    stream->key_frames.reset();
    timers_.cancel(stream->key_frame_timer);
  }
  fall_silent(track);
  reselect_all(now, track);
}

void Room::Impl::remove_receive_track(TimePoint now, TrackId id) {
  auto it = tracks_.find(id);
  if (it == tracks_.end()) return;
  PublishedTrack& track = *it->second;
  while (!track.subscriptions.empty()) remove_send_track(now, track.subscriptions.back()->id());
  while (!track.leaving.empty()) {
    SubscribedTrack& subscription = *track.leaving.back();
    track.leaving.pop_back();
    stop_forwarding(subscription);
    subscription.change_source(*subscription.next_source);
  }
  ReceiveSide& side = *track.transport().receive;
  std::erase(side.tracks, &track);
  side.demultiplexer.remove(track);
  std::erase_if(side.to_report, [&](ReceiveStream* s) { return &s->track() == &track; });
  std::erase(ticking_tracks_, &track);
  std::erase(speaker_candidates_, &track);
  std::erase(unsettled_, &track);
  fall_silent(track);
  bool spoke = std::any_of(speakers_.begin(), speakers_.end(),
                           [&](const Speaker& s) { return s.track == id; });
  if (track.origin != nullptr) {
    // It may not have been added there yet, or be gone: nothing of it shall stay.
    if (track.wants_told != 0) {
      (void)track.origin->send({.kind = PartMessage::Kind::kWant, .track = id});
    }
  }
  const bool last_of_remote = track.origin != nullptr && side.tracks.empty();
  const TransportId publisher = track.transport().id;
  tracks_.erase(it);
  if (last_of_remote) remote_publishers_.erase(publisher);
  if (spoke) update_speakers(now);
}

void Room::Impl::add_send_track(TimePoint now, const SendTrackParameters& parameters,
                                const LayerRequest& request) {
  Transport* transport = find_transport(parameters.transport);
  auto source = tracks_.find(parameters.source);
  if (transport == nullptr || source == tracks_.end() || subscriptions_.contains(parameters.id) ||
      transport->sending().tracks.size() >= kMaxSubscriptionsPerTransport ||
      transport->send->by_ssrc.contains(parameters.ssrc.value)) {
    ++counters_.refused_parameters;
    return;
  }
  // In the lower half, so that a loss of the first packets does not make a receiver guess the
  // rollover counter wrong (RFC 3711 section 3.3.1).
  auto first_sequence = static_cast<uint16_t>(1 + rng_.below(0x7FFE));
  auto subscription =
      std::make_unique<SubscribedTrack>(parameters, request, *source->second, *transport,
                                        first_sequence, config_.settings.playout_delay);
  SubscribedTrack& added = *subscription;
  if (wants_congestion_feedback(parameters.codecs) && !transport->send->numbers) {
    transport->send->numbers = std::make_unique<rtc::bwe::SentNumbers>();
  }
  transport->send->tracks.push_back(&added);
  transport->send->by_ssrc.emplace(parameters.ssrc.value, &added);
  source->second->subscriptions.push_back(&added);
  unsettle_replica(*source->second);
  subscriptions_.emplace(parameters.id, std::move(subscription));
  control_path(now, added);
  reselect(now, added);
  introduce_muted(now, added);
}

void Room::Impl::set_layer_request(TimePoint now, SubscriptionId id, const LayerRequest& request) {
  auto it = subscriptions_.find(id);
  if (it == subscriptions_.end()) return;
  it->second->request = request;
  reselect(now, *it->second);
}

void Room::Impl::set_send_source(TimePoint now, SubscriptionId id, TrackId source) {
  auto it = subscriptions_.find(id);
  auto found = tracks_.find(source);
  if (it == subscriptions_.end() || found == tracks_.end() ||
      found->second->kind() != it->second->source().kind()) {
    ++counters_.refused_parameters;
    return;
  }
  SubscribedTrack& subscription = *it->second;
  PublishedTrack& track = *found->second;
  if (subscription.next_source == &track) return;
  stop_waiting(subscription);
  std::erase(subscription.next_source->subscriptions, &subscription);
  std::erase(subscription.source().leaving, &subscription);
  unsettle_replica(*subscription.next_source);
  unsettle_replica(subscription.source());
  unsettle_replica(track);
  track.subscriptions.push_back(&subscription);
  subscription.next_source = &track;
  if (subscription.current() < 0) {
    subscription.change_source(track);
  } else if (&subscription.source() != &track) {
    subscription.source().leaving.push_back(&subscription);
  }
  reselect(now, subscription);
}

void Room::Impl::remove_send_track(TimePoint now, SubscriptionId id) {
  auto it = subscriptions_.find(id);
  if (it == subscriptions_.end()) return;
  SubscribedTrack& subscription = *it->second;
  forget_limit(subscription);
  detach(subscription);
  SendSide& side = *subscription.transport().send;
  std::erase(side.tracks, &subscription);
  std::erase(side.to_report, &subscription);
  side.by_ssrc.erase(subscription.ssrc().value);
  std::erase(subscription.next_source->subscriptions, &subscription);
  std::erase(subscription.source().leaving, &subscription);
  unsettle_replica(*subscription.next_source);
  unsettle_replica(subscription.source());
  std::erase(ticking_subscriptions_, &subscription);
  if (side.path) {
    side.path->remove_stream(subscription.ssrc());
    side.path->remove(id);
  }
  Transport& transport = subscription.transport();
  subscriptions_.erase(it);
  if (side.path && transport.connected) allocate(now, transport);
}

bool Room::Impl::take_events(RoomEvents& events) {
  events.clear();
  if (events_.empty()) return false;
  std::swap(events, events_);
  return true;
}

}  // namespace turms::sfu

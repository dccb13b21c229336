// What leaves on each subscriber's path, and when.
#include <algorithm>

#include "sfu/room_impl.h"

namespace turms::sfu {

namespace {

constexpr Duration kAudioMeasurement = 1s;

}  // namespace

/// Video makes a path worth watching; sound alone is always sent.
void Room::Impl::control_path(TimePoint now, SubscribedTrack& subscription) {
  Transport& transport = subscription.transport();
  if (!config_.settings.follows_bandwidth || !transport.has_path || transport.send->path ||
      !subscription.next_source->is_video()) {
    return;
  }
  transport.send->control_path(now, transport,
                               {.transport_feedback = subscription.has_transport_sequence(),
                                .allow_pause = config_.settings.allow_pause});
  for (SubscribedTrack* other : transport.send->tracks) other->stale = true;
}

void Room::Impl::set_path_limits(TimePoint now, TransportId id, const PathLimits& limits) {
  Transport* transport = find_transport(id);
  if (transport == nullptr) {
    ++counters_.unknown_transport;
    return;
  }
  transport->limits = limits;
  if (transport->send && transport->send->path) allocate(now, *transport);
}

void Room::Impl::allocate(TimePoint now, Transport& transport) {
  share_out(now, transport);
  settle_path(now, transport);
}

void Room::Impl::share_out(TimePoint now, Transport& transport) {
  PathControl& path = *transport.send->path;
  demands_.clear();
  demanding_.clear();
  for (SubscribedTrack* subscription : transport.send->tracks) {
    if (!subscription->next_source->is_video()) continue;
    LayerDemand& demand = demands_.emplace_back(demand_of(*subscription));
    const Transport& publisher = subscription->next_source->transport();
    demand.stage = demand.request.pinned || publisher.id == speaking_transport_;
    demanding_.push_back(subscription);
  }
  const auto decisions = path.allocate(now, demands_, path.audio_bps, transport.limits);
  for (size_t i = 0; i < decisions.size(); ++i) {
    SubscribedTrack& subscription = *demanding_[i];
    if (!subscription.stale && decisions[i] == subscription.decision) continue;
    subscription.stale = false;
    apply(now, subscription, decisions[i]);
    note_limit(subscription);
  }
}

/// Layers' rates have been measured: what was allocated may cost more by now, or less.
void Room::Impl::measure_paths(TimePoint now) {
  for (SubscribedTrack* subscription : ticking_subscriptions_) {
    Transport& transport = subscription->transport();
    PathControl* path = transport.send->path.get();
    if (path == nullptr) {
      if (subscription->request.max_fps != 0) reselect(now, *subscription);
      continue;
    }
    if (path->allocated_at == now) continue;
    if (Duration interval = now - path->audio_since; interval >= kAudioMeasurement) {
      path->audio_bps = path->audio_bytes * 8 * 1'000'000 / static_cast<uint64_t>(to_us(interval));
      path->audio_bytes = 0;
      path->audio_since = now;
    }
    allocate(now, transport);
  }
}

void Room::Impl::settle_path(TimePoint now, Transport& transport) {
  PathControl* path = transport.send->path.get();
  if (path == nullptr) return;
  path->woken = false;
  if (path->update(now) && path->constrained()) {
    share_out(now, transport);
    path->update(now);
  }
  TimePoint deadline = std::max(path->next_deadline(), now);
  if (path->timer.due() != deadline) timers_.schedule(path->timer, deadline);
}

void Room::Impl::pace(TimePoint now, Transport& transport) {
  PathControl& path = *transport.send->path;
  ForwardContext context(now, counters_);
  while (auto output = path.next(now)) {
    const auto found = transport.send->by_ssrc.find(output->packet.ssrc.value);
    SubscribedTrack* subscription =
        found == transport.send->by_ssrc.end() ? nullptr : found->second;
    switch (output->action) {
      case PathControl::Action::kSend:
        if (subscription == nullptr) break;
        if (output->packet.retransmission) {
          subscription->resend_queued(context, output->packet.sequence);
        } else {
          subscription->write_queued(context, output->packet.sequence);
        }
        break;
      case PathControl::Action::kPad: {
        size_t sent = transport.connected ? send_probe(context, transport, output->padding) : 0;
        sent > 0 ? path.on_padding_sent(now, sent) : path.on_no_padding();
        break;
      }
      case PathControl::Action::kDrop:
        ++counters_.pacer_dropped;
        if (subscription != nullptr) subscription->drop_queued(output->packet.sequence);
        break;
      case PathControl::Action::kNeedKeyFrame:
        if (subscription != nullptr && subscription->current() >= 0) {
          want_key_frame(now, subscription->source().stream(subscription->current()));
        }
        break;
    }
  }
}

size_t Room::Impl::send_probe(const ForwardContext& context, Transport& transport, size_t size) {
  for (bool flowing : {true, false}) {
    for (SubscribedTrack* subscription : transport.send->tracks) {
      if ((subscription->current() >= 0) != flowing) continue;
      if (size_t sent = subscription->send_probe(context, size); sent > 0) return sent;
    }
  }
  return 0;
}

}  // namespace turms::sfu

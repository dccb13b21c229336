// Which subscription gets which encoding: from inputs (connected, request, what is active) to
// lists of forwarders and waiters.
#include <algorithm>
#include <bit>
#include <utility>

#include "sfu/room_impl.h"

namespace turms::sfu {

namespace {

constexpr Duration kActivityCheck = 100ms;
/// Without a packet for this long a track needs no checks until the next one.
constexpr Duration kQuietTrack = 2s;

// How many percent more pictures a second than asked for are let pass: measured intervals are not
// exact. The second is for what passes already, so that a rate near the bound does not flap.
constexpr int kMoreToAdd = 110;
constexpr int kMoreToKeep = 125;
constexpr uint32_t kMostFps = 1000;

/// Removes in constant time; `moved` is told where the last one went.
template <class Moved>
void swap_remove(std::vector<SubscribedTrack*>& list, size_t position, Moved moved) {
  list[position] = list.back();
  list.pop_back();
  if (position < list.size()) moved(*list[position], position);
}

}  // namespace

void Room::Impl::reselect(TimePoint now, SubscribedTrack& subscription) {
  Transport& transport = subscription.transport();
  if (transport.send->path && subscription.next_source->is_video()) {
    subscription.stale = true;
    return allocate(now, transport);
  }
  const LayerDemand demand = demand_of(subscription);
  apply(now, subscription, asked_.allocate(now, {&demand, 1}, {}).front());
  note_limit(subscription);
}

LayerDemand Room::Impl::demand_of(const SubscribedTrack& subscription) {
  LayerDemand demand;
  demand.subscription = subscription.id();
  demand.request = subscription.request;
  demand.request.max_temporal = asked_temporal(subscription);
  if (!subscription.transport().connected) demand.request.paused = true;
  subscription.next_source->describe(demand);
  if (left_out_layers_ > 0) leave_out(demand);
  return demand;
}

/// Each temporal layer doubles the rate of those below. How many there are, and how fast the whole
/// is, differs from publisher to publisher, and between its layers.
int Room::Impl::asked_temporal(const SubscribedTrack& subscription) const {
  const LayerRequest& request = subscription.request;
  PublishedTrack& track = *subscription.next_source;
  const uint32_t flowing = track.active_layers();
  if (request.max_fps == 0 || flowing == 0) return request.max_temporal;
  const uint32_t asked = flowing & ((2U << std::clamp(request.max_spatial, 0, 30)) - 1);
  const int index = asked != 0 ? std::bit_width(asked) - 1 : std::countr_zero(flowing);
  const LayerActivity& layer = track.layer(index);
  int top = layer.cost.temporal_count() - 1;
  Duration interval = layer.interval;
  const auto too_fast = [&] {
    const int more = subscription.decision.temporal >= top ? kMoreToKeep : kMoreToAdd;
    return interval * std::min(request.max_fps, kMostFps) * more < Duration(1s) * 100;
  };
  for (; top > 0 && too_fast(); --top) interval *= 2;
  return std::min(request.max_temporal, top);
}

void Room::Impl::leave_out(LayerDemand& demand) const {
  LayerRequest& request = demand.request;
  if (demand.layer_count > 1 && !demand.screen_share) {
    const int top = std::max(demand.layer_count - 1 - left_out_layers_, 0);
    request.max_spatial = std::min(request.max_spatial, top);
  } else if (left_out_layers_ > 1 && demand.temporal_count > 1) {
    request.max_temporal = std::min(request.max_temporal, demand.temporal_count - 2);
  }
}

void Room::Impl::leave_out_layers(TimePoint now, int layers) {
  if (std::exchange(left_out_layers_, layers) == layers) return;
  for (const auto& [id, transport] : transports_) {
    if (!transport->send) continue;
    for (SubscribedTrack* subscription : transport->send->tracks) {
      subscription->stale = true;
      if (!transport->send->path) reselect(now, *subscription);
    }
    if (!transport->send->path) continue;
    allocate(now, *transport);
  }
}

void Room::Impl::reselect_all(TimePoint now, PublishedTrack& track) {
  for (SubscribedTrack* subscription : track.subscriptions) reselect(now, *subscription);
}

void Room::Impl::apply(TimePoint now, SubscribedTrack& subscription,
                       const LayerDecision& decision) {
  if (decision.paused != subscription.decision.paused) {
    events_.stream_states.push_back({subscription.id(), decision.paused});
  }
  count_change(subscription.decision, decision);
  subscription.decision = decision;
  subscription.hold_back = false;
  int target = decision.spatial;
  if (target < 0) {
    bool switching = &subscription.source() != subscription.next_source;
    bool wanted = !subscription.request.paused && subscription.transport().connected;
    if (switching && wanted) {
      stop_waiting(subscription);  // the next source has nothing yet: stay with the one before
    } else {
      detach(subscription);
    }
    return;
  }
  PublishedTrack& track = *subscription.next_source;
  ReceiveStream& stream = track.stream_of_layer(target);
  if (stream.encoding() == subscription.current() && &subscription.source() == &track) {
    stop_waiting(subscription);
  } else {
    // The layer being forwarded goes on until the other one's key frame is here; with as little as
    // possible where the path does not carry it.
    PathControl* path = subscription.transport().send->path.get();
    bool down = &subscription.source() == &track && target < subscription.current();
    if (down && track.stream(subscription.current()).stuck(now)) {
      stop_forwarding(subscription);  // and whichever lower key frame comes first will do
    } else if (down && path != nullptr && path->congested()) {
      path->skip_to_key_frame(subscription.ssrc());
      stop_forwarding(subscription);
    } else {
      subscription.hold_back = down && path != nullptr;
    }
    wait_for(now, subscription, stream);
  }
  if (subscription.current() < 0 || &subscription.source() != &track) return;
  subscription.request_layers(layers_inside(subscription, track));
  if (subscription.needs_key_frame()) {
    want_key_frame(now, track.stream(subscription.current()));
  }
}

/// How far up the spatial layers inside a stream are wanted: to the one decided on, and on to those
/// asked for that have not been seen yet, for the packets of one picture come one after another.
int Room::Impl::layers_inside(const SubscribedTrack& subscription, PublishedTrack& track) {
  if (!track.is_svc()) return kMaxSpatialLayers;
  int top = std::max(subscription.decision.spatial, 0);
  int last = std::min(subscription.request.max_spatial, track.layer_count() - 1);
  while (top < last && track.layer(top + 1).packets == 0) ++top;
  return top;
}

void Room::Impl::wait_for(TimePoint now, SubscribedTrack& subscription, ReceiveStream& stream) {
  if (subscription.waiting != &stream) {
    stop_waiting(subscription);
    subscription.waiting = &stream;
    subscription.waiter_position = stream.waiters.size();
    unsettle_replica(stream.track());
    stream.waiters.push_back(&subscription);
  }
  want_key_frame(now, stream);
}

void Room::Impl::stop_waiting(SubscribedTrack& subscription) {
  if (subscription.waiting == nullptr) return;
  unsettle_replica(subscription.waiting->track());
  auto& waiters = subscription.waiting->waiters;
  swap_remove(waiters, subscription.waiter_position,
              [](SubscribedTrack& s, size_t position) { s.waiter_position = position; });
  subscription.waiting = nullptr;
}

void Room::Impl::start_forwarding(SubscribedTrack& subscription, ReceiveStream& stream) {
  unsettle_replica(stream.track());
  subscription.forwarder_position = stream.forwarders.size();
  stream.forwarders.push_back(&subscription);
}

void Room::Impl::stop_forwarding(SubscribedTrack& subscription) {
  if (subscription.current() < 0) return;
  unsettle_replica(subscription.source());
  auto& forwarders = subscription.source().stream(subscription.current()).forwarders;
  swap_remove(forwarders, subscription.forwarder_position,
              [](SubscribedTrack& s, size_t position) { s.forwarder_position = position; });
  subscription.stop();
}

void Room::Impl::detach(SubscribedTrack& subscription) {
  stop_waiting(subscription);
  stop_forwarding(subscription);
}

void Room::Impl::want_key_frame(TimePoint now, ReceiveStream& stream) {
  if (!stream.track().is_video()) return;
  stream.key_frames.want(now);
  if (stream.key_frames.due() <= now) {
    send_key_frame_request(now, stream);
  } else {
    timers_.schedule(stream.key_frame_timer, stream.key_frames.due());
  }
}

void Room::Impl::activate(TimePoint now, PublishedTrack& track, int layer) {
  LayerActivity& activity = track.layer(layer);
  activity.active = true;
  activity.slow_frames = 0;
  activity.restart();
  unsettle_replica(track);
  if (track.origin == nullptr) events_.layers.push_back({track.id(), layer, true});
  reselect_all(now, track);
}

void Room::Impl::deactivate(PublishedTrack& track, int layer) {
  LayerActivity& activity = track.layer(layer);
  if (!activity.active) return;
  activity.active = false;
  if (track.origin == nullptr) events_.layers.push_back({track.id(), layer, false});
}

void Room::Impl::deactivate_all(PublishedTrack& track) {
  for (int i = 0; i < track.layer_count(); ++i) {
    deactivate(track, i);
    track.layer(i).trust.forget();
  }
}

void Room::Impl::give_up(TimePoint now, PublishedTrack& track, int layer) {
  deactivate(track, layer);
  track.layer(layer).trust.on_failed(now);
}

/// A layer has stopped when others of its track have gone on for longer than it usually pauses.
/// When all are silent it is the network, or there is nothing to show. One that comes with holes
/// that nothing fills is worth less than a lower one that is whole.
bool Room::Impl::fails(TimePoint now, PublishedTrack& track, int layer) {
  const LayerActivity& activity = track.layer(layer);
  if (!activity.active) return false;
  const TimePoint since = std::max(activity.last_packet, track.resumed);
  if (track.last_packet - since > activity.silence()) return true;
  if (layer == 0 || track.is_svc() || !track.stream(layer).stuck(now)) return false;
  for (int i = 0; i < layer; ++i) {
    if (track.layer(i).active && !track.stream(i).stuck(now)) return true;
  }
  return false;
}

void Room::Impl::update_activity(TimePoint now, PublishedTrack& track) {
  int count = track.layer_count();
  bool changed = false;
  for (int i = 0; i < count; ++i) {
    if (!fails(now, track, i)) continue;
    give_up(now, track, i);
    changed = true;
  }
  if (changed) reselect_all(now, track);
  if (now - track.last_packet < kQuietTrack) {
    timers_.schedule(track.activity_timer, now + kActivityCheck);
  }
}

/// Before a frame of a layer is counted: does it come as fast as those below? An uplink that is too
/// narrow lets encoders leave out frames of the largest picture before they give it up.
void Room::Impl::note_frame(TimePoint now, PublishedTrack& track, int layer) {
  LayerActivity& activity = track.layer(layer);
  const Duration gap = now - std::max(activity.last_frame, track.resumed);
  bool slow = false;
  if (gap > LayerActivity::kSlowFrame) {
    Duration fastest = gap;
    for (int i = 0; i < layer; ++i) {
      const LayerActivity& lower = track.layer(i);
      if (lower.active) fastest = std::min(fastest, lower.interval);
    }
    slow = gap > fastest * LayerActivity::kSlowFactor;
  }
  if (!activity.active) return activity.trust.on_frame(now, now - activity.last_frame, slow);
  activity.slow_frames = slow ? activity.slow_frames + 1 : 0;
  if (activity.slow_frames < LayerActivity::kSlowFrames) return;
  activity.slow_frames = 0;
  forward_burst(now);
  give_up(now, track, layer);
  reselect_all(now, track);
}

}  // namespace turms::sfu

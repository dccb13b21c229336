// Which subscription gets which encoding: from inputs (connected, request, what is active) to
// lists of forwarders and waiters.
#include <algorithm>

#include "sfu/room_impl.h"

namespace turms::sfu {

namespace {

/// An encoding without packets for this long, while another of its track has some, was switched off
/// by the publisher.
constexpr Duration kInactiveAfter = 1500ms;
constexpr Duration kOtherActiveWithin = 500ms;

/// Removes in constant time; `moved` is told where the last one went.
template <class Moved>
void swap_remove(std::vector<SubscribedTrack*>& list, size_t position, Moved moved) {
  list[position] = list.back();
  list.pop_back();
  if (position < list.size()) moved(*list[position], position);
}

}  // namespace

void Room::Impl::reselect(TimePoint now, SubscribedTrack& subscription) {
  PublishedTrack& track = *subscription.next_source;
  LayerDemand demand;
  demand.subscription = subscription.id();
  demand.kind = track.kind();
  demand.request = subscription.request;
  if (!subscription.transport().connected) demand.request.paused = true;
  demand.layer_count = static_cast<int>(track.streams().size());
  demand.active_layers = track.active_layers();
  for (size_t i = 0; i < track.streams().size(); ++i) {
    demand.bits_per_second[i] = track.streams()[i]->bits_per_second();
  }
  decisions_.clear();
  asked_.update(demand, decisions_);
  for (const LayerDecision& decision : decisions_) {
    if (decision.subscription == subscription.id()) {
      apply(now, subscription, decision);
      continue;
    }
    auto other = subscriptions_.find(decision.subscription);
    if (other != subscriptions_.end()) apply(now, *other->second, decision);
  }
}

void Room::Impl::reselect_all(TimePoint now, PublishedTrack& track) {
  for (SubscribedTrack* subscription : track.subscriptions) reselect(now, *subscription);
}

void Room::Impl::apply(TimePoint now, SubscribedTrack& subscription,
                       const LayerDecision& decision) {
  subscription.decision = decision;
  int target = decision.spatial;
  if (target < 0) {
    bool switching = &subscription.source() != subscription.next_source;
    bool wanted = !subscription.request.paused && subscription.transport().connected;
    if (switching && wanted) {
      stop_waiting(subscription);  // the next source has nothing yet: stay with the one before
    } else {
      detach(subscription);
    }
  } else if (target == subscription.current() &&
             &subscription.source() == subscription.next_source) {
    stop_waiting(subscription);
  } else {
    // The layer being forwarded goes on until the other one's key frame is here.
    wait_for(now, subscription, subscription.next_source->stream(target));
  }
}

void Room::Impl::wait_for(TimePoint now, SubscribedTrack& subscription, ReceiveStream& stream) {
  if (subscription.waiting != &stream) {
    stop_waiting(subscription);
    subscription.waiting = &stream;
    subscription.waiter_position = stream.waiters.size();
    stream.waiters.push_back(&subscription);
  }
  want_key_frame(now, stream);
}

void Room::Impl::stop_waiting(SubscribedTrack& subscription) {
  if (subscription.waiting == nullptr) return;
  auto& waiters = subscription.waiting->waiters;
  swap_remove(waiters, subscription.waiter_position,
              [](SubscribedTrack& s, size_t position) { s.waiter_position = position; });
  subscription.waiting = nullptr;
}

void Room::Impl::start_forwarding(SubscribedTrack& subscription, ReceiveStream& stream) {
  subscription.forwarder_position = stream.forwarders.size();
  stream.forwarders.push_back(&subscription);
}

void Room::Impl::stop_forwarding(SubscribedTrack& subscription) {
  if (subscription.current() < 0) return;
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

void Room::Impl::activate(TimePoint now, ReceiveStream& stream) {
  stream.active = true;
  events_.layers.push_back({stream.track().id(), stream.encoding(), true});
  reselect_all(now, stream.track());
}

void Room::Impl::deactivate(ReceiveStream& stream) {
  if (!stream.active) return;
  stream.active = false;
  events_.layers.push_back({stream.track().id(), stream.encoding(), false});
}

void Room::Impl::update_activity(TimePoint now, PublishedTrack& track) {
  TimePoint newest;
  for (auto& stream : track.streams()) newest = std::max(newest, stream->last_packet());
  if (now - newest > kOtherActiveWithin) return;  // all are silent: the network, or nothing to show
  bool changed = false;
  for (auto& stream : track.streams()) {
    if (stream->active && now - stream->last_packet() > kInactiveAfter) {
      deactivate(*stream);
      changed = true;
    }
  }
  if (changed) reselect_all(now, track);
}

}  // namespace turms::sfu

// What flows, and why it is no more.
#include <algorithm>

#include "sfu/room_impl.h"

namespace turms::sfu {

LayerLimit Room::Impl::limit_of(const SubscribedTrack& subscription) const {
  PublishedTrack& track = *subscription.next_source;
  LayerFacts facts;
  facts.connected = subscription.transport().connected;
  facts.muted = track.muted;
  facts.left_out = track.left_out;
  facts.is_video = track.is_video();
  facts.wants_nothing = subscription.request.paused;
  if (!facts.is_video) return layer_limit(facts);
  facts.asked_spatial = subscription.request.max_spatial;
  facts.asked_temporal = asked_temporal(subscription);
  facts.layer_count = track.layer_count();
  facts.active_layers = track.active_layers();
  facts.paused = subscription.decision.paused;
  facts.decided_spatial = subscription.decision.spatial;
  facts.decided_temporal = subscription.decision.temporal;
  if (facts.decided_spatial >= 0 && facts.decided_spatial < facts.layer_count) {
    facts.temporal_count = track.layer(facts.decided_spatial).cost.temporal_count();
  }
  if (left_out_layers_ > 0) {
    LayerDemand demand;
    demand.screen_share = track.screen_share();
    demand.layer_count = facts.layer_count;
    demand.temporal_count = facts.temporal_count;
    leave_out(demand);
    facts.allowed_spatial = demand.request.max_spatial;
    facts.allowed_temporal = demand.request.max_temporal;
  }
  // Inside a stream layers are followed from picture to picture.
  const bool flows = subscription.current() >= 0 && &subscription.source() == &track;
  facts.sent_spatial = !flows           ? -1
                       : track.is_svc() ? facts.decided_spatial
                                        : subscription.current();
  return layer_limit(facts);
}

/// Whenever what it depends on has changed: how many there are of each is known without a look at
/// all of them.
void Room::Impl::note_limit(SubscribedTrack& subscription) {
  if (!subscription.next_source->is_video()) return;
  const LayerLimit limit = limit_of(subscription);
  if (subscription.counted_limit == limit) return;
  forget_limit(subscription);
  subscription.counted_limit = limit;
  ++counters_.decisions.limited[static_cast<size_t>(limit)];
}

void Room::Impl::forget_limit(SubscribedTrack& subscription) {
  if (!subscription.counted_limit) return;
  --counters_.decisions.limited[static_cast<size_t>(*subscription.counted_limit)];
  subscription.counted_limit.reset();
}

void Room::Impl::count_change(const LayerDecision& before, const LayerDecision& after) {
  DecisionCounters& counters = counters_.decisions;
  if (before.spatial >= 0 && after.spatial >= 0) {
    if (after.spatial > before.spatial) ++counters.layers_raised;
    if (after.spatial < before.spatial) ++counters.layers_lowered;
  }
  if (after.paused && !before.paused) ++counters.paused;
  if (before.paused && after.spatial >= 0) ++counters.resumed;
}

SubscriptionStatistics Room::Impl::statistics_of(TimePoint now,
                                                 const SubscribedTrack& subscription) const {
  SubscriptionStatistics s = subscription.statistics(now);
  s.active_layers = subscription.next_source->active_layers();
  s.limit = limit_of(subscription);
  return s;
}

void Room::Impl::tell_statistics(TimePoint now) {
  for (PublishedTrack* track : ticking_tracks_) {
    track->in_tick_list = false;
    if (track->origin != nullptr) continue;  // told where it is published
    events_.tracks.push_back(track->statistics(now));
  }
  ticking_tracks_.clear();
  const Duration since = now - last_statistics_;
  last_statistics_ = now;
  for (SubscribedTrack* subscription : ticking_subscriptions_) {
    subscription->measure(since);
    events_.subscriptions.push_back(statistics_of(now, *subscription));
    PathControl* path = subscription->transport().send->path.get();
    if (path != nullptr && path->told_at != now) {
      path->told_at = now;
      counters_.decisions.probes += path->probes().sent - path->counted_probes.sent;
      counters_.decisions.probe_results += path->probes().results - path->counted_probes.results;
      path->counted_probes = path->probes();
      events_.paths.push_back(path->statistics());
    }
    subscription->in_tick_list = false;
  }
  ticking_subscriptions_.clear();
}

RoomSnapshot Room::Impl::snapshot(TimePoint now, std::span<const TransportId> transports) const {
  RoomSnapshot out;
  const auto full = [&](const auto& list) {
    if (list.size() < kMaxSnapshot) return false;
    out.truncated = true;
    return true;
  };
  const auto add = [&](const Transport& transport) {
    if (transport.receive) {
      for (const PublishedTrack* track : transport.receive->tracks) {
        if (full(out.tracks)) break;
        out.tracks.push_back(track->statistics(now));
      }
    }
    if (!transport.send) return;
    for (const SubscribedTrack* subscription : transport.send->tracks) {
      if (full(out.subscriptions)) break;
      out.subscriptions.push_back(statistics_of(now, *subscription));
    }
    if (transport.send->path && !full(out.paths)) {
      out.paths.push_back(transport.send->path->statistics());
    }
  };
  if (transports.empty()) {
    out.tracks.reserve(std::min(tracks_.size(), kMaxSnapshot));
    out.subscriptions.reserve(std::min(subscriptions_.size(), kMaxSnapshot));
    out.paths.reserve(std::min(transports_.size(), kMaxSnapshot));
    for (const auto& [id, transport] : transports_) add(*transport);
  } else {
    for (const TransportId id : transports) {
      const auto it = transports_.find(id);
      if (it != transports_.end()) add(*it->second);
    }
  }
  return out;
}

}  // namespace turms::sfu

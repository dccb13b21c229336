#include "sfu/bandwidth_allocator.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace turms::sfu {

namespace {

constexpr uint32_t k720p = 1280 * 720;
constexpr uint32_t k360p = 640 * 360;
constexpr uint32_t kAnyPixels = std::numeric_limits<uint32_t>::max();

bool within(TimePoint now, TimePoint since, Duration window) {
  return since != kNever && now - since < window;
}

}  // namespace

void BandwidthAllocator::update_generations(TimePoint now, uint64_t target) {
  if (generation_since_ == kNever) {
    generation_since_ = now;
    generation_ = generation_before_ = target;
  } else if (now - generation_since_ >= kGeneration) {
    // After a long pause both are over.
    generation_before_ = now - generation_since_ < 2 * kGeneration ? generation_ : target;
    generation_ = target;
    generation_since_ = now;
  }
  generation_ = std::min(generation_, target);
}

/// Ascending in cost and falling in utility for each bit: what lies below the hull is never worth
/// its bits.
void BandwidthAllocator::make_points(Candidate& candidate) const {
  const BandwidthDemand& d = *candidate.demand;
  std::array<Point, kMaxPoints> all;
  int count = 0;
  int layers = std::min(d.layer_count, kMaxSpatialLayers);
  int temporals = std::clamp(d.temporal_count, 1, kMaxTemporalLayers);
  for (int s = 0; s < layers && s <= d.request.max_spatial; ++s) {
    if ((d.active_layers >> s & 1) == 0) continue;
    auto index = static_cast<size_t>(s);
    uint32_t pixels = d.pixels[index] != 0 ? d.pixels[index] : k720p >> 2 * (layers - 1 - s);
    uint32_t seen = d.tile_pixels == 0 ? pixels : std::min(pixels, d.tile_pixels);
    for (int t = 0; t < temporals && t <= std::max(d.request.max_temporal, 0); ++t) {
      // Half the frames are worth three quarters of the picture; a screen lives on sharpness.
      double frames = std::pow(d.screen_share ? 0.9 : 0.75, temporals - 1 - t);
      all[static_cast<size_t>(count++)] = {static_cast<int8_t>(s), static_cast<int8_t>(t),
                                           d.bits_per_second[index][static_cast<size_t>(t)], pixels,
                                           std::sqrt(static_cast<double>(seen)) * frames};
    }
  }
  std::sort(all.begin(), all.begin() + count, [](const Point& a, const Point& b) {
    return a.bps != b.bps ? a.bps < b.bps : a.utility > b.utility;
  });
  for (int i = 0; i < count; ++i) {
    const Point& point = all[static_cast<size_t>(i)];
    auto& hull = candidate.points;
    auto at = [&](int n) -> Point& { return hull[static_cast<size_t>(n)]; };
    if (candidate.count > 0 && point.utility <= at(candidate.count - 1).utility) continue;
    while (candidate.count >= 2) {
      const Point& a = at(candidate.count - 2);
      const Point& b = at(candidate.count - 1);
      bool below = (b.utility - a.utility) * (point.bps - a.bps) <=
                   (point.utility - a.utility) * (b.bps - a.bps);
      if (!below) break;
      --candidate.count;
    }
    at(candidate.count++) = point;
  }
  const Memory& m = *candidate.memory;
  for (int i = 0; i < candidate.count; ++i) {
    const Point& p = candidate.points[static_cast<size_t>(i)];
    bool not_above = p.spatial < m.spatial || (p.spatial == m.spatial && p.temporal <= m.temporal);
    if (not_above) candidate.before = i;
  }
}

bool BandwidthAllocator::may_rise(TimePoint now, const Candidate& candidate, uint64_t total) const {
  const Memory& m = *candidate.memory;
  uint64_t limit = std::max(rise_, proven_);
  bool resumes = m.paused && candidate.chosen < 0;
  if (resumes) {
    if (m.flapped && within(now, m.paused_at, kFlapWindow)) return false;
    uint64_t cost = candidate.points[0].bps;
    return total + std::max(cost / 10, kResumeMargin) <= limit;
  }
  if (total > limit) return false;
  if (m.failures >= kFailures && within(now, m.failed_at, kFailurePenalty)) return false;
  if (!within(now, m.failed_at, kDowngradeMemory)) return true;
  return static_cast<double>(total) * kProofMargin <= static_cast<double>(proven_);
}

/// The next point of the candidate, if it may have it.
bool BandwidthAllocator::take(TimePoint now, Candidate& candidate) {
  int next = candidate.chosen + 1;
  if (candidate.closed || next >= candidate.count) return false;
  uint32_t had =
      candidate.chosen < 0 ? 0 : candidate.points[static_cast<size_t>(candidate.chosen)].bps;
  uint64_t total = allocated_ + candidate.points[static_cast<size_t>(next)].bps - had;
  bool kept = next <= candidate.before;
  bool fits = kept ? total <= keep_ : may_rise(now, candidate, total);
  if (kept && next == 0) {
    Memory& m = *candidate.memory;
    if (fits) {
      m.unfit_since = kNever;
    } else {
      if (m.unfit_since == kNever) m.unfit_since = now;
      fits = now - m.unfit_since < kPauseAfter;  // a dip is better ridden out than seen
      candidate.closed = true;                   // and no more than that
    }
  }
  if (!fits) {
    candidate.closed = true;
    return false;
  }
  candidate.chosen = next;
  allocated_ = total;
  return true;
}

void BandwidthAllocator::bases(TimePoint now, bool screen_share, bool stage) {
  for (bool kept : {true, false}) {
    for (Candidate& c : candidates_) {
      if (c.demand->screen_share != screen_share || c.chosen >= 0) continue;
      if (!screen_share && c.demand->stage != stage) continue;
      if ((c.before >= 0) == kept) take(now, c);
    }
  }
}

void BandwidthAllocator::fill(TimePoint now, bool screen_share, bool stage, uint32_t max_pixels) {
  for (Candidate& c : candidates_) {
    if (c.demand->screen_share != screen_share || c.chosen < 0) continue;
    if (!screen_share && c.demand->stage != stage) continue;
    while (c.chosen + 1 < c.count &&
           c.points[static_cast<size_t>(c.chosen + 1)].pixels <= max_pixels && take(now, c)) {
    }
  }
}

/// By utility for each bit. `kept_only`: only up to what was sent before, so that nobody's upgrade
/// takes what another has.
void BandwidthAllocator::share_rest(TimePoint now, bool kept_only) {
  heap_.clear();
  auto push = [&](uint32_t index) {
    const Candidate& c = candidates_[index];
    int next = c.chosen + 1;
    if (c.closed || c.chosen < 0 || next >= c.count || (kept_only && next > c.before)) return;
    const Point& from = c.points[static_cast<size_t>(c.chosen)];
    const Point& to = c.points[static_cast<size_t>(next)];
    double area = c.demand->tile_pixels == 0 ? k360p : c.demand->tile_pixels;
    double gradient = (to.utility - from.utility) * area * c.demand->weight /
                      std::max<double>(to.bps - from.bps, 1);
    heap_.emplace_back(gradient, std::numeric_limits<uint32_t>::max() - index);
    std::push_heap(heap_.begin(), heap_.end());
  };
  for (uint32_t i = 0; i < candidates_.size(); ++i) push(i);
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end());
    uint32_t index = std::numeric_limits<uint32_t>::max() - heap_.back().second;
    heap_.pop_back();
    if (take(now, candidates_[index])) push(index);
  }
}

std::span<const BandwidthDecision> BandwidthAllocator::allocate(
    TimePoint now, std::span<const BandwidthDemand> demands, const Bandwidth& bandwidth) {
  update_generations(now, bandwidth.target_bps);
  bool fresh = bandwidth.proven_bps != 0 && now - bandwidth.proven_at <= kProof;
  proven_ = fresh ? bandwidth.proven_bps : 0;
  rise_ =
      static_cast<uint64_t>(kFill * static_cast<double>(std::min(generation_, generation_before_)));

  candidates_.clear();
  decisions_.assign(demands.size(), {});
  uint64_t sound = 0;
  uint64_t before = 0;
  for (size_t i = 0; i < demands.size(); ++i) {
    const BandwidthDemand& demand = demands[i];
    decisions_[i].layers.subscription = demand.subscription;
    if (demand.kind == rtc::MediaKind::kAudio) {
      if (demand.request.paused) continue;
      decisions_[i].layers.spatial = 0;
      sound += demand.bits_per_second[0][0];
      continue;
    }
    if (demand.request.paused || demand.hidden) {
      memory_.erase(demand.subscription);
      continue;
    }
    Candidate& c = candidates_.emplace_back();
    c.demand = &demand;
    c.memory = &memory_[demand.subscription];
    make_points(c);
    if (c.before >= 0) before += c.points[static_cast<size_t>(c.before)].bps;
  }
  allocated_ = sound;
  bool fits = sound + before <= bandwidth.target_bps;
  keep_ = fits ? bandwidth.target_bps
               : static_cast<uint64_t>(kFill * static_cast<double>(bandwidth.target_bps));

  bases(now, true, false);
  bases(now, false, true);
  bases(now, false, false);
  fill(now, true, false, kAnyPixels);
  fill(now, false, true, k360p);
  share_rest(now, true);
  for (Candidate& c : candidates_) c.closed = c.closed && c.chosen < c.before;
  share_rest(now, false);

  size_t next = 0;
  for (BandwidthDecision& decision : decisions_) {
    if (next == candidates_.size()) break;
    Candidate& c = candidates_[next];
    if (c.demand->subscription != decision.layers.subscription) continue;
    decide(now, c, decision);
    ++next;
  }
  return decisions_;
}

void BandwidthAllocator::decide(TimePoint now, Candidate& c, BandwidthDecision& decision) {
  Memory& m = *c.memory;
  if (c.chosen >= 0) {
    const Point& p = c.points[static_cast<size_t>(c.chosen)];
    decision.layers.spatial = p.spatial;
    decision.layers.temporal = p.temporal;
  }
  decision.paused = c.chosen < 0 && c.count > 0;
  if (c.chosen < c.before) {
    m.failures = within(now, m.failed_at, kFailurePenalty) ? m.failures + 1 : 1;
    m.failed_at = now;
  }
  if (decision.paused && !m.paused) {
    m.flapped = within(now, m.paused_at, kFlapWindow) || within(now, m.resumed_at, kFlapWindow);
    m.paused_at = now;
    m.unfit_since = kNever;
  } else if (m.paused && !decision.paused) {
    m.resumed_at = now;
  }
  m.paused = decision.paused;
  m.spatial = static_cast<int8_t>(decision.layers.spatial);
  m.temporal = static_cast<int8_t>(decision.layers.temporal);
}

}  // namespace turms::sfu

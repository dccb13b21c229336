#include "sfu/bandwidth_allocator.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace turms::sfu {

namespace {

constexpr uint32_t k720p = 1280 * 720;
constexpr uint32_t k360p = 640 * 360;
/// What half the frames are worth. A screen lives on sharpness.
constexpr double kHalfTheFrames = 0.6;
constexpr double kHalfTheFramesOfAScreen = 0.9;
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

/// Ascending in cost and in utility: what costs more and shows less is never worth it.
void BandwidthAllocator::make_points(Candidate& candidate) const {
  const LayerDemand& d = *candidate.demand;
  const Memory& m = *candidate.memory;
  std::array<Point, kMaxPoints> all;
  int count = 0;
  int layers = std::min(d.layer_count, kMaxSpatialLayers);
  int temporals = std::clamp(d.temporal_count, 1, kMaxTemporalLayers);
  int top = std::clamp(d.request.max_spatial, 0, layers - 1);
  unsigned active = d.active_layers;
  // A large picture beats none.
  if (unsigned at_most = (2U << top) - 1; (active & at_most) == 0 && active != 0) {
    top = std::countr_zero(active);
  }
  uint32_t had = 0;  // what is sent now costs
  for (int s = 0; s <= top; ++s) {
    if ((active >> s & 1) == 0) continue;
    auto index = static_cast<size_t>(s);
    uint32_t pixels = d.pixels[index] != 0 ? d.pixels[index] : k720p >> 2 * (layers - 1 - s);
    uint32_t tile = d.request.tile_pixels;
    uint32_t seen = tile == 0 ? pixels : std::min(pixels, tile);
    double sharpness = std::sqrt(static_cast<double>(seen));
    if (s == m.spatial) sharpness *= kSwitchWorth;
    for (int t = 0; t < temporals && t <= std::max(d.request.max_temporal, 0); ++t) {
      double frames =
          std::pow(d.screen_share ? kHalfTheFramesOfAScreen : kHalfTheFrames, temporals - 1 - t);
      uint32_t bps = d.bits_per_second[index][static_cast<size_t>(t)];
      if (s < m.spatial || (s == m.spatial && t <= m.temporal)) had = std::max(had, bps);
      all[static_cast<size_t>(count++)] = {static_cast<int8_t>(s), static_cast<int8_t>(t), bps,
                                           pixels, sharpness * frames};
    }
  }
  // No layer is begun at its lowest frame rate, or to save bits.
  const auto is_odd = [&](const Point& p) {
    if (p.spatial <= std::max<int>(m.spatial, std::countr_zero(active))) return false;
    return p.bps <= had || (!d.screen_share && temporals > 2 && p.temporal == 0);
  };
  count = static_cast<int>(std::remove_if(all.begin(), all.begin() + count, is_odd) - all.begin());
  std::sort(all.begin(), all.begin() + count, [](const Point& a, const Point& b) {
    return a.bps != b.bps ? a.bps < b.bps : a.utility > b.utility;
  });
  for (int i = 0; i < count; ++i) {
    const Point& point = all[static_cast<size_t>(i)];
    auto next = static_cast<size_t>(candidate.count);
    if (next > 0 && point.utility <= candidate.points[next - 1].utility) continue;
    candidate.points[next] = point;
    ++candidate.count;
  }
  auto points = std::span(candidate.points).first(static_cast<size_t>(candidate.count));
  for (size_t i = 0; i < points.size(); ++i) {
    if (m.spatial >= 0 && points[i].bps <= had) candidate.before = static_cast<int>(i);
    for (size_t j = i + 1; j < points.size(); ++j) {
      double bits = std::max<double>(points[j].bps - points[i].bps, 1);
      points[i].slope = std::max(points[i].slope, (points[j].utility - points[i].utility) / bits);
    }
  }
}

Duration BandwidthAllocator::failure_penalty(int failures) {
  return std::min<Duration>(kFirstPenalty * (1 << std::min(failures - 1, 8)), kMaxPenalty);
}

Duration BandwidthAllocator::misled_penalty(int misled) {
  return std::min<Duration>(kMisledPenalty * (1 << std::min(misled - kMisled, 8)),
                            kMaxMisledPenalty);
}

bool BandwidthAllocator::may_rise(TimePoint now, const Candidate& candidate, uint64_t total) {
  const Memory& m = *candidate.memory;
  uint64_t limit = std::max(rise_, proven_);
  bool resumes = m.paused && candidate.chosen < 0;
  if (resumes) {
    uint64_t cost = candidate.points[0].bps;
    const bool plenty = total + cost <= limit;
    if (m.flapped && !plenty && within(now, m.paused_at, kFlapWindow)) return false;
    return total + std::max(cost / 10, kResumeMargin) <= limit;
  }
  if (unknown_ && candidate.chosen >= 0) return false;
  auto next = static_cast<size_t>(candidate.chosen + 1);
  const Point& point = candidate.points[next];
  const auto layer = static_cast<size_t>(point.spatial);
  double peak = point.bps * static_cast<double>(candidate.demand->peak[layer] - 1);
  const uint64_t dearest = total + static_cast<uint64_t>(peak);
  if (dearest <= tried_) return true;
  const double little = kCrowdShare * static_cast<double>(proven_);
  if (crowded_ && static_cast<double>(dearest) <= little) return true;
  const bool misled = m.misled >= kMisled && within(now, m.failed_at, misled_penalty(m.misled));
  if (misled || crowded_) {
    if (doubted_ == 0 || dearest < doubted_) doubted_ = dearest;
    return false;
  }
  if (dearest > limit) return false;
  bool again = m.failures > 0 && within(now, m.failed_at, failure_penalty(m.failures));
  if (!again && !within(now, m.failed_at, kDowngradeMemory)) return true;
  double margin = again ? kProofMarginAgain : kProofMargin;
  return static_cast<double>(total) * margin <= static_cast<double>(proven_);
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
  if (next == 0 && bases_always_) {
    candidate.closed = !fits;  // and no more than that
    fits = true;
  } else if (kept && next == 0) {
    Memory& m = *candidate.memory;
    if (fits) {
      m.unfit_since = kNever;
    } else {
      if (m.unfit_since == kNever) m.unfit_since = now;
      fits = calm_ || now - m.unfit_since < kPauseAfter;  // a dip is better ridden out than seen
      candidate.closed = true;                            // and no more than that
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
    double area = c.demand->request.tile_pixels == 0 ? k360p : c.demand->request.tile_pixels;
    double gradient = c.points[static_cast<size_t>(c.chosen)].slope * area;
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

std::span<const LayerDecision> BandwidthAllocator::allocate(TimePoint now,
                                                            std::span<const LayerDemand> demands,
                                                            const Bandwidth& bandwidth) {
  update_generations(now, bandwidth.target_bps);
  bool fresh = bandwidth.proven_bps != 0 && now - bandwidth.proven_at <= kProof;
  proven_ = fresh ? bandwidth.proven_bps : 0;
  const bool tried = bandwidth.tried_bps != 0 && now - bandwidth.tried_at <= kProof;
  tried_ = tried ? bandwidth.tried_bps : 0;
  doubted_ = 0;
  crowded_ = bandwidth.crowded;
  rise_ =
      static_cast<uint64_t>(kFill * static_cast<double>(std::min(generation_, generation_before_)));

  candidates_.clear();
  decisions_.assign(demands.size(), {});
  bases_always_ = bandwidth.bases_always;
  unknown_ = bandwidth.unknown;
  calm_ = bandwidth.calm;
  uint64_t sound = bandwidth.audio_bps;
  uint64_t before = 0;
  for (size_t i = 0; i < demands.size(); ++i) {
    const LayerDemand& demand = demands[i];
    decisions_[i].subscription = demand.subscription;
    if (demand.request.paused) {
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
  keep_ = bandwidth.target_bps + bandwidth.slack_bps;
  if (sound + before > keep_) {
    keep_ = static_cast<uint64_t>(kFill * static_cast<double>(bandwidth.target_bps));
  }

  bases(now, true, false);
  bases(now, false, true);
  bases(now, false, false);
  fill(now, true, false, kAnyPixels);
  fill(now, false, true, k360p);
  share_rest(now, true);
  for (Candidate& c : candidates_) c.closed = c.closed && c.chosen < c.before;
  share_rest(now, false);

  size_t next = 0;
  for (LayerDecision& decision : decisions_) {
    if (next == candidates_.size()) break;
    Candidate& c = candidates_[next];
    if (c.demand->subscription != decision.subscription) continue;
    decide(now, c, decision);
    ++next;
  }
  sum_up(sound);
  return decisions_;
}

void BandwidthAllocator::sum_up(uint64_t sound) {
  wanted_ = sound;
  next_step_ = 0;
  for (const Candidate& c : candidates_) {
    if (c.count == 0) continue;
    wanted_ += c.points[static_cast<size_t>(c.count - 1)].bps;
    if (c.chosen + 1 >= c.count) continue;
    uint64_t had = c.chosen < 0 ? 0 : c.points[static_cast<size_t>(c.chosen)].bps;
    uint64_t step = allocated_ + c.points[static_cast<size_t>(c.chosen + 1)].bps - had;
    if (next_step_ == 0 || step < next_step_) next_step_ = step;
  }
}

void BandwidthAllocator::decide(TimePoint now, Candidate& c, LayerDecision& decision) {
  Memory& m = *c.memory;
  if (c.chosen >= 0) {
    const Point& p = c.points[static_cast<size_t>(c.chosen)];
    decision.spatial = p.spatial;
    decision.temporal = p.temporal;
  }
  decision.paused = c.chosen < 0 && c.count > 0;
  const auto rank = [](int spatial, int temporal) {
    return spatial * kMaxTemporalLayers + temporal;
  };
  int had = m.spatial < 0 ? -1 : rank(m.spatial, m.temporal);
  int has = decision.spatial < 0 ? -1 : rank(decision.spatial, decision.temporal);
  if (has < had && c.chosen < c.before) {
    bool soon = within(now, m.rose_at, kFailureWindow);
    m.failures = soon ? m.failures + 1 : within(now, m.failed_at, kMaxPenalty) ? m.failures : 0;
    if (soon && m.rose_well_proven) {
      ++m.misled;
    } else if (!soon && m.rose_at != kNever) {
      m.misled = 0;  // it had lasted
    }
    m.failed_at = now;
    m.rose_at = kNever;
  } else if (has > had) {
    m.rose_at = now;
    m.rose_well_proven =
        static_cast<double>(proven_) >= kWellProven * static_cast<double>(allocated_);
  }
  if (decision.paused && !m.paused) {
    m.flapped = within(now, m.paused_at, kFlapWindow) || within(now, m.resumed_at, kFlapWindow);
    m.paused_at = now;
    m.unfit_since = kNever;
  } else if (m.paused && !decision.paused) {
    m.resumed_at = now;
  }
  m.paused = decision.paused;
  m.spatial = static_cast<int8_t>(decision.spatial);
  m.temporal = static_cast<int8_t>(decision.temporal);
}

}  // namespace turms::sfu

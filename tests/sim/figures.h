#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "sfu/layer_policy.h"
#include "sim/model_receiver.h"

namespace turms::sim {

// What viewers of synthetic simulcast had, and the most that the capacity of their link allows.

/// Of the synthetic cameras, by layer.
inline constexpr std::array<uint64_t, 3> kLayerRates = {150'000, 500'000, 1'700'000};
inline constexpr std::array<uint32_t, 3> kLayerPixels = {320 * 180, 640 * 360, 1280 * 720};

/// What a viewer asks for.
struct Wish {
  int tiles = 1;    // videos; the first one is on the stage, the others at the lowest layer
  int largest = 2;  // layer of the first one
  bool sound = true;
};

/// Of the capacity a twentieth stays free.
inline constexpr double kUsable = 0.95;
inline constexpr uint64_t kSoundRate = 60'000;  // with headers

/// The best choice of layers at a capacity, by the server's own order of classes: it knows the
/// capacity, which the server has to find out.
std::vector<sfu::LayerDecision> best_layers(const Wish& wish, uint64_t capacity);
/// The least capacity that carries all of it.
uint64_t wanted_capacity(const Wish& wish);
/// What each of several that share a capacity may have of it, in the order of what they want: all
/// the same, but nobody more than wanted, which leaves more for the others (max-min).
std::vector<uint64_t> fair_shares(uint64_t capacity, const std::vector<uint64_t>& wanted);
/// Jain's index: 1 when all are equal, 1/n when one has everything (RFC 8868 section 3.2).
double fairness_of(const std::vector<uint64_t>& rates);

/// What a viewer has of a tile, as the server reckons: half the frames are worth 0.6.
double utility_of(int layer, double frames_per_second);
double utility_of(const std::vector<sfu::LayerDecision>& decisions);

/// Decoded frames of one receiver in a second: the layer most of them had, and how many.
struct Second {
  int layer = -1;
  int frames = 0;
};
std::vector<Second> seconds_of(const ModelReceiver& receiver, TimePoint start, Duration length);

/// A time in which nothing was asked for.
struct Hidden {
  TimePoint from{};
  TimePoint to{};
};
struct Freezes {
  Duration total{};
  Duration longest{};
};
/// As a viewer sees them, of pictures shown from `from` on.
Freezes freezes_of(const ModelReceiver& receiver, TimePoint from, const Hidden& hidden = {});
/// Of the layer seen, between two times.
double switches_per_minute(const ModelReceiver& receiver, TimePoint from, TimePoint to);
/// Of packets with these sequence numbers, which came in about that order.
double lost_share(const std::vector<uint16_t>& sequences);

Duration percentile(std::vector<Duration> values, double share);

}  // namespace turms::sim

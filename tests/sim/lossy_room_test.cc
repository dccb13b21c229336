// One publisher with three simulcast layers, five subscribers, 5 % loss both ways.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/seeds.h"
#include "sim/world.h"

namespace turms::sim {
namespace {

constexpr Duration kRun = 6s;
/// From capture to decoding: what a receiver waits at most for the rest of a frame, and what the
/// first leg may have cost before.
constexpr Duration kPlayoutBound = ModelReceiver::kPatience + 300ms;

/// Frames of higher temporal layers that a receiver may have waited for in vain (three copies lost
/// in a row): it goes on without them and without a key frame.
constexpr int kMaxAbandoned = 2;

struct Result {
  uint64_t hash = 0;
  std::vector<std::string> faults;
  std::string summary;
};

LinkConfig lossy() {
  LinkConfig link;
  link.delay = 20ms;
  link.jitter = 8ms;
  link.loss = 0.05;
  link.reorder = 0.01;
  link.duplicate = 0.005;
  return link;
}

/// Every frame of its layer in time, or a key frame after a gap. Returns how many frames were left
/// out on the way to a key frame.
size_t judge_frames(Client& publisher, const ModelReceiver& receiver, int max_temporal,
                    TimePoint end, std::vector<std::string>& faults) {
  // Is there a frame between that should have been shown?
  auto wanted_between = [&](const Truth& a, const Truth& b) {
    const auto& frames = publisher.layers()[a.layer]->frames();
    return std::any_of(frames.begin() + a.frame + 1, frames.begin() + b.frame,
                       [&](const Truth& t) { return t.temporal <= max_temporal; });
  };
  auto fault = [&](std::string what) { faults.push_back(std::move(what)); };
  for (const auto& f : receiver.faults()) fault(f);
  const auto& decoded = receiver.decoded();
  if (decoded.empty()) {
    fault("nothing was decoded");
    return 0;
  }
  size_t left_out = 0;
  int abandoned = 0;
  for (size_t i = 1; i < decoded.size(); ++i) {
    const Truth& before = decoded[i - 1].truth;
    const Truth& truth = decoded[i].truth;
    auto name = fmt::format("layer {} frame {} (T{})", truth.layer, truth.frame, truth.temporal);
    if (decoded[i].latency() > kPlayoutBound) {
      fault(fmt::format("{} took {} ms", name, to_ms(decoded[i].latency())));
    }
    if (truth.key) {
      left_out += truth.layer == before.layer ? truth.frame - before.frame - 1 : 0;
    } else if (wanted_between(before, truth) && ++abandoned > kMaxAbandoned) {
      fault(fmt::format("{} comes after frame {}", name, before.frame));
    }
  }
  // What has had its time is there.
  const Truth& last = decoded.back().truth;
  const auto& frames = publisher.layers()[last.layer]->frames();
  for (size_t i = last.frame + 1; i < frames.size(); ++i) {
    Duration age = end.time_since_epoch() - std::chrono::microseconds(frames[i].captured_us);
    if (age > kPlayoutBound && frames[i].temporal <= max_temporal) {
      fault(fmt::format("layer {} frame {} never came", last.layer, i));
      break;
    }
  }
  return left_out;
}

Result run(uint64_t seed, bool encrypted, size_t parts = 1) {
  WorldConfig config;
  config.parts = parts;
  config.seed = seed;
  config.up = config.down = lossy();
  config.encrypted = encrypted;
  World world(config);
  Client& publisher = world.add_client();
  sfu::TrackId track = publisher.publish_video();
  std::vector<ModelReceiver*> receivers;
  std::vector<Client*> subscribers;
  const sfu::LayerRequest requests[] = {
      {false, 0, 3}, {false, 1, 3}, {false, 2, 3}, {false, 2, 1}, {false, 1, 0}};
  for (const auto& request : requests) {
    Client& subscriber = world.add_client();
    receivers.push_back(&subscriber.subscribe_video(track, request));
    subscribers.push_back(&subscriber);
  }
  world.run_for(kRun);

  Result result;
  result.faults = world.check().faults();
  for (size_t i = 0; i < receivers.size(); ++i) {
    size_t left_out = judge_frames(publisher, *receivers[i], requests[i].max_temporal, world.now(),
                                   result.faults);
    auto& r = *receivers[i];
    size_t key = 0;
    for (auto& d : r.decoded()) key += d.truth.key;
    result.summary += fmt::format(
        "  layer {}: decoded {} ({} key), gaps {}, plis {}, repaired {}, nacks {}, fillers {} left "
        "out {} last layer {}\n",
        requests[i].max_spatial, r.decoded().size(), key, r.gaps(), r.key_frame_requests(),
        r.repaired(), r.nacks(), r.fillers(), left_out,
        r.decoded().empty() ? -1 : r.decoded().back().truth.layer);
  }
  const auto& c = world.room().counters();
  result.summary += fmt::format(
      "  received {} forwarded {} resent {} duplicate {} unknown {} malformed {} switches {} holes "
      "{} "
      "pli up {} feedback {} lost {} key frames {} {} {}\n",
      c.received_packets, c.forwarded_packets, c.retransmitted_packets, c.duplicate, c.unknown_ssrc,
      c.malformed_rtp, world.check().switches(), world.check().holes(), world.key_frame_requests,
      publisher.feedback_messages(), publisher.feedback_lost(), publisher.layers()[0]->key_frames(),
      publisher.layers()[1]->key_frames(), publisher.layers()[2]->key_frames());
  result.hash = world.simulation().trace_hash();
  return result;
}

TEST(LossyRoom, EveryFrameArrivesOrAKeyFrameFollows) {
  for (uint64_t seed : seeds(200)) {
    Result result = run(seed, false);
    for (auto& f : result.faults) ADD_FAILURE() << replay_hint(seed) << ": " << f;
    if (!result.faults.empty()) fmt::print("seed {}\n{}", seed, result.summary);
  }
}

/// The publisher and half of the subscribers on one worker, the others on a second one.
TEST(LossyRoom, EveryFrameArrivesOverTwoWorkers) {
  for (uint64_t seed : seeds(200)) {
    Result result = run(seed, seed % 8 == 0, 2);
    for (auto& f : result.faults) ADD_FAILURE() << replay_hint(seed) << ": " << f;
    if (!result.faults.empty()) fmt::print("seed {}\n{}", seed, result.summary);
  }
}

/// The same with real peers: ICE, DTLS and SRTP over the same network.
TEST(LossyRoom, EveryFrameArrivesEncrypted) {
  for (uint64_t seed : seeds(50)) {
    Result result = run(seed, true);
    for (auto& f : result.faults) ADD_FAILURE() << replay_hint(seed) << ": " << f;
    if (!result.faults.empty()) fmt::print("seed {}\n{}", seed, result.summary);
  }
}

TEST(LossyRoom, EqualSeedsRunAlike) {
  for (uint64_t seed : seeds(3)) {
    EXPECT_EQ(run(seed, false).hash, run(seed, false).hash) << replay_hint(seed);
    EXPECT_EQ(run(seed, true).hash, run(seed, true).hash) << replay_hint(seed);
    EXPECT_EQ(run(seed, false, 2).hash, run(seed, false, 2).hash) << replay_hint(seed);
    EXPECT_NE(run(seed, false).hash, run(seed + 1000, false).hash) << replay_hint(seed);
  }
}

}  // namespace
}  // namespace turms::sim

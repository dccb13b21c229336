// One publisher with three simulcast layers, five subscribers, 5 % loss both ways.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/seeds.h"
#include "sim/world.h"

namespace turms::sim {
namespace {

constexpr Duration kRun = 6s;
/// From capture to decoding, repair on both legs included.
constexpr Duration kPlayoutBound = 600ms;

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
size_t judge_frames(Client& publisher, const ModelReceiver& receiver, TimePoint end,
                    std::vector<std::string>& faults) {
  auto fault = [&](std::string what) { faults.push_back(std::move(what)); };
  for (const auto& f : receiver.faults()) fault(f);
  const auto& decoded = receiver.decoded();
  if (decoded.empty()) {
    fault("nothing was decoded");
    return 0;
  }
  size_t left_out = 0;
  for (size_t i = 1; i < decoded.size(); ++i) {
    const Truth& before = decoded[i - 1].truth;
    const Truth& truth = decoded[i].truth;
    auto name = fmt::format("layer {} frame {} (T{})", truth.layer, truth.frame, truth.temporal);
    if (decoded[i].latency() > kPlayoutBound) {
      fault(fmt::format("{} took {} ms", name, to_ms(decoded[i].latency())));
    }
    if (truth.key) {
      left_out += truth.layer == before.layer ? truth.frame - before.frame - 1 : 0;
    } else if (truth.frame != before.frame + 1) {
      fault(fmt::format("{} comes after frame {}", name, before.frame));
    }
  }
  // What has had its time is there.
  const Truth& last = decoded.back().truth;
  const auto& frames = publisher.layers()[last.layer]->frames();
  for (size_t i = last.frame + 1; i < frames.size(); ++i) {
    Duration age = end.time_since_epoch() - std::chrono::microseconds(frames[i].captured_us);
    if (age > kPlayoutBound) {
      fault(fmt::format("layer {} frame {} never came", last.layer, i));
      break;
    }
  }
  return left_out;
}

Result run(uint64_t seed, bool encrypted) {
  WorldConfig config;
  config.seed = seed;
  config.up = config.down = lossy();
  config.encrypted = encrypted;
  World world(config);
  Client& publisher = world.add_client();
  sfu::TrackId track = publisher.publish_video();
  std::vector<ModelReceiver*> receivers;
  std::vector<Client*> subscribers;
  const int layers[] = {0, 1, 2, 2, 0};
  for (int layer : layers) {
    Client& subscriber = world.add_client();
    sfu::LayerRequest request;
    request.max_spatial = layer;
    receivers.push_back(&subscriber.subscribe_video(track, request));
    subscribers.push_back(&subscriber);
  }
  world.run_for(kRun);

  Result result;
  result.faults = world.check().faults();
  for (size_t i = 0; i < receivers.size(); ++i) {
    size_t left_out = judge_frames(publisher, *receivers[i], world.now(), result.faults);
    auto& r = *receivers[i];
    size_t key = 0;
    for (auto& d : r.decoded()) key += d.truth.key;
    result.summary += fmt::format(
        "  layer {}: decoded {} ({} key), gaps {}, plis {}, repaired {}, nacks {}, fillers {} left "
        "out {} last layer {}\n",
        layers[i], r.decoded().size(), key, r.gaps(), r.key_frame_requests(), r.repaired(),
        r.nacks(), r.fillers(), left_out,
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

TEST(LossyRoom, Plain) {
  for (uint64_t seed : seeds(3)) {
    Result result = run(seed, false);
    for (auto& f : result.faults) ADD_FAILURE() << replay_hint(seed) << ": " << f;
    fmt::print("seed {}\n{}", seed, result.summary);
  }
}

}  // namespace
}  // namespace turms::sim

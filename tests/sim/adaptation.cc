#include "sim/adaptation.h"

#include <algorithm>

#include "sim/figures.h"
#include "sim/tcp_flow.h"
#include "sim/world.h"

namespace turms::sim {

namespace {

constexpr Duration kSample = 20ms;

const PathStep& step_at(const AdaptationPlan& plan, Duration at) {
  const PathStep* current = &plan.path.front();
  for (const PathStep& step : plan.path) {
    if (step.at <= at) current = &step;
  }
  return *current;
}

uint64_t capacity_at(const AdaptationPlan& plan, Duration at) {
  const PathStep& step = step_at(plan, at);
  if (step.loss >= 1) return 0;
  uint64_t capacity = step.bits_per_second;
  if (step.policer != 0) capacity = std::min(capacity, step.policer);
  bool shared = plan.cross_traffic > 0 && at >= plan.cross_from && at < plan.cross_to;
  return shared ? capacity - std::min(plan.cross_traffic, capacity / 2) : capacity;
}

Wish wish_of(const AdaptationPlan& plan) {
  return {.tiles = plan.tiles, .largest = plan.largest, .sound = plan.sound};
}

/// The chance of a packet to begin a burst, so that such a share of all is lost.
double burst_start(double share, double length) {
  return share / (1 - share) / length;
}

bool is_hidden(const AdaptationPlan& plan, Duration at) {
  return at >= plan.hidden_from && at < plan.hidden_to;
}

}  // namespace

AdaptationFigures run_adaptation(const AdaptationPlan& plan, uint64_t seed) {
  WorldConfig config;
  config.seed = seed;
  config.up.delay = config.down.delay = 10ms;
  config.follows_bandwidth = true;
  World world(config);

  std::vector<Client*> publishers;
  std::vector<sfu::TrackId> tracks;
  sfu::TrackId sound;
  for (int i = 0; i < plan.tiles; ++i) {
    Client& publisher = world.add_client();
    publishers.push_back(&publisher);
    tracks.push_back(publisher.publish_video({kLayerRates.begin(), kLayerRates.end()}));
    if (i == 0 && plan.sound) {
      sound = publisher.publish_audio();
      publisher.audio().level = 30;
    }
  }
  world.run_for(2s);  // the encoders are at work

  LinkConfig down;
  down.queue_time = plan.queue;
  down.aqm_target = plan.aqm;
  down.jitter = plan.jitter;
  LinkConfig up;
  const auto apply = [&](const PathStep& step, Client* client) {
    down.bits_per_second = step.bits_per_second;
    down.delay = up.delay = step.delay;
    down.loss = step.loss;
    up.loss = std::max(step.loss, step.back_loss);
    up.bits_per_second = step.back;
    down.policer_bits_per_second = step.policer;
    down.hold = step.hold;
    down.burst_start =
        step.bursts > 0 ? burst_start(step.bursts, down.burst_length) : plan.burst_start;
    up.burst_start = burst_start(step.back_bursts, up.burst_length);
    if (client == nullptr) return;
    client->down().set_config(down);
    client->up().set_config(up);
  };
  apply(plan.path.front(), nullptr);
  Client& viewer = world.add_client(up, down);
  viewer.set_clock_skew(plan.clock_ppm);
  const TimePoint start = world.now();
  for (const PathStep& step : plan.path) {
    world.simulation().at(start + step.at, [&, step] { apply(step, &viewer); });
  }
  const auto request_of = [&](int tile) {
    sfu::LayerRequest request;
    request.max_spatial = tile == 0 ? plan.largest : 0;
    request.tile_pixels = kLayerPixels[tile == 0 ? static_cast<size_t>(plan.largest) : 0];
    request.pinned = tile == 0 && plan.tiles > 1;
    return request;
  };
  std::vector<ModelReceiver*> receivers;
  for (int i = 0; i < plan.tiles; ++i) {
    receivers.push_back(&viewer.subscribe_video(tracks[static_cast<size_t>(i)], request_of(i)));
  }
  if (plan.sound) viewer.subscribe_audio(sound);

  const auto show = [&](bool shown) {
    for (Client* publisher : publishers) {
      for (auto& layer : publisher->layers()) layer->enabled = shown;
    }
    for (int i = 0; i < plan.tiles; ++i) {
      sfu::LayerRequest request = request_of(i);
      request.paused = !shown;
      const auto id = viewer.subscription(*receivers[static_cast<size_t>(i)]);
      world.room().set_layer_request(world.now(), id, request);
    }
  };
  const Hidden hidden{start + plan.hidden_from, start + plan.hidden_to};
  if (plan.hidden_to > Duration{}) {
    world.simulation().at(hidden.from, [&] { show(false); });
    world.simulation().at(hidden.to, [&] { show(true); });
  }

  // What others send: constant, in packets of 1200 bytes.
  std::function<void()> cross = [&] {
    Duration at = world.now() - start;
    if (at >= plan.cross_to) return;
    viewer.down().send({.client_port = 0xFFFF, .bytes = Bytes(1200)});
    world.simulation().after(
        Duration(1228ll * 8 * 1'000'000'000 / static_cast<int64_t>(plan.cross_traffic)), cross);
  };
  if (plan.cross_traffic > 0) world.simulation().at(start + plan.cross_from, [&] { cross(); });

  TcpFlow download(world.simulation(), viewer.down(), plan.path.front().delay);
  if (plan.download_to > Duration{}) {
    viewer.foreign = [&](const Datagram& segment) { download.on_segment(segment); };
    const Duration whole = plan.download_to - plan.download_from;
    for (int i = 0; i < plan.downloads; ++i) {
      // Ten short ones have half of the time, one after the other.
      const TimePoint from = start + plan.download_from + whole * i / plan.downloads;
      const Duration length = plan.downloads > 1 ? whole / plan.downloads / 2 : whole;
      world.simulation().at(from, [&] { download.start(); });
      world.simulation().at(from + length, [&] { download.stop(); });
    }
  }

  std::vector<Duration> queues;
  std::vector<Duration> pacers;
  TimePoint drop_at{};
  uint64_t capacity = 0;
  for (TimePoint at = start; at < start + plan.end; at += kSample) {
    world.run_for(kSample);
    uint64_t now_capacity = capacity_at(plan, world.now() - start);
    if (now_capacity < capacity) drop_at = world.now();
    capacity = now_capacity;
    if (world.now() - start < 2s || world.now() - drop_at < 1s) continue;
    if (is_hidden(plan, world.now() - start)) continue;
    queues.push_back(viewer.down().queue_delay());
    const auto& paths = world.path_statistics();
    if (const auto it = paths.find(viewer.id()); it != paths.end()) {
      pacers.push_back(std::chrono::microseconds(it->second.pacer_us));
    }
  }

  const Wish wish = wish_of(plan);
  AdaptationFigures figures;
  figures.queue_p95 = percentile(queues, 0.95);
  figures.pacer_p95 = percentile(pacers, 0.95);
  std::vector<std::vector<Second>> seen;
  for (const ModelReceiver* receiver : receivers) {
    seen.push_back(seconds_of(*receiver, start, plan.end));
  }
  double got = 0;
  double possible = 0;
  Duration rise_at{};
  uint64_t before = plan.path.front().bits_per_second;
  for (size_t i = 0; i < seen.front().size(); ++i) {
    Duration at = std::chrono::seconds(i);
    uint64_t now_capacity = capacity_at(plan, at);
    const bool shown_again = plan.hidden_to > Duration{} && at == plan.hidden_to;
    if (now_capacity > before || shown_again) rise_at = at;
    before = now_capacity;
    if (is_hidden(plan, at)) continue;
    const bool settles = !plan.restless && rise_at > Duration{} && at < rise_at + 5s;
    if (at < 5s || settles) continue;
    double had = 0;
    for (const auto& tile : seen) had += utility_of(tile[i].layer, tile[i].frames);
    double most = utility_of(best_layers(wish, now_capacity));
    got += std::min(had, most);
    possible += most;
  }
  figures.utility = possible > 0 ? got / possible : 1;
  if (rise_at > Duration{}) {
    figures.rises = true;
    auto aim = best_layers(wish, capacity_at(plan, rise_at)).front().spatial;
    for (const auto& d : receivers.front()->decoded()) {
      if (d.time < start + rise_at || d.truth.layer < aim) continue;
      figures.recovery = d.time - start - rise_at;
      break;
    }
  }
  if (!receivers.front()->decoded().empty()) {
    figures.first_frame = receivers.front()->decoded().front().time - start;
  } else {
    figures.first_frame = plan.end;
  }
  const Freezes freezes = freezes_of(*receivers.front(), start + 2s, hidden);
  figures.freeze = freezes.total;
  figures.longest_freeze = freezes.longest;
  figures.switches_per_minute =
      switches_per_minute(*receivers.front(), start + 10s, start + plan.end);
  figures.audio_lost = lost_share(viewer.audio_sequences());
  figures.lost = viewer.down().dropped_share();
  if (plan.download_to > Duration{}) {
    auto bits = static_cast<double>(download.bytes()) * 8;
    const double part = plan.downloads > 1 ? 0.5 : 1;
    auto possible_bits = part * static_cast<double>(plan.path.front().bits_per_second) *
                         static_cast<double>((plan.download_to - plan.download_from) / 1s);
    figures.download = bits / possible_bits;
  }
  return figures;
}

}  // namespace turms::sim

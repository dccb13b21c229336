#include "sim/adaptation.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sfu/bandwidth_allocator.h"
#include "sim/tcp_flow.h"
#include "sim/world.h"

namespace turms::sim {

namespace {

constexpr Duration kSample = 20ms;
constexpr uint64_t kAudioRate = 60'000;  // with headers
constexpr std::array<uint32_t, 3> kPixels = {320 * 180, 640 * 360, 1280 * 720};
constexpr std::array<uint64_t, 3> kRates = {150'000, 500'000, 1'700'000};
/// Of a layer, up to each temporal one, in the pattern 0 2 1 2.
constexpr std::array<double, 3> kShares = {0.25, 0.5, 1};

/// What a viewer has of a tile, as the server reckons: half the frames are worth 0.6.
double utility_of(int layer, double frames_per_second) {
  if (layer < 0 || frames_per_second <= 0) return 0;
  double share = std::min(frames_per_second / kFramesPerSecond, 1.0);
  return std::sqrt(static_cast<double>(kPixels[static_cast<size_t>(layer)])) *
         std::pow(share, 0.737);
}

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

/// The best choice of layers at a capacity, by the server's own order of classes: it knows the
/// capacity, which the server has to find out.
std::vector<sfu::LayerDecision> best(const AdaptationPlan& plan, uint64_t capacity) {
  std::vector<sfu::LayerDemand> demands;
  for (int i = 0; i < plan.tiles; ++i) {
    sfu::LayerDemand d;
    d.subscription = sfu::SubscriptionId(static_cast<uint64_t>(i) + 1);
    d.layer_count = 3;
    d.temporal_count = 3;
    d.active_layers = 7;
    d.stage = i == 0;
    d.request.max_spatial = i == 0 ? plan.largest : 0;
    d.request.tile_pixels = kPixels[i == 0 ? static_cast<size_t>(plan.largest) : 0];
    for (size_t s = 0; s < 3; ++s) {
      d.pixels[s] = kPixels[s];
      for (size_t t = 0; t < 3; ++t) {
        // Headers of RTP, UDP and IP take about a twentieth.
        d.bits_per_second[s][t] =
            static_cast<uint32_t>(static_cast<double>(kRates[s]) * kShares[t] * 1.05);
      }
    }
    demands.push_back(d);
  }
  sfu::BandwidthAllocator oracle;
  uint64_t usable = capacity * 95 / 100;
  auto out = oracle.allocate(TimePoint(1s), demands,
                             {.target_bps = usable, .audio_bps = plan.sound ? kAudioRate : 0});
  return {out.begin(), out.end()};
}

double utility_of(const std::vector<sfu::LayerDecision>& decisions) {
  double sum = 0;
  for (const auto& d : decisions) {
    if (d.spatial < 0) continue;
    double fps = kFramesPerSecond * kShares[static_cast<size_t>(std::min(d.temporal, 2))];
    sum += utility_of(d.spatial, fps);
  }
  return sum;
}

Duration percentile(std::vector<Duration> values, double share) {
  if (values.empty()) return {};
  auto nth =
      values.begin() + static_cast<ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

/// Decoded frames of one receiver in a second: the layer most of them had, and how many.
struct Second {
  int layer = -1;
  int frames = 0;
};

std::vector<Second> seconds_of(const ModelReceiver& receiver, TimePoint start, Duration length) {
  auto count = static_cast<size_t>(length / 1s);
  std::vector<Second> out(count);
  std::vector<std::array<int, 3>> layers(count);
  for (const auto& d : receiver.decoded()) {
    auto index = static_cast<size_t>((d.time - start) / 1s);
    if (d.time < start || index >= count) continue;
    ++out[index].frames;
    ++layers[index][d.truth.layer];
  }
  for (size_t i = 0; i < count; ++i) {
    if (out[i].frames == 0) continue;
    out[i].layer =
        static_cast<int>(std::max_element(layers[i].begin(), layers[i].end()) - layers[i].begin());
  }
  return out;
}

/// W3C webrtc-stats: a gap between shown frames of more than max(3δ, δ + 150 ms) is a freeze.
///
/// Browsers show a frame as late after its capture as frames came lately: what is lost and sent
/// again comes in time after it happened once. Here the delay is that of the latest frame of all,
/// and falls by kLess a second.
void measure_freezes(const ModelReceiver& receiver, TimePoint from, AdaptationFigures& figures) {
  constexpr double kLess = 0.03;
  constexpr Duration kMostDelay = 500ms;
  double mean = 1e9 / kFramesPerSecond;
  TimePoint last{};
  TimePoint last_decoded{};
  std::optional<Duration> delay;  // against the capture clock, whose zero is unknown
  Duration least = Duration::max();
  for (const auto& d : receiver.decoded()) {
    const TimePoint captured{std::chrono::microseconds(d.truth.captured_us)};
    const Duration late = d.time - captured;
    least = std::min(least, late);
    TimePoint shown = d.time;
    if (delay) {
      const Duration passed = d.time - last_decoded;
      *delay -= Duration(static_cast<int64_t>(kLess * static_cast<double>(passed.count())));
      shown = std::max(shown, captured + *delay);
    }
    delay = std::max(delay.value_or(late), std::min(late, least + kMostDelay));
    last_decoded = d.time;
    shown = std::max(shown, last);
    if (last != TimePoint{}) {
      auto gap = static_cast<double>((shown - last).count());
      if (shown >= from && gap > std::max(3 * mean, mean + 150e6)) {
        figures.freeze += shown - last;
        figures.longest_freeze = std::max<Duration>(figures.longest_freeze, shown - last);
      } else {
        mean += (gap - mean) / 30;
      }
    }
    last = shown;
  }
}

}  // namespace

AdaptationFigures run_adaptation(const AdaptationPlan& plan, uint64_t seed) {
  WorldConfig config;
  config.seed = seed;
  config.up.delay = config.down.delay = 10ms;
  config.follows_bandwidth = true;
  World world(config);

  std::vector<sfu::TrackId> tracks;
  sfu::TrackId sound;
  for (int i = 0; i < plan.tiles; ++i) {
    Client& publisher = world.add_client();
    tracks.push_back(publisher.publish_video({kRates.begin(), kRates.end()}));
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
  down.burst_start = plan.burst_start;
  LinkConfig up;
  const auto apply = [&](const PathStep& step, Client* client) {
    down.bits_per_second = step.bits_per_second;
    down.delay = up.delay = step.delay;
    down.loss = step.loss;
    up.loss = std::max(step.loss, step.back_loss);
    up.bits_per_second = step.back;
    down.policer_bits_per_second = step.policer;
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
  std::vector<ModelReceiver*> receivers;
  for (int i = 0; i < plan.tiles; ++i) {
    sfu::LayerRequest request;
    request.max_spatial = i == 0 ? plan.largest : 0;
    request.tile_pixels = kPixels[i == 0 ? static_cast<size_t>(plan.largest) : 0];
    request.pinned = i == 0 && plan.tiles > 1;
    receivers.push_back(&viewer.subscribe_video(tracks[static_cast<size_t>(i)], request));
  }
  if (plan.sound) viewer.subscribe_audio(sound);

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
    queues.push_back(viewer.down().queue_delay());
    const auto& paths = world.path_statistics();
    if (const auto it = paths.find(viewer.id()); it != paths.end()) {
      pacers.push_back(std::chrono::microseconds(it->second.pacer_us));
    }
  }

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
    if (now_capacity > before) rise_at = at;
    before = now_capacity;
    const bool settles = !plan.restless && rise_at > Duration{} && at < rise_at + 5s;
    if (at < 5s || settles) continue;
    double had = 0;
    for (const auto& tile : seen) had += utility_of(tile[i].layer, tile[i].frames);
    double most = utility_of(best(plan, now_capacity));
    got += std::min(had, most);
    possible += most;
  }
  figures.utility = possible > 0 ? got / possible : 1;
  if (rise_at > Duration{}) {
    figures.rises = true;
    auto aim = best(plan, capacity_at(plan, rise_at)).front().spatial;
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
  measure_freezes(*receivers.front(), start + 2s, figures);
  int switches = 0;
  int layer = -1;
  for (const auto& d : receivers.front()->decoded()) {
    if (d.time < start + 10s) {
      layer = d.truth.layer;
      continue;
    }
    if (d.truth.layer != layer) ++switches;
    layer = d.truth.layer;
  }
  figures.switches_per_minute = switches * 60.0 / static_cast<double>((plan.end - 10s) / 1s);
  const auto& numbers = viewer.audio_sequences();
  if (numbers.size() > 1) {
    std::vector<uint16_t> sorted(numbers);
    auto expected = static_cast<double>(static_cast<uint16_t>(sorted.back() - sorted.front())) + 1;
    std::sort(sorted.begin(), sorted.end());
    auto unique = static_cast<double>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
    figures.audio_lost = std::max(0.0, 1 - unique / expected);
  }
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

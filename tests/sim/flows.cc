#include "sim/flows.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "sim/figures.h"
#include "sim/world.h"

namespace turms::sim {

namespace {

constexpr Duration kSample = 20ms;
constexpr Duration kSettles = 5s;
constexpr size_t kWindow = 10;  // seconds of a fairness
constexpr Wish kPicture{};
constexpr Wish kSoundOnly{.tiles = 0};

bool is_paused(const Flow& flow, Duration at) {
  return at >= flow.paused_from && at < flow.paused_to;
}

const SharedStep& step_at(const FlowsPlan& plan, Duration at) {
  const SharedStep* current = &plan.link.front();
  for (const SharedStep& step : plan.link) {
    if (step.at <= at) current = &step;
  }
  return *current;
}

/// What each flow may have of its direction at a time, by one who knows the link and all flows.
std::vector<uint64_t> shares_at(const FlowsPlan& plan, Duration at) {
  std::vector<uint64_t> shares(plan.flows.size());
  const SharedStep& step = step_at(plan, at);
  for (const bool backwards : {false, true}) {
    std::vector<size_t> present;
    std::vector<uint64_t> wanted;
    for (size_t i = 0; i < plan.flows.size(); ++i) {
      const Flow& flow = plan.flows[i];
      if (flow.backwards != backwards || at < flow.joins) continue;
      present.push_back(i);
      wanted.push_back(wanted_capacity(is_paused(flow, at) ? kSoundOnly : kPicture));
    }
    const uint64_t capacity = backwards ? step.back : step.bits_per_second;
    const auto fair = fair_shares(
        capacity != 0 ? capacity : std::accumulate(wanted.begin(), wanted.end(), uint64_t{0}),
        wanted);
    for (size_t i = 0; i < present.size(); ++i) shares[present[i]] = fair[i];
  }
  return shares;
}

/// A subscriber behind the link, and whom it watches.
struct Viewer {
  Client* client = nullptr;
  ModelReceiver* receiver = nullptr;
  sfu::TrackId video;
  sfu::TrackId sound;
  const SharedLink* link = nullptr;  // through which its media comes
  size_t place = 0;                  // among the flows of that
  std::vector<uint64_t> carried;     // bytes until the end of each second of the run

  [[nodiscard]] uint64_t bytes() const { return link == nullptr ? 0 : link->carried()[place]; }
};

/// A room whose members are behind one link, each way of which is a queue of its own.
class SharedRun {
 public:
  SharedRun(const FlowsPlan& plan, uint64_t seed);

  void run();
  [[nodiscard]] FlowsFigures figures();

 private:
  static WorldConfig world_config(uint64_t seed);
  [[nodiscard]] LinkConfig link_config(uint64_t bits_per_second) const;
  [[nodiscard]] Duration elapsed() const { return world_.now() - start_; }
  void apply(const SharedStep& step);
  void join(const Flow& flow, Viewer& viewer);
  void ask(const Viewer& viewer, bool paused);
  void sample();

  /// A flow in a second: what it had and the most it could have, in utility.
  struct Use {
    double had = 0;
    double most = 0;
    bool risen = false;    // its share, with this second
    bool changed = false;  // the same, or fallen
    bool watches = false;
  };
  [[nodiscard]] std::vector<Use> use_of(size_t flow) const;
  static Duration recovery_of(const std::vector<Use>& uses);
  void judge_picture(size_t flow, FlowsFigures& figures) const;
  [[nodiscard]] double fairness() const;

  const FlowsPlan& plan_;
  World world_;
  SharedLink forwards_;
  SharedLink backwards_;
  std::vector<Viewer> viewers_;
  TimePoint start_{};
  TimePoint drop_at_{};
  std::vector<Duration> queues_;
};

WorldConfig SharedRun::world_config(uint64_t seed) {
  WorldConfig config;
  config.seed = seed;
  config.up.delay = config.down.delay = 10ms;
  config.follows_bandwidth = true;
  return config;
}

LinkConfig SharedRun::link_config(uint64_t bits_per_second) const {
  LinkConfig config;
  config.bits_per_second = bits_per_second;
  config.queue_time = plan_.queue;
  config.delay = {};
  return config;
}

SharedRun::SharedRun(const FlowsPlan& plan, uint64_t seed)
    : plan_(plan),
      world_(world_config(seed)),
      forwards_(world_.simulation(), link_config(plan.link.front().bits_per_second)),
      backwards_(world_.simulation(), link_config(plan.link.front().back)),
      viewers_(plan.flows.size()) {
  for (Viewer& viewer : viewers_) {
    Client& publisher = world_.add_client();
    viewer.video = publisher.publish_video({kLayerRates.begin(), kLayerRates.end()});
    viewer.sound = publisher.publish_audio();
    publisher.audio().level = 30;
  }
  world_.run_for(2s);  // the encoders are at work
  start_ = world_.now();
  for (const SharedStep& step : plan_.link) {
    world_.simulation().at(start_ + step.at, [this, &step] { apply(step); });
  }
  for (size_t i = 0; i < viewers_.size(); ++i) {
    const Flow& flow = plan_.flows[i];
    Viewer& viewer = viewers_[i];
    world_.simulation().at(start_ + flow.joins, [this, &flow, &viewer] { join(flow, viewer); });
    if (flow.paused_to == Duration{}) continue;
    world_.simulation().at(start_ + flow.paused_from, [this, &viewer] { ask(viewer, true); });
    world_.simulation().at(start_ + flow.paused_to, [this, &viewer] { ask(viewer, false); });
  }
}

void SharedRun::apply(const SharedStep& step) {
  const uint64_t before = forwards_.link().config().bits_per_second;
  const uint64_t back = backwards_.link().config().bits_per_second;
  if (step.bits_per_second < before || step.back < back) drop_at_ = world_.now();
  forwards_.link().set_config(link_config(step.bits_per_second));
  backwards_.link().set_config(link_config(step.back));
}

void SharedRun::join(const Flow& flow, Viewer& viewer) {
  LinkConfig own;
  own.delay = flow.delay;
  SharedLink& media = flow.backwards ? backwards_ : forwards_;
  viewer.link = &media;
  viewer.place = media.carried().size();
  viewer.client = &world_.add_client(own, own);
  viewer.client->share(media, flow.backwards ? forwards_ : backwards_);
  sfu::LayerRequest request;
  request.tile_pixels = kLayerPixels.back();
  viewer.receiver = &viewer.client->subscribe_video(viewer.video, request);
  viewer.client->subscribe_audio(viewer.sound);
}

void SharedRun::ask(const Viewer& viewer, bool paused) {
  sfu::LayerRequest request;
  request.paused = paused;
  request.tile_pixels = kLayerPixels.back();
  world_.room().set_layer_request(world_.now(), viewer.client->subscription(*viewer.receiver),
                                  request);
}

void SharedRun::run() {
  while (elapsed() < plan_.end) {
    world_.run_for(kSample);
    sample();
  }
}

void SharedRun::sample() {
  if (elapsed() % 1s == Duration{}) {
    for (Viewer& viewer : viewers_) viewer.carried.push_back(viewer.bytes());
  }
  if (elapsed() < 2s || world_.now() - drop_at_ < 1s) return;
  queues_.push_back(forwards_.link().queue_delay());
  if (step_at(plan_, elapsed()).back != 0) queues_.push_back(backwards_.link().queue_delay());
}

std::vector<SharedRun::Use> SharedRun::use_of(size_t flow) const {
  const Viewer& viewer = viewers_[flow];
  const auto seen = seconds_of(*viewer.receiver, start_, plan_.end);
  std::vector<Use> uses(seen.size());
  uint64_t before = 0;
  for (size_t i = 0; i < seen.size(); ++i) {
    const Duration at = std::chrono::seconds(i);
    Use& use = uses[i];
    const uint64_t share = shares_at(plan_, at)[flow];
    use.risen = share > before;
    use.changed = share != before;
    before = share;
    use.watches = at >= plan_.flows[flow].joins && !is_paused(plan_.flows[flow], at);
    if (!use.watches) continue;
    use.had = utility_of(seen[i].layer, seen[i].frames);
    use.most = utility_of(best_layers(kPicture, share));
  }
  return uses;
}

/// The longest way to a share.
Duration SharedRun::recovery_of(const std::vector<Use>& uses) {
  size_t longest = 0;
  std::optional<size_t> since;
  for (size_t i = 0; i < uses.size(); ++i) {
    if (since && uses[i].changed) {
      longest = std::max(longest, i - *since);
      since.reset();
    }
    if (uses[i].risen && uses[i].watches) since = i;
    if (!since || uses[i].had < kShared * uses[i].most) continue;
    longest = std::max(longest, i - *since);
    since.reset();
  }
  if (since) longest = std::max(longest, uses.size() - *since);
  return std::chrono::seconds(longest);
}

double SharedRun::fairness() const {
  double sum = 0;
  int windows = 0;
  const auto end = static_cast<size_t>(plan_.end / 1s);
  for (auto from = static_cast<size_t>(plan_.settled / 1s); from + kWindow <= end;
       from += kWindow) {
    std::vector<uint64_t> bytes;
    for (size_t i = 0; i < viewers_.size(); ++i) {
      // What is there after n seconds is at n - 1.
      const auto& carried = viewers_[i].carried;
      if (!plan_.flows[i].backwards)
        bytes.push_back(carried[from + kWindow - 1] - carried[from - 1]);
    }
    sum += fairness_of(bytes);
    ++windows;
  }
  return windows > 0 ? sum / windows : 1;
}

void SharedRun::judge_picture(size_t index, FlowsFigures& figures) const {
  const Flow& flow = plan_.flows[index];
  const Viewer& viewer = viewers_[index];
  const TimePoint joined = start_ + flow.joins;
  const Freezes freezes = freezes_of(*viewer.receiver, joined + 2s,
                                     {start_ + flow.paused_from, start_ + flow.paused_to});
  figures.freeze = std::max(figures.freeze, freezes.total);
  figures.longest_freeze = std::max(figures.longest_freeze, freezes.longest);
  figures.switches_per_minute =
      std::max(figures.switches_per_minute,
               switches_per_minute(*viewer.receiver, joined + 10s, start_ + plan_.end));
  figures.audio_lost = std::max(figures.audio_lost, lost_share(viewer.client->audio_sequences()));
}

FlowsFigures SharedRun::figures() {
  FlowsFigures figures;
  double got = 0;
  double possible = 0;
  for (size_t flow = 0; flow < viewers_.size(); ++flow) {
    judge_picture(flow, figures);
    const auto uses = use_of(flow);
    figures.recovery = std::max(figures.recovery, recovery_of(uses));
    Duration risen{};
    for (size_t i = 0; i < uses.size(); ++i) {
      const Duration at = std::chrono::seconds(i);
      if (uses[i].risen) risen = at;
      if (!uses[i].watches || at < risen + kSettles) continue;
      got += std::min(uses[i].had, uses[i].most);
      possible += uses[i].most;
    }
  }
  figures.utility = possible > 0 ? got / possible : 1;
  figures.fairness = fairness();
  figures.queue_p95 = percentile(queues_, 0.95);
  figures.trace = world_.simulation().trace_hash();
  return figures;
}

}  // namespace

FlowsFigures run_flows(const FlowsPlan& plan, uint64_t seed) {
  SharedRun run(plan, seed);
  run.run();
  return run.figures();
}

}  // namespace turms::sim

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "rtc/bwe/bitrate.h"
#include "rtc/bwe/estimator.h"
#include "rtc/bwe/pacer.h"

namespace turms::rtc::bwe {

/// A value that changes at given times.
template <class T>
struct Step {
  Duration at{};
  T value{};
};

/// One direction with a bottleneck, and the way back of feedback. All times from the start.
struct LinkPlan {
  std::vector<Step<Bitrate>> capacity;
  std::vector<Step<Duration>> delay = {{0s, 50ms}};  // one way
  std::vector<Step<Bitrate>> wanted;                 // by subscribers
  Duration queue = 300ms;                            // drop-tail, in time at the capacity
  int queue_packets = 0;                             // instead of `queue`, when set
  double loss = 0;                                   // random
  Bitrate policer;                                   // token bucket, when set
  int64_t policer_bucket = 16'000;
  double feedback_loss = 0;  // of messages, in bursts of three
  Duration feedback_every = 100ms;
  std::optional<std::pair<Duration, Duration>> feedback_gap;  // none arrives between
  double skew_ppm = 0;                                        // of the receiver's clock
  Duration end = 60s;
  uint64_t seed = 1;
};

struct LinkSample {
  Duration at{};
  Bitrate estimate;
  Bitrate delivered;  // over the last 100 ms, without padding
  Bitrate capacity;   // what the link could carry then
  Bitrate wanted;
  Duration queue{};  // of the newest packet on the link
  double lost = 0;   // share over the last 100 ms
};

/// An estimator and a pacer before a virtual link, with a source that always offers
/// min(target, wanted) as frames, and a receiver that reports. Same plan, same course.
class LinkSimulation {
 public:
  explicit LinkSimulation(LinkPlan plan, Estimator::Config config = {});
  /// To the end of the plan; a sample each 100 ms.
  const std::vector<LinkSample>& run();
  [[nodiscard]] int probes() const { return probes_; }
  [[nodiscard]] const Estimator& estimator() const { return estimator_; }

 private:
  struct Flight {
    TimePoint at{};
    uint16_t sequence = 0;
    int64_t size = 0;
    bool padding = false;
    Duration queued{};
  };
  struct Report {
    TimePoint at{};
    std::vector<uint8_t> bytes;
  };

  void source();
  void pace();
  void transmit(int64_t size, int cluster, bool padding);
  void receive();
  void report();
  void sample();
  double random();
  [[nodiscard]] Duration elapsed() const { return now_ - start_; }
  template <class T>
  T value(const std::vector<Step<T>>& steps) const;

  LinkPlan plan_;
  TimePoint start_{100s};
  TimePoint now_ = start_;
  uint64_t state_;
  Estimator estimator_;
  Pacer pacer_;
  int probes_ = 0;

  TimePoint next_frame_ = start_;
  TimePoint next_report_ = start_;
  TimePoint next_sample_ = start_;
  double frame_rest_ = 0;
  TimePoint link_free_ = start_;
  double tokens_ = 0;
  TimePoint tokens_at_ = start_;
  std::vector<Flight> flights_;
  size_t first_flight_ = 0;
  std::vector<Report> reports_;
  size_t first_report_ = 0;
  int lose_reports_ = 0;

  rtp::SeqUnwrapper unwrapper_;
  std::vector<rtcp::Writer::Arrival> arrivals_;
  int64_t next_base_ = 0;
  uint8_t feedback_count_ = 0;

  int64_t delivered_ = 0;
  int64_t sent_packets_ = 0;
  int64_t lost_packets_ = 0;
  Duration last_queue_{};
  std::vector<LinkSample> samples_;
};

/// What a run says about adaptation.
struct LinkFigures {
  double utilisation = 0;  // delivered ÷ min(capacity, wanted), without the first 5 s
  Duration queue_p95{};    // without the second after a drop of the capacity
  double lost = 0;
  int probes = 0;
};
LinkFigures figures_of(const LinkSimulation& simulation, const std::vector<LinkSample>& samples);
/// Time from `from` until the estimate first reaches `rate`; nothing when it never does.
std::optional<Duration> time_to_reach(const std::vector<LinkSample>& samples, Duration from,
                                      Bitrate rate);
/// Time from `from` until the estimate and the queue first are at most that.
std::optional<Duration> time_to_drain(const std::vector<LinkSample>& samples, Duration from,
                                      Bitrate rate, Duration queue);
/// Mean estimate between two times.
Bitrate mean_estimate(const std::vector<LinkSample>& samples, Duration from, Duration to);

struct LinkScenario {
  std::string name;
  LinkPlan plan;
};
/// Those of the reference suite that one estimator with an ideal source can show.
std::vector<LinkScenario> link_scenarios();
LinkPlan link_plan(const std::string& name);

}  // namespace turms::rtc::bwe

#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "rtc/bwe/estimator.h"
#include "rtc/bwe/pacer.h"
#include "sfu/bandwidth_allocator.h"
#include "sfu/parameters.h"
#include "sfu/repair_budget.h"
#include "sfu/rise_trial.h"
#include "sfu/timer_heap.h"

namespace turms::sfu {

struct Transport;

/// What one subscriber's path carries, and what is made of it: the estimate, the pacer, and the
/// allocation among its video subscriptions. Owned by the SendSide of its transport from the first
/// video subscription on.
///
/// A packet below the rate passes without a record. What waits is a handle in the pacer: the packet
/// stays in its source's history, and its place in SentPackets.
class PathControl {
 public:
  struct Config {
    bool transport_feedback = false;
    bool allow_pause = true;
    uint16_t first_sequence = 0;  // transport-wide
  };
  /// IP and UDP headers and what SRTP adds: they take their part of the path.
  static constexpr size_t kOverhead = 38;

  PathControl(TimePoint now, Transport& transport, const Config& config);

  // ---- packets

  [[nodiscard]] uint16_t next_sequence() const { return estimator_.next_sequence(); }
  /// May a video packet leave now? It is counted then.
  [[nodiscard]] bool pass(TimePoint now, size_t size) { return pacer_.pass(now, size + kOverhead); }
  /// A packet left: `numbered` with next_sequence(), `paced` as the pacer said.
  void on_sent(TimePoint now, size_t size, bool numbered, bool audio, bool paced) {
    size += kOverhead;
    if (audio) {
      audio_bytes += size;
    } else if (media_since_ == kNever) {
      media_since_ = now;
      woken = true;
    }
    if (!paced) pacer_.on_bypassed(now, size);
    if (numbered) {
      estimator_.on_sent(now, {.size = size, .audio = audio, .probe_cluster = cluster_});
    } else {
      estimator_.on_untracked_sent(now, size);
    }
  }

  /// Fetch into the cache what pass() and on_sent() touch, the second a while after the first.
  void prefetch_place() const { estimator_.prefetch_place(); }
  void prefetch() const {
    __builtin_prefetch(&woken, 1);
    estimator_.prefetch();
    pacer_.prefetch();
  }

  /// What of a subscription waits in the pacer.
  struct Queued {
    rtc::Ssrc ssrc;
    uint16_t sequence = 0;  // outgoing
    bool retransmission = false;
    bool key_frame = false;
    bool key_frame_begin = false;
    size_t size = 0;
  };
  /// False: there is no place for it.
  [[nodiscard]] bool queue(TimePoint now, const Queued& packet);
  using Action = rtc::bwe::Pacer::Action;
  struct Output {
    Action action = Action::kSend;
    Queued packet;
    size_t padding = 0;
  };
  /// Call until it gives nothing; act on each (answer kPad) before the next call. What is sent in
  /// between belongs to the probe under way.
  std::optional<Output> next(TimePoint now);
  void on_padding_sent(TimePoint now, size_t size);
  void on_no_padding() { pacer_.on_no_padding(); }
  void remove_stream(rtc::Ssrc ssrc) { pacer_.remove_stream(ssrc.value); }
  /// What waits of the stream is not worth sending any more: a lower layer is to take over.
  void skip_to_key_frame(rtc::Ssrc ssrc) {
    pacer_.skip_to_key_frame(ssrc.value);
    woken = true;
  }
  /// A queue stands, here or on the path.
  [[nodiscard]] bool congested() const;
  /// Sound goes without redundancy: the picture needs those bits, and nothing is lost for which
  /// the path is not to blame.
  [[nodiscard]] bool saves_on_sound() const { return saves_on_sound_; }
  /// What was lost is sent twice: at this loss and round trip, losing it again is a freeze.
  [[nodiscard]] bool repairs_twice(TimePoint now) const;
  /// Is there room in the budget for sending so much again? Then it is taken.
  [[nodiscard]] bool may_repair(TimePoint now, size_t size);

  // ---- feedback and time

  void on_transport_feedback(TimePoint now, const rtc::rtcp::PacketView& packet);
  void on_congestion_feedback(TimePoint now, const rtc::rtcp::PacketView& packet,
                              const rtc::bwe::SentNumbers& numbers);
  void on_remb(TimePoint now, uint64_t bits_per_second);
  void on_receiver_report(TimePoint now, int64_t lost, int64_t expected, Duration round_trip);
  /// Everything there is to do at next_deadline(), and after allocate(): sets the pace. True: the
  /// bandwidth changed, allocate anew.
  bool update(TimePoint now);
  [[nodiscard]] TimePoint next_deadline() const;

  // ---- allocation

  /// `audio_bps`: sound on the transport. Decisions in the order of `demands`. update() comes next.
  std::span<const LayerDecision> allocate(TimePoint now, std::span<const LayerDemand> demands,
                                          uint64_t audio_bps, const PathLimits& limits = {});
  void remove(SubscriptionId subscription) { allocator_.remove(subscription); }
  /// Is there something that a change of the estimate might change?
  [[nodiscard]] bool constrained() const;

  [[nodiscard]] PathStatistics statistics() const;
  struct Probes {
    uint32_t sent = 0;
    uint32_t results = 0;  // told a rate
  };
  [[nodiscard]] const Probes& probes() const { return probes_; }

  Timer timer;
  // Kept by the room.
  bool woken = false;  // something waits in the pacer that its timer does not know of

 private:
  // Beside the above, for each packet asks for them.
  /// Without media there is nothing to probe with, and no demand is told.
  TimePoint media_since_ = kNever;
  int cluster_ = rtc::bwe::ProbeCluster::kNone;  // of what leaves now

 public:
  TimePoint allocated_at = kNever;
  TimePoint told_at = kNever;  // its statistics
  Probes counted_probes;
  uint64_t audio_bytes = 0;  // since audio_since
  TimePoint audio_since;
  uint64_t audio_bps = 0;

 private:
  void set_pacing(TimePoint now);
  void try_more(TimePoint now);
  [[nodiscard]] Duration own_queue() const;
  [[nodiscard]] bool unknown(TimePoint now) const;
  void judge_sound(TimePoint now, uint64_t target_bps);

  rtc::bwe::Estimator estimator_;
  rtc::bwe::Pacer pacer_;
  BandwidthAllocator allocator_;
  RepairBudget repairs_;
  RiseTrial trial_;
  TransportId id_;
  bool allow_pause_;
  uint64_t padding_bytes_ = 0;
  Probes probes_;
  TimePoint proof_at_ = kNever;  // of the newest result
  bool saves_on_sound_ = false;
  bool forced_ = false;     // lowest layers are not paused
  bool allocated_ = false;  // since the pace was set
  bool padded_ = false;     // by a trial
  rtc::bwe::ProbeController::Demand demand_;
};

}  // namespace turms::sfu

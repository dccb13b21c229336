#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "rtc/parameters.h"
#include "rtc/rtcp/packets.h"
#include "rtc/rtp/dependency_descriptor.h"
#include "sfu/key_frame_requester.h"
#include "sfu/layer_cost.h"
#include "sfu/layer_trust.h"
#include "sfu/loss_tracker.h"
#include "sfu/packet_history.h"
#include "sfu/parameter_sets.h"
#include "sfu/parameters.h"
#include "sfu/timer_heap.h"

namespace turms::sfu {

class PublishedTrack;
class SubscribedTrack;

/// A time of a publisher's wall clock as its sender reports tell it: 32.32 seconds.
using NtpTime = uint64_t;

constexpr Duration ntp_difference(NtpTime later, NtpTime earlier) {
  // Within ±2^31 s; 1/2^32 s units to ns without overflow: seconds and fraction apart.
  auto difference = static_cast<int64_t>(later - earlier);
  int64_t seconds = difference >> 32;
  int64_t fraction = difference & 0xFFFFFFFF;
  return std::chrono::seconds(seconds) + Duration(fraction * 1'000'000'000 >> 32);
}

/// What is known of one layer: an encoding, or a spatial layer inside a stream.
struct LayerActivity {
  /// A layer whose packets stay away this long, and kIntervals of its usual intervals between
  /// frames, has stopped, provided that others of its track go on. At a few frames a second some
  /// of them are easily lost in a row.
  static constexpr Duration kSilence = 300ms;
  static constexpr int kIntervals = 7;  // halves
  /// When nothing comes of the whole track for so long, it is silent; it then starts anew.
  static constexpr int kPauseIntervals = 5;  // halves

  void on_packet(TimePoint now, uint32_t timestamp, size_t size, uint8_t temporal = 0,
                 bool begins_key_frame = false);
  /// Whoever begins anew has no usual interval yet, and costs what is announced.
  void restart() {
    interval = kFirstInterval;
    cost.reset();
  }
  [[nodiscard]] Duration silence() const {
    return std::max<Duration>(kSilence, interval * kIntervals / 2);
  }

  /// How long its track may be quiet between two of its packets.
  [[nodiscard]] Duration pause() const {
    return std::max<Duration>(kSlowFrame, interval * kPauseIntervals / 2);
  }

  static constexpr Duration kFirstInterval = 33ms;
  /// A frame that comes so late, and kSlowFactor times the interval of a lower layer, is slow; so
  /// many of them in a row and the layer is of less use than the lower one.
  static constexpr Duration kSlowFrame = 120ms;
  static constexpr int kSlowFactor = 3;
  static constexpr int kSlowFrames = 2;

  bool active = false;
  uint8_t slow_frames = 0;
  LayerTrust trust;
  TimePoint last_packet;
  TimePoint last_frame;
  Duration interval = kFirstInterval;  // between frames, smoothed
  uint32_t timestamp = 0;
  bool key_frame = false;  // the newest frame is one
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t measured_bytes = 0;
  uint32_t bits_per_second = 0;
  LayerCost cost;
};

/// One encoding of a published track as it arrives: order, loss, reports (RFC 3550), what to ask
/// the publisher for, and who gets it. Owned by its PublishedTrack.
class ReceiveStream {
 public:
  enum class Verdict : uint8_t {
    kNext,           // newest so far
    kRecovered,      // older, and expected
    kDuplicate,      // had, or given up
    kSuspicious,     // far off: dropped until a second one confirms it
    kDiscontinuity,  // newest of what is a new sequence from here on, or after kMaxGap lost ones
  };
  /// More missing at once is not asked for: decoding has to start anew.
  static constexpr int kMaxGap = 256;
  /// Repairs have failed: so long, and kStuckTrips round trips.
  static constexpr Duration kStuck = 350ms;
  static constexpr int kStuckTrips = 7;  // halves
  /// Where so much waits on the way and so many packets are missing, the uplink is full: repairs
  /// would only add to it, so that kOverloaded is long enough.
  static constexpr Duration kOverloaded = 100ms;
  static constexpr Duration kFullQueue = 150ms;
  static constexpr size_t kOverloadLosses = 4;

  struct SenderReport {
    NtpTime ntp = 0;
    uint32_t rtp_time = 0;
    TimePoint arrival;
  };

  ReceiveStream(PublishedTrack& track, uint8_t encoding, rtc::EncodingParameters parameters,
                uint32_t clock_rate, Duration history);

  /// Takes a packet into account. `sequence` gets its number unwrapped. Retransmissions count as
  /// received but not for jitter.
  Verdict on_packet(TimePoint now, rtc::rtp::SeqNum number, uint32_t timestamp, size_t size,
                    bool retransmission, int64_t& sequence);
  /// The same of a packet that another part of the room has taken into account. `follows`: what is
  /// missing before it may still come. False: older than the newest.
  bool on_handed(TimePoint now, int64_t sequence, size_t size, bool follows);
  /// The publisher began a new stream for this encoding, or its silence was cut out: nothing is
  /// missing, and numbers start anew.
  void restart();

  /// What the timestamp `rtp_time` of `from` is on the line of `to`, by their sender reports. Both
  /// are of one publisher, whose reports tell one clock.
  static std::optional<uint32_t> translate(uint32_t rtp_time, const ReceiveStream& from,
                                           const ReceiveStream& to);

  void on_sender_report(TimePoint now, NtpTime ntp, uint32_t rtp_time) {
    report_ = SenderReport{ntp, rtp_time, now};
  }
  /// Report block since the last one made.
  rtc::rtcp::ReportBlock make_report(TimePoint now);

  [[nodiscard]] PublishedTrack& track() const { return track_; }
  [[nodiscard]] uint8_t encoding() const { return encoding_; }
  [[nodiscard]] int64_t highest() const { return highest_; }
  [[nodiscard]] bool started() const { return started_; }
  /// Somebody gets it, or waits for it, here or in another part of the room.
  [[nodiscard]] bool watched() const {
    return !forwarders.empty() || !waiters.empty() || wanted_elsewhere;
  }
  /// Counts restarts: sequence numbers and timestamps of different epochs do not compare.
  [[nodiscard]] uint8_t epoch() const { return epoch_; }
  [[nodiscard]] TimePoint last_packet() const { return last_packet_; }
  [[nodiscard]] const std::optional<SenderReport>& sender_report() const { return report_; }
  [[nodiscard]] uint64_t packets() const { return packets_; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  [[nodiscard]] uint64_t lost() const;
  [[nodiscard]] uint32_t bits_per_second() const { return bits_per_second_; }
  [[nodiscard]] LayerStatistics statistics() const;
  /// Updates the rate from the bytes of the last `interval`, and queue().
  void measure(Duration interval);
  /// What waits on the way here: by how much the least one-way delay of the last measurement was
  /// above the least of the last minute.
  [[nodiscard]] Duration queue() const { return queue_; }
  /// Its forwarders wait for something lost longer than repairs usually take, and no key frame has
  /// made it worthless: they show nothing.
  [[nodiscard]] bool stuck(TimePoint now) const;

  rtc::EncodingParameters parameters;  // SSRCs as signalled or learned
  LossTracker losses;
  KeyFrameRequester key_frames;
  PacketHistory history;
  Timer nack_timer;
  Timer key_frame_timer;

  /// Subscriptions this encoding goes to, and those that will switch to it at the next packet that
  /// allows it.
  std::vector<SubscribedTrack*> forwarders;
  std::vector<SubscribedTrack*> waiters;
  bool wanted_elsewhere = false;
  int64_t key_frame = -1;  // the newest that has come, by its first sequence number; -1: none

  [[nodiscard]] bool active() const {
    return std::any_of(layers.begin(), layers.end(), [](const auto& l) { return l.active; });
  }

  /// Spatial layers inside; only the first is used where the track has other encodings.
  std::array<LayerActivity, kMaxSpatialLayers> layers;
  uint8_t spatial_layers = 1;  // seen so far
  /// From the first packet with a dependency descriptor.
  std::unique_ptr<rtc::rtp::DependencyReader> dependencies;
  int codec = -1;  // of the newest packet, index into the track's codecs
  /// From the first packet of a codec that has them.
  std::unique_ptr<ParameterSets> parameter_sets;

  bool in_report_list = false;  // of its transport

 private:
  static constexpr int64_t kNoDelay = INT64_MAX;

  void begin(rtc::rtp::SeqNum number);
  void update_jitter(TimePoint now, uint32_t timestamp);
  void forget_delays();
  [[nodiscard]] Duration delay_growth() const;
  void measure_queue();

  PublishedTrack& track_;
  uint32_t clock_rate_;
  uint8_t encoding_;
  uint8_t epoch_ = 0;
  bool started_ = false;

  int64_t first_ = 0;
  int64_t highest_ = 0;
  uint64_t received_ = 0;  // of this epoch, originals only
  uint64_t recovered_ = 0;
  std::optional<rtc::rtp::SeqNum> suspicious_;
  TimePoint last_packet_;

  std::optional<int64_t> transit_;  // RFC 3550 A.8, in clock units
  int64_t jitter_16_ = 0;           // times 16
  int64_t delay_ = 0;               // one-way, on a line of its own, in clock units
  int64_t least_delay_ = kNoDelay;  // since the last measurement
  std::array<int64_t, 2> least_delays_ = {kNoDelay, kNoDelay};  // of half a minute each
  int measurements_ = 0;                                        // of the half minute
  Duration queue_{};

  uint64_t expected_at_report_ = 0;
  uint64_t received_at_report_ = 0;
  std::optional<SenderReport> report_;

  uint64_t packets_ = 0;  // for ever
  uint64_t bytes_ = 0;
  uint64_t lost_before_ = 0;  // in earlier epochs
  uint64_t measured_bytes_ = 0;
  uint32_t bits_per_second_ = 0;
};

}  // namespace turms::sfu

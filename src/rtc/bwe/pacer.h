#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "rtc/bwe/bitrate.h"
#include "rtc/bwe/packet_result.h"

namespace turms::rtc::bwe {

/// Spreads what one transport sends over time, so that a key frame or a layer switch builds no
/// queue on the path. Holds records, not packets: a handle of the owner's and a size. The owner
/// takes what is due with next() in the same turn, so below the rate nothing waits.
///
/// Audio and RTCP do not enter: they are told with on_bypassed() and count. Retransmissions go
/// before video, video before padding.
///
/// Bounds: kVideoCapacity and kRetransmissionCapacity records; allocates while queues grow. What
/// does not fit is refused. Video that would wait longer than kDrainDelay raises the rate; a stream
/// whose oldest record waited for kMaxDelay is dropped up to its next key frame. Retransmissions
/// are forgotten after kMaxDelay.
class Pacer {
 public:
  static constexpr size_t kVideoCapacity = 2048;
  static constexpr size_t kRetransmissionCapacity = 512;
  static constexpr size_t kMaxStreams = 256;
  static constexpr Duration kDrainDelay = 250ms;
  static constexpr Duration kMaxDelay = 500ms;
  /// What a key frame has delayed, and it itself, is dropped only after so long: another key frame
  /// would take no less.
  static constexpr Duration kMaxKeyFrameDelay = 2s;
  static constexpr Duration kBurst = 40ms;
  static constexpr Duration kShortBurst = 10ms;
  static constexpr Bitrate kShortBurstBelow = Bitrate::kbps(1000);
  static constexpr int kBurstPackets = 8;  // one call with segmentation offload
  /// A cluster that falls behind by so much measures nothing: given up.
  static constexpr Duration kMaxProbeLag = 10ms;

  enum class Class : uint8_t { kRetransmission, kVideo };
  struct Packet {
    uint64_t handle = 0;
    uint32_t size = 0;    // bytes on the wire
    uint32_t stream = 0;  // video of one subscriber's track; dropped together
    Class kind = Class::kVideo;
    bool key_frame = false;        // part of one
    bool key_frame_begin = false;  // its first packet
  };

  enum class Action : uint8_t {
    kSend,          // `packet`, now
    kPad,           // about `padding` bytes; answer with on_padding_sent() or on_no_padding()
    kDrop,          // `packet` will not be sent
    kNeedKeyFrame,  // `packet.stream` lost video: nothing of it is sent before a key frame
  };
  struct Output {
    Action action = Action::kSend;
    Packet packet;
    size_t padding = 0;
    int probe_cluster = ProbeCluster::kNone;
  };

  /// What is known of the path.
  enum class Path : uint8_t {
    kUntried,    // nothing has spoken against it yet: a key frame may leave at twice the rate
    kNormal,     // what would wait for longer than kDrainDelay leaves faster
    kCongested,  // nothing leaves faster, and bursts are short
  };
  /// `rate`: Target::pacing.
  void set_rate(TimePoint now, Bitrate rate, Path path);
  void set_padding_rate(TimePoint now, Bitrate rate);
  void add_probe(const ProbeCluster& cluster);

  /// Nothing waits and the rate allows it: the packet is counted and may leave at once, without a
  /// record. Cheaper than push() and next().
  [[nodiscard]] bool pass(TimePoint now, size_t size) {
    if (!video_.empty() || !retransmissions_.empty() || probe_size_ > 0 || waiting_streams_ > 0) {
      return false;
    }
    if (now > drained_at_) drain(now);
    // While nothing has spoken against the path, small frames of many streams pass as they come, as
    // far as a burst may be long.
    const bool untried = path_ == Path::kUntried && !resting_ && debt_ < idle_burst_;
    if (!untried && !may_send()) {
      resting_ = true;
      return false;
    }
    debt_ += static_cast<double>(size);
    padding_debt_ += static_cast<double>(size);
    ++in_burst_;
    return true;
  }
  /// Fetches into the cache what pass() touches.
  void prefetch() const {
    __builtin_prefetch(&rate_, 1);
    __builtin_prefetch(&video_, 1);
  }
  /// False: refused, the owner drops it (and asks for a key frame, if it is video).
  [[nodiscard]] bool push(TimePoint now, const Packet& packet);
  /// What it has queued still comes out.
  void remove_stream(uint32_t id);
  /// What it has queued is dropped, and what comes before its next key frame.
  void skip_to_key_frame(uint32_t id);
  void on_bypassed(TimePoint now, size_t size);
  void on_padding_sent(TimePoint now, size_t size, int probe_cluster);
  /// There is nothing to pad with: ends the cluster, and padding until the next set_padding_rate.
  void on_no_padding();

  /// Call until it gives nothing; act on each output (answer kPad) before the next call.
  std::optional<Output> next(TimePoint now);
  /// When next() may give something.
  [[nodiscard]] TimePoint next_deadline() const;

  [[nodiscard]] size_t queued_bytes() const { return static_cast<size_t>(queued_bytes_); }
  /// How long the last record in the queue waits at the current rate.
  [[nodiscard]] Duration expected_delay() const;

 private:
  struct Record {
    Packet packet;
    TimePoint queued{};
  };
  class Queue {
   public:
    /// A power of two, at least kFirstRecords.
    explicit Queue(size_t capacity) : capacity_(capacity) {}
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] bool full() const { return size_ == capacity_; }
    [[nodiscard]] const Record& front() const { return records_[first_]; }
    void push(const Record& record) {
      if (size_ == records_.size()) grow();
      records_[(first_ + size_++) & (records_.size() - 1)] = record;
    }
    Record pop();

   private:
    static constexpr size_t kFirstRecords = 32;
    void grow();

    size_t size_ = 0;
    size_t first_ = 0;
    size_t capacity_;
    std::vector<Record> records_;
  };
  struct Stream {
    uint32_t id = 0;
    bool waits_for_key_frame = false;
    int queued = 0;
    TimePoint key_frame_at{};  // the newest was queued
  };

  void drain(TimePoint now);
  [[nodiscard]] Bitrate drain_rate() const;
  [[nodiscard]] int64_t burst_bytes_at(Bitrate rate) const;
  [[nodiscard]] double burst_bytes() const {
    return queued_bytes_ == 0 ? idle_burst_ : static_cast<double>(burst_bytes_at(drain_rate()));
  }
  /// A burst goes on until it is long enough, then rests until its debt is paid: whole bursts leave
  /// in one call.
  [[nodiscard]] bool may_send() const {
    if (resting_) return debt_ <= 0;
    return in_burst_ == 0 || (in_burst_ < kBurstPackets && debt_ < burst_bytes());
  }
  std::optional<Output> next_probe(TimePoint now);
  std::optional<Output> next_late(TimePoint now);
  std::optional<Output> take_packet(TimePoint now, int cluster);
  std::optional<Output> next_padding(TimePoint now);
  void count(TimePoint now, int64_t size, int cluster);
  Record pop_video();
  Stream* stream_of(uint32_t id);
  [[nodiscard]] static TimePoint late_at(const Record& record, const Stream& stream);
  void set_waiting(Stream& stream, bool waits);
  void start_probe(TimePoint now);
  void end_probe();
  [[nodiscard]] TimePoint probe_due() const;

  // What a packet that passes touches comes first.
  Bitrate rate_ = Bitrate::kbps(750);
  Bitrate padding_rate_;
  double debt_ = 0;          // bytes sent ahead of the rate
  double padding_debt_ = 0;  // the same for the padding rate
  /// burst_bytes() while nothing waits.
  double idle_burst_ = static_cast<double>(bytes_in(Bitrate::kbps(750), kShortBurst));
  TimePoint drained_at_{};
  int in_burst_ = 0;
  int waiting_streams_ = 0;  // for a key frame
  Path path_ = Path::kNormal;
  bool resting_ = false;  // a burst ended: the next begins when the debt is paid
  int64_t queued_bytes_ = 0;
  int64_t queued_key_bytes_ = 0;
  size_t probe_size_ = 0;
  Queue video_{kVideoCapacity};
  Queue retransmissions_{kRetransmissionCapacity};

  std::vector<Stream> streams_;
  std::array<ProbeCluster, 4> probes_;
  size_t probe_first_ = 0;
  bool probing_ = false;
  TimePoint probe_since_{};
  int probe_packets_ = 0;
  int64_t probe_bytes_ = 0;
};

}  // namespace turms::rtc::bwe

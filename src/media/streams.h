#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "base/timer_heap.h"
#include "media/engine.h"
#include "media/member.h"
#include "media/outlet.h"
#include "media/worker_metrics.h"
#include "net/poller.h"

namespace turms::media {

class Streams;

/// One adopted byte stream: datagrams of a peer in frames, or TURN messages. What is sent gathers
/// until the end of the turn and leaves in one write. A receiver that is too slow loses datagrams
/// beyond kMaxQueued bytes, as on a network, and costs no more memory than that.
class Stream final : public Channel {
 public:
  static constexpr size_t kMaxQueued = 256 * 1024;

  Stream(Streams& streams, uint32_t id, AdoptedStream::Kind kind,
         std::unique_ptr<net::ByteStream> bytes);

  /// A datagram, in a frame of its own.
  void send(ByteView datagram) override;
  /// A TURN message, or its parts: `padding` zero bytes follow.
  void send_message(ByteView header, ByteView data, size_t padding);

  [[nodiscard]] uint32_t id() const { return id_; }
  [[nodiscard]] AdoptedStream::Kind kind() const { return kind_; }
  [[nodiscard]] const rtc::Path& path() const { return path_; }
  [[nodiscard]] bool closed() const { return bytes_ == nullptr; }

  PeerMember* member = nullptr;  // of kIce: whom its first check named

 private:
  friend class Streams;

  bool append(ByteView header, ByteView data, size_t padding);

  Streams& streams_;
  const uint32_t id_;
  const AdoptedStream::Kind kind_;
  std::unique_ptr<net::ByteStream> bytes_;  // null once closed
  rtc::Path path_;
  Bytes rest_;  // the beginning of a message
  Bytes out_;
  size_t sent_ = 0;      // of out_
  bool dirty_ = false;   // has something for the end of the turn
  bool unread_ = false;  // more to read than its share of the turn
  bool wants_write_ = false;
  bool closing_ = false;
  bool established_ = false;  // a path was verified, or an allocation made
  TimePoint heard_;
  Deadline deadline_;
};

/// The streams of a worker, on its thread. At most kMaxStreams: further ones are closed at once. A
/// stream that gets nowhere within kEstablishTimeout is closed, one of TURN also when it is silent
/// for kIdleTimeout.
class Streams {
 public:
  static constexpr size_t kMaxStreams = 8192;
  static constexpr Duration kEstablishTimeout = std::chrono::seconds(30);
  static constexpr Duration kIdleTimeout = std::chrono::minutes(11);

  class Owner {
   public:
    /// A datagram or a TURN message, changeable until on_stream_pause().
    virtual void on_stream_message(Stream& stream, MutableByteView message) = 0;
    virtual void on_stream_pause() = 0;
    /// By close() too. The stream lives until the end of the turn.
    virtual void on_stream_closed(Stream& stream) = 0;

   protected:
    ~Owner() = default;
  };

  Streams(net::Poller& poller, TimerHeap& timers, WorkerMetrics& metrics, Owner& owner)
      : poller_(poller), timers_(timers), metrics_(metrics), owner_(owner) {}
  ~Streams();

  /// What was received already is told at once.
  void adopt(TimePoint now, AdoptedStream stream);
  void close(Stream& stream);
  /// At the end of the turn, behind what was sent. What still comes is not told.
  void close_after_flush(Stream& stream);
  [[nodiscard]] Stream* find(uint32_t id);
  [[nodiscard]] size_t size() const { return streams_.size(); }
  /// For another worker, from on_stream_message(): as if it had been adopted with that message
  /// unread. It is no longer here.
  AdoptedStream release(Stream& stream);
  /// It has got somewhere.
  void establish(TimePoint now, Stream& stream);

  /// Their tags have this bit.
  static constexpr uint64_t kTag = uint64_t{1} << 32;
  void on_ready(TimePoint now, const net::Poller::Event& event);
  /// Goes on with those that had more than their share.
  void read_unread(TimePoint now);
  [[nodiscard]] bool has_unread() const { return !unread_.empty(); }
  void handle_timeout(TimePoint now, Stream& stream);
  /// The end of the turn: what waits is written, what was closed is forgotten.
  void flush();

 private:
  friend class Stream;

  void read(TimePoint now, Stream& stream);
  /// How much of the bytes was taken.
  size_t take_messages(Stream& stream, MutableByteView bytes);
  void write(Stream& stream);
  void watch(Stream& stream);
  void schedule(Stream& stream);

  net::Poller& poller_;
  TimerHeap& timers_;
  WorkerMetrics& metrics_;
  Owner& owner_;
  uint32_t last_id_ = 0;
  std::unordered_map<uint32_t, std::unique_ptr<Stream>> streams_;
  std::vector<uint32_t> dirty_;
  std::vector<uint32_t> unread_;
  std::vector<uint32_t> closed_;
  Bytes scratch_;     // what is being read; taken with the first stream
  ByteView current_;  // from the message that is being told to the end of what was read
  int64_t received_ = 0;
  int64_t sent_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace turms::media

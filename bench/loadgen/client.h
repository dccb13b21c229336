#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "bench/loadgen/fabric.h"
#include "bench/loadgen/schedule.h"
#include "bench/loadgen/signal_client.h"
#include "bench/loadgen/source.h"
#include "rtc/parameters.h"
#include "rtc/peer.h"
#include "rtc/rtp/numbers.h"
#include "sfu/feedback_generator.h"

namespace turms::loadgen {

/// What one subscriber saw of one track.
struct Stream {
  rtc::Ssrc ssrc;
  bool video = false;
  rtc::rtp::SeqUnwrapper unwrapper;
  int64_t first = 0;
  int64_t highest = 0;
  uint64_t packets = 0;  // since first
};

/// Sums over all clients; the owner resets what it wants to measure anew.
struct Totals {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  std::vector<float> latency_ms;  // of a sample of the packets
  std::vector<float> late_ms;     // how late this program sent, of a sample of the frames
  uint64_t published = 0;         // packets
  bool sample_latency = false;
};

struct Shared {
  Fabric& fabric;
  const rtc::PeerResources& resources;
  const rtc::DtlsFingerprint& fingerprint;
  Totals& totals;
  Schedule& schedule;
};

/// Of a member among those of its room.
struct Seat {
  size_t room = 0;
  size_t member = 0;
  size_t members = 1;  // who publish
  size_t talkers = 0;  // so many of them talk at a time; 0: everybody sends sound all the time
};

/// A participant in LiveKit's protocol (v0: one peer connection to publish, one to subscribe) over
/// the client role of rtc::Peer. Its endpoints on the fabric are 2·index (publisher) and 2·index +
/// 1 (subscriber); one that only subscribes moves to the former with move_network().
class Client {
 public:
  Client(Shared shared, size_t index, const Seat& seat);
  ~Client();

  struct Media {
    bool video = false;
    bool audio = false;
    bool simulcast = false;  // three layers, and those that nobody wants are not sent
    bool silent = false;     // published, but nothing is sent
    /// How loud its sound says to be (−dBov, RFC 6464); nothing: it does not say.
    std::optional<uint8_t> level{};
  };
  struct Watching {
    /// Shows so many videos, in a grid, and asks for layers of that size; 0: it does not say.
    size_t tiles = 0;
    /// Transport-wide feedback, every 100 ms.
    bool feedback = false;
  };
  /// Opens the signalling connection; media is published as soon as the server lets it.
  Status join(TimePoint now, const std::string& ip, uint16_t port, const std::string& token,
              Media publish, Watching watching);
  void leave();
  /// Leaves its network for another one: the signalling connection is gone, and nothing sent to the
  /// old address arrives any more. It resumes (`reconnect=1`) from the new address at once. Only
  /// for a connected client that does not publish.
  Status move_network(TimePoint now, const std::string& ip, uint16_t port,
                      const std::string& token);
  /// When the first media came to the new address.
  [[nodiscard]] std::optional<TimePoint> media_after_move() const { return media_after_move_; }

  [[nodiscard]] const SignalClient& signal() const { return signal_; }
  Status receive_signal(TimePoint now);
  void receive_datagram(TimePoint now, bool subscriber, const rtc::TransportAddress& source,
                        MutableByteView data);
  void handle_timeout(TimePoint now);
  /// What it put into the schedule: a frame of video, a packet of audio, a feedback message.
  void perform(TimePoint now, const Schedule::Entry& due);
  void send_reports(TimePoint now);
  void send_ping(TimePoint now);

  [[nodiscard]] bool publishing() const { return publishing_; }
  [[nodiscard]] TimePoint joined_at() const { return started_; }
  [[nodiscard]] std::optional<TimePoint> first_media() const { return first_media_; }
  [[nodiscard]] size_t streams() const { return streams_.size(); }
  [[nodiscard]] size_t videos() const;
  [[nodiscard]] bool connected() const;
  /// Packets between the first and the highest sequence that never came, and how many there should
  /// be.
  [[nodiscard]] std::pair<uint64_t, uint64_t> lost_of_expected() const;
  void reset_statistics();

 private:
  class Signalling;  // what needs the protocol's messages

  struct SentTrack {
    bool video = false;
    std::string cid;
    std::string sid;
    std::string mid;
    uint8_t payload_type = 0;
    std::vector<Encoding> encodings;
  };
  enum class Payload : uint8_t { kNone, kAudio, kVideo };

  [[nodiscard]] std::unique_ptr<rtc::Peer> make_peer(TimePoint now, const rtc::IceCredentials& ice,
                                                     rtc::DtlsRole role) const;
  /// Where its subscriber connection is.
  [[nodiscard]] size_t subscriber_endpoint() const { return 2 * index_ + (moved_ ? 0 : 1); }
  [[nodiscard]] static std::string target(const std::string& token);
  void use_relay(const RelayCredentials& credentials);
  void drain(TimePoint now, rtc::Peer& peer, size_t endpoint);
  void on_rtp(TimePoint now, rtc::Peer& peer, const rtc::Path& path, MutableByteView datagram);
  void on_rtcp(ByteView packet);
  void show();
  void start_sending(TimePoint now);
  void send_video_frame(TimePoint now, const SentTrack& track, Encoding& encoding);
  void send_audio_packet(TimePoint now, const SentTrack& track, Encoding& encoding);
  void send_packet(TimePoint now, const SentTrack& track, Encoding& encoding, bool marker,
                   MutableByteView payload);
  void send_feedback(TimePoint now);

  Shared shared_;
  size_t index_;
  SignalClient signal_;
  std::unique_ptr<Signalling> signalling_;
  std::unique_ptr<rtc::Peer> publisher_;
  std::unique_ptr<rtc::Peer> subscriber_;
  std::vector<SentTrack> sent_;
  std::vector<Stream> streams_;
  Seat seat_;
  Watching watching_;
  rtc::ExtensionMap video_extensions_;  // of what it publishes
  rtc::ExtensionMap audio_extensions_;
  uint16_t transport_sequence_ = 0;
  bool publishing_ = false;
  TimePoint publishing_since_{};
  bool silent_ = false;
  std::optional<uint8_t> level_;
  // Of what it receives.
  std::array<Payload, 128> payloads_{};  // by payload type
  uint8_t received_sequence_ = 0;        // extension of the transport-wide number
  sfu::FeedbackGenerator feedback_;
  rtc::Ssrc feedback_media_;
  bool feedback_due_ = false;
  bool moved_ = false;
  TimePoint started_{};
  std::optional<TimePoint> first_media_;
  std::optional<TimePoint> media_after_move_;
};

/// An access token that lets `identity` join `room`.
std::string join_token(std::string_view key, std::string_view secret, std::string_view identity,
                       std::string_view room);

}  // namespace turms::loadgen

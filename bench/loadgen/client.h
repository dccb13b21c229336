#pragma once

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
#include "bench/loadgen/signal_client.h"
#include "rtc/parameters.h"
#include "rtc/peer.h"
#include "rtc/rtp/numbers.h"

namespace turms::loadgen {

/// What one subscriber saw of one track.
struct Stream {
  rtc::Ssrc ssrc;
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
  bool sample_latency = false;
};

struct Shared {
  Fabric& fabric;
  const rtc::PeerResources& resources;
  const rtc::DtlsFingerprint& fingerprint;
  Totals& totals;
};

/// A participant in LiveKit's protocol (v0: one peer connection to publish, one to subscribe) over
/// the client role of rtc::Peer. Its endpoints on the fabric are 2·index (publisher) and 2·index +
/// 1 (subscriber); one that only subscribes moves to the former with move_network().
class Client {
 public:
  Client(Shared shared, size_t index);
  ~Client();

  struct Media {
    bool video = false;
    bool audio = false;
    bool silent = false;  // published, but nothing is sent
    /// How loud its sound says to be (−dBov, RFC 6464); nothing: it does not say.
    std::optional<uint8_t> level{};
  };
  /// Opens the signalling connection; media is published as soon as the server lets it.
  Status join(TimePoint now, const std::string& ip, uint16_t port, const std::string& token,
              Media publish);
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
  /// One frame of video, one packet of audio, when their time has come.
  void publish(TimePoint now);
  void send_reports(TimePoint now);
  void send_ping(TimePoint now);

  [[nodiscard]] bool publishing() const { return publishing_; }
  [[nodiscard]] TimePoint joined_at() const { return started_; }
  [[nodiscard]] std::optional<TimePoint> first_media() const { return first_media_; }
  [[nodiscard]] size_t streams() const { return streams_.size(); }
  /// Packets between the first and the highest sequence that never came, and how many there should
  /// be.
  [[nodiscard]] std::pair<uint64_t, uint64_t> lost_of_expected() const;
  void reset_statistics();

 private:
  class Signalling;  // what needs the protocol's messages

  struct SentTrack {
    bool video = false;
    rtc::Ssrc ssrc;
    std::string cid;
    std::string mid;
    uint8_t payload_type = 0;
    uint16_t sequence = 0;
    uint32_t timestamp = 0;
    uint32_t picture = 0;
    uint64_t packets = 0;
    uint64_t octets = 0;
    TimePoint next = kNever;
    bool key_frame_wanted = true;
  };

  [[nodiscard]] std::unique_ptr<rtc::Peer> make_peer(TimePoint now, const rtc::IceCredentials& ice,
                                                     rtc::DtlsRole role) const;
  /// Where its subscriber connection is.
  [[nodiscard]] size_t subscriber_endpoint() const { return 2 * index_ + (moved_ ? 0 : 1); }
  [[nodiscard]] static std::string target(const std::string& token);
  void use_relay(const RelayCredentials& credentials);
  void drain(TimePoint now, rtc::Peer& peer, size_t endpoint);
  void on_media(TimePoint now, ByteView packet);
  void on_rtcp(ByteView packet);
  void send_video_frame(TimePoint now, SentTrack& track);
  void send_audio_packet(TimePoint now, SentTrack& track);
  void send_packet(TimePoint now, SentTrack& track, bool marker, MutableByteView packet,
                   size_t payload_size);

  Shared shared_;
  size_t index_;
  SignalClient signal_;
  std::unique_ptr<Signalling> signalling_;
  std::unique_ptr<rtc::Peer> publisher_;
  std::unique_ptr<rtc::Peer> subscriber_;
  std::vector<SentTrack> sent_;
  std::vector<Stream> streams_;
  uint8_t mid_extension_ = 0;
  bool publishing_ = false;
  bool silent_ = false;
  std::optional<uint8_t> level_;
  uint8_t level_extension_ = 0;
  bool moved_ = false;
  TimePoint started_{};
  std::optional<TimePoint> first_media_;
  std::optional<TimePoint> media_after_move_;
};

/// An access token that lets `identity` join `room`.
std::string join_token(std::string_view key, std::string_view secret, std::string_view identity,
                       std::string_view room);

}  // namespace turms::loadgen

#pragma once

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "bench/loadgen/client.h"
#include "rtc/parameters.h"
#include "rtc/sdp/negotiate.h"
#include "rtc/transport_address.h"

namespace turms::loadgen {

/// Signal messages and session descriptions of one client: bytes in, bytes out.
class Client::Signalling {
 public:
  explicit Signalling(Rng& rng);

  struct Event {
    enum class Kind : uint8_t {
      kNone,
      kJoined,
      kPublisherAnswer,
      kSubscriberOffer,
      kPublished,  // `cid` is `sid` now
      kWanted,     // of `sid` the layers in `qualities`, a bit each
    };
    Kind kind = Kind::kNone;
    rtc::sdp::RemoteTransport remote;
    RelayCredentials relay;  // of kJoined, for TURN over TLS; empty: the server has none
    // Of a publisher's answer.
    uint8_t audio_payload_type = 0;
    uint8_t video_payload_type = 0;
    rtc::ExtensionMap audio_extensions;
    rtc::ExtensionMap video_extensions;
    // Of a subscriber's offer.
    std::vector<uint8_t> audio_payload_types;
    std::vector<uint8_t> video_payload_types;
    uint8_t transport_sequence = 0;  // extension
    // Of tracks.
    std::string cid;
    std::string sid;
    uint8_t qualities = 0;
  };
  /// A camera of another member.
  struct Camera {
    std::string sid;
    size_t member = 0;
  };
  Event receive(ByteView message);

  struct CandidateFor {
    bool subscriber = false;
    rtc::TransportAddress address;
  };
  /// Where the server said it can be reached since the last call: UDP and IPv4 only.
  std::vector<CandidateFor> take_candidates() { return std::exchange(candidates_, {}); }
  /// Those that were told of since the last call.
  std::vector<Camera> take_cameras() { return std::exchange(cameras_, {}); }

  struct Track {
    bool video = false;
    bool simulcast = false;
    rtc::Ssrc ssrc;  // without simulcast
    std::string cid;
    std::string mid;
  };
  [[nodiscard]] std::string add_track(const Track& track) const;
  [[nodiscard]] std::string offer(const std::vector<Track>& tracks,
                                  const rtc::DtlsFingerprint& fingerprint) const;
  /// To the last offer of the server.
  [[nodiscard]] std::string answer(const rtc::DtlsFingerprint& fingerprint) const;
  static std::string ping(int64_t timestamp_ms);
  static std::string leave();
  /// UpdateTrackSettings: shown at this size; without one, not shown.
  static std::string settings(const std::vector<std::string>& sids, uint32_t width,
                              uint32_t height);

  /// New credentials for the connection that receives.
  const rtc::IceCredentials& restart_subscriber_ice(Rng& rng);

  [[nodiscard]] const std::string& participant_sid() const { return participant_sid_; }
  [[nodiscard]] const rtc::IceCredentials& publisher_ice() const { return publisher_ice_; }
  [[nodiscard]] const rtc::IceCredentials& subscriber_ice() const { return subscriber_ice_; }

 private:
  void add_candidate(bool subscriber, const rtc::sdp::Candidate& candidate);
  void add_candidates(bool subscriber, const rtc::sdp::SessionDescription& description);
  template <class Participants>
  void add_cameras(const Participants& participants);

  rtc::IceCredentials publisher_ice_;
  rtc::IceCredentials subscriber_ice_;
  rtc::sdp::SessionDescription offered_;  // by the server
  uint32_t offer_id_ = 0;
  std::string participant_sid_;
  std::vector<CandidateFor> candidates_;
  std::vector<Camera> cameras_;
  std::unordered_set<std::string> known_cameras_;
};

}  // namespace turms::loadgen

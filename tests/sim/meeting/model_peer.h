#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "rtc/dtls/context.h"
#include "rtc/peer.h"
#include "rtc/sdp/description.h"
#include "rtc/srtp/backend.h"
#include "sim/meeting/sound.h"
#include "sim/model_receiver.h"
#include "sim/simulation.h"
#include "sim/synthetic_media.h"

namespace turms::sim {

/// What a client sends of one track: up to three simulcast layers of a camera, or sound.
struct SentMedia {
  std::string mid;
  std::vector<std::unique_ptr<SyntheticLayer>> layers;
  std::optional<SyntheticStream> audio;
};

/// What a client receives of one track.
struct ReceivedTrack {
  std::string sid;
  std::string mid;
  rtc::MediaKind kind = rtc::MediaKind::kAudio;
  rtc::Ssrc ssrc;
  rtc::Ssrc rtx_ssrc;
  std::unique_ptr<ModelReceiver> video;
  SoundTypes sound;
  SilenceRuns silence;
  TimePoint added;
  TimePoint last_packet;  // TimePoint{}: none yet
};

/// A browser's peer connection: session descriptions as text, a real rtc::Peer, synthetic media.
/// Names on the signalling channel are its owner's business.
class ModelPeer {
 public:
  struct Environment {
    Simulation& simulation;
    std::function<uint16_t()> take_port;
    std::function<void(Datagram)> send;
    /// What must never happen.
    std::function<void(std::string)> fault;
    /// Each RTP packet that is for a received track.
    std::function<void(ReceivedTrack&, const rtc::rtp::PacketView&)> on_media;
  };

  ModelPeer(Environment environment, std::string name);
  ~ModelPeer();

  // ---- negotiation

  /// A section that sends `cid`; an idle one of this kind is used again when `reuse`. Its mid.
  std::string add_section(rtc::MediaKind kind, const std::string& cid, size_t layers, bool reuse);
  void stop_section(const std::string& mid);
  /// Sections that only receive, for whatever the server has.
  void add_receivers(rtc::MediaKind kind, size_t count);
  /// With new credentials when `restart`.
  std::string offer(bool restart);
  /// False when it does not fit the last offer. `track_sids`: what the receiving sections carry, by
  /// mid.
  bool set_answer(const std::string& text, const std::map<std::string, std::string>& track_sids);
  /// Takes the server's offer and answers it.
  std::string answer(const std::string& offer);

  // ---- media

  /// Makes the streams of a section of add_section().
  SentMedia make_media(const std::string& mid, uint16_t source);
  void register_media(SentMedia& media);
  void forget_media(const SentMedia& media);
  void send_reports();
  void poll_receivers();

  void on_datagram(Datagram datagram);
  void change_address() { port_ = environment_.take_port(); }
  /// Says goodbye to the server.
  void close();

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] bool connected() const { return peer_ != nullptr && peer_->connected(); }
  [[nodiscard]] bool failed() const { return failed_; }
  /// When the server was last heard here.
  [[nodiscard]] TimePoint heard() const { return heard_; }
  [[nodiscard]] TimePoint begun() const { return begun_; }
  [[nodiscard]] const std::map<std::string, ReceivedTrack>& received() const { return received_; }

 private:
  struct Section {
    std::string mid;
    rtc::MediaKind kind = rtc::MediaKind::kAudio;
    std::string cid;  // empty: idle
    size_t layers = 0;
    bool receives = false;
  };

  [[nodiscard]] TimePoint now() const { return environment_.simulation.now(); }
  void put_transport(rtc::sdp::MediaSection& section, rtc::sdp::Setup setup) const;
  void set_remote(const rtc::sdp::MediaSection& tagged, rtc::DtlsRole role);
  void receive_section(const rtc::sdp::MediaSection& section);
  void on_rtp(const rtc::rtp::PacketView& packet);
  void on_rtcp(ByteView packet);
  void transmit(MutableByteView packet, bool rtcp);
  void settle();

  Environment environment_;
  std::string name_;
  uint16_t port_;
  rtc::IceCredentials ice_;
  std::string remote_ufrag_;
  std::unique_ptr<rtc::srtp::Backend> srtp_ = rtc::srtp::Backend::create();
  std::unique_ptr<rtc::Peer> peer_;
  TimePoint begun_;
  TimePoint heard_;
  TimePoint wake_ = kNever;
  bool failed_ = false;
  bool ended_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  std::vector<Section> sections_;
  int next_mid_ = 1;
  uint64_t version_ = 0;
  uint16_t transport_sequence_ = 0;
  std::unordered_map<uint32_t, SyntheticLayer*> sent_layers_;
  std::unordered_map<uint32_t, SyntheticStream*> sent_streams_;
  std::map<std::string, ReceivedTrack> received_;  // by mid
  std::unordered_map<uint32_t, std::string> mid_of_ssrc_;
};

}  // namespace turms::sim

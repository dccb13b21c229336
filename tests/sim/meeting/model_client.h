#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "livekit/signal.h"
#include "livekit/signal.pb.h"
#include "sim/meeting/meeting_server.h"
#include "sim/meeting/model_peer.h"
#include "sim/meeting/signal_pipe.h"

namespace turms::sim {

namespace pb = ::livekit;

class Meeting;

/// Something a client publishes or wants to: it lasts over reconnections, what the server knows of
/// it does not.
struct LocalTrack {
  enum class State : uint8_t { kIdle, kAsked, kPublished };

  uint16_t source = 0;  // in every frame of it
  rtc::MediaKind kind = rtc::MediaKind::kAudio;
  livekit::TrackSource what = livekit::TrackSource::kUnknown;
  std::string cid;
  size_t layers = 1;
  bool wanted = true;
  bool muted = false;
  bool sends_while_muted = false;
  bool offers_at_once = false;  // without waiting for track_published

  State state = State::kIdle;
  std::string sid;
  std::string mid;
  bool negotiated = false;
  std::optional<SentMedia> media;
  TimePoint changed;  // publication or mute
};

struct ViewerSettings {
  bool disabled = false;
  livekit::VideoQuality quality = livekit::VideoQuality::kHigh;
  TimePoint changed;
};
struct Choice {
  bool subscribe = true;
  TimePoint changed;
};

/// A participant with a client SDK: what livekit-client does with signalling and two peer
/// connections, with its timeouts and its ways to come back. What the person in front of it wants
/// (in or out, tracks, choices) is set from outside; it keeps trying until that is so.
class ModelClient {
 public:
  enum class State : uint8_t { kOut, kConnecting, kConnected, kResuming };

  ModelClient(Meeting& meeting, std::string identity, const LinkConfig& up, const LinkConfig& down);
  ~ModelClient();

  // ---- what the person does
  void join();
  void leave();
  /// The machine loses power.
  void vanish();
  LocalTrack& publish(livekit::TrackSource what, size_t layers = 3);
  void unpublish(LocalTrack& track);
  void set_muted(LocalTrack& track, bool muted);
  void choose(const std::string& sid, bool subscribe);
  void set_settings(const std::string& sid, bool disabled, livekit::VideoQuality quality);
  /// Only these identities may have its tracks; none: everybody.
  void restrict_to(std::optional<std::vector<std::string>> identities);
  /// The SDK's own way to start over.
  void full_reconnect();

  // ---- what the network does
  void cut_network(Duration duration);
  void heal_network();
  /// The signalling connection only; `server_hears`: at once, else by its silence.
  void cut_signal(bool server_hears);
  void change_address();

  // ---- the meeting's side
  Link& down() { return down_; }
  void on_datagram(Datagram datagram);
  void tick();  // each 100 ms
  void each_second();
  /// Of the participant `sid`, which may be one that this client is about to replace.
  void permission_changed(const livekit::Permission& permission, const std::string& sid);

  [[nodiscard]] const std::string& identity() const { return identity_; }
  [[nodiscard]] const std::string& sid() const { return sid_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool wants_in() const { return wants_in_; }
  [[nodiscard]] bool connected() const { return state_ == State::kConnected; }
  /// Since when nothing has disturbed it: connected, and the network well.
  [[nodiscard]] TimePoint steady_since() const {
    return connected() && network_up_ ? steady_since_ : now();
  }
  /// Since when it is not where it wants to be.
  [[nodiscard]] TimePoint out_since() const { return out_since_; }
  [[nodiscard]] TimePoint network_since() const { return network_since_; }
  [[nodiscard]] bool network_up() const { return network_up_; }
  [[nodiscard]] const livekit::Permission& permission() const { return permission_; }
  [[nodiscard]] TimePoint permission_since() const { return permission_since_; }
  [[nodiscard]] const std::vector<std::unique_ptr<LocalTrack>>& tracks() const { return tracks_; }
  [[nodiscard]] const std::map<std::string, pb::ParticipantInfo>& others() const { return others_; }
  [[nodiscard]] const std::optional<std::vector<std::string>>& restriction() const {
    return restriction_;
  }
  [[nodiscard]] TimePoint restriction_since() const { return restriction_since_; }
  [[nodiscard]] const Choice* choice(const std::string& sid) const;
  [[nodiscard]] const ViewerSettings* settings(const std::string& sid) const;
  [[nodiscard]] const ReceivedTrack* received(const std::string& sid) const;
  [[nodiscard]] int full_reconnects() const { return full_reconnects_; }
  [[nodiscard]] int resumes() const { return resumes_; }
  /// What went wrong with the streams that are there now.
  [[nodiscard]] std::vector<std::string> media_faults() const;
  /// For messages about what is wrong.
  [[nodiscard]] std::string describe() const;

  bool auto_subscribe = true;
  /// One peer connection for both directions, on which only this side offers; with the first offer
  /// in the join request, as most SDKs have it, or after the join answer.
  bool single_connection = false;
  bool offers_in_join = false;
  /// When a list of participants that differs from the server's was first seen.
  TimePoint differs_since = kNever;

 private:
  [[nodiscard]] TimePoint now() const;
  Rng& rng();
  void disturbed();
  void enter(State state);
  void fault(const std::string& what);
  ModelPeer::Environment environment();

  void connect(bool resume);
  void connect_later(bool resume, Duration delay);
  void drop_pipe();
  void drop_peers(bool say_goodbye);
  void signal_lost();
  void stay_out(livekit::DisconnectReason reason);
  void say(const livekit::ClientMessage& message);

  void on_message(const std::string& text);
  void on_join(const pb::JoinResponse& join);
  void on_reconnect();
  void check_rights(const pb::ParticipantPermission& told);
  void on_update(const pb::ParticipantUpdate& update);
  void on_offer(const pb::SessionDescription& offer);
  void on_answer(const pb::SessionDescription& answer);
  void on_track_published(const pb::TrackPublishedResponse& published);
  void on_leave(const pb::LeaveRequest& leave);
  void on_quality(const pb::SubscribedQualityUpdate& update);

  void work();
  void add(LocalTrack& track);
  void open_publisher();
  void on_requirement(const pb::MediaSectionsRequirement& more);
  [[nodiscard]] livekit::SessionDescription make_offer();
  /// Where tracks are received.
  [[nodiscard]] const ModelPeer* receiver() const {
    return single_connection ? publisher_.get() : subscriber_.get();
  }
  void place(LocalTrack& track);
  void stop(LocalTrack& track);
  void negotiate(bool restart = false);
  void send_offer();
  void capture(LocalTrack& track, bool frame);
  void watch_media();
  void on_media(ReceivedTrack& track, const rtc::rtp::PacketView& packet);
  void on_sound(ReceivedTrack& track, const rtc::rtp::PacketView& packet);

  Meeting& meeting_;
  std::string identity_;
  Link up_;
  Link down_;
  LinkConfig up_config_;
  LinkConfig down_config_;
  bool network_up_ = true;
  int cuts_ = 0;

  bool wants_in_ = false;
  State state_ = State::kOut;
  TimePoint steady_since_;
  TimePoint network_since_;
  TimePoint state_since_;
  TimePoint out_since_;
  livekit::Permission permission_;
  TimePoint permission_since_;
  std::string permission_sid_;  // who it was changed for last
  livekit::Permission token_;   // the rights that the connection was begun with

  std::shared_ptr<SignalPipe> pipe_;
  int attempt_ = 0;
  int tries_ = 0;
  TimePoint signal_heard_;
  std::string sid_;
  std::map<std::string, pb::ParticipantInfo> others_;  // by identity
  std::map<std::string, Choice> choices_;              // by track sid, of this session
  std::map<std::string, ViewerSettings> settings_;
  std::optional<std::vector<std::string>> restriction_;
  TimePoint restriction_since_;

  std::unique_ptr<ModelPeer> publisher_;
  std::unique_ptr<ModelPeer> subscriber_;
  bool offering_ = false;
  bool offer_again_ = false;
  bool restart_ = false;
  bool offer_due_ = false;
  uint32_t offer_id_ = 0;
  std::vector<std::string> offered_;  // mids that the last offer sends
  std::vector<std::unique_ptr<LocalTrack>> tracks_;
  int ticks_ = 0;
  int full_reconnects_ = 0;
  int resumes_ = 0;
};

}  // namespace turms::sim

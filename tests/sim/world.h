#pragma once

#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "sfu/feedback_generator.h"
#include "sfu/room.h"
#include "sim/channel.h"
#include "sim/forwarding_check.h"
#include "sim/model_listener.h"
#include "sim/model_receiver.h"
#include "sim/simulation.h"
#include "sim/synthetic_media.h"

namespace turms::sim {

/// Of every published video layer.
inline constexpr int kFramesPerSecond = 30;

struct WorldConfig {
  uint64_t seed = 1;
  LinkConfig up;    // clients to server
  LinkConfig down;  // server to clients
  /// Real peers (ICE, DTLS, SRTP) instead of plain packets.
  bool encrypted = false;
  sfu::RoomSettings settings{};
  /// Video follows the bandwidth of each client's path, which tells of what arrives.
  bool follows_bandwidth = false;
  /// So many parts of the room, as on so many workers: clients go to them in turn, the first one to
  /// the home.
  size_t parts = 1;
  /// Between two parts, as between two threads.
  Duration part_delay = 100us;
};

class World;

/// A synthetic audio track: Opus-sized packets each 20 ms, whose level a test sets.
struct SyntheticAudio {
  SyntheticAudio(SyntheticStream s) : stream(std::move(s)) {}
  SyntheticStream stream;
  uint8_t level = 127;  // −dBov
  bool silent = false;  // discontinuous transmission: a packet per 400 ms
  bool stopped = false;
  /// Each packet carries the one before again, as browsers do where RED is negotiated.
  bool red = false;
  std::vector<TimePoint> captured;  // by frame
  Bytes before;
};

struct AudioOptions {
  bool red = false;
  bool nack = false;
};

/// One participant: what a browser does, with one connection for both directions.
class Client {
 public:
  Client(World& world, size_t part, sfu::TransportId id, const LinkConfig& up,
         const LinkConfig& down);

  /// Three simulcast layers, or as many as given rates.
  sfu::TrackId publish_video(std::vector<uint64_t> bits_per_second = {150'000, 500'000, 1'700'000});
  sfu::TrackId publish_audio(AudioOptions options = {});
  ModelReceiver& subscribe_video(sfu::TrackId source, const sfu::LayerRequest& request = {});
  /// `red`: prefers it.
  ModelListener& listen(sfu::TrackId source, ModelListener::Options options = {}, bool red = false);
  /// Counts packets only.
  sfu::SubscriptionId subscribe_audio(sfu::TrackId source);
  /// New SSRCs, numbers and timestamps for all video layers, without telling the server.
  void restart_video();
  /// Another local address, as when a phone leaves the house.
  void change_address();
  void leave();

  [[nodiscard]] sfu::TransportId id() const { return id_; }
  /// The part of the room that it is in.
  [[nodiscard]] sfu::Room& room();
  [[nodiscard]] sfu::SubscriptionId subscription(const ModelReceiver& receiver) const;
  std::vector<std::unique_ptr<SyntheticLayer>>& layers() { return layers_; }
  SyntheticAudio& audio() { return *audio_; }
  std::vector<std::unique_ptr<ModelReceiver>>& receivers() { return receivers_; }
  [[nodiscard]] const std::vector<uint16_t>& audio_sequences() const { return audio_sequences_; }
  [[nodiscard]] bool connected() const { return channel_->connected(); }
  /// Its own: with a shared link, what is behind that.
  Link& up() { return up_; }
  Link& down() { return down_; }
  /// From now on what comes to it waits in `down` first, with that of others, and what it sends in
  /// `up`. Both live as long as the world runs.
  void share(SharedLink& down, SharedLink& up);
  /// What comes through the link that is not for its browser.
  std::function<void(const Datagram&)> foreign;
  /// Its clock runs so much faster than everybody else's: parts per million.
  void set_clock_skew(int ppm) { clock_ppm_ = ppm; }
  [[nodiscard]] uint64_t feedback_messages() const { return feedback_messages_; }
  [[nodiscard]] uint64_t feedback_lost() const { return feedback_lost_; }

 private:
  friend class World;
  [[nodiscard]] TimePoint world_now() const;
  /// By its own clock.
  [[nodiscard]] TimePoint own_now() const;
  void publish(const sfu::ReceiveTrackParameters& parameters);
  void subscribe(const sfu::SendTrackParameters& parameters, const sfu::LayerRequest& request);
  SyntheticStream make_stream(const std::string& mid, const std::string& rid, bool rtx,
                              uint8_t payload_type, uint8_t rtx_payload_type, uint32_t clock_rate);
  void transmit(MutableByteView packet, sfu::PacketKind kind);
  void on_datagram(Datagram datagram);
  void settle();
  void send_up(Datagram datagram);
  void send_down(Datagram datagram);
  void capture_audio();
  void on_rtcp(ByteView packet);
  void on_rtcp_nack(const rtc::rtcp::PacketView& packet);
  void send_reports();
  void send_feedback();
  void every(Duration interval, std::function<void()> action);

  World& world_;
  const size_t part_;
  TimePoint wake_ = kNever;
  std::function<void()> leave_;
  sfu::TransportId id_;
  Link up_;
  Link down_;
  Link::Deliver shared_up_;  // the way into what it shares with others
  Link::Deliver shared_down_;
  std::unique_ptr<Channel> channel_;
  std::vector<sfu::TrackId> tracks_;
  std::vector<std::unique_ptr<SyntheticLayer>> layers_;
  std::unique_ptr<SyntheticAudio> audio_;
  std::vector<std::unique_ptr<ModelReceiver>> receivers_;
  std::unordered_map<uint32_t, ModelReceiver*> by_ssrc_;
  std::unordered_map<uint32_t, std::unique_ptr<ModelListener>> listeners_;
  std::unordered_map<const ModelReceiver*, sfu::SubscriptionId> subscriptions_;
  std::vector<uint16_t> audio_sequences_;
  rtc::Ssrc audio_ssrc_;
  uint16_t transport_sequence_ = 0;
  sfu::FeedbackGenerator feedback_;  // of what arrives
  int64_t clock_ppm_ = 0;
  bool gone_ = false;
  int next_mid_ = 0;
  uint64_t feedback_messages_ = 0;
  uint64_t feedback_lost_ = 0;
};

/// One room on a server and its clients, on virtual time. The room may be in several parts.
class World {
 public:
  explicit World(const WorldConfig& config);
  ~World();

  Client& add_client();
  Client& add_client(const LinkConfig& up, const LinkConfig& down);
  void run_for(Duration duration);

  [[nodiscard]] TimePoint now() const { return simulation_.now(); }
  Simulation& simulation() { return simulation_; }
  /// The home, or another part.
  sfu::Room& room(size_t part = 0) { return *parts_[part]->room; }
  [[nodiscard]] const WorldConfig& config() const { return config_; }
  ForwardingCheck& check() { return check_; }
  /// Everything the room told, in order.
  struct Told {
    TimePoint time;
    std::vector<sfu::Speaker> speakers;
  };
  [[nodiscard]] const std::vector<Told>& speakers() const { return speakers_; }
  [[nodiscard]] const std::vector<sfu::RoomEvents::LayerChange>& layer_changes() const {
    return layer_changes_;
  }
  [[nodiscard]] const std::unordered_map<sfu::TrackId, sfu::TrackStatistics>& track_statistics()
      const {
    return track_statistics_;
  }
  [[nodiscard]] const std::unordered_map<sfu::SubscriptionId, sfu::SubscriptionStatistics>&
  subscription_statistics() const {
    return subscription_statistics_;
  }
  [[nodiscard]] const std::unordered_map<sfu::TransportId, sfu::PathStatistics>& path_statistics()
      const {
    return path_statistics_;
  }
  [[nodiscard]] const std::vector<sfu::StreamState>& stream_states() const {
    return stream_states_;
  }
  /// Key frame requests sent to publishers.
  uint64_t key_frame_requests = 0;

 private:
  friend class Client;
  class ServerTransport;
  class Way;
  struct Part {
    std::unique_ptr<sfu::Room> room;
    std::vector<std::unique_ptr<Way>> ways;  // to the others
    TimePoint wake = kNever;
  };

  /// After anything that may have moved a room's deadline.
  void settle();
  void settle(Part& part);
  uint64_t next_id() { return ++last_id_; }

  WorldConfig config_;
  Simulation simulation_;
  std::unique_ptr<ChannelFactory> channels_;
  std::vector<std::unique_ptr<Part>> parts_;
  ForwardingCheck check_;
  std::vector<std::unique_ptr<ServerTransport>> transports_;
  std::vector<std::unique_ptr<Client>> clients_;
  uint64_t last_id_ = 100;
  sfu::RoomEvents events_;
  std::vector<Told> speakers_;
  std::vector<sfu::RoomEvents::LayerChange> layer_changes_;
  std::unordered_map<sfu::TrackId, sfu::TrackStatistics> track_statistics_;
  std::unordered_map<sfu::SubscriptionId, sfu::SubscriptionStatistics> subscription_statistics_;
  std::unordered_map<sfu::TransportId, sfu::PathStatistics> path_statistics_;
  std::vector<sfu::StreamState> stream_states_;
};

}  // namespace turms::sim

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/meeting/meeting_server.h"
#include "sim/meeting/model_client.h"
#include "sim/simulation.h"

namespace turms::sim {

struct MeetingConfig {
  uint64_t seed = 1;
  /// Of clients for which none is given.
  LinkConfig link;
};

/// A meeting as a whole on virtual time: livekit::Room with its signalling, forwarding and real
/// peers on one side, clients on the other, a seeded network between them. While it runs it checks
/// what must always hold, and notes what does not.
class Meeting {
 public:
  /// A participant whose client is gone is listed at most so long: until its media has been silent
  /// for kConsentTimeout and it did not resume in Room::kSilenceGrace, or its signalling for
  /// SignalPipe::kServerPatience and Room::kResumeGrace.
  static constexpr Duration kGhostBound = 32s;
  /// One that never had media: Room::kConnectTimeout.
  static constexpr Duration kJoiningGhostBound = 65s;
  /// After the last disturbance of both ends, a track is seen and heard.
  static constexpr Duration kMediaBound = 8s;
  /// What somebody may not have any more ends.
  static constexpr Duration kRevokeBound = 3s;
  /// Once the network is well, a client is back.
  static constexpr Duration kReturnBound = 60s;

  explicit Meeting(const MeetingConfig& config);
  ~Meeting();

  /// `identity` may be that of another client.
  ModelClient& add_client(const std::string& identity, const LinkConfig& up,
                          const LinkConfig& down);
  ModelClient& add_client(const std::string& identity) {
    return add_client(identity, config_.link, config_.link);
  }
  void run_for(Duration duration);
  /// Until `done`, at most `limit`; false when it did not come true.
  bool run_until(const std::function<bool()>& done, Duration limit);

  // ---- the server API
  void remove(const std::string& identity);
  void mute(ModelClient& client, LocalTrack& track);
  void set_permission(ModelClient& client, const livekit::Permission& permission);
  void set_metadata(ModelClient& client, const std::string& metadata);
  void close_room();

  /// Everyone leaves: whether all is taken back that was given out.
  void check_freed();

  [[nodiscard]] TimePoint now() const { return simulation_.now(); }
  Simulation& simulation() { return simulation_; }
  MeetingServer& server() { return server_; }
  [[nodiscard]] const std::vector<std::unique_ptr<ModelClient>>& clients() const {
    return clients_;
  }
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }
  /// Pairs of a track and somebody who received it, as of now.
  [[nodiscard]] size_t received_pairs() const;

  // ---- for clients
  void connect(const std::shared_ptr<SignalPipe>& pipe, const ConnectRequest& request);
  void to_server(Datagram datagram);
  uint16_t take_port(ModelClient& client);
  uint16_t take_source(ModelClient& client);
  void fault(std::string what);
  void check_packet(ModelClient& viewer, const ReceivedTrack& track, const Truth& truth);
  /// The server makes silence for tracks that are muted.
  void check_silence(ModelClient& viewer, const ReceivedTrack& track);

 private:
  void to_client(const rtc::TransportAddress& to, Bytes bytes);
  void tick();
  void check();
  void check_ghosts();
  void check_lists();
  void check_returns();
  void check_media();
  void check_pair(ModelClient& viewer, ModelClient& publisher, LocalTrack& track);
  void check_layer(ModelClient& viewer, const LocalTrack& track, const ReceivedTrack& received,
                   TimePoint since);
  /// Whether it is entitled to the track, and since when.
  struct Right {
    bool holds = false;
    TimePoint since;
  };
  [[nodiscard]] Right right(const ModelClient& viewer, const ModelClient& publisher,
                            const LocalTrack& track) const;
  /// Of clients of one identity the last that wants to be in is the one.
  [[nodiscard]] ModelClient* holder(const std::string& identity) const;

  MeetingConfig config_;
  Simulation simulation_;
  MeetingServer server_;
  std::vector<std::unique_ptr<ModelClient>> clients_;
  std::map<uint16_t, ModelClient*> ports_;
  std::map<uint16_t, ModelClient*> sources_;
  uint16_t next_port_ = 1024;
  uint16_t next_source_ = 1;
  std::set<std::string> present_;                 // sids that the server lists, as last checked
  std::map<std::string, TimePoint> ghost_since_;  // by participant sid
  std::vector<std::string> faults_;
  int ticks_ = 0;
};

}  // namespace turms::sim

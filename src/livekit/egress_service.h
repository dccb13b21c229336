#pragma once

// Slow to compile: only for this module's .cc files at the edge.

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "livekit/egress.pb.h"
#include "livekit/pb.h"
#include "livekit/rooms.h"
#include "livekit/twirp.h"
#include "livekit/webhook.h"
#include "net/loop.h"
#include "record/recorder.h"

namespace turms::livekit {

/// LiveKit's Egress API over the recorder of this process: who is asked to record what, how far it
/// is, and whom to tell. Tracks, one or several of a participant together, into files below the
/// configured directory, without transcoding. On the loop's thread.
///
/// Bounds: record::RecorderSettings::max_recordings at once; what has ended is remembered for a
/// day, at most kMaxEnded of it.
class EgressService final : private record::RecorderEvents {
 public:
  static constexpr size_t kMaxEnded = 1000;
  static constexpr int64_t kMemoryMs = 24LL * 3600 * 1000;

  struct Refusal {
    Error error;
    bool unimplemented = false;
  };
  using Answer = std::expected<pb::EgressInfo, Refusal>;

  EgressService(const ServiceConfig& config, Rooms& rooms, Webhooks& webhooks);
  ~EgressService() override;

  /// Starts the recorder, which first finishes what an earlier process left.
  void start();
  void on_room_event(const Room& room, const Notify& event);
  /// Ends all, tells of each, then calls.
  void finish(std::function<void()> done);

  Answer start_track(const pb::TrackEgressRequest& request);
  Answer start_composite(const pb::TrackCompositeEgressRequest& request);
  Answer start_participant(const pb::ParticipantEgressRequest& request);
  Answer stop(const std::string& id);
  /// Any egress, for what changes nothing of it.
  Answer find(const std::string& id) const;
  [[nodiscard]] pb::ListEgressResponse list(const pb::ListEgressRequest& request) const;

 private:
  /// What a request wants, in one form.
  struct Job {
    explicit Job(net::Loop& loop) : timer(loop) {}
    pb::EgressInfo info;
    media::RoomId room;
    std::string path;  // as asked for
    std::string fallback;
    std::optional<record::Container> container;
    std::set<std::string> tracks;  // wanted, by sid
    std::string participant;       // or these of a participant
    std::set<TrackSource> sources;
    std::map<std::string, media::SubscriptionId> taps;  // by sid
    bool launched = false;                              // the recorder has heard of it
    net::Timer timer;
  };
  using Jobs = std::map<std::string, std::unique_ptr<Job>>;

  void on_recording_began(const std::string& id) override;
  void on_key_frame_wanted(const std::string& id, const std::string& sid) override;
  void on_recording_ended(const std::string& id, record::Sidecar sidecar) override;

  [[nodiscard]] std::expected<Room*, Refusal> room_for(const std::string& name) const;
  [[nodiscard]] std::unique_ptr<Job> make_job(const Room& room);
  Answer begin(std::unique_ptr<Job> job);
  void take_tracks(Job& job, Room& room);
  [[nodiscard]] static bool wants(const Job& job, const TrackInfo& track,
                                  std::string_view publisher);
  bool take_track(Job& job, Room& room, const TrackInfo& track);
  bool launch(Job& job, const TrackTap& first);
  void end(Job& job, std::string details);
  void fail_job(Job& job, const Error& error);
  void close_taps(Job& job);
  void over(const std::string& id);
  void tell(std::string_view event, pb::EgressInfo& info);
  void tell_room(media::RoomId id);
  void restore(record::Sidecar& sidecar);
  void forget_old();
  static void add_results(const record::Sidecar& sidecar, const std::string& directory,
                          pb::EgressInfo& info);

  const ServiceConfig& config_;
  Rooms& rooms_;
  Webhooks& webhooks_;
  Jobs jobs_;
  std::map<std::string, pb::EgressInfo> ended_;
  std::unique_ptr<record::Recorder> recorder_;
};

namespace twirp {
/// livekit.Egress.
const Methods& egress_service();
}  // namespace twirp

}  // namespace turms::livekit

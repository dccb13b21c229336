#include "livekit/egress_service.h"

#include <algorithm>
#include <utility>

#include "base/crypto.h"
#include "base/log.h"
#include "livekit/egress_paths.h"
#include "livekit/room_report.h"
#include "livekit/webhook.pb.h"

namespace turms::livekit {
namespace {

constexpr std::string_view kStarted = "egress_started";
constexpr std::string_view kUpdated = "egress_updated";
constexpr std::string_view kEnded = "egress_ended";

int64_t now_ns() {
  return wall_now().unix_ms * 1'000'000;
}

bool is_over(const pb::EgressInfo& info) {
  return info.status() >= pb::EGRESS_COMPLETE;
}

EgressService::Refusal refuse(Error error) {
  return {std::move(error), false};
}

}  // namespace

EgressService::EgressService(const ServiceConfig& config, Rooms& rooms, Webhooks& webhooks)
    : config_(config), rooms_(rooms), webhooks_(webhooks) {}

EgressService::~EgressService() = default;

void EgressService::start() {
  if (config_.recording.directory.empty()) return;
  record::RecorderEvents& events = *this;
  recorder_ = std::make_unique<record::Recorder>(
      config_.recording,
      [&loop = rooms_.loop()](std::function<void()> f) { loop.post(std::move(f)); }, events);
}

std::expected<Room*, EgressService::Refusal> EgressService::room_for(
    const std::string& name) const {
  if (recorder_ == nullptr) {
    return std::unexpected(Refusal{
        {ErrorCode::kUnavailable, "this server does not record: record.enabled is false"}, true});
  }
  if (jobs_.size() >= config_.recording.max_recordings) {
    return std::unexpected(refuse({ErrorCode::kUnavailable, "too many recordings"}));
  }
  Room* const room = rooms_.find(name);
  if (room == nullptr)
    return std::unexpected(refuse({ErrorCode::kNotFound, "requested room does not exist"}));
  return room;
}

std::unique_ptr<EgressService::Job> EgressService::make_job(const Room& room) {
  auto job = std::make_unique<Job>(rooms_.loop());
  const RoomInfo about = room.info();
  job->room = room.id();
  job->info.set_egress_id("EG_" + secure_random_token(12));
  job->info.set_room_id(about.sid);
  job->info.set_room_name(about.name);
  return job;
}

EgressService::Answer EgressService::start_track(const pb::TrackEgressRequest& request) {
  const auto room = room_for(request.room_name());
  if (!room) return std::unexpected(room.error());
  auto job = make_job(**room);
  *job->info.mutable_track() = request;
  job->path = request.file().filepath();
  job->fallback = "{track_id}-{time}";
  job->tracks.insert(request.track_id());
  return begin(std::move(job));
}

namespace {

std::optional<record::Container> container_of(const pb::EncodedFileOutput& file) {
  switch (file.file_type()) {
    case pb::MP4:
      return record::Container::kMp4;
    case pb::OGG:
      return record::Container::kOgg;
    default:
      return std::nullopt;
  }
}

}  // namespace

EgressService::Answer EgressService::start_composite(
    const pb::TrackCompositeEgressRequest& request) {
  const auto room = room_for(request.room_name());
  if (!room) return std::unexpected(room.error());
  auto job = make_job(**room);
  *job->info.mutable_track_composite() = request;
  const pb::EncodedFileOutput& file =
      request.file_outputs_size() > 0 ? request.file_outputs(0) : request.file();
  job->path = file.filepath();
  job->container = container_of(file);
  job->fallback = "{room_name}-{time}";
  for (const std::string& sid : {request.audio_track_id(), request.video_track_id()}) {
    if (!sid.empty()) job->tracks.insert(sid);
  }
  return begin(std::move(job));
}

EgressService::Answer EgressService::start_participant(
    const pb::ParticipantEgressRequest& request) {
  const auto room = room_for(request.room_name());
  if (!room) return std::unexpected(room.error());
  auto job = make_job(**room);
  *job->info.mutable_participant() = request;
  job->path = request.file_outputs(0).filepath();
  job->container = container_of(request.file_outputs(0));
  job->fallback = "{publisher_identity}-{time}";
  job->participant = request.identity();
  job->sources = request.screen_share()
                     ? std::set{TrackSource::kScreenShare, TrackSource::kScreenShareAudio}
                     : std::set{TrackSource::kCamera, TrackSource::kMicrophone};
  return begin(std::move(job));
}

EgressService::Answer EgressService::begin(std::unique_ptr<Job> made) {
  // What is wrong with the path is told now, though what stands in it may be known later only.
  PathValues none;
  add_time(none, wall_now());
  if (const auto path = recording_path(made->path, made->fallback, none); !path) {
    return std::unexpected(refuse(path.error()));
  }
  Job& job = *made;
  const std::string id = job.info.egress_id();
  job.info.set_started_at(now_ns());
  jobs_.emplace(id, std::move(made));
  tell(kStarted, job.info);
  pb::EgressInfo answer = job.info;
  Room* const room = rooms_.find(job.room);
  take_tracks(job, *room);
  if (const auto it = jobs_.find(id); it != jobs_.end() && it->second->taps.empty()) {
    job.timer.start(config_.recording_patience.absent, [this, id] {
      Job& late = *jobs_.at(id);
      const std::string what = late.participant.empty() ? "track " + *late.tracks.begin()
                                                        : "participant " + late.participant;
      fail_job(late, {ErrorCode::kNotFound, what + " not found"});
    });
  }
  return answer;
}

bool EgressService::wants(const Job& job, const TrackInfo& track, std::string_view publisher) {
  if (track.type == TrackType::kData) return false;
  if (job.participant.empty()) return job.tracks.contains(track.sid);
  return job.participant == publisher && job.sources.contains(track.source);
}

void EgressService::take_tracks(Job& job, Room& room) {
  const std::string id = job.info.egress_id();
  std::vector<std::pair<std::string, TrackInfo>> found;
  for (const ParticipantInfo& participant : room.participants()) {
    // Who never gets in leaves without a word; tracks of others are told when they are in.
    if (participant.state != ParticipantState::kActive) continue;
    for (const TrackInfo& track : participant.tracks) {
      if (wants(job, track, participant.identity)) found.emplace_back(participant.identity, track);
    }
  }
  for (const auto& [publisher, track] : found) {
    if (!take_track(job, room, track)) return;
  }
}

/// False: the job has ended.
bool EgressService::take_track(Job& job, Room& room, const TrackInfo& track) {
  if (job.taps.contains(track.sid) || job.taps.size() == record::Recording::kMaxSources)
    return true;
  const auto kind =
      track.type == TrackType::kVideo ? rtc::MediaKind::kVideo : rtc::MediaKind::kAudio;
  const auto queue = record::Recorder::make_queue(kind);
  const auto tap = room.tap_track(track.sid, queue);
  if (!tap) {
    if (tap.error().code == ErrorCode::kNotFound) return true;  // not live yet
    fail_job(job, tap.error());
    return false;
  }
  job.taps.emplace(track.sid, tap->subscription);
  job.timer.cancel();
  if (!launch(job, *tap)) return false;
  recorder_->add(job.info.egress_id(), {.sid = track.sid,
                                        .participant = tap->publisher,
                                        .name = std::string(name_of(track.source)),
                                        .kind = kind,
                                        .codecs = tap->codecs,
                                        .queue = queue});
  tell_room(job.room);
  rooms_.touch(room);
  return true;
}

bool EgressService::launch(Job& job, const TrackTap& first) {
  if (std::exchange(job.launched, true)) return true;
  PathValues values{{"room_name", job.info.room_name()},
                    {"room_id", job.info.room_id()},
                    {"publisher_identity", first.publisher},
                    {"track_id", first.info.sid},
                    {"track_type", first.info.type == TrackType::kVideo ? "video" : "audio"},
                    {"track_source", std::string(name_of(first.info.source))}};
  add_time(values, wall_now());
  const auto path = recording_path(job.path, job.fallback, values);
  if (!path) {
    job.launched = false;
    fail_job(job, path.error());
    return false;
  }
  recorder_->start({.id = job.info.egress_id(),
                    .path = *path,
                    .room_name = job.info.room_name(),
                    .room_sid = job.info.room_id(),
                    .about = to_json(job.info, JsonNames::kProto),
                    .container = job.container,
                    .started = wall_now()});
  return true;
}

void EgressService::on_room_event(const Room& room, const Notify& event) {
  if (jobs_.empty()) return;
  std::vector<std::string> ids;
  for (const auto& [id, job] : jobs_) {
    if (job->room == room.id()) ids.push_back(id);
  }
  for (const std::string& id : ids) {
    Job& job = *jobs_.at(id);
    if (job.info.status() >= pb::EGRESS_ENDING) continue;
    switch (event.event) {
      case RoomEvent::kTrackPublished:
        if (Room* const here = rooms_.find(job.room);
            here != nullptr && wants(job, *event.track, event.participant->identity)) {
          take_track(job, *here, *event.track);
        }
        break;
      case RoomEvent::kTrackUnpublished:
        // The room ended the tap itself.
        if (job.taps.erase(event.track->sid) == 0) break;
        recorder_->remove(id, event.track->sid);
        if (job.taps.empty() && job.participant.empty()) {
          job.timer.start(config_.recording_patience.unpublished,
                          [this, id] { end(*jobs_.at(id), "End reason: Source closed"); });
        }
        break;
      case RoomEvent::kParticipantLeft:
        if (!job.participant.empty() && event.participant->identity == job.participant) {
          end(job, "End reason: Source closed");
        }
        break;
      case RoomEvent::kRoomFinished:
        end(job, "End reason: Source closed");
        break;
      default:
        break;
    }
  }
}

void EgressService::close_taps(Job& job) {
  Room* const room = rooms_.find(job.room);
  for (const auto& [sid, subscription] : std::exchange(job.taps, {})) {
    if (room != nullptr) room->end_tap(subscription);
  }
  if (room != nullptr) rooms_.touch(*room);
}

void EgressService::end(Job& job, std::string details) {
  job.timer.cancel();
  if (job.info.status() >= pb::EGRESS_ENDING) return;
  job.info.set_details(std::move(details));
  const std::string id = job.info.egress_id();
  if (!job.launched) {
    job.info.set_status(pb::EGRESS_ABORTED);
    job.info.set_error("stopped before anything was there to record");
    job.info.set_error_code(412);
    return over(id);
  }
  job.info.set_status(pb::EGRESS_ENDING);
  tell(kUpdated, job.info);
  // What was sent until now is in its queues.
  recorder_->stop(id);
  close_taps(job);
}

void EgressService::fail_job(Job& job, const Error& error) {
  job.timer.cancel();
  job.info.set_status(pb::EGRESS_FAILED);
  job.info.set_error(error.message);
  job.info.set_error_code(error.code == ErrorCode::kNotFound ? 404 : 412);
  const std::string id = job.info.egress_id();
  if (job.launched) {
    recorder_->stop(id);
    return close_taps(job);
  }
  over(id);
}

void EgressService::over(const std::string& id) {
  const auto it = jobs_.find(id);
  if (it == jobs_.end()) return;
  const std::unique_ptr<Job> job = std::move(it->second);
  jobs_.erase(it);
  close_taps(*job);
  job->info.set_ended_at(now_ns());
  tell(kEnded, job->info);
  tell_room(job->room);
  ended_[id] = std::move(job->info);
  forget_old();
}

void EgressService::forget_old() {
  const int64_t oldest = now_ns() - kMemoryMs * 1'000'000;
  std::erase_if(ended_, [&](const auto& entry) { return entry.second.ended_at() < oldest; });
  while (ended_.size() > kMaxEnded) {
    ended_.erase(std::ranges::min_element(
        ended_, {}, [](const auto& entry) { return entry.second.ended_at(); }));
  }
}

void EgressService::tell(std::string_view event, pb::EgressInfo& info) {
  info.set_updated_at(now_ns());
  pb::WebhookEvent out;
  out.set_event(std::string(event));
  out.set_id(new_webhook_id());
  const WallTime now = wall_now();
  out.set_created_at(now.unix_ms / 1000);
  *out.mutable_egress_info() = info;
  webhooks_.tell(event, info.room_id(), now, to_json(out, JsonNames::kCamel));
}

void EgressService::tell_room(media::RoomId id) {
  Room* const room = rooms_.find(id);
  if (room == nullptr) return;
  room->set_recorded(std::ranges::any_of(jobs_, [&](const auto& entry) {
    return entry.second->room == id && entry.second->launched;
  }));
  rooms_.touch(*room);
}

// ---- what the recorder tells

void EgressService::on_recording_began(const std::string& id) {
  const auto it = jobs_.find(id);
  if (it == jobs_.end() || it->second->info.status() != pb::EGRESS_STARTING) return;
  it->second->info.set_status(pb::EGRESS_ACTIVE);
  tell(kUpdated, it->second->info);
}

void EgressService::on_key_frame_wanted(const std::string& id, const std::string& sid) {
  const auto it = jobs_.find(id);
  if (it == jobs_.end() || rooms_.engine() == nullptr) return;
  const auto tap = it->second->taps.find(sid);
  if (tap != it->second->taps.end()) rooms_.engine()->request_key_frame(tap->second);
}

void EgressService::add_results(const record::Sidecar& sidecar, const std::string& directory,
                                pb::EgressInfo& info) {
  for (const record::SidecarFile& file : sidecar.files) {
    pb::FileInfo& out = *info.add_file_results();
    const int64_t began = (sidecar.started.unix_ms + to_ms(file.offset)) * 1'000'000;
    out.set_filename(file.path);
    out.set_location(directory + "/" + file.path);
    out.set_started_at(began);
    out.set_ended_at(began + file.duration.count());
    out.set_duration(file.duration.count());
    out.set_size(static_cast<int64_t>(file.size));
  }
  if (info.file_results_size() == 0) return;
  *info.mutable_file() = info.file_results(0);
  info.set_manifest_location(directory + "/" + record::sidecar_path(sidecar));
}

void EgressService::on_recording_ended(const std::string& id, record::Sidecar sidecar) {
  const auto it = jobs_.find(id);
  if (it == jobs_.end()) return restore(sidecar);
  pb::EgressInfo& info = it->second->info;
  add_results(sidecar, config_.recording.directory, info);
  if (!sidecar.error.empty()) {
    info.set_status(pb::EGRESS_FAILED);
    info.set_error(sidecar.error);
    info.set_error_code(500);
    info.set_details("End reason: Failure");
  } else if (info.status() == pb::EGRESS_FAILED) {
    // It stays what it is: something else went wrong.
  } else if (sidecar.files.empty()) {
    info.set_status(pb::EGRESS_ABORTED);
    info.set_error("stopped before anything was there to record");
    info.set_error_code(412);
  } else {
    info.set_status(pb::EGRESS_COMPLETE);
  }
  over(id);
}

/// Of an earlier process: whoever asked for it is told how it ended.
void EgressService::restore(record::Sidecar& sidecar) {
  pb::EgressInfo info;
  if (!from_json(sidecar.about, info) || info.egress_id() != sidecar.id) return;
  add_results(sidecar, config_.recording.directory, info);
  const bool empty = sidecar.files.empty();
  info.set_status(empty ? pb::EGRESS_FAILED : pb::EGRESS_COMPLETE);
  info.set_details("End reason: Failure, " + sidecar.error);
  if (empty) {
    info.set_error(sidecar.error);
    info.set_error_code(500);
  }
  info.set_ended_at(sidecar.ended.unix_ms * 1'000'000);
  log::warn("recording {} was under way when an earlier process ended: {} files finished",
            sidecar.id, sidecar.files.size());
  tell(kEnded, info);
  ended_[sidecar.id] = std::move(info);
}

// ---- asked for

EgressService::Answer EgressService::find(const std::string& id) const {
  if (const auto it = jobs_.find(id); it != jobs_.end()) return it->second->info;
  if (const auto it = ended_.find(id); it != ended_.end()) return it->second;
  return std::unexpected(refuse({ErrorCode::kNotFound, "egress does not exist"}));
}

EgressService::Answer EgressService::stop(const std::string& id) {
  const auto known = find(id);
  if (!known) return known;
  if (known->status() >= pb::EGRESS_ENDING) {
    return std::unexpected(refuse(
        {ErrorCode::kFailedPrecondition,
         "egress with status " + pb::EgressStatus_Name(known->status()) + " cannot be stopped"}));
  }
  end(*jobs_.at(id), "End reason: StopEgress API");
  return find(id);
}

pb::ListEgressResponse EgressService::list(const pb::ListEgressRequest& request) const {
  pb::ListEgressResponse out;
  const auto add = [&](const pb::EgressInfo& info) {
    if (!request.room_name().empty() && info.room_name() != request.room_name()) return;
    if (!request.egress_id().empty() && info.egress_id() != request.egress_id()) return;
    if (request.active() && is_over(info)) return;
    *out.add_items() = info;
  };
  for (const auto& [id, job] : jobs_) add(job->info);
  for (const auto& [id, info] : ended_) add(info);
  return out;
}

void EgressService::finish(std::function<void()> done) {
  if (recorder_ == nullptr) return done();
  std::vector<std::string> waiting;
  for (const auto& [id, job] : jobs_) {
    if (!job->launched) waiting.push_back(id);
  }
  for (const std::string& id : waiting) end(*jobs_.at(id), "End reason: Source closed");
  recorder_->stop_all(std::move(done));
}

}  // namespace turms::livekit

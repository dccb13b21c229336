#include "sim/meeting/model_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/meeting/meeting.h"

namespace turms::sim {

using livekit::DisconnectReason;
namespace client = livekit::client;

namespace {

// As livekit-client has them.
constexpr Duration kJoinTimeout = 15s;
constexpr int kResumeTries = 3;

}  // namespace

ModelClient::ModelClient(Meeting& meeting, std::string identity, const LinkConfig& up,
                         const LinkConfig& down)
    : meeting_(meeting),
      identity_(std::move(identity)),
      up_(meeting.simulation(), up),
      down_(meeting.simulation(), down),
      up_config_(up),
      down_config_(down) {
  up_.set_deliver([this](Datagram d) { meeting_.to_server(std::move(d)); });
  down_.set_deliver([this](Datagram d) { on_datagram(std::move(d)); });
  permission_.can_update_metadata = true;
  disturbed();
  network_since_ = permission_since_ = restriction_since_ = now();
}

ModelClient::~ModelClient() = default;

TimePoint ModelClient::now() const {
  return meeting_.now();
}
Rng& ModelClient::rng() {
  return meeting_.simulation().rng();
}
void ModelClient::disturbed() {
  steady_since_ = now();
  differs_since = kNever;
}
void ModelClient::enter(State state) {
  if (state_ == State::kConnected) out_since_ = now();
  state_ = state;
  state_since_ = now();
  disturbed();
}
void ModelClient::fault(const std::string& what) {
  meeting_.fault(identity_ + ": " + what);
}

std::string ModelClient::describe() const {
  static constexpr const char* kStates[] = {"out", "connecting", "connected", "resuming"};
  const auto peer = [](const ModelPeer* p) {
    return p == nullptr ? "none" : p->connected() ? "up" : "down";
  };
  return fmt::format("{} {} {} (publisher {}, subscriber {}, {} resumes, {} full)", identity_, sid_,
                     kStates[static_cast<int>(state_)], peer(publisher_.get()),
                     peer(subscriber_.get()), resumes_, full_reconnects_);
}

// ---- connecting

void ModelClient::join() {
  if (std::exchange(wants_in_, true)) return;
  out_since_ = now();
  tries_ = 0;
  connect(false);
}

void ModelClient::connect_later(bool resume, Duration delay) {
  const int attempt = attempt_;
  meeting_.simulation().after(delay, [this, attempt, resume] {
    if (attempt == attempt_ && wants_in_) connect(resume);
  });
}

void ModelClient::connect(bool resume) {
  drop_pipe();
  const int attempt = attempt_;
  if (!resume) drop_peers(true);
  enter(resume ? State::kResuming : State::kConnecting);
  if (resume) ++resumes_;
  pipe_ = std::make_shared<SignalPipe>(meeting_.simulation(), up_config_.delay);
  pipe_->set_network(network_up_);
  pipe_->attach(SignalPipe::kClient, {[this, attempt](const std::string& text) {
                                        if (attempt == attempt_) on_message(text);
                                      },
                                      [this, attempt] {
                                        if (attempt == attempt_) signal_lost();
                                      }});
  signal_heard_ = now();
  token_ = permission_;
  ConnectRequest request{.identity = identity_,
                         .permission = permission_,
                         .auto_subscribe = auto_subscribe,
                         .single_connection = single_connection,
                         .offer = {},
                         .reconnect = resume,
                         .sid = sid_};
  if (single_connection && offers_in_join && !resume) {
    open_publisher();
    request.offer = make_offer();
  }
  meeting_.connect(pipe_, request);
  meeting_.simulation().after(kJoinTimeout, [this, attempt] {
    if (attempt == attempt_ && state_ != State::kConnected) signal_lost();
  });
}

void ModelClient::drop_pipe() {
  ++attempt_;
  if (pipe_ == nullptr) return;
  // A browser says goodbye to a WebSocket that it gives up, if it can.
  if (pipe_->open(SignalPipe::kClient)) pipe_->close(SignalPipe::kClient);
  pipe_.reset();
}

void ModelClient::drop_peers(bool say_goodbye) {
  for (auto& track : tracks_) {
    track->media.reset();
    track->state = LocalTrack::State::kIdle;
    track->sid.clear();
    track->mid.clear();
    track->negotiated = false;
    track->changed = now();
  }
  for (auto* peer : {&publisher_, &subscriber_}) {
    if (*peer == nullptr) continue;
    for (const std::string& each : media_faults()) fault(each);
    if (say_goodbye) (*peer)->close();
    peer->reset();
  }
  offering_ = offer_again_ = restart_ = offer_due_ = false;
  offered_.clear();
  others_.clear();
  choices_.clear();
  settings_.clear();
}

void ModelClient::signal_lost() {
  const bool resume =
      state_ == State::kConnected || (state_ == State::kResuming && ++tries_ < kResumeTries);
  const bool first = state_ == State::kConnected;
  drop_pipe();
  if (!wants_in_) return;
  enter(resume ? State::kResuming : State::kConnecting);
  if (!resume) drop_peers(true);
  const uint64_t longest = first ? 300 : 3000;
  connect_later(resume, std::chrono::milliseconds(rng().below(longest)));
}

void ModelClient::full_reconnect() {
  if (!wants_in_) return;
  ++full_reconnects_;
  if (pipe_ != nullptr && pipe_->open(SignalPipe::kClient)) say(client::Leave{});
  drop_pipe();
  drop_peers(true);
  enter(State::kConnecting);
  connect_later(false, std::chrono::milliseconds(rng().below(1000)));
}

void ModelClient::leave() {
  if (!std::exchange(wants_in_, false)) return;
  if (pipe_ != nullptr && pipe_->open(SignalPipe::kClient)) say(client::Leave{});
  drop_peers(true);
  drop_pipe();
  enter(State::kOut);
}

void ModelClient::vanish() {
  wants_in_ = false;
  ++attempt_;
  if (pipe_ != nullptr) pipe_->abandon(SignalPipe::kClient, false);
  pipe_.reset();
  drop_peers(false);
  enter(State::kOut);
}

void ModelClient::stay_out(DisconnectReason reason) {
  drop_peers(true);
  drop_pipe();
  enter(State::kOut);
  switch (reason) {
    case DisconnectReason::kDuplicateIdentity:
    case DisconnectReason::kParticipantRemoved:
    case DisconnectReason::kRoomDeleted:
    case DisconnectReason::kRoomClosed:
      wants_in_ = false;
      return;
    default:
      connect_later(false, 1s);  // as a person would
  }
}

// ---- network

void ModelClient::cut_network(Duration duration) {
  network_up_ = false;
  network_since_ = now();
  LinkConfig dead = up_config_;
  dead.loss = 1;
  up_.set_config(dead);
  down_.set_config(dead);
  if (pipe_ != nullptr) pipe_->set_network(false);
  disturbed();
  meeting_.simulation().after(duration, [this, cut = ++cuts_] {
    if (cut == cuts_) heal_network();
  });
}

void ModelClient::heal_network() {
  ++cuts_;
  if (std::exchange(network_up_, true)) return;
  network_since_ = now();
  up_.set_config(up_config_);
  down_.set_config(down_config_);
  if (pipe_ != nullptr) pipe_->set_network(true);
  disturbed();
}

void ModelClient::cut_signal(bool server_hears) {
  if (pipe_ == nullptr) return;
  const auto pipe = pipe_;
  disturbed();
  pipe->abandon(SignalPipe::kClient, server_hears);
}

void ModelClient::change_address() {
  disturbed();
  if (publisher_ != nullptr) publisher_->change_address();
  if (subscriber_ != nullptr) subscriber_->change_address();
}

void ModelClient::on_datagram(Datagram datagram) {
  for (const auto* peer : {&publisher_, &subscriber_}) {
    if (*peer != nullptr && (*peer)->port() == datagram.client_port) {
      return (*peer)->on_datagram(std::move(datagram));
    }
  }
}

ModelPeer::Environment ModelClient::environment() {
  return {meeting_.simulation(), [this] { return meeting_.take_port(*this); },
          [this](Datagram d) { up_.send(std::move(d)); }, [this](std::string what) { fault(what); },
          [this](ReceivedTrack& track, const rtc::rtp::PacketView& packet) {
            on_media(track, packet);
          }};
}

// ---- what the person does

LocalTrack& ModelClient::publish(livekit::TrackSource what, size_t layers) {
  auto track = std::make_unique<LocalTrack>();
  track->source = meeting_.take_source(*this);
  track->what = what;
  const bool audio =
      what == livekit::TrackSource::kMicrophone || what == livekit::TrackSource::kScreenShareAudio;
  track->kind = audio ? rtc::MediaKind::kAudio : rtc::MediaKind::kVideo;
  track->layers = audio ? 1 : layers;
  track->cid = fmt::format("cid-{}", track->source);
  track->sends_while_muted = rng().chance(0.5);
  track->offers_at_once = rng().chance(0.5);
  track->changed = now();
  tracks_.push_back(std::move(track));
  work();
  return *tracks_.back();
}

void ModelClient::unpublish(LocalTrack& track) {
  track.wanted = false;
  track.changed = now();
  work();
}

void ModelClient::set_muted(LocalTrack& track, bool muted) {
  if (track.muted == muted) return;
  track.muted = muted;
  track.changed = now();
  if (!track.sid.empty()) say(livekit::MuteTrack{track.sid, muted});
}

void ModelClient::choose(const std::string& sid, bool subscribe) {
  choices_[sid] = {subscribe, now()};
  client::UpdateSubscription request;
  request.track_sids = {sid};
  request.subscribe = subscribe;
  say(request);
}

void ModelClient::set_settings(const std::string& sid, bool disabled,
                               livekit::VideoQuality quality) {
  settings_[sid] = {disabled, quality, now()};
  client::UpdateTrackSettings request;
  request.track_sids = {sid};
  request.disabled = disabled;
  request.quality = quality;
  say(request);
}

void ModelClient::restrict_to(std::optional<std::vector<std::string>> identities) {
  restriction_ = std::move(identities);
  restriction_since_ = now();
  client::SubscriptionPermission request;
  request.all_participants = !restriction_;
  for (const std::string& identity : restriction_.value_or(std::vector<std::string>())) {
    client::TrackPermission permission;
    permission.participant_identity = identity;
    permission.all_tracks = true;
    request.tracks.push_back(std::move(permission));
  }
  say(request);
}

void ModelClient::permission_changed(const livekit::Permission& permission,
                                     const std::string& sid) {
  permission_ = permission;
  permission_sid_ = sid;
  permission_since_ = now();
  for (auto& track : tracks_) track->changed = now();
}

const Choice* ModelClient::choice(const std::string& sid) const {
  const auto it = choices_.find(sid);
  return it == choices_.end() ? nullptr : &it->second;
}
const ViewerSettings* ModelClient::settings(const std::string& sid) const {
  const auto it = settings_.find(sid);
  return it == settings_.end() ? nullptr : &it->second;
}
const ReceivedTrack* ModelClient::received(const std::string& sid) const {
  if (receiver() == nullptr) return nullptr;
  for (const auto& [mid, track] : receiver()->received()) {
    if (track.sid == sid) return &track;
  }
  return nullptr;
}

std::vector<std::string> ModelClient::media_faults() const {
  std::vector<std::string> out;
  if (receiver() == nullptr) return out;
  for (const auto& [mid, track] : receiver()->received()) {
    if (!track.video) continue;
    out.insert(out.end(), track.video->faults().begin(), track.video->faults().end());
  }
  return out;
}

}  // namespace turms::sim

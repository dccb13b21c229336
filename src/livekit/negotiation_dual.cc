// Two peer connections: the client offers what it publishes, we offer what it receives.
#include <algorithm>
#include <map>
#include <utility>

#include "livekit/data_router.h"
#include "livekit/negotiation.h"

namespace turms::livekit {
namespace {

namespace sdp = rtc::sdp;

class DualNegotiation final : public Negotiation {
 public:
  DualNegotiation(PeerConnections& connections, ParticipantKey owner, bool subscriber_primary)
      : connections_(connections), owner_(owner), subscriber_primary_(subscriber_primary) {}

  [[nodiscard]] bool subscriber_primary() const override { return subscriber_primary_; }

  void open_subscriber() override {
    if (subscriber_.id) return;
    connections_.open(subscriber_, owner_, rtc::DtlsRole::kServer, server_channels());
    // Without it there would be nothing to connect for until the first track.
    plan_.add_data_channel();
    due_ = true;
  }

  Status add(sdp::SentTrack track) override {
    open_subscriber();
    std::string track_id = track.track_id;
    auto mid = plan_.add(std::move(track));
    if (!mid) return std::unexpected(mid.error());
    mids_[std::move(track_id)] = std::move(*mid);
    due_ = true;
    return {};
  }

  void remove(std::string_view track_id) override {
    const auto it = mids_.find(track_id);
    if (it == mids_.end()) return;
    plan_.remove(it->second);
    mids_.erase(it);
    due_ = true;
  }

  Result<Negotiated> on_offer(const SessionDescription& description,
                              const DecideSection& decide) override {
    const auto offer = sdp::parse(description.sdp);
    if (!offer) return std::unexpected(offer.error());
    sdp::AnswerOptions options;
    options.transport = connections_.prepare(publisher_, owner_, sdp::remote_transport(*offer));
    options.session_id = publisher_.id.value;
    options.session_version = ++answer_version_;
    for (const sdp::MediaSection& section : offer->sections) {
      if (section.type == sdp::MediaType::kApplication) continue;
      if (auto decision = decide(section)) options.decisions.push_back(std::move(*decision));
    }
    auto answered = sdp::answer_offer(*offer, sdp::publisher_capabilities(), options);
    if (answered.remote) connections_.set_remote(publisher_, *answered.remote, answered.data);
    Negotiated out;
    out.answer = {"answer", sdp::serialize(answered.answer), description.id, {}};
    out.received = std::move(answered.sections);
    out.notes = offer->oddities;
    out.notes.insert(out.notes.end(), answered.rejections.begin(), answered.rejections.end());
    return out;
  }

  Result<Negotiated> on_answer(const SessionDescription& description) override {
    // Clients that do not know ids send 0.
    if (!offered_ || (description.id != 0 && description.id != offer_id_)) return Negotiated{};
    offered_ = false;
    auto accepted = plan_.read_answer(description.sdp);
    if (!accepted) return std::unexpected(accepted.error());
    if (accepted->remote) {
      connections_.set_remote(subscriber_, *accepted->remote, accepted->data);
    }
    Negotiated out;
    out.notes = std::move(accepted->notes);
    for (sdp::AcceptedSection& section : accepted->sections) {
      const sdp::SentTrack* track = plan_.track(section.mid);
      // Unless it gave its place away while the offer was under way.
      if (track == nullptr) continue;
      out.sent.push_back({track->track_id, std::move(section.mid), section.receiving,
                          std::move(section.codecs), section.extensions});
    }
    return out;
  }

  std::optional<ServerMessage> poll() override {
    // One at a time: what is due goes out when the answer has come, or on a new connection.
    if (!due_ || offered_ || !subscriber_.id) return std::nullopt;
    due_ = false;
    offered_ = true;
    SessionDescription description{
        "offer",
        plan_.offer(sdp::subscriber_capabilities(), connections_.local(subscriber_),
                    subscriber_.id.value),
        ++offer_id_,
        {}};
    for (const auto& [track_id, mid] : mids_) description.mid_to_track_id.emplace(mid, track_id);
    return server::Description{std::move(description)};
  }

  [[nodiscard]] bool waits_for_answer() const override { return offered_; }

  bool resume() override {
    if (!subscriber_.id) return false;
    connections_.restart(subscriber_);
    offered_ = false;
    due_ = true;
    return true;
  }

  bool on_connected(media::TransportId id) override {
    const bool is_subscriber = subscriber_.id == id;
    (is_subscriber ? subscriber_ : publisher_).connected = true;
    return is_subscriber == subscriber_primary_;
  }

  [[nodiscard]] Carries carries(media::TransportId id) const override {
    return {.published = publisher_.id == id, .subscribed = subscriber_.id == id};
  }

  void close(media::TransportId id) override {
    if (publisher_.id == id) connections_.close(publisher_);
    if (subscriber_.id != id) return;
    plan_ = {};
    mids_.clear();
    offered_ = false;
    due_ = false;
    connections_.close(subscriber_);
  }

  void close_all() override {
    connections_.close(publisher_);
    connections_.close(subscriber_);
  }

  [[nodiscard]] bool any_connected() const override {
    return publisher_.connected || subscriber_.connected;
  }
  [[nodiscard]] media::TransportId publisher() const override { return publisher_.id; }
  [[nodiscard]] media::TransportId subscriber() const override { return subscriber_.id; }

 private:
  PeerConnections& connections_;
  ParticipantKey owner_;
  bool subscriber_primary_;

  PeerConnection publisher_;
  uint64_t answer_version_ = 0;

  PeerConnection subscriber_;
  sdp::SubscriberPlan plan_;
  std::map<std::string, std::string, std::less<>> mids_;  // by track id
  bool offered_ = false;                                  // the last offer waits for its answer
  uint32_t offer_id_ = 0;
  bool due_ = false;  // something changed since the last offer
};

}  // namespace

std::unique_ptr<Negotiation> make_dual_negotiation(PeerConnections& connections,
                                                   ParticipantKey owner, bool subscriber_primary) {
  return std::make_unique<DualNegotiation>(connections, owner, subscriber_primary);
}

}  // namespace turms::livekit

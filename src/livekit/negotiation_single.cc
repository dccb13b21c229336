// One peer connection for both directions: only the client offers, in sections for what it sends
// and in sections that it sets aside for what it receives.
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/check.h"
#include "livekit/negotiation.h"

namespace turms::livekit {
namespace {

namespace sdp = rtc::sdp;

/// A track finds a section at the latest in the second offer after it was asked for. One that found
/// none in so many never will: the client lacks something that it does not say.
constexpr int kMaxOffers = 8;

class SingleNegotiation final : public Negotiation {
 public:
  SingleNegotiation(PeerConnections& connections, ParticipantKey owner)
      : connections_(connections), owner_(owner) {}

  [[nodiscard]] bool subscriber_primary() const override { return false; }

  void open_subscriber() override {}  // the client's offer opens it

  Status add(sdp::SentTrack track) override {
    if (own_sections_ + tracks_.size() >= sdp::kMaxSections) {
      return fail(ErrorCode::kResourceExhausted, "no room for another m-section");
    }
    // Whatever section it gets: answers say which track is in which.
    if (!track.shared_stream_id.empty()) track.stream_id = std::move(track.shared_stream_id);
    std::string track_id = track.track_id;
    tracks_[std::move(track_id)] = {std::move(track), {}, ++added_, 0};
    due_ = true;
    return {};
  }

  void remove(std::string_view track_id) override {
    const auto it = tracks_.find(track_id);
    if (it == tracks_.end()) return;
    if (const auto slot = slots_.find(it->second.mid); slot != slots_.end()) {
      slot->second.last_track = it->first;
      slot->second.track.reset();
      due_ = true;  // an answer takes it out
    }
    tracks_.erase(it);
  }

  Result<Negotiated> on_offer(const SessionDescription& description,
                              const DecideSection& decide) override {
    const auto offer = sdp::parse(description.sdp);
    if (!offer) return std::unexpected(offer.error());
    Negotiated out;
    take_sections(*offer, out);
    place_tracks(*offer, out);

    sdp::AnswerOptions options;
    options.transport = connections_.prepare(connection_, owner_, sdp::remote_transport(*offer));
    options.session_id = connection_.id.value;
    options.session_version = ++answer_version_;
    options.outgoing = &sdp::subscriber_capabilities();
    for (const sdp::MediaSection& section : offer->sections) {
      if (section.type == sdp::MediaType::kApplication) continue;
      auto decision = decide(section);
      const auto slot = slots_.find(section.mid);
      if (slot != slots_.end() && slot->second.track) {
        if (!decision) decision = sdp::SectionDecision{.mid = section.mid};
        decision->send = tracks_.at(*slot->second.track).sent;
      }
      if (decision) options.decisions.push_back(std::move(*decision));
    }
    auto answered = sdp::answer_offer(*offer, sdp::publisher_capabilities(), options);
    if (answered.remote) connections_.set_remote(connection_, *answered.remote, answered.data);
    settle(answered, out);
    out.answer = {"answer", sdp::serialize(answered.answer), description.id, track_ids()};
    out.received = std::move(answered.sections);
    out.notes = offer->oddities;
    out.notes.insert(out.notes.end(), answered.rejections.begin(), answered.rejections.end());
    return out;
  }

  Result<Negotiated> on_answer(const SessionDescription& /*description*/) override {
    return Negotiated{};  // nothing was offered
  }

  std::optional<ServerMessage> poll() override {
    // Before its first offer there is nothing to ask: that one will come.
    if (!due_ || !connection_.id) return std::nullopt;
    due_ = false;
    server::MediaSectionsRequirement more;
    more.audios = missing(rtc::MediaKind::kAudio);
    more.videos = missing(rtc::MediaKind::kVideo);
    return more;
  }

  [[nodiscard]] bool waits_for_answer() const override { return false; }

  bool resume() override {
    asked_ = {};
    due_ = due_ || waits();
    return static_cast<bool>(connection_.id);
  }

  bool on_connected(media::TransportId /*id*/) override {
    connection_.connected = true;
    return true;
  }

  [[nodiscard]] Carries carries(media::TransportId id) const override {
    const bool mine = connection_.id == id;
    return {.published = mine, .subscribed = mine};
  }

  void close(media::TransportId id) override {
    if (connection_.id != id) return;
    close_all();
    slots_.clear();
    tracks_.clear();
    own_sections_ = 0;
    asked_ = {};
    due_ = false;
  }

  void close_all() override { connections_.close(connection_); }

  [[nodiscard]] bool any_connected() const override { return connection_.connected; }
  [[nodiscard]] media::TransportId publisher() const override { return connection_.id; }
  [[nodiscard]] media::TransportId subscriber() const override { return connection_.id; }

 private:
  struct Track {
    sdp::SentTrack sent;
    std::string mid;     // empty: waits for a section
    uint64_t order = 0;  // who waits longest comes first
    int offers = 0;      // that had no section for it
  };
  /// A section in which the client is ready to receive.
  struct Slot {
    sdp::MediaType type = sdp::MediaType::kAudio;
    std::optional<std::string> track;
    std::string last_track;
    /// The last answer sent something here. Without a track the next one takes it out, and only
    /// the one after that may put in another: a client announces a track only when the section was
    /// inactive in between.
    bool active = false;
    bool seen = false;  // in the offer at hand
  };

  /// Brings the slots in line with an offer. Tracks whose section is gone wait again.
  void take_sections(const sdp::SessionDescription& offer, Negotiated& out) {
    for (auto& [mid, slot] : slots_) slot.seen = false;
    own_sections_ = 0;
    for (const sdp::MediaSection& section : offer.sections) {
      const bool takes = section.type != sdp::MediaType::kApplication && section.usable() &&
                         sdp::receives(section.direction);
      if (!takes) {
        ++own_sections_;
        continue;
      }
      Slot& slot = slots_[section.mid];
      slot.type = section.type;
      slot.seen = true;
    }
    std::erase_if(slots_, [&](const auto& entry) {
      const auto& [mid, slot] = entry;
      if (slot.seen) return false;
      if (slot.track) {
        tracks_.at(*slot.track).mid.clear();
        out.sent.push_back({*slot.track, mid, false, {}, {}});
      }
      return true;
    });
    // Whoever lost its place is added anew, or no longer wanted.
    for (const SentSection& lost : out.sent) tracks_.erase(lost.track_id);
  }

  struct Place {
    const sdp::MediaSection* section;
    Slot* slot;
  };

  /// Gives waiting tracks the free sections.
  void place_tracks(const sdp::SessionDescription& offer, Negotiated& out) {
    std::vector<Place> taking;  // all in which the client receives
    std::vector<Place> free;
    for (const sdp::MediaSection& section : offer.sections) {
      const auto slot = slots_.find(section.mid);
      if (slot == slots_.end()) continue;
      taking.push_back({&section, &slot->second});
      if (!slot->second.track && !slot->second.active) free.push_back(taking.back());
    }
    std::vector<std::string> refused;
    for (Track* track : waiting()) {
      const auto fits = [&](const Place& place) {
        return place.slot->type == type_of(*track) && sdp::decodes(*place.section, track->sent);
      };
      auto place = std::find_if(free.begin(), free.end(), [&](const Place& candidate) {
        return fits(candidate) && candidate.slot->last_track != track->sent.track_id;
      });
      // Back to where it was only when nothing else can be had: the Rust SDKs say nothing of a
      // track that returns there.
      if (place == free.end()) place = std::find_if(free.begin(), free.end(), fits);
      if (place != free.end()) {
        track->mid = place->section->mid;
        place->slot->track = track->sent.track_id;
        free.erase(place);
        continue;
      }
      const bool of_its_kind = std::any_of(taking.begin(), taking.end(), [&](const Place& p) {
        return p.slot->type == type_of(*track);
      });
      const bool decodes = std::any_of(taking.begin(), taking.end(), fits);
      if ((of_its_kind && !decodes) || ++track->offers >= kMaxOffers) {
        refused.push_back(track->sent.track_id);
      }
    }
    for (const std::string& id : refused) {
      out.sent.push_back({id, {}, false, {}, {}});
      tracks_.erase(id);
    }
  }

  /// Tracks without a section, who waits longest first.
  std::vector<Track*> waiting() {
    std::vector<Track*> out;
    for (auto& [id, track] : tracks_) {
      if (track.mid.empty()) out.push_back(&track);
    }
    std::sort(out.begin(), out.end(),
              [](const Track* a, const Track* b) { return a->order < b->order; });
    return out;
  }

  /// What the answer made of the tracks, and what is to be asked for now.
  void settle(sdp::OfferAnswer& answered, Negotiated& out) {
    for (sdp::AcceptedSection& section : answered.sent) {
      Slot& slot = slots_.at(section.mid);
      TURMS_CHECK(slot.track.has_value());
      out.sent.push_back({*slot.track, section.mid, section.receiving, std::move(section.codecs),
                          section.extensions});
      if (section.receiving) continue;
      tracks_.erase(*slot.track);
      slot.track.reset();
    }
    for (auto& [mid, slot] : slots_) slot.active = slot.track.has_value();
    asked_ = {};
    due_ = waits();
  }

  [[nodiscard]] std::map<std::string, std::string> track_ids() const {
    std::map<std::string, std::string> out;
    for (const auto& [mid, slot] : slots_) {
      if (slot.track) out.emplace(mid, *slot.track);
    }
    return out;
  }

  static sdp::MediaType type_of(const Track& track) {
    return track.sent.kind == rtc::MediaKind::kAudio ? sdp::MediaType::kAudio
                                                     : sdp::MediaType::kVideo;
  }

  [[nodiscard]] bool waits() const {
    return std::any_of(tracks_.begin(), tracks_.end(),
                       [](const auto& track) { return track.second.mid.empty(); });
  }

  /// Sections that the client is to add: those that it was asked for since its last offer are on
  /// their way.
  uint32_t missing(rtc::MediaKind kind) {
    uint32_t waiting = 0;
    for (const auto& [id, track] : tracks_) {
      if (track.mid.empty() && track.sent.kind == kind) ++waiting;
    }
    uint32_t there = asked_[static_cast<size_t>(kind)];
    for (const auto& [mid, slot] : slots_) {
      const bool audio = slot.type == sdp::MediaType::kAudio;
      if (audio == (kind == rtc::MediaKind::kAudio) && !slot.track && !slot.active) ++there;
    }
    if (waiting <= there) return 0;
    asked_[static_cast<size_t>(kind)] += waiting - there;
    return waiting - there;
  }

  PeerConnections& connections_;
  ParticipantKey owner_;
  PeerConnection connection_;
  uint64_t answer_version_ = 0;

  std::map<std::string, Track, std::less<>> tracks_;  // by id
  std::map<std::string, Slot> slots_;                 // by mid
  size_t own_sections_ = 0;  // of the last offer: those in which it does not receive
  uint64_t added_ = 0;
  std::array<uint32_t, 2> asked_{};  // by MediaKind: sections asked for since the last offer
  bool due_ = false;                 // the client must offer again
};

}  // namespace

std::unique_ptr<Negotiation> make_single_negotiation(PeerConnections& connections,
                                                     ParticipantKey owner) {
  return std::make_unique<SingleNegotiation>(connections, owner);
}

}  // namespace turms::livekit

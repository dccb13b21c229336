// How participants reach the media: STUN and TURN servers they are told, and the candidates of
// ours.
#include "livekit/participant.h"
#include "livekit/room.h"

namespace turms::livekit {
namespace {

/// A client under test comes back within this time to be offered what it asked for.
constexpr Duration kChoiceLife = std::chrono::minutes(5);
constexpr size_t kMaxChoices = 1000;

}  // namespace

std::vector<server::IceServer> Room::ice_servers_for(Now now, const Participant& to) const {
  if (!parameters_.ice) return {};
  return ice_servers(*parameters_.ice, now.wall, to.info.sid,
                     engine_.turn_access(parameters_.id, media::MemberId(to.key.value), to.info.sid,
                                         parameters_.ice->turn_ttl));
}

void Room::choose_candidates(Now now, Participant& from, client::CandidateProtocol protocol) {
  using enum client::CandidateProtocol;
  std::erase_if(candidate_choices_,
                [&](const auto& entry) { return entry.second.until <= now.monotonic; });
  candidate_choices_.erase(from.info.identity);
  if (protocol != kUdp && candidate_choices_.size() < kMaxChoices) {
    // TLS is reached by a relay, which needs an address of ours to relay to.
    candidate_choices_[from.info.identity] = {.policy = {.udp = protocol == kTls, .tcp = true},
                                              .force_relay = protocol == kTls,
                                              .until = now.monotonic + kChoiceLife};
  }
  connections_->set_candidates(from.key, candidate_choice(now, from.info.identity).policy);
}

Room::CandidateChoice Room::candidate_choice(Now now, const std::string& identity) const {
  const auto it = candidate_choices_.find(identity);
  if (it == candidate_choices_.end() || it->second.until <= now.monotonic) return {};
  return it->second;
}

}  // namespace turms::livekit

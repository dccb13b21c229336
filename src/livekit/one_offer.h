#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "livekit/signal.h"
#include "livekit/types.h"
#include "rtc/parameters.h"

namespace turms::livekit {

/// What a participant agreed that has no signalling connection: it says all it publishes in one
/// offer, and only restarts ICE afterwards (WHIP, RFC 9725).
struct OneOffer {
  std::string sid;               // of the participant
  std::string offer;             // the client's, with the ICE credentials that it has now
  std::string answer;            // ours to that
  std::string mid;               // of the section that the client names candidates for
  rtc::IceCredentials remote;    // in the offer
  rtc::IceCredentials local;     // in the answer
  TimePoint restart_after = {};  // it may restart ICE again then
  std::vector<server::IceServer> ice_servers;
};

/// Whether anything in an offer can be published by who may do this. kInvalidArgument: it does not
/// parse, or nothing in it can be received, and why; kPermissionDenied.
Status publishable(const std::string& offer, const Permission& permission);

}  // namespace turms::livekit

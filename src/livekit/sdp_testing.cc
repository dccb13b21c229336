#include <algorithm>
#include <stdexcept>

#include "livekit/testing.h"

namespace turms::livekit::testing {
namespace {

namespace sdp = rtc::sdp;

void set_transport(sdp::MediaSection& section, const std::string& ufrag, sdp::Setup setup) {
  section.ice = {ufrag, "abcdefghijklmnopqrstuvwx"};
  section.fingerprint.emplace();
  std::fill_n(section.fingerprint->digest.begin(), 32, 0xAB);
  section.setup = setup;
}

sdp::MediaSection data_section(const std::string& mid) {
  sdp::MediaSection out;
  out.type = sdp::MediaType::kApplication;
  out.protocol = "UDP/DTLS/SCTP";
  out.mid = mid;
  out.sctp_port = 5000;
  return out;
}

std::vector<sdp::PayloadFormat> formats(rtc::MediaKind kind) {
  if (kind == rtc::MediaKind::kAudio) {
    return {{111, "opus", 48000, 2, "minptime=10;useinbandfec=1", {"transport-cc"}},
            {0, "PCMU", 8000, 1, "", {}}};
  }
  return {{96, "VP8", 90000, 1, "", {"nack", "nack pli", "ccm fir", "transport-cc"}},
          {97, "rtx", 90000, 1, "apt=96", {}},
          {98, "VP9", 90000, 1, "profile-id=0", {"nack", "nack pli", "ccm fir", "transport-cc"}},
          {99, "rtx", 90000, 1, "apt=98", {}}};
}

}  // namespace

std::string client_offer(const std::vector<OfferedTrack>& tracks, const std::string& ufrag) {
  sdp::SessionDescription out;
  out.session_id = 1;
  out.session_version = 2;
  out.has_bundle = true;
  out.sections.push_back(data_section("0"));
  for (const OfferedTrack& track : tracks) {
    sdp::MediaSection section;
    section.type =
        track.kind == rtc::MediaKind::kAudio ? sdp::MediaType::kAudio : sdp::MediaType::kVideo;
    section.protocol = "UDP/TLS/RTP/SAVPF";
    section.mid = track.mid;
    section.direction =
        track.sending ? (track.receiving ? sdp::Direction::kSendRecv : sdp::Direction::kSendOnly)
                      : (track.receiving ? sdp::Direction::kRecvOnly : sdp::Direction::kInactive);
    section.rtcp_mux = true;
    section.formats = formats(track.kind);
    section.extensions = {{4, "urn:ietf:params:rtp-hdrext:sdes:mid", std::nullopt},
                          {10, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", std::nullopt}};
    if (track.sending) section.msid = sdp::Msid{"-", track.cid};
    if (!track.rids.empty()) {
      section.simulcast.emplace();
      for (const std::string& rid : track.rids) {
        section.rids.push_back({rid, true, ""});
        section.simulcast->send.push_back({{{rid, false}}});
      }
    }
    out.sections.push_back(std::move(section));
  }
  for (sdp::MediaSection& section : out.sections) {
    set_transport(section, ufrag, sdp::Setup::kActpass);
    out.bundle.push_back(section.mid);
  }
  return sdp::serialize(out);
}

std::string client_answer(const std::string& offer_text, const std::string& ufrag,
                          std::string_view unknown) {
  auto offer = sdp::parse(offer_text);
  if (!offer) throw std::runtime_error("the server's offer: " + offer.error().message);
  sdp::SessionDescription out = std::move(*offer);
  out.ice_lite = false;
  for (sdp::MediaSection& section : out.sections) {
    set_transport(section, ufrag, sdp::Setup::kActive);
    section.candidates.clear();
    section.direction = sdp::reversed(section.direction);
    section.msid.reset();
    section.ssrcs.clear();
    section.ssrc_groups.clear();
    for (size_t i = section.formats.size(); i-- > 0;) {
      if (section.formats[i].name != unknown) continue;
      const std::string repair = "apt=" + std::to_string(section.formats[i].payload_type);
      section.formats.erase(section.formats.begin() + static_cast<ptrdiff_t>(i));
      std::erase_if(section.formats, [&](const auto& format) { return format.fmtp == repair; });
    }
    if (section.formats.empty() && section.type != sdp::MediaType::kApplication) {
      section.formats.push_back({96, "VP8", 90000, 1, "", {}});
      section.port = 0;  // rejected
    }
  }
  return sdp::serialize(out);
}

}  // namespace turms::livekit::testing

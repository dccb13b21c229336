// Session descriptions from clients: parsed, written, answered, and read as an answer to our offer.
#include "base/bytes.h"
#include "rtc/sdp/description.h"
#include "rtc/sdp/negotiate.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace turms;
  using namespace turms::rtc;
  const std::string_view text = as_text(ByteView(data, size));
  (void)sdp::parse_candidate(text);
  const auto description = sdp::parse(text);
  if (!description) return 0;
  const std::string written = sdp::serialize(*description);
  // What was said once for all is written for each, which may be more than is read.
  if (written.size() <= sdp::kMaxDescriptionSize) {
    const auto again = sdp::parse(written);
    fuzz::check(again.has_value());
    fuzz::check(again->sections.size() == description->sections.size());
  }

  sdp::AnswerOptions options;
  options.transport.ice = {"local", "password-of-22-letters"};
  const auto answer = sdp::answer_offer(*description, sdp::publisher_capabilities(), options);
  fuzz::check(answer.answer.sections.size() == description->sections.size());
  fuzz::check(sdp::parse(sdp::serialize(answer.answer)).has_value());

  sdp::SubscriberPlan plan;
  sdp::SentTrack track;
  track.kind = MediaKind::kVideo;
  track.stream_id = "PA_a|TR_b";
  track.track_id = "TR_b";
  track.cname = "c";
  track.ssrc = Ssrc(1);
  (void)plan.add(track);
  for (int i = 0; i < 2; ++i) {
    const std::string offer = plan.offer(sdp::subscriber_capabilities(), options.transport, 1);
    fuzz::check(sdp::parse(offer).has_value());
    (void)plan.read_answer(text);
  }

  // On a connection for both directions the same track goes into every section that takes it.
  options.outgoing = &sdp::subscriber_capabilities();
  for (const sdp::MediaSection& section : description->sections) {
    options.decisions.push_back({.mid = section.mid, .send = track});
  }
  const auto both = sdp::answer_offer(*description, sdp::publisher_capabilities(), options);
  fuzz::check(both.answer.sections.size() == description->sections.size());
  fuzz::check(both.sent.size() <= description->sections.size());
  fuzz::check(sdp::parse(sdp::serialize(both.answer)).has_value());
  return 0;
}

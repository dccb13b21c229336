// Negotiation without sockets: what it costs the server to tell a room's members of one more track.
// For each subscriber that is an offer with a section more than the last, and the answer read; on a
// single connection the client's offer read, and answered.

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "rtc/sdp/negotiate.h"

namespace turms::bench {
namespace {

namespace sdp = rtc::sdp;
using Clock = std::chrono::steady_clock;

constexpr int kRounds = 20;

sdp::LocalTransport transport() {
  sdp::LocalTransport out;
  out.ice = {"ufragufr", "password-of-22-letters-and-more"};
  out.candidates = {sdp::host_candidate("192.0.2.1", 7882),
                    sdp::host_candidate("2001:db8::1", 7882)};
  return out;
}

sdp::SentTrack track(uint32_t n) {
  sdp::SentTrack out;
  out.kind = n % 2 == 0 ? rtc::MediaKind::kAudio : rtc::MediaKind::kVideo;
  out.track_id = fmt::format("TR_{:012}", n);
  out.stream_id = "PA_aaaaaaaaaaaa|" + out.track_id;
  out.cname = "PA_aaaaaaaaaaaa";
  out.ssrc = rtc::Ssrc(1000 + n);
  if (out.kind == rtc::MediaKind::kAudio) {
    out.codecs = {{.codec = rtc::Codec::kOpus}, {.codec = rtc::Codec::kRed}};
  } else {
    out.rtx_ssrc = rtc::Ssrc(1'000'000 + n);
    out.codecs = {
        {.codec = rtc::Codec::kVp8},
        {.codec = rtc::Codec::kVp9, .fmtp = "profile-id=0"},
        {.codec = rtc::Codec::kH264, .fmtp = "packetization-mode=1;profile-level-id=42e01f"},
        {.codec = rtc::Codec::kAv1}};
  }
  return out;
}

/// As a browser would: the formats it was offered, its own transport.
std::string client_answer(const std::string& offer) {
  auto parsed = sdp::parse(offer);
  TURMS_CHECK(parsed.has_value());
  parsed->ice_lite = false;
  for (sdp::MediaSection& section : parsed->sections) {
    section.direction = sdp::reversed(section.direction);
    section.setup = sdp::Setup::kActive;
    section.candidates.clear();
    section.ssrcs.clear();
    section.ssrc_groups.clear();
    section.msid.reset();
  }
  return sdp::serialize(*parsed);
}

double microseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

void dual(uint32_t tracks) {
  sdp::SubscriberPlan plan;
  plan.add_data_channel();
  const sdp::LocalTransport local = transport();
  uint32_t next = 0;
  while (next < tracks) TURMS_CHECK(plan.add(track(next++)).has_value());
  TURMS_CHECK(plan.read_answer(client_answer(plan.offer(sdp::subscriber_capabilities(), local, 1)))
                  .has_value());
  Clock::duration offering{};
  Clock::duration reading{};
  size_t size = 0;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = Clock::now();
    TURMS_CHECK(plan.add(track(next++)).has_value());
    const std::string offer = plan.offer(sdp::subscriber_capabilities(), local, 1);
    offering += Clock::now() - start;
    size = offer.size();
    const std::string answer = client_answer(offer);
    const auto answered = Clock::now();
    TURMS_CHECK(plan.read_answer(answer).has_value());
    reading += Clock::now() - answered;
  }
  fmt::print("{:>8}  {:<24}{:>12.1f}{:>12.1f}{:>10}\n", tracks, "two connections",
             microseconds(offering) / kRounds, microseconds(reading) / kRounds, size / 1024);
}

void single(uint32_t tracks) {
  // What the client offers: sections of which each receives.
  sdp::SubscriberPlan plan;
  plan.add_data_channel();
  sdp::AnswerOptions options;
  options.transport = transport();
  options.outgoing = &sdp::subscriber_capabilities();
  for (uint32_t i = 0; i <= tracks; ++i) {
    auto mid = plan.add(track(i));
    TURMS_CHECK(mid.has_value());
    options.decisions.push_back({.mid = std::move(*mid), .send = track(i)});
  }
  const std::string offer =
      client_answer(plan.offer(sdp::subscriber_capabilities(), transport(), 1));
  Clock::duration reading{};
  Clock::duration answering{};
  size_t size = 0;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = Clock::now();
    const auto parsed = sdp::parse(offer);
    TURMS_CHECK(parsed.has_value());
    reading += Clock::now() - start;
    const auto read = Clock::now();
    const auto answered = sdp::answer_offer(*parsed, sdp::publisher_capabilities(), options);
    size = sdp::serialize(answered.answer).size();
    answering += Clock::now() - read;
  }
  fmt::print("{:>8}  {:<24}{:>12.1f}{:>12.1f}{:>10}\n", tracks, "one connection",
             microseconds(answering) / kRounds, microseconds(reading) / kRounds, size / 1024);
}

}  // namespace
}  // namespace turms::bench

int main() {
  fmt::print("one more track for one subscriber that has so many, in microseconds\n");
  fmt::print("{:>8}  {:<24}{:>12}{:>12}{:>10}\n", "tracks", "", "write", "read", "KiB");
  for (const uint32_t tracks : {10U, 50U, 120U, 200U, 400U}) {
    turms::bench::dual(tracks);
    turms::bench::single(tracks);
  }
}

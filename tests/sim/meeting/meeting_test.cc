// Meetings with clients that speak LiveKit's protocol, one thing at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/meeting/composer.h"
#include "sim/meeting/meeting.h"
#include "sim/seeds.h"

namespace turms::sim {
namespace {

using livekit::TrackSource;
using testing::IsEmpty;

LinkConfig link() {
  LinkConfig out;
  out.delay = 15ms;
  out.jitter = 3ms;
  return out;
}

TEST(MeetingTest, TwoClientsSeeAndHearEachOther) {
  Meeting meeting({.seed = 1, .link = link()});
  ModelClient& alice = meeting.add_client("alice");
  ModelClient& bob = meeting.add_client("bob");
  alice.join();
  bob.join();
  alice.publish(TrackSource::kCamera);
  alice.publish(TrackSource::kMicrophone);
  bob.publish(TrackSource::kCamera);
  EXPECT_TRUE(meeting.run_until([&] { return meeting.received_pairs() == 3; }, 5s));
  meeting.run_for(20s);
  EXPECT_EQ(meeting.received_pairs(), 3U);
  meeting.check_freed();
  EXPECT_THAT(meeting.faults(), IsEmpty());
}

TEST(MeetingTest, OneConnectionServesBothDirections) {
  for (const bool in_join : {true, false}) {
    Meeting meeting({.seed = 6, .link = link()});
    std::vector<ModelClient*> clients;
    for (int i = 0; i < 6; ++i) {
      clients.push_back(&meeting.add_client(fmt::format("p{}", i)));
      clients.back()->single_connection = i % 3 != 0;
      clients.back()->offers_in_join = in_join;
      clients.back()->join();
      clients.back()->publish(TrackSource::kCamera);
      clients.back()->publish(TrackSource::kMicrophone);
    }
    // More of each kind than its first offer has sections for.
    EXPECT_TRUE(meeting.run_until([&] { return meeting.received_pairs() == 60; }, 6s));
    LocalTrack& extra = clients[0]->publish(TrackSource::kScreenShare, 1);
    EXPECT_TRUE(meeting.run_until([&] { return meeting.received_pairs() == 65; }, 3s));
    clients[0]->unpublish(extra);
    EXPECT_TRUE(meeting.run_until([&] { return meeting.received_pairs() == 60; }, 3s));
    clients[1]->cut_network(4s);
    meeting.run_for(15s);
    EXPECT_EQ(meeting.received_pairs(), 60U);
    meeting.check_freed();
    ASSERT_THAT(meeting.faults(), IsEmpty());
  }
}

TEST(MeetingTest, ATrackIsSeenSoonByEveryone) {
  Meeting meeting({.seed = 2, .link = link()});
  for (int i = 0; i < 10; ++i) meeting.add_client(fmt::format("p{}", i)).join();
  meeting.run_for(2s);
  LocalTrack& track = meeting.clients().front()->publish(TrackSource::kCamera);
  // Four ways and the first key frame.
  EXPECT_TRUE(meeting.run_until([&] { return meeting.received_pairs() == 9; }, 600ms));
  meeting.clients().front()->unpublish(track);
  EXPECT_TRUE(meeting.run_until([&] { return meeting.received_pairs() == 0; }, 1s));
  meeting.check_freed();
  EXPECT_THAT(meeting.faults(), IsEmpty());
}

TEST(MeetingTest, WhoVanishesIsGoneAfterTheConsentTimeout) {
  // It is asked to resume, and does not hear it.
  Meeting meeting({.seed = 3, .link = link()});
  meeting.add_client("alice").join();
  ModelClient& bob = meeting.add_client("bob");
  bob.join();
  bob.publish(TrackSource::kMicrophone);
  meeting.run_for(5s);
  bob.vanish();
  EXPECT_TRUE(meeting.run_until([&] { return meeting.server().room()->participant_count() == 1; },
                                media::kConsentTimeout + livekit::Room::kSilenceGrace + 100ms));
  meeting.check_freed();
  EXPECT_THAT(meeting.faults(), IsEmpty());
}

TEST(MeetingTest, AJoinSurvivesABreakAtEachOfItsSteps) {
  for (Duration at{}; at < 500ms; at += 10ms) {
    for (const bool heard : {true, false}) {
      Meeting meeting({.seed = 4, .link = link()});
      ModelClient& alice = meeting.add_client("alice");
      alice.join();
      alice.publish(TrackSource::kCamera);
      meeting.run_for(2s);
      ModelClient& bob = meeting.add_client("bob");
      bob.join();
      bob.publish(TrackSource::kMicrophone);
      bob.publish(TrackSource::kCamera);
      meeting.run_for(at);
      bob.cut_signal(heard);
      SCOPED_TRACE(fmt::format("after {} ms", to_ms(at)));
      EXPECT_TRUE(meeting.run_until([&] { return meeting.received_pairs() == 3; }, 6s));
      meeting.run_for(4s);
      meeting.check_freed();
      ASSERT_THAT(meeting.faults(), IsEmpty());
    }
  }
}

TEST(MeetingTest, ALongOutageEndsInANewSession) {
  Meeting meeting({.seed = 5, .link = link()});
  ModelClient& alice = meeting.add_client("alice");
  ModelClient& bob = meeting.add_client("bob");
  for (ModelClient* client : {&alice, &bob}) {
    client->join();
    client->publish(TrackSource::kCamera);
  }
  EXPECT_TRUE(meeting.run_until([&] { return meeting.received_pairs() == 2; }, 3s));
  const std::string sid = bob.sid();
  bob.cut_network(30s);
  meeting.run_for(30s);
  EXPECT_TRUE(meeting.run_until([&] { return meeting.received_pairs() == 2; }, 10s));
  EXPECT_NE(bob.sid(), sid);
  // A short one does not.
  const std::string then = bob.sid();
  bob.cut_network(4s);
  meeting.run_for(15s);
  EXPECT_EQ(meeting.received_pairs(), 2U);
  EXPECT_EQ(bob.sid(), then);
  meeting.check_freed();
  EXPECT_THAT(meeting.faults(), IsEmpty());
}

/// How many people there are at most: mostly few.
size_t size_of(uint64_t seed) {
  static constexpr size_t kSizes[] = {2, 3, 4, 5, 6, 8, 3, 4, 12, 30};
  return kSizes[seed % std::size(kSizes)];
}

struct Outcome {
  uint64_t hash = 0;
  std::vector<std::string> faults;
  std::vector<std::string> story;
};

Outcome compose(uint64_t seed) {
  Meeting meeting({.seed = seed, .link = link()});
  Composer composer(meeting, size_of(seed));
  composer.run(30s);
  composer.calm();
  // Until the last has come back.
  meeting.run_until(
      [&] {
        return std::all_of(meeting.clients().begin(), meeting.clients().end(),
                           [](const auto& c) { return c->connected() == c->wants_in(); });
      },
      Meeting::kReturnBound);
  meeting.run_for(Meeting::kMediaBound + 5s);
  composer.please_everyone();
  meeting.run_for(2 * Meeting::kMediaBound + 5s);
  meeting.check_freed();
  return {meeting.simulation().trace_hash(), meeting.faults(), composer.story()};
}

TEST(MeetingTest, WhateverHappens) {
  for (const uint64_t seed : seeds(100)) {
    const Outcome outcome = compose(seed);
    EXPECT_THAT(outcome.faults, IsEmpty())
        << replay_hint(seed) << "\n  " << fmt::format("{}", fmt::join(outcome.story, "\n  "));
    if (HasFailure()) break;
  }
}

TEST(MeetingTest, TheSameSeedIsTheSameMeeting) {
  EXPECT_EQ(compose(8).hash, compose(8).hash);
}

}  // namespace
}  // namespace turms::sim
